# SPDX-License-Identifier: Apache-2.0
"""Lists and tuples of numbers and arrays as arguments: every method, by programs and by replays,
gives what the one-shot transform gives, for each kind of leaves."""

from typing import NamedTuple

import numpy as np
import pytest

import ad_core
from ad_core.programs import by_cost

METHODS = ("value", "grad", "value_and_grad", "jacobian", "hessian")


class Pair(NamedTuple):
    left: float
    right: float


def total(*parts):
    """A scalar function of the leaves of its arguments, with a path that depends on the first."""
    leaves = [
        leaf for part in parts for leaf in (part if isinstance(part, (list, tuple)) else [part])
    ]
    x = np.concatenate([np.ravel(leaf) for leaf in leaves])
    y = np.sum(np.sin(x[1:]) * x[:-1]) + x[0] ** 3
    return y * x[-1] if x[0] > 0 else y


def arguments(kind, sign=1.0, n=5):
    rng = np.random.default_rng(3)
    numbers = [sign, *rng.uniform(0.5, 1.5, n - 1).tolist()]
    match kind:
        case "floats":
            return (numbers,)
        case "NumPy's floats":
            return ([np.float64(x) for x in numbers],)
        case "mixed floats":
            return ([np.float64(numbers[0]), *numbers[1:-1], np.float32(0.5)],)
        case "tuple":
            return (tuple(numbers), 0.5)
        case "named tuple":
            return (Pair(*numbers[:2]),)
        case "two lists":
            return (numbers, numbers[::-1])
        case "arrays":
            return ([np.array(numbers), np.ones((2, 2)), np.array(0.3)],)
        case "numbers and arrays":
            return (numbers[0], [np.array(numbers)], [0.1, np.arange(3.0)])
        case "other order":
            return ([np.array(numbers), np.arange(6.0).reshape(2, 3).T],)
    raise AssertionError(kind)


KINDS = ("floats", "NumPy's floats", "mixed floats", "tuple", "named tuple", "two lists", "arrays",
         "numbers and arrays", "other order")  # fmt: skip


def one_shot(name, args):
    if name == "value":
        return total(*args)
    return getattr(ad_core, name)(total)(*args)


def method(function, name):
    return function if name == "value" else getattr(function, name)


def flat(result):
    if isinstance(result, (list, tuple)):
        return [(type(result), len(result)), *(leaf for part in result for leaf in flat(part))]
    return [result]


def same(found, wanted):
    found, wanted = flat(found), flat(wanted)
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        if isinstance(other, tuple):
            assert one == other
            continue
        assert type(one) is type(other)
        assert np.shape(one) == np.shape(other)
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("replayed", [False, True])
@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("kind", KINDS)
def test_methods(kind, name, replayed, monkeypatch):
    if replayed:
        monkeypatch.setattr(by_cost, "FIRST", 0)
    function, tape = ad_core.compile(total), ad_core.trace(total, *arguments(kind))
    for k in range(3):  # the first call, one of a known path, and one by what the last one kept
        args = arguments(kind, 1.0 + k)
        same(method(function, name)(*args), one_shot(name, args))
        same(method(tape, name)(*args), one_shot(name, args))
    for sign in (-1.0, 2.0, -2.0):
        args = arguments(kind, sign)
        same(method(function, name)(*args), one_shot(name, args))
    with pytest.raises(ad_core.BranchChanged):
        method(tape, name)(*arguments(kind, -1.0))


def test_kinds_follow_one_another():
    function = ad_core.compile(total)
    for _ in range(2):
        for kind in KINDS:
            for n in (2, 5):
                args = arguments(kind, n=n)
                same(function.value_and_grad(*args), ad_core.value_and_grad(total)(*args))


def test_numbers_of_all_classes_share_a_recording():
    calls = []

    def f(x):
        calls.append(type(x))
        return x[0] * x[1]

    function = ad_core.compile(f)
    for x in ([1.0, 2.0], [np.float64(1), 2.0], [np.float32(1), np.float32(2)]):
        assert function.grad(x) == [2.0, 1.0]
    assert len(calls) == 1
    assert function.grad((1.0, 2.0)) == (2.0, 1.0)
    assert function(np.array([[1.0, 2.0], [3.0, 4.0]]).T[:, 0]) == 2.0
    assert len(calls) == 3


@pytest.mark.parametrize("replayed", [False, True])
def test_results_belong_to_the_caller(replayed, monkeypatch):
    if replayed:
        monkeypatch.setattr(by_cost, "FIRST", 0)
    tape = ad_core.trace(lambda x: [x[0] * 2.0, x[1], np.ones(2)], [np.ones(2), np.ones(2)])
    given = [np.ones(2), np.ones(2)]
    first = tape(given)
    for y in first:
        y[:] = 7.0
    for y, wanted in zip(tape(given), (2.0, 1.0, 1.0), strict=True):
        np.testing.assert_array_equal(y, [wanted, wanted])
    np.testing.assert_array_equal(given, np.ones((2, 2)))


@pytest.mark.parametrize("wrong", [[1.0], [1.0, 2.0, 3.0], [1.0, "2"], [1.0, 2], 1.0])
def test_other_numbers_are_refused_or_recorded_anew(wrong):
    tape = ad_core.trace(lambda x: x[0] * x[1], [1.0, 2.0])
    with pytest.raises((TypeError, ValueError)):
        tape.grad(wrong)
