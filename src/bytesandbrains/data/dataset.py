"""Dataset: features and labels, checked once, shared by every node without copies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bytesandbrains import _core
from bytesandbrains.errors import DataError

__all__ = ["Dataset", "from_arrays"]


@dataclass(frozen=True)
class Dataset:
    """A supervised data set.

    Attributes:
        name: What it is called in results.
        x: Features (N, ...), float32 or float64; images in [0, 1].
        y: Labels (N,), int64 in [0, classes).
        classes: Number of labels.
        source: Where it comes from and its licence.
    """

    name: str
    x: NDArray[Any]
    y: NDArray[np.int64]
    classes: int
    source: str = ""

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        shape = "×".join(str(d) for d in self.x.shape[1:]) or "scalar"
        return f"Dataset({self.name}: {len(self)} × {shape} {self.x.dtype}, {self.classes} classes)"

    @property
    def features(self) -> int:
        """Numbers per example."""
        return int(np.prod(self.x.shape[1:]))

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 of shapes, features and labels."""
        head = f"{self.x.dtype} {self.x.shape} {self.classes}".encode()
        return _core.sha256(head + self.x.tobytes() + self.y.tobytes())

    def view(self, indices: NDArray[np.int64], *, x: NDArray[Any] | None = None) -> _core.DataView:
        """The rows ``indices`` (int64) as a node's data, sharing memory with this data set."""
        return _core.DataView(
            self.x if x is None else x, self.y, np.ascontiguousarray(indices), self.classes
        )


def from_arrays(
    x: ArrayLike, y: ArrayLike, *, classes: int | None = None, name: str = "arrays"
) -> Dataset:
    """A data set from arrays of features and labels.

    Args:
        x: (N, ...) features; float32 and float64 are kept, other numbers become float32.
        y: (N,) integer labels from 0.
        classes: Number of labels; the largest label + 1 when None.
        name: What it is called in results.

    Raises:
        DataError: ``empty``, ``ragged``, ``bad_dtype``, ``bad_shape``, ``label_out_of_range`` or
            ``non_finite``.

    Example:
        >>> from_arrays([[0.0, 1.0], [1.0, 0.0]], [0, 1])
        Dataset(arrays: 2 × 2 float32, 2 classes)
    """
    features = _features(x)
    labels = np.asarray(y)
    if labels.dtype.kind not in "iu":
        raise DataError(
            "labels must be integers",
            code="bad_dtype",
            where="y",
            value=labels.dtype,
            hint="convert with y.astype(numpy.int64)",
        )
    if labels.ndim != 1 or len(labels) != len(features):
        raise DataError(
            "labels must be one number per example",
            code="bad_shape",
            where="y",
            value=f"{labels.shape} labels for {len(features)} examples",
            hint="pass y of shape (N,)",
        )
    labels = np.ascontiguousarray(labels, dtype=np.int64)
    count = int(labels.max()) + 1 if classes is None else classes
    if labels.min() < 0 or labels.max() >= count:
        bad = labels[(labels < 0) | (labels >= count)][0]
        raise DataError(
            f"a label is outside 0 .. {count - 1}",
            code="label_out_of_range",
            where="y",
            value=bad,
            hint="renumber the labels from 0, or pass classes=",
        )
    return Dataset(name, features, labels, count)


def _features(x: ArrayLike) -> NDArray[Any]:
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise DataError(
            "features are ragged",
            code="ragged",
            where="x",
            value=error,
            hint="every example needs the same shape",
        ) from error
    if array.dtype.kind not in "fiub":
        raise DataError(
            "features must be numbers",
            code="bad_dtype",
            where="x",
            value=array.dtype,
            hint="convert with x.astype(numpy.float32)",
        )
    if array.ndim < 2 or array.size == 0:
        raise DataError(
            "features must be (N, ...) with at least one example and one number",
            code="empty" if array.size == 0 else "bad_shape",
            where="x",
            value=array.shape,
            hint="pass x of shape (N, features)",
        )
    if array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float32)
    if not np.isfinite(array).all():
        raise DataError(
            "features hold NaN or infinity",
            code="non_finite",
            where="x",
            value=int((~np.isfinite(array)).sum()),
            hint="clean the data first, e.g. with numpy.nan_to_num",
        )
    return np.ascontiguousarray(array)
