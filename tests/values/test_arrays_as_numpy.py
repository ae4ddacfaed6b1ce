# SPDX-License-Identifier: Apache-2.0
"""Traced arrays behave as NumPy's: loops read what they have stored, rows can be shuffled,
read-only views can not be changed, and the order of memory is that of NumPy's arrays."""

import itertools
import re

import numpy as np
import pytest

import ad_core
from ad_core.errors import TracedAttributeError, TracedValueError

X = np.arange(1.0, 7.0)


def reversing(v):
    for k, t in enumerate(v):
        v[-k - 1] = t * 2.0


def zipped(v):
    for k, (a, b) in enumerate(zip(v, v, strict=True)):
        v[-k - 1] = a + b


def flat(v):
    for k, t in enumerate(v.flat):
        v.flat[-k - 1] = t * 2.0


def enumerated(v):
    for place, t in np.ndenumerate(v):
        v[tuple(-k - 1 for k in place)] = t * 2.0


def mapped(v):
    for k, t in enumerate(map(np.sum, v)):
        v[-k - 1] = t


def backwards(v):
    for k, t in enumerate(reversed(v)):
        v[k] = t * 2.0


def swapped(v):
    v[0], v[-1] = v[-1], v[0]  # of rows, which are views, both come out alike


def rows(v):
    for row in v:
        row *= 2.0


def shuffled(v):
    np.random.default_rng(0).shuffle(v)


def shuffled_of_old(v):
    np.random.RandomState(0).shuffle(v)


def set_real(v):
    v.real = 2.0 * v.real


def set_flat(v):
    v.flat = 2.0 * v.ravel()[:2]


def set_shape(v):
    w = v[...]
    w.shape = (6,)
    w[1] = w[0]


def set_shape_of_an_empty_one(v):
    w = np.array([], float) * np.sum(v)
    w.shape = (-1, 3)
    v[0] = 2.0 * v[0] + len(w)


LOOPS = [
    reversing, zipped, flat, enumerated, mapped, backwards, swapped, rows, shuffled,
    shuffled_of_old, set_real, set_flat, set_shape,
    set_shape_of_an_empty_one,
]  # fmt: skip


def affine(f, x=X):
    """The Jacobian of an affine function, computed with NumPy only."""
    return np.stack([f(x + e) - f(x) for e in np.eye(x.size)], -1)


CASES = [
    (loop, shape)
    for loop, shape in itertools.product(LOOPS, [(6,), (3, 2), (2, 3), (1, 6)])
    if loop is not rows or len(shape) > 1  # numbers are no views
]


@pytest.mark.filterwarnings("ignore:you are shuffling")
@pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")  # NumPy 2.5
@pytest.mark.parametrize("is_complex", [False, True], ids=["real", "complex"])
@pytest.mark.parametrize(("loop", "shape"), CASES)
def test_loops_see_what_they_store(loop, shape, is_complex):
    def f(x):
        v = x.reshape(shape) * (1.0 + 2.0j if is_complex else 1.0)
        loop(v)
        v = v.ravel()
        return v.real + 3.0 * v.imag

    for route in (ad_core.jacfwd, ad_core.jacrev, lambda f: ad_core.compile(f).jacobian):
        assert np.allclose(route(f)(X), affine(f))


@pytest.mark.parametrize("permute", ["permutation", "permuted", "choice"])
def test_random_orders_of_rows(permute):
    def f(x):
        rng = np.random.default_rng(1)
        v = x.reshape(3, 2) * 1.0
        found = rng.choice(v, 2) if permute == "choice" else getattr(rng, permute)(v)
        return np.ravel(found * 2.0)

    assert np.allclose(ad_core.jacobian(f)(X), affine(f))
    assert np.allclose(
        ad_core.jacobian(lambda x: np.random.default_rng(0).permutation(x) * 1.0)(X),
        np.random.default_rng(0).permutation(np.eye(6)),
    )


def line_of(error, name):
    return f"{__file__}, line" in str(error.value) and f"in {name}" in str(error.value)


