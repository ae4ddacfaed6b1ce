# SPDX-License-Identifier: Apache-2.0
"""Functions for C and C sources of random programs give what the tape gives."""

import contextlib
import shutil

import numpy as np
import pytest
from hypothesis import given

import ad_core
from ad_core.programs import c_source
from ad_core.recording.trees import flatten
from c_functions import begin, call, call_many
from c_libraries import call_source, compiled
from programs import programs
from random_programs import copies, examples

METHODS = ["value", "jacobian", "vjp", "jvp"]
# Rounding of the functions of <math.h> and of vectors of them, relative to the largest number.
BOUND = 1e-11


def flat(result):
    return np.concatenate([np.ravel(leaf) for leaf in flatten(result)[0]] or [np.zeros(0)])


def close(found, expected):
    scale = np.max(np.abs(expected), initial=1.0)
    assert np.max(np.abs(found - expected), initial=0.0) <= BOUND * scale


def cases(program):
    """(method, argnums, inputs, expected results) at each point of the program's first path."""
    tape = ad_core.trace(program.f, *copies(program.points[0]))
    rng = np.random.default_rng(program.seed)
    for method in METHODS:
        for args in program.points:
            inputs, seeds = flat(args), []
            if method == "jvp":
                seeds = [tuple(rng.normal(size=np.shape(x))[()] for x in args)]
            elif method == "vjp":
                leaves, tree = flatten(tape(*copies(args)))
                seeds = [tree.build([rng.normal(size=np.shape(y))[()] for y in leaves])]
            if seeds:
                expected = getattr(tape, method)(copies(args), *seeds)
                inputs = np.concatenate([inputs, flat(seeds)])
            elif method == "value":
                expected = tape(*copies(args))
            else:
                expected = tape.jacobian(*copies(args), argnums=program.argnums)
            yield tape, method, inputs, flat(expected)


@given(program=programs())
@examples(40)
def test_functions_for_c(program):
    made = {}
    for tape, method, inputs, expected in cases(program):
        if method not in made:
            argnums = program.argnums if method == "jacobian" else 0
            function = tape.cfunction(method, argnums=argnums)
            made[method] = function, begin(function)
        function, work = made[method]
        status, y = call(function, inputs, work)
        assert status == "ok"
        np.testing.assert_array_equal(y, expected)
        status, rows = call_many(function, np.stack([inputs] * 9), work)
        assert status == "ok"
        for row in rows:
            close(row, expected)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
@given(program=programs())
@examples(15)
def test_c_sources(tmp_path_factory, program):
    folder, made = tmp_path_factory.mktemp("sources"), {}
    for straight in (c_source.STRAIGHT, 0):
        made.clear()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(c_source, "STRAIGHT", straight)
            for tape, method, inputs, expected in cases(program):
                if method not in made:
                    argnums = program.argnums if method == "jacobian" else 0
                    with contextlib.suppress(ValueError):  # it calls linear algebra
                        text = tape.to_c("f", method, argnums=argnums)
                        made[method] = text, compiled(text, folder)
                if method in made:
                    text, library = made[method]
                    result, y = call_source(library, text, f"f_{method}", inputs)
                    assert result == 0
                    close(y, expected)
