# SPDX-License-Identifier: Apache-2.0
"""Functions of shapes, joining and indexing: values, derivatives, and which arrays share memory."""

import numpy as np
import pytest

import ad_core
from ad_core.overrides.numpy import manipulation
from ad_core.overrides.numpy.dispatch import table
from agreement import CONSTANTS, arguments, assert_agrees, function_of, functions_in, rows

MOVING = """
np.reshape(a, (2, -1)) | np.reshape(a, 12, order="F") | a.reshape(4, 3)
a.reshape((6, -1), order="F") | np.ravel(a.T) | np.ravel(a, "F") | a.ravel() | np.transpose(c)
np.transpose(c, (1, -1, 0)) | a.T | c.mT | np.transpose(axes=(1, 0), a=a) | c.transpose(2, 0, 1)
c.transpose(None) | np.swapaxes(c, 0, -1) | np.moveaxis(c, 0, -1) | np.moveaxis(c, [0, 1], [-1, 0])
np.rollaxis(c, 2) | np.squeeze(a[:, :1]) | np.squeeze(a[None], axis=0) | np.expand_dims(a, (0, -1))
np.broadcast_to(v, (2, 5)) * w | np.broadcast_to(s, (2, 2)) * Q[:2, :2] | np.flip(a)
np.flip(c, (0, -1)) | np.fliplr(a) | np.flipud(a) | np.rot90(a) | np.rot90(m=c, k=3, axes=(1, 2))
np.roll(a, 5) | np.roll(a, (1, -1), (0, 1)) | np.repeat(a, 2) | np.repeat(a, [1, 0, 2], axis=0)
np.tile(v, (2, 2)) | np.tile(A=a, reps=2) | np.resize(v, (3, 4)) | np.resize(e, 3) + s
np.diagonal(a, 1) | np.diagonal(c, 0, 1, 2) | np.delete(v, 1) | np.delete(a, [0, 2], axis=1)
np.split(a, 2, axis=1) | np.array_split(v, 3) | np.hsplit(a, [1, 3]) | np.vsplit(a, 3)
np.lib.stride_tricks.sliding_window_view(v, 2)
np.dsplit(c, 2) | np.matrix_transpose(c) | np.unstack(a, axis=1) | np.diag(v) | np.diag(v, -2)
np.diag(a) | np.diag(a, k=1) | np.diagflat(q) | np.diagflat([s, t]) | np.tril(a) | np.tril(c, -1)
np.triu(a, 1) | np.triu(v) | np.atleast_1d(s) | np.atleast_2d(v) | np.atleast_3d(a, v)
np.linalg.matrix_transpose(c) | np.linalg.diagonal(c, offset=1) | np.copy(a) * b | np.squeeze(s)
"""

JOINING = """
np.concatenate([v, w]) | np.concatenate((a, b), axis=1) | np.concatenate([a, M], axis=None)
np.concatenate([v, [np.sum(v * v)]]) | np.concatenate([v, K, w[:0]]) | np.concatenate([e, g[0]]) + s
np.concatenate((v, w), out=np.zeros(10)) | np.concatenate((v, w), 0, np.zeros(10))
np.concatenate([a > 0.3, b > 0.3]) * 1.0 + s | np.concatenate([a > 0.3, b]) | np.concatenate([M, a])
np.stack([v, w]) | np.stack([v, K, w], axis=-1) | np.stack([s, t, 1.0]) | np.vstack([v, w, K])
np.vstack([a, b[0]]) | np.hstack([a, b]) | np.hstack([s, v, 2.0]) | np.dstack([a, b])
np.dstack([v, K]) | np.column_stack([v, w, K]) | np.block([[q, r], [Q, q * s]]) | np.block([s, v])
np.append(v, s) | np.append(a, b, axis=0) | np.append(K, v) | np.insert(v, 2, s)
np.insert(a, [0, 2], b[0], axis=0) | np.insert(v, slice(0, 4, 2), [s, t]) | np.meshgrid(v, w[:2])
np.meshgrid(v, K, indexing="ij") | np.meshgrid(v, w, sparse=True) | np.broadcast_arrays(v, a[:, :1])
np.broadcast_arrays(K, a[:, :1]) | np.pad(v, 2) | np.pad(a, ((1, 0), (0, 2)), constant_values=s)
np.pad(v, (1, 2), "edge") | np.pad(a, 1, mode="reflect") | np.pad(a, (2, 1), mode="symmetric")
np.pad(v, 3, mode="wrap") | np.pad(a, 1, constant_values=t)
np.pad(v, (1, 2), constant_values=(1.0, 2.0)) | np.pad(g, 1) + s | np.array([s, t, 1.0])
np.array([[s, 1.0], [v[0], 2]]) | np.array([v, w, K]) | np.array((v, (s,) * 5)) | np.asarray([a, b])
np.array([[s]], ndmin=3) | np.array([np.array([s, t]), v[:2]])
"""

