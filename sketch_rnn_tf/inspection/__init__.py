r"""What a data set holds: counted, measured and drawn.  No TensorFlow.

    report = inspection.inspect(words, {"train": train, "valid": valid})
    print("\n".join(inspection.lines(report)))
    drawing.write("lengths.svg", inspection.histogram_svg(report))

Sketches are stroke-3 arrays in memory (see `strokes`), pixels; lengths are
points.  Record i of a split is called `train[i]`, counted from 0.

References:
  Figure 23, sections 3.1 and A.1 of Ha & Eck (2017).
"""

from sketch_rnn_tf.inspection.finding import (
    EPSILONS,
    MAX_OFFSET,
    MAX_POINTS,
    inspect,
)
from sketch_rnn_tf.inspection.pictures import histogram_svg, sheet
from sketch_rnn_tf.inspection.report import Report, as_json
from sketch_rnn_tf.inspection.text import lines

__all__ = [
    "EPSILONS",
    "MAX_OFFSET",
    "MAX_POINTS",
    "Report",
    "as_json",
    "histogram_svg",
    "inspect",
    "lines",
    "sheet",
]
