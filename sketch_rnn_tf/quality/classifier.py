"""The classifier: what is this a drawing of?

    found = classifier.train(data, words, seed=0)
    found.save("classifier50")
    found = classifier.load("classifier50")
    found.probabilities(sketches)  # [N, C], in the order of found.words

It sees ink, not points: drawings of any scale, and however simplified, are
classified alike, those of people and of models.
"""

import dataclasses
import json
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from sketch_rnn_tf import partials, quoting, version
from sketch_rnn_tf.quality import (
    calibration,
    examples as examples_lib,
    inks as inks_lib,
    measures,
    network as network_lib,
    state as state_lib,
    vocabulary,
)
from sketch_rnn_tf.training import hdf5

FACTS = "classifier.json"
WEIGHTS = "classifier.weights.h5"
STATE = "training.npz"

FORMAT = 1
"""Of `FACTS`, and of what the network reads."""

EPOCHS = 16
PER_WORD = 300
PATIENCE = 5

_LEARNING_RATE = 3e-3
_WEIGHT_DECAY = 1e-2
_LABEL_SMOOTHING = 0.1
_PREDICTED = 512


@dataclasses.dataclass(frozen=True, eq=False)
class StrokeClassifier:
    """A trained classifier.

    Attributes:
      network: See `network.build`.
      words: What it tells apart.
      sizes: Of the network.
      facts: How it was trained and how often it is right, plain values:
        `test` and `valid` have "top1", "top5" and "count", and "words" with
        the top-1 share of each word.  `temperature` divides the logits: the
        one by which validation drawings are likeliest, each word counting as
        much as another, since label smoothing leaves probabilities too low.
    """

    network: keras.Model
    words: tuple[str, ...]
    sizes: network_lib.Sizes
    facts: Mapping[str, Any]

    def probabilities(self, sketches: Sequence[np.ndarray]) -> np.ndarray:
        """Classifies sketches.

        Args:
          sketches: Stroke-3 [n, 3], n >= 0, any unit.

        Returns:
          float32 [N, C], in the order of `words`.
        """
        return self.predict(sketches)[1]

    @property
    def temperature(self) -> float:
        """What the logits are divided by; 1 in files of earlier versions."""
        return self.facts.get("temperature", 1.0)

    def features(self, sketches: Sequence[np.ndarray]) -> np.ndarray:
        """Gives what the logits are made of, float32 [N, F]."""
        return self.predict(sketches)[0]

    def predict(
        self, sketches: Sequence[np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Gives features, float32 [N, F], and probabilities, [N, C]."""
        features, probabilities = [], []
        for start in range(0, len(sketches), _PREDICTED):
            some = sketches[start : start + _PREDICTED]
            # One shape, so that nothing is compiled anew.
            ink = np.zeros(
                (_PREDICTED, self.sizes.steps, inks_lib.CHANNELS), np.float32
            )
            fitted = inks_lib.fitted(inks_lib.of(some))
            ink[: len(some)] = inks_lib.sampled(fitted, self.sizes.steps)
            found, logits = self.network.predict_on_batch(self.inputs(ink))
            features.append(found[: len(some)])
            probabilities.append(
                calibration.softmax(logits[: len(some)] / self.temperature)
            )
        if not features:
            return (
                np.zeros((0, self.sizes.features), np.float32),
                np.zeros((0, len(self.words)), np.float32),
            )
        return np.concatenate(features), np.concatenate(probabilities)

    def inputs(self, ink: np.ndarray) -> list[np.ndarray]:
        """Gives what the network takes of ink float32 [B, T, 6]."""
        return [ink, inks_lib.pictures(ink, self.sizes.side)]

    def index(self, word: str) -> int:
        """Gives a word's place in `words`.

        Args:
          word: The word; "_" is as good as a space.

        Raises:
          ValueError: If it is none of them; names near ones.
        """
        return vocabulary.index(word, self.words)

    def save(self, directory: str | os.PathLike) -> pathlib.Path:
        """Writes it, whole or not at all.

        Args:
          directory: A new or empty directory.

        Returns:
          The directory.

        Raises:
          ValueError: If the directory holds something.
        """
        directory = pathlib.Path(directory)
        check_free(directory)
        directory.mkdir(parents=True, exist_ok=True)
        facts = {"format": FORMAT, "version": version.__version__}
        facts |= {"words": self.words, "sizes": dataclasses.asdict(self.sizes)}
        facts |= self.facts
        # The facts come last: without them it is no classifier.
        with partials.file(directory / WEIGHTS) as partial:
            self.network.save_weights(partial, overwrite=True)
        with partials.file(directory / FACTS) as partial:
            partial.write_text(json.dumps(facts, indent=2) + "\n")
        (directory / STATE).unlink(missing_ok=True)
        return directory


def check_free(directory: str | os.PathLike) -> None:
    """Raises a ValueError if a classifier cannot be saved there."""
    path = pathlib.Path(directory)
    if path.exists() and not path.is_dir():
        raise ValueError(f"{path}: expected a directory, got a file")
    # What a stopped training left is as good as nothing.
    left = (STATE, WEIGHTS)
    others = sorted(
        entry.name
        for entry in (path.iterdir() if path.exists() else ())
        if entry.name not in left and not entry.name.startswith(partials.PREFIX)
    )
    if others:
        raise ValueError(
            f"{path}: expected a new or empty directory for a classifier, got "
            f"one that holds {others[0]!r}"
        )


def is_one(directory: str | os.PathLike) -> bool:
    """Whether a directory holds a classifier."""
    return (pathlib.Path(directory) / FACTS).is_file()


def load(directory: str | os.PathLike) -> StrokeClassifier:
    """Loads what `StrokeClassifier.save` wrote.

    Args:
      directory: Where.

    Returns:
      The classifier.

    Raises:
      ValueError: If there is none, or it is damaged.
    """
    path = pathlib.Path(directory)
    file = path / FACTS
    if not file.is_file():
        raise ValueError(f"{path}: expected a classifier, {FACTS}, found none")
    try:
        facts = json.loads(file.read_text())
        if facts["format"] != FORMAT:
            raise ValueError(f"format {facts['format']!r}")
        words = tuple(facts["words"])
        if len(set(words)) < 2 or not all(isinstance(w, str) for w in words):
            raise ValueError(f"words {words!r}"[:80])
        sizes = network_lib.Sizes(**facts["sizes"])
        facts["test"]["words"].items()
        temperature = facts.get("temperature", 1.0)
        if not (
            isinstance(temperature, int | float) and 0.0 < temperature < 1e6
        ):
            raise ValueError(f"temperature {temperature!r}"[:80])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        reason = quoting.line(error)
        raise ValueError(
            f"{file}: expected facts of a classifier of format {FORMAT}, got "
            f"{reason}"
        ) from None
    network = network_lib.build(sizes, len(words), seed=0)
    try:
        hdf5.check(path / WEIGHTS)
        network.load_weights(path / WEIGHTS)
    except Exception as error:
        # What HDF5 and Keras raise for a damaged file has no common base.
        reason = quoting.line(error)
        raise ValueError(
            f"{path / WEIGHTS}: expected the weights of this classifier, got "
            f"{reason}"
        ) from error
    for key in ("format", "version", "words", "sizes"):
        facts.pop(key, None)
    return StrokeClassifier(network, words, sizes, facts)


def train(
    sketches_by_split: Mapping[str, examples_lib.Labelled],
    words: Sequence[str],
    *,
    seed: int,
    sizes: network_lib.Sizes = network_lib.Sizes(),  # noqa: B008 (immutable)
    epochs: int = EPOCHS,
    per_word: int = PER_WORD,
    patience: int = PATIENCE,
    batch_size: int = 64,
    directory: str | os.PathLike | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> StrokeClassifier:
    """Trains a classifier; on one machine, the same arguments give the same.

    The weights with the best validation accuracy are kept.

    Args:
      sketches_by_split: "train", "valid" and "test", each a pair of sketches,
        stroke-3 in any unit, and their labels, int [N].
      words: C names, at least two.
      seed: Of the weights, the deformations and the order of batches.
      sizes: Of the network.
      epochs: At most; the learning rate falls to 0 over them.
      per_word: Drawings of each word in an epoch, at most.
      patience: Stop after so many epochs without a new best.
      batch_size: Drawings of a batch.
      directory: Where the classifier is going to be saved: a training that
        was stopped goes on from its last epoch there, to the same weights.
      progress: Called after each batch with the number of batches done, of
        all batches, and what to say about the epochs so far.

    Returns:
      The classifier.

    Raises:
      ValueError: If there are fewer than two words, a split lacks one, or the
        directory holds something else.
    """
    words = tuple(words)
    examples = examples_lib.Examples(
        sketches_by_split, words, per_word=per_word, batch_size=batch_size
    )
    steps = examples.steps
    state = state_lib.State(0, -1.0, -1, (), ())
    identity = state_lib.fingerprint(
        *(FORMAT, words, dataclasses.asdict(sizes), seed, epochs),
        *(examples.per_word, batch_size, examples.points, examples.counts),
    )
    if directory is not None:
        check_free(directory)
        path = pathlib.Path(directory) / STATE
        state = state_lib.read(path, identity=identity) or state
    network = network_lib.build(sizes, len(words), seed=seed)
    learner = _learner(network, epochs * steps)
    found = StrokeClassifier(network, words, sizes, {})
    variables = [*network.variables, *learner.optimizer.variables]
    for variable, value in zip(variables, state.variables, strict=False):
        variable.assign(value)
    for epoch in range(state.epochs, epochs):
        if state.exhausted(patience):
            break
        said = f"valid {state.best:.1%}" if epoch else ""
        rng = np.random.default_rng([seed, epoch])
        batches = examples.epoch(rng, sizes.steps)
        for step, (ink, answers) in enumerate(batches, epoch * steps + 1):
            learner.train_on_batch(found.inputs(ink), answers)
            if progress:
                progress(step, epochs * steps, said)
        score = _accuracy(found, *sketches_by_split["valid"])["top1"]
        best, best_epoch, weights = state.best, state.best_epoch, state.weights
        if score > best:
            best, best_epoch, weights = score, epoch, network.get_weights()
        state = state_lib.State(
            epoch + 1,
            best,
            best_epoch,
            [keras.ops.convert_to_numpy(v) for v in variables],
            weights,
        )
        if directory is not None:
            state_lib.write(path, state, identity=identity)
    network.set_weights(state.weights)
    facts = {
        "seed": seed,
        "epochs": state.epochs,
        "best_epoch": state.best_epoch + 1,
        "per_word": examples.per_word,
        "trained": dict(zip(words, examples.counts, strict=True)),
    }
    sketches, labels = sketches_by_split["valid"]
    facts["temperature"] = calibration.temperature(
        found.probabilities(sketches), labels
    )
    found = dataclasses.replace(found, facts=facts)
    for split in ("valid", "test"):
        facts[split] = _accuracy(found, *sketches_by_split[split])
    return dataclasses.replace(found, facts=facts)


def _learner(network, steps):
    """Makes the model that is trained: the logits alone."""
    learner = keras.Model(network.input, network.output[1])
    learner.compile(
        keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(_LEARNING_RATE, steps),
            weight_decay=_WEIGHT_DECAY,
        ),
        keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=_LABEL_SMOOTHING
        ),
    )
    learner.optimizer.build(learner.trainable_variables)
    return learner


def _accuracy(found, sketches, labels):
    """Returns top-1 and top-5, means over the words, as plain values."""
    ranks = measures.ranks(found.probabilities(sketches), labels)
    present = np.unique(labels).tolist()
    each = {
        found.words[c]: float((ranks[labels == c] < 1).mean()) for c in present
    }
    top5 = [float((ranks[labels == c] < 5).mean()) for c in present]
    return {
        "top1": float(np.mean(list(each.values()))),
        "top5": float(np.mean(top5)),
        "count": len(labels),
        "words": each,
    }
