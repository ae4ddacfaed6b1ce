# SPDX-License-Identifier: Apache-2.0
"""Truth values and counts behave as NumPy's bools and integers in calculations, indices, stores,
counts and slices, at the point of the recording and at others where the recording holds."""

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.errors import BranchChanged
from agreement import refused

X = np.array([1.0, 2.0, 3.0])

CALCULATED = """
(x > 1.5) + (x > 2.5) ; (x > 1.5) * (x > 2.5) ; abs(x > 1.5) ; (x > 1.5) / (x > 0) ; (x > 1.5) + 1
1 - (x > 1.5) ; 2.5 - (x > 1.5) ; (x > 1.5) * 2.5 ; (x > 1.5) ** 2 ; (x > 1.5) ** 2.0
2 ** (x > 1.5) ; x ** (x > 1.5) ; (x > 1.5) ** x ; (x > 1.5) // 2 ; (x > 1.5) % 2
divmod(x > 1.5, 2) ; ~(x > 1.5) ; (x > 1.5) & (x > 2.5) ; (x > 1.5) & 1 ; 1 & (x > 1.5)
(x > 1.5) | 0 ; (x > 1.5) ^ 1 ; (x > 1.5) << 1 ; (x > 1.5) & np.array([1, 0, 3])
np.array([1, 0, 3]) | (x > 1.5) ; (x[0] > 0) & 1 ; 2 ^ (x[0] > 0)
(x > 1.5) & [True, False, True] ; np.array([True, False, True]) & (x > 1.5) ; 4 >> (x > 1.5)
(x > 1.5).astype(int) & 1 ; np.sum(x > 1.5) & 1 ; np.sum(x > 1.5) | 4 ; ~np.sum(x > 1.5)
np.sum(x > 1.5) << 2 ; np.sum(x > 1.5) // 2 ; np.sum(x > 1.5) % 2 ; 7 // np.sum(x > 1.5)
np.sum(x > 1.5) ** 2 ; 2 ** np.sum(x > 1.5) ; np.sum(x > 1.5) / 2 ; -np.sum(x > 1.5)
round(np.sum(x > 1.5)) ; divmod(np.sum(x > 1.5), 2) ; np.cumsum(x > 1.5) // np.array([1, 0, 2])
(x > 1.5) @ (x > 0.5) ; (x > 2.5) @ (x < 2) ; (x > 1.5) @ np.array([1, 2, 3]) ; (x > 1.5) @ x
(x > 1.5).dot(x > 0) ; (x > 1.5).sum() ; (x > 1.5).mean() ; (x > 1.5).cumsum() ; (x > 1.5).max()
(x > 1.5).prod() ; (x > 1.5).std() ; (x > 1.5).any() ; (x > 1.5).all() ; (x > 1.5).argmax()
(x > 1.5).nonzero() ; (x > 1.5).tolist() ; (x > 1.5).item(1) ; (x > 1.5).astype(bool)
(x > 1.5).astype(np.int8) ; (x > 1.5).astype(float) ; (x > 1.5).view(np.int8) ; (x > 1.5).copy()
(x > 1.5).imag ; (x > 1.5).itemsize ; sum(x > 1.5) ; max(x > 1.5) ; sum(t > 1.5 for t in x)
np.int64(3) * (x > 1.5) ; np.float64(3) * (x > 1.5) ; np.int8(3) * (x > 1.5) ; True + (x[0] > 0.5)
(x > 1.5) + np.array([2**60, 1, 1]) ; (x > 1.5) * 2**60
(x > 1.5) * np.array([1, 2, 3], np.int16) ; np.where(x > 1.5, 1, 0)
np.where(x > 1.5, True, False) ; np.where(x > 1.5, 1, 0.0) ; np.where(x > 1.5, x > 2.5, 0)
np.where(x > 1.5, x > 2.5, x < 0.5) ; np.where(x > 1.5, 2**60 + 1, 1)
np.array([x[0] > 1.5, x[1] > 1.5]) ; np.array([x[0] > 1.5, 2]) ; np.array([x[0] > 1.5, x[0]])
np.array([[x[0] > 1.5, False], [True, x[1] > 1.5]]) ; np.asarray(x > 1.5) ; np.full(3, x[0] > 0.5)
np.asarray(x > 1.5, dtype=float) + np.asarray(x > 0, dtype=float)
np.asarray(x > 1.5, dtype=bool) ; np.array(x > 1.5, dtype=float) + (x > 0)
np.sum([x[0] > 0.5, x[1] > 0.5]) ; np.all([x[0] > 0.5]) ; np.mean([x[0] > 0.5, x[1] > 5])
(x > 1.5) == True ; (x > 1.5) < (x > 0) ; np.sum(x > 1.5) > 1 ; float(x[0] > 0) ; int(x[0] > 0)
complex(x[0] > 0) ; bool(x[0] > 0) ; hash(x[0] > 0) ; isinstance(x[0] > 0, np.bool_)
isinstance(x[0] > 0, float) ; isinstance(np.sum(x > 1.5), np.integer)
ad_core.stop_gradient(x > 1.5) + ad_core.stop_gradient(x > 1.5)
"""
INDEXED = """
A[x > 1.5] ; A[x > 9] ; A[x[0] > 1] ; A[x[0] > 9] ; A[np.isnan(x[0])] ; B[x[:1] > 0]
B[x[:1] > 5] ; M[x > 1.5] ; M[x > 1.5, 1:] ; M[1:, x > 1.5] ; M[x > 1.5, 0]
M[(x > 1.5)[:, None] & (x > 0)] ; M[x > 1.5, x > 1.5] ; M[..., x > 1.5] ; M[None, x > 1.5]
M[x[0] > 0, 1] ; A[:0][x[:0] > 1] ; A[np.cumsum(x > 1.5)] ; B[np.cumsum(x[:1] > 5)]
A[np.sum(x > 1.5)] ; A[np.sum(x > 1.5, keepdims=True)] ; A[: np.sum(x > 1.5)]
A[[x[0] > 1.5, x[1] > 1.5, True]] ; A[[np.sum(x > 1.5), 0]] ; L[np.sum(x > 1.5)]
A[(x > 1.5).astype(int)] ; A[(x > 1.5) & 1] ; A[np.count_nonzero(x > 1.5)] ; A[np.argmax(x > 1.5)]
x[x > 1.5] ; x[x[0] > 1] ; x[np.cumsum(x > 1.5)] ; x[np.sum(x > 1.5)] ; x[: np.sum(x > 1.5)]
x[[np.sum(x > 1.5), 0]] ; x[[x[0] > 1.5, x[1] > 1.5, True]] ; x[np.sum(x > 1.5) :: -1]
x[-np.sum(x > 2)] ; L[np.sum(x > 1.5) :] ; list(range(np.sum(x > 1.5))) ; [0] * np.sum(x > 1.5)
np.sum(x > 1.5) * [0] ; 'ab' * np.sum(x > 1.5) ; {True: 1.0, False: 2.0}[x[0] > 1.5]
{0: 1.0, 2: 5.0}[np.sum(x > 1.5)] ; L[int(x[0] > 0)] ; len({x[0] > 1.5, x[1] > 1.5, x[2] > 1.5})
np.arange(np.sum(x > 1.5)) ; np.zeros((np.sum(x > 1.5), 2)) ; np.ones(np.sum(x > 1.5))
x.reshape(np.sum(x > 1.5) + 1, -1) ; np.repeat(A, x > 1.5) ; np.repeat(x, np.cumsum(x > 1.5))
np.roll(x, np.sum(x > 1.5)) ; np.split(x, [np.sum(x > 2.5)]) ; np.take(x, np.cumsum(x > 1.5))
np.bincount(np.cumsum(x > 1.5)) ; np.compress(x > 1.5, A) ; np.extract(x > 1.5, A)
np.tile(x, np.sum(x > 1.5)) ; np.diag(x, np.sum(x > 2)) ; x.reshape(3, 1)[np.ix_(x > 1.5, [True])]
np.linspace(0.0, x[0], np.sum(x > 1.5)) ; M.take(np.sum(x > 1))
"""
STORED = """
m[:] = x ; m[:] = x - 1 ; m[0] = x[0] ; m[1:] = [0.0, 2.0] ; m += x > 0 ; m |= x > 0 ; m ^= True
m[m] = False ; m[x > 2.5] = x[0] - 1 ; m.fill(3.0) ; m.sort() ; m[:] = np.nan ; m[1] = m[0]
m[0] = 2 ; np.copyto(m, x > 2.5) ; np.putmask(m, x > 2.5, False) ; np.put(m, [0], x[0])
np.logical_or(m, x > 0, out=m) ; np.add.at(m, [0, 0], True) ; np.place(m, x > 2.5, [0.0])
m[:, None][0] = x[0] ; m.reshape(3, 1)[:, 0] = x - 1 ; m[1:][:] = x[1:] - 3
np.fill_diagonal(m[None], 1) ; c[0] = x[2] * 1.5 ; c += 1 ; c //= 2 ; c <<= 1 ; c &= 1
c[c > 1] = 0 ; c[:] = [1.7, -1.7, 2.0] ; c -= x > 0 ; c *= c ; c[1:] += c[:-1]
np.add.at(c, [0, 0, 1], x > 0) ; c[x > 1.5] = x[1:] / 2 ; v[x > 1.5] = 7.0 ; v[x > 1.5] *= 2
v[np.cumsum(x > 1.5)] = 5.0 ; v[x[0] > 0.5] = 9.0 ; v[..., x > 1.5] = 9 ; v[np.sum(x > 1.5)] = 4.0
v[: np.sum(x > 1.5)] = 4.0 ; v[:1][x[:1] > 5] = 7.0 ; v[x > 1.5] = x[1:] > 2 ; w[:, x > 1.5] = 0
w[x > 1.5, 0] = 1 ; w[x > 1.5] = 2 ; w[(x > 1.5), (x < 2.5)] = 3 ; w[x > 1.5] += 1
b[:] = x > 1.5 ; b |= x > 1.5 ; b[1] = x[1] > 1.5 ; b[x > 1.5] = True ; b ^= x > 0
b[:] = x[0] > 0 ; k += x > 1.5 ; k[1] = np.sum(x > 1.5) ; k[0] += x[1] > 1.5 ; k[x > 1.5] += 1
k[:] = np.cumsum(x > 0) ; np.add.at(k, [0, 0, 1], x > 0) ; np.copyto(k, x > 1.5)
np.multiply(x > 1.5, 2, out=k) ; z += x > 1.5 ; z[x > 1.5] = x[x > 1.5]
z[np.cumsum(x > 1.5)] = x ; z[x[0] > 0.5] = x ; z[:] = x > 1.5 ; np.add(x > 1.5, x > 0, out=z)
np.sum(x > 1.5, keepdims=True, out=z[:1]) ; np.add.at(z, [0, 0], x[0] > 0)
"""


