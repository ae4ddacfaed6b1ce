# SPDX-License-Identifier: Apache-2.0
"""Functions too large for a program of all entries of the Jacobian, or for any program.

ByUnitVectors runs the program of a product with the Jacobian on the unit vectors, as one more batch
axis.  Replayed carries out the recording again at each point, with array operations as a whole
(matrix products by BLAS), and sweeps over its partials.
"""

import math

import numpy as np

from ad_core import _core
from ad_core.programs.build import (
    SEEDS,
    WHOLE,
    check_scalar,
    jacobian_layout,
    pack_of,
    pack_with_value,
)
from ad_core.recording.plain import flatten_numbers
from ad_core.recording.record import ArgumentTrees, Leaves, Recording
from ad_core.recording.trees import paired

__all__ = [
    "ByUnitVectors", "Large", "Replayed", "Skeleton", "into", "leaves_of", "results_of", "row_of",
]  # fmt: skip


class Large:
    """A stand-in for a Call, with in_shapes, pack, bare, batch() and evaluate()."""

    bare = False
    own = None  # an OwnPoint
    check_points = None  # a function that raises ValueError for results at too many points

    def at_point(self, arguments):
        """The return value at one point of plain arrays and numbers of the recorded shapes;
        NotImplemented for other arguments, and where batch() has to decide."""
        return NotImplemented

    def evaluate(self, arguments, out, workers, progress):
        if out is None and progress is None:
            result = self.at_point(arguments)
            if result is not NotImplemented:
                return result
        results, missed = self.batch(list(arguments), out, workers, progress)
        if missed is not None and missed.any():
            results, missed = self.own(self, missed, arguments, results)
            if missed.any():
                self.report_missed(missed, arguments)
        return results[0] if self.pack is None else self.pack(results)


def into(results, out, name, arguments):
    """The results, written to the caller's arrays `out` if there are any."""
    if out is None:
        return results
    if len(out) != len(results):
        raise TypeError(f"out of {name} must be {len(results)} arrays, got {len(out)}")
    for to, result in zip(out, results, strict=True):
        _core.check_out_array(to, np.shape(result), name)
    _core.refuse_overlaps(out, arguments, name)
    for to, result in zip(out, results, strict=True):
        to[...] = result
    return list(out)


class ByUnitVectors(Large):
    """A Jacobian by D tangents or K adjoints, whichever are cheaper, on the lanes of a program."""

    def __init__(self, source, call_of, name, argnums):
        """call_of(name) returns the Call of a method."""
        self.source = source
        self.name = f"{name} of {source.name}"
        *_, self.pack = jacobian_layout(source, argnums)
        self.with_value = name.endswith("value_and_jacobian")
        if self.with_value:
            self.pack = pack_with_value(source, self.pack)
        numbers, _ = source.wrt(argnums)
        self.leaves = [leaf for k in numbers for leaf in source.arguments.numbers(k)]
        self.forward = _core.cheapest_forward(source.arguments.extent(numbers), source.result.size)
        self.product = call_of("jvp" if self.forward else "vjp")
        self.value = call_of("value")
        self.in_shapes = source.arguments.shapes

    def report_missed(self, missed, arguments):
        self.value.evaluate_leaves(arguments)  # raises, and names the comparison

    def seeds(self):
        """The unit vectors, for each leaf an array of its shape with one vector in each row."""
        source = self.source
        if not self.forward:
            side, rows = source.result, range(source.result.size)
        else:
            side = source.arguments
            rows = [
                side.firsts[k] + j for k in self.leaves for j in range(side.sizes[k])
            ]  # fmt: skip
        unit = np.zeros((len(rows), side.size))
        unit[np.arange(len(rows)), rows] = 1.0
        return [
            unit[:, first : first + size].reshape(len(rows), *shape)
            for first, size, shape in zip(side.firsts, side.sizes, side.shapes, strict=True)
        ]

    def batch(self, arguments, out, workers, progress):
        shapes = self.in_shapes
        arguments = [np.asarray(x) for x in arguments]
        values, missed = self.value.batch(arguments, None, workers, None)
        dims = [x.ndim - len(shape) for x, shape in zip(arguments, shapes, strict=True)]
        wide = [
            np.expand_dims(x, dim) if dim else x for x, dim in zip(arguments, dims, strict=True)
        ]
        parts, _ = self.product.batch([*wide, *self.seeds()], None, workers, progress)
        lead = len(
            np.broadcast_shapes(*(x.shape[:d] for x, d in zip(arguments, dims, strict=True)))
        )
        results = self.blocks(parts, lead)
        if self.with_value:
            results = values + results
        return into(results, out, self.name, arguments), missed

    def blocks(self, parts, lead):
        """The block of the Jacobian for each leaf of the result and each leaf of the arguments."""
        arguments, result = self.source.arguments, self.source.result
        blocks = []
        for k, shape in enumerate(result.shapes):
            first = 0
            for leaf in self.leaves:
                inner, width = arguments.shapes[leaf], arguments.sizes[leaf]
                if self.forward:
                    columns = parts[k][(slice(None),) * lead + (slice(first, first + width),)]
                    block = np.moveaxis(columns, lead, -1)
                else:
                    top = result.firsts[k]
                    rows = (slice(None),) * lead + (slice(top, top + result.sizes[k]),)
                    block = parts[leaf][rows]
                batch = block.shape[:lead]
                blocks.append(np.ascontiguousarray(block).reshape(batch + shape + inner))
                first += width
        return blocks


