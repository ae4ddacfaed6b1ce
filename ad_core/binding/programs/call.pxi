# SPDX-License-Identifier: Apache-2.0
# A program as a function of arrays.  The arguments have fixed core shapes; further leading axes are
# the axes of a batch.

cdef enum:
    KEEP_GIL = 1 << 14          # the GIL is kept for a single point with at most these operations


cdef enum:
    ANYTHING, NUMBER, ARRAY     # the types that a leaf without axes may have at a single point

cdef struct leaf:
    int ndim
    int taken                   # ANYTHING, or the type for which the function was recorded
    cnp.npy_intp dims[8]
    size_t first, count         # inputs or outputs of the program


cdef leaf *leaves_of(list shapes, list firsts) except NULL:
    cdef leaf *to = <leaf *> ad_alloc(len(shapes), sizeof(leaf))
    cdef size_t k
    cdef int d
    if to == NULL:
        raise MemoryError()
    for k in range(<size_t> len(shapes)):
        to[k].ndim = len(shapes[k])
        to[k].taken = ANYTHING
        to[k].first = firsts[k]
        to[k].count = size_of(shapes[k])
        for d in range(min(to[k].ndim, 8)):
            to[k].dims[d] = shapes[k][d]
    return to


cdef inline bint fits(const leaf *to, object x, int flags) noexcept:
    """Whether x is a plain float64 array of exactly this shape."""
    cdef cnp.npy_intp *dims
    cdef int d
    if type(x) is not np_ndarray or cnp.PyArray_NDIM(<cnp.ndarray> x) != to.ndim:
        return False
    if to.ndim == 0 and to.taken == NUMBER:
        return False
    if (<cnp.ndarray> x).descr.type_num != cnp.NPY_DOUBLE or not cnp.PyArray_CHKFLAGS(
            <cnp.ndarray> x, flags):
        return False
    dims = cnp.PyArray_DIMS(<cnp.ndarray> x)
    for d in range(to.ndim):
        if dims[d] != to.dims[d]:
            return False
    return cnp.PyArray_ISNOTSWAPPED(<cnp.ndarray> x)


