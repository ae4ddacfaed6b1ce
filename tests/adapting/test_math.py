# SPDX-License-Identifier: Apache-2.0
"""The functions of math and cmath on traced numbers: values, derivatives, errors and guards."""

import cmath
import math

import numpy as np
import pytest

import ad_core

pytestmark = pytest.mark.usefixtures("nothing_leaks")

# Function: calls of it, each with points of its domain.
REAL, POSITIVE, UNIT = (-1.7, -0.4, 0.3, 2.6), (0.2, 1.4, 3.3), (-0.8, 0.1, 0.7)
CALLS = {
    "acos": [(lambda x: math.acos(x), UNIT)],
    "acosh": [(lambda x: math.acosh(x), (1.3, 4.0))],
    "asin": [(lambda x: math.asin(x), UNIT)],
    "asinh": [(lambda x: math.asinh(x), REAL)],
    "atan": [(lambda x: math.atan(x), REAL)],
    "atan2": [(lambda x: math.atan2(x, 2.0), REAL), (lambda x: math.atan2(-1.5, x), REAL)],
    "atanh": [(lambda x: math.atanh(x), UNIT)],
    "cbrt": [(lambda x: math.cbrt(x), REAL)],
    "ceil": [(lambda x: math.ceil(x) * x, REAL)],
    "copysign": [(lambda x: math.copysign(x, -2.0), REAL), (lambda x: math.copysign(2.0, x), REAL)],
    "cos": [(lambda x: math.cos(x), REAL)],
    "cosh": [(lambda x: math.cosh(x), REAL)],
    "degrees": [(lambda x: math.degrees(x), REAL)],
    "dist": [(lambda x: math.dist((x, 1.0), [2.0, x * x]), REAL)],
    "erf": [(lambda x: math.erf(x), REAL)],
    "erfc": [(lambda x: math.erfc(x), REAL)],
    "exp": [(lambda x: math.exp(x), REAL)],
    "exp2": [(lambda x: math.exp2(x), REAL)],
    "expm1": [(lambda x: math.expm1(x), REAL)],
    "fabs": [(lambda x: math.fabs(x), REAL)],
    "floor": [(lambda x: math.floor(x) * x, REAL)],
    "fma": [(lambda x: math.fma(x, x, 2.0 * x), REAL)],
    "fmod": [(lambda x: math.fmod(x, 0.7), REAL), (lambda x: math.fmod(5.0, x), REAL)],
    "frexp": [(lambda x: math.frexp(x)[0] * math.frexp(x)[1], REAL)],
    "fsum": [(lambda x: math.fsum([x, 2.0, x * x]), REAL), (lambda x: math.fsum(t * x for t in
             (1.0, 2.0)), REAL)],
    "gamma": [(lambda x: math.gamma(x), (*POSITIVE, -0.4))],
    "hypot": [(lambda x: math.hypot(x, 2.0, x * x), REAL), (lambda x: math.hypot(x), REAL)],
    "isclose": [(lambda x: x * (2.0 if math.isclose(x, 0.3, rel_tol=0.5) else 3.0), REAL)],
    "isfinite": [(lambda x: x * math.isfinite(x), REAL)],
    "isinf": [(lambda x: x * (1 + math.isinf(x)), REAL)],
    "isnan": [(lambda x: x * (1 + math.isnan(x)), REAL)],
    "ldexp": [(lambda x: math.ldexp(x, 3), REAL), (lambda x: math.ldexp(x, -5), REAL)],
    "lgamma": [(lambda x: math.lgamma(x), POSITIVE)],
    "log": [(lambda x: math.log(x), POSITIVE), (lambda x: math.log(x, 3), POSITIVE),
            (lambda x: math.log(3.0, x), (0.2, 1.4))],
    "log10": [(lambda x: math.log10(x), POSITIVE)],
    "log1p": [(lambda x: math.log1p(x), (-0.4, 0.3))],
    "log2": [(lambda x: math.log2(x), POSITIVE)],
    "modf": [(lambda x: math.modf(x)[0] * math.modf(x)[1], REAL)],
    "nextafter": [(lambda x: math.nextafter(x, 9.0), REAL)],
    "pow": [(lambda x: math.pow(x, 1.5), POSITIVE), (lambda x: math.pow(1.5, x), REAL),
            (lambda x: math.pow(x, 2), REAL)],
    "prod": [(lambda x: math.prod([x, 2.0, x]), REAL), (lambda x: math.prod([2.0], start=x), REAL)],
    "radians": [(lambda x: math.radians(x), REAL)],
    "remainder": [(lambda x: math.remainder(x, 0.7), REAL)],
    "sin": [(lambda x: math.sin(x), REAL)],
    "sinh": [(lambda x: math.sinh(x), REAL)],
    "sqrt": [(lambda x: math.sqrt(x), POSITIVE)],
    "sumprod": [(lambda x: math.sumprod([x, 2.0], [x, x]), REAL)],
    "tan": [(lambda x: math.tan(x), REAL)],
    "tanh": [(lambda x: math.tanh(x), REAL)],
    "trunc": [(lambda x: math.trunc(x) * x, REAL)],
    "ulp": [(lambda x: x + math.ulp(x), REAL)],
}  # fmt: skip
WHOLE = {"comb", "factorial", "gcd", "isqrt", "lcm", "perm"}  # of integers
CASES = [
    pytest.param(f, points, id=f"{name}-{k}")
    for name, calls in CALLS.items()
    if hasattr(math, name)
    for k, (f, points) in enumerate(calls)
]
COMPLEX = {
    f.__name__: lambda x, f=f: f(complex(x, 0.4)) * 1.0
    for f in (cmath.cos, cmath.cosh, cmath.exp, cmath.log, cmath.log10, cmath.sin, cmath.sinh,
              cmath.sqrt, cmath.tan, cmath.tanh)
}  # fmt: skip


