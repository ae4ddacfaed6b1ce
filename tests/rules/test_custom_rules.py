"""custom_jvp, custom_vjp and checkpoint: derivatives by rules agree with those of the traced
function in every mode, to second order, in tapes and in batches."""

from functools import partial

import numpy as np
import pytest

import ad_core
from ad_core.recording.trees import flatten
from agreement import refused

x3 = np.array([0.5, 1.5, 2.5])


def plain(x):
    return np.sin(x) * x[0] + np.sum(x**2)


by_jvp = ad_core.custom_jvp(plain)
by_jvp.defjvp(lambda primals, tangents: (plain(*primals), ad_core.jvp(plain, primals, tangents)[1]))
by_jvps = ad_core.custom_jvp(plain)
by_jvps.defjvps(lambda t, y, x: np.cos(x) * t * x[0] + np.sin(x) * t[0] + 2 * np.sum(x * t))
by_vjp = ad_core.custom_vjp(plain)
by_vjp.defvjp(lambda x: (plain(x), x), lambda x, w: ad_core.vjp(plain, x)[1](w))

MADE = {"jvp": by_jvp, "jvps": by_jvps, "vjp": by_vjp, "checkpoint": ad_core.checkpoint(plain)}


@pytest.fixture(params=MADE)
def f(request):
    return MADE[request.param]


def total(f):
    return lambda x: np.sum(np.exp(-f(x)) * x)


def assert_close(found, expected, rtol=1e-12):
    for a, b in zip(flatten(found)[0], flatten(expected)[0], strict=True):
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-14)


def test_plain_arguments_are_just_a_call(f):
    assert_close(f(x3), plain(x3), rtol=0)
    assert type(f(x3)) is np.ndarray


def test_each_transform_agrees_with_the_function(f):
    g, h = (partial(lambda k, x: 2.0 * k(x * x), k) for k in (f, plain))
    assert_close(ad_core.jacfwd(g)(x3), ad_core.jacfwd(h)(x3))
    assert_close(ad_core.jacrev(g)(x3), ad_core.jacrev(h)(x3))
    assert_close(ad_core.jvp(g, (x3,), (x3,)), ad_core.jvp(h, (x3,), (x3,)))
    assert_close(ad_core.vjp(g, x3)[1](x3), ad_core.vjp(h, x3)[1](x3))
    assert_close(ad_core.value_and_grad(total(f))(x3), ad_core.value_and_grad(total(plain))(x3))
    assert_close(ad_core.hessian(total(f))(x3), ad_core.hessian(total(plain))(x3))
    assert_close(ad_core.hvp(total(f), (x3,), (x3,)), ad_core.hvp(total(plain), (x3,), (x3,)))
    assert_close(ad_core.hessian(g)(x3), ad_core.hessian(h)(x3))


def test_third_order_and_finite_differences(f):
    ad_core.check_grads(lambda x: f(x) * x, (x3,), order=3)


def test_nested_in_itself_and_under_grad_of_grad(f):
    ad_core.check_grads(lambda x: f(0.1 * f(0.1 * x)), (x3,))
    twice = lambda k: ad_core.grad(  # noqa: E731
        lambda x: np.sum(ad_core.grad(total(k))(x) ** 2)
    )
    assert_close(twice(f)(x3), twice(plain)(x3), rtol=1e-11)


def test_tapes_and_functions_at_new_points(f):
    new = x3 + 0.25
    tape, function = ad_core.trace(total(f), x3), ad_core.compile(total(f))
    for made in (tape, function):
        assert_close(made(new), total(plain)(new))
        assert_close(made.grad(new), ad_core.grad(total(plain))(new))
        assert_close(made.hessian(new), ad_core.hessian(total(plain))(new))
    vector = ad_core.compile(f)
    assert_close(vector.jacobian(new), ad_core.jacobian(plain)(new))
    assert_close(vector.jvp(new, x3), ad_core.jvp(plain, (new,), (x3,))[1])


