"""`sketch-rnn convert`."""

import argparse
import json
import pathlib
import sys

import numpy as np
import tqdm

from sketch_rnn_tf import conversion, drawing, inspection, partials, strokes
from sketch_rnn_tf.files import sketchrnn_npz, splits as splits_lib

_PICTURES = (".svg", ".png")


def convert(arguments: argparse.Namespace) -> None:
    """Turns files into training data, or sketches into pictures."""
    found = conversion.read(
        arguments.source,
        conversion.Options(
            box=arguments.box,
            epsilon=arguments.epsilon,
            max_points=arguments.max_points,
            too_long=arguments.too_long or "drop",
            whole=arguments.whole,
        ),
        progress=lambda done, total: tqdm.tqdm(
            done, total=total, unit="file", disable=not sys.stderr.isatty()
        ),
    )
    for line in found.tally.lines():
        print(line, file=sys.stderr)
    found.tally.check(
        max_bad_share=0.1 if arguments.max_bad is None else arguments.max_bad
    )
    out = pathlib.Path(arguments.out)
    writers = {
        ".npz": _write_npz,
        ".ndjson": _write_ndjson,
        ".json": _write_json,
        **dict.fromkeys(_PICTURES, _write_sheet),
    }
    write = writers.get(out.suffix.lower(), _write_folder)
    if write is _write_folder and out.suffix:
        raise ValueError(
            f"{out}: expected a name that ends in {', '.join(writers)}, or a "
            "folder's, without an ending"
        )
    written = write(out, found, arguments)
    _say(found)
    for line in written:
        print(f"wrote {line}")
    if arguments.tfds:
        _prepare(out, arguments)


def _say(found):
    """Says what there is now, and proposes how to train on it."""
    for name, sketches in found.splits.items():
        counts = np.bincount(found.labels[name], minlength=len(found.words))
        words = ", ".join(
            f"{count:,} {word}"
            for word, count in zip(found.words, counts.tolist(), strict=True)
            if count
        )
        print(f"{name}: {len(sketches):,} sketches ({words or 'none'})")
    if found.same:
        print("fewer than three drawings: all splits hold the same ones")
    if not found.splits["train"]:
        return
    report = inspection.inspect(found.words, found.splits)
    train = report.splits["train"].lengths
    kept = report.limits[report.proposed_max_len].share
    print(
        f"points: {train.median:g} in the median, {train.most:g} at most; "
        f"train with --set max_len={report.proposed_max_len}, which keeps "
        f"{kept:.1%}"
    )
    simpler = report.simplification
    if simpler.needed and simpler.median_epsilon is not None:
        print(
            f"many have more than 200 points: convert again with --epsilon "
            f"{simpler.median_epsilon:.3g}, with which "
            f"{simpler.share_after:.1%} have fewer"
        )


def _chosen(found, arguments):
    """Returns pairs of a sketch and its label, of one split or of all."""
    names = splits_lib.NAMES
    if arguments.split:
        names = (arguments.split,)
    elif found.same:
        names = names[:1]
    return [
        (sketch, int(label))
        for name in names
        for sketch, label in zip(
            found.splits[name], found.labels[name], strict=True
        )
    ]


def _write_npz(out, found, arguments):
    del arguments
    if len(found.words) > 1:
        print(
            f"{out}: holds {len(found.words)} labels, which an npz file has no "
            "place for; write a folder to keep them",
            file=sys.stderr,
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    sketchrnn_npz.write(out, found.splits)
    return [out]


def _write_folder(out, found, arguments):
    out.mkdir(parents=True, exist_ok=True)
    if arguments.each:
        return _write_each(out, found, arguments)
    written = []
    for label, word in enumerate(found.words):
        path = out / f"{word}.npz"
        of_word = {
            name: [
                sketch
                for sketch, other in zip(
                    sketches, found.labels[name], strict=True
                )
                if other == label
            ]
            for name, sketches in found.splits.items()
        }
        if any(of_word.values()):
            sketchrnn_npz.write(path, of_word)
            written.append(path)
    return written


def _write_each(out, found, arguments):
    """Writes a picture of each sketch."""
    counts = dict.fromkeys(found.words, 0)
    chosen = _chosen(found, arguments)
    bar = tqdm.tqdm(chosen, unit="picture", disable=not sys.stderr.isatty())
    for sketch, label in bar:
        word = found.words[label]
        name = f"{word}-{counts[word]:05d}.{arguments.each}"
        counts[word] += 1
        drawing.write(out / name, drawing.draw_sketch(sketch))
    return [f"{out}: {len(chosen):,} pictures"]


def _write_sheet(out, found, arguments):
    chosen = _chosen(found, arguments)
    # Evenly over all, so that each label is seen.
    order = np.linspace(0, len(chosen) - 1, min(arguments.count, len(chosen)))
    chosen = [chosen[index] for index in np.unique(order.astype(int))]
    many = len(found.words) > 1
    drawing.write(
        out,
        drawing.draw_grid(
            [sketch for sketch, _ in chosen],
            labels=[
                found.words[label] if many else None for _, label in chosen
            ],
        ),
    )
    return [out]


def _write_json(out, found, arguments):
    rows = [
        {"word": found.words[label], "stroke3": sketch.tolist()}
        for sketch, label in _chosen(found, arguments)
    ]
    with partials.file(out) as partial:
        partial.write_text(json.dumps(rows) + "\n")
    return [out]


def _write_ndjson(out, found, arguments):
    with (
        partials.file(out) as partial,
        open(partial, "w") as file,
    ):
        for index, (sketch, label) in enumerate(_chosen(found, arguments)):
            polylines = strokes.stroke3_to_polylines(sketch)
            record = {
                "word": found.words[label],
                "key_id": str(index),
                "drawing": [polyline.T.tolist() for polyline in polylines],
            }
            file.write(json.dumps(record) + "\n")
    return [out]


def _prepare(out, arguments):
    if out.suffix.lower() not in ("", ".npz") or arguments.each:
        raise ValueError(f"tfds: expected npz files to prepare, got {out}")
    import tfds_quickdraw

    builder = tfds_quickdraw.prepare(
        tfds_quickdraw.config_for(files=out), data_dir=arguments.data_dir
    )
    print(f"{builder.info.full_name}")
    print(f"wrote {builder.data_dir}")
