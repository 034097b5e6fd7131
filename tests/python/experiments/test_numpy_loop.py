"""Whole runs against a plain numpy loop fed the same weights, shards and batches."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy_loop
import pytest
from numpy_loop import Array, Crafted
from swarm_tools import DrawnInputs

import bytesandbrains as bb

ROUNDS = 20


@pytest.fixture(scope="module")
def inputs() -> DrawnInputs:
    return DrawnInputs(seed=0)


def looped(inputs: DrawnInputs, rule: str, craft: Crafted | None, flip: bool = False) -> Array:
    """Parameters after the rounds of the numpy loop."""
    return numpy_loop.train(
        inputs.start,
        inputs.x,
        inputs.y,
        inputs.shards,
        inputs.batch_of,
        rule=numpy_loop.RULES[rule],
        byzantine=3,
        rounds=ROUNDS,
        craft=craft,
        flip_labels=flip,
    ).params


def assert_alike(got: Array, want: Array) -> None:
    assert np.linalg.norm(got - want) < 1e-4 * np.linalg.norm(want)


@pytest.mark.parametrize("attack", list(numpy_loop.ATTACKS))
@pytest.mark.parametrize("rule", list(numpy_loop.RULES))
def test_twenty_rounds_equal_numpy(rule: str, attack: str, inputs: DrawnInputs) -> None:
    run = bb.swarm.run(aggregator=rule, attack=attack, rounds=ROUNDS, eval_every=ROUNDS)
    want = looped(inputs, rule, numpy_loop.ATTACKS[attack], attack == "label_flip")
    assert_alike(run.params(), want)
    # the bound has meaning: training moved the parameters by far more than it allows
    assert np.linalg.norm(want - inputs.start) > 0.02 * np.linalg.norm(inputs.start)


@pytest.mark.parametrize("rule", list(numpy_loop.RULES))
def test_gaussian_noise_is_normal_and_the_rest_equals_numpy(rule: str, inputs: DrawnInputs) -> None:
    run = bb.swarm.run(
        aggregator=rule,
        attack="gaussian:sigma=0.5",
        rounds=ROUNDS,
        eval_every=ROUNDS,
        record=range(1, ROUNDS + 1),
    )
    rows = [run.rows(r) for r in range(1, ROUNDS + 1)]
    noise = np.stack([r[12:] - r[:12].mean(axis=0) for r in rows]).astype(np.float64)
    count = noise.size
    assert abs(noise.mean()) < 5 * 0.5 / np.sqrt(count)
    assert abs(noise.std() / 0.5 - 1) < 5 / np.sqrt(2 * count)
    assert abs(((noise / noise.std()) ** 4).mean() - 3) < 5 * np.sqrt(96 / count)
    flat = noise.reshape(-1, noise.shape[-1])
    correlation = np.corrcoef(flat) - np.eye(len(flat))
    assert np.abs(correlation).max() < 6 / np.sqrt(flat.shape[1])

    drawn: Iterator[Array] = iter(noise)
    want = looped(inputs, rule, lambda honest, f: honest.mean(axis=0) + next(drawn))
    assert_alike(run.params(), want)
