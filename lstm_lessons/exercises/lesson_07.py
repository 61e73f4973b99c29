"""The exercises of lesson 07, inference in chunks."""

import keras
import numpy as np
from keras import layers

from lstm_lessons.exercises import NOT_WRITTEN, Feedback, function_itself, raised, right, wrong
from lstm_lessons.states import get_states, preserved_states, reset_states, set_states

# --- 07-1: how many rows until the network is sure --------------------------------------------------------------------

ROWS_RIGHT = right(
    en="Right. The more surely the network is asked to know, the more rows it needs.",
    ja="正解です。求める確かさを上げるほど、必要な行数は増えます。",
    zh="答对了。要求的把握越大，需要读的行数就越多。",
)
ROWS_INDEX = wrong(
    en="One too few: position 0 means that **one** row has been read.",
    ja="1 つ少なくなっています。位置 0 は、**1 行**読んだということです。",
    zh="少了一：位置 0 表示已经读了**一行**。",
)
ROWS_NEVER = wrong(
    en="Nearly. A digit of which the network is never sure needs all 8 rows; `argmax` of nothing but False is 0.",
    ja="惜しいです。最後まで確かにならない数字には 8 行すべてが要ります。すべて False のとき、"
    "`argmax` は 0 になります。",
    zh="差一点。始终没有把握的数字需要全部 8 行；全是 False 时，`argmax` 是 0。",
)
ROWS_LATER = wrong(
    en="At some digits yours is later than the **first** row at which the largest probability is `sure` or more.",
    ja="最大の確率が**初めて** `sure` 以上になる行より、遅い数字があります。",
    zh="有些数字，你给的行比最大概率**第一次**达到 `sure` 的行要晚。",
)
ROWS_SHAPE = wrong(
    en="It should return n whole numbers, one for each digit, as an array or a list.",
    ja="数字 1 つにつき整数 1 つ、合わせて n 個を、配列かリストで返してください。",
    zh="应当返回 n 个整数，每个数字一个，用数组或列表。",
)
ROWS_OTHER = wrong(
    en="Not yet. Largest of the ten probabilities, at each row; first row where it is `sure` or more; counted from 1.",
    ja="まだ違います。行ごとに 10 個の確率の最大を取り、それが初めて `sure` 以上になる行を、1 から数えて返します。",
    zh="还不对。取每一行十个概率中最大的那个，找出它第一次达到 `sure` 的行，从 1 数起。",
)


def rows_function(answer) -> Feedback:
    if not callable(answer):
        return function_itself("rows_needed")
    rng = np.random.default_rng(71)
    scores = rng.normal(size=(60, 8, 10)) * np.linspace(0.5, 4, 8)[:, None]
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=2, keepdims=True)
    probabilities[0, 2] = [0.75, 0.25, *[0.0] * 8]  # exactly as sure as asked for
    feedback = ROWS_RIGHT
    for sure in (0.75, 0.5):
        try:
            returned = answer(probabilities.copy(), sure)
        except Exception as error:
            return raised(error)
        if returned is ...:
            return NOT_WRITTEN
        feedback = _about_rows(probabilities.max(axis=2) >= sure, _as_numbers(returned))
        if not feedback.right:
            return feedback
    return feedback


def _about_rows(is_sure, rows) -> Feedback:
    never = ~is_sure.any(axis=1)
    expected = np.where(never, 8, is_sure.argmax(axis=1) + 1)
    if rows is None or rows.shape != expected.shape:
        return ROWS_SHAPE
    if np.array_equal(rows, expected):
        return ROWS_RIGHT
    if np.array_equal(rows, expected - 1) or np.array_equal(rows, is_sure.argmax(axis=1)):
        return ROWS_INDEX
    if np.array_equal(rows[~never], expected[~never]):
        return ROWS_NEVER
    return ROWS_LATER if (rows >= expected).all() and (rows <= 8).all() else ROWS_OTHER


# --- 07-2: which layers can be cut ------------------------------------------------------------------------------------

