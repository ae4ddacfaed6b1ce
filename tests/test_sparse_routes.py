# SPDX-License-Identifier: Apache-2.0
"""Sparse derivatives by products with sums of columns and rows: every route against the dense
derivatives, structures against functions in extended precision."""

import contextlib
import io
import sys
from unittest import mock

import numpy as np
import pytest
from hypothesis import given

import ad_core
from ad_core import _core
from ad_core.programs import compressed
from ad_core.sparse import route as routes
from ad_core.sparse.structure import Structure
from ad_core.sparse.sweeps import Swept
from agreement import leaves, refused
from programs import programs
from sparse_programs import sparse_programs
from test_random_programs import copies, examples

sparse = pytest.importorskip("scipy.sparse")

BOUND = 1e-11


def close(found, expected, bound=BOUND):
    """Entries of the whole size of the matrix's largest."""
    scale = np.max(np.abs(expected), initial=1.0)
    assert np.max(np.abs(found - expected), initial=0.0) <= bound * scale


def matrix(structure, data):
    indices = structure.indices, structure.indptr
    return sparse.csr_array((data, *indices), shape=structure.shape).toarray()


@contextlib.contextmanager
def without_programs():
    """No program of entries is small enough."""
    with mock.patch.object(compressed, "build", side_effect=_core.ProgramTooLarge):
        yield


def flat(program):
    """A random program as a function of one array to one array."""
    shapes = program.shapes
    bounds = np.cumsum([0, *(int(np.prod(shape, dtype=int)) for shape in shapes)])

    def fun(x):
        args = [
            np.reshape(x[a:b], shape) if shape else x[a] + 0.0
            for a, b, shape in zip(bounds[:-1], bounds[1:], shapes, strict=True)
        ]
        return np.concatenate([np.ravel(y) for y in leaves(program.f(*args))])

    return fun, np.concatenate([np.ravel(x) for x in copies(program.points[0])])


# --------------------------------------------------------------------------------------- Jacobians


@given(program=programs())
@examples(60)
def test_jacobians_of_all_that_can_be_recorded(program):
    fun, x = flat(program)
    expected = ad_core.jacobian(fun)(x)
    for mode in (None, "fwd", "rev"):
        found = ad_core.jacobian(fun, sparse=True, mode=mode)(x)
        assert found.has_canonical_format
        close(found.toarray(), expected)
    value, found = ad_core.value_and_jacobian(fun, sparse=True, chunk_size=1)(x)
    close(value, fun(np.copy(x)))
    close(found.toarray(), expected)
    tape = ad_core.trace(fun, x)
    with without_programs():
        again = ad_core.trace(fun, x).jacobian(x, sparse=True)
    np.testing.assert_array_equal(again.indices, found.indices)
    close(again.toarray(), expected)
    structure = Structure(found.indptr, found.indices, found.shape).pattern().toarray()
    assert not np.any(tape.jacobian_sparsity().toarray() & ~structure)


def every_route(structure, edges):
    """Routes of each kind, whatever they cost."""
    pattern = structure.indptr, structure.indices, structure.shape[1]
    columns, rows = _core.colour_columns(*pattern)[0], _core.colour_rows(*pattern)[0]
    yield routes.Route("forward", structure, columns, None)
    yield routes.Route("reverse", structure, None, rows)
    for later in (False, True):
        columns, m, rows, n = _core.colour_bidirectional(*pattern, later)
        yield routes.Route("both", structure, columns if m else None, rows if n else None)
    yield routes.Route("dense", structure, None, None, "dense forward")
    yield routes.Route("dense", structure, None, None, "dense reverse")
    yield routes.jacobian_route(structure, edges)


@given(program=sparse_programs())
@examples(80)
def test_every_route_of_a_jacobian(program):
    x = program.point(1)
    expected = ad_core.jacobian(program)(x)
    recording = ad_core.trace(program, x)._recording
    swept = Swept(recording, "program")
    for route in every_route(swept.structure, swept.edges):
        for chunk in (None, 1, 3):
            close(matrix(swept.structure, route.entries(recording, swept.structure, chunk)),
                  expected)  # fmt: skip


