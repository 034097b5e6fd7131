"""How often a defence lets Byzantine rows through, and how often it rejects honest ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bytesandbrains._core import PeerId

__all__ = ["Acceptance", "acceptance_of"]


@dataclass(frozen=True)
class Acceptance:
    """Shares per round, in [0, 1].

    Attributes:
        rounds: (k,) rounds with decisions.
        byzantine: (k,) share of the Byzantine rows that were accepted, wholly or in part; an
            absent row was not. NaN without Byzantine peers.
        honest_rejected: (k,) share of the honest rows that were rejected.
        weight: (k,) weight of the Byzantine rows in the result; NaN where a rule gives none.
        byzantine_rate: Share over all rounds.
        honest_rejection_rate: Share over all rounds.
    """

    rounds: NDArray[np.int64]
    byzantine: NDArray[np.float64]
    honest_rejected: NDArray[np.float64]
    weight: NDArray[np.float64]
    byzantine_rate: float
    honest_rejection_rate: float

    def __repr__(self) -> str:
        return (
            f"Acceptance({len(self.rounds)} rounds: {100 * self.byzantine_rate:.1f}% of Byzantine "
            f"rows let through, {100 * self.honest_rejection_rate:.1f}% of honest rows rejected)"
        )


def acceptance_of(decisions: Mapping[int, Sequence[Any]], byzantine: Collection[int]) -> Acceptance:
    """Counts verdicts by round.

    Args:
        decisions: Per round, objects with peer, verdict and weight.
        byzantine: Ids of the adversarial peers.
    """
    bad: set[object] = {str(i) for i in byzantine} | {PeerId.from_int(i) for i in byzantine}
    counts = np.zeros((len(decisions), 4))  # Byzantine rows, through; honest rows, rejected
    weight = np.full(len(decisions), np.nan)
    for place, of_round in enumerate(decisions.values()):
        weights = []
        for d in of_round:
            rejected = d.verdict == "rejected"
            if d.peer in bad:
                counts[place, 0] += 1
                counts[place, 1] += not rejected
                weights.append(d.weight)
            else:
                counts[place, 2] += 1
                counts[place, 3] += rejected
        if weights:
            weight[place] = sum(weights)
    total = counts.sum(axis=0)
    return Acceptance(
        rounds=np.array(list(decisions), dtype=np.int64),
        byzantine=_share(counts[:, 1], counts[:, 0]),
        honest_rejected=_share(counts[:, 3], counts[:, 2]),
        weight=weight,
        byzantine_rate=float(_share(total[1:2], total[0:1])[0]),
        honest_rejection_rate=float(_share(total[3:4], total[2:3])[0]),
    )


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    shares = np.full(len(whole), np.nan)
    np.divide(part, whole, out=shares, where=whole > 0)
    return shares
