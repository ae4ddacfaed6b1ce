"""Bishop's example of an evaluation trace, node by node: Deep Learning, section 8.2.

f(x1, x2) = x1 x2 + exp(x1 x2) - sin(x2), with

    v1 = x1    v2 = x2    v3 = v1 v2    v4 = sin(v2)    v5 = exp(v3)    v6 = v3 - v4
    v7 = v5 + v6

in the book; here the operations stand in the order in which Python evaluates them.
"""

import numpy as np
import pytest

import ad_core

AT = (1.2, 0.7)


def f(x1, x2):
    return x1 * x2 + np.exp(x1 * x2) - np.sin(x2)


def exact_gradient(x1, x2):
    e = np.exp(x1 * x2)
    return np.array([x2 + x2 * e, x1 + x1 * e - np.cos(x2)])


@pytest.fixture
def tape():
    return ad_core.trace(f, *AT)


def test_the_evaluation_trace(tape):
    """v1 to v7: each operation once, the product shared by the sum and by exp."""
    nodes = tape.nodes
    assert [node.name for node in nodes] == ["v1", "v2", "v3", "v4", "v5", "v6", "v7"]
    formulas = ["x1", "x2", "v1 * v2", "exp(v3)", "v3 + v4", "sin(v2)", "v5 - v6"]
    assert [node.formula for node in nodes] == formulas
    assert [node.operands for node in nodes] == [(), (), (0, 1), (2,), (2, 3), (1,), (4, 5)]
    assert [node.index for node in nodes] == list(range(7))
    assert tape.inputs == (0, 1)
    assert tape.outputs == (6,)


def test_the_values(tape):
    x1, x2 = AT
    p, e, s = x1 * x2, np.exp(x1 * x2), np.sin(x2)
    assert [node.value for node in tape.nodes] == [x1, x2, p, e, p + e, s, p + e - s]
    assert tape.value == f(*AT)


def test_the_partials(tape):
    x1, x2 = AT
    e, c = np.exp(x1 * x2), np.cos(x2)
    expected = [(), (), (x2, x1), (e,), (1.0, 1.0), (c,), (1.0, -1.0)]
    for node, partials in zip(tape.nodes, expected, strict=True):
        np.testing.assert_allclose(node.partials, partials, rtol=1e-15)


def test_the_children_of_every_node(tape):
    children = [(2,), (2, 5), (3, 4), (4,), (6,), (6,), ()]
    assert [node.children for node in tape.nodes] == children


def test_the_tangents(tape):
    """v' of every node for the direction e1 and for a direction of both."""
    x1, x2 = AT
    e, c = np.exp(x1 * x2), np.cos(x2)
    first = [1.0, 0.0, x2, e * x2, x2 + e * x2, 0.0, x2 + e * x2]
    np.testing.assert_allclose(tape.tangents(1.0, 0.0), first, rtol=1e-15)
    second = [0.0, 1.0, x1, e * x1, x1 + e * x1, c, x1 + e * x1 - c]
    np.testing.assert_allclose(tape.tangents(0.0, 1.0), second, rtol=1e-15)
    both = 2.0 * np.array(first) - 0.5 * np.array(second)
    np.testing.assert_allclose(tape.tangents(2.0, -0.5), both, rtol=1e-14)


def test_the_adjoints(tape):
    x1, x2 = AT
    e, c = np.exp(x1 * x2), np.cos(x2)
    expected = [x2 * (1 + e), x1 * (1 + e) - c, 1 + e, 1.0, 1.0, -1.0, 1.0]
    np.testing.assert_allclose(tape.adjoints(1.0), expected, rtol=1e-15)
    np.testing.assert_allclose(tape.adjoints(-3.0), -3.0 * np.array(expected), rtol=1e-15)


def test_both_modes_give_the_gradient(tape):
    expected = exact_gradient(*AT)
    np.testing.assert_allclose(tape.adjoints(1.0)[list(tape.inputs)], expected, rtol=1e-15)
    last = tape.outputs[0]
    forward = [tape.tangents(1.0, 0.0)[last], tape.tangents(0.0, 1.0)[last]]
    np.testing.assert_allclose(forward, expected, rtol=1e-15)
    np.testing.assert_allclose(ad_core.grad(f, (0, 1))(*AT), expected, rtol=1e-15)


def test_the_table_shows_it_all(tape):
    table = str(tape)
    for name in ("v1", "v2", "v3", "v4", "v5", "v6", "v7"):
        assert name in table
    assert "v8" not in table
    for formula in ("v1 * v2", "exp(v3)", "sin(v2)", "v5 - v6"):
        assert formula in table


# ------------------------------------------------------------------- products with the Jacobian


def g(x):
    """Three inputs, four outputs."""
    return np.array([x[0] * x[1], np.sin(x[2]) * x[0], np.exp(x[1] - x[2]), x[0] + x[2] ** 2])


X = np.array([0.4, -1.1, 0.9])


def exact_jacobian(x):
    a, b, c = x
    e = np.exp(b - c)
    return np.array([[b, a, 0], [np.sin(c), 0, a * np.cos(c)], [0, e, -e], [1, 0, 2 * c]])


def test_columns_by_D_forward_passes():
    """J e_j, one pass for each input."""
    columns = [ad_core.jvp(g, (X,), (unit,))[1] for unit in np.eye(3)]
    np.testing.assert_allclose(np.stack(columns, axis=1), exact_jacobian(X), rtol=1e-14)
    explanation = ad_core.explain(g, X, mode="fwd")
    assert (explanation.mode, explanation.passes) == ("fwd", 3)


