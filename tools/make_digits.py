"""Regenerates the bundled digits data set from scikit-learn's copy of the UCI original."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

TARGET = Path(__file__).parents[1] / "src" / "bytesandbrains" / "data" / "digits.npz"


def main(target: Path = TARGET) -> None:
    """Writes pixels (uint8, 0-16) and labels (uint8), compressed."""
    digits = load_digits()
    x = digits.data.astype(np.uint8)
    assert np.array_equal(x, digits.data), "pixels are whole numbers"
    np.savez_compressed(target, x=x, y=digits.target.astype(np.uint8))


if __name__ == "__main__":
    main(*(Path(arg) for arg in sys.argv[1:]))
