"""Digests of Python functions: another body, constant or captured value is another digest."""

from __future__ import annotations

from types import CodeType, FunctionType

import numpy as np

from bytesandbrains import _core

__all__ = ["code_digest"]

_PLAIN = (bool, int, float, complex, str, bytes, np.generic)


def code_digest(part: object) -> str:
    """Hex digest of a function, or of the function inside a part; empty for anything else."""
    function = getattr(part, "function", part)
    if not isinstance(function, FunctionType):
        return ""
    return _core.sha256(_text(function).encode())


def _text(value: object) -> str:
    """Everything a value does, as a text that is equal in every process."""
    text = f"{type(value).__module__}.{type(value).__qualname__}"
    if isinstance(value, FunctionType):
        captured = [cell.cell_contents for cell in value.__closure__ or ()]
        text = _text((value.__code__, value.__defaults__, value.__kwdefaults__, captured))
    elif isinstance(value, CodeType):
        text = f"code({value.co_code.hex()},{value.co_names},{_text(value.co_consts)})"
    elif isinstance(value, (list, tuple)):
        text = f"[{','.join(_text(item) for item in value)}]"
    elif isinstance(value, (set, frozenset)):
        text = f"{{{','.join(sorted(_text(item) for item in value))}}}"
    elif isinstance(value, dict):
        text = _text(sorted((_text(k), _text(v)) for k, v in value.items()))
    elif isinstance(value, np.ndarray):
        text = f"array({value.dtype},{value.shape},{_core.sha256(value.tobytes())})"
    elif value is None or isinstance(value, _PLAIN):
        text = repr(value)
    return text
