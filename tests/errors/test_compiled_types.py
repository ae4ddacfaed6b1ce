# SPDX-License-Identifier: Apache-2.0
"""Compiled code of other libraries that gets traced values is refused, also where it replaces the
refusal by an error of its own."""

import array
import contextlib
import struct

import numpy as np
import pytest

import ad_core
from ad_core.errors import NotDifferentiable

pytestmark = pytest.mark.usefixtures("nothing_leaks")


PLAIN = np.zeros(1)


def test_a_refusal_that_compiled_code_has_replaced():
    def f(x):
        with contextlib.suppress(NotDifferentiable):
            PLAIN[0] = x[0]
        return struct.pack("d", x[0])

    with pytest.raises(NotDifferentiable, match="test_compiled_types"):
        ad_core.grad(f)(np.ones(2))


def test_an_error_of_the_function_itself_stays():
    def f(x):
        with contextlib.suppress(NotDifferentiable):
            PLAIN[0] = x[0]
        raise LookupError("no such model")

    with pytest.raises(LookupError, match="no such model") as caught:
        ad_core.grad(f)(np.ones(2))
    assert "a refusal was caught or lost" in str(caught.value.__notes__)


def test_arrays_of_python():
    with pytest.raises(NotDifferentiable, match="float"):
        ad_core.grad(lambda x: array.array("d", [x])[0])(1.0)


def test_compiled_code_that_wants_memory():
    for f in (lambda x: memoryview(x).nbytes, lambda x: np.ndarray((2,), float, x).sum()):
        with pytest.raises(
            NotDifferentiable, match=r"was given traced values.*test_compiled_types"
        ):
            ad_core.grad(f)(np.ones(2))
