# SPDX-License-Identifier: Apache-2.0
# Recording block operations: reductions, running sums, matrix products.

cdef dict block_kinds = {"sum": AD_BLOCK_SUM, "max": AD_BLOCK_MAX, "min": AD_BLOCK_MIN,
                         "cumsum": AD_BLOCK_CUMSUM}


def record_reduction(str kind, TracedArray x not None, int inner):
    """Reduce x over its last `inner` dimensions (sum, max, min), or take the running sum
    along its last one (cumsum: the result has x's shape)."""
    cdef cnp.ndarray index = x.indices()
    cdef int ndim = cnp.PyArray_NDIM(index), outer = ndim - inner, d
    cdef int64_t shape[MAXDIMS]
    cdef Prepared p
    cdef ad_operand operand
    cdef ad_node first
    if only_constants(x):
        return plain_reduction(kind, values_of(x), inner)
    for d in range(ndim):
        shape[d] = cnp.PyArray_DIM(index, d)
    alive = prepare(&p, index, ndim, cnp.PyArray_DIMS(index))
    operand.base = p.base
    operand.stride = p.stride
    operand.nodes = p.nodes
    check(ad_tape_reduce(x.trace.tape, block_kinds[kind], outer, inner, shape, &operand, &first))
    if kind == "cumsum":
        return new_array(x.trace, consecutive(first, ndim, cnp.PyArray_DIMS(index)), False)
    if outer == 0:
        return new_scalar(x.trace, first)
    return new_array(x.trace, consecutive(first, outer, cnp.PyArray_DIMS(index)), False)


cdef object plain_reduction(str kind, object values, int inner):
    """The same of constants: a number, or a buffer of them."""
    if kind == "cumsum":
        return buffer_of(np.cumsum(values, axis=-1))
    return buffer_of(getattr(np, kind)(values, axis=tuple(range(-inner, 0))))


cdef cnp.ndarray affine_nodes(Trace trace, object x):
    """The index array of a traced array or plain array as an affine rule; nodes that lie
    scattered are copied to consecutive ones."""
    if is_traced(x):
        index = (<TracedArray> x).indices()
        if is_consecutive(index) or index.size == 0:
            return index
        return (<TracedArray> as_traced_array(elementwise(op_positive, (x,)))).indices()
    return constant_nodes(trace, real_array(x, "an operand of matmul"))


def record_matmul(a, b):
    """The product of two stacks of matrices, (B, M, K) and (B, K, N), as one block run."""
    cdef Trace trace = needed_trace((a, b))
    if is_constant(a) and is_constant(b):
        return buffer_of(np.matmul(values_of(a), values_of(b)))
    cdef cnp.ndarray left = affine_nodes(trace, a)
    cdef cnp.ndarray right = affine_nodes(trace, b)
    cdef int64_t extents[4]
    cdef int64_t left_stride[3]
    cdef int64_t right_stride[3]
    cdef cnp.npy_intp shape[3]
    cdef ad_node first
    cdef int d
    left = affine_nodes(trace, a) if is_traced(a) else left     # follow a merge
    extents[0] = cnp.PyArray_DIM(left, 0)
    extents[1] = cnp.PyArray_DIM(left, 1)
    extents[2] = cnp.PyArray_DIM(left, 2)
    extents[3] = cnp.PyArray_DIM(right, 2)
    shape[0] = extents[0]
    shape[1] = extents[1]
    shape[2] = extents[3]
    for d in range(3):
        left_stride[d] = cnp.PyArray_STRIDE(left, d) // 4
        right_stride[d] = cnp.PyArray_STRIDE(right, d) // 4
    if extents[2] == 0:
        return uniform((shape[0], shape[1], shape[2]), 0.0)
    if extents[0] * extents[1] * extents[3] == 0:
        first = 0
    else:
        check(ad_tape_matmul(trace.tape, extents, (<ad_node *> cnp.PyArray_DATA(left))[0],
                             left_stride, (<ad_node *> cnp.PyArray_DATA(right))[0], right_stride,
                             &first))
    return new_array(trace, consecutive(first, 3, shape), False)


