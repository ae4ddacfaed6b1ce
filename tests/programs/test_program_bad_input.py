# SPDX-License-Identifier: Apache-2.0
"""Bad input to a Tape and a Function: the class of the error, and a message with a remedy."""

import numpy as np
import pytest

import ad_core
from agreement import refused

x3, X = np.array([0.3, 0.5, 0.7]), np.arange(12.0).reshape(4, 3) / 10


def vector(x):
    return np.sin(x) * x[0]


def total(x):
    return np.sum(np.sin(x) * x[0])


def pair(a, b):
    return a * np.sum(b)


TAPE, TOTAL, PAIR = ad_core.trace(vector, x3), ad_core.trace(total, x3), ad_core.trace(pair, x3, x3)
F, G, H = ad_core.compile(vector), ad_core.compile(total), ad_core.compile(pair)
METHODS = ("__call__", "jacobian", "value_and_jacobian", "grad", "value_and_grad", "hessian")
SIZED = ("value", "jacobian", "grad")


@pytest.fixture(autouse=True)
def all_is_well_afterwards():
    yield
    np.testing.assert_allclose(TAPE(x3), vector(x3), rtol=1e-14)
    np.testing.assert_allclose(TOTAL.grad(X)[3], ad_core.grad(total)(X[3]), rtol=1e-13)
    np.testing.assert_allclose(F.jacobian(x3), ad_core.jacobian(vector)(x3), rtol=1e-14)
    np.testing.assert_allclose(G.hessian(x3), ad_core.hessian(total)(x3), rtol=1e-12)
    np.testing.assert_allclose(PAIR.jacobian(x3, x3), np.eye(3) * np.sum(x3), rtol=1e-14)


# ------------------------------------------------------------------------------ shapes and dtypes


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(), (1,), (2,), (4,), (3, 1), (3, 4), (0,), (4, 0), (3, 3, 2)])
def test_a_wrong_core_shape(method, shape):
    with refused(ValueError, "argument 0", "total", "(3,)", str(shape)):
        getattr(TOTAL, method)(np.ones(shape))


def test_a_wrong_shape_of_another_argument():
    with refused(ValueError, "argument 1", "pair", "(3,)", "(2,)"):
        PAIR(x3, np.ones(2))
    with refused(ValueError, "argument 1", "pair", "(3,)", "(4, 2)"):
        PAIR(X, np.ones((4, 2)))
    tree = ad_core.trace(lambda p: p["a"] * p["b"][0], {"a": x3, "b": (1.0,)})
    with refused(ValueError, "(3,)", "(4,)"):
        tree({"a": np.ones(4), "b": (1.0,)})


@pytest.mark.parametrize(("first", "second"), [((4,), (5,)), ((2, 4), (3, 4)), ((4, 3), (2, 4, 2)),
                                               ((0,), (2,))])  # fmt: skip
def test_batches_that_do_not_fit_one_another(first, second):
    a, b = np.ones((*first, 3)), np.ones((*second, 3))
    with refused(ValueError, "batch", "pair", str(first), str(second)):
        PAIR(a, b)
    with refused(ValueError, "batch", "pair", str(first), str(second)):
        PAIR.jvp((a, a), (b, b))
    if len(first) == len(second):
        with refused(ValueError, "batch", "pair", str(first), str(second)):
            H(a, b, batch_dims=len(first))


NOT_FLOATS = {
    "int64": np.array([1, 2, 3]), "bool": np.array([True, False, True]),
    "complex256": np.array([1j, 2.0, 3.0], np.clongdouble), "<U1": np.array(["a", "b", "c"]),
    "object": np.array([1.0, None, 2.0]), "datetime64": np.array(["2020"] * 3, "M8[D]"),
    np.dtype(np.longdouble).name: np.ones(3, np.longdouble),
}  # fmt: skip


@pytest.mark.parametrize("kind", NOT_FLOATS)
@pytest.mark.parametrize("f", [TAPE, F], ids=["tape", "function"])
def test_a_wrong_dtype(kind, f):
    bad = NOT_FLOATS[kind]
    if bad.dtype in (np.float64, np.complex128):
        return  # where long double is double
    for call in (f, f.jacobian, lambda x: f.jvp(x, x3), lambda x: f.vjp(x, x3)):
        for given in (bad, np.stack([bad] * 2)) if f is TAPE else (bad,):
            with refused(TypeError, "argument 0", "vector", "float64"):
                call(given)
    with refused(TypeError, kind) if f is TAPE else refused(TypeError, "vector"):
        f(bad)


