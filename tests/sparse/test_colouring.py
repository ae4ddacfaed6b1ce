# SPDX-License-Identifier: Apache-2.0
"""Colourings of sparsity patterns: valid by brute force, the matrix recovered, known counts."""

import itertools

import numpy as np
import pytest

from ad_core import _core

ORDERINGS = ("best", *_core.ORDERINGS)


def csr(pattern):
    rows, columns = np.nonzero(pattern)
    indptr = np.zeros(len(pattern) + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=len(pattern)), out=indptr[1:])
    return indptr, columns.astype(np.int32)


def band(n, width):
    i = np.arange(n)
    return np.abs(i[:, None] - i) <= width


def arrow(n):
    pattern = np.eye(n, dtype=bool)
    pattern[0] = pattern[:, 0] = True
    return pattern


def grid(n):
    path = band(n, 1) & ~np.eye(n, dtype=bool)
    one = np.eye(n, dtype=bool)
    return np.kron(path, one) | np.kron(one, path) | np.eye(n * n, dtype=bool)


def random(seed, shape, density):
    return np.random.default_rng(seed).random(shape) < density


PATTERNS = {
    "tridiagonal": band(20, 1),
    "band": band(20, 4),
    "arrow": arrow(15),
    "grid": grid(5),
    "dense": np.ones((8, 8), bool),
    "empty": np.zeros((6, 6), bool),
    "one": np.ones((1, 1), bool),
    "none": np.zeros((0, 0), bool),
    "random": random(1, (14, 14), 0.2),
    "sparse": random(2, (18, 18), 0.08),
}
WIDE = {
    "wide": random(3, (6, 15), 0.3),
    "tall": random(4, (15, 6), 0.3),
    "no rows": np.zeros((0, 4), bool),
    "no columns": np.zeros((4, 0), bool),
}
SYMMETRIC = {name: pattern | pattern.T for name, pattern in PATTERNS.items()}


def seeds(colours, count):
    """One row of zeros and ones for each colour."""
    return (np.arange(count)[:, None] == colours).astype(float)


def values(pattern, symmetric=False):
    matrix = np.random.default_rng(9).normal(size=pattern.shape)
    return np.where(pattern, matrix + matrix.T if symmetric else matrix, 0.0)


def neighbours_apart(pattern, colours):
    i, j = np.nonzero(pattern)
    return np.all((colours[i] != colours[j]) | (i == j))


def two_coloured(pattern, colours):
    """The edges between each two colours, with how many vertices they touch, as a matrix."""
    for a, b in itertools.combinations(np.unique(colours), 2):
        of_both = (colours == a) | (colours == b)
        yield pattern[np.ix_(of_both, of_both)] & ~np.eye(of_both.sum(), dtype=bool)


def parts(graph):
    """How many connected parts a graph has."""
    reach = np.eye(len(graph), dtype=bool) | graph
    for _ in range(len(graph)):
        reach = reach @ reach
    return len(np.unique(reach, axis=0))


@pytest.mark.parametrize("ordering", ORDERINGS)
@pytest.mark.parametrize("name", [*PATTERNS, *WIDE])
def test_columns_and_rows(name, ordering):
    pattern = {**PATTERNS, **WIDE}[name]
    indptr, indices = csr(pattern)
    matrix = values(pattern)
    n = pattern.shape[1]
    for colour, lines in ((_core.colour_columns, pattern), (_core.colour_rows, pattern.T)):
        colours, count = colour(indptr, indices, n, ordering)
        assert colours.dtype == np.uint32
        assert set(colours) == set(range(count))
        assert np.all(lines.astype(int) @ seeds(colours, count).T <= 1)
        assert count >= lines.sum(axis=1).max(initial=0)
        by_columns = colour is _core.colour_columns
        pair = (colours, None) if by_columns else (None, colours)
        S = seeds(colours, count)
        products = (matrix @ S.T).T if by_columns else S @ matrix
        recovery = _core.Recovery("jacobian", indptr, indices, n, *pair)
        assert recovery.direct
        assert recovery.packed == products.size
        np.testing.assert_array_equal(recovery(products.ravel()), matrix[pattern])


