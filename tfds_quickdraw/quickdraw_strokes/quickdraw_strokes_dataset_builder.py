"""The dataset `quickdraw_strokes`: sketches from npz files, or doodles."""

import dataclasses
import pathlib
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from sketch_rnn_tf import doodles
from sketch_rnn_tf.files import sketchrnn_npz
from tfds_quickdraw import configs, sources, stroke_feature

_SPLITS = {"train": "train", "validation": "valid", "test": "test"}
"""TFDS's names of the splits, mapped to those of sketchrnn files."""

_SEEDS = {"train": 0, "validation": 10**9, "test": 2 * 10**9}
"""First seed of the doodles of a split, `configs.MAX_PER_KIND` apart or more,
so that no drawing is in two splits."""


class Builder(tfds.core.GeneratorBasedBuilder):
    """Stores sketches as they are on disk, one record each.

    `configs.config_for` makes configurations beyond `BUILDER_CONFIGS`; lists
    of words (`cat+pig`) are also understood as a name.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: typing.ClassVar[dict[str, str]] = {"1.0.0": "First."}
    BUILDER_CONFIGS: typing.ClassVar[list] = configs.PREDEFINED

    def _create_builder_config(
        self,
        builder_config: str | tfds.core.BuilderConfig | None,
        version: Any,
    ) -> tfds.core.BuilderConfig:
        """Finds or checks a configuration.

        TFDS's own version knows no names made at run time, and warns of each
        configuration that is not in `BUILDER_CONFIGS`.
        """
        if builder_config is None or (
            isinstance(builder_config, str) and ":" in builder_config
        ):
            return super()._create_builder_config(builder_config, version)
        if isinstance(builder_config, str):
            return configs.config_for(builder_config)
        known = self.builder_configs.get(builder_config.name)
        if known is not None and vars(known) != vars(builder_config):
            raise ValueError(
                f"config: expected another name than {known.name}, which "
                "stands for other data"
            )
        return builder_config

    def _info(self) -> tfds.core.DatasetInfo:
        config = self.builder_config
        features = {
            "strokes": stroke_feature.StrokesFeature(
                stored_dtype=config.dtype,
                doc="Stroke-5, offsets in pixels; the last row is the end.",
            ),
            "label": tfds.features.ClassLabel(
                names=config.words, doc="What is drawn."
            ),
            "key_id": tfds.features.Text(doc="Name of the drawing, or empty."),
            "countrycode": tfds.features.Text(
                doc="Two letters for where the player was, or empty."
            ),
            "recognized": tfds.features.Scalar(
                np.bool_,
                doc="Whether the game recognised it; False if not known.",
            ),
            "timestamp": tfds.features.Text(doc="When drawn, or empty."),
        }
        if config.source == "doodles":
            features["factors"] = _factors_feature()
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features),
            supervised_keys=None,
            homepage="https://github.com/googlecreativelab/quickdraw-dataset",
            license="CC BY 4.0" if config.is_quickdraw else None,
        )

    def _split_generators(
        self, dl_manager: tfds.download.DownloadManager
    ) -> dict[str, Iterator]:
        config = self.builder_config
        if config.source == "doodles":
            return {
                split: self._generate_examples(split=split) for split in _SPLITS
            }
        files = sources.fetch(config.words, config.location, dl_manager)
        counts = {
            word: sketchrnn_npz.counts(file) for word, file in files.items()
        }
        splits = {
            split: {
                word: files[word]
                for word in config.words
                if counts[word].get(key)
            }
            for split, key in _SPLITS.items()
        }
        for word in config.words:
            if word not in splits["train"]:
                raise ValueError(
                    f"{files[word]}: train: expected at least one sketch, "
                    "got none"
                )
        return {
            split: self._generate_examples(split=split, files=found)
            for split, found in splits.items()
            if found
        }

    def _generate_examples(
        self,
        *,
        split: str,
        files: Mapping[str, pathlib.Path] | None = None,
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        if files is None:
            return self._generate_doodles(split)
        return self._generate_sketches(split, files)

    def _generate_doodles(
        self, split: str
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        config = self.builder_config
        sizes = dict(zip(_SPLITS, config.sketches_per_kind, strict=True))
        for label, kind in enumerate(config.words):
            for index in range(sizes[split]):
                seed = _SEEDS[split] + index
                doodle = doodles.draw(kind, seed=seed)
                key = f"{kind}-{seed}"
                record = _record(doodle.stroke3, label, key_id=key)
                record["factors"] = dataclasses.asdict(doodle.factors)
                yield key, record

    def _generate_sketches(
        self, split: str, files: Mapping[str, pathlib.Path]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        config = self.builder_config
        key = _SPLITS[split]
        for word, file in files.items():
            sketches = sketchrnn_npz.read(file, splits=[key])[key]
            if config.dtype == "int16" and sketches[0].dtype != np.int16:
                raise ValueError(
                    f"{file}: {key}: expected whole numbers that fit in "
                    "int16, got others; give the dtype float32"
                )
            label = config.words.index(word)
            for index, stroke3 in enumerate(sketches):
                yield f"{word}-{index}", _record(stroke3, label)


def _record(
    stroke3: np.ndarray, label: int, *, key_id: str = ""
) -> dict[str, Any]:
    return {
        "strokes": stroke3,
        "label": label,
        "key_id": key_id,
        "countrycode": "",
        "recognized": False,
        "timestamp": "",
    }


def _factors_feature() -> tfds.features.FeaturesDict:
    """Makes a feature for each field of `doodles.Factors`."""
    dtypes = {bool: np.bool_, int: np.int32, float: np.float32}
    return tfds.features.FeaturesDict(
        {
            name: tfds.features.Scalar(dtypes[kind], doc=doodles.FACTORS[name])
            for name, kind in typing.get_type_hints(doodles.Factors).items()
        }
    )
