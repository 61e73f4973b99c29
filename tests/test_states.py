"""States of whole models: read, set all or nothing, reset by row, preserved; over random models, and reloaded ones."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from types import MappingProxyType

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from lstm_lessons import get_states, preserved_states, reset_states, set_states

FEATURES = 3
WITH_TIME = {"stateful": True, "return_sequences": True}


def stacked(units):
    return layers.RNN([layers.LSTMCell(units), layers.GRUCell(units + 1), layers.LSTMCell(units)], **WITH_TIME)


KINDS: dict[str, Callable[[int], layers.Layer]] = {
    "lstm": lambda units: layers.LSTM(units, **WITH_TIME),
    "gru": lambda units: layers.GRU(units, **WITH_TIME),
    "simple_rnn": lambda units: layers.SimpleRNN(units, **WITH_TIME),
    "rnn over one cell": lambda units: layers.RNN(layers.LSTMCell(units), **WITH_TIME),
    "rnn over a list of one cell": lambda units: layers.RNN([layers.LSTMCell(units)], **WITH_TIME),
    "rnn over stacked cells": stacked,
    "bidirectional": lambda units: layers.Bidirectional(layers.LSTM(units, **WITH_TIME)),
    "mixed precision": lambda units: layers.LSTM(units, dtype="mixed_float16", **WITH_TIME),
    "stateless": lambda units: layers.LSTM(units, return_sequences=True),
    "dense": lambda units: layers.Dense(units),
}


class Subclassed(keras.Model):
    """Layers in a list and in a dict, called in an order of its own."""

    def __init__(self, made):
        super().__init__()
        self.first = made[0]
        self.others = list(made[1:])
        self.last = {"answer": layers.Dense(1)}

    def call(self, x):
        for layer in [self.first, *self.others]:
            x = layer(x)
        return self.last["answer"](x)


def assemble(nesting: str, made: list, batch_size: int) -> keras.Model:
    """The given layers one after another: in a Sequential, a functional or subclassed model, or nested ones."""
    shape = (batch_size, None, FEATURES)
    if nesting == "sequential":
        return keras.Sequential([keras.Input(batch_shape=shape), *made])
    if nesting == "subclassed":
        model = Subclassed(made)
        model(np.zeros((batch_size, 2, FEATURES), "float32"))
        return model
    if nesting == "nested":
        inner = keras.Sequential([keras.Input(batch_shape=shape), made[0]])
        made = [keras.Sequential([keras.Input(batch_shape=shape), inner]), *made[1:]]
    inputs = keras.Input(batch_shape=shape)
    outputs = [inputs]
    for layer in made:
        outputs.append(layer(outputs[-1]))
    return keras.Model(inputs, layers.Concatenate()(outputs[1:]) if len(made) > 1 else outputs[1])


@st.composite
def recipes(draw):
    """How to nest which layers, one of them stateful at least, and the batch size."""
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), max_size=2))
    stateful = [kind for kind in sorted(KINDS) if kind not in ("stateless", "dense")]
    kinds.insert(draw(st.integers(0, len(kinds))), draw(st.sampled_from(stateful)))
    units = [draw(st.integers(1, 3)) for _ in kinds]
    nesting = draw(st.sampled_from(["sequential", "functional", "nested", "subclassed"]))
    return nesting, list(zip(kinds, units, strict=True)), draw(st.integers(1, 4))


def built(recipe):
    """The model of a recipe, new, and its batch size."""
    nesting, kinds, batch_size = recipe
    return assemble(nesting, [KINDS[kind](units) for kind, units in kinds], batch_size), batch_size


def read_something(model, batch_size, seed=0):
    model(np.random.default_rng(seed).normal(size=(batch_size, 3, FEATURES)).astype("float32"))


def random_states(model, seed):
    generator = np.random.default_rng(seed)
    return {key: generator.normal(size=value.shape).astype(value.dtype) for key, value in get_states(model).items()}


def assert_same(states, expected):
    assert list(states) == list(expected)
    for key, value in states.items():
        assert value.dtype == expected[key].dtype
        np.testing.assert_array_equal(value, expected[key])


many = settings(max_examples=40)


@many
@given(recipes())
def test_set_after_get_changes_nothing(recipe):
    model, batch_size = built(recipe)
    read_something(model, batch_size)
    before = get_states(model)
    assert all(np.any(value) for value in before.values())
    set_states(model, before)
    assert_same(get_states(model), before)


@many
@given(recipes(), st.integers(0, 1000))
def test_get_after_set_returns_what_was_set(recipe, seed):
    model, _ = built(recipe)
    states = random_states(model, seed)
    set_states(model, states)
    assert_same(get_states(model), states)


def spoilt(states, how, key):
    """The same states with one thing wrong."""
    spoilt = dict(states)
    value = spoilt.pop(key)
    if how == "missing":
        return spoilt
    if how == "unknown":
        return {**states, f"{key}x": value}
    wrong = {
        "one row too many": np.concatenate([value, value[:1]]),
        "a row to broadcast": value[:1][0],
        "text": np.full(value.shape, "1.0"),
        "an object": [object()],
        "objects in the right shape": np.ones(value.shape, object),
        "dates": np.zeros(value.shape, "datetime64[s]"),
        "booleans": value > 0,
        "complex": value + 0j,
        "ragged": [[1.0], [1.0, 2.0]],
        "NaN": np.where(np.arange(value.size).reshape(value.shape) == 0, np.nan, value),
        "infinite after the cast": np.full(value.shape, 1e300),
    }
    return {**spoilt, key: wrong[how]}


MISTAKES = [
    *("missing", "unknown", "one row too many", "a row to broadcast", "text", "booleans", "complex"),
    *("an object", "objects in the right shape", "dates", "ragged", "NaN", "infinite after the cast"),
]


@pytest.mark.parametrize("how", MISTAKES)
@settings(max_examples=6)
@given(recipes(), st.data())
def test_a_refused_set_changes_nothing_and_names_the_key(how, recipe, data):
    model, batch_size = built(recipe)
    read_something(model, batch_size)
    before = get_states(model)
    key = data.draw(st.sampled_from(list(before)))
    with pytest.raises(ValueError, match=r"^states.*: expected .*, got ") as refused:
        set_states(model, spoilt(random_states(model, 1), how, key))
    assert key in str(refused.value)
    assert_same(get_states(model), before)


@many
@given(recipes(), st.data())
def test_reset_rows_are_zeros_and_the_others_bit_identical(recipe, data):
    model, batch_size = built(recipe)
    states = random_states(model, 2)
    set_states(model, states)
    rows = data.draw(st.lists(st.integers(0, batch_size - 1)))
    reset_states(model, rows=rows)
    kept = sorted(set(range(batch_size)) - set(rows))
    for key, value in get_states(model).items():
        assert not value[rows].any()
        np.testing.assert_array_equal(value[kept], states[key][kept])
    reset_states(model)
    assert not any(value.any() for value in get_states(model).values())


@many
@given(recipes(), st.sampled_from([None, KeyError, KeyboardInterrupt, GeneratorExit]))
def test_preserved_states_are_those_from_before_also_after_an_exception(recipe, error):
    model, batch_size = built(recipe)
    read_something(model, batch_size)
    before = get_states(model)
    with nullcontext() if error is None else pytest.raises(error), preserved_states(model):
        read_something(model, batch_size, seed=1)
        assert any((value != before[key]).any() for key, value in get_states(model).items())
        if error is not None:
            raise error
    assert_same(get_states(model), before)


@settings(max_examples=15)
@given(recipes())
def test_a_reset_model_reads_as_a_new_one(recipe):
    """Nothing that a call depends on is outside the states."""
    model, batch_size = built(recipe)
    x = np.random.default_rng(3).normal(size=(batch_size, 3, FEATURES)).astype("float32")
    first = model(x)
    reset_states(model)
    np.testing.assert_array_equal(model(x), first)


def test_preserved_states_keep_even_nan_and_infinity():
    model = keras.Sequential([keras.Input((None, 1), batch_size=2), layers.LSTM(2, stateful=True)])
    model(np.array([[[np.nan]], [[1.0]]], "float32"))
    model.layers[0].states[1].assign([[np.nan, np.inf], [-np.inf, 1.0]])
    before = get_states(model)
    assert np.isnan(before["lstm/h"][0]).all()
    with preserved_states(model):
        reset_states(model)
    assert_same(get_states(model), before)
    reset_states(model, rows=0)
    assert not get_states(model)["lstm/h"][0].any()
    np.testing.assert_array_equal(get_states(model)["lstm/c"][1], before["lstm/c"][1])


# --- names ----------------------------------------------------------------------------------------------------------


def two_branches():
    """Parallel branches, automatic and given names, wrappers, a nested model called `encoder`, a layer used twice."""
    inputs = keras.Input((None, FEATURES), batch_size=2)
    encoder = keras.Sequential(
        [keras.Input((None, FEATURES), batch_size=2), layers.LSTM(2, **WITH_TIME)], name="encoder"
    )
    left, right = layers.LSTM(FEATURES, **WITH_TIME), layers.LSTM(FEATURES, go_backwards=True, **WITH_TIME)
    x = layers.Add()([right(inputs), left(left(inputs))])
    x = layers.Concatenate()([x, encoder(x), stacked(1)(x)])
    x = layers.Bidirectional(layers.GRU(2, **WITH_TIME), name="both_ways")(x)
    x = layers.LSTM(1, name="lstm_1_of_mine", **WITH_TIME)(x)
    return keras.Model(inputs, layers.RNN(layers.LSTMCell(2), stateful=True)(x))


KEYS_OF_TWO_BRANCHES = [
    *("lstm/h", "lstm/c", "lstm_1/h", "lstm_1/c", "encoder/lstm/h", "encoder/lstm/c"),
    *("rnn/0/h", "rnn/0/c", "rnn/1/h", "rnn/2/h", "rnn/2/c", "both_ways/forward_gru/h", "both_ways/backward_gru/h"),
    *("lstm_1_of_mine/h", "lstm_1_of_mine/c", "rnn_1/h", "rnn_1/c"),
]


def test_keys_say_the_way_to_each_state_however_many_layers_were_made_before():
    for _ in range(2):
        assert sorted(get_states(two_branches())) == sorted(KEYS_OF_TWO_BRANCHES)
    assert list(get_states(two_branches())) == list(get_states(two_branches()))


@settings(max_examples=20)
@given(recipes().filter(lambda recipe: recipe[0] != "subclassed"))
def test_keys_are_those_of_the_model_rebuilt_from_its_configuration(recipe):
    model, _ = built(recipe)
    again, _ = built(recipe)
    rebuilt = type(model).from_config(model.get_config())
    assert list(get_states(model)) == list(get_states(again)) == list(get_states(rebuilt))


def test_keys_in_a_nested_and_in_a_subclassed_model():
    nested = assemble("nested", [KINDS["lstm"](2), KINDS["gru"](2)], 1)
    assert list(get_states(nested)) == ["sequential/sequential/lstm/h", "sequential/sequential/lstm/c", "gru/h"]
    subclassed = assemble("subclassed", [KINDS["lstm"](2), KINDS["stateless"](2), KINDS["lstm"](2)], 1)
    assert list(get_states(subclassed)) == ["lstm/h", "lstm/c", "lstm_2/h", "lstm_2/c"]


def test_names_that_still_clash_get_a_number():
    given = [layers.LSTM(2, name="memory", **WITH_TIME), layers.GRU(2, name="gru", **WITH_TIME), KINDS["gru"](2)]
    inner = keras.Sequential([keras.Input((None, FEATURES), batch_size=1), *given])
    model = assemble("subclassed", [inner, layers.SimpleRNN(2, name="memory", **WITH_TIME)], 1)
    assert list(get_states(model)) == [
        *("sequential/memory/h", "sequential/memory/c", "sequential/gru/h", "sequential/gru_1/h", "memory/h")
    ]
    twice = assemble("subclassed", [layers.LSTM(2, name="a", **WITH_TIME), layers.GRU(2, name="a", **WITH_TIME)], 1)
    assert list(get_states(twice)) == ["a/h", "a/c", "a_1/h"]


class ForwardLSTM(layers.LSTM):
    """A class whose name begins like a wrapper's layer."""


