"""What can be prepared: the configurations of `quickdraw_strokes`."""

import dataclasses
import hashlib
import os
import pathlib
from collections.abc import Mapping, Sequence

import tensorflow_datasets as tfds

from sketch_rnn_tf import doodles
from sketch_rnn_tf.files import sketchrnn_npz
from tfds_quickdraw import sources, words as words_lib

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
      source: "sketchrnn" for npz files (see `sketch_rnn_tf.files.sketchrnn_npz`) or
        "doodles" for drawings that are made here.
      location: Where the npz files are (see `sources.fetch`), or None for
        Google's bucket.
      dtype: Type of the numbers on disk, "int16" or "float32".
      sketches_per_kind: Doodles of each kind in train, validation and test.
    """

    words: tuple[str, ...] = ()
    source: str = "sketchrnn"
    location: str | None = None
    dtype: str = "int16"
    sketches_per_kind: tuple[int, int, int] = SKETCHES_PER_KIND

    @property
    def is_quickdraw(self) -> bool:
        """Whether the drawings come from Google or a mirror of its bucket."""
        return self.source == "sketchrnn" and (
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
    npz: str | os.PathLike | None = None,
    source: str = "sketchrnn",
    location: str | os.PathLike | None = None,
    dtype: str | None = None,
    sketches_per_kind: tuple[int, int, int] | None = None,
) -> QuickdrawStrokesConfig:
    """Makes the configuration for words, npz files or doodles.

    The predefined configuration is returned where there is one.  Otherwise
    the name says what is in it: `cat+pig`, or `345_words` for a long list.
    Where the drawings are not from Google's bucket it ends with a hash,
    `cat-1f8e3a52`: of the files' contents, or of a mirror's URL.  So data
    prepared from one place are never taken for those of another.

    Args:
      words: Quick, Draw! words or slugs of them, in any case: a sequence, or
        one string where "+" stands between them; or the name of a predefined
        configuration; a leading "quickdraw_strokes/" is ignored.  With a folder as location, names of its files.  With
        source "doodles", kinds of doodles; None is all of them.
      npz: A sketchrnn npz file, or a folder of them, instead of words: each
        file's name is the label of its sketches.
      source: "sketchrnn" or "doodles".
      location: Where the words' npz files are: a folder with `<word>.npz` or
        `sketchrnn/<word>.npz`, a file:// URL of one, or the URL of a mirror
        of Google's bucket.  None is the bucket.
      dtype: Type of the numbers on disk, "int16" or "float32".  None is
        int16, but for `npz`, where the files decide and are read for it.
      sketches_per_kind: Doodles of each kind in train, validation and test.

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
    if source not in ("sketchrnn", "doodles"):
        raise ValueError(f"source: expected sketchrnn or doodles, got {source}")
    if source == "doodles" and words is None:
        words = "doodles"
    if (npz is None) == (words is None):
        raise ValueError("expected either words or npz, got both or neither")
    if npz is not None:
        if location is not None or source == "doodles":
            raise ValueError("npz: expected no location or other source")
        return _npz_config(npz, dtype)
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
        elif predefined and source == "sketchrnn":
            words = predefined.words
        else:
            words = words.split("+")
    words = tuple(words)
    if not words or len(set(map(words_lib.slug, words))) < len(words):
        raise ValueError(
            f"words: expected each once, got {', '.join(words) or 'none'}"
        )
    if source == "doodles":
        if location is not None or dtype == "float32":
            raise ValueError("doodles: expected no location, and dtype int16")
        return _doodles_config(words, sketches_per_kind or SKETCHES_PER_KIND)
    if sketches_per_kind is not None:
        raise ValueError("sketches_per_kind: expected it for doodles only")
    dtype, mark = dtype or "int16", None
    location = None if location is None else os.fspath(location)
    if location is None:
        words = _known(words)
    elif sources.is_remote(location):
        words, mark = _known(words), _hash(location.rstrip("/"))
    else:
        files = sources.find_files(words, location)
        words, mark = tuple(files), _files_hash(files)
        location = str(sources.local_path(location))
    name = predefined.name if predefined else _list_name(words)
    if mark is None and dtype == "int16" and name in _BY_NAME:
        return _BY_NAME[name]
    if dtype != "int16":
        name += f"-{dtype}"
    return QuickdrawStrokesConfig(
        name=name if mark is None else f"{name}-{mark}",
        description=f"Quick, Draw! drawings from {location or 'Google'}.",
        words=words,
        location=location,
        dtype=dtype,
    )


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


def _npz_config(
    npz: str | os.PathLike, dtype: str | None
) -> QuickdrawStrokesConfig:
    path = sources.local_path(os.fspath(npz))
    files = sources.npz_words(path)
    if dtype is None:
        fits = all(_is_int16(file) for file in files.values())
        dtype = "int16" if fits else "float32"
    words = tuple(files)
    return QuickdrawStrokesConfig(
        name=f"{_list_name(words)}-{_files_hash(files, dtype)}",
        description=f"Sketches from {path.name}.",
        words=words,
        location=str(path),
        dtype=dtype,
    )


def _is_int16(path: pathlib.Path) -> bool:
    """Whether all sketches of a file are stored as int16 without loss."""
    for sketches in sketchrnn_npz.read(path).values():
        if sketches:
            return sketches[0].dtype == "int16"
    return True


def _list_name(words: Sequence[str]) -> str:
    name = "+".join(map(words_lib.slug, words))
    if len(name) <= _LONGEST_LIST:
        return name
    return f"{len(words)}_words-{_hash(repr(words))}"


def _files_hash(
    files: Mapping[str, pathlib.Path], dtype: str | None = None
) -> str:
    marks = [
        (word, sketchrnn_npz.fingerprint(file)) for word, file in files.items()
    ]
    return _hash(repr((dtype, marks)))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
