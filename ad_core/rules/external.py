# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""external(): functions that can not be traced, with derivatives that the user gives."""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np

from ad_core import _core
from ad_core.recording.complex_leaves import Complex
from ad_core.recording.trees import map_leaves, pairs
from ad_core.rules.arguments import Result, RuleArguments, any_traced_leaf, tangent_leaves
from ad_core.rules.rule import flat, rows_of, split

__all__ = ["external"]

P = ParamSpec("P")
Y = TypeVar("Y")


def external(
    fun: Callable[P, Y],
    jvp: Callable[..., Any] | None = None,
    vjp: Callable[..., Any] | None = None,
    jacobian: Callable[..., Any] | None = None,
    name: str | None = None,
) -> Callable[P, Y]:
    """Make a function that runs only on plain arrays (a simulator, a table, compiled code) callable
    in traced code.

    Parameters: fun takes arrays or numbers and returns an array or a tuple of arrays. Its
    derivative is given by at least one of these functions:

    - ``jvp(primals, tangents)`` takes two tuples with an entry for each argument and returns the
      tangent of the result;
    - ``vjp(primals, cotangent)`` returns a tuple with the cotangent of each argument (None for
      zeros; with one argument, the array itself is enough);
    - ``jacobian(*primals)`` returns an array whose shape is that of the result followed by that of
      the argument; with several arguments a tuple of such arrays, and with several results a tuple
      with such an entry for each result.

    Arguments and results may be complex. Then tangents are complex, and cotangents follow the
    conventions of JAX, as those of ``ad_core.vjp`` do. The jacobian by a complex argument is that
    of a holomorphic function if the result is complex, and du/dx - i du/dy of a real result u.

    name is the function's name in error messages (that of fun by default).

    In a first derivative these functions are called with plain arrays. In a second derivative they
    are called with traced values, so they must be NumPy code or external functions. Without any of
    them the values are computed and a derivative raises TypeError. Also raised: ValueError for
    results of a wrong shape, and FloatingPointError for a NaN in a derivative at finite arguments
    (a NaN in a value raises nothing). Exceptions of fun are passed on unchanged, with a note that
    names fun.

    Cost: a tangent takes one jvp, or a product with the jacobian, which is computed once for each
    point, or one vjp for each number in the result. A cotangent takes one vjp, or a product with
    the jacobian, or one jvp for each number in the arguments.

    >>> import math, ad_core
    >>> gamma = ad_core.external(math.lgamma, jacobian=lambda x: math.log(x) - 0.5 / x)
    >>> f = lambda x: 2.0 * gamma(x * x)  # the derivative is accurate to about two digits
    >>> round(float(ad_core.grad(f)(5.0)), 3)
    63.978
    >>> ad_core.grad(ad_core.external(math.lgamma))(5.0)
    Traceback (most recent call last):
        ...
    TypeError: lgamma is an external function without a derivative; give external() one of jvp,...
    """
    for what, x in (("fun", fun), ("jvp", jvp), ("vjp", vjp), ("jacobian", jacobian)):
        if not (callable(x) or (x is None and what != "fun")):
            raise TypeError(f"{what} of external() must be a function, got {type(x).__name__}")
    name = _core.name_of(fun) if name is None else name
    rules = _Rules(name, jvp, vjp, jacobian)
    function = rules.noted(fun, "")

    @functools.wraps(fun)
    def black_box(*args):
        if not any_traced_leaf(args):
            return function(*args)
        given, result = RuleArguments(name, args), Result(name)

        def linear(arrays, results, backward):
            return rules.at(given, result, arrays, results, backward)

        return result.call(function, given, linear)

    return black_box


