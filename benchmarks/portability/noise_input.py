r"""Whether another engine, given the same noise, draws the same.

    python -m benchmarks.portability.noise_input --model work \
        --python openvino/bin/python

Another engine has no random numbers of TensorFlow's.  So one step of the
decoder is exported with its noise as an input, and an environment with OpenVINO
and NumPy alone draws whole sketches by it; the pen states have to be those of
TensorFlow, and the offsets within 1e-4 of their scale, up to each sketch's end.
Returns 1 if they are not.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import tensorflow as tf

from benchmarks.portability import judgement
from sketch_rnn_tf import randomness, training
from sketch_rnn_tf.generation import sampler
from sketch_rnn_tf.model import decoder as decoder_lib, next_point, vae


def main(argv: list[str] | None = None) -> int:
    """Runs the comparison; 1 if it does not hold, 2 for bad input."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", required=True, metavar="DIR")
    parser.add_argument(
        "--python",
        required=True,
        metavar="FILE",
        help="of an environment with OpenVINO",
    )
    parser.add_argument("--count", type=int, default=16, help="drawings")
    parser.add_argument("--temperature", type=float, default=0.4)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    try:
        model = training.load(arguments.model)
        with tempfile.TemporaryDirectory() as folder:
            return _run(arguments, model, pathlib.Path(folder))
    except (ValueError, OSError) as error:
        line = " ".join(str(error).split())
        print(f"noise_input: {line}", file=sys.stderr)
        return 2


def export_step(
    model: "vae.SketchRNN", directory: pathlib.Path, count: int
) -> None:
    """Writes a SavedModel of one step, its noise an input.

    Inputs are point [B, 5], condition [B, P], state_0, state_1, ..., u [B, 4]
    and temperature [B]; outputs next_point, next_state_0, ...

    Args:
      model: The model.
      directory: What to write to.
      count: B, which is fixed: engines plan for it.
    """
    decoder = model.decoder
    sizes = decoder.recurrent_cell.state_sizes
    _, bias = decoder.recurrent_cell.input_projection()
    specs = {
        "point": decoder_lib.POINT_SIZE,
        "condition": bias.shape[0],
        "u": 4,
        **{f"state_{i}": size for i, size in enumerate(sizes)},
    }
    specs = {
        name: tf.TensorSpec([count, size], tf.float32, name=name)
        for name, size in specs.items()
    }
    specs["temperature"] = tf.TensorSpec(
        [count], tf.float32, name="temperature"
    )

    def step(**given):
        states = tuple(given[f"state_{i}"] for i in range(len(sizes)))
        params, states = decoder.advance(
            given["point"], given["condition"], states
        )
        point = next_point.sample_point(
            params,
            given["u"],
            given["temperature"],
            compatibility=model.config.compatibility,
        )
        named = {f"next_state_{i}": s for i, s in enumerate(states)}
        return {"next_point": point, **named}

    module = tf.Module()
    module.weights = [weight.value for weight in model.weights]
    function = tf.function(step).get_concrete_function(**specs)
    tf.saved_model.save(module, str(directory), signatures=function)


def _run(arguments, model, folder):
    count, max_len = arguments.count, model.config.max_len
    export_step(model, folder / "step", count)
    seeds = tf.range(arguments.seed, arguments.seed + count)
    z = tf.zeros([count, 0])
    if model.decoder.z_size:
        z = randomness.prior(seeds, z_size=model.decoder.z_size)
    temperature = tf.fill([count], arguments.temperature)
    expected, lengths = sampler.decode(
        model.decoder,
        z,
        temperature,
        seeds,
        tf.fill([count], max_len),
        softmax_temperature=tf.fill([count], next_point.SAME_TEMPERATURE),
        prefix=tf.zeros([count, 0, decoder_lib.POINT_SIZE]),
        prefix_lengths=tf.zeros([count], tf.int32),
        start_point=model.config.start_point,
        compatibility=model.config.compatibility,
    )
    noise = randomness.uniforms(seeds, randomness.POINTS, [max_len, 4])
    places = sampler.start(model.decoder, z, model.config.start_point)
    np.savez(
        folder / "request.npz",
        noise=np.transpose(noise, [1, 0, 2]),
        point=places.point,
        condition=places.condition,
        temperature=temperature,
        **{f"state_{i}": s for i, s in enumerate(places.state)},
    )
    script = pathlib.Path(__file__).with_name("run_steps.py")
    result = subprocess.run(
        [
            *(arguments.python, script, folder / "step"),
            *(folder / "request.npz", folder / "answer.npz"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        lines = result.stderr.strip().splitlines() or ["no message"]
        raise ValueError(f"{arguments.python}: {lines[-1]}")
    with np.load(folder / "answer.npz", allow_pickle=False) as arrays:
        points = arrays["points"]
    answers = [
        {
            "strokes": strokes,
            "lengths": lengths.numpy(),
            "status": np.zeros(count, np.int32),
        }
        for strokes in (points, expected.numpy())
    ]
    judged = judgement.compare(*answers, 1.0)
    print(
        f"OpenVINO {result.stdout.strip()}: {judged.pens} of {count} drawings "
        f"with the same pen states, {int(lengths.numpy().sum())} points, "
        f"largest difference {judged.difference:.1e} of the scale, "
        f"{'holds' if judged.holds else 'DOES NOT HOLD'}"
    )
    return 0 if judged.holds else 1


if __name__ == "__main__":
    sys.exit(main())
