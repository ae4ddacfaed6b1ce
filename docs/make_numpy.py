# SPDX-License-Identifier: Apache-2.0
"""Write docs/numpy-coverage.md, which lists what ad_core does with every public NumPy function.

    python docs/make_numpy.py

Run it in an environment where ad_core is built. A test compares the page with what this writes.
"""

import textwrap
from pathlib import Path

import numpy as np

import ad_core  # noqa: F401  (fills the table of functions)
from ad_core import _core
from ad_core.overrides.numpy import logic, sorting, ufuncs
from ad_core.overrides.numpy.complex import functions, operations
from ad_core.overrides.numpy.dispatch import table
from ad_core.overrides.numpy.own_code import own_code
from ad_core.overrides.numpy.own_functions import NEEDS_PLAIN

PAGE = Path(__file__).resolve().parent / "numpy-coverage.md"
VERSION = ".".join(np.__version__.split(".")[:2])
MODULES = {"np": np, "np.linalg": np.linalg, "np.fft": np.fft}

# Functions that make arrays, to which traced values can be written while a function is traced.
MAKERS = ["array", "asarray", "copy", "empty", "eye", "full", "identity", "ones", "zeros"]
# Files of functions whose results are plain, except those that move elements.
PLAIN_FILES = {logic.__name__, sorting.__name__}
MOVING = {np.sort, np.partition}
# Functions of other files whose results are plain.
PLAIN = {
    np.all, np.any, np.iscomplex, np.isreal, np.isclose, np.isposinf, np.isneginf, np.digitize,
    np.isin, np.einsum_path, np.linalg.matrix_rank, getattr(np, "in1d", np.isin),
    np.allclose, np.array_equal, np.common_type,
    np.isclose, np.isneginf, np.isposinf, np.savetxt, np.argwhere, np.array_equiv,
    np.diag_indices_from, np.flatnonzero, np.iscomplexobj, np.isrealobj, np.ndim, np.shape, np.size,
    np.tril_indices_from, np.triu_indices_from,
}  # fmt: skip

HEAD = f"""# NumPy functions on traced values

This page is written by `docs/make_numpy.py` from the table of functions, for NumPy {VERSION}.

Functions that NumPy has written in Python run on traced values by NumPy's own code. `np.emath`,
`np.polynomial`, `np.vectorize`, `np.frompyfunc`, `np.fromiter` and `np.nditer` (for reading) take
traced values too.

A traced array also has the operators, indexing, assignment, attributes and methods of ndarray. If
NumPy itself converts a list of traced numbers, it makes an object array, which works element by
element. `np.r_`, `np.c_`, `np.require` and `A.dot(x)` with a plain `A` take traced values too.

Some functions depend on values in steps: they find an order, a bin, the interval of `interp` or the
members of a set. What they find is kept as a guard
([Guards and paths](design.md#guards-and-paths)). A recording raises an error at points where a
guard does not hold, and a compiled function records the other path.

Truth values (outcomes of comparisons) and integers made of them have NumPy's types. They may be
passed to any function, also to those that are not supported below. Functions that add or multiply
them are recorded. Other functions are NumPy's own and take plain values, which are kept as guards.

A function that is not supported raises `NotImplementedError`, which names the function and the
line. If all its arguments are constants (arrays made during the trace that do not depend on an
input), NumPy's own function is called with their values instead.
"""

