# SPDX-License-Identifier: Apache-2.0
"""Integer parameters of every public function, given values of other types, too large or too small.
The message is one sentence that names the parameter and the value, without types of C."""

import inspect
import re

import numpy as np
import pytest

import ad_core
from ad_core.errors.integers import RAW, integer, shown
from ad_core.transforms.testing import MOST as MOST_ORDER

GIANT = (2**63, 2**64, 2**70, 10**5000, np.uint64(2**63 + 5))
SMALL = (-(2**33), -(2**63) - 1, -(2**70), -(10**5000), -7)
NO_INTEGERS = (
    True, False, np.True_, 1.0, 2.5, float("nan"), float("inf"), np.float64(1.0), 1j, "3", b"1",
    {}, {1}, object(), np.array([1, 2]), np.array(1.5), slice(None), Ellipsis, range(2), len,
)  # fmt: skip
GOOD = (1, np.int64(1), np.uint8(1), np.array(1))

x = np.arange(1.0, 7.0)
ones = np.ones((2, 6))


def total(x):
    return np.sum(x * x)


tape, function = ad_core.trace(total, x), ad_core.compile(total)
one = {  # calls in which a parameter's value 1 is meant
    "jacobian": lambda **p: ad_core.jacobian(total, **p)(x),
    "value_and_jacobian": lambda **p: ad_core.value_and_jacobian(total, **p)(x),
    "jacfwd": lambda **p: ad_core.jacfwd(total, **p)(x),
    "jacrev": lambda **p: ad_core.jacrev(total, **p)(x),
    "grad": lambda **p: ad_core.grad(total, **p)(x),
    "value_and_grad": lambda **p: ad_core.value_and_grad(total, **p)(x),
    "hessian": lambda **p: ad_core.hessian(total, **p)(x),
    "lagrangian_hessian": lambda **p: ad_core.lagrangian_hessian(total, (x,), 1.0, **p),
    "jvp": lambda **p: ad_core.jvp(total, (x,), x, **({"argnums": 0} | p)),
    "vjp": lambda **p: ad_core.vjp(total, x, **p),
    "hvp": lambda **p: ad_core.hvp(total, (x,), x, **({"argnums": 0} | p)),
    "explain": lambda **p: ad_core.explain(total, x, **p),
    "jet": lambda **p: ad_core.jet(total, (x,), (ones,), **p),
    "check_grads": lambda **p: ad_core.check_grads(total, (x,), **p),
    "compile": lambda **p: ad_core.compile(total, **p)(x),
    "custom_jvp": lambda **p: ad_core.custom_jvp(total, **p),
    "custom_vjp": lambda **p: ad_core.custom_vjp(total, **p),
    "implicit.fixed_point": lambda **p: ad_core.implicit.fixed_point(
        lambda x: 0.0 * x + 1.0, 1.0, **p
    ),
    "Tape.instructions": lambda **p: tape.instructions(**p),
    "Tape.table": lambda **p: tape.table(**p),
    "Tape.explain": lambda **p: tape.explain(**p),
    "Function.explain": lambda **p: function.explain(x, **p),
}
SEEDS = {"jvp": (x,), "vjp": (1.0,), "hvp": (x,), "ggnvp": (x,), "lagrangian_hessian": (1.0,)}
METHODS = (
    "__call__", "jacobian", "value_and_jacobian", "grad", "value_and_grad", "hessian", *SEEDS
)  # fmt: skip
for owner in (tape, function):
    for method in METHODS:
        bound, seeds = getattr(owner, method), SEEDS.get(method, ())
        many = tuple(np.ones((2, *np.shape(seed))) for seed in seeds)
        one[f"{type(owner).__name__}.{method}"] = lambda bound=bound, seeds=seeds, **p: bound(
            x, *seeds, **p
        )
        one[f"{type(owner).__name__}.{method}, a batch"] = lambda bound=bound, many=many, **p: (
            bound(ones, *many, **({"batch_dims": 1} | p))
        )
