"""The `browser` signature: one step at a time, with no loop and no randomness.

Places that run no control flow of TensorFlow's, a browser above all, keep the
loop, the random numbers and the state outside, and run these four functions;
they share no node, so that each can be run by itself:

    encode       forward_point, backward_point float32 [B, 5], live float32
                 [B, 1], encoder_state_<i> float32 [B, n_i]
                 -> encoder_next_state_<i>
    head         forward_output, backward_output float32 [B, H]
                 -> mu, log_var float32 [B, Z]
    start        z float32 [B, Z], word float32 [B, C]
                 -> condition float32 [B, P], initial_state_<i> [B, n_i]
    decode       point float32 [B, 5], step_condition float32 [B, P],
                 decoder_state_<i> float32 [B, n_i]
                 -> params float32 [B, 6 M + 3], decoder_next_state_<i>

All is in scale_factor units.  `encode` reads the k-th point from the front and
the k-th from the back at once, from states of zeros; `live` is 1 for a sketch
of more than k points, else 0, which keeps its state.  The encoder's states are
those of the forward cell, then those of the backward one; `head` takes the
output that each cell's state holds (`Layout.encoder_outputs`).  `decode` takes
the point before, `start_point` first, and the `condition` of `start`, which
nothing else can read; its `params` are laid out as
`sketch_rnn_tf.model.distributions` reads them.

An unconditional model has `decode` alone, without `step_condition`, from
states of zeros.  `word`, one-hot, is for class-conditioned models alone; those
that are unconditional have `start`, of `word`, and `decode` as all others.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from export import lstm_step
from sketch_rnn_tf.model import cells, decoder as decoder_lib, vae


class Layout(NamedTuple):
    """What stands in the states, for those who keep them.

    Attributes:
      encoder_states: Widths of the encoder's states; none without one.
      encoder_outputs: Which two of them hold the outputs.
      decoder_states: Widths of the decoder's states.
    """

    encoder_states: tuple[int, ...]
    encoder_outputs: tuple[int, ...]
    decoder_states: tuple[int, ...]


class Step(NamedTuple):
    """One function of the signature.

    Attributes:
      function: Takes tensors in the order of `inputs`, returns them by name.
      inputs: Specs of what it takes, by name.
      outputs: Names of what it returns.
    """

    function: Callable[..., dict[str, tf.Tensor]]
    inputs: dict[str, tf.TensorSpec]
    outputs: tuple[str, ...]


def layout(model: "vae.SketchRNN") -> Layout:
    """Returns what stands in the model's states."""
    decoder_states = tuple(model.decoder.recurrent_cell.state_sizes)
    if model.encoder is None:
        return Layout((), (), decoder_states)
    cells = (model.encoder.forward_cell, model.encoder.backward_cell)
    sizes: list[int] = []
    outputs = []
    for cell in cells:
        numbers = list(range(len(cell.state_sizes)))
        outputs.append(len(sizes) + cell.output_of(numbers))
        sizes.extend(cell.state_sizes)
    return Layout(tuple(sizes), tuple(outputs), decoder_states)


def steps(model: "vae.SketchRNN") -> dict[str, Step]:
    """Returns the functions that a model is run by, one step at a time.

    Args:
      model: The model.

    Returns:
      Those of the module's docstring that the model has, by name.
    """
    found = {}
    if model.encoder is not None:
        found["encode"] = _encode(model.encoder)
        found["head"] = _head(model.encoder)
    if model.decoder.z_size:
        found["start"] = _start(model)
    conditional = bool(model.decoder.z_size)
    return found | {"decode": _decode(model.decoder, conditional=conditional)}


def browser(model: "vae.SketchRNN") -> tf.types.experimental.ConcreteFunction:
    """Returns all steps as the one function that is the signature."""
    found = steps(model)
    specs = {
        name: spec
        for step in found.values()
        for name, spec in step.inputs.items()
    }

    def run(**inputs):
        outputs = {}
        for step in found.values():
            outputs |= step.function(*(inputs[name] for name in step.inputs))
        return outputs

    return tf.function(run).get_concrete_function(**specs)


