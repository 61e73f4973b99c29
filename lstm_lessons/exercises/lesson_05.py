"""The exercises of lesson 05, the cosine showdown."""

import numpy as np

from lstm_lessons.exercises import NOT_WRITTEN, Feedback, function_itself, one_number, raised, right, wrong

# --- 05-1: how many values a sum of two cosines takes -----------------------------------------------------------------

VALUES_RIGHT = right(
    en="Right: each cosine needs two, and a sum of two needs four. So a window of 20 would even do for ten cosines.",
    ja="正解です。コサイン 1 つに 2 個、2 つの和なら 4 個要ります。長さ 20 の窓は、10 個のコサインの和にも足ります。",
    zh="答对了：一个余弦需要两个，两个之和需要四个。所以长 20 的窗口，连十个余弦之和也够用。",
)
VALUES_TWO = wrong(
    en="Two are enough for one cosine of known period. Here are two, of different periods.",
    ja="2 個で足りるのは、周期の決まったコサインが 1 つのときです。ここには周期の違うものが 2 つあります。",
    zh="对一个周期已定的余弦，两个就够。这里有两个余弦，周期不同。",
)
VALUES_FEW = wrong(
    en="Not enough. Fit the rule with that many values, and look at its error.",
    ja="足りません。その個数で規則を求めて、誤差を見てみましょう。",
    zh="不够。用这么多个值求出规则，看看它的误差。",
)
VALUES_MANY = wrong(
    en="That is enough, but fewer will do, too.",
    ja="それで足りますが、もっと少なくても足ります。",
    zh="够是够了，但再少一些也行。",
)
VALUES_FORM = wrong(
    en="`answer` has to be a whole number of past values, at least 1.",
    ja="`answer` には、過去の値の個数を 1 以上の整数で入れてください。",
    zh="`answer` 应当是过去值的个数，一个不小于 1 的整数。",
)


def values_needed(answer) -> Feedback:
    number = one_number(answer)
    if number is None or number != number // 1 or number < 1:
        return VALUES_FORM
    if number in (1, 2, 3):
        return VALUES_TWO if number == 2 else VALUES_FEW
    return VALUES_RIGHT if number == 4 else VALUES_MANY


# --- 05-2: the batch size for windows of 24, every 3 steps ------------------------------------------------------------

ROWS_RIGHT = right(
    en="Right: 3 × 8 = 24. Window 8 begins where window 0 has ended.",
    ja="正解です。3 × 8 = 24 です。窓 8 は、窓 0 が終わったところから始まります。",
    zh="答对了：3 × 8 = 24。窗口 8 正好从窗口 0 结束的地方开始。",
)
ROWS_WRONG = {
    24: wrong(
        en="That would be right for windows that begin 1 step after each other.",
        ja="それは、窓を 1 ステップずつずらした場合の答えです。",
        zh="窗口每次移动 1 步时才是这个数。",
    ),
    3: wrong(
        en="That is the step from window to window. How many windows later does the one begin that "
        "goes on where window 0 ends?",
        ja="それは窓をずらす幅です。窓 0 が終わったところから始まる窓は、いくつあとの窓でしょうか。",
        zh="那是窗口移动的步数。从窗口 0 结束处开始的那个窗口，在它后面第几个？",
    ),
    1: wrong(
        en="At batch size 1 the next window begins only 3 steps later, and 21 of its 24 steps are read twice.",
        ja="バッチサイズ 1 では、次の窓は 3 ステップあとに始まり、24 ステップのうち 21 ステップを二度読みます。",
        zh="批大小为 1 时，下一个窗口只晚 3 步开始，24 步里有 21 步被读了两遍。",
    ),
    7: wrong(
        en="Nearly: window 7 begins at step 21, and window 0 ends with step 23.",
        ja="惜しいです。窓 7 はステップ 21 から始まりますが、窓 0 が終わるのはステップ 23 です。",
        zh="差一点：窗口 7 从第 21 步开始，而窗口 0 到第 23 步才结束。",
    ),
}
ROWS_OTHER = wrong(
    en="The step from window to window, times the batch size, must equal the length of the window.",
    ja="窓をずらす幅にバッチサイズを掛けたものが、窓の長さに等しくなければなりません。",
    zh="窗口每次移动的步数乘以批大小，必须等于窗口的长度。",
)


def rows_that_go_on(answer) -> Feedback:
    return {8: ROWS_RIGHT, **ROWS_WRONG}.get(one_number(answer), ROWS_OTHER)


# --- 05-3: a judge of whether state helps -----------------------------------------------------------------------------