# Integer parameters: the least value; whether None or tuples are accepted.
PARAMETERS = {
    "chunk_size": 1, "workers": 1, "batch_dims": 0, "argnums": 0, "order": 0, "max_paths": 1,
    "max_bytes": 1, "verify": 0, "nondiff_argnums": 0, "limit": 1, "max_iter": 1,
}  # fmt: skip


def takes(name):
    """The integer parameters of a function, from its stub or signature."""
    owner, _, method = name.partition(",")[0].rpartition(".")
    if owner in ("Tape", "Function"):
        if method in ("explain", "instructions", "table"):
            found = inspect.signature(getattr(getattr(ad_core, owner), method)).parameters
            return [p for p in found if p in PARAMETERS]
        by_number = ["argnums"] if method not in ("__call__", "ggnvp") else []
        return ["workers", "batch_dims", *by_number]
    place = ad_core.implicit if owner == "implicit" else ad_core
    found = inspect.signature(getattr(place, method or name)).parameters
    return [p for p in found if p in PARAMETERS]


CASES = [(name, parameter) for name in one for parameter in takes(name)]


def test_the_cases_include_every_integer_parameter():
    covered = {name for name, _ in CASES}
    for name in ad_core.__all__:
        call = getattr(ad_core, name)
        if not inspect.isfunction(call) and name not in ("custom_jvp", "custom_vjp"):
            continue
        if set(inspect.signature(call).parameters) & set(PARAMETERS):
            assert name in covered, name
    assert len(CASES) > 60


@pytest.mark.parametrize(("name", "parameter"), CASES)
def test_the_message_names_a_parameter_that_is_not_an_integer(name, parameter):
    call = one[name]
    for value in NO_INTEGERS:
        if "argnums" in parameter and isinstance(value, (list, tuple)):
            continue
        with pytest.raises(TypeError) as caught:
            call(**{parameter: value})
        is_ours(caught.value, parameter, value)


@pytest.mark.parametrize(("name", "parameter"), CASES)
def test_the_message_names_a_parameter_that_is_out_of_range(name, parameter):
    call = one[name]
    for value in (*GIANT, *SMALL):
        with pytest.raises(ValueError) as caught:
            call(**{parameter: value})
        is_ours(caught.value, parameter, value)


def is_ours(error, parameter, value):
    text = str(error)
    assert parameter in text
    assert shown(value) in text
    assert "\n" not in text
    assert not re.search(RAW, text)
    assert "Exceeds the limit" not in text


@pytest.mark.parametrize(("name", "parameter"), CASES)
def test_integers_of_every_class_are_accepted(name, parameter):
    if "argnums" in parameter:  # there is but one argument
        values = [type(value)(0) if np.ndim(value) == 0 and type(value) is not np.ndarray else 0
                  for value in GOOD]  # fmt: skip
    elif parameter == "batch_dims" and "batch" not in name:
        values = [0, np.int64(0), np.uint8(0)]
    else:
        values = GOOD
    for value in values:
        one[name](**{parameter: value})


def test_the_order_of_derivatives_has_a_limit():
    with pytest.raises(ValueError, match=f"order must be .* at most {MOST_ORDER}, got 1000"):
        ad_core.check_grads(total, (x,), order=1000)
    with pytest.raises(ValueError, match=r"order must be .* at most 1000000, got 2147483648"):
        ad_core.jet(total, (x,), (ones,), order=2**31)


@pytest.mark.parametrize("name", ["eps", "atol", "rtol"])
def test_the_message_names_a_tolerance_that_is_not_a_number(name):
    for value in (10**5000, -1.0, float("nan"), *([float("inf")] if name == "eps" else [])):
        with pytest.raises(ValueError, match=f"{name} must be") as caught:
            ad_core.check_grads(total, (x,), **{name: value})
        is_ours(caught.value, name, value)
    for value in ("1", b"1", 1j, object(), np.ones(2)):
        with pytest.raises(TypeError, match=f"{name} must be") as caught:
            ad_core.check_grads(total, (x,), **{name: value})
        is_ours(caught.value, name, value)


