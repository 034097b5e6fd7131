"""Sub-modules: arguments by name, outputs by port, bodies shared by content, state by path."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
from authoring_tools import attributes, here, nodes

import bytesandbrains as bb
from bytesandbrains.protos import get_metadata, type_of_value_info


class Affine(bb.Module):
    """y = a · x + b, with a configured factor."""

    def __init__(self, factor=2.0):
        self.factor = factor

    def body(self, g):
        a = g.input("a", bb.f32["N"])
        x = g.input("x", bb.f32["N"])
        g.output("y", a * x * self.factor)


class Split(bb.Module):
    def body(self, g):
        x = g.input("x", bb.f32["N", 4])
        g.output("low", bb.ops.slice(x, starts=0, ends=2, axes=1))
        g.output("total", bb.ops.reduce_sum(x, axes=1, keepdims=False))


def program(body, **children):
    """A Module with the given sub-modules."""

    def init(self):
        for name, child in children.items():
            setattr(self, name, child)

    return type("Program", (bb.Module,), {"__init__": init, "body": body})()


def functions_of(model):
    return {function.name: function for function in model.functions}


def calls_of(model):
    return [n for n in model.functions[0].node if n.domain == "ai.bytesandbrains.module"]


def test_arguments_bind_by_name_whatever_their_order():
    def body(self, g):
        a, x = g.input("a", bb.f32[3]), g.input("x", bb.f32[3])
        g.output("p", self.affine(a=a, x=x))
        g.output("q", self.affine(x=x, a=a))
        g.output("r", self.affine(x=a, a=x))

    model = program(body, affine=Affine()).build()
    assert list(functions_of(model)["Affine"].input) == ["a", "x"]
    calls = calls_of(model)
    assert [list(call.input) for call in calls] == [["a", "x"], ["a", "x"], ["x", "a"]]
    assert all(attributes(call)["inputs_by_name"] == ["a", "x"] for call in calls)
    assert all(call.op_type == "Affine" for call in calls)


def test_arrays_are_arguments_too():
    def body(self, g):
        g.output("p", self.affine(x=g.input("x", bb.f32[2]), a=np.array([1, 2])))

    model = program(body, affine=Affine()).build()
    (constant,) = nodes(model.functions[0], "Constant")
    assert list(calls_of(model)[0].input) == [constant.output[0], "x"]
    made = onnx.numpy_helper.to_array(constant.attribute[0].t)
    assert made.dtype == np.float32


def test_outputs_are_attributes_with_the_types_of_the_caller():
    shown = {}

    def body(self, g):
        out = self.split(x=g.input("x", bb.f32[7, 4]))
        shown.update(low=str(out.low.type), total=str(out["total"].type))
        g.output("low", out.low)
        g.output("total", out.total + 1)

    (call,) = calls_of(program(body, split=Split()).build())
    assert shown == {"low": "float32[7,2]", "total": "float32[7]"}
    assert len(call.output) == 2


def test_a_single_output_is_the_handle_itself():
    def body(self, g):
        x = g.input("x", bb.f32[3])
        out = self.affine(a=x, x=x)
        g.output("p", out + out.y)

    model = program(body, affine=Affine()).build()
    (call,) = calls_of(model)
    assert list(nodes(model.functions[0], "Add")[0].input) == [call.output[0]] * 2


def test_equal_bodies_are_shared_and_different_ones_are_not():
    def body(self, g):
        x = g.input("x", bb.f32[3])
        for name in ("one", "same", "other"):
            x = getattr(self, name)(a=x, x=x)
        x = self.one(a=x, x=x)
        g.output("y", x)

    model = program(body, one=Affine(2.0), same=Affine(2.0), other=Affine(3.0)).build()
    assert [call.op_type for call in calls_of(model)] == [
        "Affine",
        "Affine",
        "Affine_2",
        "Affine",
    ]
    assert list(functions_of(model)) == ["Program", "Affine", "Affine_2"]


def test_equal_bodies_of_two_classes_are_one_function():
    class Twin(Affine):
        pass

    def body(self, g):
        x = g.input("x", bb.f32[3])
        g.output("y", self.twin(a=self.one(a=x, x=x), x=x))

    model = program(body, one=Affine(), twin=Twin()).build()
    assert list(functions_of(model)) == ["Program", "Affine"]


def test_classes_of_one_name_with_other_bodies_get_other_names():
    class Affine2(bb.Module):
        def body(self, g):
            g.output("y", -g.input("x", bb.f32["N"]))

    Affine2.__name__ = "Affine"

    def body(self, g):
        x = g.input("x", bb.f32[3])
        g.output("y", self.negative(x=self.one(a=x, x=x)))

    model = program(body, one=Affine(), negative=Affine2()).build()
    assert list(functions_of(model)) == ["Program", "Affine", "Affine_2"]


def test_a_sub_module_of_the_entry_class_gets_another_name():
    class Nested(bb.Module):
        def __init__(self, depth):
            self.inner = Nested(depth - 1) if depth else None

        def body(self, g):
            x = g.input("x", bb.f32[3])
            g.output("y", self.inner(x=x) + 1 if self.inner else x * 2)

    model = Nested(1).build()
    assert get_metadata(model)["bb.entry"] == "Nested"
    assert list(functions_of(model)) == ["Nested", "Nested_2"]


def test_slots_of_sub_modules_have_the_path_in_front():
    class Encoder(bb.Module):
        model = bb.ModelSlot()

        def body(self, g):
            g.output("w", self.model.params())

    class Both(bb.Module):
        model = bb.ModelSlot()

        def __init__(self):
            self.first, self.second = Encoder(), Encoder()

        def body(self, g):
            g.output("a", self.model.params())
            g.output("b", self.first())
            g.output("c", self.second())

    model = Both().build()
    assert set(json.loads(get_metadata(model)["bb.slots"])) == {
        "model",
        "first.model",
        "second.model",
    }
    assert list(functions_of(model)) == ["Both", "Encoder", "Encoder_2"]
    encoder = functions_of(model)["Encoder"]
    assert str(type_of_value_info(encoder.value_info[0])) == "float32[first.model.D]"


def test_a_slot_handed_to_a_sub_module_stays_one_slot():
    class Reader(bb.Module):
        def __init__(self, model):
            self.net = model

        def body(self, g):
            g.output("w", self.net.params())

    class Owner(bb.Module):
        model = bb.ModelSlot()

        def __init__(self):
            self.left, self.right = Reader(self.model), Reader(self.model)

        def body(self, g):
            g.output("a", self.left())
            g.output("b", self.right())

    model = Owner().build()
    assert json.loads(get_metadata(model)["bb.slots"]) == {"model": "Model"}
    assert list(functions_of(model)) == ["Owner", "Reader"]


class Counter(bb.Module):
    def body(self, g):
        count = g.state("count", type=bb.i64, init=5)
        g.output("done", count.write(count.read() + 1))


def test_state_of_sub_modules_has_the_path_in_front():
    def body(self, g):
        g.output("a", self.left())
        g.output("b", self.left())
        g.output("c", self.right())

    model = program(body, left=Counter(), right=Counter()).build()
    made = functions_of(model)
    cells = {name: attributes(nodes(made[name], "Read")[0]) for name in ("Counter", "Counter_2")}
    assert cells["Counter"] == {"slot": "", "cell": "left.count", "type": "int64[]", "init": "5.0"}
    assert cells["Counter_2"]["cell"] == "right.count"
    assert [call.op_type for call in calls_of(model)] == ["Counter", "Counter", "Counter_2"]


@pytest.mark.parametrize(
    ("call", "code", "value", "hint"),
    [
        (lambda m, x: m(a=x), "missing_input", "x", "x=..."),
        (lambda m, x: m(a=x, x=x, w=x), "unknown_input", "w", "a, x"),
        (lambda m, x: m(a=x, xx=x), "unknown_input", "xx", '"x"'),
        (lambda m, x: m(x), "positional_input", "1", "x=..."),
        (lambda m, x: m(a=x, x=x).z, "unknown_port", "z", "y"),
        (lambda m, x: m(a=bb.ops.cast(x, to="int64"), x=x), "type_mismatch", "int64[3]", "g.input"),
        (lambda m, x: m(a=bb.ops.unsqueeze(x, axes=0), x=x), "type_mismatch", "[1,3]", "g.input"),
        (lambda m, x: m(a=bb.ops.concat(x, x, axis=0), x=x), "type_mismatch", "[3]", "g.input"),
    ],
)
def test_wrong_calls_name_the_line(call, code, value, hint):
    where = []

    def body(self, g):
        x = g.input("x", bb.f32[3])
        where.append(call.__code__.co_firstlineno)
        g.output("y", call(self.affine, x))

    with pytest.raises(bb.AuthorError) as caught:
        program(body, affine=Affine()).build()
    assert caught.value.code == code
    assert value in caught.value.value
    assert hint in caught.value.hint
    assert caught.value.where == f"test_authoring_modules.py:{where[0]}"


def test_recursion_is_refused():
    class Loop(bb.Module):
        def __init__(self):
            self.me = self

        def body(self, g):
            g.output("y", self.me(x=g.input("x", bb.f32[3])).y)

    with pytest.raises(bb.AuthorError, match="Loop → Loop") as caught:
        Loop().build()
    assert caught.value.code == "recursion"


def test_recursion_through_fresh_instances_is_refused():
    class Endless(bb.Module):
        def body(self, g):
            g.output("y", Endless()(x=g.input("x", bb.f32[3])).y)

    with pytest.raises(bb.AuthorError) as caught:
        Endless().build()
    assert caught.value.code == "recursion"


def test_a_module_made_in_the_body_may_hold_no_state():
    def body(self, g):
        g.output("y", Counter()())

    with pytest.raises(bb.AuthorError) as caught:
        program(body).build()
    assert caught.value.code == "undeclared_module"


def test_calls_need_a_recording():
    where = here()
    with pytest.raises(bb.AuthorError) as caught:
        Affine()(x=1)
    assert caught.value.code == "not_recording"
    assert caught.value.where.split(":")[0] == where.split(":")[0]


def test_calls_are_placed_with_their_block_and_bodies_are_shared_over_kinds():
    def body(self, g):
        x = g.input("x", bb.f32[3])
        with g.on("server"):
            a = self.affine(a=x, x=x)
        with g.on("client"):
            b = self.affine(a=x, x=x)
        g.output("y", a + b)

    model = program(body, affine=Affine()).build()
    assert [get_metadata(call)["bb.on"] for call in calls_of(model)] == ["server", "client"]
    assert list(functions_of(model)) == ["Program", "Affine"]


@pytest.mark.parametrize(
    ("declare", "text"),
    [
        (lambda g, x: g.state("m"), "exactly one"),
        (lambda g, x: g.state("m", like=x, type=bb.f32[3]), "exactly one"),
        (lambda g, x: g.state("m", type=bb.f32[...]), "all dimensions"),
        (lambda g, x: g.state("m", type=bb.peers), "tensor type"),
        (lambda g, x: g.state("m", type=bb.f32[3], init="zero"), "number"),
        (lambda g, x: (g.state("m", type=bb.f32[3]), g.state("m", type=bb.f32[4])), "two ways"),
        (lambda g, x: (g.state("m", like=x), g.state("m", like=x, init=1)), "two ways"),
    ],
)
def test_bad_state_cells_are_refused(declare, text):
    def body(self, g):
        declare(g, g.input("x", bb.f32[3]))

    with pytest.raises(bb.AuthorError, match=text) as caught:
        program(body).build()
    assert caught.value.code == "bad_state"
    assert caught.value.where == f"test_authoring_modules.py:{declare.__code__.co_firstlineno}"


def test_a_cell_takes_values_of_its_dtype_only():
    def body(self, g):
        g.state("m", type=bb.f32[3]).write(g.input("x", bb.f64[3]))

    with pytest.raises(bb.AuthorError) as caught:
        program(body).build()
    assert caught.value.code == "type_mismatch"


def test_one_cell_may_be_declared_again_in_the_same_way():
    def body(self, g):
        x = g.input("x", bb.f32[3])
        g.output("old", g.state("m", like=x).read())
        g.output("done", g.state("m", like=x).write(x))

    entry = program(body).build().functions[0]
    read, write = nodes(entry, "Read")[0], nodes(entry, "Write")[0]
    assert attributes(read) == attributes(write)
