"""models.config: which versions are served, and which labels they carry.

New versions come in as `canary`; `stable` stays where it is until `promote`.
What somebody has written into the file besides, other models, labels and
logging, is kept; comments are not.
"""

import os
import pathlib
import re

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from export.serving import names
from sketch_rnn_tf import locks, partials

FILE = "models.config"
STABLE, CANARY = "stable", "canary"
MOUNTED = "/models"
"""Where TensorFlow Serving's image has the bundle."""

_HEADER = """\
# What TensorFlow Serving loads (ModelServerConfig).  Labels are part of the
# address: /v1/models/NAME/labels/stable:predict
# Written anew by `sketch-rnn export serving` and `export promote`, which keep
# what else stands here, but for comments.
"""


def read(
    directory: str | os.PathLike,
) -> model_server_config_pb2.ModelServerConfig:
    """Reads a bundle's models.config; an empty one where there is none.

    Args:
      directory: The bundle.

    Raises:
      ValueError: If it is not a ModelServerConfig, or names a custom one.
      OSError: If it cannot be read.
    """
    path = pathlib.Path(directory, FILE)
    config = model_server_config_pb2.ModelServerConfig()
    try:
        text_format.Parse(path.read_text(), config)
    except FileNotFoundError:
        pass
    except (text_format.ParseError, UnicodeDecodeError) as error:
        line = " ".join(str(error).split())
        raise ValueError(
            f"{path}: expected a ModelServerConfig, got: {line}"
        ) from error
    if config.WhichOneof("config") == "custom_model_config":
        raise ValueError(
            f"{path}: expected a model_config_list, got a custom_model_config"
        )
    return config


def with_version(
    config: model_server_config_pb2.ModelServerConfig,
    name: str,
    version: int,
    *,
    promoted: bool = False,
) -> model_server_config_pb2.ModelServerConfig:
    """Adds a version of a model, as its canary.

    Args:
      config: What is served.
      name: The model's.
      version: The new version; of a model's first, `stable` as well.
      promoted: Whether it is to be `stable` at once.

    Returns:
      What is to be served; `config` is not touched.
    """
    made = model_server_config_pb2.ModelServerConfig()
    made.CopyFrom(config)
    model = _find(made, name)
    if model is None:
        model = made.model_config_list.config.add(
            name=name,
            base_path=f"{MOUNTED}/{name}",
            model_platform="tensorflow",
        )
    model.version_labels[CANARY] = version
    if promoted or STABLE not in model.version_labels:
        model.version_labels[STABLE] = version
    _serve_labelled(model)
    return made


def promote(
    directory: str | os.PathLike, *, name: str, version: int | None = None
) -> int:
    """Makes a version of a bundle's model the stable one.

    To roll back, promote the version before.

    Args:
      directory: The bundle.
      name: The model's.
      version: Which one; None takes the canary.

    Returns:
      The version.

    Raises:
      ValueError: If there is no such bundle, model or version.
    """
    directory = pathlib.Path(directory)
    names.check(name)
    path = directory / FILE
    if not path.is_file():
        raise ValueError(f"{path}: expected a bundle's file, got none")
    with locks.waited_for(directory):
        return _promote(directory, name, version)


def _promote(directory, name, version):
    path, config = directory / FILE, read(directory)
    model = _find(config, name)
    if model is None:
        known = [model.name for model in config.model_config_list.config]
        raise ValueError(
            f"{path}: expected a model of it, {', '.join(known)}, got {name!r}"
        )
    if version is None:
        version = model.version_labels.get(CANARY, 0)
    if not (directory / name / str(version) / "saved_model.pb").is_file():
        there = sorted(
            int(entry.name)
            for entry in (directory / name).glob("*")
            if re.fullmatch("[0-9]+", entry.name)
        )
        raise ValueError(
            f"version: expected one of {', '.join(map(str, there)) or 'none'} "
            f"in {directory / name}, got {version}"
        )
    model.version_labels[STABLE] = version
    _serve_labelled(model)
    write(directory, config)
    return version


def write(
    directory: str | os.PathLike,
    config: model_server_config_pb2.ModelServerConfig,
) -> None:
    """Writes a bundle's models.config, whole or not at all.

    Args:
      directory: The bundle.
      config: What is to be served.
    """
    text = text_format.MessageToString(config)
    with partials.file(pathlib.Path(directory, FILE)) as path:
        path.write_text(f"{_HEADER}{text}")


def _find(config, name):
    for model in config.model_config_list.config:
        if model.name == name:
            return model
    return None


def _serve_labelled(model):
    """Serves the versions that carry a label, in numerical order.

    TensorFlow Serving refuses a label whose version it does not serve; its
    own policy is to serve the latest alone.
    """
    labelled = sorted(set(model.version_labels.values()))
    model.model_version_policy.Clear()
    model.model_version_policy.specific.versions.extend(labelled)
