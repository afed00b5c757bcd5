"""Export for browsers: TensorFlow.js."""

from export.tfjs.exporting import browser_config, export_tfjs
from export.tfjs.graph_model import QUANTIZATIONS
from export.tfjs.page import export_page

__all__ = ["QUANTIZATIONS", "browser_config", "export_page", "export_tfjs"]
