# SPDX-License-Identifier: Apache-2.0
"""Automatic differentiation of plain NumPy code.

A function of NumPy arrays is run once on traced arrays; its elementary operations are
recorded on a tape, and sweeps over the tape give exact derivatives.

>>> import numpy as np, ad_core
>>> ad_core.jacobian(lambda x: np.sin(x) * x[0])(np.array([0.0, 1.0]))
array([[0.        , 0.        ],
       [0.84147098, 0.        ]])
"""

import importlib as _importlib
import sys as _sys
import typing as _typing

try:
    from ad_core import _core
except ImportError as _error:
    if _error.name != __name__:  # another one: a library that is missing or does not fit
        raise
    raise ImportError(
        f"{__path__[0]} holds the sources of ad_core without the compiled extension. Run `pip "
        f"install .` in the repository's root (or `pip install -e .` to work on it); if ad_core is "
        f"installed already, start Python in another directory"
    ) from None
from ad_core._core import CFunction, Gathered, gather
from ad_core.errors import (
    BranchChanged,
    DtypeError,
    EscapedTraceError,
    NoDerivativeError,
    NotDifferentiable,
    TapeFullError,
    TracedAttributeError,
    TracedIndexError,
    TracedValueError,
)
from ad_core.inspect.explain import Explanation, explain
from ad_core.loops.scan import scan
from ad_core.overrides import numpy as _numpy
from ad_core.overrides.stop_gradient import stop_gradient
from ad_core.programs import workers as _workers
from ad_core.programs.function import Function, compile
from ad_core.programs.include import get_include
from ad_core.programs.tape import Node, Tape, trace
from ad_core.recording.containers import register_tree
from ad_core.recording.debugging import debug
from ad_core.recording.refusals import allow_refusals
from ad_core.recording.trees import flatten as _flatten
from ad_core.rules.checkpoint import checkpoint
from ad_core.rules.custom import custom_jvp, custom_vjp
from ad_core.rules.external import external
from ad_core.transforms import first_order as _first_order
from ad_core.transforms.first_order import (
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    linearize,
    value_and_grad,
    value_and_jacobian,
    vjp,
)
from ad_core.transforms.second_order import ggnvp, lagrangian_hessian
from ad_core.transforms.taylor import jet
from ad_core.transforms.testing import check_grads

if _typing.TYPE_CHECKING:  # imported by __getattr__ when they are first used
    from ad_core import implicit
    from ad_core.adapting.namespaces import adapt, adapted, restore

__version__ = "0.1.0"

_core.set_hooks(
    **_numpy.hooks,
    **_first_order.hooks,
    **_workers.hooks,
    flatten=_flatten,
    adapt_after=lambda *given: _adapt_after(*given),
    modules_loaded=lambda: _modules_loaded(),
)
_core.use_stand_ins(
    [module for name, module in _sys.modules.items() if name.startswith("ad_core.")]
)

__all__ = [
    "BranchChanged",
    "CFunction",
    "DtypeError",
    "EscapedTraceError",
    "Explanation",
    "Function",
    "Gathered",
    "NoDerivativeError",
    "Node",
    "NotDifferentiable",
    "Tape",
    "TapeFullError",
    "TracedAttributeError",
    "TracedIndexError",
    "TracedValueError",
    "adapt",
    "adapted",
    "allow_refusals",
    "check_grads",
    "checkpoint",
    "compile",
    "custom_jvp",
    "custom_vjp",
    "debug",
    "explain",
    "external",
    "gather",
    "get_include",
    "ggnvp",
    "grad",
    "hessian",
    "hvp",
    "implicit",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jet",
    "jvp",
    "lagrangian_hessian",
    "linearize",
    "register_tree",
    "restore",
    "scan",
    "stop_gradient",
    "trace",
    "value_and_grad",
    "value_and_jacobian",
    "vjp",
]


def _adapt_after(error, fun, refusal, as_objects):
    """Exchange the names that a failed recording has used. The module for it is imported when a
    recording first fails."""
    return _importlib.import_module("ad_core.adapting.again").adapt_after(
        error, fun, refusal, as_objects
    )


# Modules with functions or methods that return without an error, but not the derivative; and numba,
# whose errors do not show that a traced value is their cause.
_EXCHANGED_AHEAD = frozenset(
    ("scipy.optimize", "scipy.integrate", "scipy.spatial.transform", "numba.np.ufunc.dufunc")
)


def _modules_loaded():
    """Exchange names of solvers and methods if these are loaded; whether there were any."""
    if not _EXCHANGED_AHEAD.isdisjoint(_sys.modules):
        return _importlib.import_module("ad_core.adapting.namespaces").exchange_solvers() > 0
    return False


def __getattr__(name):
    """ad_core.implicit, adapt, adapted and restore, which are imported when they are first used."""
    if name == "implicit":
        return _importlib.import_module("ad_core.implicit")
    if name in ("adapt", "adapted", "restore"):
        return getattr(_importlib.import_module("ad_core.adapting.namespaces"), name)
    raise AttributeError(f"module 'ad_core' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
