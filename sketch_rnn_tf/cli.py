"""The command line.

    sketch-rnn train --data quickdraw_strokes/doodles --work-dir work
    sketch-rnn sample --model work --count 9 --out samples.svg

`parser` says what is understood, `commands` does the work.
"""

import contextlib
import importlib
import os
import re
import signal
import sys
import tempfile
from collections.abc import Sequence

from sketch_rnn_tf import processor
from sketch_rnn_tf.command_line import parser, studio_parser

_MODULES = {
    "prepare": "preparing",
    "convert": "converting",
    "inspect": "inspecting",
    "classifier": "quality",
    "figures": "figures",
    "experiment": "experimenting",
    "export": "exporting",
    "request": "requesting",
    "pack": "packing",
    "models": "models",
    "download": "downloading",
    **dict.fromkeys(studio_parser.NAMES, "studio"),
}
"""Of `command_line`, where a command is not in `commands`."""

# Where in its graph TensorFlow says that an error is.
_NODES = re.compile(r"^\{\{.*?\}\} *| *\[Op:\w+\].*$", re.DOTALL)


def run() -> None:
    """Runs the command line and exits, the installed `sketch-rnn`."""
    sys.exit(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
      argv: The arguments; those of the process if None.

    Returns:
      The exit status: 0; 1 if training failed; 2 for bad input or a full
      disk; 130 if interrupted, 143 if terminated in training.  All but 0 say
      why in one line on standard error.
    """
    processor.prepare()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # What the user has set for other programs does not matter here.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    if not sys.stderr.isatty():
        # No progress bars of TFDS between the lines of a log.
        os.environ.setdefault("TQDM_DISABLE", "1")
    try:
        arguments = parser.build().parse_args(argv)
        with _quiet():
            import tensorflow as tf

            module = importlib.import_module(
                "sketch_rnn_tf.command_line."
                + _MODULES.get(arguments.command, "commands")
            )
            tf.config.list_physical_devices()
            tf.get_logger().setLevel("ERROR")
        # `import` is a word of Python's.
        command = {"import": "import_"}.get(
            arguments.command, arguments.command
        )
        try:
            getattr(module, command)(arguments)
        except tf.errors.OpError as error:
            # A file of streamed records was cut short, or went away; or
            # there is not enough memory, or disk.
            raise OSError(_NODES.sub("", error.message)) from error
    except (ValueError, OSError) as error:
        return _fail(error, 2)
    except FloatingPointError as error:
        return _fail(error, 1)
    except KeyboardInterrupt as error:
        # Training says where it stopped, and may have been terminated.
        signum = getattr(error, "signum", signal.SIGINT)
        return _fail(str(error) or "interrupted", 128 + signum)
    return 0


@contextlib.contextmanager
def _quiet():
    """Keeps native libraries from writing to standard error.

    TensorFlow writes a dozen lines there while it loads, whatever its log
    level, which would hide the one line that a user has to read.  If loading
    fails they are shown after all.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as swallowed:
        os.dup2(swallowed.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(kept, 2)
            swallowed.seek(0)
            sys.stderr.write(swallowed.read().decode(errors="replace"))
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _fail(error, status):
    line = " ".join(str(error).split())
    print(f"sketch-rnn: {line}", file=sys.stderr)
    return status
