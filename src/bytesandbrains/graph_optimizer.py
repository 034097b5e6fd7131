"""Optimizers as graph parts: a pure step over flat vectors, and the cells it keeps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import onnx

from bytesandbrains.context import recording
from bytesandbrains.errors import AuthorError
from bytesandbrains.graph_parts import PartRecorder
from bytesandbrains.handles import Output
from bytesandbrains.location import definition_of
from bytesandbrains.protos import canonical_json, set_metadata
from bytesandbrains.types import f32

__all__ = ["GraphOptimizer"]


class GraphOptimizer(ABC):
    """How a gradient changes the parameters, written with ``bb.ops``.

    Attributes:
        cells: What every element of each kept vector starts as, by name.
    """

    cells: Mapping[str, float] = {}

    @abstractmethod
    def step(self, params: Output, grad: Output, **cells: Output) -> tuple[Output, ...]:
        """Records one step; returns the new parameters, then every cell's new value in order."""

    @property
    def part_name(self) -> str:
        """Name of the part in bindings."""
        return type(self).__name__

    @property
    def part_params(self) -> dict[str, object]:
        """Parameters of the part in bindings."""
        return {}

    def functions(self, slot: str) -> list[onnx.FunctionProto]:
        """Records the function ``<slot>.step``.

        Raises:
            AuthorError: ``bad_result`` when the number of results is not one plus the cells.
        """
        flat = f32["D"]
        inputs = dict.fromkeys(["params", "grad", *self.cells], flat)
        recorder = PartRecorder(f"{slot}.step", inputs)
        names = ["params_out", *(f"{cell}_out" for cell in self.cells)]
        with recording(recorder):
            results = self.step(**recorder.inputs)
            if not isinstance(results, tuple) or len(results) != len(names):
                raise AuthorError(
                    f"the step of {self.part_name} must return a tuple of {len(names)} values",
                    code="bad_result",
                    where=definition_of(type(self).step),
                    value=repr(results),
                    hint=f"return ({', '.join(names)},)",
                )
            function = recorder.finish(names, results, definition_of(type(self).step))
        kept = [{"name": name, "init": float(init)} for name, init in self.cells.items()]
        set_metadata(function, {"bb.cells": canonical_json(kept)})
        return [function]
