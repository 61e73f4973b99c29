"""ResetStates: what each batch of a fit, an evaluation or a validation starts from, whatever the data come as."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from lstm_lessons import ResetStates, get_states, reset_states, set_states

ROWS, STEPS, FEATURES = 2, 4, 3
N_BATCHES, N_VALIDATION = 5, 3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_BATCHES * ROWS, STEPS, FEATURES)).astype("float32")
Y = RNG.normal(size=(N_BATCHES * ROWS, 1)).astype("float32")
X_VALIDATION = RNG.normal(size=(N_VALIDATION * ROWS, STEPS, FEATURES)).astype("float32")
Y_VALIDATION = RNG.normal(size=(N_VALIDATION * ROWS, 1)).astype("float32")
EVERY = [None, 1, 2, 5]


def build(learning_rate=0.1, **compiled):
    """Nested, stacked, of two kinds."""
    keras.utils.set_random_seed(1)
    inner = keras.Sequential([keras.Input((STEPS, 5), batch_size=ROWS), layers.GRU(4, stateful=True)])
    lstm = layers.LSTM(5, stateful=True, return_sequences=True)
    model = keras.Sequential([keras.Input((STEPS, FEATURES), batch_size=ROWS), lstm, inner, layers.Dense(1)])
    model.compile(keras.optimizers.SGD(learning_rate), "mse", **compiled)
    return model


def copied(model):
    twin = build()
    twin.set_weights(model.get_weights())
    return twin


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return N_BATCHES

    def __getitem__(self, index):
        rows = slice(index * ROWS, (index + 1) * ROWS)
        return X[rows], Y[rows]


def as_pairs(x, y):
    for first in range(0, len(x), ROWS):
        yield x[first : first + ROWS], y[first : first + ROWS]


def endless(x, y):
    while True:
        yield from as_pairs(x, y)


def of_unknown_length(x, y):
    signature = (tf.TensorSpec((ROWS, STEPS, FEATURES)), tf.TensorSpec((ROWS, 1)))
    return tf.data.Dataset.from_generator(lambda: as_pairs(x, y), output_signature=signature)


def dataset(x, y):
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(ROWS)


FORMS = {
    "arrays": lambda: {"x": X, "y": Y, "batch_size": ROWS, "validation_data": (X_VALIDATION, Y_VALIDATION)},
    "tf.data": lambda: {"x": dataset(X, Y), "validation_data": dataset(X_VALIDATION, Y_VALIDATION)},
    "tf.data of unknown length": lambda: {
        "x": of_unknown_length(X, Y),
        "validation_data": of_unknown_length(X_VALIDATION, Y_VALIDATION),
    },
    "generators": lambda: {
        "x": endless(X, Y),
        "steps_per_epoch": N_BATCHES,
        "validation_data": endless(X_VALIDATION, Y_VALIDATION),
        "validation_steps": N_VALIDATION,
    },
    "PyDataset": lambda: {"x": Batches(), "validation_data": (X_VALIDATION, Y_VALIDATION), "validation_batch_size": 2},
}


class Witness(keras.callbacks.Callback):
    """Writes down, for each batch that was really run, the states before and after it and the weights before it."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def begin(self, batch, logs=None):
        self.before = get_states(self.model), self.model.get_weights()

    def end(self, kind, batch):
        states, weights = self.before
        self.seen.append((kind, batch, states, weights, get_states(self.model)))

    on_train_batch_begin = on_test_batch_begin = begin

    def on_train_batch_end(self, batch, logs=None):
        self.end("train", batch)

    def on_test_batch_end(self, batch, logs=None):
        self.end("validation", batch)

    def of(self, kind):
        return [(batch, before, after) for which, batch, before, _, after in self.seen if which == kind]


def fitted(form="arrays", every=None):
    model, witness = build(), Witness()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(ran out of data|shuffle=True).*")
        model.fit(**FORMS[form](), epochs=2, shuffle=False, verbose=0, callbacks=[ResetStates(every), witness])
    return model, witness


def loss_by_hand(model, every):
    losses = []
    for batch, (x, y) in enumerate(as_pairs(X_VALIDATION, Y_VALIDATION)):
        if starts(batch, every):
            reset_states(model)
        losses.append(np.square(model.predict_on_batch(x) - y).mean())
    return np.mean(losses)


def equal(states, others):
    return states.keys() == others.keys() and all(np.array_equal(states[key], others[key]) for key in states)


def zeros(states):
    return not any(values.any() for values in states.values())


def starts(batch, every):
    return batch == 0 or (every is not None and batch % every == 0)


