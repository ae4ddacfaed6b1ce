"""compile(): a recording is used again only for arguments that no function can distinguish."""

import array
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import itertools
import operator
import pickle
import random
import threading
import types
import uuid
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple

import numpy as np
import pytest

import ad_core
from ad_core.programs.cache_keys import NoKey, key_of
from agreement import refused
from threads import everywhere


class Bag:
    """An object with attributes, distinguished from others by its identity."""

    def __init__(self, **held):
        self.__dict__.update(held)


class Slotted:
    __slots__ = ("held",)

    def __init__(self, held):
        self.held = held


class Lying(Bag):
    """An object whose __eq__ is always true."""

    __hash__ = lambda self: 0  # noqa: E731

    def __eq__(self, other):
        return True


class Raising(Bag):
    def __eq__(self, other):
        raise AssertionError("asked whether it is equal")

    def __hash__(self):
        raise AssertionError("asked for its hash")


class Disguised(Bag):
    """An object whose __class__ is a class whose instances are compared by identity."""

    __class__ = property(lambda self: types.FunctionType)


class LyingInt(int):
    def __new__(cls, value, unit):
        made = super().__new__(cls, value)
        made.unit = unit
        return made

    __hash__ = lambda self: 0  # noqa: E731

    def __eq__(self, other):
        return True


class Text(str):
    """A string with attributes."""


class Length(float):
    """A float with attributes."""


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Level(enum.IntEnum):
    LOW = 1


@dataclasses.dataclass
class Options:
    order: int
    table: object


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    order: int
    table: object


One = namedtuple("One", "n m")
Other = namedtuple("One", "n m")


def with_attribute(x, **held):
    x.__dict__.update(held)
    return x


