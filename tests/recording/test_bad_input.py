"""Mistakes of users: the type of the exception; its message has the argument, the value, a
remedy."""

import numpy as np
import pytest

import ad_core
from agreement import refused

x3 = np.array([1.0, 2.0, 3.0])


pytestmark = pytest.mark.usefixtures("nothing_leaks")


def model(x, scale=1.0):
    return x * scale


def total(x):
    return np.sum(x)


# ------------------------------------------------------------------------- inputs

RECORDING = {
    "grad": lambda x: ad_core.grad(model)(x),
    "value_and_grad": lambda x: ad_core.value_and_grad(model)(x),
    "jacobian": lambda x: ad_core.jacobian(model)(x),
    "value_and_jacobian": lambda x: ad_core.value_and_jacobian(model)(x),
    "jacfwd": lambda x: ad_core.jacfwd(model)(x),
    "jacrev": lambda x: ad_core.jacrev(model)(x),
    "hessian": lambda x: ad_core.hessian(model)(x),
    "vjp": lambda x: ad_core.vjp(model, x),
    "jvp": lambda x: ad_core.jvp(model, (x,), (x,)),
    "linearize": lambda x: ad_core.linearize(model, x),
    "hvp": lambda x: ad_core.hvp(model, (x,), (x,)),
    "explain": lambda x: ad_core.explain(model, x),
    "trace": lambda x: ad_core.trace(model, x),
}
INPUTS = {
    "int": (3, "int64", "3.0, not 3"),
    "int array": (np.arange(3), "int64", "astype(float)"),
    "unsigned": (np.arange(3, dtype=np.uint8), "uint8", "astype(float)"),
    "NumPy int": (np.int32(3), "int32", "floats"),
    "bool": (True, "bool", "floats"),
    "long complex": (np.clongdouble(1j), "complex256", "complex128"),
    "long complex array": (np.ones(2, np.clongdouble), "complex256", "complex128"),
    "text": ("1.0", "U3", "real numbers"),
    "bytes": (b"1.0", "S3", "real numbers"),
    "objects": (np.array([1.0, None]), "object", "real numbers"),
    "date": (np.datetime64("2020-01-01"), "datetime64", "real numbers"),
}


@pytest.mark.parametrize("transform", RECORDING)
@pytest.mark.parametrize("name", INPUTS)
def test_inputs_that_are_not_real_floats(transform, name):
    given, dtype, remedy = INPUTS[name]
    with refused(TypeError, "argument 0", "model", "float64", dtype, remedy):
        RECORDING[transform](given)


def test_an_input_is_named_by_its_number_and_leaf():
    with refused(TypeError, "argument 1 [2]", "<lambda>", "complex256"):
        ad_core.grad(lambda a, b: a, 1)(1.0, [1.0, 2.0, np.clongdouble(3j)])
    with refused(TypeError, "argument 1 [0]", "<lambda>", "int64"):
        ad_core.grad(lambda a, b: a, 1)(1.0, [1, 2])
    with refused(TypeError, "argument 1", "<lambda>", "int64"):
        ad_core.jacobian(lambda a, b: a, (0, 1))(1.0, 3)
    with refused(TypeError, "argument 1", "<lambda>", "int64"):
        ad_core.jacobian(lambda a, b: a, 1)(1.0, np.arange(3))


def test_longer_floats_raise_an_error():
    if np.finfo(np.longdouble).nmant == np.finfo(float).nmant:
        pytest.skip("long double is double here")
    with refused(TypeError, "argument 0", "float64", "astype(np.float64)"):
        ad_core.grad(model)(np.longdouble(1.0))


