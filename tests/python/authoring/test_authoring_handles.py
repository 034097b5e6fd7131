"""Handles do arithmetic, take numbers and arrays, and refuse what cannot be meant."""

from __future__ import annotations

import numpy as np
import pytest
from authoring_tools import here, nodes, record, run, type_text
from hypothesis import given
from hypothesis import strategies as st
from onnx import numpy_helper

import bytesandbrains as bb

F = bb.f32


def constants(function):
    return [numpy_helper.to_array(node.attribute[0].t) for node in nodes(function, "Constant")]


def test_operators_on_both_sides_equal_numpy():
    x = np.array([[0.5, -2.0], [3.0, 0.25]], np.float32)
    w = np.array([[1.0, 2.0], [-1.0, 0.5]], np.float32)
    made = record(lambda x: ((2 - x) * w + 1 / (x + 4) - (-x)) @ w + w @ x, x=F[2, 2])
    (got,) = run(made, x=x)
    np.testing.assert_allclose(got, ((2 - x) * w + 1 / (x + 4) + x) @ w + w @ x, rtol=1e-5)


def test_comparisons_give_bools():
    made = record(lambda x: bb.ops.where(x > 1, x, 0.0) + bb.ops.where(x < 1, x, 0.0), x=F[3])
    np.testing.assert_array_equal(run(made, x=np.array([0, 1, 2], np.float32))[0], [0, 0, 2])


@given(st.floats(allow_nan=False, allow_infinity=False, width=64).filter(lambda v: abs(v) < 1e38))
def test_numbers_are_rounded_from_float64_to_the_dtype_of_the_other_side(value):
    made = record(lambda x: x * value, x=F[3])
    (constant,) = constants(made)
    assert constant.dtype == np.float32
    assert constant.shape == ()
    assert constant == np.float32(value)


@pytest.mark.parametrize("dtype", [bb.f32, bb.f64, bb.i32, bb.i64, bb.u8])
def test_numbers_take_every_dtype(dtype):
    made = record(lambda x: x + 2, x=dtype[3])
    assert constants(made)[0].dtype.name == dtype.dtype
    assert type_text(made, "result") == f"{dtype.dtype}[3]"


def test_arrays_take_the_dtype_of_the_other_side():
    made = record(lambda x: np.array([1, 2, 3]) + x, x=F[3])
    assert constants(made)[0].dtype == np.float32
    assert type_text(made, "result") == "float32[3]"


def test_recorded_arrays_are_copies():
    weights = np.ones(3)
    made = record(lambda x: x * weights, x=F[3])
    weights[:] = 7
    np.testing.assert_array_equal(constants(made)[0], np.ones(3))


@pytest.mark.parametrize(
    ("value", "type_"),
    [(0.5, bb.i64), (300, bb.u8), (-1, bb.u8), (1e300, bb.f32), ("one", bb.f32), (None, bb.f32)],
)
def test_constants_that_do_not_fit_are_refused(value, type_):
    with pytest.raises(bb.AuthorError) as caught:
        record(lambda x: x + value, x=type_[3])
    assert caught.value.code == "bad_constant"
    assert caught.value.where.startswith("test_authoring_handles.py:")


def test_a_number_beside_an_unknown_dtype_is_refused():
    class Scaled(bb.Module):
        data = bb.DataSourceSlot()

        def body(self, g):
            x, _ = self.data.next_batch()
            g.output("x", x * 0.5)

    with pytest.raises(bb.AuthorError) as caught:
        Scaled().build()
    assert caught.value.code == "unknown_dtype"


def test_equality_stays_identity():
    def body(x, y):
        assert x == x
        assert x != y
        assert len({x, y}) == 2
        return x + y

    record(body, x=F[3], y=F[3])


def test_a_handle_has_no_truth_value():
    with pytest.raises(bb.AuthorError) as caught:
        record(lambda x: x if x > 0 else -x, x=F[3])
    assert caught.value.code == "no_truth_value"
    assert "where" in caught.value.hint


def test_a_handle_of_another_graph_names_both_lines():
    kept = {}

    class Inner(bb.Module):
        def body(self, g):
            g.output("y", g.input("x", F[3]) + kept["outside"])

    class Outer(bb.Module):
        def __init__(self):
            self.inner = Inner()

        def body(self, g):
            x = g.input("x", F[3])
            kept["made"] = here()
            kept["outside"] = x * 2
            g.output("y", self.inner(x=x).y)

    with pytest.raises(bb.AuthorError) as caught:
        Outer().build()
    assert caught.value.code == "foreign_handle"
    assert kept["made"] in str(caught.value)
    assert caught.value.where.startswith("test_authoring_handles.py:")
    assert caught.value.where != kept["made"]


def test_a_handle_of_an_earlier_build_is_foreign():
    kept = []

    class Again(bb.Module):
        def body(self, g):
            kept.append(g.input("x", F[3]))
            g.output("y", kept[0] + 1)

    module = Again()
    module.build()
    with pytest.raises(bb.AuthorError) as caught:
        module.build()
    assert caught.value.code == "foreign_handle"


def test_repr_shows_name_type_and_function():
    shown = []

    def body(x):
        shown.append(repr(x))
        return x + 1

    record(body, x=F["N", 3])
    assert shown == ["<Output x: float32[N,3] of tested>"]
