# SPDX-License-Identifier: Apache-2.0
"""Write docs/numpy-coverage.md: what ad_core does with every public NumPy function.

    python docs/make_numpy.py

from an environment with ad_core built. The tests check that the page is what this would write.
"""

import textwrap
from pathlib import Path

import numpy as np

import ad_core  # noqa: F401  (enters the functions in the table)
from ad_core import _core
from ad_core.overrides.numpy import logic, sorting, ufuncs
from ad_core.overrides.numpy.complex import functions, operations
from ad_core.overrides.numpy.dispatch import table

PAGE = Path(__file__).resolve().parent / "numpy-coverage.md"
VERSION = ".".join(np.__version__.split(".")[:2])
MODULES = {"np": np, "np.linalg": np.linalg, "np.fft": np.fft}

# Made while a trace runs: no dispatch by argument, but arrays that take traced values.
MAKERS = ["array", "asarray", "copy", "empty", "eye", "full", "identity", "ones", "zeros"]
# Of the files of questions, these move elements; of other files, these have plain results.
ASKING = {logic.__name__, sorting.__name__}
MOVING = {np.sort, np.partition}
PLAIN = {
    np.all, np.any, np.iscomplex, np.isreal, np.isclose, np.isposinf, np.isneginf, np.digitize,
    np.isin, np.einsum_path, np.linalg.matrix_rank,
}  # fmt: skip

HEAD = f"""# NumPy functions on traced values

Written by `docs/make_numpy.py` from the table of functions, for NumPy {VERSION}.

A traced array also has ndarray's operators, indexing, assignment, attributes and methods. A list of
traced numbers becomes an object array in NumPy's own hands, which works element by element.
`np.r_`, `np.c_`, `np.require` and `A.dot(x)` of a plain array `A` take traced values too.

Where values decide what a result consists of (an order, a bin, the interval of `interp`, the
members of a set), the decision is a guard ([Guards and paths](design.md#guards-and-paths)): a
recording says when it holds no longer, and a compiled function records the other path.

Truth values (outcomes of comparisons) and integers made of them have NumPy's types and may go to
any function, those below that are refused too. What takes sums or products of them is recorded;
other functions are NumPy's own, on plain values that are kept as guards.

What is refused raises `NotImplementedError` that names the function and the line, unless all its
arguments are constants (arrays made during the trace in which nothing depends on an input): then
NumPy's own function runs on their values.
"""

CONDITIONS = """
## Linear algebra

All take stacks of matrices, and have derivatives of every order, by rules of their own.

- `cholesky`, `eigh`, `eigvalsh` and `hermitian=True`: NumPy reads one triangle; the derivative with
  respect to the other is zero.
- `det`: first and second derivatives hold at singular matrices too. `slogdet`: the sign has no
  derivative; that of the logarithm is NaN at singular matrices.
- `eigh`, `eig` and `svd`: values that differ by no more than their rounding count as equal, and a
  quotient by their difference is 0. At equal values that is right for first derivatives of
  symmetric functions of the values (sums, norms), of projectors on all vectors of the equal values,
  and of the polar factor `u @ vt`. It is wrong there for `(v * f(w)) @ v.T` and for second
  derivatives, which rules for vectors can not give; a single one of the vectors has no derivative.
- `eig`, `eigvals`, `roots`: where all values are real and no two alike; complex ones are refused.
  From NumPy 2.5 on, `eig` and `eigvals` return complex numbers that have no imaginary part, here
  too: their `.real` has the derivatives.
- `svd` with vectors: `full_matrices=False` unless the matrix is square. `qr`: full column rank (a
  wide matrix: of its leading square); `'complete'` only where it is `'reduced'`, no `'raw'`.
- `pinv`, `lstsq`, `polyfit`: at constant rank; refused where `rcond` leaves out singular values
  that are more than rounding errors of zeros. The rank of `lstsq` and `matrix_rank` is a guard.
- `norm` of orders 2, -2 and "nuc": a singular value that is zero but for rounding is a kink as of
  `abs` at 0; equal largest ones share as in `max`.
"""

