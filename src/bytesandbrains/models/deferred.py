"""Models whose input and output sizes come from the data."""

from __future__ import annotations

from collections.abc import Callable

from bytesandbrains.errors import ConfigError
from bytesandbrains.graph_model import GraphModel

__all__ = ["DeferredModel"]


class DeferredModel:
    """A model that waits for the sizes of its data.

    Args:
        name: Name of the model.
        make: Makes it from the number of features and classes.
    """

    def __init__(self, name: str, make: Callable[[int, int], GraphModel]) -> None:
        self.part_name = name
        self._make = make

    def __repr__(self) -> str:
        return f"<{self.part_name} model: sizes from the data>"

    def for_data(self, *, features: int, classes: int) -> GraphModel:
        """Returns the model for data of ``features`` numbers per example and ``classes`` labels.

        Raises:
            ConfigError: ``bad_size`` unless features ≥ 1 and classes ≥ 2.
        """
        if features < 1 or classes < 2:
            raise ConfigError(
                f"{self.part_name} cannot be made for these sizes",
                code="bad_size",
                value=f"features={features}, classes={classes}",
                hint="features from 1 on, classes from 2 on",
            )
        return self._make(features, classes)
