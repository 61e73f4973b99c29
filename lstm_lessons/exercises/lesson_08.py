"""The exercises of lesson 08, keeping the state."""

from lstm_lessons.exercises import Feedback, one_number, right, wrong

# --- 08-1: two lines that can lose both files -------------------------------------------------------------------------

LINES_RIGHT = right(
    en="Right. Between B and G there is no file of that name, and after E the bytes are with the operating system, not "
    "yet on the disk: without `os.fsync` the new name may be there before the contents.",
    ja="正解です。B から G までのあいだ、その名前のファイルはありません。また、E のあとのバイトは "
    "OS に渡っただけで、まだディスクにはありません。`os.fsync` がないと、名前だけが付けかわることがあります。",
    zh="答对了。在 B 与 G 之间，那个名字的文件不存在；在 E 之后，字节只是交给了操作系统，还没到磁盘上："
    "少了 `os.fsync`，可能新名字已经在了，内容却还没有。",
)
LINES_REMOVE = wrong(
    en="One more is missing. When the power fails between B and G, which file is there under `path`?",
    ja="あと 1 つあります。B から G までのあいだに停電したら、`path` にはどのファイルがあるでしょうか。",
    zh="还差一个。如果在 B 与 G 之间断电，`path` 处有哪个文件？",
)
LINES_FLUSH = wrong(
    en="One more is missing. Where are the bytes after `flush`: on the disk, or still with the operating system?",
    ja="あと 1 つあります。`flush` のあと、バイトはディスクにあるでしょうか。まだ OS が持っているのでしょうか。",
    zh="还差一个。`flush` 之后，字节在哪里：在磁盘上，还是仍在操作系统手里？",
)
LINES_REPLACE = wrong(
    en="G is right: it puts the new file in the old one's place in one step, and needs no `remove` before it.",
    ja="G は合っています。新しいファイルを一度で古いファイルと入れかえるので、前もって `remove` する必要はありません。",
    zh="G 没有错：它一步就让新文件取代旧文件，前面用不着 `remove`。",
)
LINES_CLOSE = wrong(
    en="F is right, but closing does not bring the bytes to the disk either. Look one line up.",
    ja="F は合っています。ただし、閉じてもバイトはディスクまで届きません。1 つ上の行を見てください。",
    zh="F 没有错，不过关闭文件也不会把字节送到磁盘上。看看上面一行。",
)
LINES_OTHER = wrong(
    en="A, C and D are right. At which moment is neither file whole and on the disk, and which line is to blame?",
    ja="A、C、D は合っています。どちらのファイルも完全な形でディスクにない瞬間はいつでしょうか。"
    "それはどの行のせいでしょうか。",
    zh="A、C、D 没有错。什么时刻，两个文件都不是完整地在磁盘上？是哪一行造成的？",
)
LINES_FORM = wrong(
    en='`answer` has to be a set of letters from A to G, such as `{"A", "G"}`.',
    ja='`answer` には、`{"A", "G"}` のように、A から G までの文字の集合を入れてください。',
    zh='`answer` 应当是 A 到 G 的字母的集合，例如 `{"A", "G"}`。',
)
LINES_HINTS = [("G", LINES_REPLACE), ("F", LINES_CLOSE), ("A", LINES_OTHER), ("C", LINES_OTHER), ("D", LINES_OTHER)]


def lines_that_lose_files(answer) -> Feedback:
    letters = {str(letter).upper() for letter in answer} if isinstance(answer, str | set | list | tuple) else {""}
    if not letters <= set("ABCDEFG"):
        return LINES_FORM
    if letters == {"B", "E"}:
        return LINES_RIGHT
    for letter, hint in LINES_HINTS:
        if letter in letters:
            return hint
    return LINES_FLUSH if "B" in letters else LINES_REMOVE if "E" in letters else LINES_OTHER


# --- 08-2: how many bytes of states -----------------------------------------------------------------------------------

BYTES_RIGHT = right(
    en="Right: 32 + 32 numbers of the LSTM and 16 of the GRU, 4 bytes each, 10,000 times: 3.2 million bytes.",
    ja="正解です。LSTM が 32 + 32 個、GRU が 16 個の数で、1 個が 4 バイト、それが 10,000 本分なので、"
    "320 万バイトです。",
    zh="答对了：LSTM 有 32 + 32 个数，GRU 有 16 个，每个 4 字节，一共 10,000 份：320 万字节。",
)
BYTES_WRONG = {
    1_920_000: wrong(
        en="An LSTM has two states, h and c.",
        ja="LSTM の状態は h と c の 2 つです。",
        zh="LSTM 有两个状态，h 和 c。",
    ),
    3_840_000: wrong(
        en="A GRU has one state only, no c.",
        ja="GRU の状態は 1 つだけです。c はありません。",
        zh="GRU 只有一个状态，没有 c。",
    ),
    800_000: wrong(
        en="These are the numbers. How many bytes does one number in float32 take?",
        ja="それは数の個数です。float32 の数 1 つは何バイトでしょうか。",
        zh="这是数的个数。float32 的一个数占几个字节？",
    ),
    6_400_000: wrong(
        en="float32 has 32 bits. How many bytes is that?",
        ja="float32 は 32 ビットです。それは何バイトでしょうか。",
        zh="float32 是 32 位。那是几个字节？",
    ),
    25_600_000: wrong(
        en="float32 has 32 bits, which is not 32 bytes.",
        ja="float32 は 32 ビットです。32 バイトではありません。",
        zh="float32 是 32 位，不是 32 字节。",
    ),
    320: wrong(
        en="That is one stream. There are 10,000.",
        ja="それは 1 本分です。ストリームは 10,000 本あります。",
        zh="这是一条数据流的。一共有 10,000 条。",
    ),
    3.2: wrong(
        en="In millions, yes. Asked for are bytes.",
        ja="百万を単位とすれば、そのとおりです。ここではバイトで答えてください。",
        zh="以百万计，是的。这里问的是字节。",
    ),
}
BYTES_OTHER = wrong(
    en="For one stream: the units of the LSTM twice (h and c), those of the GRU once; 4 bytes "
    "each; then 10,000 streams.",
    ja="1 本分は、LSTM のユニット数の 2 倍（h と c）と GRU のユニット数を足したもので、数 1 つが "
    "4 バイトです。それが 10,000 本分あります。",
    zh="一条数据流：LSTM 的单元数算两次（h 和 c），GRU 的算一次，每个数 4 字节；再乘 10,000 条。",
)


def bytes_of_states(answer) -> Feedback:
    return {3_200_000: BYTES_RIGHT, **BYTES_WRONG}.get(one_number(answer), BYTES_OTHER)


EXERCISES = {"08-1": lines_that_lose_files, "08-2": bytes_of_states}