def index_array(x):
    """The node index array of a traced value (read it, do not write it)."""
    needed_trace((x,))
    return (<TracedArray> as_traced_array(x)).indices()


def from_index(TracedArray x not None, index):
    """x seen through an index array that NumPy made from x's own: a view where it shares
    memory, an array of its own where it does not, a scalar where NumPy made one."""
    if isinstance(index, np.generic):
        return view_of(x, unpatched_asarray(index))[()]
    return view_of(x, index)


def from_nodes(x, index):
    """A new traced array of given nodes on the trace of x."""
    cdef Trace trace = needed_trace((x,))
    return marked(owning_array(trace, unpatched_array(index, dtype=np.uint32), False), x.dtype)


def nodes_on_trace_of(tuple values):
    """The nodes of several values, traced or not, on the one trace they belong to; the
    first traced one among them says which."""
    cdef Trace trace = needed_trace(values)
    return [unpatched_asarray(nodes_of(trace, value)) for value in values]


def stacked(list arrays):
    """Arrays of one shape along a new first axis: consecutive nodes if their own follow one
    another, so that the whole is an affine rule; otherwise what np.stack makes.

    The nodes of an affine rule are all constants or none, so arrays of constants stay apart, and
    so does everything where a trace within this one has inputs, which its end makes constants."""
    cdef TracedArray first
    cdef cnp.ndarray index
    cdef cnp.npy_intp shape[MAXDIMS]
    cdef size_t next_node = 0, size = 0
    cdef int d, ndim
    for k, x in enumerate(arrays):
        if type(x) is not TracedArray:
            return np.stack(arrays)
        index = (<TracedArray> x).indices()
        if cnp.PyArray_SIZE(index) == 0 or not is_run(index) or is_whole(x):
            return np.stack(arrays)
        if (<TracedArray> x).trace.inner is not None or only_constants(<TracedArray> x):
            return np.stack(arrays)
        if k > 0 and (<ad_node *> cnp.PyArray_DATA(index))[0] != next_node:
            return np.stack(arrays)
        size = <size_t> cnp.PyArray_SIZE(index)
        next_node = (<ad_node *> cnp.PyArray_DATA(index))[0] + size
    first = <TracedArray> arrays[0]
    ndim = cnp.PyArray_NDIM(first.index)
    shape[0] = len(arrays)
    for d in range(ndim):
        shape[d + 1] = cnp.PyArray_DIM(first.index, d)
    return new_array(first.trace, consecutive(<ad_node> (next_node - shape[0] * size), ndim + 1,
                                              shape), False)


cdef cnp.ndarray places_among(cnp.ndarray places, cnp.ndarray counts):
    """Places as int64, each of which is a number of counts."""
    if places.size and not 0 <= places.min() <= places.max() < counts.size:
        raise IndexError(f"a place that is not in [0, {counts.size})")
    return contiguous(places, np.int64)


