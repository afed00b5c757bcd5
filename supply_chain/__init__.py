"""What this project brings along: pins, audits, distributions.

Part of the repository alone, not of what is installed.
"""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[1]
