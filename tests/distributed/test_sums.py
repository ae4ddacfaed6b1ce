# SPDX-License-Identifier: Apache-2.0
"""sum_value_and_grad: the same bits for the same chunks, on any engine."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import ad_core
from ad_core.distributed import sum_value_and_grad
from engines import Backwards, RayLike

RNG = np.random.default_rng(0)
W = RNG.normal(size=(4, 3))
GIVEN = {"w": W, "b": RNG.normal(size=4)}, RNG.normal(size=(500, 3)), RNG.normal(size=(500, 4))


def loss(p, x, y):
    return np.sum((np.tanh(p["w"] @ x + p["b"]) - y) ** 2)


@pytest.fixture(scope="module")
def tape():
    return ad_core.trace(loss, GIVEN[0], GIVEN[1][0], GIVEN[2][0])


def by_hand(tape, chunk):
    """The sum over each chunk, then over pairs of neighbours."""
    p, x, y = GIVEN
    parts = []
    for k in range(0, len(x), chunk):
        value, gradient = tape.value_and_grad(p, x[k : k + chunk], y[k : k + chunk])
        parts.append([np.sum(z, axis=0) for z in (value, gradient["w"], gradient["b"])])
    while len(parts) > 1:
        pairs = [parts[k : k + 2] for k in range(0, len(parts), 2)]
        parts = [pair[0] if len(pair) == 1 else list(map(np.add, *pair)) for pair in pairs]
    return parts[0]


def bits(arrays):
    return [np.asarray(x).tobytes() for x in arrays]


def flat(found):
    value, gradient = found
    return [value, gradient["w"], gradient["b"]]


@pytest.mark.parametrize("chunk", [32, 96, 7])
def test_the_bits_do_not_depend_on_the_engine(tape, chunk):
    expected = bits(by_hand(tape, chunk))
    backwards = Backwards()
    backwards.count = -(-500 // chunk)
    engines = [RayLike(), backwards]
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(3) as three:
        for engine in (*engines, one, three):
            found = flat(sum_value_and_grad(tape, GIVEN, engine, chunk=chunk))
            assert bits(found) == expected, engine


def test_the_sum_is_that_of_one_process(tape):
    with ThreadPoolExecutor(2) as executor:
        value, gradient = sum_value_and_grad(tape, GIVEN, executor)
    values, gradients = tape.value_and_grad(*GIVEN)
    np.testing.assert_allclose(value, np.sum(values), rtol=1e-13)
    np.testing.assert_allclose(gradient["w"], np.sum(gradients["w"], axis=0), rtol=1e-12)


def test_several_arguments(tape):
    def line(a, b, scale, x):
        return scale * (a + b * x) ** 2

    tape = ad_core.trace(line, 1.0, 2.0, 3.0, 4.0)
    x = GIVEN[1][:, 0]
    options = {"argnums": (0, 1), "shared": [2]}
    with ThreadPoolExecutor(2) as executor:
        value, slopes = sum_value_and_grad(tape, (1.0, 2.0, 3.0, x), executor, **options)
    assert value == pytest.approx(np.sum(3.0 * (1.0 + 2.0 * x) ** 2))
    assert slopes == pytest.approx((6.0 * np.sum(1.0 + 2.0 * x), 6.0 * np.sum(x + 2.0 * x * x)))


def test_a_compiled_function_takes_each_point_on_its_own_path():
    function = ad_core.compile(lambda a, x: a * x if x > 0 else a**2 * x)
    x = np.array([1.0, -2.0, 3.0, -4.0])
    with ThreadPoolExecutor(1) as executor:
        found = sum_value_and_grad(function, (3.0, x), executor, chunk=2)
    assert found == (3.0 * 4.0 - 9.0 * 6.0, 4.0 - 6.0 * 6.0)


def test_the_first_failure_is_raised():
    tape = ad_core.trace(lambda a, x: a * x if x > 0 else a, 2.0, 1.0)
    x = np.ones(100)
    x[[77, 31]] = -1.0
    with ThreadPoolExecutor(2) as executor, pytest.raises(ad_core.BranchChanged) as caught:
        sum_value_and_grad(tape, (2.0, x), executor, chunk=8)
    assert "raised at point 31 of the batch" in caught.value.__notes__[-1]


def test_bad_input(tape):
    p, x, y = GIVEN
    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(ValueError, match="the batch of sum_value_and_grad is empty"):
            sum_value_and_grad(tape, (p, x[:0], y[:0]), executor)
        with pytest.raises(ValueError, match=r"different numbers of points: 500 of .*, 499 of"):
            sum_value_and_grad(tape, (p, x, y[1:]), executor)
        with pytest.raises(ValueError, match=r"must have shape \(4, 3\), as recorded, got"):
            sum_value_and_grad(tape, (p | {"w": W[None]}, x, y), executor)
        with pytest.raises(TypeError, match="progress must have a method"):
            sum_value_and_grad(tape, GIVEN, executor, progress=3)
    with pytest.raises(TypeError, match="the engine must be"):
        sum_value_and_grad(tape, GIVEN, None)
