# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: UP030, UP031, UP032
"""The text of traced values is that of the number, with a guard that it stays the same."""

import io
import logging
import pickle

import numpy as np
import pytest

import ad_core
from ad_core.errors import BranchChanged

pytestmark = pytest.mark.usefixtures("nothing_leaks")

SPECS = [".3f", "", ".1e", "g", ".0f", "+.2f", "8.3f", "%", ".2%", ">12", ",.1f", "012.4f", "n",
         "e", "z.1f", "#.3g", "_.2f", "-", " .2f", "*^10.1f", ".17g"]  # fmt: skip
NUMBERS = [0.0, -0.0, 1.5, -2.25, 1e300, -1e300, 5e-324, -5e-324, 0.0499999, 0.05, 1e-5, -0.04,
           123456.789, np.finfo(float).max, np.inf, -np.inf, np.nan]  # fmt: skip


@pytest.mark.parametrize("spec", SPECS)
def test_the_text_is_that_of_the_number_and_a_guard(spec):
    """A recording holds exactly where the text is the same."""
    rng = np.random.default_rng(3)
    numbers = [*NUMBERS, *rng.normal(size=8)]
    for number in numbers:
        texts = []

        def f(x, texts=texts):
            texts.append(format(x, spec))
            return 1.0 * x

        tape = ad_core.trace(f, number)
        expected = format(np.float64(number), spec)
        assert texts == [expected]
        with np.errstate(over="ignore"):
            near = [np.nextafter(number, np.inf), np.nextafter(number, -np.inf)]
        for other in [*numbers, *near, number + 0.01]:
            same = format(np.float64(other), spec) == expected
            try:
                tape(other)
            except BranchChanged:
                assert not same or not np.isfinite([number, other]).all()
            else:
                assert same


TEXTS = {
    "f-string": lambda x: f"{x[0]:.1f}",
    "format": lambda x: format(x[0], ".1f"),
    "str.format": lambda x: "{0:.1f}".format(x[0]),
    "percent f": lambda x: "%.1f" % x[0],
    "percent g": lambda x: "%.2g %s" % (x[0], "a"),
    "percent d": lambda x: "%d" % x[0],
    "percent i of a dict": lambda x: "%(a)i" % {"a": x[0]},
    "percent in place": lambda x: in_place("%.1f", x[0]),
    "bytes": lambda x: (b"%.1f" % x[0]).decode(),
    "percent s": lambda x: "<%s>" % x[0],
    "str": lambda x: str(x[0]),
    "str of an array": str,
    "f-string of an array": lambda x: f"{x}",
    "0-d array": lambda x: f"{x[0].reshape(()):.2f}",
    "array of one": lambda x: "%.1f" % x[:1].reshape(()),
    "array2string": lambda x: np.array2string(x, precision=2),
    "array_str": lambda x: np.array_str(x),
    "array_repr": lambda x: np.array_repr(x),
    "truth": lambda x: f"{x[0] > 0.0}",
    "truths": lambda x: str(x > 0.0),
    "complex": lambda x: f"{x[0] + 1j * x[1]:.1f}",
    "complex array": lambda x: str(x + 2j),
    "computed": lambda x: f"{np.sum(x * x):.0f}",
}
POINTS = np.array([[1.23, 2.0], [1.24, 2.0], [-1.2, 0.0], [1.23, -0.0], [0.0, 1.0], [np.nan, 1.0],
                   [-0.04, 5.0], [7.0, 7.0]])  # fmt: skip


def in_place(text, value):
    text %= value
    return text


