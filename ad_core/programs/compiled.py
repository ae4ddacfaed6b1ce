# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""A recording that evaluates its function and derivatives at new points."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from ad_core import _core
from ad_core.errors import BranchChanged, TracedValueError
from ad_core.errors.callers import line_text
from ad_core.errors.decisions import Decided
from ad_core.inspect.explain import route_rows, table
from ad_core.inspect.spy import File, spy
from ad_core.programs.arguments import check_batch_dims
from ad_core.programs.build import SEEDS, build, joins, seed_leaves
from ad_core.programs.by_cost import ByCost, Costs, time_of
from ad_core.programs.fallback import ByUnitVectors, Replayed
from ad_core.programs.own_point import OwnPoint
from ad_core.programs.products import by_argnums
from ad_core.programs.source import Source
from ad_core.programs.sparse import Compressed, make_sparse
from ad_core.programs.undetermined import Failures, watched
from ad_core.programs.within_trace import transformed
from ad_core.recording.argnums import Argnums
from ad_core.recording.complex_leaves import Complex, refuse_complex_out
from ad_core.recording.trees import flatten
from ad_core.sparse.pattern import SparsePattern

if TYPE_CHECKING:
    from scipy.sparse import csr_array as _csr_array

__all__ = ["Compiled"]

# Methods that differentiate a gradient.
TWICE = ("hessian", "hvp", "sparse_hessian", "lagrangian_hessian", "sparse_lagrangian_hessian")
MOST_EXPLAINED = 1 << 27  # entries of a dense matrix whose program explain() compiles


