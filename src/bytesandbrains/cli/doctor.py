"""``bb doctor``: what this machine and installation can do, and what to fix."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

import typer
from rich.table import Table
from rich.text import Text

from bytesandbrains import _core, data
from bytesandbrains.cli.output import FAILED, AsJson, print_json, stdout
from bytesandbrains.errors import Error
from bytesandbrains.report import environment, package_version

__all__ = ["EXTRAS", "Check", "checks", "doctor"]

EXTRAS = {
    "onnxruntime": ("onnxruntime", "running exported models elsewhere"),
    "pandas": ("pandas", "tables of results as data frames"),
    "sklearn": ("scikit-learn", "regenerating the bundled digits"),
    "torch": ("torch", "arrays from and to torch"),
}
"""Package and use of each extra, by its name; modules are named like the extras."""

_STYLES = {"ok": "green", "missing": "yellow", "problem": "bold red"}


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes:
        name: What was looked at.
        state: ``ok``, ``missing`` (an optional thing) or ``problem``.
        value: What was found.
        hint: What to do, when something is to be done.
    """

    name: str
    state: str
    value: str
    hint: str = ""


def doctor(as_json: AsJson = False) -> None:
    """Show versions, instruction sets, extras, data sets and permissions; exit 1 on a problem."""
    found = list(checks())
    healthy = all(check.state != "problem" for check in found)
    if as_json:
        print_json({"healthy": healthy, "checks": found})
    else:
        table = Table(show_header=False, show_edge=False, box=None, padding=(0, 2, 0, 0))
        for check in found:
            state = Text(check.state, style=_STYLES[check.state])
            text = Text(f"{check.value}\n{check.hint}" if check.hint else check.value)
            table.add_row(Text(check.name, style="bold"), state, text)
        stdout().print(table)
    if not healthy:
        raise typer.Exit(FAILED)


def checks() -> Iterator[Check]:
    """Looks at everything, in the order it is shown."""
    for name, value in environment().items():
        if name != "kernels":
            yield Check(name, "ok", value)
    yield _kernels()
    for extra, (package, use) in EXTRAS.items():
        yield _extra(extra, package, use)
    for name in data.names():
        yield _data_set(name)
    for name, folder in (("this folder", os.getcwd()), ("temporary files", tempfile.gettempdir())):
        yield _writable(name, folder)


def _kernels() -> Check:
    active, able = _core.active_isa(), ", ".join(_core.supported_isas())
    problem = _core.isa_error()
    value = f"{active} (this machine can run: {able})"
    if problem:
        return Check(
            "kernels", "problem", f"{value}; {problem}", f"unset BB_ISA or use one of: {able}"
        )
    return Check("kernels", "ok", value)


def _extra(extra: str, package: str, use: str) -> Check:
    name = f"extra {extra}"
    if importlib.util.find_spec(extra) is None:
        return Check(name, "missing", use, f"pip install 'bytesandbrains[{extra}]'")
    return Check(name, "ok", package_version(package))


def _data_set(name: str) -> Check:
    try:
        return Check(f"data {name}", "ok", repr(data.load(name)))
    except Error as error:
        state = "missing" if error.code == "data_missing" else "problem"
        return Check(f"data {name}", state, error.message, error.hint)
    except OSError as error:
        return Check(f"data {name}", "problem", str(error), "reinstall the package")


def _writable(name: str, folder: str) -> Check:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return Check(name, "ok", f"{folder} can be written")
    except OSError as error:
        hint = "give --out a folder that can be written"
        return Check(name, "problem", f"{folder}: {error.strerror}", hint)
