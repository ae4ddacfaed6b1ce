# SPDX-License-Identifier: Apache-2.0
# Arrays outside their trace: after it has ended, or in functions that a rule or a solver calls with
# plain numbers.  An array that depends on an input raises an error when it is used.  Constants (a
# table in a cache, the arrays of a module that the traced function imported) can still be used as
# plain numbers.

cdef cnp.ndarray latest_index(TracedArray x):
    """The index array, up to date with writes through views; the trace may have ended."""
    if x.base is not None and x.base.owned and not x.owned:
        return relaid(x.index, x.base.index, x.base.first)
    return x.index


cdef bint ended_constants(TracedArray x) except -1:
    """Whether x depends on none of the inputs of its trace, which has ended or runs on this
    thread."""
    cdef ad_tape *tape = x.trace.root().tape
    if x.trace.live and not x.trace.usable():
        return False
    for node in latest_index(x).ravel().tolist():
        if not ad_is_constant(tape, x.trace.moved(node)):
            return False
    return True


cdef cnp.ndarray ended_values(TracedArray x):
    return values_on(x.trace.root().tape, contiguous(latest_index(x)), x.trace.moved(0))


cdef object plain_constants(object x):
    """Outside every trace: constants that outlived their trace as plain arrays, within tuples and
    lists as well.  Other traced values raise an error."""
    if type(x) is TracedArray:
        if not ended_constants(<TracedArray> x):
            (<TracedArray> x).trace.refuse()
        return ended_values(<TracedArray> x)
    if type(x) is TracedScalar:
        (<TracedScalar> x).trace.refuse()
    if type(x) is tuple or type(x) is list:
        return type(x)([plain_constants(part) for part in x])
    return x


cdef object outside(unsigned op, tuple operands):
    """An operation outside every trace, on constants that outlived their trace."""
    return getattr(np, ad_op_rows[op].ufunc.decode())(*plain_constants(operands))
