"""What all tests share: no test touches the settings of the person who runs it."""

import os

import pytest
from hypothesis import settings

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
