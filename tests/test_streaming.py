"""StepModel, Streams, stateful_copy: any cut of a sequence gives what Keras gives for the whole, bit for bit."""

import functools
import warnings

import keras
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from keras import layers

from lstm_lessons import StepModel, Streams, get_states, reset_states, set_states, stateful_copy

FEATURES, MASKED = 3, 0.0
RECURRENT = {
    "LSTM": layers.LSTM,
    "GRU": layers.GRU,
    "SimpleRNN": layers.SimpleRNN,
    "stacked": lambda units, **options: layers.RNN([layers.LSTMCell(units), layers.GRUCell(units + 1)], **options),
}
BETWEEN = {
    "nothing": lambda: [],
    "dropout": lambda: [layers.Dropout(0.3)],
    "dense": lambda: [layers.Dense(4, activation="tanh"), layers.LeakyReLU()],
    "normalised": lambda: [layers.LayerNormalization()],
}
WITHOUT_SHRINKING = [Phase.explicit, Phase.reuse, Phase.generate]  # each try builds a model: minutes for little
ARCHITECTURES = st.fixed_dictionaries(
    {
        "recurrent": st.lists(st.sampled_from(sorted(RECURRENT)), min_size=1, max_size=3),
        "between": st.sampled_from(sorted(BETWEEN)),
        "units": st.integers(1, 5),
        "batch_size": st.integers(1, 4),
        "timesteps": st.integers(1, 12),
        "masking": st.booleans(),
        "nested": st.booleans(),
        "stateful": st.booleans(),
        "last_only": st.booleans(),
        "free": st.booleans(),
        "seed": st.integers(0, 2**16),
    }
)


def built(spec):
    keras.utils.set_random_seed(spec["seed"])
    steps = None if spec["free"] else spec["timesteps"]
    batch_size = spec["batch_size"] if spec["stateful"] else None

    def inputs(features):
        return keras.Input((steps, features), batch_size=batch_size)

    stack = masking = [layers.Masking(MASKED)] if spec["masking"] else []
    if spec["nested"]:  # Keras lets no mask into a nested Sequential, but out of one
        inner = layers.GRU(2, return_sequences=True, stateful=spec["stateful"])
        stack = [keras.Sequential([inputs(FEATURES), *masking, inner, layers.Dense(2)], name="inner")]
    for number, kind in enumerate(spec["recurrent"]):
        last = spec["last_only"] and number == len(spec["recurrent"]) - 1
        stack.append(RECURRENT[kind](spec["units"], stateful=spec["stateful"], return_sequences=not last))
        stack += BETWEEN[spec["between"]]()
    model = keras.Sequential([inputs(FEATURES), *stack, layers.Dense(2, activation="sigmoid")])
    rng = np.random.default_rng(spec["seed"])
    model.set_weights([weights + rng.normal(0, 0.2, weights.shape) for weights in model.get_weights()])
    return model


def read(spec):
    rng = np.random.default_rng(spec["seed"] + 1)
    x = rng.normal(size=(spec["batch_size"], spec["timesteps"], FEATURES)).astype("float32")
    if spec["masking"]:
        x[rng.random(x.shape[:2]) < 0.3] = MASKED
    return x


def pieces(x, cuts):
    return np.split(x, sorted(cuts), axis=1)


def stepped(stepper, x, cuts):
    """Outputs end to end (or the last), and the states after them."""
    states, outputs = stepper.initial_states(len(x)), []
    for piece in pieces(x, cuts):
        output, states = stepper.step(piece, states)
        outputs.append(output)
    return (np.concatenate(outputs, axis=1) if outputs[0].ndim == 3 else outputs[-1]), states


def same(one, other, exact):
    # A normalisation divides by a deviation, which may be small: of some hundred models one differs by 2e-6.
    return np.array_equal(one, other) if exact else np.allclose(one, other, rtol=1e-5, atol=1e-5)


