"""The exercises of lesson 06, setting states."""

import keras
import numpy as np
from keras import layers

from lstm_lessons.exercises import NOT_WRITTEN, Feedback, function_itself, one_number, raised, right, wrong
from lstm_lessons.states import get_states, set_states

# --- 06-1: two rows change places -------------------------------------------------------------------------------------

SWAP_RIGHT = right(
    en="Right: both rows have changed places, in every layer, and no other row has moved.",
    ja="正解です。2 つの行がすべての層で入れかわり、ほかの行は動いていません。",
    zh="答对了：两行在每一层都换了位置，其他行没有动。",
)
SWAP_NOTHING = wrong(
    en="Nothing has changed. `get_states` gives copies: hand the changed ones to `set_states`.",
    ja="何も変わっていません。`get_states` が返すのは写しです。書きかえたものを `set_states` に渡してください。",
    zh="什么也没变。`get_states` 给的是副本：把改好的交给 `set_states`。",
)
SWAP_COPIED = wrong(
    en="Both rows now hold the same. The first one was overwritten before it had been copied; "
    "`values[[a, b]] = values[[b, a]]` does both at once.",
    ja="2 つの行が同じになってしまいました。片方を写す前に上書きしています。`values[[a, b]] = "
    "values[[b, a]]` なら一度にできます。",
    zh="两行变成一样的了：还没复制，其中一行就被覆盖了。`values[[a, b]] = values[[b, a]]` 可以一次换好。",
)
SWAP_SOME = wrong(
    en="Only some of the states have changed places. There are several: h and c, in several layers, "
    "also in inner models.",
    ja="入れかわったのは一部の状態だけです。h と c があり、層もいくつかあり、内側のモデルの中にもあります。",
    zh="只有一部分状态换了位置。状态有好几个：h 和 c，好几层，内层模型里也有。",
)
SWAP_OTHERS = wrong(
    en="Rows have moved that should have stayed, or hold something new.",
    ja="動いてはいけない行が動いたか、元になかった値が入っています。",
    zh="不该动的行动了，或者里面是原来没有的数。",
)


def swapping_function(answer) -> Feedback:
    if not callable(answer):
        return function_itself("swap_rows")
    model, before = _model_with_states()
    expected = {name: values[[0, 3, 2, 1]] for name, values in before.items()}
    try:
        returned = answer(model, 1, 3)
    except Exception as error:
        return raised(error)
    if returned is ...:
        return NOT_WRITTEN
    return _about_swapped(before, expected, get_states(model))


def _about_swapped(before, expected, after) -> Feedback:
    if _same(after, expected):
        return SWAP_RIGHT
    if _same(after, before):
        return SWAP_NOTHING
    copied = [{name: values[rows] for name, values in before.items()} for rows in ([0, 1, 2, 1], [0, 3, 2, 3])]
    if any(_same(after, states) for states in copied):
        return SWAP_COPIED
    each = [any(np.array_equal(after[name], known[name]) for known in (before, expected)) for name in after]
    return SWAP_SOME if all(each) else SWAP_OTHERS


# --- 06-2: rows with NaN get their states from before -----------------------------------------------------------------

RESCUE_RIGHT = right(
    en="Right: the ruined rows are back, in all layers, and the others have kept what they have read since.",
    ja="正解です。壊れた行はすべての層で元に戻り、ほかの行は、その後に読んだものを保っています。",
    zh="答对了：毁掉的行在所有层都恢复了，其他行保住了后来读到的东西。",
)
RESCUE_NAN = wrong(
    en="There still is a NaN. A row may have it in one layer only; look at all of them.",
    ja="まだ NaN が残っています。NaN は 1 つの層にしかないこともあります。すべての層を見てください。",
    zh="还有 NaN。一行的 NaN 可能只在某一层里：每一层都要看。",
)
RESCUE_ALL = wrong(
    en="All rows are back. The rows without NaN should have kept what they have now.",
    ja="すべての行が元に戻っています。NaN のない行は、今の状態のままにしなければなりません。",
    zh="所有行都恢复了。没有 NaN 的行应当保持现在的状态。",
)
RESCUE_PARTS = wrong(
    en="A ruined row is back where it had a NaN, but not in all layers: in the others it still holds what it has read "
    "since. Take the whole row back.",
    ja="壊れた行は、NaN のあったところだけ元に戻っています。ほかの層には、その後に読んだものが残っています。"
    "行全体を元に戻してください。",
    zh="毁掉的行只在有 NaN 的地方恢复了，在别的层里还是后来读到的东西。要把整行都恢复。",
)
RESCUE_ZEROS = wrong(
    en="The ruined rows are zeros. They should have their states of `good`.",
    ja="壊れた行がゼロになっています。`good` の状態に戻してください。",
    zh="毁掉的行成了零。它们应当恢复成 `good` 里的状态。",
)
RESCUE_OTHER = wrong(
    en="Not yet: rows with a NaN anywhere take everything from `good`, the other rows keep what they have.",
    ja="まだ違います。どこかに NaN のある行は、すべてを `good` から取り、ほかの行は今のままにします。",
    zh="还不对：任何地方有 NaN 的行，全部取自 `good`；其他行保持不变。",
)