@pytest.mark.parametrize("ordering", ORDERINGS)
@pytest.mark.parametrize("name", SYMMETRIC)
def test_stars_and_trees(name, ordering):
    pattern = SYMMETRIC[name]
    indptr, indices = csr(pattern)
    matrix = values(pattern, symmetric=True)
    star, stars = _core.colour_star(indptr, indices, ordering)
    tree, trees = _core.colour_acyclic(indptr, indices, ordering)
    assert set(star) == set(range(stars))
    assert set(tree) == set(range(trees))
    assert neighbours_apart(pattern, star)
    assert neighbours_apart(pattern, tree)
    for graph in two_coloured(pattern, star):
        # In a star at most one end of an edge has further edges.
        i, j = np.nonzero(graph)
        assert np.all(np.minimum(graph.sum(axis=0)[i], graph.sum(axis=0)[j]) <= 1)
    for graph in two_coloured(pattern, tree):
        assert graph.sum() // 2 == len(graph) - parts(graph)
    for kind, colours, count in (("star", star, stars), ("acyclic", tree, trees)):
        recovery = _core.Recovery(kind, indptr, indices, len(pattern), colours)
        assert recovery.direct or kind == "acyclic"
        products = (matrix @ seeds(colours, count).T).T.ravel()
        got = recovery(np.stack([products, -2.0 * products])[:, None])
        want = np.stack([matrix[pattern], -2.0 * matrix[pattern]])[:, None]
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("substitution", [False, True])
@pytest.mark.parametrize("name", [*PATTERNS, *WIDE])
def test_both_sides(name, substitution):
    pattern = {**PATTERNS, **WIDE}[name]
    indptr, indices = csr(pattern)
    matrix = values(pattern)
    n = pattern.shape[1]
    columns, p, rows, q = _core.colour_bidirectional(indptr, indices, n, substitution)
    assert set(columns) - {_core.NO_COLOUR} == set(range(p))
    assert set(rows) - {_core.NO_COLOUR} == set(range(q))
    if pattern.any():
        assert p + q <= _core.colour_columns(indptr, indices, n)[1]
        assert p + q <= _core.colour_rows(indptr, indices, n)[1]
    C, R = seeds(columns, p), seeds(rows, q)
    products = np.concatenate([(matrix @ C.T).T.ravel(), (R @ matrix).ravel()])
    recovery = _core.Recovery("jacobian", indptr, indices, n, columns, rows)
    assert recovery.direct or substitution
    np.testing.assert_allclose(recovery(products), matrix[pattern], rtol=1e-10, atol=1e-12)


def test_known_counts():
    def counts(pattern):
        arrays = csr(pattern)
        _, p, _, q = _core.colour_bidirectional(*arrays, len(pattern))
        columns = _core.colour_columns(*arrays, len(pattern))[1]
        return columns, _core.colour_star(*arrays)[1], _core.colour_acyclic(*arrays)[1], p + q

    assert counts(band(30, 1)) == (3, 3, 2, 3)
    assert counts(band(30, 4)) == (9, 9, 5, 9)
    assert counts(arrow(30)) == (30, 2, 2, 3)
    assert counts(np.ones((9, 9))) == (9, 9, 9, 9)
    columns, stars, trees, _ = counts(grid(12))
    assert columns <= 7
    assert stars == 5
    assert trees <= 4


def test_arrays_that_are_not_a_pattern_raise():
    for indptr, indices in (
        ([0, 1, 2], [0, 2]),
        ([0, 2, 2], [1, 0]),
        ([0, 2, 2], [1, 1]),
        ([0, 2, 1], [0]),
        ([0, 1, 2], [0]),
        ([1, 1, 2], [0, 1]),
        ([0, 1, 2], [0, -1]),
        ([0, 1, 2], [0, 2**32]),
        ([0, 1, 2], [0.0, 1.0]),
        ([[0, 1, 2]], [0, 1]),
        ([], []),
    ):
        for colour in (_core.colour_columns, _core.colour_rows, _core.colour_bidirectional):
            with pytest.raises(ValueError, match=r"ind|pattern"):
                colour(indptr, indices, 2)
        with pytest.raises(ValueError, match=r"ind|pattern"):
            _core.colour_star(indptr, indices)
    with pytest.raises(ValueError, match="symmetric"):
        _core.colour_acyclic([0, 2, 3], [0, 1, 1])
    with pytest.raises(ValueError, match="ordering"):
        _core.colour_columns([0, 1], [0], 1, "random")


def test_wrong_colours_raise():
    arrays = csr(band(4, 1))
    for kind, colours in (
        ("jacobian", [0, 1, 0, 1]),
        ("star", [0, 1, 0, 1]),
        ("acyclic", [0, 0, 0, 0]),
        ("star", [0, 1, 2]),
        ("star", [0, 1, 2, 9]),
        ("star", [0, 1, 2, _core.NO_COLOUR]),
    ):
        with pytest.raises(ValueError, match="colours"):
            _core.Recovery(kind, *arrays, 4, colours)
    recovery = _core.Recovery("acyclic", *arrays, 4, [0, 1, 0, 1])
    assert not recovery.direct
    with pytest.raises(ValueError, match="8 numbers"):
        recovery(np.zeros(7))
