"""The backend: Keras pinned to TensorFlow, and TensorFlow loaded without its log lines."""

import importlib.abc
import importlib.util
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

NO_TENSORFLOW = (
    "lstm_lessons needs TensorFlow, and this Python has none. Install the course with 'pip install -e .' "
    "(Python 3.11 to 3.13), or in Jupyter choose the kernel into which it was installed."
)
OTHER_BACKEND = (
    "lstm_lessons needs Keras with the TensorFlow backend, but Keras is already loaded with {!r}, where "
    "stateful=True carries nothing. Restart the kernel and import lstm_lessons before keras."
)


def pin_tensorflow() -> None:
    """Make Keras use TensorFlow, and make TensorFlow load quietly.

    Raises ImportError, in a sentence that says what to do, where TensorFlow is missing or Keras already runs on another
    backend. Called by `import lstm_lessons`; introduced in lesson 02.
    """
    loaded = sys.modules.get("keras")
    if loaded is not None and loaded.backend.backend() != "tensorflow":
        raise ImportError(OTHER_BACKEND.format(loaded.backend.backend()))
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    if sys.modules.get("tensorflow") is not None:
        return
    if importlib.util.find_spec("tensorflow") is None:
        raise ImportError(NO_TENSORFLOW)
    if not any(isinstance(finder, QuietTensorFlow) for finder in sys.meta_path):
        sys.meta_path.insert(0, QuietTensorFlow())


class QuietTensorFlow(importlib.abc.MetaPathFinder):
    """Finds tensorflow as Python would, and keeps file descriptor 2 silent while it loads.

    TensorFlow's C++ code writes there before it reads any setting. If loading fails, what was written is shown.
    """

    def find_spec(self, fullname, path=None, target=None):
        if fullname != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None:
            load = spec.loader.exec_module
            spec.loader.exec_module = lambda module: _load_silently(load, module)
        return spec


def _load_silently(load, module) -> None:
    del module.__spec__.loader.exec_module
    with silent_stderr():
        load(module)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Hold back what any code, C++ included, writes to file descriptor 2; show it if the block raises."""
    with tempfile.TemporaryFile() as held_back:
        stderr = os.dup(2)
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(stderr, 2)
            held_back.seek(0)
            os.write(2, held_back.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
