"""RecursiveForecaster, forecast, horizon_rmse: what a plain loop over the steps computes, in training and after it."""

import functools
import subprocess
import sys
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from keras import layers

from lstm_lessons import RecursiveForecaster, StepModel, forecast, forecasting, get_states, horizon_rmse, stateful_copy

UNITS, FEATURES, WARMUP = 4, 2, 3
ROWS, STEPS, BATCH = 12, 8, 4
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, STEPS, FEATURES)).astype("float32")
Y = RNG.normal(size=(ROWS, STEPS, FEATURES)).astype("float32")
SERIES = RNG.normal(size=(30, FEATURES)) * [0.5, 2]
WITHOUT_SHRINKING = [Phase.explicit, Phase.reuse, Phase.generate]
saves_weights = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras on NumPy 2.4


def build(warmup=WARMUP, learning_rate=0.1, optimizer=None, **compiled):
    """With weights large enough for the state, and for what is fed back, to matter."""
    keras.utils.set_random_seed(1)
    model = RecursiveForecaster(UNITS, FEATURES, warmup)
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(0, 1, weights.shape) for weights in model.get_weights()])
    model.compile(optimizer or keras.optimizers.SGD(learning_rate), "mse", **compiled)
    return model


@functools.cache
def shared():
    """A model that the tests share, as none of them trains it."""
    return build()


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_hand(weights, x, warmup, runs_a_step=1):
    """The outputs of a RecursiveForecaster with these weights, by NumPy in float64."""
    into, into_bias, kernel, recurrent, bias, out, out_bias = weights
    h = c = np.zeros((len(x), UNITS))
    y, outputs = None, []
    for step in range(x.shape[1]):
        recursive = step >= warmup
        for _ in range(runs_a_step if recursive else 1):
            z = ((y if recursive else x[:, step]) @ into + into_bias) @ kernel + h @ recurrent + bias
            i, f, g, o = np.split(z, 4, axis=1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            y = h @ out + out_bias
        outputs.append(y)
    return np.stack(outputs, axis=1)


def loss_by_hand(weights, warmup, **how):
    return np.square(by_hand(weights, X, warmup, **how) - Y).mean()


def gradient_by_hand(weights, warmup, step=1e-5):
    """The slope of that loss in each weight, by trying the loss a little above and below."""
    weights = [values.astype("float64") for values in weights]
    slopes = [np.zeros_like(values) for values in weights]
    for values, slope in zip(weights, slopes, strict=True):
        for index, value in np.ndenumerate(values):
            values[index] = value + step
            above = loss_by_hand(weights, warmup)
            values[index] = value - step
            slope[index] = (above - loss_by_hand(weights, warmup)) / (2 * step)
            values[index] = value
    return slopes


def all_close(some, others, tolerance=1e-6):
    for one, other in zip(some, others, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def all_equal(some, others):
    return all(np.array_equal(one, other) for one, other in zip(some, others, strict=True))


@pytest.mark.parametrize("warmup", [1, WARMUP, STEPS + 5])
def test_the_loss_and_the_update_are_those_of_a_loop(warmup):
    model = build(warmup, learning_rate=1.0, metrics=["mae"])
    before = model.get_weights()
    loss, mae = model.evaluate(X, Y, verbose=0)
    assert loss == pytest.approx(loss_by_hand(before, warmup), rel=1e-5)
    assert mae == pytest.approx(np.abs(by_hand(before, X, warmup) - Y).mean(), rel=1e-5)
    assert model.train_on_batch(X, Y)[0] == pytest.approx(loss, rel=1e-5)
    moved = [old - new for old, new in zip(before, model.get_weights(), strict=True)]
    all_close(moved, gradient_by_hand(before, warmup), 1e-4)


def test_each_input_is_read_once():
    weights = shared().get_weights()
    predicted = by_hand(weights, X, WARMUP)
    assert shared().evaluate(X, predicted, verbose=0) < 1e-10
    assert np.square(by_hand(weights, X, WARMUP, runs_a_step=2) - predicted).mean() > 1e-4
    assert np.square(by_hand(weights, X, STEPS) - predicted).mean() > 1e-4


def test_where_the_warmup_covers_all_steps_it_is_plain_training():
    model = build(STEPS)
    plain = keras.models.clone_model(keras.Model(model.inputs, model.outputs))
    plain.set_weights(model.get_weights())
    plain.compile(keras.optimizers.SGD(0.1), "mse")
    losses, expected = (
        one.fit(X, Y, batch_size=BATCH, epochs=3, shuffle=False, verbose=0).history["loss"] for one in (model, plain)
    )
    all_close(model.get_weights(), plain.get_weights())
    assert losses == pytest.approx(expected, rel=1e-5)


def test_predict_reads_true_values_only():
    model = shared()
    plain = keras.Model(model.inputs, model.outputs)
    assert np.array_equal(model.predict(X, verbose=0), plain.predict(X, verbose=0))
    all_close([model(X)], [by_hand(model.get_weights(), X, warmup=STEPS)], 1e-5)


class Batches(keras.utils.PyDataset):
    def __init__(self, pairs):
        super().__init__()
        self.pairs = pairs

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, index):
        return self.pairs[index]


def in_batches(lengths=(STEPS, STEPS, STEPS)):
    starts = range(0, ROWS, BATCH)
    return [
        (X[row : row + BATCH, :steps], Y[row : row + BATCH, :steps]) for row, steps in zip(starts, lengths, strict=True)
    ]


def of_unknown_length():
    signature = (tf.TensorSpec((None, None, FEATURES)), tf.TensorSpec((None, None, FEATURES)))
    return tf.data.Dataset.from_generator(in_batches, output_signature=signature)


FORMS = {
    "arrays": ({"x": X, "y": Y, "batch_size": BATCH}, {}),
    "several batches at once": (
        {"x": X.astype("float64"), "y": Y.astype("float64"), "batch_size": BATCH},
        {"steps_per_execution": 3},
    ),
    "tf.data": ({"x": tf.data.Dataset.from_tensor_slices((X, Y)).batch(BATCH)}, {}),
    "tf.data of unknown length": ({"x": of_unknown_length()}, {}),
}


def trained_by_loop(batches):
    model = build(run_eagerly=True)
    for x, y in batches:
        model.train_on_batch(x, y)
    return model.get_weights()


@functools.cache
def expected_of_all_forms():
    return trained_by_loop(in_batches())


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_of_data_train_the_same_weights(form):
    data, compiled = FORMS[form]
    model = build(**compiled)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*ran out of data")
        model.fit(**data, shuffle=False, verbose=0)
    all_close(model.get_weights(), expected_of_all_forms())


def test_batches_may_differ_in_length():
    batches, model = in_batches(lengths=(STEPS, 5, 2)), build()
    model.fit(Batches(batches), shuffle=False, verbose=0)
    all_close(model.get_weights(), trained_by_loop(batches))


WEIGHTS = np.arange(ROWS) / ROWS


@pytest.mark.parametrize("weights", [None, WEIGHTS, np.repeat(WEIGHTS[:, None], STEPS, axis=1)])
def test_the_loss_shown_is_the_mean_over_all_samples_each_with_its_weight(weights):
    model, rows = build(weighted_metrics=["mse"]), ROWS - 1  # the last batch is smaller
    errors = np.square(by_hand(model.get_weights(), X[:rows], WARMUP) - Y[:rows]).mean(axis=(1, 2))
    if weights is None:
        expected = [errors.mean()] * 2
    else:
        weighted, weights = WEIGHTS[:rows] * errors, weights[:rows]
        expected = [weighted.mean(), weighted.sum() / WEIGHTS[:rows].sum()]
    shown = model.evaluate(X[:rows], Y[:rows], sample_weight=weights, batch_size=BATCH, verbose=0)
    assert shown == pytest.approx(expected, rel=1e-5)


def test_one_weight_a_sample_is_never_taken_for_one_a_step():
    model, weights = build(), WEIGHTS[:STEPS]  # as many samples as steps
    errors = np.square(by_hand(model.get_weights(), X[:STEPS], WARMUP) - Y[:STEPS]).mean(axis=(1, 2))
    loss = model.train_on_batch(X[:STEPS], Y[:STEPS], sample_weight=weights)
    assert loss == pytest.approx((weights * errors).mean(), rel=1e-5)


def test_another_warmup_counts_after_compiling_anew():
    model = build()
    model.evaluate(X, Y, verbose=0)
    model.warmup = 1
    model.compile("adam", "mse")
    expected = loss_by_hand(model.get_weights(), warmup=1)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(expected, rel=1e-5)


def test_loss_scaling_of_mixed_precision_leaves_the_update_as_it_was():
    policy = keras.config.dtype_policy()
    exact = build(run_eagerly=True)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        mixed = build(run_eagerly=True)
        assert isinstance(mixed.optimizer, keras.optimizers.LossScaleOptimizer)
        predicted = forecast(mixed, X[0], steps=3)
    finally:
        keras.config.set_dtype_policy(policy)
    assert predicted.dtype == "float16"
    before = exact.get_weights()
    for model in (exact, mixed):
        model.train_on_batch(X, Y)
    steps = [
        np.concatenate([(new - old).ravel() for new, old in zip(model.get_weights(), before, strict=True)])
        for model in (exact, mixed)
    ]
    assert np.linalg.norm(steps[0] - steps[1]) < 0.05 * np.linalg.norm(steps[0])


@saves_weights
def test_callbacks_and_validation(tmp_path):
    path = tmp_path / "best.keras"
    model = build(learning_rate=0.5)
    callbacks = [
        keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True),
        keras.callbacks.ModelCheckpoint(path, save_best_only=True),
    ]
    losses = model.fit(X, Y, epochs=30, validation_data=(Y, X), callbacks=callbacks, verbose=0).history["val_loss"]
    assert 3 <= len(losses) < 30
    assert model.evaluate(Y, X, verbose=0) == pytest.approx(min(losses), rel=1e-5)
    assert keras.saving.load_model(path).evaluate(Y, X, verbose=0) == pytest.approx(min(losses), rel=1e-5)


