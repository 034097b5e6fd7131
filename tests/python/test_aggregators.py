"""Aggregation rules through the public API: golden vectors, numpy oracles, decisions, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import bytesandbrains as bb

Matrix = NDArray[Any]

SEVEN = np.array(
    [[1, 0], [1.1, 0.1], [0.9, -0.1], [1, 0.2], [1.05, -0.05], [5, 5], [5, 5.1]], dtype=np.float64
)
ROBUST = ["median", "trimmed_mean", "krum", "multi_krum", "bulyan"]
PER_F = {"median": (2, 1), "trimmed_mean": (2, 1), "krum": (2, 3), "multi_krum": (2, 3)}
PER_F["bulyan"] = (4, 3)


# --- oracles ------------------------------------------------------------------------------------


def krum_scores(rows: Matrix, count: int) -> Matrix:
    x = rows.astype(np.float64)
    square = ((x[:, None, :] - x[None, :, :]) ** 2).sum(axis=2)
    scores = []
    for i in range(len(x)):
        others = np.sort(np.delete(square[i], i))
        scores.append(others[:count].sum())
    return np.array(scores)


def closest_mean(rows: Matrix, keep: int) -> Matrix:
    gap = np.abs(rows - np.median(rows, axis=0).astype(rows.dtype))
    order = np.argsort(gap, axis=0, kind="stable")[:keep]
    return np.take_along_axis(rows.astype(np.float64), order, axis=0).mean(axis=0)


def bulyan_selection(rows: Matrix, f: int) -> list[int]:
    left = list(range(len(rows)))
    chosen = []
    while len(chosen) < len(rows) - 2 * f:
        scores = krum_scores(rows[left], max(1, len(left) - f - 2))
        chosen.append(left.pop(int(np.argmin(scores))))
    return sorted(chosen)


def oracle(name: str, rows: Matrix, f: int) -> Matrix:
    x = rows.astype(np.float64)
    n = len(rows)
    if name == "mean":
        return x.mean(axis=0)
    if name == "median":
        return np.median(x, axis=0)
    if name == "trimmed_mean":
        return np.sort(x, axis=0)[f : n - f].mean(axis=0)
    if name == "bulyan":
        return closest_mean(rows[bulyan_selection(rows, f)], n - 4 * f)
    order = np.argsort(krum_scores(rows, n - f - 2), kind="stable")
    return x[order[0]] if name == "krum" else x[np.sort(order[: n - f])].mean(axis=0)


def make(name: str, f: int) -> Any:
    return bb.aggregators.get(name) if name == "mean" else bb.aggregators.get(name, f=f)


@st.composite
def cases(draw: st.DrawFn, name: str) -> tuple[Matrix, int]:
    """Rows on a coarse grid (exact sums, many ties) or fine ones, with a legal f."""
    per_f, constant = PER_F.get(name, (0, 1))
    n = draw(st.integers(max(constant, 1), 16))
    f = draw(st.integers(0, (n - constant) // per_f)) if per_f else 0
    d = draw(st.integers(1, 24))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if draw(st.booleans()):
        return rng.integers(-4, 5, (n, d)).astype(dtype) / 2, f
    return rng.normal(size=(n, d)).astype(dtype), f


# --- values -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "want"),
    [
        ("mean", (2.15, 1.4642857142857142)),
        ("median", (1.05, 0.10)),
        ("trimmed_mean:f=2", (1.05, 0.10)),
        ("trimmed_mean:f=1", (1.83, 1.05)),
        ("krum:f=2", (1.0, 0.0)),
        ("multi_krum:f=2,m=5", (1.01, 0.03)),
        ("multi_krum:f=2", (1.01, 0.03)),
        ("multi_krum:f=2,m=3", (1.05, 0.05 / 3)),
        ("bulyan:f=1", (1.05, 0.05 / 3)),
    ],
)
def test_golden_vectors(spec: str, want: tuple[float, float]) -> None:
    np.testing.assert_allclose(bb.aggregators.from_spec(spec)(SEVEN), want, rtol=0, atol=1e-10)


def test_golden_krum_scores() -> None:
    scores = [d.score for d in bb.aggregators.krum(f=2).aggregate(SEVEN).decisions]
    np.testing.assert_allclose(scores, [0.045, 0.065, 0.125, 0.125, 0.055, 78.27, 80.23], rtol=1e-3)


@pytest.mark.parametrize("name", ["mean", *ROBUST])
def test_rules_match_numpy(name: str) -> None:
    @settings(max_examples=150, deadline=None)
    @given(cases(name))
    def check(case: tuple[Matrix, int]) -> None:
        rows, f = case
        before = rows.copy()
        got = make(name, f)(rows)
        assert got.dtype == rows.dtype
        tolerance = len(rows) * np.finfo(rows.dtype).eps * max(1.0, float(np.abs(rows).max()))
        np.testing.assert_allclose(got, oracle(name, rows, f), rtol=0, atol=tolerance)
        np.testing.assert_array_equal(rows, before)

    check()


@pytest.mark.parametrize("name", ["mean", *ROBUST])
def test_the_order_of_rows_does_not_matter(name: str) -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(15, 40))
    rule = make(name, 3)
    shuffled = rng.permutation(15)
    np.testing.assert_allclose(rule(rows[shuffled]), rule(rows), rtol=0, atol=1e-14)
    by_peer = rule.aggregate(rows[shuffled], peers=[int(i) for i in shuffled])
    np.testing.assert_array_equal(by_peer.vector, rule(rows))


@pytest.mark.parametrize("name", ["mean", *ROBUST])
def test_rows_may_be_a_list(name: str) -> None:
    rows = np.random.default_rng(2).normal(size=(15, 9)).astype(np.float32)
    rule = make(name, 3)
    np.testing.assert_array_equal(rule(list(rows)), rule(rows))


def test_mean_takes_weights() -> None:
    rows = np.arange(12.0).reshape(4, 3)
    weights = [1, 2, 3, 4]
    want = np.average(rows, axis=0, weights=weights)
    np.testing.assert_allclose(bb.aggregators.mean()(rows, weights=weights), want, rtol=1e-15)


@pytest.mark.parametrize("name", ROBUST)
def test_robust_rules_ignore_weights(name: str) -> None:
    rows = np.random.default_rng(3).normal(size=(15, 9))
    rule = make(name, 3)
    np.testing.assert_array_equal(rule(rows, weights=[1e9] + [1] * 14), rule(rows))


# --- robustness ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROBUST)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38, -3e38])
def test_f_broken_rows_cannot_leave_the_honest_box(name: str, bad: float) -> None:
    rows = np.random.default_rng(4).normal(size=(15, 50)).astype(np.float32)
    for where in (slice(None), slice(7, 8)):
        broken = rows.copy()
        broken[12:, where] = bad
        got = make(name, 3)(broken)
        assert np.isfinite(got).all()
        if where == slice(None):
            assert (got >= rows[:12].min(axis=0) - 1e-6).all()
            assert (got <= rows[:12].max(axis=0) + 1e-6).all()


@pytest.mark.parametrize("name", ["trimmed_mean", "krum", "multi_krum", "bulyan"])
def test_a_non_finite_row_is_removed_and_lowers_f(name: str) -> None:
    rows = np.random.default_rng(5).normal(size=(15, 8))
    rows[4, 2] = np.nan
    result = make(name, 3).aggregate(rows)
    np.testing.assert_array_equal(result.vector, make(name, 2)(np.delete(rows, 4, axis=0)))
    assert result.decisions[4].reason == "non_finite"


def test_too_many_non_finite_rows_raise() -> None:
    rows = np.zeros((15, 4))
    rows[:4] = np.inf
    with pytest.raises(bb.PreconditionError, match="4 of 15") as caught:
        bb.aggregators.krum(f=3)(rows)
    assert caught.value.code == "too_many_nonfinite"


def test_a_missing_peer_counts_as_the_zero_update() -> None:
    rows = np.random.default_rng(6).normal(size=(15, 8))
    rows[3] = 0
    peers = [i for i in range(15) if i != 3]
    result = bb.aggregators.trimmed_mean(f=3).aggregate(rows[peers], peers=peers, missing=[3])
    np.testing.assert_array_equal(result.vector, bb.aggregators.trimmed_mean(f=3)(rows))
    assert result.decisions[3].reason == "missing"
    assert str(result.decisions[3].verdict).endswith("rejected")


# --- decisions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mean", *ROBUST])
def test_shares_sum_to_one_and_explain_the_vector(name: str) -> None:
    column = np.array([0.0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610])
    rows = np.repeat(column[:, None], 3, axis=1)
    result = make(name, 3).aggregate(rows, detail="shares")
    weights = np.array([d.weight for d in result.decisions])
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(weights @ rows, result.vector, rtol=1e-12)


@pytest.mark.parametrize("name", ROBUST)
def test_far_rows_are_rejected(name: str) -> None:
    rows = np.random.default_rng(7).normal(size=(15, 500)).astype(np.float32)
    rows[12:] += np.array([[100], [-100], [1000]], dtype=np.float32)  # apart from each other
    decisions = make(name, 3).aggregate(rows).decisions
    reasons = {"krum": "krum_score", "multi_krum": "krum_score", "bulyan": "not_selected"}
    for decision in decisions[12:]:
        assert str(decision.verdict).endswith("rejected")
        assert decision.reason == reasons.get(name, "trimmed")


# --- preconditions, names, descriptors -----------------------------------------------------------


def test_preconditions_show_the_arithmetic() -> None:
    with pytest.raises(bb.PreconditionError) as caught:
        bb.aggregators.bulyan(f=4).check(15)
    assert (
        "bulyan needs n >= 4f+3: n=15, f=4 needs 19; the largest f here is 3; multi_krum allows 6"
        in str(caught.value)
    )


@pytest.mark.parametrize("name", ROBUST)
def test_min_n_and_max_f_agree(name: str) -> None:
    rule = make(name, 1)
    for f in range(8):
        assert rule.max_f(rule.min_n(f)) == f
        assert rule.max_f(rule.min_n(f) - 1) == f - 1


def test_misspelt_names_suggest_the_nearest() -> None:
    with pytest.raises(bb.ConfigError, match="multi_krum"):
        bb.aggregators.get("multikrum", f=1)
    with pytest.raises(bb.ConfigError, match="neighbors"):
        bb.aggregators.get("krum", f=1, neighbours="n-f-1")


@pytest.mark.parametrize("name", ["mean", *ROBUST])
def test_descriptors_hide_the_policy(name: str) -> None:
    info = bb.aggregators.describe(name)
    assert info.name == name
    assert info.summary
    assert info.formula
    assert info.paper
    assert not {"on_missing", "on_short", "in_run", "on_precondition"} & {
        p.name for p in info.params
    }


@pytest.mark.parametrize("rows", [np.zeros((3, 4), dtype=np.int64), np.zeros((0, 4)), np.zeros(4)])
def test_bad_arrays_are_data_errors(rows: Matrix) -> None:
    with pytest.raises((bb.DataError, bb.PreconditionError)):
        bb.aggregators.mean()(rows)
