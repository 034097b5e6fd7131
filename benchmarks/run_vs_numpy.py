"""One whole run against the plain numpy loop of the tests, in one process, one thread each.

Run: python benchmarks/run_vs_numpy.py [--repeats 5] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "python" / "experiments"))

import numpy as np
import numpy_loop
from machine import describe, seconds, table
from swarm_tools import DrawnInputs

import bytesandbrains as bb

MUST, AIM = 2.0, 4.0
ROUNDS = 300
ATTACK = "alie:z=1.5"


def one_blas_thread() -> AbstractContextManager[object]:
    """Holds numpy to one thread, as our run is."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
            print("without threadpoolctl: set OPENBLAS_NUM_THREADS=1", file=sys.stderr)
        return nullcontext()
    limits: AbstractContextManager[object] = threadpool_limits(1, user_api="blas")
    return limits


def main() -> None:
    """Checks that both end with the same parameters, times both, prints the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    inputs = DrawnInputs(seed=0)
    # drawing batches is not the loop's work: it reads them from an array
    batches = np.array(
        [[inputs.batch_of(peer, step) for step in range(ROUNDS)] for peer in range(15)]
    )

    def ours() -> np.ndarray:
        run = bb.swarm.run(
            aggregator="multi_krum", attack=ATTACK, rounds=ROUNDS, threads=1, progress=False
        )
        return run.params()

    def theirs() -> np.ndarray:
        # scored as our run is: every tenth round and each of the last ten
        return numpy_loop.train(
            inputs.start,
            inputs.x,
            inputs.y,
            inputs.shards,
            lambda peer, step: batches[peer, step],
            rule=numpy_loop.multi_krum,
            byzantine=3,
            rounds=ROUNDS,
            craft=numpy_loop.ATTACKS[ATTACK],
            test=inputs.test,
            score=lambda step: step % 10 == 0 or step > ROUNDS - 10,
        ).params

    with one_blas_thread():
        a, b = ours(), theirs()
        apart = float(np.linalg.norm(a - b) / np.linalg.norm(b))
        ours_s, ours_spread = seconds(ours, chosen.repeats)
        theirs_s, theirs_spread = seconds(theirs, chosen.repeats)
        where = describe()
    ratio = theirs_s / ours_s
    if chosen.json:
        print(json.dumps({"ours_s": ours_s, "numpy_s": theirs_s, "ratio": ratio, "must": MUST,
                          "aim": AIM, "parameters_apart": apart, "machine": where}))  # fmt: skip
    else:
        rate = 15 * ROUNDS
        rows = [
            ["swarm.run", f"{ours_s:.3f} s", f"± {ours_spread:.3f}", f"{rate / ours_s:,.0f}"],
            ["numpy", f"{theirs_s:.3f} s", f"± {theirs_spread:.3f}", f"{rate / theirs_s:,.0f}"],
        ]
        print(table(["300 rounds, 15 peers", "median", "quartiles", "client steps/s"], rows))
        print(f"ratio {ratio:.1f} (must {MUST:g}, aim {AIM:g}); parameters {apart:.1e} apart")
        print(where)
    if ratio < MUST:
        raise SystemExit(f"swarm.run is {ratio:.2f} times as fast as numpy; it must be {MUST:g}")


if __name__ == "__main__":
    main()