READ_ONLY = {
    "diagonal": lambda v: v.diagonal(),
    "np.diagonal": lambda v: np.diagonal(v, 1),
    "np.diag": lambda v: np.diag(v),
    "broadcast_to": lambda v: np.broadcast_to(v, (2, *v.shape)),
    "a view of one": lambda v: np.broadcast_to(v, (2, *v.shape))[0].T[1:],
    "windows": lambda v: np.lib.stride_tricks.sliding_window_view(v[0], 2),
    "locked": lambda v: locked(v[...]),
}


def locked(v):
    v.flags.writeable = False
    return v


@pytest.mark.parametrize("factor", [1.0, 1.0j], ids=["real", "complex"])
@pytest.mark.parametrize("kind", READ_ONLY)
def test_read_only_views_stay_as_they_are(kind, factor):
    def store(x):
        v = READ_ONLY[kind](x.reshape(2, 3) * factor)
        assert not v.flags.writeable
        v[0] = 7.0
        return v

    with pytest.raises(ValueError, match="assignment destination is read-only") as error:
        ad_core.jacobian(store)(X)
    assert line_of(error, "store")
    assert ".copy()" in str(error.value)

    def add(x):
        v = READ_ONLY[kind](x.reshape(2, 3) * factor)
        v += 1.0

    with pytest.raises(ValueError, match="read-only"):
        ad_core.jacobian(add)(X)
    assert np.array_equal(ad_core.jacobian(lambda x: x * 2.0)(X), 2.0 * np.eye(6))


def test_copies_of_read_only_views_are_writable():
    def f(x):
        v = np.broadcast_to(x, (2, 6)).copy()
        v[0, 0] = 0.0
        w = x.reshape(2, 3)[:, :2].diagonal() * 1.0
        w[0] = 5.0
        return np.concatenate([v.ravel(), w])

    assert np.allclose(ad_core.jacobian(f)(X), affine(f))


@pytest.mark.parametrize("order", "CFAK")
def test_the_order_of_memory_is_that_of_numpy(order):
    for v in (X.reshape(2, 3), X.reshape(3, 2).T, X.reshape(2, 3)[:, ::-1]):

        def f(x, order=order):
            parts = [
                x.ravel(order), x.flatten(order), np.ravel(2.0 * x, order),
                x.copy(order).ravel("K"), np.array(x, order=order).ravel("K"),
                np.asarray(x, order=order).ravel("K"),
                np.zeros_like(x, order=order).ravel("K") + x.ravel("K"),
            ]  # fmt: skip
            return np.concatenate(parts) * np.arange(1.0, 43.0)

        want = np.stack(
            [f(v.copy("K") + e) - f(v.copy("K")) for e in fitting(v)], -1
        ).reshape(42, 2, 3)  # fmt: skip
        assert np.allclose(ad_core.jacfwd(f)(v), want)
        assert np.allclose(ad_core.compile(f).jacobian(v), want)


def fitting(v):
    """Unit arrays in v's order of memory."""
    for place in np.ndindex(v.shape):
        e = np.zeros_like(v)
        e[place] = 1.0
        yield e


def test_attributes():
    def f(x):
        v = (x.reshape(2, 3) * 2.0).T
        assert v.strides == (8, 24)
        assert v.itemsize == 8
        assert v.nbytes == 48
        assert v.device == "cpu"
        assert v.flags.f_contiguous
        assert not v.flags["C_CONTIGUOUS"]
        assert v.flags.fnc
        assert v.flags.aligned
        assert v.flags.num == np.ones((2, 3)).T.flags.num
        assert "F_CONTIGUOUS : True" in repr(v.flags)
        assert v.base is not None
        z = v * 1.0j
        assert z.strides == (16, 48)
        assert z.real.strides == (16, 48)
        assert z.flags.f_contiguous
        assert not z.real.flags.forc
        assert (v > 1.0).strides == (1, 3)
        with pytest.raises(KeyError):
            v.flags["NO_SUCH"]
        with pytest.raises(AttributeError, match="flag 'aligned'"):
            v.flags.aligned = False
        return x

    ad_core.jacobian(f)(X)


