/** @file Lines as pictures. */

/** @typedef {import('../src/strokes.js').Line} Line */

const NAMESPACE = 'http://www.w3.org/2000/svg';
const MARGIN = 12;

/**
 * @param {Line[]} lines
 * @returns {string} The `d` of an SVG path; a dot is a line of no length.
 */
export function pathOf(lines) {
  return lines
    .filter((line) => line.length)
    .map((line) => {
      const points = line.map(([x, y]) => `${round(x)} ${round(y)}`);
      return `M${points[0]}L${(points.length > 1 ? points.slice(1) : points).join(' ')}`;
    })
    .join('');
}

/**
 * Returns the square around lines, as a viewBox.
 *
 * @param {Line[]} lines
 * @param {number} [least] Its side, at least.
 * @returns {[number, number, number, number]}
 */
export function boxOf(lines, least = 60) {
  const points = lines.flat();
  if (!points.length) {
    return [0, 0, least, least];
  }
  const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [width, height] = [Math.max(...xs) - left, Math.max(...ys) - top];
  const side = Math.max(width, height, least) + 2 * MARGIN;
  return [
    round(left + width / 2 - side / 2), round(top + height / 2 - side / 2),
    round(side), round(side),
  ];
}

/**
 * Makes a picture of a drawing: what was given in ink, what was drawn on in
 * the accent.
 *
 * @param {Line[]} given
 * @param {Line[]} drawn
 * @returns {SVGSVGElement}
 */
export function thumbnail(given, drawn) {
  const svg = document.createElementNS(NAMESPACE, 'svg');
  svg.setAttribute('aria-hidden', 'true');
  for (const name of ['ink', 'ghost']) {
    const path = document.createElementNS(NAMESPACE, 'path');
    path.setAttribute('class', name);
    svg.append(path);
  }
  redraw(svg, given, drawn);
  return svg;
}

/**
 * Shows another drawing in a picture that `thumbnail` made.
 *
 * @param {Element} svg
 * @param {Line[]} given
 * @param {Line[]} drawn
 */
export function redraw(svg, given, drawn) {
  svg.setAttribute('viewBox', boxOf([...given, ...drawn]).join(' '));
  const [ink, ghost] = svg.children;
  ink.setAttribute('d', pathOf(given));
  ghost.setAttribute('d', pathOf(drawn));
}

/**
 * @param {Line[]} lines
 * @returns {string} A file.
 */
export function svgFile(lines) {
  const box = boxOf(lines);
  return (
    `<svg xmlns="${NAMESPACE}" viewBox="${box.join(' ')}" width="512" height="512">` +
    '<rect x="-1000" y="-1000" width="3000" height="3000" fill="#fff"/>' +
    `<path d="${pathOf(lines)}" fill="none" stroke="#22201d" stroke-width="3" ` +
    'stroke-linecap="round" stroke-linejoin="round"/></svg>\n'
  );
}

/**
 * @param {Line[]} lines
 * @param {number} [side] Pixels.
 * @returns {Promise<Blob>} A PNG.
 */
export async function pngFile(lines, side = 1024) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = side;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.fillStyle = '#fff';
  context.fillRect(0, 0, side, side);
  const [left, top, width] = boxOf(lines);
  context.scale(side / width, side / width);
  context.translate(-left, -top);
  Object.assign(context, {
    strokeStyle: '#22201d', lineWidth: 3, lineCap: 'round', lineJoin: 'round',
  });
  context.stroke(new Path2D(pathOf(lines)));
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) =>
      blob ? resolve(blob) : reject(new Error('the picture cannot be made')),
    ),
  );
}

function round(/** @type {number} */ value) {
  return Math.round(10 * value) / 10;
}
