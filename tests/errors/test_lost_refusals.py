# SPDX-License-Identifier: Apache-2.0
"""Refusals that another library has caught before it raised an error of its own."""

import math
import operator

import numpy as np
import pytest

import ad_core
from ad_core import errors

pytestmark = pytest.mark.usefixtures("nothing_leaks", "names_stay")


class Unit:
    """Returns NotImplemented if its operand is refused, as units of other packages do."""

    __array_ufunc__ = None

    def __rmul__(self, other):
        try:
            return math.exp(other)
        except TypeError:
            return NotImplemented

    __radd__ = __rsub__ = __rtruediv__ = __rpow__ = __rmul__


OPERATORS = [operator.mul, operator.add, operator.sub, operator.truediv, operator.pow]


@pytest.mark.parametrize("operate", OPERATORS)
@pytest.mark.parametrize("transform", [ad_core.jacfwd, ad_core.jacrev, ad_core.compile])
def test_an_operator_that_has_lost_a_refusal(operate, transform):
    with pytest.raises(errors.NotDifferentiable, match=r"in __rmul__.*math.exp") as caught:
        transform(lambda x: operate(x[0], Unit()))(np.array([1.3, 2.2]))
    assert isinstance(caught.value.__cause__, TypeError)


def test_exceptions_of_the_function_after_a_refusal_stay():
    """They are not about traced values."""

    def f(x):
        try:
            return math.exp(x[0])
        except TypeError:
            pass
        raise ValueError("no model for these numbers")

    with pytest.raises(ValueError, match="no model"):
        ad_core.grad(f)(np.array([1.3, 2.2]))
