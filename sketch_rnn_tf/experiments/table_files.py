"""The files of Table 1: numbers, texts, pictures and a page of them all."""

import json
import os
import pathlib
from collections.abc import Sequence
from typing import Any

from sketch_rnn_tf import drawing, html_page, partials, version
from sketch_rnn_tf.diagrams import tradeoff
from sketch_rnn_tf.experiments import (
    curves,
    page,
    sources,
    table,
    table_text,
    trainings,
)

ROWS = "rows"
"""The directory of the trainings, beneath that of the experiment."""

_TITLE = "Table 1: losses by data set and w_KL"
_SUMMARY = (
    "Losses of the best weights over the whole test split (Eq. 12, z "
    "sampled): L_R in nats over N_max, L_KL in nats a latent dimension. With "
    "several seeds: mean, standard deviation and, in brackets, their number. "
    "The paper's numbers are from its own data, cells and sizes, for much "
    "longer trainings, and other N_max divide its losses: they are to be "
    "compared in their order, not in their values."
)


def known(out: str | os.PathLike) -> list[str]:
    """Lists the trainings of a table that is there already, by name.

    Raises:
      ValueError: If `out` holds a damaged one.
    """
    path = pathlib.Path(out) / "table1.json"
    if not path.is_file():
        return []
    try:
        return [str(name) for name in json.loads(path.read_text())["asked"]]
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f"{path}: expected a table, got a damaged file"
        ) from None


def write(
    out: str | os.PathLike, asked: Sequence[str], *, pictures: bool = True
) -> list[pathlib.Path]:
    """Writes the table as far as it has come.

    Args:
      out: The directory of the experiment.
      asked: Names of all trainings of the table, done or not.
      pictures: Whether to draw pictures and the page, too.

    Returns:
      The files written.
    """
    out = pathlib.Path(out)
    records = [trainings.read(out / ROWS, name) for name in asked]
    results = [r["result"] for r in records if r and r["result"]]
    found = table.groups(results)
    texts = {
        "table1.json": json.dumps(
            {
                "version": version.__version__,
                "asked": list(asked),
                "results": results,
                "orderings": [o._asdict() for o in table.orderings(found)],
            },
            indent=2,
        )
        + "\n",
    }
    if found:
        texts["table1.csv"] = table_text.csv_text(found)
        texts["table1.md"] = _markdown(found, len(results), len(asked))
    if found and pictures:
        drawn = _pictures(out, found)
        texts["index.html"] = _page(found, drawn, len(results), len(asked))
    written = []
    for name, text in texts.items():
        with partials.file(out / name) as partial:
            partial.write_text(text)
        written.append(out / name)
    return written


def _markdown(found, done, asked):
    tables = {
        _TITLE: table_text.losses(found),
        "What the paper says of it": table_text.orderings(found),
        "Trainings": table_text.details(found),
    }
    lines = [f"{_SUMMARY}\n\n{done} of {asked} trainings."]
    for title, rows in tables.items():
        lines += [f"## {title}", table_text.markdown(rows)]
    return "\n\n".join(lines) + "\n"


def _pictures(out, found):
    """Draws the pictures; returns the names of the files with their titles."""
    runs = {}
    for run in tradeoff.read(out / ROWS):
        runs[run.path.name] = run

    def chosen(groups):
        return [
            runs[result["name"]]
            for group in groups
            for results in group.columns.values()
            for result in results
            if result["name"] in runs
        ]

    made = {}
    everything = chosen(found)
    if not everything:
        return made
    made["tradeoff.svg"] = (
        "Figure 8: reconstruction against KL, by the best validation",
        tradeoff.draw(everything),
    )
    for group in found:
        if of_group := chosen([group]):
            made[f"curves-{sources.name(group.spec)}.svg"] = (
                f"Validation losses, {group.title}",
                curves.draw(of_group, group.title),
            )
    for name, (_, picture) in made.items():
        drawing.write(out / name, picture)
    return {name: title for name, (title, _) in made.items()}


def _page(found, drawn: dict[str, Any], done, asked):
    sections = [("Losses", table_text.html_table(table_text.losses(found)))]
    sections += [
        (title, html_page.picture(name, title)) for name, title in drawn.items()
    ]
    sections += [
        (
            "What the paper says of its table",
            table_text.html_table(table_text.orderings(found)),
        ),
        ("Trainings", table_text.html_table(table_text.details(found))),
    ]
    summary = f"{_SUMMARY} {done} of {asked} trainings are done."
    return page.render(_TITLE, summary, sections)