@pytest.mark.parametrize("bad", [3, True, "3", None, Ellipsis, [None]], ids=repr)
def test_a_wrong_number(bad):
    tape, f = ad_core.trace(np.sin, 1.0), ad_core.compile(np.sin)
    for call in (tape, tape.grad, f, f.grad):
        with refused(TypeError, "argument 0", "sin"):
            call(bad)


@pytest.mark.skipif(np.dtype(np.longdouble).itemsize <= 8, reason="long double is double here")
def test_long_doubles():
    for call in (ad_core.trace(np.sin, 1.0), ad_core.compile(np.sin), ad_core.compile(np.sin).grad):
        with refused(TypeError, "argument 0", "sin", "float64"):
            call(np.longdouble(1.0))


def test_a_wrong_structure():
    tape = ad_core.trace(lambda p: p["a"] * p["b"], {"a": 1.0, "b": 2.0})
    for bad, place in (
        ({"a": 1.0}, "it has the key 'b', which is missing"),
        ((1.0, 2.0), "it is a dict of 2, not a tuple of 2"),
        ({"a": 1.0, "c": 2.0}, "it has the key 'b', which is missing and has no key 'c'"),
        (1.0, "it is a dict of 2, not an array or a number"),
        ({"a": 1.0, "b": (2.0,)}, "at ['b'] it is an array or a number, not a tuple of 1"),
    ):
        for call in (tape, tape.grad, lambda p: tape.jvp(p, p), lambda p: tape.hvp(p, p)):
            with refused(ValueError, "structure", place):
                call(bad)


# ---------------------------------------------------------------------------- numbers of arguments


@pytest.mark.parametrize("count", [0, 2, 3])
def test_a_wrong_number_of_arguments(count):
    for method in METHODS:
        with refused(TypeError, "total", "1", str(count)):
            getattr(TOTAL, method)(*[x3] * count)
    with refused(TypeError, "total", str(count)):
        G(*[x3] * count)
    with refused(TypeError, "total", str(count)):
        G.grad(*[x3] * count)


def test_a_wrong_number_of_tangents():
    for f in (PAIR, H):
        for tangents in ((x3,), (x3, x3, x3), ()):
            with refused((TypeError, ValueError), "tangents", "2", str(len(tangents))):
                f.jvp((x3, x3), tangents)
        with refused((TypeError, ValueError), "tangents"):
            f.jvp((x3, x3), x3)
    for primals in ((x3,), (x3, x3, x3), ()):
        with refused(TypeError, "primals", "2", str(len(primals))):
            PAIR.jvp(primals, (x3, x3))
    with refused(TypeError, "primals", "2"):
        PAIR.vjp(x3, x3)
    with refused(TypeError, "positional"):
        PAIR.jvp((x3, x3))


@pytest.mark.parametrize("f", [PAIR, H], ids=["tape", "function"])
def test_wrong_argnums(f):
    for bad in (2, -3, (0, 2), [-3], 10**30):
        with refused(ValueError, "argnums", str(bad), "pair", "2"):
            f.jacobian(x3, x3, argnums=bad)
    for bad in ((0, 0), (1, -1), [0, 1, -2]):
        with refused(ValueError, "argnums", str(bad), "twice"):
            f.jacobian(x3, x3, argnums=bad)
    f.jacobian(x3, x3, argnums=1)  # a program is kept for 1, which equals True and 1.0
    f.jacobian(x3, x3, argnums=0)
    f.jacobian(x3, x3, argnums=(0, 1))
    for bad in (True, False, 1.0, 0.0, None, "0", 1j, (True,), (0.0, 1), {}, {0}, np.array([0])):
        with refused(TypeError, "argnums", repr(bad)):
            f.jacobian(x3, x3, argnums=bad)
        with refused(TypeError, "argnums", repr(bad)):
            f.value_and_jacobian(X, X, argnums=bad, **({} if f is PAIR else {"batch_dims": 1}))


