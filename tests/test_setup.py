"""The course can be set up: versions agree, Binder reads what is meant, the wheel is whole, `make lab` serves."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import repository_links  # noqa: E402

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
FIRST_LESSON = repository_links.FIRST_LESSON


def environment_text():
    return (ROOT / "environment.yml").read_text(encoding="utf-8")


# --- versions -------------------------------------------------------------------------------------------------------


def test_environment_lists_the_same_packages_at_the_same_versions():
    listed = re.findall(r"^ +- ([\w.-]+==[\w.]+)", environment_text(), re.M)
    assert listed == PROJECT["dependencies"]


def test_every_package_of_the_environment_carries_its_reason():
    for line in re.findall(r"^ +- .*==.*$", environment_text(), re.M):
        assert re.search(r" # .{10,}$", line), line


def test_every_version_is_exact():
    extras = [requirement for extra in PROJECT["optional-dependencies"].values() for requirement in extra]
    for requirement in PROJECT["dependencies"] + extras:
        assert re.match(r"[\w.-]+==[\w.]+(; |$)", requirement), requirement


def test_the_python_versions_agree():
    lowest, above = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"(3, {lowest}) <= sys.version_info[:2] < (3, {above})" in makefile
    chosen = re.search(r"- python=3\.(\d+)", environment_text())[1]
    assert int(lowest) <= int(chosen) < int(above)


# --- Binder ---------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="repo2docker does not run on Windows")
@pytest.mark.filterwarnings("ignore")  # of its own dependencies
def test_binder_reads_the_environment_and_installs_the_package(monkeypatch):
    from repo2docker.buildpacks import CondaBuildPack

    monkeypatch.chdir(ROOT)
    pack = CondaBuildPack("any base image")
    assert pack.detect()
    assert pack.binder_dir == "binder"
    assert pack.binder_path("environment.yml") == "binder/environment.yml"
    assert pack.python_version == re.search(r"- python=([\d.]+)", environment_text())[1]
    assert (ROOT / "binder/environment.yml").read_text(encoding="utf-8") == environment_text()
    assert pack.get_post_build_scripts() == ["binder/postBuild"]
    assert os.access(ROOT / "binder/postBuild", os.X_OK)
    assert "pip install --no-deps" in (ROOT / "binder/postBuild").read_text(encoding="utf-8")


@pytest.mark.parametrize("readme", repository_links.readmes(), ids=lambda path: path.name)
def test_readmes_name_the_repository_that_pyproject_names(readme):
    text = readme.read_text(encoding="utf-8")
    assert repository_links.with_repository(text) == text, "run `make links`"
    assert f"[binder]: {repository_links.launch_link()}\n" in text
    assert f"git clone https://github.com/{repository_links.repository()} " in text


def test_links_follow_another_owner(monkeypatch):
    monkeypatch.setattr(repository_links, "repository", lambda: "someone/else.1")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    changed = repository_links.with_repository(text)
    assert "git clone https://github.com/someone/else.1 " in changed
    assert "[binder]: https://mybinder.org/v2/gh/someone/else.1/HEAD?urlpath=" in changed
    assert len(changed.splitlines()) == len(text.splitlines())


def test_the_first_lesson_exists():
    assert (ROOT / FIRST_LESSON).exists()
    assert FIRST_LESSON in (ROOT / "Makefile").read_text(encoding="utf-8")


# --- the wheel ------------------------------------------------------------------------------------------------------


def test_the_wheel_holds_the_data_and_imports(tmp_path):
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    source = tmp_path / "source"
    ignore = shutil.ignore_patterns(".*", "notebooks", "tests", "__pycache__")
    shutil.copytree(ROOT, source, ignore=ignore, symlinks=True)
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", tmp_path, source], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--target", tmp_path / "site", wheel], check=True)
    code = (
        "import lstm_lessons, json, importlib.resources as r\n"
        "assert str(r.files('lstm_lessons')).startswith(__import__('os').environ['PYTHONPATH'])\n"
        "json.loads((r.files('lstm_lessons') / 'data/claims.json').read_text(encoding='utf-8'))\n"
        "(r.files('lstm_lessons') / 'data/README.md').read_text(encoding='utf-8')\n"
        "print(lstm_lessons.digits()[1][0].shape, lstm_lessons.check.__name__)"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout == "(500, 8, 8) check\n", done.stderr


# --- make -----------------------------------------------------------------------------------------------------------

needs_make = pytest.mark.skipif(
    sys.platform == "win32" or shutil.which("make") is None or not (ROOT / ".venv").exists(),
    reason="needs make, and the .venv that it makes",
)


@needs_make
def test_make_with_a_wrong_python_says_so_in_a_sentence(tmp_path):
    wrong = tmp_path / "python3.9"
    wrong.write_text("#!/bin/sh\nexit 1\n")
    wrong.chmod(0o755)
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    command = ["make", "lab", f"PYTHON={wrong}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
    assert done.returncode != 0
    assert done.stderr.startswith("The course needs Python 3.11, 3.12 or 3.13")
    assert "Traceback" not in done.stderr


@needs_make
def test_make_lab_serves_the_lesson_on_this_machine_only(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "BROWSER": "true", "JUPYTER_CONFIG_DIR": str(tmp_path), "MAKEFLAGS": ""}
    server = subprocess.Popen(
        ["make", "lab", f"PORT={port}"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        url = next(
            found[0] for line in server.stderr if (found := re.search(rf"http://127\.0\.0\.1:{port}/lab\S+", line))
        )
        assert FIRST_LESSON in url
        token = re.search(r"token=(\w+)", url)[1]
        lesson = ask(f"http://127.0.0.1:{port}/api/contents/{FIRST_LESSON}?token={token}")
        assert lesson["path"] == FIRST_LESSON
        with pytest.raises(urllib.error.HTTPError, match="403"):
            ask(f"http://127.0.0.1:{port}/api/contents/{FIRST_LESSON}")
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.stderr.close()
        server.wait()


def ask(url: str, seconds: float = 30):
    """The JSON answer of a server that may still be starting."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            error.close()
            raise
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