@given(program=sparse_programs())
@examples(60)
def test_tapes_without_a_program(program):
    points = np.stack([program.point(seed) for seed in range(3)])
    with without_programs():
        tape = ad_core.trace(program, points[0])
        structure = tape.jacobian_sparsity()
        if structure.nnz == 0:
            assert tape.jacobian(points, sparse=True).shape == (3, 0)
            return
        values, data = tape.value_and_jacobian(points, sparse=True)
        single = tape.jacobian(points[1], sparse=True)
    expected = [ad_core.jacobian(program)(x) for x in points]
    for k in range(3):
        close(values[k], program(points[k]))
        close(matrix(structure, data[k]), expected[k])
    close(single.toarray(), expected[1])
    np.testing.assert_array_equal(single.indices, structure.indices)
    direct = ad_core.trace(program, points[0]).jacobian(points[2], sparse=True)
    close(direct.toarray(), expected[2])
    assert direct.nnz <= structure.nnz


@given(program=sparse_programs())
@examples(80)
def test_structures_never_miss_an_entry(program):
    """Inputs that an output does not depend on leave it as it is, to the last bit of a long
    double; those that it depends on are found by no difference of zero."""
    x = program.point(2)
    structure = Swept(ad_core.trace(program, x)._recording, "program").structure
    exact = ad_core.trace(program, x).jacobian_sparsity()
    for pattern in (structure.pattern(), exact):
        dependence = pattern.toarray()
        rng = np.random.default_rng(3)
        base = program.point(2, np.longdouble)
        value = program(base)
        assert value.dtype == np.longdouble
        for share in (0.02, 0.1, 0.3, 0.5):
            moved = rng.random(program.n) < share
            direction = np.where(moved, rng.uniform(0.5, 1.0, program.n), 0.0)
            changed = program(base + direction.astype(np.longdouble) * np.longdouble(2.0) ** -20)
            assert not np.any((changed != value) & ~dependence[:, moved].any(axis=1))


def test_structures_of_blocks():
    """Matrix products and calls: constants' zeros, elementwise rules, dense ones."""
    special = pytest.importorskip("ad_core.scipy.special")
    x = np.linspace(0.5, 1.5, 6)
    matrix = np.eye(6) + np.eye(6, k=2)
    cases = {
        lambda x: matrix @ x: 10,
        lambda x: x @ matrix: 10,
        lambda x: np.sum(x[:, None] * matrix, axis=0): 10,
        lambda x: np.diag(x) @ matrix @ np.ones(6): 6,
        lambda x: special.gamma(x) * x[::-1]: 12,
        lambda x: special.betaln(x[:3], x[3:]): 6,
        lambda x: np.linalg.solve(np.eye(2) * x[:2], x[2:4]): 8,
        lambda x: (x.reshape(2, 3) @ x.reshape(3, 2)).ravel(): 18,
        lambda x: ad_core.stop_gradient(x) * x[0]: 6,
        lambda x: np.floor(x) + x: 6,
        lambda x: np.cumsum(x): 21,
    }
    for fun, entries in cases.items():
        J = ad_core.jacobian(fun, sparse=True)(x)
        assert J.nnz == entries
        close(J.toarray(), ad_core.jacobian(fun)(x))
        close(ad_core.trace(fun, x).jacobian(x, sparse=True).toarray(), J.toarray())


def arrow(x):
    """A dense row, and a dense column through a chain: neither side's colours do."""
    y = x * x[0] + x**2
    s = x[0]
    for t in x:
        s = np.sin(s * t)
    return np.concatenate([np.stack([s]), y[1:]])


def test_bidirectional_routes():
    x = np.linspace(0.5, 1.5, 90)
    e = ad_core.explain(arrow, x, sparse=True)
    assert e.mode == "bidirectional"
    assert e.passes == 3
    assert "compressed forward, 90 column colours: " in e.reason
    close(ad_core.jacobian(arrow, sparse=True)(x).toarray(), ad_core.jacobian(arrow)(x))
    assert ad_core.explain(arrow, x, sparse=True, mode="fwd").passes == 90


def test_the_cheapest_route_is_taken():
    x = np.ones(50)
    wide = ad_core.explain(lambda x: np.sum(x.reshape(5, 10) ** 2, axis=1), x, sparse=True)
    assert (wide.mode, wide.passes) == ("compressed reverse", 1)
    tall = ad_core.explain(lambda x: np.outer(np.ones(4), x).ravel(), x, sparse=True)
    assert (tall.mode, tall.passes) == ("compressed forward", 1)
    assert "compressed forward, 1 column colour: 400 operations" in tall.reason
    dense = ad_core.explain(lambda x: x * np.sum(x), x, sparse=True)
    assert (dense.mode, dense.passes) == ("dense forward", 50)
    assert "dense forward, 50 seeds" in dense.reason
    nothing = ad_core.explain(lambda x: np.ones(3) + 0.0 * x[0], x, sparse=True)
    assert (nothing.mode, nothing.passes) == ("no products", 0)


