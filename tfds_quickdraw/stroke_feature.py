"""The TFDS feature that keeps a sketch small on disk."""

from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from sketch_rnn_tf import strokes

_DTYPES = {"int16": "<i2", "float32": "<f4"}


class StrokesFeature(tfds.features.FeatureConnector):
    """A sketch: stroke3 on disk, stroke5 when read (see `strokes`).

    Examples are given as stroke3, [N, 3], N >= 1, pixels, and read back as
    stroke5: float32 [N + 1, 5], pixels, whose last row is (0, 0, 0, 0, 1).
    A record holds the bytes of stroke3, row by row, lowest byte first.

    Attributes:
      stored_dtype: "int16" or "float32", the type of a number on disk.

    Args:
      stored_dtype: As the attribute.
      doc: What TFDS shows as the feature's documentation.

    Raises:
      ValueError: If `stored_dtype` is neither "int16" nor "float32".
    """

    def __init__(
        self,
        *,
        stored_dtype: str = "int16",
        doc: tfds.features.Documentation | str | None = None,
    ) -> None:
        if stored_dtype not in _DTYPES:
            raise ValueError(
                f"stored_dtype: expected int16 or float32, got {stored_dtype}"
            )
        super().__init__(doc=doc)
        self.stored_dtype = stored_dtype

    @property
    def numpy_stored_dtype(self) -> np.dtype:
        """The type of a number on disk, with its byte order."""
        return np.dtype(_DTYPES[self.stored_dtype])

    def get_tensor_info(self) -> tfds.features.TensorInfo:
        """Tells what is read: float32 [None, 5]."""
        return tfds.features.TensorInfo(shape=(None, 5), dtype=np.float32)

    def get_serialized_info(self) -> tfds.features.TensorInfo:
        """Tells what is on disk: one string of bytes."""
        return tfds.features.TensorInfo(shape=(), dtype=np.object_)

    def encode_example(self, example_data: Any) -> bytes:
        """Turns stroke3 into bytes.

        Args:
          example_data: [N, 3], pixels.

        Returns:
          2 or 4 times 3 N bytes.

        Raises:
          ValueError: If this is not stroke3, see `strokes.validate_stroke3`,
            or does not fit in int16 without loss where that is stored.
        """
        stroke3 = np.asarray(example_data)
        strokes.validate_stroke3(stroke3)
        with np.errstate(invalid="ignore"):  # too large: seen below
            stored = stroke3.astype(self.numpy_stored_dtype)
        if self.stored_dtype == "int16" and not np.array_equal(stored, stroke3):
            raise ValueError(
                "stroke3: expected whole numbers from -32768 to 32767 to "
                f"store as int16, got values of {stroke3.dtype} that are not"
            )
        return stored.tobytes()

    def decode_example(self, tfexample_data: Any) -> Any:
        """Turns bytes into stroke5, by TensorFlow operations.

        Args:
          tfexample_data: string scalar tensor, what `encode_example` gave.

        Returns:
          float32 [N + 1, 5] tensor, pixels.
        """
        # Importing TensorFlow takes seconds; preparing needs none of it here.
        import tensorflow as tf

        raw = tf.io.decode_raw(tfexample_data, self.stored_dtype)
        stroke3 = tf.cast(tf.reshape(raw, [-1, 3]), tf.float32)
        pen_up = stroke3[:, 2:]
        points = tf.concat(
            [stroke3[:, :2], 1 - pen_up, pen_up, tf.zeros_like(pen_up)], axis=1
        )
        end = tf.constant([strokes.END_POINT], tf.float32)
        return tf.concat([points, end], axis=0)  # [N + 1, 5]

    def decode_example_np(self, example_data: bytes) -> np.ndarray:
        """Turns bytes into stroke5, by NumPy.

        Args:
          example_data: What `encode_example` gave.

        Returns:
          float32 [N + 1, 5], pixels.
        """
        flat = np.frombuffer(example_data, self.numpy_stored_dtype)
        return strokes.stroke3_to_stroke5(flat.reshape(-1, 3))

    def to_json_content(self) -> dict[str, str]:
        """Gives what TFDS saves beside the records."""
        return {"stored_dtype": self.stored_dtype}
