# SPDX-License-Identifier: Apache-2.0
"""Functions with functools.lru_cache or functools.cache are called without their cache for traced
values, wherever their name is, and keep it for plain numbers."""

import pickle
import sys
import types

import numpy as np
import pytest

import ad_core

CODE = """
import functools, math
from functools import lru_cache

@lru_cache(maxsize=None)
def growth(x, n):
    return math.exp(x) * n

@functools.cache
def of_pair(pair, *, scale=1.0):
    return pair[0] * pair[1] * scale

class Section:
    @lru_cache
    def area(self, x):
        return x * x

    @staticmethod
    @functools.cache
    def twice(x):
        return 2.0 * x

    @classmethod
    @functools.lru_cache()
    def cube(cls, x):
        return x ** 3

TABLE = {"growth": growth}

def at_home(x):
    return growth(x, 2) + of_pair((x, 3.0), scale=x)

def of_class(x):
    section = Section()
    return section.area(x) + Section.twice(x) + section.cube(x)

def of_table(x):
    return TABLE["growth"](x, 3)

def as_default(x, function=growth):
    return function(x, 4)

def plain_arguments(x):
    return x * growth(0.5, 2) * of_pair((2.0, 3.0))
"""
USER = """
from caching import growth, of_pair
import caching

def imported(x):
    return growth(x, 2) * of_pair((x, x))

def through_the_module(x):
    return caching.growth(x, 2)
"""
EXPECTED = {
    "at_home": lambda x: 2.0 * np.exp(x) + 6.0 * x,
    "of_class": lambda x: 2.0 * x + 2.0 + 3.0 * x**2,
    "of_table": lambda x: 3.0 * np.exp(x),
    "as_default": lambda x: 4.0 * np.exp(x),
    "plain_arguments": lambda x: 12.0 * np.exp(0.5),
    "imported": lambda x: 2.0 * np.exp(x) * (x**2 + 2.0 * x),
    "through_the_module": lambda x: 2.0 * np.exp(x),
}


@pytest.fixture
def modules(monkeypatch):
    made = []
    for name, code in {"caching": CODE, "caching_user": USER}.items():
        module = types.ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(code, vars(module))
        made.append(module)
    yield types.SimpleNamespace(**vars(made[0]) | vars(made[1])), made[0]
    ad_core.restore()


@pytest.mark.parametrize("name", EXPECTED)
def test_derivatives(modules, name):
    f, expected = getattr(modules[0], name), EXPECTED[name]
    for x in (0.7, 1.9):
        assert ad_core.grad(f)(x) == pytest.approx(expected(x), rel=1e-12)
        assert ad_core.jacfwd(f)(x) == pytest.approx(expected(x), rel=1e-12)
        assert ad_core.compile(f).grad(x) == pytest.approx(expected(x), rel=1e-12)


def test_plain_numbers_keep_the_cache(modules):
    space, module = modules
    ad_core.grad(space.at_home)(0.7)
    assert "growth" in ad_core.adapted()["caching"]
    before = module.growth.cache_info().currsize
    assert module.growth(0.25, 5) == module.growth(0.25, 5)
    assert module.growth.cache_info().currsize == before + 1
    assert module.growth.cache_info().hits >= 1
    module.growth.cache_clear()
    assert module.growth.cache_info().currsize == 0


def test_no_result_of_a_trace_stays_in_a_cache(modules):
    space, module = modules
    ad_core.grad(space.at_home)(0.7)
    assert module.growth.cache_info().currsize == 0


def test_a_function_with_a_cache_is_pickled_by_its_name(modules):
    space, module = modules
    ad_core.grad(space.at_home)(0.7)
    assert pickle.loads(pickle.dumps(module.growth)) is module.growth
    ad_core.restore()
    assert pickle.loads(pickle.dumps(module.growth)) is module.growth


def test_other_uses_of_a_hash_are_refused(modules):
    with pytest.raises(ad_core.errors.TracedValueError, match="hashed"):
        ad_core.grad(lambda x: {x: 1.0}[x] * x)(2.0)
