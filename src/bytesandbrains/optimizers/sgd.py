"""Stochastic gradient descent with momentum."""

from __future__ import annotations

import math

from bytesandbrains.errors import ConfigError
from bytesandbrains.graph_optimizer import GraphOptimizer
from bytesandbrains.handles import Output
from bytesandbrains.optimizers.family import OPTIMIZERS

__all__ = ["Sgd", "sgd"]


class Sgd(GraphOptimizer):
    """m ← momentum · m + g, then w ← w − lr · m.

    Args:
        lr: Learning rate.
        momentum: Share of the kept direction; 0 keeps none.
    """

    def __init__(self, lr: float, momentum: float) -> None:
        self.lr, self.momentum = lr, momentum
        self.cells = {"momentum": 0.0} if momentum else {}

    def __repr__(self) -> str:
        return f"<sgd optimizer: lr={self.lr}, momentum={self.momentum}>"

    def step(self, params: Output, grad: Output, **cells: Output) -> tuple[Output, ...]:
        """Records the update."""
        if not cells:
            return (params - grad * self.lr,)
        direction = cells["momentum"] * self.momentum + grad
        return params - direction * self.lr, direction

    @property
    def part_name(self) -> str:
        """Name of the part in bindings."""
        return "sgd"

    @property
    def part_params(self) -> dict[str, object]:
        """Parameters of the part in bindings."""
        return {"lr": self.lr, "momentum": self.momentum}


@OPTIMIZERS.register("sgd", formula="m ← β m + g; w ← w − lr · m")
def sgd(*, lr: float = 0.3, momentum: float = 0.9) -> Sgd:
    """Stochastic gradient descent with momentum.

    Args:
        lr: Learning rate, above 0.
        momentum: β in [0, 1); 0 is plain gradient descent.

    Raises:
        ConfigError: ``bad_parameter``.
    """
    if not (math.isfinite(lr) and lr > 0):
        raise _bad("lr", lr, "use a number above 0")
    if not 0 <= momentum < 1:
        raise _bad("momentum", momentum, "use a number from 0 on, below 1")
    return Sgd(float(lr), float(momentum))


def _bad(name: str, value: float, hint: str) -> ConfigError:
    return ConfigError(
        f'parameter "{name}" of sgd is not legal', code="bad_parameter", value=value, hint=hint
    )
