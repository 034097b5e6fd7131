"""Experiments: a swarm trains a model under attack; one call, one result."""

from __future__ import annotations

from bytesandbrains.swarm import runner
from bytesandbrains.swarm.result import Result, RoundEvent, RunTime, load
from bytesandbrains.swarm.run import run

__all__ = ["Result", "RoundEvent", "RunTime", "load", "run", "runner"]
