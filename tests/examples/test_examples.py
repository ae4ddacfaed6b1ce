# SPDX-License-Identifier: Apache-2.0
"""The shipped examples: NIST's problems against their certificates, the arm, the textbook."""

import math

import numpy as np
import pytest

import ad_core
from ad_core.examples import arm, strd, textbook

PROBLEMS = strd.problems()
SIZES = {  # parameters, observations, as NIST's own pages state them
    "Misra1a": (2, 14),
    "Chwirut2": (3, 54),
    "Chwirut1": (3, 214),
    "Lanczos3": (6, 24),
    "Gauss1": (8, 250),
    "Gauss2": (8, 250),
    "DanWood": (2, 6),
    "Misra1b": (2, 14),
    "Kirby2": (5, 151),
    "Hahn1": (7, 236),
    "Nelson": (3, 128),
    "MGH17": (5, 33),
    "Lanczos1": (6, 24),
    "Lanczos2": (6, 24),
    "Gauss3": (8, 250),
    "Misra1c": (2, 14),
    "Misra1d": (2, 14),
    "Roszman1": (4, 25),
    "ENSO": (9, 168),
    "MGH09": (4, 11),
    "Thurber": (7, 37),
    "BoxBOD": (2, 6),
    "Rat42": (3, 9),
    "MGH10": (3, 16),
    "Eckerle4": (3, 35),
    "Rat43": (4, 15),
    "Bennett5": (3, 154),
}


def each_problem():
    return pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)


def complex_steps(fun, x, step=1e-200):
    """The Jacobian by complex steps, an oracle exact to rounding."""
    return np.stack([fun(x + 1j * step * unit).imag / step for unit in np.eye(x.size)], axis=1)


def test_all_problems_are_there():
    assert {p.name: (p.certified.size, p.y.size) for p in PROBLEMS} == SIZES
    grades = [problem.difficulty for problem in PROBLEMS]
    assert [grades.count(grade) for grade in ("lower", "average", "higher")] == [8, 11, 8]
    assert {problem.family for problem in PROBLEMS} == {"exponential", "rational", "miscellaneous"}


@each_problem()
def test_shapes_fit_together(problem):
    assert problem.x.shape == ((2, 128) if problem.name == "Nelson" else problem.y.shape)
    for parameters in (*problem.starts, problem.std):
        assert parameters.shape == problem.certified.shape
    assert len(problem.starts) == 2
    with pytest.raises(ValueError, match="read-only"):
        problem.y[0] = 0.0


@each_problem()
def test_the_certified_parameters_give_the_certified_sum_of_squares(problem):
    rss = float(np.sum(problem.residual(problem.certified) ** 2))
    if problem.name == "Lanczos1":
        # Its residuals are the rounding of the data to 14 digits; eleven digits of the
        # parameters cannot reproduce a sum of 1e-25, only show that it is nothing.
        assert rss < 1e-20
    else:
        assert rss == pytest.approx(problem.rss, rel=1e-9)


@each_problem()
def test_the_jacobian_gives_the_certified_standard_deviations(problem):
    jacobian = ad_core.jacobian(problem.residual)(problem.certified)
    scale = np.linalg.norm(jacobian, axis=0)
    inverse = np.linalg.inv(np.linalg.qr(jacobian / scale, mode="r"))
    freedom = problem.y.size - problem.certified.size
    std = np.sqrt(problem.rss / freedom * np.sum(inverse**2, axis=1)) / scale
    np.testing.assert_allclose(std, problem.std, rtol=1e-5)


@each_problem()
@pytest.mark.parametrize("mode", ["fwd", "rev"])
def test_the_jacobian_agrees_with_complex_steps(problem, mode):
    for b in (*problem.starts, problem.certified):
        got = ad_core.jacobian(problem.residual, mode=mode)(b)
        want = complex_steps(problem.residual, b)
        scale = np.abs(want).max(axis=0, keepdims=True)
        np.testing.assert_allclose(got / scale, want / scale, rtol=1e-11, atol=1e-12)


def test_the_arm_is_the_product_of_its_link_matrices():
    q = np.array([0.1, -0.6, 0.3, -2.0, 0.4, 1.7, 0.8])
    hand = np.eye(4)
    for (a, alpha, d), angle in zip(arm.LINKS, q, strict=True):
        hand = hand @ link(a, alpha, d, angle)
    hand = hand @ link(0.0, 0.0, arm.FLANGE, 0.0)
    pose = arm.pose(q)
    np.testing.assert_allclose(pose[:3], hand[:3, 3], atol=1e-14)
    np.testing.assert_allclose(pose[3:].reshape(3, 3), hand[:3, :3], atol=1e-14)


def link(a, alpha, d, angle):
    """One joint's homogeneous matrix in Craig's convention, written independently."""
    c, s, ca, sa = math.cos(angle), math.sin(angle), math.cos(alpha), math.sin(alpha)
    return np.array(
        [
            [c, -s, 0, a],
            [s * ca, c * ca, -sa, -d * sa],
            [s * sa, c * sa, ca, d * ca],
            [0, 0, 0, 1],
        ]
    )


@pytest.mark.parametrize("mode", [None, "fwd", "rev"])
def test_the_arm_jacobian_agrees_with_complex_steps(mode):
    q = np.array([0.1, -0.6, 0.3, -2.0, 0.4, 1.7, 0.8])
    jacobian = ad_core.jacobian(arm.pose, mode=mode)(q)
    assert jacobian.shape == (12, 7)
    np.testing.assert_allclose(jacobian, complex_steps(arm.pose, q), rtol=1e-13, atol=1e-14)


def test_the_textbook_function_has_the_books_seven_nodes():
    tape = ad_core.trace(textbook.f, 1.0, 2.0)
    assert [node.op for node in tape.nodes] == [
        "input",
        "input",
        "multiply",
        "sin",
        "exp",
        "subtract",
        "add",
    ]
    value, growth = math.exp(2) + 2 - math.sin(2), math.exp(2)
    assert tape.nodes[-1].value == pytest.approx(value, rel=1e-15)
    assert [node.children for node in tape.nodes] == [(2,), (2, 3), (4, 5), (5,), (6,), (6,), ()]

    gradient = np.array([2 + 2 * growth, 1 + growth - math.cos(2)])
    output = list(tape.outputs)
    for direction in (np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([0.6, -0.8])):
        tangent = tape.tangents(direction)[output]
        np.testing.assert_allclose(tangent, [gradient @ direction], rtol=1e-15)
    adjoints = tape.adjoints(np.array([1.5]))[list(tape.inputs)]
    np.testing.assert_allclose(adjoints, 1.5 * gradient, rtol=1e-15)
