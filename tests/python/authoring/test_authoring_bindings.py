"""Binding: what may fill a slot, the table that is recorded, and every wrong binding."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

import bytesandbrains as bb
from bytesandbrains.compile import bound_model
from bytesandbrains.protos import get_metadata


class Net(bb.GraphModel):
    x = bb.f32["N", 64]
    y = bb.i64["N"]

    def __init__(self, k=10):
        self.w = bb.Parameter((64, k), init="he")

    def forward(self, x):
        return x @ self.w


class Sized(Net):
    def __init__(self, k):
        super().__init__(k)


class Trains(bb.Module):
    model = bb.ModelSlot()
    data = bb.DataSourceSlot()
    optimizer = bb.OptimizerSlot()
    unused = bb.AggregatorSlot()

    def body(self, g):
        g.output("done", self.model.train_step(*self.data.next_batch()))


GOOD = {"model": bb.models.mlp(64, 64, 10), "clients": "static", "aggregator": "krum:f=3"}


def bound(module=None, **changes):
    given = {**GOOD, **changes} if module is None else changes
    model, _ = bound_model(module or bb.algorithms.sgd(), given)
    return model


def table_of(model):
    return json.loads(get_metadata(model)["bb.bindings"])


def refused(**changes):
    with pytest.raises(bb.Error) as caught:
        bound(**changes)
    return caught.value


def test_the_table_holds_role_part_parameters_and_maker():
    assert table_of(bound()) == {
        "model": {
            "role": "Model",
            "part": "mlp",
            "params": {"sizes": [64, 64, 10]},
            "by": "graph",
        },
        "data": {
            "role": "DataSource",
            "part": "view",
            "params": {"batch": 32},
            "by": "catalogue",
        },
        "clients": {"role": "PeerSelector", "part": "static", "params": {}, "by": "catalogue"},
        "aggregator": {
            "role": "Aggregator",
            "part": "krum",
            "params": {"f": 3},
            "by": "catalogue",
        },
    }


def test_graph_parts_bring_their_functions():
    model = bound(Trains(), model=Net, optimizer="sgd:lr=0.1,momentum=0")
    names = [f.name for f in model.functions if f.domain == "ai.bytesandbrains.part"]
    assert names == ["model.forward", "model.loss", "optimizer.step"]
    assert "ai.bytesandbrains.part" in {entry.domain for entry in model.opset_import}
    assert table_of(model)["optimizer"]["params"] == {"lr": 0.1, "momentum": 0.0}


@pytest.mark.parametrize("model", [Net, Net(), Net(k=10)])
def test_models_are_bound_as_class_or_instance(model):
    made = bound(model=model)
    assert table_of(made)["model"] == {"role": "Model", "part": "Net", "params": {}, "by": "graph"}


def test_catalogue_parts_are_bound_as_objects():
    part = SimpleNamespace(family="aggregators", name="multi_krum", params={"f": 2, "m": 5})
    assert table_of(bound(aggregator=part))["aggregator"] == {
        "role": "Aggregator",
        "part": "multi_krum",
        "params": {"f": 2, "m": 5},
        "by": "catalogue",
    }


def test_a_function_is_an_aggregator():
    def middle(rows):
        return rows.mean(0)

    model, parts = bound_model(bb.algorithms.sgd(), {**GOOD, "aggregator": middle})
    assert table_of(model)["aggregator"] == {
        "role": "Aggregator",
        "part": "middle",
        "params": {},
        "by": "python",
    }
    assert parts["aggregator"].instance is middle


def test_unused_slots_may_stay_unbound_but_are_checked():
    model = bound(Trains(), model=Net, optimizer="sgd", unused="mean")
    assert "unused" not in table_of(model)
    error = refused(module=Trains(), model=Net, optimizer="sgd", unused=Net)
    assert error.code == "wrong_role"


def test_data_may_be_bound_too():
    assert table_of(bound(data="view:batch=8"))["data"]["params"] == {"batch": 8}


def test_misspelt_slots_suggest_the_nearest():
    error = refused(agregator="mean")
    assert isinstance(error, bb.CompileError)
    assert (error.code, error.value) == ("unknown_slot", "agregator")
    assert '"aggregator"' in error.hint


def test_unbound_slots_are_all_named():
    with pytest.raises(bb.CompileError) as caught:
        bound_model(bb.algorithms.sgd(), {"model": Net})
    assert caught.value.code == "unbound_slot"
    assert caught.value.value == "aggregator (Aggregator), clients (PeerSelector)"


@pytest.mark.parametrize(
    ("slot", "part"),
    [
        ("model", bb.optimizers.sgd()),
        ("model", "sgd"),
        ("model", SimpleNamespace(family="aggregators", name="krum", params={})),
        ("aggregator", bb.models.mlp(4, 2)),
        ("aggregator", Net),
        ("aggregator", "mlp"),
        ("aggregator", bb.models.mlp()),
        ("clients", "logistic"),
        ("data", bb.optimizers.sgd()),
    ],
)
def test_parts_of_another_role_are_refused(slot, part):
    error = refused(**{slot: part})
    assert isinstance(error, bb.CompileError)
    assert (error.code, error.where) == ("wrong_role", slot)
    assert error.hint


@pytest.mark.parametrize(
    ("slot", "part", "code"),
    [
        ("model", "mpl", "unknown_part"),
        ("model", "mlp:hiden=3", "unknown_parameter"),
        ("model", "mlp:hidden=3", "sizes_unknown"),
        ("model", bb.models.logistic(), "sizes_unknown"),
        ("model", Sized, "bad_binding"),
        ("model", 3, "bad_binding"),
        ("model", lambda rows: rows, "bad_binding"),
        ("aggregator", 3, "bad_binding"),
        ("aggregator", "krum:f", "bad_spec"),
        ("clients", ["a", "b"], "bad_binding"),
    ],
)
def test_other_wrong_bindings(slot, part, code):
    error = refused(**{slot: part})
    assert error.code == code
    assert error.hint


def test_offered_catalogues_are_checked(monkeypatch):
    from bytesandbrains import bindings

    monkeypatch.setattr(bindings, "_CATALOGUES", dict(bindings._CATALOGUES))
    bindings.offer_catalogue("Aggregator", lambda: ["mean", "multi_krum"])
    error = refused(aggregator="multi_krun:f=3")
    assert (error.code, error.where) == ("unknown_part", "aggregator")
    assert '"multi_krum"' in error.hint
    assert refused(model="mean", aggregator="mean").code == "wrong_role"


def test_compile_takes_a_module_instance():
    with pytest.raises(bb.HostError) as caught:
        bound_model(Trains, {})
    assert caught.value.code == "not_a_module"


@pytest.mark.parametrize(
    ("extra", "code"),
    [({"stages": [print]}, "stages_unsupported"), ({"options": {"fast": 1}}, "unknown_option")],
)
def test_what_is_not_there_yet_is_refused(extra, code):
    with pytest.raises(bb.Error) as caught:
        bb.compile(bb.algorithms.sgd(), GOOD, **extra)
    assert caught.value.code == code