def results_of(method, recording, seeds):
    """The results of a dense method from one recording, nested as the caller gets them."""
    match method.removeprefix("holomorphic_"):
        case "value":
            return recording.value()
        case "jacobian":
            return recording.jacobian()
        case "value_and_jacobian":
            return recording.value(), recording.jacobian()
        case "grad":
            return recording.gradient()
        case "value_and_grad":
            return recording.value(), recording.gradient()
        case "hessian":
            return recording.hessian(np.ones(1))
        case "lagrangian_hessian":
            return recording.hessian(row_of(seeds))
        case "hvp":
            return recording.hvp(seeds)
        case "ggnvp":
            return recording.ggnvp(seeds)
        case "weighted_ggnvp":
            n = len(recording.inputs.shapes)
            return recording.ggnvp(seeds[:n], row_of(seeds[n:]))
        case "jvp":
            return recording.outputs.build(recording.product(seeds, True))
    return recording.unwrap(recording.inputs.build(recording.product(seeds, False)))


class Replayed(Large):
    """A method of a recording without a program, one point after the other."""

    def __init__(self, recording, source, name, argnums, report):
        arguments, result, label = source.arguments, source.result, source.name
        self.joins = recording.is_complex
        recording = recording.paired()
        if name in ("grad", "value_and_grad", "hessian", "hvp"):
            check_scalar(source, name)
        self.recording = recording
        self.method = name
        self.name = f"{name} of {label}"
        self.report = report
        self.inputs, self.order = recording.inputs.nodes, None
        if np.any(self.inputs[1:] < self.inputs[:-1]):
            self.order = np.argsort(self.inputs, kind="stable")
            self.inputs = self.inputs[self.order]
        if name in WHOLE and name != "value":
            self.wrt, self.single = recording.inputs, len(arguments.trees) == 1
        else:
            numbers, self.single = source.wrt(argnums)
            self.wrt = leaves_of(recording, arguments, numbers)
        self.in_shapes = list(arguments.shapes)
        for side in SEEDS.get(name, {}):
            self.in_shapes += (result if side == "result" else arguments).shapes
        self.count = len(arguments.shapes)
        self.tree = flatten_numbers(self.results(Skeleton(recording, self.wrt, self.single), []))[1]
        self.pack = None if self.tree.kind is None else self.tree.fill
        if self.joins:
            self.pack = pack_of(source, name, argnums)

    @property
    def facts(self):
        """The route, for explain()."""
        return {"route": "sweeps over the recording, replayed at each point"}

    def report_missed(self, missed, arguments):
        at = tuple(np.argwhere(missed)[0].tolist())
        pairs = zip(arguments[: self.count], self.in_shapes, strict=False)
        leaves = [np.broadcast_to(x, missed.shape + shape)[at] for x, shape in pairs]
        self.report(self.at(row_of(leaves))[1], at)

    def at(self, flat):
        """(the recording at one point, the guards with another outcome than recorded).

        flat: the arguments, laid end to end."""
        flat = flat if self.order is None else flat[self.order]
        trace, flipped = _core.replayed(self.recording.trace, self.inputs, flat)
        return self.of(trace), flipped

    def of(self, trace):
        """A trace of these nodes as a recording, with the arguments of the derivative as inputs."""
        return Recording(trace, self.wrt, self.recording.outputs, self.single, None)

    def results(self, recording, seeds):
        """This method's results of one recording, nested as the caller gets them."""
        return results_of(self.method, recording, seeds)

    def row(self, arguments):
        """The arguments of one point laid end to end, or None if they are not plain arrays and
        numbers of the recorded shapes or if there are tangents or cotangents."""
        if not len(arguments) == self.count == len(self.in_shapes):
            return None
        size = self.recording.inputs.size
        return _core.row_of_point(list(arguments), self.in_shapes, size)

    def at_point(self, arguments):
        row = None if self.check_points is not None else self.row(arguments)
        if row is None:
            return NotImplemented
        recording, flipped = self.at(row)
        return NotImplemented if flipped else self.returned(self.results(recording, []))

    def returned(self, results):
        """What the caller gets for the results at one point: they are nested like that already,
        unless there are complex numbers, which are joined."""
        if not self.joins:
            return results
        parts = flatten_numbers(results)[0]
        return parts[0] if self.pack is None else self.pack(parts)

    def at_row(self, row, seeds):
        """(the results at one point as a flat list, 1 + the guard that changed there or 0)."""
        recording, flipped = self.at(row)
        if flipped:  # the results are not used, and derivatives may not exist there
            recording = self.of(self.recording.trace)
        return flatten_numbers(self.results(recording, seeds))[0], 1 + flipped[0] if flipped else 0

    def at_each(self, lead, arrays, missed, progress):
        """The results at each point of a batch of shape `lead`; sets `missed` as in at_row()."""
        pairs = zip(arrays, self.in_shapes, strict=True)
        wide = [np.broadcast_to(x, lead + shape) for x, shape in pairs]
        rows = []
        for at in np.ndindex(lead):
            leaves = [x[at] for x in wide]
            row, missed[at] = self.at_row(row_of(leaves[: self.count]), leaves[self.count :])
            rows.append(row)
            if progress is not None:
                progress.update(1)
        if not rows:
            row = flatten_numbers(self.results(self.recording, wide))[0]
            return [np.empty(lead + np.shape(y)) for y in row]
        return [np.reshape(np.stack(y), lead + np.shape(y[0])) for y in zip(*rows, strict=True)]

    def batch(self, arguments, out, workers, progress):
        row = self.row(arguments)
        if row is not None:
            return self.checked(arguments, (), out, progress, row)
        pairs = list(zip(arguments, self.in_shapes, strict=True))
        arrays = []
        for k, (x, shape) in enumerate(pairs):
            array = _core.float_argument(x, f"argument {k} of {self.name}")
            if array.shape[array.ndim - len(shape) :] != shape:
                raise ValueError(
                    f"argument {k} of {self.name} must have the recorded shape {shape}, with any "
                    f"batch axes before it, got shape {array.shape}"
                )
            arrays.append(array)
        leads = [x.shape[: x.ndim - len(s)] for x, s in zip(arrays, self.in_shapes, strict=True)]
        lead = np.broadcast_shapes(*leads) if any(leads) else ()
        return self.checked(arrays, lead, out, progress)

    def checked(self, arrays, lead, out, progress, row=None):
        """(results, missed) for arguments with the batch axes `lead`, whose number is checked.

        row: the arguments of a single point, laid end to end, if they have been already."""
        if self.check_points is not None and out is None:
            self.check_points(math.prod(lead))
        missed = np.zeros(lead, np.int64)  # 1 + the guard that changed, or 0
        if lead:
            results = self.at_each(lead, arrays, missed, progress)
        else:
            row = row_of(arrays[: self.count]) if row is None else row
            results, missed[()] = self.at_row(row, arrays[self.count :])
            if progress is not None:
                progress.update(1)
        return into(results, out, self.name, arrays), missed