INDEXING = """
np.take(a, [1, 5, 1]) | np.take(a, [[0, 2], [1, 1]], axis=1) | np.take(v, 7, mode="wrap")
np.take(v, -1) | np.take_along_axis(a, np.argsort(a, axis=1), axis=1)
np.take_along_axis(a, np.argsort(b, axis=None), None) | np.compress([True, False, True], a, axis=0)
np.compress(v > 0.4, w) | np.compress(v > 0.4, K) * s | np.extract(ON34, a) | np.extract(a > 0.3, b)
np.choose([1, 0, 1, 0, 1], [v, w]) | np.choose([2, 0, 1, 0, 1], [v, w, 3.0]) | a[1] | a[-1, ::2]
a[..., 1:3] | a[:, None, 0] | c[0, ..., -1] | v[[0, 0, 3]] * v[1:4] | a[[0, 2], [1, 3]]
a[:, [3, 0]] | a[np.ix_([0, 2], [1, 3])] | a[ON34] | v[ON5] | a[[True, False, True]] | a[a > 0.5]
a[(a > 0.2) & (b < 0.8)] | v[v > 2.0] + s | a[1, ON34[1]] | v[v.argmax()] | a[()] * s | s[()] * t
s[None] | s[...] | v[::-1] | a.flat[3] | a.flat[2:9:3] | v[np.int64(2)] | c[:, ON34]
"""

STORING = """
u = np.zeros(5); u[1] = s; u[2:] = v[:3]; u | u = +a; u[0] = 1.0; u * a
u = +a; u[:, 1] = b[:, 2]; u | u = np.empty((2, 2)); u[0] = s, t; u[1] = t; u
u = +a; u[ON34] = s; u | u = +a; u[a > 0.5] = b[a > 0.5]; u
u = np.zeros((3, 4)); u[[0, 2], [1, 3]] = v[:2]; u | u = np.ones(5); u[[1, 1]] = [s, t]; u
u = np.zeros(3); u[...] = s; u | u = np.array(1.0); u[()] = s; u * 2.0 | u = +v; u[:] = u[::-1]; u
u = np.zeros((2, 5)); u[:] = v; u | u = np.zeros((3, 4)); u[1:, ::2] = a[1:, ::2]; u.T
u = np.zeros((2, 3, 4)); u[..., 0] = a[:2, :3]; u[1, :, 1:] = M[:, 1:]; u * c
u = +v; np.put(u, [0, -1], [s, t]); u | u = +a; np.put(u, [1, 2, 3], s); u
u = +v; u.put([9], s, "clip"); u
u = +a; np.put_along_axis(u, np.argsort(M, axis=1)[:, :1], s, axis=1); u
u = +v; np.copyto(u, w); u | u = +v; np.copyto(u, w, where=ON5); u
u = +v; np.copyto(u, 1.0, where=v > 0.4); u | u = +q; np.fill_diagonal(u, s); u
u = +a.T; np.fill_diagonal(u, v[:2], wrap=True); u | u = +a; np.place(u, ON34, v); u
u = +a; np.putmask(u, a > 0.5, b); u | u = +v; np.putmask(u, ON5, [s, t]); u | u = +v; u.fill(s); u
u = +a; u.flat[2] = s; u.flat[5:8] = t; u | u = np.full((2, 2), s); u[0, 0] = 1.0; u
u = np.zeros_like(a); u[0] = a[1]; u | u = np.ones_like(v); u[2] = s; u
u = np.full_like(v, 2); u[0] = s; u | u = np.full_like(v, s); u * v
u = np.empty_like(v, shape=(2, 2)); u[:] = s; u | u = np.zeros_like(M); u[0, 0] = s; u
u = np.eye(2); u[0, 1] = s; u @ q[:2, :2] | u = np.identity(2); u[1, 1] = s; u
u = np.copy(M); u[2] = a[0]; u | u = np.array([1.0, 2.0]); u[1] = s; u
u = np.asarray([1.0, 2.0]); u[0] = s; u | u = np.arange(3.0) * 1.0; y = np.array(u); y[0] = s; y
u = +v; u += w; u *= s; u -= 1.0; u /= w; u **= 2; u
u = np.zeros(5); u += v; u[1:] += v[:-1]; u[0] *= s; u | u = +q; u @= r; u
u = +v; u[[0, 0]] += 1.0; u | u = +v; np.add.at(u, [0, 0, 2], w[:3]); u
u = np.zeros(3); np.add.at(u, [0, 2, 2], 1.0 + v[:3]); u | u = +v; np.multiply.at(u, [1, 1], s); u
u = +v; np.negative.at(u, [0, 3]); u * w
"""