NAN = np.array([0x7FF8000000000001, 0x7FF8000000000002], np.uint64).view(np.float64)
SQUARE = np.arange(4).reshape(2, 2)
# Values of which no two are the same to every function.
DISTINCT = {
    "numbers": [0, False, np.False_, np.int64(0), np.int32(0), np.uint8(0), LyingInt(0, "m"),
                LyingInt(0, "s"), LyingInt(1, "s"), Level.LOW, 1, True, np.array(0),
                np.array(False)],
    "floats": [deque([x]) for x in (0.0, -0.0, np.float64(0.0), np.float64(-0.0), np.float32(0.0),
                                    np.float32(-0.0), np.longdouble(0.0), np.longdouble(-0.0),
                                    Length(0.0), Length(-0.0), float(NAN[0]), float(NAN[1]),
                                    NAN[:1], NAN[1:])],
    "long doubles": [np.longdouble(1), np.longdouble(1) + np.finfo(np.longdouble).eps,
                     np.array([1.0], np.longdouble), np.array([0.0, -0.0], np.longdouble),
                     np.array([-0.0, 0.0], np.longdouble), np.array([1j], np.clongdouble)],
    "long complex numbers": [np.clongdouble(complex(*parts)) for parts in ((-1, 0.0), (-1, -0.0),
                             (0.0, 1), (-0.0, 1))] + [np.array([1j], np.clongdouble)],
    "texts": ["1", Text("1"), with_attribute(Text("1"), a=1), b"1", bytearray(b"1"), np.str_("1"),
              np.bytes_(b"1"), np.array("1"), np.array(b"1")],
    "singletons": [None, (), ..., NotImplemented, False, int, float, np.float64, np.int64],
    "containers": [(1, 2), [1, 2], {1: 2}, One(1, 2), Other(1, 2), (2, 1), (1, (2,)), ((1,), 2),
                   {1, 2}, frozenset({1, 2}), deque([1, 2]), deque([1, 2], 5), (True, 2),
                   range(1, 3), slice(1, 2), np.array([1, 2]), (1, 2, None)],
    "ranges": [range(0), range(5, 5), range(0, 0, 2), slice(None), slice(0), slice(0.0),
               slice(False)],
    "sets": [frozenset({True}), frozenset({1}), frozenset({1.0}), {True}, {1}, frozenset({"1"})],
    "dicts": [{"n": 3, "m": 1}, {"m": 1, "n": 3}, {"n": 3, "m": True}, OrderedDict(n=3, m=1),
              OrderedDict(m=1, n=3), defaultdict(int, n=3, m=1), defaultdict(float, n=3, m=1),
              Counter(n=3, m=1), {Text("n"): 3, "m": 1}, types.MappingProxyType({"n": 3, "m": 1}),
              types.SimpleNamespace(n=3, m=1), types.SimpleNamespace(m=1, n=3)],
    "dicts of other keys": [{1: 2}, {True: 2}, {1.0: 2}, {np.int64(1): 2}, {"1": 2}],
    "arrays": [SQUARE, np.asfortranarray(SQUARE), SQUARE.T, SQUARE[::-1], SQUARE.view(np.matrix),
               SQUARE.astype(">i8"), SQUARE.astype(np.int32), SQUARE.astype(np.uint64),
               SQUARE.astype(bool), SQUARE.ravel(), SQUARE.reshape(1, 4), SQUARE.reshape(4, 1),
               SQUARE.astype(object), SQUARE.astype(str), SQUARE.tolist(),
               np.frombuffer(SQUARE.tobytes(), int).reshape(2, 2)],
    "array columns": [np.arange(6), np.repeat(np.arange(6), 2)[::2], np.arange(6)[::-1]],
    "arrays of objects": [np.array([1, "a"], object), np.array([True, "a"], object),
                          np.array([1.0, "a"], object), np.array([None, None])],
    "structured arrays": [np.array([(1, 2.0)], [("a", int), ("b", float)]),
                          np.array([(1, 2.0)], [("a", int), ("c", float)]),
                          np.array([(1, 2.0)], [("a", np.int32), ("b", float)]),
                          np.array([(1, -0.0)], [("a", int), ("b", float)]),
                          np.array([(1, 0.0)], [("a", int), ("b", float)])],
    "dates": [np.datetime64(1, "s"), np.datetime64(1, "ms"), np.timedelta64(1, "s"),
              np.array([1], "M8[s]"), np.array([1], "M8[ms]"), np.array([1], "M8[25s]"),
              np.array([1], "m8[s]"), datetime.date(1970, 1, 1), datetime.datetime(1970, 1, 1),
              datetime.datetime(1970, 1, 1, fold=1), datetime.timedelta(1), datetime.time(1),
              datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC),
              datetime.UTC, datetime.timezone(datetime.timedelta(0), "GMT")],
    "decimals": [decimal.Decimal("1.0"), decimal.Decimal("1.00"), decimal.Decimal("-0"),
                 decimal.Decimal("0"), decimal.Decimal("NaN"), decimal.Decimal("sNaN"),
                 fractions.Fraction(1), fractions.Fraction(1, 2)],
    "dtypes": [np.dtype(float), np.dtype(">f8"), np.dtype("M8[s]"), np.dtype("M8[ms]"),
               np.dtype([("a", "i1"), ("b", "i8")]),
               np.dtype([("a", "i1"), ("b", "i8")], align=True), float],
    "objects": [Bag(a=1), Bag(a=1), Bag(a=2), Slotted(1), Slotted(2), Slotted([1]), Lying(a=1),
                Lying(a=2), Raising(a=1), Raising(a=2), object(), object(), Disguised(a=1)],
    "plain data": [Options(1, 2), Options(1, deque([2.0])), Options(1, [2]), Frozen(1, 2),
                   Frozen(1, (2,)), One(1, 2), Other(1, 2), uuid.UUID(int=1), uuid.UUID(int=2)],
    "functions": [abs, len, np.sin, np.cos, np.add.reduce, lambda: 1, lambda: 1, Bag(a=1).__init__,
                  functools.partial(pow, 2), functools.partial(pow, 2.0), functools.partial(pow),
                  functools.partial(pow, mod=5), operator.itemgetter, [1].append, [2].append],
    "members": [Colour.RED, Colour.BLUE, Level.LOW, 1, Colour, Level],
}  # fmt: skip


