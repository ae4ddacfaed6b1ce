# SPDX-License-Identifier: Apache-2.0
"""Random plain NumPy programs: all ways to compute a derivative agree with complex steps and with
one another."""

import contextlib
import pickle
from unittest import mock

import numpy as np
import pytest
from hypothesis import assume, given

import ad_core
from ad_core import _core
from ad_core.programs import compiled
from ad_core.recording.trees import flatten, map_leaves
from agreement import leaves
from programs import BRANCHING, KINDS, Writer, programs
from random_programs import copies, examples

BOUND = 1e-10  # relative to the largest entry, or to 1
BOUND_OF_DIFFERENCES = 1e-7


def assert_agree(found, expected, bound=BOUND, batch=()):
    """Leaf by leaf, each point of a batch on its own scale."""
    found, expected = leaves(found), leaves(expected)
    assert [x.shape for x in found] == [x.shape for x in expected]
    for x, y in zip(found, expected, strict=True):
        axes = tuple(range(len(batch), y.ndim))
        scale = np.max(np.abs(y), axis=axes, initial=1.0)
        assert np.all(np.max(np.abs(x - y), axis=axes, initial=0.0) <= bound * scale)


def directions(like, seed=1):
    """Random arrays of the same shapes, as a tuple."""
    rng = np.random.default_rng(seed)
    return tuple(rng.uniform(-1.0, 1.0, np.shape(x)) for x in like)


def pushed(jacobians, tangents):
    """J v from the jacobians as Program.jacobians gives them."""
    n = len(tangents)
    return [
        sum(
            np.tensordot(J, v, axes=np.ndim(v))
            for J, v in zip(jacobians[start : start + n], tangents, strict=True)
        )
        for start in range(0, len(jacobians), n)
    ]


def pulled(jacobians, cotangents):
    """w J."""
    n = len(jacobians) // len(cotangents)
    return [
        sum(
            np.tensordot(w, J, axes=np.ndim(w))
            for w, J in zip(cotangents, jacobians[k::n], strict=True)
        )
        for k in range(n)
    ]


def assert_derivatives_agree(program, args):
    """Value, products and Jacobians in both modes, each computed anew."""
    f, argnums = program.f, program.argnums
    expected = program.jacobians(args)
    value = f(*copies(args))
    tangents = directions(args)
    found, tangent = ad_core.jvp(f, copies(args), tangents)
    assert_agree(found, value)
    assert_agree(tangent, pushed(expected, tangents))
    cotangent = directions(leaves(value))
    _, tree = flatten(value)
    found, pullback = ad_core.vjp(f, *copies(args))
    assert_agree(found, value)
    assert_agree(pullback(tree.build(list(cotangent))), pulled(expected, cotangent))
    for mode in ("fwd", "rev", None):
        assert_agree(ad_core.jacobian(f, argnums, mode=mode)(*copies(args)), expected)


STEPS = [
    pytest.param(row, number, id=f"{kind}-{number}")
    for kind, rows in KINDS.items()
    for number, row in enumerate(rows)
]


FIRST = "N = np.sin(A) * K"
BEFORE = (
    ([(3,), (3,)], FIRST), ([(2, 3), (2, 3)], FIRST), ([(3, 3), (3, 3)], FIRST), ([(), ()], FIRST),
    ([(3,)], "N = np.array([0.3, -1.1, 0.7])"), ([()], "N = np.float64(K)"),
)  # fmt: skip


@pytest.mark.parametrize(("row", "number"), STEPS)
def test_every_step(row, number):
    """Each row, on scalars, arrays and constants, independent of the random programs below."""
    written = 0
    for shapes, first in BEFORE:
        writer = Writer(shapes, number)
        writer.write(first, (0, 0, 0, number))
        if writer.write(row, (0, 1, 1 + number % 7, number)):
            written += 1
            writer.write("N = A\nN += K", (0, 0, 0, 1))  # changes its result, if an array
            writer.write("A *= K", (6, 0, 0, 2))  # changes its operand, maybe seen through it
            program = writer.finished("[A, V]", (0, 0, 0, 0))
            assert_derivatives_agree(program, program.points[0])
    assert written


@given(program=programs())
@examples(120)
def test_derivatives_are_those_of_complex_steps(program):
    assert_derivatives_agree(program, program.points[0])
    assert_derivatives_agree(program, program.paths[-1][-1])