class Compiled(_core.Evaluator):
    """One path through a function, with fixed core shapes; further leading axes are a batch."""

    def __init__(self, recording, name, limits=None):
        """limits: those of the file that the recording was loaded from, if there is one."""
        self._recording = recording
        self._name = name
        self._limits = limits
        self._source = None
        self._built = {}
        self._facts = {}
        self._keys = {}
        self._costs = None
        self.is_complex = recording.is_complex
        self._set_joins(self.is_complex)

    @property
    def _lowered(self):
        """The Source of the recording's programs, made when it is first used."""
        if self._source is None:
            self._source = Source(self._recording, self._name)
        return self._source

    def _build(self, name, argnums):
        """The Call of a method; the core keeps those for argnums=0."""
        key = self._key(name, argnums)
        call = self._built.get(key)
        if call is None:
            _, numbers, _ = key
            points = self._check_results(name, numbers)
            try:
                call, self._facts[key] = self._make(name, argnums, numbers, points)
            except MemoryError as error:
                self._no_memory(name, error)
            self._built[key] = self._completed(call, name, argnums, points)
        elif type(call) is ByCost and call.settled:
            self._built[key], self._facts[key] = call.call, call.program_facts
        return self._built[key]

    def decide(self, name, argnums, points):
        """Choose between a program and replays for all later batches of a method, as one batch of
        so many points would."""
        call = self._build(name, argnums)
        if type(call) is ByCost:
            call.decide(points)

    def made(self, name, argnums):
        """The Call of a method, or None if there is none yet."""
        return self._built.get(self._key(name, argnums))

    def _key(self, name, argnums):
        """The key of a method in _built and _facts: its name, the numbers of the arguments that it
        differentiates by, and whether argnums was one number."""
        if type(argnums) is not int:
            numbers, single = self._lowered.wrt(argnums)
            return name, tuple(numbers), single
        key = self._keys.get((name, argnums))
        if key is None:  # replayed methods, which have no Call in the core, look here at each point
            numbers, single = self._lowered.wrt(argnums)
            key = self._keys[name, argnums] = name, tuple(numbers), single
        return key

    def _completed(self, call, name, argnums, points):
        """A Call with what it needs for points that it does not handle itself."""
        call.check_points = points
        call.own = OwnPoint(self._recording, self._lowered, name, argnums)
        if name == "value":
            return call
        again = partial(self._again, name, argnums)
        if name in TWICE and type(call) is _core.Call and self._lowered.gradient_calls:
            call.watch = Failures(self._lowered.gradient_calls, again)
            return call
        return watched(call, self._recording, again)

    def _check_results(self, name, numbers):
        """A function of a number of points that raises ValueError if a method's results there
        exceed the limits of the file; it is called here for one point.  None without limits."""
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
        """The method by replaying the recording at each point, without a program."""
        report = partial(_branch_changed, self._recording.trace, self._name)
        if name.startswith("sparse"):
            return Compressed(self._recording, self._lowered, name, argnums, report)
        return Replayed(self._recording, self._lowered, name, argnums, report)

    def _make(self, name, argnums, numbers, points):
        """(Call or its stand-in, facts for explain()) of a method."""
        source = self._lowered
        report = partial(_branch_changed, self._recording.trace, self._name)
        if name.startswith("sparse"):
            return make_sparse(
                self._recording, source, name, argnums, report,
                lambda call: self._completed(call, name, argnums, points),
            )  # fmt: skip
        if self._costs is None:
            self._costs = Costs(self._recording)
        width = source.arguments.extent(numbers)
        costs, failed, made = self._costs.of(name, width), 0, None

        def make(room):
            call, facts = self._program(name, argnums, report, room)
            return self._completed(call, name, argnums, points), facts

        if costs.at_once:
            try:
                call, facts = self._program(name, argnums, report, costs.room)
            except _core.ProgramTooLarge:
                failed = costs.room
            else:
                if costs.pays(time_of(call)):
                    return call, facts
                made = self._completed(call, name, argnums, points), facts
        replayed = Replayed(self._recording, source, name, argnums, report)
        return ByCost(replayed, make, costs, failed, made), None

    def _program(self, name, argnums, report, room):
        """(Call, facts) of a program that needs at most `room` further terms."""
        source = self._lowered
        if source.graph is None:
            raise _core.ProgramTooLarge
        try:
            return build(source, name, argnums, report, room)
        except _core.ProgramTooLarge:
            if source.graph.calls or not name.endswith("jacobian"):
                raise
        call = ByUnitVectors(
            source, lambda name: build(source, name, 0, report, room)[0], name, argnums
        )
        return call, {"route": "sweeps of a product program", "candidates": {}}

    def jacobian_sparsity(self, argnums: Argnums = 0) -> _csr_array:
        """Return the sparsity pattern of the Jacobian, a Boolean scipy.sparse.csr_array (K, D).

        It holds every entry that is different from zero at some point of this path, and its indices
        are those of ``jacobian(..., sparse=True)``.  If the Jacobian's program is made at once,
        entries that cancel at every point (x - x) are left out too.  Otherwise the pattern is what
        the recording's operations depend on, without products with constant zeros, and a later
        program keeps it.  Raises TypeError unless one array is differentiated by one array,
        MemoryError for more than 2^31 entries, and ImportError without SciPy.  Cost: that of the
        first sparse Jacobian.

        >>> import numpy as np, ad_core
        >>> tape = ad_core.trace(lambda x: x[1:] * x[:-1], np.ones(3))
        >>> tape.jacobian_sparsity().toarray().astype(int)
        array([[1, 1, 0],
               [0, 1, 1]])
        """
        return self._build("sparse_jacobian", argnums).pack.pattern()

    def hessian_sparsity(self, argnums: Argnums = 0) -> _csr_array:
        """Return the sparsity pattern of the Hessian of a scalar function, (D, D), both triangles.

        Errors and cost are as of :meth:`jacobian_sparsity`.

        >>> import numpy as np, ad_core
        >>> tape = ad_core.trace(lambda x: x[0] * x[2] + x[1] ** 2, np.ones(3))
        >>> tape.hessian_sparsity().toarray().astype(int)
        array([[0, 0, 1],
               [0, 1, 0],
               [1, 0, 0]])
        """
        return self._build("sparse_hessian", argnums).pack.pattern()

    def spy(
        self,
        path: File,
        argnums: Argnums = 0,
        what: Literal["jacobian", "hessian"] = "jacobian",
    ) -> int:
        """Draw the sparsity pattern of the Jacobian (or of the Hessian, what="hessian") to a file.

        path: the name of a PNG, SVG or PDF file, or a binary file.  Columns that share a product
        have one colour (for Hessians, that of a star colouring).  Returns the number of colours.
        Errors are those of :meth:`jacobian_sparsity`, and ImportError without matplotlib (the extra
        "demo").

        >>> import io, numpy as np, ad_core
        >>> ad_core.trace(lambda x: np.diff(x, 2), np.ones(50)).spy(io.BytesIO())
        3
        """
        check_what(what)
        structure = self._build(f"sparse_{what}", argnums).pack
        return spy(structure, path, f"{what} of {self._name}", what == "hessian")

    _by_argnums = by_argnums

    @property
    def _label(self):
        return self._name

    def _arguments(self, primals):
        """The arguments of a product, and whether they were given as a tuple."""
        trees = self._lowered.arguments.trees
        alone = len(trees) == 1 and not (
            self._takes_one_array() and isinstance(primals, tuple) and len(primals) == 1
        )
        return ((primals,) if alone else tuple(primals)), not alone

    def _inputs_among(self, args, numbers):
        return list(range(len(args)))

    def _takes_tuples(self, several):
        """Whether a product with several=... takes and returns tuples even for one argument."""
        return several

    def _adapt(self, name, args, argnums, out, workers, progress, batch_dims, kwargs):
        named = ", ".join(map(repr, kwargs))
        raise TypeError(
            f"a Tape takes no arguments by name, got {named}: it keeps those that {self._name} was "
            f"recorded with; pass {named} to trace(), or use ad_core.compile()"
        )

    def _within_trace(self, name, args, argnums, out, batch_dims):
        """The method on traced values; NotImplemented if there are none."""
        primals, *seeds = args if name in SEEDS else (args,)
        if name in SEEDS:
            primals = self._arguments(primals)[0]
        if not _core.any_traced_number(flatten([primals, seeds])[0]):
            return NotImplemented
        if out is not None or batch_dims:
            what = "out" if out is not None else "batch_dims"
            raise TracedValueError(
                f"{what} cannot be used in {name} of {self._name} while it is traced; leave {what} "
                f"out"
            )
        if name != "value":
            return transformed(self, self._name, name, primals, argnums, seeds)
        side, r = self._lowered.arguments, self._recording
        leaves = side.flatten(primals, f"arguments of {self._name}", True)
        for k, (leaf, shape) in enumerate(zip(leaves, side.shapes, strict=True)):
            if np.shape(leaf) != shape:
                raise ValueError(
                    f"argument {k} of {self._name} must have the recorded shape {shape} while it "
                    f"is traced, got {np.shape(leaf)}; call it for each point of a batch"
                )
        rows = np.concatenate([np.ravel(leaf) for leaf in leaves])
        found, flipped = _core.repeated_on_trace(r.trace, r.inputs.nodes, r.outputs.nodes, rows)
        if flipped:
            _branch_changed(r.trace, self._name, flipped, ())
        parts = r.outputs.split(found)
        return r.outputs.tree.fill([np.reshape(part, shape)[()] for part, shape in parts])

    def _spread(self, name, args):
        """The arguments as the leaves that a Call takes."""
        side = self._lowered.arguments
        if name not in SEEDS:
            return tuple(side.flatten(args, f"arguments of {self._name}", True))
        primals, *seeds = args
        primals = side.flatten((primals,) if len(side.trees) == 1 else primals, "the primals", True)
        return (*primals, *seed_leaves(self._lowered, name, seeds))

    def _takes_one_array(self):
        trees = self._lowered.arguments.trees
        return len(trees) == 1 and trees[0].kind in (None, Complex)

    def _check_out(self, name, argnums):
        if joins(self._lowered, name, argnums):
            refuse_complex_out(f"{name} of {self._name}")

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
    def isa(self) -> Literal["base", "avx2", "avx512"]:
        """The instruction set in use: "base", "avx2" or "avx512".

        It is the best that the machine has, or the one that the environment variable AD_CORE_ISA
        named at import.

        >>> import ad_core
        >>> ad_core.trace(lambda x: x * x, 1.0).isa in ("base", "avx2", "avx512")
        True
        """
        return _core.isa()

    def instructions(
        self, what: str = "value", argnums: Argnums = 0
    ) -> tuple[list[tuple[str, tuple[int, ...], int | float | None]], list[int]]:
        """Return the program of a method in readable form, as (rows, outputs).

        rows: (operation, operands, number) for each slot, in the order of evaluation.  operands
        are slots; number is an input's place among the flat inputs, or a constant's value.
        outputs: the slot of each flat result (a structural zero is a constant 0.0).
        Raises ValueError for a name that is not a method's, and NotImplementedError if the
        function is too large for a program.

        >>> import ad_core
        >>> tape = ad_core.trace(lambda x: x * x + 3.0, 2.0)
        >>> tape.instructions("grad")
        ([('input', (), 0), ('add', (0, 0), None), ('constant', (), 0.0)], [1])
        """
        if what not in _core.METHOD_NAMES:
            raise ValueError(f"what must be one of {_core.METHOD_NAMES}, got {what!r}")
        call = self._build(what, argnums)
        if type(call) is ByCost:
            call.try_program(math.inf)
            call = call.call or call
        if hasattr(call, "program") and self._limits is not None:
            listing = f"a list of the instructions of {what} of {self._name}"
            self._limits.check_nodes(listing, call.program.size()["slots"], 0)
        if not hasattr(call, "program"):
            raise NotImplementedError(
                f"{self._name} is too large for a program of its {what}, so it has no "
                f"instructions to list; explain() says what is done instead"
            )
        return call.program.instructions()

    def explain(
        self,
        argnums: Argnums = 0,
        what: Literal["jacobian", "hessian"] = "jacobian",
        sparse: bool = False,
    ) -> str:
        """Return a text that says how the program of a derivative was chosen, and how large it is.

        The text gives the number of operations for each order of accumulation and which order was
        taken.  Then it gives the program's operations, runs, chunk groups (long runs that are
        carried out in interleaved chunks), slots (for one point; lane slots for a batch, of 16 or
        32 points), constants, results that are not structural zeros, guards and bytes.

        what: "jacobian" or "hessian"; sparse: whether the sparse one is meant; argnums: as in
        :meth:`jacobian`.  A program is made only if the first call of the method would make it;
        otherwise the text gives the route that calls take instead, and the reason.  A dense program
        of more than 2^27 numbers (1 GB) is not made for this purpose; the text says so.

        A sparse derivative may also come from products in which the columns or rows of one colour
        are added.  Their operations are counted as 2 for each edge of the recording and column
        colour and 3 for each edge and row colour, plus the cost of replaying the recording.

        >>> import numpy as np, ad_core
        >>> print(ad_core.trace(lambda x: np.sum(x * x), np.ones(3)).explain())
        function ...
        inputs D                          3
        outputs K                         1
        route forward                     3 operations...
        """
        check_what(what)
        name = f"sparse_{what}" if sparse else what
        key = self._key(name, argnums)
        _, numbers, _ = key
        source = self._lowered
        wide = source.arguments.extent(numbers)
        entries = wide * (source.result.size if what == "jacobian" else wide)
        if not sparse and entries > MOST_EXPLAINED and key not in self._built:
            return table([
                *sizes(self._name, source),
                ("entries", f"{entries:,}, {8e-9 * entries:.1f} GB: not compiled, since it is too "
                 f"large; explain(sparse=True) explains the sparse {what}"),
            ])  # fmt: skip
        call = self._build(name, argnums)
        return explained(self._name, source, self._facts[key] or call.facts, call)