def test_arguments_that_are_not_differentiated_may_be_anything():
    def f(x, n, name, flag):
        assert flag
        return x ** len(name) * n

    assert ad_core.grad(f)(2.0, 3, "abc", True) == 36.0


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0)])
def test_empty_arrays_are_allowed_where_numpy_allows(shape):
    x = np.zeros(shape)
    assert ad_core.jacobian(model)(x).shape == shape + shape
    np.testing.assert_array_equal(ad_core.grad(total)(x), x)
    assert ad_core.hessian(total)(x).shape == shape + shape
    assert ad_core.vjp(model, x)[1](x)[0].shape == shape
    assert ad_core.jvp(np.sin, (x,), (x,))[1].shape == shape
    for reduction in (np.max, np.min, np.argmax):
        with refused(ValueError, "empty" if reduction is np.argmax else "zero-size"):
            reduction(x)
        with refused(ValueError, "empty" if reduction is np.argmax else "zero-size"):
            ad_core.grad(lambda x, reduction=reduction: reduction(x) * total(x))(x)


def test_nonfinite_inputs_are_accepted():
    x = np.array([np.inf, -np.inf, np.nan, 1.0])
    np.testing.assert_array_equal(ad_core.grad(lambda x: np.sum(x * x))(x), 2 * x)
    with np.errstate(all="ignore"):
        assert np.isnan(ad_core.grad(np.sin)(np.inf))
    assert ad_core.grad(np.exp)(np.inf) == np.inf
    assert ad_core.grad(np.arctan)(-np.inf) == 0.0
    chosen = ad_core.grad(lambda x: np.sum(np.where(np.isfinite(x), x**2, 0.0)))(x)
    np.testing.assert_array_equal(chosen, [0.0, 0.0, 0.0, 2.0])


# ------------------------------------------------------------------------- results

RESULTS = {
    "nothing": (lambda x: None, "None", "return"),
    "text": (lambda x: "x", "str", "array or a number"),
    "a set": (lambda x: {1.0}, "set", "array or a number"),
    "a long complex number": (lambda x: np.clongdouble(1j), "complex", "real"),
    "a long complex array": (lambda x: np.ones(3, np.clongdouble), "complex", "real"),
    "objects": (lambda x: np.array([None]), "NoneType", "real"),
    "a function": (lambda x: np.sin, "ufunc", "return"),
    "a generator": (lambda x: (x for _ in "a"), "generator", "return"),
}


@pytest.mark.parametrize("transform", ["grad", "jacobian", "vjp", "jvp", "trace", "jacrev"])
@pytest.mark.parametrize("name", RESULTS)
def test_results_that_are_not_numbers(transform, name):
    body, *words = RESULTS[name]

    def owner(x):
        return body(x)

    calls = {
        "grad": lambda: ad_core.grad(owner)(1.0),
        "jacobian": lambda: ad_core.jacobian(owner)(x3),
        "vjp": lambda: ad_core.vjp(owner, x3),
        "jvp": lambda: ad_core.jvp(owner, (x3,), (x3,)),
        "trace": lambda: ad_core.trace(owner, x3),
        "jacrev": lambda: ad_core.jacrev(owner)(1.0),
    }
    with refused(TypeError, *words, "owner"):
        calls[transform]()


def test_a_forgotten_return():
    def owner(x):
        x * 2.0

    for transform in (ad_core.grad, ad_core.jacobian, ad_core.hessian):
        with refused(TypeError, "owner", "None", "return statement"):
            transform(owner)(1.0)


def test_a_list_is_a_tree():
    J = ad_core.jacobian(lambda x: [x[0] * x[1], 2.0 * x])(x3)
    assert type(J) is list
    np.testing.assert_array_equal(J[0], [2.0, 1.0, 0.0])
    np.testing.assert_array_equal(J[1], 2 * np.eye(3))


def test_a_ragged_list():
    J = ad_core.jacobian(lambda x: [x[:2], [x[0], x]])(x3)
    assert [np.shape(J[0]), np.shape(J[1][0]), np.shape(J[1][1])] == [(2, 3), (3,), (3, 3)]
    with refused(ValueError, "shape", "(2,)", "()"):
        ad_core.jacobian(lambda x: np.array([x[:2], x[0]]))(x3)


@pytest.mark.parametrize("mode", ["fwd", "rev"])
@pytest.mark.parametrize(
    "constant",
    [2.0, 3, np.float32(1), np.ones(2), np.ones((2, 0)), np.arange(4), np.ones((2, 2), dtype=bool)],
)
def test_a_constant_has_derivative_zero_of_the_right_shape(constant, mode):
    J = ad_core.jacobian(lambda x: constant, mode=mode)(x3)
    np.testing.assert_array_equal(J, np.zeros((*np.shape(constant), 3)))
    assert J.dtype == np.float64


