"""One training of `against_reference`, alone in a process of its own."""

import json
import os
import pathlib
import sys

from sketch_rnn_tf import processor


def main(argv: list[str] | None = None) -> int:
    """Trains as its one argument, JSON, says, and writes what came of it."""
    processor.prepare()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tqdm

    from benchmarks import timed_training
    from sketch_rnn_tf import config as config_lib, datasets, partials, presets
    from sketch_rnn_tf.data import measurement
    from sketch_rnn_tf.experiments import hardware

    (text,) = sys.argv[1:] if argv is None else argv
    asked = json.loads(text)
    settings = asked["settings"]
    changes = dict(map(config_lib.parse_assignment, settings["set"]))
    config = presets.preset(settings["preset"]).replace(
        **changes, seed=settings["seed"]
    )
    data = datasets.load(settings["data"])
    config = measurement.fit_config(config, data.train)
    seconds = 60 * settings["minutes"]
    with tqdm.tqdm(
        total=seconds,
        disable=None,
        desc=f"{settings['way']}, seed {settings['seed']}",
        bar_format="{desc} {percentage:3.0f}% |{bar}| {n:.0f} of {total:.0f} s",
    ) as bar:
        options = {"seconds": seconds, "progress": bar.update}
        found = {}
        if settings["way"] == "plain":
            clock, steps, model = timed_training.train_plain(
                config, data.train, **options
            )
        else:
            clock, steps, model, snapshot = timed_training.train_ours(
                config,
                data.train,
                snapshot_steps=asked["snapshot_steps"],
                **options,
            )
    found["in_time"] = timed_training.losses(model, data.test)
    if settings["way"] == "ours" and snapshot:
        model.set_weights(snapshot)
        found["in_steps"] = timed_training.losses(model, data.test)
    found |= {
        "steps": steps,
        "trained_seconds": clock.trained,
        "compiled_seconds": clock.compiled,
        "max_len": config.max_len,
        "kl_weight": config.kl_weight,
        "hardware": hardware.described(),
    }
    written = {
        "settings": settings,
        "snapshot_steps": asked["snapshot_steps"],
        "found": found,
    }
    with partials.file(pathlib.Path(asked["out"])) as partial:
        partial.write_text(json.dumps(written, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
