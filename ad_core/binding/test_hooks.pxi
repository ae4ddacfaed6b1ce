# SPDX-License-Identifier: Apache-2.0
# What tests make happen: a full tape, an allocation that fails, an interrupt at any point.

def set_node_limit(size_t n):
    """Test hook: tapes of traces opened from now on hold at most n nodes; 0 resets."""
    global node_limit
    node_limit = n


def fail_allocation(long n):
    """Test hook: the n-th allocation of the C core from now on fails; 0 resets."""
    global pooled
    while pooled > 0:           # a warm tape would not need to allocate
        pooled -= 1
        ad_tape_free(pool[pooled])
        PyMem_Free(pool[pooled])
    if not spare_lent:
        ad_free(spare.memory)
        spare.memory = NULL
        spare.room = 0
    ad_alloc_fail_at(n)


cdef int count_instruction(PyObject *obj, PyFrameObject *frame, int what,
                           PyObject *arg) except -1:
    if what == PyTrace_CALL:
        (<object> <PyObject *> frame).f_trace_opcodes = True
    poll_counted()
    return 0


def interrupt_at(long n):
    """Test hook: SIGINT comes at the n-th point from now on.  A point is an instruction of a
    Python function called after this, or a check for signals of ours; what follows is as with a
    real signal.  0 resets.  Returns how many points were left."""
    cdef long left = set_points_left(0)
    if n > 0:
        sys._getframe().f_trace_opcodes = True      # or CPython 3.12 and 3.13 count lines alone
        PyEval_SetTrace(count_instruction, NULL)
        set_points_left(n)
    else:
        PyEval_SetTrace(NULL, NULL)
    return left


def looked_up(fun, *args):
    """Test hook: the names of NumPy's that are replaced for a function of these arguments, sorted;
    None for all of them."""
    cdef Names names
    cdef int k
    names_of(fun, args, {}, &names)
    if names.all:
        return None
    return sorted([<object> replaced[k].name for k in range(n_replaced) if has_name(&names, k)])
