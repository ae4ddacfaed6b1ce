# SPDX-License-Identifier: Apache-2.0
"""Warnings of a compiled function that is recorded more often than its caller may expect."""

import inspect

import numpy as np

from ad_core import _core
from ad_core.errors.warning import warn_user

__all__ = ["warn_bytes", "warn_paths", "warn_values"]

ANEW = "ad_core.grad, ad_core.jacobian and the other transforms record it in every call"


def warn_paths(fun, limit):
    """More paths than max_paths for arguments of one kind."""
    _warn(
        fun,
        f"takes more than {limit} paths for arguments of one kind, and only so many recordings are "
        f"kept: compile(max_paths=...) keeps more; if almost every point takes a path of its own, "
        f"{ANEW}, which is faster",
    )


def warn_bytes(fun, limit):
    """Recordings that need more memory than max_bytes."""
    _warn(
        fun,
        f"has recordings and programs of more than {limit:,} bytes, of which the least recently "
        f"used are dropped: compile(max_bytes=...) keeps more, clear() drops all",
    )


def warn_values(fun, k, value, count):
    """Many recordings that differ in the value of argument k alone; k is its number or name."""
    if isinstance(k, str):
        remedy = "pass it by position, so that it is an input if it consists of floats"
    elif isinstance(value, (int, np.ndarray, np.generic, list, tuple, dict)):
        remedy = f"pass floats if {_core.name_of(fun)} computes with it (float(n), a.astype(float))"
    else:
        remedy = "pass the same object in each call"
    _warn(
        fun,
        f"has been recorded for {count} values of argument {k}{_name(fun, k)}, where all other "
        f"arguments are alike: an argument that does not consist of floats, or is given by name, "
        f"is part of the recording; {remedy}, or do not compile the function: {ANEW}",
    )


def _warn(fun, text):
    warn_user(f"{_core.name_of(fun)} {text}")


def _name(fun, k):
    """The name of a parameter for messages."""
    if isinstance(k, str):
        return ""
    try:
        names = list(inspect.signature(fun).parameters)
    except (TypeError, ValueError):
        return ""
    return f" ({names[k]})" if k < len(names) else ""
