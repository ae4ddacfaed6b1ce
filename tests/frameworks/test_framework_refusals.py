# SPDX-License-Identifier: Apache-2.0
"""Arrays of torch and JAX in a trace, and tracers of JAX in a tape: errors with a remedy."""

import numpy as np
import pytest

import ad_core

X = np.array([1.0, 2.0])

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
FUNCTION = r"was given traced values \(.*test_framework_refusals.py, line \d+, in .*Write NumPy fun"
TENSOR = (
    r"A torch tensor was used as plain numbers or with traced values \(.*line \d+.*"
    r"pass x.detach\(\).numpy\(\).*ad_core.external with torch.autograd.grad.*docs/frameworks.md"
)


def refused(fun, text, x=X):
    with pytest.raises(ad_core.NotDifferentiable, match=text) as caught:
        ad_core.grad(fun)(x)
    assert "docs/frameworks.md" in str(caught.value)


class TestTorch:
    @pytest.fixture
    def torch(self):
        return pytest.importorskip("torch")

    def test_functions(self, torch):
        refused(lambda x: torch.sum(x), r"^torch.sum " + FUNCTION)
        refused(lambda x: torch.sin(x[0]), r"^torch.sin " + FUNCTION)
        refused(lambda x: torch.tensor(x).sum(), r"^torch.tensor " + FUNCTION)
        refused(lambda x: torch.from_numpy(x).sum(), r"^torch.from_numpy " + FUNCTION)

    @pytest.mark.parametrize("requires_grad", [True, False])
    def test_operators(self, torch, requires_grad):
        c = torch.tensor(X, requires_grad=requires_grad)
        for fun in (
            lambda x: np.sum(x * c),
            lambda x: np.sum(c * x),
            lambda x: x[0] + c[0],
            lambda x: c[0] - x[0],
        ):
            refused(fun, TENSOR)

    def test_a_tensor_that_requires_grad_reaches_numpy(self, torch):
        c = torch.tensor(X, requires_grad=True)
        for fun in (
            lambda x: np.dot(x, c),
            lambda x: np.sum(np.sin(c) * x),
            lambda x: np.sum(np.asarray(c) * x),
            lambda x: np.sum(x) + np.sum(np.stack([x, c])),
            lambda x: c.sum(),
        ):
            refused(fun, TENSOR)

    def test_storing_into_a_tensor(self, torch):
        def fun(x):
            y = torch.zeros(2, dtype=torch.float64)
            y[0] = x[0]
            return y.sum()

        refused(fun, TENSOR)

    @pytest.mark.parametrize("requires_grad", [True, False])
    def test_arguments(self, torch, requires_grad):
        c = torch.tensor(X, requires_grad=requires_grad)
        square = lambda x: np.sum(x * x)  # noqa: E731 (its name is in the message)
        for call in (
            ad_core.grad(square),
            ad_core.trace(square, X).grad,
            ad_core.compile(square).grad,
        ):
            text = r"argument 0 of <lambda> is a torch tensor .*torch.autograd.Function where torch"
            with pytest.raises(ad_core.TracedValueError, match=text):
                call(c)

    def test_what_the_errors_advise(self, torch):
        c = torch.tensor(X, requires_grad=True)
        found = ad_core.grad(lambda x: np.dot(x * x, c.detach().numpy()))(X)
        np.testing.assert_allclose(found, 2.0 * X * X)


class TestJax:
    @pytest.fixture
    def jax(self):
        jax = pytest.importorskip("jax")
        before = jax.config.jax_enable_x64
        jax.config.update("jax_enable_x64", True)
        yield jax
        jax.config.update("jax_enable_x64", before)

    def test_functions(self, jax):
        jnp = jax.numpy
        refused(lambda x: jnp.sum(jnp.sin(x)), r"^jax.numpy.sin " + FUNCTION)
        refused(lambda x: jnp.sin(x[0]), r"^jax.numpy.sin " + FUNCTION)
        refused(lambda x: jnp.stack([x[0], x[1]])[0], r"^jax.numpy.stack " + FUNCTION)
        refused(lambda x: jax.lax.exp(x[0]), r"^jax.lax.exp " + FUNCTION)

    def test_operators(self, jax):
        c = jax.numpy.asarray(X)
        refused(lambda x: np.sum(x * c), FUNCTION)
        refused(lambda x: np.sum(c * x), FUNCTION)
        refused(lambda x: np.sum(np.multiply(c, x)), "np.multiply of traced values and a JAX array")

    def test_arguments(self, jax):
        c = jax.numpy.asarray(X)
        square = lambda x: np.sum(x * x)  # noqa: E731 (its name is in the message)
        tape = ad_core.trace(square, X)
        text = r"argument 0 of <lambda> is a JAX array .*jax.custom_vjp with jax.pure_callback"
        for call in (ad_core.grad(square), tape.grad, ad_core.compile(square).grad):
            with pytest.raises(ad_core.TracedValueError, match=text):
                call(c)
        for transform in (jax.grad, jax.jit, jax.vmap):
            with pytest.raises(ad_core.TracedValueError, match=text):
                transform(lambda x: tape(x))(c)

    def test_a_tracer_that_reaches_numpy(self, jax):
        def outer(a):
            return ad_core.grad(lambda x: np.sum(np.asarray(a) * x))(X)[0]

        text = r"A JAX array was used as plain numbers .*jax.custom_vjp with jax.pure_callback"
        with pytest.raises(ad_core.NotDifferentiable, match=text):
            jax.grad(outer)(jax.numpy.asarray(X))

    def test_what_the_errors_advise(self, jax):
        c = jax.numpy.asarray(X)
        found = ad_core.grad(lambda x: np.dot(x * x, np.asarray(c)))(X)
        np.testing.assert_allclose(found, 2.0 * X * X)
