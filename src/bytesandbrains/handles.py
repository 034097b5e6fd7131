"""Handles of recorded values: they know their graph, type and author's line, and do arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import numpy as np
import numpy.typing as npt

from bytesandbrains.context import current_recorder
from bytesandbrains.errors import AuthorError, did_you_mean
from bytesandbrains.location import author_location
from bytesandbrains.types import PortType

if TYPE_CHECKING:
    from bytesandbrains.recorder import Recorder

__all__ = [
    "After",
    "Aggregated",
    "Gathered",
    "Operand",
    "Output",
    "Received",
    "Symbolic",
    "Trained",
]


class Symbolic:
    """What arithmetic operators record on: handles, and the parameters of a GraphModel."""

    __array_ufunc__ = None  # numpy leaves ``array * handle`` to the handle

    def __add__(self, other: Operand) -> Output:
        return _record("Add", self, other)

    def __radd__(self, other: Operand) -> Output:
        return _record("Add", other, self)

    def __sub__(self, other: Operand) -> Output:
        return _record("Sub", self, other)

    def __rsub__(self, other: Operand) -> Output:
        return _record("Sub", other, self)

    def __mul__(self, other: Operand) -> Output:
        return _record("Mul", self, other)

    def __rmul__(self, other: Operand) -> Output:
        return _record("Mul", other, self)

    def __truediv__(self, other: Operand) -> Output:
        return _record("Div", self, other)

    def __rtruediv__(self, other: Operand) -> Output:
        return _record("Div", other, self)

    def __pow__(self, other: Operand) -> Output:
        return _record("Pow", self, other)

    def __matmul__(self, other: Operand) -> Output:
        return _record("MatMul", self, other)

    def __rmatmul__(self, other: Operand) -> Output:
        return _record("MatMul", other, self)

    def __gt__(self, other: Operand) -> Output:
        return _record("Greater", self, other)

    def __lt__(self, other: Operand) -> Output:
        return _record("Less", self, other)

    def __neg__(self) -> Output:
        return _record("Neg", self)

    def __bool__(self) -> bool:
        raise AuthorError(
            "a recorded value has no truth value while recording",
            code="no_truth_value",
            where=author_location(),
            hint="choose between values with bb.ops.where(condition, a, b)",
        )


def _record(op: str, *operands: Operand) -> Output:
    return current_recorder(f"operator {op}").apply(op, operands)


class Output(Symbolic):
    """A value of the function being recorded.

    Attributes:
        recorder: The function the value belongs to.
        name: Name of the value inside that function.
        type: Its type, as far as it is known while recording.
        where: The author's ``file.py:line`` that made it.
    """

    def __init__(self, recorder: Recorder, name: str, type_: PortType, where: str) -> None:
        self.recorder = recorder
        self.name = name
        self.type = type_
        self.where = where

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {self.type} of {self.recorder.name}>"


class Received(Output):
    """The receiver's side of ``g.net_out``.

    Attributes:
        sender: Handle of the peer that sent the value, as the transport knows it.
    """

    sender: Output


class Gathered(Output):
    """What a gather hands on; usable itself as the argument of ``aggregate``.

    Attributes:
        arrived: Handle of the peers whose value arrived.
        missing: Handle of the invited peers whose value did not.
        timed_out: Handle of a bool, true when the timeout fired the gather.
        row_type: Type of one arrived value.
    """

    arrived: Output
    missing: Output
    timed_out: Output
    row_type: PortType

    @property
    def values(self) -> Gathered:
        """The arrived values, sorted by peer id."""
        return self


class Aggregated(Output):
    """The vector an aggregator made.

    Attributes:
        decisions: Handle of the decision per peer.
    """

    decisions: Output


class Trained(Output):
    """The trigger of a training step.

    Attributes:
        loss: Handle of the mean loss over the batch before the step.
    """

    loss: Output


class CallOutputs:
    """Outputs of a sub-module call, one attribute per port."""

    def __init__(self, module: str, ports: dict[str, Output]) -> None:
        self._module = module
        self._ports = ports

    def __getattr__(self, port: str) -> Output:
        if port.startswith("__"):
            raise AttributeError(port)
        return _port(self._module, self._ports, port)

    def __getitem__(self, port: str) -> Output:
        return _port(self._module, self._ports, port)

    def __repr__(self) -> str:
        return f"<outputs of {self._module}: {', '.join(self._ports) or 'none'}>"


class CallOutput(Output):
    """The single output of a sub-module call: the handle itself, and an attribute.

    A port called like an attribute of handles (``name``, ``type``) is reached as ``out["type"]``.
    """

    def __init__(self, module: str, port: str, handle: Output) -> None:
        super().__init__(handle.recorder, handle.name, handle.type, handle.where)
        self._module = module
        self._ports = {port: handle}

    def __getattr__(self, port: str) -> Output:
        if port.startswith("_"):
            raise AttributeError(port)
        return _port(self._module, self._ports, port)

    def __getitem__(self, port: str) -> Output:
        return _port(self._module, self._ports, port)


def _port(module: str, ports: dict[str, Output], port: str) -> Output:
    if port not in ports:
        _unknown_port(module, ports, port)
    return ports[port]


def _unknown_port(module: str, ports: dict[str, Output], port: str) -> NoReturn:
    raise AuthorError(
        f"{module} has no output of this name",
        code="unknown_port",
        where=author_location(),
        value=port,
        hint=did_you_mean(port, ports, "it declares no g.output"),
    )


Operand = Symbolic | float | int | bool | npt.NDArray[np.generic] | np.generic
"""What operators take: handles, parameters of a GraphModel, Python numbers, numpy arrays."""

After = Output | Sequence[Output] | None
"""What ``after=`` takes: one handle, a list of them, or nothing."""