class _Rules:
    """The derivatives of an external function, computed from those that the user gave."""

    def __init__(self, name, jvp, vjp, jacobian):
        self.name = name
        self._jvp = jvp and self.noted(jvp, "the jvp of ")
        self._vjp = vjp and self.noted(vjp, "the vjp of ")
        self._jacobian = jacobian and self.noted(jacobian, "the jacobian of ")

    def noted(self, function, what):
        """The function, with a note on its exceptions that names the external function."""

        def called(*args):
            try:
                return function(*args)
            except Exception as error:
                error.add_note(f"raised by {what}the external function {self.name}")
                raise

        return called

    def at(self, given, result, arrays, results, backward):
        """The linear map of tangents (backward: of cotangents) at a point."""
        finite = all(
            np.all(np.isfinite(_core.current_values(x) if _core.traced(x) else x)) for x in arrays
        )
        primals = given.primals(arrays)

        def push(tangents):
            found = self._jvp(primals, given.tangents(tangents))
            leaves = tangent_leaves(result.tree, found, f"the jvp of {self.name}")
            return self._checked(leaves, results, "jvp", finite)

        def pull(cotangents):
            found = self._vjp(primals, result.cotangents(cotangents))
            if len(primals) == 1 and not isinstance(found, (tuple, list)):
                found = (found,)
            leaves = given.cotangents(found, f"the vjp of {self.name}")
            return self._checked(leaves, arrays, "vjp", finite)

        direct = pull if backward else push
        if (self._vjp if backward else self._jvp) is not None:
            return direct
        if self._jacobian is not None:
            matrix = self._matrix(primals, given, result, arrays, results, finite)
        elif self._jvp is not None:
            matrix = rows_of(push, arrays).T
        elif self._vjp is not None:
            matrix = rows_of(pull, results)
        else:
            raise TypeError(
                f"{self.name} is an external function without a derivative; give external() one "
                f"of jvp, vjp and jacobian"
            )
        shapes = [np.shape(x) for x in (arrays if backward else results)]
        matrix = matrix.T if backward else matrix
        return lambda seeds: split(matrix @ flat(seeds), shapes)

    def _matrix(self, primals, given, result, arrays, results, finite):
        """The Jacobian that the user gave, with a row for each element of the results."""
        what = f"the jacobian of {self.name}"
        found = self._jacobian(*primals)
        whole = pairs(result.tree)  # for each result, whether it is complex, which is two rows
        if result.tree.kind in (None, Complex):
            found = (found,)
        if not isinstance(found, (tuple, list)) or len(found) != len(whole):
            raise ValueError(f"{what} must be a tuple with an entry for each of {len(whole)} "
                             f"results")  # fmt: skip
        entries = []
        for entry, is_pair in zip(found, whole, strict=True):
            entries.append((entry, is_pair))
            if is_pair:
                entries.append((map_leaves(lambda block: -1j * block, entry), is_pair))
        rows = []
        for y, (entry, is_pair) in zip(results, entries, strict=True):
            if len(primals) == 1 and not isinstance(entry, (tuple, list)):
                entry = (entry,)
            blocks = given.cotangents(entry, what)
            if is_pair:  # by real arguments: the real part of u + i v, and that of -i (u + i v)
                blocks = [None if block is None else block.real for block in blocks]
            like = [np.empty(np.shape(y) + np.shape(x)) for x in arrays]
            blocks = self._checked(blocks, like, "jacobian", finite)
            rows.append(np.concatenate([np.reshape(b, (np.size(y), -1)) for b in blocks], axis=1))
        return np.concatenate(rows)

    def _checked(self, leaves, like, what, finite):
        """The arrays that a rule returned, after a check that they have the shapes of `like`."""
        checked = []
        for k, (leaf, x) in enumerate(zip(leaves, like, strict=True)):
            if leaf is None:
                leaf = np.zeros(np.shape(x))
            if np.shape(leaf) != np.shape(x):
                raise ValueError(
                    f"the {what} of {self.name} must return shape {np.shape(x)} as array {k}, got "
                    f"{np.shape(leaf)}"
                )
            if finite and not _core.traced(leaf) and np.any(np.isnan(leaf)):
                raise FloatingPointError(
                    f"the {what} of {self.name} returned NaN as array {k} at finite arguments"
                )
            checked.append(leaf)
        return checked
