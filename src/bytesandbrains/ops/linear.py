"""Matrix products."""

from __future__ import annotations

from bytesandbrains.context import current_recorder
from bytesandbrains.handles import Operand, Output
from bytesandbrains.protos import Attribute

__all__ = ["gemm", "matmul"]


def matmul(a: Operand, b: Operand) -> Output:
    """Returns the matrix product with numpy's rules for stacks and vectors.

    Shape:
        a (…, m, k), b (…, k, n) → (…, m, n).
    """
    return current_recorder("ops.matmul").apply("MatMul", [a, b])


def gemm(
    a: Operand,
    b: Operand,
    c: Operand | None = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    trans_a: bool = False,
    trans_b: bool = False,
) -> Output:
    """Returns alpha · a @ b + beta · c for matrices.

    Args:
        a: (m, k), or (k, m) with ``trans_a``.
        b: (k, n), or (n, k) with ``trans_b``.
        c: Anything that broadcasts to (m, n), or None.
        alpha: Factor of the product.
        beta: Factor of ``c``.
        trans_a: Transpose ``a`` first.
        trans_b: Transpose ``b`` first.
    """
    attributes: dict[str, Attribute] = {}
    if alpha != 1.0:
        attributes["alpha"] = float(alpha)
    if beta != 1.0:
        attributes["beta"] = float(beta)
    if trans_a:
        attributes["transA"] = 1
    if trans_b:
        attributes["transB"] = 1
    operands = [a, b] if c is None else [a, b, c]
    return current_recorder("ops.gemm").apply("Gemm", operands, attributes)
