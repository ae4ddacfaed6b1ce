# SPDX-License-Identifier: Apache-2.0
"""Idioms are measured in processes of their own; figures beyond their bounds are marked."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

import ad_core
from benchmarks import idioms
from benchmarks.idioms import run, tables
from benchmarks.idioms.case import Case, Disagreement
from benchmarks.idioms.data import normal
from benchmarks.idioms.idiom import Idiom
from checkout import ROOT


def cube(x):
    """`np.sum(x**3)`"""
    return np.sum(x**3)


def example(known, bounds=None, status="ok", reason=""):
    """The part of a report with one idiom, of which these seconds are known."""
    idiom = Idiom(cube, normal, (3,), bounds=bounds or {}, reason=reason)
    found = run.figures(known, idiom)
    bounds, missed = run.judged(idiom, 3, found, known)
    row = {"name": "cube", "text": idiom.text, "what": idiom.what, "how": "trace", "points": 1}
    row |= {"size": 3, "status": status, "seconds": known, "figures": found, "reason": reason}
    return [{"subject": "x", "title": "X", "rows": [row | {"bounds": bounds, "missed": missed}]}]


KNOWN = {"numpy": 1e-4, "one": 1e-3, "call": 2e-4, "setup": 1e-2, "peak": 2e6}


def test_figures_within_their_bounds_are_no_misses():
    (part,) = example(KNOWN)
    row = part["rows"][0]
    assert row["figures"] == pytest.approx(
        {"one": 10, "call": 2, "gain": 0.2, "setup": 10, "setup_ms": 10, "call_us": 200,
         "peak_mb": 2}
    )  # fmt: skip
    assert row["bounds"] == {"one": 15.0, "gain": 1.1, "setup": 20.0}
    assert not row["missed"]
    assert "MISSED" not in tables.markdown([part]).split("### X")[1]


def test_a_figure_beyond_its_bound_is_shown_with_the_bound():
    text = tables.markdown(example(KNOWN, {"one": 5.0, "setup_ms": {3: 5.0}}, reason="why"))
    missed, table = text.split("### Missed bounds")[1].split("### X")
    assert "one-shot / NumPy: 10 x MISSED (≤ 5 x)" in missed
    assert "set-up: 10 ms MISSED (≤ 5 ms) | why |" in missed
    assert "10 MISSED (≤ 5)" in table
    assert "10 MISSED (≤ 5) | 2 |" in table
    assert "calls" not in missed, "an idiom's own bound replaces the general one"


def test_times_that_nobody_notices_miss_no_general_bound():
    short = {"numpy": 1e-6, "one": 5e-5, "call": 1e-6, "setup": 9e-4}
    assert not example(short)[0]["rows"][0]["missed"]
    assert example(short, {"one": 5.0})[0]["rows"][0]["missed"] == ["one"]
    assert example(short | {"one": 2e-4})[0]["rows"][0]["missed"] == ["one"]
    assert example(short | {"setup": 2e-3})[0]["rows"][0]["missed"] == ["setup"]


def test_what_could_not_be_measured_is_missed():
    known = {"numpy": 1e-4, "one": 1e-3, "over": 6.0}
    status = run.status("set-up", known)
    assert status == "set-up took more than 6 s"
    (part,) = example(known, status=status)
    assert part["rows"][0]["missed"] == ["gain", "setup"]
    assert "compiled / one-shot: not measured MISSED (≤ 1.1 x)" in tables.markdown([part])


def test_peers_are_shown_where_they_were_timed():
    text = tables.markdown(example(KNOWN | {"autograd": 3e-3, "jax-jit": 4e-4, "jax": None}))
    assert "| autograd / one-shot | jax-jit / compiled | note |" in text
    assert "| 3 | 2 |  |" in text


def test_a_process_tells_figures_and_answers():
    found = run.rows("paths", [idioms.find("paths", "new_paths")], (), patience=None)
    found += run.rows("operations", [idioms.find("operations", "ravel")], (), patience=None)
    assert [row["status"] for row in found] == ["ok", "ok"]
    assert found[0]["figures"].keys() >= {"one", "call", "gain"}
    assert found[1]["figures"].keys() == {"traced_us", "plain_us"}


def test_a_stage_that_takes_too_long_is_ended():
    idiom = replace(idioms.find("sparse", "finite_elements"), sizes=(300,))
    (row,) = run.rows("sparse", [idiom], (), patience=0.01)
    assert row["status"].endswith("took more than 0.01 s")
    assert row["missed"]


def test_a_wrong_derivative_is_found():
    @ad_core.custom_jvp
    def wrong(x):
        return x**2

    wrong.defjvp(lambda primals, tangents: (primals[0] ** 2, 3.0 * primals[0] * tangents[0]))

    def of_wrong(x):
        return np.sum(wrong(x))

    case = Case(Idiom(of_wrong, normal, (3,)), 3)
    with pytest.raises(Disagreement, match="central differences"):
        case.check(case.set_up())
    right = Case(Idiom(cube, normal, (3,)), 3)
    with pytest.raises(Disagreement, match="compiled and one-shot"):
        right.check(case.set_up())


def test_a_run_is_written_into_the_page(tmp_path):
    pytest.importorskip("matplotlib")
    pytest.importorskip("rich")
    from benchmarks import publish

    for path in (publish.STORE, publish.README, publish.PERFORMANCE):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    machine = publish.load()["batch"]["machine"] | {"date": "2030-01-02 03:04 UTC"}
    outcome = {"machine": machine, "workloads": [], "peers": {}, "rounds": 30}
    outcome |= {"recording": None, "grids": None, "idioms": example(KNOWN, {"one": 5.0})}
    results = tmp_path / "results.json"
    results.write_text(json.dumps(outcome), "utf-8")
    written = publish.publish([results], tmp_path)
    assert f"{publish.PERFORMANCE}: idioms table" in written
    page = (tmp_path / publish.PERFORMANCE).read_text("utf-8")
    table = page.split("<!-- idioms table -->")[1].split("<!-- end of idioms table -->")[0]
    assert "- 2030-01-02 03:04 UTC" in table
    assert "10 MISSED (≤ 5)" in table
