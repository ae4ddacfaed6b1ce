# SPDX-License-Identifier: Apache-2.0
"""A Tape's methods at new points, against the transforms at those points."""

import itertools

import numpy as np
import pytest

import ad_core
from ad_core.recording.trees import flatten
from convention_rows import FUNCTIONS, each_function, function, number

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
rng = np.random.default_rng(11)


def alike(found, expected, **tolerances):
    """The same containers, types, shapes and, to rounding, numbers."""
    (found, tree), (expected, other) = flatten(found), flatten(expected)
    assert tree == other
    for x, y in zip(found, expected, strict=True):
        assert type(x) is type(y)
        assert np.shape(x) == np.shape(y)
        assert x.dtype == np.float64
        np.testing.assert_allclose(x, y, **{"rtol": 1e-12, "atol": 1e-14, **tolerances})


def block(x):
    return x[0] * np.cumsum(x, axis=1) + np.sin(x @ x.T)[..., None] * x[:, None]


def nested(p, scale):
    w, (b, c) = p["w"], p["bc"]
    return {"out": np.tanh(w @ b) * c, "aux": (c * scale, [np.sum(w), scale])}


def buffers(x, y):
    out = np.zeros((3, 2))
    out[1] = x[:2] * y
    out[2, 0] += x[2] ** 2
    return out


def branch(x):
    if x[0] > x[1]:
        return x * x[0]
    return np.cos(x)


P = {"w": rng.random((2, 3)), "bc": (rng.random(3), np.float64(0.7))}
x3, m23, t = rng.random(3), rng.random((2, 3)), np.float64(0.4)
MAPS = {
    "a number": (lambda x: np.sin(x) * x, (0.4,)),
    "a 0-d array": (lambda x: np.exp(x) * x, (np.array(0.4),)),
    "a number, an array out": (lambda x: np.array([x, x * x, 1.0]), (0.4,)),
    "one element": (lambda x: x * x, (np.array([0.4]),)),
    "a vector": (lambda x: np.sin(x) * x[0], (x3,)),
    "n-d": (block, (rng.random((2, 2)),)),
    "three axes": (lambda x: x @ x[0].T + np.sin(x)[..., :1], (rng.random((2, 3, 2)),)),
    "two arguments": (lambda a, b: np.outer(a, b) * a[0], (x3, m23[0])),
    "unlike arguments": (lambda a, b, c: a * b[:, None] + c, (m23, rng.random(2), t)),
    "nested": (nested, (P, t)),
    "a tuple argument": (lambda p: p[0] * np.sum(p[1]), ((x3, m23),)),
    "a list out": (lambda x: [x[0], x[1:] * x[0], None], (x3,)),
    "the input itself": (lambda x: x, (x3,)),
    "the input twice": (lambda x: (x, {"again": x}), (x3,)),
    "an unused argument": (lambda a, b: a * 2.0, (x3, m23)),
    "a constant": (lambda x: np.array([1.0, np.inf]), (x3,)),
    "a constant number": (lambda x: 3.0, (x3,)),
    "constant entries": (lambda x: np.array([2.0 * x[0] - x[1], x[2] ** 2, 5.0]), (x3,)),
    "linear": (lambda x: np.arange(6.0).reshape(2, 3) @ x, (x3,)),
    "buffers": (buffers, (x3, rng.random(2))),
    "empty": (lambda x: x * 2.0, (np.zeros(0),)),
    "empty matrix": (lambda x: np.sin(x), (np.zeros((3, 0)),)),
    "empty beside": (lambda a, b: a * (1.0 + np.sum(b)), (x3, np.zeros((0, 2)))),
    "empty out": (lambda x: x[:0] * x[0], (x3,)),
    "nothing out": (lambda x: (), (x3,)),
    "a sum of nothing": (lambda x: np.sum(x) + 1.0, (np.zeros(0),)),
    "a branch": (branch, (np.array([0.9, 0.2, 0.5]),)),
}
SCALARS = {
    "a number": (lambda x: x * np.sin(x), (0.4,)),
    "a 0-d array": (lambda x: x**3, (np.array(0.4),)),
    "a vector": (lambda x: np.sum(np.sin(x) * x[0]) + x[1] * x[2] ** 2, (x3,)),
    "a matrix": (lambda x: np.sum((x @ x.T) ** 2), (m23,)),
    "two arguments": (lambda a, b: np.sum(np.outer(a, b) ** 3) + a[0], (x3, m23[0])),
    "nested": (lambda p, s: np.sum(np.tanh(p["w"] @ p["bc"][0])) * s * p["bc"][1], (P, t)),
    "quadratic": (lambda x: x[0] * x[1] + 3.0 * x[2] ** 2, (x3,)),
    "linear": (lambda x: np.sum(x) * 2.0, (x3,)),
    "a constant": (lambda x: np.float64(2.0), (x3,)),
    "an unused argument": (lambda a, b: np.sum(a * a), (x3, m23)),
    "empty": (lambda x: np.sum(x * x), (np.zeros(0),)),
    "separable": (lambda x: np.sum(np.exp(x)) + x[0] * x[2], (x3,)),
}
each_map = pytest.mark.parametrize("name", MAPS)
each_scalar = pytest.mark.parametrize("name", SCALARS)


