# SPDX-License-Identifier: Apache-2.0
"""The evaluation trace of a function as an object: values, partials, tangents, adjoints."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from ad_core import _core
from ad_core.inspect.spy import File
from ad_core.programs.compiled import Compiled
from ad_core.programs.exports import Exports
from ad_core.recording.record import record, seeds_like
from ad_core.recording.trees import Tree
from ad_core.transforms.derived import FILES

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Node", "Tape", "trace"]


class Node(NamedTuple):
    """One node of an evaluation trace graph.

    ``operands`` are the numbers of the nodes that it is computed from (its parents in Bishop's
    graph), ``partials`` its derivatives with respect to each of them, and ``children`` the numbers
    of the nodes that are computed from it (Bishop's ch(i)).

    >>> import ad_core
    >>> node = ad_core.trace(lambda x: x * x, 3.0).nodes[1]
    >>> node.formula, node.operands, node.partials
    ('v1 * v1', (0, 0), (3.0, 3.0))
    """

    index: int  # type: ignore[assignment]  # hides tuple's method
    name: str
    op: str
    formula: str
    operands: tuple[int, ...]
    partials: tuple[float, ...]
    children: tuple[int, ...]
    value: float


SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "power": "**",
         "remainder": "%", "floor_divide": "//", "less": "<", "less_equal": "<=",
         "greater": ">", "greater_equal": ">=", "equal": "==", "not_equal": "!=",
         "logical_and": "&", "logical_or": "|", "logical_xor": "^"}  # fmt: skip
MOST_NAMED = 4  # operands that a formula writes out


def trace(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Tape:
    """Record fun once at args, and return the recording as a :class:`Tape`.

    Keyword arguments are passed to fun as they are, as by the other transforms: they are not
    inputs, and the tape keeps their values.  Raises what fun raises, and TypeError for inputs that
    are not real floats.  Cost: one recording.

    >>> import numpy as np, ad_core
    >>> tape = ad_core.trace(lambda a, b: a * b + np.exp(a * b) - np.sin(b), 1.0, 2.0)
    >>> [node.formula for node in tape.nodes]
    ['x1', 'x2', 'v1 * v2', 'exp(v3)', 'v3 + v4', 'sin(v2)', 'v5 - v6']
    >>> round(float(tape.value), 12)
    8.479758672105
    """
    recording = record(fun, args, kwargs, 0 if len(args) == 1 else tuple(range(len(args))))
    return Tape(recording, args, _core.name_of(fun))


class CallSignature:
    """inspect.signature of a tape, which is that of its call; of the class it is another one."""

    def __get__(self, tape, owner):
        return None if tape is None else inspect.signature(tape.__call__)


class Tape(Exports, Compiled):
    """One recording of a function at one point.

    ``str(tape)`` is the trace as a table.  Nodes are named v1, v2, ... in the order of
    evaluation, inputs first.  Equal operations on equal operands are shown as one node, as in
    the textbook.  D is the number of inputs, K the number of outputs.

    >>> import ad_core
    >>> tape = ad_core.trace(lambda x: x * x, 3.0)
    >>> tape.tangents(1.0), tape.adjoints(1.0)
    (array([1., 6.]), array([6., 1.]))
    >>> tape.nodes[0].children
    (1,)
    """

    __module__ = "ad_core"  # pickles hold the public name, wherever this file is
    __signature__: Any = CallSignature()

    def __init__(self, recording, args, name, limits=None):
        if recording.nested:
            raise TypeError(
                "trace() cannot be called inside a derivative: it records plain evaluations; "
                "call it outside the function that is differentiated"
            )
        self._recording = recording
        self._args = tuple(args)
        self._nodes = self._distinct = None
        super().__init__(recording, name, limits)

    def to_bytes(self) -> bytes:
        """Return the tape as bytes, for a file or another process; pickle stores the same bytes.

        The bytes hold the names of the operations, a format version and a checksum, and no Python
        code.  Raises TypeError if arguments or results are containers other than tuples, lists and
        dicts.  Cost: about 8 to 50 bytes for each node.

        >>> import ad_core
        >>> data = ad_core.trace(lambda x: x * x, 3.0).to_bytes()
        >>> ad_core.Tape.from_bytes(data).grad(5.0)
        np.float64(10.0)
        """
        from ad_core.programs import tape_file  # late: few programs need files

        return tape_file.save(self._recording, self._name)

    @classmethod
    def from_bytes(
        cls,
        data: bytes | bytearray | memoryview,
        max_work: float | None = None,
        max_memory: float | None = None,
    ) -> Self:
        """Return the tape that :meth:`to_bytes` wrote.

        data: bytes, which may come from a source that you do not trust: everything in them is
            checked, nothing is executed, and no file that they name is opened.
        max_work: the most operations on numbers that one evaluation may take.  A small file can
            need hours of work without being forged (differences of all pairs of numbers).  None:
            2^28 (up to a second), and 2^12 more for each byte.
        max_memory: the most bytes that the recording, or the result of a method of the tape, may
            take.  None: 2^30, and 2^10 more for each byte.

        ``math.inf`` removes either limit.  A pickled tape keeps its limits, and a tape that was
        recorded here has none.

        Raises ValueError for bytes that are cut short or altered, that have a newer format or are
        not a tape, that name an operation which this version does not know, that lack operations
        (early versions left out those which read arrays that begin with a constant), or that need
        more than the limits allow.  A method of the tape raises ValueError if its result would take
        more than max_memory or than the available memory.  Cost: that of recording in C; programs
        are compiled again when they are first used.  Ctrl-C ends it within about a second.

        >>> import ad_core
        >>> data = ad_core.trace(lambda x: x * x, 3.0).to_bytes()
        >>> ad_core.Tape.from_bytes(data[:-1])
        Traceback (most recent call last):
            ...
        ValueError: this tape file is damaged: it is cut short or was altered (checksum)
        """
        from ad_core.programs import tape_file

        recording, name, limits = tape_file.load(data, max_work, max_memory)
        inputs = recording.inputs
        args = inputs.tree.fill(
            [_core.values_at(recording.trace, *part) for part in inputs.split(inputs.nodes)]
        )
        unlimited = limits == (math.inf, math.inf)  # like a tape that was recorded here
        return cls(recording, args, name, None if unlimited else limits)

    def __reduce__(self):
        limits = (math.inf, math.inf) if self._limits is None else self._limits
        return Tape.from_bytes, (self.to_bytes(), *limits)

    def _rows(self):
        """The place of each recorded node among the distinct nodes, and the distinct nodes.

        They are read when they are first needed, since a tape may be large.
        """
        if self._distinct is None:
            if self._limits is not None:
                operations, _ = _core.recording_cost(self._recording.trace)
                self._limits.check_nodes(
                    f"a list of the nodes of {self._name}", self.size["nodes"], 2 * operations
                )
            self._distinct = _shared(_core.node_rows(self._recording.trace))
        return self._distinct

    @property
    def inputs(self) -> tuple[int, ...]:
        """The node numbers of the D inputs, a tuple.

        >>> import ad_core
        >>> tape = ad_core.trace(lambda x, y: x * y, 2.0, 3.0)
        >>> tape.inputs, tape.outputs
        ((0, 1), (2,))
        """
        return tuple(self._rows()[0][self._recording.inputs.nodes].tolist())

    @property
    def outputs(self) -> tuple[int, ...]:
        """The node numbers of the K outputs, a tuple; an output may be an input or a constant.

        >>> import ad_core
        >>> ad_core.trace(lambda x: (x, x * x), 3.0).outputs
        (0, 1)
        """
        return tuple(self._rows()[0][self._recording.outputs.nodes].tolist())

    @property
    def value(self) -> Any:
        """The function's result at the point of the recording, nested as the function returned it.

        >>> import ad_core
        >>> ad_core.trace(lambda x: (x, x * x), 3.0).value
        (np.float64(3.0), np.float64(9.0))
        """
        return self._recording.value()

    @property
    def size(self) -> dict[str, int]:
        """The numbers of nodes, partials, runs, ... and bytes of the recording, as a dictionary.

        >>> import numpy as np, ad_core
        >>> ad_core.trace(lambda x: np.exp(x), np.ones(4)).size["nodes"]
        8
        """
        return _core.tape_size(self._recording.trace)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes in the order of evaluation, a tuple of :class:`Node`.

        Cost: one Python object for each node.

        >>> import ad_core
        >>> [node.formula for node in ad_core.trace(lambda x: x * x + 1.0, 3.0).nodes]
        ['x1', 'v1 * v1', '1', 'v2 + 1']
        """
        if self._nodes is None:
            self._nodes = _read_nodes(self._rows()[1], self.inputs)
        return self._nodes

    def tangents(self, *direction: Any) -> NDArray[np.float64]:
        """Return every node's tangent for a direction, in one forward pass.

        direction: in the structure of the arguments, or D numbers.  Returns one number for each
        node.  Raises ValueError for a direction that does not fit.  Source: Bishop, equation 8.57
        and following.

        >>> import ad_core
        >>> ad_core.trace(lambda x: x * x, 3.0).tangents(1.0)
        array([1., 6.])
        """
        return self._sweep(self._seed(direction, self._recording.inputs, "the direction"), True)

    def adjoints(self, cotangent: Any) -> NDArray[np.float64]:
        """Return every node's adjoint for a cotangent, in one reverse pass.

        cotangent: in the structure of the result, or K numbers.  Returns one number for each node.
        The adjoint of a node is the sum over its children of the child's adjoint times the partial
        along the edge.  Raises ValueError for a cotangent that does not fit.

        >>> import ad_core
        >>> ad_core.trace(lambda x: x * x, 3.0).adjoints(1.0)
        array([6., 1.])
        """
        return self._sweep(
            self._seed((cotangent,), self._recording.outputs, "the cotangent"), False
        )

    def table(self, tangent: Any = None, cotangent: Any = None, limit: int | None = 60) -> str:
        """Return the trace as a text table of at most `limit` rows.

        With a tangent or a cotangent it has a column of tangents or of adjoints.

        >>> import ad_core
        >>> print(ad_core.trace(lambda x: x * x, 3.0).table())
        node  formula  value  partials          children
        ----  -------  -----  ----------------  --------
        v1    input        3                    v2
        v2    v1 * v1      9  d/dv1 3, d/dv1 3
        """
        from ad_core.inspect import show

        return show.table(self, tangent, cotangent, limit=limit)

    def dot(self) -> str:
        """Return the evaluation trace graph in the language of Graphviz.

        >>> import ad_core
        >>> ad_core.trace(lambda x: x * x, 3.0).dot().splitlines()[0]
        'digraph trace {'
        """
        from ad_core.inspect import show

        return show.dot(self)

    def draw(self, path: File) -> None:
        """Draw the graph to an SVG, PNG or PDF file; needs the extra "demo" (matplotlib)."""
        from ad_core.inspect import show

        return show.draw(self, path)

    def __str__(self):
        return self.table()

    def __repr__(self):
        size = self.size
        return (
            f"Tape({self._recording.inputs.size} inputs, {self._recording.outputs.size} outputs, "
            f"{size['nodes']} nodes, "
            f"{size['bytes']} bytes)"
        )

    def _seed(self, given, side, what):
        if len(given) == 1:
            flat = np.asarray(given[0], dtype=object).ravel()
            if flat.size == side.size and all(isinstance(x, (int, float, np.number)) for x in flat):
                return flat.astype(np.float64)
        if side is self._recording.inputs:
            seeds = seeds_like(side, tuple(given), Tree(tuple, side.tree.trees), what)
        else:
            seeds = seeds_like(side, given[0], side.tree, what)
        return np.concatenate([np.ravel(seed) for seed in seeds])

    def _sweep(self, seed, forward):
        r = self._recording
        seed = np.ascontiguousarray(seed)
        places, distinct = self._rows()
        swept = _core.all_tangents(r.trace, r.inputs.nodes, r.outputs.nodes, seed, forward)
        shared = np.zeros(len(distinct))
        if forward:
            shared[places] = swept
        else:  # a distinct node has the children of all its copies
            np.add.at(shared, places, swept)
        return shared


def _shared(rows):
    """The place of each row among the distinct rows, and the distinct rows.

    Equal operations on equal operands appear once, as in the textbook's trace.
    """
    places, distinct, seen = [], [], {}
    for i, (op, constant, value, operands, partials) in enumerate(rows):
        operands = tuple(places[j] for j in operands)
        key = ("input", i) if op is None and not constant else (op, operands, value)
        if key != key or value != value:  # NaN is not equal to itself
            key = i
        if key not in seen:
            seen[key] = len(distinct)
            distinct.append((op, constant, value, operands, partials))
        places.append(seen[key])
    return np.array(places, dtype=np.intp), distinct


def _read_nodes(rows, inputs):
    numbers = {node: k + 1 for k, node in enumerate(inputs)}
    names = [_number(row[2]) if row[1] else f"v{i + 1}" for i, row in enumerate(rows)]
    children = [[] for _ in rows]
    for i, row in enumerate(rows):
        for operand in dict.fromkeys(row[3]):
            children[operand].append(i)
    nodes = []
    for i, (op, constant, value, operands, partials) in enumerate(rows):
        kind = op or ("constant" if constant else "input")
        if op is not None:
            formula = _formula(op, [names[j] for j in operands])
        else:
            formula = f"x{numbers[i]}" if i in numbers else names[i]
        nodes.append(
            Node(i, f"v{i + 1}", kind, formula, operands, partials, tuple(children[i]), value)
        )
    return tuple(nodes)


def _number(value):
    return f"{value:g}"


def _formula(op, operands):
    if op in SIGNS and len(operands) == 2:
        return f"{operands[0]} {SIGNS[op]} {operands[1]}"
    if op == "negative":
        return f"-{operands[0]}"
    if op == "matmul":
        pairs = [f"{a} {b}" for a, b in zip(operands[::2], operands[1::2], strict=True)]
        return " + ".join(pairs if len(pairs) <= MOST_NAMED else [*pairs[:2], "...", pairs[-1]])
    if len(operands) > MOST_NAMED:
        operands = [*operands[:2], "...", operands[-1]]
    return f"{op}({', '.join(operands)})"


def _saved(recording, name):
    from ad_core.programs import tape_file

    return tape_file.save(recording, name)


def _loaded(data):
    from ad_core.programs import tape_file

    recording, name, _ = tape_file.load(data, math.inf, math.inf)
    return recording, name


FILES.update(save=_saved, load=_loaded)

# Pickles that version 0.1.0 wrote before its files were in folders name the class by this module.
sys.modules.setdefault("ad_core.tape", sys.modules[__name__])
