"""The commands that draw."""

import argparse
import pathlib
from collections.abc import Callable, Mapping, Sequence

import tqdm

from sketch_rnn_tf import drawing, labels as labels_lib, studio, training
from sketch_rnn_tf.command_line import given
from sketch_rnn_tf.generation import sampling
from sketch_rnn_tf.studio import records


def sample(arguments: argparse.Namespace) -> None:
    """Draws new sketches."""
    model = training.load(arguments.model)
    settings = given.settings(arguments)
    temperatures = arguments.temperature
    z, own = given.latents(arguments, model)
    if len(temperatures) > 1 and (z is not None or arguments.columns):
        raise ValueError(
            "temperature: expected one with --latent or --columns, got "
            f"{len(temperatures)}"
        )
    count = arguments.count if z is None else len(z)
    settings["words"] = given.words(arguments, {"": model}, own or count)
    total = count * len(temperatures) * arguments.best_of
    with _bar(total) as progress:
        if len(temperatures) > 1:
            if arguments.softmax_temperature is not None:
                raise ValueError(
                    "softmax-temperature: expected none with several "
                    f"temperatures, got {arguments.softmax_temperature:g}"
                )
            plate = studio.sampled.rows(
                model,
                temperatures,
                count=count,
                max_len=arguments.max_len,
                best_of=arguments.best_of,
                progress=progress,
                **settings,
            )
        else:
            plate = studio.sampled.grid(
                model,
                count=count,
                temperature=temperatures[0],
                softmax_temperature=arguments.softmax_temperature,
                z=z,
                max_len=arguments.max_len,
                best_of=arguments.best_of,
                columns=arguments.columns,
                progress=progress,
                **settings,
            )
    _write(arguments, plate, {"": model})


def reconstruct(arguments: argparse.Namespace) -> None:
    """Encodes sketches and draws them again."""
    models = given.models(arguments)
    sketches, _ = given.chosen(arguments, models)
    settings = given.settings(arguments) | {
        "sample_z": arguments.z == "sample",
        "words": given.words(arguments, models, sketches.words),
    }
    temperatures = arguments.temperature
    model = next(iter(models.values()))
    with _bar(len(sketches) * len(models) * len(temperatures)) as progress:
        if len(models) == len(temperatures) == 1:
            plate = studio.reconstructions.pairs(
                model,
                sketches,
                temperature=temperatures[0],
                progress=progress,
                **settings,
            )
        else:
            plate = studio.reconstructions.table(
                models, sketches, temperatures, progress=progress, **settings
            )
    _write(arguments, plate, models | {"": model})


def interpolate(arguments: argparse.Namespace) -> None:
    """Draws what lies between sketches."""
    models = given.models(arguments)
    model = next(iter(models.values()))
    settings = given.settings(arguments) | {
        "temperature": arguments.temperature
    }
    given.check_conditional(models)
    if arguments.walk:
        words = given.words(arguments, models, arguments.walk)
        if words and not arguments.word:
            words = words[0]
        settings["words"] = labels_lib.suited(words, model.config)
        with _bar(arguments.walk) as progress:
            plate = studio.interpolations.walk(
                model, steps=arguments.walk, progress=progress, **settings
            )
        _write(arguments, plate, models | {"": model})
        return
    settings["method"] = arguments.method
    ends, sketches, settings["words"] = given.ends(arguments, models)
    if len(ends[next(iter(models))]) == 2:
        with _bar(arguments.steps * len(models)) as progress:
            plate = studio.interpolations.paths(
                models,
                ends,
                steps=arguments.steps,
                given=sketches,
                progress=progress,
                **settings,
            )
    else:
        if len(models) > 1:
            raise ValueError(
                f"model: expected one between four corners, got {len(models)}"
            )
        with _bar(arguments.steps**2) as progress:
            plate = studio.interpolations.corners(
                model,
                ends[next(iter(models))],
                rows=arguments.steps,
                columns=arguments.steps,
                progress=progress,
                **settings,
            )
    _write(arguments, plate, models | {"": model})


def analogy(arguments: argparse.Namespace) -> None:
    """Adds and subtracts sketches."""
    model = training.load(arguments.model)
    split = given.split(arguments)
    plus = split.chosen(arguments.plus)
    minus = split.chosen(arguments.minus)
    own = [labels_lib.left_over(plus.words, minus.words)]
    plate = studio.analogies.sums(
        model,
        [(plus, minus)],
        temperatures=arguments.temperature,
        words=given.words(arguments, {"": model}, own),
        **given.settings(arguments),
    )
    _write(arguments, plate, {"": model})


