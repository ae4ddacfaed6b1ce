# SPDX-License-Identifier: Apache-2.0
"""Fixtures of more than one file."""

import signal
import sys

import numpy as np
import pytest

from checkout import ROOT, uncover_installed

uncover_installed()

import ad_core  # noqa: E402
from ad_core import _core  # noqa: E402

if (ROOT / "benchmarks").is_dir():  # the last entry, so that ad_core stays the installed one
    sys.path.append(str(ROOT))

ORIGINALS = {
    name: getattr(np, name) for name in ("zeros", "empty", "ones", "full", "array", "asarray")
}


@pytest.fixture
def nothing_leaks():
    """After the test no trace is open, NumPy is as it was, and the next derivative is right."""
    yield
    assert not _core.is_tracing()
    for name, function in ORIGINALS.items():
        assert getattr(np, name) is function
    x = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(ad_core.grad(lambda x: np.sum(x * x))(x), 2 * x)


@pytest.fixture(autouse=True, scope="module")
def names_are_restored_for_a_file():
    """No name of another module is exchanged before the tests of a file."""
    restore_names()


@pytest.fixture(autouse=True, scope="module")
def settings_are_restored():
    """The tests of a file leave Python's settings as they were, on which other tests depend."""
    before = sys.getswitchinterval(), sys.getrecursionlimit()
    yield
    assert (sys.getswitchinterval(), sys.getrecursionlimit()) == before


@pytest.fixture
def names_are_restored():
    """Nor is any before and after the test, which is about the exchange of names."""
    restore_names()
    yield
    restore_names()


@pytest.fixture(params=[False, True], ids=["at first", "objects are taken"])
def objects_taken(request):
    """Whether NumPy's functions take objects of traced numbers, as they do once a function of the
    process has needed it."""
    from ad_core.adapting import namespaces, stand_ins

    namespaces.restore()
    if request.param:
        assert _core.take_objects()
        stand_ins.enter_more_names()
    yield
    namespaces.restore()


def restore_names():
    namespaces = sys.modules.get("ad_core.adapting.namespaces")
    if namespaces is not None:
        namespaces.restore()


@pytest.fixture
def names_stay(monkeypatch, names_are_restored):
    """A recording that fails is not tried again with exchanged names, as where they can not be."""
    from ad_core.adapting import again

    monkeypatch.setattr(again, "adapt_after", lambda *given: None)


@pytest.fixture(scope="session", autouse=True)
def interrupts_arrive():
    """A shell's background jobs ignore SIGINT, and tests that send it would wait for ever."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
