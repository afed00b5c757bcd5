"""Records: drawings with latent vectors, JSON or npz."""

import io
import zlib

import numpy as np

from fuzzing import archives, entrance as entrance_lib, mutation, parts
from sketch_rnn_tf.studio import records

_RECORD = (
    b'[{"stroke3": [[1, 2, 1]], "seed": 0, "temperature": 0.5, '
    b'"z": [0.5, -1.0], "model": "abc", "word": "cat"}]'
)
_LATENTS = ("z", "models", "words")


def _latents():
    """Makes records: JSON, and the arrays of npz."""
    arrays = np.float32([[1, 2]]), np.array(["abc"]), np.array(["cat"])
    members = []
    for array in arrays:
        stream = io.BytesIO()
        np.lib.format.write_array(stream, array)
        members.append(stream.getvalue())
    return [
        parts.joined([b"", _RECORD]),
        parts.joined([b"1", b"", *members]),
        parts.joined([b"2", archives.npz(z=arrays[0], models=arrays[1])]),
    ]


def _write_latents(folder, data):
    kind, text, *members = parts.split(data, 5)
    for name in ("a.json", "a.npz"):
        (folder / name).unlink(missing_ok=True)
    if not kind:
        (folder / "a.json").write_bytes(text)
    elif kind < b"2":
        members = dict(zip(_LATENTS, members, strict=True))
        found = archives.archive({k: v for k, v in members.items() if v})
        (folder / "a.npz").write_bytes(found)
    else:
        (folder / "a.npz").write_bytes(text)


def _read_latents(folder):
    (path,) = folder.iterdir()
    found = records.read_latent(str(path))
    assert found.z.ndim == 1 and np.isfinite(found.z).all()
    assert zlib.crc32(found.model.encode(errors="surrogatepass")) >= 0


ENTRANCES = {
    "latent_records": entrance_lib.Entrance(
        _latents,
        _write_latents,
        _read_latents,
        mutation.of_parts([None, mutation.of_json(), None, None, None]),
    ),
}
