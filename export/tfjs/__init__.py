"""Export for browsers: TensorFlow.js."""

from export.tfjs.exporting import browser_config, export_tfjs
from export.tfjs.graph_model import QUANTIZATIONS

__all__ = ["QUANTIZATIONS", "browser_config", "export_tfjs"]
