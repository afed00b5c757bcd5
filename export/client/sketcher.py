"""The sketcher: what a served model can draw, as a Python object."""

from collections.abc import Sequence

import numpy as np

from export.client import (
    addresses,
    answers,
    batches,
    connection,
    errors,
    metadata as metadata_lib,
    noise,
    results,
)

_SKETCHES = np.ndarray | Sequence[np.ndarray]


class Sketcher:
    """Asks a model server to draw, encode and score.

        with Sketcher("localhost:8501") as sketcher:
            ending = sketcher.complete(beginning, seed=7).sketch

    Sketches are stroke-3, float32 [N, 3], in the user's units.  One sketch
    gives one result, a list of them gives the results of all; the same seed
    gives the same drawing as `sketch_rnn_tf` does.  Several threads may use
    one object.  Every method raises `errors.RequestError`: an `InputError`,
    also a ValueError, where it is an argument that is wrong, mostly before
    anything is sent.

    Args:
      server: host:port or http(s)://host[:port][/prefix] for REST,
        grpc(s)://host[:port] for gRPC.
      model: Its name on the server.
      version: Which version; None for the newest.
      label: Or which label, as "stable" or "canary".
      timeout: Seconds for each request with its retries; many sketches take
        several requests.
      connect_timeout: Seconds for a connection.
      retries: How often a request is sent again where the server could not
        be reached or was too busy.
      rows: Whether REST sends rows (`instances`) instead of columns.

    Raises:
      ValueError: If an argument is none of these.
    """

    def __init__(
        self,
        server: str,
        *,
        model: str = "sketch_rnn",
        version: int | None = None,
        label: str | None = None,
        timeout: float = 60.0,
        connect_timeout: float = 5.0,
        retries: int = 3,
        rows: bool = False,
    ):
        self._connection = connection.Connection(
            addresses.parse(server),
            addresses.servable(model, version, label),
            timeout=timeout,
            connect_timeout=connect_timeout,
            retries=retries,
            rows=rows,
        )

    def __enter__(self) -> "Sketcher":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections; the object is of no more use."""
        self._connection.close()

    @property
    def metadata(self) -> metadata_lib.Metadata:
        """What the model is like; asked for once, on first use."""
        return self._connection.metadata()

    def status(self) -> list[metadata_lib.VersionStatus]:
        """Asks how the model's versions are."""
        return self._connection.status()

    def wait_until_ready(
        self, timeout: float = 60.0
    ) -> list[metadata_lib.VersionStatus]:
        """Waits so many seconds for the version asked for, or for any.

        Returns:
          How the versions are then.
        """
        return self._connection.wait_until_ready(timeout)

    def encode(self, sketches: _SKETCHES) -> results.Encoding:
        """Encodes sketches to the posterior of z (Eq. 2).

        Args:
          sketches: One of at most N_max points, or several.
        """
        where, model = self._connection.asked("encode")
        given, single = _given(sketches, model.max_len, where)
        mu, log_var = [], []
        for outputs, _, rows in self._connection.ask(where, given):
            shape = [len(rows["lengths"]), model.z_size]
            mu.append(answers.array(outputs, "mu", shape, where))
            log_var.append(answers.array(outputs, "log_var", shape, where))
        found = results.Encoding(np.concatenate(mu), np.concatenate(log_var))
        return found.only() if single else found

    def sample(
        self,
        *,
        count: int | None = None,
        z: np.ndarray | None = None,
        temperature: float | Sequence[float] = 1.0,
        seed: int | Sequence[int] = 0,
        max_len: int | None = None,
        labels: int | Sequence[int] | None = None,
    ) -> results.Drawing | results.Drawings:
        """Draws new sketches, from the prior or from latent vectors.

        Args:
          count: How many; None for one by itself, or as many as z.
          z: float [Z] or [B, Z]; None draws them from N(0, I) by the seeds.
          temperature: tau, a number or one for each (Eq. 9); 0 is greedy.
          seed: Of the first drawing, drawing i has `seed` + i; or one for
            each.
          max_len: Points at most; the model's N_max if None.
          labels: Of a class-conditioned model, indices of its words: one for
            all, or one for each.
        """
        where, model = self._connection.asked("decode")
        single = count is None and (z is None or np.ndim(z) == 1)
        if z is not None:
            if not model.z_size:
                raise errors.InputError(
                    "z: expected None, as the model is unconditional",
                    where,
                    input="z",
                )
            rows = [z] if np.ndim(z) == 1 else z
            z = batches.latents("z", rows, model.z_size, where)
        if count is None:
            count = 1 if z is None else len(z)
        batches.check_at_least(1, "count", count, where)
        if z is not None and count != len(z):
            raise errors.InputError(
                f"count: expected {len(z)}, as of z, got {count}",
                where,
                input="count",
            )
        settings = batches.settings(
            count, model.max_len, where, temperature, seed, max_len
        )
        if z is None and model.z_size:
            z = noise.prior(settings["seed"], z_size=model.z_size)
        inputs = settings if z is None else {"z": z, **settings}
        inputs |= batches.labels(labels, count, model.class_conditioned, where)
        sketches = []
        for outputs, first, rows in self._connection.ask(where, inputs):
            sketches += _taken(outputs, first, rows, where)
        found = _drawings(sketches, z, settings["seed"])
        return found.only() if single else found

    def complete(
        self,
        sketches: _SKETCHES,
        *,
        count: int | None = None,
        temperature: float | Sequence[float] = 0.8,
        seed: int | Sequence[int] = 0,
        max_len: int | None = None,
        labels: int | Sequence[int] | None = None,
    ) -> results.Drawing | results.Drawings:
        """Goes on with incomplete sketches.

        Args:
          sketches: One of fewer than `max_len` points, or several.  A last
            point whose pen is not lifted leaves its stroke open.
          count: Endings of each, one after the other; None for one.
          temperature: tau, a number or one for each drawing.
          seed: As for `sample`.
          max_len: Points at most, the given ones included.
          labels: Of a class-conditioned model, indices of its words: one for
            all, or one for each sketch.

        Returns:
          The drawings, the given points included.  One by itself if one
          sketch is given and no count.
        """
        where, model = self._connection.asked("complete")
        if count is not None:
            batches.check_at_least(1, "count", count, where)
        most = batches.max_lens(max_len, model.max_len, 1, where).item() - 1
        given, single = _given(sketches, most, where)
        given |= batches.labels(
            labels, len(given["lengths"]), model.class_conditioned, where
        )
        if count is not None:
            single = False
            given = {n: np.repeat(a, count, axis=0) for n, a in given.items()}
        size = len(given["lengths"])
        settings = batches.settings(
            size, model.max_len, where, temperature, seed, max_len
        )
        found = []
        for outputs, first, rows in self._connection.ask(
            where, given | settings
        ):
            answers.check_prefixes(outputs, rows["lengths"], where)
            found += answers.drawings(
                outputs, rows["max_len"], rows["lengths"], first, where
            )
        found = results.Drawings(
            found, None, settings["seed"], given["lengths"]
        )
        return found.only() if single else found

    def reconstruct(
        self,
        sketches: _SKETCHES,
        *,
        temperature: float | Sequence[float] = 1.0,
        seed: int | Sequence[int] = 0,
        sample_z: bool = True,
        max_len: int | None = None,
        labels: int | Sequence[int] | None = None,
    ) -> results.Drawing | results.Drawings:
        """Encodes sketches and draws them again from their z.

        Args:
          sketches: One of at most N_max points, or several.
          temperature: tau, a number or one for each sketch.
          seed: As for `sample`.
          sample_z: Whether z is sampled from the posterior (Eq. 2) or its
            mean, which takes two requests.
          max_len: Points at most; N_max if None.
          labels: Of a class-conditioned model, indices of its words: one for
            all, or one for each.
        """
        where, model = self._connection.asked("reconstruct")
        given, single = _given(sketches, model.max_len, where)
        size = len(given["lengths"])
        settings = batches.settings(
            size, model.max_len, where, temperature, seed, max_len
        )
        given |= batches.labels(labels, size, model.class_conditioned, where)
        if not sample_z:
            several = [sketches] if single else sketches
            found = self.sample(
                z=self.encode(several).mu,
                temperature=temperature,
                seed=seed,
                max_len=max_len,
                labels=labels,
            )
            return found.only() if single else found
        sketches, z = [], []
        for outputs, first, rows in self._connection.ask(
            where, given | settings
        ):
            sketches += _taken(outputs, first, rows, where)
            shape = [len(rows["seed"]), model.z_size]
            mu = answers.array(outputs, "mu", shape, where)
            log_var = answers.array(outputs, "log_var", shape, where)
            drawn = noise.prior(rows["seed"], z_size=model.z_size)
            z.append(mu + np.exp(log_var / 2) * drawn)
        found = _drawings(sketches, np.concatenate(z), settings["seed"])
        return found.only() if single else found

    def interpolate(
        self,
        first: np.ndarray,
        last: np.ndarray,
        *,
        steps: int = 10,
        t: float | Sequence[float] | None = None,
        temperature: float | Sequence[float] = 0.2,
        seed: int | Sequence[int] = 0,
        max_len: int | None = None,
        labels: int | Sequence[int] | None = None,
    ) -> results.Drawing | results.Drawings:
        """Draws what lies between two sketches, on the arc of their z.

        Args:
          first: A sketch, or its z, float [Z].
          last: Likewise.
          steps: Drawings, those of both ends included.
          t: Or where to draw, from 0 to 1; of one number one drawing by
            itself.
          temperature: tau, a number or one for each drawing.
          seed: Of all drawings, which so differ by z alone; or one for each.
          max_len: Points at most; N_max if None.
          labels: Of a class-conditioned model, indices of its words: one for
            all, or one for each.
        """
        where, model = self._connection.asked("interpolate")
        if t is None:
            batches.check_at_least(2, "steps", steps, where)
            t = np.linspace(0, 1, steps)
        places = batches.places(t, where)
        count = len(places)
        inputs = {
            name: np.repeat(self._end(name, end, where), count, axis=0)
            for name, end in (("z_first", first), ("z_last", last))
        }
        inputs["t"] = places
        seed = seed if np.ndim(seed) else [seed] * count
        inputs |= batches.settings(
            count, model.max_len, where, temperature, seed, max_len
        )
        inputs |= batches.labels(labels, count, model.class_conditioned, where)
        sketches, found = [], []
        for outputs, row, rows in self._connection.ask(where, inputs):
            sketches += _taken(outputs, row, rows, where)
            shape = [len(rows["t"]), model.z_size]
            found.append(answers.array(outputs, "z", shape, where))
        drawn = _drawings(sketches, np.concatenate(found), inputs["seed"])
        return drawn if np.ndim(t) else drawn.only()

    def score(
        self,
        sketches: _SKETCHES,
        *,
        labels: int | Sequence[int] | None = None,
    ) -> results.Scores:
        """Computes the losses of each sketch, and its likelihood.

        Args:
          sketches: One of at most N_max points, or several.
          labels: Of a class-conditioned model, indices of its words: one for
            all, or one for each.
        """
        where, model = self._connection.asked("score")
        given, single = _given(sketches, model.max_len, where)
        given |= batches.labels(
            labels, len(given["lengths"]), model.class_conditioned, where
        )
        parts = [
            answers.scores(outputs, rows["lengths"], model.max_len, where)
            for outputs, _, rows in self._connection.ask(where, given)
        ]
        *columns, _ = zip(*parts, strict=True)
        scores = results.Scores(
            *(np.concatenate(column) for column in columns),
            [row for part in parts for row in part.point_log_likelihoods],
        )
        return scores.only() if single else scores

    def _end(self, name, end, where):
        """Returns z of a sketch or of a z, [1, Z]."""
        z = end if np.ndim(end) == 1 else self.encode(end).mu
        z_size = self.metadata.z_size
        z = batches.latents(name, np.atleast_2d(z), z_size, where)
        if len(z) != 1:
            raise errors.InputError(
                f"{name}: expected one sketch, got {len(z)}", where, input=name
            )
        return z


def _given(sketches, most, where):
    """Returns strokes and lengths, and whether it was one sketch."""
    single = batches.is_single(sketches)
    several = [sketches] if single else sketches
    return batches.stroke5(several, most, where), single


def _taken(outputs, first, rows, where):
    least = np.zeros_like(rows["max_len"])
    return answers.drawings(outputs, rows["max_len"], least, first, where)


def _drawings(sketches, z, seeds):
    return results.Drawings(sketches, z, seeds, np.zeros_like(seeds))
