"""Graph parts: models and optimizers as pure functions, their layout, and what is refused."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from authoring_tools import as_model, run, type_text

import bytesandbrains as bb
from bytesandbrains.models import DeferredModel
from bytesandbrains.protos import get_metadata


class Net(bb.GraphModel):
    x = bb.f32["N", 64]
    y = bb.i64["N"]
    loss = "cross_entropy"

    def __init__(self, k=10):
        self.w = bb.Parameter((64, k), init="he")
        self.scale = bb.Parameter((k,), init=0.5)
        self.offset = bb.Parameter((1, k), init="zero")

    def forward(self, x):
        return self.offset + (x @ self.w) * self.scale


def numpy_parameters(model, seed=0):
    rng = np.random.default_rng(seed)
    return {
        name: rng.normal(size=p.shape).astype(np.float32) for name, p in model.parameters.items()
    }


def test_forward_and_loss_are_pure_functions_that_run():
    model = Net(k=5)
    forward, loss = model.functions("net")
    assert (forward.domain, forward.name) == ("ai.bytesandbrains.part", "net.forward")
    assert loss.name == "net.loss"
    assert list(forward.input) == ["x", "w", "scale", "offset"]
    assert (list(forward.output), list(loss.output)) == (["logits"], ["loss"])
    arrays = numpy_parameters(model)
    x = np.random.default_rng(1).normal(size=(7, 64)).astype(np.float32)
    (logits,) = run(forward, x=x, **arrays)
    wanted = arrays["offset"] + (x @ arrays["w"]) * arrays["scale"]
    np.testing.assert_allclose(logits, wanted, rtol=1e-4, atol=1e-5)
    y = np.arange(7) % 5
    shifted = wanted - wanted.max(1, keepdims=True)
    log_softmax = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    (got,) = run(loss, logits=logits, y=y)
    np.testing.assert_allclose(got, -log_softmax[np.arange(7), y].mean(), rtol=1e-5)
    assert type_text(forward, "logits") == "float32[N,5]"
    assert type_text(loss, "loss") == "float32[]"


def test_layout_is_the_order_of_assignment():
    (forward, _) = Net(k=5).functions("net")
    assert json.loads(get_metadata(forward)["bb.layout"]) == [
        {"name": "w", "dtype": "float32", "shape": [64, 5], "init": "he"},
        {"name": "scale", "dtype": "float32", "shape": [5], "init": {"fill": 0.5}},
        {"name": "offset", "dtype": "float32", "shape": [1, 5], "init": "zero"},
    ]
    assert Net(k=5).size == 64 * 5 + 5 + 5


def test_parameters_work_on_the_left_of_an_operator():
    class Left(Net):
        def forward(self, x):
            return -self.scale * bb.ops.matmul(x, self.w)

    assert as_model(Left().functions("m")[0])


def test_a_loss_may_be_a_method():
    class Squared(bb.GraphModel):
        x = bb.f32["N", 3]
        y = bb.f32["N", 3]

        def __init__(self):
            self.b = bb.Parameter((3,), init="zero")

        def forward(self, x):
            return x + self.b

        def loss(self, logits, y):
            return bb.ops.reduce_mean((logits - y) ** 2, keepdims=False)

    _, loss = Squared().functions("m")
    x, y = np.ones((2, 3), np.float32), np.full((2, 3), 4, np.float32)
    assert run(loss, logits=x, y=y)[0] == 9


def test_a_forward_that_returns_its_input_gets_a_value_of_its_own():
    class Same(Net):
        def forward(self, x):
            return x

    (forward, _) = Same().functions("m")
    assert list(forward.output) == ["logits"]
    as_model(forward)


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"x": None}, "bad_model", "x"),
        ({"y": 3}, "bad_model", "y"),
        ({"loss": "cross_entrpy"}, "unknown_loss", 'did you mean "cross_entropy"'),
        ({"__init__": lambda self: None}, "bad_model", "no parameters"),
        ({"forward": lambda self, x: 3}, "bad_result", "logits"),
        ({"forward": lambda self, x: x @ Net().w}, "foreign_parameter", "owns"),
        ({"__init__": lambda self: setattr(self, "x", bb.Parameter((2,)))}, "bad_parameter", "x"),
    ],
)
def test_incomplete_models_are_refused(change, code, text):
    with pytest.raises(bb.AuthorError, match=text) as caught:
        type("Broken", (Net,), change)().functions("m")
    assert caught.value.code == code
    assert caught.value.where.startswith("test_authoring_parts.py:")


@pytest.mark.parametrize(
    ("shape", "init"),
    [((0, 3), "he"), ((2.5,), "he"), ((3,), "he_normal"), ((3,), float("nan")), ((-1,), "zero")],
)
def test_bad_parameters_are_refused(shape, init):
    with pytest.raises(bb.AuthorError) as caught:
        bb.Parameter(shape, init=init)
    assert caught.value.code == "bad_parameter"
    assert caught.value.where.startswith("test_authoring_parts.py:")


def test_slots_cannot_be_used_in_a_forward():
    class Wrong(Net):
        def forward(self, x):
            return bb.ModelSlot("other").forward(x)

    with pytest.raises(bb.AuthorError) as caught:
        Wrong().functions("m")
    assert caught.value.code == "not_in_body"


def numpy_mlp(x, layers):
    for index, (w, b) in enumerate(layers):
        x = x @ w + b
        x = np.maximum(x, 0) if index < len(layers) - 1 else x
    return x


@pytest.mark.parametrize("sizes", [(64, 64, 10), (5, 3), (4, 8, 6, 2)])
def test_mlp_equals_numpy(sizes):
    model = bb.models.mlp(*sizes)
    (forward, _) = model.functions("model")
    arrays = numpy_parameters(model)
    layers = [(arrays[f"w{i}"], arrays[f"b{i}"]) for i in range(1, len(sizes))]
    x = np.random.default_rng(1).normal(size=(9, sizes[0])).astype(np.float32)
    np.testing.assert_allclose(
        run(forward, x=x, **arrays)[0], numpy_mlp(x, layers), rtol=1e-4, atol=1e-4
    )
    assert model.size == sum((a + 1) * b for a, b in pairwise(sizes))


def test_mlp_layout_alternates_he_weights_and_zero_biases():
    (forward, _) = bb.models.mlp(64, 64, 10).functions("model")
    layout = json.loads(get_metadata(forward)["bb.layout"])
    assert [(p["name"], p["shape"], p["init"]) for p in layout] == [
        ("w1", [64, 64], "he"),
        ("b1", [64], "zero"),
        ("w2", [64, 10], "he"),
        ("b2", [10], "zero"),
    ]


@pytest.mark.parametrize("name", bb.models.names())
def test_every_model_takes_its_sizes_from_the_data(name):
    deferred = bb.models.get(name)
    assert isinstance(deferred, DeferredModel)
    model = deferred.for_data(features=7, classes=3)
    (forward, _) = model.functions("m")
    x = np.ones((2, 7), np.float32)
    assert run(forward, x=x, **numpy_parameters(model))[0].shape == (2, 3)


def test_mlp_hidden_width_is_a_parameter():
    assert bb.models.from_spec("mlp:hidden=32").for_data(features=64, classes=10).size == (
        65 * 32 + 33 * 10
    )


@pytest.mark.parametrize("sizes", [(64,), (64, 0), (64, -1, 10), (64, 2.5)])
def test_bad_mlp_sizes_are_refused(sizes):
    with pytest.raises(bb.ConfigError) as caught:
        bb.models.mlp(*sizes)
    assert caught.value.code == "bad_size"


@pytest.mark.parametrize(("features", "classes"), [(0, 3), (4, 1)])
def test_data_of_impossible_sizes_is_refused(features, classes):
    with pytest.raises(bb.ConfigError) as caught:
        bb.models.mlp().for_data(features=features, classes=classes)
    assert caught.value.code == "bad_size"


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_step_equals_numpy(momentum):
    (step,) = bb.optimizers.sgd(lr=0.1, momentum=momentum).functions("opt")
    rng = np.random.default_rng(0)
    params, grad, kept = (rng.normal(size=6).astype(np.float32) for _ in range(3))
    assert step.name == "opt.step"
    assert type_text(step, "params") == "float32[D]"
    if momentum == 0:
        assert json.loads(get_metadata(step)["bb.cells"]) == []
        np.testing.assert_array_equal(
            run(step, params=params, grad=grad)[0], params - grad * np.float32(0.1)
        )
        return
    assert json.loads(get_metadata(step)["bb.cells"]) == [{"name": "momentum", "init": 0.0}]
    assert list(step.input) == ["params", "grad", "momentum"]
    assert list(step.output) == ["params_out", "momentum_out"]
    moved, direction = run(step, params=params, grad=grad, momentum=kept)
    wanted = kept * np.float32(momentum) + grad
    np.testing.assert_array_equal(direction, wanted)
    np.testing.assert_array_equal(moved, params - wanted * np.float32(0.1))


def test_a_step_must_return_every_cell():
    class Short(bb.GraphOptimizer):
        cells = {"m": 0.0}  # noqa: RUF012 - written as a user would

        def step(self, params, grad, **cells):
            return (params - grad,)

    with pytest.raises(bb.AuthorError) as caught:
        Short().functions("opt")
    assert caught.value.code == "bad_result"
    assert caught.value.where.startswith("test_authoring_parts.py:")


@pytest.mark.parametrize(
    "params", [{"lr": 0}, {"lr": float("inf")}, {"momentum": 1.0}, {"momentum": -0.1}]
)
def test_bad_sgd_parameters_are_refused(params):
    with pytest.raises(bb.ConfigError) as caught:
        bb.optimizers.sgd(**params)
    assert caught.value.code == "bad_parameter"
