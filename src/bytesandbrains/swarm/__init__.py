"""Experiments: a swarm trains a model under attack; one call, one result, or a grid of them."""

from __future__ import annotations

from bytesandbrains.swarm import runner
from bytesandbrains.swarm.result import Result, RoundEvent, RunTime, load
from bytesandbrains.swarm.run import run
from bytesandbrains.swarm.sweep import sweep
from bytesandbrains.swarm.sweep_result import Sweep

__all__ = ["Result", "RoundEvent", "RunTime", "Sweep", "load", "run", "runner", "sweep"]
