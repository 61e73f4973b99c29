"""check() tells right from wrong, answers each usual mistake with its own hint, and never raises over an answer."""

from fractions import Fraction

import keras
import numpy as np
import pytest

from lstm_lessons import check, exercises, get_states, reset_states, set_states
from lstm_lessons.exercises import (
    lesson_00,
    lesson_01,
    lesson_02,
    lesson_03,
    lesson_04,
    lesson_05,
    lesson_06,
    lesson_07,
    lesson_08,
    lesson_09,
)

ONE_NAN = "states['lstm/c']: expected finite values (as float32), got 1 NaN or infinite"


@pytest.fixture
def heard(monkeypatch):
    """What check() showed, as a list of English texts."""
    shown = []
    monkeypatch.setattr(exercises, "display", lambda said: shown.append(said.texts["en"]))
    return shown


def feedback(exercise, answer):
    return exercises._find(exercise)(answer)


def counter(input_gate=20.0, forget_gate=20.0, candidate=0.0, for_one=2.0, recurrent=0.0):
    """Weights of an LSTM(1) that, unless changed, counts ones."""
    recurrent_kernel = np.array([[0.0, recurrent, 0.0, 0.0]])
    bias = np.array([input_gate, forget_gate, candidate, 20.0])
    return [np.array([[0.0, 0.0, for_one, 0.0]]), recurrent_kernel, bias]


def gru_step_that_spoils_its_arguments(x, h, kernel, recurrent_kernel, bias):
    answer = gru_step(x, h, kernel, recurrent_kernel, bias)
    h[:], kernel[:] = 0, 0
    return answer


def gru_step(x, h, kernel, recurrent_kernel, bias):
    return lesson_01._with_mistake("none")(x, h, kernel, recurrent_kernel, bias)


def old_function(model, sequence, reset=lambda layer: True):
    """Exercise 00-2's function, which resets the layers that `reset` picks."""
    output = read_without_reset(model, sequence, 5)
    for layer in model.layers:
        if hasattr(layer, "reset_state") and reset(layer):
            layer.reset_state()
    return output


def old_function_as_found(model, sequence):
    model.reset_states()


def old_function_resetting_all_layers(model, sequence):
    for layer in model.layers:
        layer.reset_state()


def old_function_resetting_h(model, sequence):
    output = read_without_reset(model, sequence, 5)
    for layer in (model.layers[0], model.layers[2]):
        layer.states[0].assign(np.zeros((1, 4)))
    return output


def old_function_putting_other_states(model, sequence):
    output = read_without_reset(model, sequence, 5)
    for layer in (model.layers[0], model.layers[2]):
        layer.states = [np.zeros((1, 4), "float32") for _ in layer.states]
    return output


def old_function_resetting_before(model, sequence):
    reset_states(model)
    return read_without_reset(model, sequence, 5)


def old_function_by_the_package(model, sequence):
    output = read_without_reset(model, sequence, 5)
    reset_states(model)
    return output


def read_without_reset(model, X, steps):
    for start in range(0, X.shape[1], steps):
        answer = model.predict_on_batch(X[:, start : start + steps])
    return answer


def read_from_zeros(model, X, steps):
    model.layers[0].reset_state()
    return read_without_reset(model, X, steps)


def reset_only_afterwards(model, X, steps):
    answer = read_without_reset(model, X, steps)
    model.layers[0].reset_state()
    return answer


def reset_in_the_loop(model, X, steps):
    for start in range(0, X.shape[1], steps):
        answer = read_from_zeros(model, X[:, start : start + steps], steps)
    return answer


def read_only_the_first_chunk(model, X, steps):
    return read_from_zeros(model, X[:, :steps], steps)


def forget_the_last_chunk(model, X, steps):
    return read_from_zeros(model, X[:, :-steps], steps)


def read_all_at_once(model, X, steps):
    return read_from_zeros(model, X, X.shape[1])


def return_all_chunks(model, X, steps):
    model.layers[0].reset_state()
    return [model.predict_on_batch(X[:, start : start + steps]) for start in range(0, X.shape[1], steps)]


def measured(network, X, y):
    return network.evaluate(X, y, batch_size=8, verbose=0)


def look(network, X, y, returned=1, reset=True, kept=slice(None), measure=measured):
    """The right function of exercise 04-1, or one with a mistake."""
    states = network.layers[0].states[kept]
    held = [state.numpy() for state in states]
    if reset:
        network.layers[0].reset_state()
    numbers = measure(network, X, y)
    for state, value in zip(states, held, strict=True):
        state.assign(value)
    return numbers[returned]


