"""One function against one case: called, compared and given a verdict."""

from __future__ import annotations

import inspect
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bytesandbrains.conformance.cases import Case, Kind

__all__ = ["Outcome", "Report", "Verdict", "run_case"]

Verdict = Literal["pass", "differs", "refuses", "non-finite", "accepts", "skipped"]
Precision = Literal["float64", "float32"]
_LIMIT_S = 5.0
"""No rule needs a second for vectors of this size; some loop for ever on hostile rows."""
_FLOAT32_TOLERANCE = 2e-5
"""Some hundred roundings of float32, for functions that only have it."""


@dataclass(frozen=True)
class Outcome:
    """What one function made of one case.

    Attributes:
        case: Name of the case.
        kind: ``value``, ``hostile`` or ``refuse``.
        verdict: ``pass``; ``differs``: another result; ``refuses``: an error where a result was
            due; ``non-finite``: NaN or infinity; ``accepts``: a result where refusing was due;
            ``skipped``: the function does not take a vector that the case needs.
        detail: The size of the difference, or the error.
        overwrote: Whether the function changed its input.
    """

    case: str
    kind: Kind
    verdict: Verdict
    detail: str = ""
    overwrote: bool = False


@dataclass(frozen=True)
class Report:
    """What one function made of all cases of one variant.

    Attributes:
        part: Name of the rule or attack.
        variant: The variant compared with.
        outcomes: One per case.
    """

    part: str
    variant: str
    outcomes: tuple[Outcome, ...]

    @property
    def passed(self) -> bool:
        """Whether every case that could be asked passes."""
        return all(outcome.verdict in ("pass", "skipped") for outcome in self.outcomes)

    @property
    def overwrites(self) -> bool:
        """Whether the function changed its input in any case."""
        return any(outcome.overwrote for outcome in self.outcomes)

    def count(self, verdict: Verdict, kind: Kind | None = None) -> int:
        """How many cases (of one kind) have this verdict."""
        return sum(o.verdict == verdict and kind in (None, o.kind) for o in self.outcomes)

    def failures(self) -> list[Outcome]:
        """The cases that do not pass."""
        return [o for o in self.outcomes if o.verdict not in ("pass", "skipped")]

    def summary(self, kind: Kind) -> str:
        """The verdicts of one kind in a few words, e.g. ``pass 8/8`` or ``differs 3/8``."""
        asked = [o for o in self.outcomes if o.kind == kind and o.verdict != "skipped"]
        if not asked:
            return "–"
        worst = [o.verdict for o in asked if o.verdict != "pass"]
        if not worst:
            return f"pass {len(asked)}/{len(asked)}"
        return ", ".join(f"{v} {worst.count(v)}/{len(asked)}" for v in dict.fromkeys(worst))

    def __str__(self) -> str:
        """A line per case."""
        lines = [f"{self.part} ({self.variant}): {'passes' if self.passed else 'fails'}"]
        for o in self.outcomes:
            lines.append(f"  {o.verdict:<10} {o.kind:<8} {o.case:<20} {o.detail}".rstrip())
        return "\n".join(lines)


def run_case(function: Callable[..., Any], case: Case, precision: Precision = "float64") -> Outcome:
    """Calls a function with a case and compares.

    Args:
        function: Takes the rows and, by name, those of the case's parameters that its signature
            has.
        case: The question.
        precision: The type of the rows it is given; ``float32`` is compared more loosely.

    Returns:
        The verdict. An exception of the function is a verdict, too.
    """
    accepted = _accepted(function)
    if accepted is not None and not set(case.vectors) <= accepted:
        missing = ", ".join(sorted(set(case.vectors) - accepted))
        return Outcome(case.id, case.kind, "skipped", f"takes no {missing}")
    offered = {**case.params, **{key: value.copy() for key, value in case.vectors.items()}}
    given = {key: v for key, v in offered.items() if accepted is None or key in accepted}
    with np.errstate(all="ignore"):
        rows = case.rows.astype(precision)
        before = rows.copy()
        try:
            with _time_limit(_LIMIT_S):
                result = function(rows, **given)
        except Exception as error:  # whatever a foreign function raises is its answer
            return _refusal(case, error)
        overwrote = not np.array_equal(rows, before, equal_nan=True)
        verdict, detail = _compare(case, result, precision)
    return Outcome(case.id, case.kind, verdict, detail, overwrote)


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Stops a foreign function that never ends, where the system has timers for it."""
    usable = hasattr(signal, "setitimer") and (
        threading.current_thread() is threading.main_thread()
    )
    if not usable:
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise TimeoutError(f"no answer within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _accepted(function: Callable[..., Any]) -> set[str] | None:
    """The names it takes besides the rows; None when it takes any."""
    parameters = list(inspect.signature(function).parameters.values())
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return None
    return {p.name for p in parameters[1:] if p.kind is not p.VAR_POSITIONAL}


def _refusal(case: Case, error: Exception) -> Outcome:
    text = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return Outcome(case.id, case.kind, "pass" if case.kind == "refuse" else "refuses", text)


def _compare(case: Case, result: Any, precision: Precision) -> tuple[Verdict, str]:
    if case.kind == "refuse":
        return "accepts", "gives a result although too few rows are there for this f"
    try:
        got: NDArray[np.float64] = np.asarray(result, dtype=np.float64)
    except (TypeError, ValueError):
        return "differs", f"returns {type(result).__name__}"
    if case.kind == "hostile":
        return _within(case, got)
    assert case.expected is not None  # made so by the reader
    return _equal(case, case.expected, got, precision)


def _equal(
    case: Case, expected: NDArray[np.float64], got: NDArray[np.float64], precision: Precision
) -> tuple[Verdict, str]:
    if got.shape != expected.shape and got.shape != expected.shape[1:]:
        return "differs", f"shape {got.shape}, expected {expected.shape}"
    if not np.isfinite(got).all():
        return "non-finite", _first_bad(got)
    relative = case.tolerance if precision == "float64" else max(case.tolerance, _FLOAT32_TOLERANCE)
    gap = float(np.abs(got - expected).max(initial=0.0))
    if gap <= relative * case.size:
        return "pass", ""
    return "differs", f"by {gap:.3g}, allowed {relative * case.size:.3g}"


def _within(case: Case, got: NDArray[np.float64]) -> tuple[Verdict, str]:
    assert case.low is not None  # made so by the reader
    assert case.high is not None
    if got.ndim not in (1, 2) or got.shape[-1:] != case.low.shape:
        return "differs", f"shape {got.shape}, expected {case.low.shape}"
    if not np.isfinite(got).all():
        return "non-finite", _first_bad(got)
    outside = np.maximum(case.low - got, got - case.high)
    if (outside <= 0).all():
        return "pass", ""
    return "differs", f"leaves the honest range by {float(outside.max()):.3g}"


def _first_bad(got: NDArray[np.float64]) -> str:
    return f"{got[~np.isfinite(got)][0]} in the result"
