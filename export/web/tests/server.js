/** @file A static file server on this machine, for the page's tests. */

import fs from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';

const TYPES = /** @type {Record<string, string>} */ ({
  '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css',
  '.json': 'application/json', '.wasm': 'application/wasm',
});

/**
 * @param {string} folder
 * @param {(name: string, content: Buffer) => Buffer | null} [change] What to
 *   give in place of a file; null for none.
 * @param {Record<string, (read: (name: string) => Promise<Buffer>) => Promise<Buffer>>}
 *   [more] Files that are not in the folder.
 * @returns {Promise<{url: string, close: () => void}>}
 */
export async function serve(folder, change = (_, content) => content, more = {}) {
  const read = (/** @type {string} */ name) =>
    fs.readFile(path.join(folder, path.normalize(name)));
  const server = http.createServer(async (request, response) => {
    const name = new URL(request.url ?? '/', 'http://localhost').pathname.slice(1) || 'index.html';
    try {
      const content = more[name] ? await more[name](read) : change(name, await read(name));
      if (!content) {
        throw new Error('left out');
      }
      const type = TYPES[path.extname(name)] ?? 'application/octet-stream';
      response.writeHead(200, {'Content-Type': type}).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const {port} = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
