"""State cells of a node: read and written by recorded operations only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bytesandbrains.errors import AuthorError
from bytesandbrains.handles import After, Output
from bytesandbrains.location import author_location
from bytesandbrains.protos import Attribute, number_text
from bytesandbrains.types import PortType, trigger

if TYPE_CHECKING:
    from bytesandbrains.graph import Graph

__all__ = ["State", "declare_state"]


@dataclass(frozen=True)
class State:
    """A state cell, as ``g.state`` returns it.

    Attributes:
        graph: The body that declared it.
        name: Full name: the path of the Module in the program, and the given name.
        type: Type of its value.
        init: What every element starts as.
    """

    graph: Graph
    name: str
    type: PortType
    init: float

    def read(self, *, after: After = None) -> Output:
        """Returns the value of the cell.

        Args:
            after: Handles that must be present first.
        """
        return self.graph.operation(
            "state", "Read", [], [self.type], self._attributes(), after=after
        )[0]

    def write(self, value: Output, *, after: After = None) -> Output:
        """Stores a value.

        Args:
            value: A handle of the cell's dtype.
            after: Handles that must be present first.

        Returns:
            A trigger that fires once the value is stored.

        Raises:
            AuthorError: ``type_mismatch``.
        """
        self.graph.own(value, f"write of the cell {self.name}")
        kind, dtype = value.type.kind, value.type.dtype
        if kind not in ("any", self.type.kind) or dtype not in ("", self.type.dtype):
            raise AuthorError(
                f"the cell {self.name} holds {self.type}",
                code="type_mismatch",
                where=author_location(),
                value=str(value.type),
                hint="convert the value with bb.ops.cast, or declare the cell with type=",
            )
        written = [value]
        return self.graph.operation(
            "state", "Write", written, [trigger], self._attributes(), after=after
        )[0]

    def _attributes(self) -> dict[str, Attribute]:
        return {
            "slot": "",
            "cell": self.name,
            "type": str(self.type),
            "init": number_text(self.init),
        }


def declare_state(
    graph: Graph, name: str, like: Output | None, type_: PortType | None, init: float
) -> State:
    """Declares a cell; see ``Graph.state``."""
    graph.check_new_name(name, "state cell", ())
    if (like is None) == (type_ is None):
        raise _bad(name, "needs exactly one of like= and type=", "", "write type=bb.f32[64]")
    if not isinstance(init, (int, float, np.number)) or isinstance(init, bool):
        raise _bad(name, "starts as a number", repr(init), "write init=0")
    chosen = graph.own(like, "like=").type if like is not None else type_
    if not isinstance(chosen, PortType) or not chosen.is_tensor or not chosen.complete:
        raise _bad(
            name,
            "needs a tensor type with a dtype and all dimensions",
            str(chosen),
            "give type=, e.g. type=bb.f32[64]",
        )
    path = graph.session.path_of(graph.module, f"the state cell {name}")
    cell = State(graph, f"{path}{name}", chosen, float(init))
    known = graph.session.cells.setdefault(cell.name, (chosen, cell.init))
    if known != (chosen, cell.init):
        shown = f"{known[0]} from {known[1]}, then {chosen} from {cell.init}"
        raise _bad(name, "is declared in two ways", shown, "use two names")
    return cell


def _bad(name: str, what: str, value: str, hint: str) -> AuthorError:
    return AuthorError(
        f"the state cell {name} {what}",
        code="bad_state",
        where=author_location(),
        value=value,
        hint=hint,
    )
