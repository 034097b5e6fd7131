"""The digits experiment over many seeds, beside its reference accuracies; writes the docs' table.

Run: python benchmarks/byz_d.py [--seeds 25] [--print-only]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from machine import describe, table

from bytesandbrains.swarm import runner

# Mean ± sd over 25 seeds of a plain numpy program by the same protocol, in percent.
REFERENCE: dict[str, dict[str, tuple[float, float | None]]] = {
    "label_flip": {
        "mean": (92.8, 1.1),
        "median": (95.0, 1.1),
        "trimmed_mean": (95.2, 1.1),
        "krum": (92.9, 1.6),
        "multi_krum": (96.3, 0.8),
        "bulyan": (95.6, 0.9),
    },
    "none": {
        "mean": (96.5, None),
        "krum": (93.1, None),
        "multi_krum": (96.2, None),
        "bulyan": (95.8, None),
    },
}
PAGE = Path(__file__).parents[1] / "docs" / "results" / "byz_d.md"
WITHIN = {"mean": 1.5, "krum": 1.5}
RULES = ["mean", "median", "trimmed_mean", "krum", "multi_krum", "bulyan"]


def measure(seeds: int, workers: int | None) -> dict[tuple[str, str], np.ndarray]:
    """Final accuracies in percent, one per seed, for every attack and rule."""
    points = [(attack, rule) for attack in REFERENCE for rule in RULES]
    cells = [
        {"attack": attack, "aggregator": rule, "seed": seed, "eval_every": 300}
        for attack, rule in points
        for seed in range(seeds)
    ]
    made = runner.grid(cells, workers=workers)
    failed = [cell.error for cell in made if cell.result is None]
    if failed:
        raise SystemExit(f"{len(failed)} runs failed, the first with: {failed[0]}")
    finals = np.array([100 * cell.result.final() for cell in made if cell.result])
    return dict(zip(points, finals.reshape(len(points), seeds), strict=True))


def rows_of(finals: dict[tuple[str, str], np.ndarray]) -> tuple[list[list[str]], bool]:
    """Rows of the table, and whether every figure with a reference is within its bound."""
    rows, good = [], True
    for (attack, rule), values in finals.items():
        got = f"{values.mean():.1f} ± {values.std(ddof=1):.1f}" if len(values) > 1 else "–"
        known = REFERENCE[attack].get(rule)
        if known is None:
            rows.append([attack, rule, got, "–", "–", "–"])
            continue
        figure, spread = known
        apart = values.mean() - figure
        bound = WITHIN.get(rule, 1.0)
        good = good and (attack != "label_flip" or bool(abs(apart) <= bound))
        shown = f"{figure:.1f}" + (f" ± {spread:.1f}" if spread is not None else "")
        rows.append([attack, rule, got, shown, f"{apart:+.1f}", f"{bound:.1f}"])
    return rows, good


def page(rows: list[list[str]], seeds: int, took: float) -> str:
    """The page of the docs."""
    head = ["attack", "rule", "accuracy %", "reference %", "difference", "bound"]
    return f"""# Digits under attack

Final test accuracy of `bb.swarm.run` with its defaults: handwritten digits (1,437 to train on, 360
to test), an MLP 64-64-10, 15 peers of which the last 3 are Byzantine, 300 rounds, batches of 32,
momentum 0.9 on the peers, learning rate 0.3; mean over the last 10 rounds, then mean ± standard
deviation over {seeds} seeds. Without attack the peers are honest while the rules still assume 3
Byzantine ones. The reference is a plain numpy program by the same protocol over 25 seeds with other
random draws; it has no figure where the table has a dash. The bound is the difference at which the
benchmark fails; it holds under label flip.

{table(head, rows)}

{len(rows) * seeds} runs took {took:.0f} s on {describe()}.

Regenerate with `python benchmarks/byz_d.py`.
"""


def main() -> None:
    """Runs, prints the table, writes the page, and fails when a figure is out of its bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=25)
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("--print-only", action="store_true", help="leave the page as it is")
    chosen = parser.parse_args()
    started = time.perf_counter()
    rows, good = rows_of(measure(chosen.seeds, chosen.workers))
    text = page(rows, chosen.seeds, time.perf_counter() - started)
    print(text)
    if not chosen.print_only:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")
    if not good:
        raise SystemExit("a figure under label flip is farther from the reference than its bound")


if __name__ == "__main__":
    main()