@given(program=programs(steps=8))
@examples(40)
def test_second_derivatives_are_differences_of_complex_steps(program):
    args, argnums = program.points[0], program.argnums
    tangents = directions(args)
    expected = program.second(args, tangents)
    assume(expected is not None)
    product = ad_core.hvp(program.total, copies(args), tangents)
    assert_agree(product, expected, BOUND_OF_DIFFERENCES)
    hessian = leaves(ad_core.hessian(program.total, argnums)(*copies(args)))
    assert_agree(pushed(hessian, tangents), product)
    gradient = ad_core.grad(program.total, argnums)
    assert_agree(gradient(*copies(args)), program.gradients(args))
    assert_agree(ad_core.jacrev(gradient, argnums)(*copies(args)), hessian)
    assert_agree(ad_core.jvp(gradient, copies(args), tangents)[1], product)


# ----------------------------------------------------------------------------- compiled programs


class Answers:
    """What the one-shot derivatives say at some points, and the same questions to a Tape or a
    Function at any of them.  Inputs are arguments, tangents and cotangents, in this order."""

    def __init__(self, program, points, scalar=False):
        self.f = program.total if scalar else program.f
        self.argnums = program.argnums
        self.scalar = scalar
        value = self.f(*copies(points[0]))
        self.result = flatten(value)[1]
        rows = [self.at(args, 2 + k) for k, args in enumerate(points)]
        self.inputs = [np.stack(column) for column in zip(*[row[0] for row in rows], strict=True)]
        self.results = {
            name: [np.stack(leaf) for leaf in zip(*[row[1][name] for row in rows], strict=True)]
            for name in rows[0][1]
        }

    def __len__(self):
        return len(self.inputs[0])

    def at(self, args, seed):
        """Inputs and results at one point."""
        value = leaves(self.f(*copies(args)))
        tangents, cotangents = directions(args, seed), directions(value, seed + 1)
        inputs = [*args, *tangents, *cotangents]
        first = leaves(ad_core.jacobian(self.f, self.argnums)(*copies(args)))
        if not self.scalar:
            return inputs, {
                "value": value, "jacobian": first, "value_and_jacobian": value + first,
                "jvp": pushed(first, tangents), "vjp": pulled(first, cotangents),
            }  # fmt: skip
        second = leaves(ad_core.hessian(self.f, self.argnums)(*copies(args)))
        return inputs, {
            "grad": first, "value_and_grad": value + first,
            "hessian": second, "hvp": pushed(second, tangents),
        }  # fmt: skip

    def ask(self, tape, name, inputs, **options):
        n = len(self.argnums)
        args, tangents, cotangents = inputs[:n], inputs[n : 2 * n], inputs[2 * n :]
        if name == "value":
            return tape(*args, **options)
        if name in ("jvp", "hvp"):
            return getattr(tape, name)(_one(args), _one(tangents), **options)
        if name == "vjp":
            return tape.vjp(_one(args), self.result.build(cotangents), **options)
        return getattr(tape, name)(*args, argnums=self.argnums, **options)

    def check(self, tape, index, names=None, layout=lambda x: x, **options):
        """Ask for all that there is at the points of that index: a number, or an array of numbers
        for a batch of its shape."""
        inputs = [layout(x[index]) for x in self.inputs]
        for name in names or self.results:
            found = self.ask(tape, name, inputs, **options)
            assert_agree(found, [y[index] for y in self.results[name]], batch=np.shape(index))


def _one(parts):
    return parts[0] if len(parts) == 1 else tuple(parts)


def strided(x):
    """The same numbers in an array of which they are every other element."""
    if np.ndim(x) == 0:
        return x
    room = np.full([2 * n for n in x.shape], np.nan)
    view = room[tuple(slice(None, None, 2) for _ in x.shape)]
    view[...] = x
    return view


def reversed_in_memory(x):
    return x[::-1].copy()[::-1] if np.ndim(x) else x


def fortran(x):
    return np.asfortranarray(x) if np.ndim(x) else x


def python_float(x):
    return x if np.ndim(x) else float(x)


def unaligned(x):
    view = np.ndarray(np.shape(x), buffer=bytearray(8 * np.size(x) + 1), offset=1)
    view[...] = x
    return view


def read_only_and_swapped(x):
    x = np.asarray(x, dtype=np.dtype(np.float64).newbyteorder())
    x.flags.writeable = False
    return x


LAYOUTS = (np.asarray, fortran, strided, reversed_in_memory, unaligned, read_only_and_swapped)
BATCHES = ((1,), (2,), (7,), (8,), (9,), (33,), (100,), (3, 5), (1, 1), (0,), (2, 1, 4))


def numbers(batch, count):
    """Points for a batch, all of them in turn."""
    return (np.arange(np.prod(batch, dtype=int)) % count).reshape(batch)


@contextlib.contextmanager
def instruction_set(name):
    before = _core.isa()
    assert _core.choose_isa(name)
    try:
        yield
    finally:
        assert _core.choose_isa(before)


def runnable():
    before = _core.isa()
    found = [isa for isa in ("base", "avx2", "avx512") if _core.choose_isa(isa)]
    _core.choose_isa(before)
    return found