def look_batch_by_batch_with_resets(network, X, y):
    right = []
    for first in range(0, len(X), 8):
        network.layers[0].reset_state()
        right.append((network.predict_on_batch(X[first : first + 8]) > 0.5) == y[first : first + 8])
    return [None, np.mean(right)]


def measure_shuffled(network, X, y):
    order = np.random.default_rng(0).permutation(len(X))
    return measured(network, X[order], y[order])


def measure_in_batches_of_32(network, X, y):
    return network.evaluate(X, y, verbose=0)


def fit_to_look(network, X, y):
    network.compile(keras.optimizers.SGD(1.0), "binary_crossentropy", metrics=["accuracy"])
    network.fit(X, y, batch_size=8, shuffle=False, verbose=0)
    return [None, 0.5]


def raise_index_error(network, X, y):
    return [][0]


def changing(change):
    """A function like swap_rows or rescue that changes the states of a model by `change(states, *given)`."""

    def answer(model, *given):
        states = get_states(model)
        change(states, *given)
        set_states(model, states)

    return answer


def swap(states, a, b, layers_swapped=slice(None)):
    for name in list(states)[layers_swapped]:
        states[name][[a, b]] = states[name][[b, a]]


def copy_over(states, a, b):
    for values in states.values():
        values[a] = values[b]


def swap_first_layer(states, a, b):
    swap(states, a, b, slice(2))


def swap_with_zeros(states, a, b):
    swap(states, a, b)
    for values in states.values():
        values[0] = 0


def ruined_rows(states):
    return np.any([np.isnan(values).any(axis=1) for values in states.values()], axis=0)


def rescue(states, good):
    ruined = ruined_rows(states)
    for name, values in states.items():
        values[ruined] = good[name][ruined]


def rescue_where_nan(states, good):
    for name, values in states.items():
        values[np.isnan(values)] = good[name][np.isnan(values)]


def rescue_rows_of_each_array(states, good):
    for name, values in states.items():
        ruined = np.isnan(values).any(axis=1)
        values[ruined] = good[name][ruined]


def rescue_by_looking_at_h(model, good):
    states = get_states(model)
    ruined = ruined_rows({name: values for name, values in states.items() if name.endswith("h")})
    for name, values in states.items():
        values[ruined] = good[name][ruined]
    set_states(model, states)


def rescue_everything(states, good):
    states.update(good)


def rescue_other_rows(states, good):
    ruined = ruined_rows(states)
    rescue(states, good)
    for values in states.values():
        values[~ruined] += 1


def rescue_by_reset(model, good):
    reset_states(model, rows=np.flatnonzero(ruined_rows(get_states(model))))


def rescue_only_the_lstm(model, good):
    now = get_states(model)
    for name, state in zip(["lstm/h", "lstm/c"], model.layers[0].states, strict=True):
        state.assign(np.where(ruined_rows(now)[:, None], good[name], now[name]))


def rows_needed(probabilities, sure):
    is_sure = probabilities.max(axis=2) >= sure
    is_sure[:, -1] = True
    return is_sure.argmax(axis=1) + 1


def rows_needed_if_ever(probabilities, sure):
    return (probabilities.max(axis=2) >= sure).argmax(axis=1) + 1


def rows_of_the_surest(probabilities, sure):
    return np.where((probabilities.max(axis=2) >= sure).any(axis=1), probabilities.max(axis=2).argmax(axis=1) + 1, 8)


def answering(reset_before):
    """A function like `answers` of exercise 07-3, with resets where `reset_before(row, step)` says."""

    def answers(twin, sequences):
        return [lesson_07._outputs(twin, row, x, reset_before) for row, x in enumerate(sequences)]

    return answers


def answers_over_rows(twin, sequences):
    reset_states(twin)
    return [[twin.predict_on_batch(sequence[None])[0, 0] for _ in range(5)] for sequence in sequences]


answers = answering(lambda row, step: step == 0)


def seasonal(history, steps):
    return history[-12:][np.arange(steps) % 12]


def seasonal_that_spoils_its_history(history, steps):
    history *= 2
    return history[-12:][np.arange(steps) % 12] / 2


def steps_worth(errors, baseline):
    fails = np.flatnonzero(errors >= baseline)
    return fails[0] if len(fails) else len(errors)


def judge(carried, reset, baselines):
    if not np.all(carried < reset):
        return "no help"
    return "helps" if carried.max() < min(baselines) else "take the baseline"


def judging(wins, beats):
    """A function like `judge`, with rules of its own for both comparisons."""

    def judge_otherwise(carried, reset, baselines):
        if not wins(carried, reset):
            return "no help"
        return "helps" if beats(carried, baselines) else "take the baseline"

    return judge_otherwise


