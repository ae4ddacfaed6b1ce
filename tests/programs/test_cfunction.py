# SPDX-License-Identifier: Apache-2.0
"""Methods of tapes as functions that C calls by a pointer: they give what the tape gives."""

import ctypes
import gc
import pickle

import numpy as np
import pytest

import ad_core
from c_functions import Struct, begin, call, call_many, changed, struct_of
from threads import everywhere

POINT = np.array([0.3, -0.7, 1.1, 0.2])
RNG = np.random.default_rng(5)


def smooth(x):
    return np.array([np.sin(x[0]) * x[1], np.exp(x[2] * x[3]), x[0] ** 2 + x[3], 1.5])


def scalar(x):
    return np.sum(np.exp(x) * x[::-1]) + x[0] * x[1] * x[2]


def matrix(x):
    A = np.eye(4) * 4.0 + np.outer(x, x)
    return np.linalg.solve(A, np.cos(x))


def determinant(x):
    return np.linalg.slogdet(np.eye(9) + np.outer(np.tile(x, 3)[:9], np.arange(9.0)))[1]


def branched(x):
    if x[0] < x[1]:
        return x * x
    return np.sin(x) * x[0]


def several(a, b):
    return {"sum": a * b, "dot": np.sum(a * np.sin(b))}


FUNCTIONS = [smooth, scalar, matrix, determinant, branched]
METHODS = ["value", "jacobian", "value_and_jacobian", "grad", "value_and_grad", "hessian"]
PRODUCTS = ["jvp", "vjp", "hvp", "ggnvp"]


def flat(result):
    from ad_core.recording.trees import flatten

    return np.concatenate([np.ravel(leaf) for leaf in flatten(result)[0]])


def skip_unless_scalar(f, method):
    if np.ndim(f(POINT)) and method in ("grad", "value_and_grad", "hessian", "hvp"):
        pytest.skip("needs a scalar result")


def points(n=11):
    x = POINT + 0.1 * RNG.normal(size=(n, 4))
    x[:, 0] = np.abs(x[:, 0])
    return x


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("f", FUNCTIONS)
def test_methods(f, method):
    skip_unless_scalar(f, method)
    tape = ad_core.trace(f, POINT)
    own = getattr(tape, method) if method != "value" else tape
    function = tape.cfunction(method)
    x = points()
    status, y = call(function, x[0])
    np.testing.assert_array_equal(y, flat(own(x[0])))
    assert status == "ok"
    for n in (0, 1, 2, 11):
        status, y = call_many(function, x[:n])
        assert status == "ok"
        expected = [flat(own(at)) for at in x[:n]]
        np.testing.assert_allclose(y, np.reshape(expected, (n, function.n_out)), rtol=1e-12)


@pytest.mark.parametrize("method", PRODUCTS)
@pytest.mark.parametrize("f", FUNCTIONS)
def test_products(f, method):
    skip_unless_scalar(f, method)
    tape = ad_core.trace(f, POINT)
    tape.jvp(POINT, POINT)  # inputs for tangents come before those of this method
    function = tape.cfunction(method)
    x = points()
    size = np.size(f(POINT)) if method == "vjp" else 4
    seeds = RNG.normal(size=(11, size))
    for at, seed in zip(x, seeds, strict=True):
        given = seed if np.ndim(f(POINT)) or method != "vjp" else seed[0]
        expected = flat(getattr(tape, method)(at, given))
        status, y = call(function, np.concatenate([at, seed]))
        assert status == "ok"
        np.testing.assert_array_equal(y, expected)
    status, y = call_many(function, np.concatenate([x, seeds], axis=1))
    assert status == "ok"
    np.testing.assert_allclose(y[-1], expected, rtol=1e-12)


def test_several_arguments_and_results():
    a, b = np.array([1.0, 2.0]), np.array([0.5, -0.5])
    tape = ad_core.trace(several, a, b)
    given = np.concatenate([a, b])
    _, y = call(tape.cfunction("value"), given)
    np.testing.assert_array_equal(y, flat(tape(a, b)))
    for argnums in (0, 1, (1, 0)):
        _, y = call(tape.cfunction("jacobian", argnums=argnums), given)
        np.testing.assert_array_equal(y, flat(tape.jacobian(a, b, argnums=argnums)))


