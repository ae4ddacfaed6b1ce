# SPDX-License-Identifier: Apache-2.0
"""Operations of Series and DataFrames of pandas with traced values have plain results."""

import warnings

import numpy as np
import pytest

import ad_core
from agreement import refused

pd = pytest.importorskip("pandas")

pytestmark = pytest.mark.usefixtures("nothing_leaks")

X = np.array([1.3, 0.7, 2.1])
D = pd.DataFrame({"u": [1.0, 2.0, 3.0], "v": [4.0, 5.0, 6.0]}, index=["a", "b", "c"])
S = D.u
GAPS = pd.Series([1.0, np.nan, 3.0])
COUNTS = pd.Series([3, 1, 2])


def into_a_buffer(x):
    out = np.zeros(3)
    out[:] = S * x
    return out


FUNCTIONS = {
    "number first": lambda x: x[0] * S,
    "number last": lambda x: S * x[0],
    "array first": lambda x: x * S,
    "array last": lambda x: S * x,
    "differences": lambda x: (x - S) + (S - x) * 2,
    "quotients": lambda x: (x / S) + 2 * (S / x),
    "powers": lambda x: x**S + S**x,
    "remainders": lambda x: (S // x) * x + S % x + x % S,
    "products": lambda x: S @ x + x @ S + np.dot(x, S) + np.dot(S, x) + S.dot(x),
    "frames": lambda x: D @ x[:2] + (D * x[:2]).u + (x[:2] * D).v,
    "numbers and frames": lambda x: (D * x[0]).v + (x[1] * D).u + np.exp(x[0] * D).u,
    "ufuncs": lambda x: np.exp(x[0] * S) + np.log(S * x[1]) + np.hypot(S, x) + np.maximum(x, S),
    "ufuncs of objects": lambda x: (
        np.exp(pd.Series(list(x))).to_numpy()
        + np.sqrt(pd.DataFrame({"u": list(x), "v": S.to_numpy()})).u.to_numpy()
    ),
    "labels of objects": lambda x: x * np.arctan2(pd.Series(list(x), index=D.index), 2.0)["b"],
    "ufuncs called": lambda x: np.multiply(x, S) + np.multiply(S, x) + np.add(x[0], S),
    "reductions": lambda x: (S * x).sum() + (S * x).mean() + (S * x).max() - (S * x).min(),
    "spread": lambda x: (S * x).std() + (S * x).var() + (S * x).median() + (S * x).prod(),
    "NumPy's reductions": lambda x: np.sum(x * S) + np.mean(S * x) + np.std(x * S),
    "gaps": lambda x: (GAPS * x).sum() + (GAPS * x).mean() + (x * GAPS).std(),
    "integers": lambda x: COUNTS * x + x**COUNTS,
    "select": lambda x: x[S > 1.5],
    "by numbers": lambda x: x[COUNTS - 1],
    "where": lambda x: np.where(S > 1.5, x, S),
    "stacked": lambda x: np.stack([S, x]) + np.concatenate([x, S]).reshape(2, 3),
    "sum of a list": lambda x: np.sum([x, S]),
    "a column of traced values": lambda x: D.assign(w=x).w * D.u,
    "a Series of traced values": lambda x: pd.Series(x) * 2 + 1,
    "a frame of traced values": lambda x: (lambda d: d.a * d.b)(pd.DataFrame({"a": x, "b": x})),
    "positions": lambda x: (S * x).iloc[1:] * 2,
    "labels": lambda x: (S * x)["b"] * x,
    "a mask": lambda x: (S * x)[S > 1.5],
    "signs and powers": lambda x: -(S * x) + abs(S * x) + (S * x) ** 2 + 1 / (S * x),
    "applied": lambda x: S.apply(lambda t: t * x[0]) + S.map(lambda t: t * x[1]),
    "groups": lambda x: D.assign(w=x).groupby(S > 1.5).w.sum(),
    "asarray": lambda x: np.asarray(S * x) * np.asarray(p0(x) * S, dtype=float),
    "array": lambda x: np.array(x * S),
    "into a buffer": into_a_buffer,
    "polyval, interp": lambda x: np.polyval(x, S) + np.interp(S, S, x) + np.outer(S, x)[0],
}


def p0(x):
    return x[0]


def numbers(y):
    return np.asarray(y, dtype=float)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.usefixtures("objects_taken")
def test_operations_are_right_or_raise(name):
    f, columns = FUNCTIONS[name], []
    for k in range(3):
        h = 1e-6 * np.eye(3)[k]
        columns.append((numbers(f(X + h)) - numbers(f(X - h))) / 2e-6)
    expected = np.stack(columns, -1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for J in (
            ad_core.jacfwd(f)(X), ad_core.jacrev(f)(X), ad_core.trace(f, X).jacobian(X),
            ad_core.compile(f).jacobian(X),
        ):  # fmt: skip
            np.testing.assert_allclose(J, expected, rtol=1e-6, atol=1e-7)
        value = ad_core.vjp(f, X)[0]
        np.testing.assert_allclose(value, numbers(f(X)), rtol=1e-13)
        assert isinstance(value, np.ndarray | float)  # results have no labels


def test_labels_are_not_ignored():
    """pandas matches labels, not positions."""
    other = pd.Series([10.0, 20.0, 30.0], index=["c", "b", "a"])
    try:
        J = ad_core.jacobian(lambda x: (S * x) * other)(X)
    except (TypeError, AttributeError, ValueError, NotImplementedError):
        return
    np.testing.assert_allclose(J, np.diag([30.0, 40.0, 30.0]))


TRANSFORMS = {
    "grad": ad_core.grad,
    "jacobian": ad_core.jacobian,
    "hessian": ad_core.hessian,
    "compile": ad_core.compile,
    "compiled gradient": lambda f: ad_core.compile(f).grad,
    "trace": lambda f: lambda x: ad_core.trace(f, x),
    "tape": lambda f: ad_core.trace(f, X),
}


@pytest.mark.parametrize("x", [S, D, S.index.astype(str).map(len).astype(float)], ids=type)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_the_message_for_labelled_arguments_has_a_remedy(x, transform):
    with refused(ad_core.TracedValueError, "argument 0", type(x).__name__, "labels",
                 "x.to_numpy()", "pd.Series(result, x.index)"):  # fmt: skip
        TRANSFORMS[transform](lambda x: np.sum(x * x))(x)


def test_results_get_labels_back():
    G = pd.Series(ad_core.grad(lambda x: np.sum(x * S))(S.to_numpy()), S.index)
    assert G["b"] == 2.0


def test_arguments_that_are_not_differentiated_stay_tables():
    def f(p, data):
        return ((data.u * p[0] + p[1] - data["v"]) ** 2).mean()

    G = ad_core.grad(f)(np.array([1.0, 2.0]), D)
    np.testing.assert_allclose(G, [-4.0, -2.0])


def test_functions_with_rules():
    doubled = ad_core.external(lambda y: np.sum(y * 2.0), vjp=lambda p, y, w: (2.0 * w + 0 * p[0],))
    with refused(ad_core.TracedValueError, "Series", "np.asarray", "test_pandas.py"):
        ad_core.grad(lambda x: doubled(x * S))(X)
    with refused(ad_core.TracedValueError, "Series", "np.asarray", "stop_gradient"):
        ad_core.grad(lambda x: ad_core.stop_gradient(x * S).sum())(X)
    np.testing.assert_array_equal(
        ad_core.grad(lambda x: ad_core.stop_gradient(np.asarray(x * S)).sum() + x.sum())(X),
        np.ones(3),
    )


def test_a_traced_number_is_an_instance_of_float():
    assert ad_core.grad(lambda x: x * isinstance(x, float))(2.0) == 1.0


def interpolated(x):
    """Compiled code of pandas computes with arrays that pandas makes."""
    table = D.set_index(pd.Index([0.0, 1.0, 2.0]))
    found = table.reindex([0.0, 0.5, 1.0, 2.0]).interpolate(method="index")
    return found.to_numpy()[1] * x[0] + np.array(found.groupby(found.index).first()).sum() * x[1]


def of_dates(x):
    dates = pd.DatetimeIndex(["2024-06-21", "2024-06-22"])
    return np.array((dates - dates[0]) / pd.Timedelta("1s")) * x[0] + np.asarray(dates.month) * x[1]


def joined(x):
    series = pd.concat([S, pd.Series(0.5, index=["d"])])
    return np.interp(x, np.arange(4.0), series)


@pytest.mark.parametrize("f", [interpolated, of_dates, joined])
def test_tables_of_plain_numbers_within_a_function(f):
    x = np.array([1.3, 0.7])
    expected = np.stack(
        [(f(x + h) - f(x - h)) / 2e-6 for h in (np.array([1e-6, 0]), np.array([0, 1e-6]))], -1
    )
    for J in (
        ad_core.jacfwd(f)(x), ad_core.jacrev(f)(x), ad_core.compile(f).jacobian(x),
        ad_core.jacfwd(lambda x: f(x) * 1.0)(x),
    ):  # fmt: skip
        np.testing.assert_allclose(J, expected, rtol=1e-6, atol=1e-7)


def averaged(x):
    s = pd.Series(x)
    return s.ewm(alpha=0.3).mean()


def rolled(x):
    table = pd.DataFrame({"a": x, "b": 1.0})
    return table.rolling(2).mean().a.to_numpy()


@pytest.mark.parametrize("f", [averaged, rolled])
def test_compiled_code_is_refused_where_a_variable_holds_the_table(f):
    with refused(ad_core.errors.NotDifferentiable, "test_pandas.py", ".to_numpy()"):
        ad_core.jacobian(f)(X)


def test_compiled_code_of_pandas_is_refused():
    with refused(ad_core.errors.NotDifferentiable, "reindex", "test_pandas.py", ".to_numpy()"):
        ad_core.jacobian(lambda x: pd.Series(x, index=list("abc")).reindex(["c", "a"]))(X)
