# SPDX-License-Identifier: Apache-2.0
# A closed recording as plain arrays, and back: what tape files hold.

cdef enum:
    DIMS = 4                    # AD_DIMS
    ARITY = 3                   # AD_MAX_ARITY
    VIEW_COLUMNS = 6            # base, list, strides
    EXTENT_COLUMNS = 6          # number of dimensions, count, sizes
    CHECK_COLUMNS = 19          # operation, extent, two views

cdef uint64_t MOST_WORK = <uint64_t> 1 << 36    # a minute of products: a file may be forged


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

    Operations are numbers here, by name in the files.  Values of computed nodes and partials
    are left out: loading computes them.  So are arrays' runs that read constants alone, whose nodes
    are written as the constants that loading would make of them."""
    cdef const ad_tape *t = trace.root().tape
    cdef ad_tape seen           # the same with the bits of those constants
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
        if ad_run_reads_constants(&seen, run):  # a derivative taken at plain numbers
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
    """A tape's arrays as they stood in a file, not yet trusted."""

    cdef ad_tape tape
    cdef list owned

    cdef cnp.ndarray own(self, object x, object dtype):
        y = np.ascontiguousarray(x, dtype=dtype)
        self.owned.append(y)
        return y


cdef int read_extent(ad_extent *to, const int64_t *row) except -1:
    cdef int d
    to.ndim = narrow(row[0])
    to.count = narrow(row[1])
    for d in range(DIMS):
        to.size[d] = narrow(row[2 + d])
    return 0


cdef int read_view(ad_view *to, const int64_t *row) except -1:
    cdef int d
    to.base = narrow(row[0])
    to.list = narrow(row[1])
    for d in range(DIMS):
        to.stride[d] = row[2 + d]
    return 0


cdef uint32_t narrow(int64_t x) except? 4294967295:
    if not 0 <= x <= 0xFFFFFFFF:
        raise ValueError(f"{x} is no index")
    return <uint32_t> x


