# SPDX-License-Identifier: Apache-2.0
# Reads a tape node by node, for tables and error messages.

def node_rows(Trace trace not None):
    """For every node: (op name or None for a leaf, is constant, value, operands, partials)."""
    cdef ad_tape *tape = trace.root().tape
    cdef const ad_run *run
    cdef ad_edge *edges = NULL
    cdef size_t count, k, room = 0
    rows = []
    try:
        for node in range(tape.nodes):
            check_signals()
            run = ad_tape_run_of(tape, node)
            op = None
            if run != NULL:
                op = (ad_block_name(run.op) if run.form == AD_FORM_BLOCK
                      else ad_op_row(run.op).ufunc).decode()
            count = ad_node_edges(tape, node, 0, NULL)
            if count > room:
                PyMem_Free(edges)
                edges = <ad_edge *> PyMem_Malloc(count * sizeof(ad_edge))
                if edges == NULL:
                    raise MemoryError()
                room = count
            ad_node_edges(tape, node, room, edges)
            rows.append((op, bool(ad_is_constant(tape, node)), tape.value[node],
                         tuple([edges[k].operand for k in range(count)]),
                         tuple([edges[k].partial for k in range(count)])))
    finally:
        PyMem_Free(edges)
    return rows


def tape_size(Trace trace not None):
    """The contents of a trace's tape: counts and bytes, with those kept for its next replay."""
    cdef Trace root = trace.root()
    cdef ad_tape *tape = root.tape
    cdef size_t spare = own_bytes(root.spare) if root.spare != NULL else 0
    return {"nodes": tape.nodes, "partials": tape.partials, "list entries": tape.lists,
            "runs": tape.runs, "array runs": tape.spans, "block runs": tape.blocks,
            "guards": tape.guards, "bytes": ad_tape_bytes(tape) + spare}


def first_nonfinite(Trace trace not None, cnp.ndarray outputs, bint derivative):
    """(name, run, value): the first operation that the outputs need and whose result is nonfinite
    although its operands are finite.  With derivative, a nonfinite partial counts as well.  None if
    there is no such operation."""
    cdef ad_tape *tape = trace.root().tape
    cdef const ad_run *run
    cdef ad_edge *edges = NULL
    cdef cnp.ndarray nodes = contiguous(outputs, np.uint32)
    cdef uint8_t *needed
    cdef size_t count, k, node
    cdef bint operands_finite
    cdef double nonfinite
    marks = unpatched_zeros(tape.nodes, np.uint8)
    needed = <uint8_t *> cnp.PyArray_DATA(<cnp.ndarray> marks)
    marks[nodes] = 1
    found = None
    for node in range(tape.nodes, 0, -1):
        node -= 1
        if not needed[node] or ad_is_constant(tape, <ad_node> node):
            continue
        run = ad_tape_run_of(tape, <ad_node> node)
        if run == NULL:
            continue
        count = ad_node_edges(tape, <ad_node> node, 0, NULL)
        edges = <ad_edge *> ad_alloc(count, sizeof(ad_edge))
        if edges == NULL:
            raise MemoryError()
        ad_node_edges(tape, <ad_node> node, count, edges)
        operands_finite = True
        nonfinite = tape.value[node]
        for k in range(count):
            needed[edges[k].operand] = 1
            operands_finite = operands_finite and is_finite(tape.value[edges[k].operand])
            if derivative and is_finite(nonfinite) and not is_finite(edges[k].partial):
                nonfinite = edges[k].partial
        if operands_finite and not is_finite(nonfinite):
            name = (ad_block_name(run.op) if run.form == AD_FORM_BLOCK
                    else ad_op_row(run.op).ufunc).decode()
            found = name, run - tape.run, nonfinite
        ad_free(edges)
    return found


cdef inline bint is_finite(double x) noexcept:
    return x - x == 0
