"""Analogies: sums and differences of drawings."""

from collections.abc import Callable, Sequence

import numpy as np

from sketch_rnn_tf import labels as labels_lib, latent
from sketch_rnn_tf.generation import encoding, sampling
from sketch_rnn_tf.model import vae
from sketch_rnn_tf.studio import plates

TEMPERATURES = (0.1, 0.3, 0.5)


def sums(
    model: "vae.SketchRNN",
    equations: Sequence[tuple[Sequence[np.ndarray], Sequence[np.ndarray]]],
    *,
    temperatures: Sequence[float] = TEMPERATURES,
    seed: int = 0,
    words: labels_lib.Words | None = None,
    style: plates.Style = plates.PLAIN,
    progress: Callable[[int], None] | None = None,
) -> plates.Plate:
    """Draws sums of encoded sketches, a row each, as Figure 14 does.

    Args:
      model: A conditional model.
      equations: Of each row the sketches to add and those to subtract,
        stroke-3; as many in all in every row.
      temperatures: tau of the answers.
      seed: Of all drawings.
      words: For a class-conditioned model, of the answers: one word, or one
        a row.
      style: How it looks.
      progress: As for `sampling.sample`.

    Raises:
      ValueError: If the model has no encoder, a sketch does not fit or the
        rows are of different lengths.
    """
    widths = {len(plus) + len(minus) for plus, minus in equations}
    if len(widths) != 1:
        raise ValueError(
            "equations: expected rows of one length, got "
            f"{sorted(widths)} sketches"
        )
    asked = labels_lib.of(model.config, words, equations)
    asked = labels_lib.words_of(asked, model.config)
    cells, labels, drawings, framed = [], [], [], []
    for row, (plus, minus) in enumerate(equations):
        terms = [*plus, *minus]
        z, _ = encoding.encode(model, terms)
        answer = latent.analogy(z[: len(plus)], z[len(plus) :])
        drawn = sampling.sample(
            model,
            z=np.tile(answer, [len(temperatures), 1]),
            temperature=temperatures,
            seed=[seed] * len(temperatures),
            words=asked and asked[row],
            progress=progress,
        )
        framed += range(len(cells), len(cells) + len(terms))
        cells += terms + drawn.sketches
        labels += ["+"] * len(plus) + ["\u2212"] * len(minus)
        labels += [f"= ({plates.tau(t)})" for t in temperatures]
        drawings += plates.listed(drawn, temperatures)
    picture = style.grid(
        cells,
        labels=labels,
        columns=widths.pop() + len(temperatures),
        framed=framed,
    )
    return plates.Plate(picture, drawings)
