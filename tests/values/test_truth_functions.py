# SPDX-License-Identifier: Apache-2.0
"""All public functions of NumPy on traced truth values and counts: the result has NumPy's value and
type, or an error is raised where NumPy raises one.  With floats as well: the same, or a refusal."""

import re
import warnings

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.errors import TracedValueError
from ad_core.overrides.numpy.complex import TracedComplex
from ad_core.recording.trees import flatten

X = np.array([0.31, 0.72, 0.45, 0.93])
Y = np.array([0.64, 0.23, 0.91, 0.78])
Z = np.array([[0.2, 0.9, 0.4], [0.8, 0.7, 0.1], [0.3, 0.6, 0.55]])
PLAIN = np.array([True, False, True, True])
WHOLE = np.array([2, 0, 1, 3])
HALF = np.array([0.5, 1.5, -1.0, 2.0])


NAMES = {
    # truth values, matrices of them, single ones, one and none in an array
    "m": lambda x, y, z: x > 0.5, "n": lambda x, y, z: y > 0.7, "a": lambda x, y, z: z > 0.5,
    "b": lambda x, y, z: z < 0.35, "s": lambda x, y, z: x[1] > 0.5, "t": lambda x, y, z: y[1] > 0.5,
    "one": lambda x, y, z: x[3:] > 0.5, "none": lambda x, y, z: x[:0] > 0.5,
    # counts
    "k": lambda x, y, z: np.cumsum(x > 0.5), "c": lambda x, y, z: np.cumsum(z > 0.5, axis=1),
    "i": lambda x, y, z: np.sum(x > 0.5),
    # floats
    "v": lambda x, y, z: x, "w": lambda x, y, z: z, "u": lambda x, y, z: x[2],
    # plain arrays: truth values, floats, integers; computed floats, and a buffer for floats
    "p": lambda x, y, z: PLAIN.copy(), "h": lambda x, y, z: HALF.copy(),
    "q": lambda x, y, z: WHOLE.copy(), "e": lambda x, y, z: np.linspace(0.5, 1.0, 4),
    "o": lambda x, y, z: np.ones(4),
}  # fmt: skip


class Arguments(dict):
    """The arguments that a call uses, made when they are used."""

    def __init__(self, *point):
        self.point = point

    def __missing__(self, name):
        self[name] = NAMES[name](*self.point)
        return self[name]


