"""What a served model is asked for, and what it answers: its signatures.

Every input has the batch first, as servers merge requests along it; offsets
are in the user's units, in and out.

    encode       strokes float32 [B, T, 5], lengths int32 [B]
                 -> mu, log_var float32 [B, Z]
    decode       z float32 [B, Z], temperature float32 [B], seed int32 [B],
                 max_len int32 [B]
                 -> strokes float32 [B, L, 5], lengths int32 [B]
    complete     strokes, lengths, temperature, seed, max_len, as above
                 -> strokes, lengths, prefix_lengths int32 [B]
    reconstruct  strokes, lengths, temperature, seed, max_len
                 -> strokes, lengths, mu, log_var
    interpolate  z_first, z_last float32 [B, Z], t float32 [B], temperature,
                 seed, max_len
                 -> strokes, lengths, z float32 [B, Z]
    score        strokes, lengths
                 -> loss, recon, kl, log_likelihood float32 [B],
                    point_log_likelihoods float32 [B, N_max]

`strokes` are stroke-5 without S_0, of at most N_max points a row; rows from
`lengths` on are ignored going in and are end rows coming out.  `max_len` counts
all points, given ones included; L is the largest one of the good rows.

Each also returns `status`, int32 [B], see `export.status`: a bad row comes out
empty and leaves the others as they would have been.

`complete` takes z as the mean of the encoding of what is given; `reconstruct`
samples it with the row's seed (Eq. 2); `interpolate` takes it on the arc, see
`export.arc`; `score` takes the mean, and gives what `sketch_rnn_tf.score` does:
nats, `point_log_likelihoods` in the rows of the points and of the end, zeros
after it.  N_max stands in the model's metadata, as their last dimension.

An unconditional model has `decode`, without z, `complete` and `score`.

All of these but `encode` take one input more from a class-conditioned model:
`labels` int32 [B], indices of its configuration's words.
"""

from collections.abc import Callable

import tensorflow as tf

from export import arc, checks, rows, status as status_lib
from sketch_rnn_tf import randomness, strokes as strokes_lib
from sketch_rnn_tf.data import input_pipeline
from sketch_rnn_tf.generation import sampler as sampler_lib, scoring
from sketch_rnn_tf.model import (
    decoder as decoder_lib,
    distributions,
    encoder as encoder_lib,
    model_output,
    next_point,
    vae,
)

_STROKES = tf.TensorSpec(
    [None, None, decoder_lib.POINT_SIZE], tf.float32, name="strokes"
)
_LENGTHS = tf.TensorSpec([None], tf.int32, name="lengths")
_LABELS = tf.TensorSpec([None], tf.int32, name="labels")
_T = tf.TensorSpec([None], tf.float32, name="t")
_DRAWING = (
    tf.TensorSpec([None], tf.float32, name="temperature"),
    tf.TensorSpec([None], tf.int32, name="seed"),
    tf.TensorSpec([None], tf.int32, name="max_len"),
)


