"""Comparisons and choices."""

from __future__ import annotations

from bytesandbrains.context import current_recorder
from bytesandbrains.handles import Operand, Output

__all__ = ["argmax", "equal", "greater", "less", "where"]


def equal(a: Operand, b: Operand) -> Output:
    """Returns a = b, element by element."""
    return current_recorder("ops.equal").apply("Equal", [a, b])


def greater(a: Operand, b: Operand) -> Output:
    """Returns a > b, element by element."""
    return current_recorder("ops.greater").apply("Greater", [a, b])


def less(a: Operand, b: Operand) -> Output:
    """Returns a < b, element by element."""
    return current_recorder("ops.less").apply("Less", [a, b])


def where(condition: Operand, a: Operand, b: Operand) -> Output:
    """Returns a where the bool ``condition`` holds and b elsewhere."""
    recorder = current_recorder("ops.where")
    chosen = recorder.lift(condition, "bool")
    return recorder.apply("Where", [chosen, a, b], alike=[1, 2])


def argmax(x: Operand, *, axis: int = 0, keepdims: bool = True) -> Output:
    """Returns the int64 index of the largest element along ``axis``, the first one on ties."""
    attributes = {"axis": axis, "keepdims": int(keepdims)}
    return current_recorder("ops.argmax").apply("ArgMax", [x], attributes)
