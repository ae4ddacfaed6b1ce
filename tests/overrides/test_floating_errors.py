# SPDX-License-Identifier: Apache-2.0
"""np.errstate, np.seterr and floating-point warnings in traced functions, compared with NumPy's."""

import operator
import pickle
import threading
import warnings

import numpy as np
import pytest
import scipy.special

import ad_core
import ad_core.scipy.special as traced_special
from ad_core.errors import BranchChanged

pytestmark = pytest.mark.usefixtures("nothing_leaks")

WILD = np.array([0.0, -1.0, 800.0, np.inf, np.nan, -0.0])


def told(fun, x):
    """The warnings of one call, by kind and text."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        fun(x)
    return sorted({(one.category, str(one.message)) for one in found}, key=str)


def traced(fun):
    """The function's body, run while it is recorded."""

    def run(x):
        def body(x):
            fun(x)
            return np.sum(x)

        return ad_core.grad(body)(x)

    return run


def lowest(x):
    """Three finite numbers whose sums overflow."""
    return np.stack([x[2] * 1e305, x[2] * 1e305, x[0]])


UNARY = [
    "absolute", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "cbrt", "ceil",
    "cos", "cosh", "exp", "exp2", "expm1", "floor", "log", "log10", "log1p", "log2", "negative",
    "reciprocal", "rint", "sign", "sin", "sinh", "sqrt", "square", "tan", "tanh",
]  # fmt: skip
BINARY = [
    "add", "arctan2", "copysign", "divide", "floor_divide", "fmax", "fmod", "heaviside", "hypot",
    "logaddexp", "logaddexp2", "maximum", "multiply", "power", "remainder", "subtract",
]  # fmt: skip
OPERATORS = [
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow",
]  # fmt: skip
REDUCTIONS = [
    "average", "cumprod", "cumsum", "diff", "gradient", "max", "mean", "median", "min", "nanmax",
    "nanmean", "nansum", "prod", "ptp", "std", "sum", "trapezoid", "var", "linalg.norm",
]  # fmt: skip


def of_pairs(function):
    return lambda x: [function(x, x[::-1]), function(x, 0.0), function(0.0, x), function(x, 1e308),
                      function(x[0], x[1]), function(x[2], 1e308), function(1e308, x[2]),
                      function(x[1], 0.0)]  # fmt: skip


def named(name):
    return operator.attrgetter(name)(np)


def each(name):
    return lambda x: list(map(named(name), x))


def finite_and_large(name):
    return lambda x: [named(name)(x), named(name)(x * 1e306)]


def overflowing(name):
    return lambda x: named(name)(lowest(x))


def inside_errstate(x):
    with np.errstate(all="ignore"):
        np.log(x) / 0.0
    with np.errstate(under="warn", divide="ignore"):
        np.exp(-x[2]) * 1e-300 * np.exp(-x[2:3])
        1 / x


def in_place(x):
    v = x * 1.0
    v /= 0.0
    v *= 1e300
    v **= 2


