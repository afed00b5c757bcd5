"""Mutants of a module: its source with one small fault in it.

The faults are mutmut's.  Its runner is not used: it keeps every mutant of a
function beside it behind a trampoline, which tf.function would trace, and
leaves decorated functions out, as the graphs are.  Here a mutant is a whole
file, so that graphs are made of its source.
"""

import difflib
import hashlib
import pathlib
import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import libcst
from libcst import metadata
from mutmut.mutation import mutators

PACKAGE = pathlib.Path("sketch_rnn_tf")


class Mutant(NamedTuple):
    """One fault in one module.

    Attributes:
      module: The module's name within the package.
      line: Where the change begins, in the source without the fault.
      function: The function it is in, with its classes; "" at the top.
      before: The lines that change, each without its indent.
      after: What becomes of them; "" where they are left out.
      source: The module's whole text with the fault.
    """

    module: str
    line: int
    function: str
    before: str
    after: str
    source: str

    @property
    def key(self) -> str:
        """What tells this mutant from any other of any state of the code."""
        text = f"{self.module}\n{self.source}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def path_of(root: pathlib.Path, module: str) -> pathlib.Path:
    """Returns a module's file, from the root of the project.

    Args:
      root: The root of the project.
      module: Its name, without the packages that it is in.

    Raises:
      ValueError: If there is not one such module, in whatever folder.
    """
    found = list((root / PACKAGE).rglob(f"{module}.py"))
    if len(found) != 1:
        raise ValueError(
            f"{module}: expected one module of this name, got {len(found)}"
        )
    return found[0].relative_to(root)


def sample(
    root: pathlib.Path, modules: Sequence[str], *, count: int, seed: int
) -> Iterator[Mutant]:
    """Yields mutants in an order that the seed gives, all equally likely.

    Args:
      root: The root of the project.
      modules: Names of modules within the package.
      count: How many at most; a greater count goes on where a smaller ends.
      seed: Of the order.
    """
    parsed, places = {}, []
    for module in modules:
        source = (root / path_of(root, module)).read_text(encoding="utf-8")
        found = _Finder()
        wrapper = metadata.MetadataWrapper(libcst.parse_module(source))
        parsed[module] = wrapper.visit(found)
        places += [(module, *change) for change in found.changes]
    random.Random(seed).shuffle(places)
    seen = set()
    for module, function, statement, old, new in places:
        if len(seen) == count:
            return
        whole = parsed[module]
        # The whole would be searched for the node, which takes far longer.
        changed = statement.deep_replace(old, new)
        body = [changed if s is statement else s for s in whole.body]
        source = whole.with_changes(body=body).code
        mutant = _mutant(module, function, whole.code, source)
        if mutant is not None and mutant.key not in seen:
            seen.add(mutant.key)
            yield mutant


def count_of(root: pathlib.Path, module: str) -> int:
    """Counts the changes that `sample` chooses from in a module."""
    source = (root / path_of(root, module)).read_text(encoding="utf-8")
    found = _Finder()
    metadata.MetadataWrapper(libcst.parse_module(source)).visit(found)
    return len(found.changes)


def _mutant(module, function, original, source):
    """Returns a mutant; None of a change that is no Python or none at all."""
    try:
        compile(source, module, "exec")
    except SyntaxError:
        return None
    old, new = original.splitlines(), source.splitlines()
    blocks = difflib.SequenceMatcher(None, old, new, False).get_opcodes()
    changed = [block for block in blocks if block[0] != "equal"]
    if not changed:
        return None
    before = [old[k].strip() for _, a, b, _, _ in changed for k in range(a, b)]
    after = [new[k].strip() for _, _, _, a, b in changed for k in range(a, b)]
    line = changed[0][1] + 1
    return Mutant(
        module, line, function, "\n".join(before), "\n".join(after), source
    )


class _Finder(libcst.CSTVisitor):
    """Finds what may change: function, statement, node, node in its place."""

    # Types are not run, and an import that fails is seen by any test.
    _LEFT_OUT = (
        libcst.Annotation,
        libcst.Import,
        libcst.ImportFrom,
        libcst.Decorator,
    )
    _SCOPES = (libcst.FunctionDef, libcst.ClassDef)

    def __init__(self):
        super().__init__()
        self.changes = []
        self._scopes = []
        self._statement = None
        self._statements = set()

    def on_visit(self, node):
        if isinstance(node, self._LEFT_OUT):
            return False
        if isinstance(node, self._SCOPES):
            self._scopes.append(node.name.value)
        if isinstance(node, libcst.Module):
            self._statements = set(map(id, node.body))
        elif id(node) in self._statements:
            self._statement = node
        place = (".".join(self._scopes), self._statement)
        for kind, operator in mutators.mutation_operators:
            if isinstance(node, kind):
                self.changes += [(*place, node, new) for new in operator(node)]
        return True

    def on_leave(self, original_node):
        if isinstance(original_node, self._SCOPES):
            self._scopes.pop()
