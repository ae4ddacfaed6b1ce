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


cdef object all_ignored = None


@cython.final
cdef class float_errors:
    """A context in which floating-point errors are handled by these modes, as np.errstate does."""

    cdef object state, token, own

    def __cinit__(self, **modes):
        global all_ignored
        if state_variable is None:
            self.own = np.errstate(**modes)
            return
        if modes != {"all": "ignore"} or current_state() is not None:
            self.state = state_of(**modes)
            return
        if all_ignored is None:
            all_ignored = state_of(all="ignore")
        self.state = all_ignored

    def __enter__(self):
        if self.own is not None:
            return self.own.__enter__()
        self.token = state_variable.set(self.state)

    def __exit__(self, kind, error, traceback):
        if self.own is not None:
            return self.own.__exit__(kind, error, traceback)
        state_variable.reset(self.token)


cdef int silent = 0             # open no_warnings() contexts of all threads
cdef object filters_before = None


@cython.final
cdef class no_warnings:
    """A context in which no warnings are shown."""

    def __enter__(self):
        global silent, filters_before
        if silent == 0:
            ignored = [("ignore", None, Warning, None, 0)]
            filters_before, warnings.filters = warnings.filters, ignored
        silent += 1
        announce_filters()

    def __exit__(self, kind, error, traceback):
        global silent, filters_before
        silent -= 1
        if silent == 0:
            warnings.filters, filters_before = filters_before, None
        announce_filters()


cdef int announce_filters() except -1:
    """Tell the warnings module that its filters have changed."""
    if filters_mutated is not None:
        filters_mutated()
        return 0
    with warnings._lock:                            # since Python 3.14
        warnings._filters_mutated_lock_held()
    return 0
