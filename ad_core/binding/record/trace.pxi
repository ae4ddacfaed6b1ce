# SPDX-License-Identifier: Apache-2.0
# Traces.  A trace is one run of a user's function that is recorded on a tape.

cdef enum:
    POOLED = 4                  # tapes kept for the next trace
    KEEP_BYTES = 1 << 27        # memory that a pooled tape may keep

cdef ad_tape *pool[POOLED]      # under the lock of threads.pxi
cdef int pooled = 0
cdef ad_shared_size node_limit = 0      # set by tests; 0: the tape's own limit
cdef ad_shared_size large_tape = (warning.memory_of_machine() or 1 << 62) // 64
#                                       # nodes of 16 bytes in a quarter of the machine's memory


cdef ad_tape *empty_tape() except NULL:
    cdef ad_tape *tape = <ad_tape *> PyMem_Malloc(sizeof(ad_tape))
    if tape == NULL:
        raise MemoryError()
    ad_tape_init(tape)
    return tape


cdef void drop_tape(ad_tape *tape) noexcept:
    ad_tape_free(tape)
    PyMem_Free(tape)


cdef ad_tape *take_tape() except NULL:
    global pooled
    cdef ad_tape *tape = NULL
    ad_lock()
    if pooled > 0:
        pooled -= 1
        tape = pool[pooled]
    ad_unlock()
    if tape == NULL:
        tape = empty_tape()
    if node_limit != 0:
        tape.limit = node_limit
    return tape


cdef void give_tape(ad_tape *tape) noexcept:
    global pooled
    ad_tape_reset(tape, KEEP_BYTES)     # drops rules, whose finalizers may call this as well
    ad_lock()
    if pooled < POOLED:
        pool[pooled] = tape
        pooled += 1
        tape = NULL
    ad_unlock()
    if tape != NULL:
        drop_tape(tape)


cdef tuple LIBRARY_FOLDERS = (os.path.dirname(sys.modules["ad_core"].__file__) + os.sep,
                              os.path.dirname(np.__file__) + os.sep)
cdef ad_shared_int debugging = 0        # open debug() contexts of all threads,
cdef ad_shared_int watching_nans = 0    # and those of them with nans=True


cdef class Debugging:
    """Debugging(*, nans=False)\n--\n\n
    The context of ad_core.debug.  It is written in C for the same reason as Trace.__enter__."""

    cdef readonly bint nans

    def __init__(self, *, nans=False):
        self.nans = bool(nans)

    def __enter__(self):
        add_int(&debugging, 1)
        add_int(&watching_nans, self.nans)
        return self

    def __exit__(self, kind, error, traceback):
        add_int(&debugging, -1)
        add_int(&watching_nans, -<int> self.nans)


def watches_nans():
    """Whether a context debug(nans=True) is open."""
    return watching_nans > 0


