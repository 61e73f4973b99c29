"""The exercises of lesson 01, inside the cell."""

import numpy as np

from lstm_lessons.exercises import NOT_WRITTEN, Feedback, function_itself, one_number, raised, right, wrong

# --- 01-1: how many features does an LSTM(32) with 6272 parameters read? ----------------------------------------------

FEATURES_RIGHT = right(
    en="Right: `6272 = 4 * 32 * (16 + 32 + 1)`. And 1600 numbers after flattening, 16 at each "
    "step, mean 100 steps, not 7.",
    ja="正解です。`6272 = 4 * 32 * (16 + 32 + 1)` です。また、平らにした出力が 1600 個で、1 ステップに "
    "16 個ですから、ステップ数も 7 ではなく 100 です。",
    zh="答对了：`6272 = 4 * 32 * (16 + 32 + 1)`。展平后有 1600 个数，每步 16 个，可见步数也不是 7，而是 100。",
)
FEATURES_WRONG = {
    49: wrong(
        en="49 is features, units and bias together: 6272 / 128. Take the 32 units and the 1 of the bias away.",
        ja="49 = 6272 / 128 は、特徴量とユニットとバイアスを合わせた数です。ユニットの 32 とバイアスの "
        "1 を引いてください。",
        zh="49 = 6272 / 128 是特征、单元和偏置加在一起的数。减去 32 个单元和偏置的 1。",
    ),
    17: wrong(
        en="Nearly. Each column also has one bias: the 1 in the formula.",
        ja="もう少しです。どの列にもバイアスが 1 つあります。式の中の 1 です。",
        zh="差一点。每一列还有一个偏置，就是公式里的那个 1。",
    ),
    3: wrong(
        en="3 is what the description says. The cell above printed how many parameters that would make.",
        ja="3 は説明文にある数です。そのときのパラメータ数は、上のセルで表示しました。",
        zh="3 是描述里写的。那样会有多少参数，上面的单元格已经打印出来了。",
    ),
    163: wrong(
        en="Did you forget that each unit has four columns? Divide by `4 * 32`.",
        ja="1 ユニットに 4 列あることを忘れていませんか。`4 * 32` で割ってください。",
        zh="是不是忘了每个单元有四列？要除以 `4 * 32`。",
    ),
}
FEATURES_OTHER = wrong(
    en="Turn the formula around: `6272 = 4 * 32 * (features + 32 + 1)`.",
    ja="式を逆に解いてください。`6272 = 4 * 32 * (features + 32 + 1)` です。",
    zh="把公式反过来解：`6272 = 4 * 32 * (features + 32 + 1)`。",
)


def feature_count(answer) -> Feedback:
    return {16: FEATURES_RIGHT, **FEATURES_WRONG}.get(one_number(answer), FEATURES_OTHER)


# --- 01-2: weights for an LSTM(1) that counts ones in c ---------------------------------------------------------------

COUNTER_SHAPES = ((1, 4), (1, 4), (4,))
COUNTER_RIGHT = right(
    en="Right: c rises by the same amount with every 1 and keeps still at every 0, over 60 steps.",
    ja="正解です。60 ステップを通して、1 が来るたびに c は同じだけ増え、0 では動きません。",
    zh="答对了：60 步之中，每来一个 1，c 都增加同样多；来 0 时，c 不动。",
)
COUNTER_FORM = wrong(
    en="The answer is a list of three arrays of finite numbers, with the shapes (1, 4), (1, 4) and (4,).",
    ja="答えは、有限な数からなる 3 つの配列のリストです。形状は順に (1, 4)、(1, 4)、(4,) です。",
    zh="答案应当是三个数组组成的列表，数都是有限的，形状依次是 (1, 4)、(1, 4)、(4,)。",
)
COUNTER_STILL = wrong(
    en="c does not move, or hardly. What should the candidate be when a 1 comes, which column "
    "of the kernel makes it so, and does the input gate let it in?",
    ja="c がほとんど動きません。1 が来たとき候補値はどうなるべきで、それを決めるのはカーネルのどの列でしょうか。"
    "入力ゲートは通していますか。",
    zh="c 几乎不动。来 1 时，候选值应当是多少？由核的哪一列决定？输入门放它进来了吗？",
)
COUNTER_FORGETS = wrong(
    en="c shrinks towards 0 while zeros come: something is forgotten. How wide is the forget gate open?",
    ja="0 が来るあいだに c が 0 に近づいていきます。忘れているのです。忘却ゲートはどれだけ開いていますか。",
    zh="来 0 的时候 c 越来越接近 0：有东西被忘掉了。遗忘门开得有多大？",
)
COUNTER_COUNTS_ZEROS = wrong(
    en="c moves when a 0 comes, too. What is the candidate then, and does the old h have a say in it?",
    ja="0 が来たときにも c が動いています。そのときの候補値はいくつですか。古い h が影響していませんか。",
    zh="来 0 的时候 c 也在动。这时，候选值是多少？旧的 h 有没有影响它？",
)
COUNTER_DOWN = wrong(
    en="c moves by equal steps, but downwards. Which sign has the candidate?",
    ja="c は同じだけ動いていますが、減る向きです。候補値の符号はどうなっていますか。",
    zh="c 每次变化一样多，但是在减少。候选值的符号是什么？",
)
COUNTER_UNEQUAL = wrong(
    en="c keeps still at every 0, but not every 1 counts the same. Does a gate close, or does the old h have a say?",
    ja="c は 0 では動きませんが、1 が来たときの変わり方が毎回同じではありません。ゲートが閉じたり、"
    "古い h が影響したりしていませんか。",
    zh="来 0 时 c 不动，但每来一个 1，c 的变化不一样大。是不是有门关上了，或者旧的 h 在起作用？",
)


