"""The recorded bytes depend on the program only: not on hash seeds, processes or line numbers."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

import bytesandbrains as bb
from bytesandbrains.compile import bound_model

PROGRAM = """
import hashlib
import bytesandbrains as bb
from bytesandbrains.compile import bound_model

class Encoder(bb.Module):
    model = bb.ModelSlot()
    def body(self, g):
        g.output("w", self.model.params())

class Both(bb.Module):
    data = bb.DataSourceSlot()
    def __init__(self):
        self.b, self.a, self.c = Encoder(), Encoder(), Encoder()
    def body(self, g):
        for name in ("a", "b", "c"):
            g.output(name, getattr(self, name)())

bind = {f"{name}.model": bb.models.mlp(4, 3, 2) for name in "abc"}
first, _ = bound_model(Both(), bind)
parts = {"model": bb.models.mlp(64, 64, 10), "clients": "all", "aggregator": "mean"}
second, _ = bound_model(bb.algorithms.sgd(), parts)
for model in (first, second):
    print(hashlib.sha256(model.SerializeToString(deterministic=True)).hexdigest())
"""


def digests(seed):
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_bytes_are_equal_over_processes_and_hash_seeds():
    first = digests("0")
    assert len(set(first)) == 2
    assert first == digests("1") == digests("12345")


def sgd_bytes(**params):
    model, _ = bound_model(
        bb.algorithms.sgd(**params),
        {"model": bb.models.mlp(8, 4, 2), "clients": "all", "aggregator": "mean"},
    )
    return hashlib.sha256(model.SerializeToString(deterministic=True)).hexdigest()


@pytest.mark.parametrize(
    "change", [{"lr": 0.31}, {"momentum": 0.8}, {"update": "gradient"}, {"timeout": "31s"}]
)
def test_one_changed_parameter_changes_the_bytes(change):
    assert sgd_bytes() == sgd_bytes()
    assert sgd_bytes(**change) != sgd_bytes()


def test_building_twice_gives_equal_bytes():
    module = bb.algorithms.sgd()
    assert module.build() == module.build()