@cython.final
cdef class Trace:
    """One recording.  It is `live` from open() to close().  Afterwards the tape stays for sweeps as
    long as the Trace exists, but its traced values raise EscapedTraceError."""

    cdef ad_tape *tape          # NULL after a merge into another trace's tape
    cdef bint live
    cdef unsigned long thread
    cdef int level              # number of traces that it was opened inside of
    cdef Trace outer            # the trace that it was opened inside of
    cdef Trace merged           # the trace whose tape now has this one's nodes
    cdef ad_node offset         # the number that the merge added to the nodes
    cdef size_t first_run       # where its runs begin on its root's tape,
    cdef size_t last_run        # where they end (after close()),
    cdef ad_node first_node     # and where its nodes begin
    cdef readonly object fun    # the traced function, for messages
    cdef list lines             # (first guard, file, line, text) of comparisons in control flow
    cdef list compared          # the values that guards compare with, see note_compared()
    cdef list places            # (first run, file, line) of operations, if debug() is on
    cdef size_t placed          # number of runs whose line is known
    cdef list inner             # (first node, count) of plain inputs of traces within this one
    cdef readonly object refusal    # the first refusal raised while it was the innermost trace
    cdef int allowed            # open allow_refusals() contexts
    cdef int of_solvers         # how often names of solvers were exchanged before it
    cdef list as_objects            # (trace, nodes) of values given to other libraries as objects,
    cdef object as_objects_at       # and the user's line where that first happened
    cdef size_t most            # if loaded from a file: the most nodes of recordings derived from
    #                             it, and entries of their sparsity patterns; 0: no limit
    cdef Names names            # the names of NumPy that it needs replaced
    cdef object error_state     # NumPy's error state at the last check,
    cdef bint checks_all        # and whether every operation must be repeated in it
    cdef size_t exchanges       # names of other modules that were exchanged before it began
    cdef bint warned_of_size    # whether its user knows that it is large
    cdef bint plain_frames      # whether arrays that pandas makes are plain: compiled_modules.pxi
    # A tape that shares its structure, for the next evaluation; or NULL.  Evaluations may run on
    # any thread, so it is read and written in critical sections of the Trace.
    cdef ad_tape *spare
    cdef PyObject *shared       # the Trace whose structure its own tape shares, or NULL; owned, but
    #                             hidden from the garbage collector, which could clear it first
    cdef object __weakref__

    def __cinit__(self, Trace shared=None):
        """shared: a closed trace of the same operations, see replay.pxi."""
        self.thread = PyThread_get_thread_ident()
        self.names.all = True
        if shared is None:
            self.tape = take_tape()
            return
        self.tape = take_shared_tape(shared)
        self.shared = <PyObject *> shared
        Py_INCREF(shared)

    def __dealloc__(self):
        if self.spare != NULL:
            drop_tape(self.spare)
        if self.shared != NULL:
            give_shared_tape(<Trace> self.shared, self.tape)
            Py_DECREF(<object> self.shared)
        elif self.tape != NULL:
            give_tape(self.tape)

    def __enter__(self):
        self.open()
        return self

    def __exit__(self, kind, error, traceback):
        self.close()

    # Python code opens and closes a trace by `with`.  The interpreter handles an interrupt only
    # when it calls functions of Python, so none can come between these methods, which are C, and
    # the block.  Code in C calls open() first in a `try` and close() in its `finally`.

    cdef int open(self) except -1:
        """Begin the trace.  If this raises, nothing has changed."""
        global ad_protocol_calls
        cdef Trace outer = innermost()
        exchange_solvers()
        self.of_solvers = solver_exchanges
        begin_watching(outer is None)
        replace_names(&self.names)  # nothing below can raise
        if outer is None:
            ad_protocol_calls = 0
        else:
            self.outer = outer
            self.level = outer.level + 1
        self.plain_frames = gets_plain_frames(self.fun) or (
            outer is not None and outer.plain_frames)
        self.live = True
        self.exchanges = exchanges
        Py_INCREF(self)             # ad_current holds a reference while the trace is open
        set_current(<void *> self)
        return 0

    cdef int close(self) except -1:
        """End the trace, unless it is not open."""
        if not self.live:
            return 0
        self.live = False
        set_current(<void *> self.outer if self.outer is not None else NULL)
        restore_names(&self.names)
        Py_DECREF(self)
        if self.refusal is not None:
            pass_refusal_outward(self)
        if self.as_objects is not None:
            self.as_objects = None      # it may contain a reference to this trace
        self.outer = None
        self.flatten()
        self.last_run = self.root().tape.runs
        return 0

    cdef int flatten(self) except -1:
        """Refer to the root directly, with all numbers in terms of its tape."""
        cdef Trace outer
        while self.merged is not None and self.merged.merged is not None:
            outer = self.merged
            self.offset += outer.offset
            self.first_node += outer.offset
            self.first_run += outer.first_run
            self.merged = outer.merged
        return 0

    cdef Trace root(self):
        """The trace that owns the tape which has this one's nodes."""
        cdef Trace trace = self
        while trace.merged is not None:
            trace = trace.merged
        return trace

    cdef ad_node moved(self, ad_node node):
        """The number on the root's tape of a node of this trace."""
        cdef Trace trace = self
        while trace.merged is not None:
            node += trace.offset
            trace = trace.merged
        return node

    cdef int merge_into(self, Trace outer) except -1:
        """Continue on the tape of `outer`, because an operation has operands of both traces."""
        cdef size_t first_run = outer.tape.runs
        guards = outer.tape.guards
        check(ad_tape_append(outer.tape, self.tape, &self.offset))
        if self.lines is not None:
            outer.note_lines([(guards + k, *place) for k, *place in self.lines])
        if self.places is not None:
            outer.places = (outer.places or []) + [(first_run + k, file, line)
                                                   for k, file, line in self.places]
            outer.placed = outer.tape.runs
        for what in self.compared or ():
            outer.note_compared(what)
        for first, count in self.inner or ():
            outer.note_inputs(first + self.offset, count)
        self.first_run = first_run
        self.first_node = self.offset
        give_tape(self.tape)
        self.tape = NULL
        self.merged = outer
        return 0

    cdef int note_inputs(self, ad_node first, size_t count) except -1:
        if self.inner is None:
            self.inner = []
        self.inner.append((first, count))
        return 0

    cdef int hold_inner_inputs(self, cnp.ndarray inputs) except -1:
        """At the end of this trace, turn the plain inputs of traces within it into constants.  They
        are leaves of its tape but not among its inputs, which are given here."""
        cdef ad_node node
        if self.inner is None or self.tape == NULL:
            return 0
        own = set(inputs.tolist())
        for first, count in self.inner:
            for node in range(first, first + count):
                if node not in own:
                    self.tape.constant[node >> 6] |= <uint64_t> 1 << (node & 63)
        self.inner = None
        return 0

    cdef int note_compared(self, object what) except -1:
        """Keep the value that guards compare with.  Two branches may differ in it although all
        outcomes of guards are equal, as for x == 1.0 on one and x == 2.0 on the other."""
        if self.compared is None:
            self.compared = []
        self.compared.append(what)
        return 0

    cdef int note_lines(self, list lines) except -1:
        if self.lines is None:
            self.lines = []
        self.lines += lines
        return 0

    cdef int note_guards(self) except -1:
        """Keep the user's line that the following guards belong to."""
        place = users_line()
        if place is not None:
            self.note_lines([(self.tape.guards, *place, None)])
        return 0

    cdef int note_place(self) except -1:
        """Keep the user's line that the runs since the last call of this method belong to."""
        cdef Trace root = self.root()
        if root.tape.runs == root.placed:
            return 0
        place = users_line()
        if place is not None:
            if root.places is None:
                root.places = []
            root.places.append((root.placed, *place))
        root.placed = root.tape.runs
        return 0

    cdef int warn_of_size(self) except -1:
        """Warn once of a recording that takes a large part of the memory."""
        if not self.warned_of_size and self.outer is None:
            self.warned_of_size = True
            warning.warn_of_memory(self.name, ad_tape_bytes(self.tape))
        return 0

    cdef inline bint usable(self):
        return self.live and self.tape != NULL and self.thread == PyThread_get_thread_ident()

    cdef int refuse(self) except -1:
        if not self.live:
            raise EscapedTraceError(
                f"a traced value was used after its trace ended{user_line()}: it comes from a call "
                f"of {self.name!r} that has returned or raised an exception; return the value from "
                f"the function instead of storing it elsewhere")
        if self.thread == PyThread_get_thread_ident():
            why = ("was used by a function that a rule or a solver calls with plain numbers"
                   f"{user_line()}, so its derivative would be lost; pass it to that function as "
                   "an argument")
        else:
            why = ("was used in another thread than the one that traces the function"
                   f"{user_line()}; use it in that thread only")
        error = EscapedTraceError(f"a traced value of {self.name!r} {why}")
        remember_on(self, error)    # no trace runs on the thread that raises it
        raise error

    @property
    def name(self):
        """The traced function's name."""
        return name_of(self.fun)

    @property
    def nodes(self):
        """Nodes on the tape so far."""
        return self.root().tape.nodes

    @property
    def runs(self):
        """Runs on the tape so far."""
        return self.root().tape.runs

    @property
    def bytes(self):
        """Bytes of the tape's contents."""
        return ad_tape_bytes(self.root().tape)

    def __reduce__(self):
        raise TypeError("a trace in progress can not be pickled or copied")


