"""What both interfaces of the stand-in do with a request."""

from collections.abc import Mapping, Sequence

import numpy as np
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
)

from benchmarks.stand_in import (
    batching,
    catalogue,
    counters as counters_lib,
    loaded,
    parameters as parameters_lib,
)


class Answerer:
    """Predictions, metadata and status; for many threads at once.

    Attributes:
      models: What is served.
      counters: What was done.

    Args:
      models: What is served.
      parameters: How requests are batched; None where they are not.
    """

    def __init__(
        self,
        models: catalogue.Models,
        parameters: parameters_lib.Parameters | None,
    ):
        self.models = models
        self.counters = counters_lib.Counters()
        self._batcher = None
        if parameters is not None:
            self._batcher = batching.Batcher(parameters, self.counters)

    def predict(
        self,
        version: loaded.Version,
        signature: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str] = (),
    ) -> dict[str, np.ndarray]:
        """Runs a signature, alone or with other requests.

        Raises:
          refusals.RefusalError: With the reason, if it cannot be.
        """
        outputs = version.checked(signature, inputs, outputs)

        def run(batch):
            return version.run(signature, batch, outputs)

        if self._batcher is None:
            answer = run(inputs)
            # Without batching, inputs may differ in it.
            rows = max((len(v) for v in inputs.values() if v.ndim), default=0)
            self.counters.add(batches=1, rows=rows)
            return answer
        key = (version, signature, frozenset(outputs))
        return self._batcher.run(key, run, inputs)

    def metadata(
        self, name: str, version: loaded.Version
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Returns a version's signatures."""
        answer = get_model_metadata_pb2.GetModelMetadataResponse()
        answer.model_spec.name = name
        answer.model_spec.version.value = version.number
        found = get_model_metadata_pb2.SignatureDefMap()
        for signature, definition in version.signature_defs.items():
            found.signature_def[signature].CopyFrom(definition)
        answer.metadata["signature_def"].Pack(found)
        return answer

    def status(
        self, versions: Sequence[loaded.Version]
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Returns how versions are: here all are available."""
        answer = get_model_status_pb2.GetModelStatusResponse()
        for version in versions:
            row = answer.model_version_status.add()
            row.version = version.number
            row.state = get_model_status_pb2.ModelVersionStatus.AVAILABLE
            # OK; protobuf would leave it out of the JSON.
            row.status.error_code = 0
        return answer

    def close(self) -> None:
        """Ends the batches' threads."""
        if self._batcher is not None:
            self._batcher.close()
