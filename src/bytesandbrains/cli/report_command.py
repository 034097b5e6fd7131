"""``bb report``: HTML from saved runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bytesandbrains.cli.output import AsJson, print_json, stdout
from bytesandbrains.report import check_writable, folder_report

__all__ = ["report"]


def report(
    folder: Annotated[Path, typer.Argument(help="A saved run, or a folder of saved runs.")],
    out: Annotated[
        Path | None, typer.Option(help="The file to write; DIR/report.html when left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a self-contained HTML report of a saved run, also of one that failed."""
    if out is not None:
        check_writable(out)
    path = folder_report(folder, out).resolve()
    if as_json:
        print_json({"report": path})
        return
    console = stdout()
    console.print("report: ", end="")
    console.print(str(path), style="bold", soft_wrap=True, markup=False)
