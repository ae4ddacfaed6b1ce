# SPDX-License-Identifier: Apache-2.0
"""The parameter argnums of every transform and method: which arguments to differentiate by."""

import math
from typing import TypeAlias

from ad_core.errors.integers import integer, shown

__all__ = ["Argnums", "is_single", "numbered"]

Argnums: TypeAlias = int | tuple[int, ...] | list[int]


def is_single(argnums):
    """Whether argnums is one number, so that results are not wrapped in a tuple."""
    return not isinstance(argnums, (tuple, list))


def numbered(argnums, count, missing):
    """argnums of a function of `count` arguments as a list of numbers that start at 0.

    Raises TypeError for an entry that is not an integer, and ValueError for one that is out of
    range or appears twice. `missing` ends the message for an entry that is out of range.
    """
    numbers = []
    for given in [argnums] if is_single(argnums) else argnums:
        k = integer(given, "argnums", "an int or a tuple of ints", most=math.inf, given=argnums)
        if not -count <= k < count:
            raise ValueError(f"argnums={shown(argnums)} names an argument that {missing}")
        numbers.append(k % count)
    if len(set(numbers)) != len(numbers):
        raise ValueError(f"argnums={shown(argnums)} names an argument twice")
    return numbers
