"""The studio: what a model can draw, as pictures.

Each module makes one kind of `plates.Plate`, a picture and the drawings in
it, of models and sketches in the user's units; the paper's figures are made
of them.

    from sketch_rnn_tf import drawing, studio

    plate = studio.sampled.rows(model, [0.2, 0.9], count=8, seed=1)
    drawing.write("rows.svg", plate.picture)
"""

from sketch_rnn_tf.studio import (
    analogies,
    completions,
    densities,
    interpolations,
    lessons,
    plates,
    rankings,
    reconstructions,
    sampled,
    variations,
)

__all__ = [
    "analogies",
    "completions",
    "densities",
    "interpolations",
    "lessons",
    "plates",
    "rankings",
    "reconstructions",
    "sampled",
    "variations",
]
