"""Files as the reference implementation leaves them, written for tests."""

import json
import pathlib

import numpy as np
import tensorflow as tf

SHARED = pathlib.Path(__file__).resolve().parents[2] / "shared"
PREFIX = "vector_rnn/"


def write_checkpoint(
    directory, variables, *, name="vector-0", extra=None, config=None
):
    """Writes a TF1 checkpoint.

    Args:
      directory: Made where it is missing.
      variables: Trainable ones, by name without `vector_rnn/`.
      name: The checkpoint's prefix in the directory.
      extra: Further ones, by their full names.
      config: What `model_config.json` holds; None writes none.

    Returns:
      The directory.
    """
    directory.mkdir(parents=True, exist_ok=True)
    named = {PREFIX + k: np.asarray(v) for k, v in variables.items()}
    named |= {k: np.asarray(v) for k, v in (extra or {}).items()}
    tf.raw_ops.SaveV2(
        prefix=str(directory / name),
        tensor_names=list(named),
        shape_and_slices=[""] * len(named),
        tensors=[tf.constant(value) for value in named.values()],
    )
    if config is not None:
        (directory / "model_config.json").write_text(json.dumps(config))
    return directory


def training_variables(variables, *, step, seed=0):
    """Returns what a training checkpoint holds beside the weights.

    The names are those of its graph of training and of its twin for
    evaluation; the moments of Adam are drawn.
    """
    rng = np.random.default_rng(seed)
    extra = {
        PREFIX + "global_step": np.int32(step),
        PREFIX + "Variable": np.float32(1e-3),
        PREFIX + "Variable_1": np.float32(0.01),
        PREFIX + "beta1_power": np.float32(0.9**step),
        PREFIX + "beta2_power": np.float32(0.999**step),
    }
    for name in ("global_step", "Variable", "Variable_1"):
        extra[f"vector_rnn_1/{name}"] = extra[PREFIX + name]
    for name, value in variables.items():
        slot = f"{PREFIX}{PREFIX}{name}/Adam"
        first = rng.normal(0, 1e-3, value.shape)
        extra[slot] = first.astype(np.float32)
        extra[f"{slot}_1"] = (first**2 + 1e-8).astype(np.float32)
    return extra


def write_npz(path, sketches, *, test=6):
    """Writes sketches as a sketchrnn file: train, and twice the last ones."""

    def objects(rows):
        made = np.empty(len(rows), object)
        made[:] = [np.asarray(row, np.int16) for row in rows]
        return made

    held_out = objects(sketches[-test:])
    np.savez(
        path,
        train=objects(sketches[:-test]),
        valid=held_out,
        test=held_out,
    )
    return path
