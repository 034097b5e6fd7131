"""Runs every notebook from top to bottom and checks that none keeps outputs."""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SECONDS_PER_NOTEBOOK = 60


def cells_of(path: Path) -> list[dict[str, object]]:
    """The cells of a notebook."""
    cells: list[dict[str, object]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return cells


def code_of(path: Path) -> list[str]:
    """The code of every code cell."""
    return ["".join(c["source"]) for c in cells_of(path) if c["cell_type"] == "code"]  # type: ignore[arg-type]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_output_is_committed(path: Path) -> None:
    kept = [c for c in cells_of(path) if c.get("outputs") or c.get("execution_count")]
    assert not kept


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_only_public_names_are_used(path: Path) -> None:
    tree = ast.parse("\n".join(code_of(path)))
    names = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    modules = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    assert not [name for name in names if name.startswith("_")]
    assert not [name for name in modules if name.startswith("bytesandbrains")]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    import bytesandbrains

    package = str(Path(bytesandbrains.__file__).parents[1])
    before = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [package, before])))
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook,
        timeout=SECONDS_PER_NOTEBOOK,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute()
    ran = [c for c in notebook.cells if c.cell_type == "code"]
    assert all(cell.execution_count for cell in ran)
