"""Models as graph parts: ordered parameters, a forward function and a loss."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
import onnx

from bytesandbrains.context import recording
from bytesandbrains.errors import AuthorError, did_you_mean
from bytesandbrains.graph_parts import PartRecorder
from bytesandbrains.handles import Output, Symbolic
from bytesandbrains.location import author_location, definition_of
from bytesandbrains.losses import LOSSES
from bytesandbrains.protos import canonical_json, set_metadata
from bytesandbrains.types import PortType, tensor

__all__ = ["GraphModel", "Parameter"]

_INITS = ("he", "zero", "glorot")


class Parameter(Symbolic):
    """A trainable float32 tensor of a GraphModel.

    Args:
        shape: Its dimensions.
        init: ``"he"`` (normal, std √(2/fan_in)), ``"glorot"`` (uniform, ±√(6/(fan_in+fan_out))),
            ``"zero"``, or the number that fills it.

    Raises:
        AuthorError: ``bad_parameter``.
    """

    def __init__(self, shape: int | tuple[int, ...], *, init: str | float = "he") -> None:
        dims = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
        if not all(isinstance(dim, (int, np.integer)) and dim >= 1 for dim in dims):
            raise _bad_parameter("a shape has whole numbers from 1 on", repr(shape), "(64, 10)")
        if isinstance(init, str) and init not in _INITS:
            raise _bad_parameter("no such init", repr(init), did_you_mean(init, _INITS))
        if not isinstance(init, str) and not math.isfinite(init):
            raise _bad_parameter("a fill must be finite", repr(init), "init=0.0")
        self.shape = tuple(int(dim) for dim in dims)
        self.init = init

    def __repr__(self) -> str:
        return f"<Parameter {self.shape} init={self.init!r}>"

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


class GraphModel(ABC):
    """A model written with ``bb.ops``: trained natively, differentiated by the compiler.

    A subclass declares the types ``x`` and ``y`` and a ``loss`` (a name, or a method of logits
    and y), assigns Parameters in ``__init__`` (their order is the layout of the flat vector) and
    records ``forward``.

    Example:
        >>> import bytesandbrains as bb
        >>> class Net(bb.GraphModel):
        ...     x = bb.f32["N", 64]
        ...     y = bb.i64["N"]
        ...     loss = "cross_entropy"
        ...     def __init__(self, k: int = 10) -> None:
        ...         self.w = bb.Parameter((64, k), init="he")
        ...     def forward(self, x: bb.Output) -> bb.Output:
        ...         return x @ self.w
        >>> Net(k=5).size
        320
    """

    x: PortType
    y: PortType
    loss: object = "cross_entropy"

    @abstractmethod
    def forward(self, x: Output) -> Output:
        """Records the model's output on a batch ``x``."""

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, Parameter):
            if name in ("x", "y", "loss", "logits", "forward"):
                raise _bad_parameter("this name is taken", name, "call it w")
            self.parameters[name] = value
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        return f"<{self.part_name} model: {self.size} parameters>"

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters by name, in the order of the flat vector."""
        found: dict[str, Parameter] = vars(self).setdefault("_parameters", {})
        return found

    @property
    def size(self) -> int:
        """How many numbers all parameters hold: the D of ``float32[D]``."""
        return sum(parameter.size for parameter in self.parameters.values())

    @property
    def part_name(self) -> str:
        """Name of the part in bindings."""
        return type(self).__name__

    @property
    def part_params(self) -> dict[str, object]:
        """Parameters of the part in bindings."""
        return {}

    def functions(self, slot: str) -> list[onnx.FunctionProto]:
        """Records the functions ``<slot>.forward`` and ``<slot>.loss``.

        Raises:
            AuthorError: When the model is not complete or records something illegal.
        """
        self._check()
        typed = {name: tensor("float32", p.shape) for name, p in self.parameters.items()}
        forward = PartRecorder(f"{slot}.forward", {"x": self.x, **typed}, self.parameters)
        with recording(forward):
            logits = self.forward(forward.inputs["x"])
            first = forward.finish(["logits"], [logits], definition_of(type(self).forward))
        set_metadata(first, {"bb.layout": canonical_json(self._layout())})
        made = forward.outputs["logits"].type
        loss = PartRecorder(f"{slot}.loss", {"logits": made, "y": self.y})
        with recording(loss):
            function = self._loss_function()
            mean = function(loss.inputs["logits"], loss.inputs["y"])
            return [first, loss.finish(["loss"], [mean], definition_of(function))]

    def _layout(self) -> list[dict[str, object]]:
        return [
            {
                "name": name,
                "dtype": "float32",
                "shape": list(parameter.shape),
                "init": parameter.init
                if isinstance(parameter.init, str)
                else {"fill": float(parameter.init)},
            }
            for name, parameter in self.parameters.items()
        ]

    def _loss_function(self) -> Callable[[Output, Output], Output]:
        if callable(self.loss):
            return self.loss
        if self.loss not in LOSSES:
            raise AuthorError(
                f"{self.part_name} names no known loss",
                code="unknown_loss",
                where=definition_of(type(self).forward),
                value=repr(self.loss),
                hint=did_you_mean(str(self.loss), LOSSES),
            )
        return LOSSES[str(self.loss)]

    def _check(self) -> None:
        for name, example in (("x", 'bb.f32["N", 64]'), ("y", 'bb.i64["N"]')):
            if not isinstance(getattr(self, name, None), PortType):
                raise AuthorError(
                    f"{self.part_name} does not declare the type of {name}",
                    code="bad_model",
                    where=definition_of(type(self).forward),
                    value=repr(getattr(self, name, None)),
                    hint=f"write {name} = {example} in the class",
                )
        if not self.parameters:
            raise AuthorError(
                f"{self.part_name} has no parameters",
                code="bad_model",
                where=definition_of(type(self).forward),
                value=self.part_name,
                hint="assign bb.Parameter((64, 10)) to an attribute in __init__",
            )


def _bad_parameter(message: str, value: str, hint: str) -> AuthorError:
    return AuthorError(
        f"this parameter is not legal: {message}",
        code="bad_parameter",
        where=author_location(),
        value=value,
        hint=hint,
    )
