"""Driver: invokes a body round after round, on one node or in a world."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bytesandbrains import _core
from bytesandbrains._core import PeerId, RoundRecord
from bytesandbrains.errors import HostError
from bytesandbrains.node import Node
from bytesandbrains.sim import World

__all__ = ["Driver"]


class Driver:
    """Drives rounds.

    Args:
        host: A node that needs no messages, or a world.
    """

    def __init__(self, host: Node | World) -> None:
        self.host = host

    def __repr__(self) -> str:
        return f"Driver({self.host!r})"

    def rounds(
        self,
        n: int,
        *,
        target: str = "server",
        next: str = "loaded",
        node: PeerId | None = None,
        after: Callable[[RoundRecord], bool] | None = None,
    ) -> list[Any]:
        """Runs ``n`` rounds of ``target``; each ends when its output ``next`` appears.

        Args:
            n: How many.
            target: Kind of machine whose entry starts a round.
            next: Output that ends a round.
            node: Which node of a world; the only one with that target by default.
            after: Called with every RoundRecord of a world; True stops.

        Returns:
            The records of a world's rounds, or the value of ``next`` per round of a node.

        Raises:
            Error: The first failed operation.
            HostError: ``round_stalled`` when a round ends without ``next``.
        """
        if isinstance(self.host, World):
            peer = node if node is not None else self._only(self.host, target)
            driver = _core.Driver(
                self.host.core, peer, target, next, "", None, None, n, 0, 0, set()
            )
            driver.rounds(n, after)
            return list(driver.records)
        values = []
        for round in range(1, n + 1):
            self.host.invoke(target, round)
            outputs = self.host.run()
            if next not in outputs:
                raise HostError(
                    "a round did not reach its end",
                    code="round_stalled",
                    where=target,
                    value=round,
                    hint=f"check that {next!r} is always output",
                )
            values.append(outputs[next])
        return values

    @staticmethod
    def _only(world: World, target: str) -> PeerId:
        having = [peer for peer, node in world.nodes.items() if target in node.targets]
        if len(having) != 1:
            raise HostError(
                "which node should be driven is not clear",
                code="ambiguous_node",
                value=f"{len(having)} nodes with target {target}",
                hint="pass node=",
            )
        return having[0]
