"""Packing a trained model: quantized, measured, and with its card."""

import hashlib
import os
import pathlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sketch_rnn_tf import partials, pretrained, training
from sketch_rnn_tf.data import input_pipeline
from sketch_rnn_tf.generation import evaluation
from sketch_rnn_tf.model import vae
from sketch_rnn_tf.pretrained import cards, weights_file
from sketch_rnn_tf.training import work_directory

CHOICES = ("auto", "uint8", "uint16", "none")
"""How to quantize: "auto" takes the smallest that changes L_R by less than
`cards.LIMIT`."""

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Facts(NamedTuple):
    """What the weights do not say by themselves, for the card.

    Attributes:
      summary: What the model draws, in a line or two.
      data: What it was trained on.
      licence: The data's.
      attribution: Whom the licence asks to name, in a sentence.
      evaluated_on: What the split to measure on is called.
      limits: What the model cannot do, a sentence each.
      training: Facts of the training that the work directory does not hold,
        such as the hardware, by what they are called.
    """

    summary: str
    data: str
    licence: str
    attribution: str
    evaluated_on: str
    limits: Sequence[str] = ()
    training: Mapping[str, str] = {}


def pack(
    work_dir: str | os.PathLike,
    out: str | os.PathLike,
    source: input_pipeline.Source,
    *,
    name: str,
    facts: Facts,
    quantize: str = "auto",
    say: Callable[[str], None] = lambda line: None,
    verbose: int = 0,
) -> pathlib.Path:
    """Packs a model with its best weights, if that costs next to no L_R.

    Both models are evaluated by Eq. 12 with the same noise for z.  What is
    packed computes in float32, whatever it was trained in.

    Args:
      work_dir: The model's work directory.
      out: Where the folder `name` is made; it must not be there.
      source: The split to measure on, pixels.
      name: What the model is to be called: small letters, digits, hyphens.
      facts: For the card.
      quantize: One of `CHOICES`.
      say: Told what was measured, a line at a time.
      verbose: 1 shows progress bars.

    Returns:
      The folder.

    Raises:
      ValueError: If an argument is wrong, the folder is there, or L_R changes
        by `cards.LIMIT` or more; nothing is written then.
    """
    if not _NAME.fullmatch(name) or len(name) > 64:
        raise ValueError(
            "name: expected at most 64 small letters and digits, with single "
            f"hyphens between, got {name!r}"
        )
    if quantize not in CHOICES:
        raise ValueError(
            f"quantize: expected one of {', '.join(CHOICES)}, got {quantize!r}"
        )
    folder = pathlib.Path(out) / name
    if folder.exists():
        raise ValueError(f"{folder}: expected a new directory")
    trained = training.load(work_dir)
    work_dir = pretrained.find(work_dir)
    config = trained.config.replace(precision="float32", recompute=False)
    weights = weights_file.of(trained)
    model = vae.SketchRNN(config)
    for weight in model.weights:
        weight.assign(weights[weight.path])

    def measured():
        return evaluation.evaluate(model, source, verbose=verbose)

    before = measured()
    say(f"as trained: {_shown(before)}")
    tried = ("uint8", "uint16") if quantize == "auto" else (quantize,)
    for kind in tried:
        content = weights_file.encoded(weights, kind)
        weights_file.assign(model, content, where=kind)
        after = measured()
        change = after["recon"] - before["recon"]
        say(
            f"{kind}: {_shown(after)}, L_R {change:+.6f}, "
            f"{len(content):,} bytes"
        )
        if abs(change) < cards.LIMIT:
            break
    else:
        raise ValueError(
            f"{work_dir}: expected L_R to change by less than {cards.LIMIT} "
            f"when quantized to {kind}, got {change:+.6f}"
        )
    card = cards.Card(
        name=name,
        summary=facts.summary,
        architecture=architecture(model),
        words=config.words,
        data=facts.data,
        licence=facts.licence,
        attribution=facts.attribution,
        training=_training(work_dir, config) | dict(facts.training),
        metrics=_plain(after),
        unquantized=_plain(before),
        evaluated_on=facts.evaluated_on,
        quantization=kind,
        limits=tuple(facts.limits),
        parameters=model.count_params(),
        weights_bytes=len(content),
        weights_sha256=hashlib.sha256(content).hexdigest(),
    )
    _write(folder, config, content, card)
    return folder


def architecture(model: "vae.SketchRNN") -> str:
    """Returns a model's cells and sizes in a line."""
    config = model.config
    decoder = f"{config.decoder_cell} {config.decoder_size}"
    mixtures = f"{config.num_mixtures} mixtures"
    if not config.conditional:
        return f"unconditional: decoder {decoder}, {mixtures}"
    return (
        f"conditional: encoder {config.encoder_cell} {config.encoder_size} a "
        f"direction, z {config.z_size}, decoder {decoder}, {mixtures}"
    )


def _training(work_dir, config):
    """Returns what the work directory knows of the training."""
    facts = {
        "batch size": config.batch_size,
        "w_KL": config.kl_weight,
        "seed": config.seed,
        "N_max": config.max_len,
        "scale factor": round(config.scale_factor, 6),
    }
    rows = work_directory.read_history(work_dir)
    if not rows:
        return facts
    best = min(rows, key=lambda row: row["val_loss"])
    facts |= {
        "steps": int(rows[-1]["step"]),
        "step of the best validation, which is shipped": int(best["step"]),
        "validation loss there": round(best["val_loss"], 6),
    }
    minutes = _minutes(rows, config.batch_size)
    if minutes:
        facts["minutes in training steps"] = round(minutes, 1)
    return facts


def _minutes(rows, batch_size):
    """Returns what the speeds in a history add up to; 0 if one is missing."""
    steps = [0, *(row["step"] for row in rows)]
    speeds = [row.get("sketches_per_second", 0.0) for row in rows]
    if not all(speed > 0 for speed in speeds):  # also where it is NaN
        return 0.0
    seconds = sum(
        (end - start) * batch_size / speed
        for start, end, speed in zip(steps, steps[1:], speeds, strict=False)
    )
    return seconds / 60


def _write(folder, config, content, card):
    """Writes a packed model, whole or not at all."""
    with partials.folder(folder) as partial:
        texts = {
            work_directory.CONFIG: config.to_json(),
            cards.FILE: card.to_json(),
            cards.TEXT: card.to_markdown(),
        }
        for name, text in texts.items():
            (partial / name).write_text(text, encoding="utf-8", newline="\n")
        (partial / weights_file.FILE).write_bytes(content)


def _plain(values):
    return {
        name: value if isinstance(value, int) else round(float(value), 6)
        for name, value in values.items()
    }


def _shown(values):
    return f"L_R {values['recon']:.6f}, L_KL {values['kl']:.6f}"
