"""Exports a trained model as a stand-alone ONNX file."""

from __future__ import annotations

import os
from typing import Any

import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from bytesandbrains.artifact import Artifact

__all__ = ["export_model"]


def export_model(
    artifact: Artifact, params: NDArray[Any], path: str | os.PathLike[str]
) -> onnx.ModelProto:
    """Writes the evaluate function with its parameters stored inside.

    Args:
        artifact: The artifact whose ``evaluate.model`` is exported.
        params: (D,) flat parameters.
        path: File to write.

    Returns:
        The model: x, y → logits, loss_sum, correct.
    """
    model = artifact.to_onnx("evaluate.model")
    name = next(i.name for i in model.graph.input if i.name == "params")
    kept = [i for i in model.graph.input if i.name != name]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    model.graph.initializer.append(numpy_helper.from_array(params, name))
    onnx.save(model, os.fspath(path))
    return model
