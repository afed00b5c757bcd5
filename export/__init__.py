"""What turns a trained model into something deployable.

`export_saved_model` writes it, `export.serving` makes a bundle for TensorFlow
Serving of it, and `export.client` asks a server that has one; `export.tfjs`
writes it for browsers, where `web/` draws with it.
"""

import importlib
from typing import Any

__all__ = ["export_saved_model"]


def __getattr__(name: str) -> Any:
    # The client does without TensorFlow, which the rest needs.
    if name == "export_saved_model":
        return importlib.import_module("export.saved_model").export_saved_model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
