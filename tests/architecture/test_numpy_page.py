# SPDX-License-Identifier: Apache-2.0
"""docs/numpy-coverage.md is what docs/make_numpy.py writes from the table of functions."""

import runpy

import numpy as np
import pytest

import ad_core
from checkout import ROOT

DOCS = ROOT / "docs"

pytestmark = pytest.mark.skipif(
    not (DOCS / "make_numpy.py").is_file(), reason="the docs are not beside the tests"
)


@pytest.fixture(scope="module")
def made():
    return runpy.run_path(str(DOCS / "make_numpy.py"))


def test_the_page_is_up_to_date(made):
    text = (DOCS / "numpy-coverage.md").read_text("utf-8")
    if f"for NumPy {made['VERSION']}." not in text:
        pytest.skip("the page is written for another version of NumPy, with other functions")
    assert text == made["page"](), "run python docs/make_numpy.py"


def test_every_function_is_listed_once(made):
    kinds = {name: made["kind"](f) for name, f in made["public"]().items()}
    assert set(kinds.values()) == {"supported", "plain", "refused"}
    assert len(kinds) > 300


def test_functions_listed_as_not_supported_raise(made):
    x = np.array([[0.3, 0.8], [0.6, 0.1]])
    for name, f in made["public"]().items():
        if made["kind"](f) != "refused" or isinstance(f, np.ufunc):
            continue
        seen = []

        @ad_core.allow_refusals()
        def call(x, f=f, seen=seen):
            try:
                seen.append(f(x))
            except Exception as problem:
                seen.append(problem)
            return x.sum()

        ad_core.grad(call)(x)
        assert isinstance(seen[0], (NotImplementedError, TypeError, ValueError)), name


def test_a_function_that_is_not_supported_takes_constants():
    def f(x):
        rotation = np.array([[0.0, -1.0], [1.0, 0.0]])
        return np.linalg.inv(rotation) @ x * np.linalg.det(rotation)

    np.testing.assert_allclose(ad_core.jacobian(f)(np.ones(2)), [[0.0, 1.0], [-1.0, 0.0]])
