# SPDX-License-Identifier: Apache-2.0
# Conversion of a closed recording to the plain arrays of a tape file, and back.

cdef enum:
    DIMS = 4                    # AD_DIMS
    ARITY = 3                   # AD_MAX_ARITY
    VIEW_COLUMNS = 6            # base, list, strides
    EXTENT_COLUMNS = 6          # number of dimensions, count, sizes
    CHECK_COLUMNS = 19          # operation, extent, two views

# What readers of the arrays need to know.
TAPE_VIEW_COLUMNS = VIEW_COLUMNS
MOST_TAPE_NODES = <size_t> AD_MAX_NODES


cdef list extent_row(const ad_extent *extent):
    return [extent.ndim, extent.count] + [extent.size[d] if d < <int> extent.ndim else 0
                                          for d in range(DIMS)]


cdef list view_row(const ad_view *view, int ndim):
    return [view.base, view.list] + [view.stride[d] if d < ndim else 0 for d in range(DIMS)]


cdef list check_row(const ad_check *check):
    cdef int ndim = <int> check.extent.ndim, arity = ad_op_row(check.op).arity
    row = [check.op] + extent_row(&check.extent)
    for j in range(2):
        row += view_row(&check.operand[j], ndim) if j < arity else [0] * VIEW_COLUMNS
    return row


