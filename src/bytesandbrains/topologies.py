"""Topologies: who talks to whom in an experiment."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Star", "names", "star"]


@dataclass(frozen=True)
class Star:
    """Every peer talks to one honest server without data."""

    name: str = "star"


def star() -> Star:
    """A server in the middle, every peer around it."""
    return Star()


def names() -> list[str]:
    """Names of the topologies."""
    return ["star"]
