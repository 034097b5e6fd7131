"""Gradients made by the compiler and run by the backend, against differences, onnx and torch."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from gradient_graphs import DOMAIN, RECIPES, Array, RandomGraph, model_of
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from bytesandbrains import _core as core

RULES = Path(__file__).parents[2] / "src/cpp/bb/compiler/gradients.def"
HITS_PER_RULE = 100
GRAPHS = 400
STEPS = [2.0**-10, 2.0**-13, 2.0**-17, 2.0**-20, 2.0**-7]


def rules() -> list[str]:
    return re.findall(r"^BB_GRADIENT\((\w+)", RULES.read_text(), re.MULTILINE)


def run(model: bytes, inputs: list[Array]) -> list[Array]:
    return [np.asarray(out) for out in core.run_function(model, DOMAIN, "f", inputs)]


def differentiate(model: bytes, output: str, wrt: list[str]) -> bytes:
    made: bytes = core.differentiate(model, DOMAIN, "f", output, wrt)
    return made


def by_reference(model: bytes, inputs: dict[str, Array]) -> list[Array]:
    function = onnx.load_from_string(model).functions[0]
    return [np.asarray(x) for x in ReferenceEvaluator(function).run(None, inputs, attributes={})]


def rules_applied(graph: RandomGraph, output: str, known: set[str]) -> Counter[str]:
    """The nodes through which a gradient flows from ``output`` to a float input."""
    floats = {name for name, value in graph.values.items() if value.dtype.kind == "f"}
    reached = floats & set(graph.inputs)
    for node in graph.nodes:
        if node.op_type in known and reached & set(node.input):
            reached |= floats & set(node.output)
    needed, hits = {output}, Counter[str]()
    for node in reversed(graph.nodes):
        if node.op_type in known and needed & set(node.output):
            needed |= floats & set(node.input)
            hits[node.op_type] += bool(reached & set(node.input))
    return hits


def difference(model: bytes, feeds: dict[str, Array], name: str, way: Array, step: float) -> float:
    """The slope along ``way`` from four points; the error is step⁴, and rounding / step."""

    def at(steps: int) -> float:
        array = np.asarray(feeds[name] + steps * step * way, feeds[name].dtype)
        moved = feeds | {name: array}
        return float(run(model, list(moved.values()))[0])

    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * step)


def assert_slope(model: bytes, graph: RandomGraph, name: str, gradient: Array) -> None:
    """Smaller steps are tried next, since a kink among the points spoils a difference."""
    way = np.asarray(graph.random.choice([-1.0, 1.0], gradient.shape))
    slope = float(np.sum(way * gradient))
    tolerance = (2e-3 if graph.rounded else 1e-5) * (1 + abs(slope))
    found = []
    for step in STEPS:
        found.append(difference(model, graph.inputs, name, way, step))
        if abs(found[-1] - slope) <= tolerance:
            return
    pytest.fail(f"{name}: slope {slope}, differences {found}\n{graph.nodes}")


def grown(random: np.random.Generator, used: Counter[str]) -> RandomGraph:
    """A graph of 8 to 20 operators, rarer ones first, not counting those that fit operands."""
    graph = RandomGraph(random)
    left = 8 + graph.below(13)
    while left:
        draws = [graph.one_of(list(RECIPES)) for _ in range(3)]
        op = min(draws, key=lambda name: used[name])
        mark = graph.mark()
        if RECIPES[op](graph, op) and graph.sound():
            left -= 1
            used[op] += 1
        else:
            graph.rewind(mark)
    return graph


def check_graph(graph: RandomGraph, output: str) -> None:
    model = graph.model(output)
    wrt = [name for name, value in graph.inputs.items() if value.dtype.kind == "f"]
    gradient_model = differentiate(model, output, wrt)
    results = run(gradient_model, list(graph.inputs.values()))
    expected = by_reference(gradient_model, graph.inputs)
    scale = 1e-4 if graph.rounded else 1e-9
    for name, result, reference in zip([output, *wrt], results, expected, strict=True):
        assert result.dtype == graph.values[name].dtype
        assert result.shape == graph.values[name].shape
        single = result.dtype == np.float32
        tolerance = max(scale, 1e-5) if single else scale
        np.testing.assert_allclose(result, reference, rtol=tolerance, atol=tolerance)
    for name, gradient in zip(wrt, results[1:], strict=True):
        assert_slope(model, graph, name, gradient)


def test_random_graphs_agree_with_central_differences_and_onnx() -> None:
    random = np.random.default_rng(7)
    known = set(rules())
    hits, used = Counter[str](), Counter[str]()
    for _ in range(GRAPHS):
        graph = grown(random, used)
        output = graph.total()
        hits += rules_applied(graph, output, known)
        check_graph(graph, output)
    assert {op: hits[op] for op in known if hits[op] < HITS_PER_RULE} == {}


def mlp_model(sizes: list[int], fused: bool) -> tuple[bytes, list[str]]:
    """Layers of ``sizes`` with relu between, softmax cross-entropy at the end."""
    nodes, names, x = [], [], "x"
    inputs: dict[str, tuple[int, list[int | str]]] = {
        "x": (TensorProto.FLOAT, ["N", sizes[0]]),
        "labels": (TensorProto.INT64, ["N"]),
    }
    for i, (wide, high) in enumerate(pairwise(sizes)):
        inputs[f"w{i}"] = (TensorProto.FLOAT, [wide, high])
        inputs[f"b{i}"] = (TensorProto.FLOAT, [high])
        names += [f"w{i}", f"b{i}"]
        if fused:
            nodes.append(helper.make_node("Gemm", [x, f"w{i}", f"b{i}"], [f"z{i}"]))
        else:
            nodes.append(helper.make_node("MatMul", [x, f"w{i}"], [f"p{i}"]))
            nodes.append(helper.make_node("Add", [f"p{i}", f"b{i}"], [f"z{i}"]))
        x = f"z{i}"
        if i + 2 < len(sizes):
            nodes.append(helper.make_node("Relu", [x], [f"h{i}"]))
            x = f"h{i}"
    nodes.append(helper.make_node("SoftmaxCrossEntropyLoss", [x, "labels"], ["loss"]))
    return model_of(inputs, nodes, ["loss"]).SerializeToString(), names


def torch_gradients(torch: Any, arrays: list[Array]) -> list[Array]:
    x, labels, *values = (torch.from_numpy(array) for array in arrays)
    for value in values:
        value.requires_grad_()
    for i in range(0, len(values), 2):
        x = x @ values[i] + values[i + 1]
        if i + 2 < len(values):
            x = torch.relu(x)
    loss = torch.nn.functional.cross_entropy(x, labels)
    loss.backward()
    return [loss.detach().numpy(), *(value.grad.numpy() for value in values)]


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("batch", [1, 32])
def test_mlp_gradients_agree_with_torch(fused: bool, batch: int) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    random = np.random.default_rng(batch)
    sizes = [64, 48, 32, 10]
    model, names = mlp_model(sizes, fused)
    arrays: list[Array] = [
        random.standard_normal((batch, sizes[0])).astype(np.float32),
        random.integers(0, sizes[-1], batch),
    ]
    for wide, high in pairwise(sizes):
        scale = np.sqrt(2 / wide)
        arrays.append((scale * random.standard_normal((wide, high))).astype(np.float32))
        arrays.append(random.standard_normal(high).astype(np.float32))
    ours = run(differentiate(model, "loss", names), arrays)
    for mine, theirs in zip(ours, torch_gradients(torch, arrays), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-5)
