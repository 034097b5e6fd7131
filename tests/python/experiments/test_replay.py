"""Recorded rounds, replayed through the rule, give the parameters of the next round exactly."""

from __future__ import annotations

import numpy as np
import pytest

import bytesandbrains as bb

ROUNDS = (1, 2, 17, 40)
RULES = ["mean", "median", "trimmed_mean", "krum", "multi_krum", "bulyan"]


@pytest.mark.parametrize("attack", ["alie:z=1.5", "nan", "silent"])
@pytest.mark.parametrize("name", RULES)
def test_replaying_a_round_gives_its_parameters(name: str, attack: str) -> None:
    run = bb.swarm.run(
        rounds=40, eval_every=40, eval_last=1, aggregator=name, attack=attack, record=ROUNDS
    )
    rule = bb.aggregators.get(name) if name == "mean" else bb.aggregators.get(name, f=3)
    for round in ROUNDS:
        decisions = run.decisions[round]
        absent = [int(d.peer) for d in decisions if d.reason == "missing"]
        present = [i for i in range(15) if i not in absent]
        rows = run.rows(round)
        again = rule.aggregate(rows[present], peers=present, missing=absent)
        before, after = run.recorded_params[round - 1], run.recorded_params[round]
        np.testing.assert_array_equal(after, before + np.float32(-0.3) * again.vector)
        # Krum may choose an absent peer's zero row
        assert np.array_equal(after, before) == (not again.vector.any())
        for kept, made in zip(decisions, again.decisions, strict=True):
            assert (kept.peer, kept.verdict, kept.reason) == (
                str(made.peer.index),
                made.verdict,
                made.reason,
            )
            np.testing.assert_equal(kept.score, made.score)
    np.testing.assert_array_equal(run.recorded_params[40], run.params())
    assert not np.array_equal(run.recorded_params[40], run.recorded_params[0])


def test_rounds_that_were_not_recorded_say_so() -> None:
    run = bb.swarm.run(rounds=2, record=(1,))
    assert run.rows(1).shape == (15, 4810)
    with pytest.raises(bb.HostError, match=r"record=\(2,\)") as caught:
        run.rows(2)
    assert caught.value.code == "not_recorded"
