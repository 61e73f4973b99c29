"""Sequences as they arrive: a trained model step by step or chunk by chunk, for one batch or for many streams."""

import os
import warnings
from collections.abc import Mapping

import keras
import numpy as np

from lstm_lessons.arguments import finite_numbers, real_numbers, refusal, whole_number
from lstm_lessons.persistence import read_states, weights_digest, write_states
from lstm_lessons.states import checked_states
from lstm_lessons.stepwise import require_stepwise, vocabulary_size
from lstm_lessons.twins import ExplicitStates, numpy_type, twin_of

TRIAL_STEPS = 6
TRIAL_CUTS = ((1, 2, 3), (4, 2))


def stateful_copy(model: keras.Model, batch_size: int = 1) -> keras.Model:
    """A trained model's weights in a stateful twin with free time length, which carries its state from call to call.

    `model` reads (any batch_size, timesteps, features) and may be stateless or stateful; the twin reads (batch_size,
    any timesteps, features), in the unit of the training data. Names of layers stay, so `get_states` has the same keys.
    `TimeDistributed` of a layer that treats each step alone becomes that layer. The twin's states start at zeros; the
    model is not touched. Where a chunk begins with masked steps, Keras's own outputs there are zeros; `StepModel` goes
    on from the step before.

    Raises ValueError naming the layer, why, and what to use, where the model is not known to treat each step alone, or
    where a trial of it, whole against cut, disagrees; and where batch_size is no whole number of at least 1. Introduced
    in lesson 07.

    >>> model = keras.Sequential([keras.Input((7, 3)), keras.layers.LSTM(4), keras.layers.Dense(1)])
    >>> twin = stateful_copy(model)
    >>> twin.predict_on_batch(np.zeros((1, 1, 3))).shape
    (1, 1)

    Source: document B (a model trained on whole sequences, its weights copied into a stateful one for streaming).
    """
    StepModel(model)  # it checks and tries the model
    return twin_of(model, whole_number("batch_size", batch_size, 1), stateful=True)[0]


