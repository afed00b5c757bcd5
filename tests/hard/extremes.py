"""Extreme numbers for the hard tests, and how much of them a test tries."""

import hypothesis
import numpy as np
from hypothesis import strategies as st

MOST = float(np.finfo(np.float32).max)
LEAST = float(np.finfo(np.float32).smallest_subnormal)

_SIZES = (0.0, LEAST, 1e-38, 1e-30, 1e-3, 1.0, 40.0, 1e3, 1e4, 1e30, MOST)

NUMBERS = st.sampled_from(
    # Rounded, as else NumPy's strategies refuse them.
    [sign * float(np.float32(size)) for size in _SIZES for sign in (1, -1)]
) | st.floats(width=32, allow_nan=False, allow_infinity=False)
"""Any finite float32, the ends of its range most often."""


def tried(examples: int, effort: float) -> hypothesis.settings:
    """Returns settings that always try the same, so many at effort 1."""
    return hypothesis.settings(
        max_examples=max(1, round(examples * effort)),
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        # To shrink what failed may take minutes.
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    )


@st.composite
def sketches(draw, max_len: int):
    """Draws a valid sketch, float32 [N, 3], N from 1 to max_len.

    Lengths of 1 and max_len, and sketches all of one pen state, come up most.
    """
    length = draw(st.sampled_from([1, 1, max_len]) | st.integers(1, max_len))
    usual = draw(st.booleans())
    numbers = st.floats(-50, 50, width=32) if usual else NUMBERS
    offsets = draw(st.lists(numbers, min_size=2 * length, max_size=2 * length))
    pens = draw(
        st.sampled_from([[0.0] * length, [1.0] * length])
        | st.lists(
            st.sampled_from([0.0, 1.0]), min_size=length, max_size=length
        )
    )
    pairs = np.float32(offsets).reshape(length, 2)
    return np.concatenate([pairs, np.float32(pens)[:, None]], axis=1)
