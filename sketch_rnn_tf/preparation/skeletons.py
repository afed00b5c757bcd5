"""Skeletons: lines thinned to one pixel, and the graph of these pixels.

A graph's branches are chains of pixels, its nodes ends and junctions; pixels
of a junction that touch each other are one node.

Lengths are *pixels*; pixel (0, 0) covers the square from 0 to 1, so that its
centre is (0.5, 0.5).  NumPy, and scikit-image, which is imported when called,
with SciPy that it brings.
"""

import dataclasses
import itertools

import numpy as np

Side = tuple[int, int]
"""A branch's number, and which of its ends: 0 its first point, 1 its last."""

_PAD = 2


def thin(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Thins lines to a skeleton.

    Args:
      ink: bool [H, W], true where there is ink.

    Returns:
      The skeleton, bool [H, W], and the distance to the nearest ground,
      float64 [H, W], pixels: half the line's width on the skeleton.  Beyond
      the picture is ground.
    """
    from scipy import ndimage
    from skimage import morphology

    padded = np.pad(ink, _PAD)
    inside = (slice(_PAD, -_PAD), slice(_PAD, -_PAD))
    distance = ndimage.distance_transform_edt(padded)
    return morphology.skeletonize(padded)[inside], distance[inside]


@dataclasses.dataclass(eq=False)
class Graph:
    """Branches between nodes.

    Attributes:
      places: [2] a node, pixels.
      radii: Of the ink around each node, pixels.
      sides: Of all branches that end at a node.
      branches: (points, (node, node)); points [K, 2] with both nodes' places.
      lone: [K, 2], lines without a node: dots, and loops, whose first point
        is also the last one.
    """

    places: list[np.ndarray]

    def __post_init__(self):
        self.radii: list[float] = []
        self.sides: list[list[Side]] = [[] for _ in self.places]
        self.branches: dict[int, tuple[np.ndarray, tuple[int, int]]] = {}
        self.lone: list[np.ndarray] = []
        self._keys = itertools.count()

    def add(self, points: np.ndarray, first: int, last: int) -> None:
        key = next(self._keys)
        self.branches[key] = points, (first, last)
        self.sides[first].append((key, 0))
        self.sides[last].append((key, 1))

    def remove(self, key: int) -> None:
        for side, node in enumerate(self.branches.pop(key)[1]):
            self.sides[node].remove((key, side))

    def leaving(self, key: int, side: int) -> np.ndarray:
        """Gives a branch's points from one side on."""
        points = self.branches[key][0]
        return points[::-1] if side else points

    def length(self, key: int) -> float:
        return float(arc(self.branches[key][0])[-1])

    def tip(self, key: int) -> int | None:
        """Finds the side of a branch that is free, if just one is."""
        counts = [len(self.sides[node]) for node in self.branches[key][1]]
        if min(counts) > 1 or max(counts) < 3:
            return None
        return int(counts[1] == 1)

    def dissolve(self, node: int) -> None:
        """Makes one branch of two, if just these meet at a node."""
        if len(self.sides[node]) != 2:
            return
        (one, side), (other, far_side) = self.sides[node]
        points = self.leaving(one, side)[::-1]
        if one == other:
            self.lone.append(points)
            self.remove(one)
            return
        first = self.branches[one][1][1 - side]
        last = self.branches[other][1][1 - far_side]
        points = np.concatenate([points, self.leaving(other, far_side)[1:]])
        self.remove(one)
        self.remove(other)
        self.add(points, first, last)


def graph(skeleton: np.ndarray, distance: np.ndarray) -> Graph:
    """Makes the graph of a skeleton.

    Args:
      skeleton: bool [H, W], lines one pixel wide.
      distance: [H, W], half the width of the lines, pixels.

    Returns:
      The graph.  A dot is a lone line of one point.
    """
    skeleton, distance = np.pad(skeleton, _PAD), np.pad(distance, _PAD)
    rows, columns = np.nonzero(skeleton)
    spots = np.stack([columns, rows], axis=1) + 0.5 - _PAD
    near = _neighbours(skeleton)
    node = _nodes(skeleton, np.array([len(pixels) for pixels in near]))
    members = np.flatnonzero(node >= 0)
    members = members[np.argsort(node[members], kind="stable")]
    starts = np.unique(node[members], return_index=True)[1]
    groups = np.split(members, starts[1:]) if len(members) else []
    made = Graph([spots[group].mean(axis=0) for group in groups])
    made.radii = [
        float(distance[rows[group], columns[group]].max()) for group in groups
    ]
    paths, loops = _chains(near, node.tolist())
    for path in paths:
        first, last = (int(node[pixel]) for pixel in (path[0], path[-1]))
        points = spots[path]
        points[0], points[-1] = made.places[first], made.places[last]
        made.add(points, first, last)
    made.lone = [spots[path] for path in loops]
    for place, sides in zip(made.places, made.sides, strict=True):
        if not sides:
            made.lone.append(place[None])
    return made


def _neighbours(skeleton: np.ndarray) -> list[list[int]]:
    """Lists the neighbours of each pixel, by their place in np.nonzero."""
    rows, columns = np.nonzero(skeleton)
    numbers = np.full(skeleton.shape, -1)
    numbers[rows, columns] = np.arange(len(rows))
    links = []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        linked = skeleton[rows + down, columns + right]
        if down and right:
            # Two steps around the corner say the same: no triangles.
            linked &= ~skeleton[rows + down, columns]
            linked &= ~skeleton[rows, columns + right]
        other = numbers[rows + down, columns + right]
        links.append(np.stack([np.flatnonzero(linked), other[linked]], axis=1))
    links = np.concatenate(links)
    links = np.concatenate([links, links[:, ::-1]])
    links = links[np.lexsort(links.T[::-1])]
    counts = np.bincount(links[:, 0], minlength=len(rows))
    parts = np.split(links[:, 1], np.cumsum(counts)[:-1])
    return [part.tolist() for part in parts]


def _nodes(skeleton: np.ndarray, degrees: np.ndarray) -> np.ndarray:
    """Numbers the nodes: each pixel's one, -1 within a chain."""
    from scipy import ndimage

    crowded = np.zeros(skeleton.shape, bool)
    crowded[skeleton] = degrees > 2
    labels, count = ndimage.label(crowded, np.ones((3, 3)))
    node = labels[skeleton].astype(np.int64) - 1
    ends = np.flatnonzero(degrees < 2)
    node[ends] = count + np.arange(len(ends))
    return node


def _chains(
    near: list[list[int]], node: list[int]
) -> tuple[list[list[int]], list[list[int]]]:
    """Walks along the pixels between nodes, and around loops without one."""
    paths, loops = [], []
    walked, seen = [False] * len(node), set()

    def walk(path):
        while node[path[-1]] < 0 and path[-1] != path[0]:
            before, after = near[path[-1]]
            path.append(after if before == path[-2] else before)
        for pixel in path:
            walked[pixel] = True
        return path

    for start, number in enumerate(node):
        for step in near[start] if number >= 0 else ():
            if node[step] != number and (start, step) not in seen:
                path = walk([start, step])
                seen.add((path[-1], path[-2]))
                paths.append(path)
    for start, number in enumerate(node):
        if number < 0 and not walked[start]:
            loops.append(walk([start, near[start][0]]))
    return paths, loops


def arc(points: np.ndarray) -> np.ndarray:
    """Measures the way from the first point to each, [K]."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    return np.concatenate([[0.0], np.cumsum(steps)])
