"""byzfl as functions of our names and parameters; an optional extra, loaded when asked for."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from bytesandbrains.conformance.cases import Family
from bytesandbrains.errors import ConfigError

__all__ = ["functions", "load", "version"]

_ONLY_FOR_PLOTS_AND_DATA = (
    "matplotlib",
    "matplotlib.pyplot",
    "seaborn",
    "torchvision",
    "torchvision.datasets",
    "torchvision.transforms",
)
"""Modules that importing byzfl imports, and its rules and attacks never use."""


class _Anything:
    """Stands for whatever is taken from such a module: any attribute and any call is another."""

    def __getattr__(self, name: str) -> _Anything:
        return _Anything()

    def __call__(self, *args: object, **kwargs: object) -> _Anything:
        return _Anything()


class _Empty(ModuleType):
    """Stands for a module that is imported but not used."""

    def __getattr__(self, name: str) -> _Anything:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything()


@contextmanager
def _stand_ins() -> Iterator[None]:
    """Stand-ins for modules that byzfl's rules do not need, only while it is imported."""
    added = [name for name in _ONLY_FOR_PLOTS_AND_DATA if name not in sys.modules]
    for name in added:
        sys.modules[name] = _Empty(name)
    try:
        yield
    finally:
        for name in added:
            del sys.modules[name]


def load() -> Any:  # a module without types
    """Returns the module byzfl.

    Raises:
        ConfigError: ``missing_extra`` when it or torch is not installed.
    """
    if importlib.util.find_spec("byzfl") is None or importlib.util.find_spec("torch") is None:
        raise ConfigError(
            "byzfl is not installed",
            code="missing_extra",
            where="bb.conformance",
            value="byzfl",
            hint="pip install 'bytesandbrains[peers]'",
        )
    if "byzfl" in sys.modules:
        return sys.modules["byzfl"]
    with _stand_ins():
        return importlib.import_module("byzfl")


def version() -> str:
    """The version of the installed byzfl."""
    load()
    return importlib.metadata.version("byzfl")


def functions() -> Mapping[tuple[Family, str], Callable[..., Any]]:
    """Its rules, pre-aggregators and attacks that our catalogue has, too.

    Names and numeric parameters are translated; variants are not chosen: comparing finds them.
    """
    b = load()
    rules: dict[str, Callable[..., Any]] = {
        "mean": b.Average(),
        "median": b.Median(),
        "trimmed_mean": lambda x, f: b.TrMean(f=f)(x),
        "krum": lambda x, f: b.Krum(f=f)(x),
        "multi_krum": lambda x, f: b.MultiKrum(f=f)(x),
        "geometric_median": lambda x, nu=0.1, iters=3: b.GeometricMedian(nu=float(nu), T=iters)(x),
        "meamed": lambda x, f: b.Meamed(f=f)(x),
        "mda": lambda x, f: b.MDA(f=f)(x),
        "smea": lambda x, f: b.SMEA(f=f)(x),
        "caf": lambda x, f: b.CAF(f=f)(x),
        "monna": lambda x, f, own=0: b.MoNNA(f=f, idx=own)(x),
        "centered_clipping": lambda x, tau, iters: b.CenteredClipping(L=iters, tau=float(tau))(x),
        "nnm": lambda x, f: b.NNM(f=f)(x),
        "arc": lambda x, f: b.ARC(f=f)(x),
        "clipping": lambda x, c: b.Clipping(c=float(c))(x),
        "bucketing": lambda x, s: b.Bucketing(s=s)(x),
    }
    attacks: dict[str, Callable[..., Any]] = {
        "sign_flip": b.SignFlipping(),
        "ipm": lambda h, epsilon=0.5: b.InnerProductManipulation(tau=float(epsilon))(h),
        "alie": lambda h, z=1.5: b.ALittleIsEnough(tau=float(z))(h),
        "mimic": lambda h, target=0: b.Mimic(epsilon=target)(h),
    }
    both: dict[tuple[Family, str], Callable[..., Any]] = {
        ("aggregators", name): function for name, function in rules.items()
    }
    return both | {("attacks", name): function for name, function in attacks.items()}
