"""``bb inspect``: what a compiled file holds."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import Annotated, Any

import typer

from bytesandbrains.artifact import Artifact, load_artifact
from bytesandbrains.cli.output import AsJson, print_json

__all__ = ["inspect_file"]

_LAYOUT = "bb.layout."


def inspect_file(
    file: Annotated[Path, typer.Argument(help="An artifact, as Artifact.save wrote it.")],
    as_json: AsJson = False,
) -> None:
    """Verify an artifact and show its targets, edges, bindings, parameters, sizes and digest."""
    artifact = load_artifact(file)
    if as_json:
        print_json(_facts(artifact))
        return
    typer.echo(artifact.summary())
    typer.echo(f"\ndigest {artifact.digest}")


def _facts(artifact: Artifact) -> dict[str, object]:
    facts = artifact.metadata
    layouts: dict[str, Any] = {  # Any: JSON data
        key.removeprefix(_LAYOUT): json.loads(value)
        for key, value in sorted(facts.items())
        if key.startswith(_LAYOUT)
    }
    return {
        "digest": artifact.digest,
        "bytes": len(artifact.bytes),
        "targets": json.loads(facts.get("bb.targets", "{}")),
        "edges": json.loads(facts.get("bb.edges", "[]")),
        "bindings": json.loads(facts.get("bb.bindings", "{}")),
        "layouts": layouts,
        "parameters": {
            slot: sum(prod(entry["shape"]) for entry in entries)
            for slot, entries in layouts.items()
        },
    }