KINDS = {name: named(name) for name in UNARY}
KINDS |= {f"scalar {name}": each(name) for name in UNARY}
KINDS |= {name: of_pairs(named(name)) for name in BINARY}
KINDS |= {f"operator {name}": of_pairs(getattr(operator, name)) for name in OPERATORS}
KINDS |= {f"np.{name}": finite_and_large(name) for name in REDUCTIONS}
KINDS |= {f"large {name}": overflowing(name) for name in REDUCTIONS}
KINDS |= {
    "tests": lambda x: (x < x[::-1], x == 1, x[4] < 1, np.isnan(x), x[4] >= x[0]),
    "divmod": lambda x: (divmod(x, 0.0), divmod(x[2], 0.0)),
    "in place": in_place,
    "special powers": lambda x: ((x * 1e200) ** 2, (x[2] * 1e200) ** 2, x**-1, x[0] ** -1, x**0.5),
    "matrix products": lambda x: (x @ x, np.dot(x, x), np.outer(x, x) @ x, lowest(x) @ lowest(x)),
    "norm": lambda x: (np.linalg.norm(x[:1]), np.linalg.norm(x[1:3] * 1e200)),
    "where": lambda x: np.divide(1.0, x, where=x != 0, out=np.zeros(6)),
    "safe": lambda x: np.where(x == 0, 0.0, 1 / np.where(x == 0, 1, x)),
    "reduce": lambda x: (np.add.reduce(lowest(x)), np.multiply.accumulate(lowest(x))),
    "outer": lambda x: np.divide.outer(x, x),
    "composed": lambda x: (np.interp(x[2], [0.0, 1.0], [0.0, 1.0]), np.sinc(x[:3]), np.round(x, 3),
                           np.nan_to_num(x), np.clip(x, 0, 1), np.isclose(x, x), np.allclose(x, x)),
    "det": lambda x: np.linalg.det(np.diag(lowest(x)[:2])),
    "slogdet": lambda x: np.linalg.slogdet(np.diag(x[:3])),
    "cond": lambda x: np.linalg.cond(np.diag(x[:3])),
    "few": lambda x: np.var(x[:1], ddof=1),
    "errstate": inside_errstate,
    "complex": lambda x: ((x[2] + 1j * x[1]) / x[0], np.sqrt(x[:3] + 1j), np.exp(x[:3] + 1j),
                          np.log(x[:3] + 0j), (x[:3] + 1j) * 1e308, np.abs(x[:3] + 1j)),
    "scipy ufuncs": lambda x: (scipy.special.expit(x), scipy.special.gammaln(x)),
    "logsumexp": lambda x: (traced_special.logsumexp(x[:3]), traced_special.softmax(x[:3])),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_warnings_agree_with_numpy(name):
    assert told(traced(KINDS[name]), WILD) == told(KINDS[name], WILD)


@pytest.mark.parametrize("name", KINDS)
def test_finite_numbers_raise_no_warning(name):
    assert told(traced(KINDS[name]), np.full(6, 0.75)) == told(KINDS[name], np.full(6, 0.75))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # beside the errors: "Degrees of freedom"
@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("mode", ["ignore", "call", "print", "raise"])
def test_every_mode_agrees_with_numpy(name, mode, capsys):
    def watched(run):
        calls, raised = [], None
        with np.errstate(all=mode, call=lambda kind, flag: calls.append(kind)):
            try:
                run(WILD)
            except FloatingPointError as error:
                raised = str(error)
        return calls, raised, capsys.readouterr().out

    assert watched(traced(KINDS[name])) == watched(KINDS[name])


def test_a_derivative_raises_no_warning():
    """Partial derivatives, sweeps and rules are not operations of the function."""
    x = np.array([0.0, 2.0])
    assert np.isinf(ad_core.grad(lambda x: np.sum(np.sqrt(x)))(x)[0])
    with np.errstate(all="raise"):
        for transform in (ad_core.grad, ad_core.jacfwd, ad_core.hessian):
            transform(lambda x: np.sum(np.sqrt(x)))(x)
            transform(lambda x: np.linalg.det(np.diag(x)))(x)
    nested = ad_core.grad(lambda x: np.sum(ad_core.grad(lambda y: np.sum(np.sqrt(y) * x))(x)))
    assert not told(nested, x)


# ------------------------------------------------------------------------- errors as paths


def caught(x):
    with np.errstate(all="raise"):
        try:
            return np.sqrt(x)
        except FloatingPointError:
            return x * 7.0


def by_text(x):
    try:
        with np.errstate(divide="raise", invalid="raise"):
            y = x[0] / x[1]
            return y + np.sum(np.log(x))
    except FloatingPointError as error:
        return x[0] * len(str(error))


def result_not_used(x):
    with np.errstate(all="raise"):
        try:
            np.exp(x * 300.0)
        except FloatingPointError as error:
            return x[0] * (2.0 + ("under" in str(error)))
        return x[0] * 1.0


def warnings_as_errors(x):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return np.log(x)
        except RuntimeWarning:
            return x * 7.0


def after_in_place(x):
    """NumPy changes the array before it raises."""
    v = x * 1.0
    old = np.seterr(all="raise")
    try:
        v /= v[0]
    except FloatingPointError:
        pass
    finally:
        np.seterr(**old)
    return np.where(np.isfinite(v), v, 5.0)


@np.errstate(all="raise")
def decorated(x):
    try:
        return np.sum(x * 1e200) * np.prod(x * 1e200)
    except FloatingPointError:
        return x[0] * 3.0


def called_back(x):
    seen = []
    with np.errstate(divide="call", call=lambda kind, flag: seen.append(kind)):
        1 / x
    return x * (len(seen) + 1.0)


def scalars(x):
    total = x[0]
    try:
        with np.errstate(over="raise"):
            for _ in range(6):
                total = total * total
    except FloatingPointError:
        return x[1] * 2.0
    return total


PATHS = [caught, by_text, result_not_used, warnings_as_errors, after_in_place, decorated,
         called_back, scalars]  # fmt: skip
rng = np.random.default_rng(5)
POINTS = np.concatenate([
    rng.choice([-1.0, 0.0, 1.0, -0.0, 4.0, 1e10, 1e-10], size=(18, 2)),
    5.0 * rng.normal(size=(4, 2)),
])  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
@pytest.mark.parametrize("fun", PATHS)
def test_each_point_takes_its_own_path(fun):
    values = np.array([fun(x) for x in POINTS])
    slopes = np.array([ad_core.jacobian(fun)(x) for x in POINTS])
    for first in range(4):
        compiled = ad_core.compile(fun)
        compiled(POINTS[first])
        np.testing.assert_allclose(compiled(POINTS, batch_dims=1), values)
        np.testing.assert_allclose(compiled.jacobian(POINTS, batch_dims=1), slopes)
        np.testing.assert_allclose([compiled(x) for x in POINTS], values)
        tape = ad_core.trace(fun, POINTS[first])
        for x, value in zip(POINTS, values, strict=True):
            try:
                found = tape(x)
            except (BranchChanged, FloatingPointError):
                continue
            np.testing.assert_allclose(found, value)


def test_a_tape_raises_on_another_path():
    good, bad = np.array([4.0, 1.0]), np.array([-1.0, 1.0])
    with pytest.raises(BranchChanged, match=r"test_floating_errors.*np\.sqrt\(x\)"):
        ad_core.trace(caught, good)(bad)
    with pytest.raises(BranchChanged, match=r"np\.sqrt in caught returns, but it raised Floating"):
        ad_core.trace(caught, bad)(good)


def test_a_tape_raises_where_the_result_does_not_show_the_error():
    def f(x):
        with np.errstate(all="raise"):
            return np.prod(x) if x[0] > 0.0 else x[0]

    with pytest.raises(FloatingPointError, match="overflow encountered in reduce") as error:
        ad_core.trace(f, np.array([4.0, 1.0]))(np.array([1e200, 1e200]))
    assert "numpy.prod in f" in error.value.__notes__[0]


def test_an_error_that_is_not_caught_is_raised():
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match="in scalar divide"):
        ad_core.grad(lambda x: 1.0 / x)(0.0)
    with pytest.warns(RuntimeWarning, match="divide by zero encountered in log") as found:
        ad_core.grad(lambda x: np.sum(np.log(x)))(np.array([0.0, 1.0]))
    assert found[0].filename == __file__  # the user's own line


