"""`sketch-rnn inspect`."""

import argparse
import json
import pathlib
import sys

from sketch_rnn_tf import datasets, drawing, inspection, partials


def inspect(arguments: argparse.Namespace) -> None:
    """Says what a data set holds, and draws some of it."""
    data = datasets.load(arguments.data, data_dir=arguments.data_dir)
    labels = data.labels
    report = inspection.inspect(
        data.words,
        {name: getattr(data, name) for name in datasets.SPLITS},
        labels=labels,
        tally=data.tally,
        seed=arguments.seed,
    )
    if arguments.json:
        print(json.dumps(inspection.as_json(report), indent=2))
    else:
        for line in inspection.lines(report):
            print(_printable(line))
    if arguments.out is None:
        return
    split = arguments.split
    sketches = getattr(data, split)
    picture = inspection.sheet(
        data.words,
        sketches,
        labels=labels[split],
        count=arguments.count,
        seed=arguments.seed,
        title=f"{min(arguments.count, len(sketches)):,} of "
        f"{len(sketches):,} sketches of {split}",
    )
    written = _write(pathlib.Path(arguments.out), report, picture)
    # Standard output is to be an object and nothing else.
    stream = sys.stderr if arguments.json else sys.stdout
    print("wrote", ", ".join(map(str, written)), file=stream)


def _write(folder, report, sheet):
    written = [folder / "report.json"]
    with partials.file(written[0]) as partial:
        text = json.dumps(inspection.as_json(report), indent=2)
        partial.write_text(text + "\n")
    lengths = inspection.histogram_svg(report)
    for stem, picture in (("lengths", lengths), ("sheet", sheet)):
        for ending in (".svg", ".png"):
            path = folder / f"{stem}{ending}"
            written.append(drawing.write(path, picture))
    return written


def _printable(line):
    """Replaces what the terminal's encoding lacks, block characters say."""
    encoding = sys.stdout.encoding or "utf-8"
    return line.encode(encoding, "replace").decode(encoding)
