"""Types of ports and handles: tensors with symbolic dimensions, and the few other kinds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import EllipsisType

import numpy as np
import numpy.typing as npt
import onnx

from bytesandbrains.errors import AuthorError
from bytesandbrains.location import author_location

__all__ = [
    "ANY",
    "ARRIVED",
    "DECISIONS",
    "DTYPES",
    "Dim",
    "PortType",
    "bool_",
    "bytes_",
    "f32",
    "f64",
    "i32",
    "i64",
    "peer",
    "peers",
    "tensor",
    "trigger",
    "u8",
]

Dim = int | str | None
"""A dimension: a number, a symbol such as ``"N"``, or unknown."""

DTYPES: Mapping[str, int] = {
    "float32": onnx.TensorProto.FLOAT,
    "float64": onnx.TensorProto.DOUBLE,
    "int32": onnx.TensorProto.INT32,
    "int64": onnx.TensorProto.INT64,
    "uint8": onnx.TensorProto.UINT8,
    "bool": onnx.TensorProto.BOOL,
}
"""Element types by name, with their ONNX numbers."""

_SYMBOL = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


@dataclass(frozen=True)
class PortType:
    """The type of a port or a handle.

    ``bb.f32`` is a scalar, ``bb.f32["N", 64]`` a matrix with a symbolic first dimension and
    ``bb.f32[...]`` a tensor of unknown rank.

    Attributes:
        kind: ``tensor``, ``trigger``, ``peer``, ``peers``, ``arrived``, ``decisions``, ``bytes``
            or ``any`` (not known).
        dtype: Element type of a tensor; empty when not known.
        shape: Dimensions of a tensor; None when the rank is unknown.

    Example:
        >>> PortType("tensor", "float32")["N", 64]
        float32[N,64]
    """

    kind: str
    dtype: str = ""
    shape: tuple[Dim, ...] | None = ()

    def __getitem__(self, dims: int | str | EllipsisType | tuple[int | str, ...]) -> PortType:
        if self.kind != "tensor":
            raise AuthorError(
                f"{self} has no dimensions",
                code="bad_type",
                where=author_location(),
                hint="use bb.f32[...] for a tensor",
            )
        if dims is ...:
            return replace(self, shape=None)
        shape = dims if isinstance(dims, tuple) else (dims,)
        return replace(self, shape=tuple(_checked_dim(dim) for dim in shape))

    def __str__(self) -> str:
        if self.kind != "tensor":
            return self.kind
        if self.shape is None:
            return f"{self.dtype or '?'}[*]"
        dims = ",".join("?" if dim is None else str(dim) for dim in self.shape)
        return f"{self.dtype or '?'}[{dims}]"

    __repr__ = __str__

    @property
    def is_tensor(self) -> bool:
        """True for tensors."""
        return self.kind == "tensor"

    @property
    def complete(self) -> bool:
        """True when the dtype and every dimension are numbers or symbols."""
        if not self.is_tensor:
            return self.kind != "any"
        return bool(self.dtype) and self.shape is not None and None not in self.shape


def _checked_dim(dim: object) -> int | str:
    if isinstance(dim, (int, np.integer)) and not isinstance(dim, bool) and dim >= 0:
        return int(dim)
    if isinstance(dim, str) and _SYMBOL.fullmatch(dim):
        return dim
    raise AuthorError(
        "a dimension is a number from 0 on or a name",
        code="bad_type",
        where=author_location(),
        value=repr(dim),
        hint='write bb.f32["N", 64], or bb.f32[...] when the rank is unknown',
    )


def tensor(dtype: str, shape: tuple[Dim, ...] | None) -> PortType:
    """Returns a tensor type; an empty dtype or a None shape means unknown."""
    return PortType("tensor", dtype, shape)


def type_of_array(array: npt.NDArray[np.generic]) -> PortType:
    """Returns the type of a numpy array.

    Raises:
        AuthorError: When its dtype is not one of the six supported ones.
    """
    name = array.dtype.name
    if name not in DTYPES:
        raise AuthorError(
            "arrays of this dtype cannot be recorded",
            code="bad_dtype",
            where=author_location(),
            value=name,
            hint=f"convert to one of: {', '.join(DTYPES)}",
        )
    return tensor(name, tuple(array.shape))


f32 = tensor("float32", ())
"""32-bit float."""
f64 = tensor("float64", ())
"""64-bit float."""
i32 = tensor("int32", ())
"""32-bit integer."""
i64 = tensor("int64", ())
"""64-bit integer."""
u8 = tensor("uint8", ())
"""Unsigned byte."""
bool_ = tensor("bool", ())
"""Truth value."""
bytes_ = PortType("bytes")
"""A byte string."""
trigger = PortType("trigger")
"""An event without a value."""
peer = PortType("peer")
"""One peer id."""
peers = PortType("peers")
"""A sorted list of peer ids."""
ARRIVED = PortType("arrived")
"""What a gather hands to an aggregator."""
DECISIONS = PortType("decisions")
"""One decision per peer."""
ANY = PortType("any")
"""Not known while recording; the compiler finds it."""
