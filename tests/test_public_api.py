"""The public interface is what docs/api.md lists, and changes on purpose."""

import difflib
import inspect
import re

import public_api


def _imported(text):
    """Returns the modules of ours that Python in a page imports."""
    ours = r"(?:sketch_rnn_tf|export|tfds_quickdraw)(?:\.\w+)*"
    found = set(re.findall(rf"^import ({ours})", text, re.MULTILINE))
    for module, names in re.findall(
        rf"^from ({ours}) import ([\w, ]+)", text, re.MULTILINE
    ):
        found |= {f"{module}.{name.strip()}" for name in names.split(",")}
    return found


def test_public_interface_is_as_listed():
    listed = public_api.FILE.read_text()
    found = public_api.text()
    difference = difflib.unified_diff(
        listed.splitlines(),
        found.splitlines(),
        "docs/api.md",
        "the code",
        lineterm="",
        n=2,
    )
    assert listed == found, (
        "the public interface changed:\n"
        + "\n".join(difference)
        + "\nIf that is meant, run `python tests/public_api.py --write` and "
        "say so in CHANGELOG.md."
    )


def test_what_the_docs_import_is_listed():
    pages = [public_api.ROOT / "README.md"]
    pages += sorted((public_api.ROOT / "docs").glob("*.md"))
    listed = set(public_api.MODULES)
    imported = set().union(*(_imported(page.read_text()) for page in pages))
    assert len(imported) > 5
    missing = imported - listed
    # Modules of their own; other names are listed with their module.
    assert not {n for n in missing if inspect.ismodule(_found(n))}


def _found(name):
    import importlib

    module, _, last = name.rpartition(".")
    if not module:
        return importlib.import_module(name)
    try:
        return getattr(importlib.import_module(module), last)
    except AttributeError:
        return importlib.import_module(name)


def test_a_change_is_seen(monkeypatch):
    import sketch_rnn_tf

    before = public_api.text()

    def sample(model, *, count=1):
        return None

    monkeypatch.setattr(sketch_rnn_tf, "sample", sample, raising=False)
    after = public_api.text()
    assert "sample(model, *, count=1)" in after
    assert after != before


def test_commands_and_options_are_listed():
    text = public_api.text()
    assert "\nsketch-rnn train\n    --data: required\n" in text
    assert "\nsketch-rnn export tfjs\n" in text
