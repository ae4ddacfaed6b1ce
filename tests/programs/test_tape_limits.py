# SPDX-License-Identifier: Apache-2.0
"""The limits of small tape files: work, memory, and no access to other files."""

import math
import os
import pickle
import signal
import threading
from fractions import Fraction

import numpy as np
import pytest

import ad_core
from ad_core import _core
from agreement import refused
from tape_mutants import put_together, taken_apart

X = np.array([0.5, 1.0, 2.0])


def loop(x):
    for _ in range(3):
        x = np.sin(x) * x
    return x


def forged(fun, change, x=X):
    header, arrays = taken_apart(ad_core.trace(fun, x).to_bytes())
    change(header, arrays)
    return put_together(header, arrays)


def still(n, fun=np.sum):
    """A file of some 1,000 bytes: fun of n elements, all of them one product."""

    def change(header, arrays):
        row = arrays["blocks"][-1]
        row[6:12] = 1, n, n, 0, 0, 0
        row[20:24] = 0  # strides

    return forged(lambda x: fun(x * x), change)


def product(batch, M, K, N):
    """A product of two matrices whose elements are all the same number."""

    def change(header, arrays):
        row = arrays["blocks"][0]
        row[1], row[8:11], row[14:18], row[20:24] = batch, (M, K, N), 0, 0
        arrays["nodes"][0] += batch * M * N - 1
        arrays["outputs"][0] = arrays["nodes"][0] - 1

    return forged(lambda x: x @ x, change)


# ---------------------------------------------------------------------------- work and memory


@pytest.mark.parametrize(
    ("data", "limit"),
    [
        (still(2**31), "max_work"),
        (still(2**32 - 20), "max_work"),
        (still(200_000_000), "max_memory"),  # of what derivatives list
        (still(200_000_000, np.max), "max_memory"),
        (product(1, 1, 2**31, 1), "max_work"),
        (product(1, 2000, 2000, 2000), "max_work"),
        (product(1, 2**16, 1, 2**12), "max_work"),
        (product(2**32 - 1, 2**32 - 1, 2**32 - 1, 0), "max_work"),
    ],
    ids=range(8),
)
def test_small_files_that_need_too_much_raise(data, limit):
    assert len(data) < 2000
    with refused(ValueError, "tape file", limit):
        ad_core.Tape.from_bytes(data)


def test_the_remedy_helps():
    data = still(1_000_000)
    assert ad_core.Tape.from_bytes(data)(X) == 1_000_000 * X[0] ** 2
    with refused(ValueError, "max_work = 1,000", "max_work=1000014"):
        ad_core.Tape.from_bytes(data, max_work=1000)
    with refused(ValueError, "max_memory = 1,000", "max_memory=8000056"):
        ad_core.Tape.from_bytes(data, max_memory=1000)
    tape = ad_core.Tape.from_bytes(data, max_work=1000014, max_memory=8000056)
    assert tape.grad(X)[0] == 2_000_000 * X[0]
    tape = ad_core.Tape.from_bytes(data, max_work=math.inf, max_memory=math.inf)
    assert tape.grad(X)[0] == 2_000_000 * X[0]


def test_more_than_can_be_counted_is_never_allowed():
    with refused(ValueError, "2**64 or more", "no recorded tape needs"):
        ad_core.Tape.from_bytes(product(2**32 - 1, 2**32 - 1, 2**32 - 1, 0), math.inf, math.inf)


@pytest.mark.parametrize("name", ["max_work", "max_memory"])
def test_limits_are_numbers(name):
    data = ad_core.trace(np.sin, 0.5).to_bytes()
    for odd in ("1", True, [1], 1j):
        with refused(TypeError, name, type(odd).__name__):
            ad_core.Tape.from_bytes(data, **{name: odd})
    assert ad_core.Tape.from_bytes(data, **{name: np.int64(1 << 20)}).value == np.sin(0.5)
    for odd in (-1, math.nan, -math.inf):
        with refused(ValueError, name, repr(odd)):
            ad_core.Tape.from_bytes(data, **{name: odd})


