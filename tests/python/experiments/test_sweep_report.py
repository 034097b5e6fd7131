"""The report of a sweep: self-contained, and every cell, failure and digest is in it."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

import bytesandbrains as bb


@pytest.fixture(scope="module")
def swept() -> bb.swarm.Sweep:
    return bb.swarm.sweep(
        aggregator=["mean", "bulyan"],
        attack=["none", "ipm:epsilon=10"],
        byzantine=[3, 4],
        seeds=2,
        rounds=3,
        eval_last=1,
    )


def text_of(sweep: bb.swarm.Sweep, path: Path) -> str:
    page = sweep.report(path).read_text(encoding="utf-8")
    assert not re.search(r"<script|<link|@import|url\(|src=|href=", page)
    return page


def maps_of(page: str) -> list[list[list[str]]]:
    """The texts of the heat maps: map, line, cell."""
    plain = []
    for table in re.findall(r'<table class="heat">(.*?)</table>', page, re.DOTALL):
        body = table.split("<tbody>")[1]
        lines = re.findall(r"<tr[^>]*>(.*?)</tr>", body, re.DOTALL)
        plain.append(
            [
                [
                    unescape(re.sub(r"<small>.*?</small>|<[^>]+>", "", cell)).strip()
                    for cell in re.findall(r"<td.*?</td>", line, re.DOTALL)
                ]
                for line in lines
            ]
        )
    return plain


def test_every_cell_is_in_a_map_of_its_setting(swept: bb.swarm.Sweep, tmp_path: Path) -> None:
    page = text_of(swept, tmp_path / "sweep.html")
    cells = {
        (c["byzantine"], c["aggregator"], c["attack"]): c for c in swept.mean().to_dict("records")
    }
    shown = [
        [
            [
                "failed" if not (cell := cells[count, rule, attack])["runs"]
                else f"{100 * cell['accuracy']:.1f} %"
                for attack in swept.axes["attack"]
            ]
            for rule in swept.axes["aggregator"]
        ]
        for count in (3, 4)
    ]  # fmt: skip
    assert maps_of(page) == shown
    assert shown[1][1] == ["failed", "failed"]
    assert "byzantine 3" in page
    assert "4 runs failed: bulyan needs" in unescape(page)


def test_digests_seeds_and_versions_are_in_the_page(swept: bb.swarm.Sweep, tmp_path: Path) -> None:
    page = text_of(swept, tmp_path / "sweep.html")
    for row in swept:
        assert row["error"] or (row["digest"] in page and row["trajectory"] in page)
    assert "Computed with" in page
    assert "processor" in page
    assert "Worst cases" in page


def test_diverged_and_warned_runs_say_so(tmp_path: Path) -> None:
    sweep = bb.swarm.sweep(
        aggregator=["bulyan"], byzantine=4, rounds=1, attack="none", on_precondition="warn"
    )
    sweep.rows[0]["diverged"] = 1
    page = text_of(sweep, tmp_path / "sweep.html")
    assert "<small>1 diverged</small>" in page
    assert "<small>precondition violated</small>" in page


def test_a_sweep_without_axes_has_a_report(tmp_path: Path) -> None:
    sweep = bb.swarm.sweep(aggregator="mean", attack="none", rounds=1)
    page = text_of(sweep, tmp_path / "sweep.html")
    assert maps_of(page) == [[[f"{100 * sweep.rows[0]['accuracy']:.1f} %"]]]
