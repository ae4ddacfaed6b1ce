"""Zeros that meet infinities: a zero that stays zero wins, one that merely is zero makes NaN, and a
finite number is the derivative (docs/conventions.md, rules 1 to 3)."""

import pickle

import mpmath
import numpy as np
import pytest

import ad_core

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

A = np.array
BIG = 800.0  # exp(BIG) overflows


def jacobians(f, x):
    """The Jacobian of f at x by every method, by name."""
    tape = ad_core.trace(f, x)
    size = np.size(x)
    basis = np.eye(size).reshape(size, *np.shape(x))
    columns = [ad_core.jvp(f, (x,), (t,))[1] for t in basis]
    batch = np.stack([x, x, x, x, x])
    return {
        "forward": ad_core.jacfwd(f)(x),
        "reverse": ad_core.jacrev(f)(x),
        "tangents": np.stack(columns, axis=-1),
        "tape": tape.jacobian(x),
        "pickled": pickle.loads(pickle.dumps(tape)).jacobian(x),
        "compiled": ad_core.compile(f).jacobian(x),
        "batch": ad_core.compile(f).jacobian(batch, batch_dims=1)[3],
        "nested": ad_core.trace(lambda x: ad_core.jacrev(f)(x), x)(x),
        "sparse": ad_core.jacobian(f, sparse=True)(x).toarray(),
    }


def hessians(f, x):
    """The Hessian of a scalar f at x by every method, by name."""
    forward, reverse = ad_core.jacfwd, ad_core.jacrev
    return {
        "hessian": ad_core.hessian(f)(x),
        "forward of reverse": forward(reverse(f))(x),
        "reverse of forward": reverse(forward(f))(x),
        "forward twice": forward(forward(f))(x),
        "reverse twice": reverse(reverse(f))(x),
        "products": np.stack([ad_core.hvp(f, (x,), (t,)) for t in np.eye(np.size(x))]),
        "tape": ad_core.trace(f, x).hessian(x),
        "compiled": ad_core.compile(f).hessian(x),
        "batch": ad_core.compile(f).hessian(np.stack([x] * 5), batch_dims=1)[2],
        "sparse": ad_core.hessian(f, sparse=True)(x).toarray(),
    }


# ------------------------------------------------------------------------- zeros that stay zero

STAYS = {
    "a branch not taken": (lambda x: np.where(x > 0, np.log(x), 0.0), [0.0, 0.5], [0.0, 2.0]),
    "a mask as a factor": (lambda x: (x > 0) * np.log(x), [0.0, 0.5], [0.0, 2.0]),
    "a mask made a number": (lambda x: np.log(x) * (x > 0).astype(float), [0.0, 0.5], [0.0, 2.0]),
    "a constant zero": (lambda x: A([0.0, 1.0]) * np.log(x), [0.0, 0.5], [0.0, 2.0]),
    "a branch that is zero as a factor": (
        lambda x: np.where(x > 0, x, 0.0) * np.sqrt(np.abs(x)),
        [-0.0, 4.0],
        [0.0, 3.0],
    ),
    "the flat part of maximum": (
        lambda x: np.maximum(x - 1, 0.0) * np.log(x),
        [0.0, 2.0],
        [0.0, np.log(2.0) + 0.5],
    ),
    "a step": (lambda x: np.floor(x) * np.sqrt(x), [0.0, 2.25], [0.0, 2 * 0.5 / 1.5]),
    "a quotient of zero": (
        lambda x: np.where(x > 1, x, 0.0) / (1 + np.sqrt(x)),
        [0.0, 4.0],
        [0.0, 1 / 3 - 4 / 9 * 0.25],
    ),
}


@pytest.mark.parametrize("kind", STAYS)
def test_a_zero_that_stays_zero_wins(kind):
    f, x, diagonal = STAYS[kind]
    for way, found in jacobians(f, A(x)).items():
        np.testing.assert_allclose(found, np.diag(diagonal), rtol=1e-14, err_msg=way)


def test_elements_not_selected_and_matrices_with_zeros_win():
    def f(x):
        chosen = np.max(np.stack([np.log(x), A([-5.0, 1.0])]), axis=0)
        return A([[1.0, 0.0], [0.0, 0.0]]) @ chosen + A([0.0, 1.0]) @ np.sqrt(x[::-1])

    x = A([0.0, 0.25])
    want = ad_core.jacfwd(lambda x: A([-5.0 + 0 * x[1], 0.0]) + 0 * x[1])(x)
    want[:, 0] = np.inf  # the root of x[0] is selected
    for way, found in jacobians(f, x).items():
        np.testing.assert_allclose(found, want, err_msg=way)


