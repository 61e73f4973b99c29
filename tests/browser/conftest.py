"""A real JupyterLab and a real browser, on a copy of the lessons and away from the reader's own settings."""

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LESSON = "02_stateless_vs_stateful.ipynb"
BUTTONS = {"en": "English", "ja": "日本語", "zh-CN": "中文"}
AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
LAB = [
    *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"),
    "--LabApp.expose_app_in_browser=True",
    *(["--allow-root"] if AS_ROOT else []),
]
# Where Jupyter, IPython and platformdirs keep what outlives a session.
FOLDERS = {
    "IPYTHONDIR": "ipython",
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "XDG_CONFIG_HOME": "user_config",
}
QUIET_SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "docmanager-extension/plugin": {"autosave": False},
}
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_FLAGS = [
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-gpu", "--no-first-run"),
    *(["--no-sandbox"] if AS_ROOT else []),
]

IN_PAGE = """
window.panelOf = path => [...jupyterapp.shell.widgets("main")].find(panel => panel.context?.path === path);
window.cellOf = (path, index) => panelOf(path).content.widgets[index];
window.languagesSeen = (path, index) => [...new Set(
    [...cellOf(path, index).node.querySelectorAll("[lang]")]
        .filter(text => text.checkVisibility() && text.getBoundingClientRect().height > 0)
        .map(text => text.lang)
)].sort().join();
window.kernelSaid = {pictures: 0, complaints: []};
"""
IS_OPEN = """path => window.jupyterapp?.shell && panelOf(path)?.context.isReady &&
    panelOf(path).sessionContext.session?.kernel?.connectionStatus === 'connected'"""
LISTEN = """path => void panelOf(path).sessionContext.iopubMessage.connect((_, {header, content}) => {
    const drawn = header.msg_type === "update_display_data" && content.data;
    if (drawn && drawn["image/png"]) kernelSaid.pictures += 1;
    if (drawn && !drawn["image/png"]) kernelSaid.complaints.push(drawn["text/plain"]);
    if (header.msg_type === "error") kernelSaid.complaints.push(content.evalue);
    if (content.name === "stderr") kernelSaid.complaints.push(content.text);
})"""
RUN_ALL = """async () => {
    await jupyterapp.commands.execute("notebook:clear-all-cell-outputs");
    jupyterapp.commands.execute("notebook:run-all-cells");
}"""
RUN = """async ([path, indices]) => {
    await jupyterapp.commands.execute("notebook:clear-all-cell-outputs");
    for (const index of indices) {
        panelOf(path).content.activeCellIndex = index;
        await jupyterapp.commands.execute("notebook:run-cell");
    }
}"""
# The command's own promise is no use here: it settles at the first cell that raises, while the rest still runs.
ALL_RAN = """path => panelOf(path).sessionContext.session.kernel.status === "idle" &&
    panelOf(path).content.widgets.every(({model}) =>
        model.type !== "code" || model.executionCount || !model.sharedModel.getSource().trim())"""
SCROLL = """async ([path, index]) => {
    await panelOf(path).content.scrollToItem(index);
    await cellOf(path, index).ready;
}"""
OPEN_BESIDE = "path => void jupyterapp.commands.execute('docmanager:open', {path, options: {mode: 'split-right'}})"


class Notebook:
    """One notebook open in JupyterLab: what its reader does and sees."""

    def __init__(self, page, path: str):
        self.page = page
        self.path = path
        page.wait_for_function(IS_OPEN, arg=path)
        page.evaluate(LISTEN, path)

    def cells(self) -> list[dict]:
        """The cells with their outputs, as they would be saved now."""
        return self.page.evaluate("path => panelOf(path).content.model.toJSON()", self.path)["cells"]

    def run_all(self) -> None:
        """Clear all outputs, run all cells and wait until each has run, those after a cell meant to raise, too."""
        self.page.evaluate(RUN_ALL)
        twice_a_second = 500  # asked at every picture, as by default, the browser would take a core from the kernel
        self.page.wait_for_function(ALL_RAN, arg=self.path, timeout=240_000, polling=twice_a_second)

    def run(self, indices: list[int]) -> None:
        """Clear all outputs and run these cells, one after the other."""
        self.page.evaluate(RUN, [self.path, indices])

    def windowing_mode(self) -> str:
        """What JupyterLab does with this notebook's cells while they are out of sight."""
        return self.page.evaluate("path => panelOf(path).content.notebookConfig.windowingMode", self.path)

    def save(self) -> None:
        self.page.evaluate("path => panelOf(path).context.save()", self.path)

    def cell(self, index: int):
        """The element of one cell, scrolled to."""
        self.page.evaluate(SCROLL, [self.path, index])
        return self.page.evaluate_handle("at => cellOf(...at).node", [self.path, index]).as_element()

    def languages_in(self, index: int) -> str:
        """The languages to be seen in one cell, prose and output, once it has been scrolled to: "en,ja"."""
        self.cell(index)
        self.page.wait_for_function("at => languagesSeen(...at)", arg=[self.path, index])
        return self.page.evaluate("at => languagesSeen(...at)", [self.path, index])

    def button(self, code: str):
        """The button of one language in the first code cell, scrolled to."""
        switch = next(index for index, cell in enumerate(self.cells()) if cell["cell_type"] == "code")
        return self.cell(switch).wait_for_selector(f".widget-toggle-button:has-text('{BUTTONS[code]}')")

    def choose(self, *codes: str) -> None:
        """Press buttons until these languages are on, those to switch on first, and wait until the title shows it."""
        for code in sorted(BUTTONS, key=codes.__contains__, reverse=True):
            button = self.button(code)
            if ("mod-active" in button.get_attribute("class")) != (code in codes):
                button.click()
        self.wait_for_title_in(*codes)

    def wait_for_title_in(self, *codes: str) -> None:
        """Wait until the notebook's first cell shows these languages and no other."""
        self.cell(0)
        arg = [self.path, ",".join(sorted(codes))]
        self.page.wait_for_function("([path, codes]) => languagesSeen(path, 0) === codes", arg=arg)

    def open_beside(self, path: str) -> "Notebook":
        """Another notebook, opened to the right of this one in the same window."""
        self.page.evaluate(OPEN_BESIDE, path)
        return Notebook(self.page, path)


