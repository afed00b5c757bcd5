"""What is mutated, which tests are to see it, and which faults are planted."""

import pathlib
from typing import NamedTuple

_WORDS = "tests/test_class_conditioning.py::TestDrawing::"

TESTS = {
    "strokes": ("sketch_rnn_tf/strokes.py", "tests/test_strokes.py"),
    "simplify": (
        "sketch_rnn_tf/preparation/simplify.py",
        "tests/test_simplify.py",
    ),
    "losses": ("tests/test_losses.py", "tests/test_free_bits.py"),
    "distributions": ("tests/test_distributions.py", "tests/test_losses.py"),
    "next_point": ("tests/test_sampling.py", "tests/test_slots.py"),
    "sampling": (
        "tests/test_sampling.py",
        f"{_WORDS}test_words_change_drawings_and_nothing_else_does",
        f"{_WORDS}test_words_change_losses_and_completions",
    ),
    "sampler": ("tests/test_sampling.py", "tests/test_slots.py"),
    "scoring": ("tests/test_scoring.py",),
    "density": ("tests/test_density.py",),
}
"""Of each module its tests, the files that end soonest first."""

DEFAULT = tuple(TESTS)[:7]
"""Modules that mutants are chosen from unless others are named."""


class Fault(NamedTuple):
    """A fault to plant, and the test that is to fail for it.

    Attributes:
      name: What it is called.
      path: The file, from the root of the project.
      changes: (text, text in its place) each; the first stands there once.
      test: The test.
    """

    name: str
    path: pathlib.Path
    changes: tuple[tuple[str, str], ...]
    test: str

    def planted_in(self, root: pathlib.Path) -> str:
        """Returns the file's text with the fault.

        Raises:
          ValueError: If the file has not the text that is to change, once.
        """
        source = (root / self.path).read_text(encoding="utf-8")
        for old, new in self.changes:
            if source.count(old) != 1:
                raise ValueError(
                    f"{self.name}: expected once in {self.path}, "
                    f"found {source.count(old)} times: {old}"
                )
            source = source.replace(old, new)
        return source


FAULTS = (
    Fault(
        "the gradient's clip is dropped",
        pathlib.Path("sketch_rnn_tf/model/optimizer.py"),
        (("(gradient,) = super()._clip_gradients([gradient])\n", "\n"),),
        "tests/test_optimizer.py::"
        "test_steps_are_those_of_a_numpy_adam_with_clipping_by_value",
    ),
    Fault(
        "the pen's columns p2 and p3 are swapped",
        pathlib.Path("sketch_rnn_tf/strokes.py"),
        (
            (
                "PEN_DOWN, PEN_UP, END = 0, 1, 2",
                "PEN_DOWN, PEN_UP, END = 0, 2, 1",
            ),
        ),
        "tests/test_strokes.py::"
        "test_pen_states_are_down_up_end_in_columns_2_to_4",
    ),
    Fault(
        "a file is written in place and not renamed",
        pathlib.Path("sketch_rnn_tf/partials.py"),
        (
            ("partial = folder / path.name\n", "partial = path\n"),
            ("        os.replace(partial, path)\n", ""),
        ),
        "tests/test_partials.py::TestFile::test_a_failure_leaves_nothing",
    ),
    Fault(
        "a pickle may name anything",
        pathlib.Path("sketch_rnn_tf/files/array_pickle.py"),
        (
            (
                'result = _ArrayUnpickler(stream, encoding="latin1").load()',
                'result = pickle.load(stream, encoding="latin1")',
            ),
        ),
        "tests/test_sketchrnn_npz.py::"
        "test_hostile_pickles_are_refused_and_not_run",
    ),
    Fault(
        "the seed of a drawing is ignored",
        pathlib.Path("sketch_rnn_tf/generation/sampling.py"),
        (("            seeds=seeds,\n", "            seeds=0 * seeds,\n"),),
        "tests/test_sampling.py::TestContract::"
        "test_an_unconditional_model_draws_by_it_too",
    ),
)
