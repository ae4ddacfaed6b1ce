# SPDX-License-Identifier: Apache-2.0
# Refusals: the first one that is raised while a function is traced is remembered, so that a
# function which catches it and returns is refused instead of differentiated wrongly.

def remember(error):
    """Remember a refusal that was just made, on the innermost trace of this thread."""
    cdef Trace trace = innermost()
    if trace is not None:
        remember_on(trace, error)


cdef int remember_on(Trace trace, object error) except -1:
    if trace.refusal is None and trace.allowed == 0 and ad_allowances == 0:
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


cdef enum:
    MOST_HANDED = 1000          # times that are kept


cdef int own_conversions = 0    # running of ours, which know objects


cdef object own_asarray(object x):
    """An array of a list for ourselves, which is not handed out."""
    global own_conversions
    own_conversions += 1
    try:
        return unpatched_asarray(x)
    finally:
        own_conversions -= 1


cdef int hand_out(Trace owner, cnp.ndarray index) except -1:
    """Keep which traced values another library is given as objects.  Most of them fail on objects
    with errors of their own, which the function may catch as it may a refusal of ours."""
    cdef Trace trace = innermost()
    while trace is not None and trace.root() is not owner.root():
        trace = trace.outer
    if trace is None or trace.allowed != 0 or ad_allowances != 0:
        return 0
    if own_conversions > 0 or sys._getframe(0).f_code.co_filename.startswith(FOREIGN):
        return 0                    # ours and NumPy's functions make something of objects
    if trace.handed is None:
        trace.handed = []
        trace.handed_at = user_line()
    if len(trace.handed) < MOST_HANDED:
        trace.handed.append((owner.root(), index.ravel().tolist()))
    return 0


cdef int refuse_unused(Trace trace, cnp.ndarray outputs) except -1:
    """Refuse a function of whose result nothing depends on what it handed to another library."""
    cdef Trace owner
    if trace.handed is None:
        return 0
    wanted = set()
    for owner, nodes in trace.handed:
        wanted.update([owner.moved(node) for node in nodes])
    if depends_on(trace.root().tape, outputs, wanted):
        return 0
    raise NoDerivativeError(
        f"{trace.name} gave traced values to a function of another library{trace.handed_at}, and "
        f"its result does not depend on them, as when an error of that function is caught. Give "
        f"the function a derivative by ad_core.external, or put `with ad_core.allow_refusals():` "
        f"around the call if the result is right")


cdef bint depends_on(const ad_tape *tape, cnp.ndarray nodes, set wanted) except -1:
    """Whether any of the nodes is a wanted one or is computed from one."""
    cdef set seen = set()
    cdef list left = nodes.ravel().tolist()
    while left:
        node = left.pop()
        if node in wanted:
            return True
        if node in seen or ad_is_constant(tape, node):
            continue
        seen.add(node)
        left += nodes_read(tape, node)
    return False


cdef list nodes_read(const ad_tape *tape, ad_node node):
    """The nodes that a node is computed from."""
    cdef size_t k, count = ad_node_edges(tape, node, 0, NULL)
    cdef ad_edge *edges = <ad_edge *> ad_alloc(count, sizeof(ad_edge))
    if edges == NULL:
        raise MemoryError()
    ad_node_edges(tape, node, count, edges)
    found = [edges[k].operand for k in range(count)]
    ad_free(edges)
    return found


cdef class AllowedRefusals:
    """What ad_core.allow_refusals does: no refusals are remembered in the traces that run on this
    thread now, or, if none does, in those that are opened.  In C, as a trace's own `with`."""

    cdef list opened            # for each context its thread and the traces it holds for, or None

    def __cinit__(self):
        self.opened = []

    def __enter__(self):
        cdef Trace trace = innermost()
        cdef list traces = None if trace is None else []
        while trace is not None:
            traces.append(trace)
            trace = trace.outer
        self.opened.append((PyThread_get_thread_ident(), traces))      # all that may raise
        if traces is None:
            allow(1)
        else:
            change_allowed(traces, 1)
        return self

    def __exit__(self, kind, error, traceback):
        cdef list traces
        cdef Py_ssize_t last = len(self.opened) - 1
        while self.opened[last][0] != PyThread_get_thread_ident():
            last -= 1
        traces = self.opened.pop(last)[1]
        if traces is None:
            allow(-1)
        else:
            change_allowed(traces, -1)


cdef void change_allowed(list traces, int change) noexcept:
    cdef Trace trace
    for trace in traces:
        trace.allowed += change


def user_line():
    """Where in the user's code this happens: ' (file.py, line 12, in f)'."""
    return callers.line_of(callers.users_frame(sys._getframe(0), innermost_function()))


cdef object innermost_function():
    """The function that is being traced, None if there is none."""
    cdef Trace trace = innermost()
    return None if trace is None else trace.fun


NotDifferentiable._remember = staticmethod(remember)
