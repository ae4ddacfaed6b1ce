# SPDX-License-Identifier: Apache-2.0
"""Branches that depend on arrays: one guard for each array, in every way to evaluate the
function."""

import json
import struct
import zlib

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.overrides.numpy.orders import searched, stable_order
from ad_core.recording.record import record

X = np.array([0.3, -1.2, 2.6, 0.9, -0.4, 1.7, 0.1, -2.2])
KNOTS = np.linspace(-3.0, 3.0, 13)

# Functions of a vector, the largest number of guards, and a change of the point by which a guard
# gets another outcome.  Each message contains the function's line.
FUNCTIONS = {
    "mask": (lambda x: np.sum(x[x > 0.2]), 1, {0: 0.1}),
    "mask assigned": (lambda x: np.sum(masked(x)), 1, {0: 0.1}),
    "mask of a view": (lambda x: np.sum(x[::2][x[::2] > 0.2]), 1, {0: 0.1}),
    "scattered mask": (lambda x: np.sum(x[(x > 0.2)[[3, 1, 0, 2, 4, 5, 6, 7]]]), 1, {0: 0.1}),
    "nonzero": (lambda x: np.sum(x[np.nonzero(x > 0.2)]), 1, {0: 0.1}),
    "any": (lambda x: x[0] * np.any(x > 2.0), 1, {2: 1.0}),
    "numbers as truth": (lambda x: x[0] * np.count_nonzero(np.trunc(x)), 1, {0: 1.1}),
    "sort": (lambda x: np.sort(x) @ np.arange(8.0), 1, {0: 1.0}),
    "sort of rows": (lambda x: np.sum(np.sort(x.reshape(2, 4))[:, 0]), 1, {0: 1.0}),
    "argsort": (lambda x: x[np.argsort(x)[0]], 2, {0: 1.0}),
    "argmax": (lambda x: x[np.argmax(x)], 2, {0: 4.0}),
    "argmin": (lambda x: x[np.argmin(x)], 2, {7: 0.0}),
    "argmax of rows": (lambda x: x[np.argmax(x.reshape(4, 2), axis=0)].sum(), 2, {0: 4.0}),
    "nanargmax": (lambda x: x[np.nanargmax(x)], 2, {0: 4.0}),
    "partition": (lambda x: np.partition(x, 3)[3], 2, {0: -3.0}),
    "median": (lambda x: np.median(x), 4, {0: 1.0}),
    "unique": (lambda x: np.unique(x) @ np.arange(8.0), 1, {0: 1.0}),
    "unique of ties": (lambda x: np.unique(np.trunc(x)).sum(), 2, {0: 1.1}),
    "isin": (lambda x: x[np.isin(np.trunc(x), [1.0, 2.0])].sum(), 3, {2: 0.9}),
    "searchsorted": (lambda x: x @ np.searchsorted(KNOTS, x), 2, {0: 0.6}),
    "digitize": (lambda x: x @ np.digitize(x, KNOTS[::-1]), 3, {0: 0.6}),
    "interp": (lambda x: np.sum(np.interp(x, KNOTS, np.sin(KNOTS))), 2, {0: 0.6}),
    "interp on few knots": (lambda x: np.sum(np.interp(x, KNOTS[::4], x[:4])), 2, {0: 1.1}),
    "searchsorted among few": (lambda x: x @ np.searchsorted(KNOTS[::4], x), 2, {0: 1.1}),
    "histogram": (lambda x: x @ np.histogram(x, KNOTS[3:])[0][:8], 3, {0: 0.6}),
    "isnan": (lambda x: np.nanmean(x), 1, {0: np.nan}),
}  # fmt: skip


def masked(x):
    y = x.copy()
    y[y > 0.2] = 1.0
    return y * x


def moved(changes):
    x = X.copy()
    for place, value in changes.items():
        x[place] = value
    return x


@pytest.fixture(params=FUNCTIONS)
def example(request):
    f, guards, changes = FUNCTIONS[request.param]
    return f, guards, moved(changes)


