"""What can be prepared: the configurations of `quickdraw_strokes`."""

import dataclasses
import os
from collections.abc import Sequence
from typing import Any

import tensorflow_datasets as tfds

from sketch_rnn_tf import doodles
from sketch_rnn_tf.preparation import recipes
from tfds_quickdraw import (
    own_files,
    selection as selection_lib,
    sources,
    words as words_lib,
)

DATASET = "quickdraw_strokes"

SKETCHES_PER_KIND = (1000, 50, 50)
"""Doodles of each kind in train, validation and test."""

MAX_PER_KIND = 10**8
"""Most doodles of one kind in a split."""

_LONGEST_LIST = 80  # characters; file systems allow 255 in all


@dataclasses.dataclass(eq=False)
class QuickdrawStrokesConfig(tfds.core.BuilderConfig):
    """What the records are made from.  `config_for` makes them.

    Attributes:
      words: The names of the labels, in this order: Quick, Draw! words, kinds
        of doodles, or names of npz files.
      source: One of `sources.FORMATS`, the kind of files, or "doodles" for
        drawings that are made here.
      location: Where the files are (see `sources.fetch`), or None for
        Google's bucket.
      dtype: Type of the numbers on disk, "int16" or "float32".
      recipe: How drawings of ndjson files are made smaller.
      max_drawings: Most drawings of a word, in all splits; None takes all.
      only_recognized: Whether to take none but those of ndjson files that
        the game recognised.
      sketches_per_kind: Doodles of each kind in train, validation and test.
    """

    words: tuple[str, ...] = ()
    source: str = "sketchrnn"
    location: str | None = None
    dtype: str = "int16"
    recipe: recipes.Recipe | None = None
    max_drawings: int | None = None
    only_recognized: bool = False
    sketches_per_kind: tuple[int, int, int] = SKETCHES_PER_KIND

    @property
    def is_quickdraw(self) -> bool:
        """Whether the drawings come from Google or a mirror of its bucket."""
        return self.source != "doodles" and (
            self.location is None or sources.is_remote(self.location)
        )


def _predefined() -> list[QuickdrawStrokesConfig]:
    configs = [
        QuickdrawStrokesConfig(
            name="doodles",
            description="Drawings made here: no download.",
            words=doodles.KINDS,
            source="doodles",
        ),
        QuickdrawStrokesConfig(
            name="doodles_large",
            description="As doodles, with ten times as many to train on.",
            words=doodles.KINDS,
            source="doodles",
            sketches_per_kind=(10_000, 50, 50),
        ),
        QuickdrawStrokesConfig(
            name="quickdraw75",
            description="The 75 words of Table 2 of Ha & Eck (2017).",
            words=words_lib.QUICKDRAW75,
        ),
    ]
    return configs + [
        QuickdrawStrokesConfig(
            name=words_lib.slug(word),
            description=f"Quick, Draw! drawings of the word {word!r}.",
            words=(word,),
        )
        for word in words_lib.WORDS
    ]


PREDEFINED = _predefined()
"""The configurations with a name of their own; the first is the default."""

_BY_NAME = {config.name: config for config in PREDEFINED}


def config_for(
    words: str | Sequence[str] | None = None,
    *,
    files: str | os.PathLike | None = None,
    source: str | None = None,
    location: str | os.PathLike | None = None,
    dtype: str | None = None,
    sketches_per_kind: tuple[int, int, int] | None = None,
    **selection: Any,
) -> QuickdrawStrokesConfig:
    """Makes the configuration for words, files or doodles.

    The predefined configuration is returned where there is one.  Otherwise
    the name says what is in it: `cat+pig`, `cat-raw-google-recognized`, or
    `345_words` for a long list.  Where the drawings are from files of this
    machine it ends with a hash of their contents, `cat-1f8e3a52`.

    Args:
      words: Quick, Draw! words or slugs of them, in any case: a sequence, or
        one string where "+" stands between them; "all" is all 345; or the
        name of a predefined configuration; a leading "quickdraw_strokes/" is
        ignored.  With a folder as location, names of its files.  With source
        "doodles", kinds of doodles; None is all of them.
      files: An npz or ndjson file, or a folder of either, instead of words:
        each file's name is the label of its sketches.
      source: "sketchrnn", "simplified" or "raw", the kind of files; or
        "doodles".  None is sketchrnn, and for `files` what their names end
        with, ndjson files being taken as simplified.
      location: Where the words' files are: a folder with `<word>.npz`, with
        `sketchrnn/<word>.npz` or the like of Google's bucket, a file:// URL
        of one, or the URL of a mirror of the bucket.  None is the bucket.
      dtype: Type of the numbers on disk, "int16" or "float32".  None is
        int16, but for `files`, which decide and are read for it.
      sketches_per_kind: Doodles of each kind in train, validation and test.
      **selection: Of `selection.Selection`.

    Returns:
      A configuration for `tfds.builder("quickdraw_strokes", config=...)`, or
      for `prepare`.

    Raises:
      ValueError: If a word is unknown or repeated, a file is missing or bad,
        or arguments do not go together.

    >>> config_for(["cat", "the eiffel tower"]).name
    'cat+the_eiffel_tower'
    """
    if dtype not in (None, "int16", "float32"):
        raise ValueError(f"dtype: expected int16 or float32, got {dtype}")
    if source not in (None, "doodles", *sources.FORMATS):
        raise ValueError(
            f"source: expected {', '.join(sources.FORMATS)} or doodles, "
            f"got {source}"
        )
    if source == "doodles" and words is None:
        words = "doodles"
    if (files is None) == (words is None):
        raise ValueError("expected either words or files, got both or neither")
    chosen = selection_lib.Selection(**selection)
    if files is not None:
        if location is not None or source == "doodles":
            raise ValueError("files: expected no location or other source")
        return _files_config(files, source, dtype, chosen)
    predefined = None
    if isinstance(words, str):
        words = words.removeprefix(DATASET).removeprefix("/") or "doodles"
        predefined = _BY_NAME.get(words)
        if predefined and predefined.source == "doodles":
            source = "doodles"
            sketches_per_kind = (
                sketches_per_kind or predefined.sketches_per_kind
            )
            words = predefined.words
        elif predefined and source != "doodles":
            words = predefined.words
        elif words == "all":
            words = words_lib.WORDS
        else:
            words = words.split("+")
    words = tuple(words)
    if not words or len(set(map(words_lib.slug, words))) < len(words):
        raise ValueError(
            f"words: expected each once, got {', '.join(words) or 'none'}"
        )
    if source == "doodles":
        if location is not None or dtype == "float32" or selection:
            raise ValueError(
                "doodles: expected no location or selection, and dtype int16"
            )
        return _doodles_config(words, sketches_per_kind or SKETCHES_PER_KIND)
    if sketches_per_kind is not None:
        raise ValueError("sketches_per_kind: expected it for doodles only")
    source, dtype, mark = source or "sketchrnn", dtype or "int16", None
    location = None if location is None else os.fspath(location)
    if location is None or sources.is_remote(location):
        words = _known(words)
    else:
        found = sources.find_files(words, location, source=source)
        words, mark = tuple(found), own_files.fingerprint(found)
        location = str(sources.local_path(location))
    name = predefined.name if predefined else _list_name(words)
    return _drawings_config(name, words, source, location, dtype, mark, chosen)


