"""Partitions share every training example out once, in the proportions they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bytesandbrains as bb
from bytesandbrains import _core
from bytesandbrains.data.draws import Draws, exponential, logarithm

DIGITS = bb.data.load("digits")
SPECS = ("iid", "dirichlet:alpha=0.3", "shards:k=2", "gamma:s=0.5")


def split(spec: str, *, peers: int = 15, seed: int = 0) -> list[np.ndarray]:
    order = _core.permutation(seed, "data.split", len(DIGITS))
    return bb.data.partition_from_spec(spec).split(order, peers, DIGITS.y, seed=seed)


@pytest.mark.parametrize("spec", SPECS)
def test_every_example_goes_to_one_peer(spec: str) -> None:
    parts = split(spec)
    assert len(parts) == 15
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(DIGITS)))


@pytest.mark.parametrize("spec", SPECS)
def test_a_seed_decides_the_partition(spec: str) -> None:
    once, again, other = split(spec), split(spec), split(spec, seed=1)
    for a, b in zip(once, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(len(a) != len(b) or (a != b).any() for a, b in zip(once, other, strict=True))


@pytest.mark.parametrize(("alpha", "peers"), [(0.1, 5), (0.3, 15), (1.0, 15), (100.0, 20)])
def test_dirichlet_leaves_no_peer_below_its_least(alpha: float, peers: int) -> None:
    parts = split(f"dirichlet:alpha={alpha}", peers=peers)
    assert min(len(part) for part in parts) >= 10


def test_dirichlet_cuts_classes_by_the_drawn_shares() -> None:
    """The oracle cuts every class with plain numbers, from the same accepted draw."""
    part = bb.data.dirichlet(alpha=1.0, least=1)
    order = np.arange(len(DIGITS))
    shares_of = Draws(3, "data.partition.dirichlet", 0)
    expected: list[list[int]] = [[] for _ in range(6)]
    for label in range(10):
        members = [i for i in order if DIGITS.y[i] == label]
        shares = shares_of.dirichlet(1.0, 6)
        start, reached = 0, 0.0
        for peer, share in enumerate(shares):
            reached += share
            end = len(members) if peer == 5 else math.floor(reached * len(members))
            expected[peer] += members[start:end]
            start = end
    assert min(map(len, expected)) >= 1, "the first draw is accepted"
    for got, wanted in zip(part.split(order, 6, DIGITS.y, seed=3), expected, strict=True):
        assert got.tolist() == wanted


def test_smaller_alpha_makes_peers_more_alike_in_themselves() -> None:
    def classes_for_ninety_percent(alpha: float) -> float:
        counts = bb.data.dirichlet(alpha=alpha).counts(DIGITS, peers=10)
        shares = -np.sort(-counts, axis=1) / counts.sum(axis=1, keepdims=True)
        return float((np.cumsum(shares, axis=1) < 0.9).sum(axis=1).mean())

    few, some, many = (classes_for_ninety_percent(alpha) for alpha in (0.1, 1.0, 100.0))
    assert few < some < many


def test_shards_give_few_classes_and_equal_sizes() -> None:
    counts = bb.data.shards(k=2).counts(DIGITS, peers=15)
    assert ((counts > 0).sum(axis=1) <= 4).all()  # a shard touches two classes at most
    assert np.ptp(counts.sum(axis=1)) <= 2


def test_gamma_joins_an_even_and_a_sorted_part() -> None:
    alone = bb.data.gamma(s=0.0).counts(DIGITS, peers=15)
    assert ((alone > 0).sum(axis=1) <= 2).all()
    order = np.arange(1000)
    labels = np.repeat(np.arange(10), 100)
    parts = bb.data.gamma(s=0.4).split(order, 5, labels)
    for peer, part in enumerate(parts):
        even, rest = part[:80], part[80:]
        np.testing.assert_array_equal(even, np.arange(80 * peer, 80 * peer + 80))
        np.testing.assert_array_equal(rest, np.arange(400 + 120 * peer, 400 + 120 * peer + 120))


def test_gamma_of_one_is_iid() -> None:
    for a, b in zip(split("gamma:s=1.0"), split("iid"), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        ("dirichlet:alpha=0", "0"),
        ("dirichlet:alpha=-1.0", "-1.0"),
        ("dirichlet:alpha=1.0,least=0", "0"),
        ("shards:k=0", "0"),
        ("gamma:s=1.5", "1.5"),
    ],
)
def test_impossible_parameters_are_refused(spec: str, value: str) -> None:
    with pytest.raises(bb.ConfigError) as caught:
        bb.data.partition_from_spec(spec)
    assert (caught.value.code, caught.value.value) == ("bad_parameter", value)
    assert caught.value.hint


def test_a_misspelt_partition_suggests_the_nearest() -> None:
    with pytest.raises(bb.ConfigError) as caught:
        bb.swarm.run(partition="dirichlett:alpha=0.3")
    assert caught.value.code == "unknown_part"
    assert '"dirichlet"' in caught.value.hint


@pytest.mark.parametrize(("alpha", "peers"), [(0.001, 15), (1.0, 300)])
def test_a_split_that_cannot_be_drawn_says_so(alpha: float, peers: int) -> None:
    with pytest.raises(bb.DataError) as caught:
        bb.data.dirichlet(alpha=alpha).counts(DIGITS, peers=peers)
    error = caught.value
    assert error.code == "partition_impossible"
    assert f"{peers} peers" in error.value
    assert "alpha" in error.hint


@pytest.mark.parametrize("spec", SPECS)
def test_runs_take_partitions(spec: str) -> None:
    by_spec = bb.swarm.run(rounds=2, partition=spec, progress=False)
    part = bb.data.partition_from_spec(spec)
    by_part = bb.swarm.run(rounds=2, partition=part, progress=False)
    assert by_spec.trajectory == by_part.trajectory
    assert by_part.config["partition"] == part.spec
    if spec != "iid":
        assert by_spec.trajectory != bb.swarm.run(rounds=2, progress=False).trajectory


def test_the_plot_stacks_the_counts() -> None:
    part = bb.data.dirichlet(alpha=0.3)
    axes = part.plot(DIGITS, peers=8)
    counts = part.counts(DIGITS, peers=8)
    heights = np.array([[bar.get_height() for bar in bars] for bars in axes.containers])
    np.testing.assert_array_equal(heights.T, counts)
    assert len(axes.get_legend().get_texts()) == 10


@given(st.floats(min_value=1e-300, max_value=1e300))
def test_the_logarithm_is_that_of_the_system(x: float) -> None:
    assert logarithm(x) == pytest.approx(math.log(x), rel=4e-16, abs=4e-16)


@given(st.floats(min_value=-700, max_value=700))
def test_the_exponential_is_that_of_the_system(x: float) -> None:
    assert exponential(x) == pytest.approx(math.exp(x), rel=1e-13)


@pytest.mark.parametrize("shape", [0.05, 0.3, 1.0, 4.5])
def test_gamma_numbers_have_their_mean_and_variance(shape: float) -> None:
    draws = Draws(1, "test", 0)
    count = 4000
    values = np.exp([draws.log_gamma_variate(shape) for _ in range(count)])
    # mean and variance are both `shape`; bounds of five standard errors
    assert abs(values.mean() - shape) < 5 * np.sqrt(shape / count)
    fourth = 3 * shape * shape + 6 * shape  # central moment
    assert abs(values.var() - shape) < 5 * np.sqrt((fourth - shape**2) / count)


def test_normal_numbers_follow_their_distribution() -> None:
    draws = Draws(2, "test", 0)
    values = np.sort([draws.normal() for _ in range(4000)])
    expected = np.array([0.5 * (1 + math.erf(v / math.sqrt(2))) for v in values])
    steps = (np.arange(4000) + 0.5) / 4000
    assert np.abs(expected - steps).max() < 1.95 / np.sqrt(4000)  # Kolmogorov, p = 0.001


@pytest.mark.parametrize("spec", SPECS[1:])
def test_a_partition_by_label_needs_labels(spec: str) -> None:
    with pytest.raises(bb.DataError) as caught:
        bb.data.partition_from_spec(spec).split(np.arange(100), 4)
    assert caught.value.code == "missing_labels"
