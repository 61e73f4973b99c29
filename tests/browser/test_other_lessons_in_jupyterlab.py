"""All lessons but 02, for what is their own: that they run, speak and play. A module apart, to run beside that one."""

import re
from pathlib import Path

import psutil  # it comes with Jupyter
import pytest
from limits import MEMORY_LIMIT
from seen_in_browser import complaints, complaints_of_every_choice, languages_on_the_way

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
OTHER_LESSONS = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb") if not path.name.startswith("02_"))


def peak_of_the_last_kernel():
    """The most memory that the kernel started last has held so far, in bytes; 0 where the system does not tell."""
    kernels = [child for child in psutil.Process().children(recursive=True) if "ipykernel_launcher" in child.cmdline()]
    status = Path(f"/proc/{max(kernels, key=lambda kernel: kernel.create_time()).pid}/status")
    held = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return 1024 * int(held[1]) if held else 0


@pytest.mark.parametrize("name", OTHER_LESSONS)
def test_the_other_lessons_run_speak_and_play(lab, name):
    with lab.opened(name) as other:
        other.run_all()
        assert complaints(other) == []
        assert peak_of_the_last_kernel() < MEMORY_LIMIT
        other.choose("ja")
        seen = languages_on_the_way(other)
        assert seen == [(cell, "ja") for cell, _ in seen]
        assert complaints_of_every_choice(other) == []
