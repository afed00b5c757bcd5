"""`sketch-rnn pack`."""

import argparse
import pathlib

from sketch_rnn_tf import datasets, packing, pretrained
from sketch_rnn_tf.training import work_directory


def pack(arguments: argparse.Namespace) -> None:
    """Makes a packed model of a work directory."""
    training = {}
    for fact in arguments.fact:
        name, separator, text = fact.partition("=")
        if not separator or not name.strip():
            raise ValueError(f"fact: expected NAME=TEXT, got {fact!r}")
        training[name.strip()] = text.strip()
    data = datasets.load(arguments.data, data_dir=arguments.data_dir)
    config = work_directory.load_config(pretrained.find(arguments.model))
    if config.class_size:
        source = data.labelled(arguments.split, config.words)
    else:
        source = getattr(data, arguments.split)
    folder = packing.pack(
        arguments.model,
        arguments.out,
        source,
        name=arguments.name,
        facts=packing.Facts(
            summary=arguments.summary,
            data=arguments.trained_on,
            licence=arguments.licence,
            attribution=arguments.attribution,
            evaluated_on=arguments.evaluated_on
            or f"{_named(arguments.data)}, {arguments.split} split",
            limits=arguments.limits,
            training=training,
        ),
        quantize=arguments.quantize,
        say=print,
        verbose=1,
    )
    print(f"wrote {folder}: {pretrained.size(folder):,} bytes")


def _named(spec):
    """Names data without this machine's folders."""
    parts = [part.strip() for part in spec.split(",")]
    return ", ".join(
        pathlib.Path(part).name if pathlib.Path(part).exists() else part
        for part in parts
    )
