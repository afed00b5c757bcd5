"""The same model in PyTorch: nn.LSTM, padded to N_max; a worker process.

It is run by a Python that has torch, see `worker`; TensorFlow need not be
there.  What differs from our model: nn.LSTM has no recurrent dropout, so that
none is spent, and no bias of 1 in the forget gate, which changes no time.  The
encoder is one bidirectional nn.LSTM over packed sequences, or two over padded
ones, the second reversed: whichever is faster here.
"""

import math
import time

import numpy as np
import torch

from benchmarks import worker

REPEATS = 3


class Model(torch.nn.Module):
    """The sketch-rnn of LSTM cells.

    Args:
      encoder_size: Units in each direction.
      decoder_size: Units, n.
      z_size: Latent dimensions.
      num_mixtures: M.
      packed: Whether the encoder runs over packed sequences.
    """

    def __init__(
        self,
        *,
        encoder_size: int,
        decoder_size: int,
        z_size: int,
        num_mixtures: int,
        packed: bool,
    ):
        super().__init__()
        self.packed = packed
        if packed:
            self.encoder = torch.nn.LSTM(5, encoder_size, bidirectional=True)
        else:
            self.forwards = torch.nn.LSTM(5, encoder_size)
            self.backwards = torch.nn.LSTM(5, encoder_size)
        self.heads = torch.nn.Linear(2 * encoder_size, 2 * z_size)
        self.initial = torch.nn.Linear(z_size, 2 * decoder_size)
        self.decoder = torch.nn.LSTM(5 + z_size, decoder_size)
        self.output = torch.nn.Linear(decoder_size, 3 + 6 * num_mixtures)

    def encode(self, strokes, lengths):
        """Returns mu and log_var [B, Z] of strokes [T, B, 5]."""
        if self.packed:
            packed = torch.nn.utils.rnn.pack_padded_sequence(
                strokes, lengths, enforce_sorted=False
            )
            _, (hidden, _) = self.encoder(packed)
            hidden = torch.cat([hidden[0], hidden[1]], dim=1)
        else:
            steps = torch.arange(len(strokes))[:, None]
            last = lengths[None] - 1
            order = torch.where(steps <= last, last - steps, steps)
            order = order[..., None].expand(-1, -1, 5)
            rows = torch.arange(strokes.shape[1])
            hidden = [
                lstm(inputs)[0][last[0], rows]
                for lstm, inputs in (
                    (self.forwards, strokes),
                    (self.backwards, strokes.gather(0, order)),
                )
            ]
            hidden = torch.cat(hidden, dim=1)
        return self.heads(hidden).chunk(2, dim=1)

    def forward(self, strokes, lengths):
        """Returns params [T, B, 6 M + 3], mu and log_var [B, Z].

        Args:
          strokes: float [T + 1, B, 5], S_0 first.
          lengths: int64 [B].
        """
        # As the reference's dynamic_rnn, no further than the longest sketch.
        longest = int(lengths.max())
        mu, log_var = self.encode(strokes[1 : longest + 1], lengths)
        z = mu + torch.exp(log_var / 2) * torch.randn_like(mu)
        state = torch.tanh(self.initial(z)).chunk(2, dim=1)
        state = tuple(part[None].contiguous() for part in state)
        inputs = strokes[:-1]
        inputs = torch.cat([inputs, z[None].expand(len(inputs), -1, -1)], dim=2)
        outputs, _ = self.decoder(inputs, state)
        return self.output(outputs), mu, log_var


def reconstruction(params, targets, max_len):
    """Returns L_R of each sketch, nats over N_max, as `losses` has it.

    Args:
      params: float [T, B, 6 M + 3].
      targets: float [T, B, 5].
      max_len: N_max.

    Returns:
      float [B].
    """
    logits, *normal = params[..., 3:].chunk(6, dim=-1)
    loc_x, loc_y, *bounded = normal
    log_x, log_y, r = (part.clamp(-10, 10) for part in bounded)
    u = ((targets[..., :1] - loc_x) * torch.exp(-log_x)).clamp(-1e10, 1e10)
    v = ((targets[..., 1:2] - loc_y) * torch.exp(-log_y)).clamp(-1e10, 1e10)
    q = (u - v).square() * (1 + torch.exp(2 * r))
    q = (q + (u + v).square() * (1 + torch.exp(-2 * r))) / 4
    half_log = r.abs() + torch.nn.functional.softplus(-2 * r.abs())
    log_normal = half_log - math.log(4 * math.pi) - log_x - log_y - q / 2
    log_prob = torch.logsumexp(logits.log_softmax(-1) + log_normal, dim=-1)
    drawn = 1 - targets[..., 4]
    log_prob = torch.where(drawn > 0, log_prob, 0.0)
    pen = (targets[..., 2:] * params[..., :3].log_softmax(-1)).sum(-1)
    return -(log_prob + pen).sum(0) / max_len


