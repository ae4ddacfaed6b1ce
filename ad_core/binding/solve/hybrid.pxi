# SPDX-License-Identifier: Apache-2.0
# Powell's hybrid method on Equations.

cdef enum:
    LONG_STEPS = 32             # unknowns from which the GIL is released for the method's own work


def hybrid_root(Equations equations not None, cnp.ndarray x0, double xtol, double factor,
                size_t maxfev, cnp.ndarray diag):
    """(x, f(x), R, Q^T, Q^T f, values, Jacobians, end): a root from x0, see src/solve/hybrid.h.

    diag: n positive scales, or None.  R and Q^T are the factors of the last model, R by the rows
    of its upper triangle; they have no meaning if there was no Jacobian."""
    cdef ad_hybrid h
    cdef ad_hybrid_task task
    cdef cnp.npy_intp n = equations.n
    cdef const double *scales = NULL
    if diag is not None:
        scales = <const double *> cnp.PyArray_DATA(diag)
    check(ad_hybrid_begin(&h, n, <const double *> cnp.PyArray_DATA(x0), scales, xtol, factor,
                          maxfev))
    try:
        while True:
            if n < LONG_STEPS:
                task = ad_hybrid_next(&h)
            else:
                with nogil:
                    task = ad_hybrid_next(&h)
            if task == AD_HYBRID_NOTHING:
                break
            check_signals()
            if task == AD_HYBRID_VALUE:
                equations.value_at(h.point, h.value)
            else:
                equations.jacobian_at(h.x, h.r)
        return (vector(h.x, n), vector(h.f, n), upper_rows(h.r, n),
                vector(h.turned, n * n).reshape(n, n), vector(h.turned_f, n), h.values,
                h.jacobians, <int> h.end)
    finally:
        ad_hybrid_release(&h)


cdef cnp.ndarray upper_rows(const double *r, cnp.npy_intp n):
    """The upper triangle of a matrix, row after row."""
    cdef cnp.npy_intp size = n * (n + 1) // 2, i
    cdef cnp.ndarray packed = cnp.PyArray_EMPTY(1, &size, cnp.NPY_DOUBLE, 0)
    cdef double *to = <double *> cnp.PyArray_DATA(packed)
    for i in range(n):
        memcpy(to, r + i * n + i, (n - i) * sizeof(double))
        to += n - i
    return packed
