/**
 * @file Sketches: rows of stroke-3 in data units, and the lines they draw.
 */

import {badInput} from './errors.js';

/**
 * A point of a sketch: the offset from the one before, in data units, and 1
 * where the pen is lifted after it, else 0.
 *
 * @typedef {[dx: number, dy: number, lift: number]} Row
 */

/** @typedef {Row[]} Sketch */

/** @typedef {[x: number, y: number]} Point */

/** @typedef {Point[]} Line */

/** Columns of stroke-5. */
export const POINT_SIZE = 5;

/** Larger offsets are clamped to this, in data units, as in training. */
export const MAX_OFFSET = 1000;

/** Ramer-Douglas-Peucker's epsilon, of the paper, pixels. */
export const EPSILON = 2;

/**
 * Throws unless a value is a sketch.
 *
 * @param {unknown} sketch
 * @param {number} maxLen Points at most.
 * @param {string} [what] What to call it.
 * @returns {Sketch}
 */
export function checkedSketch(sketch, maxLen, what = 'sketch') {
  if (!Array.isArray(sketch)) {
    badInput(`${what}: expected rows of [dx, dy, lift], got ${typeof sketch}`);
  }
  if (sketch.length > maxLen) {
    badInput(
      `${what}: expected at most ${maxLen} points, got ${sketch.length}; ` +
        'simplify it',
    );
  }
  sketch.forEach((row, k) => {
    const good =
      row?.length === 3 &&
      Number.isFinite(row[0]) &&
      Number.isFinite(row[1]) &&
      (row[2] === 0 || row[2] === 1);
    if (!good) {
      badInput(
        `${what}: point ${k}: expected [dx, dy, lift], finite numbers and 0 ` +
          `or 1, got ${JSON.stringify(row)}`,
      );
    }
  });
  return sketch;
}

/**
 * Writes a point as stroke-5.
 *
 * @param {Float32Array} points
 * @param {number} at Where in `points`.
 * @param {number} dx In scale_factor units.
 * @param {number} dy
 * @param {number} pen 0 draws on, 1 lifts the pen, 2 ends the drawing.
 */
export function writePoint(points, at, dx, dy, pen) {
  points[at] = dx;
  points[at + 1] = dy;
  points[at + 2] = pen === 0 ? 1 : 0;
  points[at + 3] = pen === 1 ? 1 : 0;
  points[at + 4] = pen === 2 ? 1 : 0;
}

/**
 * Writes a sketch's row as stroke-5 in scale_factor units.
 *
 * @param {Float32Array} points
 * @param {number} at Where in `points`.
 * @param {Row} row
 * @param {number} scale scale_factor.
 */
export function writeRow(points, at, row, scale) {
  writePoint(points, at, clamped(row[0]) / scale, clamped(row[1]) / scale, row[2]);
}

function clamped(/** @type {number} */ offset) {
  return Math.min(MAX_OFFSET, Math.max(-MAX_OFFSET, offset));
}

/**
 * Turns a sketch into the lines it draws.
 *
 * @param {Sketch} sketch
 * @param {Point} [origin] Where the pen is before the first point.
 * @returns {Line[]} Absolute points; a line of one point is a dot.
 */
export function sketchToLines(sketch, origin = [0, 0]) {
  let [x, y] = origin;
  /** @type {Line[]} */
  const lines = [];
  let lifted = true;
  for (const [dx, dy, lift] of sketch) {
    x += dx;
    y += dy;
    if (lifted) {
      lines.push([]);
    }
    lines[lines.length - 1].push([x, y]);
    lifted = lift === 1;
  }
  return lines;
}

/**
 * Turns a user's lines into a sketch as models know them.
 *
 * Lines are simplified by Ramer-Douglas-Peucker; if the sketch still has too
 * many points, with a larger epsilon until it fits.
 *
 * @param {Line[]} lines Absolute points in data units; empty lines are left out.
 * @param {{epsilon?: number, maxLen?: number}} [options]
 * @returns {{sketch: Sketch, origin: Point}} The origin is the first point:
 *   that is where the pen begins.
 */