def guard_line(Trace trace not None, size_t guard):
    """(file, line number, text) of the comparison that a guard belongs to; None if it is not known.
    The text is None if it can be read from the file, which is never so for a loaded tape."""
    found = None
    for first, *place in trace.root().lines or ():
        if first > guard:
            break
        found = tuple(place)
    return found


cdef object users_line():
    """(file, line number) of the innermost frame that belongs neither to ad_core nor to NumPy."""
    frame = sys._getframe()
    while frame is not None and frame.f_code.co_filename.startswith(LIBRARY_FOLDERS):
        frame = frame.f_back
    if frame is None:
        check_raised()              # f_back is None as well if there is no memory for a frame
    return None if frame is None else (frame.f_code.co_filename, frame.f_lineno)


def run_line(Trace trace not None, size_t run):
    """(file, line number) of the operation of a run; None if debug() was off."""
    found = None
    for first, file, line in trace.root().places or ():
        if first > run:
            break
        found = file, line
    return found


cdef Trace unify(Trace a, Trace b):
    """The trace that records operations on values of both, after a merge if they are different."""
    if not a.live or a.thread != PyThread_get_thread_ident():
        a.refuse()
    if not b.live or b.thread != PyThread_get_thread_ident():
        b.refuse()
    a = a.root()
    b = b.root()
    if a is b:
        return a
    if a.level > b.level:
        a.merge_into(b)
        return b
    b.merge_into(a)
    return a


cdef inline Trace innermost():
    return <Trace> ad_current if ad_current != NULL else None
