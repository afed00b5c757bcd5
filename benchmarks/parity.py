"""Compares our model with recordings of the reference implementation.

python -m benchmarks.parity DIR [DIR ...]

Each DIR holds a TF1 checkpoint and `parity.npz`, with keys `in/strokes`,
`in/lengths`, `in/eps`, `in/kl_weight`, and what was recorded: `out/...` and
`grad/...`.  The checkpoint is read by the public importer.
"""

import argparse
import pathlib
import sys
import zipfile

import numpy as np
import tensorflow as tf

from benchmarks import report
from sketch_rnn_tf.model import distributions, losses, vae
from sketch_rnn_tf.weights import magenta, reference_weights

OUTPUT_TOLERANCE = 2e-5
GRADIENT_TOLERANCE = 2e-4
"""Relative to the tensor's largest magnitude."""


def main() -> int:
    """Runs the comparison; returns 1 if any case fails, 2 for bad input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="+", metavar="DIR")
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    rows, failed = [], False
    for case in map(pathlib.Path, arguments.cases):
        try:
            errors = compare(case)
        except (ValueError, OSError) as error:
            print(f"parity: {error}", file=sys.stderr)
            return 2
        worst = {"out": 0.0, "grad": 0.0}
        for name, (absolute, relative) in errors.items():
            print(f"  {name:72} {absolute:9.2e} {relative:9.2e}")
            kind = name.partition("/")[0]
            # A NaN compares as neither larger nor smaller.
            worst[kind] = float(np.maximum(worst[kind], relative))
        good = (
            worst["out"] <= OUTPUT_TOLERANCE
            and worst["grad"] <= GRADIENT_TOLERANCE
        )
        failed |= not good
        print(
            f"{case.name} {'PASS' if good else 'FAIL'} "
            f"max_output_error={worst['out']:.3g} "
            f"max_gradient_error={worst['grad']:.3g}"
        )
        for kind, unit in (("out", "output error"), ("grad", "gradient error")):
            rows.append(report.Row(case.name, worst[kind], unit))
    if arguments.json:
        report.write_json(rows, arguments.json)
    return int(failed)


def compare(case: pathlib.Path) -> dict[str, tuple[float, float]]:
    """Compares every recorded output and gradient of a case.

    Args:
      case: The directory.

    Returns:
      For each recorded name the largest absolute difference, and that
      relative to the recorded tensor's largest magnitude.

    Raises:
      ValueError: If the recording or the checkpoint is missing or damaged.
    """
    recorded = _recording(case / "parity.npz")
    model, _ = magenta.import_magenta(
        case, max_len=recorded["in/strokes"].shape[1] - 1
    )
    if model.encoder is not None and "in/eps" not in recorded:
        raise ValueError(
            f"{case / 'parity.npz'}: expected in/eps, found none, and the "
            "model is conditional"
        )
    ours = outputs_and_gradients(model, recorded)
    errors = {}
    for name, wanted in recorded.items():
        if not name.startswith(("out/", "grad/")):
            continue
        key = name.replace(magenta.PREFIX, "").removesuffix(":0")
        if key not in ours:
            raise ValueError(f"{case}: no counterpart of {name}")
        if ours[key].shape != wanted.shape:
            raise ValueError(
                f"{case}: {name}: expected shape {list(ours[key].shape)}, "
                f"got {list(wanted.shape)}"
            )
        difference = float(np.abs(ours[key] - wanted).max(initial=0.0))
        largest = float(np.abs(wanted).max(initial=0.0))
        if largest:
            relative = difference / largest
        else:
            relative = 0.0 if difference == 0 else np.inf
        errors[key] = (difference, relative)
    return errors


def outputs_and_gradients(
    model: "vae.SketchRNN", recorded: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Runs the model on recorded inputs, without dropout.

    Args:
      model: The model.
      recorded: Holds `in/strokes` [B, N_max + 1, 5], `in/lengths` [B] and,
        for a conditional model, `in/eps` [B, Z] and `in/kl_weight`.

    Returns:
      Outputs and gradients, by the names that they are recorded by, without
      the variables' prefix.
    """
    points = tf.constant(recorded["in/strokes"], tf.float32)
    lengths = tf.constant(recorded["in/lengths"], tf.int32)
    inputs, targets = points[:, :-1], points[:, 1:]
    found = {}
    with tf.GradientTape() as tape:
        z, kl = None, tf.constant(0.0)
        if model.encoder is not None:
            posterior = model.encoder(targets, lengths)
            log_var = 2.0 * tf.math.log(posterior.scale)
            z = posterior.loc + posterior.scale * tf.constant(
                recorded["in/eps"], tf.float32
            )
            kl = tf.reduce_mean(losses.kl_divergence(posterior.loc, log_var))
            found |= {"mean": posterior.loc, "presig": log_var, "z": z}
        params = model.decoder(inputs, z)
        predicted = distributions.point_distribution(params)
        # The reference's own form, with its constant in the density.
        recon = losses.reconstruction(
            predicted,
            targets,
            max_len=targets.shape[1],
            density_floor=magenta.DENSITY_FLOOR,
        )
        recon = tf.reduce_mean(recon.offset + recon.pen)
        cost = recon + float(recorded.get("in/kl_weight", 0.0)) * kl
    pieces = reference_weights.pieces(model)
    gradients = tape.gradient(cost, [piece.weight.value for piece in pieces])
    normals = predicted.offset.components_distribution
    mean = normals.mean()
    batch_size = points.shape[0]
    state = model.decoder.initial_state(z, batch_size=batch_size)
    found |= {"initial_state": tf.concat(state, axis=1)}
    for step in range(inputs.shape[1]):
        _, state = model.decoder.step(inputs[:, step], z, state)
    found |= {
        "final_state": tf.concat(state, axis=1),
        "pi": tf.nn.softmax(predicted.offset.mixture_distribution.logits),
        "mu1": mean[..., 0],
        "mu2": mean[..., 1],
        "sigma1": normals.scale_x,
        "sigma2": normals.scale_y,
        "corr": normals.rho,
        "pen_logits": predicted.pen.logits,
        "r_cost": recon,
        "kl_cost": kl,
    }
    values = {f"out/{name}": value.numpy() for name, value in found.items()}
    for piece, gradient in zip(pieces, gradients, strict=True):
        dense = tf.convert_to_tensor(gradient).numpy()
        for name, part in reference_weights.split(piece, dense).items():
            values[f"grad/{name}"] = part
    return values


def _recording(file):
    try:
        with np.load(file, allow_pickle=False) as arrays:
            recorded = {name: arrays[name] for name in arrays.files}
    except (ValueError, zipfile.BadZipFile, EOFError) as error:
        raise ValueError(f"{file}: expected a recording, got {error}") from None
    for name in ("in/strokes", "in/lengths"):
        if name not in recorded:
            raise ValueError(f"{file}: expected {name}, found none")
    return recorded


if __name__ == "__main__":
    sys.exit(main())
