"""Artifacts: what they show, saving and loading, and stand-alone models, on a hand-made one."""

from __future__ import annotations

import json
import sys
from xml.etree import ElementTree

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

import bytesandbrains as bb
from bytesandbrains import native
from bytesandbrains.protos import attribute_of, opset_imports, set_metadata, value_info_of
from bytesandbrains.types import tensor

OWN = "ai.bytesandbrains."
FACTS = {
    "bb.stage": "compiled",
    "bb.digest": "ab" * 32,
    "bb.targets": json.dumps(
        {
            "server": {
                "inputs": [["x", "float32[N]"]],
                "outputs": [["y", "float32[N]"]],
                "frames": [{"kind": "entry"}],
            },
            "client": {
                "inputs": [],
                "outputs": [],
                "frames": [{"kind": "recv", "group": 0, "edges": [7]}],
            },
        }
    ),
    "bb.edges": json.dumps(
        [
            {
                "id": 7,
                "port": "weights",
                "from": "server",
                "to": "client",
                "type": "float32[12]",
                "group": 0,
                "codec": "",
            }
        ]
    ),
    "bb.bindings": json.dumps(
        {
            "model": {
                "role": "Model",
                "part": "mlp",
                "params": {"sizes": [3, 2]},
                "by": "graph",
                "targets": ["client"],
            }
        }
    ),
    "bb.layout.model": json.dumps(
        [
            {"name": "w", "dtype": "float32", "shape": [3, 2], "offset": 0, "init": "he"},
            {"name": "b", "dtype": "float32", "shape": [2], "offset": 6, "init": {"fill": 0.5}},
        ]
    ),
}


def node(domain, op, inputs, outputs, frame=None, **attributes):
    made = helper.make_node(op, inputs, outputs, domain=domain)
    made.attribute.extend(attribute_of(key, value) for key, value in attributes.items())
    if frame is not None:
        set_metadata(made, {"bb.frame": str(frame), "bb.loc": "net.py:3"})
    return made


def function(domain, name, inputs, outputs, body, types):
    made = helper.make_function(
        OWN + domain,
        name,
        inputs,
        outputs,
        body,
        opset_imports({"", *(n.domain for n in body)}),
    )
    made.value_info.extend(value_info_of(key, type_) for key, type_ in types.items())
    return made


N = tensor("float32", ("N",))
EVALUATE = function(
    "evaluate",
    "model",
    ["params", "x"],
    ["logits"],
    [helper.make_node("Mul", ["params", "x"], ["logits"])],
    {"params": bb.f32[2], "x": bb.f32["N", 2], "logits": bb.f32["N", 2]},
)
REGION = function(
    "region",
    "server.r0",
    ["a"],
    ["b"],
    [helper.make_node("Exp", ["a"], ["t"]), helper.make_node("Neg", ["t"], ["b"])],
    {"a": N, "t": N, "b": N},
)
SERVER = function(
    "target",
    "server",
    ["x"],
    ["y"],
    [
        node(OWN + "region", "server.r0", ["x"], ["v"], 0),
        node(OWN + "flow", "Output", ["v"], ["y"], 0, name="y"),
    ],
    {"x": N, "v": N, "y": N},
)
SENDING = function(
    "target",
    "server",
    ["x"],
    ["y"],
    [
        node(OWN + "region", "server.r0", ["x"], ["v"], 0),
        node(OWN + "peers", "View", [], ["who"], 0, slot="clients"),
        node(OWN + "wire", "Send", ["who", "v"], ["s"], 0, to_kind="client", group=0, ports=["w"]),
        node(OWN + "flow", "Output", ["v"], ["y"], 0, name="y"),
    ],
    {"x": N, "v": N, "y": N, "who": bb.peers, "s": bb.trigger},
)
CLIENT = function(
    "target",
    "client",
    [],
    [],
    [
        node(OWN + "wire", "Recv", [], ["w", "from"], 0, group=0, ports=["w"]),
        node(OWN + "state", "Write", ["w"], ["done"], 0, slot="", cell="kept"),
    ],
    {"w": N, "from": bb.peer, "done": bb.trigger},
)


def artifact(*functions, **extra):
    model = onnx.ModelProto(ir_version=10)
    model.functions.extend(functions)
    set_metadata(model, FACTS)
    return bb.Artifact(model.SerializeToString(deterministic=True), **extra)


def test_digest_targets_and_repr():
    art = artifact(SERVER, CLIENT)
    assert art.digest == "ab" * 32
    assert art.targets == ("client", "server")
    assert repr(art) == f"<Artifact abababababab: client, server; {len(art.bytes):,} bytes>"


def test_changing_the_model_changes_no_artifact():
    art = artifact(SERVER, CLIENT)
    summary = art.summary()
    art.model.ClearField("functions")
    assert len(art.model.functions) == 2
    assert art.summary() == summary


def test_summary_names_kinds_ports_edges_bindings_and_layout():
    text = repr(artifact(SERVER, CLIENT, REGION).summary())
    for line in (
        "server  x: float32[N]  y: float32[N]  2",
        "weights  server → client  float32[12]  –",
        "model  Model  mlp   sizes=[3, 2]  client",
        "parameters of model: 8",
        "w     (3, 2)  0       he",
        "b     (2,)    6       0.5",
    ):
        assert line in text