@settings(max_examples=15, phases=WITHOUT_SHRINKING)
@given(spec=ARCHITECTURES, data=st.data())
def test_any_cut_gives_what_keras_gives_for_the_whole(spec, data):
    # Bit for bit, but for layers such as Dense that are given several steps at once: there the processor's arithmetic
    # depends on how many numbers come together.
    exact = spec["between"] in ("nothing", "dropout") and not spec["nested"]
    model, x, exact_end = built(spec), read(spec), exact and spec["last_only"]
    twin = stateful_copy(model, spec["batch_size"])
    whole, end = twin.predict_on_batch(x), get_states(twin)
    assert np.array_equal(model.predict_on_batch(x), whole)
    stepper = StepModel(model)
    for _ in range(8):
        cuts = data.draw(st.sets(st.integers(1, spec["timesteps"] - 1)) if spec["timesteps"] > 1 else st.just(set()))
        outputs, states = stepped(stepper, x, cuts)
        assert same(outputs, whole, exact_end)
        assert list(states) == list(end)
        assert all(same(states[name], end[name], exact) for name in end)


@settings(max_examples=8, phases=WITHOUT_SHRINKING)
@given(spec=ARCHITECTURES)
def test_a_row_alone_is_a_row_among_others(spec):
    model, x = built(spec), read(spec)
    stepper = StepModel(model)
    whole, _ = stepped(stepper, x, [])
    for row in range(len(x)):
        alone, _ = stepped(stepper, x[row : row + 1], range(1, x.shape[1]))
        assert same(alone[0], whole[row], exact=False)


def plain(stateful=False, batch_size=None, last=layers.LSTM, units=4):
    keras.utils.set_random_seed(3)
    inputs = keras.Input((None, FEATURES), batch_size=batch_size)
    first = layers.GRU(units, return_sequences=True, stateful=stateful)
    return keras.Sequential([inputs, first, last(units, stateful=stateful), layers.Dense(1)])


def test_many_steps_take_no_memory():
    process = pytest.importorskip("psutil").Process()  # it comes with Jupyter
    stepper, x = StepModel(plain()), np.ones((1, 1, FEATURES))
    states = stepper.initial_states(1)

    def grown(steps):
        nonlocal states
        before = process.memory_info().rss
        for _ in range(steps):
            _, states = stepper.step(x, states)
        return (process.memory_info().rss - before) / 2**20

    grown(1000)
    assert grown(100_000) < 20  # MB


@functools.cache
def stepping():
    """A StepModel that the tests share, as none of them changes it."""
    return StepModel(plain())


def some(batch_size=2, timesteps=5):
    return np.random.default_rng(4).normal(size=(batch_size, timesteps, FEATURES)).astype("float32")


def test_one_trace_serves_all_lengths_and_batch_sizes():
    stepper = StepModel(plain())
    for batch_size in (1, 2, 7):
        for timesteps in (1, 2, 9):
            stepper.step(some(batch_size, timesteps), stepper.initial_states(batch_size))
    assert stepper._run.traces == 1


def test_the_model_is_not_touched_and_its_weights_are_copied():
    model = plain(stateful=True, batch_size=2)
    model.predict_on_batch(some())
    before, stepper = get_states(model), StepModel(model)
    first, _ = stepper.step(some(), stepper.initial_states(2))
    stateful_copy(model).predict_on_batch(some(1))
    assert all(np.array_equal(before[name], values) for name, values in get_states(model).items())
    model.set_weights([0 * weights for weights in model.get_weights()])
    again, _ = stepper.step(some(), stepper.initial_states(2))
    assert np.array_equal(first, again)


def test_the_states_given_are_not_changed_and_those_returned_are_the_readers_own():
    stepper = StepModel(plain())
    given_states = {name: values + 0.5 for name, values in stepper.initial_states(2).items()}
    kept = {name: values.copy() for name, values in given_states.items()}
    _, after = stepper.step(some(), given_states)
    assert all(np.array_equal(given_states[name], kept[name]) for name in kept)
    untouched = {name: values.copy() for name, values in after.items()}
    after["gru/h"][:] = 9
    assert np.array_equal(after["lstm/h"], untouched["lstm/h"])


