"""Bundled models: graph parts for a ``ModelSlot``."""

from __future__ import annotations

from bytesandbrains.models.deferred import DeferredModel
from bytesandbrains.models.family import MODELS
from bytesandbrains.models.logistic import logistic
from bytesandbrains.models.mlp import mlp

__all__ = ["DeferredModel", "describe", "from_spec", "get", "logistic", "mlp", "names"]

names = MODELS.names
describe = MODELS.describe
get = MODELS.get
from_spec = MODELS.from_spec