def test_messages_show_values_in_one_short_line():
    for value in (10**5000, -(2**900), "x" * 999, [[10**5000] * 99], np.eye(9), (1,), [], "a\nb"):
        text = shown(value)
        assert len(text) < 700
        assert "\n" not in text
    assert shown((1,)) == "(1,)"
    assert shown([2**300, "a"]) == "[an int of 301 bits, 'a']"
    assert shown(-(2**300)) == "a negative int of 301 bits"
    endless = []
    endless.append(endless)
    assert shown(endless) == "[[[...]]]"
    assert len(shown([[["x" * 50] * 9] * 9] * 9)) < 300


B = 10**400  # an operand, not a count


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.clip(x, 0, B),
        lambda x: np.where(x > 1, x, B),
        lambda x: np.full_like(x, B),
        lambda x: np.apply_along_axis(lambda r, w: r * len(range(1.5)), 0, x, 2.5),
        lambda x: np.piecewise(x, [x > 1], [lambda v: v * len(range(1.5)), 0.5]),
    ],
)
def test_errors_that_are_not_about_integers_are_unchanged(f):
    with pytest.raises(Exception) as plain:
        f(x)
    with pytest.raises(type(plain.value)) as traced:
        ad_core.jacobian(f)(x)
    assert str(traced.value) == str(plain.value)


class Two:
    def __index__(self):
        return 2


def test_transforms_accept_classes_with_index():
    np.testing.assert_array_equal(
        ad_core.jacobian(lambda x: x * x, chunk_size=Two())(x), np.diag(2 * x)
    )
    tape = ad_core.trace(total, x)
    assert tape.grad(np.ones((2, 3, *x.shape)), batch_dims=Two()).shape == (2, 3, *x.shape)


def test_large_negative_lengths_are_called_negative():
    with pytest.raises(ValueError, match="negative dimensions"):
        ad_core.jacobian(lambda x: np.zeros(-(2**70)) * x[0])(x)


def test_integer_accepts_a_class_with_index():
    class Three:
        def __index__(self):
            return 3

    assert integer(Three(), "n", "an int") == 3


# Of traced arrays: an index or an axis, and what NumPy raises of a plain array.
matrix = x.reshape(2, 3)


def stored(x, key):
    y = x * 2.0
    y[key] = x[0]
    return y


def stored_in_zeros(x, key):
    y = np.zeros(6)
    y[key] = x[0]
    return y


INDEXED = {
    "x[k]": lambda x, k: x[k],
    "x[[k]]": lambda x, k: x[[k]],
    "X[k]": lambda x, k: x.reshape(2, 3)[k],
    "X[0, k]": lambda x, k: x.reshape(2, 3)[0, k],
    "X[..., k]": lambda x, k: x.reshape(2, 3)[..., k],
    "X[:, [k]]": lambda x, k: x.reshape(2, 3)[:, [k]],
    "y[k] = a": stored,
    "zeros[k] = a": stored_in_zeros,
    "x.item(k)": lambda x, k: x.item(k),
    "x.take(k)": lambda x, k: x.take(k),
}


@pytest.mark.parametrize("name", INDEXED)
def test_errors_for_indices_out_of_bounds_do_not_mention_types_of_c(name):
    for k in (*GIANT, *SMALL, 99):
        with pytest.raises(IndexError) as caught:
            ad_core.jacobian(lambda x, k=k: INDEXED[name](x, k))(x)
        assert not re.search(RAW, str(caught.value))
        assert "Exceeds the limit" not in str(caught.value)
        assert "\n" not in str(caught.value)


