"""The exercises of lesson 04, training with state."""

import keras
import numpy as np
from keras import layers

from lstm_lessons.exercises import NOT_WRITTEN, Feedback, function_itself, one_number, raised, right, wrong
from lstm_lessons.states import get_states, set_states

# --- 04-1: a function that measures without leaving a trace -----------------------------------------------------------

LOOK_RIGHT = right(
    en="Right: measured from zeros, and the states are what they were, whatever they were.",
    ja="正解です。ゼロから測り、終わったあとの状態は、もとが何であれ、もとのままです。",
    zh="答对了：从零开始衡量，结束后的状态和原来一样，不管原来是什么。",
)
LOOK_NUMBER = wrong(
    en="The function has to return one number, the accuracy. `network.evaluate` returns the loss and the accuracy.",
    ja="関数は 1 つの数、つまり正解率を返さなければなりません。`network.evaluate` は損失と正解率の 2 つを返します。",
    zh="函数应当返回一个数，也就是准确率。`network.evaluate` 返回的是损失和准确率两个数。",
)
LOOK_LOSS = wrong(
    en="That is the loss. The accuracy is the second of the two numbers that `network.evaluate` returns.",
    ja="それは損失です。正解率は、`network.evaluate` が返す 2 つの数の 2 番目です。",
    zh="这是损失。准确率是 `network.evaluate` 返回的两个数中的第二个。",
)
LOOK_START = wrong(
    en="The accuracy depends on what the network had read before. Reset, and then measure.",
    ja="正解率が、その前に読んだものに左右されています。リセットしてから測ってください。",
    zh="准确率受到了之前读过的东西的影响。先重置，再衡量。",
)
LOOK_EVERY = wrong(
    en="The accuracy is not that of one series, reset once at its start and read in order, 8 rows a batch.",
    ja="正解率が違います。リセットは最初の 1 回だけで、1 バッチ 8 行、順番どおりに読んだときの値を返してください。",
    zh="准确率不对：应当只在开头重置一次，按顺序、每批 8 行来读。",
)
LOOK_TRACE = wrong(
    en="The number is right, but afterwards the states are not what they were. Take copies of h **and** c before you "
    "reset (`state.numpy()`), and `assign` them at the end.",
    ja="数は合っていますが、終わったあとの状態がもとと違います。リセットの前に、h と c の**両方**の写しを "
    "`state.numpy()` で取り、最後に `assign` で戻してください。",
    zh="数是对的，但结束后的状态和原来不一样。重置之前先把 h 和 c **都**复制下来（`state.numpy()`），"
    "最后用 `assign` 放回去。",
)
LOOK_ROWS = wrong(
    en="A batch did not fit. Without `batch_size=8` Keras cuts batches of 32 rows, and this network has 8.",
    ja="バッチの大きさが合いません。`batch_size=8` がないと、Keras は 32 行のバッチに切りますが、"
    "このネットワークは 8 行です。",
    zh="有一个批次大小不对。不写 `batch_size=8`，Keras 会切成 32 行的批次，而这个网络只有 8 行。",
)
LOOK_WEIGHTS = wrong(
    en="Your function has changed the weights. Measuring is `evaluate` or `predict`, not `fit`.",
    ja="関数が重みを変えてしまいました。測るのは `fit` ではなく `evaluate` か `predict` です。",
    zh="你的函数改动了权重。衡量要用 `evaluate` 或 `predict`，不是 `fit`。",
)


def looking_function(answer) -> Feedback:
    if not callable(answer):
        return function_itself("look")
    network = _network_to_look_at()
    X, y = _series_to_look_at(network)
    expected = network.evaluate(X, y, batch_size=8, verbose=0)
    rng = np.random.default_rng(42)
    states = {key: rng.uniform(2, 4, values.shape).astype("float32") for key, values in get_states(network).items()}
    set_states(network, states)
    weights = network.get_weights()
    try:
        returned = answer(network, X, y)
    except Exception as error:
        return LOOK_ROWS if "broadcast" in str(error) or "Incompatible shapes" in str(error) else raised(error)
    if returned is ...:
        return NOT_WRITTEN
    if any(not np.array_equal(a, b) for a, b in zip(weights, network.get_weights(), strict=True)):
        return LOOK_WEIGHTS
    if not all(np.array_equal(states[key], values) for key, values in get_states(network).items()):
        return _about_accuracy(one_number(returned), expected, network, (X, y), states) or LOOK_TRACE
    return _about_accuracy(one_number(returned), expected, network, (X, y), states) or LOOK_RIGHT


def _network_to_look_at() -> keras.Model:
    """A network whose answers depend on the state from which it starts, and hardly on what it reads."""
    keras.utils.set_random_seed(41)
    lstm = layers.LSTM(4, stateful=True)
    network = keras.Sequential([keras.Input((None, 1), batch_size=8), lstm, layers.Dense(1, activation="sigmoid")])
    network.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    kernel, recurrent_kernel, _ = lstm.get_weights()
    lstm.set_weights([3 * kernel, recurrent_kernel, np.repeat([0.0, 6.0, 0.0, 0.0], 4)])  # it forgets slowly
    network.layers[1].set_weights([np.ones((4, 1)), np.zeros(1)])
    return network


def _series_to_look_at(network) -> tuple[np.ndarray, np.ndarray]:
    """A series and labels, the network's own answers with every 12th turned round: 11/12 are right, read rightly."""
    X = np.random.default_rng(41).normal(size=(48, 5, 1)).astype("float32")
    labels = (network.predict(X, batch_size=8, verbose=0) > 0.5).astype("float32")
    network.layers[0].reset_state()
    labels[::12] = 1 - labels[::12]
    return X, labels


