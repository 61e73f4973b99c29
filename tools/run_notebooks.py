"""Run the lessons and save them normalised, so that a diff shows only real change: `make notebooks`.

    python tools/run_notebooks.py [notebook ...]

The tests use `executed` and `normalised` too.
"""

import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
KEPT_METADATA = ("claims", "jupyter", "tags")
WIDGET = "application/vnd.jupyter.widget-view+json"
PROGRESS_BAR = re.compile(r"\d+%\|")
RUN_THIS_CELL = {
    "text/plain": "Run this cell.",
    "text/markdown": "\n\n".join(
        f'<div lang="{code}">\n\n*{text}*\n\n</div>'
        for code, text in (
            ("en", "▶ Run this cell to use its controls."),
            ("ja", "▶ このセルを実行すると操作できます。"),
            ("zh-CN", "▶ 运行这个单元格后即可操作。"),
        )
    ),
}


def lessons() -> list[Path]:
    """The paths of all lessons, in order."""
    return sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def executed(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook run from its first cell in a new kernel; an unexpected error raises CellExecutionError."""
    client = NotebookClient(
        notebook, timeout=300, kernel_name="python3", store_widget_state=False, coalesce_streams=True
    )
    return client.execute(cwd=str(NOTEBOOKS))


def normalised(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without what differs from run to run or from machine to machine."""
    cells = [_normalised_cell(cell) for cell in notebook.cells]
    counts = iter(range(1, len(cells) + 1))
    for cell in cells:
        if cell.cell_type == "code" and cell.execution_count is not None:
            cell.execution_count = next(counts)
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = cell.execution_count
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def _normalised_cell(cell):
    metadata = {key: cell.metadata[key] for key in KEPT_METADATA if key in cell.metadata}
    cell = nbformat.from_dict({**cell, "metadata": metadata})
    if cell.cell_type == "code":
        cell.outputs = [_normalised_output(output) for output in cell.outputs if not _is_progress_bar(output)]
    return cell


def _is_progress_bar(output) -> bool:
    return bool(PROGRESS_BAR.search(output.get("data", {}).get("text/plain", "")))


def _normalised_output(output):
    output = nbformat.from_dict(output)
    if output.output_type == "error":
        output.traceback = [f"{output.ename}: {output.evalue}"]
    if "data" not in output:
        return output
    output.metadata = nbformat.NotebookNode()
    if WIDGET in output.data:
        output.data = nbformat.from_dict(RUN_THIS_CELL)
    return output


def save(notebook: nbformat.NotebookNode, path: Path) -> None:
    nbformat.validate(notebook)
    path.write_text(nbformat.writes(notebook, version=4) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    for path in [Path(name) for name in sys.argv[1:]] or lessons():
        print(f"running {path.name}", flush=True)
        save(normalised(executed(read(path))), path)
