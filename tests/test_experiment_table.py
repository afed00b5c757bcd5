"""Tests of Table 1: what is grouped, said, and written; nothing is trained."""

import csv
import io
import json

import pytest

from sketch_rnn_tf import config as config_lib
from sketch_rnn_tf.experiments import (
    paper,
    sources,
    table,
    table_files,
    table_text,
    trainings,
)


def result(words, weight, recon, kl=0.0, seed=0, **more):
    spec = "+".join(f"{word}.npz" for word in words)
    config = config_lib.Config(
        seed=seed, kl_weight=weight or 0.5, conditional=weight is not None
    )
    return {
        "name": trainings.make(spec, config).name,
        "spec": spec,
        "words": list(words),
        "kl_weight": weight,
        "seed": seed,
        "recon": recon,
        "kl": kl,
        "loss": recon + (weight or 0) * kl,
        "recon_per_point": 3 * recon,
        "test_count": 9,
        "test_dropped": 1,
        "train_count": 1234,
        "train_dropped": 2,
        "max_len": 40,
        "scale_factor": 20.0,
        "steps": 100,
        "best_step": 90,
        "minutes": 1.5,
        "hardware": "a machine",
        **more,
    }


def test_papers_table_has_all_rows_and_its_orderings():
    assert len(paper.TABLE_1) == 11
    for row in [*paper.TABLE_1.values(), paper.EVERYTHING]:
        recon = [row.losses[weight][0] for weight in (1.0, 0.5, 0.25)]
        kl = [row.losses[weight][1] for weight in (1.0, 0.5, 0.25)]
        assert recon == sorted(recon, reverse=True) and kl == sorted(kl)
        assert max(recon) < row.decoder_only
    assert paper.reported([f"w{i}" for i in range(75)]) is paper.EVERYTHING


def test_a_plus_joins_and_a_comma_parts():
    found = sources.specs("a/car.npz, quickdraw_strokes/cat+pig,x.npz+y.npz")
    assert [sources.name(spec) for spec in found] == [
        "car",
        "cat+pig",
        "x+y",
    ]
    assert sources.union(found[::2]) == "a/car.npz+x.npz+y.npz"


def test_a_file_with_a_plus_in_its_name_is_one(tmp_path):
    path = tmp_path / "a+b.npz"
    path.touch()
    assert sources.parts(str(path)) == [str(path)]


@pytest.mark.parametrize(
    "text, said",
    [
        ("car.npz,", "between commas"),
        ("a/car.npz,b/car.npz", "'car' twice"),
        ("car.npz+", "between plus signs"),
    ],
)
def test_a_bad_spec_is_told(text, said):
    with pytest.raises(ValueError, match=said):
        sources.specs(text)


def test_doodles_are_those_of_the_kinds_asked_for(monkeypatch):
    monkeypatch.setattr(
        sources, "DOODLE_COUNTS", {"train": 3, "valid": 1, "test": 2}
    )
    data = sources.load("doodles/cat+pig")
    assert data.words == ("cat", "pig") and len(data.train) == 6
    assert data.labels["test"].tolist() == [0, 0, 1, 1]
    with pytest.raises(ValueError, match="'dgo'"):
        sources.load("doodles/dgo")


def test_seeds_are_averaged_and_weights_fall():
    found = table.groups(
        [
            result(["cat"], None, -0.4),
            result(["cat"], 0.25, -1.0, 0.9),
            result(["cat"], 1.0, -0.5, 0.2, seed=0),
            result(["cat"], 1.0, -0.7, 0.3, seed=1),
        ]
    )
    (cat,) = found
    assert table.columns(found) == [1.0, 0.25, None]
    mean = cat.mean(1.0, "recon")
    assert mean.count == 2 and mean.value == pytest.approx(-0.6)
    assert mean.spread == pytest.approx(0.02**0.5)
    assert cat.mean(0.25, "recon").spread is None
    lines = table_text.losses(found)
    assert lines[1] == [
        "cat", "−0.600 ± 0.141 (2)", "0.250 ± 0.071 (2)", "−1.000", "0.900",
        "−0.400",
    ]  # fmt: skip
    assert lines[2][1:] == ["−0.98", "0.29", "−1.46", "1.01", "−0.57"]


