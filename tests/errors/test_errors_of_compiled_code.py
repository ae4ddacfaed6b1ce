# SPDX-License-Identifier: Apache-2.0
"""TypeErrors of compiled code that was given traced values are refusals."""

import datetime
import decimal
import random
import zlib

import numpy as np
import pytest

import ad_core

pytestmark = pytest.mark.usefixtures("nothing_leaks", "names_stay")

x2 = np.array([1.3, 2.2])


@pytest.mark.parametrize(
    "use",
    [
        lambda x: datetime.timedelta(seconds=x[0]),
        lambda x: zlib.crc32(x[0]),
        lambda x: random.Random(x[0]),
        lambda x: decimal.Decimal(x[0]),
    ],
)
def test_type_errors_of_compiled_code_are_refusals(use):
    """Their own messages speak of types that the user has not written."""
    for transform in (ad_core.jacobian, ad_core.jacfwd, ad_core.compile):
        with pytest.raises(
            ad_core.errors.NotDifferentiable, match=r"test_errors_of_compiled_code\.py, line"
        ) as caught:
            transform(lambda x: x * (use(x) is None))(x2)
        assert isinstance(caught.value, TypeError)


def test_type_errors_of_the_function_itself_stay():
    def f(x):
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine") as caught:
        ad_core.jacobian(f)(x2)
    assert not isinstance(caught.value, ad_core.errors.NotDifferentiable)
