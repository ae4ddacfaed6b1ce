# SPDX-License-Identifier: Apache-2.0
"""Which arguments of a function are meant: the argnums of every transform and method."""

import math

from ad_core.errors.integers import integer, shown

__all__ = ["is_single", "numbered"]


def is_single(argnums):
    """Whether one argument is asked for by number, so that results are not wrapped in a tuple."""
    return not isinstance(argnums, (tuple, list))


def numbered(argnums, count, told):
    """argnums of a function of `count` arguments as a list of numbers from 0 on.

    Raises TypeError for what is no number, ValueError for one that is too large (told says how
    many arguments there are) or named twice.
    """
    numbers = []
    for given in [argnums] if is_single(argnums) else argnums:
        k = integer(given, "argnums", "an int or a tuple of ints", most=math.inf, given=argnums)
        if not -count <= k < count:
            raise ValueError(f"argnums={shown(argnums)} names an argument that {told}")
        numbers.append(k % count)
    if len(set(numbers)) != len(numbers):
        raise ValueError(f"argnums={shown(argnums)} names an argument twice")
    return numbers
