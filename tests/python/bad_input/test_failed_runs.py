"""Nothing is lost: a run that fails in a round leaves the rounds before it readable."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bytesandbrains as bb

ROUND = 4


def failing_rule(X: Any, ctx: Any) -> Any:
    if ctx.round == ROUND:
        raise ValueError("the dog ate the rows")
    return X.mean(axis=0)


def saved(folder: Path, error: type[BaseException], **arguments: Any) -> bb.swarm.Result:
    with pytest.raises(error):
        bb.swarm.run(rounds=10, eval_every=1, seed=5, out=folder, **arguments)
    return bb.swarm.load(folder)


def test_a_failing_rule_leaves_the_rounds_before_it(tmp_path: Path) -> None:
    loaded = saved(tmp_path / "run", bb.Error, aggregator=failing_rule)
    whole = bb.swarm.run(
        rounds=10, eval_every=1, seed=5, aggregator=lambda X: X.mean(axis=0), out=tmp_path / "ok"
    )
    assert loaded.status == "failed"
    assert loaded.error is not None
    assert "the dog ate the rows" in loaded.error
    assert f"round {ROUND}" in loaded.error
    assert loaded.rounds.tolist() == list(range(ROUND))
    assert sorted(loaded.decisions) == list(range(1, ROUND))
    np.testing.assert_array_equal(loaded.accuracy, whole.accuracy[:ROUND])
    np.testing.assert_array_equal(loaded.loss, whole.loss[:ROUND])


def test_the_error_names_the_round_and_keeps_the_cause() -> None:
    with pytest.raises(bb.Error) as caught:
        bb.swarm.run(rounds=10, aggregator=failing_rule)
    assert f"round {ROUND}" in caught.value.where
    assert isinstance(caught.value.__cause__, ValueError)
    frames = traceback.extract_tb(caught.value.__cause__.__traceback__)
    assert "failing_rule" in [frame.name for frame in frames]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failing_callback_and_an_interrupt_leave_the_rounds(
    error: type[BaseException], tmp_path: Path
) -> None:
    def stop(event: bb.swarm.RoundEvent) -> None:
        if event.round == 6:
            raise error("stop")

    loaded = saved(tmp_path / "run", error, callbacks=[stop])
    assert (loaded.status, loaded.error) == ("failed", "stop")
    assert loaded.rounds.tolist() == list(range(7))
    assert loaded.final_params is not None


def test_a_callback_can_end_a_run_early(tmp_path: Path) -> None:
    run = bb.swarm.run(
        rounds=10, eval_every=1, callbacks=[lambda event: event.round == 3], out=tmp_path / "run"
    )
    loaded = bb.swarm.load(tmp_path / "run")
    assert run.rounds.tolist() == loaded.rounds.tolist() == [0, 1, 2, 3]
    assert loaded.digest == run.digest


def test_what_was_saved_is_what_is_loaded(tmp_path: Path) -> None:
    run = bb.swarm.run(rounds=12, attack="nan", aggregator="krum", out=tmp_path / "run")
    loaded = bb.swarm.load(tmp_path / "run")
    assert loaded.status == "complete"
    assert loaded.error is None
    for name in ("config", "skipped", "bytes", "digest", "trajectory", "byzantine", "diverged"):
        assert getattr(loaded, name) == getattr(run, name), name
    for name in ("rounds", "accuracy", "loss"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(run, name))
    np.testing.assert_array_equal(loaded.params(), run.params())
    assert loaded.final() == run.final()
    for round, decisions in run.decisions.items():
        for a, b in zip(loaded.decisions[round], decisions, strict=True):
            assert (a.peer, a.verdict, a.reason) == (b.peer, b.verdict, b.reason)
            np.testing.assert_equal(a.score, b.score)


def test_a_half_written_folder_is_still_read(tmp_path: Path) -> None:
    bb.swarm.run(rounds=12, out=tmp_path)
    decisions = tmp_path / "decisions.ndjson"
    decisions.write_bytes(decisions.read_bytes()[:-40])
    assert sorted(bb.swarm.load(tmp_path).decisions) == list(range(1, 12))


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(bb.DataError) as caught:
        bb.swarm.load(tmp_path)
    assert (caught.value.code, caught.value.value) == ("not_a_run", str(tmp_path))
    assert caught.value.hint