VIEWS = """
y = x.reshape(4, 3) | y = x.T | y = x[1] | y = x[:, 1:3] | y = x[::-1, ::2] | y = x.ravel()
y = x.T.T[0] | y = np.moveaxis(x, 0, 1) | y = np.squeeze(x[None]) | y = x[None]
y = np.swapaxes(x, 0, 1)[1] | y = x[...] | y = np.split(x, 3)[1] | y = np.flip(x, 0)
y = x.reshape(-1)[2:5] | y = np.atleast_3d(x) | y = x.view() | y = np.rot90(x)
y = np.expand_dims(x, 1) | y = np.reshape(x.T, -1) | y = np.ravel(x.T) | y = x.T.ravel()
y = x.flatten() | y = x.copy() | y = x[[0, 1]] | y = x[x > 0.4] | y = np.roll(x, 1)
y = np.repeat(x, 1) | y = np.concatenate([x]) | y = np.array(x) | y = x + 0.0
y = x.reshape(2, 6, order="F") | y = x.real | y = np.asarray(x) | y = x.astype(float)
y = np.take(x, [0, 1]) | y = np.tile(x, 1) | y = x.squeeze() | y = np.unstack(x)[0]
y = np.transpose(x)[:, 0] | y = x[1:][:, 1:][:, ::2] | y = np.diag(x).copy()
y = np.array(x, copy=None) | y = np.reshape(x, (3, 4)) | y = x[()] | y = np.hsplit(x, 2)[1]
"""


ROWS = rows(MOVING, JOINING, INDEXING, STORING)


@pytest.mark.parametrize("code", ROWS)
def test_value_and_derivatives(code):
    assert_agrees(code)


@pytest.mark.parametrize("fresh", [False, True], ids=["input", "buffer"])
@pytest.mark.parametrize("code", rows(VIEWS))
def test_writes_have_the_same_effect_as_in_numpy(code, fresh):
    """Through the view into the array, and through the array into the view."""
    start = "x = np.zeros((3, 4)); x[:] = a" if fresh else "x = a * 1.0"
    for write in ("y[...] = s", "x[...] = 0.5 * b; y[...] *= s", "x[1, 1] = s", "x *= s"):
        assert_agrees(f"{start}; {code}; {write}; np.concatenate([x.ravel(), y.ravel()])", order=1)


def test_an_argument_is_not_written_to():
    x = np.array([1.0, 2.0])

    def f(x):
        x[0] = 5.0
        return x * x

    assert np.array_equal(ad_core.jacobian(f)(x), [[0.0, 0.0], [0.0, 4.0]])
    assert np.array_equal(x, [1.0, 2.0])


def test_the_table_is_complete():
    ours = {f for f, rule in table.items() if rule.__module__ == manipulation.__name__}
    assert {f.__name__ for f in ours - functions_in(ROWS)} <= {"astype"}


REFUSED = """
np.reshape(M, s) | np.roll(v, s) | np.repeat(v, s) | np.insert(v, s, 1.0)
np.choose(v, [v, w]) | v[s] | K[v] | np.tile(K, s) | u = K.copy(); u[0] = s; u
np.put(K, [0], s) | np.copyto(K, v) | np.fill_diagonal(Q, s)
np.place(K, ON5, v) | np.add.at(K, [0], s) | np.add(v, w, out=K) | np.sum(a, out=K)
np.pad(v, s)
np.pad(K, 1, constant_values=s) | a.reshape(5, 5) | v[9]
np.concatenate([v, a]) | np.array([v, s]) | v.view(int) | v.astype(np.float32)
"""


@pytest.mark.parametrize("code", rows(REFUSED))
def test_errors(code):
    """A traced value where a plain number is needed, or a traced value written to a plain array."""
    before = {name: np.copy(value) for name, value in CONSTANTS.items() if name != "np"}
    f, names = function_of(code)
    with pytest.raises((TypeError, ValueError, IndexError, NotImplementedError)):
        ad_core.jvp(f, arguments(names), tuple(np.ones(np.shape(x))[()] for x in arguments(names)))
    for name, value in before.items():
        np.testing.assert_array_equal(CONSTANTS[name], value)