def result_shapes(source, name, numbers):
    """The shapes of a method's dense results."""
    leaves = [leaf for k in numbers for leaf in source.arguments.numbers(k)]
    columns = [source.arguments.shapes[leaf] for leaf in leaves]
    if name.endswith("jacobian") and not name.startswith("sparse"):
        rows = source.result.shapes
    elif name in ("hessian", "lagrangian_hessian"):
        rows = columns
    else:
        return source.result.shapes + source.arguments.shapes
    return [row + column for row in rows for column in columns]


def check_what(what):
    """Raise ValueError unless `what` is "jacobian" or "hessian"."""
    if what not in ("jacobian", "hessian"):
        raise ValueError(f"what must be 'jacobian' or 'hessian', got {what!r}")


def sizes(name, source):
    """The first rows of an explanation."""
    return [("function", name), ("inputs D", source.arguments.size),
            ("outputs K", source.result.size)]  # fmt: skip


def explained(name, source, facts, call):
    rows = sizes(name, source) + route_rows(facts["route"], facts.get("candidates", {}))
    rows += [("reason", facts["reason"])] if "reason" in facts else []
    if isinstance(call.pack, SparsePattern):
        rows.append(("entries", f"{call.pack.nnz:,}"))
    size = call.program.size() if hasattr(call, "program") else {}
    rows += [(key, f"{value:,}") for key, value in size.items() if value is not None]
    return table(rows)


