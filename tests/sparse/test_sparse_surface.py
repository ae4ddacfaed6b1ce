# SPDX-License-Identifier: Apache-2.0
"""The public side of sparse derivatives: results, errors, explanations, pictures."""

import contextlib
import io
import sys
from unittest import mock

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.programs import by_cost
from ad_core.sparse.pattern import SparsePattern
from agreement import refused
from sparse_programs import banded, chain, close, without_programs

pytest.importorskip("scipy.sparse")


def test_index_arrays_and_colours_are_used_again():
    jacobian = ad_core.jacobian(banded, sparse=True)
    first = jacobian(np.ones(20))
    with mock.patch.object(_core, "colour_columns", side_effect=AssertionError):
        second = jacobian(np.linspace(1.0, 2.0, 20))
    assert second.indices is first.indices or np.shares_memory(second.indices, first.indices)
    longer = jacobian(np.ones(21))
    assert longer.shape == (20, 21)
    close(second.toarray(), ad_core.jacobian(banded)(np.linspace(1.0, 2.0, 20)))


def test_patterns_that_change_with_a_branch_are_found_again():
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
    with refused(ValueError, "patterns", "batch", "sparse=False"):
        ad_core.compile(lambda x: x[:2] * x[2] if x[0] > 0 else x[:2] * x[3]).jacobian(
            np.array([[1.0] * 5, [-1.0] * 5]), sparse=True, batch_dims=1
        )


def test_argnums_aux_and_values():
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


def test_within_an_unrelated_trace():
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
    """Also second derivatives, at points other than that of the recording."""

    def fun(x):
        return (
            np.sum(np.linalg.solve(np.eye(2) * x[0] + np.outer(x[1:3], x[1:3]), x[3:5])) + x[6] ** 3
        )

    x = np.linspace(1.0, 2.0, 8)
    tape = ad_core.trace(fun, x)
    H = tape.hessian(1.1 * x, sparse=True)
    assert H.nnz == 21 + 1  # the right-hand side is linear
    close(H.toarray(), ad_core.hessian(fun)(1.1 * x))
    assert "star" not in tape.explain(what="hessian", sparse=True)


def test_calls_of_rules_without_second_derivatives_in_a_program():
    def fun(x):
        a = np.outer(x[:2], x[1:3]) + np.diag(x[3:5])
        return np.sum(np.linalg.eigvalsh(a + a.T) ** 2) + x[6] ** 3

    x = np.linspace(1.0, 2.0, 8)
    tape = ad_core.trace(fun, x)
    close(tape.hessian(1.1 * x, sparse=True).toarray(), ad_core.hessian(fun)(1.1 * x))
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


def test_rules_with_another_pattern_at_other_points():
    @ad_core.custom_jvp
    def rule(x):
        return np.sum(x**2)

    @rule.defjvp
    def jvp(primals, tangents):
        (x,), (t,) = primals, tangents
        return rule(x), np.sum(2.0 * x * t if x[0] > 0 else -t)

    x = np.ones(6)
    tape = ad_core.trace(rule, x)
    assert tape.hessian(2.0 * x, sparse=True).nnz == 6
    with refused(RuntimeError, "sparsity pattern", "rule", "sparse=False"):
        tape.hessian(-x, sparse=True)


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


def test_products_if_they_are_cheaper_than_a_program(monkeypatch):
    """All inputs reach one output through a long chain, one input reaches all outputs through
    another: entry by entry one of them carries everything."""
    n, steps = 60, 17_000
    monkeypatch.setattr(by_cost, "FIRST", 10**6)

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
    with refused(TypeError, "path", "got int"):
        tape.spy(3)


def test_compiled_functions_explain_the_path_at_a_point():
    f = ad_core.compile(lambda p, x: x[:-1] * x[1:] if p["k"] > 0 else x[:1] ** 2)
    up, down = ({"k": 1.0}, np.ones(6)), ({"k": -1.0}, np.ones(6))
    for args, nnz, colours in ((up, 10, 2), (down, 1, 1)):
        assert f.jacobian_sparsity(*args, argnums=1).nnz == nnz
        assert f"entries {nnz}" in " ".join(f.explain(*args, argnums=1, sparse=True).split())
        file = io.BytesIO()
        assert f.spy(file, *args, argnums=1) == colours
        assert file.getvalue().startswith(b"\x89PNG")
    assert f.paths == 2
    assert "outputs K 5" in " ".join(f.explain(*up, argnums=1).split())
    scalar = ad_core.compile(lambda x: np.sum(x**3))
    assert scalar.spy(io.BytesIO(), np.ones(4), what="hessian") == 1
    assert "inputs D" in scalar.explain(np.ones(4), what="hessian")
    with refused(TypeError, "explain", "needs the function's arguments", "explain(x)"):
        f.explain()
    with refused(TypeError, "spy", "spy(path, x)"):
        f.spy(io.BytesIO())
    with refused(TypeError, "argument 0", "float64"):
        f.explain(3)
    with refused(ValueError, "what", "gradient"):
        scalar.explain(np.ones(4), what="gradient")
    for ask in (scalar.explain, scalar.hessian_sparsity, lambda x: scalar.spy(io.BytesIO(), x)):
        with refused(TypeError, "needs numbers, got traced values"):
            ad_core.grad(lambda x, ask=ask: np.sum(x) + bool(ask(x)))(np.ones(4))


def test_explain_does_not_compile_a_huge_dense_matrix(monkeypatch):
    tape = ad_core.trace(lambda x: x**3, np.ones(20_000))
    text = tape.explain()
    assert "400,000,000, 3.2 GB" in text
    assert "explain(sparse=True)" in text
    assert "entries 20,000" in " ".join(tape.explain(sparse=True).split())
    monkeypatch.setattr("ad_core.programs.compiled.MOST_EXPLAINED", 8)
    small = ad_core.trace(lambda x: x**3, np.ones(3))
    assert "not compiled" in small.explain()
    wide = ad_core.trace(lambda a, x: a * np.sum(x), np.ones(2), np.ones(50))
    assert "nonzero outputs" in wide.explain()
    assert "not compiled" in wide.explain(argnums=1)
    small.jacobian(np.ones(3))
    assert "nonzero outputs 3" in " ".join(small.explain().split())


def test_pictures_show_every_entry():
    from ad_core.inspect.spy import image

    structure = SparsePattern.of_entries(np.array([0, 0, 2]), np.array([1, 3, 0]), (3, 4))
    picture = image(structure, np.array([2, 0, 5, 1]))
    expected = np.full((3, 4), np.nan)
    expected[0, 1], expected[0, 3], expected[2, 0] = 0, 1, 2
    np.testing.assert_array_equal(picture, expected)


def test_spy_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with refused(ImportError, "matplotlib", "ad_core[demo]"):
        ad_core.trace(banded, np.ones(4)).spy(io.BytesIO())
