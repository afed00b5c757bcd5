"""`sketch-rnn download`."""

import argparse
import textwrap

from sketch_rnn_tf.weights import published_models


def download(arguments: argparse.Namespace) -> None:
    """Downloads a published model into a work directory, or lists them."""
    if arguments.name is None:
        print(textwrap.fill(", ".join(published_models.NAMES), 79))
        return
    elsewhere = arguments.url or arguments.base_url
    name = published_models.checked_name(arguments.name, known=not elsewhere)
    base_url = arguments.base_url or (
        published_models.LARGE_BASE_URL
        if arguments.large
        else published_models.BASE_URL
    )
    location = arguments.url or published_models.url(name, base_url=base_url)
    out = name if arguments.out is None else arguments.out
    print(f"reading {location}", flush=True)
    folder, digest = published_models.download(
        location,
        out,
        sha256=arguments.sha256,
        max_bytes=round(arguments.max_megabytes * 1e6),
        max_seconds=arguments.seconds,
    )
    print(f"SHA-256 {digest}")
    print(f"wrote {folder}")