# ---------------------------------------------------------------------------------------- Hessians


@given(program=sparse_programs(most=6))
@examples(60)
def test_every_route_of_a_hessian(program):
    x = program.point(4)
    expected = ad_core.hessian(program.total)(x)
    recording = ad_core.trace(program.total, x)._recording
    swept = Swept(recording, "program", hessian=True)
    structure, gradient = swept.structure, recording.differentiated()
    pattern = structure.indptr, structure.indices
    for kind, colour in (("star", _core.colour_star), ("acyclic", _core.colour_acyclic)):
        route = routes.Route(kind, structure, colour(*pattern)[0], None, kind)
        found = matrix(structure, route.entries(gradient, structure))
        close(found, expected, 1e-9)
        np.testing.assert_array_equal(found, found.T)
    found = ad_core.hessian(program.total, sparse=True)(x)
    close(found.toarray(), expected, 1e-9)
    assert (found != found.T).nnz == 0
    assert found.has_canonical_format
    with without_programs():
        tape = ad_core.trace(program.total, x)
        again = tape.hessian(program.point(5), sparse=True)
    direct = ad_core.trace(program.total, x).hessian(program.point(5), sparse=True)
    close(again.toarray(), direct.toarray(), 1e-9)
    assert (again != again.T).nnz == 0
    assert direct.nnz <= again.nnz


@given(program=programs(steps=8))
@examples(30)
def test_hessians_of_all_that_can_be_recorded(program):
    fun, x = flat(program)
    total = lambda x: np.sum(np.sin(fun(x)))  # noqa: E731
    found = ad_core.hessian(total, sparse=True)(x)
    close(found.toarray(), ad_core.hessian(total)(x), 1e-9)
    assert (found != found.T).nnz == 0


def test_hessians_in_which_entries_cancel_on_one_side():
    x = np.linspace(0.4, 1.2, 5)
    fun = lambda x: np.sum(x * x[0]) - np.sum(x[0] * x) + x[1] * x[2] ** 2  # noqa: E731
    H = ad_core.hessian(fun, sparse=True)(x)
    assert (H != H.T).nnz == 0
    close(H.toarray(), ad_core.hessian(fun)(x))


def chain(x):
    return np.sum((x[1:] - x[:-1] ** 2) ** 2) + np.sum(np.log(x))


def test_infinities_stay_where_they_are():
    """Substitution would spread them; the direct colours do not."""
    x = np.linspace(0.5, 1.5, 40)
    x[7] = 0.0
    with np.errstate(all="ignore"):
        expected = ad_core.hessian(chain)(x)
        H = ad_core.hessian(chain, sparse=True)(x)
        with without_programs():
            tape = ad_core.trace(chain, np.ones(40))
            assert "acyclic" in tape.explain(what="hessian", sparse=True)
            again = tape.hessian(x, sparse=True)
    assert np.sum(~np.isfinite(expected)) == 1
    np.testing.assert_allclose(H.toarray(), expected)
    np.testing.assert_allclose(again.toarray(), expected)


# -------------------------------------------------------------------------------- one-shot surface


def banded(x, a=1.0):
    return a * x[1:] * x[:-1]


def test_index_arrays_and_colours_serve_again():
    jacobian = ad_core.jacobian(banded, sparse=True)
    first = jacobian(np.ones(20))
    with mock.patch.object(_core, "colour_columns", side_effect=AssertionError):
        second = jacobian(np.linspace(1.0, 2.0, 20))
    assert second.indices is first.indices or np.shares_memory(second.indices, first.indices)
    longer = jacobian(np.ones(21))
    assert longer.shape == (20, 21)
    close(second.toarray(), ad_core.jacobian(banded)(np.linspace(1.0, 2.0, 20)))


