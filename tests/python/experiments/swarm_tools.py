"""Shared by the tests of experiments: the inputs of a run, for loops that are not ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import bytesandbrains as bb
from bytesandbrains import _core
from bytesandbrains.swarm.experiment import Experiment
from bytesandbrains.swarm.settings import Settings

__all__ = ["DrawnInputs", "in_process"]


class DrawnInputs:
    """What a run draws before and while it trains: weights, shards and batches."""

    def __init__(self, *, seed: int = 0, peers: int = 15, batch: int = 32) -> None:
        experiment = Experiment(Settings(seed=seed, peers=peers, batch=batch))
        program = experiment.program[1]
        self.seed, self.batch = seed, batch
        self.start: NDArray[Any] = program.initial_params("model", seed)
        self.x, self.y = experiment.x, experiment.dataset.y
        self.test = experiment.split.test
        self.shards = experiment.split.shards

    def batch_of(self, peer: int, step: int) -> NDArray[Any]:
        """Places in the peer's shard that make up its batch number ``step``."""
        size = len(self.shards[peer])
        return np.array(_core.batch_indices(self.seed, peer, step, self.batch, size))


def in_process(code: str, **environment: str) -> Any:
    """Runs Python code in another process and returns what it prints, read as JSON."""
    source = str(Path(bb.__file__).resolve().parents[1])
    path = os.pathsep.join(part for part in (source, os.environ.get("PYTHONPATH", "")) if part)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