CONDITIONS = """
## Linear algebra

All these functions take stacks of matrices and have derivatives of every order, which are computed
by derivative rules.

- `cholesky`, `eigh`, `eigvalsh` and functions with `hermitian=True`: NumPy reads one triangle, so
  the derivative with respect to the other triangle is zero.
- `det`: first and second derivatives hold at singular matrices too.
- `slogdet`: the sign has no derivative. The derivative of the logarithm is NaN at singular
  matrices.
- `eigh`, `eig` and `svd`: eigenvalues or singular values that differ by no more than their rounding
  error count as equal. Vectors of equal values are not functions of the matrix, so the derivatives
  of results that depend on them are NaN, and so are second derivatives of such values
  ([conventions](conventions.md)). `funm`, `sqrtm`, `logm` and `polar` of `ad_core.scipy.linalg` and
  `norm(x, "nuc")` have derivatives there.
- `eig`, `eigvals` and `roots`: the eigenvalues or roots must be distinct; the derivatives of equal
  ones are NaN. They may be complex, and the vectors of `eig` are those of LAPACK: of length 1, with
  a real largest element. A complex vector with two largest elements has the derivative NaN, since
  its phase jumps there. A recording of real
  eigenvalues or roots raises an error where they become complex. Since NumPy 2.5, `eig` and
  `eigvals` return complex numbers with a zero imaginary part where all are real, and so they do
  here: their `.real` has the derivatives.
- `svd` with vectors: pass `full_matrices=False`, unless the matrix is square.
- `qr`: the matrix must have full column rank (a wide matrix: its leading square). The mode
  `'complete'` is supported where it is the same as `'reduced'`; the mode `'raw'` is not supported.
- `pinv`, `lstsq` and `polyfit`: the derivatives hold at constant rank. If `rcond` leaves out
  singular values that are larger than rounding errors of zeros, an error is raised. The rank that
  `lstsq` and `matrix_rank` return is a guard.
- `norm` of the orders 2, -2 and "nuc": a singular value that is zero up to rounding is a kink, as
  that of `abs` at 0. Equal largest singular values share the derivative, as in `max`.
"""

FOREIGN = """
## Arrays of other classes

A subclass of `ndarray` may change what ndarray does: `__array_ufunc__`, operators, `sum` or
indexing. The methods of such a class are called first, in NumPy's order. If they do not take traced
values, `TracedValueError` says what to pass instead. Subclasses that only add attributes and
methods (`__array_finalize__`, `__array_priority__`), `np.memmap` and `np.recarray` are treated as
plain numbers. Objects that only have `__array__` are treated as the array that it returns.

- Masked arrays (`np.ma`) may be used in computations, see below. To differentiate by a masked array
  raises an error: pass `m.compressed()` or `m.filled(value)`.
- `np.matrix` raises an error: pass `np.asarray(M)`, and write products with `@`.
- Series and DataFrames of pandas compute by their labels, as in pandas. If the function returns
  one, its numbers are the result, as a plain array in the same order. To differentiate by one
  raises an error: pass `x.to_numpy()`, and restore the labels with `pd.Series(result, x.index)`.
- Arrays with units, or whose class has `__array_ufunc__`: the class computes the result if it takes
  traced values. Otherwise an error says to pass `x.value` or `np.asarray(x)`.
- An array that a class makes of traced values, by `np.asarray(x).view(cls)` or by
  `super().__new__(cls, shape, float, buffer)`, is an instance of the class: its methods, operators
  and attributes are the class's own code, and the classes of results are those of NumPy. Classes
  with `__init__` or `__slots__` are refused there.

### Masked arrays

A masked entry affects no value and no derivative, whatever number or NaN is under the mask. These
take masked arrays with traced entries:

- operators in both orders, comparisons and elementwise ufuncs;
- `np.ma.array`, `masked_array`, `masked_where` and related functions such as `masked_equal` and
  `masked_invalid`, the elementwise functions and the reductions of `np.ma`, and `np.ma.dot`,
  `power`, `concatenate` and `clip`;
- indexing, assignment (also of `np.ma.masked` and of `.mask`) and iteration;
- `reshape`, `ravel`, `T`, `sum`, `prod`, `mean`, `var`, `std`, `min`, `max`, `ptp`, `any`, `all`,
  `cumsum`, `cumprod`, `argmin`, `argmax`, `count`, `anom`, `filled` and `compressed`.

Masks are plain. Where np.ma masks entries by a test on traced values (a division by zero,
`np.ma.log` of numbers that are not positive, `masked_where(x > 1, x)`), the outcome is a guard. A
result with masked entries raises an error, and so do all other functions (`@`, `np.concatenate`,
`np.linalg`, `np.ma.median`): use `m.compressed()` or `m.filled(value)` first.

```pycon
>>> import numpy as np, ad_core
>>> m = np.ma.array([1.0, np.nan, 3.0], mask=[False, True, False])
>>> ad_core.grad(lambda x: ((m - x) ** 2).mean())(np.zeros(3))
array([-1.,  0., -3.])

```
"""


