"""Finds the author's file and line behind a recording call."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

__all__ = ["author_location", "definition_of"]

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_AUTHORED = (
    *(os.path.join(_PACKAGE, room) + os.sep for room in ("algorithms", "models", "optimizers")),
    os.path.join(_PACKAGE, "losses.py"),
)


def author_location() -> str:
    """Returns ``file.py:line`` (base name) of the innermost frame of an author.

    Authors are everything outside this package, and the bundled algorithms, models, losses and
    optimizers inside it.
    """
    frame = sys._getframe(1)
    while frame is not None:
        path = frame.f_code.co_filename
        if not path.startswith(_PACKAGE) or path.startswith(_AUTHORED):
            return f"{os.path.basename(path)}:{frame.f_lineno}"
        if frame.f_back is None:
            break
        frame = frame.f_back
    return ""


def definition_of(function: Callable[..., object]) -> str:
    """Returns ``file.py:line`` (base name) where ``function`` is written; empty when unknown."""
    code = getattr(function, "__code__", None)
    return f"{os.path.basename(code.co_filename)}:{code.co_firstlineno}" if code else ""
