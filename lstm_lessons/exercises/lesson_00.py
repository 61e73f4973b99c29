"""The exercises of lesson 00, start here."""

import numpy as np

from lstm_lessons.exercises import NOT_WRITTEN, Feedback, function_itself, raised, right, wrong

# --- 00-1: at the end of which chunks does h still show the pulse? ----------------------------------------------------

PULSE_RIGHT = right(
    en="Right: remembered from chunk b on, carried into c, gone with the reset before d.",
    ja="正解です。チャンク b で覚え、c へ引き継ぎ、d の前のリセットで消えます。",
    zh="答对了：在片段 b 里记住，传到 c，到 d 之前的重置为止。",
)
PULSE_FORM = wrong(
    en='The answer is a set of letters from a to d, such as `{"a", "d"}`.',
    ja='答えは a から d までの文字の集合です。たとえば `{"a", "d"}` のように書いてください。',
    zh='答案应当是 a 到 d 的字母的集合，例如 `{"a", "d"}`。',
)
PULSE_STATELESS = wrong(
    en="So it would be if the network were stateless. This one goes on where the last call ended.",
    ja="ネットワークがステートレスなら、そうなります。このネットワークは、前の呼び出しが終わったところから続けます。",
    zh="如果网络没有状态，就是这样。而这个网络从上一次调用结束的地方接着走。",
)
PULSE_NO_RESET = wrong(
    en="And the reset before step 15? It writes zeros into the state.",
    ja="ステップ 15 の前のリセットはどうなりましたか。状態にゼロを書き込みます。",
    zh="那么第 15 步之前的重置呢？它会把状态写成零。",
)
PULSE_TOO_EARLY = wrong(
    en="In chunk a the pulse has not come yet: it comes at step 7.",
    ja="チャンク a では、パルスはまだ来ていません。来るのはステップ 7 です。",
    zh="在片段 a 里脉冲还没有到来：它在第 7 步才来。",
)
PULSE_OTHER = wrong(
    en="Not yet. In which chunk does the pulse come, and what happens at the two starts of calls after it?",
    ja="まだ違います。パルスはどのチャンクで来ますか。そのあと呼び出しが始まる 2 つのところでは、何が起こりますか。",
    zh="还不对。脉冲在哪个片段到来？之后两次调用开始时，分别发生什么？",
)
_PULSE = {
    frozenset("bc"): PULSE_RIGHT,
    frozenset("b"): PULSE_STATELESS,
    frozenset("bcd"): PULSE_NO_RESET,
}


def chunks_with_pulse(answer) -> Feedback:
    try:
        letters = set("".join(str(letter) for letter in answer).lower()) - set(", ")
    except Exception:  # whatever an object's own __iter__ or __str__ raises
        return PULSE_FORM
    if not letters <= set("abcd"):
        return PULSE_FORM
    return _PULSE.get(frozenset(letters), PULSE_TOO_EARLY if "a" in letters else PULSE_OTHER)


# --- 00-2: an old function that reads a sequence and resets the model, written anew -----------------------------------

