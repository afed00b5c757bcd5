"""The same training gives the same weights, in another process as well."""

import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Trains, draws, and prints the digests of weights, optimizer and drawings.
SCRIPT = """
import hashlib, json, sys, tempfile
import numpy as np
from sketch_rnn_tf import doodles, presets, training
from sketch_rnn_tf.data import measurement
from sketch_rnn_tf.generation import sampling

def digest(arrays):
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()

sketches = [doodles.draw(kind, seed=seed).stroke3
            for seed in range(6) for kind in doodles.KINDS]
config = presets.preset("tiny").replace(
    encoder_cell="layer_norm", batch_size=40, num_buckets=2,
    input_dropout=0.1, output_dropout=0.1, seed=11,
    steps=int(sys.argv[1]), validate_every=int(sys.argv[1]))
config = measurement.fit_config(config, sketches)
with tempfile.TemporaryDirectory() as folder:
    model = training.train(
        config, sketches, sketches[:10], folder + "/work", verbose=0)
# Few steps have not taught it to go on.
bias = model.decoder.output_bias.numpy()
bias[2] -= 3.0
model.decoder.output_bias.assign(bias)
drawn = sampling.sample(model, count=4, temperature=0.7, seed=3)
print(json.dumps({
    "weights": digest(w.numpy() for w in model.weights),
    "optimizer": digest(np.asarray(v.numpy())
                        for v in model.optimizer.variables),
    "drawings": digest(drawn.sketches),
    "points": sum(len(sketch) for sketch in drawn.sketches),
}))
"""


def _run(steps):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(steps)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=1500,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_twice_the_same_training_gives_the_same_bits(effort):
    # On as many threads: one alone adds up in another order.
    steps = round(8 * effort) or 1
    first = _run(steps)
    assert _run(steps) == first
    assert first["points"] > 0
