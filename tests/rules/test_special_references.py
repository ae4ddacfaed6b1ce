# SPDX-License-Identifier: Apache-2.0
"""First and second derivatives of special functions compared with mpmath, edges included."""

import numpy as np
import pytest

import ad_core

mp = pytest.importorskip("mpmath")
pytest.importorskip("scipy.special")
from ad_core.rules.special import ROWS  # noqa: E402
from special_references import REFERENCES, SLOW  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def exact(function, at, k, order):
    """The derivative of mpmath's function by operand k."""

    def f(x):
        given = [x if j == k else mp.mpf(y) if isinstance(y, float) else y
                 for j, y in enumerate(at)]  # fmt: skip
        return mp.re(function(*given))

    with mp.workdps(40):
        step = mp.mpf(10) ** -12 * (abs(mp.mpf(at[k])) if at[k] else 1)
        return float(mp.diff(f, mp.mpf(at[k]), order, h=step))


def middle(domain):
    if isinstance(domain, range):
        return domain[len(domain) // 2]
    low, high = domain
    return low + 0.37 * (high - low)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in REFERENCES]
)
def test_derivatives_are_those_of_mpmath(name):
    row, (functions, edges) = ROWS[name], REFERENCES[name]
    several = isinstance(functions, tuple)
    for at in [tuple(map(middle, row.domains)), *edges]:
        for output, function in enumerate(functions if several else (functions,)):
            partials = row.partials[output] if several else row.partials
            for k in (k for k, partial in enumerate(partials) if partial is not None):

                def f(x, k=k, output=output, at=at):
                    found = row.function(*[x if j == k else y for j, y in enumerate(at)])
                    return found[output] if several else found

                first = exact(function, at, k, 1)
                assert ad_core.grad(f)(at[k]) == pytest.approx(first, rel=1e-10, abs=1e-14)
                second = exact(function, at, k, 2)
                found = ad_core.grad(ad_core.grad(f))(at[k])
                assert found == pytest.approx(second, rel=1e-9, abs=1e-13), (at, k)


@pytest.mark.parametrize("shape", [1e-3, 0.4, 1.0, 3.7, 40.0, 900.0])
def test_incomplete_gamma_by_its_shape(shape):
    for x in (1e-10, 0.01, 0.5, 0.8 * shape, shape, 1.3 * shape + 0.2, 2.0 * shape + 20.0):
        at = shape, float(x)
        # by the side that is not 1 to all digits
        if x > shape:
            expected = -exact(lambda a, x: mp.gammainc(a, x, regularized=True), at, 0, 1)
        else:
            expected = exact(lambda a, x: mp.gammainc(a, 0, x, regularized=True), at, 0, 1)
        found = ad_core.grad(ROWS["gammainc"].function)(*at)
        assert found == pytest.approx(expected, rel=1e-11, abs=1e-290)


@pytest.mark.parametrize("a", [1e-3, 0.4, 1.0, 30.0])
@pytest.mark.parametrize("b", [0.02, 1.0, 2.5, 100.0])
def test_incomplete_beta_by_its_shapes(a, b):
    for x in (1e-10, 0.1, a / (a + b), 0.9, 1.0 - 1e-7):
        at = a, b, x
        for k in (0, 1):
            expected = exact(lambda a, b, x: mp.betainc(a, b, 0, x, regularized=True), at, k, 1)
            found = ad_core.grad(ROWS["betainc"].function, k)(*at)
            assert found == pytest.approx(expected, rel=1e-10, abs=1e-30)


EDGES = {
    # name, operands, operand by which, derivative
    "xlogy": ((0.0, 2.0), 0, np.log(2.0)),
    "entr": ((0.0,), 0, np.inf),
    "cbrt": ((0.0,), 0, np.inf),
    "j1": ((0.0,), 0, 0.5),
    "i1": ((-0.0,), 0, 0.5),
    "rgamma": ((-2.0,), 0, 2.0),
    "sici": ((0.0,), 0, 1.0),
    "shichi": ((0.0,), 0, 1.0),
    "exprel": ((0.0,), 0, 0.5),
    "spence": ((1.0,), 0, -1.0),
    "gammainc": ((1.0, 0.0), 1, 1.0),
    "betainc": ((1.0, 1.0, 0.0), 2, 1.0),
    "boxcox": ((2.0, 0.0), 1, 0.5 * np.log(2.0) ** 2),
    "huber": ((1.0, 1.0), 1, 1.0),
    "ellipkinc": ((0.0, 0.5), 0, 1.0),
    "stdtr": ((4.0, 0.0), 0, 0.0),
    "expit": ((-800.0,), 0, 0.0),
    "erf": ((np.inf,), 0, 0.0),
    "gammaln": ((0.0,), 0, -np.inf),
    "elliprd": ((0.0, 1.0, 2.0), 0, -np.inf),
    "elliprf": ((0.0, 1.0, 2.0), 0, -np.inf),
    "chdtrc": ((2.0, -1.0), 1, 0.0),
}


@pytest.mark.parametrize("name", EDGES)
def test_edges(name):
    at, k, expected = EDGES[name]

    def f(x):
        found = ROWS[name].function(*[x if j == k else y for j, y in enumerate(at)])
        return found[0] if isinstance(found, tuple) else found

    np.testing.assert_allclose(ad_core.grad(f)(at[k]), expected, rtol=1e-13)
    np.testing.assert_allclose(ad_core.trace(f, 0.5).grad(at[k]), expected, rtol=1e-13)


NOT_REAL = {
    "elliprd": ((-1.0, 1.0, 2.0), 0),
    "elliprj": ((1.0, 2.0, 3.0, -0.5), 3),  # a principal value
    "gammainc": ((2.0, -1.0), 1),
    "betainc": ((2.0, 3.0, -0.1), 2),
    "pdtr": ((2, -1.0), 1),
    "elliprc": ((1.0, -1.0), 0),
}


@pytest.mark.parametrize("name", NOT_REAL)
def test_derivatives_outside_the_domain_are_nan(name):
    at, k = NOT_REAL[name]
    f = lambda x: ROWS[name].function(*[x if j == k else y for j, y in enumerate(at)])  # noqa: E731
    assert np.isnan(ad_core.grad(f)(at[k]))


def test_third_derivatives():
    """Partials are expressions: derivatives of all orders follow."""
    for name, at, k in (
        ("gammainc", (1.7, 2.3), 0), ("j1", (0.0,), 0), ("exprel", (0.0,), 0),
        ("erfcx", (9.0,), 0), ("stdtr", (3.0, -0.7), 1), ("rgamma", (-1.0,), 0),
    ):  # fmt: skip
        f = lambda x: ROWS[name].function(*[x if j == k else y for j, y in enumerate(at)])  # noqa: B023, E731
        found = ad_core.grad(ad_core.grad(ad_core.grad(f)))(at[k])
        function = REFERENCES[name][0]
        with mp.workdps(40):
            given = [mp.mpf(y) for y in at]
            g = lambda x: function(*[x if j == k else y for j, y in enumerate(given)])  # noqa: B023, E731
            expected = float(mp.diff(g, given[k], 3, h=mp.mpf(10) ** -9))
        assert found == pytest.approx(expected, rel=1e-8)