@pytest.mark.parametrize("name", ["tobytes", "tofile", "dump", "dumps"])
def test_methods_that_give_bytes_raise(name):
    def f(x):
        return getattr(x, name)()

    with pytest.raises(TracedAttributeError, match="no memory") as error:
        ad_core.jacobian(f)(X)
    assert line_of(error, "f")
    assert "ad_core.external" in str(error.value)
    J = ad_core.jacobian(lambda x: x * hasattr(x, name))(X)  # as NumPy's arrays, there it is
    assert J.sum() == X.size


@pytest.mark.parametrize("name", ["data", "ctypes"])
def test_attributes_that_give_memory_raise(name):
    def f(x):
        return getattr(x, name)

    def probing(x):  # NumPy's arrays have it, so what is computed without it is another function
        return x * hasattr(x, name)

    for function in (f, probing):
        with pytest.raises(TracedAttributeError, match="no memory") as error:
            ad_core.jacobian(function)(X)
        assert line_of(error, function.__name__)
        assert "ad_core.external" in str(error.value)


@pytest.mark.parametrize("name", ["strides", "dtype", "imag"])
def test_attributes_that_can_not_be_set(name):
    def f(x):
        setattr(x, name, 1.0)

    with pytest.raises((AttributeError, TypeError), match=name):
        ad_core.jacobian(f)(X)


@pytest.mark.usefixtures("names_stay")
def test_object_arrays_of_traced_scalars_are_read_only():
    """NumPy converts a traced array to an object array, and stores into it would be lost."""

    def f(x):
        early = np.asarray(x, dtype=object)
        early[0] = 1.0

    with pytest.raises(ValueError, match="read-only"):
        ad_core.jacobian(f)(X)

    def g(x):
        for _, _ in EARLY(x * 1.0):
            pass

    with pytest.raises(TracedValueError, match=re.escape("np.ndenumerate")) as error:
        ad_core.jacobian(g)(X)
    assert line_of(error, "g")

    def h(x):
        return np.lib.stride_tricks.as_strided(x, (2, 2), (8, 8))

    with pytest.raises(TracedValueError, match="sliding_window_view") as error:
        ad_core.jacobian(h)(X)
    assert line_of(error, "h")


EARLY = np.ndenumerate

# Stores into complex buffers


def filled(C, x):
    np.fill_diagonal(C, 2.0)
    np.fill_diagonal(C[:, ::-1], x)


def put(C, x):
    np.put(C, [1, 2], [3.0, 4.0j])
    np.put(C, [0], x[0] * 1.0j)


def along(C, x):
    np.put_along_axis(C, np.array([[0], [1]]), 3.0, axis=1)
    np.put_along_axis(C, np.array([[1], [0]]), x[:2, None], axis=1)


def placed(C, x):
    np.place(C, np.eye(2) > 0.0, [5.0])
    np.place(C, np.eye(2) == 0.0, x)


def masked(C, x):
    np.putmask(C, np.eye(2) > 0.0, 7.0j)
    np.putmask(C, (x[0] + 5.0) * np.eye(2) == 0.0, x[:4].reshape(2, 2))


def copied(C, x):
    np.copyto(C, 2.0)
    np.copyto(C, x[:2], where=np.eye(2) > 0.0)


def einsum(C, x):
    np.einsum("ii->i", C)[...] = x[:2]
    np.einsum("ij->ji", C)[0, 1] = 3.0
    np.einsum("...->...", C)[0, 0] += x[2]


def broadcast(C, x):
    np.broadcast_arrays(C, np.zeros((1, 2)))[0][...] = x[:2]


def transposed(C, x):
    C.T[0] = x[:2]
    C[...] = C.T * 1.0


def added(C, x):
    np.add.at(C, [0, 0], x[:2])
    np.multiply.at(C, ([0, 1], [0, 1]), 2.0)


def parts(C, x):
    C.real = x[:2]
    C.real[0, 0] = 4.0


