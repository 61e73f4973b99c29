"""The backend: Keras pinned to TensorFlow, and TensorFlow loaded without its log lines."""

import importlib.abc
import importlib.util
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

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
    loaded = getattr(sys.modules.get("keras"), "backend", None)
    if loaded is not None and loaded.backend() != "tensorflow":
        raise ImportError(OTHER_BACKEND.format(loaded.backend()))
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

    TensorFlow's C++ code writes there before it reads any setting. If loading raises, what was written is shown; what
    other threads write meanwhile is held back too.
    """

    looking = False

    def find_spec(self, fullname, path=None, target=None):
        if fullname != "tensorflow" or self.looking:
            return None
        self.looking = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self.looking = False
        if spec is not None:
            spec.loader.exec_module = partial(self.load_silently, spec.loader.exec_module)
        return spec

    def load_silently(self, load, module) -> None:
        del module.__spec__.loader.exec_module
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        with silent_stderr():
            load(module)
        logging.getLogger("tensorflow").setLevel(logging.ERROR)


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Hold back what any code, C++ included, writes to file descriptor 2; show it if the block raises."""
    with _somewhere_to_hold_it() as held_back:
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


def _somewhere_to_hold_it():
    try:
        return tempfile.TemporaryFile()
    except OSError:  # no folder for temporary files: then nothing can be shown afterwards
        return open(os.devnull, "w+b")
