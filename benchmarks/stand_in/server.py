"""The stand-in as a whole: models, batching and both interfaces."""

import contextlib
import os
from collections.abc import Iterator, Mapping

from benchmarks.stand_in import (
    answering,
    catalogue,
    counters as counters_lib,
    parameters as parameters_lib,
    rest,
    rpc,
)


class Server:
    """A stand-in for TF Serving that runs in this process.

    Attributes:
      rest: Its REST address, 127.0.0.1:PORT.
      grpc: Its gRPC address.
      counters: What it has done, see `counters.Counters`.

    Args:
      models: What it serves.
      batching: Parameters, or None for none.
      rest_port: 0 for any.
      grpc_port: 0 for any.

    Raises:
      OSError: If a port is taken.
    """

    def __init__(
        self,
        models: catalogue.Models,
        *,
        batching: parameters_lib.Parameters | None = None,
        rest_port: int = 0,
        grpc_port: int = 0,
    ):
        self._parts = contextlib.ExitStack()
        with contextlib.ExitStack() as parts:
            answerer = answering.Answerer(models, batching)
            parts.callback(answerer.close)
            self.counters: counters_lib.Counters = answerer.counters
            by_http = rest.RestServer(answerer, rest_port)
            parts.callback(by_http.close)
            self.rest = f"127.0.0.1:{by_http.server_port}"
            by_rpc = rpc.RpcServer(answerer, grpc_port)
            parts.callback(by_rpc.close)
            self.grpc = f"127.0.0.1:{by_rpc.port}"
            self._parts = parts.pop_all()

    def close(self) -> None:
        """Stops all of it."""
        self._parts.close()


@contextlib.contextmanager
def serve(
    directory: str | os.PathLike,
    *,
    name: str = "sketch_rnn",
    batching: "bool | parameters_lib.Parameters" = False,
    rest_port: int = 0,
    grpc_port: int = 0,
    models_config: str | os.PathLike | None = None,
    labels: Mapping[str, int] | None = None,
) -> Iterator[Server]:
    """Runs a stand-in for TF Serving, and stops it in the end.

    Args:
      directory: What holds the versions of one model, 1, 2, ..., of which all
        are served (TF Serving serves the latest alone, where it is given a
        directory).  With `models_config`, what is at /models there.
      name: The model's.
      batching: Whether requests are merged; parameters, or `TYPICAL` ones.
      rest_port: 0 for any.
      grpc_port: 0 for any.
      models_config: A text file of ModelServerConfig, to serve its models.
      labels: Versions by label, of the one model.

    Yields:
      The server.

    Raises:
      ValueError: If a model cannot be loaded.
      OSError: If a port is taken.
    """
    if models_config is None:
        models = catalogue.load_directory(directory, name, labels=labels)
    else:
        models = catalogue.load_config(models_config, directory)
    if batching is True:
        batching = parameters_lib.TYPICAL
    server = Server(
        models,
        batching=batching or None,
        rest_port=rest_port,
        grpc_port=grpc_port,
    )
    try:
        yield server
    finally:
        server.close()
