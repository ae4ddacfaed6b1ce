# SPDX-License-Identifier: Apache-2.0
"""Functions with functools.lru_cache or functools.cache: a call with traced values is not cached,
because a traced value has no hash, and a result belongs to its trace."""

import functools

from ad_core import _core
from ad_core.adapting.stand_ins import by_kind, stand_in_of

__all__ = []

KIND = type(functools.lru_cache(lambda: None))


@by_kind
def of_cached(x):
    """The stand-in for a function with a cache."""
    return _core.StandIn(x, functools.partial(_called, x)) if type(x) is KIND else None


def _called(cached, *args, **kwargs):
    if not _holds_traced((args, kwargs)):
        return cached(*args, **kwargs)
    function = cached.__wrapped__
    return (stand_in_of(function) or function)(*args, **kwargs)  # one that is compiled refuses


def _holds_traced(item):
    if type(item) is dict:
        item = list(item.values())
    if type(item) in (list, tuple):
        return any(map(_holds_traced, item))
    return _core.traced(item) or _core.is_complex_value(item)
