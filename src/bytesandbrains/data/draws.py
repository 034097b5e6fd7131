"""Random numbers for splitting data: drawn from a named Philox stream, equal on every machine.

Logarithm and exponential are computed here from the four operations, because those of a system's
library differ in the last bit from one system to the next.
"""

from __future__ import annotations

import math

from bytesandbrains import _core

__all__ = ["Draws", "exponential", "logarithm"]

_BLOCK = 256
_LN2 = 0.6931471805599453
_TERMS = 24
"""Enough of either series for double precision on its reduced range."""


def logarithm(x: float) -> float:
    """Natural logarithm of a positive finite number, to about 1e-15 relative to its size."""
    mantissa, power = math.frexp(x)
    if mantissa < 0.7071067811865476:
        mantissa, power = 2 * mantissa, power - 1
    ratio = (mantissa - 1) / (mantissa + 1)
    square, total = ratio * ratio, 0.0
    for k in range(_TERMS, -1, -1):  # atanh, smallest term first
        total = total * square + 1 / (2 * k + 1)
    return power * _LN2 + 2 * ratio * total


def exponential(x: float) -> float:
    """The exponential of a number of at most 700; 0 below -700."""
    if x < -700:
        return 0.0
    power = math.floor(x / _LN2 + 0.5)
    rest = x - power * _LN2
    total = 1.0
    for k in range(_TERMS, 0, -1):
        total = 1 + total * rest / k
    return math.ldexp(total, power)


class Draws:
    """Numbers of one stream, in order.

    Args:
        seed: Seed.
        purpose: Name of the stream.
        index: Which of the streams of this name.
    """

    def __init__(self, seed: int, purpose: str, index: int = 0) -> None:
        self._seed, self._purpose, self._index = seed, purpose, index
        self._words: list[int] = []
        self._block = 0

    def uniform(self) -> float:
        """A number in (0, 1)."""
        if not self._words:
            words = _core.stream_words(self._seed, self._purpose, self._index, self._block, _BLOCK)
            self._words = words[::-1]
            self._block += 1
        return ((self._words.pop() >> 11) + 0.5) * 2.0**-53

    def normal(self) -> float:
        """A standard normal number (polar method, Marsaglia and Bray 1964)."""
        while True:
            a, b = 2 * self.uniform() - 1, 2 * self.uniform() - 1
            square = a * a + b * b
            if 0 < square < 1:
                return a * math.sqrt(-2 * logarithm(square) / square)

    def log_gamma_variate(self, shape: float) -> float:
        """Logarithm of a Gamma(shape, 1) number (Marsaglia and Tsang 2000).

        The logarithm does not underflow, however small the shape is.
        """
        if shape < 1:
            return self.log_gamma_variate(shape + 1) + logarithm(self.uniform()) / shape
        d = shape - 1 / 3
        c = 1 / math.sqrt(9 * d)
        while True:
            x = self.normal()
            root = 1 + c * x
            if root <= 0:
                continue
            cube = root * root * root
            if logarithm(self.uniform()) < x * x / 2 + d * (1 - cube + logarithm(cube)):
                return logarithm(d) + logarithm(cube)

    def dirichlet(self, alpha: float, size: int) -> list[float]:
        """``size`` shares that sum to 1, from a symmetric Dirichlet distribution."""
        logs = [self.log_gamma_variate(alpha) for _ in range(size)]
        top = max(logs)
        weights = [exponential(value - top) for value in logs]
        total = sum(weights)
        return [weight / total for weight in weights]
