"""Random programs cut over two kinds of machine equal onnxruntime on the uncut graph."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from random_programs import BATCH, TwoMachines, plain_graph, random_program

import bytesandbrains as bb

SEEDS = range(20)
LISTED = (
    "Add Sub Mul Div Neg Exp Log Sqrt Relu Tanh Sigmoid Softmax LogSoftmax MatMul Gemm ReduceSum "
    "ReduceMean ReduceMax Concat Slice Gather Where Greater Equal Cast Identity Transpose Reshape"
)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_cut_program_equals_the_uncut_graph(seed: int) -> None:
    random = np.random.default_rng(seed)
    program = random_program(random)
    x = random.normal(size=(BATCH, program.widths[0])).astype(np.float32)
    session = onnxruntime.InferenceSession(
        plain_graph(program).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (want,) = session.run(None, {"v0": x})

    loaded = bb.load_program(bb.compile(TwoMachines(program), {"right": "static"}))
    left = bb.install(loaded, "left", peer=1, config={"right": {"peers": [2]}})
    right = bb.install(loaded, "right", peer=2)
    left.invoke("left", x=x)
    outputs = bb.testing.Loopback([left, right]).run_until_idle()
    got = outputs[right.peer]["right.y"]
    assert got.dtype == want.dtype
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)
    assert left.metrics()["sends"] == 1  # all values in one message


def test_the_programs_hold_every_listed_operator_on_both_machines() -> None:
    programs = [random_program(np.random.default_rng(seed)) for seed in SEEDS]
    steps = [(step.op, step.machine) for program in programs for step in program.code]
    assert {op for op, _ in steps} == set(LISTED.split())
    assert {len({m for _, m in steps}), min(len(p.crossing()) for p in programs)} == {2, 1}
