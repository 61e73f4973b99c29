"""The exercises of lesson 02, stateless vs stateful."""

import numpy as np

from lstm_lessons.exercises import NOT_WRITTEN, Feedback, function_itself, one_number, raised, right, wrong

# --- 02-1: which of four models carry state? ------------------------------------------------------------------------

MODELS_RIGHT = right(
    en="Right: `b` hides its stateful LSTM inside another model, `c` is a stateful GRU. The test did not need to know.",
    ja="正解です。`b` は別のモデルの中にステートフルな LSTM を隠し持ち、`c` はステートフルな GRU です。"
    "このテストは、それを知らなくても見抜けます。",
    zh="答对了：`b` 把有状态的 LSTM 藏在另一个模型里，`c` 用的是有状态的 GRU。这个测试不必知道这些就能看出来。",
)
MODELS_FORM = wrong(
    en='The answer is a set of names, such as `{"a", "d"}`.',
    ja='答えは名前の集合です。たとえば `{"a", "d"}` のように書いてください。',
    zh='答案应当是名字的集合，例如 `{"a", "d"}`。',
)
MODELS_NONE = wrong(
    en="Did you feed zeros? A fresh model that reads only zeros stays at zeros, stateful or not. Feed something else.",
    ja="ゼロを入力しませんでしたか。作りたてのモデルは、ゼロだけを読んでいる限り、状態も答えもゼロのままです。"
    "ゼロ以外を入力してみてください。",
    zh="你是不是输入了全零？刚建好的模型如果只读过零，状态和回答就一直是零，有没有状态都看不出来。换一个不是零的输入试试。",
)
MODELS_NAME = wrong(
    en="`d` is only *called* stateful. Ask it the same thing twice.",
    ja="`d` は、名前に stateful と付いているだけです。同じことを二度たずねてみてください。",
    zh="`d` 只是名字里有 stateful。把同样的输入问它两次看看。",
)
MODELS_SETTLED = wrong(
    en="Did you ask `c` many times? Its state settles. Make the models anew and compare the first two answers.",
    ja="`c` に何度もたずねましたか。同じ入力を続けると、状態は落ち着いてしまいます。"
    "モデルを作り直し、最初の 2 回を比べてください。",
    zh="你是不是问了 `c` 很多次？同样的输入读久了，状态会稳定下来。请重新建模型，比较最初的两次回答。",
)
MODELS_OTHER = wrong(
    en="Not yet. Look at answers, not at layers: for each model, is the second answer the same as the first?",
    ja="まだ違います。層ではなく答えを見てください。それぞれのモデルで、2 回目の答えは 1 回目と同じですか。",
    zh="还不对。别看层，看回答：每个模型第二次的回答和第一次一样吗？",
)


def mystery_models() -> dict:
    """Four untrained Keras models, "a" to "d", for inputs (1, any timesteps, 1); some of them carry state.

    Introduced in lesson 02, exercise 02-1.
    """
    import keras
    from keras import layers

    def model(*stack, name=None):
        return keras.Sequential([keras.Input(batch_shape=(1, None, 1)), *stack, layers.Dense(1)], name=name)

    inner = keras.Sequential([keras.Input(batch_shape=(1, None, 1)), layers.LSTM(4, stateful=True)], name="features")
    return {
        "a": model(layers.LSTM(4, return_sequences=True), layers.LSTM(4)),
        "b": model(inner, layers.Dense(4, activation="tanh")),
        "c": model(layers.GRU(4, stateful=True)),
        "d": model(layers.LSTM(4), name="stateful_reader"),
    }


def carrying_models(answer) -> Feedback:
    names = {str(name) for name in answer} if isinstance(answer, set | frozenset | list | tuple | str) else {"?"}
    if not names <= set("abcd"):
        return MODELS_FORM
    if names == {"b", "c"}:
        return MODELS_RIGHT
    if not names:
        return MODELS_NONE
    if names == {"b"}:
        return MODELS_SETTLED
    return MODELS_NAME if "d" in names else MODELS_OTHER


# --- 02-2: how many resets does one pass over 12 recordings need, 4 rows at a time, 6 chunks each? --------------------

RESETS_RIGHT = right(
    en="Right: three groups of four recordings, and one reset sets all four rows of the state to zeros.",
    ja="正解です。4 本ずつの組が 3 つあり、1 回のリセットで状態の 4 行すべてがゼロになります。",
    zh="答对了：每组 4 条录音，共 3 组；一次重置就把状态的 4 行全部置零。",
)
RESETS_WRONG = {
    12: wrong(
        en="One for each recording? Four recordings run side by side, and a reset is for all rows at once.",
        ja="録音 1 本ごとに 1 回でしょうか。4 本が並んで進み、リセットはすべての行に一度に効きます。",
        zh="每条录音重置一次？4 条录音是并排推进的，而一次重置对所有行同时生效。",
    ),
    18: wrong(
        en="18 is the number of batches. With a reset before each of them nothing would ever be carried.",
        ja="18 はバッチの数です。毎回リセットしたら、何も引き継がれません。",
        zh="18 是批次数。每一批之前都重置的话，什么也传不下去。",
    ),
    2: wrong(
        en="Two are enough for a new model. This one has read something before: does its first group start from zeros?",
        ja="作りたてのモデルなら 2 回で足ります。このモデルはもう何かを読んでいます。最初の組はゼロから始まりますか。",
        zh="如果模型是新建的，两次就够了。可是这个模型之前读过别的东西：第一组是从零开始的吗？",
    ),
    1: wrong(
        en="After one reset only the first group starts from zeros. Whose memory would the second group start from?",
        ja="1 回だけでは、ゼロから始まるのは最初の組だけです。次の組は誰の記憶から始まるでしょうか。",
        zh="只重置一次，就只有第一组从零开始。第二组会从谁的记忆开始？",
    ),
}
RESETS_OTHER = wrong(
    en="How many recordings start at the same moment, and how often does that happen?",
    ja="同時に始まる録音は何本で、それは何回起こりますか。",
    zh="同一时刻开始的录音有几条？这样的时刻一共有几次？",
)