def rows(text):
    return [part.strip() for line in text.strip().splitlines() for part in line.split(" ; ")]


def arrays(x):
    """Masks, counts, computed plain arrays and buffers to store into."""
    return {
        "m": x > 1.5, "c": np.cumsum(x > 1.5), "v": np.linspace(1.0, 3.0, 3),
        "w": np.linspace(1.0, 9.0, 9).reshape(3, 3), "b": np.zeros(3, bool), "k": np.zeros(3, int),
        "z": np.zeros(3),
    }  # fmt: skip


def evaluated(code, x):
    names = {
        "np": np, "ad_core": ad_core, "x": x, "A": np.linspace(10.0, 30.0, 3), "B": np.ones(1),
        "M": np.linspace(1.0, 9.0, 9).reshape(3, 3), "L": [10.0, 20.0, 30.0, 40.0],
    }  # fmt: skip
    return eval(code, names, {})


def stored(code, x):
    made = arrays(x)
    exec(code, {"np": np, "x": x}, made)
    return [made[name] for name in "mcvwbkz"]


def described(result):
    """Values, type and shape of everything in a result, traced or not."""
    if isinstance(result, list | tuple):
        return [described(part) for part in result]
    if _core.traced(result):
        return _core.current_values(result).tolist(), result.dtype.kind, result.shape
    array = _core.plain_function("asarray")(result)
    return array.tolist(), array.dtype.kind, array.shape