# Calls with truth values, counts and plain arrays.
ALONE = """
f(m) | f(a) | f(s) | f(one) | f(none) | f(k) | f(c) | f(i) | f(m, n) | f(a, b) | f(s, t) | f(m, k)
f(k, m) | f(k, k) | f(c, a) | f(i, s) | f(m, p) | f(p, m) | f(m, q) | f(q, m) | f(m, s) | f(s, m)
f(m, 1) | f(1, m) | f(a, 1) | f(m, True) | f(k, 2) | f(2, k) | f(m, 0) | f(m, 0.5) | f(0.5, m)
f(m, h) | f(h, m) | f(k, h) | f(h, k) | f([m, n]) | f([m, k]) | f((m, p)) | f([m, h]) | f([s, t])
f([s, 1.0]) | f([[s, t], [t, s]]) | f(a, axis=0) | f(c, axis=1) | f(a, axis=(0, 1)) | f(m, n, p)
f(p, m, q) | f(m, 1, k) | f(m, p, h) | f(h, m, n) | f(m, [0, 1]) | f(q, [s, t]) | f(1, [s, t])
f(m, keepdims=True) | f(a, axis=1, keepdims=True) | f(a, dtype=float) | f(m, dtype=int)
f(a, where=b) | f(a, axis=0, where=b) | f(a, initial=1) | f(m, n, dtype=float)
f(m, k, dtype=int) | f(m, [1], s) | f(p, m, n) | f(q, [m, n, k, p]) | f([m, n], [k, q])
f(m, m, k) | f(h, p, m) | f(m, 2, axis=0) | f(m, 2) | f(a, (1, 0)) | f(a, (9,)) | f((2, 2), s)
f(a, [0, 2]) | f(a, m[:3]) | f(q, k) | f(h, k) | f(h, s) | f((i,)) | f(i, i) | f(0, i)
f(0.0, 1.0, i) | f(h, i) | f(q, i) | f(m, i) | f(q, axis=s) | f(m, out=p) | f(m, n, out=p)
f(m, n, out=q) | f(m, n, out=e) | f(k, m, out=q) | f(m, n, out=o) | f(m, out=q) | f(m, k, out=p)
f(a, [0, 2], 1)
"""
# Calls with traced floats as well.
MIXED = """
f(m, v) | f(v, m) | f(k, v) | f(v, k) | f(a, w) | f(w, a) | f(s, u) | f(u, s) | f(v, i) | f(i, v)
f([m, v]) | f([v, k]) | f([s, u]) | f((u, s, 1)) | f(v, 1, m) | f(v, m, n) | f(m, v, n)
f(m, n, v) | f(m, v, v) | f([m, n], [v, k]) | f(v, where=m) | f(v, axis=0, where=m)
f(v, weights=m) | f(w, [0, i]) | f(v, q, m) | f(m, v, 0.5) | f(m, [v, v]) | f(v, s) | f(s, v)
f(m, u) | f(m, h, v) | f(v, [1], s) | f(m, [1], u) | f(v, out=m) | f(v, m, out=m) | f(v, m, out=k)
f(m, n, out=v) | f(v, m, out=o) | f(v, m, out=p) | f(m, p, v) | f(k, p, v)
"""
# Calls of functions that take text.
TEXT = {
    "np.einsum": """
        f('i,i', m, n) | f('i,i->i', m, n) | f('ij,jk->ik', a, b) | f('ij->j', a) | f('ii', a)
        f('ij,ij', a, c) | f('i,i', m, h) | f('i,i', m, [1, 0, 2, 3]) | f('i,i', m, v)
        f('i,i->i', v, k) | f('ij,jk->ik', a, w) | f(m, [0], n, [0])
        f(a, [0, 1], b, [1, 2], [2, 0])
    """,
    "np.convolve": "f(m, n, 'same') | f(m, k[:2], 'valid') | f(v, m, 'same') | f(k, v, 'full')",
    "np.correlate": "f(m, n, 'same') | f(m, k[:2], 'valid') | f(v, m, 'same') | f(k, v, 'full')",
}
MODULES = {"np": np, "np.linalg": np.linalg, "np.fft": np.fft}
SKIPPED = {
    "save", "savetxt", "savez", "savez_compressed", "empty_like", "empty", "busday_count",
    "busday_offset", "is_busday", "datetime_as_string", "array2string", "array_repr", "array_str",
    "einsum_path", "apply_along_axis", "apply_over_axes", "set_numeric_ops",
}  # fmt: skip

if np.lib.NumpyVersion(np.__version__) < "2.4.0":
    SKIPPED.add("diagflat")  # a plain array's flat takes no index but an array there
OF_ONE = {"np.angle", "np.nan_to_num", "np.unwrap", "np.linalg.svd"}  # the others are options
REFUSALS = ("boolean subtract", "boolean negative", "'same_kind'", "a loop")  # NumPy's, on types
COMPARISONS = ("equal", "greater", "less", "not_equal")
OURS = ("Cannot cast the result of", "np.interp takes sample points", "must be 1d")


def public():
    """(name, function) of the functions that may be called with traced arrays."""
    for prefix, module in MODULES.items():
        for name in sorted(dir(module)):
            f = getattr(module, name)
            known = isinstance(f, np.ufunc) or hasattr(f, "_implementation")
            if not name.startswith("_") and name not in SKIPPED and (
                known or f in (np.where, np.dot, np.concatenate)
            ):  # fmt: skip
                yield f"{prefix}.{name}"


def calls(text):
    return [part.strip() for line in text.strip().splitlines() for part in line.split("|")]


def function(name):
    prefix, _, last = name.rpartition(".")
    return getattr(MODULES[prefix], last)


def outcome(f, text, arguments):
    """The values and types of the result, and of the arguments after the call."""
    result = eval(text, {"f": f}, arguments)
    return [described(leaf) for leaf in [*leaves(result), *arguments.values()]]


def leaves(result):
    if isinstance(result, dict):
        result = list(result.values())
    return flatten(list(result) if isinstance(result, (list, tuple)) else [result])[0]


def described(leaf):
    if type(leaf) is TracedComplex:
        return described(leaf.re)[0] + 1j * described(leaf.im)[0], "c"
    if _core.traced(leaf):
        return _core.current_values(leaf), leaf.dtype.kind
    array = np.asarray(leaf)
    if array.dtype == object:
        raise NotImplementedError("object arrays are no part of this")
    return array.copy(), array.dtype.kind


