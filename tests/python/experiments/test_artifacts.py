"""Every function of an artifact is sound ONNX, and the model alone runs in onnxruntime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper
from random_programs import TwoMachines, random_program
from swarm_tools import in_process

import bytesandbrains as bb

SLOTS = {"model": bb.models.mlp(64, 64, 10), "clients": "static"}


def run_artifact(**arguments: Any) -> bb.Artifact:
    artifact = bb.swarm.run(rounds=1, **arguments).artifact
    assert artifact is not None
    return artifact


ARTIFACTS: dict[str, Callable[[], bb.Artifact]] = {
    "momentum": run_artifact,
    "logistic": lambda: run_artifact(model="logistic", aggregator="krum"),
    "local steps": lambda: run_artifact(local_steps=3, weight_decay=0.01, participation=0.9),
    "gradient": lambda: run_artifact(update="gradient", aggregator="median"),
    "two machines": lambda: bb.compile(
        TwoMachines(random_program(np.random.default_rng(3))), {"right": "static"}
    ),
}


def wrapped(model: onnx.ModelProto, function: onnx.FunctionProto) -> onnx.ModelProto:
    """A model whose graph has the nodes of the function, with the functions it calls."""
    info = {entry.name: entry for entry in function.value_info}
    missing = [n for n in (*function.input, *function.output) if n not in info]
    assert not missing, f"{function.name} does not say the types of {missing}"
    kept = [v for name, v in info.items() if name not in (*function.input, *function.output)]
    graph = helper.make_graph(
        function.node,
        "wrapped",
        [info[name] for name in function.input],
        [info[name] for name in function.output],
        value_info=kept,
    )
    called = {(node.domain, node.op_type) for node in function.node}
    functions = [f for f in model.functions if (f.domain, f.name) in called]
    imports = {entry.domain: entry for entry in model.opset_import}
    for made in (function, *functions):
        imports.update({entry.domain: entry for entry in made.opset_import})
    return helper.make_model(
        graph, functions=functions, ir_version=10, opset_imports=list(imports.values())
    )


@pytest.mark.parametrize("name", list(ARTIFACTS))
def test_checker_and_shape_inference_accept_every_function(name: str) -> None:
    artifact = ARTIFACTS[name]()
    onnx.checker.check_model(artifact.model, full_check=True)
    assert len(artifact.model.functions) >= 3
    for function in artifact.model.functions:
        alone = wrapped(artifact.model, function)
        onnx.checker.check_model(alone, full_check=True)
        inferred = onnx.shape_inference.infer_shapes(
            alone, check_type=True, strict_mode=True, data_prop=True
        )
        made = {entry.name for entry in inferred.graph.value_info}
        inner = {n for node in function.node for n in node.output if n} - set(function.output)
        assert inner <= made, f"{function.name}: untyped {sorted(inner - made)}"


def test_a_wrong_type_inside_a_function_is_noticed() -> None:
    """The check above can fail."""
    model = onnx.ModelProto.FromString(run_artifact().bytes)
    function = next(f for f in model.functions if f.domain.endswith("evaluate"))
    node = next(n for n in function.node if n.op_type == "Relu")
    node.input[0] = "y"  # integer labels
    with pytest.raises((onnx.checker.ValidationError, onnx.shape_inference.InferenceError)):
        onnx.checker.check_model(wrapped(model, function), full_check=True)


@pytest.mark.parametrize("model", ["mlp", "logistic"])
def test_the_exported_model_has_the_accuracy_of_the_run(model: str, tmp_path: Path) -> None:
    run = bb.swarm.run(model=model, rounds=40, eval_last=1, attack="label_flip")
    exported = run.to_onnx(tmp_path / "model.onnx")
    onnx.checker.check_model(exported, full_check=True)
    session = onnxruntime.InferenceSession(
        str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"]
    )
    digits = bb.data.load("digits")
    test = bb.swarm.experiment.split_data(bb.data.load("digits").y, 15, 0.2, 0).test
    logits, loss_sum, correct = session.run(None, {"x": digits.x[test], "y": digits.y[test]})
    assert correct / len(test) == run.accuracy[-1]
    assert loss_sum / len(test) == pytest.approx(run.loss[-1], rel=1e-5)
    assert (logits.argmax(axis=1) == digits.y[test]).sum() == correct


def test_evaluate_gives_the_logits_of_onnxruntime() -> None:
    artifact = bb.compile(bb.algorithms.sgd(), {**SLOTS, "aggregator": "mean"})
    program = bb.load_program(artifact)
    params = program.initial_params("model", 3)
    digits = bb.data.load("digits")
    x, y = digits.x[:100], digits.y[:100]
    session = onnxruntime.InferenceSession(
        artifact.to_onnx("evaluate.model").SerializeToString(),
        providers=["CPUExecutionProvider"],
    )
    theirs = session.run(None, {"params": params, "x": x, "y": y})
    ours = program.evaluate("model", params, x, y)
    for got, want in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


SCRIPT = """
import json
import bytesandbrains as bb
from bytesandbrains import _core
artifact = bb.swarm.run(rounds=1, aggregator="bulyan", local_steps=2).artifact
print(json.dumps([_core.sha256(artifact.bytes), artifact.digest]))
"""


def test_processes_with_other_hash_seeds_compile_equal_bytes() -> None:
    first, second = (in_process(SCRIPT, PYTHONHASHSEED=seed) for seed in ("1", "2"))
    assert first == second
