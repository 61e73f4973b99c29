"""How fast streaming and saving are, as ratios within one run; `make bench` prints them as a table."""

import os
from time import perf_counter

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from lstm_lessons import StepModel, Streams, stateful_copy

FEATURES, N_STREAMS, N_SAVED = 16, 1000, 10_000
ROUNDS = 25


def model():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, FEATURES))
    return keras.Sequential([inputs, layers.LSTM(32, return_sequences=True), layers.LSTM(16), layers.Dense(1)])


def bare_call(batch_size):
    """The least there is to do: the stateful twin in a tf.function, time length free, tensor in, tensor out."""
    twin = stateful_copy(model(), batch_size)
    signature = [tf.TensorSpec((batch_size, None, FEATURES))]
    return tf.function(lambda x: twin(x, training=False), input_signature=signature)


def step_of(batch_size):
    return np.random.default_rng(1).normal(size=(batch_size, 1, FEATURES)).astype("float32")


def seconds(call, repeats):
    start = perf_counter()
    for _ in range(repeats):
        call()
    return (perf_counter() - start) / repeats


def ratio(name, one, other, repeats):
    """The time of one thing over that of another, the two taking turns, each so many times; it goes into the table."""
    for call in (one, other):
        call()
    found = float(np.median([seconds(one, repeats[0]) / seconds(other, repeats[1]) for _ in range(ROUNDS)]))
    print(f"{name:60} {found:8.2f}")
    return found


def test_a_step_is_much_faster_than_predict_and_hardly_slower_than_a_bare_call():
    network, stepper, bare = model(), StepModel(model()), bare_call(1)
    x, states, tensor = step_of(1), stepper.initial_states(1), tf.constant(step_of(1))

    def step():
        stepper.step(x, states)

    assert ratio("StepModel.step / a bare tf.function", step, lambda: bare(tensor), (40, 40)) <= 1.3
    assert ratio("model.predict / StepModel.step", lambda: network.predict(x, verbose=0), step, (1, 40)) >= 50


def test_a_thousand_streams_cost_little_more_than_a_bare_call_on_as_many_rows():
    streams, bare, x = Streams(model()), bare_call(N_STREAMS), step_of(N_STREAMS)
    chunks, tensor = {f"stream {number}": row for number, row in enumerate(x)}, tf.constant(x)
    name = f"one push of {N_STREAMS} streams / a bare tf.function"
    assert ratio(name, lambda: streams.push(chunks), lambda: bare(tensor), (10, 10)) <= 3


def test_a_file_is_little_larger_and_saving_little_slower_than_the_raw_bytes(tmp_path):
    streams, x = Streams(model()), step_of(N_SAVED)
    streams.push({f"stream {number}": row for number, row in enumerate(x)})
    raw = b"".join(array[:N_SAVED].tobytes() for array in streams._arrays.values())
    path, raw_path = tmp_path / "streams.h5", tmp_path / "raw"

    def write_and_sync():
        with open(raw_path, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())

    assert (
        ratio("Streams.save / writing and syncing the raw bytes", lambda: streams.save(path), write_and_sync, (3, 3))
        <= 10
    )
    larger = path.stat().st_size / len(raw)
    print(f"{f'a file of {N_SAVED} streams / the raw bytes':60} {larger:8.2f}")
    assert larger <= 1.2
