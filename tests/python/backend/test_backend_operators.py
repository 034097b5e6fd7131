"""Every operator of the CPU backend against onnxruntime, and the memory plan's hard cases."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from bytesandbrains import DataError, InstallError, _core

ort = pytest.importorskip("onnxruntime")

DTYPES = {
    np.dtype(np.float32): TensorProto.FLOAT,
    np.dtype(np.float64): TensorProto.DOUBLE,
    np.dtype(np.int64): TensorProto.INT64,
    np.dtype(np.int32): TensorProto.INT32,
    np.dtype(np.bool_): TensorProto.BOOL,
}
Array = NDArray[Any]
Constants = dict[str, Array]


def _constant_nodes(constants: Constants) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Constant", [], [name], value=numpy_helper.from_array(np.asarray(value)))
        for name, value in constants.items()
    ]


def run_ours(
    nodes: list[onnx.NodeProto], inputs: dict[str, Array], outputs: list[str], constants: Constants
) -> list[Array]:
    function = helper.make_function(
        "ai.bytesandbrains.region",
        "f",
        list(inputs),
        outputs,
        [*_constant_nodes(constants), *nodes],
        [helper.make_opsetid("", 18)],
    )
    for name, value in inputs.items():
        function.value_info.append(
            helper.make_tensor_value_info(name, DTYPES[value.dtype], value.shape)
        )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.bytesandbrains.region", 1)]
    model = helper.make_model(
        helper.make_graph([], "g", [], []),
        opset_imports=opsets,
        functions=[function],
        ir_version=10,
    )
    data = model.SerializeToString(deterministic=True)
    return _core.run_function(data, "ai.bytesandbrains.region", "f", list(inputs.values()))


def run_theirs(
    nodes: list[onnx.NodeProto], inputs: dict[str, Array], outputs: list[str], constants: Constants
) -> list[Array]:
    graph = helper.make_graph(
        [*_constant_nodes(constants), *nodes],
        "g",
        [helper.make_tensor_value_info(n, DTYPES[v.dtype], v.shape) for n, v in inputs.items()],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    session = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return list(session.run(outputs, inputs))


def compare(
    nodes: list[onnx.NodeProto],
    inputs: dict[str, Array],
    outputs: list[str],
    constants: Constants | None = None,
    tolerance: float = 1e-5,
) -> None:
    before = {name: value.copy() for name, value in inputs.items()}
    ours = run_ours(nodes, inputs, outputs, constants or {})
    theirs = run_theirs(nodes, inputs, outputs, constants or {})
    for mine, reference in zip(ours, theirs, strict=True):
        assert mine.dtype == reference.dtype
        assert mine.shape == reference.shape
        np.testing.assert_allclose(mine, reference, rtol=tolerance, atol=tolerance)
    for name, value in inputs.items():
        np.testing.assert_array_equal(value, before[name])


def floats(*shape: int, dtype: type = np.float32, seed: int = 0, positive: bool = False) -> Array:
    x = np.asarray(np.random.default_rng([seed, *shape]).standard_normal(shape), dtype)
    return np.asarray(np.abs(x) + dtype(0.1) if positive else x)


UNARY = ["Neg", "Abs", "Exp", "Sqrt", "Log", "Relu", "Tanh", "Sigmoid", "Reciprocal", "Identity"]
SHAPES = [(), (1,), (7,), (3, 5), (2, 3, 4), (0, 3)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("op", UNARY)
def test_unary(op: str, shape: tuple[int, ...], dtype: type) -> None:
    x = floats(*shape, dtype=dtype, positive=True)
    compare([helper.make_node(op, ["x"], ["y"])], {"x": x}, ["y"])


BROADCASTS = [
    ((3, 5), (3, 5)),
    ((3, 5), (5,)),
    ((3, 5), (3, 1)),
    ((3, 5), ()),
    ((1,), (4, 1)),
    ((2, 1, 4, 1), (3, 1, 5)),
    ((2, 3, 4, 5), (2, 1, 4, 1)),
    ((0, 3), (1, 3)),
    ((1, 6), (4, 1)),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shapes", BROADCASTS, ids=str)
@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Div", "Greater", "Less", "Equal", "Max"])
def test_binary_broadcasts(op: str, shapes: tuple[Any, Any], dtype: type) -> None:
    a, b = floats(*shapes[0], dtype=dtype), floats(*shapes[1], dtype=dtype, seed=1)
    compare([helper.make_node(op, ["a", "b"], ["y"])], {"a": a, "b": b}, ["y"])
    compare([helper.make_node(op, ["b", "a"], ["y"])], {"a": a, "b": b}, ["y"])


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Greater", "Equal"])
def test_integers(op: str) -> None:
    a = np.array([[1, -5, 7], [0, 2, 2**40]])
    compare([helper.make_node(op, ["a", "b"], ["y"])], {"a": a, "b": np.array([2, -5, 3])}, ["y"])


@pytest.mark.parametrize("shapes", [((2, 1), (2, 3), (3,)), ((4,), (), (2, 4))], ids=str)
def test_where(shapes: tuple[Any, Any, Any]) -> None:
    c = floats(*shapes[0]) > 0
    inputs = {"c": c, "a": floats(*shapes[1], seed=1), "b": floats(*shapes[2], seed=2)}
    compare([helper.make_node("Where", ["c", "a", "b"], ["y"])], inputs, ["y"])


MATMULS = [((3, 4), (4, 5)), ((4,), (4, 5)), ((3, 4), (4,)), ((2, 3, 4), (4, 5)), ((4,), (4,)),
           ((2, 1, 3, 4), (5, 4, 2)), ((1, 4), (4, 1)), ((33, 17), (17, 65))]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shapes", MATMULS, ids=str)
def test_matmul(shapes: tuple[Any, Any], dtype: type) -> None:
    a, b = floats(*shapes[0], dtype=dtype), floats(*shapes[1], dtype=dtype, seed=1)
    compare([helper.make_node("MatMul", ["a", "b"], ["y"])], {"a": a, "b": b}, ["y"])


@pytest.mark.parametrize("c", [None, (), (5,), (3, 1), (3, 5), (1, 5)], ids=str)
@pytest.mark.parametrize("alpha, beta", [(1.0, 1.0), (0.5, 2.0), (2.0, 0.0)])
@pytest.mark.parametrize("trans_a", [0, 1])
@pytest.mark.parametrize("trans_b", [0, 1])
def test_gemm(c: Any, alpha: float, beta: float, trans_a: int, trans_b: int) -> None:
    inputs = {
        "a": floats(*((4, 3) if trans_a else (3, 4))),
        "b": floats(*((5, 4) if trans_b else (4, 5)), seed=1),
    }
    if c is not None:
        inputs["c"] = floats(*c, seed=2)
    node = helper.make_node(
        "Gemm", list(inputs), ["y"], alpha=alpha, beta=beta, transA=trans_a, transB=trans_b
    )
    compare([node], inputs, ["y"])


@pytest.mark.parametrize("axes", [None, [0], [1], [-1], [0, 2], [1, 2], [0, 1, 2]], ids=str)
@pytest.mark.parametrize("keep", [0, 1])
@pytest.mark.parametrize("op", ["ReduceSum", "ReduceMean", "ReduceMax"])
def test_reductions(op: str, axes: list[int] | None, keep: int) -> None:
    names = ["x"] if axes is None else ["x", "axes"]
    constants = {} if axes is None else {"axes": np.array(axes)}
    node = helper.make_node(op, names, ["y"], keepdims=keep)
    compare([node], {"x": floats(3, 4, 5)}, ["y"], constants)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax", "ArgMax"])
def test_along_an_axis(op: str, axis: int) -> None:
    compare([helper.make_node(op, ["x"], ["y"], axis=axis)], {"x": floats(3, 4, 5)}, ["y"])


@pytest.mark.parametrize("perm", [None, [0, 1, 2], [2, 0, 1], [1, 0, 2], [0, 2, 1]], ids=str)
def test_transpose(perm: list[int] | None) -> None:
    extra = {} if perm is None else {"perm": perm}
    compare([helper.make_node("Transpose", ["x"], ["y"], **extra)], {"x": floats(2, 3, 4)}, ["y"])


SLICES = [
    ([1], [3], [0], [1]),
    ([0], [100], [1], [2]),
    ([-1], [-100], [1], [-1]),
    ([1, -3], [4, -1], [0, 1], [1, 1]),
    ([2], [2], [0], [1]),
    ([3], [0], [0], [-2]),
    ([0, 0], [4, 5], [0, 1], [1, 1]),
]


@pytest.mark.parametrize("starts, ends, axes, steps", SLICES)
def test_slice(starts: Any, ends: Any, axes: Any, steps: Any) -> None:
    constants = {"s": np.array(starts), "e": np.array(ends), "a": np.array(axes),
                 "t": np.array(steps)}  # fmt: skip
    nodes = [
        helper.make_node("Slice", ["x", "s", "e", "a", "t"], ["v"]),
        helper.make_node("Neg", ["v"], ["y"]),
    ]
    compare(nodes, {"x": floats(4, 5)}, ["v", "y"], constants)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_concat(axis: int) -> None:
    inputs = {"a": floats(2, 3), "b": floats(2, 3, seed=1)}
    compare([helper.make_node("Concat", ["a", "b", "a"], ["y"], axis=axis)], inputs, ["y"])


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("index", [[0, 2, 1], [[1, 0], [2, -1]], 1], ids=str)
def test_gather(axis: int, index: Any) -> None:
    inputs = {"x": floats(3, 4), "i": np.array(index)}
    compare([helper.make_node("Gather", ["x", "i"], ["y"], axis=axis)], inputs, ["y"])


@pytest.mark.parametrize("reduction", ["none", "add"])
def test_scatter(reduction: str) -> None:
    inputs = {"x": floats(4, 3), "i": np.array([[0, 1, 2], [3, 1, 0]]), "u": floats(2, 3, seed=1)}
    node = helper.make_node("ScatterElements", ["x", "i", "u"], ["y"], axis=0, reduction=reduction)
    compare([node], inputs, ["y"])
    inputs = {"x": floats(4, 3), "i": np.array([[1], [3]]), "u": floats(2, 3, seed=1)}
    compare([helper.make_node("ScatterND", ["x", "i", "u"], ["y"], reduction=reduction)], inputs,
            ["y"])  # fmt: skip


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_one_hot(axis: int) -> None:
    constants = {"d": np.array(4), "v": np.array([0.0, 2.5], np.float32)}
    node = helper.make_node("OneHot", ["i", "d", "v"], ["y"], axis=axis)
    compare([node], {"i": np.array([3, 0, 1])}, ["y"], constants)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy(reduction: str, dtype: type) -> None:
    inputs = {"x": floats(6, 4, dtype=dtype), "y": np.array([0, 3, 2, 1, 1, 0])}
    node = helper.make_node("SoftmaxCrossEntropyLoss", ["x", "y"], ["l", "p"], reduction=reduction)
    compare([node], inputs, ["l", "p"])


def test_expand_shapes_and_casts() -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Expand", ["r", "s"], ["e"]),
        helper.make_node("Add", ["x", "e"], ["y"]),
        helper.make_node("Cast", ["y"], ["z"], to=TensorProto.INT64),
        helper.make_node("Flatten", ["y"], ["f"], axis=1),
        helper.make_node("Unsqueeze", ["f", "one"], ["u"]),
        helper.make_node("Squeeze", ["u", "one"], ["q"]),
    ]
    inputs = {"x": floats(2, 3, 2), "r": floats(2, seed=1)}
    compare(nodes, inputs, ["e", "y", "z", "f", "u", "q"], {"one": np.array([1])})


def test_pieces_of_a_concat_that_others_read_too() -> None:
    nodes = [
        helper.make_node("Neg", ["a"], ["p"]),
        helper.make_node("Exp", ["a"], ["q"]),
        helper.make_node("Concat", ["p", "q", "p", "k"], ["c"], axis=0),
        helper.make_node("Mul", ["p", "q"], ["m"]),
        helper.make_node("Concat", ["c", "m"], ["d"], axis=0),
        helper.make_node("Add", ["c", "c"], ["e"]),
    ]
    constants = {"k": np.array([1.0, 2.0], np.float32)}
    compare(nodes, {"a": floats(5)}, ["p", "d", "e"], constants)


def test_concat_of_an_input_a_view_and_a_constant() -> None:
    nodes = [
        helper.make_node("Slice", ["a", "s", "e"], ["v"]),
        helper.make_node("Concat", ["a", "v", "k", "a"], ["c"], axis=0),
        helper.make_node("Relu", ["c"], ["r"]),
    ]
    constants = {"s": np.array([1]), "e": np.array([3]), "k": np.array([7.0], np.float32)}
    compare(nodes, {"a": floats(4)}, ["c", "r", "v"], constants)


def test_outputs_that_are_inputs_constants_and_each_other() -> None:
    nodes = [
        helper.make_node("Identity", ["a"], ["b"]),
        helper.make_node("Exp", ["a"], ["x"]),
        helper.make_node("Reshape", ["x", "s"], ["y"]),
        helper.make_node("Identity", ["k"], ["z"]),
    ]
    constants = {"s": np.array([3, 2]), "k": np.array([1.5], np.float32)}
    compare(nodes, {"a": floats(2, 3)}, ["b", "x", "y", "z"], constants)


@pytest.mark.parametrize("seed", range(40))
def test_random_graphs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    inputs = {"a": floats(4, 6, seed=seed), "b": floats(6, seed=seed + 1)}
    shapes = {"a": (4, 6), "b": (6,)}
    nodes = []
    for k in range(int(rng.integers(5, 16))):
        op = str(rng.choice(["Add", "Mul", "Sub", "Tanh", "Relu", "Concat", "Transpose", "Softmax",
                             "ReduceSum", "Neg"]))  # fmt: skip
        matrices = [n for n, s in shapes.items() if len(s) == 2]
        x, name = str(rng.choice(matrices)), f"v{k}"
        if op in ("Add", "Mul", "Sub"):
            partners = [n for n, s in shapes.items() if s == shapes[x] or s == shapes[x][-1:]]
            nodes.append(helper.make_node(op, [x, str(rng.choice(partners))], [name]))
            shapes[name] = shapes[x]
        elif op == "Concat":
            same = [n for n in matrices if shapes[n][1] == shapes[x][1]]
            y = str(rng.choice(same))
            if shapes[x][0] + shapes[y][0] > 64:
                continue
            nodes.append(helper.make_node(op, [x, y], [name], axis=0))
            shapes[name] = (shapes[x][0] + shapes[y][0], shapes[x][1])
        elif op == "Transpose":
            nodes.append(helper.make_node(op, [x], [name]))
            shapes[name] = shapes[x][::-1]
        elif op == "ReduceSum":
            nodes.append(helper.make_node(op, [x, "zero"], [name], keepdims=0))
            shapes[name] = shapes[x][1:]
        else:
            extra = {"axis": int(rng.integers(0, 2))} if op == "Softmax" else {}
            nodes.append(helper.make_node(op, [x], [name], **extra))
            shapes[name] = shapes[x]
    made = [name for name in shapes if name not in inputs]
    outputs = [str(n) for n in rng.choice(made, size=min(3, len(made)), replace=False)]
    compare(nodes, inputs, outputs, {"zero": np.array([0])}, tolerance=2e-5)


def test_the_bits_do_not_depend_on_threads() -> None:
    inputs = {"a": floats(700, 600), "b": floats(600, 500, seed=1)}
    function = helper.make_function(
        "ai.bytesandbrains.region", "f", ["a", "b"], ["y"],
        [helper.make_node("MatMul", ["a", "b"], ["y"])], [helper.make_opsetid("", 18)],
    )  # fmt: skip
    for name, value in inputs.items():
        function.value_info.append(
            helper.make_tensor_value_info(name, DTYPES[value.dtype], value.shape)
        )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.bytesandbrains.region", 1)]
    model = helper.make_model(
        helper.make_graph([], "g", [], []),
        opset_imports=opsets,
        functions=[function],
        ir_version=10,
    ).SerializeToString()
    args = (model, "ai.bytesandbrains.region", "f", list(inputs.values()))
    before = _core.parallel_stats()[0]
    two = _core.run_function(*args, threads=2)[0]
    if _core.core_count() > 1:
        assert _core.parallel_stats()[0] > before
    assert np.array_equal(_core.run_function(*args, threads=1)[0], two)


def test_a_label_out_of_range_names_itself() -> None:
    node = helper.make_node("SoftmaxCrossEntropyLoss", ["x", "y"], ["l"])
    with pytest.raises(DataError, match=r"outside 0 \.\. 3") as caught:
        run_ours([node], {"x": floats(2, 4), "y": np.array([1, 9])}, ["l"], {})
    assert caught.value.code == "label_out_of_range"
    assert caught.value.value == "9"


def test_an_index_out_of_range_names_itself() -> None:
    with pytest.raises(DataError) as caught:
        run_ours([helper.make_node("Gather", ["x", "i"], ["y"])],
                 {"x": floats(3, 2), "i": np.array([3])}, ["y"], {})  # fmt: skip
    assert caught.value.code == "index_out_of_range"


def test_an_unknown_operator_is_refused_by_name() -> None:
    with pytest.raises(InstallError) as caught:
        run_ours([helper.make_node("Cos", ["x"], ["y"])], {"x": floats(2)}, ["y"], {})
    assert "Cos" in str(caught.value)