def test_patterns_that_change_with_a_branch_are_found_anew():
    fun = lambda x: x[:2] * x[2] if x[0] > 0 else x[:2] ** 2  # noqa: E731
    jacobian = ad_core.jacobian(fun, sparse=True)
    for sign, entries in ((1.0, 4), (-1.0, 2), (1.0, 4)):
        x = sign * np.array([0.4, 0.7, 1.1, 0.3, 0.9])
        J = jacobian(x)
        assert J.nnz == entries
        close(J.toarray(), ad_core.jacobian(fun)(x))
    compiled = ad_core.compile(fun)
    with without_programs():
        for sign, entries in ((1.0, 4), (-1.0, 2), (1.0, 4)):
            assert compiled.jacobian(sign * np.ones(5), sparse=True).nnz == entries
            assert compiled.jacobian_sparsity(sign * np.ones(5)).nnz == entries
    with refused(ValueError, "places", "batch", "sparse=False"):
        ad_core.compile(lambda x: x[:2] * x[2] if x[0] > 0 else x[:2] * x[3]).jacobian(
            np.array([[1.0] * 5, [-1.0] * 5]), sparse=True, batch_dims=1
        )


def test_arguments_and_what_comes_along():
    x, y = np.linspace(1.0, 2.0, 6), np.linspace(0.5, 0.8, 6)
    fun = lambda x, y, power=2: (x * y**power, "note")  # noqa: E731
    J, aux = ad_core.jacobian(fun, 1, has_aux=True, sparse=True)(x, y, power=3)
    assert aux == "note"
    close(J.toarray(), np.diag(3 * x * y**2))
    (value, aux), J = ad_core.value_and_jacobian(fun, has_aux=True, sparse=True)(x, y)
    assert aux == "note"
    close(value, x * y**2)
    close(J.toarray(), np.diag(y**2))
    H, aux = ad_core.hessian(lambda x: (np.sum(x**3), 7), has_aux=True, sparse=True)(x)
    assert aux == 7
    close(H.toarray(), np.diag(6 * x))
    assert ad_core.jacobian(fun, sparse=True).__name__ == "jacobian"


def test_shapes_at_the_edge():
    number = ad_core.jacobian(lambda x: x * x, sparse=True)(3.0)
    assert number.shape == (1, 1)
    assert number.toarray() == [[6.0]]
    assert ad_core.jacobian(lambda x: x[:0], sparse=True)(np.ones(3)).shape == (0, 3)
    assert ad_core.jacobian(lambda x: np.ones(2) * np.sum(x), sparse=True)(np.ones(0)).shape == (
        2,
        0,
    )
    assert ad_core.hessian(lambda x: np.sum(x * x), sparse=True)(np.ones(0)).shape == (0, 0)
    with without_programs():
        tape = ad_core.trace(lambda x: x[:0], np.ones(3))
        assert tape.jacobian(np.ones(3), sparse=True).shape == (0, 3)
    gaps = ad_core.jacobian(lambda x: np.stack([x[0], 0.0 * x[1], x[3]]), sparse=True)(np.ones(5))
    assert np.diff(gaps.indptr).tolist() == [1, 0, 1]
    close(ad_core.jacobian(lambda x: np.outer(x, x[:2]), sparse=True)(np.ones((3,))).toarray(),
          ad_core.jacobian(lambda x: np.outer(x, x[:2]))(np.ones(3)).reshape(6, 3))  # fmt: skip


def test_within_a_trace_that_it_has_no_part_in():
    y = np.full(4, 2.0)

    def fun(x):
        J = ad_core.jacobian(banded, sparse=True)(y)
        H = ad_core.hessian(chain, sparse=True)(y)
        return np.sum(x) * float(J.data.sum() + H.data.sum())

    expected = ad_core.jacobian(banded)(y).sum() + ad_core.hessian(chain)(y).sum()
    np.testing.assert_allclose(ad_core.grad(fun)(np.ones(3)), np.full(3, expected))