export function linesToSketch(lines, {epsilon = EPSILON, maxLen = Infinity} = {}) {
  const drawn = checkedLines(lines);
  if (!(epsilon >= 0 && Number.isFinite(epsilon))) {
    badInput(`epsilon: expected 0 or more, got ${epsilon}`);
  }
  if (!(maxLen >= 1)) {
    badInput(`maxLen: expected 1 or more, got ${maxLen}`);
  }
  let allowed = epsilon;
  let simpler = drawn.map((line) => simplify(line, allowed));
  while (count(simpler) > maxLen) {
    const before = count(simpler);
    allowed = Math.max(1.25 * allowed, 0.5);
    simpler = drawn.map((line) => simplify(line, allowed));
    if (allowed > 1e6 && count(simpler) === before) {
      badInput(
        `lines: expected at most ${maxLen} points, got ${before} in ` +
          `${drawn.length} strokes that cannot be simplified further`,
      );
    }
  }
  /** @type {Point} */
  const origin = simpler.length ? simpler[0][0] : [0, 0];
  let [x, y] = origin;
  /** @type {Sketch} */
  const sketch = [];
  for (const line of simpler) {
    line.forEach((point, k) => {
      sketch.push([point[0] - x, point[1] - y, k === line.length - 1 ? 1 : 0]);
      [x, y] = point;
    });
  }
  return {sketch, origin};
}

/**
 * Simplifies one line (Ramer, 1972; Douglas & Peucker, 1973).
 *
 * Distances are to the line through a part's ends, without bounds, as in the
 * data that models are trained on.
 *
 * @param {Line} line
 * @param {number} [epsilon] Largest distance of a point left out.
 * @returns {Line} Some of the points, first and last among them.
 */
export function simplify(line, epsilon = EPSILON) {
  if (line.length < 3) {
    return line.slice();
  }
  const keep = new Uint8Array(line.length);
  keep[0] = keep[line.length - 1] = 1;
  // A stack of parts: a recursion as deep as a long line would overflow.
  const parts = [[0, line.length - 1]];
  for (let part = parts.pop(); part; part = parts.pop()) {
    const [first, last] = part;
    const [farthest, distance] = farthestOf(line, first, last);
    if (distance > epsilon) {
      keep[farthest] = 1;
      parts.push([first, farthest], [farthest, last]);
    }
  }
  return line.filter((_, k) => keep[k]);
}

function farthestOf(
  /** @type {Line} */ line,
  /** @type {number} */ first,
  /** @type {number} */ last,
) {
  const [ax, ay] = line[first];
  const [bx, by] = [line[last][0] - ax, line[last][1] - ay];
  const length = Math.hypot(bx, by);
  let [farthest, distance] = [first, 0];
  for (let k = first + 1; k < last; k++) {
    const [x, y] = [line[k][0] - ax, line[k][1] - ay];
    const away = length ? Math.abs(bx * y - by * x) / length : Math.hypot(x, y);
    if (away > distance) {
      [farthest, distance] = [k, away];
    }
  }
  return [farthest, distance];
}

/** Returns the lines that have points, if all of them are numbers. */
function checkedLines(/** @type {Line[]} */ lines) {
  if (!Array.isArray(lines) || !lines.every(Array.isArray)) {
    badInput('lines: expected a list of lists of [x, y]');
  }
  lines.forEach((line, number) => {
    for (const point of line) {
      if (!Number.isFinite(point?.[0]) || !Number.isFinite(point?.[1])) {
        badInput(
          `lines: line ${number}: expected [x, y], got ${JSON.stringify(point)}`,
        );
      }
    }
  });
  return lines.filter((line) => line.length);
}

function count(/** @type {Line[]} */ lines) {
  return lines.reduce((sum, line) => sum + line.length, 0);
}
