# SPDX-License-Identifier: Apache-2.0
"""debug(): the user's lines of recorded operations and of nonfinite results."""

import contextlib
import threading

import numpy as np
import pytest

import ad_core

pytestmark = [
    pytest.mark.usefixtures("nothing_leaks"),
    pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning"),  # as NumPy's own
]


def masked(x):
    inner = np.log(x - 1.0)
    return np.sum(np.where(x > 1.5, inner, 0.0) + np.sqrt(x))


def born_late(x):
    y = np.exp(x * 2.0)
    z = y - y * 1.0
    return np.sum(
        y / z  # 0 / 0 is born here
    )


def kink(x):
    total = np.sum(x * x)
    return np.sqrt(total) + 1.0


def power(x):
    return np.sum(x**0.5)


TRANSFORMS = {
    "grad": ad_core.grad,
    "jacfwd": ad_core.jacfwd,
    "jacrev": ad_core.jacrev,
    "hessian": ad_core.hessian,
    "hvp": lambda f: lambda x: ad_core.hvp(f, (x,), (np.ones_like(x),)),
    "jet": lambda f: lambda x: ad_core.jet(f, (x,), (np.ones((1, *x.shape)),), order=2),
    "value_and_grad": ad_core.value_and_grad,
    "jvp": lambda f: lambda x: ad_core.jvp(f, (x,), (np.ones_like(x),)),
    "vjp": lambda f: lambda x: ad_core.vjp(f, x)[1](1.0),
}
WILD = {
    "nan value": (masked, [2.0, -1.0], ["result", "masked", "log", "nan", "np.log(x - 1.0)"]),
    "infinite value": (born_late, [0.0, 1.0], ["result", "born_late", "divide", "inf", "y / z"]),
    "derivative": (kink, [0.0, 0.0], ["derivative", "kink", "sqrt", "inf", "np.sqrt(total)"]),
    "of a power": (power, [0.0, 1.0], ["derivative", "power", "power", "inf", "x**0.5"]),
}


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("name", WILD)
def test_the_message_names_the_line_where_a_nonfinite_value_arose(name, transform):
    fun, x, words = WILD[name]
    x = np.array(x)
    plain = TRANSFORMS[transform](fun)(x)  # without debug() the result is NumPy's
    if name == "derivative" and np.all(np.isfinite(np.hstack(plain))):
        return  # in some directions the factor is 0
    with ad_core.debug(nans=True), pytest.raises(FloatingPointError) as error:
        TRANSFORMS[transform](fun)(x)
    finite = transform == "hvp" and name == "derivative"  # its gradient is
    if transform == "hessian" or finite:  # of the gradient's own operations the call is the line
        words = ["not finite"]
    for word in [*words, "test_debugging.py"]:
        assert word in str(error.value)


def test_debug_does_not_change_finite_results():
    """Nor if an operand that is not selected contains NaN."""
    for x in ([2.0, 1.0], [3.0, 0.5]):
        x = np.array(x)
        expected = ad_core.grad(masked)(x)
        with ad_core.debug(nans=True):
            np.testing.assert_array_equal(ad_core.grad(masked)(x), expected)
            np.testing.assert_array_equal(ad_core.trace(masked, x).grad(x), expected)


def test_the_message_names_nonfinite_inputs():
    with ad_core.debug(nans=True), pytest.raises(FloatingPointError, match="inputs"):
        ad_core.grad(np.sum)(np.array([np.nan, 1.0])) and ad_core.grad(lambda x: np.sum(x * x))(
            np.array([np.inf, 1.0])
        )


def test_debug_ends_with_its_context():
    x = np.array([0.0, 1.0])
    with contextlib.suppress(FloatingPointError), ad_core.debug(nans=True):
        ad_core.grad(power)(x)
    assert np.isinf(ad_core.grad(power)(x)[0])
    with ad_core.debug(), ad_core.debug():
        assert np.isinf(ad_core.grad(power)(x)[0])  # lines are recorded, numbers are not checked
    with ad_core.debug(nans=True):
        with ad_core.debug():
            pass
        with pytest.raises(FloatingPointError):
            ad_core.grad(power)(x)


def test_debug_holds_in_other_threads():
    raised = []

    def work():
        try:
            ad_core.grad(power)(np.array([0.0, 1.0]))
        except FloatingPointError as error:
            raised.append(str(error))

    with ad_core.debug(nans=True):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert len(raised) == 1
    assert "x**0.5" in raised[0]


def test_lines_of_nested_recordings():
    def outer(x):
        slope = ad_core.grad(lambda y: np.sum(y**3 * x))(x)
        return np.sum(np.log(slope))

    with ad_core.debug(nans=True), pytest.raises(FloatingPointError, match=r"np\.log\(slope\)"):
        ad_core.grad(outer)(np.array([0.0, 1.0]))
