# SPDX-License-Identifier: Apache-2.0
"""A recording that evaluates its function and derivatives at new points."""

from functools import partial

from ad_core import _core
from ad_core.errors import BranchChanged
from ad_core.errors.callers import line_text
from ad_core.inspect.explain import route_rows, table
from ad_core.inspect.spy import spy
from ad_core.programs.arguments import check_batch_dims
from ad_core.programs.build import SEEDS, build, seed_leaves
from ad_core.programs.compressed import Compressed, make_sparse
from ad_core.programs.large import ByUnitVectors, Replayed
from ad_core.programs.own import OwnPoint
from ad_core.programs.source import Source
from ad_core.programs.watch import watched
from ad_core.sparse.pattern import SparsePattern

__all__ = ["Compiled"]

MOST_TOLD = 1 << 27  # entries of a dense matrix whose program is made to be explained


class Compiled(_core.Evaluator):
    """Fixed core shapes, one path through the function; extra leading axes are a batch."""

    def __init__(self, recording, name, limits=None):
        """limits: of the file that the recording was loaded from."""
        self._recording = recording
        self._name = name
        self._limits = limits
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
            points = self._check_results(name, numbers)
            try:
                call, self._facts[key] = self._make(name, argnums)
            except MemoryError as error:
                self._no_memory(name, error)
            call.check_points = points
            call.own = OwnPoint(self._recording, self._lowered, name, argnums)
            if name != "value":
                call = watched(call, self._recording, partial(self._again, name, argnums))
            self._built[key] = call
        return self._built[key]

    def _check_results(self, name, numbers):
        """What raises ValueError for results at so many points, if they are more than the file that
        the recording was loaded from may ask for; asked now about one point."""
        if self._limits is None:
            return None
        shapes = result_shapes(self._lowered, name, numbers)
        check = partial(self._limits.check_results, f"{name} of {self._name}", shapes)
        check(1)
        return check

    def _no_memory(self, name, error):
        if self._limits is None:
            raise error
        raise self._limits.no_memory(f"{name} of {self._name}") from error

    def _again(self, name, argnums):
        """What carries the recording out again at each point, whatever the method's program is."""
        report = partial(_branch_changed, self._recording.trace, self._name)
        if name.startswith("sparse"):
            return Compressed(self._recording, self._lowered, name, argnums, report, {})
        return Replayed(self._recording, self._lowered, name, argnums, report)

    def _make(self, name, argnums):
        source = self._lowered
        report = partial(_branch_changed, self._recording.trace, self._name)
        if name.startswith("sparse"):
            return make_sparse(self._recording, source, name, argnums, report)
        if source.graph is None:
            return self._replayed(name, argnums, report)
        try:
            return build(source, name, argnums, report)
        except _core.ProgramTooLarge:
            if source.graph.calls:
                return self._replayed(name, argnums, report)
            if name not in ("jacobian", "value_and_jacobian"):
                raise MemoryError(
                    f"{name} of {self._name} needs a program of more operations than one may "
                    f"have; use ad_core.{name}(), which records anew"
                ) from None
        call = ByUnitVectors(source, self._build, name, argnums)
        return call, {"route": "sweeps of a product program", "candidates": {}}

    def _replayed(self, name, argnums, report):
        call = Replayed(self._recording, self._lowered, name, argnums, report)
        return call, {"route": "sweeps over the recording, carried out again"}

    def jacobian_sparsity(self, argnums=0):
        """Where the Jacobian is not structurally zero: a Boolean scipy.sparse.csr_array (K, D).

        It holds every entry that is not zero at some point of this path, and its indices are those
        of ``jacobian(..., sparse=True)``.  From a program also those are left out that cancel at
        every point (x - x); without one it is what the recording's operations depend on, constant
        zeros respected.  TypeError unless one array is differentiated by one array, MemoryError
        for more than 2^31 entries, ImportError without SciPy.  Cost: that of making the
        Jacobian's program, if there is one.

        >>> import numpy as np, ad_core
        >>> tape = ad_core.trace(lambda x: x[1:] * x[:-1], np.ones(3))
        >>> tape.jacobian_sparsity().toarray().astype(int)
        array([[1, 1, 0],
               [0, 1, 1]])
        """
        return self._build("sparse_jacobian", argnums).pack.pattern()

    def hessian_sparsity(self, argnums=0):
        """The same of the Hessian of a scalar function, (D, D), both triangles.

        >>> import numpy as np, ad_core
        >>> tape = ad_core.trace(lambda x: x[0] * x[2] + x[1] ** 2, np.ones(3))
        >>> tape.hessian_sparsity().toarray().astype(int)
        array([[0, 0, 1],
               [0, 1, 0],
               [1, 0, 0]])
        """
        return self._build("sparse_hessian", argnums).pack.pattern()

    def spy(self, path, argnums=0, what="jacobian"):
        """Draw the structure of the Jacobian or (what="hessian") Hessian to a PNG, SVG or PDF.

        Columns that share a product have one colour (Hessians: of a star colouring).  path: a
        name or a binary file; errors as of :meth:`jacobian_sparsity`, and ImportError without
        matplotlib (the extra "demo").  Returns the number of colours.

        >>> import io, numpy as np, ad_core
        >>> ad_core.trace(lambda x: np.diff(x, 2), np.ones(50)).spy(io.BytesIO())
        3
        """
        check_what(what)
        structure = self._build(f"sparse_{what}", argnums).pack
        return spy(structure, path, f"{what} of {self._name}", what == "hessian")

    def _spread(self, name, args):
        """Arguments as the leaves that a Call takes."""
        side = self._lowered.arguments
        if name not in SEEDS:
            return tuple(side.flatten(args, f"arguments of {self._name}"))
        primals, *seeds = args
        primals = side.flatten((primals,) if len(side.trees) == 1 else primals, "the primals")
        return (*primals, *seed_leaves(self._lowered, name, seeds))

    def _takes_one_array(self):
        trees = self._lowered.arguments.trees
        return len(trees) == 1 and trees[0].kind is None

    def _check_batch_dims(self, name, leaves, batch_dims, shapes):
        batch_dims = check_batch_dims(batch_dims)
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
        if hasattr(call, "program") and self._limits is not None:
            told = f"a list of the instructions of {what} of {self._name}"
            self._limits.check_nodes(told, call.program.size()["slots"], 0)
        if not hasattr(call, "program"):
            raise NotImplementedError(
                f"{self._name} is too large for a program of its {what}, so there are no "
                f"instructions to read; explain() says what is done instead"
            )
        return call.program.instructions()

    def explain(self, argnums=0, what="jacobian", sparse=False):
        """How a method's program came about, as text.

        Operations by each order of accumulation and the one taken; then the program's operations,
        runs, turns (of long runs, piece by piece), slots (of one point; lane slots of a batch, of
        16 or 32 points), constants, results that are not structural zeros, guards, bytes.  what:
        "jacobian" or "hessian", sparse or not; argnums: as of :meth:`jacobian`.  Makes the program
        if there is none.

        A dense one of more than 2^27 numbers (1 GB) is not made for this, unless a call has made it
        already; the text says so.

        Sparse ones may come from products with the sums of columns and rows of a colour as well:
        their operations are an edge's, twice a column colour and three times a row colour, and
        what it takes to carry the recording out again.

        >>> import numpy as np, ad_core
        >>> print(ad_core.trace(lambda x: np.sum(x * x), np.ones(3)).explain())
        function ...
        inputs D                          3
        outputs K                         1
        route forward                     3 operations...
        """
        check_what(what)
        name = f"sparse_{what}" if sparse else what
        numbers, single = self._lowered.wrt(argnums)
        key = name, tuple(numbers), single
        source = self._lowered
        wide = source.arguments.extent(numbers)
        entries = wide * (source.result.size if what == "jacobian" else wide)
        if not sparse and entries > MOST_TOLD and key not in self._built:
            return table([
                *sizes(self._name, source),
                ("entries", f"{entries:,}, {8e-9 * entries:.1f} GB: not made to be explained; "
                 f"explain(sparse=True) tells of the sparse {what}"),
            ])  # fmt: skip
        call = self._build(name, argnums)
        return explained(self._name, source, self._facts[key] or call.facts, call)


