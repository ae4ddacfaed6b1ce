"""Refusals that a traced function catches are remembered: no default value is differentiated."""

import contextlib
import math
import operator
import pickle
import threading
import warnings

import numpy as np
import pytest
from numpy import asarray as early_asarray
from numpy import zeros as early_zeros

import ad_core
from ad_core import errors
from agreement import refused

pytestmark = pytest.mark.usefixtures("nothing_leaks", "names_stay")

x2 = np.array([1.3, 2.2])
PLAIN = np.zeros(2)

# Refusals where NumPy and Python would compute a result, each with a word of its message.
REFUSED = {
    "float": (lambda x: float(x[0]), "float()"),
    "complex": (lambda x: complex(x[0]), "complex()"),
    "math": (lambda x: math.sin(x[0]), "np.sin"),
    "math of an array of one": (lambda x: math.exp(x[:1]), "np.exp"),
    "np.float64": (lambda x: np.float64(x[0]), "np.float64"),
    "into a plain array": (lambda x: operator.setitem(early_zeros(2), 0, x[0]), "np.zeros"),
    "all of a plain array": (lambda x: operator.setitem(early_zeros(2), slice(None), x), "float64"),
    "conversion of an array": (lambda x: early_asarray(x, dtype=float), "float64"),
    "out=": (lambda x: np.add(x, 1.0, out=PLAIN), "out="),
    "in place": (lambda x: operator.iadd(PLAIN, x), "out="),
    "ufunc": (lambda x: np.add(x, x, signature="dd->d"), "signature"),
    "function": (lambda x: np.unravel_index(x, (2,)), "unravel_index"),
    "method": (lambda x: x.tobytes(), "tobytes"),
    "memory": (lambda x: x.ctypes, "ctypes"),
    "mode of a function": (lambda x: np.linalg.qr(x.reshape(1, 2), mode="raw"), "raw"),
    "astype": (lambda x: x.astype(np.float32), "float32"),
    "view": (lambda x: x.view(np.int64), "view()"),
    "dtype=": (lambda x: np.sum(x, dtype=np.float32), "float32"),
    "hash": (lambda x: {x[0]: 1.0}, "hashed"),
    "pickle": (lambda x: pickle.dumps(x), "pickled"),
    "long double": (lambda x: x * np.longdouble(2.0), "float128"),
    "float of a complex number": (lambda x: float(x[0] + 1j * x[1]), "imaginary"),
    "as integers": (lambda x: x[0].as_integer_ratio(), "as_integer_ratio"),
    "a type called": (lambda x: type(x[0])(2.0), "by hand"),
    "index": (lambda x: x[x[0]], "index"),
    "a shape": (lambda x: np.roll(x, x[0]), "np.roll"),
}
if np.finfo(np.longdouble).nmant == np.finfo(float).nmant:
    del REFUSED["long double"]

RETURNS = {
    "zero": lambda x: 0.0,
    "nan": lambda x: np.nan,
    "another number": lambda x: x[1] * 1.0,
    "an array": lambda x: np.zeros(3),
}


def swallowing(use, default=RETURNS["zero"], kind=Exception):
    def model(x):
        with contextlib.suppress(kind):
            use(x)
        return default(x)

    return model


TRANSFORMS = {
    "grad": lambda f, x: ad_core.grad(f)(x),
    "value_and_grad": lambda f, x: ad_core.value_and_grad(f)(x),
    "jacobian": lambda f, x: ad_core.jacobian(f)(x),
    "jacobian of two": lambda f, x: ad_core.jacobian(lambda x, y: f(x), (0, 1))(x, x),
    "value_and_jacobian": lambda f, x: ad_core.value_and_jacobian(f)(x),
    "jacfwd": lambda f, x: ad_core.jacfwd(f)(x),
    "jacrev": lambda f, x: ad_core.jacrev(f)(x),
    "hessian": lambda f, x: ad_core.hessian(f)(x),
    "jvp": lambda f, x: ad_core.jvp(f, (x,), (x,)),
    "vjp": lambda f, x: ad_core.vjp(f, x),
    "linearize": lambda f, x: ad_core.linearize(f, x),
    "hvp": lambda f, x: ad_core.hvp(f, (x,), (x,)),
    "jet": lambda f, x: ad_core.jet(f, (x,), (np.stack([x, x]),)),
    "sparse": lambda f, x: ad_core.jacobian(f, sparse=True)(x),
    "explain": lambda f, x: ad_core.explain(f, x),
    "trace": lambda f, x: ad_core.trace(f, x),
    "compile": lambda f, x: ad_core.compile(f)(x),
    "compiled gradient": lambda f, x: ad_core.compile(f).grad(x),
    "compiled batch": lambda f, x: ad_core.compile(f).jacobian(np.stack([x, x]), batch_dims=1),
    "has_aux": lambda f, x: ad_core.grad(lambda x: (f(x), 1.0), has_aux=True)(x),
    "nested": lambda f, x: ad_core.jacobian(ad_core.grad(f))(x),
    "checkpoint": lambda f, x: ad_core.grad(ad_core.checkpoint(f))(x),
}


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_no_transform_gives_a_derivative_of_a_default(transform):
    model = swallowing(REFUSED["math"][0])
    with refused(
        errors.NotDifferentiable, " returned after", "np.sin", "test_refusals.py", "in <lambda>",
        "ad_core.allow_refusals",
    ):  # fmt: skip
        TRANSFORMS[transform](model, x2)