def test_states_are_interchangeable_with_those_of_a_stateful_model():
    model = plain(stateful=True, batch_size=2)
    model.predict_on_batch(some())
    y, states = StepModel(model).step(some(), get_states(model))
    assert np.array_equal(y, model.predict_on_batch(some()))
    set_states(model, states)


def test_held_outputs_start_from_the_state_that_comes_in():
    model = keras.Sequential(
        [keras.Input((None, FEATURES)), layers.Masking(MASKED), layers.LSTM(4, return_sequences=True)]
    )
    stepper = StepModel(model)
    _, states = stepper.step(some(), stepper.initial_states(2))
    y, after = stepper.step(np.zeros((2, 3, FEATURES)), states)
    assert all(np.array_equal(y[:, step], states["lstm/h"]) for step in range(3))
    assert all(np.array_equal(states[name], after[name]) for name in states)


@pytest.mark.filterwarnings("ignore:Layer 'inner':UserWarning")  # Keras says that the mask ends there
@pytest.mark.parametrize("kind", ["sequential", "functional"])
def test_a_mask_reaches_as_far_into_an_inner_model_as_in_keras(kind):
    inner_input = keras.Input((None, FEATURES))
    first = layers.GRU(3, return_sequences=True)
    inner = keras.Model(inner_input, first(inner_input), name="inner")
    if kind == "sequential":
        inner = keras.Sequential([inner_input, first], name="inner")
    x = keras.Input((None, FEATURES))
    model = keras.Model(x, layers.LSTM(2)(inner(layers.Masking(MASKED)(x))))
    masked = some(3)
    masked[0, :2] = masked[1, 2:4] = masked[2, 4:] = MASKED
    stepper = StepModel(model)
    for cuts in ([], [1, 3], [2]):
        assert np.array_equal(stepped(stepper, masked, cuts)[0], model.predict_on_batch(masked))


def test_outputs_keep_the_models_structure():
    x = keras.Input((7,))
    steps = layers.LSTM(3, return_sequences=True)(layers.Embedding(10, 4, mask_zero=True)(x))
    model = keras.Model(x, {"steps": steps, "both": [steps, layers.GRU(2)(steps)]})
    stepper, numbers = StepModel(model), np.random.default_rng(5).integers(0, 10, (2, 7))
    y, states = stepper.step(numbers[:, :3], stepper.initial_states(2))
    rest, _ = stepper.step(numbers[:, 3:], states)
    whole = model.predict_on_batch(numbers)
    assert np.array_equal(np.concatenate([y["steps"], rest["steps"]], axis=1), whole["steps"])
    assert np.array_equal(rest["both"][1], whole["both"][1])
    outputs = Streams(model).push({"a": numbers[0, :3], "b": numbers[1]})
    assert outputs["a"]["steps"].shape == (3, 3)
    assert np.allclose(outputs["b"]["both"][1], whole["both"][1][1], atol=1e-6)


@pytest.mark.parametrize("policy", ["float64", "mixed_float16", "mixed_bfloat16"])
def test_other_types_of_numbers(policy):
    inputs = keras.Input((None, FEATURES), dtype="float64" if policy == "float64" else None)
    options = {"dtype": policy, "return_sequences": True}
    model = keras.Sequential(
        [inputs, layers.LSTM(4, **options), layers.GRU(3, **options), layers.Dense(1, dtype=policy)]
    )
    stepper = StepModel(model)
    outputs, states = stepped(stepper, some(), [1, 2])
    assert outputs.dtype == model.predict_on_batch(some()).dtype
    assert np.array_equal(outputs, model.predict_on_batch(some()))
    assert {values.dtype for values in states.values()} == {np.dtype("float64" if policy == "float64" else "float32")}


