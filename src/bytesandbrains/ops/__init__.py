"""The ai.onnx operators authors can record, in snake_case.

Every function takes handles, parameters of a GraphModel, Python numbers or numpy arrays; numbers
and arrays become constants of the other side's dtype. All of them raise an ``AuthorError`` that
names the author's line when dtypes or known dimensions cannot fit.
"""

from __future__ import annotations

from bytesandbrains.ops.compare import argmax, equal, greater, less, where
from bytesandbrains.ops.elementwise import (
    abs,
    add,
    cast,
    div,
    exp,
    identity,
    log,
    max,
    min,
    mul,
    neg,
    pow,
    relu,
    sigmoid,
    sqrt,
    sub,
    tanh,
)
from bytesandbrains.ops.linear import gemm, matmul
from bytesandbrains.ops.reduce import reduce_max, reduce_mean, reduce_sum
from bytesandbrains.ops.shape import (
    concat,
    expand,
    flatten,
    gather,
    reshape,
    slice,
    squeeze,
    transpose,
    unsqueeze,
)
from bytesandbrains.ops.softmax import log_softmax, softmax, softmax_cross_entropy_loss

__all__ = [
    "abs",
    "add",
    "argmax",
    "cast",
    "concat",
    "div",
    "equal",
    "exp",
    "expand",
    "flatten",
    "gather",
    "gemm",
    "greater",
    "identity",
    "less",
    "log",
    "log_softmax",
    "matmul",
    "max",
    "min",
    "mul",
    "neg",
    "pow",
    "reduce_max",
    "reduce_mean",
    "reduce_sum",
    "relu",
    "reshape",
    "sigmoid",
    "slice",
    "softmax",
    "softmax_cross_entropy_loss",
    "sqrt",
    "squeeze",
    "sub",
    "tanh",
    "transpose",
    "unsqueeze",
    "where",
]
