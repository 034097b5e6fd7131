"""The progress bar of a run: shown on a terminal, silent elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(show: bool | None, total: int) -> Iterator[Callable[[Any], None] | None]:
    """Yields a function to call with every round's record, or None when nothing is shown.

    Args:
        show: True, False, or None: only on a terminal.
        total: Rounds.
    """
    if not (sys.stderr.isatty() if show is None else show):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("round {task.completed}/{task.total}"),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)

        def advance(record: Any) -> None:
            bar.update(task, completed=record.round)
            if record.evaluated:
                bar.update(task, description=f"accuracy {100 * record.accuracy:.1f}%")

        yield advance
