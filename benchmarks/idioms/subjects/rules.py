# SPDX-License-Identifier: Apache-2.0
"""Functions with derivatives by rules of the user: custom_jvp, custom_vjp, external, checkpoint."""

import math

import numpy as np

import ad_core
from benchmarks.idioms import reasons
from benchmarks.idioms.data import normal, positive
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Rules")

CALLS = {"traced_us": 10.0, "plain_us": 0.5}
"""A call of a rule in a trace, and the cost that the rule adds to a plain call."""


@ad_core.custom_jvp
def softplus(x):
    """log(1 + exp(x))"""
    return np.log1p(np.exp(x))


@softplus.defjvp
def softplus_jvp(primals, tangents):
    """The rule for tangents."""
    (x,), (t,) = primals, tangents
    return softplus(x), t / (1.0 + np.exp(-x))


@ad_core.custom_vjp
def limited(x):
    """The value itself, with cotangents that are limited."""
    return x


limited.defvjp(lambda x: (x, None), lambda kept, w: (np.clip(w, -1e3, 1e3),))

erf = ad_core.external(math.erf, jacobian=lambda x: 2.0 / np.sqrt(np.pi) * np.exp(-x * x))


@ad_core.checkpoint
def twenty_sines(x):
    """Twenty steps of an iteration."""
    for _ in range(20):
        x = np.sin(x) + 0.1 * x
    return x


@SUBJECT(normal, 3, 1000, 10**5, reason=reasons.RULE_ARRAYS)
def by_custom_jvp(x):
    """`np.sum(softplus(x))`, `custom_jvp` on arrays"""
    return np.sum(softplus(x))


@SUBJECT(normal, 3, 1000, 10**5, reason=reasons.RULE_ARRAYS)
def by_custom_vjp(x):
    """`np.sum(limited(x) ** 2)`, `custom_vjp` on arrays"""
    return np.sum(limited(x) ** 2)


@SUBJECT(normal, 3, 30, 100, reason=reasons.RULE_CALLS)
def by_custom_jvp_in_a_loop(x):
    """`sum(softplus(v) for v in x)`, a call for each element"""
    return sum(softplus(v) for v in x)


@SUBJECT(normal, 3, 30, 100, reason=reasons.RULE_CALLS)
def by_external_in_a_loop(x):
    """`sum(erf(v) for v in x)`, `external` for each element"""
    return sum(erf(v) for v in x)


@SUBJECT(normal, 3, 1000, 10**4)
def by_checkpoint(x):
    """`np.sum(twenty_sines(twenty_sines(x)))`, `checkpoint`"""
    return np.sum(twenty_sines(twenty_sines(x)))


@SUBJECT(positive, 3, 30, 300, reason=reasons.DENSE_SYSTEM)
def by_implicit_root(x):
    """`ad_core.implicit.root` of `y**3 + x * y - 1`"""

    def equation(y, a):
        return y**3 + a * y - 1.0

    def solved(fun, y):
        for _ in range(30):
            y = y - fun(y) / (3.0 * y**2 + 1.0)
        return y

    return np.sum(ad_core.implicit.root(equation, np.full(x.shape, 0.5), x, solver=solved))


@SUBJECT(normal, 3, what="traced", turns=1, bounds=CALLS, reason=reasons.RULE_CALLS)
def call_of_custom_jvp(x):
    """A call of a `custom_jvp`"""
    return passed(x)


@SUBJECT(normal, 3, what="traced", turns=1, bounds=CALLS, reason=reasons.RULE_CALLS)
def call_of_checkpoint(x):
    """A call of a `checkpoint`"""
    return kept(x)


@SUBJECT(normal, 3, what="traced", turns=1, bounds=CALLS, reason=reasons.RULE_CALLS)
def call_of_external(x):
    """A call of an `external`"""
    return outside(x)


@ad_core.custom_jvp
def passed(x):
    """The value itself."""
    return x


passed.defjvp(lambda primals, tangents: (primals[0], tangents[0]))
kept = ad_core.checkpoint(lambda x: x)
outside = ad_core.external(lambda x: x, jvp=lambda primals, tangents: tangents[0])