class My_LSTM(layers.LSTM):
    """A class with an underscore in its name."""


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: ForwardLSTM(1, stateful=True), "forward_lstm/h"),
        (lambda: My_LSTM(1, stateful=True), "my_lstm/h"),
        (lambda: layers.LSTM(1, stateful=True, name="memory_2"), "memory_2/h"),
        (lambda: layers.Bidirectional(layers.LSTM(1, stateful=True, name="of_2")), "bidirectional/forward_of_2/h"),
    ],
)
def test_only_automatic_names_lose_their_number(make, key):
    for _ in range(2):
        model = keras.Sequential([keras.Input((None, FEATURES), batch_size=1), make()])
        assert next(iter(get_states(model))) == key


def test_layers_inside_time_distributed_and_inside_recurrent_layers():
    inner = layers.LSTM(2, stateful=True)
    films = keras.Sequential([keras.Input((4, 5, 2), batch_size=1), layers.TimeDistributed(inner)])
    assert list(get_states(films)) == ["time_distributed/lstm/h", "time_distributed/lstm/c"]

    class Outer(layers.LSTM):
        def __init__(self, units, **options):
            super().__init__(units, **options)
            self.inner = layers.GRU(units, **WITH_TIME)

        def call(self, sequences, initial_state=None, mask=None, training=False):
            return self.inner(super().call(sequences))

    model = keras.Sequential([keras.Input((None, FEATURES), batch_size=1), Outer(2, **WITH_TIME)])
    read_something(model, 1)
    assert list(get_states(model)) == ["outer/h", "outer/c", "outer/gru/h"]


