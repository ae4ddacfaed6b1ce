# SPDX-License-Identifier: Apache-2.0
# Records running folds (NumPy's ufunc.accumulate), reductions of groups of elements, and
# correlations.


cdef enum:
    FEW_ROWS = 8        # fewer are recorded one after the other: a run on an array costs more


def record_running(ufunc, TracedArray x not None):
    """The folds of the first k + 1 elements of x along its first axis, for all k, by a ufunc with
    two operands that has a row."""
    cdef cnp.ndarray index = x.indices(), nodes
    cdef int ndim = cnp.PyArray_NDIM(index)
    cdef size_t n = cnp.PyArray_DIM(index, 0), size = cnp.PyArray_SIZE(index), rows, r
    cdef unsigned op = ufunc_ops[ufunc]
    cdef Trace trace = x.trace
    cdef int64_t stride[2]
    cdef int64_t alone[2]       # of a single row, as a matrix with one column
    cdef ad_operand operand, row
    cdef ad_node first = 0, made
    if size == 0:
        return marked(owning_array(trace, index.copy(), False), x.dtype)
    rows = size // n
    if rows < FEW_ROWS and ndim > 1:        # a row's results follow one another
        index = np.moveaxis(index, 0, -1)
    operand.stride = stride
    alive = matrix_operand(&operand, index, stride, ndim - 1 if rows < FEW_ROWS else 1)
    if rows < FEW_ROWS:
        row = operand
        alone[0] = stride[1]
        alone[1] = 0
        row.stride = alone
        for r in range(rows):
            row.base = <ad_node> (operand.base + <int64_t> r * stride[0])
            row.nodes = operand.nodes + r * n if operand.nodes != NULL else NULL
            check(ad_tape_running(trace.tape, op, n, 1, &row, &made))
            first = made if r == 0 else first
    else:
        check(ad_tape_running(trace.tape, op, n, rows, &operand, &first))
    nodes = consecutive(first, ndim, cnp.PyArray_DIMS(index))
    # while a trace within this one has inputs, these become constants when it ends
    if trace.inner is not None or any_constant(trace.tape, first, size):
        nodes = nodes.copy()
    if rows < FEW_ROWS and ndim > 1:
        nodes = np.moveaxis(nodes, -1, 0)
    return marked(new_array(trace, nodes, False), x.dtype)


cdef object matrix_operand(ad_operand *x, cnp.ndarray index, int64_t *stride, int split):
    """Describe an index array as a matrix, whose rows are its first `split` axes.  Returns the
    object that keeps the memory of a list alive."""
    cdef Prepared p
    cdef int ndim = cnp.PyArray_NDIM(index)
    alive = prepare(&p, index, ndim, cnp.PyArray_DIMS(index))
    x.base = p.base
    x.nodes = p.nodes
    if p.nodes == NULL and not (one_stride(index, p.stride, 0, split, &stride[0])
                                and one_stride(index, p.stride, split, ndim, &stride[1])):
        alive = contiguous(index)
        x.nodes = <ad_node *> cnp.PyArray_DATA(<cnp.ndarray> alive)
    return alive


cdef bint one_stride(cnp.ndarray index, const int64_t *given, int start, int stop, int64_t *stride):
    """Whether one stride describes the axes [start, stop) in C order; writes it."""
    cdef int d
    cdef int64_t count = 1
    stride[0] = 0
    for d in range(stop - 1, start - 1, -1):
        if cnp.PyArray_DIM(index, d) == 1:
            continue
        if count == 1:
            stride[0] = given[d]
        elif given[d] != stride[0] * count:
            return False
        count *= cnp.PyArray_DIM(index, d)
    return True


cdef bint any_constant(const ad_tape *tape, ad_node first, size_t n):
    cdef size_t k
    for k in range(n):
        if ad_is_constant(tape, <ad_node> (first + k)):
            return True
    return False