def test_integers_and_lists_are_numbers_too():
    stepper = stepping()
    y, _ = stepper.step(np.ones((1, 2, FEATURES), "int8"), stepper.initial_states(1))
    again, _ = stepper.step([[[1, 1, 1], [1, 1, 1]]], stepper.initial_states(1))
    assert np.array_equal(y, again)


BAD_X = {
    "features": (np.zeros((2, 3, 4)), r"x: expected shape \(batch_size, timesteps, 3\), got shape \(2, 3, 4\)"),
    "rank": (np.zeros((2, 3)), r"x: expected shape \(batch_size, timesteps, 3\), got shape \(2, 3\)"),
    "text": ([[["a", "b", "c"]]], "x: expected real numbers, got values of type"),
    "booleans": (np.zeros((2, 3, 3), bool), "x: expected real numbers, got values of type bool"),
    "complex": (np.zeros((2, 3, 3), complex), "x: expected real numbers, got values of type complex128"),
    "ragged": ([[[1.0]], [[1.0], [2.0]]], "x: expected numbers, got a list"),
    "nan": (np.full((2, 3, 3), np.nan), "x: expected finite values .*, got 18 NaN or infinite"),
    "too large": (np.full((2, 1, 3), 1e300), "x: expected finite values .*, got 6 NaN or infinite"),
    "no step": (np.zeros((2, 0, 3)), "x: expected at least one row and one step"),
    "no row": (np.zeros((0, 2, 3)), "x: expected at least one row and one step"),
}


@pytest.mark.parametrize("name", BAD_X)
def test_bad_input_is_refused_before_anything_runs(name, monkeypatch):
    x, words = BAD_X[name]
    stepper = stepping()
    monkeypatch.setattr(stepper, "_run", _Unrunnable(stepper._run))
    with pytest.raises(ValueError, match=f"^{words}"):
        stepper.step(x, stepper.initial_states(2))


class _Unrunnable:
    """A function that must not be called."""

    def __init__(self, run):
        self.widths, self.dtypes, self.packed_dtype, self.unpacked = (
            run.widths,
            run.dtypes,
            run.packed_dtype,
            run.unpacked,
        )


BAD_STATES = {
    "another model's": (
        lambda states: {"lstm/h": 1},
        r"states: expected the keys \['gru/h'.*, got missing \['gru/h', 'lstm/c'\] and unknown \[\]",
    ),
    "one missing": (
        lambda states: {n: v for n, v in states.items() if n != "lstm/c"},
        r"states: expected the keys .*, got missing \['lstm/c'\]",
    ),
    "one too many": (lambda states: {**states, "more": 1}, r"states: expected the keys .* and unknown \['more'\]"),
    "a list": (lambda states: list(states.values()), "states: expected a dict .*, got list"),
    "other units": (
        lambda states: {**states, "lstm/c": np.zeros((2, 5))},
        r"states\['lstm/c'\]: expected shape \(2, 4\)",
    ),
    "other rows": (
        lambda states: {**states, "lstm/c": np.zeros((1, 4))},
        r"states\['lstm/c'\]: expected shape \(2, 4\)",
    ),
    "text": (lambda states: {**states, "gru/h": np.full((2, 4), "a")}, r"states\['gru/h'\]: expected real numbers"),
    "nan": (lambda states: {**states, "gru/h": np.full((2, 4), np.nan)}, r"states\['gru/h'\]: expected finite values"),
}


@pytest.mark.parametrize("name", BAD_STATES)
def test_bad_states_are_refused(name):
    change, words = BAD_STATES[name]
    stepper = stepping()
    with pytest.raises(ValueError, match=f"^{words}"):
        stepper.step(some(), change(stepper.initial_states(2)))