def test_a_layer_shared_by_two_nested_models_is_listed_once():
    shared = layers.LSTM(2, name="shared", **WITH_TIME)
    shape = (1, None, 2)
    parts = [keras.Sequential([keras.Input(batch_shape=shape), shared], name=name) for name in ("one", "two")]
    model = keras.Sequential([keras.Input(batch_shape=shape), *parts])
    assert list(get_states(model)) == ["one/shared/h", "one/shared/c"]


def test_states_of_other_cells_and_of_convolutional_lstms():
    class Counters(layers.Layer):
        state_size = (2, 2)
        output_size = 2

        def call(self, inputs, states):
            return states[0], [state + 1.0 for state in states]

    class Peephole(layers.LSTMCell):
        pass

    model = keras.Sequential([keras.Input((None, 2), batch_size=3), layers.RNN(Counters(), stateful=True)])
    model(np.zeros((3, 2, 2), "float32"))
    assert {key: value.max() for key, value in get_states(model).items()} == {"rnn/0": 2, "rnn/1": 2}
    model = keras.Sequential([keras.Input((None, 2), batch_size=3), layers.RNN(Peephole(2), stateful=True)])
    assert list(get_states(model)) == ["rnn/h", "rnn/c"]
    video = keras.Sequential([keras.Input((None, 6, 6, 1), batch_size=2), layers.ConvLSTM2D(3, 3, stateful=True)])
    video(np.ones((2, 2, 6, 6, 1), "float32"))
    reset_states(video, rows=[0])
    states = get_states(video)
    assert {key: value.shape for key, value in states.items()} == {
        "conv_lstm2d/h": (2, 4, 4, 3),
        "conv_lstm2d/c": (2, 4, 4, 3),
    }
    assert [bool(row.any()) for row in states["conv_lstm2d/c"]] == [False, True]


