"""bytesandbrains: author decentralized learning once; simulate, attack and deploy one artifact."""

from __future__ import annotations

from bytesandbrains import ops
from bytesandbrains.errors import (
    AuthorError,
    CompileError,
    ConfigError,
    DataError,
    Error,
    HostError,
    InstallError,
    InternalError,
    PeerError,
    PreconditionError,
)
from bytesandbrains.graph import Graph
from bytesandbrains.graph_model import GraphModel, Parameter
from bytesandbrains.graph_optimizer import GraphOptimizer
from bytesandbrains.handles import Output
from bytesandbrains.module import Module
from bytesandbrains.slots import (
    AggregatorSlot,
    BackendSlot,
    CodecSlot,
    DataSourceSlot,
    IndexSlot,
    ModelSlot,
    OptimizerSlot,
    PeerSelectorSlot,
    ProtocolSlot,
)
from bytesandbrains.types import bool_, bytes_, f32, f64, i32, i64, peer, peers, trigger, u8

# The bundled algorithms are written with the names above, so they come after them.
from bytesandbrains import algorithms, models, optimizers  # isort: skip
from bytesandbrains.artifact import Artifact, load_artifact  # isort: skip
from bytesandbrains.compile import compile  # isort: skip

__all__ = [
    "AggregatorSlot",
    "Artifact",
    "AuthorError",
    "BackendSlot",
    "CodecSlot",
    "CompileError",
    "ConfigError",
    "DataError",
    "DataSourceSlot",
    "Error",
    "Graph",
    "GraphModel",
    "GraphOptimizer",
    "HostError",
    "IndexSlot",
    "InstallError",
    "InternalError",
    "ModelSlot",
    "Module",
    "OptimizerSlot",
    "Output",
    "Parameter",
    "PeerError",
    "PeerSelectorSlot",
    "PreconditionError",
    "ProtocolSlot",
    "algorithms",
    "bool_",
    "bytes_",
    "compile",
    "f32",
    "f64",
    "i32",
    "i64",
    "load_artifact",
    "models",
    "ops",
    "optimizers",
    "peer",
    "peers",
    "trigger",
    "u8",
]
