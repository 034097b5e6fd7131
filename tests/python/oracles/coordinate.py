"""Oracles of the rules that look at one coordinate at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


def by_column(rows: Matrix, rule: Callable[[Vector], float]) -> Vector:
    """Applies a rule of one column to every column."""
    return np.array([rule(rows[:, j]) for j in range(rows.shape[1])])


def middle(column: Vector) -> float:
    """The middle value, or half the sum of the two middle ones."""
    ordered = sorted(float(v) for v in column)
    n = len(ordered)
    if n % 2:
        return ordered[n // 2]
    return ordered[n // 2 - 1] / 2 + ordered[n // 2] / 2


def inner_mean(column: Vector, trim: int) -> float:
    """The mean without the ``trim`` smallest and largest values."""
    return float(np.mean(sorted(float(v) for v in column)[trim : len(column) - trim]))


def nearest_mean(column: Vector, centre: float, keep: int) -> float:
    """The mean of the ``keep`` values nearest the centre; equal gaps go to the lowest index."""
    order = sorted(range(len(column)), key=lambda i: (abs(column[i] - centre), i))
    return float(np.mean([column[i] for i in order[:keep]]))


def mean(rows: Matrix, weights: Vector | None = None) -> Vector:
    """The weighted mean."""
    w = np.ones(len(rows)) if weights is None else np.asarray(weights, dtype=np.float64)
    total = np.zeros(rows.shape[1])
    for row, weight in zip(rows, w, strict=True):
        total = total + row * (weight / w.sum())
    return total


def median(rows: Matrix) -> Vector:
    """Yin et al. 2018: the median of every coordinate."""
    return by_column(rows, middle)


def trimmed_mean(rows: Matrix, trim: int) -> Vector:
    """Yin et al. 2018: the mean of every coordinate without its extremes."""
    return by_column(rows, lambda column: inner_mean(column, trim))


def meamed(rows: Matrix, f: int) -> Vector:
    """Xie et al. 2018: the mean of the n-f values nearest the median."""
    keep = len(rows) - f
    return by_column(rows, lambda column: nearest_mean(column, middle(column), keep))


def phocas(rows: Matrix, f: int) -> Vector:
    """Xie et al. 2018: the mean of the n-f values nearest the f-trimmed mean."""
    keep = len(rows) - f
    return by_column(rows, lambda column: nearest_mean(column, inner_mean(column, f), keep))


def sign_majority(rows: Matrix) -> Vector:
    """Bernstein et al. 2019: the sign of the sum of the signs."""
    return np.sign(np.sign(rows).sum(axis=0))
