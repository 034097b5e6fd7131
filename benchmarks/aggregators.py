"""Rules on large rows against numpy and against the read bandwidth measured beside them.

Run: python benchmarks/aggregators.py [--repeats 7] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from machine import describe, table
from run_vs_numpy import one_blas_thread

import bytesandbrains as bb
from bytesandbrains import _core

D = 1_000_000


@dataclass(frozen=True)
class Goal:
    """One ratio with what it must reach and what is aimed at."""

    what: str
    rate: str
    ratio: float
    must: float
    aim: float


def alternate(works: list[Callable[[], object]], repeats: int) -> list[float]:
    """Median seconds of each, called in turn so that all of them see the same machine."""
    times: list[list[float]] = [[] for _ in works]
    for work in works:
        work()
    for _ in range(repeats):
        for kept, work in zip(times, works, strict=True):
            started = time.perf_counter()
            work()
            kept.append(time.perf_counter() - started)
    return [statistics.median(kept) for kept in times]


def readers(x: np.ndarray) -> list[Callable[[], object]]:
    """Passes that read every byte of x once on one thread; the fastest shows the bandwidth."""
    return [lambda: _core.read_words(x), lambda: np.max(x), lambda: x.view("i4").max()]


def coordinate_rules(repeats: int) -> list[Goal]:
    """Median and trimmed mean, n = 20."""
    x = np.random.default_rng(0).normal(size=(20, D)).astype(np.float32)
    rules = {"median": bb.aggregators.median(), "trimmed_mean": bb.aggregators.trimmed_mean(f=4)}
    passes = readers(x)
    mean = bb.aggregators.mean()
    calls: list[Callable[[], object]] = [
        *passes,
        lambda: mean(x),
        *(lambda rule=rule: rule(x) for rule in rules.values()),  # type: ignore[misc]
    ]
    times = alternate(calls, repeats)
    read_s = min(times[: len(passes)])
    slow = {
        "median": alternate([lambda: np.median(x, axis=0)], 1)[0],
        "trimmed_mean": alternate([lambda: np.sort(x, axis=0)[4:16].mean(axis=0)], 1)[0],
    }
    gigabytes = x.nbytes / 1e9
    goals = []
    shares = {"median": (0.55, 0.9), "trimmed_mean": (0.65, 0.9)}
    for name, took in zip(rules, times[len(passes) + 1 :], strict=True):
        rate = f"{gigabytes / took:.1f} GB/s of {gigabytes / read_s:.1f} read"
        goals.append(Goal(f"{name} n=20 / read bandwidth", rate, read_s / took, *shares[name]))
        must = (80.0, 80.0) if name == "median" else (0.0, 0.0)
        versus = f"{took * 1e3:.2f} ms, numpy {slow[name] * 1e3:.0f} ms"
        goals.append(Goal(f"{name} n=20 / numpy", versus, slow[name] / took, *must))
    rate = f"{gigabytes / times[len(passes)]:.1f} GB/s"
    share = read_s / times[len(passes)]
    goals.append(Goal("mean n=20 / read bandwidth", rate, share, 0.0, 0.0))
    return goals


def krum(repeats: int) -> list[Goal]:
    """Krum, n = 50, against numpy's product of the rows alone."""
    x = np.random.default_rng(1).normal(size=(50, D)).astype(np.float32)
    rule = bb.aggregators.krum(f=12)
    ours, product = alternate([lambda: rule(x), lambda: x @ x.T], repeats)
    rate = f"{ours * 1e3:.1f} ms, X @ X.T {product * 1e3:.1f} ms"
    return [Goal("krum n=50 / numpy X @ X.T", rate, product / ours, 1.8, 1.8)]


def main() -> None:
    """Measures, prints goals with rates and ratios, and fails when a must is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with one_blas_thread():
        goals = [*coordinate_rules(chosen.repeats), *krum(chosen.repeats)]
        where = describe()
    if chosen.json:
        print(json.dumps({"goals": [asdict(goal) for goal in goals], "machine": where}))
    else:
        rows = [
            [g.what, g.rate, f"{g.ratio:.2f}", f"{g.must:g}" if g.must else "–",
             f"{g.aim:g}" if g.aim else "–"]
            for g in goals
        ]  # fmt: skip
        print(table([f"d = {D:,}, one thread", "rate", "ratio", "must", "aim"], rows))
        print(where)
    missed = [goal.what for goal in goals if goal.ratio < goal.must]
    if missed:
        raise SystemExit(f"missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