@pytest.mark.parametrize(
    ("form", "every"), [*(("arrays", every) for every in EVERY), *((form, 2) for form in FORMS if form != "arrays")]
)
def test_every_batch_starts_where_it_should_and_validation_leaves_no_trace(form, every):
    model, witness = fitted(form, every)
    for kind, n_batches in {"train": N_BATCHES, "validation": N_VALIDATION}.items():
        seen = witness.of(kind)
        assert [batch for batch, _, _ in seen] == list(range(n_batches)) * 2
        for (batch, before, _), (_, _, after_the_last) in zip(seen, [(None, None, {}), *seen], strict=False):
            assert zeros(before) if starts(batch, every) else equal(before, after_the_last)
    assert equal(get_states(model), witness.of("train")[-1][2])


@pytest.mark.parametrize("every", [None, 2])
def test_all_forms_of_data_train_the_same_weights_as_a_loop(every):
    by_hand = build()
    for _ in range(2):
        for batch, (x, y) in enumerate(as_pairs(X, Y)):
            if starts(batch, every):
                reset_states(by_hand)
            by_hand.train_on_batch(x, y)
    for form in FORMS:
        model, _ = fitted(form, every)
        for weights, expected in zip(model.get_weights(), by_hand.get_weights(), strict=True):
            np.testing.assert_allclose(weights, expected, atol=1e-6)


@pytest.mark.parametrize("every", EVERY)
def test_validation_measures_what_a_loop_from_zeros_measures(every):
    model, _ = fitted(every=every)
    last = model.history.history["val_loss"][-1]
    assert last == pytest.approx(loss_by_hand(copied(model), every), rel=1e-5)


class ValidateInMidEpoch(keras.callbacks.Callback):
    """Evaluates, at the start or at the end of a batch, with a ResetStates of its own or the one of the fit."""

    def __init__(self, batch, at_start, reset):
        super().__init__()
        self.batch, self.at_start, self.reset, self.losses, self.expected = batch, at_start, reset, [], []

    def validate(self):
        pair = (X_VALIDATION, Y_VALIDATION)
        self.losses.append(self.model.evaluate(*pair, batch_size=ROWS, verbose=0, callbacks=[self.reset]))
        self.expected.append(loss_by_hand(copied(self.model), self.reset.every))

    def on_train_batch_begin(self, batch, logs=None):
        if self.at_start and batch == self.batch:
            self.validate()

    def on_train_batch_end(self, batch, logs=None):
        if not self.at_start and batch == self.batch:
            self.validate()


@pytest.mark.parametrize(
    ("batch", "at_start", "shared", "every"),
    [(1, False, True, None), (3, False, True, 2), (2, True, True, 2), (1, False, False, 2), (4, False, True, 2)],
)
def test_training_goes_on_from_its_own_states_after_a_validation_in_mid_epoch(batch, at_start, shared, every):
    undisturbed, _ = fitted(every=every)
    model, reset = build(), ResetStates(every)
    in_between = ValidateInMidEpoch(batch, at_start, reset if shared else ResetStates(every))
    callbacks = [reset, in_between]
    model.fit(X, Y, batch_size=ROWS, epochs=2, shuffle=False, verbose=0, callbacks=callbacks)
    assert len(in_between.losses) == 2
    assert in_between.losses[0] == pytest.approx(in_between.expected[0], rel=1e-5)
    assert equal(get_states(model), get_states(undisturbed))
    for weights, expected in zip(model.get_weights(), undisturbed.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, expected)


def test_without_it_validation_leaks_so_these_tests_can_fail():
    witness = Witness()
    model = build()
    model.fit(**FORMS["arrays"](), epochs=2, shuffle=False, verbose=0, callbacks=[witness])
    first_epoch, second_epoch = witness.of("train")[:N_BATCHES], witness.of("train")[N_BATCHES:]
    validation = witness.of("validation")[:N_VALIDATION]
    assert equal(validation[0][1], first_epoch[-1][2])
    assert equal(second_epoch[0][1], validation[-1][2])


def test_evaluate_alone_starts_from_zeros_and_gives_the_states_back():
    model = build()
    model.predict_on_batch(X[:ROWS])
    before = get_states(model)
    pair = {"x": X, "y": Y, "batch_size": ROWS, "verbose": 0}
    first, again = (model.evaluate(**pair, callbacks=[ResetStates()]) for _ in range(2))
    assert first == again
    assert equal(get_states(model), before)
    assert model.evaluate(**pair) != first


@pytest.mark.parametrize("every", EVERY)
def test_predict_starts_from_zeros_where_sequences_start_and_gives_the_states_back(every):
    model = build()
    model.predict_on_batch(X[:ROWS])
    before, twin, expected = get_states(model), copied(model), []
    answers = model.predict(X, batch_size=ROWS, verbose=0, callbacks=[ResetStates(every)])
    for batch, (x, _) in enumerate(as_pairs(X, Y)):
        if starts(batch, every):
            reset_states(twin)
        expected.append(twin.predict_on_batch(x))
    np.testing.assert_allclose(answers, np.concatenate(expected), atol=1e-6)
    assert equal(get_states(model), before)


