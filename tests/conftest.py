"""What all tests share: no test touches the settings of the person who runs it."""

import pytest

from lstm_lessons import languages


@pytest.fixture(autouse=True)
def choice_file(tmp_path, monkeypatch):
    """The file that remembers the languages, in a temporary folder."""
    path = tmp_path / "config" / "languages.json"
    monkeypatch.setattr(languages, "choice_file", lambda: path)
    return path
