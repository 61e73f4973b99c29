"""What a model remembers: reading, setting and resetting the states of all its stateful recurrent layers."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

import keras
import numpy as np
from keras import layers

from lstm_lessons.arguments import finite_numbers, real_numbers, refusal, whole_number

HOW_TO_MAKE_ONE = (
    "a model with stateful layers (keras.Input((timesteps, features), batch_size=...), LSTM(stateful=True))"
)
HOW_TO_BUILD = (
    "a model whose states exist: give it a keras.Input with batch_size, or call it once on a whole batch "
    "(a stateful layer that is never called has none)"
)


def get_states(model: keras.Model) -> dict[str, np.ndarray]:
    """The states of all stateful recurrent layers of a model, as copies under flat names, in model order.

    Keys are the way to the layer and the name of the state: "lstm/h", "lstm/c", "encoder/gru/h" in a nested model,
    "bidirectional/forward_lstm/c", "rnn/0/h" for the first of stacked cells. A cell of another kind with several states
    has numbers for names, "rnn/0". Values are (batch_size, units), without unit, in the type of the state; a ConvLSTM's
    have more axes. A shared layer is listed once.

    The numbers that Keras gives to automatic names run through the whole process (lstm_3); here they are counted anew
    in each model (lstm, lstm_1), so a model built by the same code, or saved and loaded, has the same keys in any
    process. A name of that form that was given by hand (name="lstm_3") cannot be told apart and is counted anew too.

    Raises ValueError where the model has no stateful layer, is not built yet (a subclassed model, loaded, before its
    first call), or is spread over several devices. Introduced in lesson 06.

    >>> inputs = keras.Input((None, 3), batch_size=2)
    >>> model = keras.Sequential([inputs, layers.LSTM(4, stateful=True), layers.Dense(1)])
    >>> {key: value.shape for key, value in get_states(model).items()}
    {'lstm/h': (2, 4), 'lstm/c': (2, 4)}

    Source: wished for and sketched in keras issue 2181 (2016); states under names instead of positions, as in Haiku.
    """
    return {key: variable.numpy() for key, variable in state_variables(model).items()}


def set_states(model: keras.Model, states: Mapping[str, np.ndarray]) -> None:
    """Set the states of all stateful recurrent layers of a model, all of them or, if anything is wrong, none.

    `states` has exactly the keys of `get_states(model)`, and for each the values in exactly that shape, (batch_size,
    units); numbers of any real type, without unit, are cast to the type of the state.

    Raises ValueError, and changes nothing, where keys are missing or unknown, where a shape differs (nothing is
    broadcast), where values are no real numbers, or where they are not finite, also after the cast; and where the model
    has no stateful layer or is not built yet. Introduced in lesson 06.

    >>> model = keras.Sequential([keras.Input((None, 3), batch_size=2), layers.GRU(4, stateful=True)])
    >>> set_states(model, {"gru/h": np.ones((2, 4))})
    >>> bool(get_states(model)["gru/h"].all())
    True

    Source: wished for and sketched in keras issue 2181 (2016); here names guard against mixing up two layers, or h and
    c.
    """
    variables = state_variables(model)
    shapes = {key: tuple(variable.shape) for key, variable in variables.items()}
    values = checked_states(states, shapes, {key: variable.numpy().dtype for key, variable in variables.items()})
    for key, variable in variables.items():
        variable.assign(values[key])


def reset_states(model: keras.Model, rows: Iterable[int] | int | None = None) -> None:
    """Set the states of a model to zeros: of all rows of the batch, or of the given rows and no other.

    `rows` is a row's number or several of them, from 0 to batch_size - 1. Layers on which Keras's own `reset_state`
    fails, such as RNN over stacked cells, and those inside nested models and wrappers are reset too.

    Raises ValueError, and changes nothing, where a row does not exist or is no whole number, where layers differ in
    batch size and single rows are asked for, and where the model has no stateful layer or is not built yet. Introduced
    in lesson 06.

    >>> model = keras.Sequential([keras.Input((None, 3), batch_size=2), layers.GRU(4, stateful=True)])
    >>> set_states(model, {"gru/h": np.ones((2, 4))})
    >>> reset_states(model, rows=[1])
    >>> get_states(model)["gru/h"].any(axis=1).tolist()
    [True, False]

    Source: rows that are reset one by one, as Haiku's `ResetCore` does.
    """
    variables = state_variables(model)
    chosen = ... if rows is None else _checked_rows(rows, _batch_size(variables))
    for variable in variables.values():
        values = variable.numpy()
        values[chosen] = 0
        variable.assign(values)


@contextmanager
def preserved_states(model: keras.Model) -> Iterator[None]:
    """A `with` block after which the states of a model are exactly those from before, whatever happened inside.

    Also after an exception, and bit for bit, NaN included. Raises ValueError where the model has no stateful layer or
    is not built yet. Introduced in lesson 06.

    >>> model = keras.Sequential([keras.Input((None, 3), batch_size=2), layers.GRU(4, stateful=True)])
    >>> with preserved_states(model):
    ...     answers = model.predict_on_batch(np.ones((2, 5, 3)))
    >>> bool(get_states(model)["gru/h"].any())
    False

    Source: this course; what `fit` would need for its validation.
    """
    give_back = held_states(model)
    try:
        yield
    finally:
        give_back()


def held_states(model: keras.Model) -> Callable[[], None]:
    """Remember the states of a model, bit for bit; what is returned gives them back when it is called.

    Raises ValueError where the model has no stateful layer or is not built yet.
    """
    held = [(variable, variable.numpy()) for variable in state_variables(model).values()]

    def give_back():
        for variable, value in held:
            variable.assign(value)

    return give_back


def state_variables(model: keras.Model) -> dict[str, keras.Variable]:
    """The variables that hold the states of a model, by name; ValueError where it has none, or not yet."""
    if not isinstance(model, keras.Model):
        raise refusal("model", "a keras.Model", type(model).__name__)
    variables = {}
    for path, layer in recurrent_layers(model):
        if not layer.stateful:
            continue
        if layer.states is None:
            raise refusal("model", HOW_TO_BUILD, f"layer {layer.name!r}, which has none yet")
        variables.update(named_states(layer.cell, layer.states, path))
    if not variables:
        raise refusal("model", HOW_TO_MAKE_ONE, f"{model.name!r}, which has none")
    if any(len(getattr(variable.value, "values", [None])) > 1 for variable in variables.values()):
        raise refusal("model", "states on one device", f"{model.name!r}, whose rows are spread over several")
    return variables


def checked_states(states: Mapping, shapes: Mapping[str, tuple], dtypes: Mapping) -> dict[str, np.ndarray]:
    """States as arrays of these shapes and types; ValueError naming the key where they are not, or not finite."""
    if not isinstance(states, Mapping):
        raise refusal("states", f"a dict with the keys {list(shapes)}", type(states).__name__)
    missing = [key for key in shapes if key not in states]
    unknown = [key for key in states if key not in shapes]
    if missing or unknown:
        raise refusal("states", f"the keys {list(shapes)}", f"missing {missing} and unknown {unknown}")
    return {key: _checked(f"states[{key!r}]", states[key], shape, dtypes[key]) for key, shape in shapes.items()}


def recurrent_layers(parent, path: str = "", seen: set[int] | None = None) -> Iterator[tuple[str, layers.RNN]]:
    """Every recurrent layer below `parent`, once, with the way that leads to it, in model order."""
    names, seen = set(), set() if seen is None else seen
    for layer in parent._flatten_layers(include_self=False, recursive=False):
        name = _unused(_name_without_number(layer), names)
        names.add(name)
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        if isinstance(layer, layers.RNN):
            yield path + name, layer
        yield from recurrent_layers(layer, f"{path}{name}/", seen)


def _name_without_number(layer) -> str:
    """The layer's name; an automatic one (its class's, in snake case) without the number that Keras appends."""
    name = re.sub(r"_\d+$", "", layer.name)
    bare, automatic = name.replace("_", ""), type(layer).__name__.replace("_", "").lower()
    return name if bare in (automatic, f"forward{automatic}", f"backward{automatic}") else layer.name


def _unused(name: str, names: set[str]) -> str:
    numbered, number = name, 0
    while numbered in names:
        number += 1
        numbered = f"{name}_{number}"
    return numbered


def named_states(cell, states, path: str) -> Iterator[tuple[str, object]]:
    """The states of a cell, or whatever is nested as they are, each under its key."""
    if isinstance(cell, layers.StackedRNNCells):
        for number, (one, its_states) in enumerate(zip(cell.cells, states, strict=True)):
            yield from named_states(one, its_states, f"{path}/{number}")
        return
    variables = keras.tree.flatten(states)
    if len(variables) == 1:
        names = ["h"]
    elif isinstance(cell, layers.LSTMCell) or "convlstm" in type(cell).__name__.lower():
        names = ["h", "c"]
    else:
        names = [str(number) for number in range(len(variables))]
    yield from ((f"{path}/{name}", variable) for name, variable in zip(names, variables, strict=True))


def _checked(argument: str, values, shape: tuple, dtype: np.dtype) -> np.ndarray:
    numbers = real_numbers(argument, f"numbers in shape {shape}", values)
    if numbers.shape != shape:
        raise refusal(argument, f"shape {shape}", numbers.shape)
    return finite_numbers(argument, numbers, dtype)


def _batch_size(variables) -> int:
    sizes = {variable.shape[0] if variable.shape else 1 for variable in variables.values()}
    if len(sizes) > 1:
        raise refusal("model", "one batch size in all layers, to reset single rows", f"sizes {sorted(sizes)}")
    return sizes.pop()


def _checked_rows(rows, batch_size: int) -> list[int]:
    try:
        several = [rows] if isinstance(rows, str | bytes) else list(rows)
    except (TypeError, NotImplementedError):  # one row
        several = [rows]
    return [whole_number("rows", row, 0, batch_size - 1) for row in several]
