# SPDX-License-Identifier: Apache-2.0
# Guards: the outcomes of comparisons of traced values that control flow depends on, recorded on the
# tape.

cdef bint decide(object x, object array=None) except -1:
    """The truth value of a traced number in Python's control flow, recorded as a guard."""
    cdef TracedScalar s
    if array is not None:
        node = int(x)
        if ad_is_constant((<TracedArray> array).trace.tape, node):
            return (<TracedArray> array).trace.tape.value[<ad_node> node] != 0
        s = <TracedScalar> new_scalar((<TracedArray> array).trace, node)
        s.truth = (<TracedArray> array).truth
        s.count = (<TracedArray> array).count
    else:
        s = <TracedScalar> x
        move_to_root(s)
    if not s.truth:
        s = <TracedScalar> compare(Py_NE, s, 0.0)
    cdef bint outcome = s.trace.tape.value[s.node] != 0
    refuse_single_value(s, outcome)
    s.trace.note_guards()
    check(ad_tape_guard(s.trace.tape, s.node, 1))
    return outcome


cdef double ROUNDING = 1e-15        # a smaller number bounds a distance from a single value


cdef int refuse_single_value(TracedScalar s, bint outcome) except -1:
    """Raise an error if code of SciPy or np.linalg takes a branch for a single value of a number
    that depends on an input, such as the exponent 0 or the order 2 of a norm.  The branch has the
    limit of the function, but not of its derivative."""
    cdef ad_tape *tape = s.trace.tape
    cdef const ad_run *run = ad_tape_run_of(tape, s.node)
    if run == NULL or run.form in (AD_FORM_SPAN, AD_FORM_BLOCK):
        return 0
    cdef bint equal = run.op == (op_equal if outcome else op_not_equal)
    cdef bint within = run.op in (op_less, op_less_equal) if outcome else (
        run.op in (op_greater, op_greater_equal))
    if not equal and not (within and 0.0 < tape.value[run.b] <= ROUNDING):
        return 0
    if not (called_from("scipy.") or called_from("numpy.linalg") or
            called_from("numpy_traced.linalg")):
        return 0
    check(ad_local_extend(&tape.local, tape))
    if ad_is_local(&tape.local, run.a) and ad_is_local(&tape.local, run.b):
        return 0                    # a step function, which keeps this value nearby
    raise NoDerivativeError(
        f"a function of SciPy or NumPy has a branch for the single value {tape.value[run.a]:g}"
        f"{user_line()}, whose derivative is not that of the function; differentiate beside this "
        f"value, or pass the number as a plain one if it is not to be differentiated by")


cdef object decided(TracedArray x):
    """The truth values of an array as a plain boolean array, recorded as one guard.  It is a guard
    of the nodes if they are consecutive, else of the test that the elements are not zero."""
    cdef cnp.ndarray index = x.indices()
    cdef Py_ssize_t k, n = cnp.PyArray_SIZE(index)
    if n == 0 or not is_run(index):
        return elementwise(op_not_equal, (x, 0.0), True)
    cdef ad_node first = (<ad_node *> cnp.PyArray_DATA(index))[0]
    if not only_constants(x):
        x.trace.note_guards()
        check(ad_tape_guard(x.trace.tape, first, <size_t> n))
    cdef cnp.ndarray truth = unpatched_empty(shape_of(index), dtype=dtype_bool)
    cdef const double *value = x.trace.tape.value + first
    cdef uint8_t *to = <uint8_t *> cnp.PyArray_DATA(truth)
    for k in range(n):
        to[k] = value[k] != 0
    return truth


def truth_of(x):
    """Traced truth values as plain ones, recorded as guards."""
    if type(x) is TracedArray:
        return decided(x)
    return decide(x) if type(x) is TracedScalar else x


def outcome_of(test, operands, bint holds=False):
    """The outcome of a test (np.less, ...) on traced and plain arrays: plain truth values, recorded
    as one guard without nodes.  holds: the test is known to be true everywhere; returns None."""
    return elementwise(ufunc_ops[test], tuple(operands), True, holds)


cdef object test_arrays(Trace trace, unsigned op, int ndim, const int64_t *shape,
                        const ad_operand *operands, bint holds):
    """Record the outcome of a test on prepared operands as a guard.  Returns the same as
    elementwise()."""
    cdef cnp.ndarray truth = None
    cdef uint8_t *to = NULL
    if not holds:
        truth = unpatched_empty(tuple([shape[d] for d in range(ndim)]), dtype=dtype_bool)
        to = <uint8_t *> cnp.PyArray_DATA(truth)
    trace.note_guards()
    check(ad_tape_check(trace.tape, op, ndim, shape, operands,
                        AD_CHECK_HOLDS if holds else 0, to))
    return truth


def guard_outcomes(Trace trace not None):
    """The outcomes of a recording's guards: (number of truth values, the full 64-bit words of
    them, the last word, the other values that guards compare with)."""
    cdef const ad_tape *t = trace.root().tape
    cdef size_t words = (t.outcomes + 63) // 64
    compared = tuple(trace.root().compared or ())
    if words == 0:
        return 0, b"", 0, compared
    cdef uint64_t last = t.outcome[words - 1]
    if t.outcomes % 64:
        last &= ((<uint64_t> 1) << (t.outcomes % 64)) - 1
    bits = (<const char *> t.outcome)[:(words - 1) * sizeof(uint64_t)]
    return t.outcomes, bits, last, compared


def path_of(Trace trace not None):
    """What identifies the path that was recorded: the fingerprint of its operations and of the
    outcomes of its guards, and the other values that guards compare with."""
    return ad_tape_fingerprint(trace.root().tape), tuple(trace.root().compared or ())
