"""Runs many experiments at once: one per thread, results in the order they were asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from bytesandbrains import _core
from bytesandbrains.errors import Error
from bytesandbrains.swarm.result import Result, RoundEvent
from bytesandbrains.swarm.run import run_dict

__all__ = ["CellEvent", "CellResult", "grid"]

_REPORT_EVERY = 10


@dataclass(frozen=True)
class CellEvent:
    """Progress of one cell: after some rounds, and once when it is done."""

    index: int
    round: int
    rounds: int
    accuracy: float
    done: bool
    error: str | None = None


@dataclass(frozen=True)
class CellResult:
    """One cell: its arguments and its result, or what failed."""

    index: int
    config: dict[str, Any]
    result: Result | None
    error: str | None
    seconds: float


def grid(
    cells: Sequence[dict[str, Any]],
    *,
    workers: int | None = None,
    on_event: Callable[[CellEvent], None] | None = None,
) -> list[CellResult]:
    """Runs every cell; a failed cell is a row with its error, the others go on.

    Args:
        cells: Arguments of ``bb.swarm.run``, one dict per cell.
        workers: Threads, one experiment each; the machine's cores when None.
        on_event: Called from the workers, one call at a time.

    Returns:
        One CellResult per cell, in order.
    """
    lock = threading.Lock()

    def tell(event: CellEvent) -> None:
        if on_event is not None:
            with lock:
                on_event(event)

    def work(item: tuple[int, dict[str, Any]]) -> CellResult:
        index, config = item
        started = time.perf_counter()
        rounds = int(config.get("rounds", 300))

        def see(event: RoundEvent) -> None:
            if event.round % _REPORT_EVERY == 0 and event.accuracy == event.accuracy:
                tell(CellEvent(index, event.round, rounds, event.accuracy, False))

        callbacks = [*config.get("callbacks", ()), *([see] if on_event is not None else [])]
        try:
            result = run_dict({**config, "callbacks": callbacks, "progress": False})
        except Error as error:
            tell(CellEvent(index, 0, rounds, float("nan"), True, str(error)))
            return CellResult(index, config, None, str(error), time.perf_counter() - started)
        tell(CellEvent(index, rounds, rounds, result.final(), True))
        return CellResult(index, config, result, None, time.perf_counter() - started)

    pool = ThreadPoolExecutor(max_workers=workers or _core.core_count())
    try:
        return list(pool.map(work, enumerate(cells)))
    finally:  # an interrupt ends the cells that run and starts no other
        pool.shutdown(cancel_futures=True)
