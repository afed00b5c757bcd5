"""One version of a model that the stand-in has loaded."""

import pathlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import tensorflow as tf
from google.protobuf import message
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import prediction_log_pb2

from benchmarks.stand_in import refusals, tensors

_WARMUP = pathlib.PurePath("assets.extra", "tf_serving_warmup_requests")
_WARMUP_RECORDS = 1000  # at most, as there


class Version:
    """One version of a model, a SavedModel.

    Args:
      path: Its directory, whose name is its number.

    Raises:
      ValueError: If it cannot be loaded, or a warm-up request fails.
    """

    def __init__(self, path: pathlib.Path):
        self.number = int(path.name)
        found = saved_model_pb2.SavedModel()
        try:
            found.ParseFromString((path / "saved_model.pb").read_bytes())
            self.signature_defs = dict(found.meta_graphs[0].signature_def)
            self._loaded = tf.saved_model.load(str(path))
        except (
            OSError,
            IndexError,
            ValueError,
            message.DecodeError,
            tf.errors.OpError,
        ) as error:
            raise ValueError(f"{path}: not a SavedModel: {error}") from error
        self._warm_up(path / _WARMUP)

    def signature(self, name: str):
        """Returns the SignatureDef of a signature, or None."""
        if name not in self._loaded.signatures:
            return None
        return self.signature_defs[name]

    def checked(
        self, signature: str, inputs: Iterable[str], outputs: Sequence[str] = ()
    ) -> tuple[str, ...]:
        """Checks what a request names, before it may wait for others.

        TF Serving looks at nothing else: types and shapes are the graph's.

        Returns:
          The outputs' names; all of them where none are given.

        Raises:
          refusals.RefusalError: If the signature, an input or an output is
            not there, or an input is missing.
        """
        found = self.signature(signature)
        if found is None:
            raise refusals.RefusalError(
                "FAILED_PRECONDITION",
                f'Serving signature key "{signature}" not found.',
            )
        given, wanted = set(inputs), set(found.inputs)
        if given != wanted:
            raise refusals.RefusalError(
                "INVALID_ARGUMENT",
                "input size does not match signature: "
                f"{len(given)}!={len(wanted)}. "
                f"Sent extra: {{{','.join(sorted(given - wanted))}}}. "
                "Missing but required: "
                f"{{{','.join(sorted(wanted - given))}}}.",
            )
        for name in outputs:
            if name not in found.outputs:
                raise refusals.RefusalError(
                    "INVALID_ARGUMENT",
                    f"output tensor alias not found in signature: {name} "
                    "Outputs expected to be in the set "
                    f"{{{','.join(sorted(found.outputs))}}}.",
                )
            if list(outputs).count(name) > 1:
                raise refusals.RefusalError(
                    "INVALID_ARGUMENT", f"duplicate output tensor alias: {name}"
                )
        return tuple(outputs) or tuple(sorted(found.outputs))

    def run(
        self,
        signature: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
    ) -> dict[str, np.ndarray]:
        """Runs a signature.

        Raises:
          refusals.RefusalError: With what TensorFlow says.
        """
        try:
            answer = self._loaded.signatures[signature](
                **{name: tf.constant(value) for name, value in inputs.items()}
            )
            return {name: answer[name].numpy() for name in outputs}
        except tf.errors.OpError as error:
            raise refusals.RefusalError(
                _code_name(error.error_code), str(error.message)
            ) from error
        except (TypeError, ValueError) as error:
            # A type or a shape that the graph was not made for.
            raise refusals.RefusalError(
                "INVALID_ARGUMENT", str(error)
            ) from error

    def _warm_up(self, path):
        if not path.is_file():
            return
        try:
            records = tf.data.TFRecordDataset(str(path))
            for number, record in enumerate(records.as_numpy_iterator()):
                if number >= _WARMUP_RECORDS:
                    raise ValueError(
                        f"more than {_WARMUP_RECORDS} warm-up requests"
                    )
                log = prediction_log_pb2.PredictionLog.FromString(record)
                kind = log.WhichOneof("log_type")
                if kind != "predict_log":
                    raise ValueError(
                        f"record {number}: expected a predict_log, got {kind}"
                    )
                self._replay(log.predict_log.request)
        except (
            ValueError,
            message.DecodeError,
            refusals.RefusalError,
            tf.errors.OpError,
        ) as error:
            raise ValueError(f"{path}: warm-up failed: {error}") from error

    def _replay(self, request):
        signature = request.model_spec.signature_name or tensors.DEFAULT
        outputs = self.checked(signature, request.inputs, request.output_filter)
        self.run(signature, tensors.from_protos(request.inputs), outputs)


def _code_name(number):
    for name, value in vars(tf.errors).items():
        if name.isupper() and value == number:
            return name
    return "UNKNOWN"
