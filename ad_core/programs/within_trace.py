# SPDX-License-Identifier: Apache-2.0
"""The methods of tapes and Functions on traced values: the same as the transforms."""

from ad_core.errors import TracedValueError
from ad_core.transforms import first_order, second_order

__all__ = ["transformed"]


def transformed(fun, label, name, args, argnums, seeds):
    """The method `name` of a function that is recorded on the enclosing trace."""
    if name.startswith("sparse"):
        raise TracedValueError(
            f"sparse=True cannot be used for {label} while it is traced, since traced values are "
            f"dense; leave sparse out"
        )
    if name == "value":
        return fun(*args)
    if name == "jvp":
        return first_order.jvp(fun, args, seeds if len(args) == 1 else seeds[0])[1]
    if name == "vjp":
        found = first_order.vjp(fun, *args)[1](*seeds)
        return found[0] if len(args) == 1 else found
    if name == "hvp":
        return first_order.hvp(fun, args, seeds if len(args) == 1 else seeds[0])
    if name in ("ggnvp", "weighted_ggnvp"):
        tangents, *weights = seeds
        tangents = (tangents,) if len(args) == 1 else tangents
        return second_order.ggnvp(fun, args, tangents, *weights)
    if name == "lagrangian_hessian":
        return second_order.lagrangian_hessian(fun, args, *seeds, argnums=argnums)
    if name.startswith("holomorphic_"):
        of = getattr(first_order, name.removeprefix("holomorphic_"))
        return of(fun, argnums, holomorphic=True)(*args)
    return getattr(first_order, name)(fun, argnums)(*args)
