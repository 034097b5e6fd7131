"""Reads spec strings such as "krum:f=3,neighbors=n-f-1" with the one grammar of the core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bytesandbrains.errors import ConfigError
from bytesandbrains.native import core

__all__ = ["Spec", "parse_spec"]


@dataclass(frozen=True)
class Spec:
    """A part by name, with its parameters."""

    name: str
    params: dict[str, Any]


def parse_spec(text: str) -> Spec:
    """Reads ``name`` or ``name:key=value,key=value``.

    Values are numbers, ``true``, ``false``, strings, or strings in double quotes.

    Raises:
        ConfigError: ``bad_spec`` with the offending text.

    Example:
        >>> parse_spec("krum:f=3,neighbors=n-f-1")
        Spec(name='krum', params={'f': 3, 'neighbors': 'n-f-1'})
    """
    stages = core().parse_pipeline(text)
    if len(stages) > 1:
        raise ConfigError(
            "a pipeline where one part is wanted",
            code="bad_spec",
            value=text,
            hint="write name:key=value,key=value",
        )
    name, params = stages[0]
    return Spec(name, params or {})
