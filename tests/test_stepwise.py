"""Which models may be cut: each layer that mixes steps is refused by name, with why and what to use."""

import keras
import pytest
from keras import layers, ops

from lstm_lessons import StepModel, Streams, stateful_copy, stepwise

STEPS, FEATURES = 6, 3


class MeanOverTime(layers.Layer):
    def call(self, x):
        return x - ops.mean(x, axis=1, keepdims=True)


class Twice(layers.LSTM):
    def inner_loop(self, sequences, *args, **kwargs):
        return super().inner_loop(2 * sequences, *args, **kwargs)


class CellOfOurOwn(layers.LSTMCell):
    pass


class CalledByItself(keras.Model):
    def __init__(self):
        super().__init__()
        self.lstm = layers.LSTM(2)

    def call(self, x):
        return self.lstm(x)


class OfAFunctionalKind(keras.Model):
    """Built as a functional model, with what a subclass may add."""

    def __init__(self):
        x = keras.Input((STEPS, FEATURES))
        super().__init__(inputs=x, outputs=lstm()(x))


class CallingItsOwnWay(OfAFunctionalKind):
    def call(self, x):
        return super().call(x)[:, ::-1]


class AlsoCallingItsOwnWay(OfAFunctionalKind):
    def __call__(self, x):
        return super().__call__(x)[:, ::-1]


def lstm(**options):
    return layers.LSTM(4, return_sequences=True, **options)


def with_layer(layer):
    return keras.Sequential([keras.Input((STEPS, FEATURES)), lstm(), layer])


def functional(ending):
    x = keras.Input((STEPS, FEATURES))
    return keras.Model(x, ending(x))


def with_computed_start(x):
    start = layers.Dense(4)(ops.mean(x, axis=1))
    return layers.LSTM(4)(x, initial_state=[start, start])


def with_layer_called_twice(x):
    again = layers.LSTM(3, return_sequences=True)
    return again(again(x))


def with_model_called_twice(x):
    inner = keras.Sequential([keras.Input((STEPS, FEATURES)), layers.GRU(3, return_sequences=True)], name="inner")
    return inner(inner(x))


def with_mask_of_its_own(x):
    return layers.LSTM(4)(x, mask=ops.any(ops.greater(x, 0), axis=-1))


def with_last_added_to_all(x):
    return layers.Add()([layers.LSTM(FEATURES)(x), lstm()(layers.Dense(FEATURES)(x))[..., :FEATURES]])


def with_cumulative_sum(x):
    return lstm()(ops.cumsum(x, axis=1))


def with_slice_of_time(x):
    return lstm()(x[:, :3])


def with_model_of_two_inputs(x):
    return with_two_inputs()([x, x])


def with_two_inputs():
    x, y = keras.Input((STEPS, FEATURES)), keras.Input((STEPS, FEATURES))
    return keras.Model([x, y], lstm()(layers.Concatenate()([x, y])))


