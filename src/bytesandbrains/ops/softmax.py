"""Softmax and the losses made from it."""

from __future__ import annotations

from typing import Literal

from bytesandbrains.context import current_recorder
from bytesandbrains.handles import Operand, Output

__all__ = ["log_softmax", "softmax", "softmax_cross_entropy_loss"]


def softmax(x: Operand, *, axis: int = -1) -> Output:
    """Returns eˣ / Σ eˣ along ``axis``."""
    return current_recorder("ops.softmax").apply("Softmax", [x], {"axis": axis})


def log_softmax(x: Operand, *, axis: int = -1) -> Output:
    """Returns the logarithm of the softmax along ``axis``."""
    return current_recorder("ops.log_softmax").apply("LogSoftmax", [x], {"axis": axis})


def softmax_cross_entropy_loss(
    logits: Operand, labels: Operand, *, reduction: Literal["mean", "sum", "none"] = "mean"
) -> Output:
    """Returns the cross entropy of softmax(logits) and integer labels.

    Args:
        logits: (N, C) floats.
        labels: (N,) integers in [0, C).
        reduction: Mean over the batch, sum over it, or one loss per example.
    """
    recorder = current_recorder("ops.softmax_cross_entropy_loss")
    classes = recorder.lift(labels, "int64")
    return recorder.apply(
        "SoftmaxCrossEntropyLoss", [logits, classes], {"reduction": reduction}, alike=[0]
    )
