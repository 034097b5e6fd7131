"""Reductions over axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bytesandbrains.context import current_recorder
from bytesandbrains.handles import Operand, Output
from bytesandbrains.protos import Attribute

__all__ = ["reduce_max", "reduce_mean", "reduce_sum"]


def reduce_sum(
    x: Operand, *, axes: int | Sequence[int] | None = None, keepdims: bool = True
) -> Output:
    """Returns the sum over ``axes`` (all if None); ``keepdims`` leaves them as 1."""
    return _reduce("ReduceSum", x, axes, keepdims)


def reduce_mean(
    x: Operand, *, axes: int | Sequence[int] | None = None, keepdims: bool = True
) -> Output:
    """Returns the mean over ``axes`` (all if None); ``keepdims`` leaves them as 1."""
    return _reduce("ReduceMean", x, axes, keepdims)


def reduce_max(
    x: Operand, *, axes: int | Sequence[int] | None = None, keepdims: bool = True
) -> Output:
    """Returns the maximum over ``axes`` (all if None); ``keepdims`` leaves them as 1."""
    return _reduce("ReduceMax", x, axes, keepdims)


def _reduce(op: str, x: Operand, axes: int | Sequence[int] | None, keepdims: bool) -> Output:
    operands = [x] if axes is None else [x, np.atleast_1d(np.asarray(axes, np.int64))]
    attributes: dict[str, Attribute] = {"keepdims": int(keepdims)}
    return current_recorder(f"ops.{op}").apply(op, operands, attributes, alike=[0])