@pytest.mark.parametrize("returned", RETURNS)
@pytest.mark.parametrize("name", REFUSED)
def test_each_refusal_is_remembered(name, returned):
    use, word = REFUSED[name]
    with pytest.raises(errors.NotDifferentiable) as first:
        ad_core.jacobian(use)(x2)
    message = str(first.value)
    assert word in message
    assert "test_refusals.py" in message
    with refused(type(first.value), word, "test_refusals.py", "allow_refusals") as caught:
        ad_core.jacobian(swallowing(use, RETURNS[returned]))(x2)
    assert type(caught.value.__cause__) is type(first.value)
    assert message in str(caught.value)
    np.testing.assert_array_equal(PLAIN, np.zeros(2))


@pytest.mark.parametrize("name", REFUSED)
def test_an_allowed_refusal_is_forgotten(name):
    use = REFUSED[name][0]

    def model(x):
        with ad_core.allow_refusals():
            try:
                use(x)
            except errors.NotDifferentiable as error:
                del error
        return x * x

    for J in (
        ad_core.jacobian(model)(x2),
        ad_core.jacobian(ad_core.allow_refusals()(swallowing(use, lambda x: x * x)))(x2),
        ad_core.compile(model).jacobian(x2),
        ad_core.trace(model, x2).jacobian(x2),
    ):
        np.testing.assert_allclose(J, np.diag(2 * x2))
    with ad_core.allow_refusals():
        J = ad_core.jacobian(swallowing(use, lambda x: x * x))(x2)
    np.testing.assert_allclose(J, np.diag(2 * x2))
    with pytest.raises(errors.NotDifferentiable):  # allowed only there
        ad_core.jacobian(swallowing(use, lambda x: x * x))(x2)


def test_allow_refusals_ends_with_its_context():
    def model(x):
        for _ in range(2):
            with ad_core.allow_refusals(), ad_core.allow_refusals():
                swallowing(REFUSED["float"][0])(x)
        swallowing(REFUSED["math"][0])(x)
        with ad_core.allow_refusals():
            swallowing(REFUSED["hash"][0])(x)
        return x[0]

    with refused(errors.TracedValueError, "np.sin"):
        ad_core.grad(model)(x2)


def test_the_message_quotes_the_first_refusal():
    def model(x):
        swallowing(REFUSED["hash"][0])(x)
        swallowing(REFUSED["ufunc"][0])(x)
        return x[0]

    with refused(errors.TracedValueError, "hashed"):
        ad_core.grad(model)(x2)


# Published validators, as they are written.


def as_number(value, default=np.nan):
    try:
        return float(value)
    except Exception:
        return default


def is_number(value):
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def cached(function):
    table = {}

    def call(x):
        try:
            if x not in table:
                table[x] = function(x)
            return table[x]
        except TypeError:
            return 0.0

    return call


