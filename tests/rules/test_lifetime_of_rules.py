# SPDX-License-Identifier: Apache-2.0
"""Recordings that call rules are freed with their last reference: no rule refers to them."""

import functools
import gc

import numpy as np
import pytest

import ad_core
from ad_core import _core

x3 = np.array([0.5, 1.0, 1.5])


@pytest.fixture(scope="module", autouse=True)
def only_new_objects():
    """The collector looks at objects made from here on alone, which takes a hundredth of the
    time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@ad_core.custom_jvp
def by_jvp(x):
    return np.sin(x)


by_jvp.defjvp(lambda primals, tangents: (by_jvp(*primals), np.cos(primals[0]) * tangents[0]))


@ad_core.custom_vjp
def by_vjp(x):
    return np.sin(x)


by_vjp.defvjp(lambda x: (np.sin(x), x), lambda x, w: (np.cos(x) * w,))

outside = ad_core.external(np.sin, jacobian=lambda x: np.diag(np.cos(x)))


def closed_over(x):
    return ad_core.checkpoint(lambda y: np.sin(x) * y)(x)


def closed_over_by_an_inner_function(x):
    def inner(y):
        return np.sin(x) * y

    return ad_core.checkpoint(lambda y: inner(y) + 1.0)(x)


def bound_and_default(x):
    def scaled(a, y, z=x):
        return a * y * np.sin(z)

    return ad_core.checkpoint(functools.partial(scaled, x))(2.0)


def root(x):
    return ad_core.implicit.root(lambda y: y**3 + x * y - 1.0, np.full(3, 0.5))


def differential_equation(x):
    return ad_core.implicit.odeint(lambda y, t: -x * y, x, np.array([0.0, 0.1]))[-1]


FUNCTIONS = {
    "custom_jvp": by_jvp,
    "custom_vjp": by_vjp,
    "external": outside,
    "checkpoint": ad_core.checkpoint(np.sin),
    "keyword": lambda x: ad_core.checkpoint(lambda a: {"b": np.sin(a["c"])})(a={"c": x})["b"],
    "closure": closed_over,
    "inner closure": closed_over_by_an_inner_function,
    "partial": bound_and_default,
    "root": root,
    "odeint": differential_equation,
    "roots": lambda x: np.roots(
        np.concatenate([np.ones(1), 0.01 * x + np.array([-6.0, 11.0, -6.0])])
    ),
    "inverse": lambda x: np.linalg.inv(np.diag(x) + np.outer(x, x)),
    "in Fortran's order": lambda x: by_jvp(np.outer(x, x).T + np.zeros((3, 3), order="F")),
}


def total(function, x):
    return np.sum(function(x))


USES = {
    "gradient": lambda f: ad_core.grad(f)(x3),
    "hvp": lambda f: ad_core.hvp(f, (x3,), (x3,)),
    "recording": lambda f: ad_core.trace(f, x3),
    "program": lambda f: ad_core.trace(f, x3).grad(x3[::-1].copy()),
    "compiled": lambda f: ad_core.compile(f).grad(x3),
}


def calls():
    """How many calls of rules are kept by recordings."""
    gc.collect()
    return sum(type(x) is _core.Called for x in gc.get_objects())


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_recordings_with_rules_are_freed(name, use):
    f = functools.partial(total, FUNCTIONS[name])
    before = calls()
    USES[use](f)
    assert calls() == before


@pytest.mark.parametrize("name", ["closure", "inner closure", "partial"])
def test_functions_with_other_values_in_their_closures(name):
    f = functools.partial(total, FUNCTIONS[name])
    expected = {"partial": lambda x: np.sum(2.0 * x * np.sin(x))}.get(
        name, lambda x: np.sum(np.sin(x) * x + (name == "inner closure"))
    )
    tape = ad_core.trace(f, x3)
    y = np.array([0.1, 0.7, 2.0])
    np.testing.assert_allclose(tape(y), expected(y), rtol=1e-14)
    np.testing.assert_allclose(tape.grad(y), ad_core.grad(expected)(y), rtol=1e-13)
