"""The bundled algorithm: what each machine does, in which form, and the parameters it takes."""

from __future__ import annotations

import inspect
import json

import numpy as np
import pytest
from authoring_tools import attributes, nodes
from onnx import numpy_helper

import bytesandbrains as bb
from bytesandbrains.algorithms import sgd as sgd_factory
from bytesandbrains.protos import get_metadata, type_of_value_info


def entry_of(**params):
    return bb.algorithms.get("sgd", **params).build().functions[0]


def steps(entry, kind):
    """Operators of one kind of machine in recorded order, constants left out."""
    return [
        node.op_type
        for node in entry.node
        if get_metadata(node)["bb.on"] == kind and node.op_type != "Constant"
    ]


def constants(entry):
    return {
        node.output[0]: numpy_helper.to_array(node.attribute[0].t)
        for node in nodes(entry, "Constant")
    }


SERVER = ["View", "Params", "NetOut", "Gather", "Aggregate", "ApplyDelta", "Output"]


def test_momentum_is_kept_on_the_clients():
    entry = entry_of()
    assert steps(entry, "server") == SERVER
    assert steps(entry, "client") == [
        "LoadParameters",
        "NextBatch",
        "Grad",
        "Read",
        "Mul",
        "Mul",
        "Add",
        "Write",
        "NetOut",
    ]
    (read,), (write,), (add,) = (nodes(entry, op) for op in ("Read", "Write", "Add"))
    weights, update = nodes(entry, "NetOut")
    assert attributes(read) == {
        "slot": "",
        "cell": "momentum",
        "type": "float32[model.D]",
        "init": "0.0",
    }
    assert list(write.input) == list(add.output)
    assert list(update.input) == [add.output[0], weights.output[1]]


def test_momentum_factors_are_rounded_from_float64():
    entry = entry_of(momentum=0.9)
    kept, fresh = nodes(entry, "Mul")
    values = constants(entry)
    assert kept.input[0] == nodes(entry, "Read")[0].output[0]
    assert fresh.input[0] == nodes(entry, "Grad")[0].output[1]
    assert values[kept.input[1]] == np.float32(0.9)
    assert values[fresh.input[1]] == np.float32(1 - 0.9)


def test_the_server_multiplies_by_minus_the_learning_rate():
    assert attributes(nodes(entry_of(lr=0.25), "ApplyDelta")[0])["scale"] == "-0.25"


def test_ports_and_ways():
    weights, update = nodes(entry_of(), "NetOut")
    assert attributes(weights) == {"port": "weights", "at": "client", "codec": ""}
    assert attributes(update) == {"port": "update", "at": "server", "codec": ""}
    (gather,) = nodes(entry_of(timeout="5s"), "Gather")
    assert attributes(gather)["timeout_ns"] == 5_000_000_000


def test_everything_flat_is_typed_by_the_model_slot():
    entry = entry_of()
    types = {info.name: str(type_of_value_info(info)) for info in entry.value_info}
    flat = [nodes(entry, "NetOut")[1].output[0], nodes(entry, "Aggregate")[0].output[0]]
    assert [types[name] for name in flat] == ["float32[model.D]"] * 2


def test_gradient_sends_the_gradient_itself():
    entry = entry_of(update="gradient")
    assert steps(entry, "client") == ["LoadParameters", "NextBatch", "Grad", "NetOut"]
    assert nodes(entry, "NetOut")[1].input[0] == nodes(entry, "Grad")[0].output[1]


@pytest.mark.parametrize("count", [1, 3])
def test_delta_takes_local_steps(count):
    entry = entry_of(update="delta", local_steps=count, lr=0.1, server_lr=0.5)
    local = ["NextBatch", "Grad", "ApplyDelta"] * count
    assert steps(entry, "client") == ["LoadParameters", *local, "Delta", "NetOut"]
    scales = [attributes(node)["scale"] for node in nodes(entry, "ApplyDelta")]
    assert scales == ["-0.1"] * count + ["0.5"]


def test_weight_decay_adds_the_parameters():
    entry = entry_of(update="gradient", weight_decay=0.01)
    assert steps(entry, "client") == [
        "LoadParameters",
        "NextBatch",
        "Grad",
        "Params",
        "Mul",
        "Add",
        "NetOut",
    ]
    (mul,) = nodes(entry, "Mul")
    assert constants(entry)[mul.input[1]] == np.float32(0.01)


def test_partial_participation_samples_the_clients():
    entry = entry_of(participation=0.5)
    assert not nodes(entry, "View")
    assert attributes(nodes(entry, "Sample")[0]) == {"slot": "clients", "fraction": "0.5"}
    assert nodes(entry, "Gather")[0].input[1] == nodes(entry, "Sample")[0].output[0]


def test_only_public_names_are_used():
    source = inspect.getsource(inspect.getmodule(sgd_factory))
    imports = [line for line in source.splitlines() if line.startswith(("import", "from"))]
    assert [line for line in imports if "bytesandbrains" in line] == [
        "import bytesandbrains as bb",
        "from bytesandbrains.algorithms.family import ALGORITHMS",
    ]


def test_slots_and_output():
    model = bb.algorithms.sgd().build()
    assert json.loads(get_metadata(model)["bb.slots"]) == {
        "aggregator": "Aggregator",
        "clients": "PeerSelector",
        "data": "DataSource",
        "model": "Model",
    }
    assert attributes(nodes(model.functions[0], "Output")[0]) == {"name": "loaded"}


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"lr": 0}, "lr"),
        ({"lr": float("nan")}, "lr"),
        ({"momentum": 1.0}, "momentum"),
        ({"update": "params"}, "update"),
        ({"local_steps": 2}, "local_steps"),
        ({"update": "delta", "local_steps": 0}, "local_steps"),
        ({"update": "delta", "local_steps": 1.5}, "local_steps"),
        ({"server_lr": 2.0}, "server_lr"),
        ({"weight_decay": -1}, "weight_decay"),
        ({"participation": 0}, "participation"),
        ({"participation": 1.1}, "participation"),
    ],
)
def test_bad_parameters_are_refused(params, name):
    with pytest.raises(bb.ConfigError, match=f'"{name}"') as caught:
        bb.algorithms.sgd(**params)
    assert caught.value.code == "bad_parameter"
    assert caught.value.hint


def test_a_bad_timeout_is_refused_when_recorded():
    with pytest.raises(bb.AuthorError) as caught:
        bb.algorithms.sgd(timeout="soon").build()
    assert caught.value.code == "bad_duration"
