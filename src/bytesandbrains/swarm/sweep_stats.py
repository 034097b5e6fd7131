"""Statistics of a sweep: means over seeds with Student's t-interval, worst cases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

__all__ = ["means", "student_quantile", "worst_cases"]

_HALVINGS = 200
"""Enough to end between two neighbouring floating-point numbers."""

Row = dict[str, Any]  # a row of a Sweep, or of a table made from it


def student_quantile(confidence: float, freedom: int) -> float:
    """The t with P(|T| <= t) = ``confidence`` for Student's T.

    Args:
        confidence: Between 0 and 1.
        freedom: Degrees of freedom, from 1 on.

    Example:
        >>> round(student_quantile(0.95, 2), 3)
        4.303
    """
    low, high = 0.0, 1.0
    while _within(high, freedom) < confidence:
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if _within(middle, freedom) < confidence else (low, middle)
    return high


def _within(t: float, freedom: int) -> float:
    """P(|T| <= t): the finite series of Abramowitz and Stegun, 26.7.3 and 26.7.4."""
    angle = math.atan2(t, math.sqrt(freedom))
    sine, square = math.sin(angle), math.cos(angle) ** 2
    term, total = 1.0, 0.0
    for k in range(freedom // 2):
        total += term
        term *= square * (
            (2 * k + 1) / (2 * k + 2) if freedom % 2 == 0 else (2 * k + 2) / (2 * k + 3)
        )
    if freedom % 2 == 0:
        return sine * total
    return 2 / math.pi * (angle + sine * math.cos(angle) * total)


def means(rows: Sequence[Row], by: Sequence[str], confidence: float) -> list[Row]:
    """One row per combination of ``by``: mean accuracy with its interval, and the counts.

    Args:
        rows: Rows of a sweep.
        by: Names of axes.
        confidence: Of the t-interval; it is NaN with fewer than two runs.
    """
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(repr([row[name] for name in by]), []).append(row)
    return [_mean(group, by, confidence) for group in groups.values()]


def _mean(group: Sequence[Row], by: Sequence[str], confidence: float) -> Row:
    values = [row["accuracy"] for row in group if row["error"] is None]
    count, mean, half = len(values), math.nan, math.nan
    if count:
        mean = math.fsum(values) / count
    if count > 1:
        spread = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (count - 1))
        half = student_quantile(confidence, count - 1) * spread / math.sqrt(count)
    return {
        **{name: group[0][name] for name in by},
        "accuracy": mean,
        "low": mean - half,
        "high": mean + half,
        "runs": count,
        "failed": len(group) - count,
        "diverged": sum(row["diverged"] is not None for row in group),
        "warned": sum(row["warning"] is not None for row in group),
    }


def worst_cases(cells: Sequence[Row], by: Sequence[str], over: str) -> list[Row]:
    """The lowest mean over one axis, for every combination of the others.

    Args:
        cells: What ``means`` made.
        by: The other axes.
        over: The axis.

    Returns:
        Rows with ``accuracy`` and the value of ``over`` where it is lowest; NaN and the first
        failed value where a run failed, because a case that did not run may be the worst.
    """
    groups: dict[str, list[Row]] = {}
    for cell in cells:
        groups.setdefault(repr([cell[name] for name in by]), []).append(cell)
    found = []
    for group in groups.values():
        broken = [c for c in group if c["failed"] or math.isnan(c["accuracy"])]
        lowest = broken[0] if broken else min(group, key=lambda cell: float(cell["accuracy"]))
        value = math.nan if broken else lowest["accuracy"]
        found.append(
            {
                **{name: lowest[name] for name in by},
                "accuracy": value,
                over: lowest[over],
                "failed": sum(c["failed"] for c in group),
                "diverged": sum(c["diverged"] for c in group),
                "warned": sum(c["warned"] for c in group),
            }
        )
    return found