def table_of_places(cnp.ndarray nodes, cnp.ndarray places, cnp.ndarray counts, ad_node filling):
    """A row for each place that has nodes: these in order, then the filling; counts[k] of the
    nodes are at place k."""
    cdef cnp.ndarray of = places_among(places, counts)
    cdef cnp.ndarray given = contiguous(nodes)
    cdef cnp.ndarray there = np.asarray(counts, np.int64) > 0
    cdef int64_t longest = int(counts.max()) if counts.size else 0
    cdef cnp.ndarray starts = (np.cumsum(there, dtype=np.int64) - 1) * longest
    cdef cnp.ndarray left = np.array(counts, np.int64)
    cdef cnp.ndarray table = unpatched_empty((np.count_nonzero(there), longest), dtype=np.uint32)
    cdef const int64_t *place = <int64_t *> cnp.PyArray_DATA(of)
    cdef int64_t *at = <int64_t *> cnp.PyArray_DATA(starts)
    cdef int64_t *room = <int64_t *> cnp.PyArray_DATA(left)
    cdef const ad_node *node = <ad_node *> cnp.PyArray_DATA(given)
    cdef ad_node *to = <ad_node *> cnp.PyArray_DATA(table)
    cdef Py_ssize_t k
    if given.size != of.size:
        raise ValueError(f"{given.size} nodes at {of.size} places")
    table.fill(filling)
    for k in range(of.size):
        if room[place[k]] == 0:
            raise ValueError("more nodes at a place than its count says")
        room[place[k]] -= 1
        to[at[place[k]]] = node[k]
        at[place[k]] += 1
    return table


def order_of_places(cnp.ndarray places, cnp.ndarray counts):
    """The stable order of integers from 0 on, in one pass; counts[k] of them are k."""
    cdef cnp.ndarray of = places_among(places, counts)
    cdef cnp.ndarray ends = np.cumsum(counts, dtype=np.int64)
    cdef cnp.ndarray order = unpatched_empty(places.size, dtype=np.int64)
    cdef const int64_t *place = <int64_t *> cnp.PyArray_DATA(of)
    cdef int64_t *end = <int64_t *> cnp.PyArray_DATA(ends)
    cdef int64_t *to = <int64_t *> cnp.PyArray_DATA(order)
    cdef Py_ssize_t k
    for k in range(of.size - 1, -1, -1):
        if end[place[k]] == 0:
            raise ValueError("more elements at a place than its count says")
        end[place[k]] -= 1
        to[end[place[k]]] = k
    return order


def constant_index(x, double value):
    """The node of a constant on the trace of x."""
    cdef ad_node node
    cdef Trace trace = needed_trace((x,))
    check(ad_tape_constant(trace.tape, value, &node))
    return np.uint32(node)


def current_values(x):
    """The values of a traced value as they are now, a plain array."""
    return values_of(x)


def is_constant(x):
    """Whether a traced array holds constants only."""
    return type(x) is TracedArray and only_constants(<TracedArray> x)


def traced(x):
    """Whether x is a traced value itself."""
    return is_traced(x)


def object_array(x):
    """An object array of numbers and traced scalars as a traced (or plain) array."""
    return array_of_objects(x)


def copy_of(TracedArray x not None, order="K"):
    """A traced array with an index memory of its own."""
    return copied(x, order)


def locked(x):
    """A view that NumPy makes read-only, as such."""
    (<TracedArray> x).read_only = True
    return x


def set_locked(TracedArray x not None, bint locked):
    """Make an array read-only, or writable again where NumPy would."""
    if not locked and x.read_only and x.whole is not None and x.whole is not x:
        raise ValueError("cannot set WRITEABLE flag to True of this array")
    x.read_only = locked


def is_locked(TracedArray x not None):
    """Whether an array is read-only."""
    return x.read_only


def part_of_complex(TracedArray x not None):
    """A view of a part of a complex array, which is not contiguous as the part itself is."""
    cdef TracedArray y = <TracedArray> view_of(x, x.indices())
    y.spaced = True
    return y


def is_spaced(x):
    """Whether x is a view of a part of a complex array, or of such a view."""
    return type(x) is TracedArray and (<TracedArray> x).spaced


def base_of(TracedArray x not None):
    """The array that this one is a view of; None: it is no view."""
    x.indices()
    return x.whole


def set_items(x, key, value):
    """x[key] = value for a traced array x."""
    assign(x, key, value)


def plain_function(str name):
    """NumPy's own creation function, whatever stands in its place during a trace."""
    return originals[name]


def as_array(x):
    """A traced scalar as a 0-d traced array; traced arrays as they are."""
    return as_traced_array(x)
