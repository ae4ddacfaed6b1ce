"""Operations that would lose a derivative raise an error that names them."""

import contextlib
import math
import operator

import numpy as np
import pytest

import ad_core
from agreement import refused

x3 = np.array([1.0, 2.0, 3.0])


pytestmark = pytest.mark.usefixtures("nothing_leaks", "names_stay")


# --------------------------------------------------- what would lose a derivative on the way

PLAIN = np.zeros(3)
# Made before any trace runs, as `from numpy import ...` at the top of a module makes it.
LOST = {
    "float": (float, "float()"),
    "complex": (complex, "complex()"),
    "index": (operator.index, "index"),
    "range": (range, "index"),
    "list index": (lambda x: [1, 2, 3][x], "index"),
    "math.sin": (math.sin, "float()"),
    "math.sqrt": (math.sqrt, "float()"),
    "math.hypot": (lambda x: math.hypot(x, 1.0), "float()"),
    "np.float64": (np.float64, "float"),
    "np.float32": (np.float32, "float"),
    "assignment": (lambda x: operator.setitem(PLAIN, 0, x), "float"),
    "slice assignment": (lambda x: operator.setitem(PLAIN, slice(None), x), "float"),
    "fill": (PLAIN.fill, "float"),
    "array of floats": (lambda x: PLAIN.__class__((1,)).__setitem__(0, x), "float"),
    "str": (lambda x: float(str(x)), "float()"),
    "f-string": (lambda x: float(f"{x}"), "float()"),
    "all digits": (lambda x: float(f"{x:.17g}"), "float()"),
}

REMEDY = dict.fromkeys(("str", "f-string", "all digits"), "use the value itself")


def lossy(use):
    def f(x):
        use(x)
        return x * 1.0

    return f


@pytest.mark.parametrize("name", LOST)
def test_a_conversion_that_would_lose_the_derivative(name):
    use, word = LOST[name]
    word_of_remedy = REMEDY.get(name, "stop_gradient")
    with refused(ad_core.TracedValueError, word, "derivative", word_of_remedy, "test_lost.py"):
        ad_core.grad(lossy(use))(1.5)
    np.testing.assert_array_equal(PLAIN, np.zeros(3))


@pytest.mark.parametrize(
    "use",
    [
        float, int, operator.index, math.sin, np.float64, np.float32,
        lambda x: operator.setitem(PLAIN, slice(None), x),
        lambda x: operator.setitem(PLAIN, slice(1, 3), x[:2]),
        lambda x: np.add(x, 1.0, out=PLAIN),
        lambda x: np.multiply(2.0, 2.0 * x, PLAIN),
        lambda x: operator.iadd(PLAIN, x),
        lambda x: np.copyto(PLAIN, x),
        lambda x: np.put(PLAIN, [0, 1, 2], x),
        lambda x: np.add.at(PLAIN, [0, 1, 2], x),
        lambda x: np.sum(x, out=PLAIN[:1].reshape(())),
        lambda x: np.asarray(x, dtype=np.float32),
        lambda x: x.astype(np.float32),
        lambda x: x.tolist()[0].__float__(),
        lambda x: x.item(),
        lambda x: np.frombuffer(x),
        lambda x: memoryview(x),
        lambda x: PLAIN[x],
        lambda x: np.ndarray(3, buffer=x),
    ],
)  # fmt: skip
def test_an_array_conversion_that_would_lose_the_derivative(use):
    with pytest.raises((TypeError, ValueError, IndexError, AttributeError, NotImplementedError)):
        ad_core.jacobian(lossy(use))(x3)
    np.testing.assert_array_equal(PLAIN, np.zeros(3))


def test_a_traced_array_can_not_be_stored_into_a_plain_one():
    with refused(ad_core.TracedValueError, "float64", "derivative", "np.zeros"):
        ad_core.jacobian(lossy(lambda x: operator.setitem(PLAIN, slice(None), x)))(x3)


def test_a_plain_array_as_out():
    with refused(
        ad_core.TracedValueError, "out=", "add", "plain array", "inside the traced function"
    ):
        ad_core.jacobian(lossy(lambda x: np.add(x, 1.0, out=PLAIN)))(x3)


def test_the_message_names_the_users_line():
    def owner(x):
        return float(x)  # this line

    with pytest.raises(ad_core.TracedValueError) as caught:
        ad_core.grad(owner)(1.0)
    assert f"line {owner.__code__.co_firstlineno + 1}" in str(caught.value)
    assert "in owner" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("lcm", lambda x: np.lcm(x, 3)),
        ("gcd", lambda x: np.gcd(x, 2)),
    ],
)
def test_an_unsupported_function_is_named_with_a_remedy(name, use):
    def owner(x):
        return use(x)

    with refused(NotImplementedError, name, "test_lost.py", "docs/numpy-coverage.md"):
        ad_core.jacobian(owner)(x3)


