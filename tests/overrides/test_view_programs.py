# SPDX-License-Identifier: Apache-2.0
"""Random programs of views and writes, compared with NumPy's result in all ways of evaluation."""

import numpy as np
import pytest

import ad_core
from view_functions import LINEAR, REAL
from view_programs import Program, layout

X = np.arange(1.0, 9.0)
ad_core.jacobian(lambda x: np.linalg.solve(x, x))(np.eye(2))  # loads SciPy
ARGUMENTS = {
    "C": X[:6].reshape(2, 3),
    "F": X[:6].reshape(3, 2).T,
    "C3": X.reshape(2, 2, 2),
    "turned": X.reshape(2, 2, 2).transpose(1, 2, 0),
    "vector": X[:6],
}
ROUTES = {
    "forward": lambda p, x: ad_core.jacfwd(p)(x),
    "reverse": lambda p, x: ad_core.jacrev(p)(x),
    "compiled": lambda p, x: ad_core.compile(p).jacobian(x),
}


def units(x):
    """The unit arrays of x's layout."""
    for place in np.ndindex(x.shape):
        e = np.zeros_like(x)
        e[place] = 1.0
        yield e


def numpys_own(p, x):
    """The value, the recorded observations and the Jacobian of an affine program, by NumPy."""
    value, seen = p(x.copy("K")), p.seen
    at_zero = p(np.zeros_like(x))
    columns = [p(e) - at_zero for e in units(x)]
    return value, seen, np.stack(columns, -1).reshape(value.shape + x.shape)


@pytest.mark.parametrize("is_complex", [False, True], ids=["real", "complex"])
@pytest.mark.parametrize("argument", ARGUMENTS)
@pytest.mark.parametrize("block", range(6))
def test_as_numpy(block, argument, is_complex):
    x = ARGUMENTS[argument]
    for seed in range(8 * block, 8 * block + 8):
        p = Program(seed, is_complex)
        value, seen, jacobian = numpys_own(p, x)
        assert np.allclose(ad_core.trace(p, x)(x), value), seed
        assert p.seen == seen, seed
        for route in ROUTES.values():
            assert np.allclose(route(p, x), jacobian), seed


@pytest.mark.filterwarnings("ignore:future versions will not create a writeable array")
@pytest.mark.parametrize("factor", [1.0, 1.0 - 2.0j], ids=["real", "complex"])
@pytest.mark.parametrize("argument", ["C", "F", "C3", "turned"])
def test_layouts_of_results(argument, factor):
    """Results of each function and layout have NumPy's layout, and are views where NumPy's are."""
    x = ARGUMENTS[argument]
    for number, function in enumerate(LINEAR if type(factor) is complex else LINEAR + REAL):

        def told(x, function=function):
            a = x * factor
            try:
                found = function(a, a.shape[-1])
            except (ValueError, TypeError, IndexError):
                return x, "refused"
            if np.ndim(found) == 0:
                return x, "number"
            flat = np.ravel(found)
            return np.concatenate([flat.real, flat.imag]), (
                layout(found), bool(np.shares_memory(a, found))
            )  # fmt: skip

        value, seen = told(x.copy("K"))
        (found, found_seen) = ad_core.vjp(told, x, has_aux=True)[::2]
        assert found_seen == seen, number
        assert np.allclose(found, value), number


def test_points_of_a_batch_have_the_layout_of_single_points():
    def f(x):
        return x.ravel("K") * np.arange(6.0)

    x = np.random.default_rng(0).random((5, 2, 3))
    for points in (x, np.asfortranarray(x), x.reshape(5, 3, 2).transpose(0, 2, 1)):
        want = np.stack([f(point) for point in points])
        for n in (1, 5):
            compiled = ad_core.compile(f)
            assert np.array_equal(compiled(points[:n], batch_dims=1), want[:n])
            assert np.array_equal(compiled(np.ascontiguousarray(points[0])), f(points[0].copy()))
            assert np.array_equal(compiled(points[:n], batch_dims=1), want[:n])


def test_second_derivatives_of_arguments_in_fortran_order():
    x = np.asfortranarray(np.arange(1.0, 7.0).reshape(2, 3))

    def f(x):
        return np.sum(x.ravel("K") ** 3 * np.arange(6.0))

    diagonal = (6.0 * x.ravel("K") * np.arange(6.0)).reshape(2, 3, order="F")
    want = np.zeros((2, 3, 2, 3))
    for place in np.ndindex(2, 3):
        want[place + place] = diagonal[place]
    assert np.allclose(ad_core.hessian(f)(x), want)
    assert np.allclose(ad_core.compile(f).hessian(x), want)
    assert np.allclose(ad_core.hvp(f, (x,), (np.ones((2, 3)),)), diagonal)
    assert np.allclose(ad_core.jacobian(ad_core.grad(f))(x), want)


def test_functions_called_by_rules_see_the_order_of_their_arguments():
    def f(x):
        return np.sin(x).T.ravel("K") * np.arange(6.0), 2.0 * x.T

    def g(f):
        def whole(x):
            a, b = f(x.T * 1.0)
            return np.concatenate([a, b.ravel("K"), f(x)[0]])

        return whole

    @ad_core.custom_jvp
    def custom(x):
        return f(x)

    custom.defjvp(lambda primals, tangents: ad_core.jvp(f, primals, tangents))
    x = np.arange(1.0, 7.0).reshape(2, 3)
    want = ad_core.jacobian(g(f))(x)
    for called in (ad_core.checkpoint(f), custom):
        assert np.allclose(g(called)(x), g(f)(x))
        for route in ROUTES.values():
            assert np.allclose(route(g(called), x), want)
