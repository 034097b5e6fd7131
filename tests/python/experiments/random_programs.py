"""Random ai.onnx programs: as instructions, as a plain ONNX graph, and cut over two machines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

import bytesandbrains as bb

__all__ = ["BATCH", "Program", "TwoMachines", "plain_graph", "random_program"]

Array = NDArray[Any]
BATCH = 5


@dataclass(frozen=True)
class Instruction:
    """One operator on earlier values (ints) and constants (arrays)."""

    op: str
    inputs: tuple[int | Array, ...]
    attributes: dict[str, Any]
    machine: int


@dataclass
class Program:
    """Instructions over values of shape (N, width); value 0 is the input."""

    widths: list[int] = field(default_factory=list)
    code: list[Instruction] = field(default_factory=list)

    def add(
        self, machine: int, width: int, op: str, /, *inputs: int | Array, **attributes: Any
    ) -> int:
        """Appends a step; returns the number of the value it makes."""
        self.code.append(Instruction(op, inputs, attributes, machine))
        self.widths.append(width)
        return len(self.code)

    def crossing(self) -> list[int]:
        """Values made on machine 0 that machine 1 uses."""
        made = {0, *(i + 1 for i, step in enumerate(self.code) if step.machine == 0)}
        used = {v for step in self.code if step.machine for v in step.inputs if isinstance(v, int)}
        return sorted(made & used)


def random_program(random: np.random.Generator) -> Program:
    """Eight to twenty steps; the first part on one machine, the rest on another."""
    program = Program([int(random.integers(2, 6))])
    first, second = int(random.integers(4, 10)), int(random.integers(4, 10))
    live = [0]
    for machine, steps in ((0, first), (1, second)):
        if machine:  # what crosses: some of what the first machine made, and its last value
            live = sorted({live[-1], *random.choice(live, size=2).tolist()})
        for _ in range(steps):
            live.append(_step(program, random, machine, live))
    return program


def _step(program: Program, random: np.random.Generator, machine: int, live: list[int]) -> int:
    """Adds one step; squashes first where an operator needs a small or a positive operand."""
    a, b = (int(v) for v in random.choice(live, size=2))
    a = live[-1] if random.random() < 0.6 else a
    width = program.widths[a]

    def add(op: str, columns: int, /, *inputs: int | Array, **attributes: Any) -> int:
        return program.add(machine, columns, op, *inputs, **attributes)

    def constant(*shape: int) -> Array:
        return random.normal(size=shape).astype(np.float32)

    def positive(value: int) -> int:
        return add("Add", width, add("Sigmoid", width, value), np.float32([0.5]))

    other = b if program.widths[b] in (width, 1) else constant(width)
    columns = int(random.integers(1, 6))
    picked = random.integers(0, width, size=columns).astype(np.int64)
    start = int(random.integers(0, width))
    last = np.array([1], np.int64)
    recipes: list[Callable[[], int]] = [
        lambda: add("Add", width, a, other),
        lambda: add("Sub", width, other, a),
        lambda: add("Mul", width, a, other),
        lambda: add("Div", width, a, positive(a)),
        lambda: add("Neg", width, a),
        lambda: add("Exp", width, add("Tanh", width, a)),
        lambda: add("Log", width, positive(a)),
        lambda: add("Sqrt", width, positive(a)),
        lambda: add("Relu", width, a),
        lambda: add("Tanh", width, a),
        lambda: add("Sigmoid", width, a),
        lambda: add("Softmax", width, a, axis=1),
        lambda: add("LogSoftmax", width, a, axis=-1),
        lambda: add("MatMul", columns, a, constant(width, columns)),
        lambda: add("Gemm", columns, a, constant(columns, width), constant(columns), transB=1),
        lambda: add("ReduceSum", 1, a, last, keepdims=1),
        lambda: add("ReduceMean", 1, a, last, keepdims=1),
        lambda: add("ReduceMax", 1, a, last, keepdims=1),
        lambda: add("Concat", width + program.widths[b], a, b, axis=1),
        lambda: add("Slice", width - start, a, np.array([start]), np.array([width]), last),
        lambda: add("Gather", columns, a, picked, axis=1),
        lambda: add("Where", width, add("Greater", width, a, constant(width)), a, constant(width)),
        lambda: add("Identity", width, a),
        lambda: add("Transpose", width, add("Transpose", width, a, perm=[1, 0]), perm=[1, 0]),
        lambda: add("Reshape", width, a, np.array([-1, width])),
        lambda: add("Cast", width, add("Equal", width, a, other), to=TensorProto.FLOAT),
    ]
    made = recipes[int(random.integers(len(recipes)))]()
    return add("Tanh", program.widths[made], made) if program.code[made - 1].op == "Mul" else made


def plain_graph(program: Program) -> onnx.ModelProto:
    """The uncut program as an ONNX graph, written without our recorder or compiler."""
    nodes, constants = [], []
    for at, step in enumerate(program.code, start=1):
        names = []
        for place, value in enumerate(step.inputs):
            if isinstance(value, int):
                names.append(f"v{value}")
            else:
                names.append(f"c{at}_{place}")
                constants.append(numpy_helper.from_array(np.asarray(value), names[-1]))
        nodes.append(helper.make_node(step.op, names, [f"v{at}"], **step.attributes))
    out = ["N", program.widths[-1]]
    graph = helper.make_graph(
        nodes,
        "uncut",
        [helper.make_tensor_value_info("v0", TensorProto.FLOAT, ["N", program.widths[0]])],
        [helper.make_tensor_value_info(f"v{len(program.code)}", TensorProto.FLOAT, out)],
        constants,
    )
    made = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)])
    onnx.checker.check_model(made, full_check=True)
    return made


class TwoMachines(bb.Module):
    """The program with its first part on ``left`` and the rest on ``right``."""

    right = bb.PeerSelectorSlot()

    def __init__(self, program: Program) -> None:
        self.program = program

    def body(self, g: bb.Graph) -> None:
        values: dict[int, bb.Output] = {}
        with g.on("left"):
            values[0] = g.input("x", bb.f32["N", self.program.widths[0]])
            self._record(values, machine=0)
            to = self.right.view()
            sent = {
                v: g.net_out(f"v{v}", values[v], to=to, at="right") for v in self.program.crossing()
            }
        with g.on("right"):
            self._record(sent, machine=1)
            g.output("y", sent[len(self.program.code)])

    def _record(self, values: dict[int, Any], *, machine: int) -> None:
        for at, step in enumerate(self.program.code, start=1):
            if step.machine == machine:
                given = [values[v] if isinstance(v, int) else v for v in step.inputs]
                values[at] = _apply(step, given)


def _apply(step: Instruction, given: list[Any]) -> bb.Output:
    """Records one instruction through the public operators."""
    ops, kept = bb.ops, dict(step.attributes)
    special: dict[str, Callable[[], bb.Output]] = {
        "Gemm": lambda: ops.gemm(*given, trans_b=bool(kept["transB"])),
        "ReduceSum": lambda: ops.reduce_sum(given[0], axes=[1]),
        "ReduceMean": lambda: ops.reduce_mean(given[0], axes=[1]),
        "ReduceMax": lambda: ops.reduce_max(given[0], axes=[1]),
        "Slice": lambda: ops.slice(
            given[0], starts=given[1].tolist(), ends=given[2].tolist(), axes=given[3].tolist()
        ),
        "LogSoftmax": lambda: ops.log_softmax(given[0], **kept),
        "Reshape": lambda: ops.reshape(given[0], given[1].tolist()),
        "Cast": lambda: ops.cast(given[0], to="float32"),
    }
    if step.op in special:
        return special[step.op]()
    made: bb.Output = getattr(ops, step.op.lower())(*given, **kept)
    return made
