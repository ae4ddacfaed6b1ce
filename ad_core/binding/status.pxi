# SPDX-License-Identifier: Apache-2.0
# Exceptions for the statuses that functions of the C core return, and checks for signals.

cdef int check(ad_status status) except -1:
    if status == AD_OK:
        return 0
    return fail(status)


cdef int fail(ad_status status) except -1:
    if status == AD_NO_MEMORY:
        raise MemoryError("there is no memory to record this function or to compute its "
                          "derivatives; use a smaller problem, or fewer seeds at once (chunk_size)")
    if status == AD_TAPE_FULL:
        raise TapeFullError("this function records more nodes than a tape can number (2**32); "
                            "differentiate it in parts")
    if status == AD_CALL_FAILED:
        raise taken_error(status)
    if status == AD_INTERRUPTED:
        PyErr_CheckSignals()
        raise KeyboardInterrupt()
    raise RuntimeError(f"internal error: the core rejected a call (status {<int> status})")


cdef int check_raised() except -1:
    """Raise an exception that a function of CPython has set without reporting a failure."""
    return -1 if PyErr_Occurred() != NULL else 0


cdef object taken_error(ad_status status):
    """The exception that a rule raised, or None if the status is another one.  It must be taken
    before other Python code can run, because a rule that is called there may fail as well."""
    if status != AD_CALL_FAILED:
        return None
    error, raised.error = raised.error, None
    return error


cdef void poll_counted() noexcept:
    global ad_points_left
    if ad_points_left > 0:
        ad_points_left -= 1
        if ad_points_left == 0:
            PyErr_SetInterrupt()


cdef long set_points_left(long n) noexcept:
    global ad_points_left
    cdef long left = ad_points_left
    ad_points_left = n
    return left


cdef inline int check_signals() except -1:
    """Run the handlers of signals that have arrived, and raise their exceptions."""
    if ad_points_left > 0:
        poll_counted()
    return PyErr_CheckSignals()


# Sweeps run without the GIL and call this at intervals to learn whether a signal (Ctrl-C) arrived.
cdef int signal_pending(void *context) noexcept nogil:
    with gil:
        try:
            check_signals()
        except BaseException as error:
            Py_INCREF(error)
            (<PyObject **> context)[0] = <PyObject *> error
            return 1
    return 0
