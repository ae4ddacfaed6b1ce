"""The rows compiled for vectors and for scalars agree, on every instruction set."""

import re

import numpy as np
import pytest

import points
from ad_core import _core
from isas import CORRECTLY_ROUNDED, runnable
from rows import ROWS, each


@pytest.fixture(params=runnable())
def isa(request):
    """The kernels of one instruction set, for the duration of a test."""
    before = _core.isa()
    assert _core.choose_isa(request.param)
    assert _core.isa() == request.param
    yield request.param
    assert _core.choose_isa(before)


LENGTHS = range(1, 18)  # around one and two vectors, full and partly filled
ULPS = 4  # largest error of glibc's libmvec
# A partial may take a few calls, and the difference of two of them.
ULPS_OF_PARTIALS = 32
# The helpers that are written with functions of libmvec.
BY_FUNCTIONS = {"ad_logistic", "ad_logistic2", "ad_power_log", "ad_times_log"}


def texts(row):
    """(edge, text, tolerance) of the value (edge -1) and of each partial that is computed."""
    yield -1, row["value"], ULPS
    for j, text in enumerate(row["partials"]):
        if not row["is_test"]:
            yield j, text, ULPS_OF_PARTIALS


def tolerance(text, ulps):
    calls = re.findall(r"([A-Za-z_]\w*)\(", text)
    helpers = {call for call in calls if call.startswith("ad_")} - BY_FUNCTIONS
    exact = all(call in CORRECTLY_ROUNDED or call in helpers for call in calls)
    return 0 if exact else ulps


def scalars(row, edge, given):
    value_and_partials = [_core.op_point(row["name"], *point) for point in given]
    values = np.array([value for value, _ in value_and_partials])
    if edge < 0:
        return values, values
    return values, np.array([partials[edge] for _, partials in value_and_partials])


def assert_lanes_are_scalars(row, given):
    columns = [np.array(column) for column in zip(*given, strict=True)]
    columns += [np.zeros(len(given))] * (3 - row["arity"])
    for edge, text, ulps in texts(row):
        values, expected = scalars(row, edge, given)
        actual = _core.op_lanes(row["name"], edge, *columns, values)
        finite = np.isfinite(expected)
        np.testing.assert_array_equal(actual[~finite], expected[~finite], err_msg=text)
        distance = np.abs(actual[finite] - expected[finite])
        with np.errstate(all="ignore"):  # the largest number has no next number
            bound = tolerance(text, ulps) * np.spacing(np.abs(expected[finite]))
        assert np.all((distance == 0.0) | (distance <= bound)), text


@each(ROWS)
def test_inside_the_domains(row, isa):
    given = points.interior(row)
    for n in LENGTHS:
        chosen = [given[(7 * n + 5 * k) % len(given)] for k in range(n)]
        assert_lanes_are_scalars(row, chosen)
    assert_lanes_are_scalars(row, given)


@each(ROWS)
def test_at_edge_points(row, isa):
    given = points.edges(row)
    assert_lanes_are_scalars(row, given)
    for n in LENGTHS:
        assert_lanes_are_scalars(row, given[-n:])


def test_an_unknown_instruction_set_raises():
    before = _core.isa()
    assert not _core.choose_isa("none such")
    assert _core.isa() == before
    assert _core.choose_isa(None)
    assert _core.choose_isa(before)
