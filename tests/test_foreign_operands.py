# SPDX-License-Identifier: Apache-2.0
"""Operands whose class has a meaning of its own (units, masks, matrix products): what they mean
untraced is what they mean traced, or the operation is refused in words of ours."""

import operator
import re
import warnings

import numpy as np
import pytest

import ad_core

pytestmark = pytest.mark.usefixtures("nothing_leaks")

X = np.array([1.31, 0.72, 2.13])
PLAIN = np.array([1.5, 2.5, 3.5])


class OwnUfunc(np.ndarray):
    """Numbers in hundredths, by __array_ufunc__."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        plain = [np.asarray(x) / 100 if isinstance(x, OwnUfunc) else x for x in inputs]
        return getattr(ufunc, method)(*plain, **kwargs)


class OwnUfuncBySuper(np.ndarray):
    """As NumPy's manual writes it: handed on to ndarray, which knows arrays alone."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        plain = [np.asarray(x) / 100 if isinstance(x, OwnUfuncBySuper) else x for x in inputs]
        return super().__array_ufunc__(ufunc, method, *plain, **kwargs)


class NoUfunc(np.ndarray):
    """Takes part in no ufunc; has its own product."""

    __array_ufunc__ = None

    def __mul__(self, other):
        return np.asarray(self) / 100 * other

    __rmul__ = __mul__


class Priority(np.ndarray):
    """Its results are of its class, its numbers plain."""

    __array_priority__ = 50.0


class Operators(np.ndarray):
    """Has its own sums and products, and comes first."""

    __array_priority__ = 50.0

    def __mul__(self, other):
        return np.asarray(self) / 100 * other

    def __rmul__(self, other):
        return other * (np.asarray(self) / 100)

    def __add__(self, other):
        return np.asarray(self) / 100 + other

    __radd__ = __add__


class OwnFunction(np.ndarray):
    """Numbers in hundredths to NumPy's functions."""

    def __array_function__(self, function, types, args, kwargs):
        def plain(x):
            if isinstance(x, list | tuple):
                return type(x)(map(plain, x))
            return np.asarray(x) / 100 if isinstance(x, OwnFunction) else x

        return function(*map(plain, args), **kwargs)


class Wrapped(np.ndarray):
    """Doubles what ufuncs make of it."""

    def __array_wrap__(self, result, context=None, return_scalar=False):
        return 2.0 * np.asarray(result)


class Sums(np.ndarray):
    """Has its own sum."""

    def sum(self, *args, **kwargs):
        return 10.0 * np.asarray(self).sum(*args, **kwargs)


class Duck:
    """No array, but with operators and both protocols."""

    def __init__(self, x):
        self.x = x

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        plain = [i.x / 100 if isinstance(i, Duck) else i for i in inputs]
        return getattr(ufunc, method)(*plain, **kwargs)

    def __array_function__(self, function, types, args, kwargs):
        plain = [i.x / 100 if isinstance(i, Duck) else i for i in args]
        return function(*plain, **kwargs)

    def __mul__(self, other):
        return np.multiply(self, other)

    def __rmul__(self, other):
        return np.multiply(other, self)


def masked():
    return np.ma.array(PLAIN.copy(), mask=[False, True, False])


STRANGERS = {
    "own ufunc": lambda: PLAIN.copy().view(OwnUfunc),
    "own ufunc by super": lambda: PLAIN.copy().view(OwnUfuncBySuper),
    "no ufunc": lambda: PLAIN.copy().view(NoUfunc),
    "priority": lambda: PLAIN.copy().view(Priority),
    "operators": lambda: PLAIN.copy().view(Operators),
    "own function": lambda: PLAIN.copy().view(OwnFunction),
    "wrapped": lambda: PLAIN.copy().view(Wrapped),
    "own sum": lambda: PLAIN.copy().view(Sums),
    "duck": lambda: Duck(PLAIN.copy()),
    "masked": masked,
    "unmasked": lambda: np.ma.array(PLAIN.copy()),
    "all masked": lambda: np.ma.array(PLAIN.copy(), mask=True),
    "masked nan": lambda: np.ma.array([1.5, np.nan, 3.5], mask=[False, True, False]),
    "masked subclass": lambda: masked().view(type("Mine", (np.ma.MaskedArray,), {})),
    "masked constant": lambda: np.ma.masked,
    "matrix": lambda: np.matrix(PLAIN.copy()),
    "square matrix": lambda: np.matrix(np.arange(9.0).reshape(3, 3) + 1.0),
    "recarray": lambda: PLAIN.copy().view(np.recarray),
    "memmap": lambda: PLAIN.copy().view(np.memmap),
}

OPERATORS = {
    name: getattr(operator, name)
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul",
                 "lt", "le", "eq", "ne", "gt", "ge")
}  # fmt: skip
IN_PLACE = {
    name: getattr(operator, name) for name in ("iadd", "isub", "imul", "itruediv", "ipow")
}
UFUNCS = {
    f"np.{f.__name__}": f
    for f in (np.add, np.subtract, np.multiply, np.divide, np.power, np.maximum, np.hypot,
              np.arctan2, np.fmod, np.less, np.matmul, np.copysign, np.logaddexp)
}  # fmt: skip
MADE = {
    "np.dot": np.dot,
    "np.inner": np.inner,
    "np.outer": np.outer,
    "np.vdot": np.vdot,
    "np.where": lambda a, b: np.where([True, False, True], a, b),
    "np.concatenate": lambda a, b: np.concatenate([a, b]),
    "np.stack": lambda a, b: np.stack([a, b]),
    "np.interp": lambda a, b: np.interp(a, [0.0, 5.0], [0.0, 1.0]) * np.sum(b),
    "method dot": lambda a, b: a.dot(b),
    "np.append": np.append,
    "ufunc outer": np.multiply.outer,
    "ufunc out": lambda a, b: np.multiply(a, b, out=np.zeros(3)),
    "ufunc where": lambda a, b: np.multiply(
        a, b, out=np.zeros(3), where=np.array([True, False, True])
    ),
    "np.ma.multiply": np.ma.multiply,
    "np.ma.true_divide": np.ma.true_divide,
    "np.ma.dot": np.ma.dot,
}
BINARY = OPERATORS | UFUNCS | MADE


