"""`import lstm_lessons` is quick and quiet, pins TensorFlow, and says in a sentence what is wrong."""

import os
import subprocess
import sys
import textwrap

import pytest


def run(code: str, **environment) -> subprocess.CompletedProcess:
    """Run code in a new Python, as a notebook's kernel would, and keep what it writes to stdout and stderr."""
    environment = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env=environment, capture_output=True, text=True, timeout=300
    )


def test_importing_and_using_tensorflow_writes_no_log_line():
    done = run(
        """
        import lstm_lessons
        import keras, numpy
        model = keras.Sequential([keras.Input(batch_shape=(4, 5, 1)), keras.layers.LSTM(3, stateful=True)])
        model.compile(loss="mse")
        model.fit(numpy.ones((8, 5, 1)), numpy.ones((8, 3)), batch_size=4, verbose=0)
        try:
            model.predict(numpy.ones((6, 5, 1)), batch_size=4, verbose=0)
        except Exception:
            print("done")
        """
    )
    assert (done.stdout, done.stderr, done.returncode) == ("done\n", "", 0)


@pytest.mark.skipif(sys.platform != "linux", reason="what TensorFlow logs differs from system to system")
def test_tensorflow_alone_does_write_log_lines():
    """The test above can fail: without the package there is something to keep quiet."""
    assert run("import tensorflow").stderr != ""


def test_importing_the_package_loads_nothing_heavy():
    heavy = ["tensorflow", "keras", "numpy", "matplotlib", "ipywidgets", "IPython"]
    done = run(f"import lstm_lessons, sys; print([name for name in {heavy} if name in sys.modules])")
    assert done.stdout == "[]\n"


def test_keras_is_pinned_whatever_the_environment_says():
    done = run("import lstm_lessons, keras; print(keras.backend.backend())", KERAS_BACKEND="jax")
    assert (done.stdout, done.returncode) == ("tensorflow\n", 0)


def test_keras_already_on_another_backend():
    done = run(
        """
        import sys, types
        sys.modules["keras"] = keras = types.ModuleType("keras")
        keras.backend = types.SimpleNamespace(backend=lambda: "jax")
        import lstm_lessons
        """
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("ImportError: lstm_lessons needs Keras with the TensorFlow backend")
    assert "already loaded with 'jax'" in done.stderr
    assert "Restart the kernel" in done.stderr


def test_no_tensorflow():
    done = run("import sys; sys.modules['tensorflow'] = None; import lstm_lessons")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "ImportError: lstm_lessons needs TensorFlow, and this Python has none"
    )
    assert "pip install -e ." in done.stderr


def test_importing_twice_and_after_tensorflow_is_fine():
    done = run("import lstm_lessons, tensorflow, importlib; importlib.reload(lstm_lessons); print(tensorflow.__name__)")
    assert (done.stdout, done.stderr) == ("tensorflow\n", "")


def test_tensorflow_is_found_as_python_finds_it():
    """Neither the finder nor the wrapped loader stays behind."""
    done = run(
        """
        import lstm_lessons, sys, tensorflow
        print([type(finder).__name__ for finder in sys.meta_path if "Quiet" in type(finder).__name__])
        print("exec_module" in vars(tensorflow.__spec__.loader))
        """
    )
    assert done.stdout == "[]\nFalse\n"


def test_looking_for_tensorflow_does_not_use_the_quiet_up():
    done = run("import lstm_lessons; from importlib.util import find_spec; find_spec('tensorflow'); import tensorflow")
    assert (done.stderr, done.returncode) == ("", 0)


def test_no_folder_for_temporary_files_is_no_reason_to_fail():
    code = "import tempfile, lstm_lessons; tempfile.tempdir = '/no/such/folder'; import tensorflow; print('loaded')"
    assert run(code).stdout == "loaded\n"


@pytest.fixture
def broken_tensorflow(tmp_path):
    """A tensorflow that complains on file descriptor 2 and cannot be imported."""
    (tmp_path / "tensorflow.py").write_text("import os; os.write(2, b'bad CPU'); raise ImportError('no such symbol')")
    return str(tmp_path)


def test_what_tensorflow_says_is_shown_when_it_fails(broken_tensorflow):
    done = run("import lstm_lessons, tensorflow", PYTHONPATH=broken_tensorflow)
    assert "bad CPU" in done.stderr
    assert done.stderr.splitlines()[-1] == "ImportError: no such symbol"
