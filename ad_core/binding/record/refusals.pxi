# SPDX-License-Identifier: Apache-2.0
# Refusals are the exceptions that ad_core raises because it can not differentiate something.  The
# first one that is raised while a function is traced is remembered.  A function that catches it and
# returns then raises an error, instead of having a wrong derivative.

def remember(error):
    """Remember a new refusal on the innermost trace of this thread."""
    cdef Trace trace = innermost()
    if trace is not None:
        remember_on(trace, error)


cdef int remember_on(Trace trace, object error) except -1:
    if trace.refusal is None and trace.allowed == 0 and ad_allowances == 0:
        trace.refusal = error
    return 0


cdef int pass_refusal_outward(Trace trace) except -1:
    """Pass the refusal of an ended trace to the trace that it was opened in."""
    cdef Trace outer = innermost()
    error, trace.refusal = trace.refusal, None
    if outer is not None:
        remember_on(outer, error)
    return 0


cdef int refuse_swallowed(Trace trace) except -1:
    """Raise an error if a function has returned although a refusal was raised in it."""
    first = trace.refusal
    if first is None:
        return 0
    raise type(first).as_numpy_raises(
        f"{trace.name} returned after it had caught a refusal of ad_core, so its derivative may be "
        f"wrong. Let the exception propagate and do as it says, or put `with "
        f"ad_core.allow_refusals():` around the attempt if what the function does instead is "
        f"right. The refusal was: {first}") from first


cdef enum:
    MOST_AS_OBJECTS = 1000      # entries of Trace.as_objects


cdef object own_asarray(object x):
    """np.asarray for use inside ad_core, which note_as_object() does not record."""
    global ad_own_conversions
    ad_own_conversions += 1
    try:
        return unpatched_asarray(x)
    finally:
        ad_own_conversions -= 1


cdef int note_as_object(Trace owner, cnp.ndarray index) except -1:
    """Record which traced values are given to another library as objects.  Most libraries raise
    their own errors for objects, and the traced function may catch these like refusals."""
    cdef Trace trace = innermost()
    while trace is not None and trace.root() is not owner.root():
        trace = trace.outer
    if trace is None or trace.allowed != 0 or ad_allowances != 0:
        return 0
    if ad_own_conversions > 0 or sys._getframe(0).f_code.co_filename.startswith(LIBRARY_FOLDERS):
        return 0                    # functions of ad_core and NumPy support objects
    if trace.as_objects is None:
        trace.as_objects = []
        trace.as_objects_at = user_line()
    if len(trace.as_objects) < MOST_AS_OBJECTS:
        trace.as_objects.append((owner.root(), index.ravel().tolist()))
    return 0


cdef int refuse_unused(Trace trace, cnp.ndarray outputs) except -1:
    """Raise an error if the result of a function depends on none of the traced values that it gave
    to other libraries."""
    cdef Trace owner
    if trace.as_objects is None:
        return 0
    wanted = set()
    for owner, nodes in trace.as_objects:
        wanted.update([owner.moved(node) for node in nodes])
    if depends_on(trace.root().tape, outputs, wanted):
        return 0
    raise NoDerivativeError(
        f"{trace.name} gave traced values to a function of another library{trace.as_objects_at}, "
        f"and its result does not depend on them, as when an error of that function is caught. "
        f"Give the function a derivative by ad_core.external, or put "
        f"`with ad_core.allow_refusals():` around the call if the result is right")


cdef bint depends_on(const ad_tape *tape, cnp.ndarray nodes, set wanted) except -1:
    """Whether any of the nodes is in `wanted` or is computed from a node in it."""
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
    """AllowedRefusals()\n--\n\n
    The context of ad_core.allow_refusals.  Refusals are not remembered by the traces that run on
    this thread when it is entered, or, if none runs, by those that are opened in it.  It is written
    in C for the same reason as Trace.__enter__."""

    cdef list opened            # for each entry its thread and its traces, or None if none ran

    def __cinit__(self):
        self.opened = []

    def __enter__(self):
        cdef Trace trace = innermost()
        cdef list traces = None if trace is None else []
        while trace is not None:
            traces.append(trace)
            trace = trace.outer
        with cython.critical_section(self):
            self.opened.append((PyThread_get_thread_ident(), traces))   # nothing below can raise
        if traces is None:
            allow(1)
        else:
            change_allowed(traces, 1)
        return self

    def __exit__(self, kind, error, traceback):
        cdef list traces
        cdef Py_ssize_t last
        with cython.critical_section(self):
            last = len(self.opened) - 1
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
    """The running line of the user's code, for messages: ' (file.py, line 12, in f)'."""
    return callers.line_of(callers.users_frame(sys._getframe(0), innermost_function()))


cdef object innermost_function():
    """The function that is being traced on this thread; None if there is none."""
    cdef Trace trace = innermost()
    return None if trace is None else trace.fun


NotDifferentiable._remember = staticmethod(remember)
