"""Configuration: frozen, plain data, written as JSON beside the weights."""

import dataclasses
import difflib
import json
import math
import reprlib
import typing
from collections.abc import Mapping
from typing import Any

from sketch_rnn_tf import quoting, strokes, version

CELLS = ("lstm", "layer_norm", "hyper")
COMPATIBILITIES = ("none", "magenta", "sketch_rnn_js")
LEAST_SCALE, MOST_SCALE = 1e-9, 1e9
"""Bounds of a scale factor: with others float32 could not hold normalised
offsets, or what layer normalisation squares of them."""
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


@dataclasses.dataclass(frozen=True)
class Config:
    """Everything that defines a model, its data and its training.

    Attributes:
      conditional: Whether there is an encoder; False is the plain generator
        ("decoder only").
      encoder_cell: Cell of the encoder, one of `CELLS`.
      encoder_size: Units of the encoder, in each direction.
      decoder_cell: Cell of the decoder, one of `CELLS`.
      decoder_size: Units of the decoder.
      z_size: Latent dimensions, N_z.
      class_size: Width of the embedding of a sketch's word, which is joined
        to z; 0 does without.
      num_mixtures: Bivariate normals in the mixture, M.
      start_point: S_0, the decoder's first input, stroke-5.
      squash_z: Whether the initial state is made of tanh(z), as in early
        files of sketch-rnn-js.
      compatibility: Whose deviations from the paper to reproduce.  "magenta"
        is the reference implementation: sigma scaled by tau instead of
        sqrt(tau), log(density + 1e-6), and in evaluation L_p masked after the
        end and KL floored, N_max over all splits.  "sketch_rnn_js" divides
        logits by 0.5 + 0.5 tau.
      max_len: N_max, points; 0 until the data has been seen.
      scale_factor: Standard deviation of the training offsets, pixels, from
        1e-9 to 1e9; 0 until the data has been seen.
      bucket_boundaries: Numbers of steps that training batches are padded
        to, ascending, the last N_max; empty until the data has been seen, or
        to pad every batch to N_max.
      words: Names of the classes in the data; a label is an index of them.
      kl_weight: w_KL (Eq. 12).
      kl_start_fraction: eta_min (Eq. 13), a fraction of w_KL.
      kl_decay_rate: R (Eq. 13), per step.
      kl_tolerance: KL_min (Eq. 13), nats per latent dimension.
      free_bits: Floor of each latent dimension's mean KL, nats, in place of
        `kl_tolerance`, the floor of their mean; 0 does without.
      recurrent_dropout: Drop rate on the cell's candidate.
      input_dropout: Drop rate on the decoder's inputs.
      output_dropout: Drop rate on the decoder's outputs.
      random_scale: Each axis is scaled by U(1 - this, 1 + this).
      point_drop_rate: Probability of dropping a point that may be dropped.
      batch_size: Sketches in a batch, over all replicas.
      num_buckets: Bucket boundaries to choose from the training data; 0 pads
        every batch to N_max.
      end_steps: Steps that a bucketed batch keeps after its longest sketch.
      precision: "float32", or "mixed_bfloat16" or "mixed_float16": matrix
        products of the recurrent networks in bfloat16 or float16 while
        training, all else in float32.
      recompute: Whether training recomputes gates in the backward pass
        instead of keeping them, for less memory and more arithmetic.
      learning_rate: Adam's, at step 0.
      learning_rate_decay: Factor per step towards `min_learning_rate`.
      min_learning_rate: Adam's, in the end.
      gradient_clip: Gradients are clipped to plus or minus this, by value.
      steps: Training steps.
      validate_every: Steps between validations.
      seed: Of initial weights, data order, augmentation, dropout and noise.
      version: Version of the package that wrote the configuration.
    """

    conditional: bool = True
    encoder_cell: str = "lstm"
    encoder_size: int = 256
    decoder_cell: str = "lstm"
    decoder_size: int = 512
    z_size: int = 128
    class_size: int = 0
    num_mixtures: int = 20
    start_point: tuple[float, ...] = strokes.START_POINT
    squash_z: bool = False
    compatibility: str = "none"
    max_len: int = 0
    scale_factor: float = 0.0
    bucket_boundaries: tuple[int, ...] = ()
    words: tuple[str, ...] = ()
    kl_weight: float = 0.5
    kl_start_fraction: float = 0.02
    kl_decay_rate: float = 0.99995
    kl_tolerance: float = 0.2
    free_bits: float = 0.0
    recurrent_dropout: float = 0.1
    input_dropout: float = 0.0
    output_dropout: float = 0.0
    random_scale: float = 0.15
    point_drop_rate: float = 0.1
    batch_size: int = 100
    num_buckets: int = 16
    end_steps: int = 2
    precision: str = "float32"
    recompute: bool = False
    learning_rate: float = 1e-3
    learning_rate_decay: float = 0.9999
    min_learning_rate: float = 1e-5
    gradient_clip: float = 1.0
    steps: int = 100_000
    validate_every: int = 500
    seed: int = 0
    version: str = version.__version__

    def __post_init__(self):
        for name, hint in typing.get_type_hints(type(self)).items():
            value = _coerced(name, getattr(self, name), hint)
            object.__setattr__(self, name, value)
        _check(self)

    def replace(self, /, **changes: Any) -> "Config":
        """Returns a copy with some values changed.

        Raises:
          ValueError: If a key is unknown or a value is not allowed.
        """
        check_keys(changes)
        return dataclasses.replace(self, **changes)

    def check_complete(self) -> None:
        """Checks that what the training data decide is set.

        Raises:
          ValueError: If N_max or the scale factor is not, or the words of a
            class-conditioned model are not.
        """
        for key in ("max_len", "scale_factor"):
            if not getattr(self, key) > 0:
                raise ValueError(
                    f"{key}: expected a positive number, got "
                    f"{getattr(self, key)}; measurement.fit_config sets "
                    "it from the training data"
                )
        if self.class_size and not self.words:
            raise ValueError(
                "words: expected at least one for class_size "
                f"{self.class_size}, got none; the training data name them"
            )

    def to_json(self) -> str:
        """Returns the configuration as a JSON object, a key a line."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"


def from_mapping(
    values: Mapping[str, Any], base: Config | None = None
) -> Config:
    """Makes a configuration of a mapping, over a base.

    Args:
      values: Configuration keys and values.
      base: What the other keys are taken from; the defaults if None.

    Raises:
      ValueError: If a key is unknown or a value is not allowed.

    >>> from_mapping({"z_size": 32}).z_size
    32
    """
    return (base or Config()).replace(**values)


def from_json(
    text: str, *, name: str = "config.json", base: Config | None = None
) -> Config:
    """Reads a configuration from JSON.

    Args:
      text: A JSON object of configuration keys.
      name: What to call the text in messages.
      base: What the other keys are taken from; the defaults if None.

    Raises:
      ValueError: If the text is not a JSON object, a key is unknown or a
        value is not allowed.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name}: expected JSON, got {error}") from None
    if not isinstance(values, dict):
        raise ValueError(
            f"{name}: expected a JSON object of configuration keys, "
            f"got {type(values).__name__}"
        )
    try:
        return from_mapping(values, base)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def parse_assignment(assignment: str) -> tuple[str, Any]:
    """Parses KEY=VALUE; the value is JSON where it can be, else a string.

    Args:
      assignment: Such as "z_size=32" or "decoder_cell=lstm".

    Raises:
      ValueError: If there is no "=" or the key is unknown.

    >>> parse_assignment("kl_weight=0.25")
    ('kl_weight', 0.25)
    """
    key, separator, text = assignment.partition("=")
    if not separator:
        raise ValueError(f"expected KEY=VALUE, got {assignment!r}")
    check_keys([key.strip()])
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    return key.strip(), value


