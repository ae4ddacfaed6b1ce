# SPDX-License-Identifier: Apache-2.0
"""Every supported NumPy function, from the table in numpy_rows.py: values compared with NumPy's,
derivatives in both modes and of second order, recordings at new points, batches, all shapes."""

import runpy
import warnings
import zlib

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.errors import BranchChanged
from ad_core.recording.arrays import as_array
from agreement import refused
from checkout import ROOT
from numpy_calls import Flat, by_complex_step, close, leaves, slope
from numpy_rows import LEFT_OUT, ROWS, drawn

NAMES = [f"{k}-{row.name}" for k, row in enumerate(ROWS)]


@pytest.fixture(params=ROWS, ids=NAMES)
def row(request):
    return request.param


DOCS = ROOT / "docs"
SHAPES = [(), (0,), (1,), (4,), (2, 0), (3, 2), (1, 3, 2)]

pytestmark = pytest.mark.filterwarnings("ignore")


def rng_of(row):
    return np.random.default_rng(zlib.crc32(row.name.encode()))


@pytest.fixture
def flat(row):
    return Flat(row, drawn(row, rng_of(row)))


def test_values_and_derivatives(flat):
    x, rng = flat.point, np.random.default_rng(5)
    t = rng.normal(size=x.size)
    value, tangent = ad_core.jvp(flat, (x,), (t,))
    np.testing.assert_allclose(value, flat(x), rtol=1e-13, atol=1e-14)
    expected = slope(flat, x, t)
    close(tangent, expected, 1e-7)
    exact = by_complex_step(flat, x, t)
    if exact is not None and np.allclose(exact, expected, rtol=1e-5, atol=1e-5):
        close(tangent, exact, 1e-12)
    w = rng.normal(size=value.size)
    _, pullback = ad_core.vjp(flat, x)
    (gradient,) = pullback(w)
    close(gradient @ t, tangent @ w, 1e-12)

    def loss(x):
        return np.sum(w * flat(x) ** 2)

    close(ad_core.hvp(loss, (x,), (t,)), slope(ad_core.grad(loss), x, t), 1e-6)


def test_recordings_at_new_points(flat):
    """A tape gives the results of a new recording, at one point and at many."""
    x, rng = flat.point, np.random.default_rng(6)
    tape = ad_core.trace(flat, x)
    batch = x + 1e-3 * rng.normal(size=(3, x.size))
    value, J = tape.value_and_jacobian(batch)
    for k, at in enumerate(batch):
        np.testing.assert_allclose(value[k], flat(at), rtol=1e-13, atol=1e-14)
        close(J[k], ad_core.jacobian(flat)(at), 1e-12)
    close(tape.jacobian(batch[0]), J[0], 1e-13)
    close(tape(batch[1]), value[1], 1e-13)


def test_recordings_are_not_used_where_guards_fail(row, flat):
    """At points in any order, with ties and NaN, a tape gives NumPy's value or raises an error, and
    a compiled function gives NumPy's value."""
    rng = rng_of(row)
    compiled, tape = ad_core.compile(flat), ad_core.trace(flat, flat.point)
    drawn(row, rng)
    points = [Flat(row, drawn(row, rng)).point for _ in range(3)]
    points.append(np.round(points[0] * 2.0) / 2.0)
    points.append(np.where(np.arange(points[1].size) % 4 == 1, np.nan, points[1]))
    for x in points:
        try:
            expected = flat(x)
        except Exception:
            continue
        np.testing.assert_allclose(compiled(x), expected, rtol=1e-13, atol=1e-14)
        try:
            found = tape(x)
        except BranchChanged:
            continue
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-14)


def test_other_shapes(row):
    """Arrays of no, one and many elements give NumPy's value if NumPy takes them."""
    rng = rng_of(row)
    for shape in SHAPES:
        args = drawn(row._replace(arguments=tuple((d, shape) for d, _ in row.arguments)), rng)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", DeprecationWarning)
                expected = leaves(row.call(*(np.copy(x) for x in args)))
        except Exception:  # NumPy does not take it
            continue
        found = values(row, args)
        assert [np.shape(x) for x in found] == [np.shape(x) for x in expected], shape
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-14, err_msg=str(shape))


