"""The heat map of final accuracy: rules as rows, attacks as columns, a value in every cell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from bytesandbrains.report.html import Html, table, tag
from bytesandbrains.report.page import percent
from bytesandbrains.swarm.result import Result

__all__ = ["colour", "heat_table"]

_SCALE = ((0.0, (0xD9, 0x6B, 0x27)), (0.5, (0xF8, 0xE7, 0xD3)), (0.8, (0xCF, 0xE3, 0xF0)),
          (1.0, (0x1F, 0x73, 0xB0)))  # fmt: skip
"""Orange over pale to blue: told apart with any colour vision, also in grey."""


def heat_table(
    groups: Mapping[str, Mapping[str, Sequence[Result]]],
    rules: Sequence[str],
    worst: Mapping[str, float],
) -> Html:
    """Returns the table.

    Args:
        groups: Results by attack and rule.
        rules: The rows.
        worst: Lowest accuracy over the attacks, by rule; the best of them is framed.
    """
    top = max(worst.values(), default=float("nan"))
    rows = []
    for rule in rules:
        cells: list[object] = [rule, *[_cell(group.get(rule, ())) for group in groups.values()]]
        if rule in worst:
            best = "worst best" if worst[rule] == top else "worst"
            cells.append(tag("td", percent(worst[rule]), class_=best))
        else:
            cells.append(tag("td", "–", class_="worst"))
        rows.append(cells)
    titles = ["no attack" if attack == "none" else attack for attack in groups]
    return table(["", *titles, "worst case"], rows, class_="heat")


def _cell(results: Sequence[Result]) -> Html:
    if not results:
        return tag("td", "–")
    finals = [run.final() for run in results]
    mean = float(np.mean(finals))
    notes = []
    if len(finals) > 1:
        notes.append(f"± {100 * float(np.std(finals, ddof=1)):.1f}, {len(finals)} runs")
    diverged = [run.diverged for run in results if run.diverged is not None]
    if diverged:
        notes.append(f"diverged, round {min(diverged)}")
    if any(run.warnings for run in results):
        notes.append("precondition violated")
    paint, ink = colour(mean)
    return tag(
        "td",
        percent(mean),
        *[tag("small", f"{note}") for note in notes],
        style=f"background:{paint};color:{ink}",
    )


def colour(value: float) -> tuple[str, str]:
    """Background and readable ink for an accuracy."""
    if math.isnan(value):
        return "#eceef1", "#1f2430"
    places = [place for place, _ in _SCALE]
    mixed = [np.interp(value, places, [rgb[k] for _, rgb in _SCALE]) for k in range(3)]
    red, green, blue = (round(float(part)) for part in mixed)
    light = 0.299 * red + 0.587 * green + 0.114 * blue
    return f"#{red:02x}{green:02x}{blue:02x}", "#ffffff" if light < 140 else "#1f2430"
