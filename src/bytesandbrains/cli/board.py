"""The table of a grid of runs: filled in while they run, final accuracies at the end."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bytesandbrains.cli.output import accuracy_text
from bytesandbrains.swarm.result import Result
from bytesandbrains.swarm.runner import CellEvent

__all__ = ["Board"]

_BAR_CELLS, _WIDE_BAR_CELLS = 6, 32


class Board:
    """State of a grid: rules as rows, attacks as columns, cells numbered row by row.

    Args:
        rules: Names of the rows.
        attacks: Names of the columns.
        rounds: Rounds of every cell.
    """

    def __init__(self, rules: Sequence[str], attacks: Sequence[str], rounds: int) -> None:
        self.rules, self.attacks, self.rounds = tuple(rules), tuple(attacks), rounds
        self._events: dict[int, CellEvent] = {}
        self._lock = threading.Lock()
        self._started = time.perf_counter()

    def see(self, event: CellEvent) -> None:
        """Takes in progress of one cell; called from the workers."""
        with self._lock:
            self._events[event.index] = event

    def render(self) -> RenderableType:
        """The table and the bar as they stand."""
        with self._lock:
            events = dict(self._events)
        table = self._empty()
        for row, rule in enumerate(self.rules):
            first = row * len(self.attacks)
            cells = [_progress(events.get(first + k)) for k in range(len(self.attacks))]
            table.add_row(rule, *cells)
        return Group(table, self._bar(events))

    def final(self, results: Sequence[Result | None]) -> Table:
        """The table of final accuracies; a cross marks a run that diverged."""
        table = self._empty()
        table.caption = "final test accuracy; ✗ diverged"
        for row, rule in enumerate(self.rules):
            first = row * len(self.attacks)
            table.add_row(rule, *[_final(r) for r in results[first : first + len(self.attacks)]])
        return table

    def _empty(self) -> Table:
        table = Table(header_style="bold", show_edge=False, pad_edge=False, caption_justify="left")
        table.add_column("rule", style="bold", no_wrap=True)
        for attack in self.attacks:
            title = "no attack" if attack == "none" else attack
            table.add_column(title, justify="right", min_width=14, no_wrap=True)
        return table

    def _bar(self, events: dict[int, CellEvent]) -> Text:
        cells = len(self.rules) * len(self.attacks)
        done = sum(event.done for event in events.values())
        share = sum(1.0 if e.done else e.round / e.rounds for e in events.values()) / cells
        elapsed = time.perf_counter() - self._started
        bar = (_blocks(share, _WIDE_BAR_CELLS), "cyan")
        return Text.assemble("\n", bar, f"  {done} of {cells} runs, {elapsed:.1f} s")


def _blocks(share: float, width: int) -> str:
    full = min(width, round(share * width))
    return "━" * full + "╌" * (width - full)


def _progress(event: CellEvent | None) -> Text:
    if event is None:
        return Text("·", style="dim")
    if event.error is not None:
        return Text("failed", style="bold red")
    if event.done:
        return accuracy_text(event.accuracy)
    shown = f"{100 * event.accuracy:4.0f} %" if math.isfinite(event.accuracy) else ""
    bar = _blocks(event.round / event.rounds, _BAR_CELLS)
    return Text.assemble((bar, "cyan"), (f" {shown}", "dim"))


def _final(run: Result | None) -> Text:
    if run is None:
        return Text("failed", style="bold red")
    return accuracy_text(run.final(), " ✗" if run.diverged is not None else "")