def values(row, args):
    """The values of all results of a traced call."""
    found = []

    def f(args):
        found[:] = [
            np.copy(_core.current_values(x)) if _core.traced(x) else x
            for x in map(as_array, leaves(row.call(*args)))
        ]
        return 0.0

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ad_core.grad(f)(tuple(args))
    return found


@pytest.mark.parametrize("row", [row for row in ROWS if row.points], ids=lambda row: row.name)
def test_special_points(row):
    for args in row.points:
        flat = Flat(row, args)
        np.testing.assert_allclose(ad_core.vjp(flat, flat.point)[0], flat(flat.point), rtol=1e-13)
        forward, reverse = (J(flat)(flat.point) for J in (ad_core.jacfwd, ad_core.jacrev))
        close(forward, reverse, 1e-13)


@pytest.mark.skipif(not (DOCS / "make_numpy.py").is_file(), reason="the docs are not here")
def test_every_supported_function_has_a_row():
    made = runpy.run_path(str(DOCS / "make_numpy.py"))
    known = {np.__dict__.get(row.name) for row in ROWS}
    missing = [
        name
        for name, f in made["public"]().items()
        if name.count(".") == 1 and made["kind"](f) == "supported" and f not in known
    ]
    missing += [name for name in made["MAKERS"] if getattr(np, name) not in known]
    assert not missing


@pytest.mark.skipif(not (DOCS / "numpy-coverage.md").is_file(), reason="the docs are not here")
def test_rows_are_left_out_only_for_functions_of_other_versions():
    """A misspelt name is found: the page lists the functions of the NumPy it is written for."""
    page = (DOCS / "numpy-coverage.md").read_text(encoding="utf-8")
    assert [name for name in sorted(LEFT_OUT) if f"`{name}`" not in page] == []


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: np.unravel_index(x, (2,)), ("numpy.unravel_index", "docs/numpy-coverage.md")),
        (lambda x: np.gcd(x, 2), ("gcd", "docs/numpy-coverage.md")),
    ],
)
def test_error_messages_say_what_to_do(call, words):
    with refused(NotImplementedError, *words, "test_numpy_rows.py"):
        ad_core.jacobian(call)(np.array([0.3, 0.1, 0.7]))


def test_a_long_convolution():
    """The windows are in several products, and the gradient is a correlation."""
    rng = np.random.default_rng(8)
    x, kernel, w = rng.random(3000), rng.random(900), rng.random(3899)

    def loss(x, kernel):
        return np.sum(w * np.convolve(x, kernel))

    gradient = ad_core.grad(loss, (0, 1))(x, kernel)
    np.testing.assert_allclose(gradient[0], np.correlate(w, kernel), rtol=1e-11)
    np.testing.assert_allclose(gradient[1], np.correlate(w, x), rtol=1e-11)
    again = ad_core.trace(loss, 0.5 * x, kernel).grad(x, kernel)
    np.testing.assert_allclose(again, gradient[0], rtol=1e-11)


def test_the_slope_at_a_sample_point_is_the_mean_of_both_sides():
    """As at every kink (docs/conventions.md), unless one side has a jump."""
    xp, fp = np.array([0.0, 1.0, 2.0]), np.array([0.0, 4.0, 6.0])
    x = np.array([0.0, 1.0, 2.0])
    slopes = ad_core.jacobian(lambda x: np.interp(x, xp, fp))(x)
    np.testing.assert_array_equal(np.diag(slopes), [2.0, 3.0, 1.0])
    slopes = ad_core.jacobian(lambda x: np.interp(x, xp, fp, left=-1.0, right=9.0))(x)
    np.testing.assert_array_equal(np.diag(slopes), [4.0, 3.0, 2.0])
    slope = ad_core.grad(lambda q: np.quantile(fp, q))(0.5)
    assert slope == 6.0
