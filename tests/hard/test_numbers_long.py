"""Long trainings stay finite and learn, in every precision."""

import pytest

from benchmarks import long_training
from sketch_rnn_tf import config as config_lib


@pytest.mark.parametrize("precision", config_lib.PRECISIONS)
def test_hundreds_of_steps_without_nan(precision, effort):
    steps = max(200, round(200 * effort))
    outcome = long_training.trained(
        long_training.configuration(precision),
        long_training.some_doodles(10),
        steps=steps,
    )
    assert outcome.steps == steps
    assert outcome.good, outcome
    # Means of the first hundred steps and of the last: 0.5 nats were gained.
    assert outcome.last_loss < outcome.first_loss - 0.3