def moved(args, k):
    """Other points near those: the same containers, shapes and kinds."""
    source = np.random.default_rng(k)

    def move(x):
        y = np.asarray(x) + 0.05 * source.random(np.shape(x))
        return y if type(x) is np.ndarray else type(x)(y)

    leaves, tree = flatten(args)
    return tree.build([move(x) for x in leaves])


def setting(table, name):
    fun, args = table[name]
    return fun, ad_core.trace(fun, *args), [args, moved(args, 1), moved(args, 2)]


def some_argnums(n):
    """One by one from both ends, and all pairs and more in every order."""
    yield from range(-n, n)
    for r in range(1, n + 1):
        yield from itertools.permutations(range(n), r)
    yield ()


def alone(parts):
    return parts[0] if len(parts) == 1 else tuple(parts)


@each_map
def test_values(name):
    fun, tape, points = setting(MAPS, name)
    for args in points:
        alike(tape(*args), ad_core.value_and_jacobian(fun)(*args)[0])


def first_derivatives_hold(kind, name, method):
    """A method and its value_and_ form agree with the transforms of the same names."""
    fun, tape, points = setting(kind, name)
    both = f"value_and_{method}"
    for args in points:
        for argnums in some_argnums(len(args)):
            value, expected = getattr(ad_core, both)(fun, argnums)(*args)
            alike(getattr(tape, method)(*args, argnums=argnums), expected)
            found = getattr(tape, both)(*args, argnums=argnums)
            assert type(found) is tuple
            alike(found, (value, expected))


@each_map
def test_jacobians(name):
    first_derivatives_hold(MAPS, name, "jacobian")


@each_map
def test_products(name):
    fun, tape, points = setting(MAPS, name)
    for args in points:
        tangents = moved(args, 5)
        value, pushed = ad_core.jvp(fun, args, tangents)
        alike(tape.jvp(alone(args), alone(tangents)), pushed)
        leaves, tree = flatten(value)
        weights = tree.build([np.cos(np.arange(np.size(y)) + 1.0).reshape(np.shape(y))[()]
                              for y in leaves])  # fmt: skip
        pulled = ad_core.vjp(fun, *args)[1](weights)
        alike(tape.vjp(alone(args), weights), alone(pulled))


@each_scalar
def test_gradients(name):
    first_derivatives_hold(SCALARS, name, "grad")


@each_scalar
def test_hessians(name):
    fun, tape, points = setting(SCALARS, name)
    for args in points:
        for argnums in some_argnums(len(args)):
            found = tape.hessian(*args, argnums=argnums)
            alike(found, ad_core.hessian(fun, argnums)(*args))
        tangents = moved(args, 5)
        expected = ad_core.hvp(fun, args, tangents)
        alike(tape.hvp(alone(args), alone(tangents)), expected)


def test_a_hessian_is_symmetric_to_the_bit():
    f, x = (lambda x: np.sum(np.tanh(x * x[::-1]) @ np.outer(x, np.exp(x)))), rng.random(6)
    hessian = ad_core.trace(f, x).hessian(x + 0.1)
    np.testing.assert_array_equal(hessian, hessian.T)


