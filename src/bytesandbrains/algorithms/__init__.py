"""Bundled algorithms: ordinary Modules, written with public names only."""

from __future__ import annotations

from bytesandbrains.algorithms.family import ALGORITHMS
from bytesandbrains.algorithms.sgd import sgd

__all__ = ["describe", "from_spec", "get", "names", "sgd"]

names = ALGORITHMS.names
describe = ALGORITHMS.describe
get = ALGORITHMS.get
from_spec = ALGORITHMS.from_spec