def test_there_are_few_guards_and_no_added_comparisons(example):
    f, most, _ = example
    tape = ad_core.trace(f, X)
    assert 1 <= tape.size["guards"] <= most
    larger = ad_core.trace(lambda x: f(x[:8]) + 0.0 * x[8], np.append(X, 1.0))
    assert larger.size["guards"] == tape.size["guards"]


def test_a_point_at_which_a_guard_has_another_outcome(example):
    f, _, other = example
    tape = ad_core.trace(f, X)
    near = X + 1e-6 * np.arange(8)
    np.testing.assert_allclose(tape(near), f(near), rtol=1e-12)
    with pytest.raises(ad_core.BranchChanged, match=r"test_guards\.py:\d+: "):
        tape(other)
    with pytest.raises(ad_core.BranchChanged, match=r"test_guards\.py:\d+: "):
        tape.grad(other)
    np.testing.assert_allclose(ad_core.compile(f)(other), f(other), rtol=1e-12)


def test_points_of_a_batch(example):
    """In lanes, on threads and one by one, each point takes its own branch."""
    f, _, other = example
    compiled = ad_core.compile(f)
    for count in (3, 40, 3000):
        points = np.tile(X, (count, 1))
        points[1::7] = other
        expected = np.array([f(X), f(other)])[(np.arange(count) % 7 == 1).astype(int)]
        np.testing.assert_allclose(compiled(points, batch_dims=1), expected, rtol=1e-12)
        tape = ad_core.trace(f, X)
        with pytest.raises(ad_core.BranchChanged, match="point 1 of the batch"):
            tape(points)


def test_a_replayed_recording(example):
    """The core finds the first guard with another outcome; recordings with rules do the same."""
    f, _, other = example
    recording = record(f, (X,), {}, 0)
    for x, count in ((X, 0), (X + 1e-6 * np.arange(8), 0), (other, 1)):
        again, flipped = _core.replayed(recording.trace, recording.inputs.nodes, x)
        assert len(flipped) == count
        for guard in flipped:
            assert _core.guard_line(again, guard)[0] == __file__

    def ruled(x):
        return f(x) + 0.0 * np.linalg.det(np.outer(x[3:5], x[3:5]) + np.eye(2))

    tape = ad_core.trace(ruled, X)
    near = X + 1e-6 * np.arange(8)
    np.testing.assert_allclose(tape(near), ruled(near), rtol=1e-12)
    with pytest.raises(ad_core.BranchChanged, match=r"test_guards\.py:\d+: "):
        tape(other)
    with pytest.raises(ad_core.BranchChanged, match="point 2 of the batch"):
        tape(np.stack([X, X, other]))


def test_a_saved_tape(example):
    f, _, other = example
    tape = ad_core.trace(f, X)
    back = ad_core.Tape.from_bytes(tape.to_bytes())
    assert back.size == tape.size
    again = ad_core.Tape.from_bytes(back.to_bytes())
    assert again.to_bytes() == back.to_bytes()
    np.testing.assert_array_equal(back(X), tape(X))
    with pytest.raises(ad_core.BranchChanged, match=r"test_guards\.py:\d+: "):
        back(other)


def test_inside_another_derivative(example):
    """An inner recording that is merged into an outer one keeps its guards."""
    f, _, other = example

    def outer(x):
        inner = ad_core.grad(lambda y: np.square(f(y)) * x[0])(x)
        return inner @ x

    ad_core.check_grads(outer, (X,), order=1)
    tape = ad_core.compile(outer)
    np.testing.assert_allclose(tape(other), outer(other), rtol=1e-9)
    np.testing.assert_allclose(tape(X), outer(X), rtol=1e-9)


def test_the_message_names_the_first_guard_with_another_outcome():
    def f(x):
        a = x[x > 0.2]  # first
        b = np.sort(x)  # second
        return a[0] * b[0]

    tape = ad_core.trace(f, X)
    for other, name in ((moved({0: 0.1, 2: 0.25}), "first"), (moved({2: 0.25}), "second")):
        with pytest.raises(ad_core.BranchChanged, match=name):
            tape(other)


