r"""States that outlive the process: files with the states of a model, or of many streams, whole or refused.

The layout of a file, for readers in any language. All numbers are little-endian.

    bytes 0-511, an HDF5 user block
        0-15    89 "LSTM-STATES" 0d 0a 1a 0a: what says that it is such a file
        16-23   unsigned integer: the version of this layout, 1
        24-31   unsigned integer: how many bytes follow the user block
        32-63   SHA-256 of those bytes
        64-511  zeros
    bytes 512-, an HDF5 file without links, filters, chunks or external parts
        attribute weights       SHA-256 of the weights, as hexadecimal text
        dataset states/<name>   a state, (batch_size, units) or (streams, units), under the name that `get_states` gives
                                it ("states/lstm/h"): float16, float32 or float64; its attribute dtype names the type in
                                the model (bfloat16 is stored as float32)
        dataset keys            of streams only: uint8, the UTF-8 bytes of all keys, one key behind the other
        dataset key_lengths     of streams only: uint32, (streams,), how many of those bytes each key has

Row k of each state belongs to key k. The weights' SHA-256 runs over every array of `model.get_weights()`: a line of
text such as "float32 (3, 16)\n", then its bytes. Check the SHA-256 of a file before opening it as HDF5: a damaged file
may crash HDF5's own library or hang it. The hash finds damage, not malice: whoever may write your files may also hash
them anew. No code is kept in a file and none is run.
"""

import hashlib
import io
import os
import secrets
import stat
import struct
import sys
from collections.abc import Mapping
from contextlib import suppress

import h5py
import keras
import numpy as np

from lstm_lessons.arguments import refusal
from lstm_lessons.states import get_states, state_variables

MAGIC = b"\x89LSTM-STATES\r\n\x1a\n"
VERSION = 1
USER_BLOCK = 512
HEADER = struct.Struct(f"<{len(MAGIC)}sQQ32s")


