"""The heat map of a sweep: mean final accuracy over two axes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from bytesandbrains.swarm.sweep_stats import means

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bytesandbrains.swarm.sweep_result import Sweep

__all__ = ["cell_text", "heatmap"]

_COLOURS = ("#D96B27", "#F8E7D3", "#CFE3F0", "#1F73B0")
_PLACES = (0.0, 0.5, 0.8, 1.0)
"""Orange over pale to blue, as in reports: told apart with any colour vision, also in grey."""
_DARK = (0.05, 0.9)
"""Text is white outside of these accuracies."""
_EMPTY = "#eceef1"


def cell_text(cell: dict[str, Any]) -> str:
    """What stands in a cell: the accuracy in percent, and what a reader must know of it.

    Args:
        cell: A row of means.
    """
    if not cell["runs"]:
        return "failed"
    lines = ["–" if math.isnan(cell["accuracy"]) else f"{100 * cell['accuracy']:.1f}"]
    if cell["diverged"]:
        lines.append("✗ diverged")
    if cell["failed"]:
        lines.append(f"{cell['failed']} failed")
    if cell["warned"]:
        lines.append("! precondition")
    return "\n".join(lines)


def heatmap(sweep: Sweep, rows: str, cols: str, ax: Axes | None = None) -> Axes:
    """Draws the mean over everything but the two axes.

    Args:
        sweep: The sweep.
        rows: Axis from top to bottom.
        cols: Axis from left to right.
        ax: Axes to draw into; a fresh figure when None.
    """
    from matplotlib.colors import LinearSegmentedColormap

    cells = means(sweep.rows, [rows, cols], 0.95)
    down, across = sweep.axes[rows], sweep.axes[cols]
    if ax is None:
        import matplotlib.pyplot as plt

        size = (2.2 + 1.1 * len(across), 1.2 + 0.55 * len(down))
        ax = plt.subplots(figsize=size, layout="constrained")[1]
    held = np.full((len(down), len(across)), np.nan)
    for cell in cells:
        i, j = down.index(cell[rows]), across.index(cell[cols])
        held[i, j] = cell["accuracy"]
        dark = not _DARK[0] <= cell["accuracy"] <= _DARK[1] and not math.isnan(cell["accuracy"])
        ax.text(j, i, cell_text(cell), ha="center", va="center", fontsize="small",
                color="white" if dark else "#1f2430")  # fmt: skip
    colours = LinearSegmentedColormap.from_list(
        "accuracy", list(zip(_PLACES, _COLOURS, strict=True))
    ).with_extremes(bad=_EMPTY)
    ax.imshow(held, vmin=0, vmax=1, cmap=colours, aspect="auto")
    ax.set_xticks(range(len(across)), [_title(cols, v) for v in across], rotation=30, ha="right")
    ax.set_yticks(range(len(down)), [_title(rows, v) for v in down])
    ax.set_title("final test accuracy, %", loc="left")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return ax


def _title(axis: str, value: object) -> str:
    if axis == "attack" and value in (None, "none"):
        return "no attack"
    return str(value)
