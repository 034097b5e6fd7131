"""Plots of one result: what is drawn, and what is stamped over it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import bytesandbrains as bb
from bytesandbrains.swarm.plots import (
    VERDICT_COLOURS,
    VERDICT_NAMES,
    chance,
    sorted_peers,
    verdict_map,
)
from bytesandbrains.swarm.result import Result

KINDS = ("accuracy", "loss", "decisions", "bytes")


@pytest.fixture(scope="module")
def run() -> Result:
    return bb.swarm.run(
        rounds=6, eval_every=2, eval_last=1, byzantine=[0, 4, 9], attack="nan", aggregator="median"
    )


@pytest.fixture
def ax() -> Axes:
    return Figure().add_subplot()


@pytest.fixture
def agg() -> Iterator[None]:
    with matplotlib.rc_context({"backend": "agg"}):
        yield


def texts(ax: Axes) -> str:
    return "\n".join(text.get_text() for text in ax.texts) + ax.get_title(loc="left")


@pytest.mark.parametrize("kind", KINDS)
def test_plot_returns_the_axes_it_was_given(run: Result, ax: Axes, kind: str) -> None:
    assert run.plot(kind, ax) is ax
    assert "median" in ax.get_title(loc="left")
    assert "nan" in ax.get_title(loc="left")


def test_plot_makes_axes_when_none_are_given(run: Result, agg: None) -> None:
    import matplotlib.pyplot as plt

    ax = run.plot()
    assert isinstance(ax, Axes)
    plt.close("all")


def test_misspelt_kind_suggests_the_nearest(run: Result) -> None:
    with pytest.raises(bb.ConfigError) as caught:
        run.plot("acuracy")
    assert caught.value.code == "unknown_plot"
    assert "accuracy" in caught.value.hint


def test_accuracy_curve_is_the_result_in_percent_with_a_line_at_chance(
    run: Result, ax: Axes
) -> None:
    run.plot("accuracy", ax)
    level, curve = ax.get_lines()
    assert np.allclose(np.asarray(curve.get_ydata()), 100 * run.accuracy)
    assert np.array_equal(np.asarray(curve.get_xdata()), run.rounds)
    assert set(np.asarray(level.get_ydata()).tolist()) == {100 * chance(run)} == {10.0}


def test_verdict_map_agrees_with_the_decisions(run: Result) -> None:
    codes, peers = verdict_map(run), sorted_peers(run)
    assert peers[-3:] == ["0", "4", "9"]
    for column, decisions in enumerate(run.decisions.values()):
        for d in decisions:
            assert VERDICT_NAMES[codes[peers.index(d.peer), column]] == d.verdict
    assert {VERDICT_NAMES[c] for c in codes[-3:].ravel()} == {"rejected"}


def test_absent_peers_are_told_apart_from_rejected_ones() -> None:
    run = bb.swarm.run(rounds=2, attack="silent", aggregator="mean")
    assert {VERDICT_NAMES[c] for c in verdict_map(run)[-3:].ravel()} == {"no row"}


def test_byzantine_peers_are_marked_and_the_picture_has_the_colours(run: Result, ax: Axes) -> None:
    run.plot("decisions", ax)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels[-3:] == ["0 ✗", "4 ✗", "9 ✗"]
    assert sum("✗" in label for label in labels) == 3
    picture = ax.get_images()[0]
    shown = [to_hex(picture.cmap(picture.norm(code))) for code in range(len(VERDICT_COLOURS))]
    assert shown == [to_hex(colour) for colour in VERDICT_COLOURS]


def test_bytes_plot_sums_what_each_peer_sends_and_receives(run: Result, ax: Axes) -> None:
    run.plot("bytes", ax)
    total = sum(bar.get_height() for bars in ax.containers for bar in bars)  # type: ignore[attr-defined]
    assert total == pytest.approx(sum(run.bytes.values()) / 1e6)


@pytest.mark.parametrize("kind", KINDS)
def test_divergence_is_stamped_on_every_plot(run: Result, ax: Axes, kind: str) -> None:
    replace(run, diverged=4).plot(kind, ax)
    assert "DIVERGED in round 4" in texts(ax)


@pytest.mark.parametrize("kind", KINDS)
def test_runs_that_only_warn_about_preconditions_are_stamped(
    run: Result, ax: Axes, kind: str
) -> None:
    config = {**run.config, "on_precondition": "warn"}
    replace(run, config=config, warnings=["bulyan needs n >= 4f+3"]).plot(kind, ax)
    assert "PRECONDITION VIOLATED" in texts(ax)


def test_ordinary_runs_carry_no_stamp(run: Result, ax: Axes) -> None:
    run.plot("loss", ax)
    assert not ax.texts


def test_a_result_without_any_round_can_be_plotted(run: Result) -> None:
    nothing = np.zeros(0)
    empty = replace(
        run, rounds=nothing.astype(np.int64), accuracy=nothing, loss=nothing, decisions={}, bytes={}
    )
    for kind in KINDS:
        assert empty.plot(kind, Figure().add_subplot())