def test_a_constant_gradient_and_hessian():
    np.testing.assert_array_equal(ad_core.grad(lambda x: 5.0)(x3), np.zeros(3))
    np.testing.assert_array_equal(ad_core.hessian(lambda x: 5)(x3), np.zeros((3, 3)))
    assert ad_core.grad(lambda x: 5.0)(1.0) == 0.0


@pytest.mark.parametrize("transform", [ad_core.grad, ad_core.value_and_grad])
def test_grad_of_a_function_that_is_not_scalar(transform):
    with refused(TypeError, "scalar", "(3,)", "model", "jacobian", "np.sum"):
        transform(model)(x3)
    with refused(TypeError, "scalar", "(1,)", "model", "jacobian"):
        transform(model)(np.ones(1))
    with refused(TypeError, "scalar", "2 arrays", "pair"):

        def pair(x):
            return x[0], x[1]

        transform(pair)(x3)
    with refused(TypeError, "scalar", "model"):
        ad_core.hvp(model, (x3,), (x3,))


def test_aux_without_a_pair():
    for transform in (ad_core.grad, ad_core.jacobian, ad_core.value_and_grad, ad_core.hessian):
        with refused(TypeError, "has_aux", "total", "pair", "(result, aux)"):
            transform(total, has_aux=True)(x3)
    with refused(TypeError, "has_aux", "pair"):
        ad_core.vjp(model, x3, has_aux=True)
    with refused(TypeError, "has_aux", "pair"):
        ad_core.grad(lambda x: (total(x), 1, 2), has_aux=True)(x3)


# ------------------------------------------------------------- tangents and cotangents


def test_tangents_of_the_wrong_shape_or_dtype():
    for tangent in (np.ones(2), np.ones((3, 1)), 1.0):
        with refused(ValueError, "tangent", "(3,)", str(np.shape(tangent))):
            ad_core.jvp(model, (x3,), (tangent,))
        with refused(ValueError, "tangent", "(3,)", str(np.shape(tangent))):
            ad_core.linearize(model, x3)[1](tangent)
        with refused(ValueError, "tangent", "(3,)", str(np.shape(tangent))):
            ad_core.hvp(total, (x3,), (tangent,))
    for tangent in (x3 * 1j, np.array(["a"] * 3), np.array([None] * 3), x3 > 0):
        with refused(TypeError, "tangent", "real"):
            ad_core.jvp(model, (x3,), (tangent,))


def test_tangents_of_another_structure():
    with refused(ValueError, "2 primals", "1 tangents"):
        ad_core.jvp(lambda a, b: a, (1.0, 2.0), (1.0,))
    with refused(ValueError, "structure", "tangents"):
        ad_core.jvp(lambda a: a["x"], ({"x": 1.0},), ({"y": 1.0},))
    with refused(ValueError, "structure", "tangents"):
        ad_core.jvp(model, (x3,), ([1.0, 2.0, 3.0],))
    with refused(TypeError, "primals", "tuple", "ndarray"):
        ad_core.jvp(model, x3, (x3,))
    with refused(TypeError, "tangents", "tuple", "ndarray"):
        ad_core.jvp(model, (x3,), x3)
    with refused(TypeError, "primals", "tuple"):
        ad_core.hvp(total, x3, (x3,))
    with refused(ValueError, "structure", "tangents"):
        ad_core.linearize(model, x3)[1](x3, x3)


def test_one_of_several_tangents_is_named():
    with refused(ValueError, "tangents, at [1]", "(3,)", "(2,)"):
        ad_core.jvp(lambda a, b: a, (1.0, x3), (1.0, np.ones(2)))


