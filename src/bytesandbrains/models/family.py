"""The family of models; a model joins it with ``@MODELS.register(name)``."""

from __future__ import annotations

from bytesandbrains.catalogue import Family
from bytesandbrains.graph_model import GraphModel
from bytesandbrains.models.deferred import DeferredModel

__all__ = ["MODELS"]

MODELS: Family[GraphModel | DeferredModel] = Family("models", "Model")
"""Models by name."""
