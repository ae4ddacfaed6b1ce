# SPDX-License-Identifier: Apache-2.0
# Sweeps for higher derivatives: Taylor coefficients and products with Hessians.

def taylor_coefficients(Trace trace not None, cnp.ndarray inputs, cnp.ndarray outputs,
                        cnp.ndarray series, bint accept_nonfinite):
    """The Taylor coefficients 1 to d > 0 of the outputs, shape (K, d), for those of the inputs,
    shape (D, d).

    Returns None if a nonfinite number occurs, because only recorded derivatives treat its product
    with an exact zero correctly.  accept_nonfinite: return the coefficients even so."""
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
        return result if accept_nonfinite else None
    swept(status, signal)
    return result


def has_calls(Trace trace not None):
    """Whether a recording contains calls of rules."""
    return trace.root().tape.rules > 0


def hessian_product(Trace trace not None, cnp.ndarray inputs, cnp.ndarray outputs,
                    cnp.ndarray weights, cnp.ndarray direction):
    """The Hessian of weights @ outputs times a direction, shape (D,), for weights of shape (K,) and
    a direction of shape (D,).  Returns None if a nonfinite number occurs, as taylor_coefficients
    does, or if a rule is called whose second derivatives are not known to the core."""
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
    cdef ad_workspace work = take_workspace(ad_hessian_need(f.tape))
    with nogil:
        status = ad_hessian_product(&f, weight, seed, to, work, &poll)
    release_workspace(work)
    if status == AD_NOT_FINITE or status == AD_BAD_OP:
        return None
    swept(status, signal)
    return result
