# SPDX-License-Identifier: Apache-2.0
"""Operators in place on a plain array with a traced operand: a new array if nothing else holds the
plain one, else a refusal."""

import weakref
from types import SimpleNamespace

import numpy as np
import pytest

import ad_core

X = np.array([2.0, 3.0])
SHARED = np.cos(np.arange(2.0))


def plain():
    return np.cos(np.arange(2.0))


def helper(c, x):
    c *= x
    return c


def name(x):
    c = plain()
    c *= x
    c += x
    c -= x[0]
    c /= x
    c **= 2
    return c


def number(x):
    c = plain()
    c *= x[0]
    return c


def element(x):
    held = [plain()]
    held[0] *= x
    return held[0]


def attribute(x):
    held = SimpleNamespace(c=plain())
    held.c *= x
    return held.c


def closure(x):
    c = plain()

    def change():
        nonlocal c
        c *= x

    change()
    return c


def argument(x):
    return helper(plain(), x)


@pytest.mark.parametrize("f", [name, number, element, attribute, closure, argument])
def test_the_name_gets_a_new_array(f):
    np.testing.assert_allclose(ad_core.trace(f, X)(X), f(X), rtol=1e-14)
    ad_core.transforms.testing.check_grads(f, (X,))


def two_names(x):
    c = plain()
    other = c
    c *= x
    return other


def view_of(x):
    c = plain()
    other = c[:]
    c *= x
    return other


def of_view(x):
    c = np.cos(np.arange(4.0))
    part = c[:2]
    part *= x
    return c


def out(x):
    c = plain()
    np.multiply(c, x, out=c)
    return c


def in_list(x):
    held = [plain()]
    for c in held:
        c *= x
    return held[0]


def callers(x):
    c = plain()
    helper(c, x)
    return c


def shared(x):
    c = SHARED
    c *= x
    return c


def weakly_held(x):
    c = plain()
    other = weakref.ref(c)
    c *= x
    return other()


def integers(x):
    c = np.arange(2)
    c *= x
    return c


def global_name(x):
    global SHARED
    SHARED *= x
    return SHARED


@pytest.mark.parametrize("f", [
    two_names, view_of, of_view, out, in_list, callers, shared, weakly_held, integers, global_name,
])  # fmt: skip
def test_an_array_that_something_else_holds_is_refused(f):
    before = SHARED.copy()
    with pytest.raises(ad_core.TracedValueError, match=r"plain array.*test_in_place\.py"):
        ad_core.jacobian(f)(X)
    assert np.array_equal(before, SHARED)
