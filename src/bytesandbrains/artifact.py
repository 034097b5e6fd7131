"""Artifacts: compiled programs, looked at, saved and loaded."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import onnx

from bytesandbrains.drawing import Drawing, draw
from bytesandbrains.errors import CompileError, ConfigError, did_you_mean
from bytesandbrains.native import core
from bytesandbrains.protos import get_metadata
from bytesandbrains.standalone import stand_alone
from bytesandbrains.summary import Text, summarize

__all__ = ["Artifact", "load_artifact"]


class Artifact:
    """A compiled program: one ONNX file with a function per kind of machine.

    Attributes:
        bytes: The file.
        python_parts: Objects of parts written in Python, by slot; they are not in the file.
    """

    def __init__(
        self,
        data: bytes,
        *,
        passes: Sequence[tuple[str, str]] = (),
        python_parts: Mapping[str, object] | None = None,
    ) -> None:
        self.bytes = data
        self.python_parts = dict(python_parts or {})
        self._passes = dict(passes)

    def __repr__(self) -> str:
        kinds = ", ".join(self.targets)
        return f"<Artifact {self.digest[:12]}: {kinds}; {len(self.bytes):,} bytes>"

    @property
    def model(self) -> onnx.ModelProto:
        """The artifact as an ONNX model: a copy, so that changing it changes nothing here."""
        model = onnx.ModelProto()
        model.ParseFromString(self.bytes)
        return model

    @cached_property
    def metadata(self) -> dict[str, str]:
        """The metadata of the model: passport, bindings, edges, layouts."""
        return get_metadata(self.model)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of what the program does: the author's lines stay out."""
        return self.metadata.get("bb.digest", "")

    @property
    def targets(self) -> tuple[str, ...]:
        """The kinds of machine, sorted."""
        return tuple(sorted(json.loads(self.metadata.get("bb.targets", "{}"))))

    def summary(self) -> Text:
        """Returns a table of kinds, ports, edges, bindings, layouts and sizes."""
        return summarize(self.model, len(self.bytes))

    def show(self) -> Drawing:
        """Returns a picture: kinds as lanes, operations, and what crosses the wire."""
        return draw(self.model)

    def explain(self, after: str | None = None) -> Text:
        """Returns the program as text after a pass of the compiler.

        Args:
            after: Name of the pass; the last one if None.

        Raises:
            CompileError: ``no_passes`` for an artifact that was loaded; ``unknown_pass``,
                suggesting the nearest name.
        """
        if not self._passes:
            raise CompileError(
                "this artifact was loaded, so its passes are not known",
                code="no_passes",
                hint="compile the Module in this process, or look at summary()",
            )
        chosen = list(self._passes)[-1] if after is None else after
        if chosen not in self._passes:
            raise CompileError(
                "the compiler has no pass of this name",
                code="unknown_pass",
                value=chosen,
                hint=did_you_mean(chosen, self._passes),
            )
        return Text(self._passes[chosen])

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the artifact to a file.

        Returns:
            The path.

        Raises:
            ConfigError: ``cannot_write``.
        """
        target = Path(path)
        try:
            target.write_bytes(self.bytes)
        except OSError as error:
            raise ConfigError(
                "the artifact cannot be written",
                code="cannot_write",
                where=str(target),
                value=error.strerror or error,
                hint="choose a folder that exists and can be written",
            ) from error
        return target

    def to_onnx(self, target: str) -> onnx.ModelProto:
        """Returns a stand-alone model that onnxruntime runs.

        Args:
            target: ``"evaluate.<slot>"`` (inputs params, x, y; outputs logits, loss_sum,
                correct), or a kind made only of ai.onnx operators.

        Raises:
            CompileError: ``unknown_target``, suggesting the nearest; ``not_pure`` for a kind that
                does more than arithmetic.
        """
        return stand_alone(self.model, target)


def load_artifact(path: str | os.PathLike[str]) -> Artifact:
    """Reads and verifies a saved artifact.

    Raises:
        ConfigError: ``cannot_read``.
        CompileError: When the file is no artifact, is truncated, or has a changed byte.
    """
    source = Path(path)
    try:
        data = source.read_bytes()
    except OSError as error:
        raise ConfigError(
            "the artifact cannot be read",
            code="cannot_read",
            where=str(source),
            value=error.strerror or error,
            hint="check the path",
        ) from error
    core().verify_artifact(data)
    return Artifact(data)