def test_argnums_of_an_argument_that_is_not_an_input():
    f = ad_core.compile(lambda x, n: x**n)
    with refused(TypeError, "argument 1", "float", "3"):
        f.grad(2.0, 3, argnums=1)
    with refused(TypeError, "argument 1", "float", "3"):
        f.grad(2.0, 3, argnums=(0, 1))


# -------------------------------------------------------------------------------- what is no scalar


@pytest.mark.parametrize("method", ["grad", "value_and_grad", "hessian"])
@pytest.mark.parametrize("make", [ad_core.trace, lambda f, x: ad_core.compile(f)],
                         ids=["tape", "function"])  # fmt: skip
def test_gradients_of_results_that_are_not_scalars(method, make):
    for fun, shape in ((vector, "(3,)"), (lambda x: x[:1], "(1,)"), (lambda x: x[None], "(1, 3)")):
        for given in (x3, X) if make is ad_core.trace else (x3,):
            with refused(TypeError, method[-4:], "scalar", fun.__name__, shape, "jacobian"):
                getattr(make(fun, x3), method)(given)
    for fun in (lambda x: (x[0], x[1]), lambda x: {"a": x[0]}, lambda x: ()):
        with refused(TypeError, method[-4:], "scalar", "<lambda>"):
            getattr(make(fun, x3), method)(x3)


def test_hessian_products_of_results_that_are_not_scalars():
    for f in (TAPE, F):
        with refused(TypeError, "hvp", "scalar", "vector", "(3,)"):
            f.hvp(x3, x3)


# ---------------------------------------------------------------------------------- seeds' shapes


@pytest.mark.parametrize("f", [TAPE, F], ids=["tape", "function"])
@pytest.mark.parametrize("shape", [(), (2,), (4,), (3, 1), (3, 2)])
def test_seeds_of_the_wrong_shape(f, shape):
    bad = np.ones(shape)
    with refused(ValueError, "tangent", "vector", "(3,)", str(shape)):
        f.jvp(x3, bad)
    with refused(ValueError, "cotangent", "vector", "(3,)", str(shape)):
        f.vjp(x3, bad)
    with refused(ValueError, "tangent", "total", "(3,)", str(shape)):
        (TOTAL if f is TAPE else G).hvp(x3, bad)


def test_seeds_of_the_wrong_batch():
    with refused(ValueError, "batch", "(4,)", "(5,)"):
        TAPE.jvp(X, np.ones((5, 3)))
    with refused(ValueError, "batch", "(4,)", "(5,)"):
        F.vjp(X, np.ones((5, 3)), batch_dims=1)
    with refused(ValueError, "batch_dims", "(2, 3)"):
        F.jvp(x3, np.ones((2, 3)))


@pytest.mark.parametrize("f", [TAPE, F], ids=["tape", "function"])
def test_seeds_of_the_wrong_dtype(f):
    for bad in (x3 * 1j, np.array(["1"] * 3), np.array([None] * 3)):
        with refused(TypeError, "float64", str(bad.dtype)):
            f.jvp(x3, bad)
        with refused(TypeError, "float64", str(bad.dtype)):
            f.vjp(x3, bad)


# -------------------------------------------------------------------------------------------- out=


def frozen(x):
    x.flags.writeable = False
    return x


class Own(np.ndarray):
    """A class that is not plain NumPy's."""


BAD_OUT = {
    "a wrong size": (ValueError, lambda s: np.zeros((*s[:-1], 7)), ("(3,)", "7")),
    "one axis more": (ValueError, lambda s: np.zeros((1, *s)), ("shape", "(1, ")),
    "float32": (TypeError, lambda s: np.zeros(s, np.float32), ("float64", "float32")),
    "int": (TypeError, lambda s: np.zeros(s, int), ("float64", "int64")),
    "other bytes": (TypeError, lambda s: np.zeros(s, np.dtype(float).newbyteorder()), ("float64",)),
    "complex": (TypeError, lambda s: np.zeros(s, complex), ("float64", "complex128")),
    "read-only": (ValueError, lambda s: frozen(np.zeros(s)), ("read-only",)),
    "strided": (ValueError, lambda s: np.zeros((*s[:-1], 6))[..., ::2], ("C-contiguous",)),
    "reversed": (ValueError, lambda s: np.zeros(s)[..., ::-1], ("C-contiguous",)),
    "unaligned": (ValueError, lambda s: np.zeros(8 * int(np.prod(s)) + 1, np.uint8)[1:]
                  .view(np.float64).reshape(s), ("aligned",)),
    "a list": (TypeError, lambda s: np.zeros(s).tolist(), ("array", "list")),
    "a number": (TypeError, lambda s: 1.0, ("array", "float")),
    "a subclass": (TypeError, lambda s: np.zeros(s).view(Own), ("array", "Own")),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD_OUT)
