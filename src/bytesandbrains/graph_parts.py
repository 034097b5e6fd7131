"""Records graph parts: pure ai.onnx functions of models and optimizers, with named outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx

from bytesandbrains.errors import AuthorError
from bytesandbrains.handles import Operand, Output, Symbolic
from bytesandbrains.protos import OWN
from bytesandbrains.recorder import Recorder
from bytesandbrains.types import PortType

__all__ = ["PartRecorder"]


class PartRecorder(Recorder):
    """Records one function of a graph part.

    Args:
        name: ``<slot>.<function>``.
        inputs: Type of every input by name, in order.
        symbols: For inputs that are parameters, the objects authors write instead of handles.
    """

    def __init__(
        self,
        name: str,
        inputs: Mapping[str, PortType],
        symbols: Mapping[str, Symbolic] | None = None,
    ) -> None:
        super().__init__(name, OWN + "part")
        for key, type_ in inputs.items():
            self.add_input(key, type_)
        self._symbols = {id(symbol): key for key, symbol in (symbols or {}).items()}

    def parameter(self, symbol: Symbolic) -> Output:
        """Returns the input that stands for a parameter of the model being recorded."""
        key = self._symbols.get(id(symbol))
        return self.inputs[key] if key is not None else super().parameter(symbol)

    def finish(
        self, names: Sequence[str], results: Sequence[Operand], where: str
    ) -> onnx.FunctionProto:
        """Returns the function with its results under the given output names.

        Args:
            names: One name per output.
            results: One recorded value per output.
            where: The author's ``file.py:line``, for errors.

        Raises:
            AuthorError: ``bad_result`` when a result is no value of this function.
        """
        for name, result in zip(names, results, strict=True):
            if not isinstance(result, Symbolic):
                raise AuthorError(
                    f"{self.name} must return recorded values",
                    code="bad_result",
                    where=where,
                    value=repr(result),
                    hint=f"return the handle of {name}",
                )
            handle = self.lift(result)
            shared = handle.name in self.inputs or any(
                handle.name == made.name for made in self.outputs.values()
            )
            self.outputs[name] = self.apply("Identity", [handle]) if shared else handle
        return self._renamed({made.name: name for name, made in self.outputs.items()})

    def _renamed(self, names: Mapping[str, str]) -> onnx.FunctionProto:
        function = self.function_proto()
        del function.output[:]
        function.output.extend(self.outputs)
        for index, node in enumerate(function.node):
            node.name = f"{self.name}/{node.op_type}_{index}"
            for field in (node.input, node.output):
                field[:] = [names.get(value, value) for value in field]
        for info in function.value_info:
            info.name = names.get(info.name, info.name)
        return function