def tape_from_arrays(dict arrays, str name):
    """(the closed recording that such arrays describe, whether it lacks operations); ValueError
    where they describe none.

    The core checks every index, extent and code before it uses it."""
    cdef Loaded file = Loaded.__new__(Loaded)
    cdef ad_tape *t = &file.tape
    cdef const int64_t *row
    cdef cnp.ndarray runs, spans, blocks, leaves, constant, values, lists, made
    cdef size_t k, j, n
    file.owned = []
    runs, spans, blocks = arrays["runs"], arrays["spans"], arrays["blocks"]
    leaves, constant, values = arrays["leaves"], arrays["constant"], arrays["values"]
    lists = arrays["lists"]
    memset(t, 0, sizeof(ad_tape))
    t.nodes = narrow(int(arrays["nodes"][0]))
    n = <size_t> leaves.size
    if n > t.nodes or constant.size != leaves.size or values.size != leaves.size:
        raise ValueError("leaves that do not fit one another")
    if t.nodes > n and t.nodes - n > <size_t> 0xFFFFFFF0:
        raise ValueError("too many nodes")
    made = file.own(np.zeros(narrow(plausible(t.nodes, arrays))), np.float64)
    t.value = <double *> cnp.PyArray_DATA(made)
    made = file.own(np.zeros(t.nodes // 64 + 1), np.uint64)
    t.constant = <uint64_t *> cnp.PyArray_DATA(made)
    for k in range(n):
        j = narrow((<int64_t *> cnp.PyArray_DATA(leaves))[k])
        if j >= t.nodes:
            raise ValueError("a leaf beyond the nodes")
        t.value[j] = (<double *> cnp.PyArray_DATA(values))[k]
        if (<int64_t *> cnp.PyArray_DATA(constant))[k]:
            t.constant[j >> 6] |= <uint64_t> 1 << (j & 63)
    t.lists = <size_t> lists.size
    made = file.own(np.array([narrow(x) for x in lists.tolist()], np.uint32), np.uint32)
    t.list = <ad_node *> cnp.PyArray_DATA(made)
    t.runs = <size_t> runs.shape[0]
    t.roots = t.nodes
    made = file.own(np.zeros((t.runs + 1) * sizeof(ad_run), np.uint8), np.uint8)
    t.run = <ad_run *> cnp.PyArray_DATA(made)
    for k in range(t.runs):
        row = <int64_t *> cnp.PyArray_DATA(runs) + 6 * k
        if not (0 <= row[1] < 256 and 0 <= row[2] < 256 and 0 <= row[3] <= ARITY):
            raise ValueError("a run of no known form")
        t.run[k].node = narrow(row[0])
        t.run[k].op = <uint8_t> row[1]
        t.run[k].form = <uint8_t> row[2]
        t.run[k].arity = <uint16_t> row[3]
        t.run[k].a = narrow(row[4])
        t.run[k].b = narrow(row[5])
    t.spans = <size_t> spans.shape[0]
    made = file.own(np.zeros((t.spans + 1) * sizeof(ad_span), np.uint8), np.uint8)
    t.span = <ad_span *> cnp.PyArray_DATA(made)
    for k in range(t.spans):
        row = <int64_t *> cnp.PyArray_DATA(spans) + k * <size_t> spans.shape[1]
        read_extent(&t.span[k].extent, row)
        for j in range(<size_t> ARITY):
            read_view(&t.span[k].operand[j], row + EXTENT_COLUMNS + j * VIEW_COLUMNS)
    t.blocks = <size_t> blocks.shape[0]
    made = file.own(np.zeros((t.blocks + 1) * sizeof(ad_block), np.uint8), np.uint8)
    t.block = <ad_block *> cnp.PyArray_DATA(made)
    for k in range(t.blocks):
        row = <int64_t *> cnp.PyArray_DATA(blocks) + k * <size_t> blocks.shape[1]
        for j in range(2):
            read_extent(&t.block[k].extent[j], row + j * EXTENT_COLUMNS)
            read_view(&t.block[k].operand[j], row + 2 * EXTENT_COLUMNS + j * VIEW_COLUMNS)
    read_guards(file, arrays["guards"], arrays["checks"], arrays["outcomes"])
    result = checked_recording(file, name, leaves)
    return result, lacks_operations(t, result)


cdef int read_guards(Loaded file, cnp.ndarray guards, cnp.ndarray checks,
                     cnp.ndarray outcomes) except -1:
    cdef ad_tape *t = &file.tape
    cdef cnp.ndarray made
    cdef const int64_t *row
    cdef size_t k, j
    t.checks = <size_t> checks.shape[0]
    made = file.own(np.zeros((t.checks + 1) * sizeof(ad_check), np.uint8), np.uint8)
    t.check = <ad_check *> cnp.PyArray_DATA(made)
    for k in range(t.checks):
        row = <int64_t *> cnp.PyArray_DATA(checks) + k * <size_t> checks.shape[1]
        t.check[k].op = narrow(row[0])
        read_extent(&t.check[k].extent, row + 1)
        for j in range(2):
            read_view(&t.check[k].operand[j], row + 1 + EXTENT_COLUMNS + j * VIEW_COLUMNS)
    t.guards = <size_t> guards.shape[0]
    made = file.own(np.zeros((t.guards + 1) * sizeof(ad_guard), np.uint8), np.uint8)
    t.guard = <ad_guard *> cnp.PyArray_DATA(made)
    for k in range(t.guards):
        row = <int64_t *> cnp.PyArray_DATA(guards) + 2 * k
        t.guard[k].first = narrow(row[0])
        t.guard[k].count = narrow(row[1])
        if t.guard[k].count == 0 and t.guard[k].first >= t.checks:
            raise ValueError("a guard of a check that is not there")
        t.outcomes += ad_guard_size(t, &t.guard[k])
    if (t.outcomes + 63) // 64 != <size_t> outcomes.size:
        raise ValueError("outcomes that do not fit the guards")
    made = file.own(outcomes.view(np.uint64), np.uint64)
    t.outcome = <uint64_t *> cnp.PyArray_DATA(made)
    return 0


cdef size_t plausible(size_t nodes, dict arrays) except? 0:
    """The number of nodes, if the runs and leaves can make up as many: a file of a few bytes must
    not ask for gigabytes."""
    counts = len(arrays["runs"]) + len(arrays["leaves"])
    spans, blocks, lists = arrays["spans"], arrays["blocks"], arrays["lists"].size
    for node, op, form, arity, a, b in arrays["runs"].tolist():
        if form == AD_FORM_SPAN and 0 <= a < len(spans):
            row = spans[a].tolist()
            counts += elements(row)
            for j in range(max(0, min(arity, ARITY))):
                at = EXTENT_COLUMNS + j * VIEW_COLUMNS
                within(row[at:at + VIEW_COLUMNS], row[2:2 + row[0]], row[1], node, lists)
        elif form == AD_FORM_BLOCK and 0 <= a < len(blocks):
            row = blocks[a].tolist()
            outer, inner = row[:EXTENT_COLUMNS], row[EXTENT_COLUMNS:2 * EXTENT_COLUMNS]
            views = row[2 * EXTENT_COLUMNS:]
            if op == AD_BLOCK_MATMUL:                   # batch x M x K x N
                counts += max(outer[1], 0) * max(inner[2], 0) * max(inner[4], 0)
                for j in range(2):
                    sizes = [outer[1], inner[2 + j], inner[3 + j]]
                    within(views[j * VIEW_COLUMNS:(j + 1) * VIEW_COLUMNS], sizes, 0, node, lists)
                continue
            counts += (outer[1] if inner[1] == 0 else elements(outer)) * max(elements(inner), 1)
            within(views[:VIEW_COLUMNS], outer[2:2 + outer[0]], outer[1] * inner[1], node, lists)
    if nodes > counts:
        raise ValueError("more nodes than its runs compute")
    return nodes


cdef int within(list view, list sizes, count, node, lists) except -1:
    """Operands lie below the nodes that are computed from them."""
    reach = view[0]
    for size, stride in zip(sizes, view[2:], strict=False):
        reach += max((size - 1) * stride, 0)
    listed = view[1] != 0xFFFFFFFF
    if view[1] + count > lists if listed else reach >= node and 0 not in sizes:
        raise ValueError("operands that are not there")
    return 0


cdef object elements(list row):
    """The number of elements of an extent, if its sizes agree with it."""
    count = 1
    for d in range(row[0] if 0 <= row[0] <= DIMS else 0):
        count *= row[2 + d]
    if row[1] != 0 and row[1] != count:
        raise ValueError("an extent whose sizes do not make up its count")
    return row[1]


cdef Trace checked_recording(Loaded file, str name, cnp.ndarray leaves):
    cdef Trace result = Trace.__new__(Trace)
    cdef ad_status status
    cdef size_t k, computed = 0
    result.fun = types.SimpleNamespace(__name__=name)     # for messages; there is no code
    with nogil:
        status = ad_tape_replay(&file.tape, 0, NULL, NULL, MOST_WORK, result.tape)
    if status in (AD_BAD_INDEX, AD_BAD_OP, AD_BAD_SHAPE):
        raise ValueError("an operation that can not be")
    if status == AD_TOO_LARGE:
        raise ValueError(f"more than {MOST_WORK} multiplications")
    check(status)
    result.last_run = result.tape.runs
    for k in range(result.tape.runs):
        computed += run_length(result.tape, &result.tape.run[k])
    if computed + <size_t> leaves.size != result.tape.nodes or np.any(np.diff(leaves) <= 0):
        raise ValueError("leaves that are not all the nodes beside the runs")
    for k in range(<size_t> leaves.size):
        if ad_tape_run_of(result.tape, (<int64_t *> cnp.PyArray_DATA(leaves))[k]) != NULL:
            raise ValueError("a leaf that is computed")
    return result


cdef bint lacks_operations(const ad_tape *t, Trace loaded) except -1:
    """Whether a list that no run or check reads names what is no constant.

    Runs are left out where they read constants alone; early writers looked at the first entry of
    a list, and the lists of what they left out wrongly are still there."""
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
    """(first guard, file, line) of comparisons, as guard_line() tells them."""
    trace.lines = lines


def lines_of(Trace trace not None):
    return list(trace.root().lines or ())


def code_names():
    """Name of each operation and block, by what a run's code means: ({op: name}, {kind: name})."""
    return ({op: ad_op_rows[op].name.decode() for op in range(AD_OP_COUNT)},
            {kind: ad_block_name(kind).decode() for kind in range(AD_BLOCK_MATMUL + 1)})


BLOCK_FORM = AD_FORM_BLOCK


def are_inputs(Trace trace not None, cnp.ndarray nodes):
    """Whether these nodes are leaves that are no constants, each named once."""
    cdef ad_tape *t = trace.tape
    for node in nodes.tolist():
        if ad_is_constant(t, <ad_node> node) or ad_tape_run_of(t, <ad_node> node) != NULL:
            return False
    return len(set(nodes.tolist())) == len(nodes.tolist())
