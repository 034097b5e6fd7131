"""Types of ai.onnx results while recording: exact where inputs are known, unknown elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import numpy.typing as npt

from bytesandbrains.errors import AuthorError
from bytesandbrains.location import author_location
from bytesandbrains.protos import Attribute
from bytesandbrains.types import ANY, DTYPES, Dim, PortType, tensor

__all__ = ["Call", "broadcast", "infer"]

_FLOATS = frozenset({"float32", "float64"})
_DTYPE_OF_NUMBER = {number: name for name, number in DTYPES.items()}
Shape = tuple[Dim, ...] | None


@dataclass(frozen=True)
class Call:
    """One operator application: its name, input types, attributes and constant inputs."""

    op: str
    inputs: Sequence[PortType]
    attributes: Mapping[str, Attribute]
    constants: Sequence[npt.NDArray[np.generic] | None]

    def at(self, index: int) -> PortType:
        """Type of input ``index``; unknown when absent."""
        return self.inputs[index] if index < len(self.inputs) else ANY

    def ints(self, index: int) -> list[int] | None:
        """The integers of constant input ``index``; None when absent or not constant."""
        found = self.constants[index] if index < len(self.constants) else None
        return None if found is None else [int(item) for item in np.ravel(found)]

    def number(self, name: str, fallback: int) -> int:
        """The integer attribute ``name``."""
        found = self.attributes.get(name, fallback)
        return found if isinstance(found, int) else fallback


def infer(call: Call) -> PortType:
    """Returns the type of the (only) output.

    Raises:
        AuthorError: ``type_mismatch`` when the inputs can never fit the operator.
    """
    for given in call.inputs:
        if given.kind not in ("tensor", "any"):
            raise _mismatch(f"{call.op} takes tensors", str(given), "pass a tensor handle")
    return _RULES[call.op](call)


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """Returns the numpy broadcast of shapes; None when a rank is unknown.

    Raises:
        AuthorError: ``type_mismatch`` when two known dimensions differ and none is 1.
    """
    result: tuple[Dim, ...] = ()
    for shape in shapes:
        if shape is None:
            return None
        pairs = zip_longest(reversed(result), reversed(shape), fillvalue=1)
        result = tuple(_joined(a, b, shapes) for a, b in pairs)[::-1]
    return result


def _joined(a: Dim, b: Dim, shapes: Sequence[Shape]) -> Dim:
    if a in (1, b):
        return b
    if b == 1:
        return a
    if isinstance(a, int) and isinstance(b, int):
        shown = " and ".join(str(tensor("", shape))[1:] for shape in shapes)
        raise _mismatch("shapes do not broadcast", shown, "make the dimensions equal, or 1")
    return a if isinstance(a, int) else b if isinstance(b, int) else None


def _mismatch(message: str, value: str, hint: str) -> AuthorError:
    return AuthorError(
        message, code="type_mismatch", where=author_location(), value=value, hint=hint
    )


def _dtype(call: Call, indices: Sequence[int]) -> str:
    """The dtype that the inputs at ``indices`` share; empty when none is known."""
    known = {call.at(index).dtype for index in indices} - {""}
    if len(known) > 1:
        shown = " and ".join(str(call.at(index)) for index in indices)
        raise _mismatch(
            f"{call.op} needs equal dtypes", shown, "convert one with bb.ops.cast(x, to=...)"
        )
    return known.pop() if known else ""


def _float(call: Call, indices: Sequence[int]) -> str:
    dtype = _dtype(call, indices)
    if dtype and dtype not in _FLOATS:
        raise _mismatch(
            f"{call.op} needs floats", dtype, 'convert with bb.ops.cast(x, to="float32")'
        )
    return dtype


def _made(dtype: str, shape: Shape) -> PortType:
    return tensor(dtype, shape) if dtype or shape is not None else ANY


def _shape(given: PortType) -> Shape:
    return given.shape if given.is_tensor else None


def _arithmetic(call: Call) -> PortType:
    every = range(len(call.inputs))
    return _made(_dtype(call, every), broadcast([_shape(call.at(i)) for i in every]))


def _compare(call: Call) -> PortType:
    return tensor("bool", _arithmetic(call).shape if _arithmetic(call).is_tensor else None)


def _same(call: Call) -> PortType:
    return call.at(0)


def _same_float(call: Call) -> PortType:
    _float(call, [0])
    return call.at(0)


def _where(call: Call) -> PortType:
    if call.at(0).dtype not in ("", "bool"):
        raise _mismatch("the condition of Where must be bool", str(call.at(0)), "compare first")
    return _made(_dtype(call, [1, 2]), broadcast([_shape(call.at(i)) for i in range(3)]))


def _inner(a: Dim, b: Dim, call: Call) -> None:
    if isinstance(a, int) and isinstance(b, int) and a != b:
        shown = f"{call.at(0)} and {call.at(1)}"
        raise _mismatch(f"inner dimensions of {call.op} differ", shown, "transpose or reshape one")


def _matmul(call: Call) -> PortType:
    dtype = _dtype(call, [0, 1])
    a, b = _shape(call.at(0)), _shape(call.at(1))
    if a is None or b is None:
        return _made(dtype, None)
    if not a or not b:
        shown = f"{call.at(0)} and {call.at(1)}"
        raise _mismatch("MatMul takes no scalars", shown, "multiply with *")
    _inner(a[-1], b[-2] if len(b) > 1 else b[0], call)
    rows, columns = a[-2:-1], b[-1:] if len(b) > 1 else ()
    stack = broadcast([a[:-2], b[:-2]])
    return _made(dtype, None if stack is None else (*stack, *rows, *columns))


def _gemm(call: Call) -> PortType:
    dtype = _dtype(call, range(len(call.inputs)))
    a, b = _shape(call.at(0)), _shape(call.at(1))
    if a is None or b is None:
        return _made(dtype, None)
    if len(a) != 2 or len(b) != 2:
        raise _mismatch("Gemm takes matrices", f"{call.at(0)} and {call.at(1)}", "use matmul")
    rows, k = (a[1], a[0]) if call.number("transA", 0) else (a[0], a[1])
    other, columns = (b[1], b[0]) if call.number("transB", 0) else (b[0], b[1])
    _inner(k, other, call)
    if len(call.inputs) > 2 and _shape(call.at(2)) is not None:
        broadcast([(rows, columns), _shape(call.at(2))])
    return _made(dtype, (rows, columns))


def _axes(call: Call, axes: Sequence[int], rank: int) -> set[int]:
    for axis in axes:
        if not -rank <= axis < rank:
            raise _mismatch(f"{call.op} has no such axis", str(axis), f"the rank is {rank}")
    return {axis % rank for axis in axes}


def _reduced(call: Call, axes: Sequence[int] | None, dtype: str) -> PortType:
    shape, keep = _shape(call.at(0)), call.number("keepdims", 1)
    if shape is None:
        return _made(dtype, () if axes is None and not keep else None)
    gone = _axes(call, range(len(shape)) if axes is None else axes, len(shape))
    kept = tuple(1 if i in gone else dim for i, dim in enumerate(shape) if keep or i not in gone)
    return _made(dtype, kept)


def _reduce(call: Call) -> PortType:
    return _reduced(call, call.ints(1), call.at(0).dtype)


def _argmax(call: Call) -> PortType:
    return _reduced(call, [call.number("axis", 0)], "int64")


def _transpose(call: Call) -> PortType:
    shape, perm = _shape(call.at(0)), call.attributes.get("perm")
    if shape is None:
        return _made(call.at(0).dtype, None)
    order = [int(i) for i in perm] if isinstance(perm, list) else list(range(len(shape)))[::-1]
    if sorted(order) != list(range(len(shape))):
        raise _mismatch("perm must list every axis once", str(order), f"the rank is {len(shape)}")
    return _made(call.at(0).dtype, tuple(shape[i] for i in order))


def _product(dims: Sequence[Dim]) -> Dim:
    product = 1
    for dim in dims:
        if not isinstance(dim, int):
            return dims[0] if len(dims) == 1 else None
        product *= dim
    return product


def _reshape(call: Call) -> PortType:
    wanted, old = call.ints(1), _shape(call.at(0))
    if wanted is None:
        return _made(call.at(0).dtype, None)
    new: list[Dim] = [
        dim if dim > 0 else old[i] if dim == 0 and old is not None and i < len(old) else None
        for i, dim in enumerate(wanted)
    ]
    if old is not None and -1 in wanted:
        new[wanted.index(-1)] = _rest(call, old, new, wanted.index(-1))
    return _made(call.at(0).dtype, tuple(new))


def _rest(call: Call, old: Sequence[Dim], new: Sequence[Dim], place: int) -> Dim:
    """The dimension that -1 stands for: what is left after cancelling equal dimensions."""
    left, others = list(old), [dim for i, dim in enumerate(new) if i != place]
    for dim in list(others):
        if dim in left:
            left.remove(dim)
            others.remove(dim)
    symbols = [dim for dim in left if not isinstance(dim, int)]
    have, used = _numbers(left), _numbers(others)
    if any(not isinstance(dim, int) for dim in others) or used == 0:
        return None
    if symbols:
        return symbols[0] if len(symbols) == 1 and have == used else None
    if have % used:
        raise _mismatch("this shape does not fit", f"{call.at(0)}", "the sizes must divide")
    return have // used


def _numbers(dims: Sequence[Dim]) -> int:
    return math.prod(dim for dim in dims if isinstance(dim, int))


def _flatten(call: Call) -> PortType:
    shape = _shape(call.at(0))
    if shape is None:
        return _made(call.at(0).dtype, (None, None))
    axis = call.number("axis", 1)
    if not -len(shape) <= axis <= len(shape):
        raise _mismatch("Flatten has no such axis", str(axis), f"the rank is {len(shape)}")
    split = axis + len(shape) if axis < 0 else axis
    return _made(
        call.at(0).dtype, (_product(shape[:split] or (1,)), _product(shape[split:] or (1,)))
    )


def _concat(call: Call) -> PortType:
    every = range(len(call.inputs))
    shapes = [_shape(call.at(i)) for i in every]
    first, dtype = shapes[0], _dtype(call, every)
    if first is None or any(shape is None or len(shape) != len(first) for shape in shapes):
        return _made(dtype, None)
    (axis,) = _axes(call, [call.number("axis", 0)], len(first))
    columns = list(zip(*(shape for shape in shapes if shape is not None), strict=True))
    dims: list[Dim] = []
    for i, column in enumerate(columns):
        known = {dim for dim in column if isinstance(dim, int)}
        if i != axis and len(known) > 1:
            raise _mismatch("Concat needs equal other dimensions", str(column), "check the axis")
        dims.append(_sum(column) if i == axis else known.pop() if known else column[0])
    return _made(dtype, tuple(dims))


def _sum(dims: Sequence[Dim]) -> Dim:
    numbers = [dim for dim in dims if isinstance(dim, int)]
    return sum(numbers) if len(numbers) == len(dims) else None


def _slice(call: Call) -> PortType:
    shape = _shape(call.at(0))
    starts, ends = call.ints(1), call.ints(2)
    if shape is None or starts is None or ends is None:
        return _made(call.at(0).dtype, None)
    axes = call.ints(3) or list(range(len(starts)))
    steps = call.ints(4) or [1] * len(starts)
    _axes(call, axes, len(shape))
    dims: list[Dim] = list(shape)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        old = dims[axis]
        dims[axis] = len(range(old)[start:end:step]) if isinstance(old, int) else None
    return _made(call.at(0).dtype, tuple(dims))


def _gather(call: Call) -> PortType:
    shape, indices = _shape(call.at(0)), _shape(call.at(1))
    if shape is None or indices is None:
        return _made(call.at(0).dtype, None)
    (axis,) = _axes(call, [call.number("axis", 0)], len(shape))
    return _made(call.at(0).dtype, (*shape[:axis], *indices, *shape[axis + 1 :]))


def _cast(call: Call) -> PortType:
    return tensor(_DTYPE_OF_NUMBER[call.number("to", 1)], _shape(call.at(0)))


def _loss(call: Call) -> PortType:
    dtype = _float(call, [0])
    reduced = call.attributes.get("reduction", "mean") != "none"
    return _made(dtype, () if reduced else _shape(call.at(1)))


def _expand(call: Call) -> PortType:
    wanted = call.ints(1)
    shape = None if wanted is None else broadcast([_shape(call.at(0)), tuple(wanted)])
    return _made(call.at(0).dtype, shape)


def _squeeze(call: Call) -> PortType:
    shape, axes = _shape(call.at(0)), call.ints(1)
    if shape is None or (axes is None and not all(isinstance(dim, int) for dim in shape)):
        return _made(call.at(0).dtype, None)
    ones = [i for i, dim in enumerate(shape) if dim == 1]
    gone = _axes(call, ones if axes is None else axes, len(shape))
    wrong = [shape[i] for i in gone if isinstance(shape[i], int) and shape[i] != 1]
    if wrong:
        raise _mismatch("Squeeze removes dimensions of 1 only", str(call.at(0)), "check axes")
    return _made(call.at(0).dtype, tuple(dim for i, dim in enumerate(shape) if i not in gone))


def _unsqueeze(call: Call) -> PortType:
    shape, axes = _shape(call.at(0)), call.ints(1)
    if shape is None or axes is None:
        return _made(call.at(0).dtype, None)
    rank = len(shape) + len(axes)
    places, rest = _axes(call, axes, rank), iter(shape)
    return _made(call.at(0).dtype, tuple(1 if i in places else next(rest) for i in range(rank)))


_RULES: Mapping[str, Callable[[Call], PortType]] = {
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min"), _arithmetic),
    **dict.fromkeys(("Equal", "Greater", "Less"), _compare),
    **dict.fromkeys(("Neg", "Abs", "Relu", "Identity"), _same),
    **dict.fromkeys(
        ("Exp", "Log", "Sqrt", "Tanh", "Sigmoid", "Softmax", "LogSoftmax"), _same_float
    ),
    **dict.fromkeys(("ReduceSum", "ReduceMean", "ReduceMax"), _reduce),
    "ArgMax": _argmax,
    "Cast": _cast,
    "Concat": _concat,
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": _gather,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Reshape": _reshape,
    "Slice": _slice,
    "SoftmaxCrossEntropyLoss": _loss,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
    "Where": _where,
}
