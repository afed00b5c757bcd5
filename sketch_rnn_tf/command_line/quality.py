"""`sketch-rnn classifier`, and `sketch-rnn evaluate --quality`."""

import argparse
import json
import pathlib
import sys

import tqdm

from sketch_rnn_tf import datasets, drawing, partials, training
from sketch_rnn_tf.command_line import quality_parser
from sketch_rnn_tf.quality import (
    classifier as classifier_lib,
    pictures,
    report as report_lib,
    text,
    vocabulary,
)

_SHEET_TEMPERATURE = 0.4
"""The sheet shows the samples of the temperature next to it."""


def classifier(arguments: argparse.Namespace) -> None:
    """Trains a classifier, or goes on with a training that was stopped."""
    classifier_lib.check_free(arguments.out)
    found = _trained(
        arguments.data,
        arguments.data_dir,
        arguments.out,
        seed=arguments.seed,
        epochs=arguments.epochs,
        per_word=arguments.per_word,
        patience=arguments.patience,
    )
    each = sorted(found.facts["test"]["words"].items(), key=lambda x: x[1])
    listed = ", ".join(f"{word} {share:.0%}" for word, share in each[:5])
    print(f"hardest words: {listed}")
    print(f"wrote {arguments.out}")


def evaluate(arguments: argparse.Namespace) -> None:
    """Measures what a model draws beside real drawings."""
    if not arguments.out:
        raise ValueError("out: expected a directory with --quality, got none")
    out = pathlib.Path(arguments.out)
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out}: expected a directory, got a file")
    where = arguments.classifier or out / "classifier"
    if classifier_lib.is_one(where):
        # Before the model and the data, as its words may not fit.
        found = classifier_lib.load(where)
    elif not arguments.real:
        raise ValueError(
            f"{where}: expected a classifier, or --real drawings of at least "
            "two words to train one on, got neither"
        )
    else:
        found = None
        classifier_lib.check_free(where)
    model = training.load(arguments.model)
    data = datasets.load(arguments.data, data_dir=arguments.data_dir)
    if found is None:
        found = _trained(
            arguments.real,
            arguments.data_dir,
            where,
            seed=0,
            epochs=quality_parser.EPOCHS,
            per_word=quality_parser.PER_WORD,
            patience=quality_parser.PATIENCE,
        )
    with tqdm.tqdm(unit=" drawings", disable=None, leave=False) as bar:
        made, drawn = report_lib.make(
            model,
            data,
            found,
            temperatures=arguments.temperatures,
            count=arguments.count,
            as_word=arguments.as_word,
            seed=arguments.seed,
            progress=bar.update,
        )
    written = _write(out, made, drawn)
    if arguments.json:
        print(json.dumps(report_lib.as_json(made), indent=2))
    else:
        for line in text.lines(made):
            print(line)
    # Standard output is to be an object and nothing else.
    stream = sys.stderr if arguments.json else sys.stdout
    print("wrote", ", ".join(map(str, written)), file=stream)


def _trained(spec, data_dir, directory, **settings):
    """Trains a classifier on what a spec names, and saves it."""
    data = datasets.load(spec, data_dir=data_dir)
    for line in data.tally.lines():
        print(line, file=sys.stderr)
    words, splits = vocabulary.labelled(data)
    with tqdm.tqdm(unit=" batches", disable=None, leave=False) as bar:

        def progress(done, total, said):
            bar.total = total
            if said:
                bar.set_postfix_str(said, refresh=False)
            bar.update(done - bar.n)

        found = classifier_lib.train(
            splits, words, directory=directory, progress=progress, **settings
        )
    found.save(directory)
    test = found.facts["test"]
    print(
        f"classifier of {len(words)} words: recognises {test['top1']:.1%} of "
        f"{test['count']:,} real drawings held out, {test['top5']:.1%} among "
        f"the five likeliest ({found.facts['epochs']} epochs)",
        file=sys.stderr,
    )
    return found


def _write(out, made, drawn):
    written = [out / "quality.json"]
    with partials.file(written[0]) as partial:
        value = json.dumps(report_lib.as_json(made), indent=2)
        partial.write_text(value + "\n")
    shown = min(
        (d for d in drawn if d.source == "sample"),
        key=lambda d: abs(d.temperature - _SHEET_TEMPERATURE),
    )
    for stem, picture in (
        ("curves", pictures.curves(made)),
        ("sheet", pictures.sheet(shown)),
    ):
        for ending in (".svg", ".png"):
            path = out / f"{stem}{ending}"
            written.append(drawing.write(path, picture))
    return written
