"""Bundled optimizers: graph parts for an ``OptimizerSlot``."""

from __future__ import annotations

from bytesandbrains.optimizers.family import OPTIMIZERS
from bytesandbrains.optimizers.sgd import sgd

__all__ = ["describe", "from_spec", "get", "names", "sgd"]

names = OPTIMIZERS.names
describe = OPTIMIZERS.describe
get = OPTIMIZERS.get
from_spec = OPTIMIZERS.from_spec
