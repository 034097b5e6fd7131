"""What a result was computed with: versions, processor, kernel table."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path

from bytesandbrains import _core

__all__ = ["environment", "package_version"]

_PACKAGES = ("numpy", "onnx", "matplotlib")


def package_version(name: str = "bytesandbrains") -> str:
    """Version of an installed package, or ``"not installed"``."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def environment() -> dict[str, str]:
    """Versions and machine, as texts by name.

    Example:
        >>> sorted(environment())[:2]
        ['bytesandbrains', 'cores']
    """
    return {
        "bytesandbrains": package_version(),
        "python": platform.python_version(),
        **{name: package_version(name) for name in _PACKAGES},
        "system": f"{platform.system()} {platform.release()} ({platform.machine()})",
        "processor": _processor(),
        "cores": str(_core.core_count()),
        "kernels": _core.active_isa(),
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.machine()