def counting_weights(answer) -> Feedback:
    weights = _three_arrays(answer)
    if weights is None:
        return COUNTER_FORM
    ones = np.random.default_rng(0).permutation(np.arange(60) % 2)
    c = _c_of(weights, ones)
    rises, before = np.diff(c, prepend=0.0), np.append(0.0, c[:-1])
    at_zero, at_one = rises[ones == 0], rises[ones == 1]
    step = np.abs(at_one).max()
    if np.abs(at_zero).max() > 0.01 * max(step, 1e-3):
        return COUNTER_FORGETS if _only_forgets(before[ones == 0], at_zero) else COUNTER_COUNTS_ZEROS
    if step < 1e-3:
        return COUNTER_STILL
    if np.ptp(at_one) > 0.02 * step:
        return COUNTER_UNEQUAL
    return COUNTER_RIGHT if at_one[0] > 0 else COUNTER_DOWN


def _only_forgets(before, rises) -> bool:
    """Whether c loses the same share of itself each time, and nothing else happens to it."""
    share = -(rises @ before) / max(before @ before, 1e-12)
    return share > 0 and np.abs(rises + share * before).max() < 0.02 * np.abs(rises).max()


def _three_arrays(answer) -> list[np.ndarray] | None:
    try:
        parts = [np.asarray(part) for part in answer]
    except Exception:  # whatever an object's own conversion raises
        return None
    if any(part.dtype.kind not in "iuf" for part in parts):
        return None
    weights = [part.astype("float64") for part in parts]
    shapes_fit = tuple(part.shape for part in weights) == COUNTER_SHAPES
    return weights if shapes_fit and all((np.abs(part) < 1e30).all() for part in weights) else None


def _c_of(weights, values) -> np.ndarray:
    """The cell state of an LSTM(1) after each of the values, by Keras."""
    from keras import layers

    cell = layers.LSTMCell(1)
    cell.build((1, 1))
    cell.set_weights(weights)
    states, seen = [np.zeros((1, 1), "float32")] * 2, []
    for value in np.asarray(values, "float32"):
        _, states = cell(value.reshape(1, 1), states)
        seen.append(float(states[1][0, 0]))
    return np.array(seen)


# --- 01-3: a GRU step by hand -----------------------------------------------------------------------------------------

