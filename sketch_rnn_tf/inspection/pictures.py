"""Pictures of a report, and a contact sheet."""

import math
from collections.abc import Sequence

import numpy as np
import svgwrite

from sketch_rnn_tf import drawing
from sketch_rnn_tf.drawing import ink, lettering
from sketch_rnn_tf.inspection import bins, report as report_lib


def histogram_svg(report: report_lib.Report) -> svgwrite.Drawing:
    """Draws how many points the sketches have.

    Args:
      report: The report.

    Returns:
      A drawing for `drawing.write`: bars of shares, one a split side by
      side, with N_max and the proposed max_len marked.
    """
    width, height, left, top, bottom = 720, 380, 58, 64, 52
    splits = {name: s for name, s in report.splits.items() if s.count}
    shares = {}
    reach = max(bins.longest(report), report.proposed_max_len)
    for name, split in splits.items():
        step, counts, beyond = bins.count(report, split, 30, reach)
        shares[name] = [count / split.count for count in counts]
    end = step * len(counts)
    unit, highest = (width - left - 20) / end, max(map(max, shares.values()))
    tick = next(
        tick for tick in (0.01, 0.02, 0.05, 0.1, 0.2) if highest <= 6 * tick
    )
    floor = height - bottom
    # Above the highest line is room for what the marks are called.
    scale = (floor - top - 36) / (tick * math.ceil(highest / tick))
    picture = svgwrite.Drawing(
        size=(width, height), viewBox=f"0 0 {width} {height}", debug=False
    )
    picture.add(
        picture.rect(insert=(0, 0), size=(width, height), fill="#ffffff")
    )
    shapes = picture.add(picture.g(stroke="none"))
    texts = picture.add(picture.g(font_family=drawing.FONT_FAMILY))

    def write(text, x, y, style, room=160, size=11):
        place = (x, y)
        texts.add(lettering.label(picture, text, place, room, size, style))

    def line(x, y, to_x, to_y, color, **extra):
        numbers = [float(ink.number(v)) for v in (x, y, to_x, to_y)]
        shapes.add(
            picture.line(numbers[:2], numbers[2:], stroke=color, **extra)
        )

    words = ", ".join(map(str, report.words))
    write(f"Points of the sketches: {words}", 16, 26, "start", width - 32, 15)
    for number in range(math.ceil(highest / tick) + 1):
        y = floor - number * tick * scale
        line(left, y, width - 20, y, drawing.HAIRLINE_COLOR)
        write(f"{number * tick:.0%}", left - 8, y + 4, "end")
    every = math.ceil(len(counts) / 12)
    for number in range(0, len(counts) + 1, every):
        x = left + number * step * unit
        line(x, floor, x, floor + 5, lettering.LABEL_COLOR)
        write(f"{number * step:,}", x, floor + 19, "middle")
    line(left, floor, width - 20, floor, lettering.LABEL_COLOR)
    note = f"points (the last bar: {end - step + 1:,} or more)"
    write(note if beyond else "points", width / 2, height - 10, "middle", 400)

    bar = 0.86 * step * unit / len(shares)
    for place, (name, values) in enumerate(shares.items()):
        color = ink.ORDER_COLORS[place * 2 % len(ink.ORDER_COLORS)]
        x = width - 20 - 130 * (len(shares) - place)
        shapes.add(picture.rect((x, 36), (10, 10), fill=color))
        write(f"{name} ({splits[name].count:,})", x + 15, 45, "label_start")
        for index, value in enumerate(values):
            if not value:
                continue
            x = left + index * step * unit + 0.07 * step * unit + place * bar
            corner = (ink.number(x), ink.number(floor - value * scale))
            size = (ink.number(bar), ink.number(value * scale))
            shapes.add(picture.rect(corner, size, fill=color))
    marks = {report.max_len: "N_max"}
    marks[report.proposed_max_len] = (
        "N_max, proposed max_len"
        if report.max_len == report.proposed_max_len
        else "proposed max_len"
    )
    # The one on the left is lower, so that it does not cross the other's name.
    for row, (at, mark) in enumerate(sorted(marks.items(), reverse=True)):
        x = left + min(at, end) * unit
        line(
            x,
            top + 16 * row,
            x,
            floor,
            ink.COMPLETION_COLOR,
            stroke_dasharray="4,3",
        )
        text = f"{mark} {at:,}" + (" (beyond)" if at > end else "")
        write(text, x - 5, top + 12 + 16 * row, "end", 300)
    return picture


def sheet(
    words: Sequence[str],
    sketches: Sequence[np.ndarray],
    *,
    labels: np.ndarray | None = None,
    count: int = 80,
    seed: int = 0,
    title: str | None = None,
) -> svgwrite.Drawing:
    """Draws a contact sheet of a split, as in Figure 23 of Ha & Eck (2017).

    Args:
      words: Names of the classes.
      sketches: Stroke-3 [N, 3], any unit.
      labels: Index of each sketch's word, int [number of sketches]; None if
        not known: then nothing is written under them, unless there is but
        one word.
      count: How many to draw at most: as many of each word as of any other,
        but for the remainder and for words that have fewer.
      seed: Of the choice.
      title: Written on top.

    Returns:
      A drawing for `drawing.write`, sorted by word.

    Raises:
      ValueError: If there is no sketch, `count` is not positive, or labels
        do not match in number.
    """
    if count < 1:
        raise ValueError(f"count: expected a positive integer, got {count}")
    if labels is not None and len(labels) != len(sketches):
        raise ValueError(f"labels: expected {len(sketches)}, got {len(labels)}")
    known = labels is not None or len(words) == 1
    if labels is None:
        labels = np.zeros(len(sketches), np.int64)
    labels = np.asarray(labels)
    order = np.random.default_rng(seed).permutation(len(sketches))
    # The rank of each sketch among those of its word, in a random order:
    # taking the lowest takes turns, and each turn begins at a random word.
    by_word = order[np.argsort(labels[order], kind="stable")]
    _, starts, sizes = np.unique(
        labels[by_word], return_index=True, return_counts=True
    )
    rank = np.empty(len(sketches), np.int64)
    rank[by_word] = np.arange(len(by_word)) - np.repeat(starts, sizes)
    chosen = order[np.argsort(rank[order], kind="stable")[:count]]
    chosen = chosen[np.lexsort((chosen, labels[chosen]))]
    captions = [words[label] for label in labels[chosen]] if known else None
    return drawing.draw_grid(
        [sketches[index] for index in chosen],
        labels=captions,
        columns=max(math.ceil(math.sqrt(1.25 * len(chosen))), 1),
        cell=110,
        title=title,
    )
