# SPDX-License-Identifier: Apache-2.0
"""Complex eigenvalues and eigenvectors of real matrices: against differences, in programs, and
where they have no derivative."""

import numpy as np
import pytest

import ad_core

pytestmark = pytest.mark.usefixtures("nothing_leaks")

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])


def matrices(shape, seed):
    """Random real matrices, some of whose eigenvalues are complex."""
    rng = np.random.default_rng(seed)
    while True:
        a = rng.standard_normal(shape)
        if np.any(np.imag(np.linalg.eigvals(a))):
            return a


def differences(f, a, step=1e-6):
    units = np.eye(a.size).reshape(a.size, *a.shape)
    columns = [(f(a + step * unit) - f(a - step * unit)) / (2 * step) for unit in units]
    return np.stack(columns, axis=-1).reshape(np.shape(f(a)) + a.shape)


@pytest.mark.parametrize("shape", [(2, 2), (3, 3), (5, 5), (2, 3, 3)])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("part", [0, 1], ids=["values", "vectors"])
def test_first_derivatives(shape, seed, part):
    f = lambda a: np.linalg.eig(a)[part]  # noqa: E731
    a = matrices(shape, seed)
    expected = differences(f, a)
    for mode in ("fwd", "rev"):
        found = ad_core.jacobian(f, mode=mode)(a)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(ad_core.value_and_jacobian(f)(a)[0], f(a))
    for evaluator in (ad_core.trace(f, a), ad_core.compile(f)):
        np.testing.assert_allclose(evaluator.jacobian(a), found, rtol=1e-10, atol=1e-10)
    moved = np.stack([a, a * 1.01])
    batch = ad_core.compile(f).jacobian(moved, batch_dims=1)
    np.testing.assert_allclose(batch[1], ad_core.jacobian(f)(a * 1.01), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 3)])
def test_second_derivatives(shape):
    def f(a):
        w, v = np.linalg.eig(a)
        return np.sum(np.abs(w) ** 3) + np.sum(np.abs(v[..., 0]) ** 3) + np.sum(v.real**2)

    ad_core.check_grads(f, (matrices(shape, 4),))


def test_a_matrix_from_its_vectors():
    a = matrices((4, 4), 1)

    def again(a):
        w, v = np.linalg.eig(a)
        return (v * w @ np.linalg.inv(v)).real

    J = ad_core.jacobian(again)(a).reshape(16, 16)
    np.testing.assert_allclose(J, np.eye(16), atol=1e-12)


def test_two_largest_elements_leave_the_phase_undetermined():
    """LAPACK makes the largest element real; the vectors of a rotation have two."""
    for of in (np.linalg.eig, lambda a: np.linalg.eig(np.stack([a, a]))):
        assert np.isnan(ad_core.jacobian(lambda a: of(a)[1])(TURN)).any()  # noqa: B023
        assert np.isfinite(ad_core.jacobian(lambda a: of(a)[0])(TURN)).all()  # noqa: B023
    J = ad_core.jacobian(lambda a: np.linalg.eig(a)[1])(TURN * [[1.0, 1.5], [1.0, 1.0]])
    assert np.isfinite(J).all()


def test_real_and_complex_vectors_in_one_compiled_function():
    f = ad_core.compile(lambda a: np.abs(np.linalg.eig(a)[1]) @ np.abs(np.linalg.eig(a)[0]))
    own = f.__wrapped__
    for a in (np.array([[1.0, 2.0], [0.5, 3.0]]), matrices((2, 2), 2)) * 2:
        np.testing.assert_allclose(f(a), own(a), rtol=1e-12)
        np.testing.assert_allclose(f.jacobian(a), ad_core.jacobian(own)(a), rtol=1e-9)
