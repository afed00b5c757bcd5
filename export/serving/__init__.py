"""Bundles for TensorFlow Serving: a model, its versions and its configuration.

from export import serving

serving.export_serving(model, "bundle", name="doodles")
serving.promote("bundle", name="doodles")
"""

from export.serving.bundle import Written, export_serving
from export.serving.models_config import promote

__all__ = ["Written", "export_serving", "promote"]
