# SPDX-License-Identifier: Apache-2.0
"""Attributes of objects of other packages, exchanged for stand-ins."""

import inspect

from ad_core.adapting.namespaces import (
    HEAP,
    IMMUTABLE,
    LEFT_ALONE,
    exchange_inside,
    kept_by,
    lock,
    note,
)
from ad_core.adapting.stand_ins import stand_in_of

__all__ = ["exchange_in_object"]


def exchange_in_object(x):
    """Exchange the attributes of an object of a package's class (``self.limit = float``); returns
    their number."""
    kind = type(x)
    label = getattr(kind, "__module__", None) or ""
    if (
        not kind.__flags__ & HEAP
        or kind.__flags__ & IMMUTABLE
        or (label.partition(".")[0] in LEFT_ALONE)
    ):
        return 0
    names = [name for base in kind.__mro__ for name in _slots(base)]
    found = 0
    with lock:
        for name in [*names, *getattr(x, "__dict__", ())]:
            original = inspect.getattr_static(x, name, None)
            original = getattr(x, name, None) if name in names else original
            stand_in = stand_in_of(original)
            owner = f"{kind.__qualname__} object"
            if stand_in is not None:
                found += _set_of_object(x, owner, name, original, stand_in)
            elif type(original) in (dict, list):
                found += exchange_inside(original, None, label, f"{owner}: {name}", set())
    return found


def _slots(kind):
    slots = vars(kind).get("__slots__", ())
    slots = (slots,) if isinstance(slots, str) else tuple(slots)
    return [name for name in slots if name not in ("__dict__", "__weakref__")]


def _set_of_object(x, label, name, original, stand_in):
    def undo():
        if getattr(x, name, None) is stand_in:
            object.__setattr__(x, name, original)

    place = type(x), name
    if kept_by.get(place, 0) >= MOST_KEPT:
        return 0
    kept_by[place] = kept_by.get(place, 0) + 1
    try:
        object.__setattr__(x, name, stand_in)
    except (AttributeError, TypeError):  # the class has its own way to store it
        return 0
    return note(type(x).__module__, f"{label}: {name}", undo)


MOST_KEPT = 256  # of these: each run of a function may make another object
