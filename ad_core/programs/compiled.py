# SPDX-License-Identifier: Apache-2.0
"""A recording that evaluates its function and derivatives at new points."""

import linecache
from functools import partial

from ad_core import _core
from ad_core.errors import BranchChanged
from ad_core.programs.arguments import check_batch_dims
from ad_core.programs.build import SEEDS, build, seed_leaves
from ad_core.programs.large import Replayed, Swept
from ad_core.programs.source import Source
from ad_core.programs.sparse import pattern
from ad_core.trees import flatten

__all__ = ["Compiled"]

_core.set_flatten(flatten)


class Compiled(_core.Evaluator):
    """Fixed core shapes, one path through the function; extra leading axes are a batch."""

    def __init__(self, recording, name):
        self._recording = recording
        self._name = name
        self._source = None
        self._built = {}
        self._facts = {}

    @property
    def _lowered(self):
        """The recording as a graph, made when it is first asked for."""
        if self._source is None:
            self._source = Source(self._recording, self._name)
        return self._source

    def _build(self, name, argnums):
        """The Call of a method; the core keeps those for argnums=0."""
        numbers, single = self._lowered.wrt(argnums)
        key = name, tuple(numbers), single
        if key not in self._built:
            self._built[key], self._facts[key] = self._make(name, argnums)
        return self._built[key]

    def _make(self, name, argnums):
        source = self._lowered
        report = partial(_branch_changed, self._recording.trace, self._name)
        if source.graph is None and name.startswith("sparse"):
            raise NotImplementedError(self._no_sparse_program())
        if source.graph is None:
            call = Replayed(self._recording, source, name, argnums, report)
            return call, {"route": "sweeps over the recording, carried out again"}
        try:
            return build(source, name, argnums, report)
        except _core.ProgramTooLarge:
            if name.startswith("sparse"):
                raise NotImplementedError(self._no_sparse_program()) from None
            if name not in ("jacobian", "value_and_jacobian"):
                raise MemoryError(
                    f"{name} of {self._name} needs a program of more operations than one may "
                    f"have; use ad_core.{name}(), which records anew"
                ) from None
        call = Swept(source, self._build, name, argnums)
        return call, {"route": "sweeps of a product program", "candidates": {}}

    def _no_sparse_program(self):
        return (
            f"{self._name} is too large for a program of its derivative's entries, or calls "
            f"functions that only rules know; take products (jvp, vjp, hvp) or the dense derivative"
        )

    def jacobian_sparsity(self, argnums=0):
        """Where the Jacobian is not structurally zero: a Boolean scipy.sparse.csr_array (K, D).

        Exact: an entry is left out only where it is zero at every point of this path.  Its indices
        are those of ``jacobian(..., sparse=True)``.  TypeError unless one array is differentiated
        by one array, NotImplementedError where the function is too large for a program,
        ImportError without SciPy.  Cost: that of making the Jacobian's program.

        >>> import numpy as np, ad_core
        >>> tape = ad_core.trace(lambda x: x[1:] * x[:-1], np.ones(3))
        >>> tape.jacobian_sparsity().toarray().astype(int)
        array([[1, 1, 0],
               [0, 1, 1]])
        """
        return pattern(self._build("sparse_jacobian", argnums))

    def hessian_sparsity(self, argnums=0):
        """The same of the Hessian of a scalar function, (D, D), both triangles.

        >>> import numpy as np, ad_core
        >>> tape = ad_core.trace(lambda x: x[0] * x[2] + x[1] ** 2, np.ones(3))
        >>> tape.hessian_sparsity().toarray().astype(int)
        array([[0, 0, 1],
               [0, 1, 0],
               [1, 0, 0]])
        """
        return pattern(self._build("sparse_hessian", argnums))

    def _spread(self, name, args):
        """Arguments as the leaves that a Call takes."""
        side = self._lowered.arguments
        if name not in SEEDS:
            return tuple(side.flatten(args, f"arguments of {self._name}"))
        primals, *seeds = args
        primals = side.flatten((primals,) if len(side.trees) == 1 else primals, "the primals")
        return (*primals, *seed_leaves(self._lowered, name, seeds))

    def _check_batch_dims(self, name, leaves, batch_dims, shapes):
        check_batch_dims(batch_dims)
        for k, (leaf, shape) in enumerate(zip(leaves, shapes, strict=True)):
            found = getattr(leaf, "ndim", 0) - len(shape)
            if found != batch_dims:
                raise ValueError(
                    f"batch_dims={batch_dims} of {name}, but argument {k} has {found} axes before "
                    f"the recorded shape {shape}"
                )

    @property
    def isa(self):
        """The instruction set in use: "base", "avx2" or "avx512".

        The best that the machine has, or what the environment variable AD_CORE_ISA named at import.

        >>> import ad_core
        >>> ad_core.trace(lambda x: x * x, 1.0).isa in ("base", "avx2", "avx512")
        True
        """
        return _core.isa()

    def instructions(self, what="value", argnums=0):
        """The program of a method, to read: (rows, outputs).

        rows: (operation, operands, number) for each slot, in the order of evaluation; operands
        are slots, number is an input's place among the flat inputs or a constant's value.
        outputs: the slot of each flat result (a structural zero is a constant 0.0).

        >>> import ad_core
        >>> tape = ad_core.trace(lambda x: x * x + 3.0, 2.0)
        >>> tape.instructions("grad")
        ([('input', (), 0), ('add', (0, 0), None), ('constant', (), 0.0)], [1])
        """
        if what not in _core.METHOD_NAMES:
            raise ValueError(f"what must be one of {_core.METHOD_NAMES}, got {what!r}")
        call = self._build(what, argnums)
        if not hasattr(call, "program"):
            raise NotImplementedError(
                f"{self._name} is too large for a program of its {what}, so there are no "
                f"instructions to read; explain() says what is done instead"
            )
        return call.program.instructions()

    def explain(self, argnums=0):
        """How the Jacobian's program came about, as text.

        Operations by each order of accumulation and the one taken; then the program's operations,
        runs, slots (of one point; lane slots of a batch, 128 bytes each), constants, results
        that are not structural zeros, guards, bytes.  argnums: as of :meth:`jacobian`.  Makes
        the program if there is none.

        >>> import numpy as np, ad_core
        >>> print(ad_core.trace(lambda x: np.sum(x * x), np.ones(3)).explain())
        function ...
        inputs D                          3
        outputs K                         1
        route forward                     3 operations...
        """
        call = self._build("jacobian", argnums)
        numbers, single = self._lowered.wrt(argnums)
        facts = self._facts["jacobian", tuple(numbers), single]
        return explained(self._name, self._lowered, facts, call)


