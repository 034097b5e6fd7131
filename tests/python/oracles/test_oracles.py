"""The oracles against the golden vectors worked out by hand arithmetic from the formulas."""

from __future__ import annotations

import numpy as np
import pytest

from oracles import attacks, coordinate, distance, iterative, similarity, spectral

SEVEN = np.array(
    [[1, 0], [1.1, 0.1], [0.9, -0.1], [1, 0.2], [1.05, -0.05], [5, 5], [5, 5.1]], dtype=np.float64
)
GOLDEN = {
    "mean": (coordinate.mean(SEVEN), (2.15, 1.4642857143)),
    "median": (coordinate.median(SEVEN), (1.05, 0.10)),
    "trimmed f=2": (coordinate.trimmed_mean(SEVEN, 2), (1.05, 0.10)),
    "trimmed f=1": (coordinate.trimmed_mean(SEVEN, 1), (1.83, 1.05)),
    "krum": (distance.krum(SEVEN, 2), (1, 0)),
    "multi_krum m=5": (distance.multi_krum(SEVEN, 2, 5), (1.01, 0.03)),
    "multi_krum m=3": (distance.multi_krum(SEVEN, 2, 3), (1.05, 0.0166666667)),
    "geometric median": (iterative.true_geometric_median(SEVEN), (1.0865360646, 0.0983736427)),
    "meamed": (coordinate.meamed(SEVEN, 2), (1.01, 0.03)),
    "mda": (distance.mda(SEVEN, 2), (1.01, 0.03)),
    "nnm, trimmed": (coordinate.trimmed_mean(distance.nnm(SEVEN, 2), 2), (1.01, 0.03)),
    "clipping L=1": (iterative.centered_clipping(SEVEN, 1, 1), (0.8975028874, 0.2228951932)),
    "clipping L=2": (iterative.centered_clipping(SEVEN, 1, 2), (1.1628904575, 0.3028133901)),
    "clipping L=3": (iterative.centered_clipping(SEVEN, 1, 3), (1.233293319, 0.3301416816)),
    "bulyan f=1": (distance.bulyan(SEVEN, 1), (1.05, 0.0166666667)),
    "honest mean": (coordinate.mean(SEVEN[:5]), (1.01, 0.03)),
    "honest sd": (attacks.deviation(SEVEN[:5]), (0.0741619849, 0.1204159458)),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_vectors(name: str) -> None:
    got, want = GOLDEN[name]
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-9)


def test_golden_caf() -> None:
    np.testing.assert_allclose(spectral.caf(SEVEN, 2), (1.0218357, 0.0250703), atol=1e-7)


def test_golden_scores_and_selections() -> None:
    np.testing.assert_allclose(
        distance.krum_scores(SEVEN, 2),
        [0.045, 0.065, 0.125, 0.125, 0.055, 78.27, 80.23],
        rtol=1e-3,
    )
    assert distance.bulyan_selection(SEVEN, 1, "rescored") == [0, 1, 2, 4, 5]
    assert distance.minimum_diameter_set(SEVEN, 2) == [0, 1, 2, 3, 4]


def test_golden_mixed_rows() -> None:
    want = [[1.01, 0.03]] * 5 + [[2.62, 2.08]] * 2
    np.testing.assert_allclose(distance.nnm(SEVEN, 2), want, atol=1e-12)


def test_golden_arc_threshold() -> None:
    count, threshold = iterative.arc_threshold(SEVEN, 2)
    assert count == 2
    assert threshold == pytest.approx(1.1045361017, abs=1e-10)


@pytest.mark.parametrize(
    ("n", "f", "z"),
    [
        (10, 3, 0.180),
        (15, 3, 0.210),
        (20, 6, 0.366),
        (25, 5, 0.253),
        (50, 12, 0.336),
        (50, 24, 1.426),
    ],
)
def test_golden_alie(n: int, f: int, z: float) -> None:
    assert attacks.alie_z(n, f) == pytest.approx(z, abs=5e-4)


def test_smea_leaves_the_far_rows_out() -> None:
    assert spectral.smea_set(SEVEN, 2) == [0, 1, 2, 3, 4]


def test_dnc_drops_what_stands_out_of_the_widest_direction() -> None:
    assert not {5, 6} & set(spectral.dnc_survivors(SEVEN, 2))


def test_similarity_rules_by_hand() -> None:
    root = np.array([3.0, 4.0])
    rows = np.array([[6.0, 8.0], [-3.0, -4.0], [4.0, -3.0]])
    np.testing.assert_allclose(similarity.fltrust(rows, root), root, atol=1e-12)
    history = np.array([[1.0, 0, 0], [1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]])
    np.testing.assert_allclose(similarity.foolsgold_weights(history), [0, 0, 1, 1])


@pytest.mark.parametrize("direction", ["std", "unit", "sign"])
def test_bounded_attacks_meet_their_bound(direction: str) -> None:
    honest = np.random.default_rng(0).normal(1.0, 0.5, (9, 6))
    gaps = distance.distances(honest)
    crafted = attacks.min_max(honest, direction)
    farthest = max(distance.distance(crafted, row) for row in honest)
    assert farthest == pytest.approx(gaps.max(), rel=1e-9)
    total = sum(distance.distance(attacks.min_sum(honest, direction), row) ** 2 for row in honest)
    assert total == pytest.approx((gaps**2).sum(axis=1).max(), rel=1e-9)