def test_explain_shows_the_text_after_a_pass():
    art = artifact(SERVER, passes=[("name", "first"), ("cut", "second"), ("seal", "third")])
    assert art.explain(after="cut") == "second"
    assert art.explain() == "third"
    assert repr(art.explain(after="name")) == "first"
    with pytest.raises(bb.CompileError, match='did you mean "cut"') as caught:
        art.explain(after="cutt")
    assert caught.value.code == "unknown_pass"


def test_a_loaded_artifact_has_no_passes():
    with pytest.raises(bb.CompileError) as caught:
        artifact(SERVER).explain(after="cut")
    assert caught.value.code == "no_passes"


def test_show_draws_lanes_operations_and_the_wire():
    drawing = artifact(SENDING, CLIENT, REGION).show()
    root = ElementTree.fromstring(drawing._repr_svg_())
    texts = ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]
    for label in ("server", "client", "2 operatorsnet.py:3", "View clientsnet.py:3"):
        assert label in texts
    paths = list(root.iter("{http://www.w3.org/2000/svg}path"))
    assert sum(path.get("stroke") == "#c98a00" for path in paths) == 1
    assert "2 kinds, 6 operations" in repr(drawing)


def test_drawing_ends_when_frames_feed_each_other():
    loop = function(
        "target",
        "peer",
        [],
        [],
        [
            node(OWN + "wire", "Recv", [], ["w", "from"], 1, group=0, ports=["w"]),
            node(
                OWN + "wire", "Send", ["from", "w"], ["s"], 1, to_kind="peer", group=0, ports=["w"]
            ),
        ],
        {},
    )
    assert "1 kinds, 2 operations" in repr(artifact(loop).show())


def run(model, **arrays):
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, arrays)


def test_evaluate_stands_alone_in_onnxruntime():
    params, x = np.array([2, 3], np.float32), np.ones((4, 2), np.float32)
    (logits,) = run(artifact(SERVER, EVALUATE).to_onnx("evaluate.model"), params=params, x=x)
    np.testing.assert_array_equal(logits, np.tile(params, (4, 1)))


def test_a_pure_kind_stands_alone_in_onnxruntime():
    x = np.array([0.5, -1.0], np.float32)
    (y,) = run(artifact(SERVER, REGION).to_onnx("server"), x=x)
    np.testing.assert_allclose(y, -np.exp(x), rtol=1e-6)


def test_a_kind_that_sends_does_not_stand_alone():
    with pytest.raises(bb.CompileError) as caught:
        artifact(SENDING, REGION).to_onnx("server")
    assert (caught.value.code, caught.value.value) == ("not_pure", "Send, View")


def test_a_misspelt_target_suggests_the_nearest():
    with pytest.raises(bb.CompileError, match=r'did you mean "evaluate\.model"') as caught:
        artifact(SERVER, EVALUATE).to_onnx("evaluate.modl")
    assert caught.value.code == "unknown_target"


class FakeCore:
    """Stands in for the extension: remembers what it was given."""

    def __init__(self):
        self.seen = []

    def compile(self, recorded, explain_after):
        self.seen.append((recorded, explain_after))
        return b"compiled", "ab", [("name", "first"), ("cut", "second")]

    def parse_pipeline(self, text):
        name, _, rest = text.partition(":")
        return [(name, dict(pair.split("=") for pair in rest.split(",") if pair))]

    def pass_names(self):
        return ["name", "verify", "cut", "seal"]

    def verify_artifact(self, data):
        self.seen.append(data)
        if not data.startswith(b"sound"):
            raise bb.CompileError("changed", code="changed_bytes")


@pytest.fixture
def fake_core(monkeypatch):
    fake = FakeCore()
    monkeypatch.setitem(sys.modules, "bytesandbrains._core", fake)
    return fake


def middle(rows):
    return rows.mean(0)


def test_compile_hands_over_the_bound_program(fake_core):
    from bytesandbrains.compile import bound_model

    bind = {"model": bb.models.mlp(4, 2), "clients": "all", "aggregator": middle}
    art = bb.compile(bb.algorithms.sgd(), bind)
    model, _ = bound_model(bb.algorithms.sgd(), bind)
    assert fake_core.seen == [(model.SerializeToString(deterministic=True), "name")]
    assert art.bytes == b"compiled"
    assert art.python_parts == {"aggregator": middle}


def test_passes_that_changed_nothing_show_the_text_before_them(fake_core):
    bind = {"model": bb.models.mlp(4, 2), "clients": "all", "aggregator": "mean"}
    art = bb.compile(bb.algorithms.sgd(), bind)
    texts = [str(art.explain(after=name)) for name in fake_core.pass_names()]
    assert texts == ["first", "first", "second", "second"]


def test_save_and_load_verify_the_bytes(fake_core, tmp_path):
    path = bb.Artifact(b"sound").save(tmp_path / "a.onnx")
    assert bb.load_artifact(path).bytes == b"sound"
    assert fake_core.seen == [b"sound"]
    path.write_bytes(b"sOund")
    with pytest.raises(bb.CompileError):
        bb.load_artifact(str(path))


@pytest.mark.parametrize("action", ["save", "load"])
def test_unusable_paths_are_config_errors(action, tmp_path):
    path = tmp_path / "missing" / "a.onnx"
    with pytest.raises(bb.ConfigError) as caught:
        bb.Artifact(b"x").save(path) if action == "save" else bb.load_artifact(path)
    assert caught.value.code == ("cannot_write" if action == "save" else "cannot_read")
    assert str(path) == caught.value.where


def test_a_missing_extension_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "bytesandbrains._core", None)
    with pytest.raises(bb.HostError, match="pip install") as caught:
        native.core()
    assert caught.value.code == "not_built"
