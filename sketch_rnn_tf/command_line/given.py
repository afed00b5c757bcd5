"""What the commands that draw were given: models, sketches, vectors, looks."""

import argparse
import pathlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from sketch_rnn_tf import (
    datasets,
    labels as labels_lib,
    randomness,
    studio,
    training,
)
from sketch_rnn_tf.generation import encoding, sampling
from sketch_rnn_tf.model import vae
from sketch_rnn_tf.studio import records


class Sketches(list):
    """Sketches, and what the data call them.

    Attributes:
      words: Of each, as many.
    """

    def __init__(self, sketches: Iterable[np.ndarray], words: Iterable[str]):
        super().__init__(sketches)
        self.words = list(words)

    def chosen(self, places: Iterable[int]) -> "Sketches":
        """Returns some of them; raises a ValueError if there is none."""
        places = list(places)
        return Sketches(
            (at(self, place) for place in places),
            (self.words[place] for place in places),
        )


def words(
    arguments: argparse.Namespace,
    models: Mapping[str, "vae.SketchRNN"],
    own: Sequence[str] | int,
) -> list[str] | None:
    """Returns what class-conditioned models are to draw.

    Args:
      arguments: With --word.
      models: The models.
      own: What the data call each sketch; or how many drawings there are to
        be, which go round the first model's words.

    Returns:
      A word for each; None if no model is class-conditioned.

    Raises:
      ValueError: If a model does not know one, or none takes any.
    """
    taking = [m.config for m in models.values() if m.config.class_size]
    if not taking:
        if arguments.word:
            raise ValueError(
                "word: expected none, as no model is class-conditioned "
                f"(class_size 0), got {' '.join(arguments.word)}"
            )
        return None
    turns = arguments.word
    if not turns and isinstance(own, int):
        turns = taking[0].words
    if turns:
        count = own if isinstance(own, int) else len(own)
        found = [turns[number % len(turns)] for number in range(count)]
    else:
        found = list(own)
    for config in taking:
        for word in found:
            try:
                labels_lib.index(word, config)
            except ValueError as error:
                hint = "" if arguments.word else "; --word names another"
                raise ValueError(f"word: {error}{hint}") from None
    return found


def models(arguments: argparse.Namespace) -> dict:
    """Returns the models by their names, or paths where names are the same."""
    paths = [pathlib.Path(path) for path in arguments.model]
    names = [path.resolve().name for path in paths]
    if len(set(names)) < len(names):
        names = [str(path) for path in paths]
    if len(set(names)) < len(names):
        raise ValueError("model: expected different ones, got one twice")
    return {
        name: training.load(path)
        for name, path in zip(names, paths, strict=True)
    }


def check_conditional(models: Mapping[str, "vae.SketchRNN"]) -> None:
    """Raises a ValueError if a model has no encoder."""
    for name, model in models.items():
        if model.encoder is None:
            raise ValueError(
                f"model: expected conditional ones, got {name} without an "
                "encoder"
            )


def settings(arguments: argparse.Namespace) -> dict:
    """Returns the seed and the style, which all plates take."""
    return {"seed": arguments.seed, "style": style(arguments)}


def style(arguments: argparse.Namespace) -> studio.plates.Style:
    """Returns how plates are to look."""
    return studio.plates.Style(
        title=arguments.title,
        theme=arguments.theme,
        scale=arguments.scale,
        colors=arguments.colors,
        cell=arguments.cell,
    )


def split(arguments: argparse.Namespace) -> Sketches:
    """Returns the sketches of the split that was asked for."""
    data = datasets.load(arguments.data, data_dir=arguments.data_dir)
    labels = data.labels[arguments.split].tolist()
    names = [data.words[label] for label in labels]
    return Sketches(getattr(data, arguments.split), names)


def at(split: Sequence[np.ndarray], index: int) -> np.ndarray:
    """Returns a sketch; raises a ValueError if there is none."""
    if index >= len(split):
        raise ValueError(f"index: expected 0 to {len(split) - 1}, got {index}")
    return split[index]


def chosen(
    arguments: argparse.Namespace, models: Mapping
) -> tuple[Sketches, Sequence[int]]:
    """Returns the sketches that were asked for, and their indexes."""
    longest = min(model.config.max_len for model in models.values())
    return fitting(arguments, longest)


def fitting(
    arguments: argparse.Namespace, longest: int
) -> tuple[Sketches, Sequence[int]]:
    """Returns those asked for by index, or the first of so many points."""
    sketches = split(arguments)
    if arguments.index is not None:
        return sketches.chosen(arguments.index), arguments.index
    places = [i for i, sketch in enumerate(sketches) if len(sketch) <= longest]
    if not places:
        raise ValueError(
            f"expected sketches of at most {longest} points (N_max), got none "
            f"among {len(sketches)}"
        )
    places = places[: arguments.count]
    return sketches.chosen(places), places


def latents(
    arguments: argparse.Namespace, model: "vae.SketchRNN"
) -> tuple[np.ndarray | None, list[str] | None]:
    """Returns the latent vectors of --latent, [B, Z], and their words.

    Each None without it; a drawing that was asked for without a word has
    that of its turn.
    """
    if not arguments.latent:
        return None, None
    found = [records.read_latent(spec) for spec in arguments.latent]
    own = records.identity(model)
    for entry in found:
        if entry.model != own:
            raise ValueError(
                f"latent: expected one of this model, {own}, got "
                f"{entry.name} of the model {entry.model}"
            )
        if entry.z.shape != (model.config.z_size,):
            raise ValueError(
                f"latent: expected {model.config.z_size} numbers, got "
                f"{len(entry.z)} in {entry.name}"
            )
    names = None
    if model.config.class_size:
        turns = model.config.words
        names = [
            entry.word or turns[number % len(turns)]
            for number, entry in enumerate(found)
        ]
    return np.stack([entry.z for entry in found]), names


def ends(
    arguments: argparse.Namespace, models: Mapping
) -> tuple[dict[str, np.ndarray], list[np.ndarray] | None, list[str] | None]:
    """Returns the ends of each model, 2 or 4, given sketches, and words."""
    model = next(iter(models.values()))
    given = own = None
    if arguments.latent:
        if len(models) > 1:
            raise ValueError(
                "model: expected one with --latent, whose vectors are one "
                f"model's, got {len(models)}"
            )
        count = len(arguments.latent)
        z, own = latents(arguments, model)
        found = dict.fromkeys(models, z)
    elif arguments.data:
        sketches = split(arguments)
        if arguments.index is not None:
            sketches = sketches.chosen(arguments.index)
        elif len(sketches) not in (2, 4):
            raise ValueError(
                "index: expected two or four, got none for "
                f"{len(sketches)} sketches"
            )
        count = len(sketches)
        given, own = list(sketches), sketches.words
        found = {}
        for name, other in models.items():
            mu, log_var = encoding.encode(other, sketches)
            if arguments.z == "sample":
                seeds = sampling.checked_seeds(arguments.seed, count)
                mu = encoding.sampled_z(mu, log_var, seeds)
            found[name] = mu
    else:
        count = arguments.ends
        seeds = sampling.checked_seeds(arguments.seed, count)
        found = {
            name: randomness.prior(seeds, z_size=m.config.z_size).numpy()
            for name, m in models.items()
        }
    if count not in (2, 4):
        raise ValueError(f"ends: expected two or four, got {count}")
    return found, given, words(arguments, models, own or count)
