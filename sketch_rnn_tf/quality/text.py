"""A report as a table for a terminal."""

from sketch_rnn_tf.quality import report as report_lib

_COLUMNS = (
    # Title, what it shows of a row, format.
    ("top-1", lambda row: row.top1, "{:.3f}"),
    ("+-", lambda row: row.top1_error, "{:.3f}"),
    ("ratio", lambda row: row.ratio, "{:.2f}"),
    ("top-5", lambda row: row.top5, "{:.3f}"),
    ("Frechet", lambda row: row.frechet, "{:.2f}"),
    ("prec.", lambda row: row.precision, "{:.2f}"),
    ("recall", lambda row: row.recall, "{:.2f}"),
    ("diver.", lambda row: row.diversity, "{:.2f}"),
    ("copies", lambda row: row.near_duplicates, "{:.3f}"),
    ("points", lambda row: row.points, "{:.1f}"),
    ("W1", lambda row: row.points_distance, "{:.1f}"),
    ("strokes", lambda row: row.strokes, "{:.1f}"),
    ("W1", lambda row: row.strokes_distance, "{:.2f}"),
    ("N_max", lambda row: row.at_max, "{:.3f}"),
)

_LOW = 0.7
"""Below it the classifier is said to be often wrong about real drawings."""

_SHOWN_WORDS = 8


def lines(report: report_lib.Report) -> list[str]:
    """Gives a report as lines of text, without line ends."""
    words = ", ".join(report.words[:_SHOWN_WORDS])
    if len(report.words) > _SHOWN_WORDS:
        words += f" and {len(report.words) - _SHOWN_WORDS} more"
    real = report.rows[0]
    found = [
        f"recognised as {words}, among {report.classifier_words} words",
        "",
        f"{'':20}{'tau':>5}{'N':>6}"
        + "".join(f"{title:>8}" for title, _, _ in _COLUMNS),
    ]
    for row in report.rows:
        tau = "" if row.temperature is None else f"{row.temperature:g}"
        found.append(
            f"{_name(row):20}{tau:>5}{row.count:>6}"
            + "".join(f"{_cell(of(row), form):>8}" for _, of, form in _COLUMNS)
        )
    found += [
        "",
        f"{report.reference:,} other real drawings are the reference of "
        f"Frechet, prec., recall and W1; the first",
        f"{real.compared:,} drawings of each row are compared; copies are "
        f"sought among {report.known:,} training drawings.",
    ]
    if real.top1 < _LOW:
        found.append(
            f"The classifier recognises {real.top1:.0%} of the real drawings "
            "only: judge by the ratio."
        )
    if real.compared <= report.features:
        found.append(
            f"The Frechet distance is of {real.compared:,} drawings in "
            f"{report.features} dimensions: compare it with the real row's "
            "alone."
        )
    return found


def _cell(value, form):
    return "-" if value is None else form.format(value)


def _name(row):
    return {
        "real": "real, held out",
        "sample": "samples",
        "reconstruction": "reconstructions",
    }[row.source]
