# SPDX-License-Identifier: Apache-2.0
"""The dispatch in the core: what it carries out itself is what NumPy's protocols would do."""

import operator
import pickle

import numpy as np
import pytest

import ad_core
from ad_core import _core

X = np.array([[0.3, 1.7, 2.1], [1.1, 0.4, 0.9]])


class Asked:
    """An operand with a meaning of its own."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return "ufunc", ufunc, method, len(inputs)

    def __array_function__(self, function, types, args, kwargs):
        return "function", function


def seen(fun, x=X):
    """What fun returns for the traced x."""
    found = []

    def traced(x):
        found.append(fun(x))
        return np.sum(x)

    ad_core.grad(traced)(x)
    return found[0]


@pytest.mark.parametrize("ufunc", [np.add, np.maximum, np.arctan2, np.less])
def test_ufuncs_ask_foreign_operands_first(ufunc):
    assert seen(lambda x: ufunc(x, Asked())) == ("ufunc", ufunc, "__call__", 2)
    assert seen(lambda x: ufunc(Asked(), x[0, 0])) == ("ufunc", ufunc, "__call__", 2)


def test_functions_and_products_ask_foreign_operands_first():
    assert seen(lambda x: np.dot(x, Asked())) == ("function", np.dot)
    assert seen(lambda x: x @ Asked()) == ("ufunc", np.matmul, "__call__", 2)
    assert seen(lambda x: np.matmul(Asked(), x)) == ("ufunc", np.matmul, "__call__", 2)


def test_ufuncs_are_numpys_own_again_with_the_last_trace():
    during = []

    def chained(x):
        y = x[0, 0]
        for _ in range(20):
            y = np.sin(y)
            during.append(_core.ufuncs_are_exchanged())
        during.append(ad_core.grad(lambda z: np.cos(z))(0.3))
        during.append(_core.ufuncs_are_exchanged())
        return y

    found = ad_core.grad(chained)(X)
    assert not during[0]
    assert during[19] is True
    assert during[-1] is True
    assert during[-2] == -np.sin(0.3)
    assert not _core.ufuncs_are_exchanged()
    y, slope = 0.3, 1.0
    for _ in range(20):
        y, slope = np.sin(y), slope * np.cos(y)
    np.testing.assert_allclose(found[0, 0], slope)


def test_ufuncs_are_numpys_own_again_after_an_error():
    def fails(x):
        y = x[0, 0]
        for _ in range(20):
            y = np.sin(y)
        raise KeyError("after twenty calls")

    with pytest.raises(KeyError):
        ad_core.grad(fails)(X)
    assert not _core.ufuncs_are_exchanged()


def test_ufuncs_of_plain_numbers_are_numpys():
    assert np.sin(0.5) == operator.call(np.sin, np.float64(0.5))
    assert pickle.loads(pickle.dumps(np.hypot)) is np.hypot
    out = np.zeros(2)
    assert np.add([1.0, 2.0], 1.0, out=out) is out
    with pytest.raises(TypeError):
        np.sin()
    with pytest.raises(TypeError):
        seen(lambda x: np.sin(x, x, x))


CALLS = {
    "reshape": lambda x: x.reshape(3, 2),
    "reshape of a tuple": lambda x: x.reshape((3, -1), order="F"),
    "np.reshape": lambda x: np.reshape(x, (3, 2)),
    "ravel": lambda x: x.T.ravel(),
    "ravel in order A": lambda x: x.T.ravel(order="A"),
    "flatten": lambda x: x.flatten("F"),
    "transpose": lambda x: x[None].transpose(2, 0, 1),
    "transpose of a tuple": lambda x: x[None].transpose((2, 0, 1)),
    "swapaxes": lambda x: x[None].swapaxes(0, -1),
    "squeeze": lambda x: x[None, :, None].squeeze(axis=(0, 2)),
    "repeat": lambda x: x.repeat([1, 2], axis=0),
    "copy": lambda x: x.T.copy(order="K"),
    "broadcast_to": lambda x: np.broadcast_to(x[:, None, :], (4, 2, 3, 3)),
    "moveaxis": lambda x: np.moveaxis(x[None], 0, -1),
    "several axes": lambda x: np.moveaxis(x[None], [0, 1], [2, 0]),
    "expand_dims": lambda x: np.expand_dims(x, -2),
    "several new axes": lambda x: np.expand_dims(x, (0, -1)),
    "split": lambda x: np.split(x, 3, axis=1)[1],
    "diagonal": lambda x: x.diagonal(1),
}


@pytest.mark.parametrize("name", CALLS)
def test_moves_have_numpys_elements_layout_and_base(name):
    call = CALLS[name]

    def checked(x):
        y, expected = call(x), call(X)
        assert y.shape == expected.shape
        assert y.strides == expected.strides
        assert y.flags.writeable == expected.flags.writeable
        assert (y.base is not None) == np.shares_memory(expected, X)
        np.testing.assert_array_equal(_core.current_values(y), expected)
        return np.sum(y * y)

    units = np.eye(X.size).reshape(X.size, *X.shape)
    expected = [np.sum(2.0 * call(X) * call(unit)) for unit in units]
    np.testing.assert_allclose(ad_core.grad(checked)(X).ravel(), expected, rtol=1e-15)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.reshape(4, 2),
        lambda x: x.reshape(2.0, 3),
        lambda x: x.swapaxes(0, 5),
        lambda x: x.squeeze(0),
        lambda x: np.broadcast_to(x, (2, 4)),
        lambda x: np.broadcast_to(x, (-1, 2, 3)),
        lambda x: np.moveaxis(x, 0, 2),
        lambda x: np.expand_dims(x, 4),
        lambda x: x @ x,
        lambda x: x.dot(x),
    ],
)
def test_errors_are_of_numpys_type(call):
    with pytest.raises(Exception) as plain:
        call(X)
    with pytest.raises(type(plain.value)):
        seen(call)


@pytest.mark.skipif(not hasattr(np, "unstack"), reason="NumPy 2.1 has np.unstack")
def test_parts_of_a_vector_are_numbers():
    parts = seen(lambda x: [type(part) for part in np.unstack(x[0])])
    assert parts == [_core.TracedScalar] * 3


def test_stores_through_views_are_seen():
    def f(x):
        y = x.copy()
        y.reshape(-1)[0] = 2.0 * x[1, 1]
        np.moveaxis(y, 0, 1)[2, 0] = x[0, 0] ** 2
        flat = y.flatten()
        flat[1] = 7.0
        return np.sum(y)

    expected = np.array([[2.0 * X[0, 0], 1.0, 0.0], [1.0, 3.0, 1.0]])
    np.testing.assert_allclose(ad_core.grad(f)(X), expected, rtol=1e-15)


def test_a_list_of_numbers_is_a_row_of_inputs():
    numbers = [0.5, 1.5, 2.5]
    found = ad_core.grad(lambda x, y: np.sum(np.array(x) ** 2) * y["a"][0], (0, 1))(
        numbers, {"a": (2.0, 3.0), "b": 1.0}
    )
    assert found == ([2.0, 6.0, 10.0], {"a": (8.75, 0.0), "b": 0.0})
    assert [type(x) for x in found[0]] == [np.float64] * 3
    inner = lambda x: np.sum(np.array(ad_core.grad(lambda y: y[0] ** 3 * y[1])(list(x))))  # noqa: E731
    np.testing.assert_allclose(ad_core.grad(inner)([2.0, 3.0]), [48.0, 12.0])
