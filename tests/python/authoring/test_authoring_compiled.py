"""From a Module to a compiled artifact: its targets, bytes, pictures, and stand-alone models."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest

import bytesandbrains as bb
from bytesandbrains.protos import get_metadata

PARTS = {"model": bb.models.mlp(64, 64, 10), "clients": "static", "aggregator": "multi_krum:f=3"}


@pytest.fixture(scope="module")
def artifact():
    return bb.compile(bb.algorithms.sgd(), PARTS)


def test_one_function_per_kind(artifact):
    assert artifact.targets == ("client", "server")
    made = [f.name for f in artifact.model.functions if f.domain == "ai.bytesandbrains.target"]
    assert sorted(made) == ["client", "server"]
    assert len(artifact.digest) == 64


def test_layout_counts_every_parameter(artifact):
    layout = json.loads(artifact.metadata["bb.layout.model"])
    assert [(p["name"], p["offset"]) for p in layout] == [
        ("w1", 0),
        ("b1", 4096),
        ("w2", 4160),
        ("b2", 4800),
    ]
    assert "parameters of model: 4,810" in artifact.summary()


def test_every_pass_can_be_explained(artifact):
    from bytesandbrains.native import core

    for name in core().pass_names():
        assert artifact.explain(after=name)
    assert artifact.explain(after="cut") != artifact.explain(after="inline")


def test_the_wire_is_drawn(artifact):
    svg = artifact.show()._repr_svg_()
    assert svg.count("#c98a00") == 2


def test_a_recorded_line_is_kept(artifact):
    lines = {
        get_metadata(node).get("bb.loc", "").split(":")[0]
        for function in artifact.model.functions
        for node in function.node
    }
    assert "sgd.py" in lines


def test_evaluate_runs_in_onnxruntime_as_numpy(artifact):
    model = artifact.to_onnx("evaluate.model")
    onnx.checker.check_model(model, full_check=True)
    rng = np.random.default_rng(0)
    params = rng.normal(scale=0.1, size=4810).astype(np.float32)
    x, y = rng.random((50, 64)).astype(np.float32), rng.integers(0, 10, 50)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    logits, loss_sum, correct = session.run(None, {"params": params, "x": x, "y": y})
    w1, b1 = params[:4096].reshape(64, 64), params[4096:4160]
    w2, b2 = params[4160:4800].reshape(64, 10), params[4800:]
    wanted = np.maximum(x @ w1 + b1, 0) @ w2 + b2
    np.testing.assert_allclose(logits, wanted, rtol=1e-4, atol=1e-4)
    shifted = wanted - wanted.max(1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(1)) - shifted[np.arange(50), y]
    np.testing.assert_allclose(loss_sum, losses.sum(), rtol=1e-4)
    assert correct == (wanted.argmax(1) == y).sum()


def test_saved_artifacts_load_with_the_same_digest(artifact, tmp_path):
    loaded = bb.load_artifact(artifact.save(tmp_path / "sgd.onnx"))
    assert (loaded.digest, loaded.bytes) == (artifact.digest, artifact.bytes)
    assert str(loaded.summary()) == str(artifact.summary())


def changed_attribute(data):
    model = onnx.ModelProto.FromString(data)
    (gather,) = [n for f in model.functions for n in f.node if n.op_type == "Gather" and n.domain]
    next(a for a in gather.attribute if a.name == "timeout_ns").i += 1
    return model.SerializeToString(deterministic=True)


@pytest.mark.parametrize(
    "damage",
    [
        changed_attribute,
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: data + b"\0",
        lambda data: b"",
        lambda data: b"not an artifact",
        lambda data: onnx.ModelProto(ir_version=10).SerializeToString(),
    ],
)
def test_damaged_files_are_refused(artifact, tmp_path, damage):
    path = tmp_path / "damaged.onnx"
    path.write_bytes(damage(artifact.bytes))
    with pytest.raises(bb.Error) as caught:
        bb.load_artifact(path)
    assert not isinstance(caught.value, bb.InternalError)
    assert caught.value.code


SCRIPT = """
import bytesandbrains as bb
parts = {"model": bb.models.mlp(8, 4, 2), "clients": "static", "aggregator": "mean"}
print(bb.compile(bb.algorithms.sgd(), parts).bytes.hex())
"""


def test_bytes_are_equal_over_processes_and_hash_seeds():
    def compiled(seed):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        environment["PYTHONPATH"] = os.pathsep.join(sys.path)
        return subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, check=True
        ).stdout

    assert compiled("0") == compiled("77")


def test_moving_the_program_by_a_line_keeps_the_digest():
    source = """
import bytesandbrains as bb
class Program(bb.Module):
    def body(self, g):
        g.output("y", bb.ops.exp(g.input("x", bb.f32["N"])) * 2)
"""
    made = []
    for text in (source, "\n\n" + source):
        names = {}
        exec(compile(text, "program.py", "exec"), names)
        made.append(bb.compile(names["Program"]()))
    assert made[0].digest == made[1].digest
    assert made[0].bytes != made[1].bytes


def test_a_pure_program_stands_alone():
    class Pure(bb.Module):
        def body(self, g):
            x = g.input("x", bb.f32["N", 3])
            g.output("y", bb.ops.softmax(x) * 2)

    art = bb.compile(Pure())
    assert art.targets == ("main",)
    session = onnxruntime.InferenceSession(
        art.to_onnx("main").SerializeToString(), providers=["CPUExecutionProvider"]
    )
    x = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    exps = np.exp(x)
    np.testing.assert_allclose(
        session.run(None, {"x": x})[0], 2 * exps / exps.sum(1, keepdims=True), rtol=1e-5
    )


def test_sub_modules_with_slots_compile():
    class Encoder(bb.Module):
        model = bb.ModelSlot()

        def body(self, g):
            g.output("h", self.model.forward(g.input("x", bb.f32["N", 4])))

    class Two(bb.Module):
        def __init__(self):
            self.a, self.b = Encoder(), Encoder()

        def body(self, g):
            x = g.input("x", bb.f32["N", 4])
            g.output("y", self.a(x=x) + self.b(x=x))

    small = bb.models.mlp(4, 3, 2)
    art = bb.compile(Two(), {"a.model": small, "b.model": small})
    assert {key for key in art.metadata if key.startswith("bb.layout.")} == {
        "bb.layout.a.model",
        "bb.layout.b.model",
    }


def test_errors_of_the_compiler_name_the_line():
    class Mixed(bb.Module):
        clients = bb.PeerSelectorSlot()

        def body(self, g):
            with g.on("server"):
                who = self.clients.view()
                x = g.input("x", bb.f32[3])
                sent = g.net_out("x", x, to=who, at="client")
            with g.on("client"):
                back = g.net_out("back", sent, to=sent.sender, at="server")
            with g.on("server"):
                g.output("y", back + x)

    with pytest.raises(bb.CompileError, match="gather") as caught:
        bb.compile(Mixed(), {"clients": "static"})
    assert caught.value.code == "mixed_frames"
    assert "test_authoring_compiled.py:" in caught.value.where
