"""Streaming: memory grows neither with the passes nor with the data set."""

import json
import os
import subprocess
import sys

import pytest

import tfds_quickdraw

# Trains on all records, streamed, and prints MiB resident after each pass.
SCRIPT = """
import json
import sys

import keras
import psutil
from sketch_rnn_tf import datasets, presets
from sketch_rnn_tf.data import input_pipeline
from sketch_rnn_tf.model import vae

data = datasets.load(sys.argv[1], data_dir=sys.argv[2], stream=True)
config = presets.preset("tiny").replace(
    conditional=False, decoder_size=8, num_mixtures=3, batch_size=500,
    max_len=64, scale_factor=30.0,
)
model = vae.SketchRNN(config)
model.compile()
resident = []
process = psutil.Process()
measure = keras.callbacks.LambdaCallback(
    on_epoch_end=lambda *_: resident.append(process.memory_info().rss / 2**20)
)
model.fit(
    input_pipeline.batches(data.train, config, training=True),
    steps_per_epoch=int(data.train.cardinality()) // config.batch_size,
    epochs=3,
    callbacks=[measure],
    verbose=0,
)
print(json.dumps(resident))
"""


def _resident(name, data_dir):
    """Returns MiB after each of three epochs, in a process of its own."""
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, f"quickdraw_strokes/{name}", data_dir],
        # With a pool of freed memory for each thread, how much is resident
        # says how the threads took turns; with large tensors in the pools,
        # in what order their sizes came.
        env={
            **os.environ,
            "MALLOC_ARENA_MAX": "2",
            "MALLOC_MMAP_THRESHOLD_": "131072",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.slow
def test_streaming_ten_times_the_data_takes_no_more_memory(tmp_path):
    resident = {}
    for name, count in (("doodles", 10_000), ("doodles_large", 100_000)):
        builder = tfds_quickdraw.prepare(name, tmp_path)
        assert builder.info.splits["train"].num_examples == count
        resident[name] = _resident(name, str(tmp_path))
    # 100,000 sketches are 43 MiB in float32, and 220 as TFDS would cache
    # them.  What is resident settles within a few passes, from the first to
    # the third by 1 to 14 MiB, and from there to the seventh by 4.
    large = resident["doodles_large"]
    assert large[2] - large[0] < 24, resident
    # The shuffle buffer holds 20,000 sketches, or all of the small set.
    assert max(large) - max(resident["doodles"]) < 30, resident
