# SPDX-License-Identifier: Apache-2.0
"""Matrix products, and functions that are made of them."""

import numpy as np
import pytest

import ad_core
from ad_core.overrides.numpy import norms, products
from ad_core.overrides.numpy.dispatch import table
from agreement import arguments, assert_agrees, function_of, functions_in, rows

PRODUCTS = """
a @ b.T | v @ w | v @ K | K @ v | q @ v[:3] | v[:3] @ q | q @ Q | Q @ q @ r | c @ d | c @ a.T
a @ c.transpose(0, 2, 1) | c @ v[:4] | v[:4] @ d | np.matmul(a, b.T) | np.matmul(c[:, None], d)
np.matmul(c, d, out=np.zeros((2, 3, 3))) | M @ d | c[:1] @ d | g @ g.T + s | g.T @ a
np.matmul(np.ones((1, 3, 2)), c[:, :2]) | c.transpose(1, 0, 2) @ d[0] | a[::-1, ::2] @ b.T[1:3]
a[[0, 2, 0]] @ b.T | np.dot(v, w) | np.dot(a, b.T) | np.dot(s, v) | np.dot(c, d) | np.dot(v[:4], d)
np.dot(K, v) | np.dot(a, v[:4]) | np.dot(a, b.T, np.zeros((3, 3))) | a.dot(b.T) | np.dot(3, s)
np.inner(v, w) | np.inner(a, b) | np.inner(c, a) | np.inner(s, v) | np.outer(v, w) | np.outer(K, v)
np.outer(a, s) | np.outer(v, w, out=np.zeros((5, 5))) | np.vdot(v, w) | np.vdot(a, b)
np.tensordot(a, b) | np.tensordot(c, d, axes=([1, 2], [2, 1])) | np.tensordot(a, q, axes=([0], [1]))
np.tensordot(v, w, 0) | np.tensordot(M, a, axes=(0, 0)) | np.vecdot(a, b) | np.vecdot(c, d.mT)
np.vecdot(a, b, axis=0) | np.vecdot(K, v) | np.matvec(c, v[:4]) | np.matvec(Q, q)
np.vecmat(v[:3], c) | np.cross(q[0], r[0]) | np.cross(q, Q) | np.cross(q, r, axis=0)
np.cross(q, r, axisa=0, axisc=0) | np.cross(Q[0], q) | np.kron(q, a) | np.kron(v, w) | np.kron(M, v)
np.kron(s, a) | np.linalg.matmul(c, d) | np.linalg.vecdot(a, b, axis=0) | np.linalg.outer(v, K)
np.linalg.cross(q, r) | np.linalg.tensordot(a, b, axes=2) | np.linalg.multi_dot([a, b.T, q])
np.linalg.multi_dot([v[:3], Q, q, w[:3]]) | np.linalg.matrix_power(q, 3)
np.linalg.matrix_power(q, 0) + s | np.linalg.matrix_power(q, 1)
np.linalg.matrix_power(c[:, :3, :3], 2) | np.matmul(a, np.ones(4, int)) | [1.0, 2.0, 3.0] @ a
a @ [1, 2, 3, 4] | np.tanh(a @ b.T + v[:3]) @ q | e @ e + s | np.dot(e, np.zeros((0, 3))) + s
"""

ROWS = rows(PRODUCTS)


@pytest.mark.parametrize("code", ROWS)
def test_value_and_derivatives(code):
    assert_agrees(code)


def test_the_table_is_complete():
    ours = {
        f for f, rule in table.items() if rule.__module__ in (products.__name__, norms.__name__)
    }
    left = {f.__name__ for f in ours - functions_in(ROWS)}
    tested_elsewhere = {
        "norm",
        "vector_norm",
        "matrix_norm",
        "trace",
        "diagonal",
        "matrix_transpose",
    }
    assert left <= tested_elsewhere


@pytest.mark.parametrize(
    "shapes", [((3, 4), (3, 4)), ((4,), (3, 4)), ((2, 3), (4,)), ((), (3,)), ((2, 3, 4), (3, 4, 3))]
)
def test_shapes_that_do_not_match(shapes):
    x, y = (np.ones(shape) for shape in shapes)
    with pytest.raises(ValueError) as theirs:
        np.matmul(x, y)
    with pytest.raises(type(theirs.value)):
        ad_core.jacobian(lambda x: x @ y)(x)
    with pytest.raises(type(theirs.value)):
        ad_core.jacobian(lambda y: x @ y)(y)


@pytest.mark.parametrize(
    "code",
    [
        "np.cross(v[:2], w[:2])",
        "np.matmul(a, b.T, axes=[0, 1, 2])",
    ],
)
def test_errors(code):
    f, names = function_of(code)
    with pytest.raises((NotImplementedError, ValueError, TypeError)):
        ad_core.jacobian(f)(*arguments(names))


@pytest.mark.parametrize("vector", [
    lambda x: np.stack([x[0], x[1]]), lambda x: x[[1, 0]], np.array,
])  # fmt: skip
@pytest.mark.parametrize("root", [
    lambda y: np.sqrt(y @ y), lambda y: np.sqrt(y.dot(y[:])), np.linalg.norm,
])  # fmt: skip
def test_a_product_of_scattered_nodes_with_themselves_is_a_sum_of_squares(vector, root):
    """So the root has the derivative 0 at 0, as docs/conventions.md says."""
    f = lambda x: root(vector(x))  # noqa: E731
    np.testing.assert_array_equal(ad_core.jacobian(f)(np.zeros(2)), [0.0, 0.0])
    x = np.array([0.6, 0.8])
    np.testing.assert_allclose(ad_core.jacobian(f)(x), x, rtol=1e-14)
