"""Put the repository's address, decided in pyproject.toml, into every README: `make links`."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
FIRST_LESSON = "notebooks/00_start_here.ipynb"
# OWNER/NAME stands in the link definitions at the end of each README and where it says `git clone`.
LINK = re.compile(
    r"(git clone https://github\.com/|^\[(?:binder|repository)\]: https://(?:mybinder\.org/v2/gh|github\.com)/)"
    r"[\w.-]+/[\w.-]+",
    re.M,
)


def repository() -> str:
    """OWNER/NAME, as pyproject.toml has it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["urls"]["Repository"].removeprefix("https://github.com/")


def readmes() -> list[Path]:
    return sorted(ROOT.glob("README*.md"))


def launch_link() -> str:
    """The link that opens the first lesson in JupyterLab on mybinder.org."""
    return f"https://mybinder.org/v2/gh/{repository()}/HEAD?urlpath=lab/tree/{FIRST_LESSON}"


def with_repository(text: str) -> str:
    return LINK.sub(lambda link: link[1] + repository(), text)


if __name__ == "__main__":
    for readme in readmes():
        readme.write_text(with_repository(readme.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