def traced_outcome(f, text):
    found = []

    def traced(x, y, z):
        found.append(outcome(f(), text, Arguments(x, y, z)))
        return 0.0

    ad_core.jvp(traced, (X, Y, Z), (X, Y, Z))
    return found[0]


def difference(found, expected, coarse, typed):
    """The difference of two results; for typed results also that of the kind of their dtypes."""
    if len(found) != len(expected):
        return f"{len(found)} results, not {len(expected)}"
    for (ours, kind), (theirs, kind_of_theirs) in zip(found, expected, strict=True):
        alike = kind.replace("u", "i") == kind_of_theirs.replace("u", "i") or not typed
        if not alike or ours.shape != theirs.shape:
            return f"{ours!r} for {theirs!r}"
        tolerance = 2e-3 if coarse or theirs.dtype.itemsize == 2 else 1e-12
        exact = 0.0 if kind in "biu" else tolerance
        if not np.allclose(ours, theirs, exact, exact, equal_nan=True):
            return f"{ours} for {theirs}"
    return None


def examined(f, coarse, text, mixed):
    """The failure of one call, None if it is right."""
    objects = mixed and ("[" in text or "((" in text)  # in NumPy's hands an array of objects
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)
            expected = outcome(f(), text, Arguments(X.copy(), Y.copy(), Z.copy()))
    except Exception as error:
        expected = error
    try:
        found = traced_outcome(f, text)
    except Exception as error:
        if isinstance(expected, Exception) or objects:
            return None
        refused = isinstance(error, (NotImplementedError, TracedValueError)) or any(
            words in str(error) for words in OURS
        )
        return None if mixed and refused else f"{type(error).__name__}: {error}"
    if isinstance(expected, Exception):
        typed = any(words in str(expected) for words in REFUSALS)
        return f"{found[0]}, where NumPy says {expected}" if typed else None
    return difference(found, expected, coarse, not objects)


def wrong_calls(name, f, coarse=False, leaves_rest=False):
    """The failures of calls, by call."""
    wrong = {}
    for text, mixed in [(text, False) for text in calls(ALONE)] + [
        (text, True) for text in calls(MIXED) + calls(TEXT.get(name, ""))
    ]:
        if leaves_rest and "where=" in text and "out=" not in text:
            continue  # NumPy leaves elements as they were in memory
        if name == "np.vecdot" and text == "f(m, v, v)":
            continue  # NumPy's own result depends on what it has written already
        if name == "np.bincount" and text == "f([s, 1.0])":
            continue  # refused; NumPy 2.0 rounds such floats, later ones refuse them too
        if name in OF_ONE and not re.match(r"f\([^,]*(, \w+=.*)?\)$", text):
            continue
        problem = examined(f, coarse, text, mixed)
        if problem is not None:
            wrong[text] = problem
    return wrong


@pytest.mark.usefixtures("names_are_restored")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", list(public()))
def test_results_of_functions_are_those_of_numpy(name):
    ufunc = isinstance(function(name), np.ufunc)
    with np.errstate(all="ignore"):
        assert not wrong_calls(name, lambda: function(name), ufunc, ufunc or name == "np.clip")


# NumPy's power.reduce and arctan2.reduce leave elements out where they take several at a time, and
# its comparisons of floats have no reductions.
NOT_FOLDED = {"power", "pow", "float_power", "arctan2", "atan2"}
FOLDED = sorted(
    {f.__name__ for f in vars(np).values() if isinstance(f, np.ufunc) and f.nin == 2} - NOT_FOLDED
)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", ["reduce", "accumulate", "reduceat", "outer", "at"])
@pytest.mark.parametrize("name", FOLDED)
def test_results_of_ufunc_methods_are_those_of_numpy(name, method):
    with np.errstate(all="ignore"):
        wrong = wrong_calls(name, lambda: getattr(getattr(np, name), method), coarse=True)
    alone = calls(ALONE)
    objects = {k for k in wrong if k not in alone and ("[" in k or "((" in k)}
    if name.startswith(COMPARISONS):
        objects = wrong.keys() - set(alone)
    assert not {k: x for k, x in wrong.items() if k not in objects}
