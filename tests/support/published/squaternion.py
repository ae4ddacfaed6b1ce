# SPDX-License-Identifier: Apache-2.0
"""Quaternions of squaternion."""

from squaternion import Quaternion

from published import row

NUMBERS = 0.603, 0.297, 0.499, 0.547
OTHERS = 0.1, -0.4, 0.7, 0.58


def numbers(q):
    return q.w, q.x, q.y, q.z


def product(*given):
    return numbers(Quaternion(*given[:4]) * Quaternion(*given[4:]))


FUNCTIONS = [
    row(product, *NUMBERS, *OTHERS),
    row(lambda *q: Quaternion(*q).magnitude, *NUMBERS, name="magnitude"),
    row(lambda *q: numbers(Quaternion(*q).normalize), *NUMBERS, name="normalize"),
    row(lambda *q: numbers(Quaternion(*q).conjugate), *NUMBERS, name="conjugate"),
    row(lambda *q: Quaternion(*q).to_euler(), *NUMBERS, name="to_euler"),
    row(lambda *q: Quaternion(*q).to_rot(), *NUMBERS, name="to_rot"),
    row(lambda *q: Quaternion(*q).angle, *NUMBERS, name="angle"),
    row(lambda *q: Quaternion(*q).axis, *NUMBERS, name="axis"),
    row(lambda *a: numbers(Quaternion.from_euler(*a)), 0.3, -0.5, 0.8, name="from_euler"),
    row(
        lambda *a: numbers(Quaternion.from_euler(*a, degrees=True)), 30.0, 5.0, 8.0, name="degrees"
    ),
]
