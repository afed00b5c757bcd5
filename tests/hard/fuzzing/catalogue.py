"""The catalogue: all entrances, and how many inputs each has a share of."""

import importlib
from typing import NamedTuple

from fuzzing import entrance as entrance_lib


class Share(NamedTuple):
    """What an entrance gets.

    Attributes:
      module: Where it is, below `fuzzing`.
      few: Inputs of a test.
      many: Inputs of a long run.
    """

    module: str
    few: int
    many: int


SHARES = {
    "npz": Share("archives", 300, 8000),
    "npz_arrays": Share("archives", 300, 8000),
    "array_pickle": Share("archives", 500, 12000),
    "ndjson": Share("drawings", 300, 8000),
    "ndjson_gz": Share("drawings", 300, 8000),
    "polylines_json": Share("drawings", 300, 10000),
    "svg": Share("drawings", 300, 10000),
    "png": Share("pictures", 60, 2000),
    "png_bytes": Share("pictures", 200, 6000),
    "jpeg": Share("pictures", 60, 2000),
    "config_json": Share("work_directories", 500, 10000),
    "history_csv": Share("work_directories", 500, 10000),
    "card_json": Share("cards", 500, 10000),
    "rest_answers": Share("servers", 300, 8000),
    "latent_records": Share("records", 200, 4000),
    "sketch_rnn_js": Share("weight_files", 100, 2500),
    "packed_model": Share("weight_files", 100, 2500),
    "tf1_checkpoint": Share("checkpoints", 80, 2500),
    "training_checkpoint": Share("checkpoints", 80, 2000),
    "best_weights": Share("checkpoints", 80, 2000),
    "saved_model": Share("served", 80, 2000),
    "tfjs_files": Share("browser", 200, 3000),
    "sketch_rnn_js_page": Share("browser", 300, 4000),
}
"""Every entrance; those that build models are slow, and so are pictures."""


def entrance(name: str) -> entrance_lib.Entrance:
    """Imports an entrance, and with it the part of the library behind it.

    Args:
      name: One of `SHARES`, or module:name of another one.
    """
    module, _, own = name.partition(":")
    if not own:
        module, own = f"fuzzing.{SHARES[name].module}", name
    return importlib.import_module(module).ENTRANCES[own]
