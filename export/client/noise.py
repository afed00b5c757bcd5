"""The random numbers of drawings, as `sketch_rnn_tf.randomness` has them.

In NumPy, so that a client draws the same z from the prior without
TensorFlow.  The generator is Philox4x32-10; the key and the counter's upper
half are the first block of a fixed key at the counter (seed, stream).

References:
  Salmon et al. (2011), Parallel Random Numbers: As Easy as 1, 2, 3.
"""

import numpy as np

_SCRAMBLE_KEY = (0x3EC8F720, 0x02461E29)
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)

_PRIOR = 1  # `randomness.PRIOR`, which cannot be had without TensorFlow


def uniforms(seeds: np.ndarray, stream: int, count: int) -> np.ndarray:
    """Draws the uniforms of each drawing, bit by bit those of TensorFlow.

    Args:
      seeds: int32 [B], not negative.
      stream: Which of a drawing's.
      count: Numbers of each.

    Returns:
      float32 [B, count] in [0, 1).
    """
    seeds = np.asarray(seeds, np.uint64)
    zero = np.zeros_like(seeds)
    mixed = _philox(_SCRAMBLE_KEY, (seeds, zero, zero + stream, zero))
    mixed = [word[:, None] for word in mixed]
    blocks = np.arange(-(-count // 4), dtype=np.uint64)[None]
    words = np.broadcast_arrays(blocks, 0 * blocks, mixed[2], mixed[3])
    drawn = np.stack(_philox(mixed[:2], words), axis=-1)  # [B, blocks, 4]
    # The mantissa of a number from 1 to 2.
    bits = drawn.astype(np.uint32) & np.uint32(0x7FFFFF) | np.uint32(127 << 23)
    found = bits.view(np.float32) - np.float32(1)
    return found.reshape(len(seeds), -1)[:, :count]


def prior(seeds: np.ndarray, *, z_size: int) -> np.ndarray:
    """Draws z from N(0, I), each from its seed, by Box-Muller.

    Args:
      seeds: int32 [B].
      z_size: Latent dimensions, N_z.

    Returns:
      float32 [B, Z]; equal to `randomness.prior` but for the last bits of
      logarithm and cosine.
    """
    pairs = uniforms(seeds, _PRIOR, 2 * -(-z_size // 2))
    radius = np.sqrt(np.float32(-2) * np.log1p(-pairs[:, ::2]))
    angle = np.float32(2 * np.pi) * pairs[:, 1::2]
    normals = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    drawn = (radius[..., None] * normals).reshape(len(pairs), -1)
    return drawn[:, :z_size]


def _philox(key, counter):
    """Returns four uint64 arrays of 32 random bits each."""
    key = [np.asarray(word, np.uint64) for word in key]
    a, b, c, d = (np.asarray(word, np.uint64) for word in counter)
    for turn in range(_ROUNDS):
        if turn:
            key = [
                (word + np.uint64(step)) & _LOW
                for word, step in zip(key, _WEYL, strict=True)
            ]
        left = a * np.uint64(_MULTIPLIERS[0])
        right = c * np.uint64(_MULTIPLIERS[1])
        a, b, c, d = (
            (right >> _HALF) ^ b ^ key[0],
            right & _LOW,
            (left >> _HALF) ^ d ^ key[1],
            left & _LOW,
        )
    return a, b, c, d