def wins_at_every_seed(carried, reset):
    return np.all(carried < reset)


def beats_every_baseline(carried, baselines):
    return carried.max() < min(baselines)


def judge_baselines_first(carried, reset, baselines):
    return "take the baseline" if carried.max() >= min(baselines) else judge(carried, reset, baselines)


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("08-1", {"B", "E"}),
        ("08-1", ["E", "B"]),
        ("08-1", "be"),
        ("08-2", 3_200_000),
        ("08-2", 3.2e6),
        ("09-1", 13),
        ("09-1", 13.0),
        ("09-2", seasonal),
        ("09-2", lambda *given: seasonal(*given).tolist()),
        ("09-3", steps_worth),
        ("09-3", lambda *given: np.array([steps_worth(*given)])),
        ("07-1", rows_needed),
        ("07-1", lambda *given: rows_needed(*given).tolist()),
        ("07-2", {"a", "c", "d"}),
        ("07-2", ["d", "c", "a"]),
        ("07-3", answers),
        ("07-3", lambda *given: np.array(answers(*given))),
        ("05-1", 4),
        ("05-1", np.int64(4)),
        ("05-2", 8),
        ("05-2", 8.0),
        ("05-3", judge),
        ("06-1", changing(swap)),
        ("06-2", changing(rescue)),
        ("06-3", 44),
        ("06-3", np.float64(44)),
        ("01-1", 16),
        ("01-1", np.array([16])),
        ("01-1", Fraction(16)),
        ("01-2", counter()),
        ("01-2", [part.tolist() for part in counter(for_one=0.5)]),
        ("01-3", gru_step),
        ("01-3", lambda *args: gru_step(*args).tolist()),
        ("01-3", gru_step_that_spoils_its_arguments),
        ("03-1", 24),
        ("03-2", [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]),
        ("03-2", np.array([9, 0, 3, 6, 10, 1, 4, 7, 11, 2, 5, 8])),
        ("03-3", 23),
        ("03-3", np.float64(23)),
        ("04-1", look),
        ("04-1", lambda *given: np.array([look(*given)])),
        ("04-2", [6, 18]),
        ("04-2", (18, 6)),
        ("04-2", np.array([6, 18])),
        ("04-2", {6, 18}),
        ("04-3", 48),
        ("04-3", 48.0),
        ("00-1", {"b", "c"}),
        ("00-1", "c, B"),
        ("00-1", np.array(["b", "c"])),
        ("00-2", old_function),
        ("00-2", old_function_by_the_package),
        ("00-2", lambda model, sequence: old_function(model, sequence).item()),
        ("02-1", {"b", "c"}),
        ("02-1", ["c", "b"]),
        ("02-2", 3),
        ("02-2", np.int64(3)),
        ("02-2", 3.0),
        ("02-3", read_from_zeros),
    ],
)
def test_right_answers(exercise, answer):
    assert feedback(exercise, answer).right