def _encode(encoder):
    both = (encoder.forward_cell, encoder.backward_cell)
    count = len(both[0].state_sizes)
    sizes = [size for cell in both for size in cell.state_sizes]
    states = _named("encoder_state", sizes)

    def encode(forward, backward, live, *state):
        after = []
        for number, (cell, point) in enumerate(
            zip(both, (forward, backward), strict=True)
        ):
            before = state[number * count : (number + 1) * count]
            _, bias = cell.input_projection()
            _, new = _advance(cell, point, _condition(cell, bias), before)
            # Not `where`: it would want `live` as booleans, which some
            # backends lack.  Both are finite.
            after.extend(
                old + live * (fresh - old)
                for old, fresh in zip(before, new, strict=True)
            )
        return dict(
            zip(_names("encoder_next_state", sizes), after, strict=True)
        )

    inputs = {
        "forward_point": _spec("forward_point", decoder_lib.POINT_SIZE),
        "backward_point": _spec("backward_point", decoder_lib.POINT_SIZE),
        "live": _spec("live", 1),
        **states,
    }
    return Step(encode, inputs, _names("encoder_next_state", sizes))


def _head(encoder):
    def head(forward, backward):
        hidden = tf.concat([forward, backward], axis=-1)
        mu = tf.matmul(hidden, encoder.mu_kernel) + encoder.mu_bias
        log_var = tf.matmul(hidden, encoder.log_var_kernel)
        return {"mu": mu, "log_var": log_var + encoder.log_var_bias}

    inputs = {
        name: _spec(name, encoder.size)
        for name in ("forward_output", "backward_output")
    }
    return Step(head, inputs, ("mu", "log_var"))


def _start(model):
    decoder, embedding = model.decoder, model.class_embedding
    inputs = {}
    if model.encoder is not None:
        inputs["z"] = _spec("z", model.config.z_size)
    if embedding is not None:
        inputs["word"] = _spec("word", embedding.num_words)
    names = _names("initial_state", decoder.recurrent_cell.state_sizes)

    def start(*given):
        given = dict(zip(inputs, given, strict=True))
        if embedding is not None:
            # One-hot: a browser's backend has no sure way from an index.
            given["word"] = embedding.chosen(given["word"])
        z, *more = given.values()
        if more:
            z = tf.concat([z, *more], axis=-1)
        states = decoder.initial_state(z)
        condition = _condition(decoder.recurrent_cell, decoder.condition(z))
        return {
            "condition": condition,
            **dict(zip(names, states, strict=True)),
        }

    return Step(start, inputs, ("condition", *names))


def _decode(decoder, *, conditional):
    cell = decoder.recurrent_cell
    sizes = cell.state_sizes
    names = _names("decoder_next_state", sizes)
    inputs = {"point": _spec("point", decoder_lib.POINT_SIZE)}
    if conditional:
        _, bias = cell.input_projection()
        inputs["step_condition"] = _spec("step_condition", bias.shape[0])
    inputs |= _named("decoder_state", sizes)

    def decode(point, *given):
        if conditional:
            condition, *state = given
        else:
            condition = _condition(cell, decoder.condition(None))
            state = given
        output, after = _advance(cell, point, condition, tuple(state))
        params = tf.matmul(output, decoder.output_kernel)
        params += decoder.output_bias
        return {"params": params, **dict(zip(names, after, strict=True))}

    return Step(decode, inputs, ("params", *names))


def _condition(cell, projected):
    """Returns what `_advance` takes of what the point does not give."""
    if isinstance(cell, cells.LSTMCell):
        return lstm_step.condition(cell, projected)
    return projected


def _advance(cell, point, condition, state):
    """Runs a cell's step; returns its output and its state."""
    if isinstance(cell, cells.LSTMCell):
        kernel = lstm_step.kernel(cell, decoder_lib.POINT_SIZE)
        return lstm_step.step(point, condition, state, kernel)
    kernel, _ = cell.input_projection()
    projected = tf.matmul(point, kernel[: decoder_lib.POINT_SIZE]) + condition
    return cell.step(projected, state)


def _named(name, sizes):
    return {
        one: _spec(one, size)
        for one, size in zip(_names(name, sizes), sizes, strict=True)
    }


def _names(name, sizes):
    return tuple(f"{name}_{index}" for index in range(len(sizes)))


def _spec(name, width):
    return tf.TensorSpec([None, width], tf.float32, name=name)