def slope(f, x, h=1e-3):
    weights = {-3: -1 / 60, -2: 3 / 20, -1: -3 / 4, 1: 3 / 4, 2: -3 / 20, 3: 1 / 60}
    return sum(w * f(x + s * h) for s, w in weights.items()) / h


def test_every_function_of_math_is_there():
    names = {name for name in dir(math) if callable(getattr(math, name)) and name[0] != "_"}
    assert names <= {*CALLS, *WHOLE} | {"fmax", "fmin", "isnormal", "issubnormal", "signbit"}


@pytest.mark.parametrize(("f", "points"), CASES)
def test_derivatives(f, points):
    compiled = ad_core.compile(f)
    for x in points:
        value, derivative = ad_core.value_and_grad(f)(x)
        assert value == pytest.approx(f(x), rel=1e-14)
        assert derivative == pytest.approx(slope(f, x, 1e-4), rel=1e-7, abs=1e-9)
        assert ad_core.jacfwd(f)(x) == pytest.approx(derivative, rel=1e-14)
        assert compiled.grad(x) == pytest.approx(derivative, rel=1e-13)
        assert compiled(x) == pytest.approx(f(x), rel=1e-14)
    batch = compiled.grad(np.array(points), batch_dims=1)
    np.testing.assert_allclose(batch, [ad_core.grad(f)(x) for x in points], rtol=1e-13)


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_functions(name):
    f = COMPLEX[name]
    for part in (lambda x: f(x).real, lambda x: f(x).imag):
        for x in (-0.6, 0.3, 1.7):
            assert ad_core.value_and_grad(part)(x)[0] == pytest.approx(part(x), rel=1e-13)
            assert ad_core.grad(part)(x) == pytest.approx(slope(part, x), rel=1e-7)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: cmath.phase(complex(x, 0.4)),
        lambda x: sum(cmath.polar(complex(x, 0.4))),
        lambda x: cmath.rect(x, 2.0 * x).imag,
        lambda x: x * (1 + cmath.isclose(complex(x, 1.0), 9j)) * cmath.isfinite(complex(x)),
        lambda x: x * (1 + cmath.isnan(complex(x)) + cmath.isinf(complex(x))),
        lambda x: cmath.log(complex(x, 0.4), 2).real,
    ],
)
def test_other_functions_of_cmath(f):
    for x in (-0.6, 0.3, 1.7):
        assert ad_core.grad(f)(x) == pytest.approx(slope(f, x), rel=1e-7)