class StatesFileError(ValueError):
    """A file of states that cannot be written, or that cannot be read as what it should be; its text says why.

    Whatever raised it, the states of the model or of the streams are what they were, and the file is the old one or the
    new one, whole. Introduced in lesson 08.

    >>> model = keras.Sequential([keras.Input((None, 3), batch_size=2), keras.layers.GRU(4, stateful=True)])
    >>> load_states(model, "no such file.h5")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    lstm_lessons.persistence.StatesFileError: path: expected a file of states, got '...': No such file or directory

    Source: safetensors, whose reader refuses hostile files by one kind of error.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)


def save_states(model: keras.Model, path: str | os.PathLike) -> None:
    """Save the states of all stateful recurrent layers of a model, so that a file is whole whatever dies when.

    The states are (batch_size, units), without unit; the file keeps them bit for bit, NaN included, and is bound to the
    names, shapes and weights of the model. It appears under `path` in one step, when it stands on the disk: a reader
    finds the file from before or the new one. A process killed while saving leaves at most a file ".states-….tmp" in
    that folder, which nobody reads and anybody may delete. (On Windows a file that somebody is reading just then cannot
    be replaced; that raises.)

    Raises ValueError where the model has no stateful layer or is not built yet, and StatesFileError where the file
    cannot be written (folder missing, disk full, no permission in the folder). Introduced in lesson 08.

    >>> from tempfile import TemporaryDirectory
    >>> model = keras.Sequential([keras.Input((None, 3), batch_size=2), keras.layers.GRU(4, stateful=True)])
    >>> with TemporaryDirectory() as folder:
    ...     save_states(model, f"{folder}/states.h5")
    ...     os.listdir(folder)
    ['states.h5']

    Source: document B saves states with h5py, layer by layer; written to another name, synced and renamed as databases
    do it.
    """
    states = get_states(model)
    write_states(path, states, weights_digest(model))


def load_states(model: keras.Model, path: str | os.PathLike, allow_other_weights: bool = False) -> None:
    """Set the states of a model to those in a file of `save_states`, all of them or, if anything is wrong, none.

    The model has the names, shapes (batch_size, units) and types of the one that was saved, and its weights, unless
    `allow_other_weights=True`. NaN comes back too.

    Raises StatesFileError, and changes nothing, where the file is none of states, is damaged, of another version, of
    another model, other weights or of streams, or cannot be read; and ValueError where the model has no stateful layer
    or is not built yet. Introduced in lesson 08.

    >>> from tempfile import TemporaryDirectory
    >>> model = keras.Sequential([keras.Input((None, 3), batch_size=2), keras.layers.GRU(4, stateful=True)])
    >>> before = model.predict_on_batch(np.ones((2, 5, 3)))
    >>> with TemporaryDirectory() as folder:
    ...     save_states(model, f"{folder}/states.h5")
    ...     _ = model.predict_on_batch(np.ones((2, 5, 3)))
    ...     load_states(model, f"{folder}/states.h5")
    >>> bool((get_states(model)["gru/h"] == before).all())
    True

    Source: document B; sizes are checked before they are believed, as in safetensors.
    """
    variables = state_variables(model)
    kinds = {name: (tuple(variable.shape), variable.numpy().dtype) for name, variable in variables.items()}
    states, _ = read_states(path, kinds, None if allow_other_weights else weights_digest(model), streams=False)
    for name, variable in variables.items():
        variable.assign(states[name])


def weights_digest(model: keras.Model) -> str:
    """SHA-256 of the weights of a model, by which a file knows whose states it holds."""
    digest = hashlib.sha256()
    for array in model.get_weights():
        digest.update(f"{array.dtype.name} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def write_states(path, states: Mapping[str, np.ndarray], weights: str, keys: list[str] | None = None) -> None:
    """Write states to a file: those of a model, or with `keys` those of as many streams; all or nothing.

    Raises StatesFileError where the file cannot be written.
    """
    memory = io.BytesIO()
    with h5py.File(memory, "w", userblock_size=USER_BLOCK) as file:
        file.attrs["weights"] = weights
        for name, values in states.items():
            if "\0" in name or "." in name.split("/"):
                raise refusal("model", "layers with names that HDF5 can hold", repr(name))
            dataset = file.create_dataset(f"states/{name}", data=values.astype(_stored(values.dtype), copy=False))
            dataset.attrs["dtype"] = values.dtype.name
        if keys is not None:
            encoded = [key.encode("utf-8", "surrogatepass") for key in keys]
            file["keys"] = np.frombuffer(b"".join(encoded), "uint8")
            file["key_lengths"] = np.array([len(key) for key in encoded], "<u4")
    contents = memory.getbuffer()
    contents[:USER_BLOCK] = _header(contents[USER_BLOCK:])
    _write_all_or_nothing(_real_path(path), contents)


def read_states(path, kinds: Mapping[str, tuple], weights: str | None, streams: bool = False) -> tuple[dict, list]:
    """The states in a file by name and, of streams, their keys; `kinds` says shape (of one stream) and type of each.

    `weights` is the digest that the file must have, or None for any. Raises StatesFileError, whatever is wrong.
    """
    path = _real_path(path)
    try:
        with h5py.File(io.BytesIO(_contents(path)), "r") as file:
            datasets = _datasets(path, file)
            if ("keys" in datasets) != streams:
                wanted, found = ("streams", "a model") if streams else ("a model", "streams")
                raise _error(path, f"states of {wanted}", f"it holds those of {found}")
            keys = _keys(path, datasets.pop("keys"), datasets.pop("key_lengths")) if streams else []
            rows = (len(keys),) if streams else ()
            arrays = _arrays(path, datasets, {name: (rows + shape, dtype) for name, (shape, dtype) in kinds.items()})
            if weights is not None and file.attrs["weights"] != weights:
                received = "it was saved with other weights (allow_other_weights=True takes it all the same)"
                raise _error(path, "states of a model with these weights", received)
            return arrays, keys
    except StatesFileError:
        raise
    except Exception as error:  # the system's, or what h5py raises where somebody has hashed other bytes anew
        raise _error(path, "a file of states", _reason(error)) from error


def _error(path: str, expected: str, received: str) -> StatesFileError:
    return StatesFileError(f"path: expected {expected}, got {path!r}: {received}")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _real_path(path) -> str:
    try:
        return os.path.realpath(os.fsdecode(path))  # what a link points to: the link itself stays
    except (TypeError, ValueError) as error:
        raise refusal("path", "a str or a path", repr(path)) from error
    except OSError as error:  # the working directory is gone
        raise _error(os.fsdecode(path), "a path", _reason(error)) from error


def _stored(dtype: np.dtype) -> np.dtype:
    """The type in which values of a type stand in a file; HDF5 has no bfloat16."""
    return np.dtype("<f4") if dtype.name == "bfloat16" else dtype.newbyteorder("<")


def _header(body) -> bytes:
    return HEADER.pack(MAGIC, VERSION, len(body), hashlib.sha256(body).digest()).ljust(USER_BLOCK, b"\0")


def _write_all_or_nothing(path: str, contents) -> None:
    """Write a file under another name, sync it, rename it: whatever fails, `path` is the old file or the new one."""
    folder = os.path.dirname(path)
    temporary = os.path.join(folder, f".states-{secrets.token_hex(8)}.tmp")
    try:
        _require_file(path)
        _write_and_sync(temporary, contents, like=path)
        os.replace(temporary, path)
    except OSError as error:
        raise _error(path, "a place to write to", f"{_reason(error)}; an older file there is whole") from error
    finally:
        with suppress(OSError):
            os.unlink(temporary)  # renamed, it is gone already
    try:
        _sync_folder(folder)
    except OSError as error:
        received = f"{_reason(error)}; the new file is there, but might not outlive a loss of power"
        raise _error(path, "a folder that can be synced", received) from error


def _write_and_sync(temporary: str, contents, like: str) -> None:
    """Write a new file and bring it onto the disk, from the start with the permissions of another, if that exists."""
    mode = stat.S_IMODE(os.stat(like).st_mode) if os.path.exists(like) else None
    with open(
        temporary, "xb", opener=lambda name, flags: os.open(name, flags, 0o666 if mode is None else mode)
    ) as file:
        if mode is not None:
            os.chmod(temporary, mode)  # what the umask has taken
        file.write(contents)
        file.flush()
        _sync(file.fileno())


def _sync(descriptor: int) -> None:
    if sys.platform == "darwin":  # where fsync alone leaves it in the drive's own memory
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    os.fsync(descriptor)


def _sync_folder(folder: str) -> None:
    """Let the new name of a file in a folder outlive a loss of power; on Windows a folder cannot be synced."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            _sync(descriptor)
        finally:
            os.close(descriptor)


