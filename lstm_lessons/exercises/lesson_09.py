"""The exercises of lesson 09, recursive forecasts."""

import numpy as np

from lstm_lessons.exercises import NOT_WRITTEN, Feedback, function_itself, one_number, raised, right, wrong

# --- 09-1: how far ahead the last output of a sample looks ------------------------------------------------------------

AHEAD_RIGHT = right(
    en="Right: output 23 looks 1 month ahead of the last true input, so output 35 looks 13 months ahead. The network "
    "has read 12 own predictions by then.",
    ja="正解です。出力 23 が最後の真の値の 1 か月先ですから、出力 35 は 13 か月先です。それまでに、"
    "自分の予測を 12 個読んでいます。",
    zh="答对了：输出 23 是从最后一个真实值向前 1 个月的值，所以输出 35 是向前 13 个月的值。到那时，"
    "网络读了 12 个自己的预测。",
)
AHEAD_WRONG = {
    12: wrong(
        en="So many own predictions are read. But already the output of the last true value looks 1 month ahead.",
        ja="それは、自分の予測を読む個数です。最後の真の値を読んだときの出力が、すでに 1 か月先の値です。",
        zh="那是读到的自己的预测的个数。可是读最后一个真实值时的输出，就已经向前 1 个月了。",
    ),
    11: wrong(
        en="Count again: inputs 24 to 35 are own predictions. How many are they?",
        ja="もう一度数えましょう。入力 24 から 35 までが自分の予測です。いくつあるでしょうか。",
        zh="再数一遍：输入 24 到 35 是自己的预测，一共有几个？",
    ),
    36: wrong(
        en="That would be right if no true value had been read at all. Count from the last true value.",
        ja="それは、真の値を 1 つも読まない場合です。最後の真の値から数えてください。",
        zh="一个真实值也不读，才是这个数。请从最后一个真实值数起。",
    ),
    1: wrong(
        en="In ordinary training every output looks 1 month ahead of the last true value. Here the "
        "last 12 inputs are none.",
        ja="ふつうの学習なら、どの出力も、最後に読んだ真の値の 1 か月先です。ここでは、最後の 12 "
        "個の入力が真の値ではありません。",
        zh="普通训练里，每个输出都是最后读到的真实值向前 1 个月。这里最后 12 个输入不是真实值。",
    ),
}
AHEAD_OTHER = wrong(
    en="Try it small: 4 inputs, of which 2 are true values. Write down what each output has read last that was true.",
    ja="小さな場合で試してみましょう。入力が 4 個で、そのうち 2 個が真の値なら、それぞれの出力は、"
    "最後の真の値の何か月先でしょうか。",
    zh="先用小的试试：4 个输入，其中 2 个是真实值。每个输出分别是最后一个真实值向前几个月？",
)


def months_ahead(answer) -> Feedback:
    return {13: AHEAD_RIGHT, **AHEAD_WRONG}.get(one_number(answer), AHEAD_OTHER)


# --- 09-2: the value of the same month, the last one known ------------------------------------------------------------

SEASONAL_RIGHT = right(
    en="Right: the last 12 months, again and again. That is the seasonal-naive forecast.",
    ja="正解です。最後の 12 か月を繰り返します。これが seasonal-naive（季節を考えた単純予測）です。",
    zh="答对了：最后 12 个月，一遍又一遍。这就是季节性朴素预测。",
)
SEASONAL_FORM = wrong(
    en="Your function has to return an array of numbers, steps × regions: for 5 steps and 4 regions, shape (5, 4).",
    ja="関数は、ステップ × 海域の数の配列を返さなければなりません。5 ステップ、4 海域なら、形状は (5, 4) です。",
    zh="你的函数应当返回一个数组，步 × 海区：5 步、4 个海区，形状就是 (5, 4)。",
)
SEASONAL_YEAR = wrong(
    en="For up to 12 steps these are not the values of 12 months before. Step 0 is one month after the end of "
    "`history`; where does the same month of the year before stand?",
    ja="12 ステップまでのところで、12 か月前の値になっていません。ステップ 0 は `history` の終わりの 1 か月後です。"
    "その 1 年前は、どこにあるでしょうか。",
    zh="前 12 步里，这些不是 12 个月之前的值。第 0 步是 `history` 末尾的下一个月，它的一年前在哪里？",
)
SEASONAL_LONGER = wrong(
    en="Right for 12 steps. Further ahead the value 12 months before is not known yet: take the latest one that is.",
    ja="12 ステップまでは正解です。それより先では、12 か月前の値もまだわかっていません。わかっている中で、同じ月の"
    "いちばん新しい値を使いましょう。",
    zh="12 步之内是对的。再往后，12 个月之前的值也还不知道：要取已知的同月份中最近的一个。",
)
SEASONAL_CHANGED = wrong(
    en="Your function changes `history`. Work on a copy.",
    ja="関数が `history` を書きかえています。コピーを使いましょう。",
    zh="你的函数改动了 `history`。请用一份拷贝。",
)


