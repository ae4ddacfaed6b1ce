# SPDX-License-Identifier: Apache-2.0
"""The ``ad-core`` command: its output, and its errors for wrong input."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

import ad_core
from ad_core.cli import demo, main, throughput
from ad_core.cli.fit import Fit, agreement, fit
from ad_core.examples import arm, strd
from commands import run

MODEL = """\
import numpy as np
from helper import twice

three = 3

def residual(b):
    return np.array([b[0] * b[1], np.sin(b[0]), twice(b[1])])

def two(a, x):
    return a * x

def pair(x):
    return {"sum": np.sum(x), "parts": (x, 2.0 * x)}

def textbook(x1, x2):
    product = x1 * x2
    return np.exp(product) + (product - np.sin(x2))

def bad(x):
    y = x * 2.0
    raise ArithmeticError("no good at all")
"""
JACOBIAN = np.array([[2.0, 1.0], [np.cos(1.0), 0.0], [0.0, 2.0]])


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A folder with model.py, which imports its neighbour helper.py."""
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "helper.py").write_text("def twice(x):\n    return x * 2.0\n")
    (tmp_path / "broken.py").write_text("f = abs\nraise RuntimeError('half way')\n")
    (tmp_path / "quits.py").write_text("import sys\nsys.exit('bye')\n")
    (tmp_path / "typo.py").write_text("def f(x:\n    return x\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "helper", raising=False)
    return tmp_path


def test_the_console_script_prints_the_version():
    script = Path(sysconfig.get_path("scripts")) / "ad-core"
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"ad_core {ad_core.__version__}\n"


@pytest.mark.parametrize("argv", [(), ("demo",), ("jacobian",), ("trace",)])
def test_help_has_examples(capsys, argv):
    code, out, _ = run(capsys, *argv, "--help")
    assert code == 0
    assert "usage: ad-core" in out
    assert "examples:" in out


def test_jacobian_prints(model, capsys):
    code, out, err = run(capsys, "jacobian", "model.py:residual", "--at", "1,2")
    assert (code, err) == (0, "")
    assert "K = 3 outputs, D = 2 inputs, mode" in out
    assert "J, shape (3, 2):" in out
    assert "0.54030231" in out


@pytest.mark.parametrize("mode", ["fwd", "rev"])
def test_jacobian_saves(model, capsys, mode):
    argv = ("jacobian", "model.py:residual", "--at", "1,2", "--mode", mode, "--out", "J.npy")
    code, out, _ = run(capsys, *argv)
    assert code == 0
    assert f"mode {mode} (requested)" in out
    assert "saved to J.npy" in out
    np.testing.assert_allclose(np.load("J.npy"), JACOBIAN, rtol=1e-15)


def test_jacobian_reads_a_point_from_a_file(model, capsys):
    np.save("x.npy", np.array([1, 2]))  # whole numbers are taken as real ones
    code, _, _ = run(capsys, "jacobian", "model.py:residual", "--at", "x.npy", "--out", "J.npy")
    assert code == 0
    np.testing.assert_allclose(np.load("J.npy"), JACOBIAN, rtol=1e-15)


def test_jacobian_of_several_arguments(model, capsys):
    argv = ("jacobian", "model.py:two", "--at", "-2", "--at", "-1,3,.5")
    code, out, _ = run(capsys, *argv)
    assert code == 0
    assert "J[0], shape (3,):" in out
    assert "J[1], shape (3, 3):" in out
    code, out, _ = run(capsys, *argv, "--arg", "1", "--out", "J.npy")
    assert code == 0
    np.testing.assert_array_equal(np.load("J.npy"), -2.0 * np.eye(3))
    assert run(capsys, *argv, "--out", "J.npz")[0] == 0
    with np.load("J.npz") as saved:
        np.testing.assert_array_equal(saved["J.0"], [-1.0, 3.0, 0.5])


def test_a_number_is_a_scalar_and_a_comma_makes_an_array(model, capsys):
    _, out, _ = run(capsys, "jacobian", "model.py:two", "--at", "2", "--at", "3")
    assert out.count("shape ()") == 2
    _, out, _ = run(capsys, "jacobian", "model.py:two", "--at", "2", "--at", "3,")
    assert "J[1], shape (1, 1):" in out


def test_jacobian_of_a_nested_result(model, capsys):
    code, out, _ = run(capsys, "jacobian", "model.py:pair", "--at", "1,2")
    assert code == 0
    for name in ("J['sum'], shape (2,)", "J['parts'][0], shape (2, 2)", "J['parts'][1]"):
        assert name in out


def test_trace_prints_a_table_with_adjoints(model, capsys):
    argv = ("trace", "model.py:textbook", "--at", "1.0", "--at", "2.0")
    code, out, _ = run(capsys, *argv, "--tangent", "1,0")
    assert code == 0
    assert out.splitlines()[0].split()[-2:] == ["tangent", "adjoint"]
    assert out.count("16.7781") == 2
    code, out, _ = run(capsys, *argv, "--limit", "2")
    assert "5 of 7 nodes left out" in out
    code, out, _ = run(capsys, "trace", "model.py:residual", "--at", "1,2", "--cotangent", "-1,0,0")
    assert code == 0
    assert "adjoint" in out


def test_trace_writes_dot_and_pictures(model, capsysbinary):
    argv = ["trace", "model.py:textbook", "--at", "1.0", "--at", "2.0"]
    assert main([*argv, "--format", "dot"]) == 0
    assert capsysbinary.readouterr().out.startswith(b"digraph trace {")
    assert main([*argv, "--format", "svg"]) == 0
    assert b"<svg" in capsysbinary.readouterr().out
    assert main([*argv, "--out", "t.png"]) == 0  # the name tells the format
    assert (model / "t.png").read_bytes().startswith(b"\x89PNG")
    assert main([*argv, "--out", "t.dot"]) == 0
    assert (model / "t.dot").read_text().startswith("digraph")
    assert main([*argv, "--out", "t.txt"]) == 0
    assert (model / "t.txt").read_text().startswith("node")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("none.py:f", "--at", "1"), "function: no file 'none.py'"),
        (("model.py", "--at", "1"), "expected FILE.py:FUNC"),
        (("model.py:", "--at", "1"), "expected FILE.py:FUNC"),
        (("model.py:nothing", "--at", "1"), "has no 'nothing'; it has twice, residual, two"),
        (
            ("model.py:three", "--at", "1"),
            "'three' in 'model.py' must be a function, got an object of type",
        ),
        (("x.npy:f", "--at", "1"), "'x.npy' is not a Python file"),
        (("model.py:two", "--at", "1,b,2"), "--at: 'b' in '1,b,2' is not a number"),
        (("model.py:two", "--at", ""), "--at: '' in '' is not a number"),
        (("model.py:two", "--at", "none.npy"), "--at: no file 'none.npy'"),
        (("model.py:two", "--at", "text.npy"), "--at: cannot read 'text.npy'"),
        (("model.py:two", "--at", "z.npy"), "holds complex128 values, expected real numbers"),
        (("model.py:two",), "the following arguments are required: --at"),
    ],
)
@pytest.mark.parametrize("command", ["jacobian", "trace"])
def test_wrong_input_gives_an_error_of_one_line(model, capsys, command, argv, message):
    np.save("x.npy", np.ones(2))
    np.save("z.npy", np.ones(2) * 1j)
    Path("text.npy").write_text("not an array")
    code, out, err = run(capsys, command, *argv)
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith(f"ad-core {command}: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("jacobian", "model.py:residual", "--at", "1,2", "--mode", "both"), "--mode"),
        (("jacobian", "model.py:two", "--at", "1", "--at", "2", "--arg", "2"), "expected 0 to 1"),
        (("jacobian", "model.py:two", "--at", "1", "--at", "2", "--out", "J.npy"), "use a .npz"),
        (("jacobian", "model.py:residual", "--at", "1,2", "--out", "J.txt"), "ends in .npy"),
        (("jacobian", "model.py:residual", "--at", "1,2", "--out", "no/J.npy"), "cannot write"),
        (("trace", "model.py:residual", "--at", "1,2", "--out", "no/t.dot"), "cannot write"),
        (("trace", "model.py:residual", "--at", "1,2", "--limit", "-1"), "expected 0 (all)"),
        (
            ("trace", "model.py:residual", "--at", "1,2", "--tangent", "1"),
            "got 1 number,",
        ),
        (("trace", "model.py:residual", "--at", "1,2", "--cotangent", "1,2"), "expected 3"),
        (("trace", "model.py:residual", "--at", "1,2", "--format", "gif"), "--format"),
        ((), "COMMAND"),
        (("fly",), "invalid choice: 'fly'"),
    ],
)
def test_wrong_options_give_an_error_of_one_line(model, capsys, argv, message):
    code, out, err = run(capsys, *argv)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_a_file_that_fails_to_import_shows_its_own_traceback(model, capsys):
    for name, message in (
        ("broken.py", "RuntimeError: half way"),
        ("quits.py", "SystemExit: bye"),
        ("typo.py", "SyntaxError"),
    ):
        code, _, err = run(capsys, "jacobian", f"{name}:f", "--at", "1")
        assert code == 2
        assert message in err
        assert err.endswith(f"function: {name} cannot be imported\n")
        assert "importlib" not in err


