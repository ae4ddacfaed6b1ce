# SPDX-License-Identifier: Apache-2.0
# Programs.  A program contains the operations that some terms of a graph need, in a form that is
# ready to run.

cdef enum:
    SLOTS_MOST = 1 << 22        # most slots of a program in lanes; larger ones run point by point
    LANE_SLOTS_MOST = 1 << 14   # most lane slots: 2 MB of vectors


# The memory in which one call at a time evaluates a program at single points.
cdef struct point_room:
    ad_shared_int busy          # a call uses it
    double *arena               # of the program, and of the strict program
    double *strict


class CallsRule(Exception):
    """A program calls a rule, whose name is the exception's text."""


@cython.final
cdef class Program:
    """Computes the values of terms of a graph at new inputs.

    outputs are terms (NO_TERM for a zero).  Those from number `checked` on are derivatives, in
    which an exact zero times an infinity is zero.  If a derivative is nonfinite, the point is
    evaluated again by the strict program, whose products check for zeros."""

    cdef ad_program fast
    cdef ad_program strict
    # The strict program and the parts for lanes are made when they are first needed, in a critical
    # section.  They are not changed afterwards, so that threads which have needed them only read.
    cdef bint has_strict, lanes, lanes_tried
    cdef Graph graph
    cdef cnp.ndarray outputs
    cdef size_t checked
    cdef point_room[AD_POINT_ROOMS] rooms   # memory for single points
    cdef list spare             # arenas that are kept for the next batch
    cdef readonly size_t operations

    def __cinit__(self, Graph graph not None, cnp.ndarray outputs not None, size_t checked):
        self.graph = graph
        self.outputs = outputs
        self.checked = checked
        self.spare = []
        self.make(0, &self.fast)
        self.operations = ad_program_operations(&self.fast)
        self.rooms[0].arena = point_arena(&self.fast)

    def __dealloc__(self):
        ad_program_free(&self.fast)
        ad_program_free(&self.strict)
        cdef int k
        for k in range(AD_POINT_ROOMS):
            ad_free_lines(self.rooms[k].arena)
            ad_free_lines(self.rooms[k].strict)

    cdef int make(self, int strict, ad_program *program) except -1:
        cdef ad_wanted wanted
        wanted.outputs = <size_t> cnp.PyArray_SIZE(self.outputs)
        wanted.checked = self.checked
        wanted.guards = <size_t> cnp.PyArray_SIZE(self.graph.guards)
        wanted.output = <ad_term *> cnp.PyArray_DATA(self.outputs)
        wanted.guard = <ad_term *> cnp.PyArray_DATA(self.graph.guards)
        wanted.outcome = <uint8_t *> cnp.PyArray_DATA(self.graph.outcomes)
        with cython.critical_section(self.graph):
            return check_graph(ad_program_make(&self.graph.g, &wanted, strict, program))

    cdef inline point_room *take_room(self) except? NULL:
        """Memory for a single point, or NULL if other calls use all of it.  The caller sets `busy`
        to 0."""
        cdef int k
        for k in range(AD_POINT_ROOMS):
            if ad_try_take(&self.rooms[k].busy):
                if self.rooms[k].arena == NULL:
                    self.fill_room(&self.rooms[k])
                return &self.rooms[k]
        return NULL

    cdef int fill_room(self, point_room *room) except -1:
        try:
            room.arena = point_arena(&self.fast)
        except BaseException:
            ad_release(&room.busy)
            raise
        return 0

    cdef int need_strict(self) except -1:
        """Make the strict program at the first call of this method."""
        cdef ad_program made
        if self.has_strict_program():
            return 0
        memset(&made, 0, sizeof(ad_program))
        try:
            self.make(1, &made)
            with cython.critical_section(self):
                if self.has_strict:         # another thread was first
                    return 0
                if self.lanes:
                    check(ad_program_make_lanes(&made))
                self.strict = made
                memset(&made, 0, sizeof(ad_program))
                self.has_strict = True
        finally:
            ad_program_free(&made)
        return 0

    cdef bint has_strict_program(self):
        """Whether there is a strict program, which is then complete for this thread."""
        with cython.critical_section(self):
            return self.has_strict

    cdef bint need_lanes(self) except -1:
        """Make the part of the program for lanes, unless it is too large; returns whether it
        exists."""
        with cython.critical_section(self):
            return self.have_lanes()

    cdef bint have_lanes(self) except -1:
        if not self.lanes_tried and self.fast.slots <= SLOTS_MOST:
            check(ad_program_make_lanes(&self.fast))
            self.lanes = self.fast.lane_slots <= LANE_SLOTS_MOST
            if not self.lanes:
                ad_program_free_lanes(&self.fast)
        self.lanes_tried = True
        if self.lanes and self.has_strict:
            check(ad_program_make_lanes(&self.strict))
        return self.lanes

    cdef Py_ssize_t guard_number(self, size_t guard):
        """The number in the recording of a guard of the program."""
        return (<int64_t *> cnp.PyArray_DATA(self.graph.numbers))[guard]

    def guard_numbers(self):
        """The number in the recording of each guard of the program."""
        return [self.guard_number(k) for k in range(self.fast.guards)]

    cdef object missed_numbers(self, cnp.ndarray missed):
        """For each point 0 if `missed` is 0; if it is 1 + a guard of the program, 1 + the number of
        the guard in the recording."""
        cdef cnp.ndarray found = unpatched_empty(shape_of(missed), dtype=np.int64)
        cdef const int64_t *number = <int64_t *> cnp.PyArray_DATA(self.graph.numbers)
        cdef const uint32_t *guard = <uint32_t *> cnp.PyArray_DATA(missed)
        cdef int64_t *to = <int64_t *> cnp.PyArray_DATA(found)
        cdef Py_ssize_t k
        for k in range(cnp.PyArray_SIZE(missed)):
            to[k] = 0 if guard[k] == 0 else number[guard[k] - 1] + 1
        return found

    @property
    def slots(self):
        """The number of slots for one point."""
        return self.fast.slots

    @property
    def bytes(self):
        """The memory that the program holds."""
        cdef size_t held
        cdef int k
        with cython.critical_section(self):
            held = ad_program_bytes(&self.fast)
            if self.has_strict:
                held += ad_program_bytes(&self.strict)
            for k in range(AD_POINT_ROOMS):
                if self.rooms[k].arena != NULL:
                    held += 8 * ad_point_room(&self.fast)
                if self.rooms[k].strict != NULL:
                    held += 8 * ad_point_room(&self.strict)
        return held

    def size(self):
        """Counts of operations, runs, slots, ... and bytes, as a dictionary."""
        self.need_lanes()
        return {"operations": self.operations, "runs": self.fast.runs,
                "chunk groups": self.fast.chunk_groups, "slots": self.fast.slots,
                "lane slots": self.fast.lane_slots if self.fast.lane_run != NULL else None,
                "constants": self.fast.constants, "outputs": self.fast.outputs,
                "nonzero outputs": self.fast.places, "guards": self.fast.guards,
                "bytes": ad_program_bytes(&self.fast) + 8 * ad_point_room(&self.fast)}

    def instructions(self):
        """([(name, operands, number), ...], with one entry for each slot; [slot of each output]).
        All structural zeros are one constant slot after the others."""
        cdef const ad_program *p = &self.fast
        cdef const ad_program_run *run
        cdef size_t r, k, j
        rows = [("input", (), k) for k in range(p.inputs)]
        rows += [("constant", (), p.constant[k]) for k in range(p.constants)]
        held = list(range(len(rows))) + [0] * <Py_ssize_t> (p.slots - len(rows))    # by slot
        for r in range(p.runs):
            run = &p.run[r]
            name = ad_program_name(run.op).decode()
            first = len(rows)
            for k in range(ad_run_rows(run)):
                operands = tuple([held[ad_run_operand(p, run, k, j)] for j in range(run.arity)])
                rows.append((name, operands, None))
            for k in range(ad_run_rows(run), run.count):    # the other results of a call
                rows.append((name, operands, k))
            held[run.out:run.out + run.count] = range(first, len(rows))
        outputs = [len(rows)] * <Py_ssize_t> p.outputs
        rows.append(("constant", (), 0.0))
        for k in range(p.places):
            outputs[p.place[k].position] = held[p.place[k].slot]
        return rows, outputs

    def listing(self, bint strict):
        """The program for one point, or its strict variant, as a dictionary: numbers of inputs,
        outputs and slots; the constants, in the slots after the inputs; runs (operation, slot of
        element 0, operands as an array with a row for each element, (base, stride, inner) of each
        operand if they follow a rule); places (position, slot) of the outputs that are not zero;
        guards (slot, outcome); and the first output that is a derivative."""
        cdef const ad_program *p = &self.fast
        cdef const ad_program_run *run
        cdef size_t r, k, j
        cdef cnp.ndarray operands
        cdef uint32_t *to
        if strict:
            self.need_strict()
            p = &self.strict
        runs = []
        for r in range(p.runs):
            run = &p.run[r]
            if run.op == AD_RUN_CALL:
                rule = (<Called> (<called *> p.rule[run.base[0]].rule).object).rule
                raise CallsRule(f"calls {rule.name}")
            operands = np.empty((run.count, run.arity), np.uint32)
            to = <uint32_t *> cnp.PyArray_DATA(operands)
            for k in range(run.count):
                for j in range(run.arity):
                    to[k * run.arity + j] = ad_run_operand(p, run, k, j)
            affine = None
            if run.form == AD_RUN_AFFINE:
                affine = [(run.base[j], run.stride[j], run.inner[j] if j < 2 else 0)
                          for j in range(3)]
            runs.append((ad_program_name(run.op).decode(), run.out, operands, affine))
        places = [(p.place[k].position, p.place[k].slot) for k in range(p.places)]
        return {"inputs": p.inputs, "outputs": p.outputs, "slots": p.slots, "runs": runs,
                "constants": [p.constant[k] for k in range(p.constants)],
                "places": np.array(places, np.int64).reshape(-1, 2),
                "guards": [(p.guard[k].slot, p.guard[k].position != 0) for k in range(p.guards)],
                "checked": p.checked, "guarded": bool(p.guarded)}


def program_formulas():
    """The (operation, formula in a, b, c) of all operations of programs but reductions."""
    cdef unsigned op
    return [(ad_program_name(op).decode(), ad_program_formula(op).decode())
            for op in range(<unsigned> AD_PROGRAM_OPS) if ad_program_formula(op) != NULL]


cdef double *point_arena(const ad_program *p) except NULL:
    cdef double *arena = <double *> ad_alloc_lines(ad_point_room(p), sizeof(double))
    if arena == NULL:
        raise MemoryError("no memory for a program's slots")
    ad_point_begin(p, arena)
    return arena