@pytest.mark.parametrize("batch_size", [0, -1, 1.5, True, "2"])
def test_bad_batch_sizes(batch_size):
    with pytest.raises(ValueError, match=r"^batch_size: expected a whole number of at least 1"):
        stepping().initial_states(batch_size)
    with pytest.raises(ValueError, match=r"^batch_size: expected a whole number of at least 1"):
        stateful_copy(plain(), batch_size)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([[1.0, 2.0]], "whole numbers, got values of type float64"),
        ([[0, 10]], "whole numbers from 0 to 9, got from 0 to 10"),
    ],
)
def test_an_embedding_reads_whole_numbers_that_it_knows(numbers, words):
    stepper = StepModel(keras.Sequential([keras.Input((7,)), layers.Embedding(10, 4), layers.LSTM(2)]))
    with pytest.raises(ValueError, match=f"^x: expected {words}"):
        stepper.step(np.array(numbers), stepper.initial_states(1))


def test_a_stateful_copy_carries_and_has_the_models_keys():
    model = plain(stateful=True, batch_size=5)
    twin = stateful_copy(model)
    assert list(get_states(twin)) == list(get_states(model))
    whole = twin.predict_on_batch(some(1))
    reset_states(twin)
    for step in range(5):
        last = twin.predict_on_batch(some(1)[:, step : step + 1])
    assert np.array_equal(last, whole)


def test_a_time_distributed_dense_is_right_for_any_length():
    inputs = keras.Input((5, FEATURES))
    model = keras.Sequential([inputs, layers.LSTM(4, return_sequences=True), layers.TimeDistributed(layers.Dense(2))])
    outputs, _ = stepped(StepModel(model), some(3), [2])
    assert np.array_equal(outputs, model.predict_on_batch(some(3)))


# --- Streams ----------------------------------------------------------------------------------------------------------


def alone(model, sequence):
    return StepModel(model).step(sequence[None], StepModel(model).initial_states(1))[0][0]


@settings(max_examples=10, phases=WITHOUT_SHRINKING)
@given(data=st.data())
def test_keys_that_join_leave_and_pause_answer_as_if_they_were_alone(data):
    model = plain(last=layers.SimpleRNN)
    streams, stepper = Streams(model), StepModel(model)
    states, rng = {}, np.random.default_rng(data.draw(st.integers(0, 99)))
    for _ in range(data.draw(st.integers(2, 6))):
        keys = data.draw(st.lists(st.sampled_from("abcdefghijkl"), unique=True))
        for key in data.draw(st.sets(st.sampled_from("abcdefghijkl"), max_size=2)) & states.keys():
            streams.close(key)
            del states[key]
        lengths = {key: data.draw(st.integers(1, 4)) for key in keys}
        size = {key: 1e4 if key == "a" else 1.0 for key in keys}  # "a" is a neighbour with extreme values
        chunks = {key: size[key] * rng.normal(size=(lengths[key], FEATURES)) for key in keys}
        outputs = streams.push(chunks)
        assert list(outputs) == keys
        for key, chunk in chunks.items():
            y, states[key] = stepper.step(chunk[None], states.get(key, stepper.initial_states(1)))
            assert np.allclose(outputs[key], y[0], rtol=1e-5, atol=1e-6)
        assert set(streams.keys()) == states.keys()
    for key, expected in states.items():
        assert all(np.allclose(values, expected[name][0], atol=1e-5) for name, values in streams.states(key).items())


def test_unequal_lengths_run_once_for_each_distinct_length():
    streams, calls = Streams(plain()), []
    run = streams._run
    streams._run = lambda x, packed: calls.append(x.shape) or run(x, packed)
    streams._run.joined, streams._run.unpacked, streams._run.widths = run.joined, run.unpacked, run.widths
    streams.push({"a": some()[0, :2], "b": some()[1], "c": some()[1, :2], "d": some()[0, :4]})
    assert calls == [(4, 2, FEATURES), (2, 2, FEATURES), (1, 1, FEATURES)]


def test_slots_of_closed_streams_are_used_again_and_start_from_zeros():
    streams = Streams(plain())
    streams.push({str(number): some()[0] for number in range(20)})
    capacity = len(streams._arrays["gru/h"])
    for round_ in range(30):
        for number in range(20):
            streams.close(str(number) if not round_ else f"{round_ - 1}/{number}")
        fresh = streams.push({f"{round_}/{number}": some()[0] for number in range(20)})
    assert len(streams._arrays["gru/h"]) == capacity
    assert np.allclose(fresh["29/3"], alone(plain(), some()[0]), atol=1e-6)