def test_the_message_for_an_unknown_attribute():
    with refused(ad_core.TracedAttributeError, "'tobytes'", "docs/numpy-coverage.md"):
        ad_core.jacobian(lambda x: x.tobytes())(x3)
    with refused(AttributeError, "'nothing'", "docs/numpy-coverage.md"):
        ad_core.jacobian(lambda x: x.nothing)(x3)


def test_operands_that_are_no_numbers():
    for other in (np.ones(3, np.clongdouble), "text", None, [None], np.array(["a"] * 3)):
        with pytest.raises(TypeError):
            ad_core.jacobian(lambda x, other=other: x * other)(x3)
        with pytest.raises(TypeError):
            ad_core.jacobian(lambda x, other=other: other + x[0])(x3)


def test_shapes_that_do_not_fit():
    with refused(ValueError, "add", "(3,)", "(2,)"):
        ad_core.jacobian(lambda x: x + x[:2])(x3)
    with refused(ValueError, "matmul", "3", "2"):
        ad_core.jacobian(lambda x: np.ones((2, 2)) @ x)(x3)
    with pytest.raises(IndexError, match="out of bounds"):
        ad_core.jacobian(lambda x: x[3])(x3)
    with pytest.raises(IndexError):
        ad_core.jacobian(lambda x: x[0, 0])(x3)
    with pytest.raises(TypeError, match="hash"):
        ad_core.jacobian(lambda x: {x: 1})(x3)
    with pytest.raises(ValueError, match="ambiguous"):
        ad_core.jacobian(lambda x: x if x > 1 else -x)(x3)


# ------------------------------------------------------- conversions that lose nothing, guarded

TABLE = np.arange(30.0).reshape(5, 6) ** 2
STEPS = {
    "astype": lambda x: x * TABLE[np.floor(x).astype(int), 1],
    "astype of any number": lambda x: (x - x.astype(int)) * TABLE[x.astype(np.int32), 1],
    "astype of negative ones": lambda x: x * np.abs((-x).astype(np.int64)),
    "astype of one number": lambda x: x[0] * TABLE[x[1].astype(int), 2],
    "array of integers": lambda x: x * np.array(x, dtype=int) + np.asarray(2.0 * x, np.int16),
    "np.astype": lambda x: x * np.astype(3.0 * x, np.uint8),
    "int of floor": lambda x: x[0] * TABLE[int(np.floor(x[0])), int(x[1] // 1.0)],
    "math": lambda x: x[1] * TABLE[math.floor(x[0]), round(x[1])] + math.trunc(x[0]),
    "range of a count": lambda x: sum([x[0] * k for k in range(np.sum(x > 1.0))]),
    "count": lambda x: x * int(np.sum(x > 3.0)),
    "int of arithmetic on steps": lambda x: (
        x[1] * TABLE[0, int(np.sign(x[0]) + 2 * np.rint(x[1] / 4))]
    ),
    "float of a stopped one": lambda x: x * float(ad_core.stop_gradient(x[0])),
    "int of a stopped large one": lambda x: x * (int(ad_core.stop_gradient(x[0] * 1e15)) % 7),
    "int of a test": lambda x: x * int(x[0] > 2.0),
}


@pytest.mark.parametrize("name", STEPS)
def test_piecewise_constant_values_are_converted(name):
    """Floors, counts and stopped gradients become numbers, and guards notice when they change."""
    f, x = STEPS[name], np.array([2.3, 3.7])
    expected, compiled = ad_core.jacobian(f)(x), ad_core.compile(f)
    tape = ad_core.trace(f, x)
    np.testing.assert_array_equal(ad_core.vjp(f, x)[0], f(x))
    np.testing.assert_allclose(tape.jacobian(x), expected)
    for factor in (1.0, 1.05, 0.5, 1.2):
        np.testing.assert_allclose(compiled(factor * x), f(factor * x))
        np.testing.assert_allclose(compiled.jacobian(factor * x), ad_core.jacobian(f)(factor * x))
    for p in (0.5 * x, 1.2 * x):
        with contextlib.suppress(ad_core.BranchChanged):  # but no stale number
            np.testing.assert_allclose(tape(p), f(p))


@pytest.mark.parametrize(
    "use", [lambda x: (x * np.nan).astype(int), lambda x: np.array(x * np.inf, dtype=int),
            lambda x: x.astype(np.float32), lambda x: int(math.frexp(x[0])[0] * 2.0**53),
            lambda x: (x * 1e14).astype(int), lambda x: np.array(x * 1e14, np.int64),
            lambda x: float(np.floor(x[0]) + x[1]),
            lambda x: int(np.rint(x[0] * np.nan)), lambda x: int(np.floor(x[0] * np.inf))],
)  # fmt: skip
def test_other_values_are_not_converted(use):
    with refused(ad_core.TracedValueError, "derivative", "test_lost.py"):
        ad_core.grad(lambda x: np.sum(x) * use(x))(np.array([2.3, 3.7]))
