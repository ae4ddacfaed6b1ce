# SPDX-License-Identifier: Apache-2.0
"""Rules of stacks are block-diagonal: in patterns of recordings, in programs, and where an item of
a stack is not finite. Those with results that may be undetermined are not: every way has NaN for
all items there."""

import numpy as np
import pytest

import ad_core

ITEMS = 30
rng = np.random.default_rng(5)
A = rng.normal(size=(ITEMS, 3, 3)) + 4.0 * np.eye(3)
B = rng.normal(size=(ITEMS, 3, 1))
X = rng.normal(size=(ITEMS, 8))


def definite(a):
    return a @ np.swapaxes(a, -1, -2)


# function, argument, and the number of entries
CASES = {
    "solve": (lambda b: np.linalg.solve(A, b), B, ITEMS * 9),
    "solve both": (lambda a: np.linalg.solve(a, a[..., :1]), A, ITEMS * 27),
    "inv": (np.linalg.inv, A, ITEMS * 81),
    "det": (np.linalg.det, A, ITEMS * 9),
    "slogdet": (lambda a: np.linalg.slogdet(a)[1], A, ITEMS * 9),
    "cholesky": (lambda a: np.linalg.cholesky(definite(a)), A, None),
    "svd": (np.linalg.svdvals, A[:4], None),
    "eigh": (lambda a: np.linalg.eigvalsh(definite(a)), A[:4], None),
    "pinv": (np.linalg.pinv, A[:4], None),
    "fft rows": (lambda x: np.fft.fft(x, axis=1).real, X, ITEMS * 64),
    "fft columns": (lambda x: np.fft.fft(x, axis=0).imag, X, 8 * ITEMS**2),
    "rfft": (lambda x: np.fft.rfft(x).real, X, ITEMS * 40),
    "shape": (lambda a: np.linalg.det(a.reshape(5, 6, 3, 3)), A, ITEMS * 9),
}


def check(found, expected, entries):
    np.testing.assert_allclose(found.toarray(), expected, rtol=1e-9, atol=1e-10)
    if entries is not None:
        assert found.nnz == entries


@pytest.mark.parametrize("name", CASES)
def test_every_way_has_the_exact_entries(name):
    function, x, entries = CASES[name]

    def flat(x):
        return np.ravel(function(x.reshape(CASES[name][1].shape)))

    point = x.ravel()
    expected = ad_core.jacobian(flat)(point)
    check(ad_core.jacobian(flat, sparse=True)(point), expected, entries)
    tape = ad_core.trace(flat, point)
    check(tape.jacobian(point, sparse=True), expected, entries)
    assert entries is None or tape.jacobian_sparsity().nnz == entries
    np.testing.assert_allclose(tape.jacobian(point), expected, rtol=1e-9, atol=1e-10)
    for mode in ("fwd", "rev"):
        found = ad_core.jacobian(flat, mode=mode)(point)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)


def test_hessians_of_stacks():
    def total(x):
        return np.sum(np.sin(np.linalg.det(x.reshape(A.shape) / 3.0)))

    x = A.ravel()
    expected = ad_core.hessian(total)(x)
    check(ad_core.hessian(total, sparse=True)(x), expected, ITEMS * 81)
    check(ad_core.trace(total, x).hessian(x, sparse=True), expected, ITEMS * 81)


@pytest.mark.parametrize("name", ["inv", "det", "slogdet", "solve both", "fft rows"])
def test_an_item_that_is_not_finite_does_not_spread(name):
    function, x, _ = CASES[name]
    x = x[:3].copy()
    if name.startswith("fft"):
        x[1] = np.inf  # the transform is linear: its derivative is finite
    else:
        x[1] = np.nan

    def flat(v):
        return np.ravel(function(v.reshape(x.shape)))

    with np.errstate(all="ignore"):
        tape = ad_core.trace(flat, CASES[name][1][:3].ravel())
        found = [
            *(ad_core.jacobian(flat, mode=mode)(x.ravel()) for mode in ("fwd", "rev")),
            tape.jacobian(x.ravel()),
            ad_core.jacobian(flat, sparse=True)(x.ravel()).toarray(),
        ]
    for J in found:
        blocks = J.reshape(3, -1, 3, x[0].size)
        for one in range(3):
            for other in range(3):
                block = blocks[one, :, other]
                if one != other:
                    assert np.all(block == 0.0)
                elif one != 1:
                    assert np.all(np.isfinite(block))


def test_every_way_agrees_where_singular_vectors_are_undetermined():
    def flat(v):
        return np.ravel(np.linalg.svd(v.reshape(3, 3, 3))[0])

    x = A[:3].copy()
    x[1] = np.eye(3)
    expected = ad_core.jacobian(flat)(x.ravel())
    tape = ad_core.trace(flat, A[:3].ravel())
    sparse = ad_core.jacobian(flat, sparse=True)(x.ravel()).toarray()
    others = tape.jacobian(x.ravel()), sparse, tape.jacobian(x.ravel(), sparse=True).toarray()
    for found in others:
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)
