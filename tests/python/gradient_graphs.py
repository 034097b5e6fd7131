"""Random small ONNX functions, evaluated while they grow, for the gradient tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

__all__ = ["BATCH", "DOMAIN", "RECIPES", "RandomGraph", "model_of"]

BATCH = 7  # the value of the symbol N; no other dimension has it
DOMAIN = "ai.bytesandbrains.region"
LARGEST = 200  # elements of an operand
MOST = 30.0  # absolute value of anything to be differentiated numerically
OPSETS = [helper.make_opsetid("", 18)]

Array = NDArray[Any]
Dim = int | str


def model_of(
    inputs: dict[str, tuple[int, list[Dim]]], nodes: list[NodeProto], outputs: list[str]
) -> ModelProto:
    """A model that holds one function named ``f``."""
    function = helper.make_function(DOMAIN, "f", list(inputs), outputs, nodes, OPSETS)
    for name, (dtype, shape) in inputs.items():
        function.value_info.append(helper.make_tensor_value_info(name, dtype, shape))
    graph = helper.make_graph([], "empty", [], [])
    opsets = [*OPSETS, helper.make_opsetid(DOMAIN, 1)]
    return helper.make_model(graph, functions=[function], opset_imports=opsets, ir_version=10)


class RandomGraph:
    """A function under construction and the value of everything in it."""

    def __init__(self, random: np.random.Generator) -> None:
        self.random = random
        self.declared: dict[str, tuple[int, list[Dim]]] = {}
        self.inputs: dict[str, Array] = {}
        self.nodes: list[NodeProto] = []
        self.values: dict[str, Array] = {}
        self.floats: list[str] = []
        self.opaque: set[str] = set()  # sizes derived from N: not broadcast with others
        self.rounded = False  # float32 arithmetic happens somewhere
        shapes: list[list[Dim]] = [["N", 4], [4], ["N", 1], [2, 4, 3]]
        for shape in shapes:
            self.input(shape)

    def mark(self) -> tuple[int, int, int, bool]:
        """A state to return to."""
        return len(self.nodes), len(self.floats), len(self.inputs), self.rounded

    def rewind(self, mark: tuple[int, int, int, bool]) -> None:
        """Forgets what was added since the mark."""
        for node in self.nodes[mark[0] :]:
            for name in node.output:
                self.values.pop(name, None)
        for name in list(self.inputs)[mark[2] :]:
            del self.inputs[name], self.declared[name], self.values[name]
        del self.nodes[mark[0] :], self.floats[mark[1] :]
        self.rounded = mark[3]

    def below(self, count: int) -> int:
        return int(self.random.integers(count))

    def one_of(self, options: list[Any]) -> Any:
        return options[self.below(len(options))]

    def chance(self, percent: int = 50) -> bool:
        return self.below(100) < percent

    def shape(self, name: str) -> tuple[int, ...]:
        return self.values[name].shape

    def declare(self, name: str) -> list[Dim]:
        return ["N" if size == BATCH else size for size in self.shape(name)]

    def _add_input(self, array: Array, shape: list[Dim]) -> str:
        name = f"in{len(self.inputs)}"
        self.declared[name] = (helper.np_dtype_to_tensor_dtype(array.dtype), shape)
        self.inputs[name] = self.values[name] = array
        return name

    def input(self, shape: list[Dim], low: float = -1, high: float = 1) -> str:
        sizes = [BATCH if size == "N" else int(size) for size in shape]
        name = self._add_input(np.asarray(self.random.uniform(low, high, sizes)), shape)
        self.floats.append(name)
        return name

    def single_input(self, shape: list[Dim]) -> str:
        """A float32 input on a coarse grid, so that small steps are exact."""
        sizes = [BATCH if size == "N" else int(size) for size in shape]
        grid = self.random.integers(-1000, 1000, sizes) / 1024
        return self._add_input(grid.astype(np.float32), shape)

    def labels(self, shape: list[Dim], high: int) -> str:
        sizes = [BATCH if size == "N" else int(size) for size in shape]
        return self._add_input(np.asarray(self.random.integers(0, high, sizes)), shape)

    def constant(self, value: Any) -> str:
        return self.node("Constant", [], value=numpy_helper.from_array(np.asarray(value)))

    def node(self, op: str, inputs: list[str], outputs: int = 1, **attributes: Any) -> str:
        first = f"v{len(self.nodes)}"
        names = [first, first + "b"][:outputs]
        made = helper.make_node(op, inputs, names, **attributes)
        known = [name for name in inputs if name]
        one = helper.make_function("", op, known, names, [made], OPSETS)
        feeds = {name: self.values[name] for name in known}
        results = ReferenceEvaluator(one).run(None, feeds, attributes={})
        self.nodes.append(made)
        derives = op in ("Reshape", "Flatten", "Concat", "Slice")
        for name, result in zip(names, results, strict=True):
            self.values[name] = np.asarray(result)
            sized = any(BATCH in self.shape(known_name) for known_name in known)
            if any(known_name in self.opaque for known_name in known) or (derives and sized):
                self.opaque.add(name)
            else:
                self.opaque.discard(name)
        return first

    def offer(self, name: str) -> None:
        if self.values[name].dtype == np.float64:
            self.floats.append(name)

    def pick(self, fits: Callable[[str], bool] = lambda name: True) -> str | None:
        options = [n for n in self.floats if fits(n) and self.values[n].size <= LARGEST]
        return self.one_of(options) if options else None

    def pick_rank(self, least: int, most: int = 3, plain: bool = False) -> str | None:
        return self.pick(
            lambda n: least <= self.values[n].ndim <= most and not (plain and n in self.opaque)
        )

    def pick_compatible(self, other: str) -> str:
        def fits(name: str) -> bool:
            if name == other:
                return True
            if name in self.opaque or other in self.opaque:
                return False
            pairs = zip(self.shape(name)[::-1], self.shape(other)[::-1], strict=False)
            return all(a == b or 1 in (a, b) for a, b in pairs)

        picked = self.pick(fits)
        return other if picked is None else picked

    def positive(self, name: str) -> str:
        return self.node("Add", [self.node("Sigmoid", [name]), self.constant(0.5)])

    def sound(self) -> bool:
        """Whether everything is small, finite and not empty."""
        return all(
            self.values[n].size > 0
            and bool(np.all(np.abs(self.values[n]) < MOST))
            and (n in self.opaque or self.static_sizes_differ_from_batch(n))
            for n in self.floats
        )

    def static_sizes_differ_from_batch(self, name: str) -> bool:
        made_by_concat = any(
            node.op_type == "Concat" and name in node.output for node in self.nodes
        )
        return not (made_by_concat and BATCH in self.shape(name))

    def total(self) -> str:
        """Adds up the mean square of every value nobody uses."""
        used = {name for node in self.nodes for name in node.input}
        total = ""
        for name in [n for n in self.floats if n not in used]:
            term = self.node("Mul", [name, name])
            if self.values[name].ndim:
                term = self.node("ReduceMean", [term], keepdims=0)
            total = self.node("Add", [total, term]) if total else term
        return total

    def model(self, output: str) -> bytes:
        return bytes(model_of(self.declared, self.nodes, [output]).SerializeToString())


def grow_unary(g: RandomGraph, op: str) -> bool:
    g.offer(g.node(op, [g.pick() or ""]))
    return True


def grow_positive(g: RandomGraph, op: str) -> bool:
    g.offer(g.node(op, [g.positive(g.pick() or "")]))
    return True


def grow_binary(g: RandomGraph, op: str) -> bool:
    a = g.pick() or ""
    b = g.pick_compatible(a)
    g.offer(g.node(op, [a, g.positive(b) if op == "Div" else b]))
    return True


def grow_variadic(g: RandomGraph, op: str) -> bool:
    a = g.pick() or ""
    b = g.pick_compatible(a)
    operands = [[a, b], [b, a]]
    if g.shape(a) == g.shape(b):
        operands += [[a], [a, b, a]]
    g.offer(g.node(op, g.one_of(operands)))
    return True


def grow_pow(g: RandomGraph, op: str) -> bool:
    x = g.pick() or ""
    if g.chance():
        g.offer(g.node(op, [x, g.constant(g.one_of([0.0, 1.0, 2.0, 3.0]))]))
    else:
        exponent = g.constant(np.float64(g.random.uniform(-2, 2)))
        g.offer(g.node(op, [g.positive(x), exponent]))
    return True


def grow_matmul(g: RandomGraph, op: str) -> bool:
    x = g.pick_rank(1, plain=True)
    if x is None:
        return False
    dims = g.declare(x)
    n = g.one_of([1, 2, 3])
    left = g.chance()
    inner = dims[-1] if left or len(dims) == 1 else dims[-2]
    other: list[Dim] = [inner] if g.chance(20) else ([inner, n] if left else [n, inner])
    if len(other) == 2 and g.chance(30):
        batch = g.one_of([dims[0], 1]) if len(dims) == 3 else g.one_of([1, 2])
        other = [batch, *other]
    y = g.input(other, -0.7, 0.7)
    g.offer(g.node(op, [x, y] if left else [y, x]))
    return True


def grow_gemm(g: RandomGraph, op: str) -> bool:
    x = g.pick_rank(2, 2, plain=True)
    if x is None:
        return False
    left, trans_a, trans_b = g.chance(), g.chance(), g.chance()
    inner_first = trans_a if left else not trans_b
    inner, kept = g.declare(x) if inner_first else g.declare(x)[::-1]
    n = g.one_of([2, 3])
    other_inner_first = not trans_b if left else trans_a
    other = g.input([inner, n] if other_inner_first else [n, inner], -0.7, 0.7)
    rows, columns = (kept, n) if left else (n, kept)
    operands = [x, other] if left else [other, x]
    if g.chance(75):
        bias = [[columns], [1], [rows, 1], [rows, columns], [], [1, columns]]
        operands.append(g.input(g.one_of(bias)))
    alpha, beta = g.one_of([1.0, 0.5]), g.one_of([1.0, 2.0])
    g.offer(g.node(op, operands, alpha=alpha, beta=beta, transA=int(trans_a), transB=int(trans_b)))
    return True


def any_axis(g: RandomGraph, rank: int) -> int:
    return g.below(2 * rank) - rank


def some_axes(g: RandomGraph, rank: int) -> list[int]:
    return [axis - rank * g.chance() for axis in range(rank) if g.chance()]


def grow_softmax(g: RandomGraph, op: str) -> bool:
    x = g.pick_rank(1) or ""
    g.offer(g.node(op, [x], axis=any_axis(g, g.values[x].ndim)))
    return True


def grow_reduce(g: RandomGraph, op: str) -> bool:
    x = g.pick_rank(1) or ""
    axes = some_axes(g, g.values[x].ndim) or [0]
    operands = [x, g.constant(np.array(axes, np.int64))] if g.chance(80) else [x]
    g.offer(g.node(op, operands, keepdims=g.below(2)))
    return True


def grow_transpose(g: RandomGraph, op: str) -> bool:
    x = g.pick_rank(1) or ""
    perm = [int(axis) for axis in g.random.permutation(g.values[x].ndim)]
    g.offer(g.node(op, [x], perm=perm) if g.chance() else g.node(op, [x]))
    return True


def grow_reshape(g: RandomGraph, op: str) -> bool:
    x = g.pick_rank(1, plain=True) or ""
    targets: list[list[int]] = [[-1]]
    if g.values[x].ndim > 1:
        targets.append([0, -1])
    if g.shape(x)[-1] == 4:
        targets += [[-1, 2, 2], [-1, 4]]
    g.offer(g.node(op, [x, g.constant(np.array(g.one_of(targets), np.int64))]))
    return True


def grow_flatten(g: RandomGraph, op: str) -> bool:
    x = g.pick_rank(1) or ""
    g.offer(g.node(op, [x], axis=any_axis(g, g.values[x].ndim)))
    return True


def grow_squeeze(g: RandomGraph, op: str) -> bool:
    x = g.pick() or ""
    axis = g.constant(np.array([any_axis(g, g.values[x].ndim + 1)], np.int64))
    wide = g.node("Relu", [g.node("Unsqueeze", [x, axis])])
    g.offer(g.node(op, [wide, axis]))
    return True


def grow_unsqueeze(g: RandomGraph, op: str) -> bool:
    x = g.pick_rank(0, 2) or ""
    axes = [any_axis(g, g.values[x].ndim + 1)] if g.chance() else [0, -1]
    g.offer(g.node(op, [x, g.constant(np.array(axes, np.int64))]))
    return True


def grow_concat(g: RandomGraph, op: str) -> bool:
    x = g.pick_rank(1) or ""
    axis = any_axis(g, g.values[x].ndim)
    parts = [x, x]
    if x not in g.opaque:
        dims = g.declare(x)
        dims[axis] = 2
        parts = g.one_of([[x, x], [x, g.input(dims)], [g.input(dims), x, x]])
    g.offer(g.node(op, parts, axis=axis))
    return True


def grow_slice(g: RandomGraph, op: str) -> bool:
    x = g.pick_rank(1) or ""
    axes = some_axes(g, g.values[x].ndim) or [0]
    starts, ends, steps = [], [], []
    for _ in axes:
        forward = g.chance(65)
        starts.append(g.one_of([0, 0, 1, -2, -100] if forward else [100, -1, 2]))
        ends.append(g.one_of([2, 3, 100, -1] if forward else [-100, 0]))
        steps.append(g.one_of([1, 1, 2, 3]) * (1 if forward else -1))
    lists = [starts, ends, axes, steps]
    if all(step == 1 for step in steps):
        lists.pop()
    g.offer(g.node(op, [x, *(g.constant(np.array(v, np.int64)) for v in lists)]))
    return True


def grow_gather(g: RandomGraph, op: str) -> bool:
    x = g.pick_rank(1, plain=True) or ""
    axis = any_axis(g, g.values[x].ndim)
    size = g.shape(x)[axis]
    if g.chance():
        indices = g.labels(g.one_of([[], [3], ["N"], [2, 2]]), size)
    else:
        indices = g.constant(g.one_of([np.int64(-1), np.array([0, size - 1, 0], np.int64)]))
    g.offer(g.node(op, [x, indices], axis=axis))
    return True


def grow_where(g: RandomGraph, op: str) -> bool:
    x = g.pick() or ""
    y = g.pick_compatible(x)
    bound = g.constant(np.float64(g.random.uniform(-0.5, 0.5)))
    test = g.node(g.one_of(["Greater", "Less"]), [g.one_of([x, y]), bound])
    g.offer(g.node(op, [test, x, y]))
    return True


def grow_cast(g: RandomGraph, op: str) -> bool:
    if g.chance():
        x = g.single_input(g.one_of([["N", 4], [4], [3]]))
    else:
        x = g.node("Tanh", [g.node(op, [g.pick() or ""], to=TensorProto.FLOAT)])
        g.rounded = True
    g.offer(g.node(op, [x], to=TensorProto.DOUBLE))
    return True


def grow_expand(g: RandomGraph, op: str) -> bool:
    x = g.pick_rank(0, 2, plain=True) or ""
    target = [3 if size == 1 and g.chance() else 1 for size in g.shape(x)]
    g.offer(g.node(op, [x, g.constant(np.array([2, *target], np.int64))]))
    return True


def grow_loss(g: RandomGraph, op: str) -> bool:
    x = g.pick_rank(2, 2, plain=True)
    if x is None or g.shape(x)[1] < 2 or g.shape(x)[1] == BATCH:
        x = "in0"
    classes = g.shape(x)[1]
    labels = g.labels(g.declare(x)[:1], classes)
    outputs = g.one_of([1, 2])
    loss = g.node(op, [x, labels], outputs, reduction=g.one_of(["mean", "sum", "mean"]))
    g.offer(loss)
    if outputs == 2 and g.chance():
        g.offer(loss + "b")
    return True


def grow_stop(g: RandomGraph, op: str) -> bool:
    """A value without gradient that goes on into float arithmetic."""
    x = g.pick_rank(1) or ""
    if op == "ArgMax":
        y = g.node(op, [x], axis=any_axis(g, g.values[x].ndim))
    elif op == "Shape":
        y = g.node(op, [x])
    else:
        y = g.node(op, [x, g.pick_compatible(x)])
    g.offer(g.node("Cast", [y], to=TensorProto.DOUBLE))
    return True


RECIPES: dict[str, Callable[[RandomGraph, str], bool]] = {
    **dict.fromkeys(["Abs", "Exp", "Identity", "Neg", "Relu", "Sigmoid", "Tanh"], grow_unary),
    **dict.fromkeys(["Log", "Sqrt"], grow_positive),
    **dict.fromkeys(["Add", "Div", "Mul", "Sub"], grow_binary),
    **dict.fromkeys(["Max", "Min", "Sum"], grow_variadic),
    **dict.fromkeys(["ArgMax", "Equal", "Greater", "Less", "Shape"], grow_stop),
    **dict.fromkeys(["LogSoftmax", "Softmax"], grow_softmax),
    **dict.fromkeys(["ReduceMax", "ReduceMean", "ReduceSum"], grow_reduce),
    "Cast": grow_cast,
    "Concat": grow_concat,
    "Expand": grow_expand,
    "Flatten": grow_flatten,
    "Gather": grow_gather,
    "Gemm": grow_gemm,
    "MatMul": grow_matmul,
    "Pow": grow_pow,
    "Reshape": grow_reshape,
    "Slice": grow_slice,
    "SoftmaxCrossEntropyLoss": grow_loss,
    "Squeeze": grow_squeeze,
    "Transpose": grow_transpose,
    "Unsqueeze": grow_unsqueeze,
    "Where": grow_where,
}
