# SPDX-License-Identifier: Apache-2.0
"""Solutions of equations as differentiable functions of their parameters.

A solver runs on plain numbers.  The derivative of its result follows from the equation that it
solves, by the implicit function theorem, and costs one linear system.

>>> import numpy as np, ad_core
>>> def newton(f, x):
...     for _ in range(20):
...         x = x - f(x) / ad_core.grad(f)(x)
...     return x
>>> cube_root = lambda a: ad_core.implicit.root(lambda x, a: x**3 - a, 1.0, a, solver=newton)
>>> float(cube_root(8.0)), float(ad_core.grad(cube_root)(8.0))
(2.0, 0.0833333333...)
"""

from ad_core.implicit.fixed_point import fixed_point
from ad_core.implicit.minimize import minimize
from ad_core.implicit.odeint import odeint
from ad_core.implicit.root import root

__all__ = ["fixed_point", "minimize", "odeint", "root"]
