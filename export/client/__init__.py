"""A client of model servers that have a sketch-rnn, without TensorFlow.

    from export import client

    with client.Sketcher("localhost:8501", label="stable") as sketcher:
        sketcher.wait_until_ready()
        drawn = sketcher.complete([beginning], count=4, seed=7)

It speaks TensorFlow Serving's REST interface or, to `grpc://host:8500`, its
gRPC, for which alone TensorFlow is loaded.  `export.signatures` says what is
asked.
"""

from export.client.errors import (
    AnswerError,
    DeadlineError,
    InputError,
    NotFoundError,
    RefusedError,
    RequestError,
    UnavailableError,
)
from export.client.metadata import Metadata, VersionStatus
from export.client.results import Drawing, Drawings, Encoding, Scores
from export.client.sketcher import Sketcher

__all__ = [
    "AnswerError",
    "DeadlineError",
    "Drawing",
    "Drawings",
    "Encoding",
    "InputError",
    "Metadata",
    "NotFoundError",
    "RefusedError",
    "RequestError",
    "Scores",
    "Sketcher",
    "UnavailableError",
    "VersionStatus",
]
