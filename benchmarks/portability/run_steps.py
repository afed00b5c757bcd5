"""Draws by steps with OpenVINO alone, without TensorFlow.

python run_steps.py DIRECTORY REQUEST ANSWER

DIRECTORY is a SavedModel of one step whose noise is an input (see
`noise_input`); both files are npz.  Prints OpenVINO's version.
"""

import sys

import numpy as np
import openvino


def main(directory, request, answer):
    """Draws as many steps as there is noise, and writes all points."""
    with np.load(request, allow_pickle=False) as arrays:
        given = {name: arrays[name] for name in arrays.files}
    compiled = openvino.compile_model(
        openvino.convert_model(directory),
        "CPU",
        # Some processors would take bfloat16.
        {"INFERENCE_PRECISION_HINT": "f32"},
    )
    noise = given.pop("noise")  # [T, B, 4]
    points = []
    for u in noise:
        found = compiled(given | {"u": u})
        named = {output.get_any_name(): found[output] for output in found}
        points.append(named.pop("next_point"))
        given["point"] = points[-1]
        given |= {
            name.removeprefix("next_"): value for name, value in named.items()
        }
    np.savez(answer, points=np.stack(points, axis=1))
    print(openvino.__version__)


if __name__ == "__main__":
    main(*sys.argv[1:])
