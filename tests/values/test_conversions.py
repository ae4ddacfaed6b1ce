# SPDX-License-Identifier: Apache-2.0
"""Conversions that make arrays of traced values: np.array with every copy=, np.require, np.r_ and
np.c_, objects with __array__, object arrays; and A.dot(x) of a plain array."""

import sys

import numpy as np
import pytest

import ad_core
from ad_core import _core
from agreement import refused

pytestmark = [
    pytest.mark.usefixtures("nothing_leaks"),
    pytest.mark.filterwarnings("ignore:the matrix subclass"),
]

X = np.array([1.3, 0.7, 2.1])
MODES = [None, True, False, *np._CopyMode]


class Holder:
    """An object whose __array__ returns an array."""

    def __init__(self, x):
        self.x = x

    def __array__(self, dtype=None, copy=None):
        return self.x


def changed(make):
    """The effect of a store into the new array on the original one."""

    def f(x):
        y = x * 1.0
        z = make(y)
        z[0] = 5.0
        return y[: len(z)] + 2 * z

    return f


def attempt(f, x):
    try:
        return f(x)
    except ValueError as error:
        return str(error).partition(" as requested")[0]


def check(f):
    """Compares f, traced and plain: value, Jacobian, and ValueErrors."""
    expected = attempt(f, X.copy())
    found = attempt(lambda x: ad_core.vjp(f, x)[0], X)
    if isinstance(expected, str):
        assert found == expected
        return
    np.testing.assert_array_equal(found, expected)
    columns = [(f(X + h) - f(X - h)) / 2e-3 for h in 1e-3 * np.eye(3)]
    for J in (ad_core.jacfwd(f)(X), ad_core.jacrev(f)(X), ad_core.compile(f).jacobian(X)):
        np.testing.assert_allclose(J, np.stack(columns, -1), rtol=1e-9, atol=1e-9)


MAKERS = [np.array, np.asarray]
if np.lib.NumpyVersion(np.__version__) >= "2.1.0":
    MAKERS.append(np.asanyarray)


@pytest.mark.parametrize("copy", MODES, ids=str)
@pytest.mark.parametrize("make", MAKERS, ids=lambda f: f.__name__)
def test_copy_has_the_meaning_of_numpy(make, copy):
    name = make.__name__
    for f in (
        lambda x: getattr(np, name)(x, copy=copy) * 2.0,
        lambda x: getattr(np, name)(x, dtype=float, copy=copy) * 2.0,
        lambda x: getattr(np, name)([x[0], 1.0], copy=copy),
        lambda x: getattr(np, name)(x[0], copy=copy),
        lambda x: getattr(np, name)(Holder(x), copy=copy),
        changed(lambda y: getattr(np, name)(y, copy=copy)),
        changed(lambda y: getattr(np, name)(y[:2], copy=copy)),
    ):
        check(f)


def test_the_message_for_copy_false_has_a_remedy():
    with refused(ValueError, "copy", "test_conversions.py", "copy=None"):
        ad_core.jacobian(lambda x: np.array([x[0], 1.0], copy=False))(X)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.require(x, dtype=float, requirements="C"),
        lambda x: np.require(x, float, ["F", "W", "A"]),
        lambda x: np.require(x),
        lambda x: np.require([x[0], 1.0], float, "O"),
        lambda x: np.require(x[::2], requirements=["C_CONTIGUOUS"]),
        changed(lambda y: np.require(y)),
        changed(lambda y: np.require(y, float, ["ALIGNED"])),
        lambda x: np.require([1, 2, 3], float, "C") * x,
    ],
)
def test_require(f):
    check(f)


def test_require_raises_for_contradictions():
    with refused(ad_core.TracedValueError, "float32"):
        ad_core.jacobian(lambda x: np.require(x, np.float32))(X)
    with refused(ValueError, "both"):
        ad_core.jacobian(lambda x: np.require(x, float, ["C", "F"]))(X)


PLAIN = np.array([1.0, 2.0])
MIXED = {
    "holder": lambda x: np.asarray(Holder(x * 2)) ** 2,
    "holder as float": lambda x: np.array(Holder(x * 2), dtype=float) ** 2,
    "holders in a list": lambda x: np.array([Holder(x), x]),
    "a holder as an operand": lambda x: np.multiply(Holder(x), x),
    "a plain holder": lambda x: x * np.asarray(Holder(np.ones(3))),
    "a holder of numbers": lambda x: np.asarray(Holder(np.array([x[0], 1.0]))),
    "objects as float": lambda x: np.asarray(np.hstack((PLAIN, (x[0],))), dtype=float),
    "objects in a list": lambda x: np.array([np.hstack((PLAIN, (x[0],))), x], dtype=float),
    "objects in tuples": lambda x: np.asarray((np.hstack((PLAIN, (x[0],))), (1.0, x[1], x[2]))),
}  # fmt: skip


@pytest.mark.parametrize("name", MIXED)
def test_containers_of_traced_values_become_traced_arrays(name):
    check(MIXED[name])


def test_a_stopped_array_of_objects():
    def f(x):
        return ad_core.stop_gradient(np.array([x[0], x[1], 1.0], dtype=object)).sum() * x[2]

    np.testing.assert_array_equal(ad_core.grad(f)(X), [0.0, 0.0, X[0] + X[1] + 1.0])