class Quiet:
    """A context that suppresses all exceptions."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return True


def quietly(x):
    result = 0.0
    with Quiet():
        result = math.exp(x[0])
    return result


IN_FINALLY = "def in_finally(x):\n try: return math.exp(x[0])\n finally: return 0.0"
with warnings.catch_warnings():  # compilers warn of it since Python 3.14
    warnings.simplefilter("ignore")
    exec(compile(IN_FINALLY, __file__, "exec"))
in_finally = locals()["in_finally"]


VALIDATORS = {
    "a default": lambda x: as_number(x[0]),
    "a test": lambda x: x[0] ** 2 if is_number(x[0]) else 0.0,
    "a cache": lambda x: cached(np.sin)(x[0]),
    "a context": quietly,
    "a finally": in_finally,
    "sums of defaults": lambda x: sum(as_number(v, 0.0) for v in x),
    "a generator that ends": lambda x: next((math.exp(v) for v in x), 0.0)
    if is_number(x[0]) else 1.0,
    "another exception instead": lambda x: retried(x),
}  # fmt: skip


def retried(x):
    try:
        try:
            return math.exp(x[0])
        except TypeError as error:
            raise ValueError("no number") from error
    except ValueError:
        return 0.0


@pytest.mark.parametrize("name", VALIDATORS)
def test_published_validators(name):
    assert np.isfinite(VALIDATORS[name](x2))
    with refused(errors.TracedValueError, "test_refusals.py", "allow_refusals"):
        ad_core.grad(VALIDATORS[name])(x2)


# Exceptions that NumPy and Python raise for plain numbers as well select a branch as they do there.

NATIVE = {
    "float of an array": lambda x: float(x),
    "math of an array": lambda x: math.sin(x),
    "int of an array": lambda x: int(x),
    "a float as an index": lambda x: [1, 2, 3][x[0]],
    "range of a float": lambda x: range(x[0]),
    "operator.index": lambda x: operator.index(x[0]),
    "hash of an array": lambda x: hash(x),
    "truth of an array": lambda x: bool(x),
    "length of a number": lambda x: len(x[0]),
    "an attribute that is none": lambda x: x.nothing,
    "a text as an operand": lambda x: x + "text",
    "shapes that do not fit": lambda x: x + np.ones(3),
    "out of bounds": lambda x: x[7],
    "bits of floats": lambda x: x[0] & x[1],
    "a ufunc of integers": lambda x: np.gcd(x, 2),
    "a ufunc of dates": lambda x: np.isnat(x),
    "a singular matrix": lambda x: np.linalg.inv(np.outer(x, x) * 0.0),
}


@pytest.mark.parametrize("name", NATIVE)
def test_exceptions_that_numpy_raises_as_well_may_be_caught(name):
    f = swallowing(NATIVE[name], lambda x: x * x)
    with pytest.raises(Exception):  # noqa: B017
        NATIVE[name](x2)
    with pytest.raises(Exception):  # noqa: B017
        ad_core.jacobian(NATIVE[name])(x2)
    np.testing.assert_allclose(ad_core.jacobian(f)(x2), np.diag(2 * x2))


PROBES = {
    "hasattr": lambda x: [hasattr(x, name) for name in ("tobytes", "nothing", "__dlpack__")],
    "instances": lambda x: (isinstance(x, np.ndarray), isinstance(x[0], float), callable(x)),
    "repr": lambda x: (repr(x), str(x), repr(x[0])),
    "copies": lambda x: (x.copy(), __import__("copy").copy(x), __import__("copy").deepcopy(x)),
    "asarray": lambda x: (np.asarray(x), early_asarray(x), np.asarray([x[0], 1.0])),
    "comparisons with other objects": lambda x: (x[0] == "a", x[0] in ["a", None], x[0] is None),
    "shape of": lambda x: (np.shape(x), np.ndim(x), np.size(x), np.result_type(x, 1.0)),
    "scalar": lambda x: (np.isscalar(x[0]), np.iscomplexobj(x), np.isrealobj(x)),
    "steps as numbers": lambda x: (int(np.floor(x[0])), range(int(np.trunc(x[1])))),
    "vectorize": lambda x: np.vectorize(lambda t: t * t)(x),
}


@pytest.mark.parametrize("name", PROBES)
def test_inspecting_values_is_not_a_refusal(name):
    def f(x):
        PROBES[name](x)
        return x * x

    np.testing.assert_allclose(ad_core.jacobian(f)(x2), np.diag(2 * x2))


# ------------------------------------------------------------------- traces within traces


def fallback(inner, otherwise):
    def outer(x):
        try:
            return inner(x)
        except Exception:
            return otherwise(x)

    return outer


def test_a_refusal_of_an_inner_derivative_counts_in_the_outer_one():
    inner = ad_core.grad(lambda y: math.sin(y))
    for f in (
        fallback(lambda x: inner(x[0]), lambda x: 0.0),
        fallback(lambda x: inner(3.0) * x[0], lambda x: x[1]),
        fallback(lambda x: ad_core.grad(swallowing(math.sin))(3.0) * x[0], lambda x: x[1]),
    ):
        with refused(errors.TracedValueError, "np.sin", "allow_refusals"):
            ad_core.grad(f)(x2)
        assert np.isfinite(f(x2))  # outside of traces a refusal may be caught


def test_a_fallback_around_an_inner_derivative():
    """The default of the inner function raises an error, which may be allowed outside of it."""
    inner = ad_core.grad(swallowing(math.sin))

    def outer(x):
        with ad_core.allow_refusals():
            try:
                return inner(3.0) * x[0]
            except errors.NotDifferentiable:
                return np.cos(x[0])

    assert ad_core.grad(outer)(x2)[0] == pytest.approx(-np.sin(x2[0]))


def test_an_inner_refusal_of_the_outer_value():
    def outer(x):
        return ad_core.grad(lambda y: y * as_number(x[0], 0.0))(2.0)

    with refused(errors.TracedValueError, "float()"):
        ad_core.grad(outer)(x2)


def test_a_refusal_of_an_earlier_call_does_not_count():
    with pytest.raises(errors.TracedValueError):
        ad_core.grad(hash)(3.0)
    assert ad_core.grad(np.sin)(0.0) == 1.0
    with pytest.raises(errors.TracedValueError):
        ad_core.grad(swallowing(hash))(3.0)
    assert ad_core.grad(np.sin)(0.0) == 1.0

    def f(x):  # made by hand, outside of traces
        return x * x

    errors.TracedValueError("nothing is traced")
    assert ad_core.grad(f)(3.0) == 6.0


def test_exceptions_of_the_user_may_be_caught():
    class Own(errors.TracedValueError):
        pass

    def f(x):
        try:
            math.sin(x)
        except TypeError:
            raise Own("mine") from None

    with pytest.raises(Own, match=r"^mine$"):
        ad_core.grad(f)(3.0)


def test_a_refusal_in_another_thread_is_remembered_by_the_trace():
    def f(x):
        def work():
            swallowing(lambda x: np.sin(x))(x)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return x[0] * 1.0

    with refused(errors.EscapedTraceError, "another thread", "allow_refusals"):
        ad_core.grad(f)(x2)


def test_threads_do_not_remember_for_one_another():
    found, barrier = {}, threading.Barrier(2)

    def work(name, f):
        def traced(x):
            barrier.wait()
            return f(x)

        try:
            found[name] = ad_core.grad(traced)(x2)
        except errors.NotDifferentiable as error:
            found[name] = error

    threads = [
        threading.Thread(target=work, args=pair)
        for pair in (("good", lambda x: x @ x), ("bad", VALIDATORS["a default"]))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_allclose(found["good"], 2 * x2)
    assert isinstance(found["bad"], errors.TracedValueError)


def test_refusals_in_rules_of_the_user_are_remembered():
    f = ad_core.custom_vjp(lambda x: x**2)
    f.defvjp(lambda x: (x**2, x), lambda x, w: (w * 2 * as_number(x, 0.0),))
    assert ad_core.grad(f)(3.0) == 6.0
    with refused(errors.NotDifferentiable, "float()"):
        ad_core.hessian(f)(3.0)


def test_within_debug():
    with ad_core.debug(), refused(errors.TracedValueError, "np.sin", "allow_refusals"):
        ad_core.grad(swallowing(REFUSED["math"][0]))(x2)


@pytest.mark.parametrize("at", range(4))
def test_branches_of_a_compiled_function(at):
    """A branch that catches a refusal raises an error, the others do not."""

    def f(x):
        return as_number(x[0]) if x[0] > 2.0 else x[0] ** 2

    x = np.array([[1.0, 0.0], [1.5, 0.0], [0.5, 0.0], [0.3, 1.0]])
    compiled = ad_core.compile(f)
    np.testing.assert_allclose(compiled.grad(x, batch_dims=1)[:, 0], 2 * x[:, 0])
    x[at, 0] = 3.0
    with refused(errors.TracedValueError, "float()", "allow_refusals"):
        compiled.grad(x, batch_dims=1)
    x[at, 0] = 1.0
    np.testing.assert_allclose(compiled.grad(x, batch_dims=1)[:, 0], 2 * x[:, 0])


def test_allow_refusals_counts_its_contexts():
    @ad_core.allow_refusals()
    def recursive(x, n):
        return as_number(x, 1.0) * x if n == 0 else recursive(x, n - 1)

    assert ad_core.grad(lambda x: recursive(x, 3))(2.0) == 1.0
    allowed = ad_core.allow_refusals()
    for _ in range(2):
        with allowed, allowed:
            assert ad_core.grad(lambda x: as_number(x, 1.0) * x)(2.0) == 1.0
    with pytest.raises(errors.TracedValueError):
        ad_core.grad(lambda x: as_number(x, 1.0) * x)(2.0)


def test_a_context_shared_by_threads_ends_for_each_separately():
    context, opened, closed = ad_core.allow_refusals(), threading.Event(), threading.Event()
    kept = []

    def inside(x):
        with context:
            opened.set()
            assert closed.wait(60)
            return fallback(lambda x: math.sin(x), lambda x: np.sin(x))(x)

    def other():
        kept.append(ad_core.grad(inside)(0.0))

    with context:
        thread = threading.Thread(target=other)
        thread.start()
        assert opened.wait(60)
    closed.set()
    thread.join()
    assert kept == [1.0]
    with pytest.raises(errors.NotDifferentiable):  # outside of the context, no refusal is allowed
        ad_core.grad(fallback(lambda x: math.sin(x), lambda x: np.sin(x)))(0.0)