@pytest.mark.parametrize("given", [x3, X, np.ones((300, 3)), np.ones((0, 3))],
                         ids=["point", "batch", "large", "empty"])  # fmt: skip
def test_a_bad_out(kind, given):
    error, make, words = BAD_OUT[kind]
    words = [str(given.shape) if word == "(3,)" else word for word in words]
    if given.size == 0 and kind in ("strided", "reversed", "unaligned", "a list"):
        return  # as good as any other empty array, or no longer what it is called
    out = make(given.shape)
    for f, extra in ((TOTAL, {}), (G, {"batch_dims": given.ndim - 1})):
        with refused(error, "out", "grad", "total", *words):
            f.grad(given, out=out, **extra)
    if isinstance(out, np.ndarray):
        assert not np.any(out)


def test_a_fortran_out():
    for f in (TAPE, F):
        with refused(ValueError, "out", "jacobian of vector", "C-contiguous"):
            f.jacobian(x3, out=np.zeros((3, 3), order="F"))


def test_a_wrong_number_of_outs():
    one = np.zeros((3, 3))
    for f in (TAPE, F):
        for bad in (one, (one,), [np.zeros(3), one, one], (None, one), ()):
            with refused(TypeError, "out", "value_and_jacobian of vector", "2"):
                f.value_and_jacobian(x3, out=bad)
        with refused(TypeError, "out", "jacobian of vector", "tuple"):
            f.jacobian(x3, out=(one,))
        with refused(ValueError, "out", "value_and_jacobian", "(3,)", "(3, 3)"):
            f.value_and_jacobian(x3, out=(one, np.zeros(3)))


def overlapping(given):
    """Arrays of given's shape that share some of its memory."""
    room = np.zeros(2 * given.size + 8)
    argument = room[: given.size].reshape(given.shape)
    argument[...] = given
    for shift in {0, 1, given.size - 1}:
        yield argument, room[shift : shift + given.size].reshape(given.shape)


@pytest.mark.parametrize("given", [x3, X, np.ones((300, 3))], ids=["point", "batch", "large"])
def test_an_out_that_overlaps_an_argument(given):
    for argument, out in overlapping(given):
        before = argument.copy()
        for f, extra in ((TOTAL, {}), (G, {"batch_dims": given.ndim - 1})):
            with refused(ValueError, "out", "grad of total", "memory", "argument"):
                f.grad(argument, out=out, **extra)
        np.testing.assert_array_equal(argument, before)
    room = np.zeros((*given.shape[:-1], 6))
    with refused(ValueError, "out", "memory"):
        TAPE.jvp(
            np.ones(3), room[..., ::2], out=room.reshape(-1)[: given.size].reshape(given.shape)
        )


def test_outs_beside_arguments_are_accepted():
    room = np.zeros(9)
    room[:3] = x3
    TOTAL.grad(room[:3], out=room[3:6])
    np.testing.assert_allclose(room[3:6], TOTAL.grad(x3), rtol=1e-14)
    np.testing.assert_array_equal(room[6:], 0.0)


@pytest.mark.parametrize("given", [x3, X, np.ones((300, 3))], ids=["point", "batch", "large"])
def test_outs_that_overlap_one_another(given):
    """One result would overwrite the other."""
    n = given.size
    room = np.zeros(5 * n)
    jacobian = room[: 3 * n].reshape(*given.shape, 3)
    for f, extra in ((TAPE, {}), (F, {"batch_dims": given.ndim - 1})):
        for start in (0, n, 3 * n - 1):
            value = room[start : start + n].reshape(given.shape)
            with refused(ValueError, "out", "value_and_jacobian of vector", "memory"):
                f.value_and_jacobian(given, out=(value, jacobian), **extra)
        value = room[3 * n : 4 * n].reshape(given.shape)
        f.value_and_jacobian(given, out=(value, jacobian), **extra)
        np.testing.assert_allclose(value, TAPE(given), rtol=1e-14)


