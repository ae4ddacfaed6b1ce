# SPDX-License-Identifier: Apache-2.0
"""C files that tapes write: compiled as C99 and C++ without warnings, they compute what the tape
computes, to the last bit where no function of <math.h> rounds in its own way."""

import re
import shutil
import sys

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.programs import c_source
from ad_core.recording.trees import flatten
from agreement import refused
from c_libraries import call_source, compiled
from commands import run

COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
RNG = np.random.default_rng(11)

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="compilers are called as on Unix"),
    pytest.mark.skipif(not COMPILERS, reason="no C compiler"),
]


def flat(result):
    return np.concatenate([np.ravel(leaf) for leaf in flatten(result)[0]])


def rational(x):
    a = x[:-1] * x[1:] / (1.0 + x[:-1] ** 2)
    return np.array([np.sum(a), np.max(a), a[0] - 2.5 * x[2], np.min(x) * np.abs(x[1])])


def product(x):
    A = np.outer(x, x) + np.eye(x.size)
    return (A @ A) @ x


def loop(x):
    y = x[0]
    for k in range(1, x.size):
        y = y * x[k] - x[k - 1] / (2.0 + y * y)
    return y


def functions(x):
    y = np.sin(x) * np.exp(-x) + np.hypot(x, 2.0) ** 1.5 + np.logaddexp(x, 0.3) + np.arctan2(x, 2.0)
    return np.concatenate([y, np.sinc(x), np.cbrt(x + 3.0), np.log1p(x**2), np.tanh(x)])


def stepped(x):
    return np.where(x > 0.4, np.floor(3.0 * x) + x, np.fmod(x, 0.3)) * np.sign(x) + np.heaviside(
        x, 0.5
    )


EXACT = [rational, product, loop, stepped]
POINT = np.array([0.7, 0.2, 1.3, 0.45, 0.9])


@pytest.mark.parametrize("straight", [c_source.STRAIGHT, 0], ids=["straight", "loops"])
@pytest.mark.parametrize("f", [*EXACT, functions])
def test_c_computes_what_the_tape_computes(f, straight, tmp_path, monkeypatch):
    monkeypatch.setattr(c_source, "STRAIGHT", straight)
    tape = ad_core.trace(f, POINT)
    methods = ["value", "jacobian", "value_and_jacobian", "jvp", "vjp"]
    methods += ["grad", "hessian", "hvp"] if np.ndim(f(POINT)) == 0 else []
    text = tape.to_c("f", *methods)
    for compiler in COMPILERS:
        library = compiled(text, tmp_path, compiler)
        for method in methods:
            for x in POINT, POINT * 1.01:
                seed = []
                if method in ("jvp", "hvp"):
                    seed = [RNG.normal(size=5)]
                elif method == "vjp":
                    seed = [RNG.normal(size=np.shape(f(x)))]
                expected = (tape if method == "value" else getattr(tape, method))(x, *seed)
                result, y = call_source(library, text, f"f_{method}", np.concatenate(
                    [x, *map(np.ravel, seed)]))  # fmt: skip
                assert result == 0
                if f is functions:
                    np.testing.assert_allclose(y, flat(expected), rtol=1e-13, atol=1e-14)
                else:
                    np.testing.assert_array_equal(y, flat(expected))


def test_it_is_cpp_too(tmp_path):
    for straight in True, False:
        tape = ad_core.trace(functions, POINT if straight else np.linspace(0.1, 0.9, 200))
        compiled(tape.to_c("f", "value", "jacobian"), tmp_path, COMPILERS[0], language="c++")


def test_large_programs_are_loops(tmp_path):
    x = np.linspace(0.1, 0.9, 20_000)

    def f(x):
        y = np.sin(x[1:]) * x[:-1] + x[1:] ** 2
        return np.sum(y * y[::-1])

    tape = ad_core.trace(f, x)
    text = tape.to_c("f", "grad")
    assert len(text) < 1_000_000
    result, y = call_source(compiled(text, tmp_path, COMPILERS[0]), text, "f_grad", x)
    assert result == 0
    np.testing.assert_allclose(y, tape.grad(x), rtol=1e-12)


def test_a_changed_branch_is_told(tmp_path):
    def f(x):
        if x[0] < x[1]:
            return x * x
        return np.sin(x)

    text = ad_core.trace(f, np.array([0.1, 0.2])).to_c("f", "jacobian")
    assert "if x[0] < x[1]:" in text
    library = compiled(text, tmp_path, COMPILERS[0])
    assert call_source(library, text, "f_jacobian", [0.1, 0.3])[0] == 0
    result, y = call_source(library, text, "f_jacobian", [0.3, 0.1])
    assert result == 1
    assert np.all(np.isnan(y))


