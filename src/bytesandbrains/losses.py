"""Losses by name: functions of logits and labels, mean over the batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bytesandbrains import ops
from bytesandbrains.handles import Output

__all__ = ["LOSSES"]


def cross_entropy(logits: Output, labels: Output) -> Output:
    """Returns the mean cross entropy of softmax(logits) and integer labels.

    Shape:
        logits (N, C) floats, labels (N,) integers in [0, C) → scalar.
    """
    return ops.softmax_cross_entropy_loss(logits, labels)


LOSSES: Mapping[str, Callable[[Output, Output], Output]] = {"cross_entropy": cross_entropy}
"""The names a GraphModel may give as its ``loss``."""