def traced(function, x):
    """The description of a function's result, made while it is traced."""
    found = []

    def f(x):
        found.append(described(function(x)))
        return np.sum(x)

    ad_core.grad(f)(x)
    return found[0]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("code", rows(CALCULATED) + rows(INDEXED))
def test_values_types_and_shapes_are_numpys(code):
    def f(x):
        return evaluated(code, x)

    assert traced(f, X) == described(f(X.copy()))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("code", rows(STORED))
def test_stores_are_numpys(code):
    def f(x):
        return stored(code, x)

    assert traced(f, X) == described(f(X.copy()))


def test_a_store_through_a_view_of_a_mask_is_seen_in_it():
    def f(x):
        m = x > 1.5
        part = m[1:]
        m &= x > 2.5
        part[1:] = x[0] - 1
        return [m, part]

    assert traced(f, X) == described(f(X.copy()))


def test_floats_made_of_a_mask_share_no_memory_with_it():
    def f(x):
        m = x > 1.5
        made = [np.asarray(m, dtype=float), np.array(m, dtype=float, copy=None), m.astype(float)]
        for y in made:
            y[0] = 5.0
        return [m, *made]

    assert traced(f, X) == described(f(X.copy()))


REFUSED = {
    "(x > 1.5) - (x > 2.5)": ("boolean subtract", ".astype(float)"),
    "-(x > 1.5)": ("boolean negative", "~"),
    "-(x[0] > 1.5)": ("boolean negative", "~"),
    "+(x > 1.5)": ("positive", ".astype(float)"),
    "np.diff(x > 1.5) - np.diff(x > 1.5)": ("boolean subtract",),
    "np.ptp(x > 1.5)": ("boolean subtract", ".astype(float)"),
    "np.subtract(x > 1.5, True)": ("boolean subtract", ".astype(float)"),
    "L[x[0] > 1]": ("numpy.bool", "int(...)"),
    "L[(x[0] > 1) :]": ("numpy.bool", "int(...)"),
    "range(x[0] > 1)": ("numpy.bool", "int(...)"),
    "range(3)[x[0] > 1]": ("numpy.bool", "int(...)"),
    "L[x[:1] > 1]": ("integer scalar arrays", "int(...)"),
    "[0] * (x[0] > 1)": ("numpy.bool", "int(...)"),
    "A[(x[0] > 1) :]": ("numpy.bool", "int(...)"),
    "(x > 1.5) & x": ("truth values", "(a > 0) & (b > 0)"),
    "np.bitwise_or(x, 1)": ("truth values", "(a > 0) & (b > 0)"),
    "x << 1": ("truth values", "integers"),
}
REFUSED_STORES = {
    "m += 1": ("'same_kind'", "astype(float)"), "m *= x": ("'same_kind'", "astype(float)"),
    "m -= m": ("boolean subtract",), "m **= 2": ("'same_kind'",), "m /= 2": ("'same_kind'",),
    "c += 0.5": ("'same_kind'", "astype(float)"), "c /= 2": ("'same_kind'",),
    "c *= x": ("'same_kind'",), "np.copyto(m, x)": ("'same_kind'",),
    "np.add(m, x, out=m)": ("the result of add", "'same_kind'"),
    "np.putmask(m, m, x)": ("'safe'",),
}  # fmt: skip