def fitted(model, epochs):
    model.fit(X, Y, batch_size=BATCH, epochs=epochs, shuffle=False, verbose=0)
    return model


@pytest.fixture(scope="module")
def uninterrupted():
    return fitted(build(optimizer="adam"), epochs=4).get_weights()


@pytest.fixture(scope="module")
def half_way(tmp_path_factory):
    path = tmp_path_factory.mktemp("half way") / "model.keras"
    fitted(build(optimizer="adam"), epochs=2).save(path)
    return path


@saves_weights
def test_a_loaded_model_trains_on_exactly_where_it_was(half_way, uninterrupted):
    loaded = keras.saving.load_model(half_way)
    assert type(loaded) is RecursiveForecaster
    assert loaded.warmup == WARMUP
    assert all_equal(fitted(loaded, epochs=2).get_weights(), uninterrupted)


IN_A_NEW_PROCESS = """
import sys
import lstm_lessons, keras, numpy as np
model, data, weights = sys.argv[1:]
try:
    keras.saving.load_model(model)
except TypeError as error:
    print(str(error)[:45])
from lstm_lessons import RecursiveForecaster
loaded = keras.saving.load_model(model)
with np.load(data) as pairs:
    loaded.fit(pairs["x"], pairs["y"], batch_size=4, epochs=2, shuffle=False, verbose=0)
np.savez(weights, *loaded.get_weights())
"""