def test_batches(f):
    points = x3 + np.arange(5.0)[:, None]
    function = ad_core.compile(total(f))
    expected = np.stack([ad_core.grad(total(plain))(x) for x in points])
    assert_close(function.grad(points, batch_dims=1), expected)
    assert_close(ad_core.trace(total(f), x3).grad(points), expected)


# ------------------------------------------------------------------------------- argument trees


def model(p, scale):
    y = p["w"] @ p["x"][0] * scale
    return {"y": y, "sums": (np.sum(y), [np.sum(p["x"][1]) * scale])}


def model_bwd(residuals, w):
    p, scale = residuals
    return ad_core.vjp(model, p, scale)[1](w)


def test_argument_and_result_trees():
    p = {"w": np.array([[1.0, 2.0], [3.0, 5.0]]), "x": [np.array([0.5, 0.25]), 2.0]}
    jvp = ad_core.custom_jvp(model)
    jvp.defjvp(lambda primals, tangents: ad_core.jvp(model, primals, tangents))
    vjp = ad_core.custom_vjp(model)
    vjp.defvjp(lambda p, scale: (model(p, scale), (p, scale)), model_bwd)
    for f in (jvp, vjp, ad_core.checkpoint(model)):
        for argnums in (0, 1, (0, 1)):
            found = ad_core.jacobian(f, argnums)(p, 1.5)
            assert_close(found, ad_core.jacobian(model, argnums)(p, 1.5))
        ad_core.check_grads(f, (p, 1.5))
        part = lambda w: f({"w": w, "x": p["x"]}, 2.0)  # noqa: B023, E731
        ad_core.check_grads(part, (p["w"],))
        assert type(ad_core.trace(f, p, 1.5)(p, 1.5)) is dict


def test_none_stands_for_zeros():
    f = ad_core.custom_vjp(lambda p, b: {"s": p[0] * p[1] * b, "t": p[0]})
    f.defvjp(lambda p, b: (f(p, b), (p, b)), lambda r, w: ((None, w["s"] * r[0][0] * r[1]), None))
    assert ad_core.grad(lambda p, b: f(p, b)["s"], (0, 1))([2.0, 3.0], 5.0) == ([0.0, 10.0], 0.0)
    g = ad_core.custom_jvp(lambda a, b: (a * b, a))
    g.defjvps(lambda t, y, a, b: (t * b, None), None)
    (da, db), zero = ad_core.jacobian(g, (0, 1))(2.0, 3.0)
    assert (da, db, *zero) == (3.0, 0.0, 0.0, 0.0)


def test_nondiff_arguments_go_first():
    @partial(ad_core.custom_jvp, nondiff_argnums=(0, 2))
    def apply(fun, x, times):
        for _ in range(times):
            x = fun(x)
        return x

    @apply.defjvp
    def rule(fun, times, primals, tangents):
        return ad_core.jvp(lambda x: apply.__wrapped__(fun, x, times), primals, tangents)

    ad_core.check_grads(lambda x: apply(np.sin, x, 3), (x3,))

    @partial(ad_core.custom_vjp, nondiff_argnums=(1,))
    def power(x, n):
        return x**n

    power.defvjp(lambda x, n: (power(x, n), x), lambda n, x, w: (n * x ** (n - 1) * w,))
    ad_core.check_grads(lambda x: power(x, 3), (x3,), order=3)
    with refused(ad_core.TracedValueError, "argument 1 of power", "nondiff_argnums"):
        ad_core.grad(lambda n: power(2.0, n))(3.0)