class Lab:
    """A running JupyterLab, the folder that holds all it reads and writes, and the browser in front of it."""

    def __init__(self, folder: Path, url: str, token: str, browser):
        self.folder = folder
        self.url = url
        self.token = token
        self.browser = browser

    @contextmanager
    def opened(self, name: str, **notebook_settings):
        """A notebook opened in a window of its own, under these settings of JupyterLab's notebooks."""
        write_settings(self.folder, {**QUIET_SETTINGS, "notebook-extension/tracker": notebook_settings})
        page = self.browser.new_page(viewport={"width": 1300, "height": 900})
        try:
            page.set_default_timeout(60_000)
            page.add_init_script(IN_PAGE)
            page.goto(f"{self.url}lab/tree/{name}?reset&token={self.token}")
            yield Notebook(page, name)
        finally:
            page.close()

    def forget_languages(self) -> None:
        """Forget the languages chosen so far, as if no lesson had been opened yet."""
        shutil.rmtree(self.folder / FOLDERS["XDG_CONFIG_HOME"] / "lstm_lessons", ignore_errors=True)


def write_settings(folder: Path, settings: dict[str, dict]) -> None:
    """Write JupyterLab's settings, each under its plugin's name: {"apputils-extension/themes": {"theme": ...}}."""
    for name, values in settings.items():
        file = folder / FOLDERS["JUPYTERLAB_SETTINGS_DIR"] / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")


@contextmanager
def running_server(folder: Path):
    """JupyterLab on a free port of this machine, serving folder/notebooks and keeping its own things in folder, too."""
    own_folders = {name: str(folder / inside) for name, inside in FOLDERS.items()}
    log = folder / "jupyterlab.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*LAB, f"--ServerApp.root_dir={folder / 'notebooks'}"],
            env={**os.environ, **own_folders},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield wait_for_server(server, folder / FOLDERS["JUPYTER_RUNTIME_DIR"], log)
    finally:
        stop(server)


def wait_for_server(server: subprocess.Popen, runtime: Path, log: Path) -> dict:
    """What a server says of itself, its url and token among it, once it listens."""
    deadline = time.monotonic() + 60
    while server.poll() is None and time.monotonic() < deadline:
        for file in runtime.glob("jpserver-*.json"):
            with suppress(ValueError):  # while it is being written
                return json.loads(file.read_text(encoding="utf-8"))
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8', errors='replace')}")


def stop(server: subprocess.Popen) -> None:
    """End a server, which ends its kernels; one that does not answer is killed."""
    server.terminate()
    try:
        server.wait(30)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def chromium() -> str | None:
    """The browser's program: the one that LESSONS_CHROMIUM names, or what is installed."""
    found = (shutil.which(name) for name in CHROMIUMS)
    return os.environ.get("LESSONS_CHROMIUM") or next(filter(None, found), None)


@contextmanager
def running_lab(folder: Path, program: str):
    """JupyterLab on folder/notebooks, with a browser in front of it."""
    from playwright.sync_api import sync_playwright

    with (
        running_server(folder) as server,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS) as browser,
    ):
        yield Lab(folder, server["url"], server["token"], browser)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab on a copy of the lessons; it ends with the module, since Playwright keeps an event loop running."""
    program = chromium()
    if program is None:
        give_up = pytest.fail if os.environ.get("LESSONS_NEED_BROWSER") else pytest.skip
        give_up(f"no browser: install one of {', '.join(CHROMIUMS)}, or name it in LESSONS_CHROMIUM")
    folder = tmp_path_factory.mktemp("jupyterlab")
    shutil.copytree(NOTEBOOKS, folder / "notebooks")
    with running_lab(folder, program) as lab:
        yield lab


@pytest.fixture(scope="module")
def lesson(lab):
    """Lesson 02, opened and run from its first cell to its last."""
    with lab.opened(LESSON) as notebook:
        notebook.run_all()
        yield notebook