def _drawings_config(name, words, source, location, dtype, mark, chosen):
    fields = chosen.fields(source, dtype)
    marks = chosen.mark(source)
    plain = mark is None and dtype == "int16" and location is None
    if plain and not marks and name in _BY_NAME:
        return _BY_NAME[name]
    if dtype != "int16":
        marks += f"-{dtype}"
    return QuickdrawStrokesConfig(
        name=name + marks + ("" if mark is None else f"-{mark}"),
        description=f"Quick, Draw! drawings from {location or 'Google'}.",
        words=words,
        source=source,
        location=location,
        dtype=dtype,
        **fields,
    )


def mirror(location: str | None) -> str:
    """Returns the URL of a mirror, for comparison; empty if it is none."""
    if location is None or not sources.is_remote(location):
        return ""
    return location.rstrip("/")


def _known(words: Sequence[str]) -> tuple[str, ...]:
    """Spells words as Google does."""
    known = []
    for word in words:
        found = words_lib.find(word)
        if found is None:
            raise ValueError(
                f"expected Quick, Draw! words (joined by + for more than "
                f"one), {', '.join(c.name for c in PREDEFINED[:3])}, or the "
                f"name of prepared data, got {word!r}"
                f"{words_lib.suggestion(word)}"
            )
        known.append(found)
    return tuple(known)


def _doodles_config(
    kinds: Sequence[str], sketches_per_kind: Sequence[int]
) -> QuickdrawStrokesConfig:
    kinds, sizes = tuple(kinds), tuple(sketches_per_kind)
    for kind in kinds:
        if kind not in doodles.KINDS:
            raise ValueError(
                f"expected kinds of doodles, out of {', '.join(doodles.KINDS)},"
                f" got {kind!r}{words_lib.suggestion(kind, doodles.KINDS)}"
            )
    if len(sizes) != 3 or not all(0 < size <= MAX_PER_KIND for size in sizes):
        raise ValueError(
            "sketches_per_kind: expected three integers (train, validation, "
            f"test) from 1 to {MAX_PER_KIND:,}, got {sketches_per_kind}"
        )
    for config in PREDEFINED[:2]:
        if (config.words, config.sketches_per_kind) == (kinds, sizes):
            return config
    parts = ["doodles", "_".join(map(str, sizes))]
    if kinds != doodles.KINDS:
        parts.insert(1, _list_name(kinds))
    return QuickdrawStrokesConfig(
        name="-".join(parts),
        description=f"Drawings made here: {', '.join(kinds)}.",
        words=kinds,
        source="doodles",
        sketches_per_kind=sizes,
    )


def _files_config(
    files: str | os.PathLike,
    source: str | None,
    dtype: str | None,
    chosen: selection_lib.Selection,
) -> QuickdrawStrokesConfig:
    path = sources.local_path(os.fspath(files))
    source = source or sources.format_of(path)
    found = sources.files_by_word(path, source=source)
    if dtype is None:
        dtype = own_files.dtype_of(found.values(), source)
    return dataclasses.replace(
        _drawings_config(
            _list_name(tuple(found)),
            tuple(found),
            source,
            str(path),
            dtype,
            own_files.fingerprint(found, dtype),
            chosen,
        ),
        description=f"Sketches from {path.name}.",
    )


def _list_name(words: Sequence[str]) -> str:
    name = "+".join(map(words_lib.slug, words))
    if len(name) <= _LONGEST_LIST:
        return name
    return f"{len(words)}_words-{own_files.short_hash(repr(words))}"
