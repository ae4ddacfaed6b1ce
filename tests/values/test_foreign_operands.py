# SPDX-License-Identifier: Apache-2.0
"""Foreign operands, whose class gives numbers a further meaning (units, masks, matrix products).
They have the same meaning in a traced function, or the operation raises an error of ad_core."""

import operator
import re
import warnings

import numpy as np
import pytest

import ad_core
from ad_core.recording.trees import flatten
from agreement import refused

pytestmark = [
    pytest.mark.usefixtures("nothing_leaks"),
    pytest.mark.filterwarnings("ignore:the matrix subclass"),
]

X = np.array([1.31, 0.72, 2.13])
PLAIN = np.array([1.5, 2.5, 3.5])


def in_hundredths(kind, inputs, kwargs):
    """Operands of a ufunc as plain arrays, those of the class by a hundred; out= in place."""
    if "out" in kwargs:
        kwargs["out"] = tuple(x.view(np.ndarray) if type(x) is kind else x for x in kwargs["out"])
    return [np.asarray(x) / 100 if type(x) is kind else x for x in inputs]


class OwnUfunc(np.ndarray):
    """Numbers in hundredths, by __array_ufunc__."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return getattr(ufunc, method)(*in_hundredths(OwnUfunc, inputs, kwargs), **kwargs)


class OwnUfuncBySuper(np.ndarray):
    """As in NumPy's manual: calls the method of ndarray, which only knows arrays."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        plain = in_hundredths(OwnUfuncBySuper, inputs, kwargs)
        return super().__array_ufunc__(ufunc, method, *plain, **kwargs)


class NoUfunc(np.ndarray):
    """Supports no ufuncs, but has its own product."""

    __array_ufunc__ = None

    def __mul__(self, other):
        return np.asarray(self) / 100 * other

    __rmul__ = __mul__


class Priority(np.ndarray):
    """Results have its class, and its numbers are plain."""

    __array_priority__ = 50.0


class Operators(np.ndarray):
    """Has its own sums and products, with the higher priority."""

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
    """Doubles the results of ufuncs."""

    def __array_wrap__(self, result, context=None, return_scalar=False):
        return 2.0 * np.asarray(result)


class Sums(np.ndarray):
    """Has its own sum."""

    def sum(self, *args, **kwargs):
        return 10.0 * np.asarray(self).sum(*args, **kwargs)


class Duck:
    """Not an array, but it has operators and both protocols."""

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


class NoPlainResult(Exception):
    """Masked entries are not a result."""


def masked():
    return np.ma.array(PLAIN.copy(), mask=[False, True, False])


