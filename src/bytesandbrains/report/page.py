"""The frame of a report: style, header, and the sections every report has."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

from bytesandbrains.report.environment import environment
from bytesandbrains.report.html import Html, join, table, tag

__all__ = ["bytes_text", "definitions", "page", "percent", "section", "technical"]

_STYLE = """
:root { --ink: #1f2430; --soft: #5b6270; --line: #e1e4e9; --wash: #f6f7f9; --blue: #0072b2;
  --red: #b54a00; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: var(--ink); line-height: 1.5; font-size: 15px;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main, header > div { max-width: 1080px; margin: 0 auto; padding: 0 28px; }
header { background: var(--wash); border-bottom: 1px solid var(--line); padding: 30px 0 22px; }
h1 { font-size: 27px; line-height: 1.2; margin: 0 0 8px; letter-spacing: -.01em; }
h2 { font-size: 19px; margin: 44px 0 6px; letter-spacing: -.005em; }
p { margin: 6px 0 12px; max-width: 76ch; }
.lead { color: var(--soft); margin: 0 0 14px; }
.note { color: var(--soft); font-size: 13.5px; }
.facts { display: flex; flex-wrap: wrap; gap: 8px 30px; margin: 0; }
.facts dt { color: var(--soft); font-size: 12px; }
.facts dd { margin: 0; font-size: 17px; font-weight: 600; font-variant-numeric: tabular-nums; }
.warn { border-left: 4px solid var(--red); background: #fdf3ec; padding: 8px 14px;
  margin: 16px 0 0; }
.scroll { overflow-x: auto; margin: 10px 0 4px; }
table { border-collapse: collapse; font-size: 13.5px; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 5px 14px 5px 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
thead th { color: var(--soft); font-weight: 600; font-size: 12.5px; vertical-align: bottom; }
tbody th { font-weight: 600; white-space: nowrap; }
.grouped tbody tr.first > * { border-top: 2px solid #c9ced6; }
.heat { border-spacing: 3px; border-collapse: separate; margin-left: -3px; font-size: 14px; }
.heat th, .heat td { border: 0; padding: 9px 14px; }
.heat td { text-align: center; min-width: 112px; border-radius: 5px; font-weight: 600; }
.heat thead th { text-align: center; padding-bottom: 2px; }
.heat small { display: block; font-weight: 500; font-size: 11.5px; }
.heat td.worst { background: none; border: 1px solid var(--line); font-weight: 500; }
.heat td.best { border: 2px solid var(--ink); font-weight: 700; }
.bar { display: inline-block; width: 70px; height: 9px; background: #e9ebef; border-radius: 2px;
  margin-right: 8px; overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--blue); }
.bar.bad i { background: #d55e00; }
.diverged { color: var(--red); font-weight: 600; }
code, .mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: 12px; }
.mono { overflow-wrap: anywhere; }
pre { background: var(--wash); border: 1px solid var(--line); border-radius: 5px;
  padding: 10px 14px; overflow-x: auto; font-size: 12.5px; }
svg { max-width: 100%; height: auto; display: block; }
svg text { font-family: system-ui, "Segoe UI", Roboto, Arial, sans-serif !important; }
figure { margin: 12px 0 4px; }
details { margin: 12px 0; } summary { cursor: pointer; font-weight: 600; }
.columns { display: flex; flex-wrap: wrap; gap: 0 60px; }
footer { color: var(--soft); font-size: 12.5px; margin: 44px 0 36px; }
@media print { header { background: none; } h2 { break-after: avoid; } }
"""


def page(title: str, lead: object, facts: Mapping[str, str], *sections: object) -> str:
    """Returns a whole document that needs no network.

    Args:
        title: Its title.
        lead: One sentence under it.
        facts: The few figures a reader wants first.
        sections: The rest, in order.
    """
    shown = [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts.items()]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Html(_STYLE)),
    )
    intro = [tag("h1", title), tag("p", lead, class_="lead"), tag("dl", *shown, class_="facts")]
    top = tag("header", tag("div", *intro))
    body = tag("body", top, tag("main", *sections))
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def section(title: str, note: object, *content: object) -> Html:
    """Returns a section with a heading and a sentence on how to read it."""
    return tag("section", tag("h2", title), tag("p", note, class_="note") if note else "", *content)


def definitions(values: Mapping[str, object]) -> Html:
    """Returns a two-column table of names and plain values, leaving out those that are None."""
    rows = [
        (name, tag("span", _text(value), class_="mono"))
        for name, value in values.items()
        if value is not None
    ]
    return table(("", ""), rows) if rows else Html("")


def technical(config: Mapping[str, object], title: str = "Configuration") -> Html:
    """Returns the configuration beside the versions and the machine."""
    columns = [
        tag("div", tag("h2", title), definitions(config)),
        tag("div", tag("h2", "Computed with"), definitions(environment())),
    ]
    return tag("section", join(columns), class_="columns")


def percent(fraction: float, digits: int = 1) -> str:
    """``"95.3 %"``, or a dash for NaN."""
    return f"{100 * fraction:.{digits}f} %" if math.isfinite(fraction) else "–"


def bytes_text(count: float) -> str:
    """A number of bytes with a decimal unit."""
    units: Sequence[str] = ("B", "kB", "MB", "GB", "TB")
    for unit in units:
        if count < 1000 or unit == units[-1]:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("the last unit always returns")


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