@pytest.mark.parametrize("straight", [c_source.STRAIGHT, 0], ids=["straight", "loops"])
def test_a_zero_wins_over_an_infinity_in_derivatives(straight, tmp_path, monkeypatch):
    monkeypatch.setattr(c_source, "STRAIGHT", straight)

    def f(x):
        return np.where(x > 0.0, np.sqrt(x) * x, 0.0 * np.sqrt(np.abs(x)))

    tape = ad_core.trace(f, np.ones(3))
    text = tape.to_c("f", "jacobian")
    x = np.array([0.0, 4.0, 0.0])
    _, y = call_source(compiled(text, tmp_path, COMPILERS[0]), text, "f_jacobian", x)
    np.testing.assert_array_equal(y, np.ravel(tape.jacobian(x)))


def test_sparse(tmp_path):
    tape = ad_core.trace(lambda x: x[1:] * x[:-1] ** 2, POINT)
    text = tape.to_c("f", "jacobian", sparse=True)
    _, y = call_source(compiled(text, tmp_path, COMPILERS[0]), text, "f_jacobian", POINT)
    np.testing.assert_array_equal(y, tape.jacobian(POINT, sparse=True).data)


def test_every_operation_has_a_formula_in_c(tmp_path):
    """A function for each row of the table, compiled together."""
    lines = []
    for k, (op, formula) in enumerate(_core.program_formulas()):
        arity = 1 + max("abc".find(letter) for letter in re.findall(r"\b[abc]\b", formula))
        operands = ["x", "y", "z"][:arity]
        lines.append(f"double f{k}(double x, double y, double z) {{ (void)x, (void)y, (void)z; "
                     f"return {c_source.expression(op, operands)}; }}")  # fmt: skip
        lines.insert(0, f"double f{k}(double x, double y, double z);")
    code = "\n".join(lines)
    compiled("\n".join(["#include <math.h>", *c_source.helpers_of(code), code]), tmp_path)


@pytest.mark.parametrize("name", ["", "2f", "a-b", "f;", "é", "a b"])
def test_names_that_are_no_identifiers(name):
    with pytest.raises(ValueError, match="C identifier"):
        ad_core.trace(loop, POINT).to_c(name)


def test_what_c_does_not_have_is_refused_by_name():
    tape = ad_core.trace(lambda x: np.linalg.solve(np.eye(5) + np.outer(x, x), x), POINT)
    with pytest.raises(ValueError, match=r"calls np\.linalg\.solve"):
        tape.to_c("f")
    with pytest.raises(ValueError, match="what must be one of"):
        ad_core.trace(loop, POINT).to_c("f", "gradient")


def test_a_line_of_code_can_not_end_the_comment(tmp_path):
    scope = {"np": np}
    code = "def f(x):\n    return x if x[0] > 0 else -x  # */ int bad;"
    exec(compile(code, "a*/b.py", "exec"), scope)
    text = ad_core.trace(scope["f"], POINT).to_c("f")
    compiled(text, tmp_path, COMPILERS[0])


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    model = "import numpy as np\n\ndef f(x):\n    return np.sin(x) * x[0]\n"
    (tmp_path / "model.py").write_text(model)
    given = ["export", "model.py:f", "--at", "1,2"]
    assert run(capsys, *given, "--out", "f.c") == (0, "", "")
    text = (tmp_path / "f.c").read_text()
    _, y = call_source(compiled(text, tmp_path, COMPILERS[0]), text, "f_jacobian", [1.0, 2.0])
    expected = ad_core.jacobian(lambda x: np.sin(x) * x[0])(np.array([1.0, 2.0]))
    np.testing.assert_allclose(y, np.ravel(expected), rtol=1e-14)
    code, out, _ = run(capsys, *given, "--name", "g", "--what", "value")
    assert code == 0
    assert "int g_value(" in out
    code, _, err = run(capsys, *given, "--what", "laplacian")
    assert code == 2
    assert "what must be one of" in err


@pytest.mark.parametrize("what", ["value", "grad", "jvp", "vjp"])
@pytest.mark.parametrize("function", [lambda z: np.abs(z) ** 2, lambda z: z * z * z])
def test_complex_numbers_are_refused(function, what):
    tape = ad_core.trace(function, 1.0 + 2.0j)
    for export in (lambda: tape.to_c("f", what), lambda: tape.cfunction(what)):
        with refused(ad_core.DtypeError, "complex", "lambda re, im"):
            export()


def test_code_without_warnings_or_repetitions(tmp_path):
    """Unused operations, results and arguments, and comments in comments."""
    unused = ad_core.trace(lambda x: (x[0] * 2.0, np.sin(x))[0], np.ones(2))
    empty = ad_core.trace(lambda x: x[:0], np.ones(2))
    nothing = ad_core.trace(lambda x: x * 2.0, np.ones(0))
    commented = ad_core.trace(lambda x: x if x > len("/* a */") else x * 2.0, 1.0)
    for tape in (unused, empty, nothing, commented):
        for compiler in COMPILERS:
            compiled(tape.to_c("f", "value", "jacobian", "value"), tmp_path, compiler)
    assert unused.to_c("f", "value", "value").count("int f_value(") == 1
    with refused(TypeError, "name must be a str"):
        unused.to_c(b"f")
