# SPDX-License-Identifier: Apache-2.0
# Evaluates a program at many points: describes arguments and results to the core, starts threads,
# and handles interrupts.

cdef enum:
    ONE_THREAD = 1 << 17        # batches of at most these operations run on one thread
    POLL_OPERATIONS = 1 << 22   # between two checks for signals: a few milliseconds

cdef struct poll_state:
    PyObject *signal            # an exception that ended the batch
    PyObject *progress          # an object with update(n), or NULL
    size_t each                 # operations of one point
    size_t last                 # points that were done at the last check
    size_t points


cdef int poll_batch(void *context, size_t done) noexcept nogil:
    cdef poll_state *p = <poll_state *> context
    if (done - p.last) * p.each < POLL_OPERATIONS and done < p.points:
        return 0
    with gil:
        try:
            check_signals()
            if p.progress != NULL and done > p.last:
                (<object> p.progress).update(done - p.last)
        except BaseException as error:
            Py_INCREF(error)
            p.signal = <PyObject *> error
        p.last = done
    return p.signal != NULL


@cython.final
cdef class Arena:
    """The memory in which one thread runs a program."""

    cdef double *memory
    cdef size_t room
    cdef bint lanes
    cdef bint strict            # whether it has the constants of the strict program

    def __dealloc__(self):
        ad_free_lines(self.memory)


@cython.final
cdef class Job:
    """One batch: its description for the core, which exists while threads work on it."""

    cdef ad_batch batch
    cdef ad_batch_input *inputs
    cdef ad_batch_output *outputs
    cdef ad_rows *rows          # of each gathered argument
    cdef intptr_t *core         # offsets in arguments that are not contiguous
    cdef Program program
    cdef list arrays            # the arguments: float64 arrays, or Gathered
    cdef object labels          # of the arguments, for messages
    cdef list results
    cdef cnp.ndarray missed     # marks points at which a guard has another outcome; None: no guards

    def __dealloc__(self):
        ad_free(self.inputs)
        ad_free(self.outputs)
        ad_free(self.rows)
        ad_free(self.core)

    cdef int run(self, object workers, object progress) except -1:
        """Evaluate all points on this thread and, if the batch is large enough, on others."""
        if workers is not None:
            hooks.workers(workers)      # raises unless it is a number of threads
        if progress is not None and not callable(getattr(progress, "update", None)):
            raise TypeError(f"progress must have a method update(n), as tqdm's bars do, got "
                            f"{type(progress).__name__}")
        self.run_once(workers, progress)
        if self.batch.nonfinite:
            self.program.need_strict()
            self.program.spare.clear()
            self.batch.strict = &self.program.strict
            self.run_once(workers, None)
        return 0

    cdef int run_once(self, object workers, object progress) except -1:
        cdef poll_state p
        cdef ad_batch_poll poll
        cdef ad_status status
        cdef Arena arena
        cdef size_t each = self.program.operations + self.program.fast.outputs + 1
        self.batch.next = 0
        self.batch.stop = self.batch.nonfinite = 0
        if self.batch.points == 0:
            return 0
        p.signal = NULL
        p.progress = <PyObject *> progress if progress is not None else NULL
        p.each = each
        p.last = 0
        p.points = self.batch.points
        poll.stop = poll_batch
        poll.context = &p
        others = []
        if self.batch.points * each > ONE_THREAD:
            n = min(hooks.workers(workers), ad_batch_pieces(&self.batch))
            try:
                for _ in range(n - 1):
                    other = hooks.submit(self.work)
                    if other is None:
                        break
                    others.append(other)
            except BaseException:
                self.batch.stop = 1
                wait_for(others)
                raise
        try:
            arena = self.take_arena()
            with nogil:
                status = ad_batch_work(&self.batch, arena.memory, &poll)
            failed = taken_error(status)
            self.program.spare.append(arena)
        except BaseException:
            self.batch.stop = 1
            raise
        finally:
            wait_for(others)
        if p.signal != NULL:
            error = <object> p.signal
            Py_DECREF(error)
            raise error
        self.check(status, failed)
        if progress is not None and p.last < p.points:      # those of other threads
            progress.update(p.points - p.last)
        return 0

    def work(self):
        """Evaluate points on another thread."""
        cdef Arena arena = self.take_arena()
        cdef ad_status status
        with nogil:
            status = ad_batch_work(&self.batch, arena.memory, NULL)
        failed = taken_error(status)
        self.program.spare.append(arena)
        if status == AD_CALL_FAILED or status == AD_BAD_INDEX:      # of this thread
            self.check(status, failed)

    cdef int check(self, ad_status status, object failed) except -1:
        if failed is not None:
            raise failed
        if status == AD_BAD_INDEX:
            for label, x in zip(self.labels, self.arrays, strict=True):
                wrong = (<Gathered> x).first_wrong() if type(x) is Gathered else None
                if wrong is not None:
                    raise IndexError(f"{label} is gathered from {len(x.values)} rows, but index"
                                     f"{list(wrong[0])} is {wrong[1]}, which is out of range")
            raise IndexError("an index of gather() was changed while it was in use; do not change "
                             "it before the call has returned")
        return check(status)

    cdef Arena take_arena(self):
        cdef size_t room = ad_batch_room(&self.batch)
        cdef Arena arena
        try:
            arena = self.program.spare.pop()
            if arena.room == room and arena.lanes == self.batch.lanes and (
                    arena.strict == (self.batch.strict != NULL)):
                return arena
        except IndexError:
            pass
        arena = Arena.__new__(Arena)
        arena.memory = <double *> ad_alloc_lines(room, sizeof(double))
        if arena.memory == NULL:
            raise MemoryError("no memory for a program's slots")
        arena.room = room
        arena.lanes = self.batch.lanes
        arena.strict = self.batch.strict != NULL
        ad_batch_begin(&self.batch, arena.memory)
        return arena


