"""save_states, load_states, Streams.save and load: the very same states, or StatesFileError and nothing has moved."""

import contextlib
import errno
import hashlib
import multiprocessing
import os
import pickle
import random
import struct
import threading
import time
from tempfile import TemporaryDirectory

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from lstm_lessons import StatesFileError, Streams, get_states, load_states, reset_states, save_states, set_states

BATCH_SIZE, FEATURES, USER_BLOCK = 3, 2, 512
KILLS = 24
NAN_WITH_PAYLOAD = np.array(0x7FC01234, "uint32").view("float32")


def model_of(*stack, batch_size=BATCH_SIZE):
    return keras.Sequential([keras.Input((None, FEATURES), batch_size=batch_size), *stack])


def plain_model(seed=0):
    keras.utils.set_random_seed(seed)
    return model_of(layers.LSTM(4, stateful=True, return_sequences=True), layers.GRU(2, stateful=True))


def stateless_model(seed=0):
    keras.utils.set_random_seed(seed)
    return keras.Sequential([keras.Input((None, FEATURES)), layers.LSTM(4), layers.Dense(1)])


def filled(model, seed=1):
    """The model, with states that differ everywhere."""
    rng = np.random.default_rng(seed)
    set_states(model, {key: rng.normal(size=values.shape) for key, values in get_states(model).items()})
    return model


def bits(states):
    return {key: (values.dtype.name, values.shape, values.tobytes()) for key, values in states.items()}


def input_of(timesteps, batch_size=BATCH_SIZE, seed=2):
    return np.random.default_rng(seed).normal(size=(batch_size, timesteps, FEATURES)).astype("float32")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "states.h5"


@pytest.fixture(scope="module")
def model():
    return plain_model()


@pytest.fixture
def saved(model, path):
    """A model's file; its states then become others, so that a load which does nothing is seen."""
    save_states(filled(model), path)
    filled(model, seed=5)
    return path


def refused(model, path, text):
    """The file is refused with this in the error's text, and the model's states have not moved."""
    before = bits(get_states(model))
    with pytest.raises(StatesFileError, match=text) as caught:
        load_states(model, path)
    assert str(path) in str(caught.value)
    assert bits(get_states(model)) == before


# What comes back


STACKS = {
    "one layer": lambda: [layers.LSTM(3, stateful=True)],
    "two layers": lambda: [layers.LSTM(3, stateful=True, return_sequences=True), layers.GRU(2, stateful=True)],
    "SimpleRNN and Dense": lambda: [layers.SimpleRNN(5, stateful=True), layers.Dense(1)],
    "stacked cells": lambda: [layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], stateful=True)],
    "two directions": lambda: [layers.Bidirectional(layers.LSTM(3, stateful=True))],
    "nested": lambda: [model_of(layers.LSTM(3, stateful=True, return_sequences=True)), layers.LSTM(2, stateful=True)],
    "float16": lambda: [layers.LSTM(3, stateful=True, dtype="float16")],
    "float64": lambda: [layers.LSTM(3, stateful=True, dtype="float64")],
    "bfloat16": lambda: [layers.LSTM(3, stateful=True, dtype="bfloat16", recurrent_initializer="zeros")],
    "names of any script": lambda: [layers.LSTM(3, stateful=True, name="状態 .. \\ %2F|")],
}


@pytest.mark.parametrize("stack", STACKS)
def test_every_state_comes_back_bit_for_bit_under_its_name(stack, path):
    model, again = (keras.utils.set_random_seed(0) or model_of(*STACKS[stack]()) for _ in range(2))
    save_states(filled(model), path)
    load_states(again, path)
    assert bits(get_states(again)) == bits(get_states(model))


def test_nan_infinity_and_the_sign_of_zero_come_back(path):
    model = model_of(layers.GRU(4, stateful=True))
    values = np.tile(np.array([NAN_WITH_PAYLOAD, np.inf, -0.0, 1e-45], "float32"), (BATCH_SIZE, 1))
    model.layers[0].states[0].assign(values)
    save_states(model, path)
    reset_states(model)
    load_states(model, path)
    assert get_states(model)["gru/h"].tobytes() == values.tobytes()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # h5py's own, under NumPy 2.4, while Keras saves weights