def explained(name, source, facts, call):
    rows = [("function", name), ("inputs D", source.arguments.size),
            ("outputs K", source.result.size)]  # fmt: skip
    if not facts.get("candidates"):
        rows.append(("route", facts["route"]))
    for route, count in facts.get("candidates", {}).items():
        taken = "   <- taken" if route == facts["route"] else ""
        told = "given up: too many" if count is None else f"{count:,} operations"
        rows.append((f"route {route}", told + taken))
    size = call.program.size() if hasattr(call, "program") else {}
    rows += [(key, f"{value:,}") for key, value in size.items() if value is not None]
    width = max(len(key) for key, _ in rows)
    return "\n".join(f"{key:<{width}}  {value}" for key, value in rows)


def _branch_changed(trace, name, guards, at):
    """Raise for guards that flipped at a point (of a batch, if at is not empty)."""
    place = _core.guard_line(trace, guards[0]) if guards else None
    where = "this point" if not at else f"point {at if len(at) > 1 else at[0]} of the batch"
    line = ""
    if place is not None:
        text = linecache.getline(*place).strip()
        line = f" ({place[0]}:{place[1]}{': ' + text if text else ''})"
    raise BranchChanged(
        f"at {where} a comparison of {name} comes out otherwise than where the tape was "
        f"recorded{line}; ad_core.compile() records each way that points go"
    )
