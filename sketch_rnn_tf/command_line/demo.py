"""The demonstration: from the embedded doodles to drawings and exports."""

import html
import json
import os
import pathlib
import shutil
import time

import numpy as np

import export
from export import tfjs
from sketch_rnn_tf import (
    datasets,
    drawing,
    partials,
    presets,
    pretrained,
    training,
)
from sketch_rnn_tf.data import measurement
from sketch_rnn_tf.generation import evaluation, sampling
from sketch_rnn_tf.model import vae
from sketch_rnn_tf.training import work_directory

DATA = "quickdraw_strokes/doodles"
PRESET = "doodles"
TEMPERATURE = 0.25
SAMPLES = 40
ENDINGS = 4


def run(
    out: str | os.PathLike,
    *,
    max_minutes: float,
    steps: int | None = None,
    seed: int = 0,
) -> None:
    """Trains on the doodles, draws, exports, and writes a page about it.

    Args:
      out: Directory to write to; what an earlier demo wrote is replaced.
      max_minutes: Train for at most that long.
      steps: Training steps at most; the preset's if None.
      seed: Of everything random.

    Raises:
      ValueError: If `out` holds something else.
    """
    out = pathlib.Path(out)
    _clear(out)
    started = time.monotonic()
    print("1/4 Drawing the doodles ...", flush=True)
    data = datasets.load(DATA, data_dir=out / "data")
    config = presets.preset(PRESET).replace(seed=seed, words=data.words)
    if steps:
        config = config.replace(steps=steps)
    config = measurement.fit_config(config, data.train)
    print(
        f"    {len(data.train):,} sketches of {', '.join(data.words)}; "
        f"scale_factor {config.scale_factor:.6f}, N_max {config.max_len}"
    )
    print(
        f"2/4 Training for {config.steps} steps, {max_minutes:g} minutes at "
        "most ...",
        flush=True,
    )
    untrained = vae.SketchRNN(config)
    untrained.compile()
    before = evaluation.evaluate(untrained, data.test)
    work_dir = out / "work"
    training.train(
        config, data.train, data.valid, work_dir, max_minutes=max_minutes
    )
    model = training.load(work_dir)
    model.compile()
    after = evaluation.evaluate(model, data.test)
    history = work_directory.read_history(work_dir)
    print("3/4 Drawing ...", flush=True)
    _draw(model, _one_of_each(out / "data"), out, seed)
    print("4/4 Exporting ...", flush=True)
    export.export_saved_model(model, out / "saved_model")
    tfjs.export_page(model, out / "page", name="This demo", quantize="uint16")
    offer_shipped(out / "page")
    speeds = sorted(row["sketches_per_second"] for row in history)
    metrics = {
        "before": before,
        "after": after,
        "steps": int(history[-1]["step"]),
        "sketches_per_second": speeds[len(speeds) // 2],
        "minutes": (time.monotonic() - started) / 60,
        "seed": seed,
    }
    _write_text(out / "metrics.json", json.dumps(metrics, indent=2) + "\n")
    _write_text(out / "index.html", _page(metrics, config))
    print(
        f"recon {before['recon']:.3f} -> {after['recon']:.3f}, "
        f"kl {before['kl']:.3f} -> {after['kl']:.3f}, "
        f"{metrics['sketches_per_second']:.0f} sketches/s, "
        f"{metrics['minutes']:.1f} minutes in all"
    )
    print(
        f"Open {out / 'index.html'}; to draw with the model in a browser: "
        f"python -m http.server --bind 127.0.0.1 --directory {out / 'page'}"
    )


def offer_shipped(page: str | os.PathLike) -> None:
    """Adds the shipped models to a page's list, after those that it has."""
    for name in pretrained.names():
        # By path: a directory of this name where one works is not meant.
        model = training.load(pretrained.FOLDER / name)
        tfjs.export_page(model, page, name=name, quantize="uint16")


def _clear(out):
    """Removes what an earlier demo wrote; nothing else."""
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out}: expected a directory, got a file")
    known = {"data", "work", "saved_model", "page"}
    known |= {"metrics.json", "index.html"}
    known |= {f"{name}.{kind}" for name in _PICTURES for kind in ("svg", "png")}
    others = [
        p.name
        for p in out.glob("*")
        if p.name not in known and not partials.is_partial(p.name)
    ]
    if others:
        raise ValueError(
            f"{out}: expected a new directory or an earlier demo's, "
            f"got one that holds {sorted(others)[0]!r}"
        )
    for path in out.glob("*"):
        if path.is_dir() and not path.is_symlink():
            # The records are the same for every demo.
            if path.name != "data":
                shutil.rmtree(path)
        else:
            path.unlink()