class StepModel:
    """A trained model as a function of input and states, `step(x, states) -> (y, states)`, for chunks of any length.

    `model` reads (batch_size, timesteps, features), may be stateless or stateful, and is never touched: its weights are
    copied when the StepModel is built, and its own states stay as they are. Any cut of a sequence gives the same
    outputs and final states as the whole, over masked steps too: the output held there starts from the incoming h,
    where Keras alone would start from zeros. One compiled function serves all lengths and, but for SimpleRNN, all batch
    sizes; dropout is off.

    Raises ValueError naming the layer, why, and what to use, where the model is not known to treat each step alone
    (Flatten, pooling, convolutions, attention, Bidirectional, an initial_state wired in the graph and the like), or
    where a trial of it, whole against cut, disagrees. Introduced in lesson 07.

    >>> model = keras.Sequential([keras.Input((7, 3)), keras.layers.LSTM(4), keras.layers.Dense(1)])
    >>> stepper = StepModel(model)
    >>> y, states = stepper.step(np.zeros((2, 1, 3)), stepper.initial_states(batch_size=2))
    >>> y.shape, {name: values.shape for name, values in states.items()}
    ((2, 1), {'lstm/h': (2, 4), 'lstm/c': (2, 4)})

    Source: the step contract of Google's SequenceLayers; document B asks for it.
    """

    def __init__(self, model: keras.Model) -> None:
        require_stepwise(model)
        self._run = ExplicitStates(model)
        self._vocabulary_size = vocabulary_size(model)
        self._features = tuple(self._run.input.shape[2:])
        self._type = numpy_type(self._run.input.dtype)
        _require_same_when_cut(self._run, self._trial_input())

    def initial_states(self, batch_size: int) -> dict[str, np.ndarray]:
        """Zeros for each state, (batch_size, units), without unit, under the names of `get_states`.

        Raises ValueError where batch_size is no whole number of at least 1. Introduced in lesson 07.

        >>> model = keras.Sequential([keras.Input((7, 3)), keras.layers.GRU(4)])
        >>> StepModel(model).initial_states(2)["gru/h"].shape
        (2, 4)

        Source: Haiku's `initial_state`.
        """
        return self._run.unpacked(self._zeros(whole_number("batch_size", batch_size, 1)))

    def step(self, x: np.ndarray, states: Mapping[str, np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """The outputs for a chunk that starts from given states, and the states after it.

        `x` is (batch_size, timesteps, features), timesteps at least 1, in the unit of the training data; for a model
        that begins with an Embedding, (batch_size, timesteps) whole numbers. `states` is as `initial_states` or an
        earlier `step` gave it, and is not changed. Outputs have the model's own structure and shapes.

        Raises ValueError, before anything has run, where x has another rank or number of features, has no row or no
        step, or holds something else than finite real numbers; and where states have other keys or shapes, or hold
        something else than finite real numbers. Introduced in lesson 07.

        >>> model = keras.Sequential([keras.Input((7, 3)), keras.layers.GRU(4)])
        >>> stepper = StepModel(model)
        >>> y, states = stepper.step(np.ones((2, 5, 3)), stepper.initial_states(2))
        >>> bool((y == states["gru/h"]).all())
        True

        Source: the step contract of Google's SequenceLayers.
        """
        x = self._checked("x", x)
        outputs, packed = self._run(x, self._packed(states, len(x)), exact=True)
        return outputs, self._run.unpacked(packed)

    def _checked(self, argument: str, x, axes=("batch_size", "timesteps")) -> np.ndarray:
        """x as numbers of the model's type; ValueError where it is not what the model reads."""
        numbers = real_numbers(argument, "numbers", x)
        if self._vocabulary_size is not None and numbers.dtype.kind not in "iu":
            raise refusal(argument, "whole numbers", f"values of type {numbers.dtype}")
        if numbers.ndim != len(axes) + len(self._features) or numbers.shape[len(axes) :] != self._features:
            raise refusal(argument, f"shape ({', '.join(map(str, axes + self._features))})", f"shape {numbers.shape}")
        if 0 in numbers.shape:
            raise refusal(argument, "at least one row and one step", f"shape {numbers.shape}")
        if self._vocabulary_size and not 0 <= numbers.min() <= numbers.max() < self._vocabulary_size:
            span = f"from {numbers.min()} to {numbers.max()}"
            raise refusal(argument, f"whole numbers from 0 to {self._vocabulary_size - 1}", span)
        return finite_numbers(argument, numbers, self._type)

    def _packed(self, states, batch_size: int) -> np.ndarray:
        """States side by side in one array; ValueError where they are not those of this model and batch size."""
        shapes = {name: (batch_size, width) for name, width in self._run.widths.items()}
        arrays = checked_states(states, shapes, dict.fromkeys(shapes, self._run.packed_dtype))
        return np.concatenate(list(arrays.values()), axis=1)

    def _zeros(self, batch_size: int) -> np.ndarray:
        return np.zeros((batch_size, sum(self._run.widths.values())), self._run.packed_dtype)

    def _trial_input(self) -> np.ndarray:
        rng, shape = np.random.default_rng(0), (2, TRIAL_STEPS, *self._features)
        size = self._vocabulary_size
        return (rng.normal(size=shape) if size is None else rng.integers(size, size=shape)).astype(self._type)


class Streams:
    """Many streams, each under its key, through one model: `push({key: chunk}) -> {key: output}`.

    `model` is one that `StepModel` accepts; a chunk is (timesteps, features), in the unit of the training data, and an
    output is the model's for that stream, without the batch axis. A new or closed key starts from zeros. All streams of
    a push run in one batch; where lengths differ, all advance by the shortest, then the remaining ones, one run for
    each distinct length, never by padding. States stand in one array a layer's state, (slots, units); slots of closed
    streams are used again.

    Raises ValueError as `StepModel` does. Introduced in lesson 07.

    >>> model = keras.Sequential([keras.Input((7, 3)), keras.layers.LSTM(4), keras.layers.Dense(1)])
    >>> streams = Streams(model)
    >>> outputs = streams.push({"a": np.zeros((2, 3)), "b": np.zeros((5, 3))})
    >>> {key: output.shape for key, output in outputs.items()}
    {'a': (1,), 'b': (1,)}

    Source: sherpa-onnx gathers the states of many streams into one batch and scatters them back.
    """

    def __init__(self, model: keras.Model) -> None:
        self._model = StepModel(model)
        self._run = self._model._run
        self._weights = weights_digest(model)
        self._arrays = self._run.unpacked(self._model._zeros(0))
        self._slots: dict[str, int] = {}
        self._free: list[int] = []
        self._not_finite: set[str] = set()

    @property
    def not_finite(self) -> frozenset[str]:
        """The keys of the open streams whose states hold NaN or infinity. Introduced in lesson 07."""
        return frozenset(self._not_finite)

    def keys(self) -> list[str]:
        """The keys of the open streams, in the order in which they came. Introduced in lesson 07."""
        return list(self._slots)

    def push(self, chunks: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Let each stream read its chunk, (timesteps, features), timesteps at least 1; the outputs under the same keys.

        A stream whose new state is not finite is named in a RuntimeWarning and in `not_finite`; all outputs are
        returned all the same. `push({})` is `{}`.

        Raises ValueError naming the key, before any stream has moved, where a key is no str or a chunk is not what the
        model reads. Introduced in lesson 07.

        >>> streams = Streams(keras.Sequential([keras.Input((7, 3)), keras.layers.GRU(4)]))
        >>> streams.push({"a": np.ones((2, 3))})["a"].shape
        (4,)

        Source: sherpa-onnx.
        """
        values = self._checked(chunks)
        if not chunks:
            return {}
        slots = np.array([self._slots.get(key, -1) for key in chunks])
        packed = self._gathered(slots)
        outputs = self._advanced(values, packed)
        self._scatter(chunks, slots, packed)
        self._note_not_finite(chunks, packed)
        return dict(zip(chunks, outputs, strict=True))

    def states(self, key: str) -> dict[str, np.ndarray]:
        """The states of one stream, (units,), as copies under the names of `get_states`.

        Raises ValueError where no stream of that key is open. Introduced in lesson 07.

        >>> streams = Streams(keras.Sequential([keras.Input((7, 3)), keras.layers.GRU(4)]))
        >>> _ = streams.push({"a": np.ones((2, 3))})
        >>> streams.states("a")["gru/h"].shape
        (4,)

        Source: `get_states`, for one stream.
        """
        slot = self._slot_of(key)
        return {name: array[slot].copy() for name, array in self._arrays.items()}

    def reset(self, key: str) -> None:
        """Set the states of one stream to zeros; it stays open.

        Raises ValueError where no stream of that key is open. Introduced in lesson 07.

        >>> streams = Streams(keras.Sequential([keras.Input((7, 3)), keras.layers.GRU(4)]))
        >>> _ = streams.push({"a": np.ones((2, 3))})
        >>> streams.reset("a")
        >>> bool(streams.states("a")["gru/h"].any())
        False

        Source: `reset_states`, for one stream.
        """
        slot = self._slot_of(key)
        for array in self._arrays.values():
            array[slot] = 0
        self._not_finite.discard(key)

    def close(self, key: str) -> None:
        """Forget a stream; its slot is free for another, and the key would start from zeros again.

        Raises ValueError where no stream of that key is open. Introduced in lesson 07.

        >>> streams = Streams(keras.Sequential([keras.Input((7, 3)), keras.layers.GRU(4)]))
        >>> _ = streams.push({"a": np.ones((2, 3))})
        >>> streams.close("a")
        >>> streams.keys()
        []

        Source: sherpa-onnx.
        """
        self._free.append(self._slot_of(key))
        del self._slots[key]
        self._not_finite.discard(key)

    def save(self, path: str | os.PathLike) -> None:
        """Save the keys and states of all open streams, so that a file is whole whatever dies when.

        One array (streams, units) for each state, not a group for each stream; else as `save_states` does it. Closed
        streams are not in the file.

        Raises StatesFileError where the file cannot be written. Introduced in lesson 08.

        >>> from tempfile import TemporaryDirectory
        >>> model = keras.Sequential([keras.Input((7, 3)), keras.layers.GRU(4)])
        >>> streams, again = Streams(model), Streams(model)
        >>> _ = streams.push({"a": np.ones((2, 3)), "b": np.ones((5, 3))})
        >>> with TemporaryDirectory() as folder:
        ...     streams.save(f"{folder}/streams.h5")
        ...     again.load(f"{folder}/streams.h5")
        >>> again.keys()
        ['a', 'b']

        Source: `save_states`, for many streams.
        """
        slots = np.array(list(self._slots.values()), int)
        states = {name: array[slots] for name, array in self._arrays.items()}
        write_states(path, states, self._weights, keys=list(self._slots))

    def load(self, path: str | os.PathLike, allow_other_weights: bool = False) -> None:
        """Replace all streams by those of a file that `save` wrote, or, if anything is wrong, none.

        Streams that are open now and not in the file are gone afterwards. A stream saved with a state that is not
        finite comes back so, and is in `not_finite`.

        Raises StatesFileError as `load_states` does. Introduced in lesson 08.

        >>> streams = Streams(keras.Sequential([keras.Input((7, 3)), keras.layers.GRU(4)]))
        >>> _ = streams.push({"a": np.ones((2, 3))})
        >>> try:
        ...     streams.load("no such file.h5")
        ... except ValueError:
        ...     print(streams.keys())
        ['a']

        Source: `load_states`, for many streams.
        """
        kinds = {name: ((width,), self._run.dtypes[name]) for name, width in self._run.widths.items()}
        weights = None if allow_other_weights else self._weights
        self._arrays, keys = read_states(path, kinds, weights, streams=True)
        self._slots, self._free = {key: slot for slot, key in enumerate(keys)}, []
        finite = np.logical_and.reduce([np.isfinite(array).all(axis=1) for array in self._arrays.values()])
        self._not_finite = {key for key, fine in zip(keys, finite, strict=True) if not fine}

    def _slot_of(self, key) -> int:
        if not isinstance(key, str) or key not in self._slots:
            raise refusal("key", "the key of an open stream", repr(key))
        return self._slots[key]

    def _checked(self, chunks) -> np.ndarray | list[np.ndarray]:
        """The chunks as one array where all have one shape and type, otherwise one by one."""
        if not isinstance(chunks, Mapping):
            raise refusal("chunks", "a dict of chunks by key", type(chunks).__name__)
        if strangers := [key for key in chunks if not isinstance(key, str)]:
            raise refusal("chunks", "keys of type str", repr(strangers[0]))
        values = list(chunks.values())
        if all(type(value) is np.ndarray for value in values) and len({value.dtype for value in values}) == 1:
            try:
                return self._model._checked("chunks", np.array(values))
            except ValueError:
                pass  # they differ in length, or one is wrong: the loop finds out which
        one = ("timesteps",)
        return [self._model._checked(f"chunks[{key!r}]", value, one) for key, value in chunks.items()]

    def _gathered(self, slots) -> np.ndarray:
        """The states of streams side by side in one array, (streams, all units); zeros where the slot is -1."""
        if self._slots:
            packed = np.concatenate([array[slots] for array in self._arrays.values()], 1, dtype=self._run.packed_dtype)
        else:
            packed = self._model._zeros(len(slots))
        packed[slots < 0] = 0
        return packed

    def _advanced(self, values, packed) -> list:
        """The output of each stream; `packed` becomes the states after it."""
        if isinstance(values, np.ndarray):
            outputs, packed[:] = self._run(values, packed)
            return _by_row(outputs)
        lengths, pieces, done = np.array([len(value) for value in values]), [[] for _ in values], 0
        for length in np.unique(lengths):
            rows = np.flatnonzero(lengths >= length)
            x = np.stack([values[row][done:length] for row in rows])
            outputs, packed[rows] = self._run(x, packed[rows])
            for row, output in zip(rows, _by_row(outputs), strict=True):
                pieces[row].append(output)
            done = length
        return [self._run.joined(parts, axis=0) for parts in pieces]

    def _scatter(self, keys, slots, packed) -> None:
        if (slots < 0).any():
            for key in [key for key in keys if key not in self._slots]:
                self._slots[key] = self._free_slot()
            slots = np.array([self._slots[key] for key in keys])
        for name, values in self._run.unpacked(packed).items():
            self._arrays[name][slots] = values

    def _free_slot(self) -> int:
        if not self._free:
            size = len(self._slots)
            more = self._run.unpacked(self._model._zeros(max(size, 8)))
            self._arrays = {name: np.concatenate([array, more[name]]) for name, array in self._arrays.items()}
            self._free = list(range(size, size + max(size, 8)))[::-1]
        return self._free.pop()

    def _note_not_finite(self, keys, packed) -> None:
        self._not_finite.difference_update(keys)
        finite = np.isfinite(packed).all(axis=1)
        for key in () if finite.all() else [key for key, fine in zip(keys, finite, strict=True) if not fine]:
            self._not_finite.add(key)
            warnings.warn(f"stream {key!r}: its state is not finite any more", RuntimeWarning, stacklevel=3)


def _by_row(outputs) -> list:
    """The outputs of a batch, row by row, each in the model's structure."""
    if isinstance(outputs, np.ndarray):
        return list(outputs)
    rows = zip(*keras.tree.flatten(outputs), strict=True)
    return [keras.tree.pack_sequence_as(outputs, row) for row in rows]


def _require_same_when_cut(run: ExplicitStates, x: np.ndarray) -> None:
    """ValueError where a model answers otherwise when a sequence is cut: what the list of layers has missed."""
    start = np.zeros((len(x), sum(run.widths.values())), run.packed_dtype)
    whole = run(x, start)
    for cut in TRIAL_CUTS:
        pieces, packed = [], start
        for piece in np.split(x, np.cumsum(cut)[:-1], axis=1):
            outputs, packed = run(piece, packed)
            pieces.append(outputs)
        found = keras.tree.flatten((run.joined(pieces, axis=1), packed))
        for one, other in zip(keras.tree.flatten(whole), found, strict=True):
            if one.shape != other.shape or not np.allclose(one, other, rtol=0.01, atol=0.01, equal_nan=True):
                raise refusal("model", "the same answers for a sequence as a whole and cut", f"others, cut as {cut}")