@saves_weights
def test_so_it_does_in_a_new_process_that_has_imported_its_class(half_way, uninterrupted, tmp_path):
    np.savez(tmp_path / "data.npz", x=X, y=Y)
    files = [half_way, tmp_path / "data.npz", tmp_path / "weights.npz"]
    run = subprocess.run([sys.executable, "-c", IN_A_NEW_PROCESS, *files], capture_output=True, text=True)
    assert run.stdout == "Could not locate class 'RecursiveForecaster'.\n", run.stderr
    with np.load(files[2]) as weights:
        assert all_equal(weights.values(), uninterrupted)


@saves_weights
def test_config_weights_and_clones(tmp_path):
    model, path = shared(), tmp_path / "model.weights.h5"
    assert model.get_config() == {"units": UNITS, "features": FEATURES, "warmup": WARMUP}
    another = RecursiveForecaster.from_config(model.get_config())
    model.save_weights(path)
    another.load_weights(path)
    another.compile("adam", "mse")
    assert another.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    clone = keras.models.clone_model(model)  # as Keras clones every functional model with a constructor of its own
    clone.set_weights(model.get_weights())
    assert clone.evaluate(X, Y, verbose=0) == pytest.approx(loss_by_hand(model.get_weights(), STEPS), rel=1e-5)


