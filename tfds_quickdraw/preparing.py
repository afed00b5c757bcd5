"""Preparing a configuration of `quickdraw_strokes` on disk."""

import contextlib
import os
import pathlib
from collections.abc import Sequence

import tensorflow_datasets as tfds
from tensorflow_datasets.core import read_only_builder

from tfds_quickdraw import beam_path, checksums, configs, sources
from tfds_quickdraw.quickdraw_strokes import (
    quickdraw_strokes_dataset_builder as builder_lib,
)


def prepare(
    config: str | configs.QuickdrawStrokesConfig = "doodles",
    data_dir: str | os.PathLike | None = None,
    *,
    max_bad: float | None = None,
    processes: int | None = None,
    sums: str | os.PathLike | None = None,
    beam_options: Sequence[str] | None = None,
) -> tfds.core.DatasetBuilder:
    """Makes the records of a configuration, unless they are there.

    Args:
      config: From `configs.config_for`, or the words that it takes, or the
        name of data that were prepared here from any source.
      data_dir: Where TFDS keeps its data; None is TFDS's default,
        ~/tensorflow_datasets or $TFDS_DATA_DIR.
      max_bad: Largest share of records that may be bad, 0 to 1; None is a
        tenth.
      processes: How many read files; None is one a core.
      sums: A file of SHA-256 sums of the files to download, as of sha256sum.
      beam_options: Options of an Apache Beam pipeline that is to do the work,
        such as "--runner=FlinkRunner"; None does without Beam.

    Returns:
      The builder, for `as_dataset`, `info` and `data_dir`.  Its `tally` says
      what was left out, if this call made the records.

    Raises:
      ValueError: In one line, if a word is unknown, a file is missing, cannot
        be downloaded or is bad, too many records are bad, the records cannot
        be written, or those there are from elsewhere.
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
    if max_bad is not None and not 0 <= max_bad <= 1:
        raise ValueError(f"max_bad: expected 0 to 1, got {max_bad}")
    try:
        builder = builder_lib.Builder(data_dir=data_dir, config=config)
        if pathlib.Path(builder.data_dir).exists():
            _check_location(builder, config)
            return builder
        builder.how = builder.how._replace(
            processes=processes,
            sums=None if sums is None else checksums.read_sums(sums),
            beam=beam_options is not None,
        )
        if max_bad is not None:
            builder.how = builder.how._replace(max_bad=max_bad)
        try:
            builder.download_and_prepare(
                download_config=_download_config(beam_options)
            )
        except FileExistsError:
            # Another process has prepared the same meanwhile.
            builder = builder_lib.Builder(data_dir=data_dir, config=config)
            if not pathlib.Path(builder.data_dir).exists():
                raise
            _check_location(builder, config)
            return builder
        except BaseException:
            # TFDS removes its records, but not the folder made for them.
            with contextlib.suppress(OSError):
                pathlib.Path(builder.data_dir).parent.rmdir()
            raise
    except (OSError, RuntimeError) as error:
        if not _is_of_disk(error):
            raise
        reason = " ".join(str(error).split())
        raise ValueError(
            f"{configs.DATASET}/{config.name}: cannot be prepared in "
            f"{data_dir or 'the data folder of TFDS'}: {reason}"
        ) from error
    return builder


def _is_of_disk(error):
    """Whether it is an error of files, or one that TFDS made of one."""
    # As in `stroke_feature`: importing TensorFlow takes seconds.
    import tensorflow as tf

    while error is not None:
        if isinstance(error, OSError | tf.errors.OpError):
            return True
        error = error.__cause__
    return False


def _check_location(builder, config):
    """Refuses records under the same name from another mirror."""
    there = (builder.info.metadata or {}).get("mirror", "")
    wanted = configs.mirror(config.location)
    if there != wanted:
        raise ValueError(
            f"{builder.data_dir}: expected records from "
            f"{wanted or sources.BUCKET}, got those from "
            f"{there or sources.BUCKET}; give another data folder, or remove "
            "this one"
        )


def _download_config(beam_options):
    if beam_options is None:
        return None
    beam_path.require()
    from apache_beam.options import pipeline_options

    return tfds.download.DownloadConfig(
        beam_options=pipeline_options.PipelineOptions(list(beam_options))
    )


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
