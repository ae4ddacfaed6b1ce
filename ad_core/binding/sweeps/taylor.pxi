# SPDX-License-Identifier: Apache-2.0
# Sweeps beyond first derivatives: Taylor coefficients, products with Hessians.

def taylor_coefficients(Trace trace not None, cnp.ndarray inputs, cnp.ndarray outputs,
                        cnp.ndarray series, bint anyhow):
    """Coefficients 1 to d of the outputs, (K, d), for those of the inputs, (D, d), d > 0; None
    where an infinity or NaN came up, of which only recorded derivatives can tell what it makes
    of a zero, unless they are wanted anyhow."""
    cdef ad_function f = function_of(trace, inputs, outputs)
    cdef cnp.ndarray dense = contiguous(series, dtype=np.float64)
    cdef size_t order = <size_t> cnp.PyArray_DIM(dense, 1)
    cdef cnp.ndarray result = unpatched_empty((f.K, order))
    cdef double *from_ = <double *> cnp.PyArray_DATA(dense)
    cdef double *to = <double *> cnp.PyArray_DATA(result)
    cdef PyObject *signal = NULL
    cdef ad_poll poll
    cdef ad_status status
    poll.stop = signal_pending
    poll.context = &signal
    with nogil:
        status = ad_taylor(&f, order, from_, to, &poll)
    if status == AD_NOT_FINITE:
        return result if anyhow else None
    swept(status, signal)
    return result


def has_calls(Trace trace not None):
    """Whether something in a recording is known by its rule alone."""
    return trace.root().tape.rules > 0


def hessian_product(Trace trace not None, cnp.ndarray inputs, cnp.ndarray outputs,
                    cnp.ndarray weights, cnp.ndarray direction):
    """The Hessian of weights @ outputs (weights: K) times a direction (D), (D,); None as of
    taylor_coefficients."""
    cdef ad_function f = function_of(trace, inputs, outputs)
    cdef cnp.ndarray w = contiguous(weights, dtype=np.float64)
    cdef cnp.ndarray t = contiguous(direction, dtype=np.float64)
    cdef cnp.ndarray result = unpatched_empty(f.D)
    cdef double *weight = <double *> cnp.PyArray_DATA(w)
    cdef double *seed = <double *> cnp.PyArray_DATA(t)
    cdef double *to = <double *> cnp.PyArray_DATA(result)
    cdef PyObject *signal = NULL
    cdef ad_poll poll
    cdef ad_status status
    poll.stop = signal_pending
    poll.context = &signal
    cdef ad_workspace work = borrow(ad_hessian_need(f.tape))
    with nogil:
        status = ad_hessian_product(&f, weight, seed, to, work, &poll)
    give_back(work)
    if status == AD_NOT_FINITE:
        return None
    swept(status, signal)
    return result
