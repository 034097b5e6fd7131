"""Shared by the tests of bad input: an error must be typed, name the value and say the fix."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import bytesandbrains as bb

__all__ = ["refused"]


def refused(
    call: Callable[[], object], kind: type[bb.Error], code: str, value: str, hint: str
) -> bb.Error:
    """Calls, and returns the error after checking what it says.

    Args:
        call: What must be refused.
        kind: Exact class of the error.
        code: Its code.
        value: Part of the offending value as the error shows it.
        hint: Part of the fix that the error suggests.
    """
    with pytest.raises(bb.Error) as caught:
        call()
    error = caught.value
    assert type(error) is kind, repr(error)
    assert error.code == code, error
    assert value in error.value, error
    assert hint, "every error says what to change"
    assert hint in error.hint, error
    assert error.value in str(error)
    return error