READ_KEYS = """
import json, sys
import lstm_lessons
import keras
from lstm_lessons import get_states
print(json.dumps(list(get_states(keras.models.load_model(sys.argv[1])))))
"""


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras on NumPy 2.4, saving weights
def test_keys_are_the_same_after_saving_and_loading_here_and_in_a_new_process(tmp_path):
    model = two_branches()
    model.save(tmp_path / "model.keras")
    keys = list(get_states(model))
    reloaded = keras.models.load_model(tmp_path / "model.keras")
    assert list(get_states(reloaded)) == keys
    # the same keys also name the same layers: states move over, and both go on alike
    read_something(model, 2)
    set_states(reloaded, get_states(model))
    x = np.random.default_rng(1).normal(size=(2, 4, FEATURES)).astype("float32")
    np.testing.assert_array_equal(reloaded(x), model(x))
    told = subprocess.run(
        [sys.executable, "-c", READ_KEYS, tmp_path / "model.keras"], capture_output=True, check=True, text=True
    )
    assert json.loads(told.stdout) == keys


# --- what is copied, cast and refused -------------------------------------------------------------------------------


@pytest.fixture
def model():
    made = keras.Sequential([keras.Input((None, FEATURES), batch_size=2), KINDS["lstm"](2), KINDS["gru"](3)])
    read_something(made, 2)
    return made