def test_it_streams_as_any_model():
    model, stepper = shared(), StepModel(shared())
    outputs, states = stepper.step(X[:1], stepper.initial_states(1))
    all_close([outputs], [model.predict(X[:1], verbose=0)])
    twin = stateful_copy(model)
    for step in range(STEPS):
        last = twin.predict_on_batch(X[:1, step : step + 1])
    all_close([last[:, 0]], [outputs[:, -1]])
    assert list(states) == list(get_states(twin)) == ["lstm/h", "lstm/c"]


@pytest.mark.parametrize("argument", ["units", "features", "warmup"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "4", True, None, np.nan])
def test_a_forecaster_is_made_of_whole_numbers(argument, value):
    with pytest.raises(ValueError, match=rf"^{argument}: expected a whole number of at least 1, got "):
        RecursiveForecaster(**{"units": 4, "features": 2, "warmup": 3, argument: value})


BAD_PAIRS = {
    "features": (X[..., :1], Y, r"x: expected shape \(batch_size, timesteps, 2\), got shape \(None, 8, 1\)"),
    "no steps": (X[:, 0], Y, r"x: expected shape \(batch_size, timesteps, 2\), got shape \(None, 2\)"),
    "two inputs": ([X, X], Y, r"x: expected shape \(batch_size, timesteps, 2\), got a tuple"),
    "one target": (X, Y[:, -1], r"y: expected the shape of x, \(None, 8, 2\), got shape \(None, 2\)"),
    "one step": (X, Y[:, -1:], r"y: expected the shape of x, \(None, 8, 2\), got shape \(None, 1, 2\)"),
    "one variable": (X, Y[..., :1], r"y: expected the shape of x, \(None, 8, 2\), got shape \(None, 8, 1\)"),
    "no targets": (X, None, r"y: expected the shape of x, \(None, 8, 2\), got a NoneType"),
}


@pytest.mark.parametrize("name", BAD_PAIRS)
@pytest.mark.parametrize("run", ["fit", "evaluate"])
def test_data_that_do_not_fit_are_refused_by_name(name, run):
    x, y, words = BAD_PAIRS[name]
    model = build()
    with pytest.raises(ValueError, match=f"^{words}"):
        getattr(model, run)(x, y, verbose=0)


def test_no_target_is_stretched_over_steps_whose_number_was_not_known():
    model = build()
    model.train_on_batch(X, Y)
    model.train_on_batch(X[:, :5], Y[:, :5])  # from now on TensorFlow takes any number of steps
    before = model.get_weights()
    with pytest.raises(tf.errors.InvalidArgumentError, match="y: expected the shape of x"):
        model.train_on_batch(X[:, :6], Y[:, :1])
    assert all_equal(model.get_weights(), before)


def recurrent(*stack, **inputs):
    """A next-step model of other layers, with weights large enough to matter."""
    model = keras.Sequential([keras.Input((None, FEATURES), **inputs), *stack])
    rng = np.random.default_rng(2)
    model.set_weights([rng.normal(0, 0.5, weights.shape) for weights in model.get_weights()])
    return model