FOREIGN = """
## Arrays whose class has a meaning of its own

A subclass of `ndarray` that does something of ndarray's in a way of its own (`__array_ufunc__`,
operators, `sum`, indexing) is more than its numbers. It is asked first, in NumPy's order; where it
does not take traced values, `TracedValueError` says what to pass. A subclass that adds attributes
and methods (`__array_finalize__`, `__array_priority__`), `np.memmap` and `np.recarray` are plain
numbers, and objects with `__array__` alone are the arrays that it gives.

- Masked arrays (`np.ma`) calculate: the mask selects; see below. As an argument to differentiate by
  they are refused: `m.compressed()`, `m.filled(value)`.
- `np.matrix` is refused: `np.asarray(M)`, and `@` for products.
- Series and DataFrames of pandas calculate as pandas does, by their labels; as a result of the
  function they are plain arrays in their order. To differentiate by one is refused:
  `x.to_numpy()`, and `pd.Series(result, x.index)` has the labels back.
- Arrays with units or an `__array_ufunc__` of their own: what their class makes of it, else it is
  refused with `x.value` or `np.asarray(x)`.

Masked arrays: a masked entry has no part in a value or a derivative, whatever number or NaN it
hides. With traced entries there are operators in both orders, comparisons, elementwise ufuncs,
`np.ma.array`, `masked_array`, `masked_where` and its kin, the elementwise functions and the
reductions of `np.ma`, `np.ma.dot`, `power`, `concatenate`, `clip`; indexing, assignment (also of
`np.ma.masked` and `.mask`), iteration, `reshape`, `ravel`, `T`, `sum`, `prod`, `mean`, `var`,
`std`, `min`, `max`, `ptp`, `any`, `all`, `cumsum`, `cumprod`, `argmin`, `argmax`, `count`, `anom`,
`filled` and `compressed`. Masks are plain: where np.ma masks by a test on traced values (a division
by zero, `np.ma.log` of what is not positive, `masked_where(x > 1, x)`), the outcome is a guard. A
result with masked entries is refused, and so is all else (`@`, `np.concatenate`, `np.linalg`,
`np.ma.median`): take `m.compressed()` or `m.filled(value)` first.

```pycon
>>> import numpy as np, ad_core
>>> m = np.ma.array([1.0, np.nan, 3.0], mask=[False, True, False])
>>> ad_core.grad(lambda x: ((m - x) ** 2).mean())(np.zeros(3))
array([-1.,  0., -3.])

```
"""


COMPLEX = """
## Complex numbers

Inputs and results are real; complex numbers may stand between them (`np.fft`, `x.astype(complex)`).
They are pairs of traced real arrays, with operators (all but order), indexing, assignment, views
and these functions:

- ufuncs:
  {ufuncs};
- functions, beside those of `np.fft`:
  {functions}.

`abs` has derivative 0 at 0, the middle of its subgradients; `sqrt`, `log` and powers have NumPy's
branch cuts. `real_if_close` keeps a guard. What is not listed is refused by name: take `.real`,
`.imag` or `np.abs` first.
"""


def complex_section():
    """What complex traced values can be given to."""
    names = [f"`{f.__name__}`" for f in operations.OPERATIONS]
    known = [n for n, f in public().items() if f in functions.TABLE and f.__module__ != "numpy.fft"]
    return COMPLEX.format(
        ufuncs=wrapped(sorted(set(names))),
        functions=wrapped(sorted({f"`{n.partition('.')[2]}`" for n in known})),
    )


def wrapped(names):
    return textwrap.fill(", ".join(names), 98).replace("\n", "\n  ")


def public():
    """Name -> function for everything public that a traced array could be handed to."""
    found = {}
    for prefix, module in MODULES.items():
        for name in dir(module):
            f = getattr(module, name)
            if not name.startswith("_") and (isinstance(f, np.ufunc) or takes_arrays(f)):
                found[f"{prefix}.{name}"] = f
    return found


def takes_arrays(f):
    """Whether NumPy lets arrays of other types take the function over."""
    return callable(f) and (
        hasattr(f, "_implementation") or f in (np.where, np.dot, np.concatenate)
    )


def kind(f):
    """supported, plain or refused."""
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
        return "refused"
    asks = rule.__module__ in ASKING and f not in MOVING
    return "plain" if asks or f in PLAIN else "supported"


def page():
    groups = {"supported": [f"np.{name}" for name in MAKERS], "plain": [], "refused": []}
    for name, f in public().items():
        groups[kind(f)].append(name)
    parts = [HEAD]
    for title, group in (
        ("Supported", "supported"),
        (
            "Transparent: no derivative needed, the result is a plain answer or a truth value",
            "plain",
        ),
        ("Refused", "refused"),
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
