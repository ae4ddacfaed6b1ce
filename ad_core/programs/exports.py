# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Methods of a tape for other languages: functions that are called by a pointer, and C sources."""

from __future__ import annotations

from ad_core import _core
from ad_core.errors import DtypeError
from ad_core.errors.callers import line_text
from ad_core.programs.build import build
from ad_core.recording.argnums import Argnums
from ad_core.recording.undetermined import depends
from ad_core.sparse.pattern import SparsePattern

__all__ = ["Exports"]

SPARSE = ("jacobian", "value_and_jacobian", "hessian", "lagrangian_hessian")
METHODS = tuple(
    name for name in _core.METHOD_NAMES if not name.startswith(("sparse", "holomorphic"))
)


class Exports:
    """The base class of Tape with these methods."""

    def cfunction(
        self,
        what: str = "value",
        argnums: Argnums = 0,
        sparse: bool = False,
    ) -> _core.CFunction:
        """Return a method as a :class:`CFunction`, which C and other languages call by a pointer.

        what: "value", "jacobian", "grad", "hessian", "jvp", "vjp", "hvp", or another method's name;
        argnums, sparse: as in :meth:`jacobian`.  The inputs are all arguments one after the other,
        then tangents or cotangents.  A function with comparisons has the branches of the recording;
        a point with others gives NaN and a status.

        Raises ValueError for other names and for functions that call Python (a rule of custom_jvp,
        external), TypeError as the method does and for complex arguments and results, and
        MemoryError if there is no program.
        Cost: that of making the program anew.  A call costs what the program's operations cost.

        >>> import numpy as np, ad_core
        >>> f = ad_core.trace(lambda x: np.sum(x * x), np.ones(3)).cfunction("grad")
        >>> f
        CFunction(grad of <lambda>: 3 numbers -> 3 numbers)
        """
        call, structure = self._exported(what, argnums, sparse)
        values = 0 if structure is None else call.program.size()["outputs"] - structure.nnz
        derivative = what != "value" and depends(self._recording)
        name = f"{what} of {self._name}"
        return _core.CFunction(call, name, self._lines(call), structure, values, derivative)

    def to_c(
        self,
        name: str,
        *what: str,
        argnums: Argnums = 0,
        sparse: bool = False,
    ) -> str:
        """Return the text of a C file with methods of the tape as functions.

        name: of the functions, a C identifier; each has the method's name after it, as in
            ``arm_jacobian``.
        what: names of methods as in :meth:`cfunction`; by default "value".
        argnums, sparse: as in :meth:`jacobian`.

        A function has the form ``int arm_jacobian(const double *x, double *y, double *work)``, and
        the comment at the beginning of the file says what it takes and returns.  The file is C99
        (and C++), needs nothing but <math.h>, and allocates no memory.  Large programs have loops
        where operations on arrays were recorded.

        Raises ValueError for a name that is no identifier and for functions that call rules or
        linear algebra, which C does not have, and the errors of :meth:`cfunction`.

        >>> import ad_core
        >>> text = ad_core.trace(lambda x: x * x + 1.0, 2.0).to_c("square", "value", "grad")
        >>> [line for line in text.splitlines() if line.startswith("int")]
        ['int square_value(const double *x, double *y, double *work) {',
         'int square_grad(const double *x, double *y, double *work) {']
        """
        import ad_core
        from ad_core.programs import c_source  # late: few programs need it

        if not isinstance(name, str):
            raise TypeError(f"name must be a str, got {type(name).__name__}")
        parts = []
        for method in dict.fromkeys(what or ("value",)):
            call, structure = self._exported(method, argnums, sparse)
            described = f"{method} of {self._name}"
            if structure is not None:
                described += ", the entries of a sparse matrix by rows"
            parts.append((method, described, call, self._lines(call)))
        try:
            return c_source.source(name, parts, ad_core.__version__)
        except _core.CallsRule as error:
            raise ValueError(
                f"{self._name} {error}, which C code can not call; use cfunction(), or "
                f"differentiate the parts around it"
            ) from None

    def _exported(self, what, argnums, sparse):
        """(Call, SparsePattern or None) of a method, with a program of its own."""
        if what not in METHODS:
            raise ValueError(f"what must be one of {METHODS}, got {what!r}")
        if sparse and what not in SPARSE:
            raise ValueError(f"sparse=True is for {', '.join(SPARSE)}, got {what!r}")
        if self.is_complex:
            raise DtypeError(
                f"functions for C have real arguments and results, but {self._name} has complex "
                f"ones; record a function of the real and the imaginary parts, such as "
                f"lambda re, im: f(re + 1j * im).real"
            )
        source = self._lowered
        method = f"sparse_{what}" if sparse else what
        try:
            if source.graph is None:
                raise _core.ProgramTooLarge
            call, _ = build(source, method, argnums, None)
        except _core.ProgramTooLarge:
            raise MemoryError(
                f"{self._name} is too large for a program of its {what}, which a C function "
                f"needs; call the tape from Python, or export a product (jvp, vjp, hvp)"
            ) from None
        if not sparse:
            return call, None
        pack = call.pack
        return call, pack if type(pack) is SparsePattern else pack.structure

    def _lines(self, call):
        """The line of each guard of a program, as "file:line: code"; "" if it is not known."""
        trace = self._recording.trace
        return [_line(_core.guard_line(trace, k)) for k in call.program.guard_numbers()]


def _line(place):
    if place is None:
        return ""
    file, number, text = place
    text = line_text(file, number) if text is None else text
    return f"{file}:{number}{': ' + text if text else ''}"