@pytest.mark.parametrize("command", ["jacobian", "trace"])
def test_an_exception_of_the_users_function_is_shown_plainly(model, capsys, command):
    code, _, err = run(capsys, command, "model.py:bad", "--at", "1,2")
    assert code == 1
    assert "ArithmeticError: no good at all" in err
    assert 'model.py", line' in err
    assert err.count("  File ") == 1  # none of the library's own frames
    code, _, err = run(capsys, command, "model.py:two", "--at", "1,2")
    assert code == 1
    assert "missing 1 required positional argument" in err


def test_an_interrupt_ends_with_one_line(model, capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(ad_core, "trace", interrupt)
    code, _, err = run(capsys, "trace", "model.py:two", "--at", "1", "--at", "2")
    assert (code, err) == (130, "ad-core trace: interrupted\n")


@pytest.mark.parametrize("name", ["rich", "scipy"])
def test_the_demo_says_what_to_install(capsys, monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    code, out, err = run(capsys, "demo")
    assert (code, out) == (2, "")
    assert err == f'ad-core demo: the demo needs {name}: pip install "ad_core[demo]"\n'


def test_a_drawing_says_what_to_install(model, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    argv = ("trace", "model.py:two", "--at", "1", "--at", "2", "--format", "svg")
    code, out, err = run(capsys, *argv)
    assert (code, out) == (2, "")
    assert 'pip install "ad_core[demo]"' in err


def test_the_library_commands_need_numpy_alone(model, capsys, monkeypatch):
    for name in ("rich", "scipy", "matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    assert run(capsys, "jacobian", "model.py:residual", "--at", "1,2")[0] == 0
    assert run(capsys, "trace", "model.py:residual", "--at", "1,2")[0] == 0


def test_the_demo_on_two_problems(capsys, monkeypatch, tmp_path):
    few = tuple(p for p in strd.problems() if p.name in ("Misra1a", "Kirby2"))
    monkeypatch.setattr(strd, "problems", lambda: few)
    code, out, err = run(capsys, "demo", "--points", "300", "--draw", str(tmp_path / "t.svg"))
    assert (code, err) == (0, "")
    assert "Exact Jacobians: at least 6 digits on 2 of 2 problems (4 of 4 fits)." in out
    assert "Differences lose" in out
    assert "12 x 7" in out
    assert "3. The arm's Jacobian at 300 points" in out
    assert "times as fast" in out
    assert "J e1  = 16.7781" in out
    assert "w^T J = (16.7781" in out
    assert (tmp_path / "t.svg").read_text().startswith("<?xml")
    widest = max(len(line) for line in out.split("4. Evaluation")[0].splitlines())
    assert widest <= 80


def test_the_demo_reports_at_once_that_it_cannot_draw(capsys, monkeypatch):
    code, out, err = run(capsys, "demo", "--draw", "t.gif")
    assert (code, out) == (2, "")
    assert err == "ad-core demo: --draw: got 't.gif', expected a name in .svg, .png or .pdf\n"
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, out, err = run(capsys, "demo", "--draw", "t.svg")
    assert (code, out) == (2, "")
    assert 'pip install "ad_core[demo]"' in err


def test_the_demo_reports_that_it_cannot_write(capsys, monkeypatch):
    one = strd.problems()[:1]
    monkeypatch.setattr(strd, "problems", lambda: one)
    code, _, err = run(capsys, "demo", "--points", "1", "--draw", "no/such/folder/t.svg")
    assert code == 2
    assert err.startswith("ad-core demo: --draw: cannot write 'no/such/folder/t.svg': ")


@pytest.mark.slow
def test_exact_jacobians_solve_every_problem_from_both_starts():
    for problem in strd.problems():
        for start in problem.starts:
            assert fit(problem, start, exact=True).digits >= 6, problem.name


def test_a_fit_that_cannot_start_has_no_digits():
    problem = strd.problems()[0]
    done = fit(problem, np.array([np.inf, 1.0]), exact=True)
    assert done.digits == 0.0


def test_agreement_is_the_worst_parameters_and_at_most_eleven_digits():
    certified = np.array([1.0, -20.0])
    assert agreement(certified, certified) == 11.0
    assert agreement(np.array([1.0, -20.02]), certified) == pytest.approx(3.0)
    assert agreement(np.array([1.0, 3e5]), certified) == 0.0
    assert agreement(np.array([1.0, np.nan]), certified) == 0.0


def test_the_summary_names_the_unsolved_problems():
    problems = strd.problems()[:2]
    digits = {True: (8.0, 7.0), False: (3.0, 2.0)}
    fits = {
        (problem.name, start, exact): Fit(digits[exact][start], 1, 1, 0.0)
        for problem in problems
        for start in (0, 1)
        for exact in (True, False)
    }
    exact, differences, lost = demo.summary(problems, fits)
    assert exact == "Exact Jacobians: at least 6 digits on 2 of 2 problems (4 of 4 fits)."
    assert differences.endswith("(0 of 4 fits); from neither start: Misra1a, Chwirut2.")
    assert lost.startswith("Differences lose 5.0 digits in the median, 5.0 at most")


class Recorded:
    """A progress bar that records its calls."""

    def __init__(self):
        self.started = []
        self.done = []

    def start(self, name, total):
        self.started.append((name, total))
        self.done.append(0)

    def update(self, n):
        self.done[-1] += n


def test_the_poses_of_many_points_are_those_of_each():
    q = np.random.default_rng(3).uniform(-3.0, 3.0, (5, 7))
    each = [arm.pose(point) for point in q]
    np.testing.assert_allclose(throughput.poses(q.T).T, each, atol=1e-15)


def test_differences_and_complex_steps_agree_with_the_exact_jacobian():
    q = np.random.default_rng(4).uniform(-3.0, 3.0, (3, 7))
    exact = np.stack([ad_core.jacobian(arm.pose)(point) for point in q])
    np.testing.assert_allclose(throughput.complex_steps(q), exact, atol=1e-14)
    found = np.empty_like(exact)
    throughput.differences(q, found)
    np.testing.assert_allclose(found, exact, atol=1e-6)


@pytest.mark.parametrize("points", [1, throughput.BLOCK + 1])
def test_the_throughput_of_a_batch(points):
    bar = Recorded()
    measured = throughput.measure(points, bar)
    assert {one.name for one in measured} == {"ad_core", "NumPy, 2-point"}
    for one in measured:
        low, high = (14.0, 16.0) if one.name == "ad_core" else (6.0, 10.0)
        assert low <= one.digits <= high
        assert one.seconds > 0.0
    assert len(bar.done) == len(measured)
    for done, (_, total) in zip(bar.done, bar.started, strict=True):
        assert done <= total
    lines = throughput.rows(points, measured)
    assert len(lines) == 1 + len(measured) + 2
    assert lines[-1].startswith("ad_core ")


def test_the_demo_needs_a_point(capsys):
    code, out, err = run(capsys, "demo", "--points", "0")
    assert (code, out) == (2, "")
    assert err == "ad-core demo: --points: got 0, expected 1 to 100000000\n"
