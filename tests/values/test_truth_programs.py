# SPDX-License-Identifier: Apache-2.0
"""Random programs with truth values, counts and floats.  All values and types are NumPy's, and
every way to evaluate them has the same value and derivative wherever the recording holds."""

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.errors import BranchChanged

SIZE = 4
STEPS = 12

# The steps: a and b are values of the program, x is its input, P, Q and H are plain arrays.
STEPS_OF = """
a > 0.5 ; a >= b ; a == b ; a != 0 ; np.isfinite(a) ; np.logical_xor(a, b) ; ~a ; a & b ; a | b
a ^ b ; a + b ; a * b ; a - b ; a / (b + 2.0) ; a // 2 ; a % 3 ; -a ; abs(a) ; a + 1 ; 2 * a
a * 0.5 ; 1 - a ; np.maximum(a, b) ; np.minimum(a, 1) ; np.where(a, b, x) ; np.where(a > 1, b, 0)
np.where(P, a, b) ; np.cumsum(a) ; np.sum(a) + b * 0 ; np.mean(a) * x ; np.sort(a) ; np.flip(a)
np.roll(a, 1) ; a[P] + 0 * a[P] ; np.dot(a, b) * x ; (a @ b) + 0 * a ; np.outer(a, b)[1]
np.convolve(a, b)[:4] ; np.prod(a) * b ; a.astype(bool) ; a.astype(float)
np.concatenate([a[:2], b[2:]]) ; np.stack([a, b])[1] ; a.copy() ; H[a.astype(int) % 4]
H[np.cumsum(a > 1) % 4] ; x[np.cumsum(a != 0) - 1] ; H[a > 0.7][:1] * b
np.einsum("i,i", a, b) * x ; np.diff(a, prepend=0) ; np.any(a) & P ; a & 1 ; a | Q ; a << 1
a ** 2 ; a ** P ; np.array([a[0], b[1], a[2], b[3]]) ; np.array([a[0], 1, b[2], 0])
np.repeat(a, [1, 0, 2, 1]) ; a * Q ; P + a ; np.count_nonzero(a) * x ; np.argmax(a) + b
np.square(a) ; np.sign(a) ; np.clip(a, 0, 1) ; np.floor(a)
"""
STORES = """
a[:] = b ; a[1:3] = b[:2] ; a[b > 0.5] = 1 ; a[0] = b[1] ; a += b ; a *= b ; a |= b ; a &= b > 0
a -= 1 ; a[a > 1] = b[a > 1] ; v[a > 0.5] = 2.0 ; v[a > 0.5] += 1 ; np.copyto(a, b)
np.add(a, b, out=a) ; np.putmask(a, b > 0.6, 0) ; v[:] = P ; a[::2] ^= True
"""


def rows(text):
    return [part.strip() for line in text.strip().splitlines() for part in line.split(" ; ")]


def program(seed):
    """Statements: (code, places of a and b, whether it stores)."""
    rng = np.random.default_rng(seed)
    steps = []
    for k in range(STEPS):
        stores = rng.random() < 0.25
        code = str(rng.choice(rows(STORES if stores else STEPS_OF)))
        steps.append((code, int(rng.integers(3 + k)), int(rng.integers(3 + k)), stores))
    return steps


def run(steps, x):
    """The values of a program's steps; a step that raises has none."""
    names = {
        "np": np, "x": x, "P": np.array([True, False, True, True]), "Q": np.array([2, 0, 1, 3]),
        "H": np.linspace(0.5, 2.0, 4), "v": np.linspace(1.0, 2.0, 4),
    }  # fmt: skip
    values = [x * 1.0, x > 0.8, np.cumsum(x > 0.8)]
    for code, i, j, stores in steps:
        names["a"], names["b"] = values[i % len(values)], values[j % len(values)]
        try:
            if stores:
                exec(code, names)
            else:
                result = eval(code, names)
                values.append(result if np.shape(result) == (SIZE,) else values[0] * 1.0)
        except (TypeError, ValueError) as error:
            if isinstance(error, ad_core.errors.TracedValueError):
                raise
    return [*values, names["v"]]


def described(value):
    if _core.traced(value):
        return _core.current_values(value), value.dtype.kind
    array = _core.plain_function("asarray")(value)
    return array, array.dtype.kind


def refused(steps, x):
    """Whether ad_core raises although NumPy does not: int() of a number, a float as a position."""
    try:
        ad_core.jvp(lambda x: run(steps, x) and 0.0, (x,), (x,))
    except (ad_core.errors.TracedValueError, NotImplementedError):
        return True
    return False


def point(seed):
    """A point without ties with the numbers that programs compare with."""
    rng = np.random.default_rng(seed)
    return rng.permutation(SIZE) / 2 + 0.3 + 0.1 * rng.random(SIZE)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(100))
def test_values_and_types(seed):
    steps, x = program(seed), point(seed)
    expected = run(steps, x.copy())
    found = []

    def f(x):
        found.append([described(value) for value in run(steps, x)])
        return 0.0

    with np.errstate(all="ignore"):
        if refused(steps, x):
            pytest.skip("a step is refused")
        ad_core.jvp(f, (x,), (x,))
    assert len(found[0]) == len(expected)
    for (ours, kind), theirs in zip(found[0], expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12, err_msg=str(steps))
        assert kind.replace("u", "i") == theirs.dtype.kind.replace("u", "i"), (steps, ours, theirs)


def slopes(f, x, h):
    return np.stack([(f(x + e) - f(x - e)) / (2 * h) for e in h * np.eye(SIZE)], axis=-1)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(60))
def test_all_routes(seed):
    """Values at other points are NumPy's.  Derivatives agree with one another, and with finite
    differences where these converge."""
    steps = program(1000 + seed)

    def f(x):
        values = run(steps, x)
        return np.stack([value * 1.0 for value in values])

    with np.errstate(all="ignore"):
        points = [point(seed + k) for k in range(3)]
        if refused(steps, points[0]):
            pytest.skip("a step is refused")
        shapes = [np.shape(f(x)) for x in points]
        points = [x for x, shape in zip(points, shapes, strict=True) if shape == shapes[0]]
        compiled, tape = ad_core.compile(f), ad_core.trace(f, points[0])
        for x in points:
            J = ad_core.jacfwd(f)(x)
            np.testing.assert_allclose(ad_core.jacrev(f)(x), J, rtol=1e-9, atol=1e-9)
            np.testing.assert_allclose(compiled.jacobian(x), J, rtol=1e-9, atol=1e-9)
            np.testing.assert_allclose(compiled(x), f(x), rtol=1e-12, atol=1e-12)
            near, far = slopes(f, x, 1e-6), slopes(f, x, 2e-6)
            if np.allclose(near, far, rtol=1e-5, atol=1e-5) and np.isfinite(near).all():
                np.testing.assert_allclose(J, near, rtol=1e-5, atol=1e-4, err_msg=str(steps))
            try:
                np.testing.assert_allclose(tape(x), f(x), rtol=1e-12, atol=1e-12)
            except BranchChanged:
                assert x is not points[0]