def test_the_error_state_is_restored():
    before = np.geterr()
    config = __import__("numpy._core._ufunc_config", fromlist=["_"])
    state = config._extobj_contextvar
    with pytest.raises(ZeroDivisionError):
        ad_core.grad(lambda x: x / np.sum(1 // 0))(2.0)
    ad_core.grad(inside)(np.ones(2))
    assert np.geterr() == before
    assert config._extobj_contextvar is state


def inside(x):
    with np.errstate(all="raise"):
        return np.sum(x * x)


def test_threads_have_separate_error_states():
    raised, ready, go = [], threading.Event(), threading.Event()

    def work():
        def f(x):
            with np.errstate(all="raise"):
                ready.set()
                go.wait(10)
                return 1.0 / x

        try:
            ad_core.grad(f)(0.0)
        except FloatingPointError as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait(10)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        ad_core.grad(lambda x: 1.0 / x)(0.0)
    go.set()
    thread.join()
    assert len(raised) == 1


def test_results_that_show_no_error_need_no_calls():
    """Under np.seterr(all="raise") recordings are the same as without it: programs without Python,
    files, Hessians by one sweep."""

    def f(x):
        return np.sum(np.exp(x) * x / (1.0 + x[0] * x[1]) ** 2) + np.sqrt(x[0])

    x = np.array([1.0, 2.0])
    expected = ad_core.hessian(f)(x)
    with np.errstate(all="raise"):
        tape = pickle.loads(pickle.dumps(ad_core.trace(f, x)))
        np.testing.assert_allclose(tape.hessian(x), expected)
        np.testing.assert_allclose(ad_core.hvp(f, (x,), (np.ones(2),)), expected @ np.ones(2))
    for wild in ([1000.0, 2.0], [1.0, -1.0], [-1.0, 2.0], [1e-320, 2.0], [np.inf, 1.0]):
        with pytest.raises(BranchChanged, match=r"test_floating_errors\.py"):
            tape(np.array(wild))


def objects_of(x):
    """An array of objects, as NumPy makes it of traced values by a name that was bound early."""
    made = np.empty(x.shape, object)
    made.flat = list(x)
    return made


@pytest.mark.parametrize(
    "function",
    [
        lambda o, x: o * x,
        lambda o, x: np.einsum("ij,jk->ik", o, x),
        lambda o, x: np.einsum("ij...,j...->i...", np.stack([x, x], -1), o),
        lambda o, x: np.dot(o, x) + np.dot(x, o),
        lambda o, x: np.sum(o * x, axis=0) + np.stack([o[0] * 1.0, x[0]]),
    ],
)
@pytest.mark.parametrize("state", ["raise", "warn"])
def test_arrays_of_objects(function, state):
    def f(x):
        x = np.reshape(x, (2, 2))
        with np.errstate(all=state):
            return function(np.reshape(objects_of(x.ravel()), (2, 2)), x.T)

    def g(x):
        x = np.reshape(x, (2, 2))
        return function(x, x.T)

    x = np.array([1.0, 2.0, 3.0, 4.5])
    np.testing.assert_allclose(ad_core.jacfwd(f)(x), ad_core.jacfwd(g)(x), rtol=1e-12)
    np.testing.assert_allclose(ad_core.jacrev(f)(x), ad_core.jacfwd(g)(x), rtol=1e-12)
    with pytest.raises(FloatingPointError):
        ad_core.jacobian(lambda x: np.errstate(all="raise")(lambda x: objects_of(x) / (x - x))(x))(
            x
        )
