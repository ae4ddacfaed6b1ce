# SPDX-License-Identifier: Apache-2.0
"""Sparse derivatives of recordings by sweeps with few seeds."""

import numpy as np

from ad_core import _core
from ad_core.recording import debugging
from ad_core.sparse.pattern import jacobian_structure, symmetric
from ad_core.sparse.route import hessian_route, jacobian_route

__all__ = ["Compression", "any_multipliers"]


class Compression:
    """Sparsity pattern and route of a recording's Jacobian or Hessian, for this recording and any
    other of the same path."""

    def __init__(self, recording, name, hessian=False, mode=None, chunk_size=None, like=None,
                 lagrangian=False):  # fmt: skip
        """like: an earlier one, whose index arrays and colours are used again if they fit.

        lagrangian: the Hessian is that of the sum of all results, each times a multiplier."""
        self.name = name
        self.hessian = hessian
        self.mode = mode
        self.chunk_size = chunk_size
        self._any = any_multipliers(recording) if lagrangian else None
        swept = recording.differentiated(self._any) if hessian else recording
        self.structure = self._structure(swept)
        self.edges = _core.sweep_edges(swept.trace)
        self._route = self._direct = None
        if like is not None and like.structure.same(self.structure):
            self.structure = like.structure
            self._route, self._direct = like._route, like._direct
        self._first = recording, swept

    @property
    def route(self):
        """The Route, chosen when it is first used: a colouring may take longer than finding the
        sparsity pattern."""
        if self._route is None:
            self._route = (
                hessian_route(self.structure, self.edges)
                if self.hessian
                else jacobian_route(self.structure, self.edges, self.mode)
            )
        return self._route

    def _structure(self, swept):
        found = jacobian_structure(swept, self.name)
        return symmetric(found) if self.hessian else found

    def entries(self, recording, multipliers=None):
        """The entries at a recording's point.

        For a Hessian the gradient is recorded again.  Raises RuntimeError if a derivative rule
        gives it another sparsity pattern at this point.
        """
        first, swept = self._first or (None, None)
        if recording is not first or multipliers is not None:
            swept = recording.differentiated(multipliers) if self.hessian else recording
            rules = self.hessian and _core.called_rules(recording.trace)
            every = (
                recording.differentiated(self._any) if rules and self._any is not None else swept
            )
            if rules and not self._structure(every).same(self.structure):
                raise RuntimeError(
                    f"the Hessian of {self.name} has another sparsity pattern at this point than "
                    f"at the point of the recording, because a derivative rule depends on values; "
                    f"use the dense Hessian (sparse=False)"
                )
        found = self.route.entries(swept, self.structure, self.chunk_size)
        steps = self.route.recovery is not None and not self.route.recovery.direct
        if steps and not np.isfinite(found).all():
            # An infinity or NaN has spread to the entries that were computed from it.
            if self._direct is None:
                self._direct = self.route.without_steps(self.structure)
            found = self._direct.entries(swept, self.structure, self.chunk_size)
        found = debugging.check_derivative(swept, found)
        if swept.dependences:
            found = self._marked(found, swept.dependences)
        return found

    def _marked(self, found, pairs):
        """The entries, with NaN where they depend on undetermined results (see
        ad_core/recording/undetermined.py)."""
        rows, columns = self.structure.rows, self.structure.indices
        for pair in pairs:
            found = np.where(pair.rows[rows] & pair.columns[columns], np.nan, found)
        return found

    def forget(self):
        """Drop the recording that it was made from."""
        self._first = None


def any_multipliers(recording):
    """Multipliers of a recording's results with which no entry of the Hessian cancels or vanishes:
    1 and the fractional parts of the multiples of an irrational number."""
    numbers = np.arange(1, recording.outputs.size + 1)
    return 1.0 + np.modf(numbers * np.sqrt(2.0))[0]