@pytest.mark.parametrize(
    ("exercise", "answer", "hint"),
    [
        *(("09-1", number, hint) for number, hint in lesson_09.AHEAD_WRONG.items()),
        ("09-1", 20, lesson_09.AHEAD_OTHER),
        ("09-1", "13", lesson_09.AHEAD_OTHER),
        ("09-2", 12, exercises.function_itself("seasonal")),
        ("09-2", lambda *given: ..., exercises.NOT_WRITTEN),
        ("09-2", lambda *given: [][0], exercises.raised(IndexError("list index out of range"))),
        ("09-2", lambda history, steps: history[-12:][:steps].T, lesson_09.SEASONAL_FORM),
        ("09-2", lambda history, steps: np.tile(history[-1], (steps, 1)), lesson_09.SEASONAL_YEAR),
        ("09-2", lambda history, steps: history[-steps:], lesson_09.SEASONAL_YEAR),
        ("09-2", lambda history, steps: history[:12][np.arange(steps) % 12], lesson_09.SEASONAL_YEAR),
        ("09-2", lambda history, steps: history[-12:][:steps], lesson_09.SEASONAL_LONGER),
        (
            "09-2",
            lambda history, steps: history[-36:][:steps] if steps > 12 else history[-12:][:steps],
            lesson_09.SEASONAL_LONGER,
        ),
        ("09-2", seasonal_that_spoils_its_history, lesson_09.SEASONAL_CHANGED),
        ("09-3", 3, exercises.function_itself("worth")),
        ("09-3", lambda *given: ..., exercises.NOT_WRITTEN),
        ("09-3", lambda *given: [][0], exercises.raised(IndexError("list index out of range"))),
        ("09-3", lambda errors, baseline: errors < baseline, lesson_09.WORTH_FORM),
        ("09-3", lambda errors, baseline: np.argmax(errors >= baseline) + 1, lesson_09.WORTH_FIRST),
        ("09-3", lambda errors, baseline: np.argmax(errors >= baseline), lesson_09.WORTH_ALL),
        ("09-3", lambda errors, baseline: max(1, steps_worth(errors, baseline)), lesson_09.WORTH_NONE),
        ("09-3", lambda errors, baseline: steps_worth(errors[1:], baseline[1:]) + 1, lesson_09.WORTH_NONE),
        ("09-3", lambda errors, baseline: (errors < baseline).sum() * (errors[0] < baseline[0]), lesson_09.WORTH_AGAIN),
        ("09-3", lambda errors, baseline: steps_worth(errors, baseline + 0.5), lesson_09.WORTH_TIE),
        ("09-3", lambda errors, baseline: steps_worth(errors, np.full(3, baseline[0])), lesson_09.WORTH_BY_STEP),
        ("08-1", {"B"}, lesson_08.LINES_FLUSH),
        ("08-1", {"E"}, lesson_08.LINES_REMOVE),
        ("08-1", {"B", "G"}, lesson_08.LINES_REPLACE),
        ("08-1", {"B", "F"}, lesson_08.LINES_CLOSE),
        ("08-1", {"B", "C", "E"}, lesson_08.LINES_OTHER),
        ("08-1", set(), lesson_08.LINES_OTHER),
        ("08-1", "B, E", lesson_08.LINES_FORM),
        ("08-1", {"H"}, lesson_08.LINES_FORM),
        ("08-1", [["B"]], lesson_08.LINES_FORM),
        ("08-1", 5, lesson_08.LINES_FORM),
        ("05-1", 2, lesson_05.VALUES_TWO),
        ("05-1", 3, lesson_05.VALUES_FEW),
        ("05-1", 1, lesson_05.VALUES_FEW),
        ("05-1", 20, lesson_05.VALUES_MANY),
        *(("05-1", answer, lesson_05.VALUES_FORM) for answer in (0, -4, 2.5, "4", None, np.nan, [4, 4])),
        *(("05-2", number, hint) for number, hint in lesson_05.ROWS_WRONG.items()),
        ("05-2", 16, lesson_05.ROWS_OTHER),
        ("05-2", "8", lesson_05.ROWS_OTHER),
        ("05-3", "helps", exercises.function_itself("judge")),
        ("05-3", lambda *given: ..., exercises.NOT_WRITTEN),
        ("05-3", lambda *given: [][0], exercises.raised(IndexError("list index out of range"))),
        *(("05-3", lambda *given, said=said: said, lesson_05.JUDGE_TEXT) for said in (None, True, "help", ["helps"])),
        ("05-3", lambda *given: "no help", lesson_05.JUDGE_HELPS),
        ("05-3", judging(lambda a, b: a.max() < b.min(), beats_every_baseline), lesson_05.JUDGE_PAIRS),
        ("05-3", judging(lambda a, b: a.mean() < b.mean(), beats_every_baseline), lesson_05.JUDGE_SEEDS),
        ("05-3", judging(lambda a, b: np.all(a <= b), beats_every_baseline), lesson_05.JUDGE_EQUAL),
        ("05-3", judging(wins_at_every_seed, lambda a, given: a.max() < max(given)), lesson_05.JUDGE_BASELINE),
        ("05-3", judging(wins_at_every_seed, lambda a, given: a.max() < given[0]), lesson_05.JUDGE_BASELINE),
        ("05-3", judging(wins_at_every_seed, lambda a, given: a.mean() < min(given)), lesson_05.JUDGE_WORST),
        ("05-3", judge_baselines_first, lesson_05.JUDGE_ORDER),
        *(("08-2", number, hint) for number, hint in lesson_08.BYTES_WRONG.items()),
        ("08-2", 48, lesson_08.BYTES_OTHER),
        ("08-2", "3200000", lesson_08.BYTES_OTHER),
        ("07-1", 3, exercises.function_itself("rows_needed")),
        ("07-1", lambda *given: ..., exercises.NOT_WRITTEN),
        ("07-1", lambda *given: [][0], exercises.raised(IndexError("list index out of range"))),
        ("07-1", lambda *given: rows_needed(*given) - 1, lesson_07.ROWS_INDEX),
        ("07-1", lambda *given: rows_needed_if_ever(*given) - 1, lesson_07.ROWS_INDEX),
        ("07-1", rows_needed_if_ever, lesson_07.ROWS_NEVER),
        ("07-1", rows_of_the_surest, lesson_07.ROWS_LATER),
        ("07-1", lambda probabilities, sure: rows_needed(probabilities, 0.75), lesson_07.ROWS_LATER),
        ("07-1", lambda probabilities, sure: rows_needed(probabilities, np.nextafter(sure, 1)), lesson_07.ROWS_LATER),
        ("07-1", lambda *given: rows_needed(*given)[:5], lesson_07.ROWS_SHAPE),
        ("07-1", lambda *given: None, lesson_07.ROWS_SHAPE),
        ("07-1", lambda *given: np.ones(60), lesson_07.ROWS_OTHER),
        ("07-2", {"a", "b", "c", "d"}, lesson_07.CUT_CAUSAL),
        ("07-2", {"a", "c"}, lesson_07.CUT_BATCH),
        ("07-2", {"a", "d", "f"}, lesson_07.CUT_NORMS),
        ("07-2", {"a", "c", "d", "e"}, lesson_07.CUT_POOLING),
        ("07-2", {"c", "d"}, lesson_07.CUT_DENSE),
        ("07-2", set(), lesson_07.CUT_BATCH),
        ("07-2", "acd", lesson_07.CUT_FORM),
        ("07-2", {"g"}, lesson_07.CUT_FORM),
        ("07-2", [["a"]], lesson_07.CUT_FORM),
        ("07-2", 3, lesson_07.CUT_FORM),
        ("07-3", 3, exercises.function_itself("outputs_of")),
        ("07-3", lambda *given: ..., exercises.NOT_WRITTEN),
        ("07-3", lambda *given: [][0], exercises.raised(IndexError("list index out of range"))),
        ("07-3", answering(lambda row, step: False), lesson_07.ANSWERS_NO_RESET),
        ("07-3", answering(lambda row, step: row == step == 0), lesson_07.ANSWERS_NO_RESET),
        ("07-3", answering(lambda row, step: row > 0 and step == 0), lesson_07.ANSWERS_FIRST),
        ("07-3", answering(lambda row, step: True), lesson_07.ANSWERS_EACH),
        ("07-3", lambda *given: np.array(answers(*given))[:, -1], lesson_07.ANSWERS_SHAPE),
        ("07-3", lambda *given: None, lesson_07.ANSWERS_SHAPE),
        ("07-3", answers_over_rows, lesson_07.ANSWERS_OTHER),
        ("06-1", 3, exercises.function_itself("swap_rows")),
        ("06-1", lambda *given: ..., exercises.NOT_WRITTEN),
        ("06-1", raise_index_error, exercises.raised(IndexError("list index out of range"))),
        ("06-1", lambda model, a, b: swap(get_states(model), a, b), lesson_06.SWAP_NOTHING),
        ("06-1", changing(copy_over), lesson_06.SWAP_COPIED),
        ("06-1", changing(swap_first_layer), lesson_06.SWAP_SOME),
        ("06-1", changing(swap_with_zeros), lesson_06.SWAP_OTHERS),
        ("06-1", lambda model, a, b: reset_states(model), lesson_06.SWAP_OTHERS),
        ("06-2", 3, exercises.function_itself("rescue")),
        ("06-2", lambda *given: ..., exercises.NOT_WRITTEN),
        ("06-2", lambda *given: [][0], exercises.raised(IndexError("list index out of range"))),
        ("06-2", lambda model, good: None, lesson_06.RESCUE_NAN),
        ("06-2", rescue_only_the_lstm, lesson_06.RESCUE_NAN),
        ("06-2", changing(rescue_where_nan), lesson_06.RESCUE_PARTS),
        ("06-2", changing(rescue_rows_of_each_array), lesson_06.RESCUE_PARTS),
        ("06-2", rescue_by_looking_at_h, exercises.raised(ValueError(ONE_NAN))),
        ("06-2", changing(rescue_everything), lesson_06.RESCUE_ALL),
        ("06-2", rescue_by_reset, lesson_06.RESCUE_ZEROS),
        ("06-2", changing(rescue_other_rows), lesson_06.RESCUE_OTHER),
        *(("06-3", number, hint) for number, hint in lesson_06.STEPS_WRONG.items()),
        ("06-3", np.log(0.01) / np.log(0.9), lesson_06.STEPS_WHOLE),
        ("06-3", 0.01, lesson_06.STEPS_OTHER),
        ("06-3", "44", lesson_06.STEPS_OTHER),
        ("04-1", 0.5, exercises.function_itself("look")),
        ("04-1", lambda *given: ..., exercises.NOT_WRITTEN),
        ("04-1", lambda *given: None, lesson_04.LOOK_NUMBER),
        ("04-1", lambda *given: look(*given, returned=slice(None)), lesson_04.LOOK_NUMBER),
        ("04-1", lambda *given: look(*given, returned=0), lesson_04.LOOK_LOSS),
        ("04-1", lambda *given: look(*given, reset=False), lesson_04.LOOK_START),
        ("04-1", lambda *given: look(*given, kept=slice(0)), lesson_04.LOOK_TRACE),
        ("04-1", lambda *given: look(*given, kept=slice(1)), lesson_04.LOOK_TRACE),
        ("04-1", lambda *given: look(*given, measure=look_batch_by_batch_with_resets), lesson_04.LOOK_EVERY),
        ("04-1", lambda *given: look(*given, measure=fit_to_look), lesson_04.LOOK_WEIGHTS),
        ("04-1", raise_index_error, exercises.raised(IndexError("list index out of range"))),
        ("04-1", lambda *given: look(*given, measure=measure_shuffled), lesson_04.LOOK_EVERY),
        ("04-1", lambda *given: look(*given, measure=measure_in_batches_of_32), lesson_04.LOOK_ROWS),
        ("04-2", [[6, 18]], lesson_04.DRIFT_FORM),
        ("04-2", [10**400], lesson_04.DRIFT_FORM),
        ("04-2", [0, 12, 24], lesson_04.DRIFT_NONE),
        ("04-2", [36, 48], lesson_04.DRIFT_COUNTED),
        ("04-2", [6], lesson_04.DRIFT_OTHER),
        ("04-2", [6, 18, 30], lesson_04.DRIFT_FORM),
        ("04-2", [], lesson_04.DRIFT_FORM),
        ("04-2", 6, lesson_04.DRIFT_FORM),
        ("04-2", "6, 18", lesson_04.DRIFT_FORM),
        *(("04-3", number, hint) for number, hint in lesson_04.BEDS_WRONG.items()),
        ("04-3", 96, lesson_04.BEDS_OTHER),
        ("04-3", None, lesson_04.BEDS_OTHER),
        *(("01-1", number, hint) for number, hint in lesson_01.FEATURES_WRONG.items()),
        ("01-1", ["16"], lesson_01.FEATURES_OTHER),
        ("01-1", 7, lesson_01.FEATURES_OTHER),
        ("01-1", "16", lesson_01.FEATURES_OTHER),
        ("01-2", 3, lesson_01.COUNTER_FORM),
        ("01-2", counter()[:2], lesson_01.COUNTER_FORM),
        ("01-2", [*counter()[:2], np.zeros((1, 4))], lesson_01.COUNTER_FORM),
        ("00-1", {"b"}, lesson_00.PULSE_STATELESS),
        ("00-1", {"b", "c", "d"}, lesson_00.PULSE_NO_RESET),
        ("00-1", {"a", "b", "c"}, lesson_00.PULSE_TOO_EARLY),
        ("00-1", set(), lesson_00.PULSE_OTHER),
        ("00-1", {"d"}, lesson_00.PULSE_OTHER),
        ("00-1", {"b", "e"}, lesson_00.PULSE_FORM),
        ("00-1", 2, lesson_00.PULSE_FORM),
        ("00-2", 2, lesson_00.PORT_FORM),
        ("00-2", lambda model, sequence: ..., exercises.NOT_WRITTEN),
        ("00-2", lambda model, sequence: None, lesson_00.PORT_NOTHING),
        ("00-2", old_function_as_found, lesson_00.PORT_OLD),
        ("00-2", old_function_resetting_all_layers, lesson_00.PORT_DENSE),
        ("00-2", lambda model, X: old_function(model, X, lambda layer: False), lesson_00.PORT_FORGOTTEN),
        ("00-2", lambda model, X: old_function(model, X, model.layers[:1].__contains__), lesson_00.PORT_PART),
        ("00-2", lambda model, X: old_function(model, X, model.layers[1:].__contains__), lesson_00.PORT_PART),
        ("00-2", old_function_resetting_h, lesson_00.PORT_PART),
        ("00-2", old_function_putting_other_states, lesson_00.PORT_FORGOTTEN),
        ("00-2", old_function_resetting_before, lesson_00.PORT_BEFORE),
        (
            "00-2",
            lambda model, X: old_function(model, X, lambda layer: isinstance(layer, keras.layers.LSTM)),
            lesson_00.PORT_PART,
        ),
        ("00-2", lambda model, X: [layer.stateful for layer in model.layers], lesson_00.PORT_DENSE),
        ("00-2", lambda model, X: old_function(model, X[:, -5:]), lesson_00.PORT_IN_LOOP),
        ("00-2", lambda model, X: old_function(model, X[:, :10]), lesson_00.PORT_OTHER),
        ("00-2", lambda model, X: np.repeat(old_function(model, X), 2), lesson_00.PORT_OTHER),
        ("01-2", [*counter()[:2], np.full(4, np.nan)], lesson_01.COUNTER_FORM),
        ("01-2", counter(for_one=1e300), lesson_01.COUNTER_FORM),
        ("01-2", counter(for_one=0.0), lesson_01.COUNTER_STILL),
        ("01-2", counter(forget_gate=0.0), lesson_01.COUNTER_FORGETS),
        ("01-2", counter(forget_gate=5.0), lesson_01.COUNTER_FORGETS),
        ("01-2", counter(forget_gate=3.0, for_one=-2.0), lesson_01.COUNTER_FORGETS),
        ("01-2", counter(candidate=-1.0), lesson_01.COUNTER_COUNTS_ZEROS),
        ("01-2", counter(candidate=-0.1), lesson_01.COUNTER_COUNTS_ZEROS),
        ("01-2", counter(candidate=0.02), lesson_01.COUNTER_COUNTS_ZEROS),
        ("01-2", keras.Input((4,)), lesson_01.COUNTER_FORM),
        ("01-2", [counter()[0], np.array([[0.0, 0.0, 1.0, 0.0]]), counter()[2]], lesson_01.COUNTER_COUNTS_ZEROS),
        ("01-2", counter(input_gate=-20.0), lesson_01.COUNTER_STILL),
        ("01-2", counter(for_one=1e-6), lesson_01.COUNTER_STILL),
        ("01-2", [*counter()[:2], counter()[2] + 1j], lesson_01.COUNTER_FORM),
        ("01-2", [[[0, 0, 10**400, 0]], [[0] * 4], [20] * 4], lesson_01.COUNTER_FORM),
        ("01-2", counter(for_one=-2.0), lesson_01.COUNTER_DOWN),
        ("01-2", [np.array([[0.0, -20.0, 2.0, 0.0]]), *counter()[1:]], lesson_01.COUNTER_UNEQUAL),
        ("01-3", 3, lesson_01.GRU_FORM),
        ("01-3", lambda *args: ..., exercises.NOT_WRITTEN),
        ("01-3", lambda *args: (gru_step(*args), 1), lesson_01.GRU_SHAPE),
        ("01-3", lambda *args: [[1], [1, 2]], lesson_01.GRU_SHAPE),
        ("01-3", lambda *args: gru_step(*args) + 0j, lesson_01.GRU_SHAPE),
        ("01-3", lambda x, h, *weights: 0 * h, lesson_01.GRU_OTHER),
        ("01-3", lambda *args: gru_step(*args) + 0.01, lesson_01.GRU_OTHER),
        *(("01-3", lesson_01._with_mistake(slip), hint) for slip, hint in lesson_01.GRU_MISTAKES.items()),
        ("02-1", set(), lesson_02.MODELS_NONE),
        ("02-1", {"b", "c", "d"}, lesson_02.MODELS_NAME),
        ("02-1", {"b"}, lesson_02.MODELS_SETTLED),
        ("02-1", {"c"}, lesson_02.MODELS_OTHER),
        ("02-1", {"a", "b", "c"}, lesson_02.MODELS_OTHER),
        ("02-1", {"b", "e"}, lesson_02.MODELS_FORM),
        ("02-1", 2, lesson_02.MODELS_FORM),
        ("02-1", {1: "b"}, lesson_02.MODELS_FORM),
        ("02-1", [["b"], ["c"]], lesson_02.MODELS_FORM),
        ("02-2", 12, lesson_02.RESETS_WRONG[12]),
        ("02-2", 18, lesson_02.RESETS_WRONG[18]),
        ("02-2", 1, lesson_02.RESETS_WRONG[1]),
        ("02-2", 2, lesson_02.RESETS_WRONG[2]),
        ("02-2", 4, lesson_02.RESETS_OTHER),
        ("02-2", True, lesson_02.RESETS_OTHER),
        ("02-2", "three", lesson_02.RESETS_OTHER),
        ("02-2", np.array([3, 3]), lesson_02.RESETS_OTHER),
        ("02-3", 3, lesson_02.READING_FORM),
        ("02-3", lambda model, X, steps: ..., exercises.NOT_WRITTEN),
        ("02-3", read_without_reset, lesson_02.READING_DIRTY),
        ("02-3", reset_only_afterwards, lesson_02.READING_DIRTY),
        ("02-3", reset_in_the_loop, lesson_02.READING_LAST_CHUNK),
        ("02-3", lambda model, X, steps: read_only_the_first_chunk(model, X, 5), lesson_02.READING_INCOMPLETE),
        ("02-3", lambda model, X, steps: forget_the_last_chunk(model, X, 5), lesson_02.READING_INCOMPLETE),
        ("02-3", read_all_at_once, lesson_02.READING_WHOLE),
        *(("03-1", number, hint) for number, hint in lesson_03.HEARD_WRONG.items()),
        ("03-1", 48, lesson_03.HEARD_OTHER),
        ("03-1", "24", lesson_03.HEARD_OTHER),
        ("03-1", 24 + 0j, lesson_03.HEARD_OTHER),
        ("03-2", range(12), lesson_03.ORDER_UNCHANGED),
        ("03-2", [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11], lesson_03.ORDER_TRANSPOSED),
        ("03-2", [0, 3, 6, 9], lesson_03.ORDER_FORM),
        ("03-2", [0.5, *range(1, 12)], lesson_03.ORDER_FORM),
        ("03-2", [np.nan, *range(1, 12)], lesson_03.ORDER_FORM),
        ("03-2", [0, 0, *range(2, 12)], lesson_03.ORDER_FORM),
        ("03-2", "0 3 6 9", lesson_03.ORDER_FORM),
        ("03-2", np.arange(12).reshape(4, 3).T, lesson_03.ORDER_FORM),
        ("03-2", [0.0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11], lesson_03.ORDER_FORM),
        ("03-2", ..., lesson_03.ORDER_FORM),
        ("03-3", 19, lesson_03.SIZE_FORM),
        ("03-3", 20.5, lesson_03.SIZE_FORM),
        ("03-3", [23, 24], lesson_03.SIZE_FORM),
    ],
)
def test_each_usual_mistake_has_its_hint(exercise, answer, hint):
    given = feedback(exercise, answer)
    assert not given.right
    assert given.words.texts == hint.words.texts