CUT_RIGHT = right(
    en='Right: a, c, d. The causal convolution (`padding="causal"`) sees no future, but it needs the last '
    "two steps again, and at a cut they are gone: what it lacks is a state of its own.",
    ja='正解です。a、c、d です。因果的な畳み込み（`padding="causal"`）は過去と現在しか見ませんが、'
    "直前の 2 ステップをもう一度使うので、切るとそれが失われます。それを覚えておく自分の状態がないのです。",
    zh='答对了：a、c、d。因果卷积（`padding="causal"`）只看过去和现在，但它要再次用到前两步，'
    "切开之后那两步就没有了：它缺的是自己的状态。",
)
CUT_CAUSAL = wrong(
    en="b is the surprise. Causal means that it does not see the future; but at the start of each chunk it sees zeros "
    "where the last two steps should be.",
    ja="意外なのは b です。causal（因果的）とは未来を見ないという意味ですが、チャンクのはじめでは、"
    "直前の 2 ステップがあるべきところがゼロになります。",
    zh="出人意料的是 b。因果的意思是不看未来；但在每个片段的开头，本该是前两步的地方，它看到的是零。",
)
CUT_BATCH = wrong(
    en="d can be cut: in use, BatchNormalization takes the mean and variance learnt in training, "
    "the same at each step.",
    ja="d は切れます。BatchNormalization は、推論では学習中に得た平均と分散を使い、どのステップでも同じ計算をします。",
    zh="d 可以切开：BatchNormalization 在使用时采用训练中得到的均值和方差，每一步都一样。",
)
CUT_NORMS = wrong(
    en="Look at the axes: `LayerNormalization` divides within a step, `UnitNormalization(axis=1)` over the steps.",
    ja="軸に注目してください。`LayerNormalization` は 1 つのステップの中で、`UnitNormalization(axis=1)` "
    "はステップ全体にわたって割ります。",
    zh="注意轴：`LayerNormalization` 在一步之内归一，`UnitNormalization(axis=1)` 则跨各步归一。",
)
CUT_POOLING = wrong(
    en="e takes the larger of two neighbouring steps, and the neighbour may be on the other side of a cut.",
    ja="e は隣り合う 2 ステップの大きいほうを取ります。その隣は、切れ目の向こう側かもしれません。",
    zh="e 取相邻两步中较大的，而那个邻居可能在切口的另一边。",
)
CUT_DENSE = wrong(
    en="a can be cut: Dense treats each step alone.",
    ja="a は切れます。Dense は各ステップを別々に扱います。",
    zh="a 可以切开：Dense 单独处理每一步。",
)
CUT_FORM = wrong(
    en='`answer` has to be a set of names from a to f, such as `{"a", "c"}`.',
    ja='`answer` には、`{"a", "c"}` のように、a から f までの名前の集合を入れてください。',
    zh='`answer` 应当是 a 到 f 的名字的集合，例如 `{"a", "c"}`。',
)
CUT_HINTS = {"b": CUT_CAUSAL, "d": CUT_BATCH, "c": CUT_NORMS, "f": CUT_NORMS, "e": CUT_POOLING, "a": CUT_DENSE}


def layers_that_can_be_cut(answer) -> Feedback:
    if isinstance(answer, str) or not isinstance(answer, set | frozenset | list | tuple):
        return CUT_FORM
    if any(name not in CUT_HINTS for name in map(str, answer)):
        return CUT_FORM
    mistaken = set(answer) ^ {"a", "c", "d"}
    return next((hint for name, hint in CUT_HINTS.items() if name in mistaken), CUT_RIGHT)


# --- 07-3: an answer after each sample --------------------------------------------------------------------------------

