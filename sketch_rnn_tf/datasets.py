"""What `--data` names: TFDS data, npz files and folders, as three splits."""

import os
import pathlib
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from sketch_rnn_tf import input_pipeline
from sketch_rnn_tf.files import sketchrnn_npz

SPLITS = ("train", "valid", "test")
_TFDS_SPLITS = {"train": "train", "valid": "validation", "test": "test"}
_PREFIX = "quickdraw_strokes"


class Dataset(NamedTuple):
    """A data set, split.

    Attributes:
      words: Names of the classes.
      train: Training split: stroke-3 arrays in memory, or TFDS records to
        stream; pixels.
      valid: Validation split, likewise.
      test: Test split, likewise.
    """

    words: tuple[str, ...]
    train: input_pipeline.Source
    valid: input_pipeline.Source
    test: input_pipeline.Source


def load(
    spec: str,
    *,
    data_dir: str | os.PathLike | None = None,
    stream: bool = False,
) -> Dataset:
    """Loads a data set.

    Args:
      spec: A TFDS name such as "quickdraw_strokes/doodles", an npz file, a
        folder of npz files, or a comma-separated list of them.
      data_dir: Where TFDS keeps its data; None is TFDS's default.
      stream: Whether to stream records from disk, with flat memory, instead
        of holding the sketches in memory.  npz files are prepared for that.

    Returns:
      The data set.

    Raises:
      ValueError: In one line, if a part of the spec is not found or bad.
    """
    parts = [part.strip() for part in spec.split(",")]
    if not all(parts):
        raise ValueError(
            f"data: expected names or files between commas, got {spec!r}"
        )
    loaded = [_load_part(part, data_dir, stream) for part in parts]
    if len(loaded) == 1:
        return loaded[0]
    words = tuple(dict.fromkeys(w for part in loaded for w in part.words))
    return Dataset(
        words,
        *(_joined([getattr(part, split) for part in loaded])
          for split in SPLITS),
    )  # fmt: skip


def _load_part(part, data_dir, stream):
    path = pathlib.Path(part)
    if part.split("/")[0] == _PREFIX:
        return _prepared(part, data_dir, stream)
    if not path.exists():
        raise ValueError(
            f"data: {part}: expected an npz file, a folder of them or a name "
            f"such as {_PREFIX}/doodles, found no such thing"
        )
    if stream:
        return _prepared(path, data_dir, stream)
    if path.is_dir():
        files = sorted(path.glob("*.npz"))
        if not files:
            raise ValueError(
                f"data: {part}: expected a folder of npz files, found none"
            )
    else:
        files = [path]
    splits = [sketchrnn_npz.read(file) for file in files]
    for file, found in zip(files, splits, strict=True):
        for name in SPLITS:
            if name not in found:
                raise ValueError(
                    f"{file}: expected the splits train, valid and test, "
                    f"got {', '.join(found)}"
                )
    return Dataset(
        tuple(file.stem for file in files),
        *(sum((found[name] for found in splits), []) for name in SPLITS),
    )


def _prepared(config, data_dir, stream):
    try:
        return _load_records(config, data_dir, stream)
    except (ValueError, OSError):
        raise
    except Exception as error:
        # TFDS and TensorFlow have kinds of their own for damaged files.
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            f"data: {config}: expected readable records, got {reason}"
        ) from error


def _load_records(config, data_dir, stream):
    import tensorflow_datasets as tfds

    import tfds_quickdraw

    if isinstance(config, pathlib.Path):
        config = tfds_quickdraw.config_for(files=config)
    builder = tfds_quickdraw.prepare(config, data_dir=data_dir)
    words = tuple(builder.info.features["label"].names)
    for name in _TFDS_SPLITS.values():
        if name not in builder.info.splits:
            raise ValueError(
                f"{builder.info.full_name}: expected the splits train, "
                f"validation and test, got {', '.join(builder.info.splits)}"
            )
    # TFDS keeps what it has read, up to 250 MB, unless told not to.
    read_config = tfds.ReadConfig(try_autocache=False)
    splits = []
    for split in SPLITS:
        if stream:
            records = builder.as_dataset(
                split=_TFDS_SPLITS[split], read_config=read_config
            )
        else:
            records, _ = tfds_quickdraw.read(builder, _TFDS_SPLITS[split])
        splits.append(records)
    return Dataset(words, *splits)


def _joined(sources):
    if isinstance(sources[0], list):
        return sum(sources, [])
    # Labels of different data sets mean different words: only the strokes
    # can be joined.
    strokes = [
        source.map(lambda record: {"strokes": record["strokes"]})
        for source in sources
    ]
    ends = np.cumsum([int(source.cardinality()) for source in sources])

    def choose(position):
        # The same order in each pass, which resuming needs, and each record
        # once: a permutation, of which only the sources count.
        index = tf.random.experimental.index_shuffle(
            position, seed=[0, 0], max_index=ends[-1] - 1
        )
        return tf.searchsorted(ends, [index], "right", tf.int64)[0]

    joined = tf.data.Dataset.choose_from_datasets(
        strokes,
        tf.data.Dataset.range(ends[-1]).map(choose),
        stop_on_empty_dataset=False,
    )
    return joined.apply(tf.data.experimental.assert_cardinality(ends[-1]))