COMPLEX = """
## Complex numbers

Inputs, results and values in between may be complex
([conventions](conventions.md#complex-arguments-and-results)).
A complex value is a pair of traced real arrays. It has the arithmetic operators, `==` and `!=`,
indexing, assignment and views, and it may be passed to these functions:

- ufuncs:
  {ufuncs};
- functions, in addition to those of `np.fft` and to those that NumPy has written in Python, whose
  own code runs on complex values if it calls such functions:
  {functions}.

`abs` has the derivative 0 at 0, the middle of its subgradients. `sqrt`, `log` and powers have
NumPy's branch cuts. Whether the result of `real_if_close` is real is a guard. All other functions
raise an error that names the function: use `.real`, `.imag` or `np.abs` first.
"""


def complex_section():
    """The section on complex numbers, with the functions that take them."""
    names = [f"`{f.__name__}`" for f in operations.OPERATIONS]
    known = [n for n, f in public().items() if f in functions.TABLE and f.__module__ != "numpy.fft"]
    return COMPLEX.format(
        ufuncs=wrapped(sorted(set(names))),
        functions=wrapped(sorted({f"`{n.partition('.')[2]}`" for n in known})),
    )


def wrapped(names):
    return textwrap.fill(", ".join(names), 98).replace("\n", "\n  ")


def public():
    """Name -> function, for all public functions that may be called with a traced array."""
    found = {}
    for prefix, module in MODULES.items():
        for name in dir(module):
            f = getattr(module, name)
            if not name.startswith("_") and (isinstance(f, np.ufunc) or takes_arrays(f)):
                found[f"{prefix}.{name}"] = f
    return found


def takes_arrays(f):
    """Whether the function calls ``__array_function__`` of its arguments."""
    return callable(f) and (
        hasattr(f, "_implementation") or f in (np.where, np.dot, np.concatenate)
    )


def kind(f):
    """Whether a function is "supported", "plain" or "refused"."""
    if isinstance(f, np.ufunc):
        rows = {row["ufunc"]: row for row in _core.op_table()}
        if _core.has_row(f):
            row = rows.get(f.__name__)
            return "plain" if row is not None and row["is_test"] else "supported"
        if f in ufuncs.COMPOSED:
            return "plain" if f.__name__.startswith(("bitwise", "invert")) else "supported"
        return "refused"
    rule = table.get(f)
    if rule is None:
        runs = own_code(f) is not None and f not in NEEDS_PLAIN
        return ("plain" if f in PLAIN else "supported") if runs else "refused"
    plain = f in PLAIN or (rule.__module__ in PLAIN_FILES and f not in MOVING)
    return "plain" if plain else "supported"


def page():
    groups = {"supported": [f"np.{name}" for name in MAKERS], "plain": [], "refused": []}
    for name, f in public().items():
        groups[kind(f)].append(name)
    parts = [HEAD]
    for title, group in (
        ("Supported", "supported"),
        ("Supported, with a plain result or truth values, which have no derivative", "plain"),
        ("Not supported", "refused"),
    ):
        parts.append(f"\n## {title}\n\n| module | functions |\n|---|---|\n")
        for prefix in MODULES:
            own = sorted({n for n in groups[group] if n.rpartition(".")[0] == prefix})
            if own:
                names = ", ".join(f"`{n.rpartition('.')[2]}`" for n in own)
                parts.append(f"| `{prefix}` | {names} |\n")
    return "".join([*parts, CONDITIONS, FOREIGN, complex_section()])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
