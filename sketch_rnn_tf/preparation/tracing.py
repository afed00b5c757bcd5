"""Tracing: the lines of a black-and-white picture as strokes.

Ink is thinned to a skeleton one pixel wide.  Its pixels make a graph:
branches, which are chains of pixels, between nodes, which are ends and
junctions.  What thinning adds is taken away again (spurs where an outline is
rough, and the short bridges that a crossing of two lines falls apart into),
branches that go straight on over a junction become one stroke, and the
strokes get an order and directions that keep the pen's way short.

Lengths are *pixels*; pixel (0, 0) covers the square from 0 to 1, so that its
centre is (0.5, 0.5).  The same picture gives the same strokes.  NumPy, and
scikit-image, which is imported when called, with SciPy that it brings.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from sketch_rnn_tf.preparation import skeletons

BRIDGE = 1.25
"""A branch this short, in line widths, is within the crossing of two lines
whatever their angle."""

BRIDGE_TURN = np.radians(40)
"""How far a line may turn, at most, over such a bridge."""

TURN = np.radians(90)
"""A stroke goes on over a junction unless it turned by more than this."""

SPUR = 2.0
"""A branch ends in a spur if it is shorter than this, in radii of the ink
around its junction: one radius of it lies within the other line, and the
corners of a square end are 1.4 away."""

TIP = 2.0
"""The longest branch that may be the tip of a sharp corner, in line widths:
that of lines at about 30 degrees."""

FILLED = 1.25
"""An area is filled in if its inside is this far from the ground, in line
widths; crossings stay below 1."""

SMOOTHING = 0.3
"""Deviation of the Gaussian that smooths a line, in line widths."""


def trace(ink: np.ndarray) -> list[np.ndarray]:
    """Traces lines to strokes in the order that a person might draw.

    Args:
      ink: bool [H, W], true where there is ink.

    Returns:
      Polylines, float64 [K, 2], K >= 1, points about a pixel apart.  A
      closed line ends where it starts; a dot is a single point.

    """
    if not ink.any():
        return []
    skeleton, distance = skeletons.thin(ink)
    width = 2 * float(np.median(distance[skeleton]))
    hollow = _hollowed(ink, distance, width)
    if hollow is not ink:
        skeleton, distance = skeletons.thin(hollow)
    graph = skeletons.graph(skeleton, distance)
    _prune(graph, width)
    _merge_crossings(graph, width)
    lines = _follow(graph, _continuations(graph))
    return order([_smooth(line, width) for line in lines])


def order(polylines: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Puts strokes in an order, and turns them, for a short way of the pen.

    The longest stroke comes first, as people start with the outline; the
    others follow by where the pen is, nearest first.

    Args:
      polylines: float64 [K, 2], K >= 1; closed where the first point is also
        the last one: such a stroke may start anywhere.

    Returns:
      The same strokes, some of them backwards.

    >>> lines = [np.array([[9.0, 0], [5, 0]]), np.array([[0.0, 0], [4, 4]])]
    >>> [line.tolist() for line in order(lines)]
    [[[0.0, 0.0], [4.0, 4.0]], [[5.0, 0.0], [9.0, 0.0]]]
    """
    if not polylines:
        return []
    left = list(polylines)
    lengths = [skeletons.arc(line)[-1] for line in left]
    pen = np.min([line.min(axis=0) for line in left], axis=0)
    # Where each stroke may start, all in one array with the stroke's number.
    doors = [line if _closed(line) else line[[0, -1]] for line in left]
    owner = np.repeat(np.arange(len(left)), [len(door) for door in doors])
    doors = np.concatenate(doors)
    waiting = owner == int(np.argmax(lengths))
    ordered = []
    for number in range(len(left)):
        away = np.where(waiting, np.hypot(*(doors - pen).T), np.inf)
        door = int(np.argmin(away))
        line, first = left[owner[door]], int(np.argmax(owner == owner[door]))
        if _closed(line):
            line = np.roll(line[:-1], -(door - first), axis=0)
            line = np.concatenate([line, line[:1]])
        elif door > first:
            line = line[::-1]
        ordered.append(line)
        pen = line[-1]
        if not number:
            waiting[:] = True
        waiting[owner == owner[door]] = False
    return ordered