cdef cnp.ndarray group_nodes(str kind, TracedArray x, places, size_t groups, ad_node empty):
    """The nodes of the reductions of the elements of x that have the same number in `places`, one
    for each of the groups; `empty` for groups without elements."""
    cdef cnp.ndarray given = contiguous(x.indices())
    cdef cnp.ndarray of = contiguous(places, np.int64)
    cdef cnp.npy_intp size = groups
    cdef size_t k
    if cnp.PyArray_SIZE(given) != cnp.PyArray_SIZE(of):
        raise ValueError(f"{given.size} elements at {of.size} places")
    cdef const int64_t *place = <const int64_t *> cnp.PyArray_DATA(of)
    for k in range(<size_t> cnp.PyArray_SIZE(of)):
        if not 0 <= place[k] < <int64_t> groups:
            raise IndexError(f"a place is not in [0, {groups})")
    cdef cnp.ndarray nodes = filled(empty, 1, &size)
    check(ad_tape_reduce_groups(
        x.trace.tape, block_kinds[kind], cnp.PyArray_SIZE(given),
        <ad_node *> cnp.PyArray_DATA(given), place, groups, <ad_node *> cnp.PyArray_DATA(nodes)))
    return nodes


def record_groups(str kind, TracedArray x not None, places, size_t groups):
    """The reduction (sum, max, min) of the elements of x that have the same number in `places`, as
    a vector with one element for each of the groups; 0 for groups without elements."""
    cdef ad_node zero
    x.indices()                                 # its trace may have been merged
    check(ad_tape_constant(x.trace.tape, 0.0, &zero))
    return owning_array(x.trace, group_nodes(kind, x, places, groups, zero), False)


def record_places(str kind, TracedArray x not None, places, size_t groups):
    """(The numbers of the groups that have elements, ascending, and their reductions.)"""
    cdef cnp.ndarray nodes = group_nodes(kind, x, places, groups, AD_NO_NODE)
    cdef ad_node *node = <ad_node *> cnp.PyArray_DATA(nodes)
    cdef cnp.npy_intp count = 0
    cdef size_t k
    for k in range(groups):
        count += node[k] != AD_NO_NODE
    cdef cnp.ndarray numbers = cnp.PyArray_EMPTY(1, &count, cnp.NPY_INTP, 0)
    cdef cnp.ndarray found = cnp.PyArray_EMPTY(1, &count, cnp.NPY_UINT32, 0)
    cdef cnp.npy_intp *number = <cnp.npy_intp *> cnp.PyArray_DATA(numbers)
    cdef ad_node *to = <ad_node *> cnp.PyArray_DATA(found)
    count = 0
    for k in range(groups):
        if node[k] != AD_NO_NODE:
            number[count], to[count] = k, node[k]
            count += 1
    return numbers, owning_array(x.trace, found, False)


def record_correlation(a, v, int64_t shift, int64_t count):
    """For k < count, the sum over r of a[k + r - shift] v[r], over all r for which both exist."""
    cdef Trace trace = needed_trace((a, v))
    cdef cnp.ndarray left = affine_nodes(trace, a)
    cdef cnp.ndarray right = affine_nodes(trace, v)
    cdef int64_t length[2]
    cdef int64_t step[2]
    cdef cnp.npy_intp size = count
    cdef ad_node first
    left = affine_nodes(trace, a) if is_traced(a) else left     # v may have merged its trace
    length[0], length[1] = cnp.PyArray_DIM(left, 0), cnp.PyArray_DIM(right, 0)
    step[0], step[1] = cnp.PyArray_STRIDE(left, 0) // 4, cnp.PyArray_STRIDE(right, 0) // 4
    check(ad_tape_correlate(trace.tape, length, (<ad_node *> cnp.PyArray_DATA(left))[0],
                            (<ad_node *> cnp.PyArray_DATA(right))[0], step, shift, count, &first))
    return new_array(trace, consecutive(first, 1, &size), False)
