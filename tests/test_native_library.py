"""The native library is compiled once, safely, and never in the way."""

import pathlib
import shutil
import stat
import subprocess

import pytest

from sketch_rnn_tf.native import library

needs_compiler = pytest.mark.skipif(
    not shutil.which("cc"), reason="no C compiler"
)


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """A cache of its own, and nothing loaded yet."""
    monkeypatch.delenv(library.SWITCH, raising=False)
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(library, "_loaded", library._loaded.__wrapped__)
    return tmp_path


def _compiler(tmp_path, script):
    path = tmp_path / "compiler"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return str(path)


def test_switch_takes_three_values(fresh, monkeypatch):
    monkeypatch.setenv(library.SWITCH, "yes")
    with pytest.raises(ValueError, match=r"expected one of auto, on, off"):
        library.operations()
    with pytest.raises(ValueError, match=r"got 'yes'"):
        library.check()


def test_all_sources_are_part_of_the_name():
    folder = pathlib.Path(library.__file__).parent
    sources = [*folder.glob("*.c"), *folder.glob("*.h")]
    assert set(library._SOURCES) == {path.name for path in sources}


def test_off_compiles_nothing(fresh, monkeypatch):
    monkeypatch.setenv(library.SWITCH, "off")
    assert library.operations() is None
    assert not list(fresh.iterdir())


def test_without_a_compiler_it_does_without(fresh, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler -O1")
    assert library.operations() is None
    library.check()
    monkeypatch.setenv(library.SWITCH, "on")
    for asked in (library.operations, library.check):
        with pytest.raises(ValueError, match="no C compiler no-such-compiler"):
            asked()


def test_what_does_not_compile_is_told_and_leaves_nothing(
    fresh, monkeypatch, tmp_path_factory
):
    failing = _compiler(
        tmp_path_factory.mktemp("bin"),
        'case "$1" in --version) exit 0;; esac\n'
        "echo 'lstm.h: In function f' >&2\n"
        "echo 'lstm.h:3: error: no such thing' >&2\nexit 1",
    )
    monkeypatch.setenv("CC", failing)
    told = r"more slowly, without .*: lstm\.h:3: error: no such thing$"
    with pytest.warns(RuntimeWarning, match=told):
        assert library.operations() is None
    assert not [path for path in fresh.rglob("*") if path.is_file()]


def test_what_cannot_be_loaded_is_told(fresh, monkeypatch, tmp_path_factory):
    empty = _compiler(
        tmp_path_factory.mktemp("bin"),
        'case "$1" in --version) exit 0;; esac\n'
        'while [ "$1" != -o ]; do shift; done\necho nothing > "$2"',
    )
    monkeypatch.setenv("CC", empty)
    with pytest.warns(RuntimeWarning, match="without the native library"):
        assert library.operations() is None


@needs_compiler
class TestCompiled:
    def test_is_kept_for_its_owner_alone_and_found_again(self, tmp_path):
        path = library.compiled(["cc"], folder=tmp_path)
        assert list(tmp_path.iterdir()) == [path]
        assert not path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        before = path.stat()
        assert library.compiled(["cc"], folder=tmp_path) == path
        assert path.stat() == before

    def test_depends_on_how_it_is_compiled(self, tmp_path, monkeypatch):
        monkeypatch.setattr(library.subprocess, "run", _touching)
        names = {library.compiled(["cc"], folder=tmp_path)}
        names.add(library.compiled(["cc", "-g"], folder=tmp_path))
        monkeypatch.setattr(library, "_processor", lambda: b"another")
        names.add(library.compiled(["cc"], folder=tmp_path))
        assert len(names) == 3

    def test_of_another_owner_is_not_used(self, tmp_path, monkeypatch):
        monkeypatch.setattr(library.subprocess, "run", _touching)
        path = library.compiled(["cc"], folder=tmp_path)
        path.write_bytes(b"theirs")
        monkeypatch.setattr(library.os, "getuid", lambda: -1)
        assert library.compiled(["cc"], folder=tmp_path) == path
        assert path.read_bytes() == b""

    def test_warns_of_nothing(self, tmp_path):
        path = library.compiled(
            ["cc", "-Wall", "-Wextra", "-Werror"], folder=tmp_path
        )
        assert path.stat().st_size > 0


def test_without_a_cache_it_is_compiled_aside(fresh, monkeypatch):
    file = fresh / "file"
    file.touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(file))
    with library._folder() as folder:
        assert pathlib.Path(folder).is_dir()
        assert fresh not in pathlib.Path(folder).parents
    assert not pathlib.Path(folder).exists()


def _touching(command, **_):
    """Stands in for a compiler: writes an empty library."""
    if "-o" in command:
        pathlib.Path(command[-1]).write_bytes(b"")
    return subprocess.CompletedProcess(command, 0, stdout=b"a version")
