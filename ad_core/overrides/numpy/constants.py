# SPDX-License-Identifier: Apache-2.0
"""Arguments that hold traced values, those of which do not depend on an input, and what is said of
complex ones."""

import numpy as np

from ad_core import _core
from ad_core.errors import NoDerivativeError

__all__ = ["any_involved", "only_constants", "plain_constant", "refuse_complex"]


def any_involved(items):
    """Whether nested sequences hold a real or complex traced value."""
    return any(
        _core.traced(x)
        or _core.traced_complex(x)
        or (isinstance(x, list | tuple) and any_involved(x))
        for x in items
    )


def plain_constant(leaf):
    """A traced array of constants as a plain array, and None if it depends on an input. Other
    objects are returned unchanged."""
    if not _core.traced(leaf):
        objects = isinstance(leaf, np.ndarray) and leaf.dtype == object
        return None if objects and any_involved(leaf.ravel().tolist()) else leaf
    return _core.current_values(leaf) if _core.is_constant(leaf) else None


def only_constants(item, plain=plain_constant):
    """The nested item with its traced arrays of constants as plain arrays; None if one of them
    depends on an input. plain is called for each leaf."""
    if plain is plain_constant and _core.holds_variable(item):
        return None
    if isinstance(item, dict):
        values = only_constants(list(item.values()), plain)
        return None if values is None else dict(zip(item, values, strict=True))
    if isinstance(item, list | tuple):
        parts = [only_constants(part, plain) for part in item]
        bad = any(p is None and x is not None for p, x in zip(parts, item, strict=True))
        return None if bad else type(item)(parts)
    return plain(item)


def refuse_complex(name):
    raise NoDerivativeError(
        f"{name} of complex values has no derivative in ad_core{_core.user_line()}; apply it to "
        f".real, .imag or np.abs(...), or write it with + - * / ** and exp"
    )
