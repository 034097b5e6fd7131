"""Makes stand-alone ONNX models, whose graph calls one pure function of an artifact."""

from __future__ import annotations

import onnx
from onnx import helper

from bytesandbrains.errors import CompileError, did_you_mean
from bytesandbrains.protos import IR_VERSION, OWN, opset_imports

__all__ = ["stand_alone"]

_CALLABLE = ("", OWN + "region")


def stand_alone(model: onnx.ModelProto, target: str) -> onnx.ModelProto:
    """Returns a model that runs ``target``; see ``Artifact.to_onnx``."""
    named = {_public_name(function): function for function in model.functions}
    named.pop("", None)
    if target not in named:
        raise CompileError(
            "the artifact has no such target",
            code="unknown_target",
            value=target,
            hint=did_you_mean(target, named),
        )
    function = _pure(named[target])
    info = {entry.name: entry for entry in function.value_info}
    graph = helper.make_graph(
        [helper.make_node(function.name, function.input, function.output, domain=function.domain)],
        target,
        [info[name] for name in function.input],
        [info[name] for name in function.output],
    )
    functions = [function, *_called(model, function)]
    domains = {entry.domain for made in functions for entry in made.opset_import}
    return helper.make_model(
        graph,
        functions=functions,
        ir_version=IR_VERSION,
        opset_imports=opset_imports(domains | {made.domain for made in functions}),
        producer_name="bytesandbrains",
    )


def _public_name(function: onnx.FunctionProto) -> str:
    """``evaluate.<slot>`` or a kind; empty for functions that are not targets."""
    if function.domain == OWN + "evaluate":
        return f"evaluate.{function.name}"
    return function.name if function.domain == OWN + "target" else ""


def _pure(function: onnx.FunctionProto) -> onnx.FunctionProto:
    """The function with host outputs as plain copies.

    Raises:
        CompileError: ``not_pure`` naming the operators that no ONNX runtime has.
    """
    made = onnx.FunctionProto()
    made.CopyFrom(function)
    for node in made.node:
        if node.domain == OWN + "flow" and node.op_type == "Output":
            node.domain, node.op_type = "", "Identity"
            del node.attribute[:]
    own = sorted({node.op_type for node in made.node if node.domain not in _CALLABLE})
    if own:
        raise CompileError(
            f"{function.name} is not made of ai.onnx operators only",
            code="not_pure",
            where=function.name,
            value=", ".join(own),
            hint='export a pure target, e.g. to_onnx("evaluate.model")',
        )
    del made.opset_import[:]
    made.opset_import.extend(opset_imports({"", *(node.domain for node in made.node)}))
    return made


def _called(model: onnx.ModelProto, caller: onnx.FunctionProto) -> list[onnx.FunctionProto]:
    names = {(node.domain, node.op_type) for node in caller.node if node.domain}
    return [made for made in model.functions if (made.domain, made.name) in names]
