"""Lists what others may build on: public names, commands and their options.

    python tests/public_api.py --write

writes docs/api.md anew; without --write it is printed.  Signatures are read
from the source, annotations as they stand there, so that the same code gives
the same text under every version of Python.
"""

import argparse
import ast
import importlib
import inspect
import pathlib
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[1]
FILE = ROOT / "docs" / "api.md"

MODULES = (
    "sketch_rnn_tf",
    "sketch_rnn_tf.datasets",
    "sketch_rnn_tf.doodles",
    "sketch_rnn_tf.drawing",
    "sketch_rnn_tf.labels",
    "sketch_rnn_tf.latent",
    "sketch_rnn_tf.pretrained",
    "sketch_rnn_tf.processor",
    "sketch_rnn_tf.quality.classifier",
    "sketch_rnn_tf.quality.report",
    "sketch_rnn_tf.quality.text",
    "sketch_rnn_tf.strokes",
    "sketch_rnn_tf.studio",
    "sketch_rnn_tf.studio.analogies",
    "sketch_rnn_tf.studio.completions",
    "sketch_rnn_tf.studio.densities",
    "sketch_rnn_tf.studio.interpolations",
    "sketch_rnn_tf.studio.lessons",
    "sketch_rnn_tf.studio.plates",
    "sketch_rnn_tf.studio.rankings",
    "sketch_rnn_tf.studio.reconstructions",
    "sketch_rnn_tf.studio.sampled",
    "sketch_rnn_tf.studio.variations",
    "sketch_rnn_tf.training",
    "export",
    "export.client",
    "export.serving",
    "export.tfjs",
    "tfds_quickdraw",
)

# What functions of the top level return.
RETURNED = (
    ("sketch_rnn_tf.generation.sampling", "Drawings"),
    ("sketch_rnn_tf.generation.scoring", "Scores"),
)

HEADING = """\
# The public interface

These are the names that others may build on, and what the command line
understands. What is not listed may change at any time. A test compares this
page with the code; who means to change the interface writes it anew, by

    python tests/public_api.py --write

and says so in the changelog.
"""

# Signatures of one line are at most so long.
_WIDTH = 79
# Text that is written out; longer constants are given by their type.
_LONGEST = 100


def text() -> str:
    """Returns the page."""
    parts = [HEADING]
    for module in MODULES:
        parts.append(_section(module, _module(module)))
    found = [
        line
        for module, name in RETURNED
        for line in _named(importlib.import_module(module), name, name)
    ]
    parts.append(_section("Returned by these", found))
    parts.append(_section("sketch-rnn", _commands()))
    return "\n".join(parts)


def _section(title, lines):
    return f"## {title}\n\n```text\n" + "\n".join(lines) + "\n```\n"


def _module(name):
    module = importlib.import_module(name)
    names = getattr(module, "__all__", None)
    if names is None:
        names = _defined(module)
    lines = []
    for public in sorted(names):
        lines += _named(module, public, public)
    return lines


def _defined(module):
    """Returns the public names that a module's source defines."""
    names = []
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.AnnAssign):
            names.append(node.target.id)
        elif isinstance(node, ast.Assign):
            targets = (t for t in node.targets if isinstance(t, ast.Name))
            names += [target.id for target in targets]
    return [name for name in names if not name.startswith("_")]


def _named(module, name, shown):
    value = getattr(module, name)
    if inspect.ismodule(value):
        return [f"{shown}: module"]
    if inspect.isclass(value):
        return _class(value, shown)
    if callable(value):
        return _function(_node(value), shown)
    return [_constant(name, value, shown)]


def _constant(name, value, shown):
    plain = isinstance(value, str | int | float | tuple)
    if plain and name != "__version__" and len(repr(value)) <= _LONGEST:
        return f"{shown} = {value!r}"
    return f"{shown}: {type(value).__name__}"


def _class(value, shown):
    node = _node(value)
    bases = ", ".join(ast.unparse(base) for base in node.bases)
    lines = [f"class {shown}({bases})" if bases else f"class {shown}"]
    members = {}
    for part in node.body:
        if isinstance(part, ast.AnnAssign):
            # A field; its order counts.
            default = f" = {ast.unparse(part.value)}" if part.value else ""
            lines.append(
                f"    {part.target.id}: {ast.unparse(part.annotation)}{default}"
            )
        elif isinstance(part, ast.FunctionDef):
            members[part.name] = part
    for name, part in sorted(members.items()):
        if name.startswith("_") and name != "__init__":
            continue
        marks = {ast.unparse(mark) for mark in part.decorator_list}
        if any(mark.endswith(".setter") for mark in marks):
            continue
        if marks & {"property", "functools.cached_property"}:
            returned = ast.unparse(part.returns) if part.returns else "?"
            lines.append(f"    {name}: property -> {returned}")
        else:
            lines += ["    " + line for line in _function(part, name)]
    return lines


def _node(value):
    source = textwrap.dedent(inspect.getsource(inspect.unwrap(value)))
    (node,) = ast.parse(source).body
    return node


def _function(node, shown):
    """Returns a signature, in one line where it fits."""
    arguments = node.args
    given = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(given) - len(arguments.defaults))
    parts = []
    for index, (argument, default) in enumerate(
        zip(given, [*defaults, *arguments.defaults], strict=True)
    ):
        parts.append(_argument(argument, default))
        if index + 1 == len(arguments.posonlyargs):
            parts.append("/")
    if arguments.vararg:
        parts.append("*" + _argument(arguments.vararg, None))
    elif arguments.kwonlyargs:
        parts.append("*")
    for argument, default in zip(
        arguments.kwonlyargs, arguments.kw_defaults, strict=True
    ):
        parts.append(_argument(argument, default))
    if arguments.kwarg:
        parts.append("**" + _argument(arguments.kwarg, None))
    returned = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    line = f"{shown}({', '.join(parts)}){returned}"
    if len(line) <= _WIDTH:
        return [line]
    return [f"{shown}(", *(f"    {part}," for part in parts), f"){returned}"]


def _argument(argument, default):
    annotation = argument.annotation
    named = argument.arg
    if annotation is not None:
        named += f": {ast.unparse(annotation)}"
    if default is None:
        return named
    equals = " = " if annotation is not None else "="
    return named + equals + ast.unparse(default)


def _commands():
    from sketch_rnn_tf.command_line import parser

    return _options(parser.build(), "sketch-rnn")


def _options(parser, name):
    lines, below = [name], []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, other in action.choices.items():
                below += _options(other, f"{name} {word}")
        elif not isinstance(action, argparse._HelpAction):
            lines.append("    " + _option(action))
    return lines + below


def _option(action):
    shown = ", ".join(action.option_strings) or action.dest
    facts = []
    if action.required and action.option_strings:
        facts.append("required")
    if action.nargs is not None:
        facts.append("a flag" if action.nargs == 0 else f"nargs {action.nargs}")
    if action.choices is not None:
        facts.append("one of " + ", ".join(map(str, action.choices)))
    if action.default not in (None, False, argparse.SUPPRESS):
        facts.append(f"default {action.default}")
    return shown + (f": {'; '.join(facts)}" if facts else "")


def main(argv: list[str] | None = None) -> int:
    """Prints or writes the page."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args(argv)
    if arguments.write:
        FILE.write_text(text())
        print(FILE.relative_to(ROOT))
    else:
        print(text(), end="")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
