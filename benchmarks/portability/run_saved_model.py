"""Asks a SavedModel with TensorFlow and NumPy alone, of any version.

python run_saved_model.py DIRECTORY REQUESTS ANSWERS

Both files are npz; their arrays are called SIGNATURE/INPUT and
SIGNATURE/OUTPUT.  Prints TensorFlow's version, and the seconds that loading
and the first answer took, as JSON.
"""

import json
import sys
import time

import numpy as np
import tensorflow as tf


def main(directory, requests, answers):
    """Asks every signature that there is a request of."""
    asked = {}
    with np.load(requests, allow_pickle=False) as arrays:
        for key in arrays.files:
            signature, _, name = key.partition("/")
            asked.setdefault(signature, {})[name] = arrays[key]
    started = time.perf_counter()
    served = tf.saved_model.load(directory)
    loaded = time.perf_counter()
    found, first = {}, None
    for signature, request in asked.items():
        answer = served.signatures[signature](
            **{name: tf.constant(value) for name, value in request.items()}
        )
        for name, value in answer.items():
            found[f"{signature}/{name}"] = value.numpy()
        first = first or time.perf_counter()
    np.savez(answers, **found)
    print(
        json.dumps(
            {
                "version": tf.__version__,
                "loading": loaded - started,
                "first": first - loaded,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
