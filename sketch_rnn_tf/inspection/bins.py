"""Bins of lengths, for the histograms."""

import math

import numpy as np


def longest(report):
    """Returns the most points of any sketch."""
    return max(len(split.histogram) - 1 for split in report.splits.values())


def count(report, split, most, end):
    """Counts lengths in `most` bins or fewer, (k width, (k + 1) width].

    They reach to `end`, or twice the proposed max_len if that is less: the
    last one takes what is beyond, lest a few long sketches press all others
    into the first.

    Returns:
      The width, the counts, and whether any split has sketches beyond.
    """
    end = min(end, 2 * report.proposed_max_len)
    width = next(
        width
        for power in range(9)
        for width in (10**power, 2 * 10**power, 5 * 10**power)
        if width * most >= end
    )
    counts = np.zeros(math.ceil(end / width), np.int64)
    index = (np.maximum(np.arange(len(split.histogram)), 1) - 1) // width
    np.add.at(counts, np.minimum(index, len(counts) - 1), split.histogram)
    beyond = longest(report) > len(counts) * width
    return width, counts.tolist(), beyond
