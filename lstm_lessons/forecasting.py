"""Forecasts that read themselves: a model of the next step fed with its own predictions, in training and after it."""

from collections.abc import Iterator, Mapping

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from lstm_lessons.arguments import finite_numbers, real_numbers, refusal, whole_number
from lstm_lessons.batches import sliding_windows
from lstm_lessons.stepwise import graph_of
from lstm_lessons.streaming import StepModel
from lstm_lessons.twins import numpy_type

STEPS_AT_ONCE = 2**16  # a batch of horizon_rmse warms up on so many steps in all, so that memory stays bounded


@keras.saving.register_keras_serializable(package="lstm_lessons")
class RecursiveForecaster(keras.Model):
    """A next-step model, dense, LSTM, dense, that `fit` trains on its own predictions once the warm-up is over.

    It reads (batch_size, timesteps, features), any batch_size and timesteps, in any unit, and answers in the same shape
    with its prediction of the next step's values at each step. `units` is the width of the first dense layer and of the
    LSTM. `fit` and `evaluate` start each sample from zero states; its first `warmup` inputs are the true values, every
    later one is the prediction made a step before. The loss counts all outputs, and gradients go back through the whole
    sample, through the predictions that were read too. Samples of at most `warmup` steps are trained as in any model.
    `predict` and a plain call read true values only.

    The targets are the inputs one step later, in the same shape. After a change of `warmup`, compile anew.

    `save` keeps weights and optimizer, so that training goes on exactly where it was, but not what was set on single
    layers (`trainable`) nor a dtype policy. A new process has to run `from lstm_lessons import RecursiveForecaster`
    before `load_model`, which otherwise raises a TypeError; `import lstm_lessons` does not do. Keras's `clone_model`
    copies the layers alone, into a model that `fit` trains on true values; another of this kind is
    `RecursiveForecaster.from_config(model.get_config())`.

    Raises ValueError where units, features or warmup is no whole number of at least 1; raised by `fit` and `evaluate`,
    before any weight has changed: where x is not (batch_size, timesteps, features), or y not of the same shape. Where
    the number of steps is not known beforehand, a y of another length raises TensorFlow's InvalidArgumentError.
    Introduced in lesson 09.

    >>> model = RecursiveForecaster(units=8, features=2, warmup=5)
    >>> model.compile("adam", "mse")
    >>> X, Y = np.zeros((4, 20, 2)), np.zeros((4, 20, 2))  # Y[:, t] follows X[:, t]
    >>> history = model.fit(X, Y, verbose=0)

    Source: document E of the course (LSTM in Chainer: learning, validation, prediction), whose code feeds each input
    twice after the warm-up; here the model reads it once.
    """

    def __init__(self, units: int, features: int, warmup: int) -> None:
        units, features = whole_number("units", units, 1), whole_number("features", features, 1)
        warmup = whole_number("warmup", warmup, 1)
        inputs = keras.Input((None, features))
        hidden = layers.LSTM(units, return_sequences=True)(layers.Dense(units)(inputs))
        super().__init__(inputs=inputs, outputs=layers.Dense(features)(hidden))
        self.units, self.features, self.warmup = units, features, warmup

    def get_config(self) -> dict[str, int]:
        return {"units": self.units, "features": self.features, "warmup": self.warmup}

    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss, measures = self._measured(data, training=True)
            scaled = self.optimizer.scale_loss(loss)
        self.optimizer.apply(tape.gradient(scaled, self.trainable_weights), self.trainable_weights)
        return measures

    def test_step(self, data):
        return self._measured(data, training=False)[1]

    def _measured(self, data, training: bool) -> tuple:
        """The loss of a batch, and what Keras shows: its mean over the batches so far, and the metrics."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        self._require_shapes(x, y)
        if _shape(sample_weight).rank == 1:
            sample_weight = sample_weight[:, None]  # Keras would take one a sample for one a step
        outputs = self._recursive(tf.cast(x, self.compute_dtype))
        loss = self.compute_loss(x, y, outputs, sample_weight, training)
        self._loss_tracker.update_state(loss, sample_weight=tf.shape(x)[0])
        return loss, self.compute_metrics(x, y, outputs, sample_weight)

    def _recursive(self, x):
        """The outputs for x, each of whose steps after the warm-up is replaced by the output before it."""
        _, first, lstm, last = self.layers

        def one_step(before, now):
            (h, c, predicted), (true, step) = before, now
            h, states = lstm.cell(first(tf.where(step < self.warmup, true, predicted)), [h, c])
            return *states, last(h)

        by_step = tf.transpose(x, [1, 0, 2])
        start = (*lstm.cell.get_initial_state(tf.shape(x)[0]), tf.zeros_like(x[:, 0]))
        *_, outputs = tf.scan(one_step, (by_step, tf.range(tf.shape(x)[1])), start)
        return tf.transpose(outputs, [1, 0, 2])

    def _require_shapes(self, x, y) -> None:
        if _shape(x).rank != 3 or x.shape[-1] != self.features:
            raise refusal("x", f"shape (batch_size, timesteps, {self.features})", _what(x))
        if _shape(y).rank != 3 or not _shape(y).is_compatible_with(x.shape):
            raise refusal("y", f"the shape of x, {_shape(x)}", _what(y))
        tf.debugging.assert_equal(tf.shape(x), tf.shape(y), "y: expected the shape of x")


def forecast(
    model: keras.Model, history: np.ndarray, steps: int, states: Mapping[str, np.ndarray] | None = None
) -> np.ndarray:
    """The values that a next-step model predicts to follow a history, from its own predictions after the first.

    `model` is one that `StepModel` accepts and whose output, for each step or for the last only, has the features of
    its input: a RecursiveForecaster, or another. `history` is (time, features), in the unit of the training data. It is
    read from zero states, or from `states`, as `StepModel.step` takes and gives them for one row. Returns (steps,
    features), floats in the same unit. The model's own states stay as they are.

    Raises ValueError where the model's outputs cannot be its inputs, or it is one that StepModel refuses; where history
    is not two-dimensional, has another number of variables, is empty, or, without states, shorter than a
    RecursiveForecaster's warm-up; where history or states hold something else than finite real numbers; where states
    have other keys or shapes; where steps is below 1; and where a prediction is not finite. Introduced in lesson 09.

    >>> model = RecursiveForecaster(units=8, features=2, warmup=5)
    >>> forecast(model, np.zeros((5, 2)), steps=30).shape
    (30, 2)

    Source: document E of the course (LSTM in Chainer: learning, validation, prediction).
    """
    steps, stepper = whole_number("steps", steps, 1), _next_step_model(model)
    least = model.warmup if states is None and isinstance(model, RecursiveForecaster) else 1
    history = _checked_series("history", history, model, least, "" if least == 1 else ", the model's warmup")
    states = stepper.initial_states(1) if states is None else states
    return np.concatenate(list(_predictions(stepper, history[None], states, steps)))


def horizon_rmse(model: keras.Model, series: np.ndarray, warmup: int, horizon: int) -> np.ndarray:
    """How far recursive forecasts are off, step by step: the root of the mean square over all starts in a series.

    `model` is as in `forecast`; `series` is (time, features), in the unit of the training data. From each step at which
    both fit, the model reads `warmup` true values from zero states and then forecasts `horizon` steps. Returns float64,
    (horizon, features + 1), in the unit of the series: row k is the error of the forecast k + 1 steps ahead, row 0 that
    of the prediction made from true values only; a column for each variable, and in the last column the root of the
    mean square of all variables together, which is not the mean of their errors. Starts run in batches of bounded size.

    Raises ValueError as `forecast` does, naming `series`, and where the series is shorter than warmup + horizon, or
    warmup or horizon is below 1. Introduced in lesson 09.

    >>> model = RecursiveForecaster(units=8, features=2, warmup=5)
    >>> horizon_rmse(model, np.zeros((50, 2)), warmup=10, horizon=30).shape
    (30, 3)

    Source: document E of the course (LSTM in Chainer: learning, validation, prediction), whose text calls the last
    column the mean of the variables' errors.
    """
    warmup, horizon = whole_number("warmup", warmup, 1), whole_number("horizon", horizon, 1)
    stepper = _next_step_model(model)
    series = _checked_series("series", series, model, warmup + horizon, ", warmup + horizon").astype("float64")
    read, true = sliding_windows(series, warmup, horizon)
    squares, rows = np.zeros((horizon, series.shape[1])), max(1, STEPS_AT_ONCE // warmup)
    for start in range(0, len(read), rows):
        x, following = read[start : start + rows], true[start : start + rows]
        predictions = _predictions(stepper, x, stepper.initial_states(len(x)), horizon)
        for step, predicted in enumerate(predictions):
            squares[step] += np.square(predicted - following[:, step]).sum(axis=0)
    mean = squares / len(read)
    return np.sqrt(np.column_stack([mean, mean.mean(axis=1)]))


def _predictions(stepper: StepModel, x, states, steps: int) -> Iterator[np.ndarray]:
    """What a model predicts to follow x, then to follow that, and so on: (batch_size, features) each time."""
    for step in range(steps):
        outputs, states = stepper.step(x, states)
        (y,) = keras.tree.flatten(outputs)
        x = y[:, -1:] if y.ndim == 3 else y[:, None]
        if not np.isfinite(x).all():
            raise refusal("model", "finite predictions", f"NaN or infinity {step + 1} steps ahead")
        yield x[:, 0]


def _next_step_model(model) -> StepModel:
    """The model step by step; ValueError where its outputs cannot be its inputs."""
    stepper = StepModel(model)
    given, outputs = graph_of(model).inputs[0], graph_of(model).outputs
    shapes = [tuple(tensor.shape) for tensor in outputs]
    if len(shapes) > 1 or len(given.shape) < 3 or shapes[0][-1] != given.shape[-1] or "float" not in given.dtype:
        expected = "one output with the features of its input, and real numbers as input"
        raise refusal("model", expected, f"outputs {shapes} for an input {tuple(given.shape)} of {given.dtype}")
    return stepper


def _checked_series(argument: str, series, model, least: int, reason: str) -> np.ndarray:
    """A series as numbers, (time, features); ValueError where it is not what the model reads, or shorter than least."""
    given = graph_of(model).inputs[0]
    numbers = real_numbers(argument, "numbers", series)
    if numbers.ndim != 2 or numbers.shape[1] != given.shape[-1]:
        raise refusal(argument, f"shape (time, {given.shape[-1]})", f"shape {numbers.shape}")
    if len(numbers) < least:
        raise refusal(argument, f"at least {least} steps{reason}", len(numbers))
    finite_numbers(argument, numbers, numpy_type(given.dtype))
    return numbers


def _shape(data) -> tf.TensorShape:
    """The shape of a tensor or an array; an unknown one for what is neither."""
    return tf.TensorShape(getattr(data, "shape", None))


def _what(data) -> str:
    return f"shape {_shape(data)}" if hasattr(data, "shape") else f"a {type(data).__name__}"
