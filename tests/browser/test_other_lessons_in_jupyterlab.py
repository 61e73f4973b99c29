"""All lessons but 02, for what is their own: that they speak and play. A module apart, to run beside that one.

Here they run only what their picture needs; that all their cells run, in silence and within memory, nbval has seen.
"""

from pathlib import Path

import pytest
from seen_in_browser import cells_that_play_needs, complaints, complaints_of_every_choice, languages_on_the_way

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
OTHER_LESSONS = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb") if not path.name.startswith("02_"))


@pytest.mark.parametrize("name", OTHER_LESSONS)
def test_the_other_lessons_speak_and_play(lab, name):
    with lab.opened(name) as other:
        other.run(cells_that_play_needs(other))
        assert complaints(other) == []
        other.choose("ja")
        seen = languages_on_the_way(other)
        assert seen == [(cell, "ja") for cell, _ in seen]
        assert complaints_of_every_choice(other) == []
