# SPDX-License-Identifier: Apache-2.0
# Refusals: the first one that is raised while a function is traced is remembered, so that a
# function which catches it and returns is refused instead of differentiated wrongly.

cdef object allowing = threading.local()    # .count: contexts opened outside of all traces


def remember(error):
    """Remember a refusal that was just made, on the innermost trace of this thread."""
    cdef Trace trace = innermost()
    if trace is not None:
        remember_on(trace, error)


cdef int remember_on(Trace trace, object error) except -1:
    if trace.refusal is None and trace.allowed == 0 and getattr(allowing, "count", 0) == 0:
        trace.refusal = error
    return 0


cdef int carry_outward(Trace trace) except -1:
    """What an ended trace remembers concerns the function that it was opened in."""
    cdef Trace outer = innermost()
    error, trace.refusal = trace.refusal, None
    if outer is not None:
        remember_on(outer, error)
    return 0


cdef int refuse_swallowed(Trace trace) except -1:
    """Refuse a function that has returned although a refusal was raised in it."""
    first = trace.refusal
    if first is None:
        return 0
    raise type(first).as_numpy_raises(
        f"{trace.name} returned after a refusal had been caught in it, so its derivative may be "
        f"wrong. Let the exception pass and do as it says, or put `with "
        f"ad_core.allow_refusals():` around the attempt if what is done instead is right. The "
        f"refusal was: {first}") from first


def allow_refusals_from_here():
    """Remember no refusals in the traces that run on this thread now, or, if none does, in those
    that are opened: what end_allowance() needs."""
    cdef Trace trace = innermost()
    if trace is None:
        allowing.count = getattr(allowing, "count", 0) + 1
        return None
    traces = []
    while trace is not None:
        trace.allowed += 1
        traces.append(trace)
        trace = trace.outer
    return traces


def end_allowance(traces):
    """The end of what allow_refusals_from_here() began."""
    cdef Trace trace
    if traces is None:
        allowing.count = allowing.count - 1
        return
    for trace in traces:
        trace.allowed -= 1


def user_line():
    """Where in the user's code this happens: ' (file.py, line 12, in f)'."""
    return callers.line_of(callers.users_frame(sys._getframe(0), innermost_function()))


cdef object innermost_function():
    """The function that is being traced, None if there is none."""
    cdef Trace trace = innermost()
    return None if trace is None else trace.fun


NotDifferentiable._remember = staticmethod(remember)