@pytest.mark.parametrize("what", ["jacobian", "value_and_jacobian", "hessian"])
def test_sparse(what):
    def f(x):
        terms = x[1:] * np.sin(x[:-1])
        return np.sum(terms**2) if what == "hessian" else terms

    x = np.linspace(0.1, 1.0, 9)
    tape = ad_core.trace(f, x)
    function = tape.cfunction(what, sparse=True)
    status, y = call(function, x)
    f_ = struct_of(function)
    value = y[: f_.n_value]
    dense = np.zeros((f_.n_rows, f_.n_columns))
    dense[function.rows, function.columns] = y[f_.n_value :]
    assert [f_.row[k] for k in range(4)] == function.rows[:4].tolist()
    assert [f_.column[k] for k in range(4)] == function.columns[:4].tolist()
    expected = getattr(tape, what)(x)
    if what == "value_and_jacobian":
        np.testing.assert_array_equal(value, expected[0])
        expected = expected[1]
    assert status == "ok"
    assert len(y) - len(value) < expected.size
    np.testing.assert_allclose(dense, expected, rtol=1e-14)


def test_a_changed_branch_is_told():
    function = ad_core.trace(branched, np.array([0.1, 0.2])).cfunction("jacobian")
    assert len(function.lines) == 1
    assert function.lines[0].endswith("if x[0] < x[1]:")
    work = begin(function)
    status, y = call(function, [0.3, 0.2], work)
    assert status == "branch changed"
    assert np.all(np.isnan(y))
    assert changed(function, work) == (0, 0, function.lines[0])
    x = np.array([[0.1, 0.2]] * 9 + [[0.2, 0.1]] + [[0.1, 0.3]])
    status, y = call_many(function, x, work)
    assert status == "branch changed"
    assert changed(function, work)[:2] == (0, 9)
    assert np.all(np.isnan(y), axis=1).tolist() == [k == 9 for k in range(11)]


@pytest.mark.parametrize("n", [2, 3, 6, 40])
def test_a_singular_matrix_is_told(n):
    def f(x):
        return np.linalg.solve(np.eye(n) * x[0], np.ones(n) * x[1])

    function = ad_core.trace(f, np.array([2.0, 1.0])).cfunction("jacobian")
    status, y = call(function, [0.0, 1.0])
    assert status == "call failed"
    assert np.all(np.isnan(y))
    x = np.array([[2.0, 1.0]] * 20)
    x[13, 0] = 0.0
    status, y = call_many(function, x)
    assert status == "call failed"
    assert np.all(np.isnan(y), axis=1).tolist() == [k == 13 for k in range(20)]
    np.testing.assert_array_equal(y[0], call(function, x[0])[1])


@pytest.mark.parametrize("n", [2, 3, 5])
def test_undetermined_derivatives_are_told(n):
    def f(x):
        return np.linalg.eigh(np.diag(np.arange(1.0, n + 1.0)) + x[0] * np.eye(n)[::-1])[1] * x[1]

    tape = ad_core.trace(f, np.array([0.3, 1.0]))

    def equal(x):
        return np.linalg.eigh(np.eye(n) * x[0])[1] * x[1]

    status, y = call(tape.cfunction("jacobian"), [0.4, 1.0])
    assert status == "ok"
    np.testing.assert_allclose(y, np.ravel(tape.jacobian(np.array([0.4, 1.0]))), rtol=1e-10)
    function = ad_core.trace(equal, np.array([0.3, 1.0])).cfunction("jacobian")
    status, y = call(function, [0.4, 1.0])
    assert status == "call failed"
    assert np.all(np.isnan(y))


def test_special_functions_need_no_python():
    special = pytest.importorskip("scipy.special")

    def f(x):
        return special.gammaln(x) * special.ndtr(x[0])

    x = np.array([1.5, 2.5, 0.7])
    tape = ad_core.trace(f, x)
    for method in ("value", "jacobian"):
        function = tape.cfunction(method)
        own = tape(x) if method == "value" else tape.jacobian(x)
        np.testing.assert_allclose(call(function, x)[1], np.ravel(own), rtol=1e-14)
        assert call_many(function, np.stack([x] * 40))[0] == "ok"


def test_nan_goes_through():
    tape = ad_core.trace(smooth, POINT)
    x = np.array([np.nan, 1.0, 1.0, 1.0])
    status, y = call(tape.cfunction("value"), x)
    assert status == "ok"
    np.testing.assert_array_equal(y, tape(x))