def test_states_are_copies(model):
    first = get_states(model)
    kept = {key: value.copy() for key, value in first.items()}
    for value in first.values():
        value[:] = 7
    assert_same(get_states(model), kept)
    set_states(model, first)
    first["lstm/h"][:] = 8
    assert (get_states(model)["lstm/h"] == 7).all()


def test_real_numbers_of_any_type_are_cast(model):
    shapes = {key: value.shape for key, value in get_states(model).items()}
    for ones in (
        lambda shape: np.ones(shape, "uint8"),
        lambda shape: np.ones(shape).tolist(),
        lambda shape: keras.ops.ones(shape, "bfloat16"),
        lambda shape: keras.Variable(np.ones(shape)),
    ):
        reset_states(model)
        set_states(model, MappingProxyType({key: ones(shape) for key, shape in shapes.items()}))
        assert all((value == 1).all() and value.dtype == "float32" for value in get_states(model).values())


def test_states_in_half_precision_can_be_read_and_set_again():
    for dtype in ("bfloat16", "float16", "float64"):
        layer = layers.LSTM(2, stateful=True, dtype=dtype, recurrent_initializer="glorot_uniform")
        half = keras.Sequential([keras.Input((None, FEATURES), batch_size=2), layer])
        read_something(half, 2)
        states = get_states(half)
        assert str(states["lstm/h"].dtype) == dtype
        set_states(half, states)
        assert_same(get_states(half), states)


def test_errors_say_what_came(model):
    states = get_states(model)
    with pytest.raises(ValueError, match=r"^states\['gru/h'\]: expected shape \(2, 3\), got \(3, 3\)$"):
        set_states(model, {**states, "gru/h": np.zeros((3, 3))})
    with pytest.raises(ValueError, match=r"^states\['gru/h'\]: expected finite .*, got 1 NaN or infinite$"):
        set_states(model, {**states, "gru/h": [[np.nan, 0, 0], [0, 0, 0]]})
    del states["gru/h"]
    with pytest.raises(ValueError, match=r"got missing \['gru/h'\] and unknown \[3\]$"):
        set_states(model, {**states, 3: np.zeros((2, 3))})


ONE = [1, np.int64(1), [1], (1,), {1}, range(1, 2), [np.uint8(1)], np.array([1]), np.array(1), [1, 1]]


@pytest.mark.parametrize("rows", ONE, ids=repr)
def test_rows_come_one_or_several_in_any_form(model, rows):
    before = get_states(model)
    reset_states(model, rows=rows)
    reset_states(model, rows=(row for row in [1]))
    for key, value in get_states(model).items():
        assert not value[1].any()
        np.testing.assert_array_equal(value[0], before[key][0])


