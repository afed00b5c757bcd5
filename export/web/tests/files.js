/** @file Files as a server would give them. */

import fs from 'node:fs/promises';

/**
 * Reads `file:` URLs as `fetch` reads others.
 *
 * @param {string} url
 * @returns {Promise<Response>}
 */
export async function fetchFile(url) {
  try {
    return new Response(await fs.readFile(new URL(url)));
  } catch {
    return new Response('', {status: 404});
  }
}