def test_reset_starts_a_stream_from_zeros():
    streams = Streams(plain())
    first = streams.push({"a": some()[0], "b": some()[1]})
    streams.reset("a")
    again = streams.push({"a": some()[0], "b": some()[1]})
    assert np.array_equal(first["a"], again["a"])
    assert not np.array_equal(first["b"], again["b"])


BAD_CHUNKS = {
    "features": ({"b": np.zeros((2, 4))}, r"chunks\['b'\]: expected shape \(timesteps, 3\), got shape \(2, 4\)"),
    "rank": ({"b": np.zeros((1, 2, 3))}, r"chunks\['b'\]: expected shape \(timesteps, 3\), got shape \(1, 2, 3\)"),
    "empty": ({"b": np.zeros((0, 3))}, r"chunks\['b'\]: expected at least one row and one step"),
    "nan": ({"b": np.full((2, 3), np.nan)}, r"chunks\['b'\]: expected finite values .* got 6 NaN"),
    "text": ({"b": [["a"] * 3]}, r"chunks\['b'\]: expected real numbers"),
    "booleans": ({"b": np.zeros((2, 3), bool)}, r"chunks\['b'\]: expected real numbers"),
    "number as key": ({3: np.zeros((2, 3))}, "chunks: expected keys of type str, got 3"),
}


@pytest.mark.parametrize("name", BAD_CHUNKS)
@pytest.mark.parametrize("length", [2, 5])
def test_a_bad_chunk_is_named_and_no_stream_has_moved(name, length):
    chunks, words = BAD_CHUNKS[name]
    streams = Streams(plain())
    streams.push({"a": some()[0]})
    before = streams.states("a")
    with pytest.raises(ValueError, match=f"^{words}"):
        streams.push({"a": some()[0, :length].astype("float64"), **chunks})
    assert streams.keys() == ["a"]
    assert all(np.array_equal(before[name], values) for name, values in streams.states("a").items())


def test_no_dict_and_nothing_to_push():
    streams = Streams(plain())
    assert streams.push({}) == {}
    with pytest.raises(ValueError, match=r"^chunks: expected a dict of chunks by key, got list"):
        streams.push([some()[0]])


@pytest.mark.parametrize("what", ["reset", "close", "states"])
@pytest.mark.parametrize("key", ["never", "closed", 3, None])
def test_unknown_and_closed_keys(what, key):
    streams = Streams(plain())
    streams.push({"closed": some()[0], "open": some()[1]})
    streams.close("closed")
    with pytest.raises(ValueError, match=r"^key: expected the key of an open stream, got"):
        getattr(streams, what)(key)
    assert streams.keys() == ["open"]


def test_a_state_that_is_not_finite_is_named_and_the_others_go_on():
    model = keras.Sequential([keras.Input((None, 1)), layers.SimpleRNN(1, activation="relu"), layers.Dense(1)])
    model.set_weights([np.ones((1, 1)), np.full((1, 1), 1e30), np.zeros(1), np.ones((1, 1)), np.zeros(1)])
    streams, chunk = Streams(model), np.ones((3, 1))
    with pytest.warns(RuntimeWarning, match=r"^stream 'a': its state is not finite any more"):
        outputs = streams.push({"a": chunk, "b": 0 * chunk})
    assert np.isinf(outputs["a"]).all()
    assert outputs["b"] == 0
    assert streams.not_finite == {"a"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        streams.push({"b": 0 * chunk})
        streams.reset("a")
        streams.push({"a": 0 * chunk})
    assert streams.not_finite == set()


def test_states_of_a_stream_are_copies():
    streams = Streams(plain())
    streams.push({"a": some()[0]})
    streams.states("a")["gru/h"][:] = 9
    assert not (streams.states("a")["gru/h"] == 9).any()