def result_shapes(source, name, numbers):
    """The shapes of a method's dense results that are larger than arguments and result."""
    leaves = [leaf for k in numbers for leaf in source.arguments.numbers(k)]
    columns = [source.arguments.shapes[leaf] for leaf in leaves]
    if name in ("jacobian", "value_and_jacobian"):
        rows = source.result.shapes
    elif name in ("hessian", "lagrangian_hessian"):
        rows = columns
    else:
        return source.result.shapes + source.arguments.shapes
    return [row + column for row in rows for column in columns]


def check_what(what):
    """Raise ValueError for what is no matrix of derivatives."""
    if what not in ("jacobian", "hessian"):
        raise ValueError(f"what must be 'jacobian' or 'hessian', got {what!r}")


def sizes(name, source):
    """The first rows of an explanation."""
    return [("function", name), ("inputs D", source.arguments.size),
            ("outputs K", source.result.size)]  # fmt: skip


def explained(name, source, facts, call):
    rows = sizes(name, source) + route_rows(facts["route"], facts.get("candidates", {}))
    if isinstance(call.pack, SparsePattern):
        rows.append(("entries", f"{call.pack.nnz:,}"))
    size = call.program.size() if hasattr(call, "program") else {}
    rows += [(key, f"{value:,}") for key, value in size.items() if value is not None]
    return table(rows)


def _branch_changed(trace, name, guards, at):
    """Raise for guards that flipped at a point (of a batch, if at is not empty)."""
    place = _core.guard_line(trace, guards[0]) if guards else None
    where = "this point" if not at else f"point {at if len(at) > 1 else at[0]} of the batch"
    line = ""
    if place is not None:
        file, number, text = place
        text = line_text(file, number) if text is None else text
        line = f" ({file}:{number}{': ' + text if text else ''})"
    call = _core.guarded_call(trace, guards[0]) if guards else None
    if call is not None:
        _outcome_changed(call, name, where, line)
    raise BranchChanged(
        f"at {where} a comparison of {name} comes out otherwise than where the tape was "
        f"recorded{line}; ad_core.compile() records each way that points go"
    )


def _outcome_changed(call, name, where, line):
    """Raise for a call of a rule that returned where it was recorded and raises now, or the other
    way round."""
    remedy = "ad_core.compile() records each way that points go"
    if call.expected is None and call.came is not None:
        call.came.add_note(
            f"raised at {where} by the call of {call.rule.name} in {name}{line}, which returned "
            f"where the tape was recorded; if {name} catches it, {remedy}"
        )
        raise call.came
    kind, text = call.expected
    now = f"raises {type(call.came).__name__}: {call.came}" if call.came else "returns"
    raise BranchChanged(
        f"at {where} the call of {call.rule.name} in {name} {now}, but it raised "
        f"{kind.__name__}: {text} where the tape was recorded{line}; {remedy}"
    )