def test_a_zero_wins_over_an_infinity_in_derivatives():
    def f(x):
        return np.where(x > 0.0, np.sqrt(x) * x, 0.0 * np.sqrt(np.abs(x)))

    x = np.array([0.0, 4.0, 0.0, 1.0, 2.0])
    tape = ad_core.trace(f, np.ones(5))
    function = tape.cfunction("jacobian")
    expected = np.ravel(tape.jacobian(x))
    np.testing.assert_array_equal(call(function, x)[1], expected)
    np.testing.assert_array_equal(call_many(function, np.stack([x] * 33))[1][-1], expected)


@ad_core.custom_jvp
def own_rule(x):
    return np.sin(x)


@own_rule.defjvp
def _(primals, tangents):
    return own_rule(*primals), np.cos(*primals) * tangents[0]


def test_functions_that_call_python_are_refused_by_name():
    blackbox = ad_core.external(lambda x: np.sin(x), jacobian=lambda x: np.diag(np.cos(x)))
    tape = ad_core.trace(lambda x: blackbox(x) * x, POINT)
    with pytest.raises(ValueError, match=r"value of .*lambda.* calls .*which runs Python"):
        tape.cfunction("value")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"what": "sparse_jacobian"}, "what must be one of"),
        ({"what": "laplacian"}, "what must be one of"),
        ({"what": "grad", "sparse": True}, "sparse=True is for"),
    ],
)
def test_wrong_arguments(given, words):
    tape = ad_core.trace(scalar, POINT)
    with pytest.raises(ValueError, match=words):
        tape.cfunction(**given)
    with pytest.raises(TypeError, match="scalar result"):
        ad_core.trace(smooth, POINT).cfunction("grad")
    with pytest.raises(ValueError, match="argnums=3"):
        tape.cfunction("jacobian", argnums=3)


def test_work_of_another_function_is_refused():
    tape = ad_core.trace(smooth, POINT)
    f, g = tape.cfunction("value"), tape.cfunction("jacobian")
    assert call(f, POINT, begin(g))[0] == "bad work"
    assert call(f, POINT, np.zeros(f.n_work))[0] == "bad work"
    assert call_many(f, [POINT] * 5, np.zeros(f.n_work))[0] == "bad work"
    np.testing.assert_array_equal(call(f, POINT, f.work())[1], tape(POINT))


def test_lifetime():
    def make():
        return ad_core.trace(smooth, POINT).cfunction("value")

    function = make()
    gc.collect()
    capsule, address, work = function.capsule, function.address, begin(function)
    expected = call(function, POINT)[1]
    del function
    gc.collect()
    f, y = Struct.from_address(address), np.zeros(4)
    assert f.eval(f.self, POINT.ctypes.data, y.ctypes.data, work.ctypes.data) == 0
    np.testing.assert_array_equal(y, expected)
    del capsule
    gc.collect()
    assert f.eval(f.self, POINT.ctypes.data, y.ctypes.data, work.ctypes.data) == 5
    assert f.begin(f.self, work.ctypes.data) == 5


def test_the_capsule_holds_the_address():
    function = ad_core.trace(smooth, POINT).cfunction("value")
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    assert pointer(function.capsule, b"ad_core.function") == function.address
    f = struct_of(function)
    assert (f.abi, f.size) == (1, ctypes.sizeof(Struct))
    assert f.name == b"value of smooth"
    assert (f.n_in, f.n_out, f.n_work) == (function.n_in, function.n_out, function.n_work)
    assert function.self_address == f.self
    assert repr(function) == "CFunction(value of smooth: 4 numbers -> 4 numbers)"


def test_threads_with_work_of_their_own():
    function = ad_core.trace(matrix, POINT).cfunction("jacobian")
    x = points(400)
    expected = call_many(function, x)[1]
    wrong = []

    def run(number):
        for _ in range(5):
            status, y = call_many(function, x)
            if status != "ok" or not np.array_equal(y, expected):
                wrong.append(status)

    everywhere(run)
    assert not wrong


def test_pickles_are_refused():
    with pytest.raises(TypeError, match="pickle the tape"):
        pickle.dumps(ad_core.trace(smooth, POINT).cfunction("value"))


def test_functions_too_large_for_a_program():
    tape = ad_core.trace(lambda x: np.cumsum(x)[::-1] @ x, np.ones(3))
    assert tape.cfunction("hessian").n_out == 9


def test_empty_arguments_and_results():
    tape = ad_core.trace(lambda x: x * 2.0, np.zeros(0))
    assert call(tape.cfunction("value"), [])[0] == "ok"
    assert call_many(tape.cfunction("jacobian"), np.zeros((5, 0)))[0] == "ok"
