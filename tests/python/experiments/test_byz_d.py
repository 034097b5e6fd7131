"""The digits experiment with its reference accuracies, and what each attack does to a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bytesandbrains as bb
from bytesandbrains.swarm import runner

ROBUST = ["median", "trimmed_mean", "krum", "multi_krum", "bulyan"]
RULES = ["mean", *ROBUST]
# Mean final accuracies in percent over 25 seeds of a plain numpy program.
LABEL_FLIP = {
    "mean": 92.8,
    "median": 95.0,
    "trimmed_mean": 95.2,
    "krum": 92.9,
    "multi_krum": 96.3,
    "bulyan": 95.6,
}
NO_ATTACK = {"mean": 96.5, "krum": 93.1, "multi_krum": 96.2, "bulyan": 95.8}
SEEDS = range(5)


def results(cells: list[dict[str, Any]]) -> list[Any]:
    """Runs cells on two threads and returns their results."""
    made = runner.grid([{"eval_every": 300, **cell} for cell in cells], workers=2)
    assert [cell.error for cell in made] == [None] * len(cells)
    return [cell.result for cell in made]


@pytest.mark.parametrize(("attack", "wanted"), [("label_flip", LABEL_FLIP), ("none", NO_ATTACK)])
def test_accuracies_are_those_of_the_reference(attack: str, wanted: dict[str, float]) -> None:
    cells = [{"aggregator": r, "attack": attack, "seed": s} for r in wanted for s in SEEDS]
    finals = np.array([run.final() for run in results(cells)]).reshape(len(wanted), len(SEEDS))
    got = dict(zip(wanted, 100 * finals.mean(axis=1), strict=True))
    for rule, figure in wanted.items():
        assert got[rule] == pytest.approx(figure, abs=3.0), got


def test_large_inner_product_manipulation_breaks_the_mean_only() -> None:
    runs = results([{"aggregator": r, "attack": "ipm:epsilon=10"} for r in RULES])
    broken, *robust = runs
    assert broken.final() < 0.2
    assert broken.diverged is not None
    assert broken.status == "complete"
    for run in robust:
        assert run.final() > 0.9, run
        assert run.diverged is None


def test_broken_rows_are_named_and_removed() -> None:
    for run in results([{"aggregator": r, "attack": "nan", "rounds": 60} for r in RULES]):
        assert np.isfinite(run.params()).all(), run
        assert run.diverged is None
        assert run.final() > 0.8
        for decisions in run.decisions.values():
            named = {d.peer for d in decisions if d.reason == "non_finite"}
            assert named == {"12", "13", "14"}
            assert all(d.verdict == "rejected" for d in decisions if d.peer in named)


def test_silent_peers_count_as_missing_and_bulyan_learns() -> None:
    (run,) = results([{"aggregator": "bulyan", "attack": "silent"}])
    assert run.final() >= 0.88
    for decisions in run.decisions.values():
        assert {d.peer for d in decisions if d.reason == "missing"} == {"12", "13", "14"}


def test_nothing_is_learned_from_permuted_labels() -> None:
    digits = bb.data.load("digits")
    labels = np.random.default_rng(5).permutation(digits.y)
    data = bb.data.from_arrays(digits.x, labels, classes=10)
    finals = [run.final() for run in results([{"data": data, "seed": s} for s in SEEDS])]
    assert 0.06 < np.mean(finals) < 0.14
