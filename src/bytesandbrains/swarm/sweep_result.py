"""Sweep: the rows of a grid of experiments, one per cell and seed."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bytesandbrains.swarm.axes import Grid
from bytesandbrains.swarm.result import write_text

__all__ = ["FACTS", "Sweep", "table"]

FACTS = ("accuracy", "diverged", "byzantine_accepted", "honest_rejected", "digest", "trajectory",
         "seconds", "error")  # fmt: skip
"""What a row holds beyond its axes and its seed."""


class Sweep:
    """What came of a sweep.

    Attributes:
        rows: One dict per cell and seed: every axis by its name, ``seed``, and what came of it.
            A cell that failed has its reason in ``error`` and NaN for ``accuracy``.
        axes: The values of every axis, as plain data.
        fixed: The other arguments that were given.
        seeds: The seeds.
        reused: How many rows were read from the folder.
        corrupt: Names of damaged cell files, which were computed anew.
    """

    def __init__(
        self,
        grid: Grid,
        rows: Sequence[dict[str, Any]],
        reused: int = 0,
        corrupt: Sequence[str] = (),
    ) -> None:
        self.rows = list(rows)
        self.axes, self.fixed, self.seeds = grid.axes, grid.fixed, grid.seeds
        self.reused = reused
        self.corrupt = list(corrupt)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __repr__(self) -> str:
        axes = " × ".join(f"{len(values)} {name}" for name, values in self.axes.items())
        failed = sum(row["error"] is not None for row in self.rows)
        notes = [f"{len(self)} runs"]
        notes += [f"{failed} failed"] if failed else []
        notes += [f"{self.reused} from the folder"] if self.reused else []
        notes += [f"{len(self.corrupt)} damaged files computed anew"] if self.corrupt else []
        shown = " × ".join(part for part in (axes, f"{len(self.seeds)} seeds") if part)
        return f"Sweep({shown}: {', '.join(notes)})"

    @property
    def columns(self) -> list[str]:
        """Names of the columns of ``frame()``."""
        return [*self.axes, "seed", *FACTS]

    def frame(self) -> Any:  # pandas.DataFrame, or a numpy structured array without pandas
        """One row per cell and seed; the columns are every axis, ``seed``, and the facts."""
        return table(self.rows, self.columns)

    def csv(self, path: str | os.PathLike[str]) -> Path:
        """Writes the rows of ``frame()`` as CSV and returns the path."""
        target = Path(path)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows([row[name] for name in self.columns] for row in self.rows)
        write_text(target, text.getvalue())
        return target


def table(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> Any:  # Any: as Sweep.frame
    """Rows as a pandas frame, or as a numpy structured array where pandas is missing."""
    try:
        import pandas as pd
    except ImportError:
        held = [tuple(row[name] for name in columns) for row in rows]
        kinds = [(name, _kind([row[name] for row in rows])) for name in columns]
        return np.array(held, dtype=kinds)
    return pd.DataFrame([[row[name] for name in columns] for row in rows], columns=list(columns))


def _kind(values: Sequence[object]) -> Any:  # Any: numpy's dtypes
    if all(isinstance(v, int) and not isinstance(v, bool) for v in values):
        return np.int64
    if all(isinstance(v, float) for v in values):
        return np.float64
    return object
