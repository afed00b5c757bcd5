"""Names of served models, which stand in paths, addresses and YAML."""

import re

# What TensorFlow Serving takes in a URL, needs no quotes in YAML and protobuf
# text, and is one plain directory.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", re.ASCII)
_TAKEN = ("kubernetes", "models.config", "batching.config", "monitoring.config")
_TAKEN += ("compose.yaml", "dockerfile", "readme.md")


def check(name: str) -> None:
    """Raises a ValueError if a model cannot be called so."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            "name: expected 1 to 63 letters, digits, '.', '_' and '-', a "
            f"letter or digit first, got {name!r}"
        )
    if name.lower() in _TAKEN:
        raise ValueError(
            f"name: expected another, as the bundle holds its own {name}"
        )
    # A number would be read as one where YAML has a word.
    if not re.search("[A-Za-z]", name):
        raise ValueError(f"name: expected a letter in it, got {name!r}")


def dns_label(name: str) -> str:
    """Returns a model's name as Kubernetes and Docker want it.

    >>> dns_label("Sketch_RNN.v2")
    'sketch-rnn-v2'
    """
    label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    # "x" first: a Service's name may not begin with a digit.
    return label if label[0].isalpha() else f"x{label}"[:63].rstrip("-")