def seasonal_forecast(answer) -> Feedback:
    if not callable(answer):
        return function_itself("seasonal")
    for months, steps, hint in ((30, 5, SEASONAL_YEAR), (31, 12, SEASONAL_YEAR), (40, 29, SEASONAL_LONGER)):
        history = np.random.default_rng(months).normal(size=(months, 4))
        given = history.copy()
        try:
            predicted = answer(given, steps)
            values = np.asarray(predicted, dtype="float64") if predicted is not ... else None
        except Exception as error:
            return raised(error)
        if values is None:
            return NOT_WRITTEN
        if values.shape != (steps, 4):
            return SEASONAL_FORM if steps <= 12 else SEASONAL_LONGER
        if not np.array_equal(given, history):
            return SEASONAL_CHANGED
        if not np.allclose(values, np.tile(history[-12:], (3, 1))[:steps]):
            return hint
    return SEASONAL_RIGHT


# --- 09-3: how far ahead a forecast is worth using --------------------------------------------------------------------

WORTH_RIGHT = right(
    en="Right: what comes after the first failure does not count, and a tie is no win.",
    ja="正解です。はじめて負けたあとは数えません。引き分けも勝ちではありません。",
    zh="答对了：第一次失利之后的不算，打平也不算赢。",
)
WORTH_FORM = wrong(
    en="Your function has to return one whole number.",
    ja="関数は、整数を 1 つ返さなければなりません。",
    zh="你的函数应当返回一个整数。",
)
WORTH_FIRST = wrong(
    en="Errors 1, 2, 4 against a baseline of 3, 3, 3: better at the first two steps, so 2.",
    ja="誤差が 1、2、4、ベースラインが 3、3、3 なら、最初の 2 ステップでよいので、答えは 2 です。",
    zh="误差 1、2、4，基线 3、3、3：前两步更好，所以是 2。",
)
WORTH_ALL = wrong(
    en="Errors 1, 1, 1 against 3, 3, 3: better at all steps, so the length of the arrays, 3.",
    ja="誤差が 1、1、1、ベースラインが 3、3、3 なら、どのステップでもよいので、配列の長さの 3 です。",
    zh="误差 1、1、1，基线 3、3、3：每一步都更好，所以是数组的长度 3。",
)
WORTH_NONE = wrong(
    en="Errors 4, 1, 1 against 3, 3, 3: it fails at the very first step, so 0.",
    ja="誤差が 4、1、1、ベースラインが 3、3、3 なら、最初のステップで負けているので 0 です。",
    zh="误差 4、1、1，基线 3、3、3：第一步就失利，所以是 0。",
)
WORTH_AGAIN = wrong(
    en="Errors 1, 4, 1 against 3, 3, 3: only the steps before the first failure count, so 1.",
    ja="誤差が 1、4、1、ベースラインが 3、3、3 なら、数えるのははじめて負けるまでのステップだけなので 1 です。",
    zh="误差 1、4、1，基线 3、3、3：只算第一次失利之前的步，所以是 1。",
)
WORTH_TIE = wrong(
    en="Errors 1, 3, 1 against 3, 3, 3: equal is not better, so 1.",
    ja="誤差が 1、3、1、ベースラインが 3、3、3 なら、等しいのは「よい」ではないので 1 です。",
    zh="误差 1、3、1，基线 3、3、3：相等不算更好，所以是 1。",
)
WORTH_BY_STEP = wrong(
    en="Compare step by step: errors 1, 2, 3 against 2, 3, 4 are better at every step, so 3.",
    ja="ステップごとに比べてください。誤差が 1、2、3、ベースラインが 2、3、4 なら、どのステップでもよいので 3 です。",
    zh="要逐步比较：误差 1、2、3，基线 2、3、4，每一步都更好，所以是 3。",
)
WORTHS = [
    ([1, 2, 4], [3, 3, 3], 2, WORTH_FIRST),
    ([1, 1, 1], [3, 3, 3], 3, WORTH_ALL),
    ([4, 1, 1], [3, 3, 3], 0, WORTH_NONE),
    ([1, 4, 1], [3, 3, 3], 1, WORTH_AGAIN),
    ([1, 3, 1], [3, 3, 3], 1, WORTH_TIE),
    ([1, 2, 3], [2, 3, 4], 3, WORTH_BY_STEP),
]


def worth_of_forecast(answer) -> Feedback:
    if not callable(answer):
        return function_itself("worth")
    for errors, baseline, expected, hint in WORTHS:
        try:
            steps = answer(np.array(errors, "float64"), np.array(baseline, "float64"))
        except Exception as error:
            return raised(error)
        if steps is ...:
            return NOT_WRITTEN
        if one_number(steps) is None:
            return WORTH_FORM
        if one_number(steps) != expected:
            return hint
    return WORTH_RIGHT


EXERCISES = {"09-1": months_ahead, "09-2": seasonal_forecast, "09-3": worth_of_forecast}
