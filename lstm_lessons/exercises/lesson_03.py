"""The exercises of lesson 03, row i continues row i."""

import numpy as np

from lstm_lessons.batches import carryover_breaks, leftover_steps
from lstm_lessons.exercises import Feedback, one_number, right, wrong

# --- 03-1: who hears whom, 12 samples at batch size 4 -----------------------------------------------------------------

HEARD_RIGHT = right(
    en="Right: each of the 4 rows reads 3 samples, which are heard by 3, 2 and 1: `4 * (3 + 2 + 1)`.",
    ja="正解です。4 行のそれぞれが 3 つのサンプルを読み、それらを聞くのは順に 3、2、1 個なので、"
    "`4 * (3 + 2 + 1)` です。",
    zh="答对了：4 行各读 3 个样本，听得见它们的依次有 3、2、1 个，一共 `4 * (3 + 2 + 1)`。",
)
HEARD_WRONG = {
    12: wrong(
        en="12 is the stateless map: the diagonal alone. In which batch does row 0 go on?",
        ja="12 はステートレスの地図、つまり対角線だけです。0 行目の続きは、どのバッチにありますか。",
        zh="12 是无状态的地图，只有对角线。第 0 行在哪一批里接着往下读？",
    ),
    78: wrong(
        en="78 is batch size 1, where one row reads everything. Here there are four rows.",
        ja="78 はバッチサイズ 1 で、1 行がすべてを読む場合です。ここでは 4 行あります。",
        zh="78 是批大小 1，由一行读完全部。这里有四行。",
    ),
    30: wrong(
        en="30 is batch size 3: three rows of four samples. Now there are four rows. Of how many samples?",
        ja="30 はバッチサイズ 3、つまり 4 サンプルずつの 3 行です。今度は 4 行です。1 行は何サンプルでしょうか。",
        zh="30 是批大小 3：三行，每行四个样本。现在是四行，每行几个样本？",
    ),
    36: wrong(
        en="Each row has 3 samples, but a sample does not hear those that come after it.",
        ja="1 行に 3 サンプルあるのは合っていますが、サンプルは、自分よりあとに来るサンプルを聞きません。",
        zh="每行有 3 个样本，没错，但样本听不见排在它后面的。",
    ),
    6: wrong(
        en="That is one row. How many rows are there?",
        ja="それは 1 行分です。行はいくつありますか。",
        zh="这只是一行的。一共有几行？",
    ),
}
HEARD_OTHER = wrong(
    en="Which samples does row 0 read, one after another, and who hears the first of them?",
    ja="0 行目は、どのサンプルを順に読みますか。その最初のサンプルを聞くのはどれでしょうか。",
    zh="第 0 行依次读哪些样本？听得见其中第一个的有哪些？",
)


def cells_marked(answer) -> Feedback:
    return {24: HEARD_RIGHT, **HEARD_WRONG}.get(one_number(answer), HEARD_OTHER)


# --- 03-2: an order for 12 samples in which every row continues at batch size 4 ---------------------------------------

ORDER_RIGHT = right(
    en="Right: every row continues, and no sample is missing.",
    ja="正解です。どの行も続いていて、抜けているサンプルもありません。",
    zh="答对了：每一行都接得上，也没有漏掉样本。",
)
ORDER_FORM = wrong(
    en="The answer is a list of the 12 numbers from 0 to 11, each of them once.",
    ja="答えは、0 から 11 までの 12 個の数を 1 回ずつ並べた、1 つのリストです。",
    zh="答案应当是一个列表，0 到 11 每个编号各出现一次。",
)
ORDER_UNCHANGED = wrong(
    en="That is the order they are in. At batch size 4 sample 4 would start from the state of sample 0.",
    ja="それはもとの順番です。バッチサイズ 4 では、サンプル 4 がサンプル 0 の状態から始まってしまいます。",
    zh="这就是原来的次序。批大小为 4 时，样本 4 会从样本 0 的状态开始。",
)
ORDER_TRANSPOSED = wrong(
    en="Close: this is the order for batch size 3, three rows of four samples. Here four rows read three samples each.",
    ja="惜しいです。これはバッチサイズ 3、つまり 4 サンプルずつの 3 行の順番です。ここでは 4 "
    "行が 3 サンプルずつ読みます。",
    zh="很接近：这是批大小 3 的次序，三行，每行四个样本。这里是四行，每行读三个样本。",
)


def broken_order(first: int, second: int) -> Feedback:
    """What the reader hears whose order lets sample `second` start from the state of sample `first`."""
    return wrong(
        en=f"Not every row continues: sample {second} would start from the state of sample {first}.",
        ja=f"続いていない行があります。サンプル {second} が、サンプル {first} の状態から始まってしまいます。",
        zh=f"有的行没有接上：样本 {second} 会从样本 {first} 的状态开始。",
    )


def order_for_four_rows(answer) -> Feedback:
    order = _numbers(answer)
    if order is None or sorted(order) != list(range(12)):
        return ORDER_FORM
    breaks = carryover_breaks(np.stack([order, order], axis=1), batch_size=4)
    if not len(breaks):
        return ORDER_RIGHT
    if order.tolist() == list(range(12)):
        return ORDER_UNCHANGED
    if not len(carryover_breaks(np.stack([order, order], axis=1), batch_size=3)):
        return ORDER_TRANSPOSED
    return broken_order(*order[breaks[0]])


def _numbers(answer) -> np.ndarray | None:
    try:
        numbers = np.asarray(answer)
    except Exception:  # whatever an object's own conversion raises
        return None
    return numbers if numbers.shape == (12,) and numbers.dtype.kind in "iu" else None


# --- 03-3: the batch size from 20 to 40 that leaves the fewest of 5250 steps, 12 steps a sample -----------------------

SIZE_FORM = wrong(
    en="The answer is a whole number from 20 to 40.",
    ja="答えは 20 から 40 までの整数です。",
    zh="答案应当是 20 到 40 之间的整数。",
)


def rows_for_sensor(answer) -> Feedback:
    left = {size: leftover_steps(5250, size, timesteps=12) for size in range(20, 41)}
    size = one_number(answer)
    if size not in left:
        return SIZE_FORM
    return fewest_left(int(size), left[size]) if left[size] == min(left.values()) else more_left(left[size])


def fewest_left(size: int, steps: int) -> Feedback:
    """What the reader hears whose batch size leaves over the fewest steps."""
    return right(
        en=f"Right: with {size} rows only {steps} steps are left over, the fewest possible.",
        ja=f"正解です。{size} 行なら余りは {steps} ステップだけで、これが最少です。",
        zh=f"答对了：{size} 行只剩下 {steps} 步，这是最少的。",
    )


def more_left(steps: int) -> Feedback:
    """What the reader hears whose batch size leaves over `steps`, more than necessary."""
    return wrong(
        en=f"This leaves {steps} steps over; it can be done with fewer. Try all 21 sizes in a loop.",
        ja=f"これでは {steps} ステップ余ります。もっと少なくできます。21 通りをループで試してみてください。",
        zh=f"这样剩下 {steps} 步，还可以更少。用循环把 21 个大小都试一遍。",
    )


EXERCISES = {"03-1": cells_marked, "03-2": order_for_four_rows, "03-3": rows_for_sensor}
