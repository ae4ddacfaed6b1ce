# SPDX-License-Identifier: Apache-2.0
# A recorded function as a graph of terms, in which terms of derivatives are added.

cdef enum:
    MOST_TERMS = 1 << 24        # terms of a graph: 256 MB
    MOST_PRODUCTS = 1 << 20     # multiplications in matrix products; for more, BLAS is faster
    MOST_DERIVED = 1 << 23      # terms that derivatives may add


cdef class Graph:
    """A function of D inputs with K outputs, made from a recording.  Derivatives add further terms.

    Terms are numbers in uint32 arrays.  NO_TERM is a structural zero.

    Terms may be added on any thread.  What adds or reads terms does so in one critical section of
    the Graph, in which no Python code runs."""

    cdef ad_graph g
    cdef readonly size_t D
    cdef readonly cnp.ndarray outputs       # terms of the K outputs
    cdef readonly cnp.ndarray guards        # terms of comparisons that decide control flow,
    cdef readonly cnp.ndarray outcomes      # their outcomes in the recording,
    cdef readonly cnp.ndarray numbers       # and the numbers of their guards in the recording
    cdef list rules                         # references to the rules; the graph holds none
    cdef dict rooms                         # thread -> terms that its derivatives may add

    def __cinit__(self, Trace trace not None, cnp.ndarray inputs not None,
                  cnp.ndarray outputs not None):
        cdef Trace root = trace.root()
        cdef cnp.ndarray ins = contiguous(inputs), outs = contiguous(outputs)
        cdef ad_status status
        cdef cnp.ndarray guards
        if (ad_lower_size(root.tape) > <size_t> MOST_TERMS // 2
                or ad_lower_edges(root.tape) > <size_t> MOST_TERMS
                or ad_lower_products(root.tape) > <size_t> MOST_PRODUCTS):
            raise ProgramTooLarge()
        self.D = <size_t> cnp.PyArray_SIZE(ins)
        self.rooms = {}
        self.outputs = np.empty(cnp.PyArray_SIZE(outs), np.uint32)
        guards = np.empty(2 * root.tape.guards, np.uint32)
        check_graph(ad_graph_init(&self.g, self.D, MOST_TERMS))
        status = ad_lower(
            root.tape, self.D, <ad_node *> cnp.PyArray_DATA(ins),
            <size_t> cnp.PyArray_SIZE(outs), <ad_node *> cnp.PyArray_DATA(outs), &self.g,
            <ad_term *> cnp.PyArray_DATA(self.outputs), <ad_term *> cnp.PyArray_DATA(guards))
        if status == AD_BAD_INDEX:
            raise TracedValueError(
                f"{trace.name} depends on a traced value that is not among its arguments; pass it "
                "as an argument, so that its derivative is not lost")
        check_graph(status)
        asked = np.flatnonzero(guards != NO_TERM)
        self.guards = guards[asked]
        self.outcomes = (asked % 2).astype(np.uint8)
        self.numbers = (asked // 2).astype(np.int64)
        self.rules = [<object> (<called *> root.tape.rule[k]).object
                      for k in range(root.tape.rules)]

    def __dealloc__(self):
        ad_graph_free(&self.g)

    @property
    def calls(self):
        """The number of calls of rules.  Products with their Jacobians have no derivatives here,
        except for elementwise rules; lowered() enters them as operations that have."""
        with cython.critical_section(self):
            return self.g.rules

    @property
    def terms(self):
        with cython.critical_section(self):
            return self.g.terms

    @property
    def bytes(self):
        """The memory that the graph holds."""
        with cython.critical_section(self):
            return ad_graph_bytes(&self.g)

    def set_room(self, room):
        """Let each push, pull and Jacobian of this thread add at most `room` terms (None:
        MOST_DERIVED).  Returns what was set before."""
        thread = PyThread_get_thread_ident()
        before = self.rooms.get(thread)
        if room is None:
            self.rooms.pop(thread, None)
        else:
            self.rooms[thread] = room
        return before

    cdef size_t begin(self) except 0:
        """Limit the terms until end(), between which no Python code may run.  Returns the limit.
        Both are called in one critical section."""
        cdef size_t room = self.rooms.get(PyThread_get_thread_ident(), MOST_DERIVED)
        self.prepare()
        self.g.limit = min(<size_t> MOST_TERMS, self.g.terms + room)
        return room

    cdef ad_status end(self, ad_status status) noexcept:
        self.g.limit = MOST_TERMS
        return status

    def more_inputs(self, size_t n):
        """Terms of n more inputs: the seeds of products with the Jacobian."""
        cdef cnp.ndarray terms = np.empty(n, np.uint32)
        cdef size_t k
        cdef ad_term *t = <ad_term *> cnp.PyArray_DATA(terms)
        with cython.critical_section(self):
            for k in range(n):
                t[k] = ad_graph_input(&self.g)
            check_graph(self.g.status)
        return terms

    def input_number(self, ad_term t):
        """The number of the program's input that a term is."""
        with cython.critical_section(self):
            return self.g.vertex[t].x[0]

    def constant(self, double value):
        cdef ad_term t
        with cython.critical_section(self):
            t = ad_graph_constant(&self.g, value)
            check_graph(self.g.status)
        return t

    cdef ad_mapping mapping(self, cnp.ndarray inputs, cnp.ndarray outputs):
        cdef ad_mapping f
        f.graph = &self.g
        f.D = <size_t> cnp.PyArray_SIZE(inputs)
        f.K = <size_t> cnp.PyArray_SIZE(outputs)
        f.input = <ad_term *> cnp.PyArray_DATA(inputs)
        f.output = <ad_term *> cnp.PyArray_DATA(outputs)
        return f

    cdef int prepare(self) except -1:
        """Let the elementwise functions that are called record their slopes.  No Python code may
        run later, while terms are derived, because it might change this graph."""
        cdef size_t k = 0
        while k < self.g.rules:
            if self.g.rule[k].elementwise:
                (<Called> (<called *> self.g.rule[k].rule).object).prepare()
            k += 1
        return 0

    def push(self, cnp.ndarray inputs, cnp.ndarray outputs, cnp.ndarray tangents):
        """The terms of J times the tangents."""
        cdef ad_mapping f = self.mapping(inputs, outputs)
        cdef cnp.ndarray result = np.empty(f.K, np.uint32)
        cdef ad_term *to = <ad_term *> cnp.PyArray_DATA(result)
        with cython.critical_section(self):
            self.begin()
            check_graph(self.end(ad_accumulate_push(
                &f, <ad_term *> cnp.PyArray_DATA(tangents), to)))
            self.leave_out_zeros(f.K, to)
        return result

    def pull(self, cnp.ndarray inputs, cnp.ndarray outputs, cnp.ndarray cotangents):
        """The terms of the cotangents times J."""
        cdef ad_mapping f = self.mapping(inputs, outputs)
        cdef cnp.ndarray result = np.empty(f.D, np.uint32)
        cdef ad_term *to = <ad_term *> cnp.PyArray_DATA(result)
        with cython.critical_section(self):
            self.begin()
            check_graph(self.end(ad_accumulate_pull(
                &f, <ad_term *> cnp.PyArray_DATA(cotangents), to)))
            self.leave_out_zeros(f.D, to)
        return result

    def lowered(self, Trace trace not None, cnp.ndarray inputs, cnp.ndarray given,
                cnp.ndarray outputs):
        """The terms of nodes of another recording, whose inputs are the terms `given`.  Its guards
        are not entered."""
        cdef ad_tape *tape = trace.root().tape
        cdef cnp.ndarray result = np.empty(cnp.PyArray_SIZE(outputs), np.uint32)
        cdef ad_term *to = <ad_term *> cnp.PyArray_DATA(result)
        self.rules.extend([<object> (<called *> tape.rule[k]).object for k in range(tape.rules)])
        with cython.critical_section(self):
            self.begin()
            check_graph(self.end(ad_lower_onto(
                tape, <size_t> cnp.PyArray_SIZE(inputs), <ad_node *> cnp.PyArray_DATA(inputs),
                <ad_term *> cnp.PyArray_DATA(given), <size_t> cnp.PyArray_SIZE(outputs),
                <ad_node *> cnp.PyArray_DATA(outputs), &self.g, to)))
            self.leave_out_zeros(<size_t> cnp.PyArray_SIZE(outputs), to)
        return result

    def products(self, cnp.ndarray left, cnp.ndarray right):
        """The terms of left[k] right[k], NO_TERM if a factor is NO_TERM."""
        cdef ad_term *x = <ad_term *> cnp.PyArray_DATA(left)
        cdef ad_term *y = <ad_term *> cnp.PyArray_DATA(right)
        result = np.full(cnp.PyArray_SIZE(left), AD_NO_TERM, np.uint32)
        cdef ad_term *z = <ad_term *> cnp.PyArray_DATA(result)
        cdef Py_ssize_t k
        with cython.critical_section(self):
            for k in range(cnp.PyArray_SIZE(left)):
                if x[k] != AD_NO_TERM and y[k] != AD_NO_TERM:
                    z[k] = ad_graph_product(&self.g, x[k], y[k])
            check_graph(self.g.status)
        return result

    def jacobian(self, cnp.ndarray inputs, cnp.ndarray outputs, cnp.ndarray also, route=None):
        """(rows, columns, terms, route, counts): the entries of the Jacobian by the cheapest route,
        if the terms `also` are computed as well.  counts are the operations of each route, None if
        they were not counted."""
        cdef ad_mapping f = self.mapping(inputs, outputs)
        cdef ad_entries entries
        cdef size_t operations[8]
        cdef ad_route taken = 0 if route is None else <int> route
        cdef ad_status status
        cdef size_t k, room
        entries.entry = NULL
        entries.count = entries.room = 0
        counts = {}
        try:
            with cython.critical_section(self):
                room = self.begin()
                if route is None:
                    status = self.end(ad_route_cheapest(
                        &f, <size_t> cnp.PyArray_SIZE(also), <ad_term *> cnp.PyArray_DATA(also),
                        room, operations, &taken, &entries))
                else:
                    status = self.end(ad_route_jacobian(&f, taken, &entries))
                check_graph(status)
            if route is None:
                counts = {ad_route_name(k).decode(): None if operations[k] == <size_t> -1
                          else operations[k] for k in range(<size_t> AD_ROUTES)}
            rows = np.empty(entries.count, np.uint32)
            columns = np.empty(entries.count, np.uint32)
            terms = np.empty(entries.count, np.uint32)
            for k in range(entries.count):
                (<uint32_t *> cnp.PyArray_DATA(rows))[k] = entries.entry[k].row
                (<uint32_t *> cnp.PyArray_DATA(columns))[k] = entries.entry[k].column
                (<uint32_t *> cnp.PyArray_DATA(terms))[k] = entries.entry[k].term
        finally:
            ad_free(entries.entry)
        return rows, columns, terms, ad_route_name(taken).decode(), counts

    cdef int leave_out_zeros(self, size_t count, ad_term *t) noexcept:
        cdef size_t k
        for k in range(count):
            if ad_graph_is_zero(&self.g, t[k]):
                t[k] = AD_NO_TERM
        return 0


def recording_counts(Trace trace not None):
    """The numbers by which the cost of a recording is estimated: of nodes, of edges of a sweep, of
    multiplications in products, of edges of calls, and of operations on arrays (of which a running
    fold is one) and on scalars."""
    cdef ad_tape *tape = trace.root().tape
    cdef size_t scalars = ad_scalar_runs(tape)
    return (tape.nodes, ad_sweep_edges(tape), ad_lower_products(tape), ad_lower_calls(tape),
            tape.runs - scalars, scalars)


def takes_derivatives(Trace trace not None):
    """Whether the function that was recorded takes derivatives itself."""
    cdef const ad_tape *tape = trace.root().tape
    cdef size_t k
    for k in range(tape.runs):
        if tape.run[k].op == op_product and tape.run[k].form != AD_FORM_BLOCK:
            return True
    return False


NO_TERM = AD_NO_TERM
MOST_DERIVED_TERMS = MOST_DERIVED


cdef int check_graph(ad_status status) except -1:
    if status == AD_TOO_LARGE:
        raise ProgramTooLarge()
    return check(status)


class ProgramTooLarge(Exception):
    """A function of more scalar operations than a program may have."""
