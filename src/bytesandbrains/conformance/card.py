"""The report card of a library: every part in the variant it fits best, with plain verdicts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bytesandbrains.conformance.cases import Family, names
from bytesandbrains.conformance.checking import Match, identify
from bytesandbrains.conformance.judge import Precision
from bytesandbrains.conformance.peers import Peer

__all__ = ["Card", "Grade", "report_card"]

_FAMILIES: tuple[Family, ...] = ("aggregators", "attacks")


@dataclass(frozen=True)
class Grade:
    """One line of a report card.

    Attributes:
        family: ``aggregators`` or ``attacks``.
        part: Name in our catalogue.
        variant: The variant that fits best; empty when the library lacks the part.
        values: Verdicts on results, e.g. ``pass 8/8``.
        hostile: Verdicts on at most f arbitrary rows.
        refusals: Verdicts on too few rows.
        note: The first failure, and whether inputs are overwritten.
        passed: Whether all of it passes.
    """

    family: Family
    part: str
    variant: str
    values: str
    hostile: str
    refusals: str
    note: str
    passed: bool


@dataclass(frozen=True)
class Card:
    """What a library makes of all vectors.

    Attributes:
        library: Its name and version.
        grades: One line per part that has vectors.
    """

    library: str
    grades: tuple[Grade, ...]

    @property
    def passed(self) -> bool:
        """Whether every part that the library has passes everything."""
        return all(grade.passed for grade in self.grades if grade.variant)

    def markdown(self) -> str:
        """The card as a Markdown table."""
        head = ("part", "variant", "values", "arbitrary rows", "too few rows", "first problem")
        lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        for g in self.grades:
            cells = (f"`{g.part}`", g.variant or "absent", g.values, g.hostile, g.refusals, g.note)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        return "\n".join(lines)

    def __str__(self) -> str:
        """The library and its table."""
        return f"{self.library}\n\n{self.markdown()}"


def report_card(
    library: Peer, parts: Collection[str] = (), precision: Precision = "float64"
) -> Card:
    """Compares a library with all vectors.

    Args:
        library: As ``peer`` returns it.
        parts: Names to restrict it to; all by default.
        precision: The type of the rows it is given.

    Returns:
        A line per part. A part is judged in the variant it agrees with most.
    """
    grades = []
    for family in _FAMILIES:
        for name in names(family):
            if parts and name not in parts:
                continue
            function = library.functions.get((family, name))
            if function is None:
                grades.append(Grade(family, name, "", "–", "–", "–", "", False))
            elif family == "aggregators":
                grades.append(_grade(family, identify(function, rule=name, precision=precision)))
            else:
                grades.append(_grade(family, identify(function, attack=name, precision=precision)))
    return Card(f"{library.name} {library.version}", tuple(grades))


def _grade(family: Family, match: Match) -> Grade:
    report = match.report
    notes = [f"{o.case}: {o.detail}" for o in report.failures()[:1]]
    if report.overwrites:
        notes.append("overwrites its input")
    return Grade(
        family,
        match.part,
        match.variant,
        report.summary("value"),
        report.summary("hostile"),
        report.summary("refuse"),
        "; ".join(notes),
        report.passed and not report.overwrites,
    )
