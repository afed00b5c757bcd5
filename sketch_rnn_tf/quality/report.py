"""Report: what a model draws, measured beside real drawings.

Samples at several temperatures, reconstructions of test sketches, and real
test sketches, the reference line, are compared with real drawings of the
validation split.  How drawings are recognised is `classifier`'s to say, what
is measured of them `measures`'s.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from sketch_rnn_tf import datasets
from sketch_rnn_tf.generation import sampling
from sketch_rnn_tf.model import vae
from sketch_rnn_tf.quality import (
    classifier as classifier_lib,
    inks,
    measures,
    truth,
)

TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0)
COUNT = 500


class Row(NamedTuple):
    """What was measured of one set of drawings.

    Attributes:
      source: "real", "sample" or "reconstruction".
      temperature: tau; None of real ones.
      count: N, drawings.
      top1: Share that is recognised; of models of several words that do not
        say which one they drew, as any of these.
      top1_error: Its standard error.
      top5: Share whose word is among the five likeliest.
      ratio: `top1` as a part of that of real drawings; None if that is 0.
      compared: Drawings that the next three are computed from, the first
        ones; as many in all rows.
      frechet: Fréchet distance to the reference.
      precision: Share that lies among the reference.
      recall: Share of the reference that lies among them.
      diversity: Mean distance of their features.
      near_duplicates: Share that copies a training drawing.
      points: Mean number of points.
      points_distance: Wasserstein distance of these to the reference's.
      strokes: Mean number of strokes.
      strokes_distance: As `points_distance`.
      at_max: Share of N_max points.
    """

    source: str
    temperature: float | None
    count: int
    top1: float
    top1_error: float
    top5: float
    ratio: float | None
    compared: int
    frechet: float
    precision: float
    recall: float
    diversity: float
    near_duplicates: float
    points: float
    points_distance: float
    strokes: float
    strokes_distance: float
    at_max: float


class Drawn(NamedTuple):
    """A set of drawings of a model, and how likely each is what it should be.

    Attributes:
      source: As of `Row`.
      temperature: tau.
      sketches: Stroke-3.
      right: float [N], probability of the right words.
      taken_for: The likeliest word of each.
    """

    source: str
    temperature: float
    sketches: Sequence[np.ndarray]
    right: np.ndarray
    taken_for: Sequence[str]


class Report(NamedTuple):
    """The rows, and what they rest on.

    Attributes:
      words: What the drawings should be recognised as.
      max_len: N_max; longer real drawings are left out.
      seed: Of the first drawing of each row.
      reference: Real drawings that all rows are compared with.
      known: Training drawings that may have been copied.
      features: F, width of the features.
      classifier_words: How many words the classifier tells apart.
      classifier_top1: Its top-1 share on its own test drawings, mean over all
        its words.
      rows: Real drawings first.
    """

    words: tuple[str, ...]
    max_len: int
    seed: int
    reference: int
    known: int
    features: int
    classifier_words: int
    classifier_top1: float
    rows: tuple[Row, ...]


def make(
    model: "vae.SketchRNN",
    data: datasets.Dataset,
    found: classifier_lib.StrokeClassifier,
    *,
    temperatures: Sequence[float] = TEMPERATURES,
    count: int = COUNT,
    as_word: str | None = None,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> tuple[Report, list[Drawn]]:
    """Measures a model.

    Args:
      model: The model.
      data: The data set that it was trained on, in memory.
      found: The classifier.
      temperatures: tau of each row.
      count: Samples a row; reconstructions and real drawings are as many, or
        as there are in the test split.
      as_word: What all drawings should be recognised as; by default the words
        of the model and of the data say it.
      seed: Of the first drawing, as for `sampling.sample`, and of the choice
        of real ones.
      progress: As for `sampling.sample`.

    Returns:
      The report, and the drawings.

    Raises:
      ValueError: If a word is none of the classifier's, or the data have no
        drawings that the model can be compared with.
    """
    real = truth.of(model, data, found, as_word=as_word)
    chosen = real.choose(count, seed=seed)
    rows = _Rows(found, real, chosen, model.config.max_len)
    rows.add("real", None, chosen.held_out, chosen.labels)
    drawn = []
    for temperature in temperatures:
        samples = sampling.sample(
            model,
            count=count,
            temperature=temperature,
            seed=seed,
            progress=progress,
        )
        # A class-conditioned model says what it was asked to draw.
        asked = getattr(samples, "words", None)
        labels = None if asked is None else real.places(asked)
        drawn.append(rows.add("sample", temperature, samples.sketches, labels))
    if model.config.conditional:
        for temperature in temperatures:
            again = sampling.reconstruct(
                model,
                chosen.held_out,
                temperature=temperature,
                seed=seed,
                progress=progress,
            )
            drawn.append(
                rows.add(
                    "reconstruction",
                    temperature,
                    again.sketches,
                    chosen.labels,
                )
            )
    report = Report(
        tuple(found.words[c] for c in real.classes),
        model.config.max_len,
        seed,
        len(chosen.reference),
        len(real.known),
        found.sizes.features,
        len(found.words),
        found.facts["test"]["top1"],
        tuple(rows.rows),
    )
    return report, drawn


def as_json(report: Report) -> Mapping[str, Any]:
    """Gives a report as plain values, for `json.dumps`."""
    return {
        **report._asdict(),
        "words": list(report.words),
        "rows": [row._asdict() for row in report.rows],
    }


class _Rows:
    """Measures one set of drawings after another."""

    def __init__(self, found, real, chosen, max_len):
        self._found = found
        self._classes = np.array(real.classes)
        self._features, _ = found.predict(chosen.reference)
        self._counts = inks.points_and_strokes(chosen.reference)
        self._known = inks.paths(real.known)
        self._compared = len(chosen.held_out)
        self._max_len = max_len
        self.rows = []

    def add(self, source, temperature, sketches, labels):
        """Adds a row; labels None is any of the words."""
        features, probabilities = self._found.predict(sketches)
        if labels is None:
            of_words = probabilities[:, self._classes]
            labels = self._classes[of_words.argmax(axis=1)]
            right = of_words.sum(axis=1)
        else:
            right = probabilities[np.arange(len(labels)), labels]
        top1, top5 = (
            measures.recognisability(probabilities, labels, k=k) for k in (1, 5)
        )
        real = self.rows[0].top1 if self.rows else top1
        # These depend on how many they are computed from.
        first = features[: self._compared]
        covered = measures.precision_recall(self._features, first)
        points, strokes = inks.points_and_strokes(sketches)
        self.rows.append(
            Row(
                source,
                temperature,
                len(sketches),
                top1,
                measures.standard_error(top1, len(sketches)),
                top5,
                top1 / real if real else None,
                len(first),
                measures.frechet_distance(self._features, first),
                covered.precision,
                covered.recall,
                measures.diversity(features),
                measures.near_duplicates(inks.paths(sketches), self._known),
                float(points.mean()),
                measures.wasserstein_distance(points, self._counts[0]),
                float(strokes.mean()),
                measures.wasserstein_distance(strokes, self._counts[1]),
                float((points >= self._max_len).mean()),
            )
        )
        likeliest = probabilities.argmax(axis=1)
        taken_for = [self._found.words[c] for c in likeliest]
        return Drawn(source, temperature, sketches, right, taken_for)
