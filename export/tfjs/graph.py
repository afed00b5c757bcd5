"""A model's steps as a graph of few kinds of node, its weights as constants.

What depends on constants alone is computed here, so that a browser neither
holds a weight twice nor computes with it again.  Nodes come in a fixed order
with names of their own: the same model gives the same graph.
"""

from collections.abc import Iterable

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import graph_pb2, node_def_pb2

from export import steps as steps_lib
from sketch_rnn_tf.backend import keras
from sketch_rnn_tf.model import vae

# Notes of TensorFlow's own, which other runtimes do not know.
_DROPPED_ATTRIBUTES = ("_class", "_output_shapes")


def frozen(model: "vae.SketchRNN") -> graph_pb2.GraphDef:
    """Returns the graph of the steps.

    Args:
      model: The model.

    Returns:
      Placeholders are named as the inputs of `export.steps`, an Identity as
      each output; all else is computed of these and of constants.
    """
    weights = [(weight, weight.numpy()) for weight in model.weights]
    graph = tf.Graph()
    with graph.as_default(), _constant(weights):
        for name, step in steps_lib.steps(model).items():
            inputs = [
                tf.compat.v1.placeholder(spec.dtype, spec.shape, name=one)
                for one, spec in step.inputs.items()
            ]
            with tf.name_scope(f"{name}_step"):
                outputs = step.function(*inputs)
            for one in step.outputs:
                tf.identity(outputs[one], name=one)
    return _folded(graph)


def _constant(weights):
    """Lets variables read as constants, each once in the graph."""
    constants = [
        (weight, tf.constant(value, name=f"weights/{number}"))
        for number, (weight, value) in enumerate(weights)
    ]
    return keras.StatelessScope(state_mapping=constants)


def _folded(graph):
    """Computes what depends on constants alone, and leaves out what is unread.

    An Identity between others is left out, too.
    """
    constant: dict[str, bool] = {}
    operations = graph.get_operations()  # in the order they were made
    for operation in operations:
        constant[operation.name] = operation.type == "Const" or (
            bool(operation.inputs)
            and all(constant[value.op.name] for value in operation.inputs)
        )
    last = {
        operation.name
        for operation in operations
        if operation.type == "Identity"
        and not any(output.consumers() for output in operation.outputs)
    }
    wanted = _needed(operations, last, constant)
    kept = [operation for operation in operations if operation.name in wanted]
    computed = [
        operation.outputs[0] for operation in kept if constant[operation.name]
    ]
    with tf.compat.v1.Session(graph=graph) as session:
        values = dict(
            zip(
                [value.op.name for value in computed],
                session.run(computed),
                strict=True,
            )
        )
    made = graph_pb2.GraphDef(versions=graph.as_graph_def().versions)
    for operation in kept:
        if operation.name in values:
            made.node.append(
                _const_node(operation.name, values[operation.name])
            )
            continue
        node = made.node.add()
        node.CopyFrom(operation.node_def)
        for name in _DROPPED_ATTRIBUTES:
            node.attr.pop(name, None)
        del node.input[:]
        node.input.extend(_name(_source(v, last)) for v in operation.inputs)
    return made


def _needed(operations, last, constant):
    """Returns the names of what the graph cannot do without."""
    inputs = {op.name for op in operations if op.type == "Placeholder"}
    waiting, found = sorted(last), set(inputs)
    by_name = {operation.name: operation for operation in operations}
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        if not constant[name]:
            waiting.extend(
                _source(value, last).op.name for value in by_name[name].inputs
            )
    return found


def _source(value, last):
    """Returns what a value is, less the Identities that pass it on."""
    while value.op.type == "Identity" and value.op.name not in last:
        value = value.op.inputs[0]
    return value


def _name(value):
    name, _, index = value.name.partition(":")
    return name if index == "0" else value.name


def _const_node(name: str, value: np.ndarray) -> node_def_pb2.NodeDef:
    value = np.asarray(value)
    node = node_def_pb2.NodeDef(name=name, op="Const")
    node.attr["dtype"].type = tf.as_dtype(value.dtype).as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    return node


def constants(graph: graph_pb2.GraphDef) -> Iterable[tuple[str, np.ndarray]]:
    """Yields the graph's constants by name, in its order."""
    for node in graph.node:
        if node.op == "Const":
            yield node.name, tf.make_ndarray(node.attr["value"].tensor)
