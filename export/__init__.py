"""What turns a trained model into something deployable."""

from export.saved_model import export_saved_model

__all__ = ["export_saved_model"]