def row_of(leaves):
    """Arrays as one vector."""
    rows = [*map(np.ravel, leaves)]
    return rows[0] if len(rows) == 1 else np.concatenate([*rows, np.empty(0)])


def leaves_of(recording, arguments, numbers):
    """The inputs that belong to some of the arguments, pairs of real ones for complex numbers."""
    leaves = [leaf for k in numbers for leaf in arguments.numbers(k)]
    nodes = [
        recording.inputs.nodes[arguments.firsts[k] : arguments.firsts[k] + arguments.sizes[k]]
        for k in leaves
    ]
    trees = ArgumentTrees([paired(arguments.trees[k]) for k in numbers])
    nodes = np.concatenate([*nodes, np.empty(0, np.uint32)]).astype(np.uint32)
    return Leaves(trees, [arguments.shapes[k] for k in leaves], nodes)


class Skeleton:
    """Results with a number for each array, which show how the results are nested."""

    def __init__(self, recording, inputs, single):
        self.inputs, self.outputs = _Zeros(inputs), _Zeros(recording.outputs)
        self.single = single

    def unwrap(self, arguments):
        return arguments[0] if self.single else tuple(arguments)

    def value(self):
        return self.outputs.tree.fill([0.0] * len(self.outputs.shapes))

    def gradient(self):
        return self.unwrap(self.inputs.build(None))

    def jacobian(self):
        return self.outputs.tree.build([self.gradient() for _ in self.outputs.shapes])

    def hessian(self, multipliers):
        return self.unwrap(self.inputs.tree.build([self.gradient() for _ in self.inputs.shapes]))

    def hvp(self, seeds):
        return self.gradient()

    def ggnvp(self, seeds, weights=None):
        return self.gradient()

    def product(self, seeds, forward):
        return None


class _Zeros:
    def __init__(self, side):
        self.tree, self.shapes = side.tree, side.shapes

    def build(self, flat):
        return self.tree.build([0.0] * len(self.shapes))