def reset_count(answer) -> Feedback:
    return {3: RESETS_RIGHT, **RESETS_WRONG}.get(one_number(answer), RESETS_OTHER)


# --- 02-3: a function that reads sequences chunk by chunk, from zeros, and returns the last answers -------------------

READING_RIGHT = right(
    en="Right: from zeros, state carried through all chunks, and the same when called again.",
    ja="正解です。ゼロから始まり、すべてのチャンクを通して状態が引き継がれ、もう一度呼んでも同じ答えになります。",
    zh="答对了：从零开始，状态在片段之间一路传下去，再次调用结果也一样。",
)
READING_FORM = function_itself("remember")
READING_LAST_CHUNK = wrong(
    en="This is the answer to the last chunk alone. Is there a reset inside your loop, or does it skip chunks?",
    ja="これは最後のチャンクだけを読んだ答えです。ループの中でリセットしていたり、"
    "途中のチャンクを飛ばしたりしていませんか。",
    zh="这是只读最后一个片段时的回答。是不是在循环里重置了，或者跳过了前面的片段？",
)
READING_WHOLE = wrong(
    en="Right answers, but one call read more than `steps` steps. While the rest has not arrived, that cannot be done.",
    ja="答えは合っていますが、1 回の呼び出しで `steps` より多くのステップを読んでいます。"
    "残りがまだ届いていなければ、それはできません。",
    zh="回答是对的，但有一次调用读了超过 `steps` 步。如果后面的还没有到来，就做不到这一点。",
)
READING_DIRTY = wrong(
    en="Called twice, your function gives two different answers. Where do the model's states come from at the start?",
    ja="関数を 2 回呼ぶと、違う答えが返ります。始まりの状態はどこから来ていますか。",
    zh="调用两次，你的函数给出两种不同的回答。开始时的状态是从哪里来的？",
)
READING_INCOMPLETE = wrong(
    en="Reading the whole from zeros gives other answers. Does your loop read every chunk, in order, to the end?",
    ja="ゼロから全体を読んだときの答えと違います。ループは、すべてのチャンクを順番どおりに、最後まで読んでいますか。",
    zh="这与从零开始读完整个序列的回答不同。你的循环是否按顺序读完了每一个片段？",
)


def last_answers(answer) -> Feedback:
    if not callable(answer):
        return READING_FORM
    model, X, whole = _read_whole()
    lengths = _record_lengths(model)
    try:
        said = [answer(model, X, steps) for steps in (5, 4)]
        if said[0] is ...:
            return NOT_WRITTEN
        first, second = (np.asarray(values, "float32") for values in said)
    except Exception as error:
        return raised(error)
    if first.shape != whole.shape:
        return _other_shape(whole.shape, first.shape)
    if _alike(first, whole) and _alike(second, whole):
        return READING_WHOLE if max(lengths, default=0) > 5 else READING_RIGHT
    return _hint_on_reading(model, X, first, second)


def _hint_on_reading(model, X, first, second) -> Feedback:
    model.layers[0].reset_state()
    if _alike(first, model.predict_on_batch(X[:, -5:])):
        return READING_LAST_CHUNK
    return READING_INCOMPLETE if _alike(first, second) else READING_DIRTY


def _read_whole():
    """A stateful model that has just read X, slow to forget, X (3, 20, 1), and its answers to the whole of it."""
    import keras
    from keras import layers

    generator = np.random.default_rng(2)
    model = keras.Sequential([keras.Input(batch_shape=(3, None, 1)), layers.LSTM(4, stateful=True), layers.Dense(1)])
    weights = [0.4 * generator.normal(size=weight.shape) for weight in model.get_weights()]
    weights[2][4:8] += 3  # bias of the forget gate: what was read before must still be heard at the end
    model.set_weights(weights)
    X = generator.normal(size=(3, 20, 1)).astype("float32")
    return model, X, model.predict_on_batch(X)


def _record_lengths(model) -> list[int]:
    """A list that grows by the number of steps whenever the model predicts."""
    lengths = []

    def recorded(predict):
        def predict_and_record(x, *args, **options):
            lengths.append(np.shape(x)[1])
            return predict(x, *args, **options)

        return predict_and_record

    model.predict = recorded(model.predict)
    model.predict_on_batch = recorded(model.predict_on_batch)
    return lengths


def _alike(a, b) -> bool:
    return a.shape == b.shape and np.allclose(a, b, atol=1e-5)


def _other_shape(expected, received) -> Feedback:
    return wrong(
        en=f"Expected the answers to the last chunk, shape {expected}; your function returned {received}.",
        ja=f"最後のチャンクへの答え、形状 {expected} を返してください。いまの形状は {received} です。",
        zh=f"应当返回对最后一个片段的回答，形状为 {expected}；你的函数返回的形状是 {received}。",
    )


EXERCISES = {"02-1": carrying_models, "02-2": reset_count, "02-3": last_answers}
