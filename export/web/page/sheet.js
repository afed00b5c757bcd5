/** @file The sheet: a pen's way over it, as lines. */

/** @typedef {import('../src/strokes.js').Point} Point */

/**
 * Lets mouse, pen and finger draw.
 *
 * @param {SVGSVGElement} svg
 * @param {{onMove: (line: Point[]) => void, onLift: (line: Point[]) => void}} on
 *   Called with the line so far, and with the whole of it; sheet's units.
 */
export function listen(svg, {onMove, onLift}) {
  /** @type {Point[] | null} */
  let line = null;
  /** @type {number | null} */
  let pointer = null;

  const place = (/** @type {PointerEvent} */ event) => {
    const matrix = /** @type {DOMMatrix} */ (svg.getScreenCTM()).inverse();
    const {x, y} = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
    return /** @type {Point} */ ([x, y]);
  };

  svg.addEventListener('pointerdown', (event) => {
    if (pointer !== null || event.button !== 0) {
      return; // A second finger draws nothing.
    }
    event.preventDefault();
    svg.focus({preventScroll: true});
    pointer = event.pointerId;
    svg.setPointerCapture(pointer);
    line = [place(event)];
    onMove(line);
  });
  svg.addEventListener('pointermove', (event) => {
    if (event.pointerId !== pointer || !line) {
      return;
    }
    const seen = event.getCoalescedEvents?.() ?? [];
    for (const one of seen.length ? seen : [event]) {
      line.push(place(one));
    }
    onMove(line);
  });
  const lift = (/** @type {PointerEvent} */ event) => {
    if (event.pointerId === pointer && line) {
      const whole = line;
      line = pointer = null;
      onLift(whole);
    }
  };
  svg.addEventListener('pointerup', lift);
  svg.addEventListener('pointercancel', lift);
}
