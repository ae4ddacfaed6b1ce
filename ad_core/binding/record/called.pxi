# SPDX-License-Identifier: Apache-2.0
# A rule as tapes and programs hold it.  Threads may call it at once.

# The part of a Called that the tape refers to.
cdef struct called:
    # The Called that contains this.  NULL in a copy for a C function, which fails where this one
    # calls Python or notes an undetermined result.
    void *object
    ad_linear *linear       # the C function that needs no GIL, or NULL
    int elementwise
    ad_shared_pointer loop  # a ufunc_loop that computes the values of an elementwise rule, or NULL
    ad_shared_int loop_known
    ad_tape *tape           # the recording of its slopes; NULL: not known
    ad_node *read           # on this tape: the operands and results that they are computed from,
    ad_node *slope          # and the slopes
    bint undetermined       # whether results may be no functions of the arguments at some points
    size_t met              # number of calls at such points
    size_t outcome          # 1: a further result tells whether the call has the recorded outcome
    size_t blocks           # the number of items of a stack (Rule.stack); 0 for other rules
    size_t arrays[2]        # of a stack: the numbers of arrays and of results,
    size_t *item            # and the size of an item of each of them


cdef class Called:
    """A rule on tapes, and the function of matrices in C that computes the same, if there is one:
    (kind, matrices, rows, columns, flags, fixed matrices).

    With an outcome, its last result is 1 if the call has the recorded outcome.  This is that the
    rule returns (expected is None), or that it raises the exception with the expected type and
    text.  Otherwise the last result is 0, and the others are NaN."""

    cdef called c
    cdef readonly object rule
    cdef tuple slopes       # keeps the trace of the slopes and their arrays of nodes
    cdef ad_shared_int prepared
    cdef list looped        # the arrays that the loop reads
    cdef readonly object expected
    cdef dict raised_by             # thread -> the exception that its last call raised, if it did
    cdef size_t missed_so_far
    cdef bint recording             # an exception of the rule ends the recording

    def __cinit__(self, rule, tuple linear, bint outcome=False, expected=None):
        cdef cnp.ndarray matrices
        self.rule = rule
        self.expected = expected
        self.raised_by = {}
        self.c.object = <void *> self
        self.c.elementwise = rule.elementwise
        self.c.undetermined = rule.undetermined is not None
        self.c.outcome = outcome
        if not self.c.elementwise and rule.stack is not None and rule.outputs is not None:
            set_stack(&self.c, rule)
        if linear is not None:
            kind, batch, n, k, flags, fixed = linear
            self.c.linear = ad_linear_new(LINEAR_KINDS[kind], batch, n, k, flags)
            if (not has_lapack() and self.c.linear != NULL
                    and ad_linear_most_points(self.c.linear, True) == 1):
                ad_linear_free(self.c.linear)
                self.c.linear = NULL
            if fixed is not None and self.c.linear != NULL:
                matrices = contiguous(fixed, dtype_float)
                check(ad_linear_fix(self.c.linear, <double *> cnp.PyArray_DATA(matrices)))

    def __dealloc__(self):
        ad_free(self.c.item)
        ad_free(<void *> self.c.loop)
        ad_linear_free(self.c.linear)

    cdef int prepare(self) except -1:
        """Record the slopes of an elementwise function, at the first call of this method."""
        if self.prepared:
            return 0
        cdef tuple slopes = None
        cdef Trace trace
        found = untraced(self.rule.recorded)
        if found is not None:
            slopes = found[0], contiguous(found[1]), contiguous(found[2])
            trace = (<Trace> slopes[0]).root()
        with cython.critical_section(self):
            if not self.prepared and slopes is not None:    # else another thread was first
                self.slopes = slopes
                self.c.read = <ad_node *> cnp.PyArray_DATA(<cnp.ndarray> slopes[1])
                self.c.slope = <ad_node *> cnp.PyArray_DATA(<cnp.ndarray> slopes[2])
                self.c.tape = trace.tape
            self.prepared = 1
        return 0

    cdef int find_loop(self) except -1:
        cdef list looped = []
        cdef ufunc_loop *loop
        if self.c.loop_known:
            return 0
        loop = new_loop(self.rule, looped)
        with cython.critical_section(self):
            if not self.c.loop_known:       # else another thread was first
                self.looped = looped
                self.c.loop = <void *> loop
                self.c.loop_known = 1
                loop = NULL
        ad_free(loop)
        return 0

    @property
    def came(self):
        """The exception that this thread's last call raised, or None."""
        return self.raised_by.get(PyThread_get_thread_ident())

    @property
    def missed(self):
        """How often the outcome was another one than recorded."""
        with cython.critical_section(self):
            return self.missed_so_far

    cdef int evaluate(self, cnp.ndarray x, size_t m, double *y) except -1:
        """Write the rule's m results at x, and the result for the outcome if there is one."""
        cdef size_t k
        if self.recording or self.c.outcome == 0:
            take(self.rule.value(x), m, y)
            if self.c.outcome:
                y[m] = 1
            return 0
        came = None
        try:
            take(self.rule.value(x), m, y)
        except MemoryError:
            raise
        except Exception as error:
            came = error.with_traceback(None)
            for k in range(m):
                y[k] = NAN
        if came is not None:
            self.raised_by[PyThread_get_thread_ident()] = came
        elif self.raised_by:
            self.raised_by.pop(PyThread_get_thread_ident(), None)
        y[m] = type_and_text(came) == self.expected
        if y[m] == 0:
            with cython.critical_section(self):
                self.missed_so_far += 1
        return 0


cdef object type_and_text(object error):
    """The properties by which a function that catches exceptions can distinguish them."""
    return None if error is None else (type(error), str(error))
