/** @file What goes wrong, in one clear line and a code to tell it by. */

/**
 * @typedef {'aborted' | 'bad_config' | 'bad_input' | 'bad_version'
 *   | 'bad_weights' | 'no_backend' | 'not_found'} ErrorCode
 */

const LONGEST = 500;

/** Makes one printable line of a text in which there may be a stranger's. */
function line(/** @type {string} */ text) {
  const shown = text
    .replace(/\s+/g, ' ')
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
  return shown.length > LONGEST ? `${shown.slice(0, LONGEST)}...` : shown;
}

/** An error of this library: bad input, or a model that cannot be had. */
export class SketchRnnError extends Error {
  /**
   * @param {ErrorCode} code What kind of error it is.
   * @param {string} message One line: what was wanted, what came, and where.
   */
  constructor(code, message) {
    super(line(message));
    this.name = 'SketchRnnError';
    /** @type {ErrorCode} */
    this.code = code;
  }
}

/**
 * Throws that an argument is not what was wanted.
 *
 * @param {string} message
 * @returns {never}
 */
export function badInput(message) {
  throw new SketchRnnError('bad_input', message);
}