def complete(arguments: argparse.Namespace) -> None:
    """Goes on with the beginnings of sketches."""
    model = training.load(arguments.model)
    sketches, _ = given.chosen(arguments, {"": model})
    beginnings = [
        sketch[: arguments.points or max(1, len(sketch) // 2)]
        for sketch in sketches
    ]
    total = len(beginnings) * arguments.endings * arguments.best_of
    with _bar(total) as progress:
        plate = studio.completions.endings(
            model,
            beginnings,
            count=arguments.endings,
            temperature=arguments.temperature,
            softmax_temperature=arguments.softmax_temperature,
            best_of=arguments.best_of,
            words=given.words(arguments, {"": model}, sketches.words),
            progress=progress,
            **given.settings(arguments),
        )
    _write(arguments, plate, {"": model})


def variations(arguments: argparse.Namespace) -> None:
    """Draws similar but unique sketches."""
    model = training.load(arguments.model)
    sketches, _ = given.chosen(arguments, {"": model})
    settings = given.settings(arguments) | {
        "spread": arguments.spread,
        "temperature": arguments.temperature,
        "words": given.words(arguments, {"": model}, sketches.words),
    }
    if arguments.pattern:
        columns, rows = arguments.pattern
        with _bar(columns * rows) as progress:
            plate = studio.variations.pattern(
                model,
                sketches,
                columns=columns,
                rows=rows,
                repeat=(arguments.repeat, arguments.repeat),
                progress=progress,
                **settings,
            )
    else:
        if len(sketches) > 1:
            raise ValueError(
                "index: expected one sketch to vary without --pattern, got "
                f"{len(sketches)}"
            )
        with _bar(arguments.variations) as progress:
            plate = studio.variations.around(
                model,
                sketches[0],
                count=arguments.variations,
                progress=progress,
                **settings,
            )
    _write(arguments, plate, {"": model})


def beautify(arguments: argparse.Namespace) -> None:
    """Redraws clumsy sketches with a steady hand."""
    model = training.load(arguments.model)
    sketches, _ = given.chosen(arguments, {"": model})
    with _bar(len(sketches) * arguments.best_of) as progress:
        plate = studio.reconstructions.beautified(
            model,
            sketches,
            temperature=arguments.temperature,
            best_of=arguments.best_of,
            words=given.words(arguments, {"": model}, sketches.words),
            progress=progress,
            **given.settings(arguments),
        )
    _write(arguments, plate, {"": model})


def lesson(arguments: argparse.Namespace) -> None:
    """Shows how to draw a sketch, a stroke a panel."""
    models = {}
    if arguments.data:
        if arguments.word:
            raise ValueError(
                "word: expected none with --data, where no model draws, got "
                f"{' '.join(arguments.word)}"
            )
        split = given.split(arguments)
        sketch = given.at(split, arguments.index[0] if arguments.index else 0)
    elif arguments.model:
        model = training.load(arguments.model)
        drawn = sampling.sample(
            model,
            count=1,
            temperature=arguments.temperature,
            seed=arguments.seed,
            words=given.words(arguments, {"": model}, 1),
        )
        models = {"": model}
        sketch = drawn.sketches[0]
        if not len(sketch):
            raise ValueError(
                f"seed: expected a drawing, got an empty one of seed "
                f"{arguments.seed}"
            )
    else:
        raise ValueError("expected --data or --model, got neither")
    plate = studio.lessons.steps(sketch, style=given.style(arguments))
    if models:
        drawings = studio.plates.listed(drawn, arguments.temperature)
        plate = plate._replace(drawings=drawings)
    _write(arguments, plate, models)


def score(arguments: argparse.Namespace) -> None:
    """Ranks sketches by their loss, worst first."""
    model = training.load(arguments.model)
    sketches, indexes = given.chosen(arguments, {"": model})
    plate, rows = studio.rankings.worst(
        model,
        sketches,
        indexes=indexes,
        shown=arguments.shown,
        sample_z=arguments.z == "sample",
        words=given.words(arguments, {"": model}, sketches.words),
        **given.settings(arguments),
    )
    print_scores(rows)
    _write(arguments, plate, {"": model})


def print_scores(rows: Sequence[Mapping[str, float]]) -> None:
    """Prints the rows of a ranking as a table."""
    names = list(rows[0])
    print("  ".join(f"{name:>14}" for name in names))
    for row in rows:
        print(
            "  ".join(
                f"{value:14d}" if isinstance(value, int) else f"{value:14.4f}"
                for value in row.values()
            )
        )


def density(arguments: argparse.Namespace) -> None:
    """Shows where the next point may fall."""
    model = training.load(arguments.model)
    sketches, _ = given.chosen(arguments, {"": model})
    plate = studio.densities.along(
        model,
        sketches,
        panels=arguments.panels,
        temperature=arguments.temperature,
        words=given.words(arguments, {"": model}, sketches.words),
        style=given.style(arguments),
    )
    _write(arguments, plate, {"": model})


class _bar:
    """Shows how many drawings are done, on a terminal."""

    def __init__(self, total: int):
        self._bar = tqdm.tqdm(
            total=total, unit="drawing", disable=None, leave=False
        )

    def __enter__(self) -> Callable[[int], None]:
        return self._bar.update

    def __exit__(self, *_):
        self._bar.close()


def _write(arguments, plate, models):
    names = {}
    if arguments.also:
        names = {name: records.identity(m) for name, m in models.items()}
    write(arguments, plate, names)


def write(
    arguments: argparse.Namespace,
    plate: studio.plates.Plate,
    names: Mapping[str, str],
) -> None:
    """Writes a plate, and its drawings if asked to.

    Args:
      arguments: With --out, --also, and how a picture is written.
      plate: The plate.
      names: As for `records.write`.
    """
    out = pathlib.Path(arguments.out)
    stem = out.name[: -len(drawing.check_ending(out))]
    written = [
        drawing.write(
            out,
            plate.picture,
            scale=arguments.pixels,
            seconds=arguments.seconds,
        )
    ]
    for kind in dict.fromkeys(arguments.also):
        path = out.with_name(f"{stem}.{kind}")
        written.append(records.write(path, plate.drawings, names))
    print("wrote", ", ".join(map(str, written)))
