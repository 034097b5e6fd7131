"""Multinomial logistic regression."""

from __future__ import annotations

from bytesandbrains import ops
from bytesandbrains.errors import ConfigError
from bytesandbrains.graph_model import GraphModel, Parameter
from bytesandbrains.handles import Output
from bytesandbrains.models.deferred import DeferredModel
from bytesandbrains.models.family import MODELS
from bytesandbrains.types import f32, i64

__all__ = ["Logistic", "logistic"]


class Logistic(GraphModel):
    """One linear layer, trained with cross entropy.

    Args:
        features: Numbers per example.
        classes: Labels.

    Shape:
        x (N, features) → logits (N, classes). Layout: w, b.
    """

    y = i64["N"]

    def __init__(self, features: int, classes: int) -> None:
        self.features, self.classes = features, classes
        self.x = f32["N", features]
        self.w = Parameter((features, classes), init="zero")
        self.b = Parameter((classes,), init="zero")

    def forward(self, x: Output) -> Output:
        """Records the layer."""
        return ops.gemm(x, self.w, self.b)

    @property
    def part_name(self) -> str:
        """Name of the part in bindings."""
        return "logistic"

    @property
    def part_params(self) -> dict[str, object]:
        """Parameters of the part in bindings."""
        return {"features": self.features, "classes": self.classes}


@MODELS.register("logistic", formula="logits = x @ w + b")
def logistic(features: int | None = None, classes: int | None = None) -> Logistic | DeferredModel:
    """Multinomial logistic regression; starts at zero.

    Args:
        features: Numbers per example; from the data if neither is given.
        classes: Labels; from the data if neither is given.

    Raises:
        ConfigError: ``bad_size``.
    """
    waiting = DeferredModel("logistic", Logistic)
    if features is None and classes is None:
        return waiting
    if not isinstance(features, int) or not isinstance(classes, int):
        raise ConfigError(
            "logistic needs both sizes or none",
            code="bad_size",
            value=f"features={features}, classes={classes}",
            hint="write logistic(64, 10), or logistic() to take them from the data",
        )
    return waiting.for_data(features=features, classes=classes)  # type: ignore[return-value]
