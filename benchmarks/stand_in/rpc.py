"""The stand-in's gRPC interface, on TF Serving's own protobufs."""

import concurrent.futures
import contextlib

import grpc
from tensorflow_serving.apis import (
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from benchmarks.stand_in import answering, refusals, tensors

_THREADS = 128
_LONGEST = 4000  # bytes of a message, which travels as a header


class RpcServer:
    """Answers gRPC requests.

    Attributes:
      port: Where it listens.

    Args:
      answerer: What does what they ask for.
      port: Of this machine; 0 for any.

    Raises:
      OSError: If the port is taken.
    """

    def __init__(self, answerer: answering.Answerer, port: int):
        self._server = grpc.server(
            concurrent.futures.ThreadPoolExecutor(_THREADS),
            options=[
                ("grpc.max_receive_message_length", tensors.LARGEST),
                ("grpc.max_send_message_length", tensors.LARGEST),
                ("grpc.so_reuseport", 0),
            ],
        )
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            _Prediction(answerer), self._server
        )
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(
            _Model(answerer), self._server
        )
        try:
            self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")
        except RuntimeError as error:
            raise OSError(f"gRPC port {port}: {error}") from error
        self._server.start()

    def close(self) -> None:
        """Stops at once; what is under way is cancelled."""
        self._server.stop(grace=None).wait()


class _Prediction(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, answerer):
        self._answerer = answerer

    def Predict(self, request, context):
        counters = self._answerer.counters
        counters.add(requests=1)
        with _refusing(context, counters):
            spec = request.model_spec
            version = _find(self._answerer.models, spec)
            signature = spec.signature_name or tensors.DEFAULT
            # Names first: a tensor may take long to read.
            version.checked(signature, request.inputs, request.output_filter)
            outputs = self._answerer.predict(
                version,
                signature,
                tensors.from_protos(request.inputs),
                tuple(request.output_filter),
            )
            answer = predict_pb2.PredictResponse()
            answer.model_spec.name = spec.name
            answer.model_spec.version.value = version.number
            answer.model_spec.signature_name = signature
            for name, value in outputs.items():
                answer.outputs[name].CopyFrom(tensors.to_proto(value))
            return answer

    def GetModelMetadata(self, request, context):
        with _refusing(context):
            version = _find(self._answerer.models, request.model_spec)
            fields = list(request.metadata_field)
            if fields != ["signature_def"]:
                raise refusals.RefusalError(
                    "INVALID_ARGUMENT",
                    f"Metadata field {','.join(fields) or 'none'} is not "
                    "supported",
                )
            return self._answerer.metadata(request.model_spec.name, version)


class _Model(model_service_pb2_grpc.ModelServiceServicer):
    def __init__(self, answerer):
        self._answerer = answerer

    def GetModelStatus(self, request, context):
        with _refusing(context):
            spec = request.model_spec
            found = self._answerer.models.matching(spec.name, *_which(spec))
            return self._answerer.status(found)


@contextlib.contextmanager
def _refusing(context, counters=None):
    """Turns a refusal into the call's code and message."""
    try:
        yield
    except refusals.RefusalError as error:
        if counters is not None:
            counters.add(errors=1)
        context.abort(grpc.StatusCode[error.code], error.message[:_LONGEST])
    except Exception as error:
        # As a server that goes on, whatever it was.
        if counters is not None:
            counters.add(errors=1)
        context.abort(grpc.StatusCode.INTERNAL, repr(error)[:_LONGEST])


def _find(models, spec):
    return models.find(spec.name, *_which(spec))


def _which(spec):
    kind = spec.WhichOneof("version_choice")
    if kind == "version":
        return spec.version.value, None
    return None, spec.version_label if kind else None