def both(program, points=None):
    """(Answers, Tape) of the function and of the scalar one, traced at the first point."""
    points = program.points if points is None else points
    for scalar in (False, True):
        answers = Answers(program, points, scalar)
        yield answers, ad_core.trace(answers.f, *copies(points[0]))


@given(program=programs())
@examples(60)
def test_a_tape_at_new_points(program):
    for answers, tape in both(program):
        for number in range(len(answers)):
            answers.check(tape, number, layout=python_float if number % 2 else np.asarray)


@given(program=programs())
@examples(25)
def test_a_tape_by_one_argument(program):
    answers = Answers(program, program.points)
    tape = ad_core.trace(program.f, *copies(program.points[0]))
    n = len(program.shapes)
    for k in range(n):
        expected = [y[-1] for y in answers.results["jacobian"][k::n]]
        assert_agree(tape.jacobian(*program.points[-1], argnums=k), expected)
        assert_agree(tape.jacobian(*program.points[-1], argnums=k - n), expected)


@given(program=programs())
@examples(20)
def test_a_pickled_tape(program):
    for answers, tape in both(program):
        for copy in (pickle.loads(pickle.dumps(tape)), ad_core.Tape.from_bytes(tape.to_bytes())):
            answers.check(copy, len(answers) - 1)
            answers.check(copy, numbers((9,), len(answers)))


@given(program=programs())
@examples(20)
def test_lanes(program):
    for answers, tape in both(program):
        for k, batch in enumerate(BATCHES):
            layout = LAYOUTS[k % len(LAYOUTS)]
            answers.check(tape, numbers(batch, len(answers)), layout=layout)


@given(program=programs())
@examples(20)
def test_layouts_and_results_in_given_arrays(program):
    for answers, tape in both(program):
        index = numbers((11,), len(answers))
        for layout in LAYOUTS:
            answers.check(tape, index, layout=layout)
        inputs = [x[index] for x in answers.inputs]
        for name, expected in answers.results.items():
            found = answers.ask(tape, name, inputs)
            out = map_leaves(lambda y: np.full(np.shape(y), np.nan), found)
            answers.ask(tape, name, inputs, out=out)
            assert_agree(out, [y[index] for y in expected], batch=index.shape)


@given(program=programs())
@examples(25)
def test_one_argument_for_a_whole_batch(program):
    """Batch axes are broadcast: the first argument varies, the others have none."""
    points = [(args[0], *program.points[0][1:]) for args in program.points]
    path = program.path(program.points[0])
    answers = Answers(program, [args for args in points if program.path(args) == path])
    tape = ad_core.trace(program.f, *copies(program.points[0]))
    index = numbers((10,), len(answers))
    args = [x[index] if k == 0 else x[0] for k, x in enumerate(answers.inputs)]
    for name in ("value", "jacobian", "value_and_jacobian"):
        expected = [y[index] for y in answers.results[name]]
        assert_agree(answers.ask(tape, name, args[: len(program.shapes)]), expected, batch=(10,))


