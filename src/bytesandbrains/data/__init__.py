"""Data sets and their partition among peers."""

from __future__ import annotations

from bytesandbrains.data.dataset import Dataset, from_arrays
from bytesandbrains.data.loading import load, names
from bytesandbrains.data.partition import iid, partition_names

__all__ = ["Dataset", "from_arrays", "iid", "load", "names", "partition_names"]