def test_the_counted_cost_is_that_of_the_recording():
    """The cost that is computed from the extents is an upper bound of the recording's."""
    for fun, x in (
        (lambda x: np.sum(np.sqrt((x[:, None] - x) ** 2 + 1.0)), np.linspace(0.0, 1.0, 300)),
        (lambda x: np.max(x.reshape(100, 100) @ x.reshape(100, 100), axis=1), np.ones(10_000)),
        (lambda x: np.cumsum(np.sort(x)[::3]), np.linspace(1.0, 0.0, 3000)),
        (loop, np.ones(20_000)),
    ):
        tape = ad_core.trace(fun, x)
        work, memory = _core.recording_cost(tape._recording.trace)
        size = tape.size
        assert 0.8 * size["bytes"] < memory < 3 * size["bytes"] + 8 * work
        assert work >= size["nodes"] - x.size
        assert ad_core.Tape.from_bytes(tape.to_bytes())(x).tobytes() == tape(x).tobytes()


def test_methods_keep_to_the_limits():
    """Large dense results from a small file raise an error that names the method."""
    x = np.ones(400)
    data = ad_core.trace(loop, x).to_bytes()
    tape = ad_core.Tape.from_bytes(data, max_memory=200_000)
    np.testing.assert_allclose(tape(x), loop(x), rtol=1e-14)
    assert tape.vjp(x, x).shape == x.shape
    assert tape.jacobian(x, sparse=True).nnz == 400
    shape = (400, 400)
    for what, call in {
        "jacobian of loop": lambda: tape.jacobian(x),
        "lagrangian_hessian of loop": lambda: tape.lagrangian_hessian(x, x),
        "value of loop at 200 points": lambda: tape(np.ones((200, 400))),
        "nodes of loop": lambda: tape.nodes,
        "the instructions of value": lambda: tape.instructions(),
    }.items():
        with refused(ValueError, what, "bytes", "max_memory"):
            call()
    found = tape(np.ones((200, 400)), out=np.empty((200, 400)))
    np.testing.assert_allclose(found[7], loop(x), rtol=1e-14)
    tape = ad_core.Tape.from_bytes(data, max_memory=5_000_000)
    np.testing.assert_allclose(tape.jacobian(x), ad_core.jacobian(loop)(x), rtol=1e-13)
    assert tape.jacobian(x, out=np.empty(shape)).shape == shape
    with refused(ValueError, "jacobian of loop at 20 points", "max_memory"):
        tape.jacobian(np.ones((20, 400)))


def test_second_derivatives_keep_to_the_limits():
    """The gradient of a sum is as long as the sum."""
    tape = ad_core.Tape.from_bytes(still(100_000_000))
    with refused(ValueError, "hessian of <lambda>", "max_memory"):
        tape.hessian(X)


def test_more_axes_than_arrays_have():
    x = np.ones((1,) * 40)
    tape = ad_core.Tape.from_bytes(ad_core.trace(np.sin, x).to_bytes())
    assert tape(x).shape == x.shape
    with refused(ValueError, "jacobian of sin", "80 axes", "64"):
        tape.jacobian(x)


@pytest.mark.parametrize("shape", [[1] * 65, [0] + [2**31] * 3, [2**32], [-1], [1.0], [True], "x"])
@pytest.mark.parametrize("key", ["argument shapes", "result shapes"])
def test_shapes_that_no_array_has(key, shape):
    with refused(ValueError, f"header entry '{key}'"):
        ad_core.Tape.from_bytes(forged(np.sin, lambda h, _: h.update({key: [shape]})))


