"""The extension beside other native packages, and what it exports."""

from __future__ import annotations

import importlib.util
import itertools
import shutil
import subprocess
import sys

import pytest

from bytesandbrains import _core

OTHERS = ["onnx", "onnxruntime", "torch"]
WORK = """
import onnx, bytesandbrains as bb
art = bb.compile(bb.algorithms.sgd(), {"model": bb.models.logistic(4, 3), "clients": "static",
                                       "aggregator": "mean"})
assert bb.load_program(art).parameter_count("model") == 15
onnx.checker.check_model(art.to_onnx("evaluate.model"))
"""


def _available() -> list[str]:
    return [name for name in OTHERS if importlib.util.find_spec(name) is not None]


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("others", list(itertools.permutations(_available(), 2)), ids="-".join)
def test_works_with_other_native_packages_in_any_order(
    others: tuple[str, ...], first: bool
) -> None:
    mine = ["import bytesandbrains"]
    theirs = [f"import {name}" for name in others]
    code = "\n".join([*(theirs + mine if first else mine + theirs), WORK])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_exports_only_its_entry_point() -> None:
    nm = shutil.which("nm")
    if nm is None:
        pytest.skip("nm is not installed")
    listed = subprocess.run(
        [nm, "-D", "--defined-only", "-C", _core.__file__],
        capture_output=True,
        text=True,
        check=True,
    )
    names = [line.split(" ", 2)[2] for line in listed.stdout.splitlines()]
    assert "PyInit__core" in names
    foreign = [n for n in names if n.startswith(("onnx::", "bb::core", "google::", "xsimd::"))]
    assert foreign == []