def rescuing_function(answer) -> Feedback:
    if not callable(answer):
        return function_itself("rescue")
    model, good = _model_with_states()
    now = {name: values + 1 for name, values in good.items()}
    set_states(model, now)
    now["lstm/c"][1, 0] = now["encoder/gru/h"][2, 1] = np.nan  # two rows, each in one layer
    lstm_c, gru_h = model.layers[0].states[1], model.layers[1].layers[0].states[0]
    lstm_c.assign(now["lstm/c"])
    gru_h.assign(now["encoder/gru/h"])
    try:
        returned = answer(model, {name: values.copy() for name, values in good.items()})
    except Exception as error:
        return raised(error)
    return NOT_WRITTEN if returned is ... else _about_rescued(good, now, get_states(model))


def _about_rescued(good, now, after) -> Feedback:
    if any(np.isnan(values).any() for values in after.values()):
        return RESCUE_NAN
    if _same(after, good):
        return RESCUE_ALL
    kept = all(np.array_equal(after[name][[0, 3]], now[name][[0, 3]]) for name in now)
    if kept and all(np.array_equal(after[name][[1, 2]], good[name][[1, 2]]) for name in now):
        return RESCUE_RIGHT
    if kept and not any(after[name][[1, 2]].any() for name in now):
        return RESCUE_ZEROS
    mixed = all(np.isin(after[name], [good[name], now[name]]).all() for name in now)
    return RESCUE_PARTS if kept and mixed else RESCUE_OTHER


def _model_with_states() -> tuple[keras.Model, dict[str, np.ndarray]]:
    """An LSTM, and a GRU in an inner model, at batch size 4, with states that are all different."""
    inner = keras.Sequential([keras.Input((None, 3), batch_size=4), layers.GRU(2, stateful=True)], name="encoder")
    lstm = layers.LSTM(3, stateful=True, return_sequences=True)
    model = keras.Sequential([keras.Input((None, 2), batch_size=4), lstm, inner])
    rng = np.random.default_rng(61)
    states = {name: rng.uniform(1, 2, values.shape).astype("float32") for name, values in get_states(model).items()}
    set_states(model, states)
    return model, states


def _same(states, others) -> bool:
    return all(np.array_equal(states[name], others[name]) for name in others)


# --- 06-3: after how many steps a forget gate of 0.9 leaves less than 1 % ---------------------------------------------

STEPS_RIGHT = right(
    en="Right: $0.9^{44}$ is 0.0097, the first power of 0.9 below 0.01.",
    ja="正解です。$0.9^{44}$ は 0.0097 で、0.9 のべきで初めて 0.01 を下回ります。",
    zh="答对了：$0.9^{44}$ 是 0.0097，是 0.9 的幂里第一个小于 0.01 的。",
)
STEPS_WRONG = {
    43: wrong(
        en="Nearly: after 43 steps it is 1.08 %, still above 1 %.",
        ja="惜しいです。43 ステップあとは 1.08 % で、まだ 1 % を超えています。",
        zh="差一点：43 步之后是 1.08 %，还在 1 % 以上。",
    ),
    45: wrong(
        en="Nearly: one step before, it is below 1 % already.",
        ja="惜しいです。その 1 ステップ前に、もう 1 % を下回っています。",
        zh="差一点：早一步就已经小于 1 % 了。",
    ),
    10: wrong(
        en="It does not lose 10 % of the first difference at each step, but 10 % of what is left.",
        ja="1 ステップごとに減るのは、はじめの差の 10 % ではなく、残っている差の 10 % です。",
        zh="每一步减少的不是最初之差的 10 %，而是剩下的差的 10 %。",
    ),
    22: wrong(
        en="After 22 steps about 10 % is left. 1 % is asked for.",
        ja="22 ステップあとに残るのは 10 % ほどです。問われているのは 1 % です。",
        zh="22 步之后还剩大约 10 %。问的是 1 %。",
    ),
}
STEPS_OTHER = wrong(
    en="At each step what is left of the difference is multiplied by 0.9. How often, until 1 becomes less than 0.01?",
    ja="1 ステップごとに、残っている差に 0.9 が掛かります。1 が 0.01 を下回るまで、何回掛ければよいでしょうか。",
    zh="每一步，剩下的差都乘以 0.9。从 1 开始，要乘多少次才小于 0.01？",
)


STEPS_WHOLE = wrong(
    en="Very near, but steps are whole: after 43 it is 1.08 %, still above 1 %. So which one is the first below?",
    ja="とても近いのですが、ステップは整数です。43 ステップあとは 1.08 % で、まだ 1 % を超えています。"
    "初めて下回るのはどれでしょうか。",
    zh="非常接近，但步数是整数：43 步之后是 1.08 %，还在 1 % 以上。那么第一次小于 1 % 是第几步？",
)


def steps_to_forget(answer) -> Feedback:
    number = one_number(answer)
    if number is not None and 43 < number < 44:
        return STEPS_WHOLE
    return {44: STEPS_RIGHT, **STEPS_WRONG}.get(number, STEPS_OTHER)


EXERCISES = {"06-1": swapping_function, "06-2": rescuing_function, "06-3": steps_to_forget}
