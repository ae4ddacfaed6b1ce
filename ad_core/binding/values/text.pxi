# SPDX-License-Identifier: Apache-2.0
# The text of traced values.  It is the text of the numbers, and guards keep it the same, since a
# function may read it, compare it or print it.

cdef enum:
    # Arguments of the instruction BINARY_OP for % and %=, since Python 3.11.
    NB_REMAINDER = 6
    NB_INPLACE_REMAINDER = 19

cdef double ROUNDED = 1e-7      # a text with fewer digits is rounded on purpose
cdef object LARGEST_FLOAT = sys.float_info.max
cdef int BINARY_OP = opcode.opmap["BINARY_OP"]


cdef bint is_current(Trace trace):
    """Whether the values of a trace may be read here: it runs, on this thread."""
    return trace.live and trace.thread == PyThread_get_thread_ident()


cdef object ended_text(object x):
    """The text of a value whose trace has ended.  Printing a traced value never raises an error."""
    if type(x) is TracedArray and ended_constants(<TracedArray> x):
        return str(ended_values(<TracedArray> x))
    trace = (<TracedScalar> x).trace if type(x) is TracedScalar else (<TracedArray> x).trace
    return f"of {trace.name!r}, ended"


class TracedText(str):
    """The text of a traced number with all its digits, of which float() would give the number
    itself, or with so many that they are meant to be the number."""

    number = None       # the traced number, if the text has all its digits

    def __float__(self):
        raise TracedValueError(
            f"float() of the text {str.__str__(self)!r} of a traced value would lose its "
            f"derivative{user_line()}; use the value itself, or a text that is rounded on purpose "
            f"such as f'{{x:.3f}}', whose derivative is zero")


cdef object value_text(object x, str spec=""):
    """The text of a traced number or array, as str() and format() return it for NumPy's."""
    trace = (<TracedScalar> x).trace if type(x) is TracedScalar else (<TracedArray> x).trace
    if not is_current(trace):
        return ended_text(x)
    values = values_of(x)
    if values.ndim != 0:
        text = format(values, spec)
        keep_values(x)
        return text
    return number_text(x, values[()], spec)


cdef object number_text(object x, object value, str spec):
    text = format(value, spec)
    if x.dtype == dtype_bool or not np.isfinite(value):
        keep_values(x)
        return text
    low, high = same_text(float(value), text, spec)
    needed_trace((x,)).root().note_compared(text)
    truth_of(x >= low)
    truth_of(x <= high)
    if low == 0 or high == 0:       # 0.0 and -0.0 are equal, but their texts may differ
        truth_of(np.signbit(x))
    if high - low > ROUNDED * abs(value):
        return text
    made = TracedText(text)
    if low == high and is_number_text(text, value):
        made.number = x
    return made


cdef bint is_number_text(str text, double value):
    """Whether float() of a text is this number."""
    try:
        return float(text) == value
    except ValueError:          # such as a percentage
        return False


def keep_values(x):
    """Record guards that a traced number or array has the values that it has now."""
    values = values_of(x)
    if x.dtype == dtype_bool:
        truth_of(x)
        return
    needed_trace((x,)).root().note_compared(values.tobytes())
    outcome_of(np.equal, (x, values))
    if np.isnan(values).any():      # which equals nothing
        outcome_of(np.isnan, (x,))
    if not values.all():
        outcome_of(np.signbit, (x,))


cdef int64_t place_of(double value):
    """The position of a float among all floats in ascending order, -0.0 just below 0.0."""
    cdef int64_t bits
    memcpy(&bits, &value, sizeof(double))
    return bits if bits >= 0 else -(bits & INT64_MAX) - 1


cdef double float_at(int64_t place):
    cdef int64_t bits = place if place >= 0 else (-(place + 1)) | INT64_MIN
    cdef double value
    memcpy(&value, &bits, sizeof(double))
    return value


cdef tuple same_text(double value, str text, str spec):
    """The smallest and the largest finite float with the same text.  Rounding to a text is
    monotonic, so that all floats with the same text are neighbours."""
    return last_with_same_text(value, text, spec, -1), last_with_same_text(value, text, spec, 1)


cdef double neighbour(double value, int side, uint64_t steps):
    """The float that is `steps` floats above (side 1) or below (side -1) another one."""
    cdef uint64_t start = <uint64_t> place_of(value)
    return float_at(<int64_t> (start + steps if side > 0 else start - steps))


cdef double last_with_same_text(double value, str text, str spec, int side):
    """The last float on one side with the same text, found by steps that double and then halve."""
    cdef uint64_t start = <uint64_t> place_of(value)
    cdef uint64_t end = <uint64_t> place_of(side * <double> LARGEST_FLOAT)
    cdef uint64_t reach = end - start if side > 0 else start - end
    cdef uint64_t alike = 0, step = 1, tried
    cdef bint growing = True
    while alike < reach:
        tried = alike + step if step < reach - alike else reach
        if format(neighbour(value, side, tried), spec) == text:
            alike = tried
        else:
            reach = tried - 1
            growing = False
        step = 2 * step if growing else (reach - alike + 1) // 2
    return neighbour(value, side, alike)


cdef bint is_formatting() except -1:
    """Whether the user's code now runs the operator % of a string, which calls float() or int() of
    a number and can not be recognised in any other way."""
    frame = sys._getframe()
    code, at = frame.f_code.co_code, frame.f_lasti
    return at >= 0 and code[at] == BINARY_OP and code[at + 1] in (
        NB_REMAINDER, NB_INPLACE_REMAINDER)


cdef object number_for_text(str what, object x):
    """The float or int that "%f" % x and "%d" % x put into a text, recorded as a guard; None if no
    text is being formatted."""
    if what not in ("float()", "int()") or x.size != 1 or not is_formatting():
        return None
    value = values_of(x).reshape(())[()]
    if what == "float()" or x.dtype == dtype_bool or not np.isfinite(value):
        keep_values(x)
        return float(value) if what == "float()" else int(value)
    needed_trace((x,)).root().note_compared(int(value))
    outcome_of(np.equal, (np.trunc(x), np.trunc(value)))
    return int(value)
