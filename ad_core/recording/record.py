# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""A function recorded at one point: its trace, inputs and outputs, and products with its
Jacobian. All transforms are built on this."""

import math

import numpy as np

from ad_core import _core
from ad_core.errors import DtypeError
from ad_core.errors.notes import explained
from ad_core.recording import debugging
from ad_core.recording.argnums import is_single, numbered
from ad_core.recording.complex_leaves import Complex, check_holomorphic
from ad_core.recording.plain import flatten_inputs, flatten_result, leaves_like
from ad_core.recording.trees import flatten, leaf_path, map_leaves, paired, rows_joined
from ad_core.recording.undetermined import dependences, marked, marked_matrix

__all__ = [
    "RELEASES", "ArgumentTrees", "Leaves", "Recording", "check_mode", "finish", "record",
    "seeds_like",
]  # fmt: skip

# Class of values that consist of traced ones (complex numbers, masked arrays), or the class of such
# classes -> function that turns one into a value that outlives the trace. It is called with the
# value and with a function that does the same for a part of the value.
RELEASES = {}

MOST_RUNS = 64  # of a function for one recording, each after an exchange of names


def check_mode(mode):
    """Raise ValueError if mode is not a mode of a Jacobian."""
    if mode not in (None, "fwd", "rev"):
        raise ValueError(f"mode must be 'fwd', 'rev' or None, got {mode!r}")


class Leaves:
    """Arrays of inputs or outputs laid end to end: their tree, shapes and nodes."""

    __slots__ = ("nodes", "shapes", "tree")

    def __init__(self, tree, shapes, nodes):
        self.tree = tree
        self.shapes = shapes
        self.nodes = nodes

    @property
    def size(self):
        return self.nodes.size

    def split(self, flat, axis=0):
        """The parts of an array along axis, one for each leaf, as pairs (part, leaf's shape)."""
        parts, start = [], 0
        for shape in self.shapes:
            stop = start + math.prod(shape)
            parts.append((flat[start:stop] if axis == 0 else flat[:, start:stop], shape))
            start = stop
        return parts

    def build(self, flat):
        """A flat array as the nested containers of these inputs or outputs."""
        if not any(self.shapes):  # numbers
            return self.tree.build(list(flat))
        return self.tree.build([_shaped(part, shape) for part, shape in self.split(flat)])


def _shaped(part, shape):
    """A part of a result as an array of this shape, or as a number if the shape is ()."""
    part = part.reshape(shape)
    if shape == ():
        return part[()]
    return part if _core.traced(part) or part.flags.c_contiguous else part.copy()


class Recording:
    """One run of a function, which is over: its derivatives can be computed.

    single says that argnums was one number, so that results are not wrapped in a tuple. aux is
    what the function returned beside its result.
    """

    __slots__ = ("_dependences", "aux", "inputs", "outputs", "single", "trace")

    def __init__(self, trace, inputs, outputs, single, aux):
        self.trace = trace
        self.inputs = inputs
        self.outputs = outputs
        self.single = single
        self.aux = aux
        self._dependences = None

    @property
    def dependences(self):
        """Which outputs depend on results that are undetermined at this point: undetermined.py."""
        if self._dependences is None:
            self._dependences = dependences(self)
        return self._dependences

    @property
    def nested(self):
        """Whether it continues on the tape of an outer trace."""
        return _core.is_merged(self.trace)

    @property
    def name(self):
        """The name of the function, for messages."""
        return self.trace.name

    @property
    def is_complex(self):
        """Whether an argument or a result is complex."""
        return self.inputs.tree.holds(Complex) or self.outputs.tree.holds(Complex)

    def paired(self):
        """The same recording of a function of real arrays: a pair of them in the place of each
        complex one."""
        if not self.is_complex:
            return self
        inputs = ArgumentTrees([paired(tree) for tree in self.inputs.tree.trees])
        inputs = Leaves(inputs, self.inputs.shapes, self.inputs.nodes)
        outputs = Leaves(paired(self.outputs.tree), self.outputs.shapes, self.outputs.nodes)
        return Recording(self.trace, inputs, outputs, self.single, self.aux)

    def value(self):
        """The function's result: plain values, or traced values of the outer trace."""
        read = _core.traced_again if self.nested else _core.values_at
        return self.outputs.tree.fill(
            [
                read(self.trace, nodes, shape)
                for nodes, shape in self.outputs.split(self.outputs.nodes)
            ]
        )

    def product(self, seeds, forward, checked=True):
        """J seeds (forward) or J^T seeds, as a flat array, for a flat list of arrays.

        checked: whether debug(nans=True) checks the product."""
        traced = [seed for seed in seeds if _core.traced(seed)]
        if self.nested or traced:
            segment = _core.segment_of(
                self.trace, self.inputs.nodes, self.outputs.nodes, traced or None
            )
            return marked(segment.product(seeds, forward), self.dependences, seeds, forward)
        flat = [np.ravel(seed) for seed in seeds]
        # NumPy's own zeros: an outer trace, to which this recording does not belong, may be running
        empty = _core.plain_function("zeros")
        column = np.concatenate(flat)[:, None] if flat else empty((0, 1))
        sweep = _core.push_forward if forward else _core.pull_back
        found = sweep(self.trace, self.inputs.nodes, self.outputs.nodes, column)[:, 0]
        if checked:
            found = debugging.check_derivative(self, found)
        return _core.untraced(marked, found, self.dependences, flat, forward)

    def matrix(self, mode, chunk_size):
        """The K x D Jacobian."""
        check_mode(mode)
        K, D = self.outputs.size, self.inputs.size
        forward = _core.cheapest_forward(D, K) if mode is None else mode == "fwd"
        if not self.nested:
            found = _core.dense_jacobian(
                self.trace, self.inputs.nodes, self.outputs.nodes, forward, chunk_size or 0
            )
            found = debugging.check_derivative(self, found)
            return _core.untraced(marked_matrix, found, self.dependences)
        n = D if forward else K
        if D == 0 or K == 0:
            return np.zeros((K, D))
        segment = _core.segment_of(self.trace, self.inputs.nodes, self.outputs.nodes)
        rows = [segment.product(list(unit), forward) for unit in np.eye(n)]
        stacked = np.stack(rows)
        return marked_matrix(stacked.T if forward else stacked, self.dependences)

    def jacobian(self, mode=None, chunk_size=None, holomorphic=False):
        """The Jacobian as a tree of outputs, whose leaves are trees of inputs. Each array has the
        shape of the output followed by that of the input."""
        check_holomorphic(holomorphic, self.inputs.tree.trees, self.outputs.tree, self.name)
        matrix = self.matrix(mode, chunk_size)
        rows = []
        for block, out_shape in self.outputs.split(matrix):
            parts = [
                _shaped(part, out_shape + in_shape)
                for part, in_shape in self.inputs.split(block, axis=1)
            ]
            rows.append(self.unwrap(self.inputs.tree.build(parts)))
        return rows_joined(self.outputs.tree, rows, self.name)

    def gradient(self):
        """The gradient of a scalar result, as a tree of inputs."""
        return self.unwrap(self.inputs.build(self.product([1.0], forward=False)))

    def differentiated(self, multipliers=None):
        """The gradient of a scalar result, as a recording; with multipliers, that of the sum of
        all results, each times its multiplier."""
        if multipliers is None:
            multipliers = _core.plain_function("ones")(1)
        trace, inputs, found, _ = _core.gradient_of(
            self.trace, self.inputs.nodes, self.outputs.nodes, multipliers
        )
        tree, shapes = self.inputs.tree, self.inputs.shapes
        inputs, gradient = Leaves(tree, shapes, inputs), Leaves(tree, shapes, found)
        return Recording(trace, inputs, gradient, self.single, None)

    def hessian(self, multipliers):
        """The Hessian of the sum of all results, each times its multiplier, as a tree of trees."""
        gradient = self.differentiated(multipliers)
        return gradient.unwrap(gradient.jacobian())

    def hvp(self, seeds):
        """The Hessian of a scalar result times a flat list of tangents, as a tree of inputs. The
        caller checks it in debug(nans=True)."""
        # NumPy's own ones: an outer trace, to which this recording does not belong, may be running
        one = _core.plain_function("ones")(1)
        if len(seeds) == 1:
            flat = seeds[0].reshape(-1)
        else:
            flat = np.concatenate([*map(np.ravel, seeds), 0.0 * one])[:-1]
        found = _core.hessian_product(self.trace, self.inputs.nodes, self.outputs.nodes, one, flat)
        if found is not None:
            return self.unwrap(self.inputs.build(found))
        if _core.watches_nans() and not _core.has_calls(self.trace):
            self.gradient()  # it is checked, and its operations have lines of the user
        gradient = self.differentiated()
        found = gradient.product(seeds, forward=True, checked=False)
        return gradient.unwrap(gradient.outputs.build(found))

    def ggnvp(self, seeds, weights=None):
        """J^T (weights * J t) as a tree of inputs, for a list of tangents t and flat weights."""
        pushed = self.product(seeds, forward=True)
        middle = pushed if weights is None else weights * pushed
        return self.unwrap(self.inputs.build(self.product([middle], forward=False)))

    def unwrap(self, arguments):
        """Results for each argument: the one result itself if argnums was one number."""
        return arguments[0] if self.single else tuple(arguments)


def record(fun, args, kwargs, argnums, has_aux=False):
    """Run fun on traced arguments: once, and again if names of other modules had to be exchanged
    for it (ad_core.adapt).

    Raises TypeError for inputs that are not floats or complex numbers and for results that are not
    arrays, and whatever fun itself raises, unchanged.
    """
    numbers = numbered(
        argnums,
        len(args),
        f"was not given: the function was called with {len(args)} positional arguments",
    )
    for k in range(MOST_RUNS):
        last = k == MOST_RUNS - 1
        recording = _recorded(fun, args, kwargs, argnums, numbers, has_aux, last)
        if recording is not None:
            break
    return recording


def _recorded(fun, args, kwargs, argnums, numbers, has_aux, last):
    """The Recording of one run of fun; None if it is to be run again, which the last one is not."""
    fun = _core.in_place_of(fun)
    with _core.new_trace(fun) as trace:
        try:
            given = list(args)
            parts, trees = [], []
            for k in numbers:
                leaves, tree = flatten(args[k])
                made = _core.number_inputs(trace, leaves)
                if made is None:
                    what = lambda k=k: f"argument {k} of {_core.name_of(fun)}"  # noqa: E731
                    leaves, tree = flatten_inputs(args[k], leaves, tree, what)
                trees.append(tree)
                if made is not None:
                    traced, nodes, root = made
                    given[k] = tree.build(traced)
                    parts.append((nodes, root, [()] * len(leaves)))
                    continue
                made = [
                    _core.make_input(trace, leaf, lambda j=j: _what(fun, k, tree, j))  # noqa: B023
                    for j, leaf in enumerate(leaves)
                ]
                given[k] = tree.fill([traced for traced, _, _ in made])
                parts += [
                    (nodes, root, [np.shape(leaf)])
                    for (_, nodes, root), leaf in zip(made, leaves, strict=True)
                ]
            y = fun(*given, **kwargs)
            if not last and _core.to_record_again(trace):
                return None
            return _finish(trace, parts, trees, is_single(argnums), y, has_aux)
        except Exception as error:
            if not last and _core.adapt_after(error, fun, trace):
                return None
            found = explained(error, fun, trace.refusal)
            if found is error:
                raise
            raise found from error


def finish(trace, x, inputs, root, y):
    """The Recording of a trace that was begun elsewhere with the one input x."""
    _, tree = flatten(0.0)
    return _finish(trace, [(inputs, root, [np.shape(x)])], [tree], True, y, False)


def _finish(trace, parts, trees, single, y, has_aux):
    aux = None
    if has_aux:
        if not (isinstance(y, tuple) and len(y) == 2):
            raise TypeError(
                f"with has_aux=True {trace.name} must return a pair (result, aux), got "
                f"{type(y).__name__}"
            )
        y, aux = y
    leaves, tree = flatten_result(y)
    if not leaves and y is None:
        raise TypeError(
            f"{trace.name} returned None; return the array or number to differentiate (is a "
            f"return statement missing?)"
        )
    found, root, what = None, None, f"the result of {trace.name}"
    while found is None or root is not _core.root_of_returned(trace):
        # again if an output of an outer trace moved this recording onto its tape
        root = _core.root_of_returned(trace)
        found = [_core.output_nodes(trace, leaf, what) for leaf in leaves]
    aux = map_leaves(lambda leaf: _released(trace, leaf), aux)
    nodes = [_core.moved_nodes(base, part) for part, base, _ in parts]
    shapes = [shape for _, _, of_part in parts for shape in of_part]
    inputs = Leaves(ArgumentTrees(trees), shapes, _core.join_nodes(nodes))
    outputs = Leaves(tree, [shape for _, shape in found], _core.join_nodes([n for n, _ in found]))
    _core.complete_recording(trace, inputs.nodes, outputs.nodes)
    recording = Recording(trace, inputs, outputs, single, aux)
    debugging.check_value(recording)
    return recording


class ArgumentTrees:
    """The trees of several arguments as one tree, which builds a list."""

    def __init__(self, trees):
        self.trees = trees

    def holds(self, kind):
        """Whether one of the trees has a node of a kind."""
        return any(tree.holds(kind) for tree in self.trees)

    def build(self, leaves):
        leaves = iter(leaves)
        return [tree._build(leaves) for tree in self.trees]

    def fill(self, leaves):
        leaves = iter(leaves)
        return [tree._build(leaves, True) for tree in self.trees]


def _released(trace, leaf):
    """A leaf of aux without this trace: its plain value, or its value in the outer trace."""
    kind = type(leaf)
    release = RELEASES.get(kind) or RELEASES.get(type(kind))
    if release is not None:
        return release(leaf, lambda part: _released(trace, part))
    if isinstance(leaf, np.ndarray) and not _core.traced(leaf) and leaf.dtype == object:
        leaf = _core.object_array(leaf)
    if not _core.traced(leaf):
        return leaf
    if _core.is_merged(trace):
        nodes, shape = _core.output_nodes(trace, leaf, "aux")
        return _core.traced_again(trace, nodes, shape)
    value = _core.current_values(leaf)
    return value[()] if value.ndim == 0 else value


def _what(fun, k, tree, j):
    """The name of an input in error messages."""
    part = leaf_path(tree, j)
    return f"argument {k}{' ' if part else ''}{part} of {_core.name_of(fun)}"


def seeds_like(side, given, trees, what):
    """Tangents or cotangents as a flat list, checked against the recorded inputs or outputs."""
    leaves = leaves_like(trees, given, what)
    seeds = []
    for k, (leaf, shape) in enumerate(zip(leaves, side.shapes, strict=True)):

        def name(k=k):
            return what if len(leaves) == 1 else f"{what}, at {leaf_path(trees, k)},"

        if not _core.traced(leaf):
            leaf = _seed_array(leaf, name)
        if np.shape(leaf) != shape:
            raise ValueError(f"{name()} must have shape {shape}, got {np.shape(leaf)}")
        seeds.append(leaf)
    return seeds


def _seed_array(leaf, name):
    """A tangent or cotangent as float64; name() is its name in messages."""
    _core.refuse_foreign(leaf, name)
    if _core.traced_complex(leaf):
        raise DtypeError(f"{name()} must be real numbers (float64), got complex ones; use .real")
    array = _core.plain_function("asarray")(leaf)
    if array.dtype == object:
        try:
            array = _core.object_array(array)
        except TypeError as error:
            raise DtypeError(f"{name()} must be real numbers (float64): {error}") from None
        if _core.traced(array):
            return array
    if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8:
        raise DtypeError(f"{name()} must be real numbers (float64), got dtype {array.dtype}")
    return array.astype(np.float64)
