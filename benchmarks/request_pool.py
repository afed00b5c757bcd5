"""Seeded requests for a served model: good ones, and rows with bad values."""

from collections.abc import Mapping

import numpy as np

from benchmarks import asked as asked_lib
from benchmarks.stand_in import loaded
from export import saved_model, status
from sketch_rnn_tf import doodles, strokes

NAME = "sketch_rnn"

_HUGE = 4_000  # points, of a drawing that no model takes
_CONTENT = 0.5  # share of messages that have `tensor_content`
_ROWS = (1, 1, 1, 1, 2, 3)


class RequestPool:
    """Makes requests of a model, all signatures and lengths mixed.

    Attributes:
      version: The SavedModel that says what is right.
      signatures: The names of what it has.
      max_len: N_max.
      z_size: N_z; 0 of an unconditional model.

    Args:
      version: The SavedModel.
      seed: Of everything that is random.
    """

    def __init__(self, version: loaded.Version, seed: int):
        self.version = version
        self._rng = np.random.default_rng(seed)
        self.signatures = sorted(
            name
            for name in version.signature_defs
            # One step at a time is not what a server is asked for.
            if version.signature(name) and name != saved_model.BROWSER
        )
        try:
            score = version.signature_defs["score"].outputs
            shape = score["point_log_likelihoods"].tensor_shape
            self.max_len = shape.dim[1].size
            decode = version.signature_defs["decode"].inputs
        except (KeyError, IndexError) as error:
            raise ValueError(
                "expected the signatures of a sketch-rnn, got "
                f"{', '.join(self.signatures) or 'none'}"
            ) from error
        self.z_size = 0
        if "z" in decode:
            self.z_size = decode["z"].tensor_shape.dim[1].size
        self._sketches = [
            doodles.draw(kind, seed=seed).stroke3
            for kind in doodles.KINDS
            for seed in range(4)
        ]

    def good(self, count: int) -> list[asked_lib.Asked]:
        """Makes good requests, as many of each signature."""
        made = []
        for number in range(count):
            signature = self.signatures[number % len(self.signatures)]
            made.append(self.prepared(signature, self.inputs(signature)))
        return made

    def bad_rows(self, count: int) -> list[asked_lib.Asked]:
        """Makes requests of which one row has a bad value.

        Raises:
          ValueError: If the model does not say so, alone.
        """
        made = []
        while len(made) < count:
            signature = str(self._rng.choice(self.signatures))
            inputs = self.inputs(signature)
            changes = self._changes(inputs)
            what = sorted(changes)[self._rng.integers(len(changes))]
            row = int(self._rng.integers(len(next(iter(inputs.values())))))
            code = changes[what](inputs, row)
            asked = self.prepared(signature, inputs, malformed=what)
            if asked.answer["status"][row] != code:
                raise ValueError(
                    f"{signature}, {what}: expected status {code}, got "
                    f"{asked.answer['status'][row]}"
                )
            made.append(asked)
        return made

    def prepared(
        self, signature: str, inputs: Mapping[str, np.ndarray], *, malformed=""
    ) -> asked_lib.Asked:
        """Returns a request with its answer alone."""
        outputs = self.version.checked(signature, inputs)
        return asked_lib.Asked(
            kind=malformed or signature,
            malformed=bool(malformed),
            path=f"/v1/models/{NAME}:predict",
            body=asked_lib.rest_body(
                signature, inputs, as_rows=bool(self._rng.integers(2))
            ),
            message=asked_lib.rpc_message(
                *(NAME, signature, inputs),
                content=bool(self._rng.random() < _CONTENT),
            ),
            answer=self.version.run(signature, inputs, outputs),
        )

    def inputs(
        self, signature: str, rows: int | None = None
    ) -> dict[str, np.ndarray]:
        """Makes good inputs of a signature."""
        rng = self._rng
        rows = rows or int(rng.choice(_ROWS))
        inputs = {}
        for name in sorted(self.version.signature_defs[signature].inputs):
            if name in ("z", "z_first", "z_last"):
                value = rng.normal(size=[rows, self.z_size])
            elif name in ("temperature", "t"):
                value = rng.uniform(0, 1, rows)
            elif name == "seed":
                value = rng.integers(0, 2**31, rows)
            elif name in ("strokes", "lengths", "max_len"):
                continue
            else:
                raise ValueError(f"{signature}: {name}: not known")
            kind = np.int32 if name == "seed" else np.float32
            inputs[name] = value.astype(kind)
        wanted = self.version.signature_defs[signature].inputs
        lengths = np.zeros(rows, np.int32)
        if "strokes" in wanted:
            # A completion needs a point to draw.
            longest = self.max_len - ("max_len" in wanted)
            batch, lengths = self._drawings(rows, longest)
            inputs |= {"strokes": batch, "lengths": lengths}
        if "max_len" in wanted:
            inputs["max_len"] = rng.integers(
                lengths + 1, self.max_len + 1, dtype=np.int32
            )
        return inputs

    def _drawings(self, rows, longest):
        rng = self._rng
        chosen = []
        for number in rng.integers(len(self._sketches), size=rows):
            sketch = self._sketches[number][:longest]
            chosen.append(sketch[: rng.integers(1, len(sketch) + 1)])
        lengths = np.int32([len(sketch) for sketch in chosen])
        steps = int(lengths.max() + rng.integers(4))
        # What is after the length is anything but five equal numbers.
        batch = rng.normal(size=[rows, steps, 5]).astype(np.float32)
        for row, sketch in zip(batch, chosen, strict=True):
            row[: len(sketch)] = strokes.stroke3_to_stroke5(sketch)[:-1]
        return batch, lengths

    def _changes(self, inputs):
        """Returns what may be made bad, by what it is."""

        def put(name, value, code):
            def change(inputs, row):
                inputs[name][row] = value
                return code

            return change

        changes = {
            f"{name} {value}": put(name, value, code)
            for name, value, code in (
                ("temperature", -0.5, status.BAD_TEMPERATURE),
                ("temperature", np.nan, status.BAD_TEMPERATURE),
                ("temperature", np.inf, status.BAD_TEMPERATURE),
                ("seed", -1, status.BAD_SEED),
                ("max_len", 0, status.BAD_MAX_LEN),
                ("max_len", self.max_len + 1, status.BAD_MAX_LEN),
                ("z", np.nan, status.BAD_Z),
                ("z_first", np.inf, status.BAD_Z),
                ("z_last", np.nan, status.BAD_Z),
                ("t", 1.5, status.BAD_T),
                ("t", np.nan, status.BAD_T),
            )
            if name in inputs
        }
        if "strokes" not in inputs:
            return changes
        steps = inputs["strokes"].shape[1]
        for what, at, value in (
            ("an offset of NaN", 0, np.nan),
            ("an infinite offset", 1, -np.inf),
            ("a pen of two states", slice(2, 5), [1, 1, 0]),
            ("a pen of none", slice(2, 5), 0),
            ("a pen of halves", slice(2, 5), [0.5, 0.5, 0]),
            ("an end before the length", slice(2, 5), [0, 0, 1]),
        ):
            changes[what] = _stroke(at, value)
        return changes | {
            "length 0": put("lengths", 0, status.BAD_LENGTH),
            "length -3": put("lengths", -3, status.BAD_LENGTH),
            "length over T": put("lengths", steps + 1, status.BAD_LENGTH),
            "length over N_max": _too_long(self.max_len + 1),
            "huge": _too_long(_HUGE),
        }


def _stroke(at, value):
    def change(inputs, row):
        inputs["strokes"][row, 0, at] = value
        return status.BAD_STROKES

    return change


def _too_long(points):
    def change(inputs, row):
        batch = inputs["strokes"]
        more = max(points - batch.shape[1], 0)
        inputs["strokes"] = np.concatenate(
            [
                batch,
                np.tile(np.float32([1, 2, 1, 0, 0]), [len(batch), more, 1]),
            ],
            axis=1,
        )
        inputs["lengths"][row] = points
        return status.BAD_LENGTH

    return change
