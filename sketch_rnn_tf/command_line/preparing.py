"""`sketch-rnn prepare`."""

import argparse
import os
import pathlib
import shlex
import sys

FILES = (".npz", ".ndjson", ".ndjson.gz")


def prepare(arguments: argparse.Namespace) -> None:
    """Writes a data set's records to disk."""
    import tfds_quickdraw

    spec = arguments.dataset
    selection = {
        name: getattr(arguments, name)
        for name in (
            "recipe", "epsilon", "max_points", "too_long", "max_drawings",
        )
        if getattr(arguments, name) is not None
    }  # fmt: skip
    if arguments.only_recognized:
        selection["only_recognized"] = True
    if spec.endswith(FILES) or pathlib.Path(spec).is_dir():
        if arguments.source:
            raise ValueError("source: expected none with files of one's own")
        config = tfds_quickdraw.config_for(
            files=spec, source=arguments.format, dtype=arguments.dtype,
            **selection,
        )  # fmt: skip
    else:
        config = tfds_quickdraw.config_for(
            spec, source=arguments.format, location=arguments.source,
            dtype=arguments.dtype, **selection,
        )  # fmt: skip
    beam_options = arguments.beam_options
    builder = tfds_quickdraw.prepare(
        config,
        data_dir=arguments.data_dir,
        max_bad=arguments.max_bad,
        processes=arguments.processes,
        sums=arguments.sums,
        beam_options=None
        if beam_options is None
        else shlex.split(beam_options),
    )
    for line in builder.tally.lines() if hasattr(builder, "tally") else []:
        print(line, file=sys.stderr)
    counts = {
        name: split.num_examples for name, split in builder.info.splits.items()
    }
    listed = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    print(f"{builder.info.full_name}: {listed}")
    print(f"wrote {os.fspath(builder.data_dir)}")
