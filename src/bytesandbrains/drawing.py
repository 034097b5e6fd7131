"""Draws an artifact as SVG: a lane per kind of machine, its operations, and the wire between."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import onnx

from bytesandbrains.protos import OWN, get_metadata

__all__ = ["Drawing", "draw"]

_LANE, _BOX, _HIGH, _STEP, _TOP = 260, 200, 26, 38, 44
_WIDEST_BOW = 34  # its curve stays inside the lane
_QUIET, _WIRE, _JOIN = "#9aa", "#c98a00", "#c0504d"
_COLOURS = {
    "wire": "#f6c453",
    "flow": "#d9d9e3",
    "region": "#a8d5ba",
    "model": "#a9c7ea",
    "state": "#a9c7ea",
    "data": "#e3c4e8",
    "peers": "#e3c4e8",
    "aggregate": "#f2a7a0",
}


class Drawing:
    """A picture of an artifact; notebooks show it.

    Attributes:
        svg: The SVG text.
    """

    def __init__(self, svg: str, summary: str) -> None:
        self.svg = svg
        self._summary = summary

    def __repr__(self) -> str:
        return f"<Drawing of {self._summary}>"

    def _repr_svg_(self) -> str:
        return self.svg


@dataclass
class _Box:
    node: onnx.NodeProto
    lane: int
    row: int

    @property
    def centre(self) -> float:
        return self.lane * _LANE + _LANE / 2

    @property
    def top(self) -> float:
        return _TOP + self.row * _STEP

    @property
    def middle(self) -> float:
        return self.top + _HIGH / 2


def draw(model: onnx.ModelProto) -> Drawing:
    """Returns the picture of a compiled model."""
    kinds = [f for f in model.functions if f.domain == OWN + "target"]
    kinds.sort(key=lambda function: function.name)
    boxes = _placed(kinds)
    rows = max((box.row for box in boxes), default=0) + 1
    width, height = max(1, len(kinds)) * _LANE, _TOP + rows * _STEP + 10
    sizes = {f.name: len(f.node) for f in model.functions if f.domain == OWN + "region"}
    body = [
        *(_lane(index, kind.name, height) for index, kind in enumerate(kinds)),
        *_inside(boxes),
        *_between(boxes, [kind.name for kind in kinds]),
        *(_box(box, sizes) for box in boxes),
    ]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#555"/></marker></defs>'
        f"{''.join(body)}</svg>"
    )
    return Drawing(svg, f"{len(kinds)} kinds, {len(boxes)} operations")


def _placed(kinds: list[onnx.FunctionProto]) -> list[_Box]:
    """Boxes with rows: one frame after the other, senders before receivers."""
    frames: dict[tuple[int, int], list[onnx.NodeProto]] = {}
    for lane, kind in enumerate(kinds):
        for node in kind.node:
            frame = int(get_metadata(node).get("bb.frame", "0"))
            frames.setdefault((lane, frame), []).append(node)
    names = [kind.name for kind in kinds]
    order: list[tuple[int, int]] = []
    waiting = sorted(frames, key=lambda key: (_receives(frames[key]), key))
    while waiting:
        ready = [key for key in waiting if _fed(frames, key, order, names)] or waiting
        order.append(ready[0])
        waiting.remove(ready[0])
    boxes: list[_Box] = []
    for lane, frame in order:
        boxes += [_Box(node, lane, len(boxes) + i) for i, node in enumerate(frames[lane, frame])]
    return boxes


def _receives(nodes: list[onnx.NodeProto]) -> bool:
    return any(node.op_type == "Recv" for node in nodes)


def _fed(
    frames: dict[tuple[int, int], list[onnx.NodeProto]],
    key: tuple[int, int],
    done: list[tuple[int, int]],
    names: list[str],
) -> bool:
    """Whether the frame receives nothing, or something a placed frame sends."""
    groups = {_int(node, "group") for node in frames[key] if node.op_type == "Recv"}
    sent = {
        _int(node, "group")
        for other in done
        for node in frames[other]
        if node.op_type == "Send" and _text(node, "to_kind") == names[key[0]]
    }
    return not groups or bool(groups & sent)


def _inside(boxes: list[_Box]) -> list[str]:
    """Lines of data and order inside the lanes."""
    lines = []
    for box in boxes:
        made = set(box.node.output)
        for other in boxes:
            if other.lane == box.lane and made.intersection(other.node.input):
                path = _straight if other.row == box.row + 1 else _bow_right
                lines.append(_stroke(path(box, other), _QUIET))
    return lines


def _between(boxes: list[_Box], names: list[str]) -> list[str]:
    """Arrows from Send to Recv, and from Contribute to its gather."""
    lines = []
    for box in boxes:
        for other in boxes:
            if _sends_to(box.node, other.node, names[other.lane]):
                path = _bow_left if box.lane == other.lane else _across
                lines.append(_stroke(path(box, other), _WIRE, tip=True))
            if box.lane == other.lane and _contributes_to(box.node, other.node):
                lines.append(_stroke(_bow_left(box, other), _JOIN, tip=True))
    return lines


def _sends_to(node: onnx.NodeProto, other: onnx.NodeProto, kind: str) -> bool:
    ends = node.op_type == "Send" and other.op_type == "Recv" and _text(node, "to_kind") == kind
    return ends and _int(node, "group") == _int(other, "group")


def _contributes_to(node: onnx.NodeProto, other: onnx.NodeProto) -> bool:
    gather = other.op_type == "Gather" and other.domain == OWN + "flow"
    same = _int(node, "gather") == _int(other, "gather")
    return node.op_type == "Contribute" and gather and same


def _stroke(path: str, colour: str, *, tip: bool = False) -> str:
    marker = ' marker-end="url(#tip)"' if tip else ""
    return f'<path d="{path}" fill="none" stroke="{colour}"{marker}/>'


def _straight(start: _Box, end: _Box) -> str:
    return f"M{start.centre} {start.top + _HIGH}L{end.centre} {end.top}"


def _across(start: _Box, end: _Box) -> str:
    side = _BOX / 2 if end.lane > start.lane else -_BOX / 2
    return f"M{start.centre + side} {start.middle}L{end.centre - side} {end.middle}"


def _bow_right(start: _Box, end: _Box) -> str:
    return _bow(start, end, 1)


def _bow_left(start: _Box, end: _Box) -> str:
    return _bow(start, end, -1)


def _bow(start: _Box, end: _Box, side: int) -> str:
    x = start.centre + side * _BOX / 2
    out = x + side * min(_WIDEST_BOW, 10 + 3 * abs(end.row - start.row))
    return f"M{x} {start.middle}C{out} {start.middle} {out} {end.middle} {x} {end.middle}"


def _lane(index: int, name: str, height: float) -> str:
    x = index * _LANE
    return (
        f'<rect x="{x + 4}" y="4" width="{_LANE - 8}" height="{height - 8}" rx="8" '
        'fill="#fafafa" stroke="#ccc"/>'
        f'<text x="{x + _LANE / 2}" y="26" text-anchor="middle" font-size="14" '
        f'font-weight="bold">{escape(name)}</text>'
    )


def _box(box: _Box, regions: dict[str, int]) -> str:
    room = box.node.domain.removeprefix(OWN)
    x, colour = box.centre - _BOX / 2, _COLOURS.get(room, "#eee")
    return (
        f'<rect x="{x}" y="{box.top}" width="{_BOX}" height="{_HIGH}" rx="4" '
        f'fill="{colour}" stroke="#777"/><text x="{box.centre}" y="{box.top + 17}" '
        f'text-anchor="middle">{escape(_label(box.node, regions))}'
        f"<title>{escape(get_metadata(box.node).get('bb.loc', ''))}</title></text>"
    )


def _label(node: onnx.NodeProto, regions: dict[str, int]) -> str:
    if node.op_type in regions and node.domain == OWN + "region":
        return f"{regions[node.op_type]} operators"
    named = {attribute.name: attribute for attribute in node.attribute}
    words = [node.op_type]
    for key in ("slot", "cell", "name"):
        if key in named and named[key].s:
            words.append(named[key].s.decode())
    if "ports" in named:
        words.append(", ".join(port.decode() for port in named["ports"].strings))
    return " ".join(words)


def _int(node: onnx.NodeProto, name: str) -> int:
    return next((a.i for a in node.attribute if a.name == name), -1)


def _text(node: onnx.NodeProto, name: str) -> str:
    return next((a.s.decode() for a in node.attribute if a.name == name), "")