def deciding(text):
    """A function whose result depends on the text."""
    return lambda x: x[1] * (1.0 + sum(map(ord, text(x))) % 11)


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_decides_a_branch(name):
    fun = deciding(TEXTS[name])
    points = [x for x in POINTS if np.isfinite(x).all() or (" d" not in name and " i " not in name)]
    for first in points[:3]:
        compiled = ad_core.compile(fun)
        compiled(first)
        for x in points:
            value = fun(x)
            np.testing.assert_array_equal(compiled(x), value)
            slope = np.array([0.0, value / x[1] if x[1] else np.nan])
            if x[1]:
                np.testing.assert_allclose(compiled.grad(x), slope, rtol=1e-12)
                np.testing.assert_allclose(ad_core.grad(fun)(x), slope, rtol=1e-12)
    found = ad_core.compile(fun)(np.array(points), batch_dims=1)
    np.testing.assert_array_equal(found, [fun(x) for x in points])


@pytest.mark.parametrize("name", TEXTS)
def test_pickled_tapes_keep_the_guard(name):
    fun = deciding(TEXTS[name])
    points = [x for x in POINTS if np.isfinite(x).all()]
    tape = ad_core.trace(fun, points[0])
    loaded, told = pickle.loads(pickle.dumps(tape)), []
    for x in points:
        for one in (tape, loaded):
            try:
                found = one(x)
            except BranchChanged as error:
                told.append(str(error))
            else:
                np.testing.assert_array_equal(found, fun(x))
    assert told
    assert all("test_texts.py" in text for text in told)


def test_a_rounded_text_may_be_read_back():
    def f(x):
        return x[0] * x[0] if float(f"{x[0]:.1f}") > 1.0 else -x[0]

    compiled = ad_core.compile(f)
    for x in (1.04, 1.06, 0.2, -3.0, 1.051):
        assert compiled(np.array([x])) == f(np.array([x]))
    assert compiled.paths < 6


def test_a_log_has_the_same_text_as_for_plain_numbers():
    def f(x, log):
        log.info("%.2f %d %s", x[0], x[1], x[0])
        log.info(f"sum {np.sum(x):.1f}")
        return np.sum(x * x)

    texts = []
    for kind in (lambda f: f, ad_core.compile):
        stream = io.StringIO()
        log = logging.Logger("a log of its own")
        log.addHandler(logging.StreamHandler(stream))
        fun = kind(lambda x, log=log: f(x, log))
        for x in POINTS[[0, 1, 2, 6, 7]]:
            fun(x)
        texts.append(stream.getvalue())
    assert texts[0] == texts[1]
    assert texts[0].splitlines()[0] == "1.23 2 1.23"


@pytest.mark.parametrize("use", [
    lambda x: "%x" % x, lambda x: "%c" % x, float, lambda x: [x][0].__float__(),
])  # fmt: skip
@pytest.mark.usefixtures("names_stay")
def test_other_conversions_raise(use):
    with pytest.raises(TypeError):
        ad_core.grad(lambda x: use(x) and x)(2.0)


def test_numbers_that_have_no_integer_text():
    for wild, kind in ((np.nan, ValueError), (np.inf, OverflowError)):
        for run in (lambda f, x: f(x), lambda f, x: ad_core.grad(f)(x)):
            with pytest.raises(kind):
                run(lambda x: len("%d" % x) * x, np.float64(wild))


def test_a_wrong_format_raises_the_error_of_python():
    with pytest.raises(ValueError, match="Unknown format code 'd'"):
        ad_core.grad(lambda x: len(f"{x:d}") * x)(2.0)
    with pytest.raises(TypeError, match="unsupported format string"):
        ad_core.grad(lambda x: len(f"{x:.2f}") * np.sum(x))(np.ones(2))


def test_repr_is_a_guard_as_well():
    f = ad_core.compile(lambda x: x * len(repr(x)))
    for x in (2.0, 2.25, 123.456):
        assert f(x) == x * len(f"TracedScalar({x})")


def test_a_value_whose_trace_has_ended_can_be_printed():
    kept = []
    ad_core.grad(lambda x: kept.append(x) or x * x)(3.0)
    assert "ended" in f"{kept[0]}"
    assert "ended" in f"{kept[0]:.3f}"
    assert "ended" in repr(kept[0])
