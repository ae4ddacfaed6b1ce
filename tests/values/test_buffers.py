# SPDX-License-Identifier: Apache-2.0
"""Arrays made while a function is traced: they take traced values, and are constants otherwise."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from numpy import array as bound_array
from numpy import zeros as bound_zeros

import ad_core
from ad_core.errors import EscapedTraceError, TracedValueError
from agreement import assert_agrees, rows
from threads import everywhere

MAKERS = """
np.zeros(3) | np.zeros((3,)) | np.zeros([3], dtype=float) | np.zeros(np.int64(3))
np.zeros(shape=(3,), dtype=np.float64) | np.zeros(3, "d") | np.zeros(3, order="F") | np.ones(3)
np.ones(3, dtype="float64") | np.full(3, 2.0) | np.full((3,), 2, dtype=float) | np.full(3, t)
np.eye(3)[0] | np.identity(3)[1] | np.zeros_like(K[:3]) | np.ones_like(K[:3])
np.full_like(K[:3], 7.0) | np.zeros_like(v[:3]) | np.ones_like(v[:3]) * 1
np.array([1.0, 2.0, 3.0]) | np.array([1, 2, 3.0]) | np.array((1, 2, 3), dtype=float)
np.asarray([1.0, 2.0, 3.0]) | np.array(K[:3]) | np.copy(K[:3]) | np.zeros((3, 2))[:, 0]
np.zeros((2, 3)).T[:, 1] | np.array([[1.0, 2.0, 3.0]])[0] | np.zeros(6)[::2]
np.zeros((3, 1)).ravel() | np.zeros(3) + K[:3]
"""


@pytest.mark.parametrize("code", rows(MAKERS))
def test_new_arrays_take_traced_values(code):
    assert_agrees(f"u = {code}; u[1] = s; u[2] = u[1] * v[0]; u * u")


CONSTANT_USES = """
np.zeros(3) | np.ones((2, 2)).sum() | np.linalg.solve(np.eye(2) * 2.0, np.ones(2))
np.linalg.inv(np.array([[2.0, 1.0], [1.0, 2.0]])) | np.linspace(0.0, 1.0, 5)
np.interp(0.3, np.array([0.0, 1.0]), np.array([1.0, 3.0])) | np.arange(3.0) | float(np.ones(2)[0])
np.zeros(2).tolist()[0] | np.broadcast_to(np.array(2.0), (2, 2))
np.histogram(np.array([0.1, 0.9]), bins=2)[0]
np.polyfit(np.arange(3.0), np.array([1.0, 3.0, 5.0]), 1) | np.ones(3) * np.arange(3.0)
np.einsum("i,i", np.ones(3), np.arange(3.0)) | np.convolve(np.ones(2), np.array([1.0, 2.0]))
np.cov(np.array([[1.0, 2.0, 4.0], [0.0, 1.0, 5.0]])) | np.unique(np.array([1.0, 1.0, 2.0]))
np.percentile(np.array([1.0, 2.0, 3.0]), 50) | np.fft.fft(np.ones(4)).real
np.float64(np.ones(1)[0]) | np.array([0.0, 1.0]).astype(int) | int(np.ones(2).sum())
np.gradient(np.array([1.0, 2.0, 4.0])) | np.resize(np.array([1.0, 2.0]), 5)
np.kron(np.eye(2), np.ones(2)) | np.apply_along_axis(np.sum, 0, np.ones((2, 2)))
np.vander(np.array([1.0, 2.0]))
np.piecewise(np.array([-1.0, 1.0]), [np.array([True, False])], [0.0, 1.0])
np.isin(np.array([1.0, 2.0]), [2.0]) | np.trapezoid(np.ones(3)) | np.tri(3)
np.linalg.det(np.eye(3)) | np.linalg.norm(np.ones(4))
np.linalg.cholesky(np.array([[2.0, 0.5], [0.5, 1.0]])) | np.vectorize(lambda z: z + 1)(np.ones(2))
np.array_split(np.arange(4.0), 2)[0] | np.ones((2, 3)) @ np.ones(3)
np.array([1.0, 2.0]).view(np.ndarray) | np.digitize(np.array([0.5]), np.array([0.0, 1.0]))
np.meshgrid(np.array([0.0, 1.0]), np.array([2.0, 3.0]))[1] | np.roots(np.array([1.0, -3.0, 2.0]))
np.hanning(4) | np.correlate(np.ones(3), np.ones(2))
"""


@pytest.mark.parametrize("code", rows(CONSTANT_USES))
def test_a_buffer_is_a_constant_where_numpy_wants_plain_arrays(code):
    """It contains no traced values, so that all functions of NumPy accept it."""
    assert_agrees(f"np.asarray({code}, dtype=float) * s", order=1)


@pytest.mark.parametrize("code", ["ZEROS(3)", "ARRAY([0.0, 1.0, 2.0])"])
def test_creation_functions_bound_before_the_trace_raise_with_a_remedy(code):
    made = eval(code, {"ZEROS": bound_zeros, "ARRAY": bound_array})

    def f(x):
        made[0] = x[0]
        return made.sum()

    with pytest.raises((TracedValueError, ValueError)) as caught:
        ad_core.grad(f)(np.ones(2))
    chain = [caught.value, caught.value.__cause__]
    assert any(isinstance(e, TracedValueError) and "np.zeros" in str(e) for e in chain)


def test_a_bound_array_of_traced_scalars_is_an_object_array_that_works():
    def f(x):
        y = bound_array([x[0] * x[1], np.sin(x[0]), 2.0])
        return y * y + x[0]

    def plain(x):
        y = np.array([x[0] * x[1], np.sin(x[0]), 2.0])
        return y * y + x[0]

    x = np.array([0.4, 0.7])
    np.testing.assert_allclose(ad_core.jacobian(f)(x), ad_core.jacobian(plain)(x), rtol=1e-14)
    ad_core.check_grads(lambda x: np.exp(bound_array([x[0], x[1] * x[0]])), (x,))
    ad_core.check_grads(lambda x: np.sum(bound_array([[x[0], 1.0], [x[1], x[0]]]) @ x), (x,))


def test_arrays_of_other_dtypes_stay_plain():
    kinds = []

    def f(x):
        made = (np.zeros(2, int), np.zeros(2, bool), np.zeros(2, np.float32),
                np.array([1, 2]), np.array(["a"]), np.array([True]), np.full(2, 1), np.arange(3),
                np.zeros_like(np.arange(2)), np.empty(2, object), np.eye(2, dtype=int))  # fmt: skip
        kinds.extend((type(m), m.dtype.kind) for m in made)
        return x.sum()

    ad_core.grad(f)(np.ones(2))
    assert [kind for _, kind in kinds] == list("ibfiUbiiiOi")
    assert {type_ for type_, _ in kinds} == {np.ndarray}


def test_numpy_is_restored_after_a_trace_and_after_an_error():
    names = ("zeros", "ones", "empty", "full", "array", "asarray", "eye", "zeros_like", "copy")
    before = [getattr(np, name) for name in names]

    def fails(x):
        raise KeyError("on purpose")

    ad_core.grad(lambda x: x[0])(np.ones(2))
    assert [getattr(np, name) for name in names] == before
    with pytest.raises(KeyError):
        ad_core.grad(fails)(np.ones(2))
    assert [getattr(np, name) for name in names] == before
    assert type(np.zeros(2)) is np.ndarray


def test_buffers_of_an_outer_trace_take_values_of_an_inner_one():
    def f(x):
        out = np.zeros(3)
        out[0] = x[0]

        def inner(y):
            own = np.zeros(2)
            own[0] = y * out[0]
            own[1] = y**2
            return own[0] * own[1]

        out[1] = ad_core.grad(inner)(x[1])  # d/dy of x0 y^3
        out[2] = out[1] * x[0]
        return out

    x = np.array([0.5, 0.8])

    def expected(x):
        d = 3.0 * x[0] * x[1] ** 2
        return np.array([x[0], d, d * x[0]])

    np.testing.assert_allclose(ad_core.jacobian(f)(x), ad_core.jacobian(expected)(x), rtol=1e-13)
    ad_core.check_grads(f, (x,))


def test_hessian_through_a_buffer():
    def f(x):
        out = np.zeros((2, 2))
        out[0] = x * x
        out[1, 0] = np.prod(x)
        return np.sum(out**2)

    ad_core.check_grads(ad_core.grad(f), (np.array([0.3, 0.9]),), order=2)


def test_a_buffer_that_outlives_its_trace_raises():
    kept = []

    def f(x):
        kept.append(np.zeros(2))
        kept[0][0] = x[0]
        return x.sum()

    ad_core.grad(f)(np.ones(2))
    with pytest.raises(EscapedTraceError):
        kept[0] + 1.0


def test_threads_that_do_not_trace_get_plain_arrays():
    inside, done = threading.Event(), threading.Event()
    plain = []

    def bystander():
        inside.wait(10)
        plain.extend([np.zeros(3), np.array([1.0, 2.0]), np.full(2, 3.0), np.eye(2)])
        done.set()

    def f(x):
        inside.set()
        assert done.wait(10)
        u = np.zeros(2)
        u[0] = x[0]
        return u.sum()

    thread = threading.Thread(target=bystander)
    thread.start()
    ad_core.grad(f)(np.ones(2))
    thread.join()
    assert [type(made) for made in plain] == [np.ndarray] * 4
    assert np.array_equal(plain[0], np.zeros(3))


def test_threads_that_trace_at_once():
    def f(x, k):
        out = np.zeros(4)
        for i in range(4):
            out[i] = x[i % 2] ** (k + 1) * np.sin(x[0])
        return out

    x, failures = np.array([0.4, 0.9]), []

    def work(k):
        expected = ad_core.jacobian(lambda x: f(x, k))(x)
        for _ in range(30):
            if not np.array_equal(ad_core.jacobian(lambda x: f(x, k))(x), expected):
                failures.append(k)

    everywhere(work)
    assert not failures


def test_a_value_of_another_thread_raises():
    problems = []

    def f(x):
        def other():
            try:
                x[0] + 1.0
            except EscapedTraceError as problem:
                problems.append(problem)

        thread = threading.Thread(target=other)
        with ad_core.allow_refusals():
            thread.start()
            thread.join()
        return x.sum()

    ad_core.grad(f)(np.ones(2))
    assert len(problems) == 1


@pytest.mark.parametrize(
    "draw",
    ["np.random.default_rng(0).normal(size=3)", "np.random.RandomState(0).uniform(size=3)",
     "np.random.default_rng(0).random(3)", "np.zeros(3) + np.random.default_rng(0).random(3)"],
)  # fmt: skip
def test_random_numbers_during_a_trace(draw):
    """NumPy's compiled generators call np.empty, and a traced array would crash them; the test runs
    in a separate process."""
    program = (
        "import numpy as np, ad_core\n"
        f"f = lambda x: np.sum(x * ({draw}))\n"
        f"assert np.array_equal(ad_core.grad(f)(np.ones(3)), {draw})\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], env=environment, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()[-500:]