def test_nan_in_the_states_of_training_comes_back_from_a_validation_as_it_was():
    model = build()
    model.predict_on_batch(np.full((ROWS, STEPS, FEATURES), np.nan, "float32"))
    model.evaluate(X, Y, batch_size=ROWS, verbose=0, callbacks=[ResetStates()])
    assert all(np.isnan(values).all() for values in get_states(model).values())


def test_one_callback_serves_two_fits_and_each_starts_its_count_anew():
    reset, model, witness = ResetStates(every=3), build(), Witness()
    for _ in range(2):
        callbacks = [reset, witness]
        model.fit(X, Y, batch_size=ROWS, epochs=2, shuffle=False, verbose=0, callbacks=callbacks)
    assert [zeros(before) for _, before, _ in witness.of("train")] == [True, False, False, True, False] * 4


class BreakOff(keras.callbacks.Callback):
    """Raises at a batch of training or of validation."""

    def __init__(self, kind, batch):
        super().__init__()
        self.kind, self.batch = kind, batch

    def on_train_batch_begin(self, batch, logs=None):
        if (self.kind, self.batch) == ("train", batch):
            raise RuntimeError("broken off")

    def on_test_batch_begin(self, batch, logs=None):
        if (self.kind, self.batch) == ("validation", batch):
            raise RuntimeError("broken off")


@pytest.mark.parametrize("kind", ["train", "validation"])
def test_after_a_fit_that_broke_off_the_next_one_starts_afresh(kind):
    reset, model = ResetStates(every=2), build()
    with pytest.raises(RuntimeError, match="broken off"):
        model.fit(**FORMS["arrays"](), verbose=0, shuffle=False, callbacks=[reset, BreakOff(kind, 2)])
    twin, witness, expected = copied(model), Witness(), Witness()
    for network, its_reset, its_witness in ((model, reset, witness), (twin, ResetStates(every=2), expected)):
        callbacks = [its_reset, its_witness]
        network.fit(X, Y, batch_size=ROWS, epochs=2, shuffle=False, verbose=0, callbacks=callbacks)
    for (_, before, after), (_, its_before, its_after) in zip(witness.of("train"), expected.of("train"), strict=True):
        assert equal(before, its_before)
        assert equal(after, its_after)


class EvaluateInVain(keras.callbacks.Callback):
    """In mid-epoch, an evaluation that breaks off; the error is caught."""

    def __init__(self, reset):
        super().__init__()
        self.reset = reset

    def on_train_batch_end(self, batch, logs=None):
        if batch == 2:
            callbacks = [self.reset, BreakOff("validation", 1)]
            with pytest.raises(RuntimeError, match="broken off"):
                self.model.evaluate(X_VALIDATION, Y_VALIDATION, batch_size=ROWS, verbose=0, callbacks=callbacks)


def test_training_goes_on_from_its_own_states_after_an_evaluation_that_broke_off():
    undisturbed, _ = fitted(every=2)
    model, reset = build(), ResetStates(every=2)
    callbacks = [reset, EvaluateInVain(reset)]
    model.fit(X, Y, batch_size=ROWS, epochs=2, shuffle=False, verbose=0, callbacks=callbacks)
    assert equal(get_states(model), get_states(undisturbed))


class EvaluateWithin(keras.callbacks.Callback):
    """During each validation, another evaluation with the same ResetStates."""

    def __init__(self, reset):
        super().__init__()
        self.reset, self.inside = reset, False

    def on_test_batch_end(self, batch, logs=None):
        if batch == 1 and not self.inside:
            self.inside = True
            self.model.evaluate(X, Y, batch_size=ROWS, verbose=0, callbacks=[self.reset])
            self.inside = False


def test_an_evaluation_within_a_validation_gives_both_their_states_back():
    undisturbed, expected = fitted(every=2)
    model, reset, witness = build(), ResetStates(every=2), Witness()
    callbacks = [reset, witness, EvaluateWithin(reset)]
    model.fit(**FORMS["arrays"](), epochs=2, shuffle=False, verbose=0, callbacks=callbacks)
    assert equal(get_states(model), get_states(undisturbed))
    for (_, before, _), (_, its_before, _) in zip(witness.of("validation"), expected.of("validation"), strict=True):
        assert equal(before, its_before)


class EvaluateAnother(keras.callbacks.Callback):
    """At each third batch another model is evaluated with the same ResetStates."""

    def __init__(self, other, reset):
        super().__init__()
        self.other, self.reset = other, reset

    def on_train_batch_end(self, batch, logs=None):
        if batch == 2:
            self.other.evaluate(X, Y, batch_size=ROWS, verbose=0, callbacks=[self.reset])


