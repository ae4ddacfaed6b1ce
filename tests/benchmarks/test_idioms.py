# SPDX-License-Identifier: Apache-2.0
"""The idioms of the benchmarks: each has the same derivative in all ways."""

from dataclasses import replace

import pytest

from benchmarks import idioms
from benchmarks.idioms.case import Case
from benchmarks.idioms.idiom import FIGURES, KINDS

ALL = [(name, idiom) for name in idioms.SUBJECTS for idiom in idioms.subject(name)]
LARGER = [(name, idiom) for name, idiom in ALL if len(idiom.sizes) == 3]


def names(pairs):
    """The names of tests."""
    return [f"{subject}-{idiom.name}" for subject, idiom in pairs]


def check(idiom, size):
    """Compare one-shot and compiled derivatives and central differences."""
    few = replace(idiom, points=min(idiom.points, 20), turns=min(idiom.turns, 10))
    case = Case(few, size)
    case.check(case.compiled() if idiom.how == "fresh" else case.set_up())


@pytest.mark.filterwarnings("ignore::ad_core.errors.PerformanceWarning")
@pytest.mark.parametrize(("subject", "idiom"), ALL, ids=names(ALL))
def test_an_idiom_has_one_derivative(subject, idiom):
    check(idiom, idiom.sizes[0])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ad_core.errors.PerformanceWarning")
@pytest.mark.parametrize(("subject", "idiom"), LARGER, ids=names(LARGER))
def test_a_larger_idiom_has_one_derivative(subject, idiom):
    check(idiom, idiom.sizes[1])


def test_idioms_are_well_formed():
    found = names(ALL)
    assert len(set(found)) == len(found)
    for _, idiom in ALL:
        assert idiom.what in KINDS
        assert idiom.how in ("trace", "compile", "fresh")
        assert 1 <= len(idiom.sizes) <= 3
        assert list(idiom.sizes) == sorted(set(idiom.sizes))
        assert idiom.text
        assert idiom.bounds.keys() <= FIGURES.keys()
        for bound in idiom.bounds.values():
            if isinstance(bound, dict):
                assert bound.keys() <= set(idiom.sizes)


def test_every_idiom_has_bounds_at_every_size():
    for subject, idiom in ALL:
        for size in idiom.sizes:
            assert any(idiom.bound(name, size) for name in FIGURES), (subject, idiom.name, size)