@cython.final
cdef class Call:
    """A program as a function of arrays.  Each array is a range of its inputs or outputs."""

    cdef readonly Program program
    cdef readonly list in_shapes        # core shape of each argument
    cdef readonly list out_shapes       # core shape of each result
    cdef readonly object pack           # builds the return value; None: the only result
    cdef object name                    # of the method and the function, for messages
    cdef object labels                  # of each argument, for messages
    cdef readonly bint bare             # the method's arguments are these arrays, not nested
    cdef Py_ssize_t inputs              # number of arguments before tangents or cotangents
    cdef object report                  # raises BranchChanged: report(guard numbers, point)
    cdef public object own              # corrects the results at the point of the recording
    cdef public object check_points     # raises for results at too many points, or None
    cdef public object watch            # a Watch that handles further points separately, or None
    cdef readonly dict branches         # number of a guard -> the Call of a path that differs there
    cdef ad_shared_size last_used       # the time of the last call, on its Evaluator's clock
    cdef leaf *ins
    cdef leaf *outs
    cdef Py_ssize_t n_in, n_out
    cdef bint small                     # arrays of at most 8 axes
    cdef bint all_numbers               # no result has axes

    def __cinit__(self, Program program not None, list in_shapes, list in_firsts,
                  list out_shapes, str name, labels, Py_ssize_t inputs, bint bare, pack,
                  report):
        self.program = program
        self.in_shapes = in_shapes
        self.out_shapes = out_shapes
        self.name = name
        self.labels = labels
        self.inputs = inputs
        self.bare = bare
        self.pack = pack
        self.report = report
        self.branches = {}
        self.n_in = len(in_shapes)
        self.n_out = len(out_shapes)
        first, firsts = 0, []
        for shape in out_shapes:
            firsts.append(first)
            first += size_of(shape)
        self.ins = leaves_of(in_shapes, in_firsts)
        self.outs = leaves_of(out_shapes, firsts)
        self.small = all([len(shape) <= 8 for shape in in_shapes + out_shapes])
        self.all_numbers = not any(out_shapes)

    def __dealloc__(self):
        ad_free(self.ins)
        ad_free(self.outs)

    @property
    def used(self):
        """The time of the last call, on the clock of the Function."""
        return self.last_used

    cdef bint load(self, tuple arguments, double *arena):
        """Copy the arguments into an arena; returns False unless they are one point."""
        cdef Py_ssize_t k
        cdef object x
        for k in range(self.n_in):
            x = <object> PyTuple_GET_ITEM(arguments, k)
            if not fits(&self.ins[k], x, cnp.NPY_ARRAY_CARRAY_RO):
                if self.ins[k].ndim == 0 and self.ins[k].taken != ARRAY and (
                        type(x) is float or type(x) is np_float64):
                    arena[self.ins[k].first] = PyFloat_AS_DOUBLE(x)
                    continue
                return False
            memcpy(arena + self.ins[k].first, cnp.PyArray_DATA(<cnp.ndarray> x),
                   self.ins[k].count * sizeof(double))
        return True

    def input_parts(self):
        """The (first, count) of consecutive inputs of the program that the arguments, one after the
        other, are."""
        cdef list parts = []
        cdef size_t first = 0, end = 0
        for k in range(self.n_in):
            if self.ins[k].first != end:
                parts.append((first, end - first))
                first = end = self.ins[k].first
            end += self.ins[k].count
        parts.append((first, end - first))
        return parts

    def set_numbers(self, list numbers):
        """Accept a single point only with the types for which the function was recorded.  numbers
        has a truth value for each leaf: a leaf without axes must be a float if it is True, else an
        array."""
        cdef Py_ssize_t k
        for k in range(min(self.n_in, <Py_ssize_t> len(numbers))):
            self.ins[k].taken = NUMBER if numbers[k] else ARRAY

    cdef object single(self, tuple arguments, tuple out, Py_ssize_t *missed):
        """Results at one point, without releasing the GIL.  Returns NotImplemented if the arguments
        are not one point, if a guard has another outcome (`missed` is then its number, else -1), or
        if the watch handles the point.

        The memory of the program is reserved until the results have been read, because other
        threads, a finalizer or a signal handler may call this program meanwhile."""
        cdef Program program = self.program
        cdef point_room *room
        missed[0] = -1
        if (program.operations > KEEP_GIL or not self.small or len(arguments) != self.n_in):
            return NotImplemented
        room = program.take_room()
        if room == NULL:
            return NotImplemented
        try:
            if not self.load(arguments, room.arena):
                return NotImplemented
            return self.loaded(room, arguments, out, missed)
        finally:
            ad_release(&room.busy)

    def try_point(self, tuple arguments not None):
        """(results as the caller gets them, -1) at a single point.  If a guard has another outcome,
        (NotImplemented, the number of the guard); if batch() is needed, (NotImplemented, -1)."""
        cdef Py_ssize_t missed
        results = self.single(arguments, None, &missed)
        return results, missed

    cdef object loaded(self, point_room *room, tuple arguments, tuple out, Py_ssize_t *missed):
        """The results at a point that has been copied into the memory of the program."""
        cdef Program program = self.program
        cdef const ad_program *run = &program.fast
        cdef double *arena = room.arena
        cdef Py_ssize_t k
        cdef size_t guard
        cdef bint nonfinite = False
        cdef ad_status status
        if out is not None:
            self.check_outs(arguments, out)
        met = None if self.watch is None else self.watch.count()
        status = ad_point_run(run, arena)
        if status != AD_OK:
            check(status)
        if run.guards > 0:
            guard = ad_point_guard(run, arena)
            if guard < run.guards:
                missed[0] = program.guard_number(guard)
                return NotImplemented
        if met is not None and met != self.watch.count():
            return NotImplemented
        if self.pack is None:
            result = self.array(0, out)
            if self.write(run, arena, 0, <cnp.ndarray> result):
                self.run_strict(room, arguments)
                self.write(&program.strict, room.strict, 0, <cnp.ndarray> result)
            return result if self.outs[0].ndim > 0 or out is not None else result[()]
        if out is None and self.all_numbers:
            return self.pack(self.numbers(room, arguments))
        results = [self.array(k, out) for k in range(self.n_out)]
        for k in range(self.n_out):
            nonfinite |= self.write(run, arena, k, <cnp.ndarray> results[k])
        if nonfinite:
            self.run_strict(room, arguments)
            for k in range(self.n_out):
                self.write(&program.strict, room.strict, k, <cnp.ndarray> results[k])
        if out is None:
            results = [y if (<cnp.ndarray> y).ndim > 0 else y[()] for y in results]
        return self.pack(results)

    cdef list numbers(self, point_room *room, tuple arguments):
        """The results at the point in the program's memory, all of which are numbers."""
        cdef Program program = self.program
        cdef cnp.npy_intp n = self.n_out
        cdef cnp.ndarray row = cnp.PyArray_EMPTY(1, &n, cnp.NPY_DOUBLE, 0)
        cdef double *to = <double *> cnp.PyArray_DATA(row)
        if ad_point_store(&program.fast, room.arena, 0, <size_t> n, 0, to):
            self.run_strict(room, arguments)
            ad_point_store(&program.strict, room.strict, 0, <size_t> n, 0, to)
        return list(row)

    def at_numbers(self, tuple numbers):
        """The return value at one point, whose arguments are all numbers; NotImplemented if it has
        to be computed by batch()."""
        cdef Py_ssize_t missed
        return self.single(numbers, None, &missed)

    cdef object evaluate(self, tuple arguments, tuple out, object workers, object progress):
        """The results for arrays: the only one, or the return value of pack."""
        cdef Py_ssize_t changed
        if workers is None and progress is None:
            results = self.single(arguments, out, &changed)
            if results is not NotImplemented:
                return results
        results, missed = self.batch(list(arguments), None if out is None else list(out),
                                     workers, progress)
        if missed is not None and missed.any():
            results, missed = self.own(self, missed, arguments, results)
            if missed.any():
                self.report_first(missed, arguments)
        return results[0] if self.pack is None else self.pack(results)

    def evaluate_leaves(self, arguments):
        """The results for a list of arrays, as the methods return them."""
        return self.evaluate(tuple(arguments), None, None, None)

    cdef int report_first(self, cnp.ndarray missed, tuple arguments) except -1:
        """Raise BranchChanged for the first point at which a guard has another outcome."""
        cdef Py_ssize_t k
        cdef double *arena = point_arena(&self.program.fast)
        cdef cnp.ndarray x
        at = tuple(np.argwhere(missed)[0].tolist())
        try:
            for k in range(self.n_in):
                x = np.broadcast_to(arguments[k], shape_of(missed) + self.in_shapes[k])
                x = np.ascontiguousarray(x[at], dtype=np.float64)
                memcpy(arena + self.ins[k].first, cnp.PyArray_DATA(x),
                       self.ins[k].count * sizeof(double))
            check(ad_point_run(&self.program.fast, arena))
            guards = flipped(self.program, arena)
        finally:
            ad_free_lines(arena)
        self.report(guards, at)
        return 0

    cdef int run_strict(self, point_room *room, tuple arguments) except -1:
        self.program.need_strict()
        if room.strict == NULL:
            room.strict = point_arena(&self.program.strict)
        self.load(arguments, room.strict)
        check(ad_point_run(&self.program.strict, room.strict))
        return 0

    cdef object array(self, Py_ssize_t k, tuple out):
        if out is not None:
            return out[k]
        return cnp.PyArray_EMPTY(self.outs[k].ndim, self.outs[k].dims, cnp.NPY_DOUBLE, 0)

    cdef bint write(self, const ad_program *run, const double *arena, Py_ssize_t k, cnp.ndarray y):
        """Write result k at one point; returns whether it needs the strict program."""
        cdef leaf *to = &self.outs[k]
        return ad_point_store(run, arena, to.first, to.first + to.count, 0,
                              <double *> cnp.PyArray_DATA(y))

    cdef int check_outs(self, tuple arguments, tuple out) except -1:
        cdef Py_ssize_t k
        self.check_number(out)
        for k in range(self.n_out):
            if not fits(&self.outs[k], out[k], cnp.NPY_ARRAY_CARRAY):
                check_out(out[k], self.out_shapes[k], self.name)
        refuse_overlaps(out, arguments, self.name)
        return 0

    cdef int check_number(self, object out) except -1:
        """Raise TypeError unless out has as many arrays as there are results."""
        if len(out) != self.n_out:
            raise TypeError(f"out of {self.name} must be {self.n_out} arrays, got {len(out)}")
        return 0

    def batch(self, list arguments, list out, workers, progress):
        """(results, missed).  missed has the batch's shape.  It is 0 at points at which all guards
        have the outcomes of the recording, elsewhere 1 more than the number of the first that has
        not; the results there are meaningless.  None: there are no guards."""
        cdef Job job = Job.__new__(Job)
        cdef Program program = self.program
        cdef ad_batch *b = &job.batch
        cdef cnp.ndarray x, y
        cdef Py_ssize_t a
        cdef size_t offsets = 0
        cdef int d
        if len(arguments) != self.n_in:
            raise TypeError(f"{self.name} takes {self.n_in} arrays, got {len(arguments)}")
        job.program = program
        job.arrays = [self.argument(a, arguments[a]) for a in range(self.n_in)]
        job.labels = self.labels
        shape = batch_shape(job.arrays, self.in_shapes, self.name)
        if len(shape) > AD_BATCH_DIMS:
            raise ValueError(f"{self.name} takes at most {AD_BATCH_DIMS} batch axes, got "
                             f"{len(shape)}; reshape them into one")
        b.ndim = len(shape)
        b.points = 1
        for d in range(b.ndim):
            b.shape[d] = shape[d]
            b.points *= b.shape[d]
        b.lanes = b.points >= AD_LANES_FROM and program.need_lanes()
        b.program = &program.fast
        b.strict = &program.strict if program.has_strict_program() else NULL
        if b.ndim == 0:
            b.ndim = 1
            b.shape[0] = 1
        b.inputs = self.n_in
        b.outputs = self.n_out
        job.inputs = <ad_batch_input *> ad_alloc(self.n_in, sizeof(ad_batch_input))
        job.outputs = <ad_batch_output *> ad_alloc(self.n_out, sizeof(ad_batch_output))
        job.rows = <ad_rows *> ad_alloc(self.n_in, sizeof(ad_rows))
        job.core = <intptr_t *> ad_alloc(program.fast.inputs, sizeof(intptr_t))
        if job.inputs == NULL or job.outputs == NULL or job.rows == NULL or job.core == NULL:
            raise MemoryError("no memory for a batch")
        for a in range(self.n_in):
            job.inputs[a].first = self.ins[a].first
            job.inputs[a].count = self.ins[a].count
            job.inputs[a].core = NULL
            job.inputs[a].rows = NULL
            if type(job.arrays[a]) is Gathered:
                describe_rows(&job.inputs[a], &job.rows[a], job.arrays[a],
                              len(self.in_shapes[a]), b.ndim)
                continue
            x = job.arrays[a]
            offsets += describe_input(&job.inputs[a], x, len(self.in_shapes[a]), b.ndim,
                                      job.core + offsets)
        if out is not None:
            self.check_number(out)
        elif self.check_points is not None:
            self.check_points(b.points)
        job.results = self.results(shape, out, job.arrays)
        sparse = 2 * program.fast.places < program.fast.outputs
        for a in range(self.n_out):
            y = job.results[a]
            job.outputs[a].data = <double *> cnp.PyArray_DATA(y)
            job.outputs[a].first = self.outs[a].first
            job.outputs[a].count = self.outs[a].count
            job.outputs[a].zeroed = out is None and sparse
        b.input = job.inputs
        b.output = job.outputs
        if program.fast.guards > 0:
            job.missed = np.zeros(b.points, np.uint32)
            b.missed = <uint32_t *> cnp.PyArray_DATA(job.missed)
        met = None if self.watch is None else self.watch.count()
        job.run(workers, progress)
        if met is not None and met != self.watch.count():
            self.watch.recompute(job.arrays, job.results, shape)
        missed = None
        if job.missed is not None:
            missed = program.missed_numbers(job.missed).reshape(shape)
        if out is None:
            return [y if y.ndim else y[()] for y in job.results], missed
        return job.results, missed

    cdef object argument(self, Py_ssize_t a, object given):
        """An argument as a float64 array or a Gathered, whose last axes have the core shape."""
        cdef tuple core = self.in_shapes[a]
        cdef cnp.ndarray x
        if type(given) is Gathered and len(given.values.shape) <= len(core) + 1:
            if given.shape[given.ndim - len(core):] != core:
                self.refuse_shape(a, given.shape)
            return given
        if type(given) is TracedArray and only_constants(<TracedArray> given):
            given = values_of(given)            # such as np.ones(), while a trace runs
        if is_traced(given) or (type(given) is np_ndarray and given.dtype == object
                                and any(map(is_traced, given.flat))):
            raise TracedValueError(
                f"{self.labels[a]} is a traced value{user_line()}, but a Tape evaluates plain "
                f"numbers only; call the function that ad_core.compile() returns instead, which "
                f"can be traced")
        if type(given) is np_ndarray:
            x = <cnp.ndarray> given
        else:
            if type(given) is not float:
                refuse_foreign_input(given, functools.partial(operator.getitem, self.labels, a))
            x = unpatched_asarray(given)
        if x.descr.type_num != cnp.NPY_DOUBLE or not cnp.PyArray_ISNOTSWAPPED(x):
            if a >= self.inputs and x.dtype.kind in "iu":
                x = x.astype(np.float64)
            else:
                x = float_input(given, functools.partial(operator.getitem, self.labels, a))
        if x.ndim < len(core) or shape_of(x)[x.ndim - len(core):] != core:
            self.refuse_shape(a, shape_of(x))
        return x

    cdef int refuse_shape(self, Py_ssize_t a, tuple shape) except -1:
        raise ValueError(
            f"{self.labels[a]} must have the recorded shape {self.in_shapes[a]}, with any batch "
            f"axes before it, got shape {shape}")

    cdef list results(self, tuple shape, list out, list arrays):
        if out is None:
            sparse = 2 * self.program.fast.places < self.program.fast.outputs
            make = plain_zeros if sparse else unpatched_empty
            return [make(shape + core) for core in self.out_shapes]
        for core, y in zip(self.out_shapes, out, strict=True):
            check_out(y, shape + core, self.name)
        refuse_overlaps(out, arrays, self.name)
        return list(out)


cdef list flipped(Program program, const double *arena):
    """The numbers of the guards that have another outcome than in the recording."""
    cdef const ad_program *p = &program.fast
    cdef size_t k
    return [program.graph.numbers[k] for k in range(p.guards)
            if (arena[p.guard[k].slot] != 0) != (p.guard[k].position != 0)]


cdef object plain_zeros = np.zeros


cdef size_t size_of(tuple shape):
    cdef size_t n = 1
    for extent in shape:
        n *= <size_t> extent
    return n


cdef tuple batch_shape(list arrays, list cores, object name):
    """The axes before the core shapes, broadcast against one another."""
    shapes = [x.shape[:x.ndim - len(core)]
              for x, core in zip(arrays, cores, strict=True)]
    if len(shapes) == 1:
        return shapes[0]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(f"the batch axes of {name}'s arguments do not fit one another: "
                         + " and ".join(str(s) for s in shapes)) from None


def float_argument(x, what):
    """An argument as a float64 array; DtypeError that names it if it has another type."""
    return float_input(x, what)
