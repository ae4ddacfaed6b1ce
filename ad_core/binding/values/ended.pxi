# SPDX-License-Identifier: Apache-2.0
# Arrays that outlive their trace.  One that depends on an input is refused; constants (a
# table in a cache, the arrays of a module imported by the traced function) are numbers still.

cdef cnp.ndarray latest_index(TracedArray x):
    """The index array as it is, without a question about the trace."""
    if x.whole is not None and x.whole.owned and not x.owned:
        return relaid(x.index, x.whole.index, x.whole.first)
    return x.index


cdef bint ended_constants(TracedArray x) except -1:
    """Whether x outlived its trace and depends on none of its inputs."""
    cdef ad_tape *tape = x.trace.root().tape
    if x.trace.live:
        return False
    for node in latest_index(x).ravel().tolist():
        if not ad_is_constant(tape, x.trace.moved(node)):
            return False
    return True


cdef cnp.ndarray ended_values(TracedArray x):
    return values_on(x.trace.root().tape, contiguous(latest_index(x)), x.trace.moved(0))


cdef object plain_again(object x):
    """Outside every trace: constants that outlived theirs as plain arrays, also within tuples
    and lists; other traced values are refused."""
    if type(x) is TracedArray:
        if not ended_constants(<TracedArray> x):
            (<TracedArray> x).trace.refuse()
        return ended_values(<TracedArray> x)
    if type(x) is TracedScalar:
        (<TracedScalar> x).trace.refuse()
    if type(x) is tuple or type(x) is list:
        return type(x)([plain_again(part) for part in x])
    return x


cdef object outside(unsigned op, tuple operands):
    """An operation outside every trace: on constants that outlived theirs, or an error."""
    return getattr(np, ad_op_rows[op].ufunc.decode())(*plain_again(operands))
