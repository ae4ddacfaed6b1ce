# SPDX-License-Identifier: Apache-2.0
"""What to write instead of a function that takes plain numbers alone."""

import ast
import importlib
import sys

import numpy as np

from ad_core.errors import callers

__all__ = ["DIFFERENTIABLE", "advice", "lost"]

# Functions of math that NumPy has under another name, or ad_core in another place.
MATH = {
    "acos": "np.arccos(x)", "acosh": "np.arccosh(x)", "asin": "np.arcsin(x)",
    "asinh": "np.arcsinh(x)", "atan": "np.arctan(x)", "atan2": "np.arctan2(y, x)",
    "atanh": "np.arctanh(x)", "dist": "np.linalg.norm(p - q)", "fabs": "np.abs(x)",
    "fsum": "np.sum(x)", "pow": "x ** y", "log": "np.log(x)",
    "gamma": "ad_core.scipy.special.gamma(x)", "lgamma": "ad_core.scipy.special.gammaln(x)",
    "erf": "ad_core.scipy.special.erf(x)", "erfc": "ad_core.scipy.special.erfc(x)",
    "factorial": "ad_core.scipy.special.gamma(x + 1)", "phase": "np.angle(z)",
    "isclose": "np.isclose(x, y, rtol=1e-9, atol=0.0)", "remainder": "x - y * np.rint(x / y)",
}  # fmt: skip
SOLVERS = ("scipy.optimize", "scipy.integrate")
FRAMES = ("pandas", "polars", "xarray", "pyarrow")
GENERAL = ("operator", "functools", "itertools", "builtins")  # of whatever they are given
COMPILED = ("cython_function_or_method", "fused_cython_function", "CPUDispatcher", "DUFunc")
# Predicates that tell whether a function takes traced values, entered by whoever overrides some.
DIFFERENTIABLE = []
GENERIC = (
    "Use NumPy functions instead of math.*, store into arrays made with np.zeros, np.array, ... "
    "inside the traced function (called as np.zeros, not through an earlier `from numpy import "
    "zeros`), take np.floor(x) or np.trunc(x) first where a step is meant"
)

OBJECTS = (
    "Make arrays of traced values by np.array, np.asarray or np.stack (called so, not through an "
    "earlier `from numpy import asarray`, and without dtype=object)"
)
OF_OTHERS = "Give {} a derivative by ad_core.external, or write it with NumPy functions"


def lost(what, frame, fun):
    """The message of a conversion that would lose a derivative; frame: the innermost one, fun: the
    traced function."""
    users, inner = callers.users_frame(frame, fun), []
    while users is not None and frame is not users:
        inner.insert(0, frame)
        frame = frame.f_back
    line, wanted = callers.line_of(users), GENERIC
    if users is not None:
        met = callers.met_in(inner, users, users.f_lasti)
        wanted = advice(met) or (_formatting(users) if not inner else None) or GENERIC
        if met is not None and (inner or met.module.lstrip("_") not in ("", "numpy", *GENERAL)):
            line += f", which {met.name} asks for"
    return (
        f"{what} of a traced value would lose its derivative{line}. {wanted}; or pass "
        f"ad_core.stop_gradient(x) if the derivative is not wanted"
    )


def advice(met):
    """What to do instead of calling a function on traced values; None where nothing fits."""
    if met is None:
        return None
    function, name = met.function, getattr(met.function, "__name__", "")
    library = met.module.lstrip("_").partition(".")[0]
    if met.module in ("math", "cmath"):
        return _of_math(function, name)
    if function is float or function is complex:
        return f"Leave {name}() out: a traced number may stand wherever NumPy's functions are used"
    if function is int:
        return "Take np.trunc(x) (or np.floor, np.rint) first: int() of such a step is a number"
    if isinstance(function, type) and issubclass(function, np.generic):
        return f"Leave np.{name}() out, or take np.trunc(x) first where a whole number is meant"
    if met.module.startswith(SOLVERS):
        return (
            "Differentiate the solution through the equations that it solves by ad_core.implicit "
            "(root, fixed_point, minimize, odeint, ...)"
        )
    if library == "scipy":
        return _of_scipy(met)
    if library in FRAMES:
        return (
            "Take the numbers out of the table by .to_numpy() before they meet traced values, and "
            "compute with arrays"
        )
    if is_compiled(function):
        return (
            "Give the compiled function's derivative by ad_core.external, or call the Python "
            "function that it was made from"
        )
    if library == "numpy" or library in GENERAL:
        return None
    if library in sys.stdlib_module_names:
        return f"Call {met.name} on plain numbers, outside of the derivative"
    return OF_OTHERS.format(met.name) if library not in ("", "builtins", "numpy") else None


def _of_math(function, name):
    if name in MATH:
        return f"Write {MATH[name]} instead of {function.__module__}.{name}"
    if any(knows(getattr(np, name, None)) for knows in DIFFERENTIABLE):
        return f"Write np.{name} instead of {function.__module__}.{name}"
    return f"Use NumPy functions instead of {function.__module__ if name else 'math'}.*"


def _of_scipy(met):
    """The function of the same name in ad_core.scipy, or a derivative of one's own."""
    module, name = met.module, met.name.rpartition(".")[2]
    for part in ("special", "linalg"):
        if module.startswith(f"scipy.{part}"):
            ours = f"ad_core.scipy.{part}"
            if hasattr(importlib.import_module(ours), name):
                return f"Use {ours}.{name} instead"
            return (
                f"Use a function of {ours} or NumPy instead, or give {met.name} a derivative by "
                f"ad_core.external"
            )
    return OF_OTHERS.format(met.name)


def is_compiled(function):
    """Whether a function is of numba, Cython, ctypes or another extension module."""
    kind = type(function)
    if kind.__name__ in COMPILED or kind.__module__ in ("_ctypes", "ctypes"):
        return True
    if isinstance(function, type) and function.__module__ == "ctypes":
        return True
    module = getattr(function, "__module__", None) or ""
    library = module.partition(".")[0]
    return kind.__name__ == "builtin_function_or_method" and library not in (
        "", "numpy", "ad_core", *sys.stdlib_module_names,
    )  # fmt: skip


def _formatting(users):
    """What to do where a traced number is put into a text."""
    node = callers.expression_at(users, users.f_lasti)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        left = callers.resolved(node.left, users)
        if isinstance(left, (str, bytes)) or isinstance(node.left, ast.JoinedStr):
            return "Print the value by print(x) or f'{x}'"
    return None
