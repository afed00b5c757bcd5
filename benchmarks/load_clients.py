"""Clients that ask a server at random, and look at every answer."""

import collections
import dataclasses
import http.client
import json
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_service_pb2_grpc

from benchmarks import asked as asked_lib
from benchmarks.stand_in import rest

RIGHT = "right"
REFUSED = "refused as wanted"
WRONG = "wrong"
NEIGHBOUR = "failed with a neighbour"
BUSY = "refused by a full queue"
PADDED = "padded into a good request"
UNEXPECTED = "unexpected errors"

_TIMEOUT = 60.0
_TRIES = 6
_BUSY = (503, "UNAVAILABLE")
# What a request of another form does to all of its merged batch.
_SHARED = (400, 500, "INVALID_ARGUMENT", "INTERNAL")


class Reply(NamedTuple):
    """What came back.

    Attributes:
      code: The HTTP status, or the name of the gRPC code.
      answer: The outputs by name; None for an error.
      message: What the error says.
    """

    code: int | str
    answer: dict[str, Any] | None
    message: str


class RestClient:
    """Asks by REST, over one connection.

    Args:
      address: HOST:PORT.
    """

    def __init__(self, address: str):
        self._connection = http.client.HTTPConnection(address, timeout=_TIMEOUT)

    def can_ask(self, asked: asked_lib.Asked) -> bool:
        """Says whether a request can be asked by REST."""
        return asked.body is not None

    def ask(self, asked: asked_lib.Asked) -> Reply:
        """Asks; an error of the connection is a reply as well."""
        headers = {"Content-Type": "application/json"}
        if asked.length is not None:
            headers["Content-Length"] = str(asked.length)
        try:
            self._connection.request(
                "POST", asked.path, body=asked.body, headers=headers
            )
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return Reply(type(error).__name__, None, str(error))
        try:
            found = json.loads(text)
        except ValueError:
            return Reply("no JSON", None, repr(text[:80]))
        if response.status != 200:
            return Reply(response.status, None, found.get("error", ""))
        if "predictions" in found:
            rows = found["predictions"]
            found["outputs"] = {n: [row[n] for row in rows] for n in rows[0]}
        return Reply(200, found["outputs"], "")

    def allowed(self, asked: asked_lib.Asked) -> set:
        """Returns the codes that the request may get."""
        return asked.statuses

    def counters(self) -> dict[str, int]:
        """Asks the stand-in what it has counted."""
        self._connection.request("GET", rest.COUNTERS_PATH)
        return json.loads(self._connection.getresponse().read())

    def close(self) -> None:
        """Hangs up."""
        self._connection.close()


class RpcClient:
    """Asks by gRPC, over a channel of its own.

    Args:
      address: HOST:PORT.
    """

    def __init__(self, address: str):
        self._channel = grpc.insecure_channel(
            address,
            options=[
                ("grpc.use_local_subchannel_pool", 1),
                ("grpc.max_receive_message_length", 64 * 2**20),
            ],
        )
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(
            self._channel
        )

    def can_ask(self, asked: asked_lib.Asked) -> bool:
        """Says whether a request can be asked by gRPC."""
        return asked.message is not None

    def ask(self, asked: asked_lib.Asked) -> Reply:
        """Asks; an error of the connection is a reply as well."""
        try:
            answer = self._stub.Predict(asked.message, timeout=_TIMEOUT)
        except grpc.RpcError as error:
            return Reply(error.code().name, None, error.details() or "")
        outputs = {
            name: tf.make_ndarray(tensor)
            for name, tensor in answer.outputs.items()
        }
        return Reply("OK", outputs, "")

    def allowed(self, asked: asked_lib.Asked) -> set:
        """Returns the codes that the request may get."""
        return set(asked.codes)

    def close(self) -> None:
        """Hangs up."""
        self._channel.close()


