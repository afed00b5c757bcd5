"""Densities: where the next point may fall, as heat along a drawing."""

from collections.abc import Sequence

import numpy as np

from sketch_rnn_tf import drawing, labels as labels_lib
from sketch_rnn_tf.generation import density
from sketch_rnn_tf.model import vae
from sketch_rnn_tf.studio import plates

MARGIN = 0.08
"""Around a drawing, of its longer side: a cell has its own beside it."""


def along(
    model: "vae.SketchRNN",
    sketches: Sequence[np.ndarray],
    *,
    panels: int = 4,
    temperature: float = 1.0,
    resolution: int = 192,
    words: labels_lib.Words | None = None,
    style: plates.Style = plates.PLAIN,
) -> plates.Plate:
    """Shows the predictions along each sketch, a row each.

    The first cell has those of all steps under the whole sketch; the others
    have that of one step each, under what was drawn before it.

    Args:
      model: The model.
      sketches: Stroke-3 of at most N_max points.
      panels: Single steps shown, evenly along the sketch.
      temperature: tau > 0.
      resolution: Of a heat map's longer side.
      words: For a class-conditioned model, a word or one a sketch, see
        `labels.of`.
      style: How it looks.

    Raises:
      ValueError: If a sketch does not fit or an argument is out of range.
    """
    asked = labels_lib.of(model.config, words, sketches)
    asked = labels_lib.words_of(asked, model.config)
    cells, underlays, boxes, labels = [], [], [], []
    for row, sketch in enumerate(sketches):
        settings = {
            "temperature": temperature,
            "resolution": resolution,
            "margin": MARGIN,
            "word": asked and asked[row],
        }
        whole = density.heat(model, sketch, **settings)
        cells.append(sketch)
        images = [whole.image]
        labels.append("all points")
        if panels:
            steps = np.linspace(0, len(sketch) - 1, panels + 1)[1:]
            steps = np.round(steps).astype(int).tolist()
            single = density.heat(model, sketch, steps=steps, **settings)
            images += list(single.image)
            cells += [sketch[:step] for step in steps]
            labels += [f"point {step + 1}" for step in steps]
        underlays += [
            drawing.Underlay(
                drawing.palette.heat(image, style.theme), whole.box
            )
            for image in images
        ]
        boxes += [whole.box] * len(images)
    picture = style.grid(
        cells,
        labels=labels,
        columns=panels + 1,
        underlays=underlays,
        boxes=boxes,
        colors="black",
    )
    return plates.Plate(picture, plates.given(sketches))