JOINED = {
    "arrays": lambda x: np.r_[x, np.ones(2)],
    "columns": lambda x: np.c_[x, 2 * x],
    "slices": lambda x: np.r_[0:3, x[0], x, 1:2:5j],
    "a traced end": lambda x: np.r_[x[0] : x[2] : 4j],
    "'0,2'": lambda x: np.r_["0,2", x, np.array([1, 2, 3])],
    "'0,2,0'": lambda x: np.r_["0,2,0", x, x],
    "'1,2,0'": lambda x: np.r_["1,2,0", x, x],
    "'0,3,1'": lambda x: np.r_["0,3,1", x, [x[0], 1, 2]],
    "'1'": lambda x: np.r_["1", x[:, None], np.ones((3, 2))],
    "nested lists": lambda x: np.r_[[x[0], 2], [1, x[1]]],
    "numbers": lambda x: np.r_[x[0], 1, x[1]],
    "columns of numbers": lambda x: np.c_[x[0], 1.0, 2],
    "a slice and a column": lambda x: np.c_[0:3, x],
    "a matrix and a column": lambda x: np.c_[np.ones((3, 2)), x],
    "integers": lambda x: np.r_[1, 2, x],
    "truth": lambda x: np.r_[x > 1, True] * x[0],
    "complex": lambda x: np.r_[x * 1j, 1.0].imag,
    "nothing traced": lambda x: x * np.r_[1:4],
}


@pytest.mark.parametrize("name", JOINED)
def test_r_and_c(name):
    check(JOINED[name])


def test_r_and_c_raise():
    with refused(ad_core.TracedValueError, "np.matrix", "test_conversions.py", "leave 'r' out"):
        ad_core.jacobian(lambda x: np.r_["r", x])(X)
    with refused(ad_core.TracedValueError, "arange", "count"):
        ad_core.jacobian(lambda x: np.r_[0 : x[2]])(X)
    for key in ("0,a", "a"):
        with refused(ValueError, "special directive"):
            ad_core.jacobian(lambda x, key=key: np.r_[key, x])(X)
    with refused(ValueError, "first entry"):
        ad_core.jacobian(lambda x: np.r_[x, "0,2"])(X)


def test_r_and_c_of_plain_arrays_are_numpys():
    np.testing.assert_array_equal(np.r_["1,2,0", [1, 2], [3, 4]], [[1, 3], [2, 4]])
    np.testing.assert_array_equal(np.c_[[1, 2], [3, 4]], [[1, 3], [2, 4]])
    assert type(np.r_).__name__ == "RClass"
    assert len(np.c_) == 0


A = np.arange(12.0).reshape(4, 3) ** 1.5
DOTS = {
    "vector": lambda x: A.dot(x),
    "matrix": lambda x: A.dot(np.outer(x, x)),
    "row": lambda x: A[0].dot(x),
    "number": lambda x: A.dot(x[0]),
    "of no axes": lambda x: np.array(2.0).dot(x),
    "transposed": lambda x: x.dot(A.T),
    "integers": lambda x: np.arange(6).reshape(2, 3).dot(x),
    "stack": lambda x: A.reshape(2, 2, 3).dot(x[:, None] * A[:3]),
    "out": lambda x: A.dot(x, out=np.zeros(4)),
    "out by place": lambda x: A.dot(x, np.zeros(4)),
    "unbound": lambda x: np.ndarray.dot(A, x),
    "memmap": lambda x: A.view(np.memmap).dot(x),
    "complex": lambda x: (A * 1j).dot(x).imag,
}


@pytest.mark.parametrize("name", DOTS)
def test_the_method_dot_of_a_plain_array(name):
    f = DOTS[name]
    value = ad_core.vjp(f, X)[0]
    np.testing.assert_allclose(value, f(X), rtol=1e-14)
    columns = [(f(X + h) - f(X - h)) / 2e-4 for h in 1e-4 * np.eye(3)]
    for J in (ad_core.jacfwd(f)(X), ad_core.jacrev(f)(X), ad_core.compile(f).jacobian(X)):
        np.testing.assert_allclose(J, np.stack(columns, -1), rtol=1e-8)


def test_the_method_dot_is_one_run():
    """It is not computed element by element with n^2 operations."""
    B = np.ones((50, 50))
    by_method, by_operator = (
        ad_core.trace(f, np.ones(50)).size for f in (lambda x: B.dot(x), lambda x: B @ x)
    )
    assert by_method == by_operator


def test_the_method_dot_of_plain_arrays_is_numpys():
    np.testing.assert_array_equal(A.dot(X), A @ X)
    assert np.ndarray.dot.__name__ == "dot"
    out = np.zeros(4)
    assert A.dot(X, out=out) is out
    for arguments in ((), (X, None, None)):
        with pytest.raises(TypeError):
            A.dot(*arguments)
    with pytest.raises(ValueError, match=r"align|mismatch"):
        A.dot(np.ones(2))
    objects = np.array([1, 2, 3], dtype=object)
    assert objects.dot(objects) == 14
    before = sys.getrefcount(X)
    for _ in range(50):
        A.dot(X)
    assert sys.getrefcount(X) == before


def test_the_method_dot_of_a_foreign_operand():
    M = np.ma.array(A, mask=A > 5)
    with refused(ad_core.TracedValueError, "np.dot", "np.matrix", "np.asarray"):
        ad_core.jacobian(lambda x: np.ndarray.dot(np.asmatrix(A), x))(X)
    J = ad_core.jacobian(lambda x: M.dot(x).filled(0.0))(X)
    np.testing.assert_array_equal(J, M.filled(0) * ~M.mask.all(axis=1)[:, None])


def test_changed_names():
    """The attributes that decide whether a subclass of ndarray is foreign."""
    assert _core.changed_names(np.ndarray) == []
    assert _core.changed_names(np.memmap) == _core.changed_names(np.recarray) == []
    assert "__mul__" in _core.changed_names(np.matrix)
    assert "__array_wrap__" in _core.changed_names(np.ma.MaskedArray)
    kind = type("Info", (np.ndarray,), {"__array_finalize__": lambda self, x: None, "unit": "m"})
    assert _core.changed_names(kind) == []