def test_data_that_the_paper_lacks_have_no_row_of_its_own():
    found = table.groups([result(["car"], 0.3, -0.5, 0.2)])
    assert len(table_text.losses(found)) == 2
    (other,) = table.groups([result(["cat"], 0.3, -0.5, 0.2)])
    assert table.papers(other, [0.3]) == [(None, None)]


def verdicts(results):
    return {
        (o.title, o.says.split()[0]): o.holds
        for o in table.orderings(table.groups(results))
    }


def test_orderings_hold_where_they_do():
    made = [
        result([word], weight, recon + more, kl)
        for word, more in (("a", 0.0), ("b", 0.5))
        for weight, recon, kl in (
            (1.0, -0.5, 0.2),
            (0.5, -0.6, 0.4),
            (None, -0.4, 0.0),
        )
    ]
    made += [result(["a", "b"], 1.0, -0.2, 0.2)]
    found = verdicts(made)
    for title in "ab":
        assert found[title, "L_R"] and found[title, "L_KL"]
        assert found[title, "each"]
    # One weight alone has no order, and no decoder to be below.
    assert found["a, b", "L_KL"] is None and found["a, b", "each"] is None
    assert found["a, b", "L_R"] is True  # between its parts
    made[0] = result(["a"], 1.0, -0.65, 0.5)
    found = verdicts(made)
    assert found["a", "L_R"] is False and found["a", "L_KL"] is False
    made[0] = result(["a"], 1.0, -0.3, 0.2)
    assert verdicts(made)["a", "each"] is False
    made[-1] = result(["a", "b"], 1.0, 0.2, 0.2)
    assert verdicts(made)["a, b", "L_R"] is False


def test_a_union_of_other_words_is_not_compared():
    made = [
        result(["a"], 1.0, 0.0),
        result(["c"], 1.0, 0.0),
        result(["a", "b"], 1.0, 5.0),
    ]
    assert not any("parts" in o.says for o in table.orderings(
        table.groups(made)
    ))  # fmt: skip


def test_the_grid_has_each_weight_seed_and_data_set_once():
    made = table.grid(
        ["car.npz", "a.npz+b.npz"],
        config_lib.Config(steps=7),
        weights=(1.0, 0.25),
        decoder_only=True,
        seeds=(0, 3),
    )
    names = [training.name for training in made]
    assert len(set(names)) == len(names) == 12
    assert names[:3] == [
        "car-kl1-seed0",
        "car-kl0.25-seed0",
        "car-decoder-seed0",
    ]
    assert made[-1].config.seed == 3 and not made[-1].config.conditional


def write_record(rows, found, **config):
    record = {
        "data": {"spec": found["spec"], "data_dir": None},
        "minutes": None,
        "pen": "padded",
        "config": config,
        "seconds": 90.0,
        "trained": True,
        "result": found,
    }
    rows.mkdir(exist_ok=True)
    (rows / f"{found['name']}.json").write_text(json.dumps(record))


def test_what_is_done_is_written_as_text_and_numbers(tmp_path):
    done = result(["cat"], 1.0, -0.5, 0.2)
    write_record(tmp_path / "rows", done)
    asked = [done["name"], "cat-decoder-seed0"]
    table_files.write(tmp_path, asked, pictures=False)
    assert table_files.known(tmp_path) == asked
    text = (tmp_path / "table1.md").read_text()
    assert "1 of 2 trainings" in text
    assert "| cat | −0.500 | 0.200 |" in text
    rows = csv.DictReader(io.StringIO((tmp_path / "table1.csv").read_text()))
    (row,) = rows
    assert row["words"] == "cat" and float(row["kl"]) == 0.2
    (tmp_path / "table1.json").write_text("[]")
    with pytest.raises(ValueError, match="damaged"):
        table_files.known(tmp_path)
