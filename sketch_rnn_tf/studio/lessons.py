"""Lessons: how to draw it, a stroke a panel.  No TensorFlow."""

import numpy as np

from sketch_rnn_tf import strokes
from sketch_rnn_tf.studio import plates


def steps(
    sketch: np.ndarray, *, style: plates.Style = plates.PLAIN
) -> plates.Plate:
    """Shows a sketch growing; the new stroke of each panel is red.

    Args:
      sketch: Stroke-3 [N, 3], any unit.
      style: How it looks.

    Returns:
      A plate of as many panels as there are strokes; nothing in it is drawn
      by a model.

    Raises:
      ValueError: If the sketch is not valid or empty.
    """
    strokes.validate_stroke3(sketch, name="sketch")
    sketch = np.asarray(sketch)
    ends = np.flatnonzero(sketch[:, 2]) + 1
    if not len(ends) or ends[-1] < len(sketch):
        ends = np.append(ends, len(sketch))
    points = np.concatenate(strokes.stroke3_to_polylines(sketch))
    box = (*points.min(axis=0), *points.max(axis=0))
    known = [0, *ends[:-1]]
    picture = style.grid(
        [sketch[:end] for end in ends],
        labels=[str(number) for number in range(1, len(ends) + 1)],
        boxes=[tuple(map(float, box))] * len(ends),
        prefix_lengths=[int(k) for k in known],
        colors="#df2935",
    )
    return plates.Plate(picture, plates.given([sketch]))
