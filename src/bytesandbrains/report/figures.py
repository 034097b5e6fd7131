"""Figures of reports as inline SVG: same input, same bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bytesandbrains.report.html import Html, tag
from bytesandbrains.swarm import plots
from bytesandbrains.swarm.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["curves", "decision_maps", "plot_svg"]

_COLOURS = ("#1f2430", "#e69f00", "#0072b2", "#009e73", "#cc79a7", "#d55e00", "#56b4e9")
"""Ink and the palette of Okabe and Ito, which readers with any colour vision tell apart."""
_DASHES: Sequence[Any] = ("-", (0, (5, 2)), (0, (1.5, 1.5)))
_GAP = 0.05
"""Space between two maps, as a share of their pitch."""
_GRID, _SOFT = "#e6e8ec", "#8a8f98"
_STYLE: Any = {
    "svg.hashsalt": "bytesandbrains",
    "svg.fonttype": "none",
    "image.composite_image": False,
    "font.size": 9.0,
    "axes.edgecolor": "#aab0ba",
    "axes.labelcolor": "#5b6270",
    "xtick.color": "#5b6270",
    "ytick.color": "#5b6270",
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def plot_svg(run: Result, kind: str, size: tuple[float, float] = (7.6, 3.3)) -> Html:
    """One plot of one run."""

    def draw(figure: Figure) -> None:
        run.plot(kind, figure.add_subplot())

    return _svg(draw, size, f"{kind} of the run")


def curves(groups: Mapping[str, Mapping[str, Sequence[Result]]]) -> Html:
    """Accuracy over rounds: a panel per attack, a line per rule.

    Args:
        groups: Results by attack and rule; several results of one pair share a colour.
    """
    rules = list(dict.fromkeys(rule for group in groups.values() for rule in group))
    columns = min(2, len(groups))
    lines = -(-len(groups) // columns)

    def draw(figure: Figure) -> None:
        grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
        panels = list(grid.flat)
        for ax, (attack, group) in zip(panels, groups.items(), strict=False):
            _panel(ax, attack, group, rules)
        for ax in panels[len(groups) :]:
            ax.set_visible(False)
        for ax in grid[:, 0]:
            ax.set_ylabel("test accuracy (%)")
        for ax in grid[-1]:
            ax.set_xlabel("round")
        _legend(figure, rules)

    return _svg(
        draw, (5.2 * columns, 2.75 * lines + 0.4), "accuracy over rounds, by attack and rule"
    )


def _panel(
    ax: Axes, attack: str, group: Mapping[str, Sequence[Result]], rules: Sequence[str]
) -> None:
    ax.set_title(_attack_title(attack), loc="left", fontsize=10.5, fontweight="bold")
    ax.grid(axis="y", color=_GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    runs = [run for results in group.values() for run in results]
    ax.axhline(100 * plots.chance(runs[0]), color=_SOFT, linewidth=0.9, linestyle=(0, (2, 2)))
    for rule, results in group.items():
        style = _line_style(rules.index(rule))
        for run in results:
            ax.plot(run.rounds, 100 * run.accuracy, linewidth=1.5, **style)
            if run.diverged is not None and len(run.accuracy):
                _mark_divergence(ax, rule, run, run.diverged, style["color"])
    ax.set_ylim(0, 102)
    ax.set_xlim(0, max(int(run.config.get("rounds", 1)) for run in runs))


def _mark_divergence(ax: Axes, rule: str, run: Result, diverged: int, colour: str) -> None:
    at = int(abs(run.rounds - diverged).argmin())
    place = (float(run.rounds[at]), 100 * float(run.accuracy[at]))
    ax.plot(*place, "x", color=colour, markersize=8, markeredgewidth=2)
    ax.annotate(
        f"{rule} diverged", place, xytext=(6, 7), textcoords="offset points", fontsize=8.5,
        color="#b54a00",
    )  # fmt: skip


def _line_style(index: int) -> dict[str, Any]:
    dash = _DASHES[index // len(_COLOURS) % len(_DASHES)]
    return {"color": _COLOURS[index % len(_COLOURS)], "linestyle": dash}


def _legend(figure: Figure, rules: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linewidth=2.2, label=rule, **_line_style(place))
        for place, rule in enumerate(rules)
    ]
    handles.append(
        Line2D([], [], color=_SOFT, linestyle=(0, (2, 2)), linewidth=0.9, label="chance")
    )
    figure.legend(handles=handles, loc="outside upper left", ncols=7, frameon=False, fontsize=9.5)


def decision_maps(groups: Mapping[str, Mapping[str, Sequence[Result]]]) -> Html:
    """What became of every row: a map of peers × rounds per rule (row) and attack (column)."""
    from matplotlib.colors import ListedColormap

    rules = list(dict.fromkeys(rule for group in groups.values() for rule in group))
    colours = ListedColormap(plots.VERDICT_COLOURS)

    def draw(figure: Figure) -> None:
        ax = figure.add_subplot()
        present: set[int] = set()
        for column, group in enumerate(groups.values()):
            for row, rule in enumerate(rules):
                if rule in group and group[rule][0].decisions:
                    present |= _map(ax, group[rule][0], colours, column, row)
        ax.set_xlim(0, len(groups) - _GAP)
        ax.set_ylim(len(rules) - _GAP, 0)
        _map_labels(ax, [_attack_title(attack) for attack in groups], rules)
        _map_legend(figure, present)

    size = (2.3 * len(groups) + 1.2, 0.95 * len(rules) + 0.55)
    return _svg(draw, size, "verdicts per peer and round, by rule and attack")


def _map(ax: Axes, run: Result, colours: Any, column: int, row: int) -> set[int]:
    """Draws one map into its place; Any: a matplotlib colormap."""
    codes = plots.verdict_map(run)
    right, bottom = column + 1 - _GAP, row + 1 - _GAP
    ax.imshow(
        codes, cmap=colours, vmin=0, vmax=len(plots.VERDICT_COLOURS) - 1, aspect="auto",
        interpolation="nearest", extent=(column, right, bottom, row),
    )  # fmt: skip
    if run.byzantine:
        honest = row + (bottom - row) * (1 - len(run.byzantine) / len(codes))
        ax.plot((column, right), (honest, honest), color="#1f2430", linewidth=1)
    return set(codes.ravel().tolist())


def _map_labels(ax: Axes, columns: Sequence[str], rows: Sequence[str]) -> None:
    ax.xaxis.tick_top()
    ax.set_xticks(list(range(len(columns))), columns, ha="left", fontsize=9.5)
    ax.set_yticks([k + (1 - _GAP) / 2 for k in range(len(rows))], rows, fontsize=9.5)
    ax.tick_params(length=0, colors="#1f2430")
    ax.spines[:].set_visible(False)


def _map_legend(figure: Figure, present: set[int]) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(color=plots.VERDICT_COLOURS[code], label=plots.VERDICT_NAMES[code])
        for code in sorted(present)
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=4, frameon=False, fontsize=9.5)


def _attack_title(attack: str) -> str:
    return "no attack" if attack == "none" else attack


def _svg(draw: Any, size: tuple[float, float], label: str) -> Html:  # Any: fn(Figure)
    """Draws on a fresh figure and returns it as a ``figure`` element."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        buffer = io.StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(buffer, format="svg", metadata=nothing)
    text = buffer.getvalue()
    text = re.sub(r'<g id="[^"]*">', "<g>", text[text.index("<svg") :])
    return tag("figure", Html(text), role="img", aria_label=label)
