"""The exception classes, and the names of arguments in their messages."""

import pickle

import numpy as np
import pytest

import ad_core
from ad_core import errors
from agreement import refused

LONG = np.clongdouble(1j)  # of no type that is taken


def test_every_refusal_has_the_common_base_class_and_a_builtin_one():
    kinds = {
        errors.TracedValueError: TypeError, errors.TracedIndexError: IndexError,
        errors.TracedAttributeError: AttributeError, errors.NoDerivativeError: NotImplementedError,
        errors.DtypeError: TypeError, errors.EscapedTraceError: RuntimeError,
    }  # fmt: skip
    for kind, builtin in kinds.items():
        assert issubclass(kind, errors.NotDifferentiable)
        assert issubclass(kind, builtin)
        assert getattr(ad_core, kind.__name__) is kind
        again = pickle.loads(pickle.dumps(kind("text")))
        assert type(again) is kind
        assert again.args == ("text",)
        assert kind.as_numpy_raises("text").args == ("text",)
    for kind in (errors.BranchChanged, errors.TapeFullError):
        assert not issubclass(kind, errors.NotDifferentiable)


@pytest.mark.parametrize("given", [3, True, LONG, "1.0", np.arange(2), np.array([1.0, None])])
def test_inputs_that_are_not_floats_raise_refusals(given):
    for transform in (ad_core.grad, ad_core.jacobian, ad_core.compile):
        with pytest.raises(TypeError):
            transform(lambda x: x)(given) if transform is not ad_core.compile else transform(
                lambda x: x
            ).grad(given)
    with refused(errors.DtypeError, "argument 0"):
        ad_core.vjp(lambda x: x, given)


LEAVES = {
    "a dict of lists": (({"joint": [1.0, 2.0, LONG]},), 0, "argument 0 ['joint'][2] of"),
    "a tuple": ((1.0, (2.0, LONG)), 1, "argument 1 [1] of"),
    "a bare argument": ((1.0, 3), 1, "argument 1 of"),
    "numbers as keys": (({3: 1.0, 5: LONG},), 0, "argument 0 [5] of"),
    "nested": (([{"a": (1.0, {"b": LONG})}],), 0, "argument 0 [0]['a'][1]['b'] of"),
}


@pytest.mark.parametrize("name", LEAVES)
def test_messages_name_leaves_by_their_path(name):
    args, k, words = LEAVES[name]
    with refused(errors.DtypeError, words, "<lambda>"):
        ad_core.vjp(lambda *x: 0.0, *args)
    with refused(errors.DtypeError, words, "<lambda>"):
        ad_core.jacobian(lambda *x: 0.0, k)(*args)
