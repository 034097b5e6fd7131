"""Builds HTML whose text is escaped unless it is markup made here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["Html", "join", "table", "tag"]

_VOID = frozenset({"meta", "br"})


class Html(str):
    """Markup: not escaped again."""

    __slots__ = ()


def tag(element: str, *children: object, **attributes: object) -> Html:
    """Returns an element; children that are not ``Html`` are escaped.

    Args:
        element: Name of the element.
        children: Its content, in order.
        attributes: Attributes; a trailing underscore is dropped (``class_``), None leaves one out.

    Example:
        >>> tag("p", "a < b", class_="note")
        '<p class="note">a &lt; b</p>'
    """
    given = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if element in _VOID:
        return Html(f"<{element}{given}>")
    return Html(f"<{element}{given}>{join(children)}</{element}>")


def join(children: Iterable[object]) -> Html:
    """Returns children one after another, escaping those that are not ``Html``."""
    return Html("".join(c if isinstance(c, Html) else escape(str(c)) for c in children))


def table(header: Sequence[object], rows: Iterable[Sequence[object]], class_: str = "") -> Html:
    """Returns a table; a cell that is a ``<td`` element stays as it is.

    A heading that is the same as in the row above is left empty.

    Args:
        header: Titles of the columns.
        rows: Cells by row; the first of a row is its heading.
        class_: Class of the table.
    """
    head = tag("tr", *[tag("th", title, scope="col") for title in header])
    body: list[Html] = []
    above: object = None
    for heading, *cells in rows:
        again = heading == above
        first = tag("th", "" if again else heading, scope="row")
        body.append(tag("tr", first, *map(_cell, cells), class_=None if again else "first"))
        above = heading
    whole = tag("table", tag("thead", head), tag("tbody", *body), class_=class_ or None)
    return tag("div", whole, class_="scroll")


def _cell(cell: object) -> Html:
    is_cell = isinstance(cell, Html) and cell.startswith("<td")
    return Html(cell) if is_cell else tag("td", cell)
