"""``bb demo``: a swarm learns digits under attack, five rules, a live table, a report."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from bytesandbrains.cli.board import Board
from bytesandbrains.cli.output import FAILED, AsJson, print_json, stdout
from bytesandbrains.report import check_writable, grid_report
from bytesandbrains.swarm import runner
from bytesandbrains.swarm.runner import CellResult

__all__ = ["ATTACKS", "RULES", "demo"]

RULES = ("mean", "trimmed_mean", "krum", "multi_krum", "bulyan")
ATTACKS = ("none", "label_flip", "ipm:epsilon=10", "alie:z=1.5")
_TITLE = "A swarm learns under attack"
_REFRESHES_PER_SECOND = 8


def demo(
    out: Annotated[
        Path, typer.Option(help="The report to write, or a folder for report.html.")
    ] = Path("report.html"),
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of training per run.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Runs at the same time.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Train 15 peers, 3 of them Byzantine, on digits: five rules under four attack settings.

    Fills in a table while it runs, ends with the final accuracies, and writes a report that opens
    without network.
    """
    target = check_writable(out / "report.html" if out.is_dir() else out)
    started = time.perf_counter()
    cells = [
        {"aggregator": rule, "attack": attack, "rounds": rounds, "seed": seed}
        for rule in RULES
        for attack in ATTACKS
    ]
    console = Console(quiet=True) if as_json else stdout()
    if not as_json:
        console.print(f"[bold]{_TITLE}[/]: 15 peers, 12 honest and 3 Byzantine, handwritten digits")
    board = Board(RULES, ATTACKS, rounds)
    with Live(
        get_renderable=board.render,
        console=console,
        transient=True,
        refresh_per_second=_REFRESHES_PER_SECOND,
    ):
        results = runner.grid(cells, workers=workers, on_event=board.see)
    trained = time.perf_counter() - started
    console.print(board.final([cell.result for cell in results]))
    grid_report(results, target, _TITLE)
    failed = [cell for cell in results if cell.error is not None]
    if as_json:
        print_json(_summary(results, target, seed, rounds, time.perf_counter() - started))
    else:
        for cell in failed:
            console.print(f"{cell.config['aggregator']}, {cell.config['attack']}: {cell.error}")
        console.print(f"{len(results)} runs of {rounds} rounds in {trained:.1f} s, seed {seed}")
        console.print("report: ", end="")
        console.print(str(target.resolve()), style="bold", soft_wrap=True, markup=False)
    if failed:
        raise typer.Exit(FAILED)


def _summary(
    results: Sequence[CellResult], target: Path, seed: int, rounds: int, seconds: float
) -> dict[str, object]:
    return {
        "report": target.resolve(),
        "seconds": seconds,
        "seed": seed,
        "rounds": rounds,
        "cells": [_cell(cell) for cell in results],
    }


def _cell(cell: CellResult) -> dict[str, object]:
    run = cell.result
    return {
        "aggregator": cell.config["aggregator"],
        "attack": cell.config["attack"],
        "accuracy": run.final() if run else None,
        "diverged": run.diverged if run else None,
        "byzantine_accepted": run.acceptance_rate() if run else None,
        "digest": run.digest if run else None,
        "trajectory": run.trajectory if run else None,
        "seconds": cell.seconds,
        "error": cell.error,
    }