MODELS = {
    "forecaster": shared,
    "last step only": lambda: recurrent(layers.GRU(4, return_sequences=True), layers.LSTM(3), layers.Dense(FEATURES)),
    "stateful": lambda: recurrent(layers.LSTM(FEATURES, stateful=True, return_sequences=True), batch_size=1),
    "output in a dict": lambda: keras.Model(shared().inputs, {"next": shared().outputs[0]}),
}


def forecast_by_predict(model, history, steps):
    """Each time the whole past is read anew, from zero states."""
    for _ in range(steps):
        for layer in model.layers:
            if getattr(layer, "stateful", False):
                layer.reset_state()
        (predicted,) = keras.tree.flatten(model.predict_on_batch(history[None]))
        history = np.concatenate([history, predicted.reshape(-1, FEATURES)[-1:]])
    return history[-steps:]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("steps", [1, 6])
def test_a_forecast_is_what_reading_the_whole_past_anew_predicts(name, steps):
    model = MODELS[name]()
    predicted = forecast(model, X[0], steps)
    assert predicted.shape == (steps, FEATURES)
    assert predicted.dtype == "float32"
    all_close([predicted], [forecast_by_predict(model, X[0], steps)], 1e-5)


@settings(max_examples=8, phases=WITHOUT_SHRINKING)
@given(cut=st.integers(1, len(SERIES) - 1), steps=st.integers(1, 20))
def test_from_the_middle_of_a_series_it_is_the_same_as_from_its_start(cut, steps):
    stepper, whole = from_the_start()
    _, states = stepper.step(SERIES[None, :cut], stepper.initial_states(1))
    all_close([forecast(shared(), SERIES[cut:], steps, states)], [whole[:steps]])


@functools.cache
def from_the_start():
    return StepModel(shared()), forecast(shared(), SERIES, steps=20)


def test_the_past_and_the_states_matter():
    stepper, whole = from_the_start()
    other = {name: values + 0.5 for name, values in stepper.initial_states(1).items()}
    for history, states in [(SERIES[-WARMUP:], None), (SERIES[-WARMUP:], other)]:
        assert not np.allclose(forecast(shared(), history, 5, states), whole[:5])


def test_what_is_given_stays_as_it_was():
    model = recurrent(layers.LSTM(FEATURES, stateful=True, return_sequences=True), batch_size=2)
    model.predict_on_batch(X[:2])
    held, history = get_states(model), X[0].copy()
    _, states = StepModel(model).step(history[None], StepModel(model).initial_states(1))
    kept = {name: values.copy() for name, values in states.items()}
    forecast(model, history, 3, states)
    horizon_rmse(model, SERIES, warmup=4, horizon=3)
    assert all_equal(get_states(model).values(), held.values())
    assert all_equal(states.values(), kept.values())
    assert np.array_equal(history, X[0])


def test_after_training_forecasts_are_those_of_the_new_weights():
    model = build()
    untrained, before = forecast(model, X[0], 3), horizon_rmse(model, SERIES, 4, 3)
    model.set_weights([weights / 2 for weights in model.get_weights()])
    all_close([forecast(model, X[0], 3)], [forecast_by_predict(model, X[0], 3)], 1e-5)
    assert not np.allclose(forecast(model, X[0], 3), untrained)
    assert not np.allclose(horizon_rmse(model, SERIES, 4, 3), before)


def rmse_by_hand(weights, series, warmup, horizon):
    """Start by start, in the loop that trains; the columns as `horizon_rmse` has them."""
    errors = []
    for start in range(len(series) - warmup - horizon + 1):
        stretch = series[start : start + warmup + horizon]
        predicted = by_hand(weights, stretch[None, :-1], warmup)[0, warmup - 1 :]
        errors.append(predicted - stretch[warmup:])
    squares = np.square(errors)
    pooled = np.sqrt(squares.reshape(len(squares), horizon, -1).mean(axis=(0, 2)))
    return np.column_stack([np.sqrt(squares.mean(axis=0)), pooled])