def test_an_order_hears_which_samples_do_not_follow():
    order = [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 11, 8]
    assert "sample 11 would start from the state of sample 7" in feedback("03-2", order).words.texts["en"]


def test_a_batch_size_hears_how_many_steps_it_leaves():
    assert "leaves 450 steps over" in feedback("03-3", 40).words.texts["en"]
    assert "leaves 210 steps over" in feedback("03-3", 20).words.texts["en"]
    assert "only 6 steps" in feedback("03-3", 23).words.texts["en"]


def test_a_function_that_returns_something_else_hears_which_shape_was_expected():
    assert "(3, 1)" in feedback("02-3", return_all_chunks).words.texts["en"]
    assert "(4, 3, 1)" in feedback("02-3", return_all_chunks).words.texts["en"]


def test_a_function_that_raises_hears_its_own_error():
    assert "ZeroDivisionError" in feedback("02-3", lambda model, X, steps: 1 / 0).words.texts["en"]
    assert "ZeroDivisionError" in feedback("01-3", lambda *args: 1 / 0).words.texts["en"]


@pytest.mark.parametrize("returned", [None, [[None]] * 3, [["a"]] * 3, ..., object()])
def test_whatever_a_function_returns_nothing_raises(returned):
    assert not feedback("02-3", lambda model, X, steps: returned).right


