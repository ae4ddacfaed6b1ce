# SPDX-License-Identifier: Apache-2.0
# Floating-point errors: np.errstate, np.seterr and warnings act within a trace as they do in NumPy.
#
# Values are computed by NumPy's inner loops, whose caller has to warn or raise.  So where an
# operation or a function of NumPy had a floating-point error, NumPy itself repeats it on plain
# numbers: it warns, raises, calls or prints as the user's error state says, in its own words.  An
# exception that may be raised decides which branch the function takes, so it is recorded as a
# guard.

cdef object ufunc_config = importlib.import_module("numpy._core._ufunc_config")
# NumPy's error state of a context; if NumPy has no such variable, np.geterr() is called each time
cdef object state_variable = getattr(ufunc_config, "_extobj_contextvar", None)


cdef bint is_users_change() noexcept:
    """Whether the traced function itself runs now.  ad_core's own functions change the error state
    and the filters only for a while, and the recording does not depend on that."""
    return ad_current != NULL and not ad_errors_suppressed


cdef class WatchedState:
    """Replaces NumPy's error state while a trace runs, to notice changes of it."""

    def set(self, value):
        global ad_watching
        ad_watching = ad_watching or is_users_change()
        return state_variable.set(value)

    def __getattr__(self, name):
        return getattr(state_variable, name)


def filters_changed(*args):
    """Replaces the function that the warnings module calls when its filters change."""
    global ad_watching, ad_warnings_raise
    if not is_users_change():
        return filters_were_changed(*args)
    ad_watching = True
    ad_warnings_raise = any([action == "error" and issubclass(RuntimeWarning, category)
                             for action, _, category, *_ in current_filters()])
    return filters_were_changed(*args)


cdef object filters_were_changed = None
if state_variable is not None:
    enter_replacement(ufunc_config.__dict__, "_extobj_contextvar", WatchedState())
for name in ("_filters_mutated_lock_held", "_filters_mutated"):     # since Python 3.14, and before
    if hasattr(warnings, name):
        filters_were_changed = getattr(warnings, name)
        enter_replacement(warnings.__dict__, name, filters_changed)
        break


cdef object current_state():
    """NumPy's error state of this context, None while it is the default."""
    cdef PyObject *found
    if state_variable is None:
        return NotImplemented
    PyContextVar_Get(state_variable, None, &found)
    state = <object> found
    Py_DECREF(state)
    return state


cdef int begin_watching(bint first) except -1:
    """Reset the flags when the outermost trace of this thread begins."""
    global ad_watching, ad_warnings_raise
    if first:
        ad_watching = ad_warnings_raise = False
    if current_state() is not None:
        ad_watching = True
    return 0


cdef bint checks_every_operation() except -1:
    """Whether operations without an error must be repeated as well, because one may raise at
    another point, or because underflow is reported."""
    cdef Trace trace
    if not ad_watching:
        return False
    trace = innermost()
    state = current_state()
    if state is not trace.error_state or state_variable is None:
        modes = np.geterr()
        trace.checks_all = modes["under"] != "ignore" or any(
            [mode in ("raise", "call", "log") for mode in modes.values()])
        trace.error_state = state
    return trace.checks_all or ad_warnings_raise


cdef inline bint is_nonfinite(double x) noexcept:
    return x - x != 0


cdef bint comes_from_operand(const ad_tape *tape, double value, object x):
    """Whether a nonfinite result follows from a nonfinite operand x, which is no error."""
    cdef double y
    if type(x) is TracedScalar:
        y = tape.value[(<TracedScalar> x).node]
    elif PyFloat_Check(x):
        y = PyFloat_AS_DOUBLE(x)
    else:
        return False
    return y != y if value != value else is_nonfinite(y)


cdef int met_error(TracedScalar result, unsigned op, object function, object left,
                   object right=None) except -1:
    """Report the error of a scalar operation.  Called if its result is NaN or infinite, or if the
    error state is watched."""
    cdef const ad_tape *tape = result.trace.tape
    cdef double value = tape.value[result.node]
    if ad_op_rows[op].is_test:
        return 0
    if ad_errors_suppressed:
        if is_nonfinite(value):
            set_float_noted(1)
        return 0
    if not checks_every_operation():
        if not is_nonfinite(value) or comes_from_operand(tape, value, left):
            return 0
        if right is not None and comes_from_operand(tape, value, right):
            return 0
    arguments = (left,) if right is None else (left, right)
    return repeat_in_numpy(numpy_function_of(op, function), arguments, {}, result)


cdef int report_float_errors(object function, tuple args, dict kwargs, object result) except -1:
    """Report the errors of an operation or a function of NumPy on traced values.  Called after
    each one in which an error may have been noted."""
    if ad_errors_suppressed or ad_current == NULL:
        return 0
    if ad_float_noted or checks_every_operation():
        return repeat_in_numpy(function, args, kwargs, result)
    return 0


cdef object plain_item(object x):
    """The plain value of an argument that may be traced."""
    if type(x) is TracedScalar or type(x) is TracedArray:
        values = values_of(x)
        return values[()] if type(x) is TracedScalar else values
    if type(x) in (list, tuple):
        return type(x)([plain_item(item) for item in x])
    if type(x) is np_ndarray and (<cnp.ndarray> x).descr.kind == c"O":
        values = unpatched_empty_like(x)
        values.flat = [plain_item(item) for item in x.flat]
        return values
    if type(x) is hooks.complex_type:
        values = unpatched_zeros(x.shape, complex)
        values.real = plain_item(x.re)
        values.imag = plain_item(x.im)
        return values if x.ndim else values[()]
    return x


cdef int repeat_in_numpy(object function, tuple args, dict kwargs, object result) except -1:
    """Let NumPy repeat a call on plain numbers, for its warnings and errors."""
    cdef bint watched = checks_every_operation()
    set_float_noted(0)
    plain = plain_item(args)
    options = {key: None if key == "out" else plain_item(x) for key, x in kwargs.items()}
    running = ad_current
    raising = None
    set_current(NULL)
    try:
        function(*plain, **options)
    except (FloatingPointError, Warning) as error:
        raising = error
    except Exception:       # not a floating-point error: the result is kept
        if np.geterrcall() is not None:
            raise
    finally:
        set_current(running)
    if watched or raising is not None:
        suppress_errors(1)
        try:
            hooks.keep_error(function, args, kwargs, None if raising is not None else result,
                             ad_warnings_raise or isinstance(raising, Warning))
        finally:
            suppress_errors(-1)
    if raising is not None:
        raise raising
    return 0


def as_numpy(function, traced_function, tuple args, dict kwargs):
    """traced_function(*args, **kwargs), which does the same as `function` of NumPy or SciPy.  Only
    the floating-point errors that `function` reports count, not those of single operations."""
    if ad_current == NULL:
        return traced_function(*args, **kwargs)
    suppress_errors(1)
    try:
        result = traced_function(*args, **kwargs)
    finally:
        suppress_errors(-1)
    if ad_float_noted or ad_watching:
        report_float_errors(function, args, kwargs, result)
    return result
