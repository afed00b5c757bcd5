"""work_directory: when one is made, resumed or refused."""

import os
import subprocess
import sys

import numpy as np
import pytest

from sketch_rnn_tf import presets
from sketch_rnn_tf.training import work_directory

CONFIG = presets.preset("tiny").replace(max_len=12, scale_factor=2.5)


def _listed(path):
    return sorted(p.name for p in path.rglob("*"))


class TestCreate:
    def test_writes_the_configuration(self, tmp_path):
        path = tmp_path / "runs" / "first"
        work_directory.create(path, CONFIG, resume=False)
        assert _listed(path) == ["config.json"]
        assert work_directory.load_config(path) == CONFIG

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"scale_factor": 0.0}, "scale_factor: expected a positive"),
            ({"max_len": 0}, "max_len: expected a positive"),
            ({"class_size": 4}, "words: expected at least one"),
        ],
    )
    def test_what_no_training_wrote_is_refused_by_its_file(
        self, tmp_path, change, message
    ):
        file = tmp_path / "config.json"
        file.write_text(CONFIG.replace(**change).to_json())
        with pytest.raises(ValueError, match=message) as caught:
            work_directory.load_config(tmp_path)
        assert str(caught.value).startswith(f"{file}: ")

    def test_an_empty_directory_will_do(self, tmp_path):
        work_directory.create(tmp_path, CONFIG, resume=False)
        assert work_directory.load_config(tmp_path) == CONFIG

    def test_what_may_change_on_resuming(self, tmp_path):
        work_directory.create(tmp_path, CONFIG, resume=False)
        longer = CONFIG.replace(
            steps=9,
            validate_every=3,
            # What a training that met a NaN needs to go on.
            learning_rate=1e-4,
            learning_rate_decay=0.5,
            min_learning_rate=1e-6,
            gradient_clip=0.1,
            version="9.9",
        )
        work_directory.create(tmp_path, longer, resume=True)
        assert work_directory.load_config(tmp_path) == longer

    @pytest.mark.parametrize(
        "changes",
        [
            {"decoder_size": 9},
            {"seed": 5},
            {"scale_factor": 2.5000001},
            {"max_len": 13},
            {"words": ["cat"]},
        ],
    )
    def test_another_configuration_is_not_resumed(self, tmp_path, changes):
        work_directory.create(tmp_path, CONFIG, resume=False)
        (key,) = changes
        with pytest.raises(ValueError, match=f"another configuration: {key}"):
            work_directory.create(
                tmp_path, CONFIG.replace(**changes), resume=True
            )
        assert work_directory.load_config(tmp_path) == CONFIG

    def test_a_training_is_not_overwritten(self, tmp_path):
        work_directory.create(tmp_path, CONFIG, resume=False)
        with pytest.raises(ValueError, match="holds a training already"):
            work_directory.create(tmp_path, CONFIG, resume=False)

    @pytest.mark.parametrize("missing", [False, True])
    def test_nothing_is_not_resumed(self, tmp_path, missing):
        path = tmp_path / "work"
        if not missing:
            path.mkdir()
        with pytest.raises(ValueError, match=r"to resume.*without config"):
            work_directory.create(path, CONFIG, resume=True)
        assert _listed(tmp_path) == ([] if missing else ["work"])

    def test_a_directory_of_something_else_is_left_alone(self, tmp_path):
        (tmp_path / "letter.txt").write_text("Dear")
        with pytest.raises(ValueError, match=r"empty directory.*letter.txt"):
            work_directory.create(tmp_path, CONFIG, resume=False)
        assert _listed(tmp_path) == ["letter.txt"]

    def test_what_a_killed_process_left_is_nothing(self, tmp_path):
        (tmp_path / ".partial-abc.json").write_text("{")
        work_directory.create(tmp_path, CONFIG, resume=False)
        assert work_directory.load_config(tmp_path) == CONFIG

    def test_check_changes_nothing(self, tmp_path):
        path = tmp_path / "work"
        work_directory.check(path, CONFIG, resume=False)
        assert _listed(tmp_path) == []
        work_directory.create(path, CONFIG, resume=False)
        longer = CONFIG.replace(steps=9)
        work_directory.check(path, longer, resume=True)
        assert work_directory.load_config(path) == CONFIG

    @pytest.mark.parametrize("resume", [False, True])
    def test_a_file_is_not_a_directory(self, tmp_path, resume):
        path = tmp_path / "work"
        path.write_text("")
        with pytest.raises(ValueError, match="expected a directory, got a f"):
            work_directory.create(path, CONFIG, resume=resume)


