"""The engine: one entrance in this process, with inputs guided by coverage.

The process is made for that: it ends when all inputs are tried, and leaves a
report, which is written as it goes, for whoever started it.
"""

import json
import os
import pathlib
import sys
import tempfile
import types

from fuzzing import catalogue, oracle as oracle_lib

INSTRUMENTED = (
    *("sketch_rnn_tf.files", "sketch_rnn_tf.weights", "sketch_rnn_tf.config"),
    *("sketch_rnn_tf.conversion", "sketch_rnn_tf.preparation.drawings"),
    *("sketch_rnn_tf.strokes", "sketch_rnn_tf.preparation.recipes"),
    *(
        "sketch_rnn_tf.preparation.skeletons",
        "sketch_rnn_tf.preparation.tracing",
    ),
    *("sketch_rnn_tf.training", "sketch_rnn_tf.pretrained"),
    *("sketch_rnn_tf.studio.records", "export.client", "fuzzing.served"),
    "fuzzing.planted",
    *("pickle", "zipfile", "json", "csv", "gzip", "base64", "defusedxml"),
    *("numpy.lib._format_impl", "PIL.PngImagePlugin", "PIL.JpegImagePlugin"),
)
"""Modules, and packages, whose branches are counted where they are imported."""

MAX_FINDINGS = 50
_REPORT_EVERY = 50
# Hangs in native code; the machine may be busy.
_WALL_SECONDS = 300


def run(name: str, *, runs: int, seed: int, report: str, corpus: str) -> None:
    """Tries inputs at an entrance; the process ends with it.

    Args:
      name: One of `catalogue.SHARES`, or module:name of another one.
      runs: Inputs.
      seed: Of the engine.
      report: The file to write what was found to, JSON.
      corpus: A folder of inputs to begin with; what covers more is added.
    """
    import atheris

    entrance = catalogue.entrance(name)
    folder = pathlib.Path(tempfile.mkdtemp(), "input")
    folder.mkdir()
    oracle = oracle_lib.Oracle(entrance, folder)
    corpus = pathlib.Path(corpus)
    for index, data in enumerate(entrance.seeds()):
        (corpus / f"seed-{index}").write_bytes(data)
        # What is imported late comes now, and a seed has to be good.
        entrance.write(folder, data)
        entrance.read(folder)
        if not oracle.run(data):
            raise AssertionError(f"{name}: seed {index} was refused")
    _instrument(atheris.instrument_func, entrance.read)
    oracle.limit_memory()
    report = _Report(pathlib.Path(report), runs)

    def one_input(data):
        try:
            report.count(oracle.run(data))
        except oracle_lib.Broken as broken:
            report.add(broken, data)

    words = pathlib.Path(tempfile.mkdtemp(), "words")
    words.write_text(
        "\n".join(
            '"' + "".join(f"\\x{byte:02x}" for byte in word) + '"'
            for word in entrance.words
        )
    )
    options = [
        f"-runs={runs}",
        f"-seed={seed + 1}",  # 0 is the time
        f"-max_len={entrance.max_len}",
        f"-timeout={_WALL_SECONDS}",
        "-rss_limit_mb=0",
        "-len_control=0",
        "-print_final_stats=0",
        f"-artifact_prefix={corpus.parent}/",
    ]
    if entrance.words:  # an empty file is an error
        options.append(f"-dict={words}")
    kwargs = {}
    if entrance.mutate:
        kwargs["custom_mutator"] = entrance.mutate
    atheris.Setup([sys.argv[0], *options, str(corpus)], one_input, **kwargs)
    atheris.Fuzz()


def judge_planted() -> dict[str, str]:
    """Lets the oracle judge each planted fault, without guidance.

    Returns:
      What it found, by the fault's name; "" where nothing.
    """
    from fuzzing import planted

    found = {}
    for name, entrance in planted.ENTRANCES.items():
        if name == "dies":
            continue
        with tempfile.TemporaryDirectory() as made:
            folder = pathlib.Path(made, "input")
            folder.mkdir()
            oracle = oracle_lib.Oracle(entrance, folder)
            oracle.limit_memory()
            # Of what is good it says nothing.
            found[name] = "" if oracle.run(b"aa") else "refused"
            try:
                oracle.run(b"fz")
            except oracle_lib.Broken as broken:
                found[name] += broken.kind
    return found


def _instrument(instrument, read):
    """Lets the functions of `INSTRUMENTED` tell which branches they take.

    After the import, as atheris' own hook takes whole packages, NumPy's too,
    and longer than all inputs.
    """
    seen = set()
    for name, module in list(sys.modules.items()):
        if any(name == p or name.startswith(f"{p}.") for p in INSTRUMENTED):
            _instrument_in(vars(module), name, instrument, seen)
    # Its own checks count as well; some are made within a function.
    if id(read) not in seen:
        instrument(read)


def _instrument_in(holder, module, instrument, seen):
    for value in list(holder.values()):
        for part in (value, *_behind(value)):
            if id(part) in seen or getattr(part, "__module__", "") != module:
                continue
            seen.add(id(part))
            if isinstance(part, types.FunctionType):
                instrument(part)
            elif isinstance(part, type):
                _instrument_in(vars(part), module, instrument, seen)


def _behind(value):
    """Returns the functions of what decorators made."""
    names = ("fget", "__func__", "__wrapped__", "func")
    return [getattr(value, n) for n in names if hasattr(value, n)]


class _Report:
    """What was tried and found, on disk all the time."""

    def __init__(self, path, runs):
        self._path, self._runs = path, runs
        self._tried = self._read = 0
        self._found = {}
        self._write()

    def count(self, was_read):
        self._tried += 1
        self._read += was_read
        if not self._tried % _REPORT_EVERY or self._tried >= self._runs:
            self._write()

    def add(self, broken, data):
        self._tried += 1
        known = self._found.get(broken.key)
        if known:
            known["times"] += 1
            if len(data) >= len(known["input"]) // 2:
                self._write()
                return
        elif len(self._found) >= MAX_FINDINGS:
            return
        self._found[broken.key] = {
            "kind": broken.kind,
            "what": broken.what,
            "place": broken.place,
            "times": known["times"] if known else 1,
            "input": data.hex(),
        }
        self._write()

    def _write(self):
        beside = self._path.with_suffix(".part")
        found = list(self._found.values())
        report = {"tried": self._tried, "read": self._read, "found": found}
        beside.write_text(json.dumps(report))
        os.replace(beside, self._path)
