"""What `--data` names: TFDS data, files and folders, as three splits."""

import os
import pathlib
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from sketch_rnn_tf import (
    config as config_lib,
    conversion,
    labels as labels_lib,
    quoting,
)
from sketch_rnn_tf.data import input_pipeline
from sketch_rnn_tf.files import sketchrnn_npz, tally as tally_lib

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
      labels: Index of each sketch's word, int64 [number of sketches], by
        split; None of streamed records.
      tally: What was read and left out.
    """

    words: tuple[str, ...]
    train: input_pipeline.Source
    valid: input_pipeline.Source
    test: input_pipeline.Source
    labels: dict[str, np.ndarray] | None = None
    tally: tally_lib.Tally = tally_lib.Tally()

    def labelled(
        self, split: str, words: tuple[str, ...]
    ) -> input_pipeline.Source:
        """Returns a split whose labels are those of a model.

        Args:
          split: One of `SPLITS`.
          words: The model's, by which its labels count.

        Raises:
          ValueError: If a sketch is of a word that is none of them.
        """
        source = getattr(self, split)
        present = range(len(self.words))
        if self.labels is not None:
            present = np.unique(self.labels[split]).tolist()
        table = np.full(len(self.words), -1, np.int32)
        for label in present:
            if self.words[label] not in words:
                raise ValueError(
                    "data: "
                    + config_lib.unknown("word", self.words[label], words)
                )
            table[label] = words.index(self.words[label])
        if self.labels is not None:
            return labels_lib.Labelled(source, table[self.labels[split]])
        return _relabelled(source, table)


def load(
    spec: str,
    *,
    data_dir: str | os.PathLike | None = None,
    stream: bool = False,
    max_bad: float = tally_lib.MAX_BAD_SHARE,
) -> Dataset:
    """Loads a data set.

    Args:
      spec: A TFDS name such as "quickdraw_strokes/doodles", a file or folder
        of what `conversion` reads, or a comma-separated list of them.
      data_dir: Where TFDS keeps its data; None is TFDS's default.
      stream: Whether to stream records from disk, with flat memory, instead
        of holding the sketches in memory.  npz and ndjson files are prepared
        for that.
      max_bad: Largest share of records of files that may be bad; they are
        left out and counted.

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
    loaded = [_load_part(part, data_dir, stream, max_bad) for part in parts]
    if len(loaded) == 1:
        return loaded[0]
    words = tuple(dict.fromkeys(w for part in loaded for w in part.words))
    labels = None
    if all(part.labels is not None for part in loaded):
        labels = {
            split: np.concatenate(
                [
                    np.array([words.index(w) for w in part.words], np.int64)[
                        part.labels[split]
                    ]
                    for part in loaded
                ]
            )
            for split in SPLITS
        }
    tally = tally_lib.Tally()
    for part in loaded:
        tally.add(part.tally)
    return Dataset(
        words,
        *(_joined([getattr(part, split) for part in loaded],
                  [part.words for part in loaded], words)
          for split in SPLITS),
        labels,
        tally,
    )  # fmt: skip


def balanced(data: Dataset) -> Dataset:
    """Repeats training sketches until each word has as many.

    Of a word with fewer than another its sketches come again and again, in
    their order, as many times as are needed; none is left out.

    Args:
      data: In memory.

    Returns:
      The same with another training split; others stay natural.

    Raises:
      ValueError: If the records are streamed.
    """
    if data.labels is None:
        raise ValueError(
            "mixture: expected sketches in memory to balance, got a stream"
        )
    labels = data.labels["train"]
    present = np.unique(labels)
    most = max(int((labels == label).sum()) for label in present)
    chosen = np.concatenate(
        [np.resize(np.flatnonzero(labels == label), most) for label in present]
    )
    return data._replace(
        train=[data.train[index] for index in chosen.tolist()],
        labels={**data.labels, "train": labels[chosen]},
    )


def _load_part(part, data_dir, stream, max_bad):
    path = pathlib.Path(part)
    if part.split("/")[0] == _PREFIX:
        return _prepared(part, data_dir, stream)
    if not path.exists():
        raise ValueError(
            f"data: {part}: expected a file or folder of drawings or a name "
            f"such as {_PREFIX}/doodles, found no such thing"
        )
    if stream:
        return _prepared(path, data_dir, stream)
    for file in conversion.find([path]):
        if file.kind == "npz":
            # Others are divided here; these say themselves how they are.
            found = sketchrnn_npz.counts(file.path)
            if set(SPLITS) - set(found):
                raise ValueError(
                    f"{file.path}: expected the splits train, valid and test, "
                    f"got {', '.join(found)}"
                )
    found = conversion.read([path])
    found.tally.check(max_bad_share=max_bad)
    return Dataset(
        found.words,
        *(found.splits[name] for name in SPLITS),
        found.labels,
        found.tally,
    )


def _prepared(config, data_dir, stream):
    try:
        return _load_records(config, data_dir, stream)
    except (ValueError, OSError):
        raise
    except Exception as error:
        # TFDS and TensorFlow have kinds of their own for damaged files.
        reason = quoting.line(error)
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
    if stream:
        return Dataset(
            words,
            *(
                builder.as_dataset(split=split, read_config=read_config)
                for split in _TFDS_SPLITS.values()
            ),
        )
    read = {
        name: tfds_quickdraw.read(builder, split)
        for name, split in _TFDS_SPLITS.items()
    }
    return Dataset(
        words,
        *(sketches for sketches, _ in read.values()),
        {name: labels for name, (_, labels) in read.items()},
    )


def _relabelled(records, table):
    """Returns the strokes of records, with the labels of a table."""
    table = tf.constant(table)
    return records.map(
        lambda record: {
            "strokes": record["strokes"],
            "label": tf.gather(table, record["label"]),
        }
    )


def _joined(sources, words, all_words):
    if isinstance(sources[0], list):
        return sum(sources, [])
    # Labels of different data sets mean different words.
    strokes = [
        _relabelled(source, [all_words.index(word) for word in own])
        for source, own in zip(sources, words, strict=True)
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
