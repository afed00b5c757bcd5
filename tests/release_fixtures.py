"""Files as release 0.1 wrote them, and what it made of them.

    python tests/release_fixtures.py --make tests/data/release_0_1

made what is kept there, once, with version 0.1.0: later versions have to read
it and come to the same (tests/test_release_fixtures.py).  A later release adds
a folder of its own and leaves the older ones as they are.

    drawings.npz       the data, in the layout of Google's files
    work/              a work directory of 20 steps, LSTM; no logs
    classes/           a class-conditioned one, layer-norm LSTM
    packed/            the first one packed, quantized
    saved_model/       its SavedModel
    tfjs/              its export for browsers
    expected.json      what the functions below gave for each

Training again on another processor gives other weights in the last digits,
and with them another, equally good set; SavedModel's graph names nodes anew.
"""

import argparse
import hashlib
import json
import pathlib
import shutil
import sys
import tempfile

import numpy as np

COUNT = 4
SETTINGS = {"temperature": 1.0, "seed": 7}
RESUMED_STEPS = 30
SIZES = {
    "encoder_size": 8,
    "decoder_size": 12,
    "z_size": 4,
    "num_mixtures": 2,
    "batch_size": 10,
    "steps": 20,
    "validate_every": 10,
    "num_buckets": 3,
}


def digest(arrays: dict[str, np.ndarray]) -> str:
    """Returns the SHA-256 sum of arrays, their names and shapes."""
    found = hashlib.sha256()
    for name in sorted(arrays):
        value = np.ascontiguousarray(arrays[name])
        found.update(f"{name} {value.dtype} {value.shape}\n".encode())
        found.update(value.tobytes())
    return found.hexdigest()