cdef int wait_for(list others) except -1:
    """Wait until the other threads are done, and cancel those that have not begun."""
    for other in others:
        if not other.cancel():
            other.result()
    return 0


cdef int describe_axes(ad_batch_input *to, cnp.ndarray x, int lead, int ndim) except -1:
    """Describe the position in memory of an array's numbers.  Its first `lead` axes are broadcast
    to the last batch axes."""
    cdef int d
    cdef cnp.npy_intp *dims = cnp.PyArray_DIMS(x)
    cdef cnp.npy_intp *strides = cnp.PyArray_STRIDES(x)
    to.data = <const char *> cnp.PyArray_DATA(x)
    for d in range(ndim):
        to.stride[d] = 0
        if d >= ndim - lead and dims[d - (ndim - lead)] != 1:
            to.stride[d] = strides[d - (ndim - lead)]
    return 0


cdef int describe_rows(ad_batch_input *to, ad_rows *rows, Gathered x, int core_ndim,
                       int ndim) except -1:
    describe_axes(to, x.index, len(x.shape) - core_ndim, ndim)
    rows.data = <const char *> cnp.PyArray_DATA(x.values)
    rows.count = cnp.PyArray_DIMS(x.values)[0]
    rows.length = size_of(shape_of(x.values)[1:])
    rows.step = cnp.PyArray_STRIDES(x.values)[0]
    rows.narrow = x.index.descr.itemsize == 4
    to.rows = rows
    return 0


cdef int describe_input(ad_batch_input *to, cnp.ndarray x, int core_ndim, int ndim,
                        intptr_t *core) except -1:
    """Describe the position in memory of an argument's numbers; its first axes are batch axes.
    Returns the number of offsets that were written to core."""
    cdef int d, lead = cnp.PyArray_NDIM(x) - core_ndim
    cdef cnp.npy_intp *dims = cnp.PyArray_DIMS(x)
    cdef cnp.npy_intp *strides = cnp.PyArray_STRIDES(x)
    cdef size_t k, rest
    cdef intptr_t step = sizeof(double), at
    cdef bint contiguous_core = True
    describe_axes(to, x, lead, ndim)
    for d in range(cnp.PyArray_NDIM(x) - 1, lead - 1, -1):
        contiguous_core = contiguous_core and (strides[d] == step or dims[d] == 1)
        step *= dims[d]
    if contiguous_core:
        return 0
    to.core = core
    for k in range(to.count):
        rest = k
        at = 0
        for d in range(cnp.PyArray_NDIM(x) - 1, lead - 1, -1):
            at += <intptr_t> (rest % <size_t> dims[d]) * strides[d]
            rest //= <size_t> dims[d]
        core[k] = at
    return <int> to.count
