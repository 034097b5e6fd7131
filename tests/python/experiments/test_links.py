"""Bad links: what is lost shows up as missing or timed out, and training goes on."""

from __future__ import annotations

import pytest

import bytesandbrains as bb
from bytesandbrains.swarm import Result


def missing(run: Result) -> list[set[str]]:
    """Per round, the peers whose update did not arrive."""
    return [{d.peer for d in ds if d.reason == "missing"} for ds in run.decisions.values()]


@pytest.mark.parametrize("direction", ["to the server", "from the server"])
def test_a_peer_behind_a_dead_link_is_missing_in_every_round(direction: str) -> None:
    cut = bb.PeerId.from_int(4)

    def link(src: bb.PeerId, dst: bb.PeerId) -> object:
        dead = src == cut if direction == "to the server" else dst == cut
        return bb.links.constant(bandwidth=0) if dead else None

    run = bb.swarm.run(rounds=60, aggregator="trimmed_mean", attack="label_flip", link=link)
    assert missing(run) == [{"4"}] * 60
    assert run.final() > 0.75
    assert run.diverged is None
    assert run.time.virtual_s == 60 * 30
    timeouts = [e for e in run.world.trace() if e.kind == "timeout"]
    assert len(timeouts) == 60


def test_lost_messages_are_missing_and_never_a_hang() -> None:
    run = bb.swarm.run(
        rounds=40, aggregator="trimmed_mean", attack="label_flip", link="constant:loss=0.15"
    )
    events = run.world.trace()
    lost = [e for e in events if e.kind == "drop" and e.reason == "link"]
    absent = missing(run)
    assert len(lost) == sum(map(len, absent))
    # 15 peers, 40 rounds, both directions: 1 - 0.85² of the updates are absent
    assert sum(map(len, absent)) == pytest.approx(600 * (1 - 0.85**2), rel=0.25)
    assert len([e for e in events if e.kind == "timeout"]) == sum(map(bool, absent))
    assert len(run.decisions) == 40
    assert run.loss[-1] < 0.8 * run.loss[0]


def test_a_swarm_without_any_link_ends_with_its_first_parameters() -> None:
    run = bb.swarm.run(rounds=3, eval_every=1, attack="none", link="constant:loss=1")
    assert missing(run) == [{str(i) for i in range(15)}] * 3
    assert len(set(run.accuracy.tolist())) == 1


def test_absent_peers_can_shrink_the_round() -> None:
    arguments = {"rounds": 40, "aggregator": "median", "attack": "silent"}
    zeros = bb.swarm.run(**arguments)
    shrunk = bb.swarm.run(**arguments, on_missing="shrink")
    assert missing(zeros) == missing(shrunk) == [{"12", "13", "14"}] * 40
    assert zeros.trajectory != shrunk.trajectory


def test_latency_and_bandwidth_take_virtual_time_only() -> None:
    arguments = {"rounds": 5, "eval_every": 1}
    near = bb.swarm.run(**arguments)
    far = bb.swarm.run(**arguments, link="constant:latency=50ms,bandwidth=1Mbit/s")
    assert far.trajectory == near.trajectory
    assert near.time.virtual_s == 0
    assert far.time.virtual_s > 5 * (0.05 + 19_302 * 8 / 1e6)
    assert far.bytes == near.bytes