def of_model(model, sketches) -> dict:
    """Returns what a model makes of sketches, its weights' digest first."""
    from sketch_rnn_tf import labels
    from sketch_rnn_tf.generation import (
        encoding,
        evaluation,
        interpolation,
        sampling,
        scoring,
    )
    from sketch_rnn_tf.pretrained import weights_file

    config = model.config
    given = sketches[:COUNT]
    words, word = None, {}
    if config.class_size:
        words = [config.words[i % len(config.words)] for i in range(COUNT)]
        word = {"words": words}
        given = labels.Labelled(given, labels.of(config, words, COUNT))
    mu, log_var = encoding.encode(model, given)
    halves = [sketch[: max(1, len(sketch) // 2)] for sketch in given]
    ends = {"words": words[:2]} if words else {}
    between = interpolation.interpolate(
        model, *given[:2], steps=3, **SETTINGS, **ends
    )
    scores = scoring.score(model, given, **word)
    losses = evaluation.evaluate(model, given, **word)
    return {
        "weights": digest(weights_file.of(model)),
        "words": list(config.words),
        "mu": mu.tolist(),
        "log_var": log_var.tolist(),
        "sampled": _lists(
            sampling.sample(model, count=COUNT, **SETTINGS, **word)
        ),
        "from_z": _lists(sampling.sample(model, z=mu, **SETTINGS, **word)),
        "greedy": _lists(sampling.sample(model, z=mu, temperature=0.0, **word)),
        "reconstructed": _lists(
            sampling.reconstruct(model, given, **SETTINGS, **word)
        ),
        "completed": _lists(
            sampling.complete(model, halves, **SETTINGS, **word)
        ),
        "interpolated": _lists(between),
        "scores": {
            name: value.tolist() for name, value in scores._asdict().items()
        },
        "evaluated": {name: float(value) for name, value in losses.items()},
    }


def of_work_directory(path: pathlib.Path) -> dict:
    """Returns what a work directory holds beside its model."""
    import tensorflow as tf

    from sketch_rnn_tf.training import work_directory

    reader = tf.train.load_checkpoint(
        tf.train.latest_checkpoint(str(path / work_directory.CHECKPOINTS))
    )
    names = [
        name
        for name in reader.get_variable_to_shape_map()
        # Python's state and the graph of objects are strings.
        if name.endswith("VARIABLE_VALUE")
    ]
    return {
        "history": work_directory.read_history(path),
        "checkpoint": digest({n: reader.get_tensor(n) for n in names}),
    }


def of_resumed(path: pathlib.Path, sketches: dict) -> dict:
    """Trains on in a copy of a work directory; returns what came of it."""
    from sketch_rnn_tf import training
    from sketch_rnn_tf.training import work_directory

    with tempfile.TemporaryDirectory() as folder:
        work_dir = pathlib.Path(folder) / "work"
        shutil.copytree(path, work_dir)
        config = work_directory.load_config(work_dir)
        training.train(
            config.replace(steps=RESUMED_STEPS),
            sketches["train"],
            sketches["valid"],
            work_dir,
            resume=True,
            verbose=0,
        )
        rows = work_directory.read_history(work_dir)
    kept = ("step", "loss", "recon", "kl", "val_loss", "val_recon", "val_kl")
    return {"rows": [{name: row[name] for name in kept} for row in rows]}


def of_saved_model(path: pathlib.Path, sketches) -> dict:
    """Returns what a SavedModel's signatures answer."""
    import tensorflow as tf

    served = tf.saved_model.load(str(path))
    given = sketches[:COUNT]
    lengths = [len(sketch) // 2 for sketch in given]
    strokes = np.zeros((COUNT, max(lengths), 5), np.float32)
    strokes[..., 4] = 1
    for row, sketch, length in zip(strokes, given, lengths, strict=True):
        pen = sketch[:length, 2]
        row[:length] = np.stack(
            [sketch[:length, 0], sketch[:length, 1], 1 - pen, pen, 0 * pen], 1
        )
    rng = np.random.default_rng(5)
    known = {
        "strokes": strokes,
        "lengths": np.int32(lengths),
        "temperature": np.float32([1.0, 0.4, 0.0, 1.0]),
        "seed": np.arange(COUNT, dtype=np.int32),
        "max_len": np.full(COUNT, 40, np.int32),
        "z": rng.normal(size=(COUNT, SIZES["z_size"])).astype(np.float32),
        "t": np.linspace(0, 1, COUNT, dtype=np.float32),
    }
    known |= {"z_first": known["z"], "z_last": known["z"][::-1]}
    answers = {}
    for name in sorted(served.signatures):
        if name == "browser":  # the steps, which the export for browsers has
            continue
        signature = served.signatures[name]
        _, specs = signature.structured_input_signature
        answer = signature(
            **{one: tf.constant(known[one]) for one in sorted(specs)}
        )
        answers[name] = {k: v.numpy().tolist() for k, v in answer.items()}
    return answers


def of_tfjs(path: pathlib.Path) -> dict:
    """Returns what an export for browsers holds."""
    content = json.loads((path / "model.json").read_text())
    (group,) = content["weightsManifest"]
    data = b"".join((path / name).read_bytes() for name in group["paths"])
    return {
        "weights": hashlib.sha256(data).hexdigest(),
        "inputs": sorted(content["signature"]["inputs"]),
        "outputs": sorted(content["signature"]["outputs"]),
        "config": json.loads((path / "config.json").read_text()),
    }


def make(folder: pathlib.Path) -> None:
    """Writes all of it into a new folder."""
    from sketch_rnn_tf import doodles, presets, training
    from sketch_rnn_tf.data import measurement
    from sketch_rnn_tf.files import sketchrnn_npz

    drawn = [
        doodles.draw(kind, seed=seed).stroke3
        for seed in range(8)
        for kind in ("cat", "face", "fish", "house")
    ]
    folder.mkdir(parents=True)
    splits = {"train": drawn[:20], "valid": drawn[20:], "test": drawn[20:28]}
    sketchrnn_npz.write(folder / "drawings.npz", splits)
    splits = sketchrnn_npz.read(folder / "drawings.npz")
    config = presets.preset("tiny").replace(**SIZES)
    config = measurement.fit_config(config, splits["train"])
    work = folder / "work"
    training.train(config, splits["train"], splits["valid"], work, verbose=0)
    shutil.rmtree(work / "logs")
    _let_draw(work)
    _make_classes(folder / "classes", config, splits)
    _make_exports(folder, splits)
    _record(folder)
    tfjs = {"tfjs": _browser(training.load(work))}
    (folder / "browser.json").write_text(json.dumps(tfjs) + "\n")


def _record(folder):
    text = json.dumps(expected(folder), separators=(",", ":"))
    (folder / "expected.json").write_text(text + "\n")


def expected(folder: pathlib.Path) -> dict:
    """Returns what this version makes of the files of a release."""
    from sketch_rnn_tf import training
    from sketch_rnn_tf.files import sketchrnn_npz

    splits = sketchrnn_npz.read(folder / "drawings.npz")
    test = splits["test"]
    found = {"drawings": digest(dict(enumerate_names(splits)))}
    for name in ("work", "classes", "packed/release"):
        found[name] = of_model(training.load(folder / name), test)
    found["work directory"] = of_work_directory(folder / "work")
    found["resumed"] = of_resumed(folder / "work", splits)
    found["saved model"] = of_saved_model(folder / "saved_model" / "1", test)
    found["tfjs"] = of_tfjs(folder / "tfjs")
    return found


def enumerate_names(splits):
    """Yields the sketches of splits with names."""
    for split, sketches in splits.items():
        for index, sketch in enumerate(sketches):
            yield f"{split}/{index:04d}", np.asarray(sketch, np.float32)


def _make_classes(path, config, splits):
    from sketch_rnn_tf import training
    from sketch_rnn_tf.model import vae

    model = vae.SketchRNN(
        config.replace(
            class_size=3,
            words=("cat", "pig"),
            encoder_cell="layer_norm",
            decoder_cell="layer_norm",
            free_bits=0.1,
            seed=3,
        )
    )
    model.compile()
    rng = np.random.default_rng(4)
    for weight in model.weights:
        # As far from where they start as trained ones.
        weight.assign_add(rng.normal(0, 0.1, weight.shape))
    training.save(model, path)
    _let_draw(path)


def _make_exports(folder, splits):
    import export
    from export import tfjs
    from sketch_rnn_tf import packing, training

    packing.pack(
        folder / "work",
        folder / "packed",
        splits["test"],
        name="release",
        facts=packing.Facts(
            summary="A model to keep the format.",
            data="Doodles of cats, faces, fish and houses.",
            licence="Apache-2.0",
            attribution="Made by sketch_rnn_tf.",
            evaluated_on="test",
        ),
        quantize="uint16",
    )
    model = training.load(folder / "work")
    export.export_saved_model(model, folder / "saved_model")
    tfjs.export_tfjs(model, folder / "tfjs")


def _browser(model):
    import web_exports

    return web_exports.expected_of(model)


def _let_draw(path):
    """Lowers the end's logit: after 20 steps a third of drawings are empty."""
    from sketch_rnn_tf import training
    from sketch_rnn_tf.training import work_directory

    model = training.load(path)
    change = np.zeros(model.decoder.output_bias.shape, np.float32)
    change[2] = -3.0
    model.decoder.output_bias.assign_add(change)
    model.save_weights(path / work_directory.BEST_WEIGHTS, overwrite=True)


def _lists(drawings):
    return [np.asarray(sketch).tolist() for sketch in drawings.sketches]


def main(argv: list[str] | None = None) -> int:
    """Makes the files of a release."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--make", required=True, metavar="DIR", help="a new directory"
    )
    folder = pathlib.Path(parser.parse_args(argv).make)
    if folder.exists():
        parser.error(f"--make: expected a new directory, got {folder}")
    make(folder)
    size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    print(f"{folder}: {size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1])]
    sys.exit(main())
