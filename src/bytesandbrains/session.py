"""One build of a program: names of slots and cells, calls of sub-modules, functions by content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256

import onnx

from bytesandbrains.context import recording
from bytesandbrains.errors import AuthorError, did_you_mean
from bytesandbrains.graph import Graph
from bytesandbrains.handles import CallOutput, CallOutputs, Operand, Output
from bytesandbrains.location import author_location, definition_of
from bytesandbrains.module import Module
from bytesandbrains.protos import (
    IR_VERSION,
    OWN,
    canonical_json,
    get_metadata,
    opset_imports,
    set_metadata,
)
from bytesandbrains.slots import Slot
from bytesandbrains.types import Dim, PortType, tensor

__all__ = ["Session"]

_DEEPEST_CALL = 64  # deeper nesting is taken for recursion through fresh instances


class Session:
    """Records a root Module and everything it calls.

    Attributes:
        declared: Role of every slot of the program, by full name.
        used: Role of every slot some operation names.
        cells: Type and start of every declared state cell, by full name.
    """

    def __init__(self, root: Module) -> None:
        self.root = root
        self.declared: dict[str, str] = {}
        self.used: dict[str, str] = {}
        self.cells: dict[str, tuple[PortType, float]] = {}
        self._slot_names: dict[int, str] = {}
        self._paths: dict[int, str] = {}
        self._functions: dict[str, onnx.FunctionProto] = {}
        self._taken = {type(root).__name__}
        self._active: list[Module] = []
        self._declare(root, "")

    def model_proto(self) -> onnx.ModelProto:
        """Records the root and returns the whole program."""
        graph = self._record(self.root, 0)
        if graph.is_empty:
            raise AuthorError(
                f"the body of {graph.name} records nothing",
                code="empty_module",
                where=definition_of(type(self.root).body),
                value=graph.name,
                hint="end it with g.output(name, value)",
            )
        graph.metadata["bb.inputs"] = canonical_json(graph.input_kinds)
        entry = graph.function_proto()
        _name_nodes(entry)
        model = onnx.ModelProto(ir_version=IR_VERSION, producer_name="bytesandbrains")
        model.graph.name = entry.name
        model.functions.extend([entry, *self._functions.values()])
        model.opset_import.extend(_imports_of(model))
        recorded = {
            "bb.stage": "recorded",
            "bb.entry": entry.name,
            "bb.slots": canonical_json(self.used),
        }
        set_metadata(model, recorded)
        return model

    def call(
        self, caller: Graph, module: Module, inputs: Mapping[str, Operand]
    ) -> CallOutputs | CallOutput:
        """Records ``module`` and a call of it; see ``Module.__call__``."""
        graph = self._record(module, caller.depth + 1)
        _check_names(graph, inputs)
        symbols: dict[str, Dim] = {}
        arguments = []
        for name, formal in graph.inputs.items():
            argument = caller.lift(inputs[name], formal.type.dtype)
            _unify(f"input {name} of {graph.name}", formal.type, argument, symbols)
            arguments.append(argument)
        types = [_substituted(handle.type, symbols) for handle in graph.outputs.values()]
        name = self._shared(graph)
        made = caller.add(
            OWN + "module", name, arguments, types, {"inputs_by_name": list(graph.inputs)}
        )
        ports = dict(zip(graph.outputs, made, strict=True))
        if len(ports) == 1:
            ((port, handle),) = ports.items()
            return CallOutput(graph.name, port, handle)
        return CallOutputs(graph.name, ports)

    def use_slot(self, slot: Slot) -> str:
        """Returns the full name of a slot and notes that it is used.

        Raises:
            AuthorError: ``undeclared_slot`` when it is no attribute of a Module of the program.
        """
        if id(slot) not in self._slot_names:
            raise AuthorError(
                f"the slot {slot.name} belongs to no Module of this program",
                code="undeclared_slot",
                where=author_location(),
                value=repr(slot),
                hint="make it a class attribute, and its Module an attribute set in __init__",
            )
        name = self._slot_names[id(slot)]
        self.used[name] = slot.role
        return name

    def slots_of(self, module: Module) -> list[Slot]:
        """Returns the slots of one Module, in order of declaration."""
        return [value for _, value in _attributes(module) if isinstance(value, Slot)]

    def path_of(self, module: Module, what: str) -> str:
        """Returns the attribute path of a Module with a final dot; empty for the root.

        Raises:
            AuthorError: ``undeclared_module`` when it is no attribute of the program's Modules.
        """
        if id(module) not in self._paths:
            raise AuthorError(
                f"{what} needs a Module with a place in the program",
                code="undeclared_module",
                where=author_location(),
                value=type(module).__name__,
                hint="make the sub-module an attribute set in __init__",
            )
        return self._paths[id(module)]

    def _declare(self, module: Module, path: str) -> None:
        """Names the slots of ``module``, then those of its sub-modules."""
        self._paths[id(module)] = path
        attributes = list(_attributes(module))
        for attribute, slot in attributes:
            if isinstance(slot, Slot) and id(slot) not in self._slot_names:
                self._declare_slot(slot, path + (slot.name or attribute))
        for attribute, child in attributes:
            if isinstance(child, Module) and id(child) not in self._paths:
                self._declare(child, f"{path}{attribute}.")

    def _declare_slot(self, slot: Slot, name: str) -> None:
        if name in self.declared:
            raise AuthorError(
                "two slots of the program have one name",
                code="duplicate_slot",
                where=definition_of(type(self.root).body),
                value=name,
                hint='name one of them: bb.ModelSlot("teacher")',
            )
        self._slot_names[id(slot)] = name
        self.declared[name] = slot.role

    def _record(self, module: Module, depth: int) -> Graph:
        name = type(module).__name__
        if any(active is module for active in self._active) or depth > _DEEPEST_CALL:
            chain = " → ".join(type(active).__name__ for active in [*self._active, module])
            raise AuthorError(
                f"{name} calls itself",
                code="recursion",
                where=author_location(),
                value=chain if depth <= _DEEPEST_CALL else f"{depth} calls deep",
                hint="a program has no recursion; call another sub-module",
            )
        if type(module).bootstrap is not Module.bootstrap:
            raise AuthorError(
                f"{name} overrides bootstrap, which is not compiled yet",
                code="bootstrap_unsupported",
                where=definition_of(type(module).bootstrap),
                value=name,
                hint="set initial values with init= of g.state and of bb.Parameter",
            )
        graph = Graph(self, module, depth)
        self._active.append(module)
        try:
            with recording(graph):
                module.body(graph)
        finally:
            self._active.pop()
        return graph

    def _shared(self, graph: Graph) -> str:
        """Returns the name of the function with this content, adding it when there is none."""
        function = graph.function_proto()
        content = _content(function)
        if content not in self._functions:
            name, count = function.name, 1
            while name in self._taken:
                count += 1
                name = f"{function.name}_{count}"
            self._taken.add(name)
            function.name = name
            _name_nodes(function)
            self._functions[content] = function
        return self._functions[content].name


def _attributes(module: Module) -> Iterator[tuple[str, object]]:
    """Slots and sub-modules of a Module: class attributes from the base on, then its own."""
    names = dict.fromkeys(
        name
        for kind in reversed(type(module).__mro__)
        for name, value in vars(kind).items()
        if isinstance(value, (Slot, Module))
    )
    names.update(dict.fromkeys(vars(module)))
    for name in names:
        yield name, getattr(module, name)


def _content(function: onnx.FunctionProto) -> str:
    """Digest of a function without its name and the author's lines."""
    bare = onnx.FunctionProto()
    bare.CopyFrom(function)
    bare.name = ""
    for node in bare.node:
        kept = get_metadata(node)
        kept.pop("bb.loc", None)
        set_metadata(node, kept)
    return sha256(bare.SerializeToString(deterministic=True)).hexdigest()


