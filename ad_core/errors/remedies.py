# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Remedies for error messages: what to write instead of functions that take only plain numbers."""

import ast
import importlib
import re
import sys

import numpy as np

from ad_core.errors import callers

__all__ = [
    "DIFFERENTIABLE", "advice", "conversion_message", "framework", "of_framework_array",
    "of_framework_error",
]  # fmt: skip

# Replacements of functions of math that have another name in NumPy or ad_core.
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
FRAMEWORKS = {
    "jax": (
        "a JAX array",
        "Write NumPy functions (np.sin for jnp.sin), pass np.asarray(x) for a JAX array that is "
        "constant here, or give the JAX function a derivative by ad_core.external with jax.vjp",
        "pass np.asarray(x), or put the ad_core function in jax.custom_vjp with jax.pure_callback "
        "where JAX traces",
    ),
    "torch": (
        "a torch tensor",
        "Write NumPy functions, pass x.detach().numpy() for a tensor that is constant here, or "
        "give the torch function a derivative by ad_core.external with torch.autograd.grad",
        "pass x.detach().numpy(), or put the ad_core function in a torch.autograd.Function where "
        "torch differentiates",
    ),
}  # noun, remedy for their functions, remedy for their arrays; docs/frameworks.md shows the code
RECIPES = " (docs/frameworks.md has the code)"
GENERAL = ("operator", "functools", "itertools", "builtins")  # they take objects of any type
COMPILED = ("cython_function_or_method", "fused_cython_function", "CPUDispatcher", "DUFunc")
# Predicates that say whether a function takes traced values; modules that override functions append
# theirs.
DIFFERENTIABLE = []
GENERIC = (
    "Use NumPy functions instead of math.*, store into arrays that the traced function makes with "
    "np.zeros, np.array, ... (called as np.zeros, not through an earlier `from numpy import "
    "zeros`), take np.floor(x) or np.trunc(x) first if a step function is meant"
)

OBJECTS = (
    "Make arrays of traced values by np.array, np.asarray or np.stack (called by these names, not "
    "through an earlier `from numpy import asarray`, and without dtype=object)"
)
OF_OTHERS = "Give {} a derivative by ad_core.external, or write it with NumPy functions"


def conversion_message(what, frame, fun):
    """The message for a conversion that would lose a derivative.  frame: the innermost frame; fun:
    the traced function."""
    users, inner = callers.users_frame(frame, fun), []
    while users is not None and frame is not users:
        inner.insert(0, frame)
        frame = frame.f_back
    line, remedy = callers.line_of(users), GENERIC
    if users is not None:
        called = callers.library_function(inner, users, users.f_lasti)
        remedy = advice(called) or (_formatting(users) if not inner else None) or GENERIC
        module = "" if called is None else called.module.lstrip("_")
        if called is not None and (inner or module not in ("", "numpy", *GENERAL)):
            line += f", and {called.name} needs it"
    return (
        f"{what} of a traced value would lose its derivative{line}. {remedy}; or pass "
        f"ad_core.stop_gradient(x) if the derivative is not needed"
    )


def advice(called):
    """What to do instead of calling a LibraryFunction with traced values; None if that is not
    known."""
    if called is None:
        return None
    function, name = called.function, getattr(called.function, "__name__", "")
    library = called.module.lstrip("_").partition(".")[0]
    if framework(library):
        return FRAMEWORKS[framework(library)][1] + RECIPES
    if called.module in ("math", "cmath"):
        return _of_math(function, name)
    if function is float or function is complex:
        return f"Leave {name}() out: NumPy's functions and operators take traced numbers directly"
    if function is int:
        return "Take np.trunc(x) (or np.floor, np.rint) first, whose result int() can convert"
    if isinstance(function, type) and issubclass(function, np.generic):
        return f"Leave np.{name}() out, or take np.trunc(x) first if an integer is meant"
    if called.module.startswith(SOLVERS):
        return (
            "Differentiate the solution through the equations that it solves by ad_core.implicit "
            "(root, fixed_point, minimize, odeint, ...)"
        )
    if library == "scipy":
        return _of_scipy(called)
    if library in FRAMES:
        return (
            "Convert the table to an array by .to_numpy() before it is combined with traced "
            "values, and compute with arrays"
        )
    if is_compiled(function):
        return (
            "Give the compiled function a derivative by ad_core.external, or call the Python "
            "function that it was compiled from"
        )
    if library == "numpy" or library in GENERAL:
        return None
    if library in sys.stdlib_module_names:
        return f"Call {called.name} with plain numbers, outside of the traced function"
    return OF_OTHERS.format(called.name) if library not in ("", "builtins", "numpy") else None


def framework(module):
    """The framework of differentiable arrays that a module belongs to, or None."""
    name = module.partition(".")[0]
    name = "jax" if name == "jaxlib" else name
    return name if name in FRAMEWORKS else None


def of_framework_array(kind):
    """(noun, remedy) for arrays of a framework's class, or None."""
    found = next(filter(None, (framework(base.__module__) for base in kind.__mro__)), None)
    if found is None:
        return None
    noun, _, remedy = FRAMEWORKS[found]
    return noun, remedy + RECIPES


def of_framework_error(error):
    """(noun, remedy) if a framework refused to convert an array that it differentiates by to plain
    numbers, or if Python found no operator for such an array; else None."""
    text = str(error)
    if re.search(r"on Tensor that requires grad|to a torch\.\w+Tensor", text) or (
        "torch" in sys.modules and re.search(r"operand type.*'(Tensor|Parameter)'", text)
    ):
        noun, remedy, _ = FRAMEWORKS["torch"]
    elif framework(type(error).__module__) == "jax" and "Tracer" in type(error).__name__:
        noun, _, remedy = FRAMEWORKS["jax"]
        remedy = remedy[0].upper() + remedy[1:]
    else:
        return None
    return noun, remedy + RECIPES


def _of_math(function, name):
    if name in MATH:
        return f"Write {MATH[name]} instead of {function.__module__}.{name}"
    if any(knows(getattr(np, name, None)) for knows in DIFFERENTIABLE):
        return f"Write np.{name} instead of {function.__module__}.{name}"
    return f"Use NumPy functions instead of {function.__module__ if name else 'math'}.*"


def _of_scipy(called):
    """Advice for a function of SciPy: the one of the same name in ad_core.scipy, or a derivative by
    ad_core.external."""
    module, name = called.module, called.name.rpartition(".")[2]
    for part in ("special", "linalg"):
        if module.startswith(f"scipy.{part}"):
            ours = f"ad_core.scipy.{part}"
            if hasattr(importlib.import_module(ours), name):
                return f"Use {ours}.{name} instead"
            return (
                f"Use a function of {ours} or NumPy instead, or give {called.name} a derivative by "
                f"ad_core.external"
            )
    return OF_OTHERS.format(called.name)


def is_compiled(function):
    """Whether a function comes from numba, Cython, ctypes or another extension module."""
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
    """Advice for an operator % that formats a traced number; None if there is none."""
    node = callers.expression_at(users, users.f_lasti)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        left = callers.resolved(node.left, users)
        if isinstance(left, (str, bytes)) or isinstance(node.left, ast.JoinedStr):
            return "Print the value by print(x) or f'{x}'"
    return None
