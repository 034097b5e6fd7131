"""The family of algorithms; an algorithm joins it with ``@ALGORITHMS.register(name)``."""

from __future__ import annotations

from bytesandbrains.catalogue import Family
from bytesandbrains.module import Module

__all__ = ["ALGORITHMS"]

ALGORITHMS: Family[Module] = Family("algorithms", "")
"""Algorithms by name."""