def _name_nodes(function: onnx.FunctionProto) -> None:
    for index, node in enumerate(function.node):
        node.name = f"{function.name}/{node.op_type}_{index}"


def _imports_of(model: onnx.ModelProto) -> list[onnx.OperatorSetIdProto]:
    used = {entry.domain for function in model.functions for entry in function.opset_import}
    return opset_imports(used | {function.domain for function in model.functions})


def _check_names(graph: Graph, inputs: Mapping[str, Operand]) -> None:
    for name in inputs:
        if name not in graph.inputs:
            raise AuthorError(
                f"{graph.name} has no input of this name",
                code="unknown_input",
                where=author_location(),
                value=name,
                hint=did_you_mean(name, graph.inputs, "it declares no g.input"),
            )
    missing = [name for name in graph.inputs if name not in inputs]
    if missing:
        raise AuthorError(
            f"a call of {graph.name} leaves out an input",
            code="missing_input",
            where=author_location(),
            value=", ".join(missing),
            hint=f"pass {missing[0]}=...",
        )


def _unify(what: str, formal: PortType, argument: Output, symbols: dict[str, Dim]) -> None:
    """Checks an argument against its declared type and learns what the symbols stand for."""
    given = argument.type
    if given.kind == "any":
        return
    fits = formal.kind == given.kind and (not given.dtype or formal.dtype == given.dtype)
    if fits and formal.shape is not None and given.shape is not None:
        fits = len(formal.shape) == len(given.shape) and all(
            _fits(wanted, dim, symbols)
            for wanted, dim in zip(formal.shape, given.shape, strict=True)
        )
    if not fits:
        raise AuthorError(
            f"{what} is declared as {formal}",
            code="type_mismatch",
            where=author_location(),
            value=f"{given} made at {argument.where}",
            hint="pass a handle of the declared type, or change g.input",
        )


def _fits(wanted: Dim, given: Dim, symbols: dict[str, Dim]) -> bool:
    if isinstance(wanted, str):
        wanted = symbols.setdefault(wanted, given)
    return not (isinstance(wanted, int) and isinstance(given, int)) or wanted == given


def _substituted(type_: PortType, symbols: Mapping[str, Dim]) -> PortType:
    """The type as the caller sees it: its own symbols, and those of model slots (``slot.D``)."""
    if not type_.is_tensor or type_.shape is None:
        return type_
    return tensor(
        type_.dtype,
        tuple(
            symbols.get(dim) if isinstance(dim, str) and "." not in dim else dim
            for dim in type_.shape
        ),
    )