def test_names_and_defaults_are_put_in_their_positions():
    @ad_core.custom_jvp
    def f(x, scale=2.0):
        return x * scale

    f.defjvps(lambda t, y, x, scale: t * scale, lambda t, y, x, scale: x * t)
    assert ad_core.grad(f)(3.0) == 2.0
    assert ad_core.grad(lambda s: f(scale=s, x=3.0))(5.0) == 3.0
    named = ad_core.custom_jvp(lambda x, *, k=1.0: x * k)
    assert named(2.0) == 2.0
    with refused(TypeError, "by name only", "k"):
        named(2.0, k=3.0)
    ufunc = ad_core.custom_jvp(np.sin)
    ufunc.defjvps(lambda t, y, x: np.cos(x) * t)
    assert ad_core.grad(ufunc)(0.0) == 1.0
    with refused(TypeError, "sin", "where"):
        ufunc(2.0, where=False)


def test_methods():
    class Model:
        def __init__(self, k):
            self.k = k

        @partial(ad_core.custom_vjp, nondiff_argnums=(0,))
        def scaled(self, x):
            return self.k * x

        scaled.defvjp(
            lambda self, x: (self.scaled(x), None), lambda self, residuals, w: (self.k * w,)
        )

    np.testing.assert_array_equal(ad_core.jacobian(Model(3.0).scaled)(x3), 3.0 * np.eye(3))


def test_fwd_runs_once_for_each_point_and_its_residuals_are_used():
    calls = []
    f = ad_core.custom_vjp(np.sin)

    def fwd(x):
        calls.append(x)
        return np.sin(x), {"slope": np.cos(x), "kind": "sine"}

    f.defvjp(fwd, lambda r, w: (r["slope"] * w,))
    np.testing.assert_allclose(ad_core.jacrev(f)(x3), np.diag(np.cos(x3)))
    assert len(calls) == 1
    tape = ad_core.trace(f, x3)
    np.testing.assert_allclose(tape.jacobian(x3 + 1), np.diag(np.cos(x3 + 1)))
    assert len(calls) <= 4


def test_masks_become_guards_as_in_control_flow():
    f = ad_core.checkpoint(lambda x, mask: np.sum(x[mask] ** 2))
    g = lambda x: f(x, x > 1.0)  # noqa: E731
    np.testing.assert_array_equal(ad_core.grad(g)(x3), [0.0, 3.0, 5.0])
    with pytest.raises(ad_core.BranchChanged):
        ad_core.trace(g, x3).grad(x3 - 1.0)


def test_arrays_that_are_written_to_after_the_call():
    buffer = np.ones(3)
    f = ad_core.checkpoint(lambda x, k: x * k)

    def g(x):
        y = f(x, buffer)
        buffer[...] = 7.0
        return y

    np.testing.assert_array_equal(ad_core.jacobian(g)(x3), np.eye(3))


# ------------------------------------------------------------------------------------ checkpoint


def test_a_checkpoint_keeps_no_part_of_the_tape():
    def layer(x):
        for _ in range(50):
            x = np.tanh(x) * 1.01
        return x

    def deep(layer):
        return lambda x: np.sum(layer(layer(layer(x))))

    x = np.linspace(-1, 1, 200)
    kept, dropped = (ad_core.trace(deep(f), x) for f in (layer, ad_core.checkpoint(layer)))
    assert dropped.size["bytes"] * 20 < kept.size["bytes"]
    assert_close(dropped.grad(x), kept.grad(x))


def test_a_checkpoint_takes_arguments_that_are_not_arrays():
    f = ad_core.checkpoint(lambda x, kind, *, k: getattr(np, kind)(x) * k)
    ad_core.check_grads(lambda x, k: f(x, "sin", k=k), (x3, 2.0))


def test_a_checkpoint_may_close_over_traced_values():
    def through(x, a):
        def itself(n):
            return 1.0 if n == 0 else itself(n - 1)

        bound = partial(np.multiply, x)
        inner = lambda y, b=a: bound(y) * b + a * itself(2)  # noqa: E731
        return ad_core.checkpoint(lambda y: inner(y) * x[0])(x * x)

    ad_core.check_grads(through, (x3, 2.0), order=3)
    tape = ad_core.trace(through, x3, 2.0)
    new = x3 + 1.0, 0.5
    assert_close(tape(*new), through(*new))
    assert_close(tape.jacobian(*new, argnums=1), ad_core.jacobian(through, 1)(*new))
    outer = lambda a: ad_core.grad(lambda x: np.sum(through(x, a)))(x3)  # noqa: E731
    ad_core.check_grads(outer, (2.0,))


