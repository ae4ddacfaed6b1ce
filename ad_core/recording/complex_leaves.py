# SPDX-License-Identifier: Apache-2.0
"""Complex arguments and results: each is two real leaves, its real and its imaginary part.

A Tree has a node of the kind Complex for such a leaf.  Everything that is recorded, swept and
compiled is real; complex numbers are taken apart and joined where containers are.  The conventions
are those of JAX.  For a function u + i v of x + i y

- a tangent is joined like a value: dx + i dy;
- a cotangent c + i d stands for the weights (c, -d), so that products have no conjugates, and the
  gradient of a real function is du/dx - i du/dy;
- the derivative of a holomorphic function is du/dx + i dv/dx.
"""

import numpy as np

from ad_core import _core
from ad_core.errors import DtypeError, NoDerivativeError

__all__ = [
    "ARGUMENT", "RESULT", "Complex", "check_holomorphic", "is_complex", "join", "joined_blocks",
    "parts_of", "refuse_complex_hessian", "refuse_complex_out", "refuse_complex_weights",
]  # fmt: skip

CLOSE = 1e-6  # the largest difference of equal derivatives, relative to both
ROUNDING = 1e-10  # the same, relative to the largest derivative of the array


class Complex:
    """The kind of a complex number or array in a Tree, whose two children are its parts."""


class ComplexSide:
    """Whether a complex leaf is an argument or a result, which decides what its derivatives and
    seeds are."""

    def __init__(self, differentiated):
        self._differentiated = differentiated

    def joined(self, re, im, is_value):
        """The complex value with these parts, or the derivative by an argument or of a result."""
        return join(re, im if is_value or not self._differentiated else 0.0 - im)

    def seeds(self, given):
        """The seeds of both parts: a tangent of an argument, a cotangent of a result."""
        re, im = parts_like(given)
        return re, im if self._differentiated else 0.0 - im


ARGUMENT, RESULT = ComplexSide(True), ComplexSide(False)


def is_complex(leaf):
    """Whether a leaf is a complex number or array, plain or traced, of at most double precision."""
    if isinstance(leaf, (np.ndarray, np.complexfloating)):
        return leaf.dtype.kind == "c" and leaf.dtype.itemsize <= 16
    return isinstance(leaf, complex) or _core.traced_complex(leaf)


def parts_of(z):
    """The real and the imaginary part of a complex leaf, new arrays in its memory order."""
    if _core.traced_complex(z):
        return z.re, z.im
    if type(z) is np.ndarray:
        return z.real.astype(np.float64, order="K"), z.imag.astype(np.float64, order="K")
    return z.real, z.imag


def parts_like(x):
    """The same for a leaf in the place of a complex one, which may be real."""
    if is_complex(x):
        return parts_of(x)
    shape = np.shape(x)
    return x, _core.plain_function("zeros")(shape) if shape else 0.0


def join(re, im):
    """The complex number or array with these parts."""
    if _core.traced(re) or _core.traced(im):
        return _core.new_complex(re, im)
    if not isinstance(re, np.ndarray):
        return np.complex128(complex(re, im))
    z = _core.plain_function("empty_like")(re, dtype=np.complex128)
    z.real, z.imag = re, im
    return z


def joined_blocks(x, y, name, lead=0):
    """The derivative of a complex result, from those of its real part, x, and of its imaginary
    part, y.  lead: the number of batch axes.

    If they are complex, by a complex argument, the function must be holomorphic: x is
    du/dx - i du/dy and y is dv/dx - i dv/dy, so that y = -i x by the equations of Cauchy and
    Riemann, and x is the derivative."""
    if not is_complex(x):
        return join(x, y)
    a, b = map(_values, (x, y))
    core = tuple(range(lead, a.ndim))
    with _core.float_errors(invalid="ignore", over="ignore"):
        gap, size = np.abs(b + 1j * a), np.maximum(np.abs(a), np.abs(b))
        largest = np.max(np.where(np.isfinite(size), size, 0.0), core, keepdims=True, initial=0.0)
        apart = (gap > CLOSE * size) & (gap > ROUNDING * largest)
    if np.any(apart):
        at = tuple(np.argwhere(apart)[0].tolist())
        u, v = complex(a[at]), complex(b[at])
        raise NoDerivativeError(
            f"{name} is not holomorphic here: of its result u + i v by its argument x + i y, "
            f"du/dx = {u.real:.6g} and dv/dy = {-v.imag:.6g}, du/dy = {-u.imag:.6g} and dv/dx = "
            f"{v.real:.6g}; use jvp or vjp, or differentiate its .real and its .imag"
        )
    lost = np.isfinite(a) & ~np.isfinite(b)  # half of the derivative is NaN, and so is all of it
    return x + np.where(lost, np.nan, 0.0)[()] if np.any(lost) else x


def _values(z):
    """A complex leaf as a plain array."""
    if not _core.traced_complex(z):
        return _core.plain_function("asarray")(z)
    re, im = (_core.current_values(part) if _core.traced(part) else part for part in (z.re, z.im))
    return _core.plain_function("asarray")(join(re, im))


def check_holomorphic(holomorphic, arguments, result, name):
    """Raise DtypeError if a Jacobian by such arguments of such a result has no meaning; they are
    trees."""
    if holomorphic:
        for what, tree in (*(("argument", tree) for tree in arguments), ("result", result)):
            if not tree.is_all(Complex):
                raise DtypeError(
                    f"holomorphic=True needs complex arguments and results, but {name} has a real "
                    f"{what}; leave holomorphic out, or convert it by x.astype(complex)"
                )
    elif result.holds(Complex) and any(tree.holds(Complex) for tree in arguments):
        raise DtypeError(
            f"{name} has a complex argument and a complex result, whose derivative is one complex "
            f"number only if {name} is holomorphic: pass holomorphic=True then; otherwise use jvp "
            f"or vjp (hvp in the place of a Hessian), or differentiate by the real and the "
            f"imaginary part"
        )


def refuse_complex_hessian(name, trees):
    """Raise DtypeError for a Hessian by complex arguments."""
    if any(tree.holds(Complex) for tree in trees):
        raise DtypeError(
            f"the Hessian of {name} is by a complex argument, where it is no complex matrix; use "
            f"hvp, or differentiate by the real and the imaginary part"
        )


def refuse_complex_weights(name, tree):
    """Raise DtypeError for weights of complex results in a method, whose name is given."""
    if tree.holds(Complex):
        raise DtypeError(
            f"{name} takes no weights of a complex result; return its parts (z.real, z.imag), and "
            f"give weights of both"
        )


def refuse_complex_out(name):
    """Raise DtypeError for complex results in arrays of the caller."""
    raise DtypeError(
        f"{name} returns complex numbers, which cannot be written to out; call it without out"
    )
