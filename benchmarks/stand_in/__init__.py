"""A stand-in for TF Serving, which no package registry has.

It speaks TF Serving's REST and gRPC interfaces, the latter with the protobufs
and services that `tensorflow-serving-api` publishes, over SavedModels that
TensorFlow loads in Python; and it merges requests the way TF Serving's batching
does.  So it shows that a client is right, and what a model answers in merged
batches.  It is not TF Serving, and says nothing of how fast that is.

    with stand_in.serve(directory, batching=True) as server:
        ...  # server.rest, server.grpc, server.counters.batches
"""

from benchmarks.stand_in.merging import merge, split
from benchmarks.stand_in.parameters import TYPICAL, Parameters
from benchmarks.stand_in.refusals import RefusalError
from benchmarks.stand_in.server import Server, serve

__all__ = [
    "TYPICAL",
    "Parameters",
    "RefusalError",
    "Server",
    "merge",
    "serve",
    "split",
]
