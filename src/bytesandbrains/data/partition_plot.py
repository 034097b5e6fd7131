"""The picture of a partition: how many examples of every class each peer has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_counts"]


def plot_counts(counts: NDArray[np.int64], title: str, ax: Axes | None = None) -> Axes:
    """Draws class counts as one stacked bar per peer.

    Args:
        counts: (peers, classes).
        title: Title of the axes.
        ax: Axes to draw into; a fresh figure when None.
    """
    import matplotlib
    import matplotlib.pyplot as plt

    if ax is None:
        ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")[1]
    peers, classes = counts.shape
    palette = matplotlib.colormaps["viridis"](np.linspace(0, 1, classes))
    below = np.zeros(peers, dtype=np.int64)
    for c in range(classes):
        ax.bar(
            np.arange(peers), counts[:, c], bottom=below, color=palette[c], width=0.85, label=str(c)
        )
        below += counts[:, c]
    ax.set_title(title, loc="left", fontsize=11)
    ax.set_xlabel("peer")
    ax.set_ylabel("examples")
    step = max(1, peers // 20)
    ax.set_xticks(np.arange(0, peers, step))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(title="class", loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8)
    return ax