class Requests(NamedTuple):
    """What clients choose from.

    Attributes:
      good: Good requests.
      malformed: Lists of malformed ones, of which each is as likely.
      scale: Of offsets.
    """

    good: Sequence[asked_lib.Asked]
    malformed: Sequence[Sequence[asked_lib.Asked]]
    scale: float


@dataclasses.dataclass
class Tally:
    """What came of a client's requests.

    Attributes:
      outcomes: How often each.
      seconds: Of good requests, by signature.
      examples: What was wrong or unexpected, the first few.
    """

    outcomes: collections.Counter = dataclasses.field(
        default_factory=collections.Counter
    )
    seconds: dict[str, list[float]] = dataclasses.field(
        default_factory=lambda: collections.defaultdict(list)
    )
    examples: list[str] = dataclasses.field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Adds another's."""
        self.outcomes += other.outcomes
        self.examples += other.examples
        for kind, seconds in other.seconds.items():
            self.seconds[kind] += seconds


class Asker(threading.Thread):
    """A client in a thread, which asks one request after another.

    Attributes:
      tally: What came of them; whole when the thread has ended.

    Args:
      client: How it asks.
      requests: What it asks.
      share: Of malformed ones.
      seed: Which it chooses.
      stopped: When to end.
      batching: Whether the server merges requests, so that a malformed one
        may take others with it.
    """

    def __init__(
        self,
        client: RestClient | RpcClient,
        requests: Requests,
        *,
        share: float,
        seed: Sequence[int],
        stopped: threading.Event,
        batching: bool,
    ):
        super().__init__(daemon=True)
        self.tally = Tally()
        self._client = client
        self._scale = requests.scale
        self._share = share
        self._rng = np.random.default_rng(seed)
        self._stopped = stopped
        self._batching = batching
        self._good = [a for a in requests.good if client.can_ask(a)]
        self._malformed = [
            [a for a in group if client.can_ask(a)]
            for group in requests.malformed
        ]

    def run(self):
        while not self._stopped.is_set():
            self._ask(self._chosen())
        self._client.close()

    def _chosen(self):
        group = self._good
        if self._malformed and self._rng.random() < self._share:
            group = self._malformed[self._rng.integers(len(self._malformed))]
        return group[self._rng.integers(len(group))]

    def _ask(self, asked):
        start = time.perf_counter()
        reply = self._client.ask(asked)
        seconds = time.perf_counter() - start
        outcome, said = self._judged(asked, reply)
        if outcome == UNEXPECTED and self._was_the_neighbours(asked, reply):
            outcome = NEIGHBOUR
        self.tally.outcomes[outcome] += 1
        if outcome == RIGHT and not asked.malformed:
            self.tally.seconds[asked.kind].append(seconds)
        if outcome in (WRONG, UNEXPECTED):
            if len(self.tally.examples) < 3:
                self.tally.examples.append(f"{asked.kind}: {said}")
            # A server that is gone is not asked without a pause.
            self._stopped.wait(0.05)

    def _judged(self, asked, reply):
        if reply.answer is None:
            if reply.code in self._client.allowed(asked) and reply.message:
                return REFUSED, ""
            if reply.code in _BUSY and "queue" in reply.message:
                return BUSY, ""
            return UNEXPECTED, f"{reply.code}: {reply.message[:200]}"
        if asked.answer is None:
            if asked.padded:
                told = np.all(reply.answer["status"])
                return (REFUSED if told else PADDED), ""
            return WRONG, "expected an error, got an answer"
        said = asked_lib.differs(reply.answer, asked.answer, self._scale)
        return (WRONG, said) if said else (RIGHT, "")

    def _was_the_neighbours(self, asked, reply):
        """Asks again, as a client would, to see whose fault an error was."""
        if not self._batching or reply.code not in _SHARED:
            return False
        for _ in range(_TRIES):
            again = self._client.ask(asked)
            if self._judged(asked, again)[0] == RIGHT:
                return True
        return False