def test_a_sorted_array_needs_one_number_for_each_element():
    x = np.random.default_rng(0).random(20_000)
    for f in (np.sort, np.unique):
        tape = ad_core.trace(lambda x, f=f: 0.0 * np.sum(f(x)[:1]), x)
        assert tape.size["bytes"] < (8 + 4.5) * x.size
    tape = ad_core.trace(lambda x: x[np.argmax(x)] + x[np.argmin(x)], x)
    assert tape.size["bytes"] < 9 * x.size


def test_comparisons_of_constants_are_not_guards():
    def f(x):
        table = np.array([3.0, 1.0, 2.0])
        return x[0] * np.sort(table)[0] * table[table > 1.5][0]

    assert ad_core.trace(f, X).size["guards"] == 0


def test_holes_stay_where_they_are():
    x = moved({1: np.nan, 5: np.nan})
    other = moved({1: np.nan})
    for f in (
        lambda x: np.sort(x)[0],
        lambda x: np.argsort(x)[-1] * x[0],
        lambda x: np.unique(x, equal_nan=False)[0],
        lambda x: x[0] * np.nanargmax(x),
        lambda x: x[0] * np.searchsorted(KNOTS, x).sum(),
        lambda x: np.partition(x, 3)[3],
    ):
        tape = ad_core.trace(f, x)
        np.testing.assert_array_equal(tape(x), f(x))
        with pytest.raises(ad_core.BranchChanged):
            tape(other)


def test_bins_that_are_not_sorted():
    def f(x):
        return x[0] * np.searchsorted([0.5, -1.0, 2.0, 0.1], x).sum()

    np.testing.assert_allclose(ad_core.trace(f, X)(X), f(X))


# ------------------------------------------------------------------------------------------ orders


def numbers(kind, n, rng):
    match kind:
        case "normal":
            return rng.standard_normal(n)
        case "few":
            return rng.integers(-4, 5, n) * 1.0
        case "near one another":
            return 1.0 + 1e-13 * rng.integers(0, 1000, n)
        case "all magnitudes":
            return rng.standard_normal(n) * 10.0 ** rng.integers(-320, 308, n)
        case "zeros":
            return np.where(rng.random(n) < 0.5, -0.0, 0.0)
    x = rng.standard_normal(n)
    x[rng.random(n) < 0.3] = -np.nan
    x[rng.random(n) < 0.3] = np.nan
    x[rng.random(n) < 0.2] = np.inf
    x[rng.random(n) < 0.2] = -np.inf
    return x


@pytest.mark.parametrize("n", [0, 1, 2, 4096, 4097, 20_000])
@pytest.mark.parametrize(
    "kind", ["normal", "few", "near one another", "all magnitudes", "zeros", "not finite"]
)
def test_the_stable_order(kind, n):
    x = numbers(kind, n, np.random.default_rng(n))
    np.testing.assert_array_equal(stable_order(x, 0), np.argsort(x, kind="stable"))