JUDGE_RIGHT = right(
    en="Right: seed by seed first, and then against the baselines.",
    ja="正解です。まずシードごとに比べ、それからベースラインと比べています。",
    zh="答对了：先逐个种子比较，再与基线比较。",
)
JUDGE_TEXT = wrong(
    en='Your function has to return `"helps"`, `"no help"` or `"take the baseline"`, spelt like this.',
    ja='関数は、`"helps"`、`"no help"`、`"take the baseline"` のどれかを、このつづりどおりに返さなければなりません。',
    zh='你的函数应当返回 `"helps"`、`"no help"` 或 `"take the baseline"`，拼写要完全一样。',
)
JUDGE_HELPS = wrong(
    en="Carried 0.1, 0.1, 0.1, reset 0.3, 0.3, 0.3, a baseline of 0.2: the carried state wins everywhere, so it helps.",
    ja="引き継ぎが 0.1、0.1、0.1、ゼロからが 0.3、0.3、0.3、ベースラインが 0.2 なら、引き継いだほうがすべてに勝つので、"
    "状態は役立っています。",
    zh="传递 0.1、0.1、0.1，归零 0.3、0.3、0.3，基线 0.2：传递的一方处处都赢，所以状态有用。",
)
JUDGE_SEEDS = wrong(
    en="A smaller mean is not enough: the carried state has to win at every seed. At one it lost, by very little.",
    ja="平均が小さいだけでは足りません。どのシードでも勝つ必要があります。1 つのシードで、ほんの少しだけ負けています。",
    zh="平均值小还不够：每个种子都要赢。有一个种子上它以微弱之差输了。",
)
JUDGE_PAIRS = wrong(
    en="Compare seed by seed. Carried 0.1, 0.3, reset 0.2, 0.4: it wins at both, although 0.3 is more than 0.2.",
    ja="シードごとに比べてください。引き継ぎが 0.1、0.3、ゼロからが 0.2、0.4 なら、0.3 は 0.2 "
    "より大きくても、両方のシードで勝っています。",
    zh="要逐个种子比较。传递 0.1、0.3，归零 0.2、0.4：虽然 0.3 大于 0.2，两个种子上它都赢了。",
)
JUDGE_EQUAL = wrong(
    en="The two are equal at one seed. That is no win.",
    ja="1 つのシードで両者が等しくなっています。それは勝ちではありません。",
    zh="有一个种子上两者相等。那不算赢。",
)
JUDGE_BASELINE = wrong(
    en="The state wins at every seed, but a baseline has a smaller error than the network. Then take the baseline.",
    ja="状態はどのシードでも勝っていますが、誤差がネットワークより小さいベースラインがあります。"
    "それなら、ベースラインを使いましょう。",
    zh="状态在每个种子上都赢，但有一个基线的误差比网络还小。那就用基线。",
)
JUDGE_WORST = wrong(
    en="At one seed the network loses to a baseline. Every seed has to beat every baseline.",
    ja="1 つのシードで、ベースラインに負けています。どのシードでも、すべてのベースラインに勝つ必要があります。",
    zh="有一个种子上，网络输给了基线。每个种子都必须胜过每个基线。",
)
JUDGE_ORDER = wrong(
    en="Where the carried state does not win at every seed the answer is no help, whatever the baselines say.",
    ja="どのシードでも勝つのでなければ、ベースラインがどうであれ、答えは no help です。",
    zh="只要不是每个种子都赢，不管基线如何，回答都是 no help。",
)
JUDGED = [
    ([0.1, 0.1, 0.1], [0.3, 0.3, 0.3], [0.2], "helps", JUDGE_HELPS),
    ([0.1, 0.3], [0.2, 0.4], [0.9, 0.5], "helps", JUDGE_PAIRS),
    ([0.1, 0.1, 0.31], [0.3, 0.3, 0.3], [0.5], "no help", JUDGE_SEEDS),
    ([0.1, 0.3, 0.1], [0.3, 0.3, 0.3], [0.5], "no help", JUDGE_EQUAL),
    ([0.2, 0.2], [0.3, 0.3], [0.9, 0.1], "take the baseline", JUDGE_BASELINE),
    ([0.2, 0.2], [0.3, 0.3], [0.1, 0.9], "take the baseline", JUDGE_BASELINE),
    ([0.1, 0.1, 0.26], [0.3, 0.3, 0.3], [0.25], "take the baseline", JUDGE_WORST),
    ([0.2, 0.4], [0.3, 0.3], [0.1], "no help", JUDGE_ORDER),
]


def judge_of_state(answer) -> Feedback:
    if not callable(answer):
        return function_itself("judge")
    for carried, reset, baselines, expected, hint in JUDGED:
        try:
            verdict = answer(np.array(carried), np.array(reset), list(baselines))
        except Exception as error:
            return raised(error)
        if verdict is ...:
            return NOT_WRITTEN
        if not isinstance(verdict, str) or verdict not in ("helps", "no help", "take the baseline"):
            return JUDGE_TEXT
        if verdict != expected:
            return hint
    return JUDGE_RIGHT


EXERCISES = {"05-1": values_needed, "05-2": rows_that_go_on, "05-3": judge_of_state}