def test_a_checkpoint_finds_traced_values_in_objects():
    class Holder:
        __slots__ = ("x",)

        def times(self, y):
            return y * self.x

    holder = Holder()

    def f(x):
        holder.x = x
        return ad_core.checkpoint(lambda y: y * holder.x)(x) + ad_core.checkpoint(holder.times)(x)

    assert ad_core.grad(f)(2.0) == 8.0


held = None


def test_a_checkpoint_raises_for_traced_values_from_elsewhere():
    def f(x):
        global held
        held = x
        return ad_core.checkpoint(lambda y: y * held)(x)

    with refused(ad_core.TracedValueError, "<lambda>", "not among its arguments"):
        ad_core.grad(f)(2.0)


# ---------------------------------------------------------------------------------------- errors


def test_traced_values_that_are_not_arguments():
    def f(x):
        inner = ad_core.custom_jvp(lambda y: y * x)
        inner.defjvps(lambda t, y, a: t * x)
        return inner(x)

    with refused(ad_core.TracedValueError, "<lambda>", "pass it as an argument"):
        ad_core.grad(f)(2.0)

    def g(x):
        inner = ad_core.custom_vjp(lambda y: y)
        inner.defvjp(lambda y: (y, None), lambda r, w: (w * x,))
        return inner(x)

    with refused(ad_core.errors.TracedValueError, "derivative rule of", "argument"):
        ad_core.grad(g)(2.0)


def test_missing_rules_and_objects_that_are_not_functions():
    with refused(TypeError, "custom_jvp takes a function, got int"):
        ad_core.custom_jvp(3)
    with refused(TypeError, "checkpoint() takes a function"):
        ad_core.checkpoint(3)
    with refused(TypeError, "nondiff_argnums"):
        ad_core.custom_vjp(np.sin, nondiff_argnums=("x",))
    with refused(ValueError, "nondiff_argnums", "argument 3"):
        ad_core.custom_jvp(lambda x: x, nondiff_argnums=3)(1.0)
    with refused(AttributeError, "by_hand", "defjvp"):
        ad_core.grad(ad_core.custom_jvp(by_hand))(2.0)
    with refused(AttributeError, "by_hand", "defvjp"):
        ad_core.grad(ad_core.custom_vjp(by_hand))(2.0)
    with refused(TypeError, "bwd"):
        ad_core.custom_vjp(by_hand).defvjp(by_hand, None)
    with refused(TypeError, "defjvp"):
        ad_core.custom_jvp(by_hand).defjvp(None)
    with refused(TypeError, "defjvp", "nondiff_argnums"):
        ad_core.custom_jvp(by_hand, (0,)).defjvps(None)


def by_hand(x):
    return x * x


JVP_MISTAKES = {
    "no pair": (lambda p, t: t[0], TypeError, "pair"),
    "shape": (lambda p, t: (p[0], np.sum(t[0])), ValueError, "shape (3,)"),
    "structure": (lambda p, t: (p[0], [t[0], t[0]]), ValueError, "structure"),
    "complex": (lambda p, t: (p[0], 1j * t[0]), TypeError, "complex"),
}


@pytest.mark.parametrize("what", JVP_MISTAKES)
def test_mistakes_of_jvp_rules(what):
    rule, kind, words = JVP_MISTAKES[what]
    f = ad_core.custom_jvp(by_hand)
    f.defjvp(rule)
    with refused(kind, "by_hand", words):
        ad_core.jvp(f, (x3,), (x3,))