REFUSED = {
    "flatten": (lambda: with_layer(layers.Flatten()), r"\(Flatten\): it joins all steps; leave it out"),
    "pooling": (lambda: with_layer(layers.GlobalMaxPooling1D()), "it needs all steps"),
    "average pooling": (lambda: with_layer(layers.AveragePooling1D(2)), "it needs all steps"),
    "convolution": (lambda: with_layer(layers.Conv1D(2, 2)), "it looks at several steps"),
    "bidirectional": (lambda: with_layer(layers.Bidirectional(lstm())), "it also reads backwards"),
    "go_backwards": (lambda: with_layer(layers.GRU(2, go_backwards=True)), r"it reads backwards \(go_backwards=True\)"),
    "return_state": (lambda: functional(lambda x: layers.LSTM(2, return_state=True)(x)[0]), "it returns its states"),
    "attention": (lambda: functional(lambda x: layers.Attention()([lstm()(x), lstm()(x)])), "looks at all steps"),
    "heads": (lambda: functional(lambda x: layers.MultiHeadAttention(1, 2)(lstm()(x), x)), "looks at all steps"),
    "softmax over time": (lambda: with_layer(layers.Softmax(axis=1)), r"\(Softmax\): it works along another axis"),
    "normalised over time": (lambda: with_layer(layers.LayerNormalization(axis=1)), "it works along another axis"),
    "groups": (lambda: with_layer(layers.GroupNormalization(1)), "it takes its mean over the steps"),
    "repeat": (lambda: functional(lambda x: lstm()(layers.RepeatVector(3)(layers.LSTM(2)(x)))), "have not come"),
    "reshape": (lambda: with_layer(layers.Reshape((4, STEPS))), "it moves values from step to step"),
    "permute": (lambda: with_layer(layers.Permute((2, 1))), "it exchanges steps and features"),
    "zero padding": (lambda: with_layer(layers.ZeroPadding1D()), "it adds steps"),
    "cropping": (lambda: with_layer(layers.Cropping1D()), "it drops steps"),
    "upsampling": (lambda: with_layer(layers.UpSampling1D()), "it adds steps"),
    "lambda": (lambda: with_layer(layers.Lambda(lambda x: x[:, ::-1])), "what it does cannot be known"),
    "unknown layer": (lambda: with_layer(MeanOverTime()), r"\(MeanOverTime\): it is not known to"),
    "subclassed LSTM": (lambda: with_layer(Twice(2)), r"\(Twice\): it is not known to"),
    "cell of our own": (lambda: with_layer(layers.RNN(CellOfOurOwn(2))), r"what its cell \(CellOfOurOwn\) does"),
    "wrapped unknown": (
        lambda: with_layer(layers.TimeDistributed(layers.Reshape((2, 2)))),
        "what it wraps is not known",
    ),
    "wrapped mask": (lambda: with_layer(layers.TimeDistributed(layers.Masking())), "what it wraps is not known"),
    "model of two inputs": (lambda: functional(with_model_of_two_inputs), "it reads several inputs"),
    "activation": (lambda: with_layer(layers.Dense(2, activation=lambda x: ops.cumsum(x, 1))), "not one of Keras"),
    "cell activation": (lambda: with_layer(layers.GRU(2, activation=lambda x: x)), "not one of Keras"),
    "softmax as activation": (
        lambda: with_layer(layers.Dense(2, activation=layers.Softmax(axis=1))),
        "not one of Keras",
    ),
    "weights a step": (lambda: with_layer(layers.PReLU()), r"weights of its own for each step; use shared_axes=\[1\]"),
    "scale a step": (lambda: with_layer(layers.Rescaling([[1.0], [2.0]] * 3)), "it scales each step"),
    "computed start": (lambda: functional(with_computed_start), "its initial_state is wired in the graph"),
    "called twice": (lambda: functional(with_layer_called_twice), "it is called twice"),
    "model called twice": (lambda: functional(with_model_called_twice), r"\(GRU\): it is called twice"),
    "wired mask": (lambda: functional(with_mask_of_its_own), "its mask is wired in the graph"),
    "steps joined": (lambda: functional(lambda x: lstm()(layers.Concatenate(axis=1)([x, x]))), "joins along another"),
    "last and all": (lambda: functional(lambda x: layers.Add()([layers.LSTM(4)(x), lstm()(x)])), "mix one step with"),
    "cumulative sum": (lambda: functional(with_cumulative_sum), r"\(Cumsum\): it is not known to"),
    "slice of time": (lambda: functional(with_slice_of_time), r"\(GetItem\): it is not known to"),
    "no state": (lambda: keras.Sequential([keras.Input((STEPS, 3)), layers.Dense(2)]), "a recurrent layer"),
    "two inputs": (with_two_inputs, "one input, got 2"),
    "subclassed model": (CalledByItself, "whose layers cannot be followed"),
    "call of its own": (CallingItsOwnWay, "whose layers cannot be followed"),
    "call of its own, from outside": (AlsoCallingItsOwnWay, "whose layers cannot be followed"),
    "not built": (lambda: keras.Sequential([layers.LSTM(2)]), "whose layers cannot be followed"),
    "no model": (lambda: "model", "a keras.Model, got str"),
    "images": (
        lambda: keras.Sequential([keras.Input((STEPS, 5, 5, 1)), layers.ConvLSTM2D(2, 3)]),
        r"an input of shape \(batch_size, timesteps, features\)",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_model_that_cannot_be_cut_is_refused_by_name(name):
    build, words = REFUSED[name]
    model = build()
    with pytest.raises(ValueError, match=rf"^model: expected .*{words}"):
        stepwise.require_stepwise(model)


@pytest.mark.parametrize("user", [StepModel, Streams, stateful_copy])
def test_all_that_stream_refuse_alike(user):
    model = with_layer(layers.Flatten())
    with pytest.raises(ValueError, match=r"'flatten\w*' \(Flatten\): it joins all steps; leave it out"):
        user(model)


class Leaky(layers.Layer):
    """It looks innocent, and adds up the steps."""

    def call(self, x):
        return ops.cumsum(x, axis=1)


def test_what_the_list_lets_through_by_mistake_the_trial_finds(monkeypatch):
    monkeypatch.setattr(stepwise, "STEPWISE", stepwise.STEPWISE | {Leaky})
    with pytest.raises(ValueError, match="expected the same answers for a sequence as a whole and cut"):
        StepModel(with_layer(Leaky()))


TAKEN = {
    "between": lambda: [lstm(), layers.LeakyReLU(), layers.Dropout(0.3), layers.LSTM(2), layers.Dropout(0.3)],
    "normalised": lambda: [lstm(), layers.LayerNormalization(), layers.BatchNormalization(), layers.GRU(2)],
    "masking": lambda: [layers.Masking(), lstm(), layers.SimpleRNN(2, return_sequences=True), layers.Dense(2)],
    "wrapped": lambda: [lstm(), layers.TimeDistributed(layers.Dense(2, activation="softmax"))],
    "wrapped axis": lambda: [lstm(), layers.TimeDistributed(layers.LayerNormalization(axis=1))],
    "activations": lambda: [lstm(), layers.Activation("softmax"), layers.PReLU(shared_axes=[1]), layers.ReLU()],
    "activation layer": lambda: [lstm(), layers.Dense(2, activation=layers.LeakyReLU())],
    "noise": lambda: [layers.GaussianNoise(0.3), lstm(), layers.SpatialDropout1D(0.3), layers.Softmax()],
    "cells": lambda: [layers.RNN([layers.LSTMCell(2), layers.GRUCell(3)]), layers.Dense(1)],
    "unrolled": lambda: [lstm(unroll=True), layers.Rescaling(2.0), layers.UnitNormalization()],
}


@pytest.mark.parametrize("name", TAKEN)
def test_layers_that_treat_each_step_alone_are_taken(name):
    stepwise.require_stepwise(keras.Sequential([keras.Input((STEPS, FEATURES)), *TAKEN[name]()]))


def test_a_subclass_that_runs_the_graph_as_it_is_is_taken():
    stepwise.require_stepwise(OfAFunctionalKind())


def test_two_branches_are_taken():
    def two(x):
        together = layers.Concatenate()([lstm()(x), layers.GRU(2, return_sequences=True)(x)])
        return layers.Multiply()([layers.Dense(2)(together), layers.Dense(2)(x)])

    stepwise.require_stepwise(functional(two))