def tape_arrays(Trace trace not None):
    """Everything that determines the recording, as a dictionary of int64 and float64 arrays.

    Operations are numbers here; the files have their names.  Values of computed nodes and partials
    are left out, because loading computes them.  Runs of arrays that read only constants are left
    out as well, and their nodes are written as constants, which loading would make of them
    anyway."""
    cdef const ad_tape *t = trace.root().tape
    cdef ad_tape seen           # the same tape with bits that mark those nodes as constants
    cdef cnp.ndarray bits
    cdef size_t node, last
    cdef const ad_span *span
    cdef const ad_block *block
    cdef const ad_run *run
    cdef size_t k, kept = 0
    cdef int ndim
    spans, blocks = [], []
    for k in range(t.spans):
        span = &t.span[k]
        ndim = <int> span.extent.ndim
        row = extent_row(&span.extent)
        for j in range(ARITY):
            row += view_row(&span.operand[j], ndim)
        spans.append(row)
    for k in range(t.blocks):
        block = &t.block[k]
        row = extent_row(&block.extent[0]) + extent_row(&block.extent[1])
        for j in range(2):
            row += view_row(&block.operand[j], DIMS)
        blocks.append(row)
    covered = np.zeros(t.nodes, bool)
    runs = np.empty((t.runs, 6), np.int64)
    seen = t[0]
    bits = np.array([t.constant[k] for k in range((t.nodes + 63) // 64)], np.uint64)
    seen.constant = <uint64_t *> cnp.PyArray_DATA(bits)
    for k in range(t.runs):
        run = &t.run[k]
        last = run.node + run_length(t, run)
        if ad_run_reads_constants(&seen, run):  # of a derivative at plain numbers
            for node in range(run.node, last):
                seen.constant[node >> 6] |= <uint64_t> 1 << (node & 63)
            continue
        covered[run.node:last] = True
        runs[kept] = run.node, run.op, run.form, run.arity, run.a, run.b
        kept += 1
    leaves = np.flatnonzero(~covered)
    constant = np.array([ad_is_constant(&seen, <ad_node> leaf) for leaf in leaves.tolist()],
                        np.int64)
    return {
        "nodes": np.array([t.nodes], np.int64),
        "leaves": leaves.astype(np.int64),
        "constant": constant,
        "values": np.array([t.value[<ad_node> leaf] for leaf in leaves.tolist()], np.float64),
        "runs": runs[:kept],
        "spans": np.array(spans, np.int64).reshape(
            len(spans), EXTENT_COLUMNS + ARITY * VIEW_COLUMNS),
        "blocks": np.array(blocks, np.int64).reshape(
            len(blocks), 2 * EXTENT_COLUMNS + 2 * VIEW_COLUMNS),
        "lists": np.array([t.list[k] for k in range(t.lists)], np.int64),
        "guards": np.array([(t.guard[k].first, t.guard[k].count) for k in range(t.guards)],
                           np.int64).reshape(t.guards, 2),
        "checks": np.array([check_row(&t.check[k]) for k in range(t.checks)],
                           np.int64).reshape(t.checks, CHECK_COLUMNS),
        "outcomes": np.array([t.outcome[k] for k in range((t.outcomes + 63) // 64)],
                             np.uint64).view(np.int64),
    }


cdef class Loaded:
    """The arrays of a tape as read from a file, before they are checked."""

    cdef ad_tape tape
    cdef list owned

    cdef cnp.ndarray own(self, object x, object dtype):
        y = np.ascontiguousarray(x, dtype=dtype)
        self.owned.append(y)
        return y

    cdef void *room(self, size_t n, size_t size) except NULL:
        """Zeroed memory for n structures."""
        return cnp.PyArray_DATA(self.own(np.zeros((n + 1) * size, np.uint8), np.uint8))


cdef void read_extent(ad_extent *to, const int64_t *row) noexcept:
    cdef int d
    to.ndim = <uint32_t> row[0]
    to.count = <uint32_t> row[1]
    for d in range(DIMS):
        to.size[d] = <uint32_t> row[2 + d]


cdef void read_view(ad_view *to, const int64_t *row) noexcept:
    cdef int d
    to.base = <uint32_t> row[0]
    to.list = <uint32_t> row[1]
    for d in range(DIMS):
        to.stride[d] = row[2 + d]


cdef int read_operations(Loaded file, cnp.ndarray runs, cnp.ndarray spans,
                         cnp.ndarray blocks) except -1:
    cdef ad_tape *t = &file.tape
    cdef const int64_t *row = <int64_t *> cnp.PyArray_DATA(runs)
    cdef size_t k
    cdef int j
    t.runs, t.spans, t.blocks = runs.shape[0], spans.shape[0], blocks.shape[0]
    t.run = <ad_run *> file.room(t.runs, sizeof(ad_run))
    for k in range(t.runs):
        t.run[k].node = <ad_node> row[0]
        t.run[k].op = <uint8_t> row[1]
        t.run[k].form = <uint8_t> row[2]
        t.run[k].arity = <uint16_t> row[3]
        t.run[k].a = <uint32_t> row[4]
        t.run[k].b = <uint32_t> row[5]
        row += runs.shape[1]
    t.span = <ad_span *> file.room(t.spans, sizeof(ad_span))
    row = <int64_t *> cnp.PyArray_DATA(spans)
    for k in range(t.spans):
        read_extent(&t.span[k].extent, row)
        for j in range(ARITY):
            read_view(&t.span[k].operand[j], row + EXTENT_COLUMNS + j * VIEW_COLUMNS)
        row += spans.shape[1]
    t.block = <ad_block *> file.room(t.blocks, sizeof(ad_block))
    row = <int64_t *> cnp.PyArray_DATA(blocks)
    for k in range(t.blocks):
        for j in range(2):
            read_extent(&t.block[k].extent[j], row + j * EXTENT_COLUMNS)
            read_view(&t.block[k].operand[j], row + 2 * EXTENT_COLUMNS + j * VIEW_COLUMNS)
        row += blocks.shape[1]
    return 0


cdef int read_guards(Loaded file, cnp.ndarray guards, cnp.ndarray checks,
                     cnp.ndarray outcomes) except -1:
    cdef ad_tape *t = &file.tape
    cdef const int64_t *row = <int64_t *> cnp.PyArray_DATA(checks)
    cdef size_t k
    cdef int j
    t.checks, t.guards = checks.shape[0], guards.shape[0]
    t.check = <ad_check *> file.room(t.checks, sizeof(ad_check))
    for k in range(t.checks):
        t.check[k].op = <uint32_t> row[0]
        read_extent(&t.check[k].extent, row + 1)
        for j in range(2):
            read_view(&t.check[k].operand[j], row + 1 + EXTENT_COLUMNS + j * VIEW_COLUMNS)
        row += checks.shape[1]
    t.guard = <ad_guard *> file.room(t.guards, sizeof(ad_guard))
    row = <int64_t *> cnp.PyArray_DATA(guards)
    for k in range(t.guards):
        t.guard[k].first = <uint32_t> row[0]
        t.guard[k].count = <uint32_t> row[1]
        if t.guard[k].count == 0 and t.guard[k].first >= t.checks:
            raise ValueError(f"array 'guards', row {k}, names check {t.guard[k].first}, but there "
                             f"are {t.checks}")
        t.outcomes += ad_guard_size(t, &t.guard[k])
        row += guards.shape[1]
    if (t.outcomes + 63) // 64 != <size_t> outcomes.size:
        raise ValueError(f"array 'outcomes' has {outcomes.size} words of 64 truth values, but the "
                         f"guards have {t.outcomes} truth values")
    t.outcome = <uint64_t *> cnp.PyArray_DATA(file.own(outcomes.view(np.uint64), np.uint64))
    return 0


cdef int read_leaves(Loaded file, cnp.ndarray leaves, cnp.ndarray constant,
                     cnp.ndarray values) except -1:
    cdef ad_tape *t = &file.tape
    cdef const int64_t *leaf = <int64_t *> cnp.PyArray_DATA(leaves)
    cdef const int64_t *fixed = <int64_t *> cnp.PyArray_DATA(constant)
    cdef const double *value = <double *> cnp.PyArray_DATA(values)
    cdef size_t k, n = <size_t> leaves.size
    if constant.size != leaves.size or values.size != leaves.size:
        raise ValueError("arrays 'leaves', 'constant' and 'values' must have the same length")
    if np.any(leaves < 0) or np.any(leaves >= t.nodes) or np.any(np.diff(leaves) <= 0):
        raise ValueError(f"array 'leaves' must contain ascending nodes below {t.nodes}")
    t.value = <double *> cnp.PyArray_DATA(file.own(np.zeros(t.nodes), np.float64))
    t.constant = <uint64_t *> cnp.PyArray_DATA(
        file.own(np.zeros(t.nodes // 64 + 1, np.uint64), np.uint64))
    for k in range(n):
        t.value[leaf[k]] = value[k]
        if fixed[k]:
            t.constant[leaf[k] >> 6] |= <uint64_t> 1 << (leaf[k] & 63)
    return 0


def tape_from_arrays(dict arrays, str name, limits):
    """(the closed recording that such arrays describe, whether it lacks operations).  Raises a
    ValueError that names the array if they describe no recording or one beyond the limits.

    The core checks every index, extent and code before it uses it."""
    cdef Loaded file = Loaded.__new__(Loaded)
    cdef ad_tape *t = &file.tape
    cdef ad_cost cost
    cdef size_t at
    cdef Trace result
    file.owned = []
    memset(t, 0, sizeof(ad_tape))
    t.nodes = arrays["nodes"][0]
    t.roots = t.nodes
    t.lists = <size_t> arrays["lists"].size
    t.list = <ad_node *> cnp.PyArray_DATA(file.own(arrays["lists"], np.uint32))
    read_operations(file, arrays["runs"], arrays["spans"], arrays["blocks"])
    read_guards(file, arrays["guards"], arrays["checks"], arrays["outcomes"])
    if ad_replay_cost(t, &cost, &at) != AD_OK:
        raise ValueError(f"array 'runs', row {at}, names an operation or a row that does not exist")
    limits.check_recording(cost.work, cost.memory)
    if t.nodes > cost.nodes + <size_t> arrays["leaves"].size:
        raise ValueError(f"array 'nodes' says {t.nodes} nodes, but the leaves and runs have "
                         f"{cost.nodes + <size_t> arrays['leaves'].size}")
    read_leaves(file, arrays["leaves"], arrays["constant"], arrays["values"])
    result = checked_recording(file, name, arrays["leaves"])
    result.most = limits.derived_nodes()
    return result, lacks_operations(t, result)


cdef Trace checked_recording(Loaded file, str name, cnp.ndarray leaves):
    cdef Trace result = Trace.__new__(Trace)
    cdef PyObject *signal = NULL
    cdef ad_poll poll
    cdef ad_status status
    cdef size_t k, at = 0, computed = 0
    result.fun = types.SimpleNamespace(__name__=name)     # for messages; there is no code
    poll.stop = signal_pending
    poll.context = &signal
    with nogil:
        status = ad_tape_replay(&file.tape, 0, NULL, NULL, &poll, result.tape, &at)
    if status in WRONG:
        raise ValueError(f"{stopped_at(&file.tape, at)} {WRONG[status]}")
    swept(status, signal)
    result.last_run = result.tape.runs
    for k in range(result.tape.runs):
        computed += run_length(result.tape, &result.tape.run[k])
    if computed + <size_t> leaves.size != result.tape.nodes:
        raise ValueError("array 'leaves' must contain all nodes that no run computes")
    for k in range(<size_t> leaves.size):
        if ad_tape_run_of(result.tape, (<int64_t *> cnp.PyArray_DATA(leaves))[k]) != NULL:
            raise ValueError(f"array 'leaves' contains a node that a run computes, at {k}")
    return result


cdef dict WRONG = {
    AD_BAD_INDEX: "names nodes or a row that do not exist, or mixes constants with other nodes",
    AD_BAD_SHAPE: "has sizes that do not match one another, or too many nodes or truth values",
    AD_BAD_OP: "has no operation of that kind",
}


cdef str stopped_at(const ad_tape *t, size_t at):
    """The name of the place where a replay stopped, for messages."""
    if at < t.runs:
        where = {AD_FORM_SPAN: " (array 'spans'", AD_FORM_BLOCK: " (array 'blocks'"}.get(
            t.run[at].form)
        return f"array 'runs', row {at}" + (f"{where}, row {t.run[at].a})," if where else ",")
    return f"array 'guards', row {at - t.runs}," if t.guards > 0 else "array 'checks'"


cdef bint lacks_operations(const ad_tape *t, Trace loaded) except -1:
    """Whether a list that no run and no check reads contains a node that is not a constant.

    Files leave out runs that read only constants.  Early writers looked at the first entry of a
    list only and left out too many runs.  The lists of these runs are still in the files."""
    cdef const ad_tape *now = loaded.tape
    cdef const ad_block *block
    cdef const ad_check *tested
    cdef size_t k
    unread = np.ones(t.lists, bool)
    for k in range(t.runs):
        if t.run[k].form == AD_FORM_SPAN:
            read_lists(unread, t.span[t.run[k].a].operand, t.run[k].arity,
                       t.span[t.run[k].a].extent.count)
        elif t.run[k].form == AD_FORM_BLOCK and t.run[k].op != AD_BLOCK_MATMUL:
            block = &t.block[t.run[k].a]
            read_lists(unread, block.operand, 1,
                       <size_t> block.extent[0].count * block.extent[1].count)
    for k in range(t.checks):
        tested = &t.check[k]
        read_lists(unread, tested.operand, ad_op_row(tested.op).arity, tested.extent.count)
    for entry in np.flatnonzero(unread).tolist():
        k = t.list[<size_t> entry]
        if k < now.nodes and not ad_is_constant(now, <ad_node> k):
            return True
    return False


cdef int read_lists(object unread, const ad_view *view, int n, size_t count) except -1:
    for j in range(n):
        if view[j].list != AD_AFFINE:
            unread[view[j].list:view[j].list + count] = False
    return 0


cdef size_t run_length(const ad_tape *t, const ad_run *run) noexcept:
    if run.form == AD_FORM_SPAN:
        return t.span[run.a].extent.count
    return t.block[run.a].count if run.form == AD_FORM_BLOCK else 1


def keep_lines(Trace trace not None, list lines):
    """Set (first guard, file, line, its text) of comparisons, which guard_line() returns."""
    trace.lines = lines


def lines_of(Trace trace not None):
    return list(trace.root().lines or ())


def recording_cost(Trace trace not None):
    """(operations of an evaluation, bytes of the recording), as the limits of files count them."""
    cdef ad_cost cost
    cdef size_t at
    ad_replay_cost(trace.root().tape, &cost, &at)
    return cost.work, cost.memory


def code_names():
    """The names of operations and blocks by their codes in runs: ({op: name}, {kind: name})."""
    return ({op: ad_op_rows[op].name.decode() for op in range(AD_OP_COUNT)},
            {kind: ad_block_name(kind).decode() for kind in range(AD_BLOCK_MATMUL + 1)})


BLOCK_FORM = AD_FORM_BLOCK


def are_inputs(Trace trace not None, cnp.ndarray nodes):
    """Whether these nodes are leaves, no constants, and all different."""
    cdef ad_tape *t = trace.tape
    for node in nodes.tolist():
        if ad_is_constant(t, <ad_node> node) or ad_tape_run_of(t, <ad_node> node) != NULL:
            return False
    return len(set(nodes.tolist())) == len(nodes.tolist())
