"""Results: what a client gives back of what a server answered."""

from typing import NamedTuple

import numpy as np


class Drawing(NamedTuple):
    """A sketch that the served model has drawn.

    Attributes:
      sketch: stroke-3, float32 [N, 3], N from 0 to max_len, the user's units.
      z: float32 [Z]; None from an unconditional model, and of a completion.
      seed: Its own.
      prefix_length: Points that were given, not drawn.
    """

    sketch: np.ndarray
    z: np.ndarray | None
    seed: int
    prefix_length: int


class Drawings(NamedTuple):
    """Sketches that the served model has drawn, as `sampling.Drawings`.

    Attributes:
      sketches: List of stroke-3, float32 [N, 3].
      z: float32 [B, Z]; None from an unconditional model, and of completions.
      seeds: int32 [B].
      prefix_lengths: int32 [B], points that were given, not drawn.
      words: None: a server does not tell its model's words.
    """

    sketches: list[np.ndarray]
    z: np.ndarray | None
    seeds: np.ndarray
    prefix_lengths: np.ndarray
    words: None = None

    def only(self) -> Drawing:
        """Returns the first drawing by itself."""
        return Drawing(
            self.sketches[0],
            None if self.z is None else self.z[0],
            int(self.seeds[0]),
            int(self.prefix_lengths[0]),
        )


class Encoding(NamedTuple):
    """The posterior of z (Eq. 2); sigma = exp(log_var / 2).

    Attributes:
      mu: float32 [B, Z], or [Z] of one sketch.
      log_var: Likewise.
    """

    mu: np.ndarray
    log_var: np.ndarray

    def only(self) -> "Encoding":
        """Returns that of the first sketch by itself."""
        return Encoding(self.mu[0], self.log_var[0])


class Scores(NamedTuple):
    """What sketches cost the model, as `scoring.Scores`; z is the mean.

    Attributes:
      recon: L_R, float32 [B], nats over N_max (Eq. 10); a number of one
        sketch, as are the next four.
      kl: L_KL, float32 [B], nats per latent dimension (Eq. 11).
      loss: recon + w_KL * kl, float32 [B] (Eq. 12).
      log_likelihood: log p(sketch | z), float32 [B], nats.
      lengths: N_s, int32 [B].
      point_log_likelihoods: float32 [N + 1] of each sketch, nats, the last
        for its end row; [N] for a sketch of N_max points, which has none.
    """

    recon: np.ndarray
    kl: np.ndarray
    loss: np.ndarray
    log_likelihood: np.ndarray
    lengths: np.ndarray
    point_log_likelihoods: list[np.ndarray]

    def only(self) -> "Scores":
        """Returns those of the first sketch by itself."""
        return Scores(*(values[0] for values in self))