PORT_RIGHT = right(
    en="Right: both recurrent layers are reset, and each sequence is read from zeros. "
    "`lstm_lessons.reset_states(model)` would do it in one line, for nested models too.",
    ja="正解です。2 つの再帰層がどちらもリセットされ、どの系列もゼロから読まれています。"
    "`lstm_lessons.reset_states(model)` なら、入れ子のモデルでも 1 行で済みます。",
    zh="答对了：两个循环层都重置了，每个序列都从零读起。"
    "`lstm_lessons.reset_states(model)` 只要一行，嵌套的模型也管用。",
)
PORT_FORM = function_itself("read_whole")
PORT_OLD = wrong(
    en="The error of the old line: a model has no `reset_states` any more. Which of its parts can be reset?",
    ja="古い行のエラーです。モデルには、もう `reset_states` がありません。"
    "モデルの部品のうち、リセットできるのはどれですか。",
    zh="这正是旧代码的报错：模型已经没有 `reset_states` 了。它的哪些部分可以重置？",
)
PORT_DENSE = wrong(
    en="Not every layer has a state: `Dense` cannot be reset. Ask with `hasattr(layer, 'reset_state')`.",
    ja="どの層にも状態があるわけではありません。`Dense` はリセットできません。"
    "`hasattr(layer, 'reset_state')` で確かめてください。",
    zh="并不是每一层都有状态：`Dense` 不能重置。用 `hasattr(layer, 'reset_state')` 问一问。",
)
PORT_NOTHING = wrong(
    en="Your function returned nothing. Is there still `return output` at its end?",
    ja="関数が何も返していません。最後の `return output` は残っていますか。",
    zh="你的函数什么也没有返回。末尾的 `return output` 还在吗？",
)
PORT_FORGOTTEN = wrong(
    en="The first sequence is right. The second is read from where the first ended: nothing was reset.",
    ja="最初の系列は合っています。2 本目は、1 本目が終わったところから読まれています。何もリセットされていません。",
    zh="第一个序列对了。第二个却是从第一个结束的地方读起的：什么都没有重置。",
)
PORT_PART = wrong(
    en="The first sequence is right, but part of the state was kept: an LSTM has h and c, and a GRU has h.",
    ja="最初の系列は合っていますが、状態の一部が残っています。LSTM には h と c があり、GRU には h があります。",
    zh="第一个序列对了，但还有一部分状态留着：LSTM 有 h 和 c，GRU 有 h。",
)
PORT_BEFORE = wrong(
    en="The answers are right, but the states are not zeros afterwards: reset after reading, ready for the next.",
    ja="答えは合っていますが、読んだあとの状態がゼロになっていません。次の系列のために、読み終わってからリセットします。",
    zh="回答是对的，但读完之后状态没有置零：请在读完以后重置，为下一个序列做好准备。",
)
PORT_IN_LOOP = wrong(
    en="This is the answer to the last chunk alone. The reset belongs after the loop, not into it.",
    ja="これは最後のチャンクだけを読んだ答えです。リセットは、ループの中ではなく、ループのあとで行います。",
    zh="这是只读最后一个片段时的回答。重置应当放在循环之后，而不是循环之内。",
)
PORT_OTHER = wrong(
    en="Reading the whole sequence from zeros gives another answer. Change the line with the reset, nothing else.",
    ja="系列全体をゼロから読んだときの答えと違います。直すのは、リセットの行だけです。",
    zh="这与从零开始读完整个序列的回答不同。只改重置的那一行，别的不要动。",
)


def old_function_ported(answer) -> Feedback:
    if not callable(answer):
        return PORT_FORM
    values = np.random.default_rng(0).normal(size=(1, 35, 1)).astype("float32")
    model, sequences = mixed_layers(), (values[:, :15], values[:, 15:])
    states = [state for layer in model.layers if hasattr(layer, "states") for state in layer.states]
    expected = [mixed_layers().predict_on_batch(sequence) for sequence in sequences]
    try:
        said = [answer(model, sequences[0]), answer(model, sequences[1])]
        if any(one is None or one is ... for one in said):
            return NOT_WRITTEN if said[0] is ... else PORT_NOTHING
        first, second = (np.asarray(one, "float32") for one in said)
    except Exception as error:
        return _hint_on_error(error)
    if not _alike(first, expected[0]):
        last = mixed_layers().predict_on_batch(sequences[0][:, -5:])
        return PORT_IN_LOOP if _alike(first, last) else PORT_OTHER
    return _feedback_on_states(states, _alike(second, expected[1]))


def _hint_on_error(error) -> Feedback:
    if isinstance(error, AttributeError) and "'Dense'" in str(error):
        return PORT_DENSE
    return PORT_OLD if isinstance(error, AttributeError) and "reset_states" in str(error) else raised(error)


def _feedback_on_states(states, second_is_right: bool) -> Feedback:
    kept = [np.any(state.numpy()) for state in states]
    if second_is_right:
        return PORT_BEFORE if any(kept) else PORT_RIGHT
    return PORT_FORGOTTEN if all(kept) else PORT_PART


def _alike(answer, expected) -> bool:
    return answer.size == expected.size and np.allclose(answer.ravel(), expected.ravel(), atol=1e-5)


def mixed_layers():
    """A model for inputs (1, any timesteps, 1) with a stateful LSTM and GRU, slow to forget, always the same."""
    import keras
    from keras import layers

    model = keras.Sequential(
        [
            keras.Input((None, 1), batch_size=1),
            layers.LSTM(4, stateful=True, return_sequences=True),
            layers.Dense(4, activation="tanh"),
            layers.GRU(4, stateful=True),
            layers.Dense(1),
        ]
    )
    generator = np.random.default_rng(1)
    weights = [0.4 * generator.normal(size=weight.shape) for weight in model.get_weights()]
    weights[2][4:8] += 3  # the LSTM's forget gate
    weights[7][:, :4] += 1.5  # the GRU's update gate, in both its biases
    model.set_weights(weights)
    return model


EXERCISES = {"00-1": chunks_with_pulse, "00-2": old_function_ported}
