"""Partitions: how the training examples are shared out among peers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bytesandbrains import _core
from bytesandbrains.catalogue import Family
from bytesandbrains.data.draws import Draws
from bytesandbrains.errors import ConfigError, DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bytesandbrains.data.dataset import Dataset

__all__ = [
    "PARTITIONS",
    "Dirichlet",
    "Gamma",
    "Iid",
    "Partition",
    "Shards",
    "describe_partition",
    "dirichlet",
    "gamma",
    "get_partition",
    "iid",
    "partition_from_spec",
    "partition_names",
    "shards",
]

Indices = NDArray[np.int64]
_TRIES_CAP = 1000
"""Draws of a Dirichlet split before it is given up as impossible."""


class Partition(ABC):
    """A way of sharing out training examples."""

    name: ClassVar[str]

    @property
    def params(self) -> dict[str, Any]:  # Any: a number
        """The parameters by name."""
        return dict(vars(self))

    @property
    def spec(self) -> str:
        """The spec string that makes this partition."""
        given = ",".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.name}:{given}" if given else self.name

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"bb.data.{self.name}({given})"

    @abstractmethod
    def split(
        self, indices: Indices, peers: int, labels: Indices | None = None, *, seed: int = 0
    ) -> list[Indices]:
        """Shares ``indices`` out.

        Args:
            indices: (m,) shuffled training examples.
            peers: How many peers.
            labels: (N,) labels of the whole data set; ``iid`` does without.
            seed: Seed of whatever the partition draws.

        Returns:
            The examples of every peer.
        """

    def counts(self, data: Dataset, *, peers: int = 15, seed: int = 0) -> NDArray[np.int64]:
        """(peers, classes) examples by class when the whole data set is shared out."""
        order = _core.permutation(seed, "data.split", len(data))
        parts = self.split(order, peers, data.y, seed=seed)
        return np.array([np.bincount(data.y[part], minlength=data.classes) for part in parts])

    def plot(
        self, data: Dataset, *, peers: int = 15, seed: int = 0, ax: Axes | None = None
    ) -> Axes:
        """Draws the class counts of every peer as stacked bars and returns the axes."""
        from bytesandbrains.data.partition_plot import plot_counts

        return plot_counts(self.counts(data, peers=peers, seed=seed), repr(self), ax)


PARTITIONS: Family[Partition] = Family("partitions", "")
partition_names = PARTITIONS.names
describe_partition = PARTITIONS.describe
get_partition = PARTITIONS.get
partition_from_spec = PARTITIONS.from_spec


class Iid(Partition):
    """Equal parts of a shuffled training set."""

    name = "iid"

    def split(
        self, indices: Indices, peers: int, labels: Indices | None = None, *, seed: int = 0
    ) -> list[Indices]:
        """Cuts the examples into parts whose sizes differ by at most one."""
        return np.array_split(indices, peers)


class Dirichlet(Partition):
    """Every class is shared out in proportions drawn from a Dirichlet distribution."""

    name = "dirichlet"

    def __init__(self, alpha: float, least: int) -> None:
        self.alpha, self.least = alpha, least

    def split(
        self, indices: Indices, peers: int, labels: Indices | None = None, *, seed: int = 0
    ) -> list[Indices]:
        """Draws proportions until every peer has ``least`` examples.

        Raises:
            DataError: ``partition_impossible`` when no draw gives every peer enough.
        """
        of = _labels(indices, labels, self.spec)
        classes = [indices[of == c] for c in np.unique(of)]
        enough = peers * self.least <= len(indices)
        for attempt in range(_TRIES_CAP if enough else 0):
            draws = Draws(seed, "data.partition.dirichlet", attempt)
            bounds = [self._bounds(draws, len(members), peers) for members in classes]
            sizes = sum(np.diff(bound) for bound in bounds)
            if np.min(sizes) >= self.least:
                return _joined(classes, bounds, peers)
        raise DataError(
            f"no draw gives every peer {self.least} examples",
            code="partition_impossible",
            where=self.spec,
            value=f"{len(indices)} training examples, {peers} peers"
            + (f", {_TRIES_CAP} draws" if enough else ""),
            hint="use a larger alpha, fewer peers, more data or a smaller least",
        )

    def _bounds(self, draws: Draws, size: int, peers: int) -> Indices:
        """Where a class of ``size`` examples is cut: peers + 1 places from 0 to size."""
        ends = np.floor(np.cumsum(draws.dirichlet(self.alpha, peers)) * size).astype(np.int64)
        ends[-1] = size
        return np.concatenate([np.zeros(1, dtype=np.int64), np.minimum(ends, size)])


def _joined(classes: list[Indices], bounds: list[Indices], peers: int) -> list[Indices]:
    return [
        np.concatenate(
            [
                members[bound[peer] : bound[peer + 1]]
                for members, bound in zip(classes, bounds, strict=True)
            ]
        )
        for peer in range(peers)
    ]


class Shards(Partition):
    """The examples, sorted by label, are cut into k shards per peer, which are dealt out."""

    name = "shards"

    def __init__(self, k: int) -> None:
        self.k = k

    def split(
        self, indices: Indices, peers: int, labels: Indices | None = None, *, seed: int = 0
    ) -> list[Indices]:
        """Deals ``k`` shards to every peer."""
        pieces = np.array_split(_by_label(indices, labels, self.spec), peers * self.k)
        dealt = _core.permutation(seed, "data.partition.shards", peers * self.k)
        return [
            np.concatenate([pieces[i] for i in dealt[peer * self.k : (peer + 1) * self.k]])
            for peer in range(peers)
        ]


class Gamma(Partition):
    """A share s of the examples is spread evenly, the others go out sorted by label."""

    name = "gamma"

    def __init__(self, s: float) -> None:
        self.s = s

    def split(
        self, indices: Indices, peers: int, labels: Indices | None = None, *, seed: int = 0
    ) -> list[Indices]:
        """Joins an even part and a sorted part for every peer."""
        alike = round(self.s * len(indices))
        even = np.array_split(indices[:alike], peers)
        ordered = np.array_split(_by_label(indices[alike:], labels, self.spec), peers)
        return [np.concatenate(pair) for pair in zip(even, ordered, strict=True)]


def _by_label(indices: Indices, labels: Indices | None, where: str) -> Indices:
    return indices[np.argsort(_labels(indices, labels, where), kind="stable")]


def _labels(indices: Indices, labels: Indices | None, where: str) -> Indices:
    if labels is None:
        raise DataError(
            "this partition looks at the labels",
            code="missing_labels",
            where=where,
            value="labels=None",
            hint="give the labels of the data set: split(indices, peers, data.y)",
        )
    return labels[indices]


@PARTITIONS.register("iid", formula="np.array_split of the shuffled examples")
def iid() -> Iid:
    """Every peer draws from the same distribution."""
    return Iid()


@PARTITIONS.register(
    "dirichlet",
    formula="per class, shares ~ Dirichlet(α·1ₙ); drawn again until every peer has enough",
    paper="Hsu, Qi, Brown: Measuring the Effects of Non-Identical Data Distribution for Federated "
    "Visual Classification, 2019",
)
def dirichlet(alpha: float, least: int = 10) -> Dirichlet:
    """Every class is shared out in proportions drawn from a Dirichlet distribution.

    Args:
        alpha: Concentration: the smaller, the fewer classes a peer has.
        least: Examples every peer has at least; proportions are drawn again until it holds.
    """
    _positive("dirichlet", "alpha", alpha)
    _at_least_one("dirichlet", "least", least)
    return Dirichlet(float(alpha), least)


@PARTITIONS.register(
    "shards",
    formula="sorted by label, cut into k·n shards, k dealt to every peer",
    paper="McMahan, Moore, Ramage, Hampson, Agüera y Arcas: Communication-Efficient Learning of "
    "Deep Networks from Decentralized Data, AISTATS 2017",
)
def shards(k: int = 2) -> Shards:
    """The examples, sorted by label, are cut into k shards per peer, which are dealt out.

    Args:
        k: Shards of a peer: about the number of classes it has.
    """
    _at_least_one("shards", "k", k)
    return Shards(k)


@PARTITIONS.register(
    "gamma",
    formula="a share s at random in equal parts, the rest sorted by label in equal parts",
    paper="Karimireddy, Kale, Mohri, Reddi, Stich, Suresh: SCAFFOLD, ICML 2020",
)
def gamma(s: float = 0.5) -> Gamma:
    """A share s of the examples is spread evenly, the others go out sorted by label.

    Args:
        s: Similarity in [0, 1]: 1 is iid, 0 gives every peer one or two classes.
    """
    if not 0 <= s <= 1:
        raise _bad("gamma", "s", s, "use a number in [0, 1]")
    return Gamma(float(s))


def _positive(part: str, name: str, value: float) -> None:
    if not 0 < value < float("inf"):
        raise _bad(part, name, value, "use a number above 0")


def _at_least_one(part: str, name: str, value: int) -> None:
    if value < 1:
        raise _bad(part, name, value, "use a whole number from 1 on")


def _bad(part: str, name: str, value: object, hint: str) -> ConfigError:
    return ConfigError(
        f'parameter "{name}" of {part} is not legal', code="bad_parameter", value=value, hint=hint
    )
