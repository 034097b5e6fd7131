"""Modules: what authors write. A body records one round; sub-modules are called like functions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import cast

import onnx

from bytesandbrains.context import current_graph
from bytesandbrains.errors import AuthorError
from bytesandbrains.graph import Graph
from bytesandbrains.handles import CallOutput, Operand
from bytesandbrains.location import author_location
from bytesandbrains.slots import Slot

__all__ = ["Module"]


class Module(ABC):
    """A program, or a part of one.

    Subclasses name their slots as class attributes and record their work in ``body``. Other
    Modules held as attributes are sub-modules; ``self.child(x=handle)`` records a call.

    Example:
        >>> import bytesandbrains as bb
        >>> class Scale(bb.Module):
        ...     def body(self, g: bb.Graph) -> None:
        ...         g.output("y", g.input("x", bb.f32["N"]) * 0.5)
        >>> class Twice(bb.Module):
        ...     def __init__(self) -> None:
        ...         self.scale = Scale()
        ...     def body(self, g: bb.Graph) -> None:
        ...         once = self.scale(x=g.input("x", bb.f32["N"]))
        ...         g.output("y", self.scale(x=once.y).y)
        >>> [function.name for function in Twice().build().functions]
        ['Twice', 'Scale']
    """

    @abstractmethod
    def body(self, g: Graph) -> None:
        """Records the program on ``g``; called once per build and call."""

    def bootstrap(self, g: Graph) -> None:  # noqa: B027 - a hook: most Modules need none
        """Records initialization; not compiled yet, so overriding it makes ``build`` fail."""

    def build(self) -> onnx.ModelProto:
        """Records the program.

        Returns:
            An ONNX model whose functions hold the program; its format is ``docs/ir.md``.

        Raises:
            AuthorError: When the program is wrong; it names the author's file and line.
        """
        from bytesandbrains.session import Session

        return Session(self).model_proto()

    def __call__(self, /, *args: Operand, **inputs: Operand) -> CallOutput:
        """Records a call of this Module as a sub-module.

        Args:
            *args: Not allowed; inputs are given by name.
            **inputs: One handle (or constant) per input that the body declares.

        Returns:
            Its outputs, one attribute per port; with a single port also usable as that handle
            (which is why the annotation promises one).

        Raises:
            AuthorError: ``positional_input``, ``unknown_input``, ``missing_input``,
                ``type_mismatch``, ``recursion``.
        """
        name = type(self).__name__
        graph = current_graph(f"{name}()")
        if args:
            raise AuthorError(
                f"inputs of {name} are given by name",
                code="positional_input",
                where=author_location(),
                value=f"{len(args)} without a name",
                hint=f"write {name}(x=...)",
            )
        return cast(CallOutput, graph.session.call(graph, self, inputs))

    def __repr__(self) -> str:
        slots = [
            key
            for kind in reversed(type(self).__mro__)
            for key, value in vars(kind).items()
            if isinstance(value, Slot)
        ]
        return f"<{type(self).__name__} module: slots {', '.join(slots) or 'none'}>"