def test_cotangents():
    _, pullback = ad_core.vjp(model, x3)
    for cotangent in (np.ones(2), np.ones((3, 1)), 1.0):
        with refused(ValueError, "cotangent", "(3,)", str(np.shape(cotangent))):
            pullback(cotangent)
    for cotangent in (x3 * 1j, np.array(["a"] * 3), np.array([None] * 3)):
        with refused(TypeError, "cotangent", "real"):
            pullback(cotangent)
    with refused(ValueError, "cotangent", "structure"):
        pullback((x3,))
    with refused(ValueError, "cotangent", "structure"):
        ad_core.vjp(lambda x: (x, x), x3)[1](x3)
    np.testing.assert_array_equal(pullback(np.ones(3))[0], np.ones(3))
    np.testing.assert_array_equal(pullback(np.ones(3, dtype=int))[0], np.ones(3))
    np.testing.assert_array_equal(pullback(np.ones(3, dtype=np.float32))[0], np.ones(3))


def test_the_direction_of_a_tape():
    tape = ad_core.trace(model, x3)
    with refused(ValueError, "direction", "(3,)", "(2,)"):
        tape.tangents(np.ones(2))
    with refused(ValueError, "cotangent", "(3,)", "(4,)"):
        tape.adjoints(np.ones(4))
    with refused(TypeError, "direction", "real"):
        tape.tangents(x3 * 1j)


# ---------------------------------------------------------------------- the caller's settings


def test_argnums():
    def f(a, b):
        return a * b

    for transform in (ad_core.grad, ad_core.jacobian, ad_core.hessian, ad_core.value_and_jacobian):
        for argnums in (2, -3, (0, 5)):
            with refused(ValueError, f"argnums={argnums!r}", "2 positional arguments"):
                transform(f, argnums)(1.0, 2.0)
        for argnums in (1.0, "a", None, (0, "b"), True):
            with refused(TypeError, "argnums", "int", repr(argnums)):
                transform(f, argnums)(1.0, 2.0)
        for argnums in ((0, 0), (1, -1)):
            with refused(ValueError, f"argnums={argnums!r}", "twice"):
                transform(f, argnums)(1.0, 2.0)
        with refused(ValueError, "argnums", "0 positional arguments"):
            transform(f)(a=1.0, b=2.0)


def test_mode_and_chunk_size():
    for mode in ("forward", 1, True, "FWD"):
        with refused(ValueError, "mode", "'fwd'", "'rev'", repr(mode)):
            ad_core.jacobian(model, mode=mode)
        with refused(ValueError, "mode", "'fwd'", "'rev'", repr(mode)):
            ad_core.value_and_jacobian(model, mode=mode)
        with refused(ValueError, "mode", "'fwd'", "'rev'", repr(mode)):
            ad_core.explain(model, x3, mode=mode)
    for chunk_size in (0, -1, 2.5, "4", True):
        for transform in (ad_core.jacobian, ad_core.jacfwd, ad_core.jacrev):
            with refused(
                ValueError if chunk_size in (0, -1) else TypeError,
                "chunk_size",
                "positive",
                repr(chunk_size),
            ):
                transform(model, chunk_size=chunk_size)


def test_a_first_argument_that_is_not_a_function():
    for transform in (ad_core.grad, ad_core.jacobian, ad_core.hessian, ad_core.value_and_grad):
        with refused(TypeError, "int"):
            transform(3)(1.0)
    with refused(TypeError, "ndarray"):
        ad_core.vjp(x3, model)
    with refused(TypeError, "ndarray"):
        ad_core.jvp(x3, (x3,), (x3,))


# --------------------------------------------------------------- the user's own exceptions


class Own(Exception):
    pass


@pytest.mark.parametrize("kind", [Own, KeyError, TypeError, StopIteration, ZeroDivisionError])
def test_the_users_exception_comes_through_unchanged(kind):
    error = kind("mine")

    def f(x):
        y = np.sin(x)
        if y is not None:
            raise error

    for transform in (ad_core.grad, ad_core.jacobian, ad_core.hessian):
        with pytest.raises(kind) as caught:
            transform(f)(x3)
        assert caught.value is error
        assert error.args == ("mine",)
    with pytest.raises(kind) as caught:
        ad_core.vjp(f, x3)
    assert caught.value is error
