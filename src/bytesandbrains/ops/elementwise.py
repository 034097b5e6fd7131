"""Operators that work element by element, with broadcasting."""

from __future__ import annotations

import numpy as np

from bytesandbrains.context import current_recorder
from bytesandbrains.errors import AuthorError, did_you_mean
from bytesandbrains.handles import Operand, Output
from bytesandbrains.location import author_location
from bytesandbrains.types import DTYPES, PortType

__all__ = [
    "abs",
    "add",
    "cast",
    "div",
    "exp",
    "identity",
    "log",
    "max",
    "min",
    "mul",
    "neg",
    "pow",
    "relu",
    "sigmoid",
    "sqrt",
    "sub",
    "tanh",
]


def _record(op: str, *operands: Operand) -> Output:
    return current_recorder(f"ops.{op.lower()}").apply(op, operands)


def add(a: Operand, b: Operand) -> Output:
    """Returns a + b."""
    return _record("Add", a, b)


def sub(a: Operand, b: Operand) -> Output:
    """Returns a − b."""
    return _record("Sub", a, b)


def mul(a: Operand, b: Operand) -> Output:
    """Returns a · b, element by element."""
    return _record("Mul", a, b)


def div(a: Operand, b: Operand) -> Output:
    """Returns a / b."""
    return _record("Div", a, b)


def pow(a: Operand, b: Operand) -> Output:
    """Returns a to the power b."""
    return _record("Pow", a, b)


def max(*operands: Operand) -> Output:
    """Returns the element-wise maximum of one or more operands."""
    return _record("Max", *operands)


def min(*operands: Operand) -> Output:
    """Returns the element-wise minimum of one or more operands."""
    return _record("Min", *operands)


def neg(x: Operand) -> Output:
    """Returns −x."""
    return _record("Neg", x)


def abs(x: Operand) -> Output:
    """Returns |x|."""
    return _record("Abs", x)


def exp(x: Operand) -> Output:
    """Returns e to the power x; floats only."""
    return _record("Exp", x)


def log(x: Operand) -> Output:
    """Returns the natural logarithm; floats only."""
    return _record("Log", x)


def sqrt(x: Operand) -> Output:
    """Returns the square root; floats only."""
    return _record("Sqrt", x)


def relu(x: Operand) -> Output:
    """Returns max(x, 0)."""
    return _record("Relu", x)


def tanh(x: Operand) -> Output:
    """Returns the hyperbolic tangent; floats only."""
    return _record("Tanh", x)


def sigmoid(x: Operand) -> Output:
    """Returns 1 / (1 + e⁻ˣ); floats only."""
    return _record("Sigmoid", x)


def identity(x: Operand) -> Output:
    """Returns x under a new name."""
    return _record("Identity", x)


def cast(x: Operand, *, to: str | PortType | type[np.generic]) -> Output:
    """Converts to another dtype.

    Args:
        x: A tensor.
        to: ``"float32"``, ``bb.f32``, ``np.float32`` or another supported dtype.

    Raises:
        AuthorError: ``bad_dtype``.
    """
    name = to.dtype if isinstance(to, PortType) else to
    if not isinstance(name, str):
        name = np.dtype(name).name
    if name not in DTYPES:
        raise AuthorError(
            "cast knows no such dtype",
            code="bad_dtype",
            where=author_location(),
            value=repr(to),
            hint=did_you_mean(name, DTYPES),
        )
    return current_recorder("ops.cast").apply("Cast", [x], {"to": int(DTYPES[name])})
