# SPDX-License-Identifier: Apache-2.0
"""compile(verify=n): the results of recordings are compared with those of the function itself."""

import numpy as np

from ad_core import _core
from ad_core.programs.arguments import CallArguments
from ad_core.programs.evaluation import Evaluation
from ad_core.programs.purity import are_close, short
from ad_core.recording.plain import difference, flatten_numbers
from ad_core.recording.trees import flatten

__all__ = ["verified"]

REMEDY = (
    "what it reads besides its arguments (random numbers, counters, values of globals and "
    "closures) was fixed when it was recorded: pass it as an argument, call clear() when it has "
    "changed, or use transforms that record in every call (ad_core.grad, ad_core.jacobian, ...)"
)


def verified(function, given, count):
    """Compare the values at the first `count` points of a call with the function's own.

    Returns how many points were compared.  Raises RuntimeError that says what differs.
    """
    count = min(count, given.points())
    for number in range(count):
        where = f"at point {number} of the batch " if given.batch_dims else ""
        _verified(function, given, given.example(number), where)
    return count


def _verified(function, given, args, where):
    point = CallArguments(function, args, 0, given.kwargs, of_one_point=True)
    evaluation = Evaluation(function, point, "value", 0, ())
    pack, results = evaluation.run(None, None, None)
    found, tree = flatten_numbers(results[0] if pack is None else pack(results))
    head = f"{function._label} is not a function of its arguments alone: {where}the function itself"
    # A program gives no warnings, so this call gives none either.
    quiet = {kind: "ignore" for kind, mode in np.geterr().items() if mode != "raise"}
    try:
        with _core.float_errors(**quiet):
            own = function.__wrapped__(*map(_copied, args), **given.kwargs)
    except Exception as error:
        raise RuntimeError(
            f"{head} raises {type(error).__name__} where its recording returns "
            f"{', '.join(map(short, found))}; {REMEDY}"
        ) from error
    leaves, other = flatten_numbers(own)
    if tree != other:
        raise RuntimeError(
            f"{head} returns another structure than its recording: {difference(other, tree)}; "
            f"{REMEDY}"
        )
    for k, (x, y) in enumerate(zip(found, leaves, strict=True)):
        if not are_close(x, y) and not _by_rounding(evaluation, found):
            which = f" (leaf {k} of the result)" if len(found) > 1 else ""
            raise RuntimeError(
                f"{head} returns {short(y)}{which} and its recording {short(x)}; {REMEDY}"
            )


def _by_rounding(evaluation, found):
    """Whether a recording made at this point gives the same bits: then the difference comes from
    rounding in the program, by cancellation or by a test that depends on a last bit."""
    path = evaluation.record(0)
    results, missed = path._build("value", 0).batch(evaluation.given.leaves, None, None, None)
    if missed is not None and missed.any():
        return True
    pack = path._build("value", 0).pack
    own = flatten_numbers(results[0] if pack is None else pack(results))[0]
    return all(
        np.asarray(x).tobytes() == np.asarray(y).tobytes() for x, y in zip(found, own, strict=True)
    )


def _copied(argument):
    """A copy of an argument, which the function may write to."""
    leaves, tree = flatten(argument)
    return tree.build([x.copy(order="K") if isinstance(x, np.ndarray) else x for x in leaves])
