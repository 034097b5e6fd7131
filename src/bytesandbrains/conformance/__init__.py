"""Conformance: published vectors for every rule and attack, and a runner for any library.

Example:
    >>> import bytesandbrains as bb
    >>> report = bb.conformance.check(lambda rows, f: rows.mean(axis=0), rule="krum")
    >>> report.passed
    False
"""

from __future__ import annotations

from bytesandbrains.conformance.card import Card, Grade, report_card
from bytesandbrains.conformance.cases import Case, Part, names, part
from bytesandbrains.conformance.checking import Match, check, identify
from bytesandbrains.conformance.judge import Outcome, Report
from bytesandbrains.conformance.peers import PEERS, Peer, own, peer

__all__ = [
    "PEERS",
    "Card",
    "Case",
    "Grade",
    "Match",
    "Outcome",
    "Part",
    "Peer",
    "Report",
    "check",
    "identify",
    "names",
    "own",
    "part",
    "peer",
    "report_card",
]
