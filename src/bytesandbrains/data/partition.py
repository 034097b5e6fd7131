"""Partitions: how the training examples are shared out among peers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Iid", "iid", "partition_names"]


class Iid:
    """Equal parts of a shuffled training set; the shuffle is the caller's."""

    def __repr__(self) -> str:
        return "iid"

    def split(self, indices: NDArray[np.int64], peers: int) -> list[NDArray[np.int64]]:
        """Cuts shuffled ``indices`` into ``peers`` parts whose sizes differ by at most one."""
        return np.array_split(indices, peers)


def iid() -> Iid:
    """Every peer draws from the same distribution."""
    return Iid()


def partition_names() -> list[str]:
    """Names of the partitions."""
    return ["iid"]
