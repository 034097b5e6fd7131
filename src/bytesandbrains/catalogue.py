"""Families of parts written in Python: found by name, described, made from spec strings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from bytesandbrains.errors import ConfigError, did_you_mean
from bytesandbrains.specs import parse_spec

__all__ = ["Descriptor", "Family", "ParamInfo"]

T = TypeVar("T")
_PLAIN: Mapping[str, tuple[type, ...]] = {
    "bool": (bool,),
    "float": (int, float),
    "int": (int,),
    "str": (str,),
}
Factory = TypeVar("Factory", bound=Callable[..., object])


@dataclass(frozen=True)
class ParamInfo:
    """One parameter of a part.

    Attributes:
        name: Its name.
        type: Its type, as written in the signature.
        default: Its default; None together with ``required`` means none.
        required: Whether it must be given.
        doc: What it means, in one sentence.
    """

    name: str
    type: str
    default: object
    required: bool
    doc: str


@dataclass(frozen=True)
class Descriptor:
    """The facts of one part.

    Attributes:
        family: The family it belongs to, e.g. ``models``.
        name: Its exact public name.
        summary: What it is, in one line.
        formula: What it computes.
        paper: Authors, title, venue, year.
        params: Its parameters.
    """

    family: str
    name: str
    summary: str
    formula: str
    paper: str
    params: tuple[ParamInfo, ...]


class Family(Generic[T]):
    """An open list of parts of one kind.

    Args:
        name: Name of the family, e.g. ``models``.
        role: Role of its parts in a slot, e.g. ``Model``; empty when they fill none.
    """

    def __init__(self, name: str, role: str) -> None:
        self.name = name
        self.role = role
        self._parts: dict[str, tuple[Descriptor, Callable[..., T]]] = {}

    def register(
        self, name: str, *, formula: str = "", paper: str = ""
    ) -> Callable[[Factory], Factory]:
        """Returns the decorator that adds a class or function as a part.

        Its signature gives the parameters, its docstring (Google style) the descriptions.

        Args:
            name: Exact public name.
            formula: What it computes.
            paper: Authors, title, venue, year.
        """

        def add(factory: Factory) -> Factory:
            if name in self._parts:
                raise ConfigError(
                    f"two {self.name} have one name",
                    code="duplicate_part",
                    value=name,
                    hint="choose another name",
                )
            summary = (inspect.getdoc(factory) or "").split("\n", 1)[0]
            params = tuple(_params_of(factory))
            descriptor = Descriptor(self.name, name, summary, formula, paper, params)
            self._parts[name] = (descriptor, factory)  # type: ignore[assignment]
            return factory

        return add

    def names(self) -> list[str]:
        """Returns the names of all parts, sorted."""
        return sorted(self._parts)

    def describe(self, name: str) -> Descriptor:
        """Returns the facts of one part.

        Raises:
            ConfigError: ``unknown_part``, suggesting the nearest name.
        """
        return self._find(name)[0]

    def get(self, name: str, **params: object) -> T:
        """Makes a part from its name and parameters.

        Raises:
            ConfigError: ``unknown_part`` or ``unknown_parameter``, suggesting the nearest name;
                ``missing_parameter``; ``bad_parameter``.
        """
        descriptor, factory = self._find(name)
        self._check_names(descriptor, params)
        _check_types(descriptor, params)
        return factory(**params)

    def from_spec(self, spec: str) -> T:
        """Makes a part from a spec string such as ``"sgd:lr=0.1"``.

        Raises:
            ConfigError: As ``get``, and ``bad_spec``.
        """
        parsed = parse_spec(spec)
        return self.get(parsed.name, **parsed.params)

    def _find(self, name: str) -> tuple[Descriptor, Callable[..., T]]:
        if name not in self._parts:
            raise ConfigError(
                f'no part named "{name}" in {self.name}',
                code="unknown_part",
                value=name,
                hint=did_you_mean(name, self._parts),
            )
        return self._parts[name]

    def _check_names(self, descriptor: Descriptor, given: Mapping[str, object]) -> None:
        known = [param.name for param in descriptor.params]
        for name in given:
            if name not in known:
                raise ConfigError(
                    f"{descriptor.name} has no parameter of this name",
                    code="unknown_parameter",
                    value=name,
                    hint=did_you_mean(name, known, "it takes none"),
                )
        missing = [p.name for p in descriptor.params if p.required and p.name not in given]
        if missing:
            raise ConfigError(
                f"{descriptor.name} needs a parameter that is not given",
                code="missing_parameter",
                value=", ".join(missing),
                hint=f"give {missing[0]}=...",
            )


def _check_types(descriptor: Descriptor, given: Mapping[str, object]) -> None:
    """Checks values of parameters whose type is a plain number, string or truth value."""
    for param in descriptor.params:
        wanted = _PLAIN.get(param.type)
        if wanted is None or param.name not in given:
            continue
        value = given[param.name]
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
            raise ConfigError(
                f'parameter "{param.name}" of {descriptor.name} must be of type {param.type}',
                code="bad_parameter",
                value=repr(value),
                hint=f"the default is {param.default!r}",
            )


def _params_of(factory: Callable[..., object]) -> Iterator[ParamInfo]:
    documented = _documented(factory)
    for parameter in inspect.signature(factory).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        required = parameter.default is parameter.empty
        yield ParamInfo(
            name=parameter.name,
            type=str(parameter.annotation),
            default=None if required else parameter.default,
            required=required,
            doc=documented.get(parameter.name, ""),
        )


def _documented(factory: Callable[..., object]) -> dict[str, str]:
    """The sentences under ``Args:`` by parameter name."""
    text = inspect.getdoc(factory) or ""
    section = re.search(r"^Args:\n((?:[ ]+.*\n?|\n)*)", text, re.MULTILINE)
    entries = re.findall(
        r"^ {4}(\w+): (.*(?:\n {8,}.*)*)", section[1] if section else "", re.MULTILINE
    )
    return {name: " ".join(doc.split()) for name, doc in entries}
