# SPDX-License-Identifier: Apache-2.0
"""Each row of the table of special functions, at random points of its domain: the value is SciPy's
to the bit, all ways to a derivative agree with differences, and operands without one raise."""

from itertools import count

import numpy as np
import pytest

import ad_core

special = pytest.importorskip("scipy.special")
rules = pytest.importorskip("ad_core.rules.special")

ROWS = rules.ROWS
OWN_NAME = {"riemann_zeta": "zeta"}  # rows of another name than SciPy's
# SciPy computes values of these that are not accurate enough for differences
ROUGH = {"itairy", "bdtrik", "bdtrin", "nbdtrik", "nbdtrin", "fdtridfd", "stdtridf", "chndtrinc"}
POINTS = 3

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")


def cases():
    """(name, output or None, operand) of each partial."""
    for name, row in ROWS.items():
        several = any(isinstance(p, list | tuple) for p in row.partials)
        for output, partials in zip(count(), row.partials if several else [row.partials]):
            for k, partial in enumerate(partials):
                if partial is not None:
                    yield pytest.param(
                        name, output if several else None, k, id=f"{name}-{output}-{k}"
                    )


CASES = list(cases())


def points(name):
    """For each operand random numbers of its domain."""
    rng = np.random.default_rng(sum(map(ord, name)))
    return [
        rng.choice(np.array(d), POINTS) if isinstance(d, range) else rng.uniform(*d, POINTS)
        for d in ROWS[name].domains
    ]


def along(function, output, k, at):
    """The function of operand k, with the others fixed."""

    def f(x):
        found = function(*[x if j == k else other for j, other in enumerate(at)])
        return found if output is None else found[output]

    return f


def differences(f, x):
    step = 1e-3 * np.maximum(np.abs(x), 1e-2)

    def central(h):
        return (f(x + h) - f(x - h)) / (2.0 * h)

    return (64.0 * central(step / 4) - 20.0 * central(step / 2) + central(step)) / 45.0


def close(found, expected, tolerance):
    scale = np.max(np.abs(expected))
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=1e-3 * tolerance * scale)


@pytest.mark.parametrize("name", ROWS)
def test_values_are_scipys(name):
    original = getattr(special, OWN_NAME.get(name, name))
    at, row = points(name), ROWS[name]
    expected = original(*at)
    for partials in row.partials if isinstance(expected, tuple) else [row.partials]:
        k = next(k for k, partial in enumerate(partials) if partial is not None)
        found = ad_core.trace(
            lambda x, k=k: row.function(*[x if j == k else y for j, y in enumerate(at)]), at[k]
        ).value
        for a, b in zip(np.atleast_2d(found), np.atleast_2d(expected), strict=True):
            np.testing.assert_array_equal(a, b)
    plain = row.function(*at)
    for a, b in zip(np.atleast_2d(plain), np.atleast_2d(expected), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("name", "output", "k"), CASES)
def test_derivatives(name, output, k):
    at = points(name)
    f = along(ROWS[name].function, output, k, at)
    original = along(getattr(special, OWN_NAME.get(name, name)), output, k, at)
    x = at[k]
    J = ad_core.jacobian(f, mode="fwd")(x)
    slopes = np.diag(J)
    np.testing.assert_array_equal(J, np.diag(slopes))
    close(slopes, differences(original, x), 1e-3 if name in ROUGH else 2e-7)
    np.testing.assert_allclose(ad_core.jacobian(f, mode="rev")(x), J, rtol=1e-13)

    def slope(x):
        return np.diag(ad_core.jacobian(f)(x))

    total = lambda x: np.sum(f(x))  # noqa: E731
    H = ad_core.hessian(total)(x)
    close(np.diag(H), differences(slope, x), 1e-3 if name in ROUGH else 1e-6)
    np.testing.assert_array_equal(H, np.diag(np.diag(H)))

    tape = ad_core.trace(f, x)
    moved = x + 1e-3 * np.abs(x)
    batch = np.stack([x, moved])
    values, jacobians = tape.value_and_jacobian(batch)
    np.testing.assert_array_equal(values[0], f(x))
    np.testing.assert_allclose(jacobians[0], J, rtol=1e-12)
    np.testing.assert_allclose(jacobians[1], ad_core.jacobian(f)(moved), rtol=1e-12)
    compiled = ad_core.compile(total)
    np.testing.assert_allclose(compiled.hessian(x), H, rtol=1e-11)


