# SPDX-License-Identifier: Apache-2.0
# np.errstate and warnings.catch_warnings for our own use.  Those are written in Python: an
# interrupt that comes within their first or last steps leaves our state on for good.

cdef object filters_mutated = getattr(warnings, "_filters_mutated", None)


def state_of(**modes):
    """NumPy's error state with these modes changed, without changing it."""
    return contextvars.copy_context().run(changed_state, modes)


def changed_state(modes):
    np.seterr(**modes)
    return state_variable.get()


cdef object all_ignored = None


@cython.final
cdef class float_errors:
    """The context in which floating-point errors are treated so: np.errstate(**modes)."""

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


cdef int silent = 0             # no_warnings() contexts that are open, in all threads
cdef object filters_before = None


@cython.final
cdef class no_warnings:
    """The context in which no warnings are told."""

    def __enter__(self):
        global silent, filters_before
        if silent == 0:
            ignored = [("ignore", None, Warning, None, 0)]
            filters_before, warnings.filters = warnings.filters, ignored
        silent += 1
        tell_filters()

    def __exit__(self, kind, error, traceback):
        global silent, filters_before
        silent -= 1
        if silent == 0:
            warnings.filters, filters_before = filters_before, None
        tell_filters()


cdef int tell_filters() except -1:
    """Have the warnings module notice that its filters have changed."""
    if filters_mutated is not None:
        filters_mutated()
        return 0
    with warnings._lock:                            # since Python 3.14
        warnings._filters_mutated_lock_held()
    return 0
