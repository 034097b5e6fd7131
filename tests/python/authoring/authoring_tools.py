"""Shared by the authoring tests: recording pure functions and running them in onnxruntime."""

from __future__ import annotations

import inspect

import numpy as np
import onnx
import onnxruntime
from onnx import helper

from bytesandbrains.context import recording
from bytesandbrains.graph_parts import PartRecorder


def record(function, **types):
    """Records ``function`` over inputs of the given types as one pure ONNX function."""
    recorder = PartRecorder("tested", types)
    with recording(recorder):
        return recorder.finish(["result"], [function(**recorder.inputs)], "")


def as_model(function):
    """Wraps a pure function as a graph, checks it and infers its shapes strictly."""
    info = {entry.name: entry for entry in function.value_info}
    graph = helper.make_graph(
        function.node,
        "wrapped",
        [info[name] for name in function.input],
        [info[name] for name in function.output],
    )
    model = helper.make_model(graph, ir_version=10, opset_imports=function.opset_import)
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    return model


def run(function, **arrays):
    """Runs a recorded function in onnxruntime."""
    session = onnxruntime.InferenceSession(
        as_model(function).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, arrays)


def type_text(function, name):
    """The recorded type of a value, as text."""
    from bytesandbrains.protos import type_of_value_info

    (info,) = [entry for entry in function.value_info if entry.name == name]
    return str(type_of_value_info(info))


def nodes(function, op):
    """The nodes of one operator."""
    return [node for node in function.node if node.op_type == op]


def attributes(node):
    """The attributes of a node as Python values."""
    return {a.name: _plain(helper.get_attribute_value(a)) for a in node.attribute}


def _plain(value):
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def here():
    """``file:line`` of the caller's next line: where an error on it must point."""
    frame = inspect.currentframe().f_back
    return f"{frame.f_code.co_filename.rsplit('/', 1)[-1]}:{frame.f_lineno + 1}"


def random_array(rng, shape, dtype="float32", *, positive=False):
    """A random array; positive ones stay away from zero."""
    if dtype.startswith("float"):
        made = rng.normal(size=shape)
        return (np.abs(made) + 0.5 if positive else made).astype(dtype)
    if dtype == "bool":
        return rng.random(size=shape) < 0.5
    return rng.integers(0, 5, size=shape).astype(dtype)