def _hollowed(
    ink: np.ndarray, distance: np.ndarray, width: float
) -> np.ndarray:
    """Makes rings, each as wide as a line, of areas that are filled in.

    A skeleton leaves little of a filled area; rings are how a pen fills it.
    """
    from scipy import ndimage

    labels, _ = ndimage.label(distance > width - 1)
    filled = np.unique(labels[distance > FILLED * width])
    if not len(filled):
        return ink
    between = np.abs(distance / width - np.rint(distance / width)) * width < 1
    return ink & ~(between & np.isin(labels, filled[filled > 0]))


def _prune(graph: skeletons.Graph, width: float) -> None:
    """Removes the spurs, shortest first, and makes tips of some of them."""
    pruned = True
    while pruned:
        pruned = False
        for key in sorted(graph.branches, key=graph.length):
            side = graph.tip(key) if key in graph.branches else None
            if side is None:
                continue
            tip, inner = graph.branches[key][1][:: 1 - 2 * side]
            length = graph.length(key)
            others = [other for other in graph.sides[inner] if other[0] != key]
            if length < TIP * width and _is_corner(graph, key, side, others):
                for branch, end in others:
                    graph.branches[branch][0][-end] = graph.places[tip]
            elif length >= SPUR * graph.radii[inner]:
                continue
            graph.remove(key)
            graph.dissolve(inner)
            pruned = True


def _is_corner(
    graph: skeletons.Graph,
    key: int,
    tip_side: int,
    others: Sequence[skeletons.Side],
) -> bool:
    """Tells whether a short branch is where two others meet in a corner.

    At a sharp turn the ink of both sides is one, with one skeleton.
    """
    if len(others) != 2:
        return False
    away = _heading(graph, (key, 1 - tip_side))
    one, other = (_heading(graph, side) for side in others)
    return _turn(one, other) > TURN > max(_turn(one, away), _turn(other, away))


def _merge_crossings(graph: skeletons.Graph, width: float) -> None:
    """Makes one node of junctions that a crossing of lines fell apart into.

    Branches get there over straight lines.  Loops within a node go.
    """
    for key in sorted(graph.branches, key=graph.length):
        if key not in graph.branches:
            continue
        first, last = graph.branches[key][1]
        length = graph.length(key)
        if first == last:
            if length < 2 * width:
                graph.remove(key)
                graph.dissolve(first)
            continue
        radius = graph.radii[first] + graph.radii[last]
        if min(len(graph.sides[first]), len(graph.sides[last])) < 3:
            continue
        if length > min(radius, BRIDGE * width) and not _is_bridge(
            graph, key, width
        ):
            continue
        graph.remove(key)
        center = (graph.places[first] + graph.places[last]) / 2
        for moved, side in list(graph.sides[last]):
            points, nodes = graph.branches[moved]
            nodes = tuple(first if node == last else node for node in nodes)
            graph.branches[moved] = points, nodes
            graph.sides[first].append((moved, side))
        graph.sides[last] = []
        graph.places[first] = center
        graph.radii[first] = (radius + length) / 2


def _is_bridge(graph: skeletons.Graph, key: int, width: float) -> bool:
    """Tells whether a branch is where two lines cross at a small angle.

    They go straighter over it than past its ends, and it is no longer than
    lines as wide as these overlap.
    """
    first, last = graph.branches[key][1]
    if len(graph.sides[first]) != 3 or len(graph.sides[last]) != 3:
        return False
    a, b, c, d = (
        _heading(graph, side)
        for node in (first, last)
        for side in graph.sides[node]
        if side[0] != key
    )
    over = min(max(_turn(a, c), _turn(b, d)), max(_turn(a, d), _turn(b, c)))
    past = min(_turn(a, b), _turn(c, d))
    overlap = width / max(np.cos(past / 2), 1e-9)
    return over < min(BRIDGE_TURN, past) and graph.length(key) < overlap


def _continuations(
    graph: skeletons.Graph,
) -> dict[skeletons.Side, skeletons.Side]:
    """Pairs the sides of branches that are one stroke over a node."""
    partners = {}
    for sides in graph.sides:
        turns = sorted(
            (_turn(_heading(graph, one), _heading(graph, other)), one, other)
            for one, other in itertools.combinations(sides, 2)
        )
        for turn, one, other in turns:
            if turn < TURN and one not in partners and other not in partners:
                partners[one], partners[other] = other, one
    return partners