class Signatures:
    """The functions that a model is served by.

    Attributes:
      functions: The `tf.function`s by name, the one that is `serving_default`
        first; what they take and return stands above.

    Args:
      model: The model.
    """

    def __init__(self, model: "vae.SketchRNN"):
        self._model = model
        self._sampler = sampler_lib.of(model)
        self._scale = model.config.scale_factor
        self._max_len = model.config.max_len
        self._end_point = tf.constant(strokes_lib.END_POINT)
        self._z_size = model.config.z_size * model.config.conditional
        z_size = self._z_size

        def latent(name):
            return tf.TensorSpec([None, z_size], tf.float32, name=name)

        sketch = (_STROKES, _LENGTHS)
        specs = {"complete": (*sketch, *_DRAWING)}
        if z_size:
            specs["decode"] = (latent("z"), *_DRAWING)
        else:
            specs["decode"] = _DRAWING
        specs["score"] = sketch
        if model.encoder is not None:
            specs["encode"] = sketch
            specs["reconstruct"] = (*sketch, *_DRAWING)
            specs["interpolate"] = (
                *(latent("z_first"), latent("z_last"), _T),
                *_DRAWING,
            )
        if model.class_embedding is not None:
            specs = {
                name: spec if name == "encode" else (*spec, _LABELS)
                for name, spec in specs.items()
            }
        made: dict[str, Callable] = {
            "complete": self._complete,
            "decode": self._decode if z_size else self._decode_without_z,
            "score": self._score,
            "encode": self._encode,
            "reconstruct": self._reconstruct,
            "interpolate": self._interpolate,
        }
        self.functions = {
            name: tf.function(
                rows.at_least_one(made[name], spec), input_signature=spec
            )
            for name, spec in specs.items()
        }

    def _encode(self, strokes, lengths):
        status = checks.first_failed(*self._sketch_checks(strokes, lengths))
        mu, log_var = self._encoded(status, strokes, lengths)
        return {
            **rows.of_good(status, mu=mu, log_var=log_var),
            "status": status,
        }

    def _decode(self, z, temperature, seed, max_len, labels=None):
        status = checks.first_failed(
            (status_lib.BAD_Z, checks.good_z(z)),
            *self._drawing_checks(temperature, seed, max_len),
            *self._label_checks(labels),
        )
        return self._draw(status, z, temperature, seed, max_len, labels)

    def _decode_without_z(self, temperature, seed, max_len, labels=None):
        return self._decode(_no_z(seed), temperature, seed, max_len, labels)

    def _complete(
        self, strokes, lengths, temperature, seed, max_len, labels=None
    ):
        status = checks.first_failed(
            *self._drawing_checks(temperature, seed, max_len),
            (status_lib.BAD_LENGTH, lengths < max_len),
            *self._sketch_checks(strokes, lengths),
            *self._label_checks(labels),
        )
        if self._model.encoder is None:
            z = _no_z(seed)
        else:
            z, _ = self._encoded(status, strokes, lengths)
        given = self._normalised(strokes)
        return {
            **self._draw(
                status, z, temperature, seed, max_len, labels, (given, lengths)
            ),
            **rows.of_good(status, prefix_lengths=lengths),
        }

    def _reconstruct(
        self, strokes, lengths, temperature, seed, max_len, labels=None
    ):
        status = checks.first_failed(
            *self._drawing_checks(temperature, seed, max_len),
            *self._sketch_checks(strokes, lengths),
            *self._label_checks(labels),
        )
        mu, log_var = self._encoded(status, strokes, lengths)
        noise = randomness.prior(seed, z_size=self._z_size)
        z = mu + tf.exp(log_var / 2) * noise
        return {
            **self._draw(status, z, temperature, seed, max_len, labels),
            **rows.of_good(status, mu=mu, log_var=log_var),
        }

    def _interpolate(
        self, z_first, z_last, t, temperature, seed, max_len, labels=None
    ):
        status = checks.first_failed(
            (status_lib.BAD_Z, checks.good_z(z_first)),
            (status_lib.BAD_Z, checks.good_z(z_last)),
            (status_lib.BAD_T, checks.good_t(t)),
            *self._drawing_checks(temperature, seed, max_len),
            *self._label_checks(labels),
        )
        z = arc.slerp(z_first, z_last, t)
        return {
            **self._draw(status, z, temperature, seed, max_len, labels),
            **rows.of_good(status, z=z),
        }

    def _score(self, strokes, lengths, labels=None):
        status = checks.first_failed(
            *self._sketch_checks(strokes, lengths), *self._label_checks(labels)
        )
        good = status == status_lib.OK
        # All steps to N_max, whatever the batch: L_p runs to the end.
        targets = self._good_strokes(status, strokes, lengths)
        padding = self._end_rows(tf.shape(strokes)[0], self._max_len)
        targets = tf.concat([targets, padding], axis=1)[:, : self._max_len]
        given = self._read(targets)
        lengths = tf.where(good, lengths, 0)
        mu, posterior = None, None
        if self._model.encoder is not None:
            mu, log_var = self._sampler.encode(targets, lengths)
            posterior = encoder_lib.posterior(mu, log_var)
        params = self._model.decoder(
            given[:, :-1], self._conditioned(good, mu, labels)
        )
        recon, kl = self._model.loss_terms(
            model_output.ModelOutput(
                distributions.point_distribution(params), posterior, None
            ),
            given,
            training=False,
        )
        recon = recon.offset + recon.pen
        points = scoring.row_log_likelihoods(params, targets)
        counted = tf.sequence_mask(lengths + 1, self._max_len)
        points = tf.where(counted, points, 0.0)
        return {
            **rows.of_good(
                status,
                loss=recon + self._model.config.kl_weight * kl,
                recon=recon,
                kl=kl,
                log_likelihood=tf.reduce_sum(points, axis=1),
                point_log_likelihoods=points,
            ),
            "status": status,
        }

    def _sketch_checks(self, strokes, lengths):
        lengths_good = checks.good_lengths(strokes, lengths, self._max_len)
        return (
            (status_lib.BAD_LENGTH, lengths_good),
            (status_lib.BAD_STROKES, checks.good_strokes(strokes, lengths)),
        )

    def _drawing_checks(self, temperature, seed, max_len):
        return (
            (
                status_lib.BAD_TEMPERATURE,
                checks.good_temperature(temperature),
            ),
            (status_lib.BAD_SEED, seed >= 0),
            (
                status_lib.BAD_MAX_LEN,
                (max_len >= 1) & (max_len <= self._max_len),
            ),
        )

    def _label_checks(self, labels):
        if labels is None:
            return ()
        num_words = self._model.class_embedding.num_words
        return ((status_lib.BAD_LABELS, checks.good_labels(labels, num_words)),)

    def _conditioned(self, good, z, labels):
        """Returns what the decoder sees as z, of the good rows."""
        if labels is not None:
            labels = tf.where(good, labels, 0)
        return self._model.conditioned(z, labels)

    def _encoded(self, status, strokes, lengths):
        """Encodes the good rows, and a harmless one for the others."""
        lengths = tf.where(status == status_lib.OK, lengths, 0)
        strokes = self._good_strokes(status, strokes, lengths)
        return self._sampler.encode(strokes, lengths)

    def _draw(self, status, z, temperature, seed, max_len, labels, given=None):
        """Draws the good rows; the others come out empty."""
        good = status == status_lib.OK
        if given is None:
            given = self._end_rows(tf.shape(seed)[0], 0), tf.zeros_like(seed)
        prefix, prefix_lengths = given
        drawn, lengths = self._sampler.draw(
            self._conditioned(good, tf.where(good[:, None], z, 0.0), labels),
            tf.where(good, temperature, 0.0),
            tf.fill(tf.shape(seed), next_point.SAME_TEMPERATURE),
            tf.where(good, seed, 0),
            tf.where(good, max_len, 0),
            tf.where(good[:, None, None], prefix, 0.0),
            tf.where(good, prefix_lengths, 0),
        )
        offsets = drawn[..., :2] * self._scale
        return {
            "strokes": tf.concat([offsets, drawn[..., 2:]], axis=-1),
            "lengths": lengths,
            "status": status,
        }

    def _good_strokes(self, status, strokes, lengths):
        """Returns scale_factor units, with end rows for all that is not good."""
        inside = tf.sequence_mask(lengths, tf.shape(strokes)[1])
        inside &= (status == status_lib.OK)[:, None]
        strokes = tf.where(inside[..., None], strokes, self._end_point)
        return self._normalised(strokes)

    def _normalised(self, strokes):
        limit = input_pipeline.MAX_OFFSET
        offsets = tf.clip_by_value(strokes[..., :2], -limit, limit)
        return tf.concat([offsets / self._scale, strokes[..., 2:]], axis=-1)

    def _end_rows(self, count, steps):
        return tf.tile(self._end_point[None, None], [count, steps, 1])

    def _read(self, targets):
        """Puts S_0 before the points, [B, N_max + 1, 5]."""
        start = tf.constant(self._model.config.start_point, tf.float32)
        start = tf.tile(start[None, None], [tf.shape(targets)[0], 1, 1])
        return tf.concat([start, targets], axis=1)


def _no_z(seed):
    return tf.zeros([tf.shape(seed)[0], 0])