def check_keys(keys: typing.Iterable[str]) -> None:
    """Raises a ValueError if a key is not one of the configuration's."""
    known = [field.name for field in dataclasses.fields(Config)]
    for key in keys:
        if key not in known:
            raise ValueError(unknown("configuration key", key, known))


def unknown(what: str, name: str, known: typing.Iterable[str]) -> str:
    """Returns a message: what is not known, what is, and what was meant."""
    known = sorted(known)
    # A name that a file brings may be of any length.
    close = difflib.get_close_matches(str(name)[:80], known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    quoted = quoting.name(name)
    return f"unknown {what} {quoted}: {hint}Known are {', '.join(known)}"


def _coerced(name: str, value: Any, hint: Any) -> Any:
    """Returns the value as the field's type, without changing its meaning."""
    wrong = ValueError(
        f"{name}: expected {getattr(hint, '__name__', hint)}, got "
        f"{reprlib.repr(value)}"
    )
    if hint is bool:
        # Older files of other programs store booleans as 0 and 1.
        if value in (0, 1) and isinstance(value, bool | int):
            return bool(value)
        raise wrong
    if hint is str:
        if isinstance(value, str):
            return value
        raise wrong
    if hint in (int, float):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong
        try:
            finite = math.isfinite(value)
        except OverflowError:  # an integer too large for a float
            raise wrong from None
        if not finite:
            raise ValueError(f"{name}: expected a finite number, got {value}")
        if hint is int and value != int(value):
            raise wrong
        return hint(value)
    if not isinstance(value, list | tuple):
        raise wrong
    item_hint = typing.get_args(hint)[0]
    return tuple(_coerced(name, item, item_hint) for item in value)


def _check(config: Config) -> None:
    at_least = {
        "encoder_size": 1,
        "decoder_size": 1,
        "z_size": 1,
        "class_size": 0,
        "num_mixtures": 1,
        "max_len": 0,
        "scale_factor": 0,
        "kl_weight": 0,
        "kl_start_fraction": 0,
        "kl_tolerance": 0,
        "free_bits": 0,
        "batch_size": 1,
        "num_buckets": 0,
        "end_steps": 1,
        "learning_rate": 0,
        "min_learning_rate": 0,
        "gradient_clip": 0,
        "steps": 0,
        "validate_every": 1,
        "seed": 0,
    }
    for name, least in at_least.items():
        if getattr(config, name) < least:
            raise ValueError(
                f"{name}: expected at least {least}, "
                f"got {getattr(config, name)}"
            )
    for name in (
        "kl_decay_rate",
        "learning_rate_decay",
        "point_drop_rate",
    ):
        if not 0 <= getattr(config, name) <= 1:
            raise ValueError(
                f"{name}: expected a number from 0 to 1, "
                f"got {getattr(config, name)}"
            )
    for name in (
        "recurrent_dropout",
        "input_dropout",
        "output_dropout",
        "random_scale",
    ):
        if not 0 <= getattr(config, name) < 1:
            raise ValueError(
                f"{name}: expected a number from 0 up to, but not, 1, "
                f"got {getattr(config, name)}"
            )
    scale = config.scale_factor
    if scale and not LEAST_SCALE <= scale <= MOST_SCALE:
        raise ValueError(
            f"scale_factor: expected 0 or a number from {LEAST_SCALE:g} to "
            f"{MOST_SCALE:g}, got {scale}"
        )
    if config.seed >= 2**31:
        raise ValueError(f"seed: expected less than 2**31, got {config.seed}")
    for name in ("encoder_cell", "decoder_cell"):
        if getattr(config, name) not in CELLS:
            raise ValueError(unknown(name, getattr(config, name), CELLS))
    if config.compatibility not in COMPATIBILITIES:
        raise ValueError(
            unknown("compatibility", config.compatibility, COMPATIBILITIES)
        )
    if config.precision not in PRECISIONS:
        raise ValueError(unknown("precision", config.precision, PRECISIONS))
    bounds = config.bucket_boundaries
    if bounds and (
        sorted(set(bounds)) != list(bounds)
        or bounds[0] < 1
        or bounds[-1] != config.max_len
    ):
        raise ValueError(
            "bucket_boundaries: expected ascending numbers of steps that end "
            f"with max_len, {config.max_len}, got {bounds}"
        )
    if len(config.start_point) != 5:
        raise ValueError(
            f"start_point: expected 5 numbers, got {len(config.start_point)}"
        )