class TestLocked:
    def test_keeps_another_out_until_the_end(self, tmp_path):
        with work_directory.locked(tmp_path / "work"):
            with (
                pytest.raises(ValueError, match="another process is training"),
                work_directory.locked(tmp_path / "work"),
            ):
                pass
            assert (tmp_path / "work").is_dir()
        with work_directory.locked(tmp_path):
            pass

    def test_ends_with_the_process(self, tmp_path):
        script = """
import sys
from sketch_rnn_tf.training import work_directory
with work_directory.locked(sys.argv[1]):
    print("locked", flush=True)
    sys.stdin.read()
"""
        with subprocess.Popen(
            [sys.executable, "-c", script, tmp_path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdout.readline() == b"locked\n"
            named = rf"is training there \(process {process.pid}\)$"
            if not os.path.exists("/proc/locks"):
                named = "is training there$"
            with (
                pytest.raises(ValueError, match=named),
                work_directory.locked(tmp_path),
            ):
                pass
            process.kill()
            process.wait()
            with work_directory.locked(tmp_path):
                pass

    def test_a_failure_leaves_no_new_directory(self, tmp_path):
        def fail(path):
            with work_directory.locked(path):
                raise KeyError

        with pytest.raises(KeyError):
            fail(tmp_path / "new" / "work")
        assert not (tmp_path / "new" / "work").exists()
        (tmp_path / "old").mkdir()
        with pytest.raises(KeyError):
            fail(tmp_path / "old")
        assert (tmp_path / "old").is_dir()


def test_clean_removes_partial_files_and_nothing_else(tmp_path):
    (tmp_path / ".partial-a.csv").write_text("")
    (tmp_path / "logs" / "train").mkdir(parents=True)
    (tmp_path / "logs" / "train" / ".partial-events.v2").write_text("")
    (tmp_path / ".partial-dir" / "inner").mkdir(parents=True)
    (tmp_path / ".partial-dir" / "inner" / "file").write_text("")
    (tmp_path / "history.csv").write_text("")
    (tmp_path / "notes.partial-txt").write_text("")
    work_directory.clean(tmp_path)
    assert _listed(tmp_path) == [
        "history.csv", "logs", "notes.partial-txt", "train",
    ]  # fmt: skip


class TestLoadConfig:
    def _refused(self, path, message):
        with pytest.raises(ValueError, match=message) as caught:
            work_directory.load_config(path)
        assert str(path) in str(caught.value)

    def test_no_directory(self, tmp_path):
        self._refused(tmp_path / "nothing", "work directory, found none")

    def test_another_directory(self, tmp_path):
        self._refused(tmp_path, "got one without config.json")

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "expected JSON"),
            (b'{"z_size": 3', "expected JSON"),
            (b"\x89PNG\r\n\x1a\n\xff", "expected UTF-8 text"),
            (b"[1, 2]", "expected a JSON object .* got list"),
            (b'{"z_sizes": 3}', "unknown configuration key 'z_sizes'"),
            (b'{"%s": 3}' % (b"9" * 5000), r"key '999+\.\.\.9+': Known are"),
            (b'{"z_size": "many"}', "z_size: expected int, got 'many'"),
            (b'{"z_size": 0}', "z_size: expected at least 1, got 0"),
            (b'{"z_size": Infinity}', "z_size: expected a finite number"),
            (b'{"kl_weight": NaN}', "kl_weight: expected a finite number"),
        ],
    )
    def test_a_damaged_configuration(self, tmp_path, content, message):
        (tmp_path / "config.json").write_bytes(content)
        self._refused(tmp_path, message)


class TestHistory:
    def test_round_trip(self, tmp_path):
        rows = [
            {"step": 10.0, "val_loss": 0.1 + 0.2},
            {"step": 20.0, "val_loss": -1e-7},
        ]
        work_directory.write_history(tmp_path, rows)
        assert work_directory.read_history(tmp_path) == rows
        assert _listed(tmp_path) == ["history.csv"]

    def test_read_and_written_again_is_the_same_file(self, tmp_path):
        rows = [{"step": 10, "val_loss": 0.1 + 0.2}]
        work_directory.write_history(tmp_path, rows)
        before = (tmp_path / "history.csv").read_bytes()
        rows = work_directory.read_history(tmp_path)
        work_directory.write_history(tmp_path, rows)
        assert (tmp_path / "history.csv").read_bytes() == before

    def test_rows_may_have_other_columns(self, tmp_path):
        rows = [
            {"step": 10.0, "val_loss": 1.0, "old": 3.0},
            {"step": 20.0, "val_loss": 2.0, "new": 4.0},
        ]
        work_directory.write_history(tmp_path, rows)
        first, second = work_directory.read_history(tmp_path)
        assert {**rows[0], "new": None} == {
            name: None if np.isnan(value) else value
            for name, value in first.items()
        }
        assert np.isnan(second["old"]) and second["new"] == 4.0

    def test_none_is_empty(self, tmp_path):
        assert work_directory.read_history(tmp_path) == []

    @pytest.mark.parametrize(
        "content",
        [
            b"step,val_loss\n1,low\n",
            b"step,val_loss\n1\n",
            b"step,val_loss\n1,2,3\n",
            b"animal,legs\n1,4\n",
            b"step,val_loss\nnan,1\n",
            b"step,val_loss\ninf,1\n",
            b"\xff\xfe\x00step",
        ],
    )
    def test_another_file_is_refused(self, tmp_path, content):
        (tmp_path / "history.csv").write_bytes(content)
        with pytest.raises(ValueError, match=r"history.csv: expected rows of"):
            work_directory.read_history(tmp_path)

    def test_a_failed_write_keeps_what_was_there(self, tmp_path, monkeypatch):
        rows = [{"step": 10.0, "val_loss": 1.0}]
        work_directory.write_history(tmp_path, rows)

        def fail(*_):
            raise OSError("the disk is full")

        monkeypatch.setattr(os, "replace", fail)
        with pytest.raises(OSError, match="the disk is full"):
            work_directory.write_history(tmp_path, rows * 2)
        assert work_directory.read_history(tmp_path) == rows
        assert _listed(tmp_path) == ["history.csv"]
