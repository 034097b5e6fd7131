"""Link models: latency, bandwidth and loss between two nodes."""

from __future__ import annotations

import math
import re

from bytesandbrains._core import LinkSpec
from bytesandbrains.durations import parse_duration_ns
from bytesandbrains.errors import ConfigError, did_you_mean
from bytesandbrains.specs import parse_spec

__all__ = ["LinkSpec", "constant", "from_spec", "names"]

_UNITS = {"bit/s": 1.0, "kbit/s": 1e3, "Mbit/s": 1e6, "Gbit/s": 1e9}
_FORM = re.compile(r"\s*(\d+(?:\.\d+)?(?:e\d+)?)\s*([A-Za-z/]+)\s*")


def parse_bandwidth(value: str | float) -> float:
    """Bits per second from ``"25Mbit/s"`` or a number of bits per second.

    Raises:
        ConfigError: ``bad_bandwidth``.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value < 0 or math.isnan(value):
            raise _bad(value)
        return float(value)
    match = _FORM.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[2] not in _UNITS:
        raise _bad(value)
    return float(match[1]) * _UNITS[match[2]]


def constant(latency: str = "0s", bandwidth: str | float = math.inf, loss: float = 0.0) -> LinkSpec:
    """A link that treats every message alike.

    Args:
        latency: Time a message is on its way, e.g. ``"5ms"``.
        bandwidth: Bits per second, e.g. ``"25Mbit/s"``; messages queue. 0 never delivers.
        loss: Probability in [0, 1] that a message vanishes.

    Raises:
        ConfigError: ``bad_duration``, ``bad_bandwidth`` or ``bad_link``.

    Example:
        >>> constant(latency="5ms", bandwidth="25Mbit/s").latency_ns
        5000000
    """
    return LinkSpec(parse_duration_ns(latency), parse_bandwidth(bandwidth), float(loss))


def names() -> list[str]:
    """Names of the link models."""
    return ["constant"]


def from_spec(spec: str) -> LinkSpec:
    """A link from a spec string such as ``"constant:latency=5ms,bandwidth=25Mbit/s"``.

    Raises:
        ConfigError: ``unknown_part`` or ``unknown_parameter``.
    """
    parsed = parse_spec(spec)
    if parsed.name != "constant":
        raise ConfigError(
            "no such link model",
            code="unknown_part",
            value=parsed.name,
            hint=did_you_mean(parsed.name, names()),
        )
    for key in parsed.params:
        if key not in ("latency", "bandwidth", "loss"):
            raise ConfigError(
                "constant links have no such parameter",
                code="unknown_parameter",
                value=key,
                hint=did_you_mean(key, ["latency", "bandwidth", "loss"]),
            )
    return constant(**parsed.params)


def _bad(value: object) -> ConfigError:
    return ConfigError(
        "not a bandwidth",
        code="bad_bandwidth",
        value=value,
        hint='write bits per second, e.g. "25Mbit/s" or 25e6',
    )