def _branch_changed(trace, name, guards, at):
    """Raise an error for guards whose outcome changed at a point; `at` is its place in a batch."""
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
        f"at {where} a comparison of {name} has another outcome than where the tape was "
        f"recorded{line}; use ad_core.compile(), which records each branch that points take"
    )


def _outcome_changed(call, name, where, line):
    """Raise an error for a call of a rule that returned where it was recorded and raises now, or
    the other way round."""
    remedy = "use ad_core.compile(), which records each branch that points take"
    if call.expected is None and call.came is not None:
        call.came.add_note(
            f"raised at {where} by the call of {call.rule.name} in {name}{line}, which returned "
            f"where the tape was recorded; if {name} catches it, {remedy}"
        )
        raise call.came
    kind, text = call.expected
    if kind is Decided and isinstance(call.came, Decided):
        raise BranchChanged(
            f"at {where} {call.rule.name} in {name} is {call.came}, but it was {text} where the "
            f"tape was recorded{line}; {remedy}"
        )
    now = f"raises {type(call.came).__name__}: {call.came}" if call.came else "returns"
    raise BranchChanged(
        f"at {where} the call of {call.rule.name} in {name} {now}, but it raised "
        f"{kind.__name__}: {text} where the tape was recorded{line}; {remedy}"
    )
