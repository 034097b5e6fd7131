"""Reads spec strings such as "krum:f=3,neighbors=n-f-1"."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from bytesandbrains.errors import ConfigError

__all__ = ["Spec", "parse_spec"]

_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_PAIR = re.compile(r'\s*(?P<key>[A-Za-z0-9_.-]+)\s*=\s*(?P<value>"(?:[^"\\]|\\.)*"|[^,"]+)(?:,|$)')


@dataclass(frozen=True)
class Spec:
    """A part by name, with its parameters."""

    name: str
    params: dict[str, object]


def parse_spec(text: str) -> Spec:
    """Reads ``name`` or ``name:key=value,key=value``.

    Values are numbers, ``true``, ``false``, strings, or strings in double quotes.

    Raises:
        ConfigError: ``bad_spec`` with the offending text.

    Example:
        >>> parse_spec("krum:f=3,neighbors=n-f-1")
        Spec(name='krum', params={'f': 3, 'neighbors': 'n-f-1'})
    """
    if ">>" in text:
        raise _bad("a pipeline where one part is wanted", text)
    name, colon, rest = text.strip().partition(":")
    if not _NAME.fullmatch(name.strip()):
        raise _bad("a spec must start with a name", text)
    params: dict[str, object] = {}
    place = 0
    while colon and (place < len(rest) or not params):
        match = _PAIR.match(rest, place)
        if match is None or not match["value"].strip():
            raise _bad("expected key=value", rest[place:] or text)
        if match["key"] in params:
            raise _bad("a key is given twice", match["key"])
        params[match["key"]] = _value(match["value"].strip())
        place = match.end()
    if colon and rest.rstrip().endswith(","):
        raise _bad("expected key=value", text)
    return Spec(name.strip(), params)


def _value(text: str) -> object:
    if text.startswith('"'):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            raise _bad("a value in broken quotes", text) from None
    if text in ("true", "True", "false", "False"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text) if "_" not in text else text
        except ValueError:
            continue
    return text


def _bad(message: str, text: str) -> ConfigError:
    return ConfigError(message, code="bad_spec", value=text, hint="write name:key=value,key=value")
