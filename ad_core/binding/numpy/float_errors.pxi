# SPDX-License-Identifier: Apache-2.0
# Floating-point errors: np.errstate, np.seterr and warnings act within a trace as they do in NumPy.
#
# Values come from NumPy's inner loops, which leave it to their caller to warn or raise.  So where
# one of NumPy's operations or functions has met an error, NumPy itself is asked to do the same on
# plain numbers: it warns, raises, calls or prints as the user told it to, in its own words.  What
# may raise is a way that the function goes, and is kept as a guard.

cdef bint watching = False              # the error state is not NumPy's first, or has been touched
cdef bint warnings_raise = False        # a filter that makes errors of warnings was set in a trace
cdef object error_state = None          # NumPy's error state when it was last looked at,
cdef bint vigilant_state = False        # and whether every operation has to be asked in it

cdef object ufunc_config = importlib.import_module("numpy._core._ufunc_config")
# NumPy's error state of a context; were there none, every operation would look at np.geterr()
cdef object state_variable = getattr(ufunc_config, "_extobj_contextvar", None)


cdef bint is_users_change() noexcept:
    """Whether the traced function is what runs now: our own functions change the error state and
    the filters for a while only, and what was recorded does not depend on it."""
    return ad_current != NULL and not ad_hushed


cdef class WatchedState:
    """Stands for NumPy's error state while a trace runs, to notice when it is changed."""

    def set(self, value):
        global watching
        watching = watching or is_users_change()
        return state_variable.set(value)

    def __getattr__(self, name):
        return getattr(state_variable, name)


def filters_changed(*args):
    """Stands for what the warnings module calls when its filters change while a trace runs."""
    global watching, warnings_raise
    if not is_users_change():
        return filters_were_changed(*args)
    watching = True
    warnings_raise = any([action == "error" and issubclass(RuntimeWarning, category)
                          for action, _, category, *_ in warnings.filters])
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
    """NumPy's error state of this context; None while it has not been changed."""
    cdef PyObject *found
    if state_variable is None:
        return NotImplemented
    PyContextVar_Get(state_variable, None, &found)
    state = <object> found
    Py_DECREF(state)
    return state


cdef int begin_watching(bint first) except -1:
    """A trace begins, the first one that runs."""
    global watching, warnings_raise
    if first:
        watching = warnings_raise = False
    if current_state() is not None:
        watching = True
    return 0


cdef bint vigilant() except -1:
    """Whether operations have to be asked that met no error as well: one may raise at another
    point, or underflow is told."""
    global error_state, vigilant_state
    if not watching:
        return False
    state = current_state()
    if state is not error_state or state_variable is None:
        modes = np.geterr()
        vigilant_state = modes["under"] != "ignore" or any(
            [mode in ("raise", "call", "log") for mode in modes.values()])
        error_state = state
    return vigilant_state or warnings_raise


cdef inline bint is_wild(double x) noexcept:
    return x - x != 0


cdef bint explained(const ad_tape *tape, double value, object x):
    """Whether a result that is NaN or infinite is so because an operand is."""
    cdef double y
    if type(x) is TracedScalar:
        y = tape.value[(<TracedScalar> x).node]
    elif PyFloat_Check(x):
        y = PyFloat_AS_DOUBLE(x)
    else:
        return False
    return y != y if value != value else is_wild(y)


cdef int met_error(TracedScalar result, unsigned op, object function, object left,
                   object right=None) except -1:
    """A scalar operation has given NaN or an infinity, or the error state is watched."""
    cdef const ad_tape *tape = result.trace.tape
    cdef double value = tape.value[result.node]
    if ad_op_rows[op].is_test:
        return 0
    if ad_hushed:
        if is_wild(value):
            set_float_noted(1)
        return 0
    if not vigilant() and (not is_wild(value) or explained(tape, value, left) or (
            right is not None and explained(tape, value, right))):
        return 0
    arguments = (left,) if right is None else (left, right)
    return ask_numpy(asked_of(op, function), arguments, {}, result)


cdef int settle_errors(object function, tuple args, dict kwargs, object result) except -1:
    """What belongs behind an operation or function of NumPy's that was carried out on traced
    values, in which errors may have been noted."""
    if ad_hushed or ad_current == NULL:
        return 0
    if ad_float_noted or vigilant():
        return ask_numpy(function, args, kwargs, result)
    return 0


cdef object plain_item(object x):
    """A value that may be traced as NumPy would have it."""
    if type(x) is TracedScalar or type(x) is TracedArray:
        values = values_of(x)
        return values[()] if type(x) is TracedScalar else values
    if type(x) in (list, tuple):
        return type(x)([plain_item(item) for item in x])
    if type(x) is hooks.complex_type:
        values = unpatched_zeros(x.shape, complex)
        values.real = plain_item(x.re)
        values.imag = plain_item(x.im)
        return values if x.ndim else values[()]
    return x


cdef int ask_numpy(object function, tuple args, dict kwargs, object result) except -1:
    """Have NumPy do the same on plain numbers, for its warnings and errors."""
    cdef bint watched = vigilant()
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
    except Exception:       # not about the numbers: what was computed stands
        if np.geterrcall() is not None:
            raise
    finally:
        set_current(running)
    if watched or raising is not None:
        hush(1)
        try:
            hooks.keep_error(function, args, kwargs, None if raising is not None else result,
                             warnings_raise or isinstance(raising, Warning))
        finally:
            hush(-1)
    if raising is not None:
        raise raising
    return 0


def as_numpy(function, traced_function, tuple args, dict kwargs):
    """traced_function(*args, **kwargs), which does what `function` of NumPy or SciPy does: errors
    of the operations that it is made of do not count, but those that `function` tells."""
    if ad_current == NULL:
        return traced_function(*args, **kwargs)
    hush(1)
    try:
        result = traced_function(*args, **kwargs)
    finally:
        hush(-1)
    if ad_float_noted or watching:
        settle_errors(function, args, kwargs, result)
    return result
