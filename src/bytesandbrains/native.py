"""The door to the compiled extension, imported only when something needs it."""

from __future__ import annotations

import importlib
from typing import Any, Protocol, cast

from bytesandbrains.errors import HostError

__all__ = ["Core", "core"]


class Core(Protocol):
    """What authoring and compiling use of the extension."""

    def compile(
        self, recorded: bytes, explain_after: str
    ) -> tuple[bytes, str, list[tuple[str, str]]]:
        """Compiles a recorded model.

        Returns the artifact, its digest, and the text after every pass that changed the program
        and after ``explain_after``.
        """

    def pass_names(self) -> list[str]:
        """The pipeline, in order."""

    def parse_pipeline(self, text: str) -> list[tuple[str, dict[str, Any]]]:
        """Name and parameters of each stage of a spec string."""

    def verify_artifact(self, artifact: bytes) -> None:
        """Raises unless the bytes are a sound, unchanged artifact."""


def core() -> Core:
    """Returns the extension.

    Raises:
        HostError: ``not_built`` when it cannot be imported.
    """
    try:
        module = importlib.import_module("bytesandbrains._core")
    except ImportError as error:
        raise HostError(
            "the compiled part of the package cannot be imported",
            code="not_built",
            value=error,
            hint="install the package: pip install .",
        ) from error
    return cast(Core, module)
