# SPDX-License-Identifier: Apache-2.0
"""``ad-core demo sparse``: its table, its pictures, and its errors for wrong input."""

import sys

import numpy as np
import pytest

import ad_core
from ad_core.cli import sparse
from ad_core.examples import brusselator
from commands import run

pytest.importorskip("scipy")
pytest.importorskip("rich")


def test_the_table_and_the_pictures(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    folder = tmp_path / "new" / "pictures"
    code, out, err = run(
        capsys, "demo", "sparse", "--grid", "8", "--until", "1.5", "--out", str(folder)
    )
    assert (code, err) == (0, "")
    assert "128 states; Jacobian 128 x 128 with 768 entries" in out
    for step in ("trace", "structure and program", "Jacobian", "solution by Radau"):
        assert any(line.startswith(step) and line.endswith(" ms") for line in out.splitlines())
    assert "successfully reached the end" in out
    if sys.platform != "win32":
        assert "peak memory of the process" in out
    for name in ("spy.png", "solution.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")


def test_what_it_solves():
    steps = sparse.measure(6, 2.0)
    y, n = brusselator.start(6), 72
    dense = ad_core.jacobian(lambda y: brusselator.rate(0.0, y))(np.cos(y))
    assert steps.pattern.shape == (n, n)
    np.testing.assert_array_equal(steps.pattern.toarray(), dense != 0.0)
    assert steps.solution.t.tolist() == [2.0 * share for share in sparse.TIMES]
    np.testing.assert_array_equal(steps.solution.y[:, 0], y)
    integrate = pytest.importorskip("scipy.integrate")
    options = {"method": "BDF", "rtol": 1e-8, "atol": 1e-9, "max_step": 0.05}
    reference = integrate.solve_ivp(brusselator.rate, (0.0, 2.0), y, **options)
    np.testing.assert_allclose(steps.solution.y[:, -1], reference.y[:, -1], rtol=2e-3)


def test_more_flows_in_from_the_switch_on():
    y = brusselator.start(20)
    more = brusselator.rate(brusselator.SWITCH, y) - brusselator.rate(0.0, y)
    u, v = brusselator.fields(more)
    assert not v.any()
    assert set(np.unique(u.round(9))) == {0.0, 5.0}
    assert u[6, 12].round(9) == 5.0  # the disc's centre, (0.3, 0.6)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--grid", "3"), "--grid: got 3, expected 4 to 10000"),
        (("--until", "0"), "--until: got 0.0, expected a time after 0"),
        (("--until", "nan"), "--until: got nan, expected a time after 0"),
    ],
)
def test_wrong_options(capsys, argv, message):
    pytest.importorskip("matplotlib")
    assert run(capsys, "demo", "sparse", *argv) == (2, "", f"ad-core demo: {message}\n")


def test_a_folder_that_cannot_be_written(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    (tmp_path / "file").write_text("no folder")
    code, out, err = run(capsys, "demo", "sparse", "--grid", "4", "--out", str(tmp_path / "file"))
    assert (code, out) == (2, "")
    assert err.startswith("ad-core demo: --out: cannot write to ")


@pytest.mark.parametrize("name", ["scipy.integrate", "rich.console", "matplotlib.figure"])
def test_what_to_install(capsys, monkeypatch, name):
    pytest.importorskip(name.partition(".")[0])
    monkeypatch.setitem(sys.modules, name, None)
    code, out, err = run(capsys, "demo", "sparse")
    assert (code, out) == (2, "")
    message = f'the demo needs {name.partition(".")[0]}: pip install "ad_core[demo]"'
    assert err == f"ad-core demo: {message}\n"