ANSWERS_RIGHT = right(
    en="Right: along the time axis, and from zeros at the start of each sequence.",
    ja="正解です。時間の軸に沿って進み、どの系列もゼロから始まっています。",
    zh="答对了：沿着时间轴往前走，每条序列都从零开始。",
)
ANSWERS_NO_RESET = wrong(
    en="Each sequence starts from the end of the one before. Reset when one begins.",
    ja="どの系列も、前の系列の終わりから始まっています。始まるときにリセットしてください。",
    zh="每条序列都从上一条的末尾开始。开始时要重置。",
)
ANSWERS_FIRST = wrong(
    en="Nearly: only the first sequence is wrong. The twin may still hold a state when your function is called.",
    ja="惜しいです。違うのは最初の系列だけです。関数が呼ばれたとき、モデルにまだ状態が残っていることがあります。",
    zh="差一点：只有第一条序列不对。你的函数被调用时，模型里可能还留着状态。",
)
ANSWERS_EACH = wrong(
    en="The state is reset before every **sample**, so nothing is remembered. Reset once for each sequence.",
    ja="**サンプル**ごとにリセットしているので、何も覚えていられません。リセットは系列ごとに 1 回です。",
    zh="每个**样本**之前都重置了，所以什么也记不住。每条序列只重置一次。",
)
ANSWERS_SHAPE = wrong(
    en="It should return shape (n, timesteps): for each sequence, one output after each of its samples.",
    ja="形状 (n, timesteps) の配列を返してください。系列ごとに、サンプルを読むたびの出力が 1 つずつです。",
    zh="应当返回形状 (n, timesteps)：每条序列，每读一个样本一个输出。",
)
ANSWERS_OTHER = wrong(
    en="Not yet. Time is the second axis: `sequence[k]` is sample k of one sequence, and the "
    "twin reads (1, 1, features).",
    ja="まだ違います。時間は 2 つ目の軸です。1 本の系列の `sequence[k]` がサンプル k で、モデルは "
    "(1, 1, features) を読みます。",
    zh="还不对。时间是第二个轴：一条序列的 `sequence[k]` 是样本 k，模型读的是 (1, 1, features)。",
)


def answering_function(answer) -> Feedback:
    if not callable(answer):
        return function_itself("outputs_of")
    twin, sequences = _used_twin(), np.random.default_rng(73).normal(size=(4, 5, 2)).astype("float32")
    expected = _step_by_step(twin, sequences)
    try:
        with preserved_states(twin):
            returned = answer(twin, sequences.copy())
    except Exception as error:
        return raised(error)
    return NOT_WRITTEN if returned is ... else _about_answers(twin, sequences, expected, _as_numbers(returned))


def _about_answers(twin, sequences, expected, answers) -> Feedback:
    if answers is None or answers.shape != expected["right"].shape:
        return ANSWERS_SHAPE
    said = {
        "right": ANSWERS_RIGHT,
        "never": ANSWERS_NO_RESET,
        "zeros, then never": ANSWERS_NO_RESET,
        "after each": ANSWERS_FIRST,
        "each sample": ANSWERS_EACH,
    }
    return next((said[how] for how in said if np.allclose(answers, expected[how], atol=1e-5)), ANSWERS_OTHER)


def _step_by_step(twin, sequences) -> dict[str, np.ndarray]:
    """What the right function returns, and what those return that reset at other times."""
    resets = {
        "right": lambda row, step: step == 0,
        "never": lambda row, step: False,
        "zeros, then never": lambda row, step: row == step == 0,
        "after each": lambda row, step: row > 0 and step == 0,
        "each sample": lambda row, step: True,
    }
    found = {}
    for how, reset_before in resets.items():
        with preserved_states(twin):
            found[how] = np.array([_outputs(twin, row, x, reset_before) for row, x in enumerate(sequences)])
    return found


def _outputs(twin, row, sequence, reset_before) -> list[float]:
    outputs = []
    for step, sample in enumerate(sequence):
        if reset_before(row, step):
            reset_states(twin)
        outputs.append(twin.predict_on_batch(sample[None, None])[0, 0])
    return outputs


def _used_twin() -> keras.Model:
    """A stateful model of batch size 1 whose states are not zeros; the reader's random numbers stay as they are."""
    weights = {"kernel_initializer": keras.initializers.RandomNormal(seed=7), "recurrent_initializer": "ones"}
    twin = keras.Sequential([keras.Input((None, 2), batch_size=1), layers.LSTM(4, stateful=True, **weights)])
    twin.add(layers.Dense(1, kernel_initializer="ones"))
    set_states(twin, {name: np.full(values.shape, 0.5) for name, values in get_states(twin).items()})
    return twin


def _as_numbers(returned) -> np.ndarray | None:
    try:
        return np.asarray(returned, "float64")
    except Exception:  # whatever an object's own conversion raises
        return None


EXERCISES = {"07-1": rows_function, "07-2": layers_that_can_be_cut, "07-3": answering_function}