def test_the_stable_order_of_rows():
    rng = np.random.default_rng(0)
    x = np.stack([numbers(k, 5000, rng) for k in ("normal", "near one another", "not finite")])
    for rows, axis in ((x, 1), (x, -1), (x.T, 0), (x[:, None], 2)):
        np.testing.assert_array_equal(
            stable_order(rows, axis), np.argsort(rows, axis=axis, kind="stable")
        )


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(
    "points",
    [
        np.linspace(-2.0, 3.0, 11),
        np.linspace(-2.0, 3.0, 11) + 0.1 * np.sin(np.arange(11.0)),
        np.linspace(0.0, 1e-300, 5),
        np.array([-1e308, 0.0, 1e308]),
        np.arange(9.0) ** 2,
        np.ones(4),
        np.array([0.0, 0.0, 1.0, np.inf]),
        np.array([0.0, 1.0, 2.0, np.nan]),
        np.arange(4.0)[::-1],
        np.arange(2.0),
    ],
    ids=lambda x: f"{x[0]:g} to {x[-1]:g} in {len(x)}",
)
def test_searchsorted_positions(points, side):
    rng = np.random.default_rng(3)
    finite = points[np.isfinite(points)]
    near = np.concatenate([finite, np.nextafter(finite, -np.inf), np.nextafter(finite, np.inf)])
    between = np.interp(rng.uniform(-1.0, len(finite), 300), np.arange(len(finite)), finite)
    special = np.array([-np.inf, np.inf, np.nan, -0.0, 0.0, 1e-320, -1e308, 1e308])
    values = np.concatenate([near, between, special])
    for x in (values, values[:4], values[: 2 * (len(values) // 2)].reshape(2, -1), values[0]):
        np.testing.assert_array_equal(searched(points, x, side), np.searchsorted(points, x, side))


# ---------------------------------------------------------------------------------- forged files


def unpacked(data):
    (length,) = struct.unpack_from("<I", data, 16)
    header = json.loads(data[20 : 20 + length])
    arrays, at = {}, 20 + length
    for key, dtype, shape in header["arrays"]:
        count = int(np.prod(shape, dtype=int))
        arrays[key] = np.frombuffer(data, dtype, count, at).reshape(shape).copy()
        at += 8 * count
    return header, arrays


def packed(header, arrays, version):
    header = header | {"arrays": [[k, a.dtype.str, list(a.shape)] for k, a in arrays.items()]}
    text = json.dumps(header).encode()
    rest = struct.pack("<I", len(text)) + text + b"".join(a.tobytes() for a in arrays.values())
    return b"AD_TAPE\x1a" + struct.pack("<II", version, zlib.crc32(rest)) + rest


def several(x):
    y = np.sort(x[x > 0.2])
    return y @ np.interp(y, KNOTS, KNOTS) if x[0] > 0.0 else x[1]


def test_every_number_of_a_guard_is_checked():
    data = ad_core.trace(several, X).to_bytes()
    header, arrays = unpacked(data)
    assert packed(header, arrays, 2) == data
    refused = accepted = 0
    for key in ("guards", "checks", "outcomes"):
        for place in np.ndindex(arrays[key].shape):
            now = arrays[key][place]
            for odd in (now + 1, now - 1, 0, 1, 2, 1 << 31, (1 << 32) - 1, 1 << 32, -1, 1 << 62):
                forged = arrays | {key: arrays[key].copy()}
                forged[key][place] = odd
                try:
                    tape = ad_core.Tape.from_bytes(packed(header, forged, 2))
                except ValueError as error:
                    assert "tape file" in str(error)  # noqa: PT017
                    refused += 1
                    continue
                accepted += 1
                try:
                    tape(X)
                except ad_core.BranchChanged:
                    assert key != "outcomes" or odd != now
    assert refused > 200
    assert accepted > 20


@pytest.mark.parametrize("key", ["guards", "checks", "outcomes"])
def test_files_with_too_few_or_too_many_rows_raise(key):
    header, arrays = unpacked(ad_core.trace(several, X).to_bytes())
    for rows in (arrays[key][:-1], np.concatenate([arrays[key], arrays[key][-1:]])):
        with pytest.raises(ValueError, match="tape file"):
            ad_core.Tape.from_bytes(packed(header, arrays | {key: rows}, 2))


def test_a_file_of_format_1():
    """It had a guard and an outcome for each node."""
    header, arrays = unpacked(ad_core.trace(lambda x: np.sum(x[x > 0.2]), X).to_bytes())
    (first, count), (bits,) = arrays["guards"][0].tolist(), arrays.pop("outcomes").tolist()
    assert count == 8
    assert arrays.pop("checks").shape == (0, 19)
    arrays["guards"] = np.array([(first + k, bits >> k & 1) for k in range(count)], "<i8")
    tape = ad_core.Tape.from_bytes(packed(header, arrays, 1))
    assert tape(X) == np.sum(X[X > 0.2])
    with pytest.raises(ad_core.BranchChanged):
        tape(-X)
