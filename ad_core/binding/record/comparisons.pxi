# SPDX-License-Identifier: Apache-2.0
# The comparisons of a recording, for ad_core.recording.bisection: which nodes were compared.

cdef enum:
    BISECTION_STEPS = 10        # the fewest of a bisection
    # Kinds of comparisons.  A test of the sign of a product (left * right < 0), or whether two
    # signs are equal, is a test of each factor against zero, for which -1 stands in place of a
    # node.
    TEST_ORDER
    TEST_LEFT_FACTOR
    TEST_RIGHT_FACTOR


cdef int refuse_bisection(Trace trace, cnp.ndarray inputs) except -1:
    """Raise an error if a function that has been recorded found a root by bisection.  A recording
    that continues on an outer trace's tape is left to that trace."""
    if trace.merged is None and has_comparisons(trace.tape):
        untraced(hooks.refuse_bisection, trace, inputs)
    return 0


cdef bint has_comparisons(const ad_tape *t) noexcept:
    """Whether a recording has as many comparisons as a bisection."""
    cdef size_t i, count = 0
    for i in range(t.runs):
        count += is_test_run(&t.run[i])
    return count >= BISECTION_STEPS


def tests_by_line(Trace trace not None):
    """The scalar comparisons on which control flow depended, by the user's line, for lines with at
    least BISECTION_STEPS of them: {(file, line): array with rows (kind, left node, right node)}, in
    order."""
    cdef Trace root = trace.root()
    cdef const ad_tape *t = root.tape
    cdef size_t guard
    cdef list nodes
    by_line = {}
    for guard, file, line, _ in root.lines or ():
        by_line.setdefault((file, line), []).append(guard)
    found = {}
    for place, guards in by_line.items():
        if len(guards) < BISECTION_STEPS:
            continue
        nodes = []
        for guard in guards:
            if guard < t.guards and t.guard[guard].count == 1:
                nodes.append(t.guard[guard].first)
        found[place] = tests_of(t, nodes)
    return found


def may_bisect(Trace trace not None, cnp.ndarray tests not None, tuple strides):
    """Whether, among tests as tests_by_line() returns them, the differences of the compared numbers
    move by halves, for some kind of test and some number of tests in a step (strides).  In all
    other recordings nothing else has to be examined."""
    cdef const ad_tape *t = trace.root().tape
    cdef const int64_t *row = <int64_t *> cnp.PyArray_DATA(tests)
    cdef size_t n = cnp.PyArray_DIM(tests, 0), k, count, start, stride
    cdef cnp.npy_intp room = n
    cdef cnp.ndarray gaps = cnp.PyArray_EMPTY(1, &room, cnp.NPY_DOUBLE, 0)
    cdef double *gap = <double *> cnp.PyArray_DATA(gaps)
    cdef int kind
    for kind in (TEST_ORDER, TEST_LEFT_FACTOR, TEST_RIGHT_FACTOR):
        count = 0
        for k in range(n):
            if row[3 * k] == kind:
                gap[count] = value_or_zero(t, row[3 * k + 1]) - value_or_zero(t, row[3 * k + 2])
                count += 1
        for stride in strides:
            for start in range(min(stride, count)):
                if ad_moves_by_halves((count - start + stride - 1) // stride, stride, gap + start):
                    return True
    return False


cdef inline double value_or_zero(const ad_tape *t, int64_t node) noexcept:
    return 0 if node < 0 else t.value[node]


def moves_by_halves(cnp.ndarray numbers not None):
    """ad_moves_by_halves() of a flat array of float64."""
    cdef cnp.ndarray x = contiguous(numbers, dtype_float)
    return ad_moves_by_halves(cnp.PyArray_SIZE(x), 1, <double *> cnp.PyArray_DATA(x))


def tests_without_line(Trace trace not None, size_t most):
    """The comparisons on which no control flow depended, or of arrays, by their operation and size,
    for those with at least BISECTION_STEPS of them: a list of arrays as above, for each of at most
    `most` elements that are spread over the compared arrays."""
    cdef const ad_tape *t = trace.root().tape
    cdef size_t i, k, n, m
    guarded = set([t.guard[i].first for i in range(t.guards) if t.guard[i].count == 1])
    by_kind = {}
    for i in range(t.runs):
        if is_test_run(&t.run[i]) and t.run[i].node not in guarded:
            by_kind.setdefault((t.run[i].op, ad_run_count(t, &t.run[i])), []).append(t.run[i].node)
    found = []
    for (_, n), firsts in by_kind.items():
        if len(firsts) >= BISECTION_STEPS:
            m = min(n, most)
            found += [tests_of(t, [first + k * n // m for first in firsts]) for k in range(m)]
    return found


cdef inline bint is_test_run(const ad_run *run) noexcept:
    return run.form != AD_FORM_BLOCK and run.arity == 2 and ad_op_rows[run.op].is_test


cdef cnp.ndarray tests_of(const ad_tape *t, list nodes):
    """The rows of the tests at these nodes."""
    cdef cnp.npy_intp dims[2]
    dims[0] = 2 * len(nodes)
    dims[1] = 3
    cdef cnp.ndarray rows = cnp.PyArray_EMPTY(2, dims, cnp.NPY_INT64, 0)
    cdef int64_t *to = <int64_t *> cnp.PyArray_DATA(rows)
    cdef Py_ssize_t count = 0
    cdef ad_node node
    for node in nodes:
        count += write_test(t, node, to + 3 * count)
    return rows[:count]


cdef int write_test(const ad_tape *t, ad_node node, int64_t *to) noexcept:
    """Write the one or two rows of the test at a node.  Returns their number, 0 for no test."""
    cdef const ad_run *run = ad_tape_run_of(t, node)
    cdef ad_edge pair[2]
    cdef ad_edge left[2]
    cdef ad_edge right[2]
    if run == NULL or not is_test_run(run):
        return 0
    ad_node_edges(t, node, 2, pair)
    if (is_operation(t, pair[0].operand, op_multiply) and ad_is_constant(t, pair[1].operand)
            and t.value[pair[1].operand] == 0):
        ad_node_edges(t, pair[0].operand, 2, left)
        to[0], to[1], to[2] = TEST_LEFT_FACTOR, left[0].operand, -1
        to[3], to[4], to[5] = TEST_RIGHT_FACTOR, left[1].operand, -1
        return 2
    if is_operation(t, pair[0].operand, op_sign) and is_operation(t, pair[1].operand, op_sign):
        ad_node_edges(t, pair[0].operand, 2, left)
        ad_node_edges(t, pair[1].operand, 2, right)
        to[0], to[1], to[2] = TEST_LEFT_FACTOR, left[0].operand, -1
        to[3], to[4], to[5] = TEST_RIGHT_FACTOR, right[0].operand, -1
        return 2
    to[0], to[1], to[2] = TEST_ORDER, pair[0].operand, pair[1].operand
    return 1


cdef bint is_operation(const ad_tape *t, ad_node node, unsigned op) noexcept:
    cdef const ad_run *run = ad_tape_run_of(t, node)
    return run != NULL and run.form != AD_FORM_BLOCK and run.op == op


def refusals_allowed(Trace trace not None):
    """Whether refusals in a trace are not remembered (ad_core.allow_refusals)."""
    return trace.allowed != 0 or ad_allowances != 0
