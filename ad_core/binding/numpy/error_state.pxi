# SPDX-License-Identifier: Apache-2.0
# Replacements of np.errstate and warnings.catch_warnings for use inside ad_core.  NumPy's and
# Python's are written in Python: an interrupt during their first or last steps would leave the
# changed state in place for good.

cdef object filters_mutated = getattr(warnings, "_filters_mutated", None)


def state_of(**modes):
    """NumPy's error state with these modes changed.  The current state stays as it is."""
    return contextvars.copy_context().run(changed_state, modes)


def changed_state(modes):
    np.seterr(**modes)
    return state_variable.get()


cdef object all_ignored = None if state_variable is None else state_of(all="ignore")


@cython.final
cdef class float_errors:
    """A context in which floating-point errors are handled by these modes, as np.errstate does."""

    cdef object state, token, own

    def __cinit__(self, **modes):
        if state_variable is None:
            self.own = np.errstate(**modes)
            return
        if modes != {"all": "ignore"} or current_state() is not None:
            self.state = state_of(**modes)
            return
        self.state = all_ignored

    def __enter__(self):
        if self.own is not None:
            return self.own.__enter__()
        self.token = state_variable.set(self.state)

    def __exit__(self, kind, error, traceback):
        if self.own is not None:
            return self.own.__exit__(kind, error, traceback)
        state_variable.reset(self.token)


cdef int silent = 0             # open no_warnings() contexts of all threads, under the lock
cdef object filters_before = None
cdef list ignored_all = [("ignore", None, Warning, None, 0)]
# The variable of a context's filters, if each context has its own (since Python 3.14, by default
# without a GIL)
cdef object filters_variable = (
    warnings._warnings_context if getattr(sys.flags, "context_aware_warnings", False) else None)
cdef object new_filters = None if filters_variable is None else (
    importlib.import_module("_py_warnings")._Context)


@cython.final
cdef class no_warnings:
    """A context in which no warnings are shown."""

    cdef object token

    def __enter__(self):
        if filters_variable is None:
            silence()
        else:
            self.token = filters_variable.set(new_filters(ignored_all))
        announce_filters()

    def __exit__(self, kind, error, traceback):
        if filters_variable is None:
            end_silence()
        else:
            filters_variable.reset(self.token)
        announce_filters()


cdef int silence() except -1:
    global silent, filters_before
    ad_lock()
    try:
        if silent == 0:
            filters_before, warnings.filters = warnings.filters, ignored_all
        silent += 1
    finally:
        ad_unlock()
    return 0


cdef int end_silence() except -1:
    global silent, filters_before
    ad_lock()
    try:
        silent -= 1
        if silent == 0:
            warnings.filters, filters_before = filters_before, None
    finally:
        ad_unlock()
    return 0


cdef object current_filters():
    """The filters of warnings of this context."""
    return warnings.filters if filters_variable is None else warnings._get_filters()


cdef int announce_filters() except -1:
    """Tell the warnings module that its filters have changed."""
    if filters_mutated is not None:
        filters_mutated()
        return 0
    with warnings._lock:                            # since Python 3.14
        warnings._filters_mutated_lock_held()
    return 0