class TorchWorker:
    """The handlers: `start`, `step`, `peak`, `scan`, `loss` and `memory`."""

    def start(
        self, *, config: dict, batches: list[str], packed: bool | None = None
    ) -> dict:
        """Builds the model, chooses its encoder's form and runs it once.

        Args:
          config: The configuration.
          batches: npz files of a batch each.
          packed: The encoder's form; None measures both.

        Returns:
          What was chosen and of which version.
        """
        torch.set_num_threads(config["threads"])
        torch.manual_seed(config["seed"])
        self._config = config
        self._batches = []
        for file in batches:
            with np.load(file, allow_pickle=False) as arrays:
                strokes = torch.from_numpy(arrays["strokes"])
                lengths = torch.from_numpy(arrays["lengths"]).long()
            self._batches.append(
                (strokes.transpose(0, 1).contiguous(), lengths)
            )
        seconds = {}
        for form in (False, True) if packed is None else (packed,):
            self._build(form)
            self.step(index=0)
            seconds[form] = min(self.step(index=0) for _ in range(2))
        packed = min(seconds, key=seconds.get)
        if len(seconds) > 1:
            self._build(packed)
            self.step(index=0)
        return {"packed": packed, "version": torch.__version__}

    def _build(self, packed):
        config = self._config
        sizes = ("encoder_size", "decoder_size", "z_size", "num_mixtures")
        self._model = Model(
            **{name: config[name] for name in sizes}, packed=packed
        )
        self._optimizer = torch.optim.Adam(
            self._model.parameters(),
            lr=config["learning_rate"],
            eps=1e-8,
            fused=True,
        )

    def step(self, *, index: int) -> float:
        """Trains on a batch; returns the seconds."""
        config = self._config
        strokes, lengths = self._batches[index % len(self._batches)]
        start = time.perf_counter()
        self._optimizer.zero_grad()
        params, mu, log_var = self._model(strokes, lengths)
        recon = reconstruction(params, strokes[1:], config["max_len"]).mean()
        kl = -0.5 * (1 + log_var - mu.square() - log_var.exp()).mean()
        kl = kl.clamp(min=config["kl_tolerance"])
        (recon + config["kl_weight"] * kl).backward()
        if config["gradient_clip"]:
            torch.nn.utils.clip_grad_value_(
                self._model.parameters(), config["gradient_clip"]
            )
        self._optimizer.step()
        return time.perf_counter() - start

    def peak(self) -> float:
        """Returns the best float32 matmul rate, operations a second."""
        config = self._config
        size, batch_size = config["decoder_size"], config["batch_size"]
        best = 0.0
        for rows, inner, columns in (
            (2048, 2048, 2048),
            (batch_size * config["max_len"], size, 4 * size),
            (batch_size, size, 4 * size),
        ):
            left = torch.randn(rows, inner)
            right = torch.randn(inner, columns)
            operations = 2.0 * rows * inner * columns
            calls = min(100, max(1, round(5e9 / operations)))
            for _ in range(REPEATS):
                start = time.perf_counter()
                for _ in range(calls):
                    left @ right
                seconds = time.perf_counter() - start
                best = max(best, calls * operations / seconds)
        return best

    def scan(
        self, *, size: int, batch_size: int, num_steps: int, input_size: int
    ) -> float:
        """Runs a bare nn.LSTM forward and backward; returns the seconds."""
        shape = (size, batch_size, num_steps, input_size)
        if getattr(self, "_scanned", None) != shape:
            self._scanned = shape
            self._lstm = torch.nn.LSTM(input_size, size)
            self._inputs = torch.randn(num_steps, batch_size, input_size)
            self._inputs.requires_grad_()
            self._state = tuple(
                torch.zeros(1, batch_size, size, requires_grad=True)
                for _ in range(2)
            )
            self._d_outputs = torch.randn(num_steps, batch_size, size)
            self._scan()
        start = time.perf_counter()
        self._scan()
        return time.perf_counter() - start

    def _scan(self):
        self._lstm.zero_grad()
        self._inputs.grad = None
        outputs, _ = self._lstm(self._inputs, self._state)
        outputs.backward(self._d_outputs)

    def loss(self, *, file: str, max_len: int) -> float:
        """Returns the mean L_R of fixed outputs, an npz file.

        Args:
          file: Holds `params` [B, T, 6 M + 3] and `targets` [B, T, 5].
          max_len: N_max.
        """
        with np.load(file, allow_pickle=False) as arrays:
            params, targets = (
                torch.from_numpy(arrays[name]).transpose(0, 1)
                for name in ("params", "targets")
            )
        return float(reconstruction(params, targets, max_len).mean())

    def memory(self) -> float:
        """Returns the most memory that was held, MB."""
        return worker.peak_memory()


if __name__ == "__main__":
    handlers = TorchWorker()
    names = ("start", "step", "peak", "scan", "loss", "memory")
    worker.serve({name: getattr(handlers, name) for name in names})