@pytest.mark.usefixtures("names_are_restored")
@pytest.mark.filterwarnings("ignore:Numpy has detected that you")
@pytest.mark.parametrize("kind", [float, complex])
@pytest.mark.parametrize("start", ["zeros", "zeros_like", "F", "computed"])
@pytest.mark.parametrize(
    "store",
    [filled, put, along, placed, masked, copied, einsum, broadcast, transposed, added, parts],
)
def test_stores_into_buffers(store, start, kind):
    def f(x):
        C = {
            "zeros": lambda: np.zeros((2, 2), kind),
            "zeros_like": lambda: np.zeros_like(np.ones((2, 2), kind)),
            "F": lambda: np.zeros((2, 2), kind, order="F"),
            "computed": lambda: np.outer(x[:2], x[:2]) * kind(1.0) * 0.0,
        }[start]()
        values = x if kind is complex or store is not put else x * 0.0
        if kind is float and store in (put, masked):
            C = C.real  # complex values do not go into a real array
            np.put(C, [1], x[1])
        else:
            store(C, values)
        flat = C.ravel()
        return flat.real + 2.0 * flat.imag

    want = np.stack([(f(X + e) - f(X - e)) / 2.0 for e in np.eye(6)], -1)
    for route in (ad_core.jacfwd, ad_core.jacrev, lambda f: ad_core.compile(f).jacobian):
        assert np.allclose(route(f)(X), want)
    assert np.allclose(ad_core.trace(f, X)(X), f(X))


def test_complex_values_can_not_be_stored_into_a_real_array():
    for put in (np.fill_diagonal, lambda C, v: np.put(C, [0], v)):

        def f(x, put=put):
            C = np.zeros((2, 2))
            put(C, x[0] * 1.0j)

        with pytest.raises(TracedValueError, match="dtype=complex"):
            ad_core.jacobian(f)(X)


def test_a_0_d_array_is_an_array():
    def f(x):
        z = np.array(1.0j)
        z.reshape(1)[0] = x[0] * 1.0j
        w = z
        w += x[1]
        np.einsum("...->...", z)
        return np.array([z.imag, z.real, w[()].real])

    assert np.allclose(ad_core.jacobian(f)(X), affine(f))


# Ties

TIES = {
    "sort": lambda x: np.sort(x),
    "sort of rows": lambda x: np.sort(x.reshape(2, 2), axis=0).ravel(),
    "argsort": lambda x: x[np.argsort(x)],
    "median": lambda x: np.median(x[:3]),
    "median of an even number": lambda x: np.median(x),
    "quantile": lambda x: np.quantile(x, [0.3, 0.9]),
    "percentile": lambda x: np.percentile(x, 20.0, method="lower"),
    "partition": lambda x: np.partition(x, (1, 2))[1:3],
    "argpartition": lambda x: x[np.argpartition(x, 2)[2]],
    "lexsort": lambda x: x[np.lexsort((x,))],
    "unique": lambda x: np.unique(x)[:2],
    "weighted": lambda x: np.quantile(x, 0.4, weights=np.ones(4), method="inverted_cdf"),
}


@pytest.mark.parametrize("kind", TIES)
def test_ties_do_not_depend_on_what_was_computed_before(kind):
    f = TIES[kind]
    points = [np.array(p) for p in itertools.product([1.0, 2.0, 3.0], repeat=4)][::3]
    for other in ([2.0, 1.0, 3.0, 0.0], [0.0, 1.0, 2.0, 3.0], [1.0, 1.0, 2.0, 2.0]):
        compiled = ad_core.compile(f)
        compiled.jacobian(np.array(other))
        for x in points:
            assert np.array_equal(compiled.jacobian(x), ad_core.jacobian(f)(x))
        batch = ad_core.compile(f)
        batch.jacobian(np.array(other))
        same = [x for x in points if f(x).shape == f(points[4]).shape]
        want = np.stack([ad_core.jacobian(f)(x) for x in same])
        assert np.array_equal(batch.jacobian(np.stack(same), batch_dims=1), want)


def test_order_statistics_are_those_of_the_stable_order():
    rng = np.random.default_rng(3)
    for n in (3, 4, 9):
        for _ in range(20):
            x = rng.integers(0, 4, n).astype(float)
            order = np.argsort(x, kind="stable")
            for k in range(n):
                unit = np.eye(n)[order[k]]
                assert np.array_equal(ad_core.grad(lambda x, k=k: np.partition(x, k)[k])(x), unit)
            middle = np.mean(np.eye(n)[order[[(n - 1) // 2, n // 2]]], axis=0)
            assert np.array_equal(ad_core.grad(np.median)(x), middle)