VJP_MISTAKES = {
    "no pair": (lambda x: x, lambda r, w: (w,), TypeError, "fwd"),
    "no tuple": (lambda x: (x, x), lambda r, w: w, TypeError, "tuple"),
    "count": (lambda x: (x, x), lambda r, w: (w, w), ValueError, "structure"),
    "shape": (lambda x: (x, x), lambda r, w: (w[0],), ValueError, "shape (3,)"),
    "strings": (lambda x: ("y", x), lambda r, w: (w,), TypeError, "real float64"),
    "none": (lambda x: (None, x), lambda r, w: (w,), TypeError, "returned None"),
}


@pytest.mark.parametrize("what", VJP_MISTAKES)
def test_mistakes_of_vjp_rules(what):
    fwd, bwd, kind, words = VJP_MISTAKES[what]
    f = ad_core.custom_vjp(by_hand)
    f.defvjp(fwd, bwd)
    with refused(kind, "by_hand", words):
        ad_core.vjp(f, x3)[1](x3)


def test_rules_are_called_with_plain_numbers():
    f = ad_core.custom_jvp(lambda x, kind: x)
    f.defjvp(lambda p, t: (p[0], t[0]))
    assert f(1.0, "sin") == 1.0
    with refused(TypeError, "argument 1 of", "must be numbers", "str"):
        ad_core.grad(f)(1.0, "sin")


def test_defjvps_counts_its_rules():
    f = ad_core.custom_jvp(lambda a, b: a * b)
    f.defjvps(lambda t, y, a, b: t * b)
    with refused(ValueError, "2 arguments", "1 rules"):
        ad_core.grad(f)(1.0, 2.0)


def test_results_keep_their_structure_and_shapes():
    f = ad_core.checkpoint(lambda x: (x, x) if x[0] > 0 else x)
    tape = ad_core.trace(f, x3)
    with refused(ValueError, "structure"):
        tape(-x3)
    g = ad_core.checkpoint(lambda x: x[x > 1.0] ** 2)
    with refused(ValueError, "shapes"):
        ad_core.trace(g, x3)(-x3)


def test_exceptions_pass_unchanged():
    f = ad_core.custom_vjp(by_hand)
    f.defvjp(lambda x: (x, x), lambda r, w: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        ad_core.grad(f)(1.0)


def test_a_custom_function_of_a_custom_function():
    inner = ad_core.custom_jvp(by_hand)
    inner.defjvps(lambda t, y, x: 3.0 * t)
    outer = ad_core.custom_jvp(inner)
    with refused(AttributeError, "no rule"):
        ad_core.grad(outer)(1.0)
    outer.defjvps(lambda t, y, x: 5.0 * t)
    assert (ad_core.grad(inner)(1.0), ad_core.grad(outer)(1.0)) == (3.0, 5.0)


def test_names_and_texts_of_custom_functions():
    assert repr(ad_core.custom_jvp(by_hand)) == "<custom_jvp by_hand>"
    assert ad_core.checkpoint(by_hand).__name__ == "by_hand"


def test_rules_that_differentiate_within_a_jacobian():
    """The inner sweep must not use the memory of the outer one."""
    f = ad_core.custom_jvp(plain)
    f.defjvp(lambda p, t: (plain(*p), ad_core.jacobian(plain)(p[0]) @ t[0]))
    g = ad_core.custom_vjp(plain)
    g.defvjp(lambda x: (plain(x), x), lambda x, w: (w @ ad_core.jacobian(plain)(x),))
    for h in (f, g):
        k = lambda x: np.concatenate([h(x * x), x, h(x)[:1]])  # noqa: B023, E731
        exact = lambda x: np.concatenate([plain(x * x), x, plain(x)[:1]])  # noqa: E731
        for mode in ("fwd", "rev"):
            found = ad_core.jacobian(k, mode=mode)(x3)
            assert_close(found, ad_core.jacobian(exact, mode=mode)(x3))