@settings(max_examples=8, phases=WITHOUT_SHRINKING)
@given(warmup=st.integers(1, 10), horizon=st.integers(1, 10), more=st.integers(0, 10))
def test_errors_by_horizon_are_those_of_a_loop_over_all_starts(warmup, horizon, more):
    series = SERIES[: warmup + horizon + more]
    errors = horizon_rmse(shared(), series, warmup, horizon)
    assert errors.shape == (horizon, FEATURES + 1)
    assert errors.dtype == "float64"
    all_close([errors], [rmse_by_hand(shared().get_weights(), series, warmup, horizon)], 1e-5)


def test_the_last_column_is_the_root_of_the_pooled_mean_square():
    errors = horizon_rmse(shared(), SERIES, warmup=4, horizon=5)
    by_variable, pooled = errors[:, :-1], errors[:, -1]
    all_close([pooled], [np.sqrt(np.square(by_variable).mean(axis=1))])
    assert (pooled > 1.01 * by_variable.mean(axis=1)).all()


def test_errors_are_counted_in_double_precision():
    silent = RecursiveForecaster(1, FEATURES, 1)
    silent.set_weights([0 * weights for weights in silent.get_weights()])
    expected = np.sqrt(np.square(SERIES[4:]).mean(axis=0))
    np.testing.assert_allclose(horizon_rmse(silent, SERIES, warmup=4, horizon=1)[0, :-1], expected, rtol=1e-14)


def test_a_long_series_is_read_in_batches_of_bounded_size(monkeypatch):
    expected, sizes = horizon_rmse(shared(), SERIES, warmup=4, horizon=5), []
    step = StepModel.step
    monkeypatch.setattr(
        StepModel, "step", lambda self, x, states: sizes.append(x[..., 0].size) or step(self, x, states)
    )
    monkeypatch.setattr(forecasting, "STEPS_AT_ONCE", 40)
    all_close([horizon_rmse(shared(), SERIES, warmup=4, horizon=5)], [expected])
    assert max(sizes) == 40
    assert sizes.count(40) == 2  # 22 starts: 10, 10, 2


def never(warmup=WARMUP):
    return np.zeros((warmup, FEATURES))


BAD_HISTORIES = {
    "one axis": (never()[:, 0], r"shape \(time, 2\), got shape \(3,\)"),
    "three axes": (never()[None], r"shape \(time, 2\), got shape \(1, 3, 2\)"),
    "variables": (np.zeros((5, 3)), r"shape \(time, 2\), got shape \(5, 3\)"),
    "NaN": (np.full((5, 2), np.nan), r"finite values \(as float32\), got 10 NaN or infinite"),
    "too large for the model": (np.full((5, 2), 1e300), r"finite values \(as float32\), got 10 NaN or infinite"),
    "text": ([["a", "b"]] * 5, r"real numbers, got values of type <U1"),
    "booleans": (np.ones((5, 2), bool), r"real numbers, got values of type bool"),
    "ragged": ([[1], [1, 2]], r"numbers, got a list, which is none"),
    "too short": (never(2), r"at least 3 steps, (the model's warmup|warmup \+ horizon), got 2"),
    "empty": (never(0), r"at least 3 steps, (the model's warmup|warmup \+ horizon), got 0"),
}


@pytest.mark.parametrize("name", BAD_HISTORIES)
def test_a_bad_history_or_series_is_named(name):
    values, words = BAD_HISTORIES[name]
    with pytest.raises(ValueError, match=f"^history: expected {words}"):
        forecast(shared(), values, steps=2)
    with pytest.raises(ValueError, match=f"^series: expected {words}"):
        horizon_rmse(shared(), values, warmup=1, horizon=2)


def test_an_empty_history_continues_nothing():
    states = StepModel(shared()).initial_states(1)
    with pytest.raises(ValueError, match=r"^history: expected at least 1 steps, got 0"):
        forecast(shared(), never(0), 2, states)
    with pytest.raises(ValueError, match=r"^history: expected at least 1 steps, got 0"):
        forecast(MODELS["last step only"](), never(0), 2)
    assert len(forecast(shared(), never(1), 2, states)) == 2