GRU_RIGHT = right(
    en="Right: the same as Keras, over 7 steps with biases that are not zero.",
    ja="正解です。ゼロでないバイアスで 7 ステップ読んでも、Keras と同じになります。",
    zh="答对了：偏置不为零，连读 7 步，结果与 Keras 相同。",
)
GRU_FORM = function_itself("gru_step")
GRU_SHAPE = wrong(
    en="Your function has to return the new h alone, an array of real numbers of the same shape "
    "as h: `(batch_size, units)`.",
    ja="新しい h だけを返してください。h と同じ形状 `(batch_size, units)` の実数の配列です。",
    zh="函数应当只返回新的 h，它是和 h 形状相同的实数数组：`(batch_size, units)`。",
)
GRU_OTHER = wrong(
    en="Not the numbers that Keras gets. Compare each line of yours with the formulas.",
    ja="Keras と同じ数になりません。1 行ずつ式と見比べてください。",
    zh="和 Keras 的数不一样。请把你的每一行和公式对照一遍。",
)
GRU_MISTAKES = {
    "update turned around": wrong(
        en="Old and new have changed places: it is `u * h + (1 - u) * g`. (Some papers define u the other way round.)",
        ja="古いものと新しいものが入れかわっています。`u * h + (1 - u) * g` です。（u を逆に定義する論文もあります。）",
        zh="新旧放反了：应当是 `u * h + (1 - u) * g`。（有的论文把 u 定义得正好相反。）",
    ),
    "gates swapped": wrong(
        en="Update and reset have changed places: the first third of the columns is the update gate.",
        ja="更新とリセットが入れかわっています。列のはじめの 3 分の 1 が更新ゲートです。",
        zh="更新和重置放反了：列的第一个三分之一是更新门。",
    ),
    "no second bias": wrong(
        en="The second bias is missing: the mixture of the old h has its own, `bias[1]`.",
        ja="2 つ目のバイアスがありません。古い h に重みを掛けたほうにも、専用のバイアス `bias[1]` を足します。",
        zh="少了第二个偏置：混合旧的 h 时有它自己的偏置 `bias[1]`。",
    ),
    "reset too early": wrong(
        en="The reset gate comes too early: with `reset_after=True` it multiplies the mixed part "
        "`r_g`, not h before the mixing.",
        ja="リセットゲートを掛けるのが早すぎます。`reset_after=True` では、重みを掛ける前の h ではなく、"
        "重みを掛けたあとの `r_g` に掛けます。",
        zh="重置门乘得太早了：`reset_after=True` 时，它乘的是混合之后的 `r_g`，不是混合之前的 h。",
    ),
    "bias not reset": wrong(
        en="Nearly: the second bias is part of `r_g`, so the reset gate multiplies it, too.",
        ja="惜しいです。2 つ目のバイアスは `r_g` の一部なので、リセットゲートはそれにも掛かります。",
        zh="很接近：第二个偏置是 `r_g` 的一部分，重置门也要乘它。",
    ),
    "no reset": wrong(
        en="The reset gate is missing from the candidate: `g = tanh(a_g + s * r_g)`.",
        ja="候補値にリセットゲートが入っていません。`g = tanh(a_g + s * r_g)` です。",
        zh="候选值里少了重置门：`g = tanh(a_g + s * r_g)`。",
    ),
}


def gru_by_hand(answer) -> Feedback:
    if not callable(answer):
        return GRU_FORM
    inputs, weights = _gru_input()
    try:
        returned = _read(answer, inputs, weights)
    except Exception as error:
        return raised(error)
    if not isinstance(returned, np.ndarray):
        return returned
    if _close(returned, _read_by_keras(inputs, weights)):
        return GRU_RIGHT
    slips = (slip for slip in GRU_MISTAKES if _close(returned, _read(_with_mistake(slip), inputs, weights)))
    return GRU_MISTAKES.get(next(slips, None), GRU_OTHER)


def _gru_input():
    generator = np.random.default_rng(3)
    shapes = (3, 12), (4, 12), (2, 12)
    return generator.normal(size=(2, 7, 3)), [generator.normal(size=shape) for shape in shapes]


def _read(step, inputs, weights) -> np.ndarray | Feedback:
    h = np.zeros((2, 4))
    for t in range(inputs.shape[1]):
        h_new = step(inputs[:, t].copy(), h.copy(), *(weight.copy() for weight in weights))
        if h_new is ...:
            return NOT_WRITTEN
        h = _as_state(h_new)
        if h is None:
            return GRU_SHAPE
    return h


def _as_state(returned) -> np.ndarray | None:
    try:
        state = np.asarray(returned)
        return state.astype("float64") if state.shape == (2, 4) and state.dtype.kind in "iuf" else None
    except ValueError:  # ragged
        return None


def _read_by_keras(inputs, weights) -> np.ndarray:
    from keras import layers

    gru = layers.GRU(4)
    gru.build((2, None, 3))
    gru.set_weights(weights)
    return gru(inputs.astype("float32")).numpy()


def _with_mistake(slip: str):
    """A GRU step with one of the usual mistakes."""

    def step(x, h, kernel, recurrent_kernel, bias):
        second = 0 if slip == "no second bias" else bias[1]
        a_u, a_s, a_g = np.split(x @ kernel + bias[0], 3, axis=-1)
        r_u, r_s, r_g = np.split(h @ recurrent_kernel + second, 3, axis=-1)
        u, s = 1 / (1 + np.exp(-a_u - r_u)), 1 / (1 + np.exp(-a_s - r_s))
        if slip == "gates swapped":
            u, s = s, u
        if slip == "reset too early":
            r_g, s = (s * h) @ recurrent_kernel[:, 8:] + second[8:], 1
        if slip == "bias not reset":
            a_g, r_g = a_g + second[8:], r_g - second[8:]
        g = np.tanh(a_g + (1 if slip == "no reset" else s) * r_g)
        return (1 - u) * h + u * g if slip == "update turned around" else u * h + (1 - u) * g

    return step


def _close(a, b) -> bool:
    return bool(np.allclose(a, b, atol=1e-4))


EXERCISES = {"01-1": feature_count, "01-2": counting_weights, "01-3": gru_by_hand}