def test_a_product_with_a_vector_by_one_forward_pass():
    """J r, with the tangents of the inputs set to r."""
    r = np.array([2.0, -1.0, 0.5])
    y, got = ad_core.jvp(g, (X,), (r,))
    np.testing.assert_array_equal(y, g(X))
    np.testing.assert_allclose(got, exact_jacobian(X) @ r, rtol=1e-14)
    tape = ad_core.trace(g, X)
    np.testing.assert_array_equal(tape.tangents(r)[list(tape.outputs)], got)


def test_rows_by_K_reverse_passes():
    _, pullback = ad_core.vjp(g, X)
    rows = [pullback(unit)[0] for unit in np.eye(4)]
    np.testing.assert_allclose(np.stack(rows), exact_jacobian(X), rtol=1e-14)
    explanation = ad_core.explain(g, X, mode="rev")
    assert (explanation.mode, explanation.passes) == ("rev", 4)


def test_a_product_with_a_row_by_one_reverse_pass():
    """r^T J, with the adjoints of the outputs set to r."""
    r = np.array([2.0, -1.0, 0.5, 3.0])
    got = ad_core.vjp(g, X)[1](r)[0]
    np.testing.assert_allclose(got, r @ exact_jacobian(X), rtol=1e-14)
    tape = ad_core.trace(g, X)
    np.testing.assert_array_equal(tape.adjoints(r)[list(tape.inputs)], got)


# ---------------------------------------------------------------------- the two rules, node by node

UNARY = [np.sin, np.cos, np.exp, np.tanh, np.arctan, np.square, np.negative, np.expm1]
BINARY = [np.add, np.subtract, np.multiply, np.hypot, np.arctan2, np.logaddexp, np.maximum]


def random_function(seed, steps=40):
    """A program of scalar and array operations, drawn anew from the seed in every call."""

    def program(x, y):
        rng = np.random.default_rng(seed)
        values = [x[k] for k in range(x.size)] + [y]
        for _ in range(steps):
            a, b = (values[rng.integers(len(values))] for _ in range(2))
            kind = rng.integers(4)
            if kind == 0:
                values.append(np.tanh(UNARY[rng.integers(len(UNARY))](a)))
            elif kind < 3:
                values.append(BINARY[rng.integers(len(BINARY))](a, b) * rng.uniform(0.3, 0.9))
            else:
                values.append(a * a)  # one operand twice
        v = np.array(values[-8:])
        out = np.zeros(9)
        out[:8] = np.sin(v) * v[::-1]
        out[8] = np.max(v) * v[2]
        M = out.reshape(3, 3)
        return np.concatenate([(M @ M.T).ravel(), np.cumsum(out), [np.sum(M), np.prod(v[:3]), y]])

    return program


SEEDS = range(12)


def recorded(seed):
    rng = np.random.default_rng(1000 + seed)
    tape = ad_core.trace(random_function(seed), rng.uniform(-1, 1, 4), rng.uniform(-1, 1))
    return tape, rng


@pytest.mark.parametrize("seed", SEEDS)
def test_an_adjoint_is_the_sum_over_the_children(seed):
    """Bishop's rule: v_i's adjoint is the sum over its children j of j's adjoint times
    d v_j / d v_i, added to what the caller gave where v_i is an output."""
    tape, rng = recorded(seed)
    w = rng.standard_normal(len(tape.outputs))
    adjoints = tape.adjoints(w)
    given = np.zeros(len(tape.nodes))
    np.add.at(given, list(tape.outputs), w)
    checked = 0
    for node in tape.nodes:
        if node.op == "constant":
            continue
        total, size = given[node.index], abs(given[node.index])
        for child in (tape.nodes[j] for j in node.children):
            for operand, partial in zip(child.operands, child.partials, strict=True):
                if operand == node.index:
                    total += adjoints[child.index] * partial
                    size += abs(adjoints[child.index] * partial)
        assert abs(adjoints[node.index] - total) <= 1e-14 * (size + 1e-300)
        checked += 1
    assert checked > 60


@pytest.mark.parametrize("seed", SEEDS)
def test_a_tangent_is_the_sum_over_the_operands(seed):
    tape, rng = recorded(seed)
    r = rng.standard_normal(len(tape.inputs))
    tangents = tape.tangents(r)
    np.testing.assert_array_equal(tangents[list(tape.inputs)], r)
    for node in tape.nodes:
        if node.op in ("input", "constant"):
            assert node.operands == ()
            continue
        terms = [p * tangents[j] for j, p in zip(node.operands, node.partials, strict=True)]
        assert abs(tangents[node.index] - sum(terms)) <= 1e-14 * (sum(map(abs, terms)) + 1e-300)


@pytest.mark.parametrize("seed", SEEDS)
def test_children_are_the_reversed_operands(seed):
    tape, _ = recorded(seed)
    edges = {(j, node.index) for node in tape.nodes for j in node.operands}
    assert edges == {(node.index, j) for node in tape.nodes for j in node.children}
    for node in tape.nodes:
        assert all(j < node.index for j in node.operands)
        assert all(j > node.index for j in node.children)
        assert len(set(node.children)) == len(node.children)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_adjoint_identity(seed):
    """w (J r) = (J^T w) r, to rounding."""
    tape, rng = recorded(seed)
    r, w = rng.standard_normal(len(tape.inputs)), rng.standard_normal(len(tape.outputs))
    forward = tape.tangents(r)[list(tape.outputs)]
    reverse = tape.adjoints(w)[list(tape.inputs)]
    assert abs(forward @ w - reverse @ r) <= 1e-13 * (np.abs(forward) @ np.abs(w))
