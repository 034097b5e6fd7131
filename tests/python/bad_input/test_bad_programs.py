"""Programs, bindings and files that cannot be compiled, loaded or installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from bad_input_tools import refused

import bytesandbrains as bb

BIND: dict[str, Any] = {
    "model": bb.models.mlp(64, 8, 10),
    "clients": "static",
    "aggregator": "krum:f=1",
}


def compiled(**changes: object) -> bb.Artifact:
    bind = {slot: part for slot, part in {**BIND, **changes}.items() if part is not None}
    return bb.compile(bb.algorithms.sgd(), bind)


def test_an_unbound_slot() -> None:
    error = refused(
        lambda: compiled(aggregator=None),
        bb.CompileError,
        "unbound_slot",
        "aggregator",
        "'aggregator'",
    )
    assert "bind" in error.where


def test_a_misspelt_slot_suggests_the_nearest() -> None:
    call = lambda: compiled(agregator="mean")  # noqa: E731
    refused(call, bb.CompileError, "unknown_slot", "agregator", 'did you mean "aggregator"?')


@pytest.mark.parametrize(
    ("slot", "part"),
    [
        ("model", "krum:f=1"),
        ("model", bb.aggregators.krum(f=1)),
        ("aggregator", "mlp"),
        ("aggregator", bb.models.mlp(64, 10)),
        ("clients", "krum:f=1"),
        ("data", "static"),
    ],
)
def test_a_part_of_another_role(slot: str, part: Any) -> None:
    with pytest.raises((bb.CompileError, bb.ConfigError)) as caught:
        compiled(**{slot: part})
    assert caught.value.code == "wrong_role", caught.value
    assert caught.value.where == slot
    assert caught.value.value
    assert caught.value.hint


def test_a_module_without_the_slots_of_a_run() -> None:
    class Bare(bb.Module):
        data = bb.DataSourceSlot()

        def body(self, g: bb.Graph) -> None:
            x, _ = self.data.next_batch()
            g.output("loaded", x)

    with pytest.raises(bb.CompileError) as caught:
        bb.swarm.run(rounds=1, module=Bare())
    assert caught.value.code == "unknown_slot"


class Mixed(bb.Module):
    """Adds what came back to what was sent, outside a gather."""

    clients = bb.PeerSelectorSlot()

    def body(self, g: bb.Graph) -> None:
        with g.on("server"):
            x = g.input("x", bb.f32[3])
            sent = g.net_out("x", x, to=self.clients.view(), at="client")
        with g.on("client"):
            back = g.net_out("back", sent, to=sent.sender, at="server")
        with g.on("server"):
            g.output("y", back + x)


def test_an_operation_on_two_frames() -> None:
    with pytest.raises(bb.CompileError, match="gather") as caught:
        bb.compile(Mixed(), {"clients": "static"})
    assert caught.value.code == "mixed_frames"
    assert "test_bad_programs.py:" in caught.value.where
    assert caught.value.hint


def test_a_handle_of_another_graph() -> None:
    kept: list[bb.Output] = []

    class First(bb.Module):
        def body(self, g: bb.Graph) -> None:
            kept.append(g.output("x", g.input("x", bb.f32[3])))

    class Second(bb.Module):
        def body(self, g: bb.Graph) -> None:
            g.output("y", g.input("x", bb.f32[3]) + kept[0])

    First().build()
    error = refused(Second().build, bb.AuthorError, "foreign_handle", "", "named input")
    assert "a value of First" in error.message
    assert "test_bad_programs.py:" in error.where


def test_recursion() -> None:
    class Loop(bb.Module):
        def body(self, g: bb.Graph) -> None:
            g.output("y", self(x=g.input("x", bb.f32[3])))

    error = refused(Loop().build, bb.AuthorError, "recursion", "Loop → Loop", "no recursion")
    assert "test_bad_programs.py:" in error.where


# --- files ---------------------------------------------------------------------------------------


def change_attribute(data: bytes) -> bytes:
    model = onnx.ModelProto.FromString(data)
    (gather,) = [n for f in model.functions for n in f.node if n.op_type == "Gather" and n.domain]
    next(a for a in gather.attribute if a.name == "timeout_ns").i += 1
    return bytes(model.SerializeToString(deterministic=True))


def change_byte(at: float) -> Callable[[bytes], bytes]:
    def changed(data: bytes) -> bytes:
        place = int(at * (len(data) - 1))
        return data[:place] + bytes([data[place] ^ 0x11]) + data[place + 1 :]

    return changed


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "an attribute": change_attribute,
    "one byte short": lambda data: data[:-1],
    "half": lambda data: data[: len(data) // 2],
    "a byte more": lambda data: data + b"\0",
    "empty": lambda data: b"",
    "text": lambda data: b"not an artifact",
    "another onnx model": lambda data: onnx.ModelProto(ir_version=10).SerializeToString(),
    **{f"a byte at {at:.2f}": change_byte(at) for at in np.linspace(0, 1, 24)},
}


@pytest.mark.parametrize("damage", list(DAMAGES))
def test_damaged_files_are_not_loaded(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "damaged.onnx"
    path.write_bytes(DAMAGES[damage](compiled().bytes))
    with pytest.raises((bb.CompileError, bb.InstallError)) as caught:
        bb.load_artifact(path)
    assert caught.value.code
    assert caught.value.hint


def test_a_sound_file_is_loaded(tmp_path: Path) -> None:
    artifact = compiled()
    assert bb.load_artifact(artifact.save(tmp_path / "sound.onnx")).digest == artifact.digest


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.onnx"
    error = refused(
        lambda: bb.load_artifact(path), bb.ConfigError, "cannot_read", "No such file", "path"
    )
    assert error.where == str(path)


# --- installing ----------------------------------------------------------------------------------


def test_a_misspelt_target_suggests_the_nearest() -> None:
    hint = 'did you mean "server"?'
    call = lambda: bb.install(compiled(), "sever")  # noqa: E731
    refused(call, bb.InstallError, "unknown_target", "sever", hint)


def test_settings_and_resources_of_slots_that_are_not_there() -> None:
    artifact = compiled()
    for arguments in ({"config": {"client": {}}}, {"resources": {"aggregater": np.mean}}):
        with pytest.raises(bb.InstallError) as caught:
            bb.install(artifact, "server", **arguments)  # type: ignore[arg-type]
        assert caught.value.code == "unknown_slot"
        assert caught.value.hint


def test_a_node_without_its_data() -> None:
    with pytest.raises(bb.InstallError) as caught:
        bb.install(compiled(), "client")
    assert (caught.value.code, caught.value.value) == ("missing_resource", "data")
    assert caught.value.hint


def test_a_resource_that_is_neither_data_nor_a_part() -> None:
    call = lambda: bb.install(compiled(), "client", resources={"data": 3})  # noqa: E731
    error = refused(call, bb.InstallError, "bad_resource", "3", "dataset.view")
    assert error.where == "data"
