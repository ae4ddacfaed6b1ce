# SPDX-License-Identifier: Apache-2.0
"""Sparse derivatives of plain functions, which are recorded in every call."""

from ad_core import _core
from ad_core.errors import TracedValueError
from ad_core.recording.record import record
from ad_core.sparse.compression import Compression
from ad_core.sparse.pattern import check_one_array

__all__ = ["recorded", "sparse_derivative"]


def recorded(fun, args, kwargs, argnums, has_aux, hessian):
    """A recording of a function of one array with one array as its result; other functions raise
    TypeError."""
    recording = record(fun, args, kwargs, argnums, has_aux)
    name, label = "hessian" if hessian else "jacobian", _core.name_of(fun)
    if recording.nested:
        raise TracedValueError(
            f"sparse=True cannot be used for {label} while it is traced, since traced values are "
            f"dense; leave sparse out"
        )
    trees = recording.inputs.tree.trees
    check_one_array(name, label, trees, recording.single, recording.outputs.tree)
    if hessian and recording.outputs.shapes != [()]:
        raise TypeError(
            f"hessian with sparse=True needs a function with one scalar result, got shape "
            f"{recording.outputs.shapes[0]} from {label}; use jacobian for arrays"
        )
    return recording


def sparse_derivative(fun, argnums, has_aux, hessian=False, with_value=False, mode=None,
                      chunk_size=None):  # fmt: skip
    """The function that the transforms return for sparse=True.

    It finds the sparsity pattern in every call.  As long as the pattern stays the same, it uses the
    index arrays and colours of the call before.
    """
    known = None

    def derivative(*args, **kwargs):
        nonlocal known
        recording = recorded(fun, args, kwargs, argnums, has_aux, hessian)
        # Another trace may be running, of which this recording is not a part.
        swept = _core.untraced(
            Compression, recording, _core.name_of(fun), hessian, mode, chunk_size, known
        )
        result = swept.structure([_core.untraced(swept.entries, recording)])
        swept.forget()
        known = swept
        if not with_value:
            return (result, recording.aux) if has_aux else result
        value = recording.value()
        return ((value, recording.aux) if has_aux else value), result

    return derivative