def _require_file(path: str) -> None:
    """StatesFileError where what stands under a path is no file: a folder, a device, a pipe that would hang."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise _error(path, "a file", "it is a folder or a device")


def _contents(path: str) -> bytes:
    """The bytes of a file that is whole; HDF5 has not seen them yet."""
    _require_file(path)
    with open(path, "rb") as file:
        header = file.read(USER_BLOCK)
        magic, version, length, _ = HEADER.unpack(header[: HEADER.size].ljust(HEADER.size, b"\0"))
        if magic != MAGIC:
            raise _error(path, "a file of states", "it does not begin like one")
        if version != VERSION:
            raise _error(path, f"a file of states of version {VERSION}", f"it is of version {version}")
        body = file.read()
    if len(body) != length:
        raise _error(path, "a whole file of states", f"{len(body)} bytes follow its header, not {length}")
    if header != _header(body):
        raise _error(path, "an undamaged file of states", "its bytes are not those whose SHA-256 it holds")
    return header + body


def _datasets(path: str, file: h5py.File) -> dict[str, h5py.Dataset]:
    """All datasets of a file by name; StatesFileError where a link leads out of it or back into it."""
    names = []
    file.visit_links(names.append)
    for name in names:
        if not isinstance(file.get(name, getlink=True), h5py.HardLink):
            raise _error(path, "a file of states without links", f"{name!r} is one")
    return {name: file[name] for name in names if not isinstance(file[name], h5py.Group)}


def _keys(path: str, texts: h5py.Dataset, lengths: h5py.Dataset) -> list[str]:
    lengths = _values(path, lengths, lengths.shape[:1], np.dtype("<u4"))
    ends = np.cumsum(lengths, dtype="int64")
    texts = _values(path, texts, (int(lengths.sum(dtype="int64")),), np.dtype("uint8")).tobytes()
    encoded = [texts[end - length : end] for end, length in zip(ends, lengths, strict=True)]
    keys = [key.decode("utf-8", "surrogatepass") for key in encoded]
    if len(set(keys)) != len(keys):
        raise _error(path, "a file of states with one stream for each key", "a key comes twice")
    return keys


def _arrays(path: str, datasets: dict, kinds: Mapping[str, tuple]) -> dict[str, np.ndarray]:
    """The states among datasets, each of the shape and type it must have."""
    found = [name.removeprefix("states/") for name in datasets]
    if set(datasets) != {f"states/{name}" for name in kinds}:
        raise _error(path, f"the states {list(kinds)}", f"it holds {found}")
    arrays = {}
    for name, (shape, dtype) in kinds.items():
        dataset = datasets[f"states/{name}"]
        arrays[name] = _values(path, dataset, shape, _stored(dtype)).astype(dtype, copy=False)
        if dataset.attrs["dtype"] != dtype.name:
            raise _error(path, f"{name!r} of type {dtype.name}", f"it is of type {dataset.attrs['dtype']}")
    return arrays


def _values(path: str, dataset: h5py.Dataset, shape: tuple, dtype: np.dtype) -> np.ndarray:
    """The values of a dataset; StatesFileError, before they are read, where they are not those it should hold."""
    if (dataset.shape, dataset.dtype) != (shape, dtype):
        found = f"it is {dataset.shape} {dataset.dtype}"
        raise _error(path, f"{dataset.name[1:]!r} in shape {shape} and type {dtype}", found)
    contiguous = dataset.id.get_create_plist().get_layout() == h5py.h5d.CONTIGUOUS
    if not contiguous or dataset.external or dataset.id.get_storage_size() != dataset.nbytes:
        raise _error(path, f"{dataset.name[1:]!r} as plain values in the file", "they are not")
    return dataset[...]
