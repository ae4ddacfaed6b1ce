# SPDX-License-Identifier: Apache-2.0
"""Rules of linear functions of one array, which are given with their transposes."""

from ad_core.rules.rule import call

__all__ = ["linear_map"]


def linear_map(name, function, transposed, x, stack=None):
    """function(x) of a traced array, for a linear function of plain arrays.

    transposed(w) is the transpose of function: for all x and w, sum(w * function(x)) is
    sum(transposed(w) * x). Both keep the shapes of x and of the result. stack: as in Rule.
    """

    def jvp(arrays, results, tangents):
        return (linear_map(name, function, transposed, tangents[0], stack),)

    def vjp(arrays, results, cotangents):
        return (linear_map(name, transposed, function, cotangents[0], stack),)

    return call(name, lambda x: (function(x),), (x,), jvp, vjp, raises=False, stack=stack)[0]
