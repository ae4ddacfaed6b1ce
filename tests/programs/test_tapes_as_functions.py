# SPDX-License-Identifier: Apache-2.0
"""Tapes where the transforms take functions, and in functions that are traced."""

import numpy as np
import pytest

import ad_core
from agreement import refused

X = np.array([0.5, 1.5, 2.5])


def vector(x):
    y = np.zeros(3)
    for k in range(3):
        y[k] = np.sin(x[k]) * x[0] if x[k] > 1.0 else x[k] ** 2
    return np.array([y @ y, y[0], 3.0])


def solved(x):
    return np.linalg.solve(np.diag(x) + np.outer(x, x), np.exp(x))


def nested(p, c=2.0):
    return {"y": p["w"] @ p["b"] * c, "c": (p["w"].sum(), 1.0)}


def ordered(x):
    return np.sum(np.asfortranarray(x).T * np.arange(6.0).reshape(3, 2) ** 2, axis=0) ** 2


FUNCTIONS = {
    "branches": (vector, X), "rules": (solved, X), "a number": (lambda x: x * np.exp(x), 0.7),
    "no elements": (lambda x: x * 2.0, np.zeros(0)), "a constant": (lambda x: np.ones(2), X),
    "memory order": (ordered, np.asfortranarray(np.arange(6.0).reshape(2, 3) + 1)),
    "products": (lambda x: (x[:, None] @ x[None]).ravel() @ np.arange(9.0), X),
    "running": (lambda x: np.cumprod(x) + np.cumsum(x), X),
}  # fmt: skip


@pytest.fixture(params=FUNCTIONS)
def case(request):
    f, x = FUNCTIONS[request.param]
    return f, x, ad_core.trace(f, x)


def same(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_transforms_of_a_tape(case):
    f, x, tape = case
    for mode in ("fwd", "rev"):
        same(ad_core.jacobian(tape, mode=mode)(x), ad_core.jacobian(f, mode=mode)(x))
    at = 1.1 * x
    same(ad_core.jacobian(tape)(at), ad_core.jacobian(f)(at))
    same(ad_core.hessian(tape)(at), ad_core.hessian(f)(at))
    same(ad_core.jvp(tape, (at,), (x,))[1], ad_core.jvp(f, (at,), (x,))[1])
    if np.size(x):
        ad_core.check_grads(tape, (x,))


def test_a_tape_within_a_function(case):
    f, x, tape = case
    outer = lambda inner: lambda x: np.sum(inner(x * x) ** 2) + np.sum(inner(x))  # noqa: E731
    at = np.sqrt(x)
    same(ad_core.grad(outer(tape))(at), ad_core.grad(outer(f))(at))
    same(ad_core.hessian(outer(tape))(at), ad_core.hessian(outer(f))(at))
    compiled, again = ad_core.compile(outer(tape)), ad_core.trace(outer(tape), at)
    for _ in range(2):
        same(compiled.grad(at), ad_core.grad(outer(f))(at))
        same(again.grad(1.05 * at), ad_core.grad(outer(f))(1.05 * at))
    if np.ndim(x) == 1:
        rows = np.stack([at, 1.02 * at])
        same(compiled.grad(rows, batch_dims=1)[1], ad_core.grad(outer(f))(1.02 * at))


def test_methods_of_a_tape_within_a_function():
    tape, total = ad_core.trace(vector, X), ad_core.trace(lambda x: np.sum(vector(x)), X)
    f = lambda x: np.sum(vector(x))  # noqa: E731
    pairs = (
        (total.grad, ad_core.grad(f)), (tape.jacobian, ad_core.jacobian(vector)),
        (total.hessian, ad_core.hessian(f)),
        (lambda x: total.hvp(X, x), lambda x: ad_core.hvp(f, (X,), (x,))),
        (lambda x: tape.jvp(x, X), lambda x: ad_core.jvp(vector, (x,), (X,))[1]),
        (lambda x: tape.vjp(x, X), lambda x: ad_core.vjp(vector, x)[1](X)[0]),
        (lambda x: tape.ggnvp(x, X), lambda x: ad_core.ggnvp(vector, (x,), (X,))),
        (lambda x: total.value_and_grad(x)[1], ad_core.grad(f)),
        (lambda x: tape.lagrangian_hessian(x, X),
         lambda x: ad_core.lagrangian_hessian(vector, (x,), X)),
    )  # fmt: skip
    for one, other in pairs:
        same(ad_core.jacobian(one)(X), ad_core.jacobian(other)(X))


def test_nested_arguments_and_results():
    p = {"w": np.arange(6.0).reshape(2, 3), "b": X}
    tape = ad_core.trace(nested, p, 3.0)
    found, expected = (
        ad_core.grad(lambda p, f=f: np.sum(f(p, 3.0)["y"]))(p) for f in (tape, nested)
    )
    same(found["w"], expected["w"])
    same(found["b"], expected["b"])
    assert ad_core.grad(lambda c: tape(p, c)["y"][1])(2.0) == (p["w"] @ X)[1]
    pulled = ad_core.grad(lambda c: tape.vjp((p, c), {"y": X[:2], "c": (0.0, 0.0)})[0]["b"][0])(2.0)
    assert pulled == pytest.approx(p["w"][:, 0] @ X[:2])


def test_another_branch_is_an_error_there_too():
    tape = ad_core.trace(vector, X)
    for call in (ad_core.grad(lambda x: tape(x)[0]), ad_core.compile(lambda x: tape(x)[0]).grad):
        with refused(ad_core.BranchChanged, "vector"):
            call(np.array([2.0, 1.5, 2.5]))


def test_guards_of_a_tape_are_guards_of_the_function():
    tape = ad_core.trace(vector, X)
    outer = ad_core.trace(lambda x: tape(x)[0], X)
    with refused(ad_core.BranchChanged, "comparison"):
        outer.grad(np.array([2.0, 1.5, 2.5]))


def test_tapes_of_files_and_sparse_derivatives():
    f = lambda x: np.diff(x**2) * x[1:]  # noqa: E731
    tape = ad_core.Tape.from_bytes(ad_core.trace(f, X).to_bytes())
    same(ad_core.jacobian(tape, sparse=True)(X).toarray(), ad_core.jacobian(f)(X))
    same(ad_core.hessian(lambda x: np.sum(tape(x)), sparse=True)(X).toarray(),
         ad_core.hessian(lambda x: np.sum(f(x)))(X))  # fmt: skip
    same(ad_core.jacobian(ad_core.compile(f), sparse=True)(X).toarray(), ad_core.jacobian(f)(X))


def test_constants_of_the_trace_are_plain():
    tape = ad_core.trace(vector, X)
    same(ad_core.grad(lambda x: x[0] * tape(np.array([0.5, 1.5, 2.5]))[0])(X)[0], vector(X)[0])