@pytest.mark.parametrize(("name", "output", "k"), CASES)
def test_numbers(name, output, k):
    at = [x[0] for x in points(name)]
    f = along(ROWS[name].function, output, k, at)
    g = along(ROWS[name].function, output, k, points(name))
    expected = np.diag(ad_core.jacobian(g)(points(name)[k]))[0]
    found = ad_core.grad(f)(at[k])
    assert found == pytest.approx(expected, rel=1e-12)
    value, slope = ad_core.compile(f).value_and_grad(at[k])
    assert value == f(at[k])
    assert slope == pytest.approx(expected, rel=1e-12)
    pushed = ad_core.jvp(f, (at[k],), (2.0,))
    assert pushed[1] == pytest.approx(2.0 * expected, rel=1e-12)


@pytest.mark.parametrize("name", ROWS)
def test_operands_without_a_partial_raise(name):
    at, row = points(name), ROWS[name]
    partials = row.partials
    if isinstance(partials[0], list | tuple):
        partials = partials[0]
    for k, partial in enumerate(partials):
        if partial is None and not isinstance(row.domains[k], range):
            with pytest.raises(ad_core.NoDerivativeError, match=f"argument {k}"):
                ad_core.jacobian(along(row.function, None, k, at))(at[k] * 1.0)


@pytest.mark.parametrize("name", ["airy", "ellipj", "fresnel", "pbdv"])
def test_several_outputs_are_computed_at_once(name):
    """All outputs, of one trace and of programs; an out= argument as SciPy has it."""
    at = points(name)
    ufunc, k = getattr(special, name), len(at) - 1

    def f(x):
        return np.stack(ufunc(*at[:k], x))

    J = ad_core.jacobian(f)(at[k])
    assert J.shape == (ufunc.nout, POINTS, POINTS)
    tape = ad_core.trace(f, at[k])
    np.testing.assert_allclose(tape.jacobian(np.stack([at[k]] * 40))[33], J, rtol=1e-12)
    for output in range(ufunc.nout):
        only = ad_core.jacobian(lambda x, output=output: ufunc(*at[:k], x)[output])(at[k])
        np.testing.assert_array_equal(only, J[output])


def test_empty_and_odd_arrays():
    """Empty, 0-d, strided and broadcast operands."""
    for x in (np.empty(0), np.empty((2, 0)), np.array(0.7), np.linspace(0.2, 2.0, 12)[::3]):
        for f in (special.gammaln, lambda x: special.airy(x)[0], lambda x: special.jv(2, x)):
            J = ad_core.jacobian(f)(x)
            assert J.shape == x.shape * 2
    x = np.linspace(0.2, 0.8, 4).reshape(2, 2).T
    J = ad_core.jacobian(lambda x: special.betainc(2.0, x[:1], x))(x)
    assert np.all(np.isfinite(J))


def test_errors_that_scipy_raises_are_raised_in_batches():
    """The loop of a ufunc, called without Python, sets the exception that its user asks for."""
    tape = ad_core.trace(special.gammaln, 1.5)
    at = np.linspace(0.5, 2.0, 300)
    tape(at)
    at[211] = 0.0
    assert tape(at)[211] == np.inf
    with special.errstate(singular="raise"):
        with pytest.raises(special.SpecialFunctionError, match="singularity"):
            tape(at)
        np.testing.assert_array_equal(tape(at[:200]), special.gammaln(at[:200]))


def test_loops_take_operands_that_are_not_traced():
    """Whole numbers go to SciPy's loop for whole numbers; arrays hold one for each element."""
    n, order = np.array([0, 3, 5]), np.array([0.5, 1.5, 2.5])
    x = np.array([0.3, 0.6, 0.8])
    for f in (
        lambda x: special.eval_legendre(n, x),
        lambda x: special.eval_hermite(4, x),
        lambda x: special.jv(order, x),
        lambda x: special.betainc(order, 2.0, x),
        lambda x: special.bdtr(2, n + 4, x),
    ):
        tape = ad_core.trace(f, x)
        for size in (1, 2, 40):
            at = np.linspace(0.1, 0.9, 3 * size).reshape(size, 3)
            values = tape(at)
            np.testing.assert_array_equal(values, tape(at))
            np.testing.assert_array_equal(values, [f(row) for row in at])
            np.testing.assert_array_equal(tape(at[0]), values[0])
