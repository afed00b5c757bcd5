"""What the crash tests write, and when it is as it should be."""

import base64
import hashlib
import json
import os
import pathlib
import random

import numpy as np
import reference_numpy

from sketch_rnn_tf.files import sketchrnn_npz

# A training of a few steps, each of which is saved.
TRAINING = [
    "--preset", "tiny", "--steps", "6", "--checkpoint-minutes", "0", "--set",
    "validate_every=3", "num_buckets=0", "decoder_size=8", "batch_size=5",
    "num_mixtures=3", "conditional=false",
]  # fmt: skip


def sketches() -> list[np.ndarray]:
    """Returns 25 different sketches of 3 to 8 points."""
    rng = np.random.default_rng(0)
    made = []
    for index in range(25):
        stroke3 = rng.integers(-40, 41, [3 + index % 6, 3]).astype(np.int16)
        stroke3[:, 2] = 0
        stroke3[-1, 2] = 1
        made.append(stroke3)
    return made


def write_data(folder: pathlib.Path) -> pathlib.Path:
    """Writes two files of them; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    made = sketches()
    for name, part in (("cat", made), ("pig", made[::-1])):
        splits = {"train": part[:15], "valid": part[15:20], "test": part[20:]}
        sketchrnn_npz.write(folder / f"{name}.npz", splits)
    return folder


def tree(path: pathlib.Path) -> dict[str, str]:
    """Returns the sums of all files below a path, by their names."""
    return {
        str(file.relative_to(path)): hashlib.sha256(
            file.read_bytes()
        ).hexdigest()
        for file in sorted(path.rglob("*"))
        if file.is_file() and not file.is_symlink()
    }


def left(path: pathlib.Path) -> list[str]:
    """Returns what was left below a path by processes that were killed."""
    found = []
    for folder, names, files in os.walk(path):
        found += [
            str(pathlib.Path(folder, name))
            for name in [*names, *files]
            if name.startswith((".partial-", "incomplete.", ".old-"))
            or name.endswith((".tmp", ".part", ".part.json"))
            or "_temp" in name
        ]
        names[:] = [name for name in names if not name.startswith(".partial-")]
    return found


def moments(events: int, count: int, seed: int) -> list[int]:
    """Chooses before which of so many events to strike, spread over all."""
    rng = random.Random(seed)
    return [
        min(events, 1 + int((number + rng.random()) * events / count))
        for number in range(count)
    ]


def train_dataset(done_data: pathlib.Path) -> list:
    """Returns the arguments that name the data to train on."""
    return ["--data", done_data / "cat.npz"]


def is_tfjs(path: pathlib.Path) -> bool:
    """Returns whether a folder is all of a tfjs export, by its own sizes."""
    config = json.loads((path / "config.json").read_text())
    model = json.loads((path / "model.json").read_text())
    shards = model["weightsManifest"][0]["paths"]
    sizes = [(path / shard).stat().st_size for shard in shards]
    return config["weight_bytes"] == sum(sizes)


def offered(page: pathlib.Path) -> list[str]:
    """Returns the names of the models that a page offers."""
    file = page / "models" / "models.json"
    return (
        [one["name"] for one in json.loads(file.read_text())]
        if (file.exists())
        else []
    )


def write_published(path: pathlib.Path) -> pathlib.Path:
    """Writes a small model as Google serves them; returns the file."""
    shapes = reference_numpy.shapes(
        decoder="lstm", decoder_size=7, num_mixtures=20
    )
    drawn = list(reference_numpy.draw(shapes, 0).values())
    encoded = [
        base64.b64encode(np.int16(v * 3000).astype("<i2").tobytes()).decode()
        for v in drawn
    ]
    info = {"version": 6, "mode": 2, "max_seq_len": 9, "scale_factor": 40.5}
    content = [info, [list(v.shape) for v in drawn], encoded]
    path.write_text(json.dumps(content))
    return path


class Resumed(list):
    """A training's arguments, with --resume where there is one already."""

    def __init__(self, argv: list, work_dir: pathlib.Path):
        super().__init__(argv)
        self._work_dir = work_dir

    def __iter__(self):
        yield from super().__iter__()
        if (self._work_dir / "config.json").exists():
            yield "--resume"


def command(name, data, model, out, tmp_path):
    """Returns a command line that writes into the folder `out`."""
    cat = data / "cat.npz"
    return {
        "prepare": ["prepare", "--dataset", cat, "--data-dir", out],
        "convert": ["convert", data, "--out", out / "words"],
        "convert one": ["convert", cat, "--out", out / "all.json"],
        "saved-model": [
            *("export", "saved-model", "--model", model, "--out"), out / "m",
        ],
        "tfjs": [*("export", "tfjs", "--model", model, "--out"), out / "web"],
        "page": [
            *("export", "tfjs", "--page", "--model", model, "--out"),
            out / "page",
        ],
        "download": [
            "download", "cat", "--out", out / "cat",
            "--url", write_published(tmp_path / "cat.gen.json"),
        ],
        "pack": [
            "pack", "--model", model, "--data", cat, "--out", out, "--name",
            "mine", "--summary", "Draws.", "--trained-on", "Mine.",
            "--licence", "MIT", "--attribution", "Me.", "--quantize", "none",
        ],
    }[name]  # fmt: skip


COMMANDS = (
    *("prepare", "convert", "convert one", "saved-model", "tfjs", "page"),
    *("download", "pack"),
)
# What writes over what is there, or beside it, when it is run once more.
AGAIN = {"convert", "convert one", "saved-model", "tfjs", "page"}