def _heading(graph: skeletons.Graph, side: skeletons.Side) -> np.ndarray:
    """Finds where a branch goes as it leaves a node, a unit vector.

    Within the node's ink the skeleton bends, so that it does not count.
    """
    points = graph.leaving(*side)
    radius = graph.radii[graph.branches[side[0]][1][side[1]]]
    arc = skeletons.arc(points)
    start = min(radius, arc[-1] / 2)
    stop = start + 3 * radius + 2
    begin, end = (
        np.array([np.interp(at, arc, points[:, axis]) for axis in (0, 1)])
        for at in (start, stop)
    )
    return (end - begin) / max(np.hypot(*(end - begin)), 1e-9)


def _turn(one: np.ndarray, other: np.ndarray) -> float:
    """Measures how far a pen turns from one branch to another, radians."""
    return float(np.arccos(np.clip(-one @ other, -1, 1)))


def _follow(
    graph: skeletons.Graph, partners: dict[skeletons.Side, skeletons.Side]
) -> list[np.ndarray]:
    """Lists the strokes: open ones from their ends, then closed ones."""
    every = [(key, side) for key in graph.branches for side in (0, 1)]
    starts = [side for side in every if side not in partners] + every
    lines, used = list(graph.lone), set()
    for here in starts:
        legs = []
        while here is not None and here[0] not in used:
            used.add(here[0])
            legs.append(here)
            here = partners.get((here[0], 1 - here[1]))
        if legs:
            lines.append(_joined(graph, legs, closed=here is not None))
    return lines


def _joined(
    graph: skeletons.Graph, legs: Sequence[skeletons.Side], *, closed: bool
) -> np.ndarray:
    """Joins branches to a line that is straight within the ink of nodes."""
    parts = []
    for number, (key, side) in enumerate(legs):
        nodes = graph.branches[key][1]
        first, last = nodes[side], nodes[1 - side]
        inner = graph.leaving(key, side)[1:-1]
        begins = not number and not closed
        ends = number == len(legs) - 1 and not closed
        low = 0 if begins else _outside(graph, first, inner)
        back = 0 if ends else _outside(graph, last, inner[::-1])
        if low + back >= len(inner):
            low, back = len(inner) // 2, (len(inner) - 1) // 2
        parts += [graph.places[first][None]] if begins else []
        parts.append(inner[low : len(inner) - back])
        parts += [graph.places[last][None]] if ends else []
    line = np.concatenate(parts)
    return np.concatenate([line, line[:1]]) if closed else line


def _outside(graph: skeletons.Graph, node: int, points: np.ndarray) -> int:
    """Counts the first points that lie within the ink of a node."""
    away = np.hypot(*(points - graph.places[node]).T) > graph.radii[node]
    return int(np.argmax(away)) if away.any() else len(points)


def _smooth(line: np.ndarray, width: float) -> np.ndarray:
    """Takes the steps of pixels away and spaces the points evenly."""
    from scipy import ndimage

    arc = skeletons.arc(line)
    if arc[-1] <= width / 2:
        return line.mean(axis=0, keepdims=True)
    places = np.linspace(0, arc[-1], max(int(np.ceil(arc[-1])), 2) + 1)
    line = np.stack([np.interp(places, arc, line[:, a]) for a in (0, 1)], 1)
    sigma = min(max(1.0, SMOOTHING * width), len(line) / 8)
    if _closed(line):
        line = ndimage.gaussian_filter1d(line[:-1], sigma, 0, mode="wrap")
        return np.concatenate([line, line[:1]])
    # Mirrored through its ends, the line keeps them in place.
    reach = min(int(4 * sigma) + 1, len(line) - 1)
    before = 2 * line[0] - line[reach:0:-1]
    after = 2 * line[-1] - line[-2 : -reach - 2 : -1]
    longer = np.concatenate([before, line, after])
    return ndimage.gaussian_filter1d(longer, sigma, 0)[reach:-reach]


def _closed(line: np.ndarray) -> bool:
    return len(line) > 2 and bool((line[0] == line[-1]).all())
