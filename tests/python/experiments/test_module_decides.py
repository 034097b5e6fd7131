"""Training is in the Module: a round written from public names, its negation, and the trace."""

from __future__ import annotations

from collections import Counter

import numpy as np

import bytesandbrains as bb


class Round(bb.Module):
    """A round of SGD with momentum on the clients; ``sign`` −1 climbs instead of descending."""

    model = bb.ModelSlot()
    data = bb.DataSourceSlot()
    clients = bb.PeerSelectorSlot()
    aggregator = bb.AggregatorSlot()

    def __init__(self, sign: float = 1.0) -> None:
        self.sign = sign

    def body(self, g: bb.Graph) -> None:
        with g.on("server"):
            who = self.clients.view()
            weights = g.net_out("weights", self.model.params(), to=who, at="client")
        with g.on("client"):
            ready = self.model.load_parameters(weights)
            x, y = self.data.next_batch(after=ready)
            _, gradient = self.model.grad(x, y, after=ready)
            kept = g.state("momentum", like=gradient, init=0)
            moved = kept.read() * 0.9 + gradient * (1.0 - 0.9)
            kept.write(moved)
            update = g.net_out("update", moved, to=weights.sender, at="server")
        with g.on("server"):
            arrived = g.gather(update, of=who)
            result = self.aggregator.aggregate(arrived)
            g.output("loaded", self.model.apply_delta(result, scale=-0.3 * self.sign))


class NegatedUpdate(bb.algorithms.sgd):  # type: ignore[misc,valid-type]
    """The bundled algorithm, whose clients send the opposite of their vector."""

    def _vector(self, g: bb.Graph, loaded: bb.Output) -> bb.Output:
        return -super()._vector(g, loaded)


def test_a_module_of_public_names_is_the_bundled_algorithm() -> None:
    bundled = bb.swarm.run(rounds=10, eval_every=1, seed=3)
    own = bb.swarm.run(rounds=10, eval_every=1, seed=3, module=Round())
    assert own.trajectory == bundled.trajectory
    assert own.digest != bundled.digest


def test_negating_the_update_in_the_module_changes_the_run() -> None:
    arguments = {"rounds": 40, "eval_every": 1, "attack": "none", "aggregator": "mean"}
    down = bb.swarm.run(**arguments)
    up = bb.swarm.run(**arguments, module=Round(sign=-1))
    sent = bb.swarm.run(**arguments, module=NegatedUpdate())
    assert down.trajectory != up.trajectory
    assert down.loss[-1] < down.loss[0] < up.loss[-1]
    assert up.final() < 0.15 < 0.7 < down.final()
    # −0.3 · m and 0.3 · (−m) are the same numbers
    np.testing.assert_array_equal(sent.params(), up.params())


def test_every_peer_gets_one_weight_and_sends_one_update_per_round() -> None:
    rounds, peers = 4, 7
    run = bb.swarm.run(rounds=rounds, peers=peers, byzantine=1, aggregator="median", attack="none")
    events = run.world.trace()
    delivered = Counter((e.port, str(e.src), str(e.dst)) for e in events if e.kind == "deliver")
    wanted = {("weights", "server", str(i)): rounds for i in range(peers)}
    wanted |= {("update", str(i), "server"): rounds for i in range(peers)}
    assert delivered == wanted
    for i in range(peers):
        metrics = run.node(i).metrics()
        assert (metrics["frames"], metrics["deliveries"], metrics["sends"]) == (rounds,) * 3
    assert run.node(bb.PeerId.server()).metrics()["gathers_fired"] == rounds


def test_adversaries_act_on_held_sends_of_the_same_program() -> None:
    run = bb.swarm.run(rounds=2, peers=9, byzantine=2, aggregator="median", attack="alie:z=1.5")
    kinds = Counter(e.kind for e in run.world.trace() if e.port == "update")
    assert kinds["hold"] == kinds["replace"] == 2 * 2
    assert kinds["deliver"] == 2 * 9
    assert run.node(8).metrics()["sends"] == 2


def test_only_public_names_are_needed_to_run_it() -> None:
    run = bb.swarm.run(
        rounds=60, module=Round(), model="logistic", aggregator="trimmed_mean", attack="label_flip"
    )
    assert run.final() > 0.8
