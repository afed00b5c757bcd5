"""Records of one split, from the files of words.

Each task stands for some lines of an ndjson file, or a split of an npz file,
and can be worked on by any process, those of Beam included.
"""

import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from sketch_rnn_tf import workers
from sketch_rnn_tf.files import (
    blocks,
    ndjson,
    sketchrnn_npz,
    splits as splits_lib,
    tally as tally_lib,
)
from sketch_rnn_tf.preparation import recipes


class Task(NamedTuple):
    """What a process works on at a time.

    Attributes:
      word: What is drawn.
      label: Its index among the words.
      split: train, valid or test.
      source: The block of lines, or the path of an npz file.
      splits: Of the ndjson file's drawings; None for npz.
      recipe: How its drawings are made smaller; None for npz.
      only_recognized: Whether to take none but those, of ndjson.
      most: Most sketches, of npz; None takes all.
      dtype: Of the sketches, int16 or float32.
    """

    word: str
    label: int
    split: str
    source: blocks.Block | str
    splits: splits_lib.Splits | None
    recipe: recipes.Recipe | None
    only_recognized: bool
    most: int | None
    dtype: str


Record = tuple[str, dict[str, Any]]


def plan(
    files: Mapping[str, pathlib.Path],
    *,
    recipe: recipes.Recipe | None,
    max_drawings: int | None,
    only_recognized: bool,
    dtype: str,
) -> dict[str, list[Task]]:
    """Divides the work.

    Args:
      files: npz or ndjson files by word, in the order of the labels.
      recipe: Of ndjson files; None for npz.
      max_drawings: Most of a word, in all splits; None takes all.
      only_recognized: Whether to take none but what the game recognised.
      dtype: Of the sketches.

    Returns:
      The tasks of each split that has any drawings.

    Raises:
      ValueError: If a word has nothing to train on.
    """
    tasks = {name: [] for name in splits_lib.NAMES}
    common = {"only_recognized": only_recognized, "dtype": dtype}
    if recipe is None:
        for label, (word, file) in enumerate(files.items()):
            counts = _npz_sizes(file, max_drawings)
            _require_training(file, counts)
            for name, count in counts.items():
                if count:
                    tasks[name].append(
                        Task(word, label, name, str(file), None, None,
                             most=count, **common)
                    )  # fmt: skip
        return {name: found for name, found in tasks.items() if found}
    surveys = workers.in_order(
        _survey,
        [(str(f), only_recognized, max_drawings) for f in files.values()],
    )
    for label, (word, survey) in enumerate(zip(files, surveys, strict=True)):
        sizes = splits_lib.sizes(survey.count, max_drawings=max_drawings)
        counts = dict(zip(splits_lib.NAMES, sizes, strict=True))
        _require_training(files[word], counts)
        for name, count in counts.items():
            if count:
                tasks[name] += [
                    Task(word, label, name, block, survey.splits, recipe,
                         most=None, **common)
                    for block in survey.blocks
                ]  # fmt: skip
    return {name: found for name, found in tasks.items() if found}


def _survey(path, only_recognized, max_drawings):
    return blocks.survey(
        path, only_recognized=only_recognized, max_drawings=max_drawings
    )


def _npz_sizes(file, max_drawings):
    counts = sketchrnn_npz.counts(file)
    total = sum(counts.values())
    if max_drawings is None or total <= max_drawings:
        return counts
    # As they are divided in the file.
    sizes = {
        name: count * max_drawings // total for name, count in counts.items()
    }
    sizes["train"] += max_drawings - sum(sizes.values())
    return sizes


def _require_training(file, counts):
    if not counts.get("train"):
        raise ValueError(
            f"{file}: train: expected at least one sketch, got none"
        )


def examples(task: Task) -> tuple[list[Record], tally_lib.Tally]:
    """Does a task.

    Args:
      task: The task.

    Returns:
      Keys and records, in the file's order, and what was left out.

    Raises:
      ValueError: If an npz file cannot be read, or its numbers do not fit.
    """
    sketches, tally = _sketches(task)
    return [_named(task, *sketch) for sketch in sketches], tally


def _named(task, name, stroke3, facts):
    return f"{task.word}-{name}", record(stroke3, task.label, facts=facts)


def _sketches(task):
    if task.recipe is None:
        return _npz_sketches(task)
    return blocks.records(
        task.source, task.split, task.splits, task.recipe,
        only_recognized=task.only_recognized, dtype=task.dtype,
    )  # fmt: skip


def _packed(task):
    """Does a task; one array of all points goes faster between processes."""
    sketches, tally = _sketches(task)
    rows = [sketch.stroke3 for sketch in sketches]
    return (
        [sketch.name for sketch in sketches],
        np.concatenate(rows) if rows else None,
        np.cumsum([len(row) for row in rows]).tolist(),
        [tuple(sketch.facts) for sketch in sketches],
        tally,
    )


def _npz_sketches(task):
    tally = tally_lib.Tally()
    found = sketchrnn_npz.read(task.source, splits=[task.split], tally=tally)
    found = found[task.split][: task.most]
    tally.good = len(found)
    if found and task.dtype == "int16" and found[0].dtype != np.int16:
        raise ValueError(
            f"{task.source}: {task.split}: expected whole numbers that fit in "
            "int16, got others; give the dtype float32"
        )
    return [
        blocks.Sketch(str(index), stroke3, ndjson.Facts())
        for index, stroke3 in enumerate(found)
    ], tally


def record(
    stroke3: np.ndarray,
    label: int,
    *,
    facts: ndjson.Facts = ndjson.Facts(),  # noqa: B008 (immutable)
) -> dict[str, Any]:
    """Makes a record of the builder's features.

    Args:
      stroke3: [N, 3], pixels.
      label: Index of the word.
      facts: What is known beside; its word is left out.
    """
    return {
        "strokes": stroke3,
        "label": label,
        "key_id": facts.key_id,
        "countrycode": facts.countrycode,
        "recognized": facts.recognized,
        "timestamp": facts.timestamp,
    }


def generate(
    tasks: Sequence[Task], tally: tally_lib.Tally, *, processes: int | None
) -> Iterator[Record]:
    """Does the tasks of a split, several at once.

    Args:
      tasks: The tasks.
      tally: Counts what is good and bad.
      processes: How many; None is one a core.

    Yields:
      Keys and records.

    Raises:
      ValueError: If no drawing of a word is good, or as `examples`.
    """
    good = dict.fromkeys(task.word for task in tasks)
    done = workers.in_order(
        _packed, [(task,) for task in tasks], processes=processes
    )
    for task, (names, rows, ends, facts, found) in zip(
        tasks, done, strict=True
    ):
        tally.add(found)
        good[task.word] = good[task.word] or bool(names)
        start = 0
        for name, end, fact in zip(names, ends, facts, strict=True):
            yield _named(task, name, rows[start:end], ndjson.Facts(*fact))
            start = end
    for task in tasks:
        if task.split == "train" and not good[task.word]:
            # Says which record is bad, if one is.
            tally.check(max_bad_share=0.0)
            path = getattr(task.source, "path", task.source)
            raise ValueError(
                f"{path}: train: expected at least one good drawing, got none"
            )