def test_an_error_is_shown_on_one_line_and_without_colours():
    def broken(model, X, steps):
        raise ValueError("\x1b[1mred\x1b[0m\nsecond line")

    assert feedback("02-3", broken).words.texts["en"] == "Your function raised `ValueError: red`"


def test_a_mistake_inside_an_exercise_is_not_taken_for_a_wrong_number(monkeypatch):
    def broken(answer):
        raise KeyError("a mistake of ours")

    monkeypatch.setitem(lesson_02.EXERCISES, "02-2", broken)
    with pytest.raises(KeyError, match="a mistake of ours"):
        check("02-2", 1)


def test_check_marks_right_wrong_and_not_answered(heard):
    check("02-2", 3)
    check("02-2", 4)
    check("02-2", ...)
    assert [text[0] for text in heard] == ["✔", "✘", "○"]


@pytest.mark.parametrize("exercise", ["02-9", "99-1", "02", "", 2, None])
def test_an_exercise_that_does_not_exist(exercise):
    with pytest.raises(ValueError, match=r"^exercise: expected .* got "):
        check(exercise, 1)


def test_mystery_models_are_what_the_solution_finds():
    x = np.ones((1, 5, 1), "float32")
    carry = {
        name
        for name, model in lesson_02.mystery_models().items()
        if not np.array_equal(model.predict_on_batch(x), model.predict_on_batch(x))
    }
    assert feedback("02-1", carry).right