ALONG = {
    name: (lambda x, axis, name=name: getattr(np, name)(x, axis=axis))
    for name in (
        "sum", "prod", "max", "min", "mean", "var", "std", "cumsum", "cumprod", "median",
        "nansum", "flip", "expand_dims", "diff", "gradient", "sort", "argsort", "argmax", "ptp",
        "all", "any", "average", "trapezoid", "squeeze",
    )
} | {
    "roll": lambda x, axis: np.roll(x, 1, axis=axis),
    "stack": lambda x, axis: np.stack([x, x], axis=axis),
    "concatenate": lambda x, axis: np.concatenate([x, x], axis=axis),
    "repeat": lambda x, axis: np.repeat(x, 2, axis=axis),
    "delete": lambda x, axis: np.delete(x, 0, axis=axis),
    "split": lambda x, axis: np.split(x, 1, axis=axis)[0],
    "moveaxis": lambda x, axis: np.moveaxis(x, axis, 0),
    "swapaxes": lambda x, axis: np.swapaxes(x, 0, axis),
    "norm": lambda x, axis: np.linalg.norm(x, axis=axis),
    "quantile": lambda x, axis: np.quantile(x, 0.3, axis=axis),
    "take": lambda x, axis: np.take(x, [0], axis=axis),
    "x.sum": lambda x, axis: x.sum(axis=axis),
    "x.max": lambda x, axis: x.max(axis),
    "x.sort": lambda x, axis: (x * 1.0).sort(axis=axis),
    "add.reduce": lambda x, axis: np.add.reduce(x, axis=axis),
    "add.accumulate": lambda x, axis: np.add.accumulate(x, axis=axis),
}  # fmt: skip


@pytest.mark.parametrize("name", ALONG)
def test_errors_for_wrong_axes_do_not_mention_types_of_c(name):
    for axis in (*GIANT, *SMALL, 2**31):
        with pytest.raises((ValueError, IndexError)) as caught:
            ad_core.jacobian(lambda x, axis=axis: ALONG[name](x, axis) * 1.0)(x)
        assert not re.search(RAW, str(caught.value))
        assert "Exceeds the limit" not in str(caught.value)
    for axis in ("3", b"1", 2.5, 1j, object(), [1.5], slice(None)):
        with pytest.raises((TypeError, ValueError)) as caught:
            ad_core.jacobian(lambda x, axis=axis: ALONG[name](x, axis) * 1.0)(x)
        assert not re.search(RAW, str(caught.value))


SHAPED = {
    "reshape": lambda x, n: x.reshape(n),
    "np.reshape": lambda x, n: np.reshape(x, (n, 1)),
    "broadcast_to": lambda x, n: np.broadcast_to(x, (n, 6)),
    "zeros": lambda x, n: np.zeros(n) + x[0],
    "full": lambda x, n: np.full(n, x[0]),
    "repeat": lambda x, n: np.repeat(x, n),
    "tile": lambda x, n: np.tile(x, n),
    "split": lambda x, n: np.split(x, n)[0],
}


@pytest.mark.parametrize("name", SHAPED)
def test_errors_for_wrong_sizes_do_not_mention_types_of_c(name):
    # NumPy's own buffers contain plain numbers; for others NumPy raises an error of its own
    others = () if name in ("zeros", "full") else (object(),)
    for n in (2**63, 2**70, *others):
        with pytest.raises((ValueError, TypeError, IndexError)) as caught:
            ad_core.jacobian(lambda x, n=n: SHAPED[name](x, n))(x)
        assert not re.search(RAW, str(caught.value)), re.escape(repr(n))


def test_exceptions_of_the_users_function_are_unchanged():
    def raises(row):
        return int(float("inf")) + row

    with pytest.raises(OverflowError, match="cannot convert float infinity to integer"):
        ad_core.jacobian(lambda x: np.apply_along_axis(raises, 0, x))(x)