def test_floats_of_any_kind_and_arrays_without_axes_are_one():
    tape = ad_core.trace(lambda a, b: a * b, 1.0, np.array(2.0))
    for a in (3.0, np.float64(3.0), np.array(3.0), np.float32(3.0), np.float16(3.0)):
        for b in (5.0, np.float64(5.0), np.array(5.0), np.array(5.0, np.float32)):
            found = tape(a, b)
            assert type(found) is np.float64
            assert found == 15.0
            assert tape.jacobian(a, b) == 5.0


def test_results_are_new_arrays():
    tape = ad_core.trace(lambda x: x, x3)
    x = x3.copy()
    first = tape(x)
    first[:] = 7.0
    np.testing.assert_array_equal(x, x3)
    np.testing.assert_array_equal(tape(x), x3)
    jacobian = tape.jacobian(x)
    jacobian[:] = 7.0
    np.testing.assert_array_equal(tape.jacobian(x), np.eye(3))


def test_equal_results_do_not_share_memory():
    tape = ad_core.trace(lambda x: (x * 2.0, x * 2.0), x3)
    for x in (x3, np.stack([x3] * 20)):
        first, second = tape(x)
        assert not np.shares_memory(first, second)
        np.testing.assert_array_equal(first, second)


def test_the_nodes_of_a_tape_stay_those_of_its_own_point():
    tape = ad_core.trace(lambda x: np.sum(x * x), x3)
    before = str(tape), tape.value
    tape.value_and_grad(x3 + 1.0)
    assert (str(tape), tape.value) == before


def test_a_flipped_branch_names_the_comparison():
    tape = ad_core.trace(branch, np.array([0.9, 0.2, 0.5]))
    other = np.array([0.1, 0.2, 0.5])
    for call in (tape, tape.jacobian, lambda x: tape.vjp(x, x3), lambda x: tape.jvp(x, x3)):
        with pytest.raises(ad_core.BranchChanged, match=r"if x\[0\] > x\[1\]:") as caught:
            call(other)
        assert "branch" in str(caught.value)
        assert __file__.rsplit("/", 1)[-1] in str(caught.value)
    alike(tape(x3 * [3.0, 0.1, 1.0]), branch(x3 * [3.0, 0.1, 1.0]))


@pytest.mark.parametrize("x", [np.nan, np.inf, -np.inf, -0.0, 5e-324, 1e308])
def test_extreme_inputs_give_numpys_values(x):
    args = np.array([x, 1.0, x])

    def f(x):
        return np.array([x[0] * x[1], x[0] - x[2], x[0] * 0.0, x[0] + 0.0, -x[0], x[0] / x[1]])

    found = ad_core.trace(f, x3)(args)
    np.testing.assert_array_equal(found, f(args))
    np.testing.assert_array_equal(np.signbit(found), np.signbit(f(args)))


# ------------------------------------------------------------------------ docs/conventions.md


def elsewhere(x):
    """A point without kinks, poles and ties."""
    return 0.61 + 0.13 * np.arange(np.size(x)).reshape(np.shape(x))[()]


@each_function
@pytest.mark.parametrize("where", ["there", "elsewhere"])
def test_conventional_derivatives(row, where):
    f, x, expected = function(row[0]), number(row[1]), number(row[2])
    tape = ad_core.trace(f, x if where == "there" else elsewhere(x))
    found = tape.jacobian(x)
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    np.testing.assert_array_equal(tape(x), f(x))
    expected_there = ad_core.jacobian(f)(elsewhere(x))
    for n in (1, 2, 19):
        points = np.stack([np.asarray(x), np.asarray(elsewhere(x))] * n)
        found = tape.jacobian(points)
        for k in range(n):
            np.testing.assert_allclose(found[2 * k], expected, rtol=1e-14)
            np.testing.assert_allclose(found[2 * k + 1], expected_there, rtol=1e-12, atol=1e-15)


