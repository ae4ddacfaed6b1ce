# SPDX-License-Identifier: Apache-2.0
# Functions by which tests provoke a full tape, a failing allocation, or an interrupt at any point.

def set_node_limit(size_t n):
    """For tests: limit the tapes of all traces that are opened from now on to n nodes.  0 removes
    the limit."""
    global node_limit
    node_limit = n


def set_large_tape(size_t n):
    """For tests: warn of recordings of more than n nodes.  Returns the number before."""
    global large_tape
    before = large_tape
    large_tape = n
    return before


def fail_allocation(long n):
    """For tests: make the n-th allocation of the C core from now on fail.  0 cancels this."""
    global pooled
    ad_lock()
    while pooled > 0:           # a tape from the pool would not need to allocate
        pooled -= 1
        drop_tape(pool[pooled])
    ad_unlock()
    if ad_try_take(&spare_in_use):
        ad_free(spare.memory)
        spare.memory = NULL
        spare.room = 0
        ad_release(&spare_in_use)
    ad_alloc_fail_at(n)


cdef int count_instruction(PyObject *obj, PyFrameObject *frame, int what,
                           PyObject *arg) except -1:
    if what == PyTrace_CALL:
        (<object> <PyObject *> frame).f_trace_opcodes = True
    poll_counted()
    return 0


def interrupt_at(long n):
    """For tests: deliver SIGINT at the n-th point from now on.  A point is an instruction of a
    Python function called after this, or a check for signals in the binding.  Everything that
    follows happens as with a real signal.  0 cancels this.  Returns the number of points left."""
    cdef long left = set_points_left(0)
    if n > 0:
        sys._getframe().f_trace_opcodes = True      # CPython 3.12 and 3.13 else count lines only
        PyEval_SetTrace(count_instruction, NULL)
        set_points_left(n)
    else:
        PyEval_SetTrace(NULL, NULL)
    return left


def looked_up(fun, *args):
    """For tests: the names of NumPy that are replaced while this function is traced with these
    arguments, sorted.  None means all of them."""
    cdef Names names
    cdef int k
    names_of(fun, args, {}, &names)
    if names.all:
        return None
    return sorted([<object> replaced[k].name for k in range(<int> n_replaced)
                   if has_name(&names, k)])


def ufuncs_are_exchanged():
    """Whether NumPy's ufuncs have our entry point now."""
    return ad_ufuncs_are_exchanged() != 0
