"""The report of a grid of runs: rules against attacks."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bytesandbrains.report import figures
from bytesandbrains.report.files import write_page
from bytesandbrains.report.heat import heat_table
from bytesandbrains.report.html import Html, join, table, tag
from bytesandbrains.report.page import bytes_text, page, percent, section, technical
from bytesandbrains.report.tally import Tally, tally
from bytesandbrains.swarm.result import Result
from bytesandbrains.swarm.runner import CellResult

__all__ = ["grid_report"]

_MAPS_CAP = 64
"""More maps than this are too small to read."""
_VARYING = ("aggregator", "attack")


def grid_report(
    cells: Sequence[CellResult], path: str | os.PathLike[str], title: str = "A grid of runs"
) -> Path:
    """Writes the report of a grid: one file that opens without network.

    Args:
        cells: The cells, failed ones included.
        path: File to write; its folder is made.
        title: Title of the page.

    Returns:
        The path.

    Raises:
        ConfigError: ``unwritable`` with the path.
    """
    view = _Grid.of(cells)
    return write_page(path, page(title, _lead(view), _facts(view), *_sections(view)))


@dataclass(frozen=True)
class _Grid:
    """Cells sorted by what they vary."""

    cells: Sequence[CellResult]
    done: Sequence[tuple[CellResult, Result]]
    groups: Mapping[str, Mapping[str, Sequence[Result]]]  # attack -> rule -> results

    @classmethod
    def of(cls, cells: Sequence[CellResult]) -> _Grid:
        done = [(cell, cell.result) for cell in cells if cell.result is not None]
        groups: dict[str, dict[str, list[Result]]] = {}
        for _, run in done:
            group = groups.setdefault(_attack(run), {})
            group.setdefault(_rule(run), []).append(run)
        return cls(cells, done, groups)

    @property
    def rules(self) -> list[str]:
        return list(dict.fromkeys(_rule(run) for _, run in self.done))

    def shared(self) -> dict[str, object]:
        """Settings that all runs have in common."""
        configs = [run.config for _, run in self.done]
        return {
            key: value
            for key, value in (configs[0] if configs else {}).items()
            if all(config.get(key) == value for config in configs)
        }


def _rule(run: Result) -> str:
    return str(run.config.get("aggregator"))


def _attack(run: Result) -> str:
    return str(run.config.get("attack") or "none")


def _lead(view: _Grid) -> str:
    shared = view.shared()
    peers, bad = shared.get("peers"), shared.get("byzantine")
    swarm = "Swarms" if peers is None else f"{peers} peers"
    if isinstance(peers, int) and isinstance(bad, int):
        swarm += f", {peers - bad} honest and {bad} Byzantine,"
    data, model = shared.get("data", "several data sets"), shared.get("model", "several models")
    return (
        f"{swarm} learn {data} with {model}: {len(view.rules)} rules, "
        f"{len(view.groups)} attack settings."
    )


def _facts(view: _Grid) -> dict[str, str]:
    shared = view.shared()
    seeds = sorted({str(run.config.get("seed")) for _, run in view.done})
    facts = {"runs": str(len(view.cells)), "rounds": str(shared.get("rounds", "various"))}
    worst = _worst_cases(view)
    if worst and len(view.groups) > 1:
        best = max(worst, key=lambda rule: worst[rule])
        facts["best worst case"] = f"{best}, {percent(worst[best])}"
    facts["sent"] = bytes_text(sum(sum(run.bytes.values()) for _, run in view.done))
    facts["computing time"] = f"{sum(cell.seconds for cell in view.cells):.1f} s"
    facts["seed" if len(seeds) == 1 else "seeds"] = ", ".join(seeds) or "–"
    return facts


def _worst_cases(view: _Grid) -> dict[str, float]:
    """Lowest mean final accuracy over the attacks, for rules that ran against all of them."""
    complete = [r for r in view.rules if all(r in group for group in view.groups.values())]
    return {
        rule: min(
            float(np.mean([run.final() for run in group[rule]])) for group in view.groups.values()
        )
        for rule in complete
    }


def _sections(view: _Grid) -> list[Html]:
    parts = [_failures(view)]
    if not view.done:
        return [*parts, technical({})]
    parts += [
        section("Final accuracy", "Mean test accuracy of the last evaluated rounds. The last "
                "column is the lowest of its line; the best of them is framed.",
                heat_table(view.groups, view.rules, _worst_cases(view))),
        section("Learning curves", "Test accuracy over rounds; a cross marks a run that diverged.",
                figures.curves(view.groups)),
    ]  # fmt: skip
    if len(view.rules) * len(view.groups) <= _MAPS_CAP:
        parts.append(section("What became of every row", "In each map a line is a peer and a "
                             "column is a round; Byzantine peers are below the black line.",
                             figures.decision_maps(view.groups)))  # fmt: skip
    parts += [
        section("Who was rejected, and why", _rejection_note(view), _rejections(view)),
        section("Runs", "Equal digests mean equal program, configuration, data and seed; equal "
                "trajectories mean that the same happened.", _runs(view)),
        technical({k: v for k, v in view.shared().items() if k not in _VARYING},
                  "Configuration of all runs"),
    ]  # fmt: skip
    return parts


def _failures(view: _Grid) -> Html:
    return join(
        tag(
            "p",
            f"Run {cell.index + 1} ({cell.config.get('aggregator')} against "
            f"{cell.config.get('attack')}) failed: {cell.error}",
            class_="warn",
        )
        for cell in view.cells
        if cell.result is None
    )


def _rejection_note(view: _Grid) -> str:
    note = "Share of rows that a rule used, wholly or in part, and its reasons for the others."
    if "none" in view.groups:
        note += (
            " Without an attack the peers counted as Byzantine behave honestly; the rules still "
            "assume them."
        )
    return note


def _rejections(view: _Grid) -> Html:
    rows = []
    for attack, group in view.groups.items():
        for rule, results in group.items():
            for run in results:
                bad, good = tally(run)
                rows.append(
                    [attack, rule, _bar(bad, True), _why(bad), _bar(good, False), _why(good)]
                )
    header = ("attack", "rule", "Byzantine rows used", "why not", "honest rows used", "why not")
    return table(header, rows, "grouped")


def _bar(counted: Tally, bad: bool) -> Html:
    if not counted.rows:
        return tag("td", "–")
    fill = tag("i", style=f"width:{100 * counted.rate:.0f}%")
    return tag(
        "td", tag("span", fill, class_="bar bad" if bad else "bar"), percent(counted.rate, 0)
    )


def _why(counted: Tally) -> str:
    return ", ".join(f"{reason} {count:,}×" for reason, count in counted.reasons.items()) or "–"


def _runs(view: _Grid) -> Html:
    rows = [
        [
            _rule(run),
            _attack(run),
            percent(run.final()),
            tag("td", f"round {run.diverged}" if run.diverged is not None else "–",
                class_="diverged" if run.diverged is not None else None),
            bytes_text(sum(run.bytes.values())),
            f"{run.time.virtual_s:,.1f} s",
            f"{cell.seconds:.2f} s",
            run.config.get("seed"),
            tag("span", run.digest[:16], class_="mono", title=run.digest),
            tag("span", run.trajectory[:16], class_="mono", title=run.trajectory),
        ]
        for cell, run in view.done
    ]  # fmt: skip
    header = ("rule", "attack", "accuracy", "diverged", "bytes", "virtual time", "wall time",
              "seed", "digest", "trajectory")  # fmt: skip
    full = [
        [_rule(run), _attack(run), tag("span", run.digest, class_="mono"),
         tag("span", run.trajectory, class_="mono")]
        for _, run in view.done
    ]  # fmt: skip
    whole = table(("rule", "attack", "digest", "trajectory"), full, "grouped")
    return join(
        [table(header, rows, "grouped"), tag("details", tag("summary", "Whole digests"), whole)]
    )
