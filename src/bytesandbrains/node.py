"""Installing compiled programs on nodes, and driving a node by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bytesandbrains import _core
from bytesandbrains._core import PeerId, Program, Steps
from bytesandbrains.aggregators import FunctionRule, Rule
from bytesandbrains.artifact import Artifact
from bytesandbrains.errors import HostError, InstallError, did_you_mean

__all__ = ["Node", "NodeConfig", "install", "load_program", "python_parts_for"]


@dataclass(frozen=True)
class NodeConfig:
    """Caps of one node; each is a limit and never a reservation.

    Attributes:
        max_frames: Live executions.
        max_gathers: Open gathers.
        max_early_keys: Keys held for gathers that have not opened yet.
        max_inbox: Queued deliveries.
        max_inbox_bytes: Bytes of queued and held values.
        max_invoke_bytes: Bytes of one call's inputs.
        default_timeout_ns: Timeout of gathers that name none.
        max_envelope_bytes: Bytes of one message.
    """

    max_frames: int = 4096
    max_gathers: int = 1024
    max_early_keys: int = 16
    max_inbox: int = 65536
    max_inbox_bytes: int = 256 << 20
    max_invoke_bytes: int = 256 << 20
    default_timeout_ns: int = 30_000_000_000
    max_envelope_bytes: int = 64 << 20


class Node:
    """One installed machine: cells, components and live frames.

    A node does nothing by itself: give it inputs (``invoke``, ``deliver``) and time (``poll``),
    then do what the returned Steps ask for.
    """

    def __init__(self, core: _core.Node) -> None:
        self.core = core

    def __repr__(self) -> str:
        return repr(self.core)

    @property
    def peer(self) -> PeerId:
        """The node's identity."""
        return self.core.peer

    @property
    def targets(self) -> list[str]:
        """The kinds of machine installed here."""
        return self.core.targets

    def invoke(self, target: str, round: int | None = None, **inputs: object) -> int:
        """Starts the entry of ``target`` and returns its execution id.

        Args:
            target: The kind of machine.
            round: Number of the round; counted by the node when None.
            **inputs: Host inputs by name: arrays, numbers, peers.

        Raises:
            HostError: Unknown target, missing or unknown input, wrong type.
        """
        return self.core.invoke(target, inputs, round)

    def deliver(self, source: PeerId, data: bytes) -> None:
        """Hands in bytes from an authenticated peer; refusals show up as drops of the next poll."""
        self.core.deliver(source, data)

    def poll(self, now_ns: int, max_ops: int | None = None) -> Steps:
        """Runs until idle or ``max_ops`` operations, and says what the host must do.

        Args:
            now_ns: The host's clock in nanoseconds; never less than before.
            max_ops: Stop after this many operations; ``Steps.more`` tells whether work is left.
        """
        return self.core.poll(now_ns, 0 if max_ops is None else max_ops)

    def next_deadline(self) -> int:
        """When poll is due because of time, in nanoseconds; 2**63 − 1 for never."""
        return self.core.next_deadline()

    def run(self, now_ns: int = 0) -> dict[str, Any]:
        """Polls until idle and returns the outputs by name.

        Raises:
            Error: The first failed operation.
            HostError: ``needs_host`` when the node wants messages sent: use Loopback or a World.
        """
        steps = self.core.poll(now_ns, 0)
        for failure in steps.failures:
            failure.throw()
        if steps.sends:
            raise HostError(
                "the node has messages to send",
                code="needs_host",
                value=len(steps.sends),
                hint="use bb.testing.Loopback, or send them and poll yourself",
            )
        return {output.name: output.value for output in steps.outputs}

    def cell(self, slot: str, name: str) -> NDArray[Any] | None:
        """A state cell as a read-only array, e.g. ``cell("model", "params")``; None if absent."""
        value: NDArray[Any] | None = self.core.cell(slot, name)
        return value

    def set_cell(self, slot: str, name: str, value: NDArray[Any]) -> None:
        """Overwrites a state cell with an array of its dtype and shape."""
        self.core.set_cell(slot, name, np.ascontiguousarray(value))

    def metrics(self) -> dict[str, Any]:
        """Counters: operations, frames, messages, drops by reason, bytes in flight."""
        return self.core.metrics()


def load_program(artifact: Artifact) -> Program:
    """Verifies an artifact and lowers it once; nodes made from the program share it.

    Raises:
        InstallError: Not an artifact, changed since it was compiled, or something unresolved.
    """
    return _core.load_program(artifact.bytes)


def python_parts_for(program: Artifact | Program, targets: Sequence[str]) -> dict[str, object]:
    """The parts written in Python that some targets of an artifact use, by slot."""
    if not isinstance(program, Artifact) or not program.python_parts:
        return {}
    table = json.loads(program.metadata["bb.bindings"])
    wanted = set(targets) or set(program.targets)
    return {
        slot: part
        for slot, part in program.python_parts.items()
        if wanted & set(table.get(slot, {}).get("targets", ()))
    }


def install(
    program: Artifact | Program,
    targets: Sequence[str] | str | None = None,
    *,
    peer: PeerId | int = 0,
    seed: int = 0,
    config: Mapping[str, Mapping[str, Any]] | None = None,
    resources: Mapping[str, object] | None = None,
    limits: NodeConfig | None = None,
) -> Node:
    """Makes a node that runs some targets of a program.

    Args:
        program: A compiled artifact, or the program loaded from one (shared by many nodes).
        targets: Kinds of machine to install; the only one when None.
        peer: The node's identity; an int stands for ``PeerId.from_int``.
        seed: Key of the experiment's random streams.
        config: Settings per slot, merged over what the slot was bound with.
        resources: Objects per slot: a DataView for data, a rule or function for an aggregator.
        limits: Caps.

    Raises:
        InstallError: Everything that does not fit, listed.
        ConfigError: Settings that are not legal.
    """
    loaded = load_program(program) if isinstance(program, Artifact) else program
    wanted = [targets] if isinstance(targets, str) else list(targets or [])
    for target in wanted:
        if target not in loaded.targets:
            raise InstallError(
                "the program has no such target",
                code="unknown_target",
                value=target,
                hint=did_you_mean(target, loaded.targets),
            )
    data: dict[str, object] = {}
    components: dict[str, object] = {}
    python_parts = python_parts_for(program, wanted)
    for slot, value in {**python_parts, **(resources or {})}.items():
        if isinstance(value, Rule):
            components[slot] = value.core
        elif isinstance(value, _core.Component):
            components[slot] = value
        elif isinstance(value, _core.Resource):
            data[slot] = value
        elif callable(value):
            components[slot] = FunctionRule(value, {}).core
        else:
            raise InstallError(
                "a resource is neither data nor a part",
                code="bad_resource",
                where=slot,
                value=repr(value),
                hint="pass dataset.view(indices), an aggregation rule, or a function of the rows",
            )
    return Node(
        _core.install(
            loaded,
            wanted,
            PeerId.from_int(peer) if isinstance(peer, int) else peer,
            seed,
            {slot: dict(values) for slot, values in (config or {}).items()},
            data,
            components,
            asdict(limits or NodeConfig()),
        )
    )