def key_or_none(value):
    try:
        return key_of(value)
    except NoKey:
        return None


@pytest.mark.parametrize("values", DISTINCT.values(), ids=DISTINCT)
def test_arguments_that_a_function_can_distinguish_have_different_keys(values):
    keys = [key_or_none(value) for value in values]
    for (one, x), (other, y) in itertools.combinations(zip(values, keys, strict=True), 2):
        assert x is None or y is None or x != y, (one, other)
    for value, key in zip(values, keys, strict=True):
        if key is not None:
            assert key == key_of(value)
            assert hash(key) == hash(key_of(value))


@pytest.mark.filterwarnings("ignore::ad_core.errors.PerformanceWarning")
@pytest.mark.parametrize("values", DISTINCT.values(), ids=DISTINCT)
def test_no_recording_is_used_for_another_argument(values):
    """The function finds its argument by identity, and returns its place among them."""
    place = {id(value): float(k + 1) for k, value in enumerate(values)}
    f = ad_core.compile(lambda x, value: x * place[id(value)], max_paths=200)
    for _ in range(2):
        for k, value in enumerate(values):
            assert f.grad(1.0, value) == k + 1.0
            assert f(2.0, value) == 2.0 * k + 2.0
    numbers = np.arange(1.0, 4.0)
    for k, value in enumerate(values):
        if not any(isinstance(x, np.ndarray) for x in ad_core.recording.trees.flatten(value)[0]):
            found = f.value_and_grad(numbers, value, batch_dims=1)
            np.testing.assert_array_equal(found, [numbers * (k + 1), np.full(3, k + 1.0)])


@pytest.mark.parametrize(
    "make",
    [
        lambda: (1, "a", None, (2.5, [True])), lambda: {"n": 3, "m": [1, 2]}, lambda: {1, 2, "a"},
        lambda: frozenset({1, 2}), lambda: np.arange(5), lambda: np.array([True, False]),
        lambda: np.array([1, "a", None], object), lambda: np.array(["a", "b"]),
        lambda: decimal.Decimal("1.50"), lambda: datetime.datetime(2020, 1, 2, 3),
        lambda: fractions.Fraction(1, 3), lambda: range(2, 9), lambda: slice(1, None),
        lambda: np.datetime64(5, "s"), lambda: One(1, "a"), lambda: Options(1, np.arange(2)),
        lambda: Frozen(2, (1, "a")), lambda: Counter("aab"), lambda: deque([1, 2], 4),
        lambda: functools.partial(np.power, 2), lambda: OrderedDict(a=1), lambda: b"bytes",
        lambda: types.SimpleNamespace(a=[1]), lambda: LyingInt(3, "m"), lambda: complex(1, -0.0),
        lambda: np.longdouble(1) / 3, lambda: np.array([1.5], np.longdouble),
        lambda: np.zeros(2, [("a", int), ("b", float)]), lambda: np.asfortranarray(SQUARE),
        lambda: uuid.UUID(int=5), lambda: defaultdict(list, a=[1]), lambda: bytearray(b"a"),
    ],
)  # fmt: skip
def test_equal_new_data_uses_the_same_recording(make):
    calls = []
    f = ad_core.compile(lambda x, value: calls.append(1) or x * 2.0)
    for _ in range(3):
        assert f.grad(1.0, make()) == 2.0
    assert (len(calls), f.paths) == (1, 1)


