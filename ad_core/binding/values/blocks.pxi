# SPDX-License-Identifier: Apache-2.0
# Records block operations (reductions, running sums, matrix products), and holds the functions by
# which the Python layer reads and builds index arrays.

cdef dict block_kinds = {"sum": AD_BLOCK_SUM, "max": AD_BLOCK_MAX, "min": AD_BLOCK_MIN,
                         "cumsum": AD_BLOCK_CUMSUM}


def record_reduction(str kind, TracedArray x not None, int inner):
    """Record a reduction of x over its last `inner` dimensions (sum, max, min), or the running sum
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
    """A reduction of constants: a number, or a buffer of numbers."""
    if kind == "cumsum":
        return buffer_of(np.cumsum(values, axis=-1))
    return buffer_of(getattr(np, kind)(values, axis=tuple(range(-inner, 0))))


cdef cnp.ndarray affine_nodes(Trace trace, object x):
    """The index array of a traced or plain array in affine form, that is with consecutive nodes.
    An array with scattered nodes is recorded as a copy."""
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
    left = affine_nodes(trace, a) if is_traced(a) else left     # b may have merged its trace
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
    """The index array of a traced value, for reading only."""
    needed_trace((x,))
    return (<TracedArray> as_traced_array(x)).indices()


def from_index(TracedArray x not None, index):
    """The traced value for an index array that NumPy computed from that of x: a view if both share
    memory, else a new array, or a scalar if NumPy returned one."""
    if isinstance(index, np.generic):
        return view_of(x, unpatched_asarray(index))[()]
    return view_of(x, index)


def from_nodes(x, index):
    """A new traced array with the given nodes on the trace of x."""
    cdef Trace trace = needed_trace((x,))
    return marked(owning_array(trace, unpatched_array(index, dtype=np.uint32), False), x.dtype)


def nodes_on_trace_of(tuple values):
    """The nodes of several traced and plain values, on the trace that they belong to."""
    cdef Trace trace = needed_trace(values)
    return [unpatched_asarray(nodes_of(trace, value)) for value in values]


def stacked(list arrays):
    """Arrays of one shape along a new first axis.  If their nodes follow one another, the result is
    in affine form; otherwise it is that of np.stack.

    In affine form either all nodes are constants or none is.  So arrays of constants are not joined
    in this way, nor are any arrays while a trace within this one has inputs, because these become
    constants when it ends."""
    cdef TracedArray first
    cdef cnp.ndarray index
    cdef cnp.npy_intp shape[MAXDIMS]
    cdef size_t next_node = 0, size = 0
    cdef int d, ndim
    for k, x in enumerate(arrays):
        if type(x) is not TracedArray:
            return np.stack(arrays)
        index = (<TracedArray> x).indices()
        if cnp.PyArray_SIZE(index) == 0 or not is_run(index) or is_discrete(x):
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
    """Places as int64; IndexError unless all are positions in counts."""
    if places.size and not 0 <= places.min() <= places.max() < counts.size:
        raise IndexError(f"a place is not in [0, {counts.size})")
    return contiguous(places, np.int64)


def table_of_places(cnp.ndarray nodes, cnp.ndarray places, cnp.ndarray counts, ad_node filling):
    """A table with a row for each place that has nodes: these in order, then the filling.
    counts[k] is the number of nodes at place k."""
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
    """The stable sorting order of integers >= 0, in one pass.  counts[k] of them are k."""
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
    """The present values of a traced value, as a plain array."""
    return values_of(x)


def is_constant(x):
    """Whether x is a traced array that contains only constants."""
    return type(x) is TracedArray and only_constants(<TracedArray> x)


def traced(x):
    """Whether x is a traced array or scalar."""
    return is_traced(x)


def object_array(x):
    """An object array of numbers and traced scalars as a traced array, or a plain one if it
    contains no traced values."""
    return array_of_objects(x)


def copy_of(TracedArray x not None, order="K"):
    """A copy of a traced array, with its own index array."""
    return copied(x, order)


def locked(x):
    """Make a view read-only, where NumPy returns a read-only one; returns it."""
    (<TracedArray> x).read_only = True
    return x


def set_locked(TracedArray x not None, bint locked):
    """Make an array read-only, or writable again if NumPy allows that."""
    if not locked and x.read_only and x.base is not None and x.base is not x:
        raise ValueError("cannot set WRITEABLE flag to True of this array")
    x.read_only = locked


def is_locked(TracedArray x not None):
    """Whether an array is read-only."""
    return x.read_only


def part_of_complex(TracedArray x not None):
    """A view of the real or imaginary part of a complex array.  It is not contiguous for NumPy,
    although its nodes may be."""
    cdef TracedArray y = <TracedArray> view_of(x, x.indices())
    y.spaced = True
    return y


def is_spaced(x):
    """Whether x is a view of the real or imaginary part of a complex array, or of such a view."""
    return type(x) is TracedArray and (<TracedArray> x).spaced


def base_of(TracedArray x not None):
    """The array that this one is a view of; None if it is not a view."""
    x.indices()
    return x.base


def set_items(x, key, value):
    """x[key] = value for a traced array x."""
    assign(x, key, value)


def plain_function(str name):
    """NumPy's own creation function of this name, also while a trace replaces it."""
    return originals[name]


def as_array(x):
    """A traced scalar as a 0-d traced array; traced arrays as they are."""
    return as_traced_array(x)


def known_array(x):
    """x as a traced or plain array, if it is a traced value or an array of NumPy without objects;
    else None."""
    if type(x) is TracedArray:
        return x
    if type(x) is TracedScalar:
        return as_traced_array(x)
    if type(x) is np_ndarray and (<cnp.ndarray> x).descr.type_num != cnp.NPY_OBJECT:
        return x
    return None


def float_array(x):
    """The same for traced floats and arrays of float64 only."""
    if is_discrete(x):
        return None
    if type(x) is np_ndarray and (<cnp.ndarray> x).descr.type_num != cnp.NPY_DOUBLE:
        return None
    return known_array(x)


def holds_variable(item):
    """Whether nested arguments hold a traced number, or a traced array that is not constant."""
    if type(item) is TracedScalar:
        return True
    if type(item) is TracedArray:
        return not only_constants(<TracedArray> item)
    if type(item) is dict:
        return holds_variable(list((<dict> item).values()))
    if type(item) is tuple or type(item) is list:
        for part in item:
            if holds_variable(part):
                return True
    return False
