# SPDX-License-Identifier: Apache-2.0
# A tape read node by node, for printing.

def node_rows(Trace trace not None):
    """For every node: (op name or None for a leaf, is constant, value, operands, partials)."""
    cdef ad_tape *tape = trace.root().tape
    cdef const ad_run *run
    cdef ad_edge *edges = NULL
    cdef size_t count, k, room = 0
    rows = []
    try:
        for node in range(tape.nodes):
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
    """What the trace's tape holds: counts and bytes."""
    cdef ad_tape *tape = trace.root().tape
    return {"nodes": tape.nodes, "partials": tape.partials, "list entries": tape.lists,
            "runs": tape.runs, "array runs": tape.spans, "block runs": tape.blocks,
            "guards": tape.guards, "bytes": ad_tape_bytes(tape)}