MUTATIONS = {
    "an attribute": (lambda: Bag(n=2.0), lambda c: setattr(c, "n", 3.0), lambda c: c.n),
    "a slot": (lambda: Slotted(2.0), lambda c: setattr(c, "held", 3.0), lambda c: c.held),
    "a list within": (
        lambda: Bag(n={"a": [2.0]}), lambda c: c.n["a"].append(5.0), lambda c: sum(c.n["a"])
    ),
    "an array within": (
        lambda: Bag(n=np.array([2.0])), lambda c: c.n.__setitem__(0, 7.0), lambda c: c.n[0]
    ),
    "of a lying class": (lambda: Lying(n=2.0), lambda c: setattr(c, "n", 3.0), lambda c: c.n),
    "of a class that raises": (
        lambda: Raising(n=2.0), lambda c: setattr(c, "n", 3.0), lambda c: c.n
    ),
    "a disguised object": (
        lambda: Disguised(n=2.0), lambda c: setattr(c, "n", 3.0), lambda c: c.n
    ),
    "a dataclass": (
        lambda: Options(1, 2.0), lambda c: setattr(c, "table", 3.0), lambda c: c.table
    ),
    "what an int carries": (
        lambda: LyingInt(1, 2.0), lambda c: setattr(c, "unit", 3.0), lambda c: c.unit
    ),
    "a dict": (lambda: {"n": 2.0, "m": 1}, lambda c: c.update(n=3.0), lambda c: c["n"]),
    "the order of a dict": (
        lambda: {"n": 2.0, "m": 1},
        lambda c: c.__setitem__("n", c.pop("n")),
        lambda c: next(iter(c.values())),
    ),
    "the order of an OrderedDict": (
        lambda: OrderedDict(n=2.0, m=1),
        lambda c: c.move_to_end("n"),
        lambda c: next(iter(c.values())),
    ),
    "a deque": (lambda: deque([2.0, 1]), lambda c: c.rotate(1), lambda c: float(c[0])),
    "an array": (lambda: np.array([2, 1]), lambda c: c.sort(), lambda c: float(c[0])),
    "an array of objects": (
        lambda: np.array([2.0, None]), lambda c: c.__setitem__(0, 3.0), lambda c: c[0]
    ),
    "the object of a bound method": (
        lambda: {"n": [2.0]}.get, lambda c: c("n").append(1.0), lambda c: sum(c("n"))
    ),
    "what a partial holds": (
        lambda: functools.partial(sum, [2.0]), lambda c: c.args[0].append(1.0), lambda c: c()
    ),
    "a namespace": (
        lambda: types.SimpleNamespace(n=2.0), lambda c: setattr(c, "n", 3.0), lambda c: c.n
    ),
    "a generator of random numbers": (
        lambda: np.random.default_rng(0), lambda c: c.random(), lambda c: pickle.loads(
            pickle.dumps(c)).random()
    ),
    "Python's random numbers": (
        lambda: random.Random(0), lambda c: c.random(), lambda c: pickle.loads(
            pickle.dumps(c)).random()
    ),
    "an array.array": (
        lambda: array.array("d", [2.0]), lambda c: c.append(1.0), lambda c: sum(c)
    ),
    "a view of memory": (
        lambda: memoryview(bytearray(b"ab")), lambda c: c.__setitem__(0, 7), lambda c: float(c[0])
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", MUTATIONS)
def test_changes_since_the_recording_are_seen(kind):
    make, change, read = MUTATIONS[kind]
    f = ad_core.compile(lambda x, c: x * read(c))
    held = make()
    for _ in range(3):
        assert f.grad(1.0, held) == f.grad(1.0, held) == read(held)
        if not isinstance(held, np.ndarray):  # which would have batch axes
            found = f.grad(np.ones(20), held, batch_dims=1)
            np.testing.assert_array_equal(found, np.full(20, read(held)))
        change(held)


def test_data_of_a_class_is_seen():
    class Settings:
        scale = 2.0

    class Derived(Settings):
        pass

    f = ad_core.compile(lambda x, settings: x * settings.scale)
    held = Derived()
    for scale in (2.0, 3.0, 2.0):
        Settings.scale = scale
        for argument in (Settings, Derived, held):
            assert f.grad(1.0, argument) == scale
    assert f.paths <= 6


def test_without_a_key_explain_says_that_every_call_records():
    calls = []

    def fun(x, lock, n):
        calls.append(1)
        return np.sum(x**n)

    f, lock = ad_core.compile(fun), threading.Lock()
    x, t = np.array([1.0, 2.0]), np.array([0.5, 1.0])
    for k in range(3):
        assert f(x, lock, 3) == 9.0
        np.testing.assert_allclose(f.grad(x, lock, 3), 3 * x**2)
        assert (len(calls), f.paths) == (2 * k + 2, 0)
    np.testing.assert_allclose(f.hessian(x, lock, 3), np.diag(6 * x))
    np.testing.assert_allclose(f.hessian(x, lock, 3, sparse=True).toarray(), np.diag(6 * x))
    value, gradient = f.value_and_grad(x, lock, 3, out=(np.empty(()), np.empty(2)))
    assert value == 9.0
    np.testing.assert_allclose(gradient, 3 * x**2)
    one = ad_core.compile(lambda x, lock: x**3)
    np.testing.assert_allclose(one.jacobian(x, lock, sparse=True).toarray(), np.diag(3 * x**2))
    np.testing.assert_allclose(
        f.grad(np.stack([x, t]), lock, 3, batch_dims=1), 3 * np.stack([x, t]) ** 2
    )
    text = f.explain(x, lock, 3)
    for part in ("recorded in every call", "argument 1 of fun", "class lock", "functools.partial"):
        assert part in text
    assert "recorded in every call" not in f.explain(x, 1, 3)
    with refused(TypeError, "argument 1", "float"):
        f.grad(x, lock, 3, argnums=1)


def test_each_point_of_a_batch_has_its_own_random_numbers():
    f = ad_core.compile(lambda x, rng: x * rng.random())
    for n in (1, 2, 40):
        drawn = np.random.default_rng(3).random(n)
        found = f.grad(np.ones(n), np.random.default_rng(3), batch_dims=1)
        np.testing.assert_array_equal(found, drawn)
        out = np.empty(n)
        assert f(np.ones(n), np.random.default_rng(3), batch_dims=1, out=out) is out
        np.testing.assert_array_equal(out, drawn)
    assert f.grad(np.ones((0, 3)), np.random.default_rng(3), batch_dims=2).shape == (0, 3)
    numbers = iter([1.0, 2.0, 3.0])
    following = ad_core.compile(lambda x, numbers: x * next(numbers))
    assert [following.grad(1.0, numbers) for _ in range(3)] == [1.0, 2.0, 3.0]


@pytest.mark.filterwarnings("ignore::ad_core.errors.PerformanceWarning")
def test_functions_of_the_same_name_are_distinguished():
    f = ad_core.compile(lambda x, g: g(x))
    scaled = [lambda x, scale=float(k): x * scale for k in range(100)]
    for k in [*range(100), *range(100)]:
        assert f.grad(1.0, scaled[k]) == k
    assert f.paths == 100


def test_an_object_that_holds_itself():
    loop = Bag(n=2.0)
    loop.self = loop
    rings = []
    rings += [rings, 2.0, 1]
    f = ad_core.compile(lambda x, c: x * (c.n if isinstance(c, Bag) else c[1]))
    assert f.grad(1.0, loop) == 2.0
    loop.n = 3.0
    assert f.grad(1.0, loop) == 3.0
    with pytest.raises(RecursionError):
        f.grad(1.0, rings)


@pytest.mark.filterwarnings("ignore::ad_core.errors.PerformanceWarning")
def test_threads_with_arguments_of_their_own():
    f, wrong = ad_core.compile(lambda x, c: x * c.n, max_bytes=30_000), []

    def work(number):
        held = Bag(n=0.0)
        for k in range(50):
            held.n = float(10 * number + k % 5)
            if f.grad(1.0, held) != held.n:
                wrong.append(held.n)

    everywhere(work, 6)
    assert not wrong
    assert f._recordings.bytes <= 30_000