# ------------------------------------------------------------- workers=, progress= and batch_dims=


@pytest.mark.parametrize("given", [x3, X, np.ones((100_000, 3)), np.ones((0, 3))],
                         ids=["point", "batch", "large", "empty"])  # fmt: skip
def test_wrong_workers(given):
    for f, extra in ((TOTAL, {}), (G, {"batch_dims": given.ndim - 1})):
        for bad in (0, -1, -(10**30)):
            with refused(ValueError, "workers", str(bad)):
                f.grad(given, workers=bad, **extra)
        for bad in ("a", 1.5, True, False, [1], np.float64(2.0)):
            with refused(TypeError, "workers", repr(bad)):
                f.grad(given, workers=bad, **extra)


@pytest.mark.parametrize("given", [x3, X, np.ones((100_000, 3)), np.ones((0, 3))],
                         ids=["point", "batch", "large", "empty"])  # fmt: skip
def test_wrong_progress(given):
    for f, extra in ((TOTAL, {}), (G, {"batch_dims": given.ndim - 1})):
        for bad in (3, True, "a", [], object()):
            with refused(TypeError, "progress", "update"):
                f.grad(given, progress=bad, **extra)


def test_wrong_batch_dims():
    for f in (TAPE, F):
        for bad in (-1, "a", True, False, 1.0, [1]):
            with refused((TypeError, ValueError), "batch_dims", repr(bad)):
                f(X, batch_dims=bad)
            with refused((TypeError, ValueError), "batch_dims", repr(bad)):
                f(x3, batch_dims=bad)
    with refused(ValueError, "batch_dims=2", "argument 0", "1", "(3,)"):
        TAPE(X, batch_dims=2)
    with refused(ValueError, "batch_dims=0", "argument 0", "1", "(3,)"):
        TAPE(X, batch_dims=0)
    with refused(ValueError, "batch_dims=3", "argument 0", "vector", "2"):
        F(X, batch_dims=3)
    with refused(ValueError, "batch_dims=1", "argument 1", "pair", "0"):
        H(X, np.array(2.0), batch_dims=1)
    np.testing.assert_array_equal(H(X, 2.0, batch_dims=1), H(X, np.array([2.0]), batch_dims=1))
    np.testing.assert_allclose(TAPE(X, batch_dims=1), F(X, batch_dims=np.int64(1)))


# ---------------------------------------------------------------------------------- and the rest


def test_traced_inputs_of_a_tape_that_have_no_meaning():
    calls = (
        (lambda x: TOTAL(x[None]), ValueError, "recorded shape"),
        (lambda x: TOTAL(x, batch_dims=1), TypeError, "batch_dims"),
        (lambda x: TOTAL(x, out=np.zeros(())), TypeError, "out"),
        (lambda x: TAPE.jacobian(x, sparse=True), TypeError, "sparse"),
        (lambda x: TOTAL.grad(x3, out=x), TypeError, "traced"),
    )
    for call, kind, word in calls:
        with refused(kind, word, "traced"):
            ad_core.jacobian(call)(x3)
        with refused(kind, word, "traced"):
            ad_core.trace(call, x3)


def test_unknown_keywords():
    for f in (TAPE, F):
        for method in METHODS:
            with refused(TypeError, "'nothing'"):
                getattr(f, method)(x3, nothing=1)


def test_functions_that_cannot_be_traced():
    with refused(ValueError, "what", "'values'", "jacobian"):
        TAPE.instructions("values")
    with refused(TypeError, "grad", "scalar"):
        TAPE.instructions("grad")


def test_nothing_to_record():
    for args in ((), (3,), ("a", None)):
        with refused(TypeError, "<lambda>", "float"):
            ad_core.compile(lambda *a: 1.0)(*args)


def test_a_closure_over_a_traced_value_raises():
    """At plain points, where nothing else shows that the derivative is lost."""
    x = np.ones(2)
    with refused(ad_core.TracedValueError, "not among its arguments", "pass it"):
        ad_core.grad(lambda a: np.sum(ad_core.compile(lambda x: x * a)(x)))(3.0)
