"""The multi-layer perceptron."""

from __future__ import annotations

from itertools import pairwise

from bytesandbrains import ops
from bytesandbrains.errors import ConfigError
from bytesandbrains.graph_model import GraphModel, Parameter
from bytesandbrains.handles import Output
from bytesandbrains.models.deferred import DeferredModel
from bytesandbrains.models.family import MODELS
from bytesandbrains.types import f32, i64

__all__ = ["Mlp", "mlp"]


class Mlp(GraphModel):
    """Fully connected layers with ReLU between them.

    Args:
        sizes: Features, hidden widths, classes.

    Shape:
        x (N, sizes[0]) → logits (N, sizes[-1]). Layout: w1, b1, w2, b2, …
    """

    y = i64["N"]

    def __init__(self, sizes: tuple[int, ...]) -> None:
        self.sizes = sizes
        self.x = f32["N", sizes[0]]
        for layer, (fan_in, fan_out) in enumerate(pairwise(sizes), start=1):
            setattr(self, f"w{layer}", Parameter((fan_in, fan_out), init="he"))
            setattr(self, f"b{layer}", Parameter((fan_out,), init="zero"))

    def forward(self, x: Output) -> Output:
        """Records the layers."""
        last = len(self.sizes) - 1
        for layer in range(1, last + 1):
            x = ops.gemm(x, self.parameters[f"w{layer}"], self.parameters[f"b{layer}"])
            x = ops.relu(x) if layer < last else x
        return x

    @property
    def part_name(self) -> str:
        """Name of the part in bindings."""
        return "mlp"

    @property
    def part_params(self) -> dict[str, object]:
        """Parameters of the part in bindings."""
        return {"sizes": list(self.sizes)}


@MODELS.register("mlp", formula="x ← max(x @ w + b, 0) per hidden layer; logits = x @ w + b")
def mlp(*sizes: int, hidden: int = 64) -> Mlp | DeferredModel:
    """Multi-layer perceptron with ReLU; weights He-normal, biases zero.

    Args:
        *sizes: Features, hidden widths, classes; from the data if none are given.
        hidden: Width of the one hidden layer when no sizes are given.

    Raises:
        ConfigError: ``bad_size``.
    """
    wrong = [size for size in (*sizes, hidden) if not isinstance(size, int) or size < 1]
    if wrong or len(sizes) == 1:
        raise ConfigError(
            "these layers make no mlp",
            code="bad_size",
            value=f"sizes={sizes}, hidden={hidden}",
            hint="give whole numbers: mlp(64, 64, 10), or none to take them from the data",
        )
    if sizes:
        return Mlp(sizes)
    return DeferredModel("mlp", lambda features, classes: Mlp((features, hidden, classes)))
