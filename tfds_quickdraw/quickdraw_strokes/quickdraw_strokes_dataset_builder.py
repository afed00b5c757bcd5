"""The dataset `quickdraw_strokes`: sketches from files, or doodles."""

import contextlib
import dataclasses
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow_datasets as tfds

from sketch_rnn_tf import doodles
from sketch_rnn_tf.files import ndjson, tally as tally_lib
from tfds_quickdraw import (
    beam_path,
    configs,
    generation,
    record_bytes,
    record_folder,
    sources,
    stroke_feature,
)

_SPLITS = {"train": "train", "validation": "valid", "test": "test"}
"""TFDS's names of the splits, mapped to those of sketchrnn files."""

_SEEDS = {"train": 0, "validation": 10**9, "test": 2 * 10**9}
"""First seed of the doodles of a split, `configs.MAX_PER_KIND` apart or more,
so that no drawing is in two splits."""


class How(NamedTuple):
    """How to prepare.

    Attributes:
      max_bad: Largest share of records that may be bad.
      processes: How many read files; None is one a core.
      sums: SHA-256 of files to download, as of `downloads.fetch`.
      beam: Whether TFDS's Beam pipeline does the work.
    """

    max_bad: float = tally_lib.MAX_BAD_SHARE
    processes: int | None = None
    sums: Mapping[str, str] | None = None
    beam: bool = False


class Builder(tfds.core.GeneratorBasedBuilder):
    """Stores sketches as they are on disk, one record each.

    `configs.config_for` makes configurations beyond `BUILDER_CONFIGS`; lists
    of words (`cat+pig`) are also understood as a name.

    Attributes:
      how: How to prepare, which changes nothing in the records.
      tally: What was read and left out in preparing, but for Beam's.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: typing.ClassVar[dict[str, str]] = {"1.0.0": "First."}
    BUILDER_CONFIGS: typing.ClassVar[list] = configs.PREDEFINED

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.how = How()
        self.tally = tally_lib.Tally()
        self._preparing = contextlib.ExitStack()

    def download_and_prepare(self, **kwargs: Any) -> None:
        """Prepares the records, as every TFDS builder does."""
        with (
            record_bytes.repeatable(),
            record_folder.whole(),
            contextlib.ExitStack() as self._preparing,
        ):
            super().download_and_prepare(**kwargs)

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
        if known is not None and not _is_alike(known, builder_config):
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
            metadata=tfds.core.MetadataDict(
                mirror=configs.mirror(config.location)
            ),
        )

    def _split_generators(
        self, dl_manager: tfds.download.DownloadManager
    ) -> dict[str, Iterator]:
        config = self.builder_config
        if config.source == "doodles":
            return {
                split: self._generate_examples(split=split) for split in _SPLITS
            }
        files = sources.fetch(
            config.words,
            config.location,
            dl_manager.download_dir,
            source=config.source,
            sums=self.how.sums,
        )
        # Beam's processes may be elsewhere: they get files that stay.
        unpacked = self._preparing.enter_context(
            record_folder.beside(self._data_dir, "unpacked")
        )
        files = {
            word: ndjson.unpacked(file, unpacked, tally=self.tally)
            for word, file in files.items()
        }
        tasks = generation.plan(
            files,
            recipe=config.recipe,
            max_drawings=config.max_drawings,
            only_recognized=config.only_recognized,
            dtype=config.dtype,
        )
        self._last_split = list(tasks)[-1]
        return {
            split: self._generate_examples(split=split, tasks=tasks[key])
            for split, key in _SPLITS.items()
            if key in tasks
        }

    def _generate_examples(
        self,
        *,
        split: str,
        tasks: Sequence[generation.Task] | None = None,
    ) -> Any:
        if tasks is None:
            return self._generate_doodles(split)
        if self.how.beam:
            return beam_path.records(tasks, max_bad_share=self.how.max_bad)
        return self._generate_drawings(tasks)

    def _generate_drawings(
        self, tasks: Sequence[generation.Task]
    ) -> Iterator[generation.Record]:
        yield from generation.generate(
            tasks, self.tally, processes=self.how.processes
        )
        if tasks[0].split == self._last_split:
            self.tally.check(max_bad_share=self.how.max_bad)

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
                record = generation.record(
                    doodle.stroke3, label, facts=ndjson.Facts(key_id=key)
                )
                record["factors"] = dataclasses.asdict(doodle.factors)
                yield key, record


def _is_alike(
    known: configs.QuickdrawStrokesConfig, other: tfds.core.BuilderConfig
) -> bool:
    """Whether two configurations are of the same data, or of a mirror's."""
    return configs.mirror(known.location) == "" and all(
        value == getattr(other, name)
        for name, value in vars(known).items()
        if name not in ("location", "description")
    )


def _factors_feature() -> tfds.features.FeaturesDict:
    """Makes a feature for each field of `doodles.Factors`."""
    dtypes = {bool: np.bool_, int: np.int32, float: np.float32}
    return tfds.features.FeaturesDict(
        {
            name: tfds.features.Scalar(dtypes[kind], doc=doodles.FACTORS[name])
            for name, kind in typing.get_type_hints(doodles.Factors).items()
        }
    )
