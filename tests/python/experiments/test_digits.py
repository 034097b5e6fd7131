"""The bundled digits are scikit-learn's, and the script that made the file makes it again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import bytesandbrains as bb

SCRIPT = Path(__file__).parents[3] / "tools" / "make_digits.py"


def test_the_bundled_file_is_what_the_script_makes(tmp_path: Path) -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    made = tmp_path / "digits.npz"
    subprocess.run([sys.executable, str(SCRIPT), str(made)], check=True)
    bundled = Path(bb.data.__file__).with_name("digits.npz")
    with np.load(made) as new, np.load(bundled) as old:
        assert sorted(new) == sorted(old) == ["x", "y"]
        for name in old:
            np.testing.assert_array_equal(new[name], old[name])
            assert new[name].dtype == old[name].dtype
    original = datasets.load_digits()
    digits = bb.data.load("digits")
    np.testing.assert_array_equal(digits.x * 16, original.data.astype(np.float32))
    np.testing.assert_array_equal(digits.y, original.target)


def test_the_digits_name_their_source() -> None:
    digits = bb.data.load("digits")
    assert "CC BY 4.0" in digits.source
    assert (digits.x.dtype, digits.y.dtype) == (np.float32, np.int64)
    assert (digits.x.min(), digits.x.max(), digits.classes) == (0, 1, 10)
