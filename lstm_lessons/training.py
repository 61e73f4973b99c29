"""Training with state: when `fit` starts from zeros, and how validation leaves training's states alone."""

import keras

from lstm_lessons.arguments import refusal, whole_number
from lstm_lessons.states import held_states, reset_states


class ResetStates(keras.callbacks.Callback):
    """A callback that sets the states to zeros wherever a sequence starts, and keeps validation apart from training.

    For `fit`: the states of all rows, (batch_size, units) in each layer, are zeros when an epoch starts; with `every`,
    a number of batches, also before its batches every, 2 * every and so on, counted anew in each epoch. Validation
    starts from zeros too, follows `every` likewise, and gives training its states back when it ends, bit for bit. So do
    `evaluate(..., callbacks=[ResetStates()])` and `predict`, also when they are called in the middle of an epoch; a
    call that is not given the callback moves the states as ever. List it first, before callbacks that look at states.

    What it cannot see: that samples are shuffled (`fit` shuffles unless told otherwise), laid out wrongly, or that an
    epoch ends within a sequence. When a call breaks off, Keras tells its callbacks nothing: a broken validation's
    states stay until the next batch of training.

    Raises ValueError where `every` is no whole number of at least 1. Raised when such a call starts, before any state
    has moved: where the model has no stateful layer, and where compile's `steps_per_execution` hides a batch before
    which a reset is due (`every` is no multiple of it). Introduced in lesson 04.

    >>> inputs = keras.Input((5, 1), batch_size=2)
    >>> model = keras.Sequential([inputs, keras.layers.LSTM(3, stateful=True), keras.layers.Dense(1)])
    >>> model.compile("adam", "mse")
    >>> X, y = np.ones((8, 5, 1)), np.ones((8, 1))  # two rows, each with sequences of two samples
    >>> history = model.fit(X, y, batch_size=2, shuffle=False, verbose=0, callbacks=[ResetStates(every=2)])

    Source: the callback in "RNN LSTM stateful" (document A of the course), whose count of batches runs on through all
    epochs and which leaves validation out.
    """

    def __init__(self, every: int | None = None) -> None:
        super().__init__()
        self.every = None if every is None else whole_number("every", every, 1)
        self._held = []  # for each evaluate or predict that is running: its model, and how to give the states back
        self._undo_reset = None

    def on_train_begin(self, logs=None):
        self._require_visible_batches()
        self._trained = self.model  # an evaluate of another model may take self.model away
        self._held.clear()

    def on_epoch_begin(self, epoch, logs=None):
        reset_states(self._trained)

    def on_train_batch_begin(self, batch, logs=None):
        while self._held:  # an evaluate or predict broke off
            self.on_test_end()
        if self._starts_sequence(batch):
            self._undo_reset = held_states(self._trained)
            reset_states(self._trained)

    def on_train_batch_end(self, batch, logs=None):
        self._undo_reset = None

    def on_epoch_end(self, epoch, logs=None):
        if self._undo_reset:  # data of unknown length ended where Keras had announced one more batch
            self._undo_reset()

    def on_test_begin(self, logs=None):
        self._require_visible_batches()
        self._held.append((self.model, held_states(self.model)))
        reset_states(self.model)

    def on_test_batch_begin(self, batch, logs=None):
        if self._starts_sequence(batch):
            model, _ = self._held[-1]
            reset_states(model)

    def on_test_end(self, logs=None):
        _, give_back = self._held.pop()
        give_back()

    on_predict_begin, on_predict_batch_begin, on_predict_end = on_test_begin, on_test_batch_begin, on_test_end

    def _starts_sequence(self, batch: int) -> bool:
        return self.every is not None and batch > 0 and batch % self.every == 0

    def _require_visible_batches(self) -> None:
        at_once = self.model.steps_per_execution
        if self.every is not None and self.every % at_once:
            expected = f"a multiple of compile's steps_per_execution, {at_once}, which hides the batches between"
            raise refusal("every", expected, self.every)
