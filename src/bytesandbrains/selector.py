"""Selector: a peer selector with its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bytesandbrains.native_family import NativeDescriptor

__all__ = ["Selector"]


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
