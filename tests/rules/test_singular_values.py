# SPDX-License-Identifier: Apache-2.0
"""The decompositions that a rule shares between its value and derivatives are of its matrices."""

import threading

import numpy as np
import pytest

import ad_core
from ad_core.rules import singular_values
from ad_core.rules.singular_values import thin_svd

rng = np.random.default_rng(4)
SHAPES = [(3, 3), (5, 2), (2, 5), (4, 3, 2), (2, 2, 3, 3)]


def same(found, a):
    for x, y in zip(found, np.linalg.svd(a, full_matrices=False), strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("shape", SHAPES)
def test_matrices_that_change_in_place(shape):
    a = rng.normal(size=shape)
    same(thin_svd(a), a)
    assert thin_svd(a)[1] is thin_svd(a.copy())[1]
    a[..., 0, 0] += 1.0
    same(thin_svd(a), a)


def test_large_matrices_are_not_kept(monkeypatch):
    monkeypatch.setattr(singular_values, "MOST", 8)
    a = rng.normal(size=(3, 3))
    assert thin_svd(a)[1] is not thin_svd(a)[1]
    same(thin_svd(a), a)


def test_matrices_of_nan_are_refused_each_time():
    for _ in range(2):
        with pytest.raises(np.linalg.LinAlgError):
            thin_svd(np.full((2, 2), np.nan))


def test_each_thread_has_its_own():
    a, found = rng.normal(size=(3, 3)), []
    own = thin_svd(a)
    thread = threading.Thread(target=lambda: found.append(thin_svd(a)))
    thread.start()
    thread.join()
    assert found[0][1] is not own[1]
    same(found[0], a)


FUNCTIONS = {
    "lstsq": lambda a: np.linalg.lstsq(a, np.arange(a.shape[0]) + 1.0, rcond=None)[0],
    "lstsq-values": lambda a: np.linalg.lstsq(a, np.arange(a.shape[0]) + 1.0, rcond=None)[3],
    "pinv": np.linalg.pinv,
    "nuclear": lambda a: np.linalg.norm(a, "nuc"),
}


@pytest.mark.parametrize("shape", [(4, 3), (3, 3), (2, 3)])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_batches_are_points(name, shape):
    f = FUNCTIONS[name]
    points = rng.normal(size=(70, *shape))
    tape = ad_core.trace(f, points[0])
    values, slopes = tape.value_and_jacobian(points)
    single = ad_core.jacobian(f)
    for k in (0, 1, 35, 69):
        np.testing.assert_allclose(values[k], f(points[k]), rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(slopes[k], single(points[k]), rtol=1e-9, atol=1e-10)
