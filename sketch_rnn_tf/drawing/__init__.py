"""Sketches drawn as SVG, PNG and GIF.  No TensorFlow.

A sketch is stroke3 (see `strokes`) in any unit: it is fitted into its square
cell.  Lengths of the picture are SVG user units: *pixels* of the picture at
scale 1, not those of the sketch.

Strokes are coloured by their order, as in Figure 4 of Ha & Eck (2017); a
sketch that a model went on with shows the given part in dark ink and the
rest in red, as in its Figure 19.

    picture = drawing.Grid(sketches, labels=["a", "b"], title="Cats")
    drawing.write("cats.png", picture)
    drawing.write("cats.animated.svg", picture)  # they draw themselves
    drawing.write("cats.gif", picture)

`Grid` and `Pattern` are pictures that can be drawn in part; `draw_grid` and
`draw_sketch` draw all at once.  `palette` has colours for them.

The same input gives the same bytes.  PNG and GIF are rendered from the SVG
with the Roboto font that is installed beside this package, so that a machine
without fonts writes the same labels; characters that Roboto lacks (Chinese,
say) come out as boxes there, and in full in the SVG.
"""

from sketch_rnn_tf.drawing import palette, theme
from sketch_rnn_tf.drawing.animation import to_gif
from sketch_rnn_tf.drawing.canvas import FONT_FAMILY
from sketch_rnn_tf.drawing.files import ENDINGS, check_ending, write
from sketch_rnn_tf.drawing.grid import Grid, draw_grid
from sketch_rnn_tf.drawing.pattern import Pattern
from sketch_rnn_tf.drawing.raster import to_png, to_svg
from sketch_rnn_tf.drawing.sketch import draw_sketch
from sketch_rnn_tf.drawing.underlay import Underlay

HAIRLINE_COLOR = theme.LIGHT.hairline

__all__ = [
    "ENDINGS",
    "FONT_FAMILY",
    "HAIRLINE_COLOR",
    "Grid",
    "Pattern",
    "Underlay",
    "check_ending",
    "draw_grid",
    "draw_sketch",
    "palette",
    "to_gif",
    "to_png",
    "to_svg",
    "write",
]