# ------------------------------------------------------------------------ zeros at this point

UNKNOWN = {
    "softplus that overflows": (lambda x: np.log1p(np.exp(x)), [BIG]),
    "a difference under a root": (lambda x: np.sqrt(np.sin(x) - np.sin(x) * 1.0), [0.5]),
    "a root of a power between 1 and 2": (lambda x: np.sqrt(x**1.5), [0.0]),
    "the magnitude of a root": (lambda x: np.abs(np.sqrt(x)), [0.0]),
    "a variance by differences": (
        lambda x: np.sqrt(np.mean(x**2) - np.mean(x) ** 2) * np.ones(2),
        [2.0, 2.0],
    ),
    "the logarithm of a square": (lambda x: x**2 * np.log(x), [0.0]),
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_a_zero_at_this_point_only_gives_nan(kind):
    f, x = UNKNOWN[kind]
    for way, found in jacobians(f, A(x)).items():
        if kind == "a difference under a root" and way in ("tape", "compiled", "batch", "pickled"):
            np.testing.assert_array_equal(found, 0.0, err_msg=way)  # the graph sees that it cancels
        else:
            assert not np.isfinite(found).any(), way


def test_infinities_are_added_up_before_they_count():
    f = lambda x: np.sqrt(2 * x - x)  # noqa: E731
    for way, found in jacobians(f, A([0.0])).items():
        # a derivative that a function takes itself is computed by other sums
        assert found == np.inf or (way == "nested" and np.isnan(found)), way


# --------------------------------------------------------------------------- roots of squares

KINKS = {
    "norm": lambda x: np.linalg.norm(x),
    "by hand": lambda x: np.sqrt(x @ x),
    "element by element": lambda x: (x[0] ** 2 + x[1] * x[1]) ** 0.5,
    "sum": lambda x: np.sqrt(np.sum(x**2)),
    "mean": lambda x: np.sqrt(np.mean(np.square(x))),
    "einsum": lambda x: np.sqrt(np.einsum("i,i", x, x)),
    "power": lambda x: np.power(np.sum(x**2), 0.5),
    "order 3": lambda x: np.linalg.norm(x, 3),
    "std": lambda x: np.std(x),
    "hypot": lambda x: np.hypot(x[0], x[1]),
    "complex": lambda x: np.abs(x[0] + 1j * x[1]),
    "weighted": lambda x: np.sqrt(3.0 * x[0] ** 2 + x[1] ** 2 / 2.0),
    "distances": lambda x: np.sum(np.sqrt(np.maximum(((x[:, None] - x) ** 2), 0.0))),
    "cube of a norm": lambda x: np.linalg.norm(x) ** 3,
}


@pytest.mark.parametrize("kind", KINKS)
def test_the_root_of_a_sum_of_squares_has_the_middle_of_its_kink(kind):
    f = KINKS[kind]
    for way, found in jacobians(lambda x: f(x) * np.ones(1), np.zeros(2)).items():
        np.testing.assert_array_equal(found, 0.0, err_msg=way)


M = A([[1.0, 2.0], [0.0, 3.0]])


def times_itself(root):
    return root * root


SMOOTH = {
    "norm squared": (lambda x: np.linalg.norm(x) ** 2, 2 * np.eye(2)),
    "root of a product": (lambda x: np.sqrt(x @ x) ** 2, 2 * np.eye(2)),
    "its own factor": (lambda x: times_itself(np.linalg.norm(x)), 2 * np.eye(2)),
    "square of a number": (lambda x: np.square(np.linalg.norm(x)), 2 * np.eye(2)),
    "magnitudes": (lambda x: np.sum(np.abs(x) ** 2), 2 * np.eye(2)),
    "hypot": (lambda x: np.hypot(x[0], x[1]) ** 2, 2 * np.eye(2)),
    "hypot of arrays": (lambda x: np.sum(np.hypot(x, x[::-1]) ** 2), 4 * np.eye(2)),
    "complex": (lambda x: np.abs(x[0] + 1j * x[1]) ** 2, 2 * np.eye(2)),
    "std": (lambda x: np.std(x) ** 2, A([[0.5, -0.5], [-0.5, 0.5]])),
    "residual": (lambda x: 0.5 * np.linalg.norm(M @ x) ** 2, M.T @ M),
    "rows": (lambda x: np.sum(np.linalg.norm(M * x, axis=1) ** 2), 2 * np.diag((M * M).sum(0))),
    "kernel": (lambda x: (1 + np.linalg.norm(x) ** 2) ** -0.5, -np.eye(2)),
}


@pytest.mark.parametrize("kind", SMOOTH)
def test_the_square_of_a_root_is_smooth(kind):
    f, H = SMOOTH[kind]
    for way, found in hessians(f, np.zeros(2)).items():
        np.testing.assert_allclose(found, H, atol=1e-15, err_msg=way)
    np.testing.assert_array_equal(ad_core.grad(f)(np.zeros(2)), 0.0)


@pytest.mark.parametrize("kind", SMOOTH)
def test_the_square_of_a_root_has_numpys_value(kind):
    """Except for the last digit of a dot product, which NumPy computes by BLAS."""
    f = SMOOTH[kind][0]
    for x in np.random.default_rng(0).normal(size=(20, 2)):
        value = ad_core.value_and_grad(f)(x)[0]
        np.testing.assert_allclose(value, f(x), rtol=4 * np.finfo(float).eps)


@pytest.mark.parametrize("kind", sorted(KINKS.keys() - {"order 3", "cube of a norm"}))
@pytest.mark.parametrize("square", [np.square, times_itself, lambda root: root**2], ids=range(3))
def test_the_square_of_a_root_is_that_of_its_value(kind, square):
    """To the last bit, and not the radicand, which differs from it by rounding."""
    for x in np.random.default_rng(0).normal(size=(20, 2)):
        tape = ad_core.trace(lambda x: (KINKS[kind](x), square(KINKS[kind](x))), x)
        root, found = tape(x)
        assert found == square(root)


NEVER = {
    "cosh": (lambda x: np.cosh(np.linalg.norm(x)), np.eye(2)),
    "cosine of a magnitude": (lambda x: np.sum(np.cos(np.abs(x))), -np.eye(2)),
    "fourth power": (lambda x: np.linalg.norm(x) ** 4, np.zeros((2, 2))),
    "bump": (lambda x: np.exp(-(np.hypot(x[0], x[1]) ** 1) * np.hypot(x[1], x[0])), -2 * np.eye(2)),
    "distance": (lambda x: np.cosh(np.sqrt((x[0] - x[1]) ** 2)), A([[1.0, -1.0], [-1.0, 1.0]])),
}


@pytest.mark.parametrize("kind", NEVER)
def test_smooth_functions_of_a_root_are_right_or_nan(kind):
    f, H = NEVER[kind]
    for way, found in hessians(f, np.zeros(2)).items():
        good = ~np.isfinite(found) | np.isclose(found, H, atol=1e-12)
        assert good.all(), (way, found)


# ----------------------------------------------------------------------------- powers at base 0

EXPONENTS = (3.0, 2.5, 2.0, 1.5, 1.0, 0.5, 0.0, -0.5, -1.0, -2.0)


def limit(factor, power):
    """The limit of factor * x**power, where x goes to 0 from above."""
    if factor == 0 or power > 0:
        return 0.0
    return factor if power == 0 else np.copysign(np.inf, factor)


def power_limits(y):
    """The first and second derivatives of x**y, where x goes to 0 from above."""
    by_y = 0.0 if y > 0 else -np.inf
    mixed = 0.0 if y > 1 else -np.inf if y > 0 else np.inf
    twice_y = 0.0 if y > 0 else np.inf
    return A([limit(y, y - 1), by_y]), A([[limit(y * (y - 1), y - 2), mixed], [mixed, twice_y]])


def close_or_not_finite(got, want):
    """Whether each finite number is the derivative."""
    return np.all(np.where(np.isfinite(got), np.isclose(got, want, rtol=1e-13, atol=0), True))


@pytest.mark.parametrize("y", EXPONENTS)
def test_powers_at_base_zero_have_their_limits(y):
    x = A([0.0, y])
    gradient, hessian = power_limits(y)
    for f in (lambda x: x[0] ** x[1], lambda x: np.power(x[:1], x[1])[0]):
        for way, result in jacobians(f, x).items():
            np.testing.assert_allclose(np.ravel(result), gradient, err_msg=way)
        for way, result in hessians(f, x).items():
            assert close_or_not_finite(result, hessian), (way, result)
            if y >= 1:
                np.testing.assert_allclose(result, hessian, err_msg=way)


@pytest.mark.parametrize("n", [1.5, 2.0, 4.0])
def test_saturation_at_no_concentration(n):
    """Hill's function: all second derivatives by concentration, constant and exponent."""

    def hill(x):
        c, k, n = x
        return c**n / (k**n + c**n)

    want = np.zeros((3, 3))
    want[0, 0] = {1.5: np.inf, 2.0: 2.0 / 0.49, 4.0: 0.0}[n]
    for way, result in hessians(hill, A([0.0, 0.7, n])).items():
        np.testing.assert_allclose(result, want, rtol=1e-13, err_msg=way)


# ------------------------------------------------------------------------------ random programs

UNARY = {
    "square": (np.square, lambda x: x * x),
    "sqrt": (np.sqrt, mpmath.sqrt),
    "abs": (np.abs, abs),
    "exp": (np.exp, mpmath.exp),
    "log": (np.log, mpmath.log),
    "log1p": (np.log1p, mpmath.log1p),
    "sin": (np.sin, mpmath.sin),
    "cosh": (np.cosh, mpmath.cosh),
    "arccos": (np.arccos, mpmath.acos),
    "cube": (lambda x: x**3, lambda x: x**3),
    "reciprocal": (lambda x: 1 / x, lambda x: 1 / x),
    "less one": (lambda x: x - 1, lambda x: x - 1),
    "positive part": (lambda x: np.where(x > 0, x, 0.0), lambda x: x if x > 0 else mpmath.mpf(0)),
}
BINARY = {
    "add": (np.add, lambda a, b: a + b),
    "subtract": (np.subtract, lambda a, b: a - b),
    "multiply": (np.multiply, lambda a, b: a * b),
    "divide": (np.divide, lambda a, b: a / b),
    "hypot": (np.hypot, lambda a, b: mpmath.sqrt(a * a + b * b)),
}


def random_program(rng):
    """A program of two numbers, as (number of operation, operands) on what was computed so far."""
    program, count = [], 2
    for _ in range(rng.integers(2, 7)):
        if rng.random() < 0.55:
            program.append((rng.choice(list(UNARY)), (int(rng.integers(count)),)))
        else:
            program.append((rng.choice(list(BINARY)), tuple(rng.integers(count, size=2).tolist())))
        count += 1
    return program


def carried_out(program, x, which):
    values = [x[0], x[1]]
    for name, operands in program:
        function = (UNARY.get(name) or BINARY[name])[which]
        values.append(function(*(values[k] for k in operands)))
    return values[-1]


def reference(program, x):
    """The gradient where the function is differentiable, by differences of 60 digits; None for an
    entry where it is not, or is not real."""
    gradient = []
    with mpmath.workdps(60):
        h = mpmath.mpf(10) ** -20
        for j in range(2):
            sides = []
            for step in (-h, h, 0):
                point = [mpmath.mpf(float(v)) for v in x]
                point[j] += step
                try:
                    y = carried_out(program, point, 1)
                except (ZeroDivisionError, ValueError, TypeError):
                    y = mpmath.nan
                real = not isinstance(y, mpmath.mpc) and mpmath.isfinite(y)
                sides.append(y if real else mpmath.nan)
            left, right = (sides[2] - sides[0]) / h, (sides[1] - sides[2]) / h
            smooth = abs(left - right) < 1e-8 * (1 + abs(left))
            gradient.append(float((left + right) / 2) if smooth else None)
    return gradient


@pytest.mark.parametrize("seed", range(8))
def test_random_programs_with_infinities_have_no_wrong_number(seed):
    rng = np.random.default_rng(seed)
    met = 0
    for _ in range(60):
        program = random_program(rng)
        x = rng.choice([0.0, 0.0, 1.0, -1.0, 0.5, 2.0], size=2)

        def f(x, program=program):
            return carried_out(program, x, 0) + 0.0 * x[0]

        forward, reverse = ad_core.jacfwd(f)(x), ad_core.jacrev(f)(x)
        np.testing.assert_allclose(forward, reverse, rtol=1e-9, atol=1e-12, err_msg=str(program))
        found = {
            "forward": forward,
            "compiled": ad_core.compile(f).grad(x),
            "nested": ad_core.trace(lambda x, f=f: ad_core.grad(f)(x), x)(x),
        }
        met += not np.isfinite(forward).all()
        want = reference(program, x)
        for way, gradient in found.items():
            for number, right in zip(gradient, want, strict=True):
                if np.isfinite(number) and right is not None:
                    assert np.isclose(number, right, rtol=1e-6, atol=1e-7), (way, program, x)
    assert met > 5
