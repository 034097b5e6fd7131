"""Checks, before anything is computed, that a file can be written, and writes it whole."""

from __future__ import annotations

import os
from pathlib import Path

from bytesandbrains.errors import ConfigError

__all__ = ["check_writable", "write_page"]


def check_writable(path: str | os.PathLike[str]) -> Path:
    """Makes the folder of ``path`` and checks that the file can be written there.

    A file that exists keeps its content.

    Raises:
        ConfigError: ``unwritable`` with the path.
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        existed = target.exists()
        with target.open("ab"):
            pass
        if not existed:
            target.unlink()
    except OSError as error:
        raise ConfigError(
            "the file cannot be written",
            code="unwritable",
            where="out",
            value=target,
            hint=f"choose another path ({error.strerror})",
        ) from error
    return target


def write_page(path: str | os.PathLike[str], text: str) -> Path:
    """Writes a page so that a reader sees the old or the new one, never half of it.

    Raises:
        ConfigError: ``unwritable`` with the path.
    """
    target = check_writable(path)
    partial = target.with_name(target.name + ".part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(target)
    return target
