"""Data sets and their partition among peers."""

from __future__ import annotations

from bytesandbrains.data.dataset import Dataset, from_arrays
from bytesandbrains.data.loading import load, names
from bytesandbrains.data.partition import (
    Partition,
    describe_partition,
    dirichlet,
    gamma,
    get_partition,
    iid,
    partition_from_spec,
    partition_names,
    shards,
)

__all__ = [
    "Dataset",
    "Partition",
    "describe_partition",
    "dirichlet",
    "from_arrays",
    "gamma",
    "get_partition",
    "iid",
    "load",
    "names",
    "partition_from_spec",
    "partition_names",
    "shards",
]
