"""All models that the stand-in serves, and the versions that requests mean."""

import os
import pathlib
from collections.abc import Callable, Iterable, Mapping

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from benchmarks.stand_in import loaded, refusals

MOUNTED = "/models"
"""Where TF Serving's image has its models."""


class Model:
    """A model's versions.

    Attributes:
      versions: Loaded ones by number.
      labels: Numbers by label.
    """

    def __init__(
        self, versions: Iterable[loaded.Version], labels: Mapping[str, int]
    ):
        self.versions = {v.number: v for v in versions}
        self.labels = dict(labels)


class Models:
    """All models by name, and how a request names a version of one.

    Attributes:
      models: By name.
    """

    def __init__(self, models: Mapping[str, Model]):
        self.models = dict(models)

    def find(
        self, name: str, version: int | None = None, label: str | None = None
    ) -> loaded.Version:
        """Returns the version meant, the latest where none is named.

        Raises:
          refusals.RefusalError: If there is none.
        """
        return self.matching(name, version, label, latest=True)[0]

    def matching(
        self,
        name: str,
        version: int | None = None,
        label: str | None = None,
        *,
        latest: bool = False,
    ) -> list[loaded.Version]:
        """Returns the versions meant: all, or the latest, where none is named.

        Raises:
          refusals.RefusalError: If there is none.
        """
        if not name:
            raise refusals.RefusalError(
                "INVALID_ARGUMENT", "ModelSpec has no name specified."
            )
        model = self.models.get(name)
        if label and model is not None and label in model.labels:
            version = model.labels[label]
        elif label:
            raise refusals.RefusalError(
                "INVALID_ARGUMENT",
                f"Unrecognized servable version label: {label}",
            )
        if model is None or (
            version is not None and version not in model.versions
        ):
            which = f"Latest({name})"
            if version is not None:
                which = f"Specific({name}, {version})"
            raise refusals.RefusalError(
                "NOT_FOUND", f"Servable not found for request: {which}"
            )
        if version is not None:
            return [model.versions[version]]
        found = [v for _, v in sorted(model.versions.items(), reverse=True)]
        return found[:1] if latest else found


def load_directory(
    directory: str | os.PathLike,
    name: str,
    *,
    labels: Mapping[str, int] | None = None,
) -> Models:
    """Loads all versions of one model.

    Args:
      directory: What holds them, 1, 2, ...
      name: The model's.
      labels: Numbers by label.

    Raises:
      ValueError: If there is none, or one cannot be loaded.
    """
    return Models(
        {name: _model(pathlib.Path(directory), labels or {}, lambda all_: all_)}
    )


def load_config(
    file: str | os.PathLike, mounted: str | os.PathLike | None = None
) -> Models:
    """Loads the models of a text file of ModelServerConfig.

    Args:
      file: The file.
      mounted: What is at /models where the file is meant for; its own
        directory if not given.

    Raises:
      ValueError: If it is none, or a version cannot be loaded.
      OSError: If it cannot be read.
    """
    file = pathlib.Path(file)
    mounted = pathlib.Path(mounted or file.parent)
    try:
        config = text_format.Parse(
            file.read_text(), model_server_config_pb2.ModelServerConfig()
        )
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise ValueError(f"{file}: not a model config: {error}") from error
    models = {}
    for entry in config.model_config_list.config:
        base = pathlib.PurePosixPath(entry.base_path)
        path = pathlib.Path(entry.base_path)
        if base.is_relative_to(MOUNTED):
            path = mounted / base.relative_to(MOUNTED)
        models[entry.name] = _model(
            path, entry.version_labels, _policy(entry.model_version_policy)
        )
    if not models:
        raise ValueError(f"{file}: expected a model_config_list, got none")
    return Models(models)


def _policy(policy) -> Callable[[list[int]], list[int]]:
    kind = policy.WhichOneof("policy_choice")
    if kind == "all":
        return lambda numbers: numbers
    if kind == "specific":
        return lambda _: list(policy.specific.versions)
    return lambda numbers: numbers[-max(policy.latest.num_versions, 1) :]


def _model(path, labels, policy):
    if not path.is_dir():
        raise ValueError(f"{path}: expected a directory of versions")
    numbers = policy(
        sorted(int(p.name) for p in path.iterdir() if p.name.isdigit())
    )
    if not numbers:
        raise ValueError(f"{path}: expected versions 1, 2, ..., got none")
    for label, number in labels.items():
        if number not in numbers:
            raise ValueError(
                f"{path}: label {label}: version {number} is not served"
            )
    return Model(
        [loaded.Version(path / str(number)) for number in numbers], labels
    )
