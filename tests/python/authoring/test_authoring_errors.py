"""Errors carry code, where, value and hint, and survive a process border."""

from __future__ import annotations

import pickle

import pytest

import bytesandbrains as bb
from bytesandbrains.errors import did_you_mean, nearest

KINDS = [
    bb.AuthorError,
    bb.CompileError,
    bb.InstallError,
    bb.PreconditionError,
    bb.ConfigError,
    bb.DataError,
    bb.PeerError,
    bb.HostError,
    bb.InternalError,
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_an_error_of_the_package(kind):
    error = kind("no part", code="unknown_part", where="bind", value="krun", hint="use krum")
    assert isinstance(error, bb.Error)
    assert (error.code, error.where, error.value, error.hint) == (
        "unknown_part",
        "bind",
        "krun",
        "use krum",
    )


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "no part"),
        ({"where": "a.py:3"}, "no part (a.py:3)"),
        ({"value": 3}, "no part (3)"),
        ({"where": "a.py:3", "value": 3, "hint": "fix"}, "no part (a.py:3; 3) – fix"),
        ({"hint": "fix"}, "no part – fix"),
    ],
)
def test_text_is_one_line(fields, text):
    assert str(bb.ConfigError("no part", code="c", **fields)) == text


@pytest.mark.parametrize("kind", KINDS)
def test_errors_survive_pickling(kind):
    error = kind("no part", code="c", where="w", value=3, hint="h")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert vars(copy) == vars(error)
    assert str(copy) == str(error)


@pytest.mark.parametrize(
    ("word", "wanted"),
    [("bulian", "bulyan"), ("Krum", "krum"), ("trimed_mean", "trimmed_mean"), ("zzz", "")],
)
def test_nearest(word, wanted):
    assert nearest(word, ["krum", "bulyan", "trimmed_mean", "mean"]) == wanted


def test_hints_list_all_names_when_none_is_near():
    assert did_you_mean("zzz", ["b", "a"]) == "choose one of: a, b"
    assert did_you_mean("zzz", [], "there are none") == "there are none"
