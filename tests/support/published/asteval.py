# SPDX-License-Identifier: Apache-2.0
"""Expressions that asteval evaluates."""

import numpy as np
from asteval import Interpreter

from published import row


def evaluated(expression, **symbols):
    interpreter = Interpreter()
    interpreter.symtable.update(symbols)
    found = interpreter(expression)
    if interpreter.error:
        raise interpreter.error[0].exc(interpreter.error[0].msg)
    return found


def of_number(x, expression):
    return evaluated(expression, x=x)


def of_array(x, expression):
    return evaluated(expression, x=x)


PROCEDURE = """
def gaussian(x, centre, width):
    return exp(-(x - centre)**2 / (2*width**2)) / (width * sqrt(2*pi))
enddef
gaussian(x[0], x[1], x[2])
""".replace("enddef\n", "")

LOOP = """
total = 0
for k in range(5):
    if k % 2 == 0:
        total += x**k / (k + 1)
    else:
        total -= sin(k*x)
total
"""

FUNCTIONS = [
    row(of_number, 0.7, "sin(x)**2 + 3*x"),
    row(of_number, 0.7, "sqrt(x) * exp(-x) / (1 + x)"),
    row(of_number, 0.7, "log(x) + arctan2(x, 2)"),
    row(of_number, 0.7, "x if x > 0.5 else 2*x"),
    row(of_number, 0.7, "max(x, 0.2) * min(3*x, 5) + abs(-x)"),
    row(of_number, 0.7, LOOP),
    row(of_number, 0.7, "[x*k for k in range(4)]"),
    row(of_number, 0.7, "2 * x + pow(x, 3)"),
    row(of_number, 0.7, "float(x)"),
    row(of_array, np.array([0.4, 1.2, 2.3]), "sum(x**2) / len(x)"),
    row(of_array, np.array([0.4, 1.2, 2.3]), "x[1:] - x[:-1]"),
    row(of_array, np.array([0.4, 1.2, 2.3]), PROCEDURE),
    row(of_array, np.array([0.4, 1.2, 2.3]), "dot(x, x) + cumsum(x)[1]"),
    row(of_array, np.array([0.4, 1.2, 2.3]), "where(x > 1, x**2, cos(x))"),
    row(of_array, np.array([0.4, 1.2, 2.3]), "array([x[0]*x[1], x[2]])"),
]
