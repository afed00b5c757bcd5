"""Records: drawings on disk beside their picture, to be drawn again.

JSON holds a list of objects, npz all points one sketch after the other; no
pickled objects.  Both name the model that drew, so that its latent vectors
are not given to another.
"""

import hashlib
import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from sketch_rnn_tf import partials
from sketch_rnn_tf.model import vae
from sketch_rnn_tf.studio import plates

KINDS = ("json", "npz")


class Latent(NamedTuple):
    """A latent vector from a file.

    Attributes:
      z: float32 [Z].
      model: `identity` of the model whose it is.
      word: What its drawing was asked to be; None if nothing.
      name: Where it stood, for messages.
    """

    z: np.ndarray
    model: str
    name: str
    word: str | None = None


def identity(model: "vae.SketchRNN") -> str:
    """Names a model by its weights: 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for weight in model.weights:
        digest.update(np.ascontiguousarray(weight.numpy()).data)
    return digest.hexdigest()[:16]


def write(
    path: str | os.PathLike,
    drawings: Sequence[plates.Drawn],
    models: Mapping[str, str],
) -> pathlib.Path:
    """Writes drawings, whole or not at all, as JSON or npz by the ending.

    Args:
      path: The file.
      drawings: The drawings.
      models: `identity` of each model, by what the drawings call it; of what
        is not there, no model is named.

    Returns:
      The path written.
    """
    path = pathlib.Path(path)
    writer = _write_npz if path.suffix == ".npz" else _write_json
    with partials.file(path) as partial:
        writer(partial, drawings, [models.get(d.model, "") for d in drawings])
    return path


def read_latent(spec: str) -> Latent:
    """Reads a latent vector that `write` wrote.

    Args:
      spec: FILE or FILE:INDEX; the first one if no index is given.

    Raises:
      ValueError: If there is none.
      OSError: If the file cannot be read.
    """
    name, _, index = spec.rpartition(":")
    if not name or not index.isdecimal():
        name, index = spec, "0"
    path, index = pathlib.Path(name), int(index)
    wanted = f"{path}: expected drawings with z, as --also json or npz writes"
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                vectors, models = arrays["z"], arrays["models"].tolist()
                words = [None] * len(models)
                if "words" in arrays:
                    words = [str(word) or None for word in arrays["words"]]
        else:
            rows = json.loads(path.read_text())
            vectors = np.array([row["z"] for row in rows], np.float32)
            models = [str(row["model"]) for row in rows]
            words = [row.get("word") for row in rows]
        vectors = np.asarray(vectors, np.float32)
        if not len(words) == len(models) == len(vectors):
            raise ValueError("as many models as vectors")
        if not all(isinstance(word, str | None) for word in words):
            raise ValueError("words")
    except Exception as error:
        # Of the file itself; a place within it that cannot be has no name.
        if isinstance(error, OSError) and error.filename is not None:
            raise
        # What a stranger's file makes NumPy and JSON raise is of many kinds.
        raise ValueError(f"{wanted}, got {type(error).__name__}") from None
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise ValueError(f"{wanted}, got shape {list(vectors.shape)}")
    if index >= len(vectors):
        raise ValueError(
            f"{path}: expected an index of 0 to {len(vectors) - 1}, got {index}"
        )
    return Latent(vectors[index], str(models[index]), spec, words[index])


def _write_json(path, drawings, models):
    rows = [
        {
            "stroke3": drawn.sketch.tolist(),
            "seed": drawn.seed,
            "temperature": drawn.temperature,
            "prefix_length": drawn.prefix_length,
            "z": None if drawn.z is None else drawn.z.tolist(),
            "model": model,
        }
        | ({"word": drawn.word} if drawn.word else {})
        for drawn, model in zip(drawings, models, strict=True)
    ]
    path.write_text(json.dumps(rows) + "\n")


def _write_npz(path, drawings, models):
    empty = np.zeros((0, 3), np.float32)
    arrays = {
        "points": np.concatenate([empty, *(d.sketch for d in drawings)]),
        "lengths": np.array([len(d.sketch) for d in drawings], np.int32),
        # -1 and NaN: no model drew it.
        "seeds": np.array(
            [-1 if d.seed is None else d.seed for d in drawings], np.int32
        ),
        "temperatures": np.array([d.temperature for d in drawings], np.float32),
        "prefix_lengths": np.array(
            [d.prefix_length for d in drawings], np.int32
        ),
        "models": np.array(models, str),
    }
    if any(d.word for d in drawings):
        arrays["words"] = np.array([d.word or "" for d in drawings], str)
    if drawings and all(d.z is not None for d in drawings):
        arrays["z"] = np.stack([d.z for d in drawings])
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)