_PICTURES = {
    "samples": "New drawings: z from the prior, never seen by anyone",
    "reconstructions": "Sketches of the test split, above what the model "
    "draws of their z",
    "completions": f"Beginnings (dark), each with {ENDINGS} endings (red)",
}


def _draw(model, chosen, out, seed):
    settings = {"temperature": TEMPERATURE, "seed": seed}
    drawn = sampling.sample(model, count=SAMPLES, **settings)
    pictures = {"samples": drawing.draw_grid(drawn.sketches, columns=8)}
    drawn = sampling.reconstruct(model, chosen, **settings)
    pictures["reconstructions"] = drawing.draw_grid(
        chosen + drawn.sketches,
        columns=len(chosen),
        row_labels=["given", "drawn again"],
    )
    halves = [sketch[: len(sketch) // 2] for sketch in chosen[1::2]]
    prefixes = [half for half in halves for _ in range(ENDINGS)]
    drawn = sampling.complete(model, prefixes, **settings)
    pictures["completions"] = drawing.draw_grid(
        drawn.sketches, columns=ENDINGS, prefix_lengths=drawn.prefix_lengths
    )
    for name, picture in pictures.items():
        drawing.write(out / f"{name}.svg", picture)
        drawing.write(out / f"{name}.png", picture)


def _one_of_each(data_dir):
    """Picks the first test sketch of each kind."""
    import tfds_quickdraw

    builder = tfds_quickdraw.prepare(DATA, data_dir=data_dir)
    sketches, labels = tfds_quickdraw.read(builder, "test")
    _, first = np.unique(labels, return_index=True)
    return [sketches[index] for index in first]


def _page(metrics, config):
    rows = "".join(
        f"<tr><th>{name}</th><td>{metrics['before'][name]:.3f}</td>"
        f"<td>{metrics['after'][name]:.3f}</td></tr>"
        for name in ("recon", "kl", "loss")
    )
    figures = "".join(
        f'<figure><img src="{name}.svg" alt="{html.escape(caption)}">'
        f"<figcaption>{html.escape(caption)}.</figcaption></figure>"
        for name, caption in _PICTURES.items()
    )
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>sketch_rnn_tf: what it learned to draw</title>
<style>
  body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 64rem;
         margin: 3rem auto; padding: 0 1.5rem; color: #1b1f24; }}
  h1 {{ font-weight: 600; line-height: 1.2; }}
  figure {{ margin: 2.5rem 0; }}
  figure img {{ width: 100%; border: 1px solid #e4e7eb; border-radius: 8px; }}
  figcaption, .quiet {{ color: #57606a; }}
  table {{ border-collapse: collapse; }}
  th, td {{ padding: .25rem 1.5rem .25rem 0; text-align: left;
           font-variant-numeric: tabular-nums; }}
  code {{ background: #f6f8fa; padding: .1rem .3rem; border-radius: 4px; }}
</style>
<h1>What it learned to draw</h1>
<p>A machine trained from scratch on {html.escape(", ".join(config.words))}:
{metrics["steps"]:,} steps at {metrics["sketches_per_second"]:.0f} sketches a
second, {metrics["minutes"]:.1f} minutes in all. It draws at temperature
{TEMPERATURE}; the same seed draws the same.</p>
{figures}
<h2>Losses on the test split</h2>
<table><tr><th></th><th>before</th><th>after training</th></tr>{rows}</table>
<p class="quiet">Nats, Eq. 10 to 12 of Ha &amp; Eck (2017); densities can
exceed 1, so that a negative loss is right.</p>
<p>The model stands in <code>work/</code>, ready for
<code>sketch-rnn sample --model work</code>, and as a SavedModel in
<code>saved_model/1/</code>. A page on which it draws on where you stop stands
in <code>page/</code>; browsers want it served, with <code>make web</code> or
<code>python -m http.server --bind 127.0.0.1 --directory page</code>.</p>
</html>
"""


def _write_text(path, text):
    with partials.file(path) as partial:
        partial.write_text(text)
