"""A report as text for a terminal."""

import math
import textwrap

from sketch_rnn_tf.drawing import lettering
from sketch_rnn_tf.inspection import bins, finding, report as report_lib
from sketch_rnn_tf.preparation import simplify

_MAX_WORDS, _SHOWN_NAMES, _BAR_WIDTH = 25, 5, 40
_BLOCKS = " ▏▎▍▌▋▊▉█"


def lines(report: report_lib.Report) -> list[str]:
    """Gives a report as lines of text of about 80 columns.

    Args:
      report: The report.

    Returns:
      The lines, without line ends.
    """
    words = lettering.plain_text(", ".join(map(str, report.words)))
    words = f"words ({len(report.words):,}): {words}"
    return [
        textwrap.shorten(words, 78, placeholder=" ..."),
        "",
        *_split_lines(report.splits),
        "",
        f"points of the training sketches (N_max {report.max_len:,})",
        *_bar_lines(report),
        "",
        *_limit_lines(report),
        "",
        *_epsilon_lines(report.simplification),
        *_doubt_lines(report),
    ]


def _split_lines(splits):
    rows = [("", list(splits))]

    def add(title, give, pattern="{:,}"):
        values = [give(split) for split in splits.values()]
        cells = ["-" if v is None else pattern.format(v) for v in values]
        rows.append((title, cells))

    add("sketches", lambda split: split.count)
    known = [split.words for split in splits.values() if split.words]
    names = list(known[0]) if known and len(known[0]) > 1 else []
    for name in names[:_MAX_WORDS]:
        title = lettering.plain_text(name)
        if len(title) > 20:
            title = title[:19] + lettering.ELLIPSIS
        add(f"  {title}", lambda split, n=name: (split.words or {}).get(n))
    if len(names) > _MAX_WORDS:
        rows.append((f"  and {len(names) - _MAX_WORDS:,} more words", []))
    titles = ("least", "median", "mean", "90 %", "95 %", "99 %", "most")
    for field, title, shown in (
        ("lengths", "points", report_lib.Summary._fields),
        ("strokes", "strokes", ("median", "mean", "p99", "most")),
        ("sides", "longest side", ("median", "most")),
    ):
        for key, name in zip(report_lib.Summary._fields, titles, strict=True):
            if key not in shown:
                continue

            def give(split, field=field, key=key):
                return getattr(getattr(split, field), key, None)

            pattern = "{:,.1f}" if key == "mean" else "{:,g}"
            add(f"{title}, {name}", give, pattern)
    add("offsets of length 0", lambda split: split.zero_offsets, "{:.2%}")
    add("repeated within", lambda split: split.repeated)
    return [
        f"{title:22}" + "".join(f"{cell:>13}" for cell in cells)
        for title, cells in rows
    ]


def _bar_lines(report):
    rows = []
    split = report.splits["train"]
    width, heights, beyond = bins.count(report, split, 16, bins.longest(report))
    most = max(*heights, 1)
    for index, height in enumerate(heights):
        label = f"{index * width + 1:,}-{(index + 1) * width:,}"
        if beyond and index == len(heights) - 1:
            label = f"{index * width + 1:,} or more"
        eighths = math.ceil(8 * _BAR_WIDTH * height / most)
        bar = _BLOCKS[8] * (eighths // 8)
        bar += _BLOCKS[eighths % 8].strip()
        rows.append(f"{label:>15} {height:>9,} {bar}".rstrip())
    return rows


def _limit_lines(report):
    rows = [
        f"{'max_len':>10}{'keeps':>12}{'leaves out':>13}{'share':>10}"
        f"{'scale_factor':>15}"
    ]
    total = report.splits["train"].count
    for limit, found in report.limits.items():
        marks = [
            mark
            for mark, at in (
                ("proposed", report.proposed_max_len),
                ("N_max", report.max_len),
            )
            if at == limit
        ]
        rows.append(
            f"{limit:>10,}{found.kept:>12,}{total - found.kept:>13,}"
            f"{found.share:>10.2%}{found.scale_factor:>15.6f}  "
            f"{', '.join(marks)}".rstrip()
        )
    return rows


def _epsilon_lines(found):
    before = (
        f"{found.share_before:.2%} of {found.sampled:,} sampled training "
        f"sketches\n  have at most {finding.MAX_POINTS} points"
    )
    if not found.needed:
        return f"epsilon: none needed, {before}".split("\n")
    after = f"{found.share_after:.2%} have"
    if found.epsilon is None:
        more = f"none proposed: with {finding.EPSILONS[-1]}, the largest tried,"
    else:
        more = (
            f"proposed {found.epsilon:g} for a box of {simplify.BOX}, "
            f"{found.median_epsilon:.3g} for the median box: with it"
        )
    return f"epsilon: {before} as they are;\n  {more} {after}".split("\n")


def _doubt_lines(report):
    rows = []
    for title, kinds in (
        ("the same sketch", report.shared),
        ("suspicious", report.suspects),
    ):
        for kind, named in kinds.items():
            if not named.count:
                continue
            rows.append(f"{title}: {named.count:,}: {kind}")
            rows += [f"  {name}" for name in named.names[:_SHOWN_NAMES]]
            if named.count > _SHOWN_NAMES:
                rows.append(f"  and {named.count - _SHOWN_NAMES:,} more")
    rows += report.tally.lines()
    return ["", *rows] if rows else []