def test_bad_input():
    x = np.ones(5)
    with refused(TypeError, "sparse=True", "banded", "traced", "leave sparse out"):
        ad_core.grad(lambda x: np.sum(ad_core.jacobian(banded, sparse=True)(x).data))(x)
    with refused(TypeError, "hessian", "scalar", "(4,)", "jacobian"):
        ad_core.hessian(banded, sparse=True)(x)
    with refused(TypeError, "jacobian", "one array", "concatenate"):
        ad_core.jacobian(lambda x: (x, x), sparse=True)(x)
    with refused(TypeError, "jacobian", "argnums"):
        ad_core.jacobian(banded, (0, 1), sparse=True)(x, 2.0)
    with refused(TypeError, "jacobian", "one array"):
        ad_core.jacobian(lambda p: p["a"], sparse=True)({"a": x})
    with refused(ValueError, "mode", "'sideways'"):
        ad_core.jacobian(banded, sparse=True, mode="sideways")
    with refused(ValueError, "chunk_size"):
        ad_core.value_and_jacobian(banded, sparse=True, chunk_size=0)
    with refused(TypeError, "fun", "function"):
        ad_core.hessian(3.0, sparse=True)
    compiled = ad_core.compile(banded)
    with refused(TypeError, "jacobian_sparsity", "arguments", "jacobian_sparsity(x)"):
        compiled.jacobian_sparsity()
    with refused(TypeError, "hessian_sparsity", "recording"):
        compiled.hessian_sparsity()
    assert compiled.jacobian_sparsity(x).nnz == 8
    assert compiled.jacobian_sparsity(x, 2.0, argnums=1).nnz == 4


def test_results_in_given_arrays():
    x = np.linspace(1.0, 2.0, 6)
    expected = ad_core.jacobian(banded)(x)
    for context in (contextlib.nullcontext(), without_programs()):
        with context:
            tape = ad_core.trace(banded, x)
            value, data = np.empty(5), np.empty(10)
            found, J = tape.value_and_jacobian(x, sparse=True, out=(value, data))
            assert found is value
            assert np.shares_memory(J.data, data)
            close(J.toarray(), expected)
            many = np.empty((3, 10))
            assert tape.jacobian(np.stack([x] * 3), sparse=True, out=many) is many
            np.testing.assert_array_equal(many[2], data)
            with refused(ValueError, "out", "(10,)"):
                tape.jacobian(x, sparse=True, out=np.empty(11))
            with refused(TypeError, "out", "float64"):
                tape.jacobian(x, sparse=True, out=np.empty(10, np.float32))
            with refused(ValueError, "shape"):
                tape.jacobian(np.ones(7), sparse=True)


def test_debugging():
    x = np.array([1.0, 0.0, 2.0])
    with ad_core.debug(nans=True):
        for transform, fun in (
            (ad_core.jacobian, lambda x: np.sqrt(x) * 2.0),
            (ad_core.hessian, lambda x: np.sum(x**1.5)),
        ):
            with refused(FloatingPointError, "derivative", "not finite"):
                transform(fun, sparse=True)(x)


def test_calls_of_rules():
    """Second derivatives too, at points where nothing was recorded."""

    def fun(x):
        return (
            np.sum(np.linalg.solve(np.eye(2) * x[0] + np.outer(x[1:3], x[1:3]), x[3:5])) + x[6] ** 3
        )

    x = np.linspace(1.0, 2.0, 8)
    tape = ad_core.trace(fun, x)
    H = tape.hessian(1.1 * x, sparse=True)
    assert H.nnz == 21 + 1  # the right-hand side is linear
    close(H.toarray(), ad_core.hessian(fun)(1.1 * x))
    assert "star" in tape.explain(what="hessian", sparse=True)


@pytest.mark.slow
def test_a_million_unknowns():
    n = 1_000_000

    def fun(u):
        return np.roll(u, 1) - 2.0 * u + np.roll(u, -1) + u**3 * np.sin(u)

    u, v = np.sin(np.arange(n) * 0.01), np.cos(np.arange(n) * 0.3)
    J = ad_core.jacobian(fun, sparse=True)(u)
    assert J.nnz == 3 * n
    close(J @ v, ad_core.jvp(fun, (u,), (v,))[1])
    total = lambda u: np.sum((u[1:] - u[:-1] ** 2) ** 2)  # noqa: E731
    H = ad_core.hessian(total, sparse=True)(u)
    assert H.nnz == 3 * n - 2
    close(H @ v, ad_core.hvp(total, (u,), (v,)))


def test_too_many_entries():
    fun = lambda x: x - np.mean(x)  # noqa: E731
    with refused(MemoryError, "2^31", "jvp"):
        ad_core.jacobian(fun, sparse=True)(np.ones(60_000))


