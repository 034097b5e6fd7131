"""What a benchmark says about where it ran, and how it times."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bytesandbrains import _core

__all__ = ["PROCESSOR", "Row", "describe", "seconds", "table"]

Row = tuple[str, float, float, float, float]
"""What was measured, the value, the value asked for, the one aimed at, and its spread."""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


PROCESSOR = _processor()


def blas() -> str:
    """The library behind numpy's products, its kernels and threads."""
    import numpy as np

    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        found = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{found.get('name')} {found.get('version')} (threadpoolctl tells its kernels)"
    return "; ".join(
        f"{entry['internal_api']} {entry['version']}, kernels "
        f"{entry.get('architecture', 'unknown')}, {entry['num_threads']} threads"
        for entry in threadpool_info()
        if entry["user_api"] == "blas"
    )


def describe() -> str:
    """One line on the machine."""
    import numpy as np

    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{PROCESSOR}, {_core.core_count()} cores; kernels {_core.active_isa()}; "
        f"Python {platform.python_version()}, numpy {np.__version__}, {blas()}; load {load}"
    )


def seconds(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median and interquartile range of the time of one call, after one call unmeasured."""
    work()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    quarters = statistics.quantiles(times, n=4) if len(times) > 1 else [times[0]] * 3
    return statistics.median(times), quarters[2] - quarters[0]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns."""
    every = [list(head), *map(list, rows)]
    widths = [max(len(row[i]) for row in every) for i in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in every
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
