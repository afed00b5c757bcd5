"""Reading a split into memory, much faster than record by record."""

import numpy as np
import tensorflow_datasets as tfds

_BATCH = 1024


def read(
    builder: tfds.core.DatasetBuilder, split: str = "train"
) -> tuple[list[np.ndarray], np.ndarray]:
    """Reads all sketches of a split as they are on disk.

    `as_dataset` parses one record after another; this parses them in batches,
    and leaves out all features but two.

    Args:
      builder: Of prepared data, as from `prepare`.
      split: A split of TFDS, such as "validation" or "train[:10%]".

    Returns:
      sketches: stroke3, int16 or float32 [N, 3], pixels, not writable, in the
        order of the files.  They share memory.
      labels: int64 [number of sketches], indices of
        `builder.info.features["label"].names`.

    Raises:
      ValueError: If there is no such split, or records are missing.
    """
    # As in `stroke_feature`: importing TensorFlow takes seconds.
    import tensorflow as tf

    name = split.partition("[")[0]
    if name not in builder.info.splits:
        raise ValueError(
            f"{builder.info.full_name}: expected a split out of "
            f"{', '.join(sorted(builder.info.splits))}, got {split}"
        )
    spec = {
        "strokes": tf.io.FixedLenFeature([], tf.string),
        "label": tf.io.FixedLenFeature([], tf.int64),
    }
    data, labels = [], []
    for part in builder.info.splits[split].file_instructions:
        records = tf.data.TFRecordDataset(part.filename)
        records = records.skip(part.skip).take(part.take).batch(_BATCH)
        for batch in records.map(lambda r: tf.io.parse_example(r, spec)):
            data += batch["strokes"].numpy().tolist()
            labels.append(batch["label"].numpy())
    count = builder.info.splits[split].num_examples
    if len(data) != count:
        raise ValueError(
            f"{builder.info.full_name}: {split}: expected {count:,} records, "
            f"got {len(data):,}"
        )
    feature = builder.info.features["strokes"]
    points = np.frombuffer(b"".join(data), feature.numpy_stored_dtype)
    points = points.reshape(-1, 3)
    lengths = [len(item) // (3 * points.itemsize) for item in data]
    ends = np.cumsum(lengths)
    sketches = [
        points[end - length : end]
        for end, length in zip(ends.tolist(), lengths, strict=True)
    ]
    return sketches, np.concatenate(labels)
