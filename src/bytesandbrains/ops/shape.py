"""Operators that move, cut and join elements without computing on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bytesandbrains.context import current_recorder
from bytesandbrains.errors import AuthorError
from bytesandbrains.handles import Operand, Output
from bytesandbrains.location import author_location

__all__ = [
    "concat",
    "expand",
    "flatten",
    "gather",
    "reshape",
    "slice",
    "squeeze",
    "transpose",
    "unsqueeze",
]


def _ints(values: int | Sequence[int]) -> npt.NDArray[np.int64]:
    return np.atleast_1d(np.asarray(values, np.int64))


def transpose(x: Operand, *, perm: Sequence[int] | None = None) -> Output:
    """Returns x with its axes in the order ``perm``, reversed if None."""
    order = {} if perm is None else {"perm": [int(axis) for axis in perm]}
    return current_recorder("ops.transpose").apply("Transpose", [x], order)


def reshape(x: Operand, shape: Sequence[int]) -> Output:
    """Returns x with another shape.

    Args:
        x: A tensor.
        shape: The dimensions; -1 stands for the rest, 0 keeps the old one.
    """
    return current_recorder("ops.reshape").apply("Reshape", [x, _ints(shape)], alike=[0])


def flatten(x: Operand, *, axis: int = 1) -> Output:
    """Returns x as a matrix: axes before ``axis`` are rows, the others columns."""
    return current_recorder("ops.flatten").apply("Flatten", [x], {"axis": axis})


def expand(x: Operand, shape: Sequence[int]) -> Output:
    """Returns x broadcast with ``shape``."""
    return current_recorder("ops.expand").apply("Expand", [x, _ints(shape)], alike=[0])


def squeeze(x: Operand, *, axes: int | Sequence[int] | None = None) -> Output:
    """Returns x without its axes of length 1: those in ``axes``, or all."""
    operands = [x] if axes is None else [x, _ints(axes)]
    return current_recorder("ops.squeeze").apply("Squeeze", operands, alike=[0])


def unsqueeze(x: Operand, *, axes: int | Sequence[int]) -> Output:
    """Returns x with axes of length 1 put in at ``axes`` of the result."""
    return current_recorder("ops.unsqueeze").apply("Unsqueeze", [x, _ints(axes)], alike=[0])


def concat(*operands: Operand, axis: int) -> Output:
    """Returns the operands joined along ``axis``."""
    return current_recorder("ops.concat").apply("Concat", operands, {"axis": axis})


def slice(
    x: Operand,
    *,
    starts: int | Sequence[int],
    ends: int | Sequence[int],
    axes: int | Sequence[int] | None = None,
    steps: int | Sequence[int] | None = None,
) -> Output:
    """Returns ``x[start:end:step]`` on the given axes.

    Args:
        x: A tensor.
        starts: First index per axis; negative counts from the end.
        ends: End index per axis, exclusive.
        axes: The axes; 0, 1, … if None.
        steps: Step per axis; 1 if None.

    Raises:
        AuthorError: ``bad_slice`` when the lists differ in length or a step is 0.
    """
    first, last = _ints(starts), _ints(ends)
    where = np.arange(first.size, dtype=np.int64) if axes is None else _ints(axes)
    stride = np.ones(first.size, np.int64) if steps is None else _ints(steps)
    if not first.size == last.size == where.size == stride.size or not stride.all():
        raise AuthorError(
            "starts, ends, axes and steps must be equally long, and no step 0",
            code="bad_slice",
            where=author_location(),
            value=f"{starts}, {ends}, {axes}, {steps}",
            hint="give one number per axis",
        )
    operands = [x, first, last, where, stride]
    return current_recorder("ops.slice").apply("Slice", operands, alike=[0])


def gather(x: Operand, indices: Operand, *, axis: int = 0) -> Output:
    """Returns the slices of x at integer ``indices`` along ``axis``."""
    recorder = current_recorder("ops.gather")
    places = recorder.lift(indices, "int64")
    return recorder.apply("Gather", [x, places], {"axis": axis}, alike=[0])
