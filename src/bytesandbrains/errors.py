"""The typed errors of the package: what was wrong, where, the value, and what to change."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

__all__ = [
    "AuthorError",
    "CompileError",
    "ConfigError",
    "DataError",
    "Error",
    "HostError",
    "InstallError",
    "InternalError",
    "PeerError",
    "PreconditionError",
    "did_you_mean",
    "nearest",
]


class Error(Exception):
    """Base of every error of the package.

    Attributes:
        message: What was wrong, in one sentence.
        code: Stable machine name, e.g. ``"unknown_part"``.
        where: Node, slot, ``file.py:line`` or room; may be empty.
        value: The offending value as text; may be empty.
        hint: What to change; may be empty.

    Example:
        >>> str(AuthorError("no such port", code="unknown_port", where="net.py:3", value="y"))
        'no such port (net.py:3; y)'
    """

    def __init__(
        self, message: str, *, code: str, where: str = "", value: object = "", hint: str = ""
    ) -> None:
        self.message = message
        self.code = code
        self.where = where
        self.value = str(value)
        self.hint = hint
        super().__init__(self._text())

    def _text(self) -> str:
        place = "; ".join(part for part in (self.where, self.value) if part)
        text = f"{self.message} ({place})" if place else self.message
        return f"{text} – {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple[Any, ...]:  # Any: the shape pickle asks for
        """Keeps every field when an error crosses a process border."""
        fields = {name: getattr(self, name) for name in ("code", "where", "value", "hint")}
        return _rebuild, (type(self), self.message, fields)


def _rebuild(kind: type[Error], message: str, fields: dict[str, str]) -> Error:
    return kind(message, **fields)


class AuthorError(Error):
    """The program itself is wrong: a Module, a slot call, a handle, a GraphModel."""


class CompileError(Error):
    """The program cannot be compiled, or a file is not a sound artifact."""


class InstallError(Error):
    """A compiled program does not fit the node or the parts it is installed with."""


class PreconditionError(Error):
    """A rule's condition does not hold, e.g. Bulyan with too few peers."""


class ConfigError(Error):
    """A parameter, a name or a setting is not legal."""


class DataError(Error):
    """An array has the wrong dtype, shape, layout or values."""


class PeerError(Error):
    """Something a peer sent; reported in ``Steps``, never raised out of ``poll``."""


class HostError(Error):
    """Misuse of the API by the host, e.g. a node used from a second thread."""


class InternalError(Error):
    """A defect of this package."""


def nearest(word: str, candidates: Iterable[str]) -> str:
    """Returns the candidate most like ``word``, or the empty string when none is near.

    Example:
        >>> nearest("bulian", ["krum", "bulyan"])
        'bulyan'
    """
    by_lower = {candidate.lower(): candidate for candidate in sorted(candidates)}
    found = difflib.get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[found[0]] if found else ""


def did_you_mean(word: str, candidates: Iterable[str], otherwise: str = "") -> str:
    """Returns a hint that names the nearest candidate, else all of them.

    Args:
        word: What was written.
        candidates: The legal names.
        otherwise: The hint when there are no candidates.
    """
    names = sorted(candidates)
    near = nearest(word, names)
    if near:
        return f'did you mean "{near}"?'
    return f"choose one of: {', '.join(names)}" if names else otherwise
