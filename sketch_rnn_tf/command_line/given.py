"""What the commands that draw were given: models, sketches, vectors, looks."""

import argparse
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from sketch_rnn_tf import (
    datasets,
    encoding,
    randomness,
    sampling,
    studio,
    training,
    vae,
)
from sketch_rnn_tf.studio import records


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


def split(arguments: argparse.Namespace) -> Sequence[np.ndarray]:
    """Returns the sketches of the split that was asked for."""
    data = datasets.load(arguments.data, data_dir=arguments.data_dir)
    return getattr(data, arguments.split)


def at(split: Sequence[np.ndarray], index: int) -> np.ndarray:
    """Returns a sketch; raises a ValueError if there is none."""
    if index >= len(split):
        raise ValueError(f"index: expected 0 to {len(split) - 1}, got {index}")
    return split[index]


def chosen(
    arguments: argparse.Namespace, models: Mapping
) -> tuple[list[np.ndarray], Sequence[int]]:
    """Returns the sketches that were asked for, and their indexes."""
    longest = min(model.config.max_len for model in models.values())
    return fitting(arguments, longest)


def fitting(
    arguments: argparse.Namespace, longest: int
) -> tuple[list[np.ndarray], Sequence[int]]:
    """Returns those asked for by index, or the first of so many points."""
    sketches = split(arguments)
    if arguments.index is not None:
        return [at(sketches, i) for i in arguments.index], arguments.index
    places = [i for i, sketch in enumerate(sketches) if len(sketch) <= longest]
    if not places:
        raise ValueError(
            f"expected sketches of at most {longest} points (N_max), got none "
            f"among {len(sketches)}"
        )
    places = places[: arguments.count]
    return [sketches[index] for index in places], places


def latents(
    arguments: argparse.Namespace, model: "vae.SketchRNN"
) -> np.ndarray | None:
    """Returns the latent vectors of --latent, [B, Z]; None without it."""
    if not arguments.latent:
        return None
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
    return np.stack([entry.z for entry in found])


def ends(
    arguments: argparse.Namespace, models: Mapping
) -> tuple[dict[str, np.ndarray], list[np.ndarray] | None]:
    """Returns the ends of each model, 2 or 4, and two given sketches."""
    model = next(iter(models.values()))
    given = None
    if arguments.latent:
        if len(models) > 1:
            raise ValueError(
                "model: expected one with --latent, whose vectors are one "
                f"model's, got {len(models)}"
            )
        count = len(arguments.latent)
        found = {name: latents(arguments, model) for name in models}
    elif arguments.data:
        sketches = split(arguments)
        if arguments.index is not None:
            sketches = [at(sketches, index) for index in arguments.index]
        elif len(sketches) not in (2, 4):
            raise ValueError(
                "index: expected two or four, got none for "
                f"{len(sketches)} sketches"
            )
        count = len(sketches)
        given = list(sketches)
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
    return found, given
