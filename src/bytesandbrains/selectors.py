"""Peer selectors: which peers a node talks to (``static``, ``all``, ``sample``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bytesandbrains.bindings import offer_catalogue
from bytesandbrains.native_family import NativeDescriptor, NativeFamily

__all__ = ["Selector", "describe", "from_spec", "get", "names"]


class Selector:
    """A peer selector with its parameters, to bind to a PeerSelector slot."""

    family = "selectors"

    def __init__(self, info: NativeDescriptor, params: Mapping[str, Any]) -> None:
        self.info = info
        self.params: dict[str, Any] = dict(params)

    @property
    def name(self) -> str:
        """The name in the catalogue."""
        return self.info.name

    def __repr__(self) -> str:
        return (
            f"bb.selectors.{self.name}({', '.join(f'{k}={v!r}' for k, v in self.params.items())})"
        )


_FAMILY: NativeFamily[Selector] = NativeFamily("selectors", Selector)
names = _FAMILY.names
describe = _FAMILY.describe
get = _FAMILY.get
from_spec = _FAMILY.from_spec
for _name in _FAMILY.parts:
    globals()[_name] = _FAMILY.factory(_name)
    __all__ += [_name]  # noqa: PLE0604
offer_catalogue("PeerSelector", names)
