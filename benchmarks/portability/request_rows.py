"""What is asked in every place: drawings of mixed seeds and lengths."""

import numpy as np
import tensorflow as tf


def requests(
    signatures: dict, *, count: int, seed: int
) -> dict[str, dict[str, np.ndarray]]:
    """Makes a request of every signature.

    Sketches are the model's own, so that no data are needed.  Every eighth row
    is bad.

    Args:
      signatures: Of `tf.saved_model.load`.
      count: Rows of each.
      seed: Of it all.

    Returns:
      Inputs by signature and name.
    """
    rng = np.random.default_rng(seed)
    shape = (
        signatures["score"].structured_outputs["point_log_likelihoods"].shape
    )
    max_len = int(shape[1])
    how = {
        "temperature": rng.uniform(0.0, 1.0, count).astype(np.float32),
        "seed": rng.integers(0, 2**31, count, dtype=np.int32),
        "max_len": rng.integers(
            max(2, max_len // 2), max_len + 1, count, dtype=np.int32
        ),
    }
    inputs = signatures["decode"].structured_input_signature[1]
    z = {}
    if "z" in inputs:
        size = inputs["z"].shape[1]
        z = {"z": rng.normal(size=(count, size)).astype(np.float32)}
    drawn = signatures["decode"](
        **{name: tf.constant(value) for name, value in (z | how).items()}
    )
    # Of a drawing without points, its first row, as if it were one.
    strokes = drawn["strokes"].numpy()
    lengths = np.maximum(1, drawn["lengths"].numpy())
    strokes[np.arange(count), lengths - 1, 2:] = [0, 1, 0]
    sketch = {"strokes": strokes, "lengths": lengths}
    given = sketch | {"lengths": np.maximum(1, lengths // 2)}
    bad = np.arange(count) % 8 == 5
    how["temperature"][bad] = -1
    made = {
        "decode": z | how,
        "complete": given | how,
        "score": sketch,
        "encode": sketch,
        "reconstruct": sketch | how,
    }
    if z:
        ends = {"z_first": z["z"], "z_last": z["z"][::-1].copy()}
        t = {"t": rng.uniform(0, 1, count).astype(np.float32)}
        made["interpolate"] = ends | t | how
    return {name: made[name] for name in made if name in signatures}
