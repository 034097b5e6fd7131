"""Builds the ONNX protobufs of recorded programs: attributes, types, metadata, opsets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from bytesandbrains.types import DTYPES, PortType, tensor

__all__ = [
    "IR_VERSION",
    "OPSET",
    "OWN",
    "Attribute",
    "attribute_of",
    "canonical_json",
    "get_metadata",
    "number_text",
    "opset_imports",
    "set_metadata",
    "type_of_value_info",
    "value_info_of",
]

IR_VERSION = 10
OPSET = 18
OWN = "ai.bytesandbrains."
"""Prefix of the domains of our own operators, all of version 1."""

Attribute = int | float | str | list[int] | list[str] | npt.NDArray[np.generic]
"""What a recorded attribute may hold; a float is written as ONNX FLOAT."""

_DTYPE_NAMES = {number: name for name, number in DTYPES.items()}


def canonical_json(value: object) -> str:
    """Returns JSON with sorted keys and no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def number_text(value: float) -> str:
    """Returns the shortest text that reads back as the same float64."""
    return repr(float(value))


def attribute_of(name: str, value: Attribute) -> onnx.AttributeProto:
    """Returns the attribute ``name`` with the ONNX kind that fits ``value``."""
    if isinstance(value, np.ndarray):
        return helper.make_attribute(name, numpy_helper.from_array(value))
    if isinstance(value, list):
        strings = any(isinstance(item, str) for item in value) or name == "inputs_by_name"
        kind = onnx.AttributeProto.STRINGS if strings else onnx.AttributeProto.INTS
        return helper.make_attribute(name, value, attr_type=kind)
    return helper.make_attribute(name, value)


def value_info_of(name: str, port_type: PortType) -> onnx.ValueInfoProto:
    """Returns the ``value_info`` of a value; kinds other than tensors are denotations."""
    info = onnx.ValueInfoProto(name=name)
    tensor_type = info.type.tensor_type
    if not port_type.is_tensor:
        tensor_type.elem_type = onnx.TensorProto.BOOL
        tensor_type.shape.SetInParent()
        info.type.denotation = f"bb.{port_type.kind}"
        return info
    tensor_type.elem_type = DTYPES.get(port_type.dtype, onnx.TensorProto.UNDEFINED)
    if port_type.shape is not None:
        tensor_type.shape.SetInParent()
        for dim in port_type.shape:
            entry = tensor_type.shape.dim.add()
            if isinstance(dim, int):
                entry.dim_value = dim
            elif dim is not None:
                entry.dim_param = dim
    return info


def type_of_value_info(info: onnx.ValueInfoProto) -> PortType:
    """Returns the type a ``value_info`` describes; the inverse of ``value_info_of``."""
    if info.type.denotation:
        return PortType(info.type.denotation.removeprefix("bb."))
    tensor_type = info.type.tensor_type
    dtype = _DTYPE_NAMES.get(tensor_type.elem_type, "")
    if not tensor_type.HasField("shape"):
        return tensor(dtype, None)
    return tensor(
        dtype,
        tuple(
            dim.dim_value if dim.HasField("dim_value") else dim.dim_param or None
            for dim in tensor_type.shape.dim
        ),
    )


def set_metadata(
    proto: onnx.ModelProto | onnx.FunctionProto | onnx.NodeProto, entries: Mapping[str, str]
) -> None:
    """Replaces the metadata of ``proto`` by ``entries``, sorted by key."""
    del proto.metadata_props[:]
    for key in sorted(entries):
        proto.metadata_props.add(key=key, value=entries[key])


def get_metadata(
    proto: onnx.ModelProto | onnx.FunctionProto | onnx.NodeProto,
) -> dict[str, str]:
    """Returns the metadata of ``proto`` by key."""
    return {entry.key: entry.value for entry in proto.metadata_props}


def opset_imports(domains: Iterable[str]) -> list[onnx.OperatorSetIdProto]:
    """Returns one opset per domain, sorted by name."""
    return [
        helper.make_opsetid(domain, 1 if domain.startswith(OWN) else OPSET)
        for domain in sorted(set(domains))
    ]
