/** @file The licences of what is bundled, which must go where the bundles go. */

import fs from 'node:fs';
import path from 'node:path';

const PACKAGE = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//;

/**
 * Returns the text of the licences of all packages that are in bundles.
 *
 * @param {import('esbuild').Metafile} metafile
 * @param {string} folder Which the metafile's paths start from.
 * @param {string} own The text of this project's licence, the Apache License.
 */
export function licences(metafile, folder, own) {
  /** @type {Map<string, string>} */
  const packages = new Map();
  for (const {inputs} of Object.values(metafile.outputs)) {
    for (const input of Object.keys(inputs)) {
      const match = PACKAGE.exec(input);
      if (match) packages.set(match[1], path.join(folder, match[0]));
    }
  }
  const parts = [...packages].sort().map(([name, home]) => {
    const {version, license, main} = JSON.parse(
        fs.readFileSync(path.join(home, 'package.json'), 'utf8'));
    const text = notice(home, main);
    // The Apache License stands below, once.
    const shown = license === 'Apache-2.0' ? '' : `\n${text}\n`;
    if (license !== 'Apache-2.0' && !text) {
      throw new Error(`${name}: expected the text of its licence, ${license}`);
    }
    return `${name} ${version}: ${license}\n${shown}`;
  });
  return `The page holds sketch_rnn_tf (Apache-2.0) and parts of\n\n${
    parts.join('\n')}\nThe Apache License:\n\n${own.trimEnd()}\n`;
}

/**
 * Returns the text of a package's licence: of its file, or the comment that its
 * code begins with.
 *
 * @param {string} home
 * @param {string=} main
 */
function notice(home, main) {
  const file = fs.readdirSync(home).find((name) => /^licen[cs]e/i.test(name));
  if (file) return fs.readFileSync(path.join(home, file), 'utf8').trim();
  // `main` may leave the rest to another file.
  for (const name of [main, `${path.basename(home)}.js`]) {
    if (!name || !fs.existsSync(path.join(home, name))) continue;
    const code = fs.readFileSync(path.join(home, name), 'utf8');
    const comment = /^\s*\/\*([^]*?)\*\//.exec(code);
    if (comment && /copyright/i.test(comment[1])) return comment[1].trim();
  }
  return '';
}
