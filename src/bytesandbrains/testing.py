"""Loopback: a few nodes wired to each other in one process, for tests of programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bytesandbrains._core import PeerId
from bytesandbrains.durations import parse_duration_ns
from bytesandbrains.errors import HostError
from bytesandbrains.node import Node

__all__ = ["Loopback"]

_NEVER = 2**63 - 1


class Loopback:
    """Delivers what nodes send to each other, encoded, in virtual time.

    Args:
        nodes: The nodes; ids must differ.
        seed: Kept for programs that draw at delivery; delivery itself is in order of peer id.

    Example:
        >>> Loopback([]).run_until_idle()
        {}
    """

    def __init__(self, nodes: Iterable[Node], *, seed: int = 0) -> None:
        self.seed = seed
        self.now_ns = 0
        self.nodes: dict[PeerId, Node] = {}
        self.drops: list[tuple[PeerId, str, str]] = []
        self.timeouts: list[tuple[PeerId, str]] = []
        for node in nodes:
            if node.peer in self.nodes:
                raise HostError(
                    "two nodes have one id",
                    code="duplicate_peer",
                    value=node.peer,
                    hint="give each its own peer=",
                )
            self.nodes[node.peer] = node

    def run_until_idle(self, timeout: str = "60s") -> dict[PeerId, dict[str, Any]]:
        """Runs until no node has work, messages or deadlines within ``timeout``.

        Returns:
            Outputs per peer, as ``{"target.output": value}``.

        Raises:
            Error: The first failed operation of any node.
        """
        limit = self.now_ns + parse_duration_ns(timeout)
        outputs: dict[PeerId, dict[str, Any]] = {}
        while True:
            busy = False
            for peer in sorted(self.nodes):
                busy = self._poll(peer, outputs) or busy
            if busy:
                continue
            due = min((n.next_deadline() for n in self.nodes.values()), default=_NEVER)
            if due > limit or due == _NEVER:
                return outputs
            self.now_ns = max(self.now_ns, due)

    def _poll(self, peer: PeerId, outputs: dict[PeerId, dict[str, Any]]) -> bool:
        steps = self.nodes[peer].poll(self.now_ns)
        for failure in steps.failures:
            failure.throw()
        for output in steps.outputs:
            outputs.setdefault(peer, {})[f"{output.target}.{output.name}"] = output.value
        self.drops += [(peer, drop.reason, drop.port) for drop in steps.drops]
        self.timeouts += [(peer, timeout.gather) for timeout in steps.timeouts]
        for send in steps.sends:
            if send.peer in self.nodes:
                self.nodes[send.peer].deliver(peer, send.data)
        return bool(steps.sends) or steps.more
