"""Equal bits whatever the threads, instruction set, encoding, hash seed or process."""

from __future__ import annotations

from typing import Any

import pytest
from swarm_tools import in_process

import bytesandbrains as bb
from bytesandbrains import _core

ARGUMENTS: dict[str, Any] = {"rounds": 30, "attack": "alie:z=1.5", "aggregator": "bulyan"}
SCRIPT = """
import json
import bytesandbrains as bb
from bytesandbrains import _core
run = bb.swarm.run(**{arguments!r})
print(json.dumps([_core.active_isa(), _core.isa_error(), run.digest, run.trajectory]))
"""


@pytest.fixture(scope="module")
def here() -> bb.swarm.Result:
    return bb.swarm.run(**ARGUMENTS)


def hashes(run: bb.swarm.Result) -> list[str]:
    return [run.digest, run.trajectory]


def elsewhere(**environment: str) -> list[str]:
    return list(in_process(SCRIPT.format(arguments=ARGUMENTS), **environment))


@pytest.mark.parametrize("isa", ["v3", "v4", "neon", "scalar"])
def test_every_instruction_set_gives_the_same_bits(isa: str, here: bb.swarm.Result) -> None:
    if isa not in _core.supported_isas():
        pytest.skip(f"this processor has no {isa}")
    active, error, *got = elsewhere(BB_ISA=isa)
    assert (active, error) == (isa, "")
    assert got == hashes(here)


def test_another_process_and_hash_seed_give_the_same_bits(here: bb.swarm.Result) -> None:
    runs = [elsewhere(PYTHONHASHSEED=seed)[2:] for seed in ("0", "4711")]
    assert runs == [hashes(here)] * 2


def test_two_threads_give_the_same_bits() -> None:
    arguments: dict[str, Any] = {
        "model": bb.models.mlp(64, 4096, 10),
        "rounds": 3,
        "eval_every": 1,
        "aggregator": "trimmed_mean",
    }
    calls, _ = _core.parallel_stats()
    one = bb.swarm.run(**arguments, threads=1)
    assert _core.parallel_stats()[0] == calls
    two = bb.swarm.run(**arguments, threads=2)
    after, most = _core.parallel_stats()
    assert after > calls
    assert most >= 2
    assert hashes(two) == hashes(one)


@pytest.mark.parametrize("attack", ["alie:z=1.5", "gaussian", "silent"])
def test_encoding_every_message_changes_nothing(attack: str) -> None:
    arguments = {**ARGUMENTS, "attack": attack, "rounds": 10, "link": "constant:loss=0.1"}
    handles = bb.swarm.run(**arguments)
    encoded = bb.swarm.run(**arguments, serialize=True)
    assert handles.world.metrics()["encoded"] == 0
    metrics = encoded.world.metrics()
    assert metrics["encoded"] >= metrics["delivered"] > 10 * 12
    assert hashes(encoded) == hashes(handles)
    assert encoded.bytes == handles.bytes


def test_experiments_side_by_side_give_the_same_bits(here: bb.swarm.Result) -> None:
    made = bb.swarm.runner.grid([ARGUMENTS] * 4, workers=2)
    assert [hashes(cell.result) for cell in made if cell.result] == [hashes(here)] * 4


def test_what_is_only_watched_changes_nothing(here: bb.swarm.Result) -> None:
    seen: list[int] = []
    watched = bb.swarm.run(
        **ARGUMENTS, callbacks=[lambda event: seen.append(event.round)], record=(3,)
    )
    assert seen == list(range(1, 31))
    assert hashes(watched) == hashes(here)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"data_seed": 1},
        {"lr": 0.30001},
        {"momentum": 0.9001},
        {"batch": 31},
        {"weight_decay": 1e-4},
        {"f": 2},
        {"attack": "alie:z=1.51"},
        {"attack_start": 1},
        {"byzantine": [0, 1, 2]},
        {"aggregator": "multi_krum"},
        {"participation": 0.9, "f": 2},
        {"update": "gradient"},
        {"local_steps": 2},
        {"test_fraction": 0.21},
        {"peers": 16},
        {"model": bb.models.mlp(64, 63, 10)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_one_change_gives_another_trajectory(change: dict[str, Any], here: bb.swarm.Result) -> None:
    other = bb.swarm.run(**{**ARGUMENTS, **change})
    assert other.trajectory != here.trajectory
    assert other.digest != here.digest
