"""Operators are recorded as ONNX that the checker takes, with results and types of numpy."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from authoring_tools import as_model, here, random_array, record, run, type_text

import bytesandbrains as bb
from bytesandbrains import ops

F = bb.f32
UNARY = {
    "neg": lambda x: -x,
    "abs": np.abs,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "identity": lambda x: x,
}
BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "max": np.maximum,
    "min": np.minimum,
    "pow": np.power,
    "equal": np.equal,
    "greater": np.greater,
    "less": np.less,
}


def np_softmax(x, axis=-1):
    shifted = np.exp(x - x.max(axis=axis, keepdims=True))
    return shifted / shifted.sum(axis=axis, keepdims=True)


def np_cross_entropy(x, y):
    return -np.mean([np.log(np_softmax(row))[label] for row, label in zip(x, y, strict=True)])


# name: (recorded, numpy, input shapes, type of the result)
OTHERS = {
    "matmul": (lambda a, b: ops.matmul(a, b), np.matmul, [(3, 4), (4, 2)], "float32[3,2]"),
    "matmul_stack": (lambda a, b: a @ b, np.matmul, [(5, 3, 4), (4, 2)], "float32[5,3,2]"),
    "matmul_vector": (lambda a, b: a @ b, np.matmul, [(3, 4), (4,)], "float32[3]"),
    "gemm": (
        lambda a, b, c: ops.gemm(a, b, c, alpha=0.5, beta=2.0, trans_a=True, trans_b=True),
        lambda a, b, c: 0.5 * a.T @ b.T + 2 * c,
        [(4, 3), (2, 4), (2,)],
        "float32[3,2]",
    ),
    "gemm_without_c": (lambda a, b: ops.gemm(a, b), np.matmul, [(3, 4), (4, 2)], "float32[3,2]"),
    "softmax": (lambda a: ops.softmax(a), np_softmax, [(3, 4)], "float32[3,4]"),
    "softmax_axis_0": (
        lambda a: ops.softmax(a, axis=0),
        lambda a: np_softmax(a, 0),
        [(3, 4)],
        "float32[3,4]",
    ),
    "log_softmax": (
        lambda a: ops.log_softmax(a),
        lambda a: np.log(np_softmax(a)),
        [(3, 4)],
        "float32[3,4]",
    ),
    "reduce_sum": (
        lambda a: ops.reduce_sum(a, axes=1),
        lambda a: a.sum(1, keepdims=True),
        [(3, 4)],
        "float32[3,1]",
    ),
    "reduce_mean": (
        lambda a: ops.reduce_mean(a, axes=[0, -1], keepdims=False),
        lambda a: a.mean((0, 2)),
        [(3, 4, 2)],
        "float32[4]",
    ),
    "reduce_max": (
        lambda a: ops.reduce_max(a, keepdims=False),
        lambda a: a.max(),
        [(3, 4)],
        "float32[]",
    ),
    "transpose": (lambda a: ops.transpose(a), np.transpose, [(3, 4, 2)], "float32[2,4,3]"),
    "transpose_perm": (
        lambda a: ops.transpose(a, perm=[1, 0, 2]),
        lambda a: a.transpose(1, 0, 2),
        [(3, 4, 2)],
        "float32[4,3,2]",
    ),
    "reshape": (
        lambda a: ops.reshape(a, [2, -1]),
        lambda a: a.reshape(2, -1),
        [(3, 4)],
        "float32[2,6]",
    ),
    "flatten": (
        lambda a: ops.flatten(a),
        lambda a: a.reshape(3, 8),
        [(3, 4, 2)],
        "float32[3,8]",
    ),
    "flatten_all": (
        lambda a: ops.flatten(a, axis=0),
        lambda a: a.reshape(1, 12),
        [(3, 4)],
        "float32[1,12]",
    ),
    "expand": (
        lambda a: ops.expand(a, [3, 4]),
        lambda a: np.broadcast_to(a, (3, 4)),
        [(1, 4)],
        "float32[3,4]",
    ),
    "squeeze": (
        lambda a: ops.squeeze(a, axes=1),
        lambda a: a.squeeze(1),
        [(3, 1, 2)],
        "float32[3,2]",
    ),
    "squeeze_all": (lambda a: ops.squeeze(a), np.squeeze, [(1, 3, 1)], "float32[3]"),
    "unsqueeze": (
        lambda a: ops.unsqueeze(a, axes=[0, -1]),
        lambda a: a[None, ..., None],
        [(3,)],
        "float32[1,3,1]",
    ),
    "concat": (
        lambda a, b: ops.concat(a, b, axis=1),
        lambda a, b: np.concatenate([a, b], 1),
        [(3, 4), (3, 2)],
        "float32[3,6]",
    ),
    "slice": (
        lambda a: ops.slice(a, starts=[0, -3], ends=[3, 9], axes=[0, 1], steps=[2, 1]),
        lambda a: a[0:3:2, -3:9],
        [(4, 5)],
        "float32[2,3]",
    ),
    "slice_back": (
        lambda a: ops.slice(a, starts=4, ends=0, steps=-2),
        lambda a: a[4:0:-2],
        [(5, 2)],
        "float32[2,2]",
    ),
    "gather": (
        lambda a: ops.gather(a, np.array([2, 0]), axis=1),
        lambda a: a[:, [2, 0]],
        [(3, 4)],
        "float32[3,2]",
    ),
    "gather_one": (lambda a: ops.gather(a, 1), lambda a: a[1], [(3, 4)], "float32[4]"),
    "argmax": (
        lambda a: ops.argmax(a, axis=1, keepdims=False),
        lambda a: a.argmax(1),
        [(3, 4)],
        "int64[3]",
    ),
    "where": (
        lambda a, b: ops.where(a > b, a, 0.25),
        lambda a, b: np.where(a > b, a, np.float32(0.25)),
        [(3, 4), (4,)],
        "float32[3,4]",
    ),
    "cast": (
        lambda a: ops.cast(a * 3, to="int32"),
        lambda a: (a * 3).astype(np.int32),
        [(3, 4)],
        "int32[3,4]",
    ),
    "softmax_cross_entropy_loss": (
        lambda a: ops.softmax_cross_entropy_loss(a, np.array([1, 0, 3])),
        lambda a: np_cross_entropy(a, [1, 0, 3]),
        [(3, 4)],
        "float32[]",
    ),
}


@pytest.mark.parametrize("name", sorted(UNARY))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_unary_operator_equals_numpy(name, dtype):
    x = random_array(np.random.default_rng(1), (3, 4), dtype, positive=name in ("log", "sqrt"))
    made = record(getattr(ops, name), x=bb.f32[3, 4] if dtype == "float32" else bb.f64[3, 4])
    (got,) = run(made, x=x)
    np.testing.assert_allclose(got, UNARY[name](x), rtol=1e-5)
    assert type_text(made, "result") == f"{dtype}[3,4]"


@pytest.mark.parametrize("name", sorted(BINARY))
def test_binary_operator_broadcasts_as_numpy(name):
    rng = np.random.default_rng(2)
    a, b = random_array(rng, (3, 1, 4), positive=True), random_array(rng, (5, 4), positive=True)
    made = record(lambda a, b: getattr(ops, name)(a, b), a=F[3, 1, 4], b=F[5, 4])
    (got,) = run(made, a=a, b=b)
    wanted = BINARY[name](a, b)
    np.testing.assert_allclose(got, wanted, rtol=1e-5)
    assert type_text(made, "result") == f"{wanted.dtype.name}[3,5,4]"


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_operator_equals_numpy(name):
    recorded, oracle, shapes, wanted_type = OTHERS[name]
    rng = np.random.default_rng(3)
    arrays = {key: random_array(rng, shape) for key, shape in zip("abc", shapes, strict=False)}
    made = record(recorded, **{key: F[array.shape] for key, array in arrays.items()})
    (got,) = run(made, **arrays)
    wanted = oracle(*arrays.values())
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)
    assert type_text(made, "result") == wanted_type
    assert list(np.shape(got)) == list(np.shape(wanted))


def test_every_public_operator_is_tested():
    tested = {*UNARY, *BINARY, *(name for name in OTHERS if name in ops.__all__)}
    assert tested == set(ops.__all__)
    assert all(inspect.getdoc(getattr(ops, name)) for name in ops.__all__)


@pytest.mark.parametrize(
    ("recorded", "wanted"),
    [
        (lambda x: x + x, "float32[N,64]"),
        (lambda x: ops.matmul(x, np.ones((64, 3))), "float32[N,3]"),
        (lambda x: ops.flatten(x), "float32[N,64]"),
        (lambda x: ops.reshape(x, [-1, 64]), "float32[N,64]"),
        (lambda x: ops.reshape(x, [-1, 8, 8]), "float32[N,8,8]"),
        (lambda x: ops.reshape(x, [0, 8, 8]), "float32[N,8,8]"),
        (lambda x: ops.transpose(x), "float32[64,N]"),
        (lambda x: ops.reduce_mean(x, axes=[0], keepdims=False), "float32[64]"),
        (lambda x: ops.unsqueeze(x, axes=1), "float32[N,1,64]"),
        (lambda x: ops.slice(x, starts=0, ends=2), "float32[?,64]"),
    ],
)
def test_symbolic_dimensions_are_kept(recorded, wanted):
    made = record(recorded, x=F["N", 64])
    assert type_text(made, "result") == wanted
    as_model(made)


def test_unknown_ranks_stay_unknown_but_keep_the_dtype():
    made = record(lambda x: ops.matmul(x, x) * 2, x=F[...])
    assert type_text(made, "result") == "float32[*]"


@pytest.mark.parametrize(
    ("recorded", "hint"),
    [
        (lambda x, y, i: x + y, "cast"),
        (lambda x, y, i: ops.exp(i), "cast"),
        (lambda x, y, i: x + np.ones(3), "equal"),
        (lambda x, y, i: ops.matmul(x, np.ones((5, 2))), "transpose"),
        (lambda x, y, i: ops.gemm(x, np.ones((5, 2))), "transpose"),
        (lambda x, y, i: ops.reduce_sum(x, axes=2), "rank"),
        (lambda x, y, i: ops.transpose(x, perm=[0, 0]), "rank"),
        (lambda x, y, i: ops.where(x, x, x), "compare"),
        (lambda x, y, i: ops.concat(x, np.ones((3, 5)), axis=0), "axis"),
        (lambda x, y, i: ops.reshape(x, [5, -1]), "divide"),
        (lambda x, y, i: ops.squeeze(x, axes=0), "axes"),
        (lambda x, y, i: ops.flatten(x, axis=3), "rank"),
    ],
)
def test_inputs_that_cannot_fit_name_the_line(recorded, hint):
    with pytest.raises(bb.AuthorError) as caught:
        record(recorded, x=F[2, 4], y=bb.f64[2, 4], i=bb.i64[2, 4])
    assert caught.value.code == "type_mismatch"
    assert caught.value.where.startswith("test_authoring_ops.py:")
    assert hint in caught.value.hint


def test_slice_lists_of_different_lengths_are_refused():
    with pytest.raises(bb.AuthorError) as caught:
        record(lambda x: ops.slice(x, starts=[0, 1], ends=[1]), x=F[4, 4])
    assert caught.value.code == "bad_slice"


def test_cast_to_a_misspelt_dtype_suggests_the_nearest():
    with pytest.raises(bb.AuthorError, match='did you mean "float32"') as caught:
        record(lambda x: ops.cast(x, to="flaot32"), x=F[4])
    assert caught.value.code == "bad_dtype"


def test_operators_need_a_recording():
    where = here()
    with pytest.raises(bb.AuthorError) as caught:
        ops.relu(np.ones(3))
    assert caught.value.code == "not_recording"
    assert caught.value.where.split(":")[0] == where.split(":")[0]
