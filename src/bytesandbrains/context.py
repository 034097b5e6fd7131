"""The graph that is being recorded, known from context and not from arguments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from bytesandbrains.errors import AuthorError
from bytesandbrains.location import author_location

if TYPE_CHECKING:
    from bytesandbrains.graph import Graph
    from bytesandbrains.recorder import Recorder

__all__ = ["current_graph", "current_recorder", "recording"]

_CURRENT: ContextVar[Recorder | None] = ContextVar("bytesandbrains_recorder", default=None)


@contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """Makes ``recorder`` the current one inside the ``with`` block."""
    token = _CURRENT.set(recorder)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current_recorder(what: str) -> Recorder:
    """Returns the function being recorded.

    Args:
        what: The operation that needs it, for the error.

    Raises:
        AuthorError: ``not_recording`` outside of ``body``, ``forward``, ``loss`` and ``step``.
    """
    recorder = _CURRENT.get()
    if recorder is None:
        raise AuthorError(
            f"{what} was used while nothing is being recorded",
            code="not_recording",
            where=author_location(),
            hint="call it inside the body of a Module or the forward of a GraphModel",
        )
    return recorder


def current_graph(what: str) -> Graph:
    """Returns the Module body being recorded.

    Raises:
        AuthorError: ``not_recording`` outside of a recording, ``not_in_body`` inside the pure
            functions of a graph part.
    """
    from bytesandbrains.graph import Graph

    recorder = current_recorder(what)
    if not isinstance(recorder, Graph):
        raise AuthorError(
            f"{what} was used in {recorder.name}, which holds only bb.ops operators",
            code="not_in_body",
            where=author_location(),
            hint="call slots and sub-modules in the body of a Module",
        )
    return recorder