def _about_accuracy(number, expected, network, pair, states) -> Feedback | None:
    """What is wrong with the number, if anything."""
    loss, accuracy = expected
    if number is None or np.isnan(number):
        return LOOK_NUMBER
    if np.isclose(number, accuracy, atol=1e-6):
        return None
    set_states(network, states)
    carried = network.evaluate(*pair, batch_size=8, verbose=0)
    if np.isclose(number, carried[1], atol=1e-6):
        return LOOK_START
    return LOOK_LOSS if np.isclose(number, [loss, carried[0]], atol=1e-4).any() else LOOK_EVERY


# --- 04-2: where a counter of 12 resets in the second epoch of 30 batches ---------------------------------------------

DRIFT_RIGHT = right(
    en="Right: its count goes on at 30, and 36 and 48 are the multiples of 12 there: batches 6 and 18 of epoch 1.",
    ja="正解です。エポック 1 でカウンターは 30 から 59 まで進みます。そのあいだの 12 の倍数は "
    "36 と 48、つまりエポック 1 のバッチ 6 と 18 です。",
    zh="答对了：计数从 30 接着数，那一段里 12 的倍数是 36 和 48，也就是轮次 1 的批次 6 和 18。",
)
DRIFT_FORM = wrong(
    en="The answer is a list of batch numbers from 0 to 29, such as `[0, 12, 24]`.",
    ja="答えは、0 から 29 までのバッチ番号のリストです。たとえば `[0, 12, 24]` のように書きます。",
    zh="答案应当是 0 到 29 之间批次编号的列表，例如 `[0, 12, 24]`。",
)
DRIFT_NONE = wrong(
    en="That is where it should reset, and where it does in epoch 0. But the counter does not start anew.",
    ja="それはリセットすべき場所で、エポック 0 ではそのとおりです。けれども、このカウンターは数え直しません。",
    zh="那是应该重置的地方，在轮次 0 里也确实如此。可是这个计数器不会重新数起。",
)
DRIFT_COUNTED = wrong(
    en="These are numbers of the counter. Count from the start of epoch 1, which is its number 30.",
    ja="それはカウンターの値です。エポック 1 の始まりから数えてください。カウンターの値では 30 のところです。",
    zh="这是计数器上的数。请从轮次 1 的开头数起，那里计数器是 30。",
)
DRIFT_OTHER = wrong(
    en="Not these. What does the counter say when epoch 1 begins, and which multiples of 12 come next?",
    ja="違います。エポック 1 が始まるとき、カウンターはいくつでしょうか。その先にある 12 の倍数はどれですか。",
    zh="不是这些。轮次 1 开始时计数器是多少？接下来 12 的倍数有哪些？",
)


def drifting_resets(answer) -> Feedback:
    try:
        numbers = tuple(sorted(float(number) for number in answer))
    except Exception:  # whatever an object's own conversion raises
        return DRIFT_FORM
    known = {(6, 18): DRIFT_RIGHT, (0, 12, 24): DRIFT_NONE, (36, 48): DRIFT_COUNTED}
    if numbers in known:
        return known[numbers]
    return DRIFT_OTHER if numbers and all(number in range(30) for number in numbers) else DRIFT_FORM


# --- 04-3: 12 patients side by side, 24 hours each, samples of 30 minutes ---------------------------------------------

BEDS_RIGHT = right(
    en="Right: a day is 48 samples of 30 minutes, and each batch takes all 12 beds on by one of them.",
    ja="正解です。1 日は 30 分のサンプル 48 個で、1 バッチごとに 12 床すべてが 1 サンプル進みます。",
    zh="答对了：一天是 48 个 30 分钟的样本，每个批次让 12 张床都前进一个样本。",
)
BEDS_WRONG = {
    12: wrong(
        en="12 is the number of rows. `every` counts batches. How many of them make a day?",
        ja="12 は行の数です。`every` はバッチの数です。何バッチで 1 日になりますか。",
        zh="12 是行数。`every` 数的是批次。多少个批次是一天？",
    ),
    576: wrong(
        en="576 is the number of samples in a day of all beds. `every` counts batches, and a batch holds 12 samples.",
        ja="576 は、全床を合わせた 1 日のサンプル数です。`every` はバッチの数で、1 バッチには 12 サンプルあります。",
        zh="576 是所有床一天的样本数。`every` 数的是批次，一个批次里有 12 个样本。",
    ),
    4: wrong(
        en="4 would be right if one bed followed another in the batches. Here a batch holds one sample of each bed.",
        ja="4 が正しいのは、ベッドの順にサンプルがバッチに入る場合です。ここでは、1 バッチに各床のサンプルが "
        "1 つずつ入ります。",
        zh="要是样本按床一张接一张地装进批次，4 才对。这里每个批次装的是每张床各一个样本。",
    ),
    24: wrong(
        en="24 hours, yes. But how long is a sample?",
        ja="24 時間、そのとおりです。では、1 サンプルは何分でしたか。",
        zh="24 小时，没错。可是一个样本有多长？",
    ),
}
BEDS_OTHER = wrong(
    en="By how much time does one batch take each bed on? And when do the patients change?",
    ja="1 バッチで、どのベッドも何分進みますか。患者が入れかわるのはいつですか。",
    zh="一个批次让每张床前进多少时间？病人什么时候换？",
)


def batches_between_patients(answer) -> Feedback:
    return {48: BEDS_RIGHT, **BEDS_WRONG}.get(one_number(answer), BEDS_OTHER)


EXERCISES = {"04-1": looking_function, "04-2": drifting_resets, "04-3": batches_between_patients}