def test_evaluating_another_model_with_the_same_callback_does_not_end_the_resets():
    undisturbed, _ = fitted(every=2)
    model, other, reset = build(), build(), ResetStates(every=2)
    other.predict_on_batch(X[:ROWS])
    others_states = get_states(other)
    callbacks = [reset, EvaluateAnother(other, reset)]
    model.fit(X, Y, batch_size=ROWS, epochs=2, shuffle=False, verbose=0, callbacks=callbacks)
    assert equal(get_states(model), get_states(undisturbed))
    assert equal(get_states(other), others_states)


def test_every_epoch_starts_from_zeros_wherever_the_numbering_starts():
    reset, model, witness = ResetStates(), build(), Witness()
    options = {"batch_size": ROWS, "shuffle": False, "verbose": 0, "callbacks": [reset, witness]}
    for epochs in ({"epochs": 4}, {"initial_epoch": 2, "epochs": 4}, {"epochs": 1}, {"epochs": 1}):
        model.fit(X, Y, **epochs, **options)
    assert [zeros(before) for _, before, _ in witness.of("train")] == ([True] + [False] * 4) * 8


def test_states_that_another_callback_sets_for_an_epoch_are_kept():
    start = {key: np.ones_like(values) for key, values in get_states(build()).items()}
    model, witness = build(), Witness()
    setting = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: set_states(model, start))
    callbacks = [ResetStates(every=2), setting, witness]
    model.fit(X, Y, batch_size=ROWS, epochs=2, shuffle=False, verbose=0, callbacks=callbacks)
    assert all(equal(before, start) for batch, before, _ in witness.of("train") if batch == 0)


@pytest.mark.parametrize("every", [0, -1, 1.5, 2.0, "2", True, [2], float("nan")])
def test_every_that_is_no_number_of_batches_is_refused(every):
    with pytest.raises(ValueError, match=r"^every: expected a whole number of at least 1, got "):
        ResetStates(every)


def test_every_may_be_a_numpy_integer():
    assert ResetStates(every=np.int64(3)).every == 3


@pytest.mark.parametrize(("every", "at_once"), [(1, 2), (3, 2), (2, 4), (5, 3)])
@pytest.mark.parametrize("call", ["fit", "evaluate"])
def test_steps_per_execution_that_hides_a_batch_is_refused_before_any_state_moves(every, at_once, call):
    model = build(steps_per_execution=at_once)
    states = {key: np.ones_like(values) for key, values in get_states(model).items()}
    set_states(model, states)
    expected = rf"^every: expected a multiple of compile's steps_per_execution, {at_once}, .*, got {every}$"
    with pytest.raises(ValueError, match=expected):
        getattr(model, call)(X, Y, batch_size=ROWS, verbose=0, callbacks=[ResetStates(every)])
    assert equal(get_states(model), states)


@pytest.mark.parametrize("every", [None, 2, 4])
def test_steps_per_execution_that_hides_no_reset_trains_the_same(every):
    plain, _ = fitted(every=every)
    model = build(steps_per_execution=2)
    model.fit(**FORMS["arrays"](), epochs=2, shuffle=False, verbose=0, callbacks=[ResetStates(every)])
    for weights, expected in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(weights, expected, atol=1e-6)
    assert model.history.history["val_loss"] == pytest.approx(plain.history.history["val_loss"], rel=1e-5)


@pytest.mark.parametrize("call", ["fit", "evaluate"])
@pytest.mark.parametrize("every", [None, 2])
def test_a_model_without_stateful_layers_is_refused(call, every):
    model = keras.Sequential([keras.Input((STEPS, FEATURES)), layers.LSTM(3), layers.Dense(1)])
    model.compile("sgd", "mse")
    weights = model.get_weights()
    with pytest.raises(ValueError, match=r"^model: expected a model with stateful layers .*, which has none$"):
        getattr(model, call)(X, Y, batch_size=ROWS, verbose=0, callbacks=[ResetStates(every)])
    assert all(np.array_equal(now, before) for now, before in zip(model.get_weights(), weights, strict=True))


def test_a_model_that_was_never_called_is_refused_until_it_has_states():
    class Unbuilt(keras.Model):
        def __init__(self):
            super().__init__()
            self.lstm, self.dense = layers.LSTM(3, stateful=True), layers.Dense(1)

        def call(self, x):
            return self.dense(self.lstm(x))

    model, witness = Unbuilt(), Witness()
    model.compile("sgd", "mse")
    options = {"batch_size": ROWS, "epochs": 2, "shuffle": False, "verbose": 0, "callbacks": [ResetStates(), witness]}
    with pytest.raises(ValueError, match=r"^model: expected a model whose states exist: .* call it once"):
        model.fit(X, Y, **options)
    model(X[:ROWS])
    model.fit(X, Y, **options)
    assert [zeros(before) for _, before, _ in witness.of("train")] == ([True] + [False] * 4) * 2
