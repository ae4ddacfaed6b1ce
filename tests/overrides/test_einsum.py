# SPDX-License-Identifier: Apache-2.0
"""np.einsum of random subscripts: values, and derivatives, which are einsums themselves."""

import numpy as np
import pytest

import ad_core
from ad_core.overrides.numpy import einsum as module


def random_call(seed):
    """Subscripts and operands: repeated labels, axes of length 1, and labels in any order."""
    rng = np.random.default_rng(seed)
    lengths = dict(zip("abcd", rng.integers(2, 4, 4).tolist(), strict=True))
    terms, operands = [], []
    for _ in range(rng.integers(1, 4)):
        term = "".join(rng.choice(list("abcd"), rng.integers(0, 4)))
        once = {c for c in term if term.count(c) == 1}
        shape = [1 if c in once and rng.random() < 0.15 else lengths[c] for c in term]
        terms.append(term)
        operands.append(rng.normal(size=shape))
    known = sorted(set("".join(terms)))
    output = "".join(rng.permutation(known)[: rng.integers(0, len(known) + 1)])
    subscripts = ",".join(terms) + rng.choice([f"->{output}", ""])
    try:
        np.einsum(subscripts, *operands)
    except ValueError:  # NumPy refuses axes of length 1 in some places
        operands = [np.ones([lengths[c] for c in term]) * 1.5 for term in terms]
    return subscripts, operands


def direction(x, seed=0):
    return np.random.default_rng(seed).normal(size=np.shape(x))


@pytest.mark.parametrize("seed", range(150))
def test_random_subscripts(seed):
    subscripts, operands = random_call(seed)
    wanted = np.einsum(subscripts, *operands)
    tape = ad_core.trace(lambda *xs: np.einsum(subscripts, *xs), *operands)
    np.testing.assert_allclose(tape.value, wanted, rtol=1e-12, atol=1e-12)
    for k, x in enumerate(operands):
        t = direction(x)

        def of_one(x, k=k):
            return np.einsum(subscripts, *operands[:k], x, *operands[k + 1 :])

        y, pushed = ad_core.jvp(of_one, (x,), (t,))
        np.testing.assert_allclose(y, wanted, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(pushed, of_one(t), rtol=1e-12, atol=1e-12)
        w = direction(wanted, 1)
        (pulled,) = ad_core.vjp(of_one, x)[1](w)
        np.testing.assert_allclose(np.sum(pulled * t), np.sum(w * pushed), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    "subscripts",
    [
        "ij,ij->",
        "ni,ni->n",
        "ni,nj->ij",
        "ij,j->i",
        "i,ij->j",
        "i,i->",
        "i,j->ij",
        "bij,bjk->bik",
        "bij,bjk->ik",
        "ij,kj->ik",
        "ij->",
        "ij,ij->j",
        "...i,...i->...",
    ],
)
@pytest.mark.parametrize("n", [1, 3, 40])
def test_thin_operands(subscripts, n):
    sizes = {"b": 2, "n": n, "i": n if "n" not in subscripts else 3, "j": 3, "k": 2}
    terms = subscripts.split("->")[0].replace("...", "bn").split(",")
    operands = [direction(np.empty([sizes[c] for c in term]), len(term)) for term in terms]

    def f(*xs):
        return np.sum(np.sin(np.einsum(subscripts, *xs)))

    ad_core.check_grads(f, tuple(operands), order=2)
    np.testing.assert_allclose(ad_core.trace(f, *operands).value, f(*operands), rtol=1e-12)


def test_sublists_and_paths():
    a, b, c = (direction(np.empty(shape), k) for k, shape in enumerate([(2, 3), (3, 4), (4, 2)]))
    path = np.einsum_path("ij,jk,kl->il", a, b, c)[0]
    for options in ({}, {"optimize": True}, {"optimize": path}, {"optimize": ["greedy", 100]}):
        tape = ad_core.trace(
            lambda a, b, c, o=options: np.einsum("ij,jk,kl->il", a, b, c, **o), a, b, c
        )
        np.testing.assert_allclose(tape.value, a @ b @ c, rtol=1e-12)
    by_lists = ad_core.trace(lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [2, 0]), a, b)
    np.testing.assert_allclose(by_lists.value, (a @ b).T, rtol=1e-12)
    by_dots = ad_core.trace(lambda a, b: np.einsum(a, [..., 1], b, [1, 2]), a, b)
    np.testing.assert_allclose(by_dots.value, a @ b, rtol=1e-12)


def test_wrong_subscripts_raise_in_every_call():
    a = np.ones((2, 3))
    for subscripts in ("ij,jk", "ijk->i", "ij->k", "ij->ii", "i1->i", "..ij->i"):
        for _ in range(2):
            with pytest.raises(ValueError, match=r"einsum|subscripts|operand"):
                ad_core.grad(lambda x, s=subscripts: np.sum(np.einsum(s, x)))(a)


def test_a_call_is_planned_once_for_equal_subscripts_and_shapes():
    module._planned.cache_clear()
    f = ad_core.grad(lambda x: np.einsum("ij,ij->", x, x))
    for _ in range(5):
        f(np.ones((4, 3)))
    f(np.ones((5, 3)))
    assert module._planned.cache_info().misses == 2