FOREIGN = {
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
IN_PLACE = {name: getattr(operator, name) for name in ("iadd", "isub", "imul", "itruediv", "ipow")}
UFUNCS = {
    f"np.{f.__name__}": f
    for f in (np.add, np.subtract, np.multiply, np.divide, np.power, np.maximum, np.hypot,
              np.arctan2, np.fmod, np.less, np.matmul, np.copysign, np.logaddexp)
}  # fmt: skip


def no_duck(x):
    """np.ma converts objects that are not arrays to object arrays, and fails."""
    if isinstance(x, Duck):
        raise NoPlainResult
    return x


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
    "np.ma.multiply": lambda a, b: np.ma.multiply(*map(no_duck, (a, b))),
    "np.ma.true_divide": np.ma.true_divide,
    "np.ma.dot": lambda a, b: np.ma.dot(*map(no_duck, (a, b))),
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
    """The value and the Jacobian of f for plain numbers."""
    columns = []
    for k in range(3):
        step = np.zeros(3)
        step[k] = h
        columns.append((numbers(f(X + step)) - numbers(f(X - step))) / (2 * h))
    return numbers(f(X.copy())), np.stack(columns, -1)


def numbers(y):
    if isinstance(y, Duck) or np.ma.is_masked(y):
        raise NoPlainResult
    return np.asarray(y, dtype=float)


def examine(f):
    """Raises AssertionError unless f, traced, has the values of f or raises an error of ad_core."""
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
            error = None
            try:
                found, J = transform()
            except Exception as caught:
                error = caught
            if error is not None:
                assert expected is None or is_ours(error), f"{type(error).__name__}: {error}"
                continue
            assert expected is not None, f"{found} where f itself has no plain result"
            np.testing.assert_allclose(found, value, rtol=1e-12)
            defined = ~np.isnan(value)
            np.testing.assert_allclose(J[defined], expected[defined], rtol=1e-5, atol=1e-7)


def is_ours(error):
    """Whether an error comes from ad_core: it has the user's line or names a missing attribute."""
    text = str(error)
    own = isinstance(error, ad_core.TracedValueError | NotImplementedError)
    return (own and re.search(r"line \d+, in ", text)) or any(
        words in text for words in ("docs/numpy-coverage.md", "no attribute", "not support ufuncs")
    )


@pytest.mark.parametrize("foreign", FOREIGN)
@pytest.mark.parametrize("name", BINARY)
def test_both_orders(foreign, name):
    f, make = BINARY[name], FOREIGN[foreign]
    examine(lambda x: f(x, make()))
    examine(lambda x: f(make(), x))
    examine(lambda x: f(x[0], make()))
    examine(lambda x: f(make(), x[0]))


@pytest.mark.parametrize("foreign", FOREIGN)
@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place(foreign, name):
    f, make = IN_PLACE[name], FOREIGN[foreign]
    examine(lambda x: f(x * 1.0, make()))
    examine(lambda x: f(make(), x))


@pytest.mark.parametrize("foreign", FOREIGN)
@pytest.mark.parametrize("name", USES)
def test_functions_of_both(foreign, name):
    f, make = USES[name], FOREIGN[foreign]
    examine(lambda x: f(x, make()))


# ------------------------------------------------------------ as arguments and as results


def point_of(name):
    return (
        np.ma.array(X.copy(), mask=[False, True, False])
        if name == "masked"
        else (X.copy().view(type(FOREIGN[name]())))
    )


MEANING = [
    name for name in FOREIGN if name not in ("priority", "recarray", "memmap", "duck", "unmasked",
                                               "masked constant", "all masked", "masked nan",
                                               "square matrix")
]  # fmt: skip


def square_sum(x):
    return np.sum(x * x)


CALLS = {
    "grad": lambda p: ad_core.grad(square_sum)(p),
    "jacobian": lambda p: ad_core.jacobian(square_sum)(p),
    "jacfwd": lambda p: ad_core.jacfwd(square_sum)(p),
    "hessian": lambda p: ad_core.hessian(square_sum)(p),
    "jvp": lambda p: ad_core.jvp(square_sum, (p,), (X,)),
    "tangent": lambda p: ad_core.jvp(square_sum, (X,), (p,)),
    "vjp": lambda p: ad_core.vjp(square_sum, p),
    "cotangent": lambda p: ad_core.vjp(lambda x: x * x, X)[1](p),
    "hvp": lambda p: ad_core.hvp(square_sum, (p,), (X,)),
    "trace": lambda p: ad_core.trace(square_sum, p),
    "tape": lambda p: ad_core.trace(square_sum, X)(p),
    "tape's gradient": lambda p: ad_core.trace(square_sum, X).grad(p),
    "tape's batch": lambda p: ad_core.trace(lambda x: x * x, 1.0)(p),
    "compiled": lambda p: ad_core.compile(square_sum)(p),
    "compiled gradient": lambda p: ad_core.compile(square_sum).grad(p),
    "compiled batch": lambda p: ad_core.compile(lambda x: x * x)(p, batch_dims=1),
    "second argument": lambda p: ad_core.grad(lambda a, x: square_sum(a * x), 1)(2.0, p),
    "in a dictionary": lambda p: ad_core.grad(lambda d: square_sum(d["x"]))({"x": p}),
    "gather": lambda p: ad_core.gather(p, [0, 1]),
    "nested": lambda p: ad_core.grad(lambda a: a * ad_core.jvp(square_sum, (p,), (X,))[1])(2.0),
}


@pytest.mark.parametrize("foreign", MEANING)
@pytest.mark.parametrize("name", CALLS)
def test_as_an_argument(foreign, name):
    """Tracing the function with the plain numbers would give another function."""
    with refused(ad_core.TracedValueError, "test_foreign_operands.py", "pass "):
        CALLS[name](point_of(foreign))


@pytest.mark.parametrize("foreign", ["priority", "recarray", "memmap"])
@pytest.mark.parametrize("name", [name for name in CALLS if "batch" not in name])
def test_as_an_argument_of_plain_numbers(foreign, name):
    made = X.copy().view(type(FOREIGN[foreign]()))
    found, plain = (flatten(CALLS[name](x))[0] for x in (made, X))
    for a, b in zip(found, plain, strict=True):
        if isinstance(a, np.ndarray | float):
            np.testing.assert_array_equal(a, b)


def test_a_matrix_as_an_argument():
    with refused(ad_core.TracedValueError, "argument 0", "np.matrix", "np.asarray(x)", "@"):
        ad_core.grad(lambda m: np.sum(m * m))(np.matrix(np.eye(2)))


def test_operations_with_a_matrix():
    M = np.matrix([[1.0, 2.0], [3.0, 4.0]])
    for use in (lambda x: M * x, lambda x: x * M, lambda x: M @ x, lambda x: M + x,
                lambda x: np.dot(M, x), lambda x: x[0] * M):  # fmt: skip
        with refused(ad_core.TracedValueError, "np.matrix", "np.asarray", "test_foreign_operands"):
            ad_core.jacobian(use)(np.ones((2, 1)))
    J = ad_core.jacobian(lambda x: np.asarray(M) @ x)(np.ones(2))
    np.testing.assert_array_equal(J, np.asarray(M))


class Unit(np.ndarray):
    """A number with a unit, as of astropy."""

    unit = "m"

    @property
    def value(self):
        return np.asarray(self)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return NotImplemented


def test_the_message_for_a_unit_has_a_remedy():
    q = PLAIN.copy().view(Unit)
    for use in (lambda x: x * q, lambda x: q * x, lambda x: np.sin(q * x[0])):
        with refused(ad_core.TracedValueError, "Unit", "unit", "x.value"):
            ad_core.jacobian(use)(X)
    np.testing.assert_array_equal(ad_core.jacobian(lambda x: x * q.value)(X), np.diag(PLAIN))


def test_complex_values_with_foreign_operands():
    for use in (lambda x: np.abs(x * 1j * masked()), lambda x: np.abs(masked() * (x * 1j)),
                lambda x: np.abs(np.multiply(x * 1j, PLAIN.copy().view(Operators))),
                lambda x: np.abs(np.dot(x * 1j, masked()))):  # fmt: skip
        with pytest.raises(TypeError):
            ad_core.jacobian(use)(X)


def test_the_derivative_after_a_refusal():
    with pytest.raises(ad_core.TracedValueError):
        ad_core.grad(lambda x: np.sum(np.dot(masked(), x)))(X)
    np.testing.assert_array_equal(ad_core.grad(square_sum)(X), 2 * X)