@given(program=programs())
@examples(8)
def test_workers(program):
    """Enough results that more than one thread takes part, and that no near cache holds them."""
    for answers, tape in both(program):
        name = "hessian" if answers.scalar else "jacobian"
        entries = sum(y[0].size for y in answers.results[name])
        index = numbers((2**19 // max(entries, 1) + 5,), len(answers))
        for workers in (1, 2):
            answers.check(tape, index, [name], workers=workers)
        answers.check(tape, index[:50], workers=2)


@pytest.mark.parametrize("isa", runnable())
@given(program=programs())
@examples(20)
def test_instruction_sets(isa, program):
    with instruction_set(isa):
        for answers, tape in both(program):
            for batch in ((), (13,), (40,)):
                answers.check(tape, numbers(batch, len(answers)))


@given(program=programs())
@examples(20)
def test_functions_too_large_for_programs(program):
    graph = mock.patch.object(_core, "Graph", side_effect=_core.ProgramTooLarge)
    with graph:
        for answers, tape in both(program):
            names = set(answers.results) - {"hessian", "hvp"}
            for batch in ((), (5,)):
                answers.check(tape, numbers(batch, len(answers)), names)
    answers = Answers(program, program.points)
    tape = ad_core.trace(program.f, *copies(program.points[0]))
    build = compiled.build

    def small(source, name, *rest):
        if name.endswith("jacobian"):
            raise _core.ProgramTooLarge
        return build(source, name, *rest)

    with mock.patch.object(compiled, "build", small):
        for batch in ((), (5,), (2, 3)):
            answers.check(tape, numbers(batch, len(answers)), ["jacobian", "value_and_jacobian"])


@given(program=programs((*BRANCHING, *BRANCHING, "functions", "masks", "indexing"), steps=8))
@examples(30)
def test_a_tape_on_another_path(program):
    """It raises BranchChanged, or is right there."""
    answers = Answers(program, program.points)
    tape = ad_core.trace(program.f, *copies(program.points[0]))
    for args in [path[0] for path in program.paths[1:]]:
        try:
            found = tape.value_and_jacobian(*args, argnums=program.argnums)
        except ad_core.BranchChanged:
            mixed = [np.stack(pair) for pair in zip(program.points[0], args, strict=True)]
            with pytest.raises(ad_core.BranchChanged):
                tape.jacobian(*mixed)
        else:
            assert_agree(found, Answers.at(answers, args, 1)[1]["value_and_jacobian"])
    answers.check(tape, len(answers) - 1)


@pytest.mark.filterwarnings("ignore::ad_core.errors.PerformanceWarning")
@given(program=programs((*BRANCHING, *BRANCHING, "functions", "masks", "indexing"), steps=8))
@examples(35)
def test_a_function_whose_points_take_different_paths(program):
    points = [args for path in program.paths for args in path]
    assume(len(points) > 1)
    for scalar in (False, True):
        answers = Answers(program, points, scalar)
        f = ad_core.compile(answers.f)
        rng = np.random.default_rng(0)
        for batch in ((17,), (2, 3)):
            index = rng.integers(0, len(points), batch)
            answers.check(f, index, batch_dims=len(batch))
        assert f.paths <= len(program.paths)
        for number in rng.integers(0, len(points), 6):
            answers.check(f, number)
        name = "grad" if scalar else "jacobian"
        assert_agree(
            ad_core.jacobian(f, program.argnums)(*copies(points[-1])),
            [y[-1] for y in answers.results[name]],
        )
        few = ad_core.compile(answers.f, max_paths=1)
        answers.check(few, numbers((9,), len(points)), batch_dims=1)


OTHER_OPS = {
    "sum": lambda *a: sum(a),
    "max": lambda *a: max(a),
    "min": lambda *a: min(a),
    "dot": lambda *a: sum(x * y for x, y in zip(a[::2], a[1::2], strict=True)),
    "multiply add": lambda a, b, c: a * b + c,
    "multiply subtract": lambda a, b, c: a * b - c,
    "subtract product": lambda a, b, c: c - a * b,
    "negative product": lambda a, b: -(a * b),
    "derivative product": lambda a, b: a * b,
    "square of a root": lambda a, b: b * b,
    "side": np.sign,
    "share of the larger": lambda a, b: 1.0 if a > b or a != a else 0.5 * (a == b),
    "share of the smaller": lambda a, b: 1.0 if a < b or a != a else 0.5 * (a == b),
    "ratio": lambda a, b: 0.0 if b == 0.0 else a / b,
    "kinked": lambda a, b: 0.0 if b == 0.0 else a,
    "power times log": lambda a, b, c: 0.0 if a == 0.0 and b >= 0.0 else a * np.log(b),
    "times log": lambda a, b: 0.0 if a == 0.0 and b >= 0.0 else a * np.log(b),
    "logistic": lambda a: 1 / (1 + np.exp(-a)),
    "logistic of base 2": lambda a: 1 / (1 + np.exp2(-a)),
    "guarded multiply": lambda a, b: 0.0 if a == 0.0 or b == 0.0 else a * b,
}


def interpreted(instructions, slots, flat):
    """The results of a listing of instructions, one number at a time."""
    values = []
    with np.errstate(all="ignore"):
        for op, operands, number in instructions:
            if op in ("input", "constant"):
                values.append(flat[number] if op == "input" else number)
            else:
                function = OTHER_OPS.get(op) or getattr(np, op)
                values.append(function(*[values[k] for k in operands]))
    return np.array([values[k] for k in slots], dtype=float)


@given(program=programs([kind for kind in KINDS if kind != "masks"]))
@examples(20)
def test_listed_instructions(program):
    """If no infinity is masked, a listing is plain arithmetic."""
    for answers, tape in both(program):
        n = len(answers.argnums)
        values = answers.results["value_and_grad" if answers.scalar else "value"]
        values = values[:1] if answers.scalar else values
        first = answers.results["grad" if answers.scalar else "jacobian"][::n]
        name = "grad" if answers.scalar else "jacobian"
        for what, expected in (
            ("value", values), (name, first), (f"value_and_{name}", values + first),
        ):  # fmt: skip
            instructions, slots = tape.instructions(what)
            for number in {0, len(answers) - 1}:
                flat = np.concatenate([np.ravel(x[number]) for x in answers.inputs[:n]])
                found = interpreted(instructions, slots, flat)
                flat = np.concatenate([np.ravel(y[number]) for y in expected])
                assert_agree(found, flat)
