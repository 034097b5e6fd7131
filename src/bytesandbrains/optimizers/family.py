"""The family of optimizers; an optimizer joins it with ``@OPTIMIZERS.register(name)``."""

from __future__ import annotations

from bytesandbrains.catalogue import Family
from bytesandbrains.graph_optimizer import GraphOptimizer

__all__ = ["OPTIMIZERS"]

OPTIMIZERS: Family[GraphOptimizer] = Family("optimizers", "Optimizer")
"""Optimizers by name."""
