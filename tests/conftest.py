"""What all tests share: no test touches the settings of the person who runs it."""

import os

import pytest
from hypothesis import settings
from limits import MEMORY_LIMIT, peak_memory
from nbval.plugin import IPyNbCell

from lstm_lessons import languages

# On a build machine the same examples every time; at home new ones. Models take their time, so no deadline.
settings.register_profile("course", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("course")


@pytest.fixture(autouse=True)
def choice_file(tmp_path, monkeypatch):
    """The file that remembers the languages, in a temporary folder."""
    path = tmp_path / "config" / "languages.json"
    monkeypatch.setattr(languages, "choice_file", lambda: path)
    return path


class SilentAndSmall:
    """What nbval does not look at when it runs a cell: stderr, which it throws away, and the kernel's memory."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        result = yield
        if isinstance(item, IPyNbCell):
            assert not [output for output in item.test_outputs or [] if output.get("name") == "stderr"]
            assert peak_memory(item.parent.kernel.km.provisioner.pid) < MEMORY_LIMIT
        return result


def pytest_configure(config):
    config.pluginmanager.register(SilentAndSmall())  # a conftest's own hooks would not reach the notebooks