OUTSIDE = [
    (lambda x: math.sqrt(x), -1.0, ValueError), (lambda x: math.log(x), 0.0, ValueError),
    (lambda x: math.log(x), -2.0, ValueError), (lambda x: math.log2(x), 0.0, ValueError),
    (lambda x: math.log10(x), -1.0, ValueError), (lambda x: math.log1p(x), -1.0, ValueError),
    (lambda x: math.acos(x), 1.5, ValueError), (lambda x: math.asin(x), -1.5, ValueError),
    (lambda x: math.acosh(x), 0.5, ValueError), (lambda x: math.atanh(x), 1.0, ValueError),
    (lambda x: math.gamma(x), -2.0, ValueError), (lambda x: math.lgamma(x), 0.0, ValueError),
    (lambda x: math.pow(x, 0.5), -1.0, ValueError), (lambda x: math.pow(x, -1.0), 0.0, ValueError),
    (lambda x: math.fmod(x, 0.0), 1.0, ValueError), (lambda x: math.fmod(1.0, x), 0.0, ValueError),
    (lambda x: math.remainder(1.0, x), 0.0, ValueError),
    (lambda x: math.dist((x,), (1.0, 2.0)), 1.0, ValueError),
    (lambda x: math.isclose(x, 1.0, rel_tol=-1.0), 1.0, ValueError),
    (lambda x: math.sin(x, x), 1.0, TypeError), (lambda x: math.log(), 1.0, TypeError),
    (lambda x: math.factorial(x), 3.0, TypeError),
]  # fmt: skip


@pytest.mark.parametrize(("f", "x", "kind"), OUTSIDE)
def test_errors_are_those_of_math(f, x, kind):
    with pytest.raises(kind) as own:
        f(x)
    with pytest.raises(kind) as found:
        ad_core.grad(f)(x)
    if kind is ValueError:
        assert str(found.value) == str(own.value)


def test_an_error_that_is_caught_is_a_path():
    def f(x):
        try:
            return math.log(x)
        except ValueError:
            return 100.0 * x

    compiled = ad_core.compile(f)
    for x in (2.0, -3.0, 0.5, 0.0):
        assert compiled.grad(x) == ad_core.grad(f)(x) == (1.0 / x if x > 0 else 100.0)
    np.testing.assert_allclose(compiled.grad(np.array([2.0, -3.0]), batch_dims=1), [0.5, 100.0])


def test_arrays_of_one_element_are_numbers():
    assert ad_core.grad(lambda x: math.exp(x[:1]))(np.array([0.0, 1.0])).tolist() == [1.0, 0.0]
    with pytest.raises(TypeError):
        ad_core.grad(lambda x: math.exp(x))(np.array([0.0, 1.0]))


def test_overflow_is_an_infinity_or_an_error_but_no_number():
    with pytest.raises(OverflowError):
        math.exp(1000.0)
    with np.errstate(over="ignore"):
        assert not np.isfinite(ad_core.grad(lambda x: math.exp(x))(1000.0))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: int(x) * x, lambda x: sum(x for _ in range(int(x))), lambda x: [x, 2 * x][int(x) -
        1], lambda x: round(x) * x, lambda x: divmod(x, 0.7)[1] * divmod(x, 0.7)[0], lambda x:
        np.arange(5.0)[int(x)] * x, lambda x: int(3 * x) / 3 * x, lambda x: x % 0.7 * (x // 0.7),
    ],
)  # fmt: skip
def test_steps(f):
    compiled = ad_core.compile(f)
    for x in (1.3, 1.7, 2.4):
        try:
            expected = slope(f, x)
        except IndexError:
            continue
        assert ad_core.grad(f)(x) == pytest.approx(expected, rel=1e-7, abs=1e-9)
        assert compiled.grad(x) == pytest.approx(expected, rel=1e-7, abs=1e-9)
