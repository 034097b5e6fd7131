"""Oracles of the rules that look at the covariance of the rows, by dense eigenvectors."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


def top_eigenpair(rows: Matrix, weights: Vector) -> tuple[Vector, float, Vector]:
    """Weighted mean, largest eigenvalue and eigenvector of the weighted d x d covariance."""
    share = weights / weights.sum()
    centre = share @ rows
    gap = rows - centre
    values, vectors = np.linalg.eigh((gap * share[:, None]).T @ gap)
    return centre, float(values[-1]), vectors[:, -1]


def caf(rows: Matrix, f: int) -> Vector:
    """Allouah et al. 2025: shrink the weights of rows along the widest direction.

    The mean of the narrowest weighting met on the way is the result.
    """
    n = len(rows)
    c = np.ones(n)
    best: tuple[float, Vector] | None = None
    while c.sum() > n - 2 * f:
        centre, value, direction = top_eigenpair(rows, c)
        if best is None or value < best[0]:
            best = (value, centre)
        score = ((rows - centre) @ direction) ** 2
        if score.max() == 0:
            break
        c = c * (1 - score / score.max())
    return best[1] if best else top_eigenpair(rows, c)[0]


def smea_set(rows: Matrix, f: int) -> list[int]:
    """The n-f rows whose covariance has the smallest largest eigenvalue."""
    best: tuple[float, tuple[int, ...]] | None = None
    for subset in combinations(range(len(rows)), len(rows) - f):
        chosen = rows[list(subset)]
        value = top_eigenpair(chosen, np.ones(len(chosen)))[1]
        if best is None or value < best[0]:
            best = (value, subset)
    assert best is not None
    return list(best[1])


def smea(rows: Matrix, f: int) -> Vector:
    """Allouah et al. 2023: the mean of the set of smallest maximal eigenvalue, by brute force."""
    return np.mean(rows[smea_set(rows, f)], axis=0)


def dnc_survivors(rows: Matrix, drop: int) -> list[int]:
    """One pass over all coordinates: without the ``drop`` largest outlier scores."""
    gap = rows - rows.mean(axis=0)
    direction = np.linalg.svd(gap, full_matrices=False)[2][0]
    score = (gap @ direction) ** 2
    order = sorted(range(len(rows)), key=lambda i: (score[i], i))
    return sorted(order[: len(rows) - drop])


def dnc(rows: Matrix, drop: int) -> Vector:
    """Shejwalkar, Houmansadr 2021, with every coordinate sampled."""
    return np.mean(rows[dnc_survivors(rows, drop)], axis=0)
