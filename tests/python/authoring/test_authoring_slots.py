"""Slots: their operations as recorded, their names, and which optimizer a step takes."""

from __future__ import annotations

import json

import pytest
from authoring_tools import attributes, nodes

import bytesandbrains as bb
from bytesandbrains.protos import get_metadata, type_of_value_info


class Everything(bb.Module):
    model = bb.ModelSlot()
    data = bb.DataSourceSlot()
    clients = bb.PeerSelectorSlot()
    rule = bb.AggregatorSlot()
    optimizer = bb.OptimizerSlot()

    def body(self, g):
        x, y = self.data.next_batch()
        loss, grad = self.model.grad(x, y)
        trained = self.model.train_step(x, y)
        logits = self.model.forward(x)
        _, loss_sum, correct = self.model.evaluate(x, y)
        g.output("applied", self.model.apply_delta(grad, scale=-0.3))
        g.output("loaded", self.model.load_parameters(self.model.params()))
        g.output("delta", self.model.delta(after=trained))
        for name, value in {
            "loss": loss,
            "trained": trained,
            "step_loss": trained.loss,
            "logits": logits,
            "loss_sum": loss_sum,
            "correct": correct,
            "view": self.clients.view(),
            "near": self.clients.neighbours(),
            "few": self.clients.sample(n=3),
            "some": self.clients.sample(fraction=0.25),
        }.items():
            g.output(name, value)


WANTED = {
    "NextBatch": ("data", {"slot": "data"}, [None, None]),
    "Grad": ("model", {"slot": "model"}, ["float32[]", "float32[model.D]"]),
    "TrainStep": (
        "model",
        {"slot": "model", "optimizer": "optimizer"},
        ["trigger", "float32[]"],
    ),
    "Forward": ("model", {"slot": "model"}, [None]),
    "Evaluate": ("model", {"slot": "model"}, [None, "float32[]", "int64[]"]),
    "ApplyDelta": ("model", {"slot": "model", "scale": "-0.3"}, ["trigger"]),
    "LoadParameters": ("model", {"slot": "model"}, ["trigger"]),
    "Params": ("model", {"slot": "model"}, ["float32[model.D]"]),
    "Delta": ("model", {"slot": "model", "after": 1}, ["float32[model.D]"]),
    "View": ("peers", {"slot": "clients"}, ["peers"]),
    "Neighbours": ("peers", {"slot": "clients"}, ["peers"]),
}


@pytest.mark.parametrize("op", sorted(WANTED))
def test_operation_is_recorded_with_its_domain_attributes_and_types(op):
    entry = Everything().build().functions[0]
    types = {info.name: str(type_of_value_info(info)) for info in entry.value_info}
    room, wanted, outputs = WANTED[op]
    (node,) = nodes(entry, op)
    assert node.domain == f"ai.bytesandbrains.{room}"
    assert attributes(node) == wanted
    assert [types.get(name) for name in node.output] == outputs


def test_samples_are_a_number_or_a_fraction():
    few, some = nodes(Everything().build().functions[0], "Sample")
    assert attributes(few) == {"slot": "clients", "n": 3}
    assert attributes(some) == {"slot": "clients", "fraction": "0.25"}


def test_scale_survives_as_float64():
    class Scaled(bb.Module):
        model = bb.ModelSlot()

        def body(self, g):
            g.output("y", self.model.apply_delta(self.model.delta(), scale=1 / 3))

    (node,) = nodes(Scaled().build().functions[0], "ApplyDelta")
    assert float(attributes(node)["scale"]) == 1 / 3


class TeacherStudent(bb.Module):
    teacher = bb.ModelSlot()
    second = bb.ModelSlot("student")
    fast = bb.OptimizerSlot()
    slow = bb.OptimizerSlot()
    data = bb.DataSourceSlot()

    def __init__(self, named=True):
        self.named = named

    def body(self, g):
        x, y = self.data.next_batch()
        g.output("a", self.teacher.train_step(x, y, optimizer=self.slow))
        g.output("b", self.second.train_step(x, y, optimizer=self.fast if self.named else None))


def test_two_slots_of_one_role_keep_their_names():
    model = TeacherStudent().build()
    steps = [attributes(node) for node in nodes(model.functions[0], "TrainStep")]
    assert steps == [
        {"slot": "teacher", "optimizer": "slow"},
        {"slot": "student", "optimizer": "fast"},
    ]
    assert json.loads(get_metadata(model)["bb.slots"]) == {
        "data": "DataSource",
        "fast": "Optimizer",
        "slow": "Optimizer",
        "student": "Model",
        "teacher": "Model",
    }


def test_several_optimizers_need_a_choice():
    with pytest.raises(bb.AuthorError, match="fast, slow") as caught:
        TeacherStudent(named=False).build()
    assert caught.value.code == "optimizer_unclear"


def test_a_step_without_an_optimizer_slot_is_refused():
    class Bare(bb.Module):
        model = bb.ModelSlot()
        data = bb.DataSourceSlot()

        def body(self, g):
            g.output("y", self.model.train_step(*self.data.next_batch()))

    with pytest.raises(bb.AuthorError, match="OptimizerSlot") as caught:
        Bare().build()
    assert caught.value.code == "optimizer_unclear"


def test_slots_set_in_init_take_the_name_of_their_attribute():
    class Own(bb.Module):
        def __init__(self):
            self.net = bb.ModelSlot()

        def body(self, g):
            g.output("w", self.net.params())

    assert json.loads(get_metadata(Own().build())["bb.slots"]) == {"net": "Model"}


def test_slots_are_inherited():
    class Child(TeacherStudent):
        extra = bb.ModelSlot()

        def body(self, g):
            g.output("a", self.teacher.params())
            g.output("b", self.extra.params())

    assert set(json.loads(get_metadata(Child().build())["bb.slots"])) == {"teacher", "extra"}


def test_two_slots_of_one_name_are_refused():
    class Clash(bb.Module):
        a = bb.ModelSlot("net")
        b = bb.ModelSlot("net")

        def body(self, g):
            g.output("w", self.a.params())

    with pytest.raises(bb.AuthorError) as caught:
        Clash().build()
    assert caught.value.code == "duplicate_slot"
    assert caught.value.value == "net"


def test_a_slot_of_no_module_is_refused():
    loose = bb.ModelSlot("loose")

    class Uses(bb.Module):
        def body(self, g):
            g.output("w", loose.params())

    with pytest.raises(bb.AuthorError) as caught:
        Uses().build()
    assert caught.value.code == "undeclared_slot"


def test_slots_record_only_inside_a_body():
    with pytest.raises(bb.AuthorError) as caught:
        Everything().model.params()
    assert caught.value.code == "not_recording"


def test_slot_names_are_checked():
    with pytest.raises(bb.AuthorError) as caught:
        bb.ModelSlot("my model")
    assert caught.value.code == "bad_name"


@pytest.mark.parametrize("kind", [bb.BackendSlot, bb.CodecSlot, bb.IndexSlot, bb.ProtocolSlot])
def test_other_roles_have_slots(kind):
    assert kind("later").name == "later"
    assert kind.role == kind.__name__.removesuffix("Slot")