NO_ROWS = [2, -1, 1.0, "0", b"\x00", True, int, [0, 2], [None], [[0]], np.array([True, False]), np.array([[0, 1]])]
NO_ROWS += [keras.ops.array([0.0]), keras.ops.array(True), 2**70, np.array(1.0)]


@pytest.mark.parametrize("bad", NO_ROWS, ids=repr)
def test_rows_that_do_not_exist_are_refused_and_nothing_is_reset(model, bad):
    before = get_states(model)
    with pytest.raises(ValueError, match=r"^rows: expected a whole number from 0 to 1, got "):
        reset_states(model, rows=bad)
    assert_same(get_states(model), before)


def test_rows_of_layers_with_different_batch_sizes_are_not_reset_singly():
    inputs = keras.Input((None, FEATURES), batch_size=2)
    twice = layers.Concatenate(axis=0)([inputs, layers.GRU(FEATURES, **WITH_TIME)(inputs)])
    model = keras.Model(inputs, layers.GRU(2, stateful=True)(twice))
    read_something(model, 2)
    before = get_states(model)
    with pytest.raises(ValueError, match=r"^model: expected one batch size in all layers, .*, got sizes \[2, 4\]"):
        reset_states(model, rows=[1])
    assert_same(get_states(model), before)
    reset_states(model)
    assert not any(value.any() for value in get_states(model).values())


ON_TWO_DEVICES = """
import lstm_lessons
import keras, tensorflow as tf
from lstm_lessons import get_states
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    layer = keras.layers.GRU(2, stateful=True)
    model = keras.Sequential([keras.Input((4, 3), batch_size=2), layer])
try:
    get_states(model)
except ValueError as error:
    print(error)
"""


def test_states_spread_over_devices_are_refused_instead_of_read_by_halves():
    told = subprocess.run([sys.executable, "-c", ON_TWO_DEVICES], capture_output=True, check=True, text=True)
    assert told.stdout.startswith("model: expected states on one device, got ")


@pytest.mark.parametrize("states", [None, [1, 2], "lstm/h", np.zeros((2, 2))])
def test_states_have_to_be_a_dict(model, states):
    with pytest.raises(ValueError, match=r"^states: expected a dict with the keys .*'lstm/h'.*, got "):
        set_states(model, states)


def preserve(model):
    with preserved_states(model):
        pass


USES = [get_states, lambda model: set_states(model, {}), reset_states, preserve]


@pytest.mark.parametrize("use", USES)
def test_a_model_without_state_is_told_how_to_make_one(use):
    stateless = keras.Sequential([keras.Input((None, FEATURES)), layers.LSTM(2)])
    with pytest.raises(ValueError, match=r"^model: expected a model with stateful layers .*stateful=True.*, got "):
        use(stateless)


@pytest.mark.parametrize("use", USES)
def test_a_model_not_yet_built_is_told_how(use):
    for unbuilt in (keras.Sequential([KINDS["lstm"](2)]), Subclassed([KINDS["gru"](2)])):
        with pytest.raises(ValueError, match=r"^model: expected a model whose states exist: .*, got layer '(lstm|gru)"):
            use(unbuilt)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("bad", [None, "model", layers.LSTM(2, stateful=True)])
def test_what_is_no_model_is_refused(use, bad):
    with pytest.raises(ValueError, match=r"^model: expected a keras.Model, got "):
        use(bad)


def test_the_reset_that_fails_in_keras_works_here():
    """If the first half begins to fail, Keras has mended its bug: say so in the docstring of reset_states."""
    model = keras.Sequential([keras.Input((None, FEATURES), batch_size=2), stacked(2)])
    read_something(model, 2)
    with pytest.raises(AttributeError, match="has no attribute 'assign'"):
        model.layers[0].reset_state()
    reset_states(model)
    assert not any(value.any() for value in get_states(model).values())
