"""Every row on arrays of every pair of shapes, contiguous and reversed."""

import itertools

import numpy as np
import pytest

import ad_core
import points
from ad_core import _core
from rows import SMOOTH, each, function

SHAPES = [(), (0,), (1,), (3,), (1, 3), (2, 1), (2, 3), (2, 0), (2, 1, 3)]
# More dimensions than a view of the tape has, and more elements than one chunk.
UNUSUAL = [((2, 1, 1, 1, 3), (4, 1, 1), (1, 2, 1)), ((513,), (513,), (513,)), ((9, 60), (60,), ())]


def shapes_of(row):
    """Shapes of operands that NumPy broadcasts, unusual ones among them."""
    if row["arity"] < 3:
        pairs = itertools.product(SHAPES, repeat=row["arity"])
    else:
        pairs = [((2, 1), (1, 3), (2, 3)), ((), (3,), (2, 1)), ((0,), (1,), ()), ((1,), (), (1, 1))]
    for shapes in [*pairs, *(shapes[: row["arity"]] for shapes in UNUSUAL)]:
        try:
            np.broadcast_shapes(*shapes)
        except ValueError:
            continue
        yield shapes


def operands(row, shapes, rng):
    return [
        rng.choice([point[j] for point in points.interior(row)], size=shape)
        for j, shape in enumerate(shapes)
    ]


def backwards(x):
    return x[::-1] if np.ndim(x) else x


def unchanged(x):
    return x


def expected_jacobians(row, xs, view):
    """The Jacobian by each operand, of shape output + operand, from the kernel's partials."""
    seen = np.broadcast_arrays(*(view(x) for x in xs))
    where = np.broadcast_arrays(*(view(np.arange(x.size).reshape(x.shape)) for x in xs))
    given = zip(*(x.ravel() for x in seen), strict=True)
    partials = np.array([_core.op_point(row["name"], *point)[1] for point in given])
    partials = partials.reshape(seen[0].size, row["arity"])
    for j, x in enumerate(xs):
        jacobian = np.zeros((seen[j].size, x.size))
        jacobian[np.arange(seen[j].size), where[j].ravel()] = partials[:, j]
        yield jacobian.reshape(seen[j].shape + x.shape)


@each(SMOOTH)
@pytest.mark.parametrize("mode", ["fwd", "rev"])
@pytest.mark.parametrize("view", [unchanged, backwards], ids=["forwards", "backwards"])
def test_jacobians_of_broadcast_operands(row, mode, view):
    rng = np.random.default_rng(0)
    f = function(row)
    derivative = ad_core.jacobian(
        lambda *x: f(*map(view, x)), argnums=tuple(range(row["arity"])), mode=mode
    )
    for shapes in shapes_of(row):
        xs = [np.asarray(x, dtype=float) for x in operands(row, shapes, rng)]
        actual = derivative(*xs)
        for found, expected in zip(actual, expected_jacobians(row, xs, view), strict=True):
            assert found.shape == expected.shape, shapes
            np.testing.assert_allclose(found, expected, rtol=1e-13, err_msg=str(shapes))


@each([row for row in SMOOTH if row["arity"] == 2])
def test_shapes_that_do_not_broadcast_raise(row):
    f = function(row)
    with pytest.raises(ValueError, match="broadcast"):
        ad_core.jacobian(lambda x: f(x, np.ones(3)))(np.ones(2))
