"""The readable table of an artifact."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import prod

import onnx

from bytesandbrains.protos import OWN, get_metadata

__all__ = ["Text", "summarize"]


class Text(str):
    """Text that shows its lines in a console and a notebook."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def summarize(model: onnx.ModelProto, size_bytes: int) -> Text:
    """Returns the table of a compiled model.

    Args:
        model: The artifact.
        size_bytes: Size of its file.
    """
    facts = get_metadata(model)
    head = [f"artifact {facts.get('bb.digest', '')[:12]}, {size_bytes:,} bytes"]
    blocks = [head, _targets(model), _edges(facts), _bindings(facts), _layouts(facts)]
    return Text("\n\n".join("\n".join(block) for block in blocks if block))


def _targets(model: onnx.ModelProto) -> list[str]:
    targets = json.loads(get_metadata(model).get("bb.targets", "{}"))
    nodes = {f.name: len(f.node) for f in model.functions if f.domain == OWN + "target"}
    rows = [
        [kind, _ports(entry["inputs"]), _ports(entry["outputs"]), str(nodes.get(kind, 0))]
        for kind, entry in sorted(targets.items())
    ]
    return _table("targets", ["kind", "inputs", "outputs", "operations"], rows)


def _ports(ports: Sequence[Sequence[str]]) -> str:
    return ", ".join(f"{name}: {type_}" for name, type_ in ports) or "–"


def _edges(facts: dict[str, str]) -> list[str]:
    rows = [
        [edge["port"], f"{edge['from']} → {edge['to']}", edge["type"], edge["codec"] or "–"]
        for edge in json.loads(facts.get("bb.edges", "[]"))
    ]
    return _table("edges", ["port", "way", "type", "codec"], rows)


def _bindings(facts: dict[str, str]) -> list[str]:
    rows = [
        [
            slot,
            entry["role"],
            entry["part"],
            ", ".join(f"{key}={value}" for key, value in entry["params"].items()) or "–",
            ", ".join(entry.get("targets", [])),
        ]
        for slot, entry in sorted(json.loads(facts.get("bb.bindings", "{}")).items())
    ]
    return _table("bindings", ["slot", "role", "part", "parameters", "on"], rows)


def _layouts(facts: dict[str, str]) -> list[str]:
    lines: list[str] = []
    for key in sorted(facts):
        if not key.startswith("bb.layout."):
            continue
        entries = json.loads(facts[key])
        rows = [
            [entry["name"], str(tuple(entry["shape"])), str(entry["offset"]), _init(entry["init"])]
            for entry in entries
        ]
        total = sum(prod(entry["shape"]) for entry in entries)
        title = f"parameters of {key.removeprefix('bb.layout.')}: {total:,}"
        lines += _table(title, ["name", "shape", "offset", "init"], rows)
    return lines


def _init(init: object) -> str:
    return str(init["fill"]) if isinstance(init, dict) else str(init)


def _table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    columns = list(zip(header, *rows, strict=True))
    widths = [max(len(cell) for cell in column) for column in columns]
    lines = [
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (header, *rows)
    ]
    return [title, *lines]
