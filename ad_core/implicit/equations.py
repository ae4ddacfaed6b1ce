# SPDX-License-Identifier: Apache-2.0
"""Solutions that a library's solver finds, by the equations that they satisfy: the implicit
function theorem for calls whose arguments are nested containers, functions and objects."""

import numpy as np

from ad_core import _core
from ad_core.errors import EscapedTraceError, NoDerivativeError
from ad_core.implicit.linear import divide, solve
from ad_core.rules.arguments import RuleArguments
from ad_core.rules.closures import depend, hoisted
from ad_core.rules.rule import call, closed_over, flat, rows_of, split
from ad_core.transforms import first_order

__all__ = ["plainly", "refuse_unsolved", "solved"]


def solved(name, given, find, residual, elementwise=False, local=False):
    """The arrays that find(given) returns, as differentiable functions of the traced values in
    given.

    given: nested containers of arrays, functions and objects, which are searched for traced values
    (rules/closures.py). find returns a tuple of arrays; it is called without a trace, with plain
    values in the places of the traced ones. Together the arrays solve residual(arrays, given) = 0,
    as many equations as they have elements. elementwise: each equation contains the element of the
    same number alone. local: residual also depends on plain values (which bounds are active).

    Each derivative takes one Jacobian of the residual, one linear system and one product. Raises
    LinAlgError if the Jacobian is singular, and TracedValueError if a function uses a traced value
    that was not found.
    """
    values, rebuild = hoisted(given)
    if not depend(values):
        values = [_core.current_values(x) if _core.traced(x) else x for x in values]
        return plainly(name, find, rebuild([x[()] for x in values]))
    arguments = RuleArguments(name, tuple(values), numbers=False)

    def value(*arrays):
        return find(rebuild(arguments.primals(arrays)))

    def linear(arrays, results, backward):
        shapes = [np.shape(x) for x in results]
        x = flat(results)

        def of(x, *arrays):
            found = residual(split(x, shapes), rebuild(arguments.primals(arrays)))
            found = np.ravel(found)
            if found.size != x.size:
                raise ValueError(
                    f"the function of {name} must return {x.size} numbers, as many as it solves "
                    f"for, got {found.size}"
                )
            return found

        # the arrays are traced too, since the functions may write to them
        push = first_order.linearize(of, x, *arrays)[1]
        fixed = [np.zeros(np.shape(a)) for a in arrays]
        if elementwise:
            matrix, divided = push(np.ones(x.size), *fixed), divide
        else:
            matrix, divided = np.transpose(rows_of(lambda t: [push(*t, *fixed)], [x])), solve
        if backward:
            pull = first_order.vjp(of, x, *arrays)[1]
            return lambda w: pull(-divided(name, np.transpose(matrix), flat(w)))[1:]
        still = np.zeros(x.size)
        return lambda t: split(-divided(name, matrix, push(still, *t)), shapes)

    results = call(name, value, arguments.take_arrays(), linear=linear, local=local)
    return tuple(x[()] for x in results)


def plainly(name, function, *given):
    """function(*given) without a trace. Raises TracedValueError if it uses a traced value."""
    try:
        return _core.untraced(function, *given)
    except EscapedTraceError as error:
        raise closed_over(name) from error


def refuse_unsolved(name, message):
    """Raise NoDerivativeError for a result that does not solve its equation."""
    raise NoDerivativeError(
        f"{name} found no solution{_core.user_line()} ({str(message).strip().rstrip('.')}), so its "
        f"result has no derivative; start nearer to a solution or allow more iterations"
    )
