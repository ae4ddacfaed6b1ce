# SPDX-License-Identifier: Apache-2.0
"""Products with the Jacobian or Hessian by some of the arguments: argnums of jvp, vjp and hvp."""

import numpy as np

from ad_core.programs.fallback import into
from ad_core.recording.argnums import is_single, numbered
from ad_core.recording.plain import flatten_inputs, flatten_numbers
from ad_core.recording.trees import flatten

__all__ = ["by_argnums"]


def by_argnums(self, name, primals, seed, argnums, out, workers, progress, batch_dims, kwargs):
    """A product of a Tape or Function by the arguments argnums; the tangents of the others are
    zero, and their cotangents are left out."""
    args, several = self._arguments(primals)
    count = len(args)
    numbers = numbered(argnums, count, f"was not given: {self._label} was called with {count}")
    single = is_single(argnums)
    inputs = self._inputs_among(args, numbers)
    if name != "vjp":
        if not single and not (isinstance(seed, (tuple, list)) and len(seed) == len(numbers)):
            raise ValueError(
                f"the tangents of {self._label} must be a tuple of {len(numbers)}, one for each of "
                f"argnums={argnums!r}"
            )
        given = dict(zip(numbers, (seed,) if single else seed, strict=True))
        whole = [given[k] if k in given else _zeros(args[k]) for k in inputs]
        seed = whole[0] if len(inputs) == 1 and not self._takes_tuples(several) else tuple(whole)
    method = getattr(self, name)
    wanted = out if name == "jvp" else None
    found = method(primals, seed, out=wanted, workers=workers, progress=progress,
                   batch_dims=batch_dims, **kwargs)  # fmt: skip
    if name == "jvp":
        return found
    if len(inputs) == 1 and not self._takes_tuples(several):
        found = (found,)
    parts = [found[inputs.index(k)] for k in numbers]
    result = parts[0] if single else tuple(parts)
    if out is not None:
        into(flatten_numbers(result)[0], flatten(out)[0], f"{name} of {self._label}", ())
        return out
    return result


def _zeros(argument):
    """Zero tangents of an argument, which take no memory."""
    leaves, tree = flatten_inputs(argument)
    return tree.build([np.broadcast_to(0.0, np.shape(leaf)) for leaf in leaves])
