# SPDX-License-Identifier: Apache-2.0
# Derivatives inside a trace.  If an outer trace records the values of an inner transform, the
# sweeps of the inner transform are recorded as operations on the outer tape.

cdef object expand_on(Trace root, size_t first_run, size_t last_run, ad_node first_node,
                      cnp.ndarray seeded, cnp.ndarray seeds, cnp.ndarray wanted, bint forward):
    """The nodes of the tangents (or adjoints) of the nodes `wanted`, for given nodes of seeds."""
    cdef ad_segment segment
    cdef size_t known = root.tape.nodes
    cdef cnp.ndarray carried = unpatched_full(known, AD_NO_NODE, dtype=np.uint32)
    cdef ad_node *node = <ad_node *> cnp.PyArray_DATA(carried)
    cdef ad_node *at = <ad_node *> cnp.PyArray_DATA(seeded)
    cdef ad_node *seed = <ad_node *> cnp.PyArray_DATA(seeds)
    cdef ad_node zero
    cdef Py_ssize_t k
    check(ad_tape_constant(root.tape, 0.0, &zero))
    for k in range(cnp.PyArray_SIZE(seeded)):
        if seed[k] == zero:
            continue
        if node[at[k]] == AD_NO_NODE:
            node[at[k]] = seed[k]
        else:                   # the same node is an output twice
            check(ad_tape_binary(root.tape, op_add, node[at[k]], seed[k], &node[at[k]]))
    segment.tape = root.tape
    segment.first_run = first_run
    segment.last_run = last_run
    segment.first_node = first_node
    if forward:
        check(ad_expand_forward(&segment, node))
    else:
        check(ad_expand_reverse(&segment, node))
    return carried_nodes(node, wanted, zero)


cdef cnp.ndarray carried_nodes(const ad_node *carried, cnp.ndarray wanted, ad_node zero):
    """The nodes of the tangents (or adjoints) of `wanted`; the node `zero` where there is none."""
    cdef cnp.ndarray nodes = contiguous(wanted, dtype_node)
    cdef cnp.ndarray found = cnp.PyArray_EMPTY(cnp.PyArray_NDIM(nodes), cnp.PyArray_DIMS(nodes),
                                               cnp.NPY_UINT32, 0)
    cdef const ad_node *at = <const ad_node *> cnp.PyArray_DATA(nodes)
    cdef ad_node *to = <ad_node *> cnp.PyArray_DATA(found)
    cdef Py_ssize_t k
    for k in range(cnp.PyArray_SIZE(nodes)):
        to[k] = zero if carried[at[k]] == AD_NO_NODE else carried[at[k]]
    return found


def gradient_of(Trace trace not None, cnp.ndarray inputs, cnp.ndarray outputs,
                cnp.ndarray multipliers, bint variable=False):
    """(trace, inputs, gradient, seeds): a copy of a closed recording on a new trace, extended by
    the gradient of the sum of its outputs, each times its multiplier (float64).  seeds are the
    nodes of the multipliers: inputs if they are variable, else constants."""
    cdef Trace result = new_trace(trace.fun)
    cdef ad_node offset, first
    cdef size_t K = <size_t> cnp.PyArray_SIZE(outputs), limit = result.tape.limit
    cdef cnp.ndarray dense = contiguous(multipliers, dtype_float)
    result.most = trace.root().most
    if result.most != 0:
        result.tape.limit = min(limit, result.most)
    try:
        result.open()
        if result.most != 0 and ad_lower_edges(trace.root().tape) > result.most:
            check(AD_TAPE_FULL)         # lists of this length would be made before any node
        check(ad_tape_append(result.tape, trace.root().tape, &offset))
        result.places, result.placed = trace.root().places, result.tape.runs
        if variable:
            check(ad_tape_inputs(result.tape, K, &first))
        else:
            check(ad_tape_constants(result.tape, K, &first))
        write_values(result.tape, first, cnp.PyArray_DATA(dense), K)
        seeds = np.arange(first, first + K, dtype=np.uint32)
        found = expand_on(result, 0, result.tape.runs, 0, outputs + np.uint32(offset), seeds,
                          inputs + np.uint32(offset), False)
        refuse_swallowed(result)
    finally:
        if result.tape != NULL:         # NULL if it was merged into another trace
            result.tape.limit = limit
        result.close()
    return result, inputs + np.uint32(offset), found, seeds