@pytest.mark.parametrize("code", REFUSED)
def test_operations_that_numpy_rejects_raise_with_a_remedy(code, nothing_leaks):
    # older NumPy takes a bool as an index, with a warning, which is an error in tests
    with pytest.raises((TypeError, DeprecationWarning)):
        evaluated(code, X.copy())
    with refused(TypeError, *REFUSED[code]):
        ad_core.grad(lambda x: np.sum(x) + 0 * np.sum(evaluated(code, x)))(X)


@pytest.mark.parametrize("code", REFUSED_STORES)
def test_casts_that_numpy_rejects_raise(code, nothing_leaks):
    with pytest.raises(TypeError):
        stored(code, X.copy())
    with refused(TypeError, *REFUSED_STORES[code]):
        ad_core.grad(lambda x: stored(code, x) and np.sum(x))(X)


def test_nan_can_not_be_converted_to_an_integer(nothing_leaks):
    def f(x):
        count = np.cumsum(x > 0)
        count[0] = x[0] / 0.0 * 0.0
        return np.sum(count * x)

    with np.errstate(all="ignore"), refused(ValueError, "NaN", "test_truth_values.py"):
        ad_core.grad(f)(X)


# Functions of x with branches, to be evaluated at X and at a point on another branch.
W = np.array([10.0, 20.0, 30.0, 40.0])


