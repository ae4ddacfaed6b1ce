# SPDX-License-Identifier: Apache-2.0
"""Sparse derivatives by products with sums of columns and rows: every route against the dense
derivatives, structures against functions in extended precision."""

import numpy as np
import pytest
from hypothesis import given

import ad_core
from ad_core import _core
from ad_core.sparse import route as routes
from ad_core.sparse.compression import Compression
from ad_core.sparse.pattern import SparsePattern
from agreement import leaves
from programs import programs
from random_programs import copies, examples
from sparse_programs import chain, close, sparse_programs, without_programs

sparse = pytest.importorskip("scipy.sparse")


def matrix(structure, data):
    indices = structure.indices, structure.indptr
    return sparse.csr_array((data, *indices), shape=structure.shape).toarray()


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
def test_jacobians_of_random_programs(program):
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
    structure = SparsePattern(found.indptr, found.indices, found.shape).pattern().toarray()
    assert not np.any(tape.jacobian_sparsity().toarray() & ~structure)


def every_route(structure, edges):
    """Routes of each kind, independent of their cost."""
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
    swept = Compression(recording, "program")
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
    structure = Compression(ad_core.trace(program, x)._recording, "program").structure
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
    """Matrix products and calls: zeros of constants, elementwise rules, dense rules."""
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
    """A dense row, and a dense column through a chain: neither side alone has few colours."""
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
    swept = Compression(recording, "program", hessian=True)
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
def test_hessians_of_random_programs(program):
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


def test_infinities_stay_where_they_are():
    """Substitution would spread them; direct colourings do not."""
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
