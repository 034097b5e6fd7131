"""Reads durations such as "30s" or "5ms" into nanoseconds."""

from __future__ import annotations

import re
from decimal import Decimal

from bytesandbrains.errors import ConfigError

__all__ = ["parse_duration_ns"]

_UNITS_NS = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "min": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_FORM = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*")
_LONGEST_NS = 2**63 - 1  # nanoseconds travel as int64


def parse_duration_ns(text: str) -> int:
    """Returns the nanoseconds that ``text`` stands for.

    Args:
        text: A number with a unit: ns, us, ms, s, min or h.

    Raises:
        ConfigError: ``bad_duration`` when it is not of that form, not a whole number of
            nanoseconds, or longer than int64 holds.

    Example:
        >>> parse_duration_ns("2.5ms")
        2500000
    """
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    if match is None or match[2] not in _UNITS_NS:
        raise _bad(text, 'write a number and a unit: "30s", "5ms", "2min"')
    nanoseconds = Decimal(match[1]) * _UNITS_NS[match[2]]
    if nanoseconds != int(nanoseconds):
        raise _bad(text, "use a whole number of nanoseconds")
    if nanoseconds > _LONGEST_NS:
        raise _bad(text, "use at most 292 years")
    return int(nanoseconds)


def _bad(text: object, hint: str) -> ConfigError:
    return ConfigError("not a duration", code="bad_duration", value=repr(text), hint=hint)
