"""Preparing a configuration of `quickdraw_strokes` on disk."""

import os

import tensorflow_datasets as tfds
from tensorflow_datasets.core import read_only_builder

from tfds_quickdraw import configs
from tfds_quickdraw.quickdraw_strokes import (
    quickdraw_strokes_dataset_builder as builder_lib,
)


def prepare(
    config: str | configs.QuickdrawStrokesConfig = "doodles",
    data_dir: str | os.PathLike | None = None,
) -> tfds.core.DatasetBuilder:
    """Makes the records of a configuration, unless they are there.

    Args:
      config: From `configs.config_for`, or the words that it takes, or the
        name of data that were prepared here from any source.
      data_dir: Where TFDS keeps its data; None is TFDS's default,
        ~/tensorflow_datasets or $TFDS_DATA_DIR.

    Returns:
      The builder, for `as_dataset`, `info` and `data_dir`.

    Raises:
      ValueError: In one line, if a word is unknown, a file is missing, cannot
        be downloaded or is bad, or the records cannot be written.
    """
    if isinstance(config, str):
        try:
            config = configs.config_for(config)
        except ValueError:
            prepared = _prepared(
                config.removeprefix(f"{configs.DATASET}/"), data_dir
            )
            if prepared is None:
                raise
            return prepared
    try:
        builder = builder_lib.Builder(data_dir=data_dir, config=config)
        builder.download_and_prepare()
    except OSError as error:
        reason = " ".join(str(error).split())
        raise ValueError(
            f"{configs.DATASET}/{config.name}: cannot be prepared in "
            f"{data_dir or 'the data folder of TFDS'}: {reason}"
        ) from error
    return builder


def _prepared(
    name: str, data_dir: str | os.PathLike | None
) -> tfds.core.DatasetBuilder | None:
    """Finds data whose configuration only the disk knows by name."""
    try:
        return read_only_builder.builder_from_files(
            configs.DATASET, config=name, data_dir=data_dir
        )
    except tfds.core.DatasetNotFoundError:
        return None