def test_pickles_keep_their_limits():
    """Pickle trusts its bytes; a tape that came from a file keeps its limits."""
    data = still(1000)
    assert pickle.loads(pickle.dumps(ad_core.trace(loop, X)))._limits is None
    tape = ad_core.Tape.from_bytes(data, max_work=5000, max_memory=9000)
    assert pickle.loads(pickle.dumps(tape))._limits == (5000, 9000)


def load_for_ever(data):
    while True:
        ad_core.Tape.from_bytes(data, math.inf, math.inf)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs signals of threads")
@pytest.mark.parametrize("data", [still(10**9), product(1, 1, 10**9, 1)], ids=["sum", "product"])
def test_an_interrupt_ends_loading(data):
    """The signal comes within one long operation."""
    main = threading.get_ident()
    timer = threading.Timer(0.05, signal.pthread_kill, (main, signal.SIGINT))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            load_for_ever(data)
    finally:
        timer.join()
    assert ad_core.grad(lambda x: x * x)(3.0) == 6.0


# -------------------------------------------------------------------------------- other files


def branch(x):
    return x * x if x > 0 else -x


def flip(tape):
    with pytest.raises(ad_core.BranchChanged) as caught:
        tape(-1.0)
    return str(caught.value)


def test_the_source_line_is_stored_in_the_file():
    tape = ad_core.trace(branch, 1.0)
    for _ in range(2):
        data = tape.to_bytes()
        tape = ad_core.Tape.from_bytes(data)
        assert "return x * x if x > 0 else -x" in flip(tape)
        assert tape.to_bytes() == data


@pytest.mark.parametrize("texts", [True, False])
def test_files_that_a_tape_names_are_not_opened(tmp_path, texts):
    """Such a file may be secret, or reading it may hang."""
    secret = tmp_path / "secret"
    secret.write_text("the secret\n", "utf-8")
    named = [str(secret)]
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "fifo")
        named += [str(tmp_path / "fifo"), "/dev/zero"]

    for name in named:

        def change(header, arrays, name=name):
            header["lines"][0][1:] = [name, 1]
            if texts:
                header["line texts"][0] = ""
            else:
                del header["line texts"]

        message = flip(ad_core.Tape.from_bytes(forged(branch, change, 1.0)))
        assert f"{name}:1)" in message
        assert "the secret" not in message


def test_text_of_a_tape_is_shown_without_control_characters():
    odd = "a\x1b[2J\x00\n\ud800\u202eb"

    def change(header, arrays):
        header["name"] = header["lines"][0][1] = header["line texts"][0] = odd

    tape = ad_core.Tape.from_bytes(forged(branch, change, 1.0))
    shown = r"a\x1b[2J\x00\n\ud800\u202eb"
    message = flip(tape)
    assert message.count(shown) == 3
    assert message.isprintable()
    assert shown in tape.explain()
    assert ad_core.Tape.from_bytes(tape.to_bytes()).explain() == tape.explain()


def test_containers_too_deep_for_a_file():
    deep = 1.0
    for _ in range(70):
        deep = [deep]
    with refused(TypeError, "64", "less deeply"):
        ad_core.trace(lambda p: deep, 1.0).to_bytes()


@pytest.mark.parametrize("limit", [1e30, Fraction(10**30), 2**200, np.float64(1e30), math.inf])
def test_limits_beyond_what_c_counts(limit):
    data = ad_core.trace(lambda x: np.sum(np.sin(x)), np.ones(3)).to_bytes()
    tape = ad_core.Tape.from_bytes(data, max_work=limit, max_memory=limit)
    np.testing.assert_array_equal(tape.grad(np.zeros(3)), np.ones(3))


@pytest.mark.parametrize("name", ["max_work", "max_memory"])
def test_limits_of_any_kind_of_number_are_shown(name):
    data = ad_core.trace(lambda x: np.sum(np.sin(x)), np.ones(3)).to_bytes()
    with refused(ValueError, f"{name} = 0.5"):
        ad_core.Tape.from_bytes(data, **{name: Fraction(1, 2)})
