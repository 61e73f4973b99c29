"""A model once more, its weights copied: with a free time length, or with its states as an input and an output."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from lstm_lessons.states import named_states, recurrent_layers
from lstm_lessons.stepwise import RECURRENT, graph_of, is_model


def twin_of(model: keras.Model, batch_size: int | None, stateful: bool) -> tuple[keras.Model, dict[int, keras.Layer]]:
    """A model like `model` with its weights and names, but free in time, and its layers by the id of the original's.

    The model has to be one that `require_stepwise` accepts.
    """
    copies = {}
    return _rebuilt(model, batch_size, stateful, copies), copies


def numpy_type(name: str) -> np.dtype:
    """NumPy's type for a type that Keras names, bfloat16 included."""
    return np.dtype(tf.as_dtype(name).as_numpy_dtype)


class ExplicitStates:
    """A model as one compiled function of input and states, for all batch sizes and lengths; states come in one array.

    `widths` and `dtypes` say, by the names of `get_states` and in model order, which columns of that array are which.
    Where TensorFlow knows the batch size it adds up in another order in a SimpleRNN, and the last bit may differ from
    Keras's; so `exact=True` takes a function of its own for each batch size, for models that have one.
    """

    def __init__(self, model: keras.Model) -> None:
        self._twin, copies = twin_of(model, None, stateful=False)
        self.input = graph_of(model).inputs[0]
        self.sequences = [len(tensor.shape) > 2 for tensor in graph_of(model).outputs]
        self.widths, self.dtypes, self._names, self._returns_all, self._by_batch_size = {}, {}, {}, {}, False
        for path, layer in recurrent_layers(model):
            self._open(copies[id(layer)], dict(named_states(layer.cell, layer.cell.state_size, path)))
        self.packed_dtype = np.dtype("float64" if "float64" in map(str, self.dtypes.values()) else "float32")
        self.traces, self._functions = 0, {}

    def __call__(self, x: np.ndarray, packed: np.ndarray, exact: bool = False) -> tuple:
        """The model's outputs, in its structure, and the states after them, packed as those given."""
        batch_size = len(x) if exact and self._by_batch_size else None
        if batch_size not in self._functions:
            self._functions[batch_size] = self._compiled(batch_size)
        outputs, packed = self._functions[batch_size](tf.constant(x), tf.constant(packed))
        if isinstance(outputs, tf.Tensor):
            return outputs.numpy(), packed.numpy()
        return keras.tree.map_structure(lambda tensor: tensor.numpy(), outputs), packed.numpy()

    def joined(self, pieces: list, axis: int):
        """The outputs of consecutive chunks as one: end to end along the steps, or the last where they have none."""
        leaves = zip(*map(keras.tree.flatten, pieces), strict=True)
        joined = [
            np.concatenate(parts, axis) if steps else parts[-1]
            for parts, steps in zip(leaves, self.sequences, strict=True)
        ]
        return keras.tree.pack_sequence_as(pieces[0], joined)

    def unpacked(self, packed: np.ndarray) -> dict[str, np.ndarray]:
        """States by name, (batch_size, units), of an array in which they stand side by side."""
        ends = np.cumsum(list(self.widths.values()))[:-1]
        arrays = np.split(packed, ends, axis=1)
        return {
            name: array.astype(self.dtypes[name], copy=False) for name, array in zip(self.widths, arrays, strict=True)
        }

    def _compiled(self, batch_size: int | None):
        signature = [
            tf.TensorSpec([batch_size, None, *self.input.shape[2:]], self.input.dtype),
            tf.TensorSpec([batch_size, sum(self.widths.values())], self.packed_dtype),
        ]
        return tf.function(self._traced, input_signature=signature, autograph=False).get_concrete_function()

    def _open(self, layer, widths: dict[str, int]) -> None:
        """Let a recurrent layer of the twin hand out all its outputs and its states."""
        cells = getattr(layer.cell, "cells", [layer.cell])
        self._by_batch_size |= any(isinstance(cell, layers.SimpleRNNCell) for cell in cells)
        self.widths |= widths
        self.dtypes |= dict.fromkeys(widths, numpy_type(layer.variable_dtype))
        self._names[id(layer)] = list(widths)
        self._returns_all[id(layer)] = layer.return_sequences
        layer.return_sequences = layer.return_state = True

    def _traced(self, x, packed):
        self.traces += 1
        states = dict(zip(self.widths, tf.split(packed, list(self.widths.values()), axis=1), strict=True))
        outputs = self._through(self._twin, x, states)
        return outputs, tf.concat([tf.cast(states[name], packed.dtype) for name in self.widths], axis=1)

    def _through(self, model, x, states: dict):
        """The outputs of a model for x; `states` are those before it and become those after it."""

        def operation_on(operation):
            if is_model(operation):
                return lambda inputs, mask=None, **_: self._through(operation, _masked(inputs, mask), states)
            if type(operation) in RECURRENT:
                return lambda inputs, mask=None, **_: self._recurrent(operation, _masked(inputs, mask), states)
            return operation

        return graph_of(model)._run_through_graph([x], operation_on)

    def _recurrent(self, layer, sequences, states: dict):
        names, sizes = self._names[id(layer)], layer.cell.state_size
        before = [states[name] for name in names]
        nested = keras.tree.pack_sequence_as(sizes, before) if keras.tree.is_nested(sizes) else before
        mask = getattr(sequences, "_keras_mask", None)  # beside an initial_state, Keras does not look for it
        outputs, *after = layer(sequences, initial_state=nested, mask=mask)
        states.update(zip(names, keras.tree.flatten(after), strict=True))
        if mask is not None and not layer.zero_output_for_mask:
            of_last_cell = len(keras.tree.flatten(sizes[-1])) if isinstance(layer.cell, layers.StackedRNNCells) else 0
            outputs = _held(outputs, before[-of_last_cell], mask)
        return outputs if self._returns_all[id(layer)] else outputs[:, -1]