cdef class Segment:
    """A finished recording as a part of a tape that still records.  It was merged into an outer
    trace while it ran, or copied there because its derivative has a traced seed."""

    cdef Trace root
    cdef size_t first_run, last_run
    cdef ad_node first_node
    cdef readonly object inputs, outputs

    def product(self, seeds, bint forward):
        """J times D seeds (forward) or J^T times K seeds, as a flat traced array."""
        self.follow()
        nodes = [unpatched_asarray(nodes_of(self.root, seed)).ravel() for seed in seeds]
        flat = np.concatenate(nodes).astype(np.uint32) if nodes else unpatched_zeros(0, np.uint32)
        source, target = (self.inputs, self.outputs) if forward else (self.outputs, self.inputs)
        found = expand_on(self.root, self.first_run, self.last_run, self.first_node, source, flat,
                          target, forward)
        return owning_array(self.root, found, False)

    cdef int follow(self) except -1:
        """Move to the tape that the root has been merged into meanwhile; EscapedTraceError if it
        has ended."""
        if not self.root.usable() and (not self.root.live or self.root.merged is None):
            self.root.refuse()
        while self.root.merged is not None:
            self.inputs = self.inputs + np.uint32(self.root.offset)
            self.outputs = self.outputs + np.uint32(self.root.offset)
            self.first_node += self.root.offset
            self.first_run += self.root.first_run
            self.last_run += self.root.first_run
            self.root = self.root.merged
        return 0


def segment_of(Trace trace not None, inputs, outputs, seeds=None):
    """The Segment of a finished trace: on the trace that it was merged into, or as a copy on the
    running trace that the traced `seeds` belong to; None if there is no such trace."""
    cdef Segment segment = Segment()
    cdef ad_node offset
    cdef Trace outer
    if trace.merged is not None:
        segment.root = trace.root()
        segment.first_run = trace.first_run
        segment.last_run = trace.last_run
        segment.first_node = trace.first_node
        segment.inputs = inputs
        segment.outputs = outputs
        return segment
    outer = trace_of(tuple(seeds)) if seeds is not None else None
    if outer is None:
        return None
    segment.root = outer
    segment.first_run = outer.tape.runs
    check(ad_tape_append(outer.tape, trace.tape, &offset))
    segment.last_run = outer.tape.runs
    segment.first_node = offset
    segment.inputs = inputs + np.uint32(offset)
    segment.outputs = outputs + np.uint32(offset)
    return segment


def repeated_on_trace(Trace trace not None, cnp.ndarray inputs, cnp.ndarray outputs, row):
    """(outputs as a flat traced array, []): a closed recording once more on the running trace that
    the flat traced array `row` belongs to, at its values.  If the outcome of a guard changes there,
    (None, a list with the first such guard).  The inputs are the first nodes of the recording."""
    cdef ad_node offset
    cdef Trace outer, again
    cdef size_t n = <size_t> cnp.PyArray_SIZE(inputs)
    cdef cnp.ndarray index
    if not np.array_equal(np.sort(inputs), np.arange(n, dtype=np.uint32)):
        raise NotImplementedError("a recording whose inputs are not its first nodes")
    row = row[np.argsort(inputs)]
    again, flipped = replayed(trace, np.arange(n, dtype=np.uint32), values_of(row))
    if flipped:
        return None, flipped
    copy = fresh_copy(row)
    outer = trace_of((copy,)).root()
    index = contiguous(unpatched_asarray(nodes_of(outer, copy)))
    if n > 0 and not (<ad_node *> cnp.PyArray_DATA(index))[0] + n == outer.tape.nodes:
        raise NotImplementedError("a copy that is not at the end of its tape")
    check(ad_tape_append_after(outer.tape, again.tape, n, &offset))
    return owning_array(outer, outputs + np.uint32(offset), False), []
