"""The gRPC interface of a model server, as TensorFlow Serving has it."""

import importlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from export.client import addresses, errors, metadata, retrying

LARGEST_ANSWER = 64 * 2**20
"""Bytes, as by REST."""

_BUSY = ("UNAVAILABLE", "RESOURCE_EXHAUSTED")
_APIS = (
    "get_model_metadata_pb2",
    "get_model_status_pb2",
    "model_service_pb2_grpc",
    "predict_pb2",
    "prediction_service_pb2_grpc",
)


class RpcTransport:
    """Asks a server by gRPC, over one channel; for several threads at once.

    Args:
      address: The server's.
      servable: The model.
      connect_timeout: Seconds for a connection.

    Raises:
      ValueError: If the protocol's package is not installed.
    """

    def __init__(
        self,
        address: addresses.Address,
        servable: addresses.Servable,
        *,
        connect_timeout: float,
    ):
        self._server = str(address)
        self._servable = servable
        try:
            # These load TensorFlow, which REST does without.
            self._grpc = importlib.import_module("grpc")
            self._tf = importlib.import_module("tensorflow")
            self._apis = {
                name: importlib.import_module(f"tensorflow_serving.apis.{name}")
                for name in _APIS
            }
        except ImportError as error:
            raise ValueError(
                "server: gRPC needs the package tensorflow-serving-api, got "
                f"{error}; http://host:8501 does without"
            ) from error
        options = [
            ("grpc.max_receive_message_length", LARGEST_ANSWER),
            ("grpc.max_send_message_length", LARGEST_ANSWER),
            # How often is ours to say, see `retrying`.
            ("grpc.enable_retries", 0),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 1000),
            # By its name, how long a connection may take at least.
            ("grpc.min_reconnect_backoff_ms", int(1000 * connect_timeout)),
            # Channels to one server would share a connection.
            ("grpc.use_local_subchannel_pool", 1),
        ]
        if address.is_secure:
            self._channel = self._grpc.secure_channel(
                address.target,
                self._grpc.ssl_channel_credentials(),
                options=options,
            )
        else:
            self._channel = self._grpc.insecure_channel(
                address.target, options=options
            )
        self._prediction = self._apis[
            "prediction_service_pb2_grpc"
        ].PredictionServiceStub(self._channel)
        self._model = self._apis["model_service_pb2_grpc"].ModelServiceStub(
            self._channel
        )

    def predict(
        self,
        signature: str,
        inputs: Mapping[str, np.ndarray],
        deadline: retrying.Deadline,
    ) -> dict[str, Any]:
        """Asks a signature once; as `rest.RestTransport.predict`."""
        where = self._where(signature)
        request = self._request("predict_pb2", "PredictRequest")
        request.model_spec.signature_name = signature
        for name, array in inputs.items():
            request.inputs[name].CopyFrom(self._tf.make_tensor_proto(array))
        answer = self._call(self._prediction.Predict, request, where, deadline)
        return {
            name: self._array(name, tensor, where)
            for name, tensor in answer.outputs.items()
        }

    def signatures(
        self, deadline: retrying.Deadline
    ) -> tuple[dict[str, metadata.Signature], int]:
        """Asks for the signatures; as `rest.RestTransport.signatures`."""
        where = self._where("metadata")
        request = self._request(
            "get_model_metadata_pb2", "GetModelMetadataRequest"
        )
        request.metadata_field.append("signature_def")
        answer = self._call(
            self._prediction.GetModelMetadata, request, where, deadline
        )
        found = self._apis["get_model_metadata_pb2"].SignatureDefMap()
        try:
            unpacked = answer.metadata["signature_def"].Unpack(found)
        except Exception as error:
            # Bytes that are no such message, protobuf's own kind of error.
            raise self._strange("the metadata of a model", where) from error
        if not unpacked:
            raise self._strange("the metadata of a model", where)
        made = {
            name: metadata.Signature(
                _shapes(signature.inputs), _shapes(signature.outputs)
            )
            for name, signature in found.signature_def.items()
        }
        return made, answer.model_spec.version.value

    def versions(
        self, deadline: retrying.Deadline
    ) -> list[metadata.VersionStatus]:
        """Asks how the versions are; as `rest.RestTransport.versions`."""
        where = self._where("status")
        request = self._request("get_model_status_pb2", "GetModelStatusRequest")
        answer = self._call(
            self._model.GetModelStatus, request, where, deadline
        )
        kinds = self._apis["get_model_status_pb2"].ModelVersionStatus.State
        codes = self._tf.errors
        return [
            metadata.VersionStatus(
                row.version,
                kinds.Name(row.state)
                if row.state in kinds.values()
                else str(row.state),
                "OK"
                if not row.status.error_code
                else _code(codes, row.status.error_code),
                errors.quoted(row.status.error_message),
            )
            for row in answer.model_version_status
        ]

    def close(self) -> None:
        """Closes the channel; what is under way is cancelled."""
        self._channel.close()

    def _where(self, signature):
        return errors.Where(self._server, str(self._servable), signature)

    def _request(self, module, kind):
        request = getattr(self._apis[module], kind)()
        request.model_spec.name = self._servable.name
        if self._servable.version is not None:
            request.model_spec.version.value = self._servable.version
        elif self._servable.label is not None:
            request.model_spec.version_label = self._servable.label
        return request

    def _call(self, method, request, where, deadline):
        try:
            return method(request, timeout=deadline.left(where))
        except self._grpc.RpcError as error:
            code = error.code().name
            said = errors.quoted(error.details() or "no message")
            reason = f"the server answered {code}: {said}"
            if code == "DEADLINE_EXCEEDED":
                raise deadline.error(where) from error
            kind = errors.RefusedError
            # gRPC calls that exhausted, too; it would be as large again.
            if "larger than max" in said:
                kind = errors.AnswerError
            elif code in _BUSY:
                kind = errors.UnavailableError
            elif code == "NOT_FOUND":
                kind = errors.NotFoundError
            raise kind(reason, where) from error

    def _array(self, name, tensor, where):
        sizes = [dim.size for dim in tensor.tensor_shape.dim]
        # One number may stand for any count of them.
        if min(sizes, default=0) < 0 or 4 * math.prod(sizes) > LARGEST_ANSWER:
            raise self._strange(f"a tensor for {errors.quoted(name)}", where)
        try:
            return self._tf.make_ndarray(tensor)
        except (TypeError, ValueError) as error:
            raise self._strange(
                f"a tensor for {errors.quoted(name)}", where
            ) from error

    def _strange(self, wanted, where):
        return errors.AnswerError(
            f"expected {wanted}, got something else", where
        )


def _shapes(tensors):
    return {
        name: tuple(dim.size for dim in tensor.tensor_shape.dim)
        for name, tensor in tensors.items()
    }


def _code(codes, number):
    for name, value in vars(codes).items():
        if name.isupper() and value == number:
            return name
    return str(number)
