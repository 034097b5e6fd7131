"""Fashion-MNIST from the data package of the system: 70,000 images of clothes, 28×28 pixels."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bytesandbrains.data.dataset import Dataset
from bytesandbrains.errors import DataError

__all__ = ["FOLDER", "fashion_mnist", "read_idx"]

FOLDER = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's and Ubuntu's package dataset-fashion-mnist puts its files."""
_SOURCE = "Fashion-MNIST, H. Xiao, K. Rasul, R. Vollgraf (2017), arXiv:1708.07747, MIT licence"
_PIXELS = 28 * 28
_IDX_BYTES = 0x08
"""Type code of unsigned bytes in the header of an IDX file."""


def fashion_mnist() -> Dataset:
    """60,000 training and 10,000 test images, in this order; float32 in [0, 1].

    Raises:
        DataError: ``data_missing`` when the package is not installed; ``data_broken``.
    """
    parts = [(f"{kind}-images-idx3-ubyte.gz", f"{kind}-labels-idx1-ubyte.gz")
             for kind in ("train", "t10k")]  # fmt: skip
    missing = [name for pair in parts for name in pair if not (FOLDER / name).exists()]
    if missing:
        raise DataError(
            "Fashion-MNIST is not on this machine",
            code="data_missing",
            where="data",
            value=FOLDER / missing[0],
            hint="run: sudo apt install dataset-fashion-mnist",
        )
    images = [read_idx(FOLDER / name).reshape(-1, _PIXELS) for name, _ in parts]
    labels = [read_idx(FOLDER / name) for _, name in parts]
    x = np.concatenate(images).astype(np.float32) / np.float32(255)
    return Dataset("fashion_mnist", x, np.concatenate(labels).astype(np.int64), 10, _SOURCE)


def read_idx(path: Path) -> NDArray[Any]:
    """The array of unsigned bytes in a gzipped IDX file.

    Raises:
        DataError: ``data_broken`` when the file is not whole.
    """
    try:
        with gzip.open(path) as file:
            raw = file.read()
        kind, axes = raw[2], raw[3]
        shape = np.frombuffer(raw, dtype=">u4", count=axes, offset=4).astype(np.int64)
        values = np.frombuffer(raw, dtype=np.uint8, offset=4 + 4 * axes)
        if raw[:2] != b"\0\0" or kind != _IDX_BYTES or values.size != shape.prod():
            raise ValueError("header and content disagree")
        return values.reshape(shape)
    except (OSError, EOFError, ValueError, IndexError) as error:
        raise DataError(
            "a file of the data set is damaged",
            code="data_broken",
            where="data",
            value=path,
            hint=f"run: sudo apt install --reinstall dataset-fashion-mnist ({error})",
        ) from error