def test_a_model_goes_on_in_another_object_as_if_nothing_had_happened(path, tmp_path):
    model, x = plain_model(), input_of(9)
    model.predict_on_batch(x[:, :4])
    save_states(model, path)
    model.save(tmp_path / "model.keras")
    uninterrupted = model.predict_on_batch(x[:, 4:])
    again = keras.saving.load_model(tmp_path / "model.keras")
    load_states(again, path)
    assert again.predict_on_batch(x[:, 4:]).tobytes() == uninterrupted.tobytes()


def test_equal_states_make_equal_files(model, tmp_path):
    filled(model)
    for name in ("one", "other"):
        save_states(model, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_the_layout_is_the_one_in_the_docstring(model, saved):
    contents = saved.read_bytes()
    magic, version, length, digest = struct.unpack("<16sQQ32s", contents[:64])
    assert magic == b"\x89LSTM-STATES\r\n\x1a\n"
    assert (version, length) == (1, len(contents) - USER_BLOCK)
    assert digest == hashlib.sha256(contents[USER_BLOCK:]).digest()
    assert not any(contents[64:USER_BLOCK])
    weights = hashlib.sha256()
    for array in model.get_weights():
        weights.update(f"{array.dtype.name} {array.shape}\n".encode() + array.tobytes())
    with h5py.File(saved, "r") as file:
        assert file.attrs["weights"] == weights.hexdigest()
        assert sorted(file["states"]) == ["gru", "lstm"]
        assert file["states/lstm/h"].shape == (BATCH_SIZE, 4)
        assert (file["states/lstm/c"].dtype.str, file["states/lstm/c"].attrs["dtype"]) == ("<f4", "float32")


# Damage


def test_a_file_cut_anywhere_is_refused(model, saved):
    contents = saved.read_bytes()
    places = [*range(0, USER_BLOCK + 1, 64), *np.linspace(USER_BLOCK + 1, len(contents) - 1, 45, dtype=int)]
    assert len(set(places)) > 50
    for place in places:
        saved.write_bytes(contents[:place])
        refused(model, saved, "does not begin like one|bytes follow its header")
    saved.write_bytes(contents + b"\0")
    refused(model, saved, "bytes follow its header")


def test_a_file_with_any_bit_flipped_is_refused(model, saved):
    contents = saved.read_bytes()
    rng = random.Random(0)
    for bit in [*range(0, USER_BLOCK * 8, 41), *(rng.randrange(len(contents) * 8) for _ in range(300))]:
        damaged = bytearray(contents)
        damaged[bit // 8] ^= 1 << bit % 8
        saved.write_bytes(damaged)
        refused(model, saved, "like one|version|bytes follow its header|SHA-256")


def test_h_and_c_swapped_in_the_file_are_noticed(model, saved):
    contents = saved.read_bytes()
    with h5py.File(saved, "r") as file:
        h, c = (file[f"states/lstm/{name}"][...].tobytes() for name in "hc")
    saved.write_bytes(contents.replace(h, b"*").replace(c, h).replace(b"*", c))
    assert len(saved.read_bytes()) >= len(contents)
    refused(model, saved, "SHA-256|bytes follow")


def test_what_is_no_file_of_states_is_refused(model, path):
    path.write_text("h = 0.5")
    refused(model, path, "does not begin like one")
    path.write_bytes(b"")
    refused(model, path, "does not begin like one")
    path.unlink()
    refused(model, path, "No such file")
    path.mkdir()
    refused(model, path, "a folder or a device")
    with h5py.File(path / "other.h5", "w") as file:
        file["states/lstm/h"] = np.zeros((BATCH_SIZE, 4))
    refused(model, path / "other.h5", "does not begin like one")


@pytest.mark.skipif(os.name != "posix", reason="pipes with names")
def test_a_pipe_is_refused_instead_of_waited_for(model, path):
    os.mkfifo(path)
    refused(model, path, "a folder or a device")
    with pytest.raises(StatesFileError, match="a folder or a device"):
        save_states(model, path)


# Other models


def test_states_of_another_model_are_refused(model, saved):
    refused(
        model_of(layers.LSTM(4, stateful=True)),
        saved,
        r"expected the states \['lstm/h', 'lstm/c'\], got .*it holds \['gru/h', 'lstm/c', 'lstm/h'\]",
    )
    one_unit_more = model_of(layers.LSTM(5, stateful=True, return_sequences=True), layers.GRU(2, stateful=True))
    refused(one_unit_more, saved, r"'states/lstm/h' in shape \(3, 5\).*it is \(3, 4\)")
    one_row_more = [layers.LSTM(4, stateful=True, return_sequences=True), layers.GRU(2, stateful=True)]
    refused(model_of(*one_row_more, batch_size=4), saved, r"in shape \(4, 4\)")
    halves = [layers.LSTM(4, stateful=True, return_sequences=True, dtype="float16"), layers.GRU(2, stateful=True)]
    refused(model_of(*halves), saved, "type float16")


def test_states_of_other_weights_are_refused_unless_allowed(model, saved):
    other = plain_model(seed=1)
    refused(other, saved, "these weights.*allow_other_weights=True")
    load_states(other, saved, allow_other_weights=True)
    load_states(model, saved)
    assert bits(get_states(other)) == bits(get_states(model))


def test_one_update_makes_other_weights(saved):
    model = plain_model()
    load_states(model, saved)
    model.compile("sgd", "mse")
    model.train_on_batch(input_of(4), np.ones((BATCH_SIZE, 2)))
    refused(model, saved, "these weights")


@pytest.mark.parametrize("dtype", ["float64", "bfloat16"])
def test_a_state_is_not_taken_in_another_type(dtype, path):
    gru = layers.GRU(4, stateful=True, dtype=dtype, recurrent_initializer="zeros")  # others are not made in bfloat16
    save_states(filled(model_of(gru)), path)
    model = model_of(layers.GRU(4, stateful=True, dtype="float32"))
    with pytest.raises(StatesFileError, match="type float32"):
        load_states(model, path, allow_other_weights=True)
    assert not get_states(model)["gru/h"].any()


def test_a_model_without_states_says_so(path):
    for call in (save_states, load_states):
        with pytest.raises(ValueError, match="model: expected a model with stateful layers"):
            call(stateless_model(), path)
    assert not path.exists()


@pytest.mark.parametrize("wrong", [None, 3, 1.5, ["states.h5"], "a\0b"])
def test_a_path_that_is_none_is_refused_by_name(model, wrong):
    for call in (save_states, load_states):
        with pytest.raises(ValueError, match="path: expected a str or a path"):
            call(model, wrong)


# Behind the hash: files that somebody has changed and hashed anew


def changed(path, change):
    """Change the HDF5 part of a file and hash it anew."""
    with h5py.File(path, "r+") as file:
        change(file)
    hash_anew(path)


def hash_anew(path, version=1):
    body = path.read_bytes()[USER_BLOCK:]
    header = struct.pack("<16sQQ32s", b"\x89LSTM-STATES\r\n\x1a\n", version, len(body), hashlib.sha256(body).digest())
    path.write_bytes(header.ljust(USER_BLOCK, b"\0") + body)


def put(name, **options):
    """Another dataset in the place of one."""

    def change(file):
        if name in file:
            del file[name]
        file.create_dataset(name, **options).attrs["dtype"] = "float32"

    return change


def link(name, target):
    def change(file):
        del file[name]
        file[name] = target if isinstance(target, h5py.SoftLink | h5py.ExternalLink) else file[target]

    return change


def virtual(file):
    layout = h5py.VirtualLayout((BATCH_SIZE, 4), "<f4")
    layout[:] = h5py.VirtualSource("elsewhere.h5", "data", (BATCH_SIZE, 4))
    del file["states/lstm/h"]
    file.create_virtual_dataset("states/lstm/h", layout).attrs["dtype"] = "float32"


def removed(name):
    return lambda file: file.__delitem__(name)


def attribute(dataset, name, value):
    def change(file):
        file[dataset].attrs[name] = value

    return change


H, ZEROS = "states/lstm/h", np.zeros((BATCH_SIZE, 4), "<f4")
CHANGES = {
    "a state is missing": (removed("states/lstm/h"), "the states"),
    "all states are missing": (removed("states"), "the states"),
    "one state too many": (put("states/lstm/x", data=ZEROS), "the states"),
    "a stranger at the top": (put("readme", data=ZEROS), "the states"),
    "keys beside a model's states": (put("keys", data=np.zeros(3, "u1")), "holds those of streams"),
    "another shape": (put(H, data=ZEROS.T), "in shape"),
    "no shape": (put(H, data=0.0), "in shape"),
    "huge, without its values": (put(H, shape=(10**12, 4), dtype="<f4"), "in shape"),
    "huge, in chunks": (put(H, shape=(10**15, 4), dtype="<f4", chunks=(1, 4)), "in shape"),
    "without its values": (put(H, shape=(BATCH_SIZE, 4), dtype="<f4"), "plain values"),
    "another byte order": (put(H, data=ZEROS.astype(">f4")), "type float32"),
    "another type": (put(H, data=ZEROS.astype("<f8")), "type float32"),
    "whole numbers": (put(H, data=ZEROS.astype("<i4")), "type float32"),
    "texts": (put(H, data=np.full((BATCH_SIZE, 4), "1.0", object), dtype=h5py.string_dtype()), "type float32"),
    "in chunks": (put(H, data=ZEROS, chunks=(1, 4)), "plain values"),
    "compressed": (put(H, data=ZEROS, compression="gzip"), "plain values"),
    "values in another file": (put(H, shape=ZEROS.shape, dtype="<f4", external="/etc/hostname"), "plain values"),
    "a virtual dataset": (virtual, "plain values"),
    "a link inside": (link(H, h5py.SoftLink("/states/lstm/c")), "without links"),
    "a link to nothing": (link(H, h5py.SoftLink("/nowhere")), "without links"),
    "a link to another file": (link("states/lstm", h5py.ExternalLink("other.h5", "/")), "without links"),
    "a group that holds itself": (link("states/lstm", "/states"), "the states"),
    "a group for a state": (lambda file: (file.__delitem__(H), file.create_group(H)), "the states"),
    "a type for a state": (
        lambda file: (file.__delitem__(H), file.__setitem__(H, np.dtype("<f4"))),
        "a file of states",
    ),
    "another type in the model": (attribute(H, "dtype", "bfloat16"), "type float32"),
    "types as a list": (attribute(H, "dtype", [1, 2]), "a file of states"),
    "no weights": (lambda file: file.attrs.__delitem__("weights"), "a file of states"),
    "weights as numbers": (attribute("/", "weights", [1.0, 2.0]), "a file of states"),
    "other weights": (attribute("/", "weights", "0" * 64), "these weights"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_changed_and_hashed_anew_is_refused(change, model, saved):
    alter, text = CHANGES[change]
    changed(saved, alter)
    refused(model, saved, text)


def test_another_version_is_refused_by_its_number(model, saved):
    hash_anew(saved, version=2)
    refused(model, saved, "of version 1.*it is of version 2")


def test_hdf5_that_is_hashed_but_broken_is_refused(model, saved):
    contents = saved.read_bytes()
    for place in range(USER_BLOCK, USER_BLOCK + 96, 8):  # in the superblock and behind it, where nothing hangs
        saved.write_bytes(contents[:place])
        hash_anew(saved)
        refused(model, saved, "a file of states")


# Writing


def leftovers(folder):
    return sorted(folder.glob(".states-*.tmp"))


def test_a_file_appears_in_one_step_and_stands_on_the_disk_first(model, path, monkeypatch):
    steps = []

    def noted(name, call):
        def noting(*arguments):
            steps.append(name if name != "fsync" else f"fsync a {kind(arguments[0])}")
            return call(*arguments)

        return noting

    def kind(descriptor):
        return "folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file"

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("needs /proc")
    for name in ("fsync", "replace"):
        monkeypatch.setattr(os, name, noted(name, getattr(os, name)))
    save_states(model, path)
    assert steps == ["fsync a file", "replace", "fsync a folder"]


class Death(BaseException):
    pass


@pytest.mark.parametrize("reason", [Death(), OSError(errno.ENOSPC, "No space left on device")], ids=["death", "full"])
@pytest.mark.parametrize(("where", "time"), [("fsync", 1), ("fsync", 2), ("replace", 1), ("chmod", 1)])
def test_whatever_fails_the_file_is_the_old_one_or_the_new(where, time, reason, model, saved, monkeypatch):
    old, calls, original = saved.read_bytes(), [], getattr(os, where)

    def failing(*arguments):
        calls.append(where)
        if len(calls) == time:
            raise reason
        return original(*arguments)

    monkeypatch.setattr(os, where, failing)
    said = "an older file there is whole" if time == 1 else "the new file is there, but might not"
    with pytest.raises(StatesFileError, match=said) if isinstance(reason, OSError) else pytest.raises(Death):
        save_states(model, saved)
    assert len(calls) == time
    assert (saved.read_bytes() == old) == (time == 1)
    assert os.listdir(saved.parent) == [saved.name]
    reset_states(model)
    load_states(model, saved)


@pytest.mark.skipif(os.name != "posix", reason="a limit to the size of files")
def test_a_full_disk_is_said_and_the_old_file_stays(model, saved):
    import resource

    old, limits = saved.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(StatesFileError, match=r"expected a place to write to, got .*File too large"):
            save_states(model, saved)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert saved.read_bytes() == old
    assert not leftovers(saved.parent)


@pytest.mark.skipif(os.name != "posix", reason="permissions of files")
def test_without_permission_nothing_is_read_or_written(model, saved):
    saved.parent.chmod(0)
    try:
        with as_nobody():
            refused(model, saved, "Permission denied")
            with pytest.raises(StatesFileError, match=r"a place to write to.*Permission denied"):
                save_states(model, saved)
    finally:
        saved.parent.chmod(0o700)


@contextlib.contextmanager
def as_nobody():
    """Root may read everything; so as somebody else."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_saving_says_where_it_cannot_be(model, tmp_path):
    with pytest.raises(StatesFileError, match=r"a place to write to, got .*No such file"):
        save_states(model, tmp_path / "nowhere" / "states.h5")
    with pytest.raises(StatesFileError, match="a folder or a device"):
        save_states(model, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="links and permissions of files")
def test_a_link_stays_a_link_and_permissions_stay(model, saved):
    saved.chmod(0o640)
    link = saved.with_name("link.h5")
    link.symlink_to(saved.name)
    save_states(filled(model, seed=7), link)
    assert link.is_symlink()
    assert saved.stat().st_mode & 0o777 == 0o640
    before = bits(get_states(model))
    reset_states(model)
    load_states(model, link)
    assert bits(get_states(model)) == before


@pytest.mark.skipif(os.name != "posix", reason="permissions of files")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_what_others_may_not_read_they_cannot_read_while_it_is_written(mode, model, saved, monkeypatch):
    saved.chmod(mode)
    modes, original = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: modes.append(os.fstat(file).st_mode & 0o777) or original(file))
    save_states(model, saved)
    assert modes[0] == saved.stat().st_mode & 0o777 == mode


@pytest.mark.skipif(os.name != "posix", reason="permissions of folders")
def test_a_folder_that_cannot_be_synced_is_told_from_one_that_cannot_be_written(model):
    with TemporaryDirectory() as folder:  # not below pytest's own, which nobody but its owner may enter
        os.chmod(folder, 0o333)  # to write and to search, not to read
        with as_nobody(), pytest.raises(StatesFileError, match=r"can be synced, got .*Permission denied; the new file"):
            save_states(model, os.path.join(folder, "states.h5"))
        os.chmod(folder, 0o700)
        load_states(model, os.path.join(folder, "states.h5"))


@pytest.mark.parametrize("name", [".", "a\0b"])
def test_a_name_that_hdf5_cannot_hold_is_refused_when_saving(name, path):
    with pytest.raises(ValueError, match="model: expected layers with names that HDF5 can hold"):
        save_states(model_of(layers.GRU(4, stateful=True, name=name)), path)
    assert not path.exists()


@pytest.mark.skipif(os.name != "posix", reason="a working directory that is removed")
def test_a_path_in_a_folder_that_is_gone_is_refused(model, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for call in (save_states, load_states):
        with pytest.raises(StatesFileError, match="No such file"):
            call(model, "states.h5")


@pytest.mark.skipif(os.name == "nt", reason="there a file that is being read cannot be replaced")
def test_readers_and_writers_at_the_same_time_see_whole_files(path):
    writers = [streams_after(steps) for steps in (1, 2, 3)]
    whole = {bits(streams.states("a"))["lstm/h"] for streams in writers}
    writers[0].save(path)
    ready = threading.Barrier(len(writers) + 1)

    def write(streams):
        ready.wait()
        for _ in range(20):
            streams.save(path)

    threads = [threading.Thread(target=write, args=[streams]) for streams in writers]
    for thread in threads:
        thread.start()
    reader = Streams(stateless_model())
    ready.wait()
    while any(thread.is_alive() for thread in threads):
        reader.load(path)
        assert bits(reader.states("a"))["lstm/h"] in whole
    assert os.listdir(path.parent) == [path.name]


def test_the_error_crosses_from_process_to_process():
    error = pickle.loads(pickle.dumps(StatesFileError("path: expected a file")))
    assert (type(error), str(error)) == (StatesFileError, "path: expected a file")


# Death


def counting_model():
    keras.utils.set_random_seed(0)
    return model_of(layers.LSTM(64, stateful=True), batch_size=256)


def save_on_and_on(path, told):
    """Save a snapshot of all ones, all twos, …; tell the number of each when it is saved."""
    model = counting_model()
    for number in range(1, 10**6):
        set_states(model, {key: np.full_like(values, number) for key, values in get_states(model).items()})
        save_states(model, path)
        told.send(number)


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_process_killed_at_any_moment_leaves_one_whole_snapshot(path):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["lstm_lessons.persistence"])  # TensorFlow is imported once, not by each child
    model, rng = counting_model(), random.Random(0)
    dead_while_writing = 0
    for kill in range(KILLS):
        acknowledged = killed(context, path, rng.uniform(0, 0.05), while_writing=kill % 2)
        load_states(model, path)
        numbers = {number for values in get_states(model).values() for number in np.unique(values)}
        assert len(numbers) == 1
        assert numbers <= {acknowledged, acknowledged + 1}
        dead_while_writing += len(leftovers(path.parent)) > 0
        for leftover in leftovers(path.parent):
            leftover.unlink()
        path.unlink()
    assert dead_while_writing > KILLS / 4  # kills that all fell between two savings would prove nothing


def killed(context, path, seconds, while_writing):
    """Let a child save on and on, kill it so many seconds after its first word, and give the last number that it told.

    With `while_writing` it is killed when next it is seen to write.
    """
    hears, tells = context.Pipe(duplex=False)
    child = context.Process(target=save_on_and_on, args=(path, tells), daemon=True)
    child.start()
    tells.close()
    number = hears.recv()
    time.sleep(seconds)
    while while_writing and not leftovers(path.parent):
        pass
    child.kill()
    child.join()
    with contextlib.suppress(EOFError, OSError):  # the last word may be half a word
        while True:
            number = hears.recv()
    hears.close()
    return number


# Streams


def chunk(steps, seed=0):
    return np.random.default_rng(seed).normal(size=(steps, FEATURES)).astype("float32")


def streams_after(steps):
    streams = Streams(stateless_model())
    streams.push({"a": chunk(steps)})
    return streams


def test_streams_go_on_in_another_object_as_if_nothing_had_happened(path):
    streams, again = Streams(stateless_model()), Streams(stateless_model())
    streams.push({key: chunk(steps) for key, steps in {"a": 3, "b": 5, "c": 1, "d": 4}.items()})
    streams.close("b")
    streams.save(path)
    again.push({"x": chunk(2), "a": chunk(7)})
    again.load(path)
    assert again.keys() == ["a", "c", "d"]
    for steps in (1, 6):
        chunks = {"d": chunk(steps, 1), "new": chunk(2, 2), "a": chunk(steps, 3)}
        before, after = streams.push(chunks), again.push(chunks)
        assert {key: y.tobytes() for key, y in before.items()} == {key: y.tobytes() for key, y in after.items()}
    assert streams.keys() == again.keys()
    for key in ("a", "c", "d", "new"):
        assert bits(streams.states(key)) == bits(again.states(key))


def test_keys_of_any_text_come_back_in_order(path):
    keys = ["", "b", "a", "\0", "two\nlines", "a/b", "状态", "\ud800", "x" * 5000]
    streams, again = Streams(stateless_model()), Streams(stateless_model())
    streams.push({key: chunk(1) for key in keys})
    streams.save(path)
    again.load(path)
    assert again.keys() == keys


def test_no_streams_are_a_file_too(path):
    streams, empty = streams_after(3), Streams(stateless_model())
    empty.save(path)
    streams.load(path)
    assert streams.keys() == []
    assert streams.push({"a": chunk(2)})["a"].tobytes() == empty.push({"a": chunk(2)})["a"].tobytes()


def test_a_stream_that_is_not_finite_comes_back_so(path):
    streams, again = streams_after(2), Streams(stateless_model())
    streams.push({"b": chunk(1)})
    streams._arrays["lstm/c"][streams._slots["b"]] = np.nan  # no input makes an LSTM of this kind lose its finiteness
    streams.save(path)
    again.load(path)
    assert again.not_finite == {"b"}
    with pytest.warns(RuntimeWarning, match="stream 'b'"):
        again.push({"a": chunk(1), "b": chunk(1)})
    again.reset("b")
    assert not again.not_finite


def test_ten_thousand_streams_are_a_few_arrays(path):
    streams = Streams(stateless_model())
    streams.push({f"stream {number}": chunk(1, number) for number in range(10_000)})
    streams.save(path)
    with h5py.File(path, "r") as file:
        assert file["states/lstm/h"].shape == (10_000, 4)
        links = []
        file.visit_links(links.append)
        assert sorted(links) == ["key_lengths", "keys", "states", "states/lstm", "states/lstm/c", "states/lstm/h"]


@pytest.fixture
def streams_file(path):
    streams = Streams(stateless_model())
    streams.push({"a": chunk(2, 1), "bc": chunk(3, 2)})
    streams.save(path)
    return path


def refused_by_streams(path, text, model=stateless_model):
    streams = Streams(model())
    streams.push({"mine": chunk(4)})
    before = bits(streams.states("mine"))
    with pytest.raises(StatesFileError, match=text):
        streams.load(path)
    assert streams.keys() == ["mine"]
    assert bits(streams.states("mine")) == before
    streams.push({"mine": chunk(1), "another": chunk(1)})


STREAM_CHANGES = {
    "a key twice": (put("keys", data=np.frombuffer(b"aa", "u1")), put("key_lengths", data=np.array([1, 1], "<u4"))),
    "a key that is no text": (put("keys", data=np.array([97, 0xFF, 0xFE], "u1")), None),
    "lengths that are too large": (put("key_lengths", data=np.array([1, 3], "<u4")), None),
    "lengths that overflow": (put("key_lengths", data=np.array([2**32 - 1, 4], "<u4")), None),
    "one length too many": (put("key_lengths", data=np.array([1, 1, 1], "<u4")), None),
    "lengths in two axes": (put("key_lengths", data=np.array([[1, 2]], "<u4")), None),
    "one length": (put("key_lengths", data=np.uint32(3)), None),
    "a huge number of streams": (put("key_lengths", shape=(10**12,), dtype="<u4"), None),
    "no lengths": (removed("key_lengths"), None),
    "no keys": (removed("keys"), None),
    "one row too many": (put("states/lstm/c", data=np.zeros((3, 4), "<f4")), None),
}


@pytest.mark.parametrize("change", STREAM_CHANGES)
def test_a_file_of_streams_changed_and_hashed_anew_is_refused(change, streams_file):
    for alter in filter(None, STREAM_CHANGES[change]):
        changed(streams_file, alter)
    refused_by_streams(streams_file, "path: expected")


def test_streams_refuse_what_is_not_theirs(streams_file, model, tmp_path):
    refused_by_streams(streams_file, "these weights", lambda: stateless_model(seed=1))
    refused(model, streams_file, "of a model.*those of streams")
    save_states(model, tmp_path / "model.h5")
    refused_by_streams(tmp_path / "model.h5", "of streams.*those of a model")
    refused_by_streams(tmp_path / "nowhere.h5", "No such file")
    streams_file.write_bytes(streams_file.read_bytes()[:-1])
    refused_by_streams(streams_file, "bytes follow its header")


def test_streams_take_other_weights_if_allowed(streams_file):
    streams = Streams(stateless_model(seed=1))
    streams.load(streams_file, allow_other_weights=True)
    assert streams.keys() == ["a", "bc"]


def test_weights_are_those_that_were_copied_when_the_streams_were_made(path):
    model = stateless_model()
    streams = Streams(model)
    streams.push({"a": chunk(1)})
    model.set_weights([array + 1 for array in model.get_weights()])
    streams.save(path)
    Streams(stateless_model()).load(path)
    refused_by_streams(path, "these weights", lambda: model)
