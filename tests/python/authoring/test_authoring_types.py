"""Port types: text form, dimensions, the value_info they become, and durations."""

from __future__ import annotations

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bytesandbrains as bb
from bytesandbrains.durations import parse_duration_ns
from bytesandbrains.protos import type_of_value_info, value_info_of
from bytesandbrains.types import ARRIVED, DECISIONS, DTYPES, tensor

DIMS = st.one_of(st.integers(0, 2**40), st.sampled_from(["N", "model.D"]), st.none())
TYPES = st.one_of(
    st.sampled_from([bb.trigger, bb.peer, bb.peers, bb.bytes_, ARRIVED, DECISIONS]),
    st.builds(
        tensor,
        st.sampled_from(sorted(DTYPES)),
        st.one_of(st.none(), st.lists(DIMS, max_size=4).map(tuple)),
    ),
)


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (bb.f32["N", 64], "float32[N,64]"),
        (bb.i64["N"], "int64[N]"),
        (bb.f32, "float32[]"),
        (bb.f64[...], "float64[*]"),
        (bb.u8[3], "uint8[3]"),
        (bb.i32[()], "int32[]"),
        (bb.bool_[2, 2], "bool[2,2]"),
        (bb.trigger, "trigger"),
        (bb.peers, "peers"),
        (bb.bytes_, "bytes"),
    ],
)
def test_text_form(type_, text):
    assert str(type_) == text == repr(type_)


@pytest.mark.parametrize("dims", [-1, 1.5, "", "a b", True, None, (3, "x,y")])
def test_bad_dimensions_are_refused(dims):
    with pytest.raises(bb.AuthorError) as caught:
        bb.f32[dims]
    assert caught.value.code == "bad_type"


def test_only_tensors_have_dimensions():
    with pytest.raises(bb.AuthorError):
        bb.peer["N"]


@given(TYPES)
def test_value_info_reads_back_as_the_same_type(type_):
    info = onnx.ValueInfoProto.FromString(value_info_of("v", type_).SerializeToString())
    assert type_of_value_info(info) == type_


def test_kinds_other_than_tensors_are_denotations():
    info = value_info_of("v", bb.trigger)
    assert info.type.denotation == "bb.trigger"
    assert info.type.tensor_type.elem_type == onnx.TensorProto.BOOL
    assert info.type.tensor_type.HasField("shape")


def test_an_unknown_rank_has_no_shape_and_a_scalar_has_an_empty_one():
    assert not value_info_of("v", bb.f32[...]).type.tensor_type.HasField("shape")
    assert value_info_of("v", bb.f32).type.tensor_type.HasField("shape")


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("30s", 30_000_000_000),
        ("5ms", 5_000_000),
        ("2.5us", 2_500),
        ("7 ns", 7),
        ("2min", 120_000_000_000),
        ("1h", 3_600_000_000_000),
        ("0.1s", 100_000_000),
    ],
)
def test_durations(text, nanoseconds):
    assert parse_duration_ns(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "30", "s", "-1s", "1.5ns", "3 days", "1e3s", "9" * 30 + "h"])
def test_bad_durations_are_refused(text):
    with pytest.raises(bb.ConfigError) as caught:
        parse_duration_ns(text)
    assert caught.value.code == "bad_duration"
    assert text in caught.value.value


@given(st.integers(0, 2**53))
def test_nanoseconds_are_exact(nanoseconds):
    assert parse_duration_ns(f"{nanoseconds}ns") == nanoseconds
