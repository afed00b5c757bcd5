"""Export of a model as a SavedModel with serving signatures.

Every input has the batch first; offsets are in the user's units, in and out.
Each signature also returns `status`, int32 [B], see `export.status`.

    encode    strokes float32 [B, T, 5], lengths int32 [B]
              -> mu, log_var float32 [B, Z]
    decode    z float32 [B, Z], temperature float32 [B], seed int32 [B],
              max_len int32 [B]
              -> strokes float32 [B, L, 5], lengths int32 [B]
    complete  strokes, lengths, temperature, seed, max_len, as above
              -> strokes, lengths, prefix_lengths int32 [B]

`strokes` are stroke-5 without S_0; rows from `lengths` on are ignored going
in and are end rows coming out.  `max_len` counts all points, given ones
included; L is the largest one of the good rows.  `complete` is
`serving_default` too.  An unconditional model has no `encode`, and its
`decode` takes no z.
"""

import os
import pathlib
import shutil
import tempfile

import tensorflow as tf

from export import status as status_lib
from sketch_rnn_tf import (
    decoder as decoder_lib,
    input_pipeline,
    next_point,
    sampler as sampler_lib,
    strokes as strokes_lib,
    vae,
)
from sketch_rnn_tf.backend import keras


def export_saved_model(
    model: "vae.SketchRNN", directory: str | os.PathLike
) -> pathlib.Path:
    """Writes the next version of a SavedModel.

    Args:
      model: The model.
      directory: What holds the versions, as TF Serving wants it: 1, 2, ...

    Returns:
      The directory of the version written, `directory`/N.

    Raises:
      ValueError: If `directory` is a file.
    """
    directory = pathlib.Path(directory)
    if directory.exists() and not directory.is_dir():
        raise ValueError(f"{directory}: expected a directory, got a file")
    directory.mkdir(parents=True, exist_ok=True)
    versions = [int(p.name) for p in directory.iterdir() if p.name.isdigit()]
    target = directory / str(max(versions, default=0) + 1)
    partial = tempfile.mkdtemp(prefix=".partial-", dir=directory)
    try:
        _write(model, partial)
        os.chmod(partial, 0o755)
        os.rename(partial, target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return target


def _write(model, path):
    signatures = Signatures(model)
    # Not tracking the model writes one copy of the weights: those that the
    # endpoints capture.
    archive = keras.export.ExportArchive()
    # The first endpoint becomes serving_default.
    for name in ("complete", "decode", "encode"):
        function = getattr(signatures, name, None)
        if function is not None:
            archive.add_endpoint(name, function)
    archive.write_out(path, verbose=False)


class Signatures:
    """The functions that a model is served by, in the user's units.

    Attributes `encode` (None if unconditional), `decode` and `complete` are
    `tf.function`s; see the module for what they take and return.

    Args:
      model: The model.
    """

    def __init__(self, model: "vae.SketchRNN"):
        config = model.config
        scale = config.scale_factor
        max_len_limit = config.max_len
        sampler = sampler_lib.of(model)
        z_size = model.decoder.z_size
        conditional = model.encoder is not None
        end_point = tf.constant(strokes_lib.END_POINT)
        strokes_spec = tf.TensorSpec(
            [None, None, decoder_lib.POINT_SIZE], tf.float32, name="strokes"
        )
        lengths_spec = tf.TensorSpec([None], tf.int32, name="lengths")
        z_spec = tf.TensorSpec([None, z_size], tf.float32, name="z")
        sampling_specs = [
            tf.TensorSpec([None], tf.float32, name="temperature"),
            tf.TensorSpec([None], tf.int32, name="seed"),
            tf.TensorSpec([None], tf.int32, name="max_len"),
        ]

        def sampling_checks(temperature, seed, max_len):
            return (
                (
                    status_lib.BAD_TEMPERATURE,
                    status_lib.good_temperature(temperature),
                ),
                (status_lib.BAD_SEED, seed >= 0),
                (
                    status_lib.BAD_MAX_LEN,
                    (max_len >= 1) & (max_len <= max_len_limit),
                ),
            )

        def draw(status, z, temperature, seed, max_len, prefix, lengths):
            """Draws the good rows; the others come out empty."""
            good = status == status_lib.OK
            drawn, drawn_lengths = sampler.draw(
                tf.where(good[:, None], z, 0.0),
                tf.where(good, temperature, 0.0),
                tf.fill(tf.shape(seed), next_point.SAME_TEMPERATURE),
                tf.where(good, seed, 0),
                tf.where(good, max_len, 0),
                tf.where(good[:, None, None], prefix, 0.0),
                tf.where(good, lengths, 0),
            )
            offsets = drawn[..., :2] * scale
            drawn = tf.concat([offsets, drawn[..., 2:]], axis=-1)
            return {
                "strokes": drawn,
                "lengths": drawn_lengths,
                "status": status,
            }

        def normalised(strokes):
            limit = input_pipeline.MAX_OFFSET
            offsets = tf.clip_by_value(strokes[..., :2], -limit, limit)
            return tf.concat([offsets / scale, strokes[..., 2:]], axis=-1)

        def encoded(status, strokes, lengths):
            """Encodes the good rows, and a harmless one for the others."""
            good = status == status_lib.OK
            inside = tf.sequence_mask(lengths, tf.shape(strokes)[1])
            inside &= good[:, None]
            strokes = tf.where(inside[..., None], strokes, end_point)
            lengths = tf.where(good, lengths, 0)
            return sampler.encode(normalised(strokes), lengths)

        self.encode = None
        if conditional:

            @tf.function(input_signature=[strokes_spec, lengths_spec])
            def encode(strokes, lengths):
                status = status_lib.first(
                    (
                        status_lib.BAD_LENGTH,
                        status_lib.good_lengths(lengths, tf.shape(strokes)[1]),
                    ),
                    (
                        status_lib.BAD_STROKES,
                        status_lib.good_strokes(strokes, lengths),
                    ),
                )
                mu, log_var = encoded(status, strokes, lengths)
                good = (status == status_lib.OK)[:, None]
                return {
                    "mu": tf.where(good, mu, 0.0),
                    "log_var": tf.where(good, log_var, 0.0),
                    "status": status,
                }

            self.encode = encode

        def decoded(z, temperature, seed, max_len):
            status = status_lib.first(
                (status_lib.BAD_Z, status_lib.good_z(z)),
                *sampling_checks(temperature, seed, max_len),
            )
            count = tf.shape(seed)[0]
            empty = tf.zeros([count, 0, decoder_lib.POINT_SIZE])
            none = tf.zeros([count], tf.int32)
            return draw(status, z, temperature, seed, max_len, empty, none)

        if z_size:

            @tf.function(input_signature=[z_spec, *sampling_specs])
            def decode(z, temperature, seed, max_len):
                return decoded(z, temperature, seed, max_len)

        else:

            @tf.function(input_signature=sampling_specs)
            def decode(temperature, seed, max_len):
                z = tf.zeros([tf.shape(seed)[0], 0])
                return decoded(z, temperature, seed, max_len)

        self.decode = decode

        @tf.function(
            input_signature=[strokes_spec, lengths_spec, *sampling_specs]
        )
        def complete(strokes, lengths, temperature, seed, max_len):
            lengths_good = status_lib.good_lengths(
                lengths, tf.shape(strokes)[1]
            )
            status = status_lib.first(
                *sampling_checks(temperature, seed, max_len),
                (status_lib.BAD_LENGTH, lengths_good & (lengths < max_len)),
                (
                    status_lib.BAD_STROKES,
                    status_lib.good_strokes(strokes, lengths),
                ),
            )
            if conditional:
                z, _ = encoded(status, strokes, lengths)
            else:
                z = tf.zeros([tf.shape(seed)[0], 0])
            answer = draw(
                status,
                z,
                temperature,
                seed,
                max_len,
                normalised(strokes),
                lengths,
            )
            good = status == status_lib.OK
            answer["prefix_lengths"] = tf.where(good, lengths, 0)
            return answer

        self.complete = complete