def masked_store(x):
    v = np.linspace(1.0, 2.0, 3)
    v[x > 1.5] = 7.0
    return x * v


def into_a_mask(x):
    m = x > 1.5
    m[:] = np.maximum(x - 2.2, 0.0)
    return x * m


def counted(x):
    n = 0
    for t in x:
        n += t > 1.5
    return x * n


MODELS = {
    "a mask of one": lambda x: x[:1] * (1 + np.sum(W[:1][x[:1] > 1.5])),
    "a truth value as an index": lambda x: x * np.sum(W[x[0] > 1.5]),
    "a mask of a plain array": lambda x: x * np.sum(W[:3][x > 1.5]),
    "a stored mask": masked_store,
    "numbers in a mask": into_a_mask,
    "counts index": lambda x: x * W[np.cumsum(x > 1.5)],
    "a count slices": lambda x: x * np.sum(W[: np.sum(x > 1.5)]),
    "sum of masks": lambda x: x * ((x > 1.5) + (x > 2.5)),
    "product of masks": lambda x: x * ((x > 1.5) @ (x > 2.5)),
    "a masked mean": lambda x: x * (np.sum(x * (x > 1.5)) / np.sum(x > 1.5)),
    "a mask and an integer": lambda x: x * ((x > 1.5) & 1),
    "counted in a loop": counted,
    "repeated": lambda x: x * np.sum(np.repeat(x, np.cumsum(x > 1.5))),
    "chosen by a key": lambda x: x * {True: 2.0, False: 3.0}[x[0] > 1.5],
    "convolved": lambda x: np.convolve(x > 1.5, x > 2.5)[:3] * x + np.convolve(x, x > 1.5)[:3],
    "what einsum makes of masks": lambda x: np.einsum("i,i,j->j", x > 1.5, x > 2.5, x > 0.0) * x,
}
LAZY = {
    "sum of masks", "product of masks", "a masked mean", "numbers in a mask", "counted in a loop",
    "convolved", "what einsum makes of masks",
}  # fmt: skip


def slopes(f, x, h=1e-6):
    steps = h * np.eye(x.size)
    return np.stack([(f(x + e) - f(x - e)) / (2 * h) for e in steps], axis=-1)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.filterwarnings("ignore")
def test_all_routes_are_right_at_all_points(name):
    f = MODELS[name]
    points = [X, X[::-1].copy(), np.array([0.5, 1.0, 2.7]), X + 5.0]
    compiled, tape = ad_core.compile(f), ad_core.trace(f, X)
    for x in points:
        J = slopes(f, x)
        for found in (ad_core.jacfwd(f)(x), ad_core.jacrev(f)(x), compiled.jacobian(x)):
            np.testing.assert_allclose(found, J, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(compiled(x), f(x))
        try:
            np.testing.assert_allclose(tape.jacobian(x), J, rtol=1e-6, atol=1e-6)
            np.testing.assert_allclose(tape(x), f(x))
        except BranchChanged:
            assert name not in LAZY
    batch = np.stack(points)
    np.testing.assert_allclose(
        compiled.jacobian(batch, batch_dims=1), [slopes(f, x) for x in points], rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.filterwarnings("ignore")
def test_within_another_trace(name):
    f = MODELS[name]
    H = ad_core.hessian(lambda x: np.sum(f(x) ** 2))(X)
    expected = slopes(lambda x: ad_core.grad(lambda x: np.sum(f(x) ** 2))(x), X)
    np.testing.assert_allclose(H, expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("name", sorted(LAZY))
def test_calculations_without_branches_record_no_guard(name):
    """The recording holds at every point."""
    tape = ad_core.trace(MODELS[name], X)
    for x in (X[::-1].copy(), X + 5.0):
        tape(x)


def test_sums_of_single_truth_values_are_counts():
    """Additions of single truth values give counts, as the sum of an array does."""

    def f(x):
        n = (x[0] > 1.5) + (x[1] > 1.5)  # a truth value
        k = 0 + (x[0] > 1.5) + (x[1] > 1.5) + (x[2] > 1.5)
        return [n, k, k + k, k * 3, k - 1, k > 1, k == 2, k * (x[0] > 0), (x[0] > 0) * (x[1] > 0)]

    assert traced(f, X) == described(f(X.copy()))
