"""``bb.swarm.sweep``: a grid of experiments, resumable, one row per cell and seed."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bytesandbrains import _core
from bytesandbrains.errors import ConfigError
from bytesandbrains.swarm.axes import Cell, Grid
from bytesandbrains.swarm.runner import CellResult, run_cell
from bytesandbrains.swarm.store import Store
from bytesandbrains.swarm.sweep_result import Sweep

__all__ = ["sweep"]

Row = dict[str, Any]  # JSON data


def sweep(
    *,
    seeds: int | Sequence[int] | None = None,
    out: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    progress: bool | None = None,
    **axes: Any,
) -> Sweep:
    """Runs every combination of the arguments given as lists.

    Args:
        seeds: How many seeds, counted from ``seed``, or which; one when None.
        out: Folder for the rows. A sweep that was cut off goes on where it stopped when it is
            called again with the same arguments and folder.
        workers: Experiments at the same time, one thread each; the machine's cores when None.
        progress: Show a bar with the time left; None shows one on a terminal.
        **axes: Arguments of ``bb.swarm.run``; every list is an axis, anything else holds for all
            cells. Write the ids of ``byzantine`` as a tuple.

    Returns:
        The rows. A combination that is not legal (e.g. too many Byzantine peers for a rule) and
        a run that fails are rows with their reason in ``error``.

    Raises:
        ConfigError: A misspelt name, a value that is never legal, an empty axis, or a folder of
            something else; before anything runs.
        DataError: A data set that cannot be read; before anything runs.

    Example:
        >>> swept = sweep(aggregator=["mean", "krum"], rounds=2, seeds=2, eval_last=1)
        >>> swept
        Sweep(2 aggregator × 2 seeds: 4 runs)
    """
    _check_workers(workers)
    grid = Grid.of(axes, seeds)
    store = None if out is None else Store(Path(out), grid)
    held = {cell.key: store.read(cell.key) for cell in grid.cells} if store else {}
    rows = {key: row for key, row in held.items() if row is not None}
    missing = {cell.key: cell for cell in grid.cells if cell.key not in rows}
    reused = sum(cell.key in rows for cell in grid.cells)
    with _bar(progress, len(grid.cells), reused) as advance:
        _run(list(missing.values()), workers, store, rows, advance)
    shown = [_shown(cell, rows[cell.key]) for cell in grid.cells]
    return Sweep(grid, shown, reused, store.corrupt if store else ())


def _check_workers(workers: object) -> None:
    whole = isinstance(workers, int) and not isinstance(workers, bool) and workers >= 1
    if workers is not None and not whole:
        raise ConfigError(
            "workers= is not legal",
            code="bad_setting",
            where="workers",
            value=workers,
            hint="give how many experiments run at the same time, from 1 on",
        )


def _run(
    cells: Sequence[Cell],
    workers: int | None,
    store: Store | None,
    rows: dict[str, Row],
    advance: Callable[[], None],
) -> None:
    """Adds the row of every cell to ``rows``, and to the store as soon as it is known."""

    def work(item: tuple[int, Cell]) -> None:
        index, cell = item
        row = _row(run_cell(index, cell.arguments))
        if store is not None:
            store.write(cell.key, row)
        rows[cell.key] = row
        advance()

    pool = ThreadPoolExecutor(max_workers=workers or _core.core_count())
    try:
        for _ in pool.map(work, enumerate(cells)):
            pass
    finally:  # an interrupt ends the cells that run and starts no other
        pool.shutdown(cancel_futures=True)


def _row(cell: CellResult) -> Row:
    """What is kept of a cell: JSON data, numbers that are not finite as None."""
    run = cell.result
    return {
        "accuracy": _finite(run.final()) if run else None,
        "diverged": run.diverged if run else None,
        "byzantine_accepted": _finite(run.acceptance_rate()) if run else None,
        "honest_rejected": _finite(run.acceptance.honest_rejection_rate) if run else None,
        "digest": run.digest if run else None,
        "trajectory": run.trajectory if run else None,
        "seconds": cell.seconds,
        "warning": "; ".join(run.warnings) or None if run else None,
        "error": cell.error,
    }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _shown(cell: Cell, row: Row) -> Row:
    shown = {**cell.labels, **row}
    for name in ("accuracy", "byzantine_accepted", "honest_rejected"):
        shown[name] = float("nan") if shown[name] is None else shown[name]
    return shown


@contextmanager
def _bar(show: bool | None, total: int, done: int) -> Iterator[Callable[[], None]]:
    """Yields a function to call after every cell."""
    if not (sys.stderr.isatty() if show is None else show):
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (MofNCompleteColumn(), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total, completed=done)
        yield lambda: bar.advance(task)
