"""Work directories without their weights: configuration and history."""

import math

from fuzzing import entrance as entrance_lib, mutation
from sketch_rnn_tf import config as config_lib
from sketch_rnn_tf.training import work_directory

_HISTORY = (
    b"step,loss,val_loss,val_recon,seconds\r\n"
    b"10,1.5,1.25,1.0,0.5\r\n20,1.0,nan,0.75,1.0\r\n"
)

_FEW = b'{"z_size": 4, "max_len": 9, "scale_factor": 0.5}'


def _configurations():
    small = config_lib.Config(
        max_len=12, scale_factor=2.0, bucket_boundaries=(6, 12), words=("a",)
    )
    return [small.to_json().encode(), _FEW]


def _write(name):
    def write(folder, data):
        (folder / name).write_bytes(data)

    return write


def _read_config(folder):
    config = work_directory.load_config(folder)
    again = config_lib.from_json(config.to_json())
    assert again == config


def _read_history(folder):
    rows = work_directory.read_history(folder)
    assert not math.isnan(work_directory.best_loss(rows)) or rows
    steps = [int(row["step"]) for row in rows]
    assert len(steps) == len(rows)


ENTRANCES = {
    "config_json": entrance_lib.Entrance(
        _configurations,
        _write("config.json"),
        _read_config,
        mutation.of_json(),
        words=(b'"decoder_cell"', b'"hyper"', b'"class_size"', b'"seed"'),
    ),
    "history_csv": entrance_lib.Entrance(
        lambda: [_HISTORY],
        _write("history.csv"),
        _read_history,
        words=(b"step", b"val_loss", b"inf", b"nan", b'"', b"\r", b"1e999"),
    ),
}