def _held(outputs, h, mask):
    """Outputs of a chunk in which the masked steps at its start repeat the h that came in, where Keras has zeros."""
    begun = tf.cumsum(tf.cast(mask, "int32"), axis=1) > 0
    return _masked(tf.where(begun[:, :, None], outputs, tf.cast(h, outputs.dtype)[:, None, :]), mask)


def _masked(tensor, mask):
    """The same tensor, under a mask if one is given."""
    if mask is not None:
        tensor._keras_mask = mask
    return tensor


def _rebuilt(model, batch_size, stateful: bool, copies: dict) -> keras.Model:
    graph = graph_of(model)
    given = graph.inputs[0]
    inputs = keras.Input(batch_shape=(batch_size, None, *given.shape[2:]), dtype=given.dtype)

    def copy_of(layer):
        if not isinstance(layer, keras.Layer):  # it makes a mask
            return layer
        if id(layer) not in copies:
            again = _rebuilt(layer, batch_size, stateful, copies) if is_model(layer) else _copied(layer, stateful)
            copies[id(layer)] = again
        return copies[id(layer)]

    if isinstance(model, keras.Sequential):
        rebuilt = keras.Sequential([inputs, *map(copy_of, model.layers)], name=model.name)
    else:
        rebuilt = keras.Model(inputs, graph._run_through_graph([inputs], copy_of), name=model.name)
    for layer in model.layers:
        if id(layer) in copies and not is_model(layer):
            copies[id(layer)].set_weights(_of_a_step(layer).get_weights())
    return rebuilt


def _copied(layer, stateful: bool) -> keras.Layer:
    """A layer like another, without its weights; a layer wrapped in TimeDistributed becomes that layer."""
    one = _of_a_step(layer)
    config = one.get_config()
    if type(one) in RECURRENT:
        config |= {"stateful": stateful, "unroll": False}
    if one is not layer:
        config |= {"name": layer.name} | ({"axis": -1} if "axis" in config else {})
    return type(one).from_config(config)


def _of_a_step(layer) -> keras.Layer:
    return layer.layer if isinstance(layer, layers.TimeDistributed) else layer