@pytest.mark.parametrize("value", [0, -1, 1.5, "4", True, None])
def test_numbers_of_steps_are_whole_numbers(value):
    whole = "expected a whole number of at least 1, got"
    with pytest.raises(ValueError, match=f"^steps: {whole}"):
        forecast(shared(), X[0], value)
    with pytest.raises(ValueError, match=f"^warmup: {whole}"):
        horizon_rmse(shared(), SERIES, value, 3)
    with pytest.raises(ValueError, match=f"^horizon: {whole}"):
        horizon_rmse(shared(), SERIES, 3, value)


BAD_STATES = {
    "keys": ({"lstm/h": np.zeros((1, UNITS))}, r"states: expected the keys .* got missing \['lstm/c'\]"),
    "rows": ({"lstm/h": np.zeros((2, UNITS)), "lstm/c": np.zeros((2, UNITS))}, r"states\['lstm/h'\]: expected shape"),
    "no dict": (np.zeros((1, UNITS)), "states: expected a dict"),
}


@pytest.mark.parametrize("name", BAD_STATES)
def test_bad_states_are_named(name):
    states, words = BAD_STATES[name]
    with pytest.raises(ValueError, match=f"^{words}"):
        forecast(shared(), X[0], 2, states)


def two_outputs():
    hidden = layers.LSTM(FEATURES, return_sequences=True)(shared().inputs[0])
    return keras.Model(shared().inputs, [hidden, layers.Dense(FEATURES)(hidden)])


def of_whole_numbers(*shape):
    inputs = keras.Input(shape, dtype="int32")
    read = layers.Embedding(5, 3)(inputs) if len(shape) == 1 else layers.Rescaling(1.0)(inputs)
    return keras.Model(inputs, layers.LSTM(FEATURES, return_sequences=True)(read))


CAN_BE_INPUTS = "model: expected one output with the features of its input, and real numbers as input, got outputs"
BAD_MODELS = {
    "two outputs": (two_outputs, rf"{CAN_BE_INPUTS} \[\(None, None, 2\), \(None, None, 2\)\] for"),
    "fewer": (lambda: recurrent(layers.LSTM(1)), rf"{CAN_BE_INPUTS} \[\(None, 1\)\] for an input \(None, None, 2\)"),
    "embedding": (
        lambda: of_whole_numbers(None),
        rf"{CAN_BE_INPUTS} \[\(None, None, 2\)\] for an input \(None, None\)",
    ),
    "whole numbers": (lambda: of_whole_numbers(None, FEATURES), rf"{CAN_BE_INPUTS} .* of int32"),
    "flatten": (
        lambda: recurrent(layers.LSTM(2), layers.Flatten()),
        "model: expected layers that treat each step alone",
    ),
    "no model": (lambda: None, "model: expected a keras.Model, got NoneType"),
}


@pytest.mark.parametrize("name", BAD_MODELS)
def test_a_model_whose_outputs_cannot_be_its_inputs_is_refused(name):
    build_it, words = BAD_MODELS[name]
    model = build_it()
    with pytest.raises(ValueError, match=f"^{words}"):
        forecast(model, X[0], 2)
    with pytest.raises(ValueError, match=f"^{words}"):
        horizon_rmse(model, SERIES, 2, 2)


def test_a_prediction_that_is_not_finite_is_the_models_fault():
    model = keras.Sequential([keras.Input((None, 1)), layers.SimpleRNN(1, activation="relu")])
    model.set_weights([np.full((1, 1), 1e30), np.zeros((1, 1)), np.zeros(1)])
    assert forecast(model, [[1]], steps=1) == np.float32(1e30)
    with pytest.raises(ValueError, match=r"^model: expected finite predictions, got NaN or infinity 2 steps ahead"):
        forecast(model, [[1]], steps=3)
