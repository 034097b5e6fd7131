"""Peer selectors: which peers a node talks to (``static``, ``all``, ``sample``)."""

from __future__ import annotations

from bytesandbrains.bindings import offer_catalogue
from bytesandbrains.native_family import NativeFamily
from bytesandbrains.selector import Selector

__all__ = ["Selector", "describe", "from_spec", "get", "names"]

_FAMILY: NativeFamily[Selector] = NativeFamily("selectors", Selector)
names = _FAMILY.names
describe = _FAMILY.describe
get = _FAMILY.get
from_spec = _FAMILY.from_spec
for _name in _FAMILY.parts:
    globals()[_name] = _FAMILY.factory(_name)
__all__.extend(_FAMILY.parts)
offer_catalogue("PeerSelector", names)
