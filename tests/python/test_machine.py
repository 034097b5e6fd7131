"""Facts about the machine and the named random streams."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from bytesandbrains import _core


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 written out."""
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [
            (p1 >> 32) ^ c[1] ^ k[0],
            p1 & 0xFFFFFFFF,
            (p0 >> 32) ^ c[3] ^ k[1],
            p0 & 0xFFFFFFFF,
        ]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def test_stream_words_are_philox_blocks_of_the_named_key() -> None:
    digest = hashlib.sha256(b"bb.stream\0" + (7).to_bytes(8, "little") + b"data.batch").digest()
    key = [int.from_bytes(digest[0:4], "little"), int.from_bytes(digest[4:8], "little")]
    words = _core.stream_words(7, "data.batch", 3, 5, 4)
    expected = []
    for block in range(2):
        c = philox([block, 0, 3, 5], key)
        expected += [c[0] | c[1] << 32, c[2] | c[3] << 32]
    assert words == expected


@pytest.mark.parametrize("size", [1, 2, 7, 1797])
def test_permutation_is_one_and_depends_on_its_name(size: int) -> None:
    a = _core.permutation(0, "a", size)
    assert sorted(a.tolist()) == list(range(size))
    assert np.array_equal(a, _core.permutation(0, "a", size))
    if size > 100:
        assert not np.array_equal(a, _core.permutation(0, "b", size))
        assert not np.array_equal(a, _core.permutation(1, "a", size))


def test_batch_indices_cover_the_shard_evenly() -> None:
    drawn = np.concatenate([_core.batch_indices(0, 4, step, 64, 10) for step in range(200)])
    counts = np.bincount(drawn, minlength=10)
    assert counts.min() > 0.8 * 1280
    assert counts.max() < 1.2 * 1280


def test_unknown_instruction_set_is_reported_not_obeyed() -> None:
    code = "from bytesandbrains import _core; print(_core.isa_error())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "BB_ISA": "v9"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "v9" in done.stdout
