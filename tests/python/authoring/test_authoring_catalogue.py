"""Python families: names, descriptions, spec strings, and that every file is a part."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import bytesandbrains as bb
from bytesandbrains.algorithms.family import ALGORITHMS
from bytesandbrains.catalogue import Family
from bytesandbrains.models.family import MODELS
from bytesandbrains.optimizers.family import OPTIMIZERS
from bytesandbrains.specs import Spec, parse_spec

FAMILIES = {bb.models: MODELS, bb.optimizers: OPTIMIZERS, bb.algorithms: ALGORITHMS}


@pytest.mark.parametrize("package", FAMILIES, ids=lambda package: package.__name__)
def test_every_file_is_a_part_and_a_public_factory(package):
    files = {module.name for module in pkgutil.iter_modules(package.__path__)}
    assert files - {"family", "deferred"} == set(package.names())
    for name in package.names():
        assert callable(getattr(package, name))
        assert name in package.__all__
        importlib.import_module(f"{package.__name__}.{name}")


@pytest.mark.parametrize(
    ("family", "name"), [(family, name) for family in FAMILIES.values() for name in family.names()]
)
def test_every_part_is_described(family, name):
    facts = family.describe(name)
    assert (facts.family, facts.name) == (family.name, name)
    assert facts.summary.endswith(".")
    assert facts.formula
    for param in facts.params:
        assert param.doc, f"{name}.{param.name} has no sentence under Args:"
        assert param.type


def test_parameters_come_from_the_signature():
    facts = {param.name: param for param in OPTIMIZERS.describe("sgd").params}
    assert (facts["lr"].type, facts["lr"].default, facts["lr"].required) == ("float", 0.3, False)
    assert facts["momentum"].doc == "β in [0, 1); 0 is plain gradient descent."


@pytest.mark.parametrize(
    ("call", "code", "hint"),
    [
        (lambda: bb.models.get("mpl"), "unknown_part", '"mlp"'),
        (lambda: bb.models.get("transformer"), "unknown_part", "logistic, mlp"),
        (lambda: bb.optimizers.get("sgd", lrr=1), "unknown_parameter", '"lr"'),
        (lambda: bb.optimizers.from_spec("sgd:momentun=0.5"), "unknown_parameter", '"momentum"'),
        (lambda: bb.algorithms.get("sdg"), "unknown_part", '"sgd"'),
        (lambda: bb.optimizers.from_spec("sgd:lr=fast"), "bad_parameter", "0.3"),
        (lambda: bb.optimizers.from_spec("sgd:lr=true"), "bad_parameter", "0.3"),
        (lambda: bb.models.get("mlp", hidden=6.5), "bad_parameter", "64"),
    ],
)
def test_wrong_names_and_values_say_what_is_right(call, code, hint):
    with pytest.raises(bb.ConfigError) as caught:
        call()
    assert caught.value.code == code
    assert hint in caught.value.hint


def test_required_parameters_must_be_given():
    family = Family("things", "")

    @family.register("thing")
    def thing(size: int) -> int:
        """Makes a thing."""
        return size

    with pytest.raises(bb.ConfigError) as caught:
        family.get("thing")
    assert caught.value.code == "missing_parameter"
    assert family.get("thing", size=3) == 3
    with pytest.raises(bb.ConfigError):
        family.register("thing")(thing)


@pytest.mark.parametrize(
    ("text", "name", "params"),
    [
        ("mean", "mean", {}),
        (" krum : f=3 ", "krum", {"f": 3}),
        ("krum:f=3,neighbors=n-f-1", "krum", {"f": 3, "neighbors": "n-f-1"}),
        ("alie:z=1.5", "alie", {"z": 1.5}),
        ("x:a=true,b=False,c=1e-3", "x", {"a": True, "b": False, "c": 1e-3}),
        ('x:a="1, 2",b="3"', "x", {"a": "1, 2", "b": "3"}),
        ("x:a=-2", "x", {"a": -2}),
        ("x:a=1_0", "x", {"a": "1_0"}),
    ],
)
def test_spec_strings(text, name, params):
    spec = parse_spec(text)
    assert spec == Spec(name, params)
    assert [type(v) for v in spec.params.values()] == [type(v) for v in params.values()]


@pytest.mark.parametrize(
    "text",
    ["", ":f=3", "krum:", "krum:f", "krum:f=", "krum:f=3,", "krum:=3", "krum:f=3,f=4", "a >> b"],
)
def test_bad_specs_are_refused(text):
    _assert_bad_spec(text)


@pytest.mark.parametrize("text", ['x:a="open', "two words", "x:a=1,,b=2"])
def test_broken_values_are_refused(text):
    _assert_bad_spec(text)


def _assert_bad_spec(text):
    with pytest.raises(bb.ConfigError) as caught:
        parse_spec(text)
    assert caught.value.code == "bad_spec"
