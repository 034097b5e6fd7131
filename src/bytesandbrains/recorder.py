"""Records one function: nodes over named, typed values, as ONNX protobufs."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import onnx

from bytesandbrains.errors import AuthorError
from bytesandbrains.handles import Operand, Output, Symbolic
from bytesandbrains.inference import Call, infer
from bytesandbrains.location import author_location
from bytesandbrains.protos import (
    Attribute,
    attribute_of,
    opset_imports,
    set_metadata,
    value_info_of,
)
from bytesandbrains.types import DTYPES, PortType, type_of_array

__all__ = ["NAME", "Recorder", "constant_array"]

NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9_]*")
"""The form of names authors give; it excludes those of recorded values: ``_0``, ``_1`` …"""


class Recorder:
    """One function while it is being recorded.

    Attributes:
        name: Name of the function; a Module body gets its final one when the program is built.
        domain: Domain of the function.
        kind: Kind of machine that new nodes are placed on; None when not placed.
    """

    def __init__(self, name: str, domain: str) -> None:
        self.name = name
        self.domain = domain
        self.kind: str | None = None
        self.inputs: dict[str, Output] = {}
        self.outputs: dict[str, Output] = {}
        self.metadata: dict[str, str] = {}
        self._nodes: list[onnx.NodeProto] = []
        self._types: dict[str, PortType] = {}
        self._constants: dict[str, npt.NDArray[np.generic]] = {}
        self._made = 0

    @property
    def is_empty(self) -> bool:
        """True while no node has been recorded."""
        return not self._nodes

    def add_input(self, name: str, type_: PortType) -> Output:
        """Declares the next input of the function.

        Raises:
            AuthorError: ``bad_name`` or ``duplicate_port``.
        """
        self.check_new_name(name, "input", self._types)
        handle = self._handle(name, type_)
        self.inputs[name] = handle
        return handle

    def check_new_name(self, name: str, what: str, taken: Container[str]) -> None:
        """Raises an AuthorError unless ``name`` is well formed and not taken."""
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise AuthorError(
                f"not a legal name for an {what}",
                code="bad_name",
                where=author_location(),
                value=repr(name),
                hint="use letters, digits and _, starting with a letter",
            )
        if name in taken:
            raise AuthorError(
                f"this {what} is declared twice in {self.name}",
                code="duplicate_port",
                where=author_location(),
                value=name,
                hint=f"give each {what} a name of its own",
            )

    def apply(
        self,
        op: str,
        operands: Sequence[Operand],
        attributes: Mapping[str, Attribute] | None = None,
        *,
        alike: Sequence[int] | None = None,
    ) -> Output:
        """Records an ai.onnx operator with one output.

        Args:
            op: Its op_type.
            operands: Inputs in order.
            attributes: Its attributes.
            alike: Which operands have one dtype, so that numbers among them take it; all if None.

        Raises:
            AuthorError: ``foreign_handle``, ``type_mismatch``, ``unknown_dtype``.
        """
        group = range(len(operands)) if alike is None else alike
        dtype = self._dtype_of([operands[index] for index in group])
        handles = [
            self.lift(operand, dtype if index in group else "")
            for index, operand in enumerate(operands)
        ]
        call = Call(
            op,
            [handle.type for handle in handles],
            attributes or {},
            [self._constants.get(handle.name) for handle in handles],
        )
        return self.add("", op, handles, [infer(call)], attributes)[0]

    def add(
        self,
        domain: str,
        op: str,
        inputs: Sequence[Output],
        types: Sequence[PortType],
        attributes: Mapping[str, Attribute] | None = None,
        *,
        names: Sequence[str] | None = None,
    ) -> list[Output]:
        """Records a node and returns its outputs.

        Args:
            domain: Domain of the operator.
            op: Its op_type.
            inputs: Handles of this function.
            types: One type per output.
            attributes: Its attributes.
            names: Names of the outputs; fresh ones if None.
        """
        used = [self.own(handle, op).name for handle in inputs]
        node = onnx.NodeProto(domain=domain, op_type=op, input=used)
        node.attribute.extend(
            attribute_of(key, value) for key, value in sorted((attributes or {}).items())
        )
        made = [
            self._handle(name, type_)
            for name, type_ in zip(names or [self._fresh() for _ in types], types, strict=True)
        ]
        node.output.extend(handle.name for handle in made)
        placed = {"bb.on": self.kind} if self.kind else {}
        set_metadata(node, {"bb.loc": author_location(), **placed})
        self._nodes.append(node)
        return made

    def own(self, handle: Output, what: str) -> Output:
        """Returns ``handle`` if it belongs to this function.

        Raises:
            AuthorError: ``not_a_handle`` or ``foreign_handle``, which names both lines.
        """
        if not isinstance(handle, Output):
            raise AuthorError(
                f"{what} takes recorded values",
                code="not_a_handle",
                where=author_location(),
                value=repr(handle),
                hint="pass a handle, or wrap a constant with g.const(value)",
            )
        if handle.recorder is not self:
            raise AuthorError(
                f"a value of {handle.recorder.name}, made at {handle.where}, was used in "
                f"{self.name}",
                code="foreign_handle",
                where=author_location(),
                value=handle.name,
                hint="pass it in as a named input of the sub-module",
            )
        return handle

    def lift(self, operand: Operand, dtype: str = "") -> Output:
        """Returns the handle for an operand; numbers and arrays become constants of ``dtype``."""
        if isinstance(operand, Output):
            return self.own(operand, "an operator")
        if isinstance(operand, Symbolic):
            return self.parameter(operand)
        return self.constant(constant_array(operand, dtype))

    def parameter(self, symbol: Symbolic) -> Output:
        """Returns the handle that stands for a parameter of a GraphModel."""
        raise AuthorError(
            f"a parameter was used in {self.name}",
            code="foreign_parameter",
            where=author_location(),
            value=repr(symbol),
            hint="use parameters in the forward of the model that owns them",
        )

    def constant(self, array: npt.NDArray[np.generic]) -> Output:
        """Records a constant tensor."""
        array = np.array(array, dtype=array.dtype.newbyteorder("="), order="C")
        (handle,) = self.add("", "Constant", [], [type_of_array(array)], {"value": array})
        self._constants[handle.name] = array
        return handle

    def function_proto(self) -> onnx.FunctionProto:
        """Returns the function as recorded so far, with the types of all known values."""
        function = onnx.FunctionProto(name=self.name, domain=self.domain)
        function.input.extend(handle.name for handle in self.inputs.values())
        function.output.extend(handle.name for handle in self.outputs.values())
        function.node.extend(self._nodes)
        function.opset_import.extend(opset_imports(["", *(node.domain for node in self._nodes)]))
        function.value_info.extend(
            value_info_of(name, type_) for name, type_ in self._types.items() if type_.kind != "any"
        )
        set_metadata(function, self.metadata)
        return function

    def _dtype_of(self, operands: Sequence[Operand]) -> str:
        """The dtype of the first symbolic operand that has one."""
        for operand in operands:
            if isinstance(operand, Symbolic):
                handle = self.lift(operand)
                if handle.type.dtype:
                    return handle.type.dtype
        return ""

    def _fresh(self) -> str:
        self._made += 1
        return f"_{self._made - 1}"

    def _handle(self, name: str, type_: PortType) -> Output:
        self._types[name] = type_
        return Output(self, name, type_, author_location())


def constant_array(value: object, dtype: str) -> npt.NDArray[np.generic]:
    """Returns ``value`` as an array of ``dtype``, or of its own when ``dtype`` is empty.

    Raises:
        AuthorError: ``bad_constant`` when it is no number or array, or does not survive the
            conversion; ``unknown_dtype`` when a Python number has no dtype to take.
    """
    if not isinstance(value, (bool, int, float, np.ndarray, np.generic)):
        raise _bad_constant(value, "numbers and numpy arrays can be recorded")
    array = np.asarray(value)
    if not dtype:
        if not isinstance(value, (np.ndarray, np.generic)):
            raise AuthorError(
                "this number has no dtype to take: the other side's is not known yet",
                code="unknown_dtype",
                where=author_location(),
                value=repr(value),
                hint="write g.const(np.float32(...)) or cast the other side first",
            )
        type_of_array(array)
        return array
    if array.dtype.kind not in "biuf" or dtype not in DTYPES:
        raise _bad_constant(value, "numbers and numpy arrays can be recorded")
    with np.errstate(all="ignore"):
        made = array.astype(dtype)
    exact = made.dtype.kind == "f" or np.array_equal(made, array)
    if not exact or not np.array_equal(np.isfinite(made), np.isfinite(array)):
        raise _bad_constant(value, f"{dtype} cannot hold it; cast the other side first")
    return made


def _bad_constant(value: object, hint: str) -> AuthorError:
    return AuthorError(
        "this value cannot be a constant here",
        code="bad_constant",
        where=author_location(),
        value=repr(value),
        hint=hint,
    )