def test_without_scipy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    for transform in (ad_core.jacobian, ad_core.value_and_jacobian):
        with refused(ImportError, "pip install scipy", "sparse=False"):
            transform(banded, sparse=True)(np.ones(4))
    with refused(ImportError, "pip install scipy"):
        ad_core.compile(banded).jacobian_sparsity(np.ones(4))


# ------------------------------------------------------------------------------- being told, drawn


def test_explain():
    x = np.ones(30)
    tape = ad_core.trace(banded, x)
    text = tape.explain(sparse=True)
    assert "<- taken" in text
    assert "route compressed" in text
    assert "entries" in text
    with without_programs():
        tape = ad_core.trace(banded, x)
        text = tape.explain(sparse=True)
    assert "compressed forward, 2 column colours" in text
    assert "348 operations   <- taken" in text
    with refused(ValueError, "what", "'gradient'"):
        tape.explain(what="gradient")
    with without_programs():
        dense = ad_core.trace(lambda x: x * np.sum(x), x).explain(sparse=True)
    assert "dense forward, 30 seeds" in dense
    assert ad_core.trace(chain, x).explain(what="hessian").startswith("function")


def test_products_where_entry_by_entry_takes_more():
    """All inputs reach one output through a long chain, one input reaches all outputs through
    another: entry by entry one of them carries everything."""
    n, steps = 60, 17_000

    def fun(x):
        s, t = np.sum(x * x), x[0]
        for _ in range(steps):
            s, t = np.sin(s), np.sin(t)
        return np.concatenate([np.stack([s]), x[1:] * t])

    x = np.linspace(0.5, 1.0, n)
    tape = ad_core.trace(fun, x)
    text = tape.explain(sparse=True)
    assert "route bidirectional, 2 column + 1 row colours" in text
    taken = next(line for line in text.splitlines() if "taken" in line)
    assert "bidirectional" in taken
    assert "route reverse" in text
    assert "route forward" in text
    close(tape.jacobian(1.1 * x, sparse=True).toarray(), tape.jacobian(1.1 * x))
    close(tape.jacobian(x, sparse=True) @ x, tape.jvp(x, x))


@pytest.mark.parametrize("what", ["jacobian", "hessian"])
def test_samples_tell_what_is_too_large_for_a_program(what):
    """Of recordings so large that it takes long to find out; all are so here."""
    x = np.linspace(0.5, 1.5, 2000)
    shared = lambda x: np.sum(np.sin(x[1500:])) * x[:1000]  # noqa: E731  (what all have counts once)
    fun = chain if what == "hessian" else shared
    expected = getattr(ad_core.trace(fun, x), what)(x, sparse=True)
    for most, programs_made in ((2_000_000, True), (3000, False)):
        with (
            mock.patch.object(compressed, "SAMPLED", 0),
            mock.patch.object(_core, "MOST_DERIVED_TERMS", most),
        ):
            tape = ad_core.trace(fun, x)
            found = getattr(tape, what)(x, sparse=True)
        assert ("operations" in tape.explain(what=what, sparse=True)) is True
        assert ("runs" in tape.explain(what=what, sparse=True)) is programs_made
        close((found - expected).toarray(), 0.0 * expected.toarray())


def test_spy():
    pytest.importorskip("matplotlib")
    tape = ad_core.trace(banded, np.ones(30))
    file = io.BytesIO()
    assert tape.spy(file) == 2
    assert file.getvalue()[:4] == b"\x89PNG"
    assert ad_core.trace(chain, np.ones(30)).spy(io.BytesIO(), what="hessian") == 3
    assert ad_core.trace(lambda x: x[:0], np.ones(3)).spy(io.BytesIO()) == 1
    large = ad_core.trace(lambda x: np.diff(x), np.ones(5000))
    assert large.spy(io.BytesIO()) == 2
    with refused(ValueError, "what"):
        tape.spy(io.BytesIO(), what="value")


def test_pictures_show_every_entry():
    from ad_core.sparse.spy import image

    structure = Structure.of_entries(np.array([0, 0, 2]), np.array([1, 3, 0]), (3, 4))
    picture = image(structure, np.array([2, 0, 5, 1]))
    expected = np.full((3, 4), np.nan)
    expected[0, 1], expected[0, 3], expected[2, 0] = 0, 1, 2
    np.testing.assert_array_equal(picture, expected)


def test_spy_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with refused(ImportError, "matplotlib", "ad_core[demo]"):
        ad_core.trace(banded, np.ones(4)).spy(io.BytesIO())
