#!/usr/bin/env python3
"""Checks the layer rules: which room may include which, and what Python modules may import.

Usage: check_layers.py
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
CPP = ROOT / "src" / "cpp" / "bb"
PYTHON = ROOT / "src" / "bytesandbrains"

_PARTS = "base tensor ir wire roles kernels"
ALLOWED = {
    "base": "",
    "tensor": "base",
    "kernels": "",
    "ir": "base tensor",
    "compiler": "base tensor ir",
    "wire": "base tensor ir",
    "roles": "base tensor ir wire",
    "engine": "base tensor ir wire roles",
    "node": "base tensor ir wire roles engine",
    "sim": "base tensor wire roles engine node",
    "parts/aggregators": _PARTS,
    "parts/attacks": _PARTS,
    "parts/backends": _PARTS,
    "parts/codecs": _PARTS,
    "parts/data": _PARTS,
    "parts/selectors": _PARTS,
    "bindings": "*",
}
"""Rooms a room may include besides itself."""

PURE = ("engine", "ir", "wire", "roles", "compiler", "node")
BANNED = {"thread", "chrono", "random", "fstream", "filesystem", "iostream", "mutex"}
"""Standard headers that pure rooms do not include."""

PROTOBUF = {"ir/onnx.cpp", "ir/onnx_write.cpp", "wire/envelope.cpp", "engine/snapshot.cpp"}
"""The only files that include generated messages."""

HEAVY = {"torch", "ray", "pandas", "matplotlib", "onnxruntime", "sklearn"}
"""Python packages imported only inside the function that needs them."""
SOCKETS = {"asyncio", "socket", "socketserver", "selectors"}

_INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)


def room_of(path: str) -> str:
    """The room of a path below bb/, e.g. parts/attacks."""
    pieces = path.split("/")
    return "/".join(pieces[:2]) if pieces[0] == "parts" else pieces[0]


def check_cpp() -> list[str]:
    """Problems of C++ includes."""
    problems = []
    for file in sorted([*CPP.rglob("*.h"), *CPP.rglob("*.cpp")]):
        name = file.relative_to(CPP).as_posix()
        room = room_of(name)
        if room not in ALLOWED:
            problems.append(f"{name}: room {room!r} is not in tools/check_layers.py")
            continue
        for header in _INCLUDE.findall(file.read_text(encoding="utf-8")):
            problems += [f"{name}: {why}" for why in _bad_include(name, room, header)]
    return problems


def _bad_include(name: str, room: str, header: str) -> list[str]:
    if header.endswith(".pb.h"):
        return [] if name in PROTOBUF else [f"includes {header}: only {sorted(PROTOBUF)} may"]
    if header.startswith("pybind11/") and room != "bindings":
        return ["includes pybind11 outside bindings"]
    if header.startswith("Eigen/") and room != "parts/backends":
        return ["includes Eigen outside parts/backends"]
    if header.startswith("xsimd/") and room != "kernels":
        return ["includes xsimd outside kernels"]
    if header in BANNED and room in PURE:
        return [f"a pure room includes <{header}>"]
    if not header.startswith("bb/"):
        return []
    other = room_of(header.removeprefix("bb/"))
    legal = ALLOWED[room].split()
    if other != room and legal != ["*"] and other not in legal:
        return [f"room {room} includes {header} of room {other}"]
    return []


def check_python() -> list[str]:
    """Problems of Python imports at module level."""
    problems = []
    for file in sorted(PYTHON.rglob("*.py")):
        name = file.relative_to(PYTHON).as_posix()
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in tree.body:
            for module in _imported(node):
                top = module.partition(".")[0]
                if top in HEAVY:
                    problems.append(f"{name}: imports {module} at module level; do it where used")
                if top in SOCKETS and not name.startswith("transports/"):
                    problems.append(f"{name}: imports {module}; only transports/ may")
    return problems


def _imported(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [node.module or ""]
    return []


def main() -> int:
    """Prints every problem; returns the number of them, at most 1 as an exit code."""
    problems = check_cpp() + check_python()
    for problem in problems:
        print(problem)
    print(f"layers: {len(problems)} problems")
    return min(len(problems), 1)


if __name__ == "__main__":
    sys.exit(main())