def stored(x, s):
    out = np.zeros(3)
    out[...] = s
    return out * x


USES = {
    "index by it": lambda x, s: x[s > 2.0],
    "where it is": lambda x, s: np.where(s > 2.0, x, 0.0),
    "store it": stored,
    "store into it": lambda x, s: operator.setitem(s, 0, x[0]) or x * s,
    "store all into it": lambda x, s: operator.setitem(s, slice(None), x) or x * s,
    "sum": lambda x, s: np.sum(x * s),
    "method sum": lambda x, s: (x * s).sum(),
    "mean": lambda x, s: np.mean(s * x),
    "method mean": lambda x, s: (s * x).mean(),
    "std": lambda x, s: np.std(x * s),
    "method var": lambda x, s: (x * s).var(),
    "max": lambda x, s: np.max(x * s),
    "min": lambda x, s: (s - x).min(),
    "prod": lambda x, s: np.prod(x + s),
    "squares": lambda x, s: np.sum((x - s) ** 2),
    "squares, it first": lambda x, s: np.sum((s - x) ** 2),
    "exp": lambda x, s: np.sum(np.exp(x * s)),
    "log": lambda x, s: np.sum(np.log(x - 0.2 + 0 * s)),
    "sqrt": lambda x, s: np.sum(np.sqrt(s - x)),
    "with a number": lambda x, s: np.sum(x[0] * s),
    "with a number, it first": lambda x, s: np.sum(s * x[0]),
    "divided": lambda x, s: np.sum(x / s) + np.sum(s / x),
    "cumsum": lambda x, s: np.sum(np.cumsum(x * s)),
    "compressed": lambda x, s: (x * s).compressed(),
    "filled": lambda x, s: (x * s).filled(7.0),
    "count": lambda x, s: x * (x * s).count(),
    "element": lambda x, s: (x * s)[0] + (x * s)[2],
    "slice": lambda x, s: np.sum((x * s)[1:]),
    "by its truth": lambda x, s: np.sum(x[s > 2.0] ** 2),
    "asarray": lambda x, s: x * np.asarray(s),
    "array": lambda x, s: x * np.array(s),
    "norm": lambda x, s: np.linalg.norm(x * s),
    "clip": lambda x, s: np.sum(np.clip(x * s, 1.0, 3.0)),
    "abs": lambda x, s: np.sum(abs(s - x)),
    "reshaped": lambda x, s: np.sum((x * s).reshape(3, 1)),
    "ravel": lambda x, s: np.ravel(x * s),
    "where=": lambda x, s: np.sum(x, where=s > 2.0),
    "list": lambda x, s: np.sum([x, s]),
}


def differences(f, h=1e-6):
    """The value and the Jacobian of f itself on plain NumPy."""
    columns = []
    for k in range(3):
        step = np.zeros(3)
        step[k] = h
        columns.append((numbers(f(X + step)) - numbers(f(X - step))) / (2 * h))
    return numbers(f(X.copy())), np.stack(columns, -1)


class NoPlainResult(Exception):
    """What is masked is no result."""


def numbers(y):
    if isinstance(y, Duck) or np.ma.is_masked(y):
        raise NoPlainResult
    return np.asarray(y, dtype=float)


def examine(f):
    """Raises AssertionError where f traced is neither f nor an error in words of ours."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            value, expected = differences(f)
        except NoPlainResult:
            value = expected = None
        except Exception:  # f itself fails
            return
        for transform in (
            lambda: ad_core.value_and_jacobian(f)(X),
            lambda: (ad_core.compile(f)(X), ad_core.compile(f).jacobian(X)),
            lambda: (ad_core.trace(f, X)(X), ad_core.trace(f, X).jacobian(X)),
        ):
            try:
                found, J = transform()
            except Exception as error:
                assert expected is None or is_ours(error), f"{type(error).__name__}: {error}"
                continue
            assert expected is not None, f"{found} where f itself has no plain result"
            np.testing.assert_allclose(found, value, rtol=1e-12)
            defined = ~np.isnan(value)
            np.testing.assert_allclose(J[defined], expected[defined], rtol=1e-5, atol=1e-7)


def is_ours(error):
    """Whether a refusal is in words of ours: with the user's line, or a name that is missing."""
    text = str(error)
    own = isinstance(error, ad_core.TracedValueError | NotImplementedError)
    return (own and re.search(r"line \d+, in ", text)) or "docs/numpy-coverage.md" in text or (
        "no attribute" in text
    )


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("name", BINARY)
def test_both_orders(stranger, name):
    f, make = BINARY[name], STRANGERS[stranger]
    examine(lambda x: f(x, make()))
    examine(lambda x: f(make(), x))
    examine(lambda x: f(x[0], make()))
    examine(lambda x: f(make(), x[0]))


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place(stranger, name):
    f, make = IN_PLACE[name], STRANGERS[stranger]
    examine(lambda x: f(x * 1.0, make()))
    examine(lambda x: f(make(), x))


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("name", USES)
def test_uses(stranger, name):
    f, make = USES[name], STRANGERS[stranger]
    examine(lambda x: f(x, make()))