def assert_same_or_unknown(found, expected):
    """The same numbers, except that a program's may be NaN where a sweep's are infinite."""
    expected = np.where(np.isnan(found) & np.isinf(expected), np.nan, expected)
    np.testing.assert_allclose(found, expected, rtol=1e-13)


@each_function
def test_conventional_second_derivatives(row):
    f, x = function(row[0]), number(row[1])
    if np.shape(f(x)) or row[3] == "none":
        return
    tape = ad_core.trace(f, elsewhere(x))
    expected = number(row[3])
    assert_same_or_unknown(tape.hessian(x), expected)
    found = tape.hessian(np.stack([np.asarray(x)] * 18))
    assert_same_or_unknown(found, np.broadcast_to(expected, found.shape))


KINKS = {
    "arctan2": np.arctan2, "hypot": np.hypot, "cube": lambda a, b: np.hypot(a, b) ** 3,
    "polar": lambda a, b: np.hypot(a, b) * np.arctan2(a, b),
    "angle": lambda a, b: np.angle(a + 1j * b),
    "root": lambda a, b: np.sqrt(a * a + b * b), "absolute": lambda a, b: np.abs(a + 1j * b),
    "norm": lambda a, b: np.linalg.norm(np.stack([a, b])), "log": lambda a, b: a * np.log(b),
    "roots": lambda a, b: np.sqrt(a) * np.sqrt(b), "share": lambda a, b: a / np.hypot(a, b),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINKS)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_at_a_kink_the_finite_numbers_of_a_program_are_those_of_sweeps(kind, order):
    """Where it has finite numbers, sweeps have the same."""
    derivative = lambda x: KINKS[kind](x[0], x[1])  # noqa: E731
    for k in range(order - 1):
        derivative = ad_core.jacfwd(derivative) if k % 2 else ad_core.jacrev(derivative)
    with np.errstate(all="ignore"):
        for x in itertools.product([0.0, 1.0, -1.0, np.inf], repeat=2):
            x = np.array(x)
            expected = ad_core.jacobian(derivative)(x)
            for at in (x, elsewhere(x)):
                try:
                    found = ad_core.trace(derivative, at).jacobian(x)
                except ad_core.BranchChanged:
                    continue
                known = np.isfinite(found)
                np.testing.assert_allclose(found[known], expected[known], rtol=1e-9, atol=1e-12)


@each_function
def test_a_masked_branch_does_not_count(row):
    f, x = function(row[0]), number(row[1])
    unwanted = np.full(np.shape(f(x)), False)
    tape = ad_core.trace(lambda x: np.where(unwanted, f(x), 1.0), x)
    np.testing.assert_array_equal(tape.jacobian(x), 0.0)
    np.testing.assert_array_equal(tape.jacobian(np.stack([np.asarray(x)] * 17)), 0.0)


def test_the_page_is_read():
    assert len(FUNCTIONS) > 40


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 33])
@pytest.mark.parametrize(
    "fun",
    [np.sum, np.cumsum, np.max, lambda x: np.sum(x * np.abs(x)), lambda x: np.sum(x[:, None], 1)],
)
def test_sums_of_negative_zeros_have_the_sign_that_numpy_gives(fun, n):
    x, tape = np.full(n, -0.0), ad_core.trace(fun, np.full(n, 0.5))
    expected = np.signbit(fun(x))
    np.testing.assert_array_equal(np.signbit(tape(x)), expected)
    np.testing.assert_array_equal(np.signbit(tape(np.stack([x] * 17))[5]), expected)


@pytest.mark.parametrize("fun", [np.max, np.min])
@pytest.mark.parametrize("x", [[1.0, np.nan, 2.0], [np.nan, 1.0, np.nan], [3.0, 3.0, 1.0]])
def test_the_derivative_of_an_extreme_is_that_of_the_nan(fun, x):
    x = np.array(x)
    expected = ad_core.grad(fun)(x)
    tape = ad_core.trace(fun, np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(tape.grad(x), expected)
    np.testing.assert_array_equal(tape.grad(np.stack([x] * 3))[1], expected)
    hessian = tape.hessian(x)
    np.testing.assert_array_equal(hessian, np.zeros((3, 3)))
