"""Claims: every sentence of the paper that can be measured, and whether so.

Each has a criterion that was written down before it was measured.
"""

from sketch_rnn_tf.experiments.claims import (
    coherence,
    endings,
    inputs,
    likelihood,
)
from sketch_rnn_tf.experiments.claims.claim import Claim, Measured

__all__ = ["CLAIMS", "Claim", "Measured"]

CLAIMS: dict[str, Claim] = {
    **likelihood.CLAIMS,
    **coherence.CLAIMS,
    **endings.CLAIMS,
    **inputs.CLAIMS,
}
"""By name, in the order in which they are measured."""
