# SPDX-License-Identifier: Apache-2.0
# Functions whose derivatives are given by rules.  On the tape they are calls, for which the core
# calls back into Python.  A rule has value(x), push(x, y, tangents) and pull(x, y, adjoints) on
# flat arrays (tangents and adjoints are matrices with a column for each seed), and record(x, y,
# seeds, backward) on traced arrays.  The rules of elementwise functions are in
# binding/record/elementwise_rules.pxi.

cdef object raised = threading.local()      # .error: an exception that a rule raised


cdef cnp.ndarray new_copy(size_t rows, size_t columns, const double *x):
    """A copy of numbers of the core as a new array, which a rule may keep or change."""
    cdef cnp.npy_intp dims[2]
    cdef cnp.ndarray array
    dims[0] = rows
    dims[1] = columns
    array = cnp.PyArray_EMPTY(1 if columns == 0 else 2, dims, cnp.NPY_DOUBLE, 0)
    memcpy(cnp.PyArray_DATA(array), x, rows * max(columns, <size_t> 1) * sizeof(double))
    return array


cdef int take(object found, size_t count, double *to) except -1:
    cdef cnp.ndarray array = contiguous(found, dtype_float)
    if <size_t> cnp.PyArray_SIZE(array) != count:
        raise ValueError(f"a rule returned {cnp.PyArray_SIZE(array)} numbers, but {count} are "
                         f"needed")
    memcpy(to, cnp.PyArray_DATA(array), count * sizeof(double))
    return 0


cdef inline object rule_of(void *c):
    return (<Called> (<called *> c).object).rule


cdef ad_status rule_value(void *c, size_t n, const double *x, size_t m,
                          double *y) noexcept nogil:
    if (<called *> c).elementwise:
        return each_values(c, n, m, 1, x, y)
    cdef ad_linear *linear = (<called *> c).linear
    cdef ad_status status = AD_CALL_FAILED if linear == NULL else ad_linear_value(linear, x, y)
    m -= (<called *> c).outcome
    if status != AD_CALL_FAILED:
        if status == AD_OK and ad_linear_undetermined(linear, y):
            if (<called *> c).object == NULL and (<called *> c).undetermined:
                return AD_CALL_FAILED
            ad_count_up(&(<called *> c).met)
        if (<called *> c).outcome:
            y[m] = 1
        return status
    if (<called *> c).object == NULL:
        return status
    with gil:
        running = ad_current
        set_current(NULL)
        try:
            (<Called> (<called *> c).object).evaluate(new_copy(n, 0, x), m, y)
            if (<called *> c).undetermined and not without_derivative(<called *> c, m, y):
                if rule_of(c).missing(new_copy(n, 0, x), new_copy(m, 0, y)).any():
                    ad_count_up(&(<called *> c).met)
            return AD_OK
        except BaseException as error:
            raised.error = error
            return AD_CALL_FAILED
        finally:
            set_current(running)


cdef inline bint without_derivative(const called *c, size_t m, const double *y) noexcept nogil:
    """Whether the rule need not be called for a derivative, because it has no results or raised an
    exception."""
    return c.outcome and (m == 0 or y[m] == 0)


cdef inline void fill(double *to, size_t count, double value) noexcept nogil:
    cdef size_t k
    for k in range(count):
        to[k] = value


cdef ad_status rule_push(void *c, size_t n, const double *x, size_t m, const double *y,
                         size_t p, const double *tangent, double *out) noexcept nogil:
    if (<called *> c).elementwise:
        return each_product(c, n, x, m, y, p, tangent, out, False)
    cdef ad_linear *linear = (<called *> c).linear
    cdef ad_status status = AD_CALL_FAILED
    m -= (<called *> c).outcome
    fill(out + m * p, (<called *> c).outcome * p, 0)
    if without_derivative(<called *> c, m, y):
        fill(out, m * p, NAN)
        return AD_OK
    if linear != NULL:
        status = ad_linear_push(linear, x, y, p, tangent, out)
    if status == AD_OK:
        return zero_items(<called *> c, False, n, m, p, tangent, out)
    if status != AD_CALL_FAILED or (<called *> c).object == NULL:
        return status
    with gil:
        running = ad_current
        set_current(NULL)
        suppress_errors(1)
        try:
            take(rule_of(c).push(new_copy(n, 0, x), new_copy(m, 0, y), new_copy(n, p, tangent)),
                 m * p, out)
            return zero_items(<called *> c, False, n, m, p, tangent, out)
        except BaseException as error:
            raised.error = error
            return AD_CALL_FAILED
        finally:
            suppress_errors(-1)
            set_current(running)


cdef ad_status rule_pull(void *c, size_t n, const double *x, size_t m, const double *y,
                         size_t p, const double *adjoint, double *out) noexcept nogil:
    if (<called *> c).elementwise:
        return each_product(c, n, x, m, y, p, adjoint, out, True)
    cdef ad_linear *linear = (<called *> c).linear
    cdef ad_status status = AD_CALL_FAILED
    m -= (<called *> c).outcome
    if without_derivative(<called *> c, m, y):
        fill(out, n * p, 0 if m == 0 else NAN)
        return AD_OK
    if linear != NULL:
        status = ad_linear_pull(linear, x, y, p, adjoint, out)
    if status == AD_OK:
        return zero_items(<called *> c, True, n, m, p, adjoint, out)
    if status != AD_CALL_FAILED or (<called *> c).object == NULL:
        return status
    with gil:
        running = ad_current
        set_current(NULL)
        suppress_errors(1)
        try:
            take(rule_of(c).pull(new_copy(n, 0, x), new_copy(m, 0, y), new_copy(m, p, adjoint)),
                 n * p, out)
            return zero_items(<called *> c, True, n, m, p, adjoint, out)
        except BaseException as error:
            raised.error = error
            return AD_CALL_FAILED
        finally:
            suppress_errors(-1)
            set_current(running)


cdef int rule_curves(void *c) noexcept nogil:
    cdef const called *own = <const called *> c
    return own.linear != NULL and not own.undetermined and ad_linear_curves(own.linear)


cdef ad_status rule_curve(void *c, size_t n, const double *x, const double *dx, size_t m,
                          const double *y, const double *dy, const double *w, const double *dw,
                          double *out) noexcept nogil:
    cdef ad_status status = AD_CALL_FAILED
    if not without_derivative(<called *> c, m - (<called *> c).outcome, y):
        status = ad_linear_curve((<called *> c).linear, x, dx, y, dy, w, dw, out)
    if status != AD_CALL_FAILED:
        return status
    fill(out, n, NAN)
    return AD_OK


cdef Trace trace_on(ad_tape *tape):
    """The running trace of this thread that records on a tape."""
    cdef Trace trace = innermost()
    while trace is not None:
        if trace.root().tape == tape:
            return trace.root()
        trace = trace.outer
    raise RuntimeError("internal error: a tape that no running trace records on")


cdef object row_of_nodes(Trace trace, ad_node first, size_t count):
    cdef cnp.npy_intp shape = <cnp.npy_intp> count
    return new_array(trace, consecutive(first, 1, &shape), False)


cdef cnp.ndarray listed_nodes(size_t n, const uint32_t *nodes):
    cdef cnp.npy_intp dims[1]
    dims[0] = n
    cdef cnp.ndarray array = cnp.PyArray_EMPTY(1, dims, cnp.NPY_UINT32, 0)
    memcpy(cnp.PyArray_DATA(array), nodes, n * sizeof(uint32_t))
    return array


cdef ad_status rule_expand(void *c, ad_tape *tape, int backward, size_t n,
                           const uint32_t *input, size_t m, uint32_t first, const uint32_t *seed,
                           uint32_t *out) noexcept nogil:
    cdef size_t own = m - (<called *> c).outcome, count = n if backward else m, k
    with gil:
        suppress_errors(1)
        try:
            trace = trace_on(tape)
            if own < m:         # the outcome has zero derivatives
                check(ad_tape_constant(tape, 0, &out[0]))
                for k in range(count):
                    out[k] = out[0]
            if own == 0:
                return AD_OK
            x = owning_array(trace, listed_nodes(n, input), False)
            y = row_of_nodes(trace, first, own)
            seeds = owning_array(trace, listed_nodes(own if backward else n, seed), False)
            found = rule_of(c).record(x, y, seeds, bool(backward))
            take_nodes(trace, found, n if backward else own, out)
            return AD_OK
        except BaseException as error:
            raised.error = error
            return AD_CALL_FAILED
        finally:
            suppress_errors(-1)


cdef int take_nodes(Trace trace, object found, size_t count, uint32_t *out) except -1:
    cdef cnp.ndarray nodes = contiguous(nodes_of(trace, found), np.uint32)
    if <size_t> cnp.PyArray_SIZE(nodes) != count:
        raise ValueError(f"a rule returned {cnp.PyArray_SIZE(nodes)} numbers, but {count} are "
                         f"needed")
    memcpy(out, cnp.PyArray_DATA(nodes), count * sizeof(uint32_t))
    return 0


cdef void rule_keep(void *c) noexcept nogil:
    with gil:
        Py_INCREF(<object> (<called *> c).object)


cdef void rule_drop(void *c) noexcept nogil:
    with gil:
        Py_DECREF(<object> (<called *> c).object)


cdef int rule_elementwise(void *c) noexcept nogil:
    return (<called *> c).elementwise


cdef int set_callbacks() except -1:
    cdef ad_callbacks callbacks
    callbacks.value = rule_value
    callbacks.push = rule_push
    callbacks.pull = rule_pull
    callbacks.expand = rule_expand
    callbacks.keep = rule_keep
    callbacks.drop = rule_drop
    callbacks.elementwise = rule_elementwise
    callbacks.curves = rule_curves
    callbacks.curve = rule_curve
    callbacks.blocks = rule_blocks
    callbacks.most_points = most_points
    callbacks.at_points = at_points
    callbacks.slopes = each_slopes
    ad_callbacks_set(&callbacks)
    return 0


set_callbacks()


def record_call(Called call not None, tuple arguments, size_t m, y):
    """Record the call of a rule at arrays, some of which are traced, and its outcome, if it has
    one, as a guard.  Returns its m results as a flat traced array.

    y: the flat value of the rule, perhaps with a 1 for the outcome; None: not known yet."""
    cdef Trace trace = needed_trace(arguments)
    cdef cnp.ndarray nodes, values = None
    cdef double *known = NULL
    cdef ad_node first
    cdef ad_operand read
    cdef ad_status status
    cdef size_t n
    parts = [nodes_of(trace, x) for x in arguments]
    root = needed_trace(arguments)
    if root is not trace:                       # a merge has renumbered them
        trace = root
        parts = [nodes_of(trace, x) for x in arguments]
    parts = [contiguous(part, np.uint32).reshape(-1) for part in parts]
    nodes = parts[0] if len(parts) == 1 else np.concatenate(parts)
    if y is not None:
        values = contiguous(y, dtype_float)
        if <size_t> cnp.PyArray_SIZE(values) < m + call.c.outcome:
            values = np.append(values, 1.0)
        known = <double *> cnp.PyArray_DATA(values)
    n = <size_t> cnp.PyArray_SIZE(nodes)
    read.nodes = <ad_node *> cnp.PyArray_DATA(nodes)
    if call.c.outcome:          # only such calls, which no other thread has yet, look at this
        call.recording = True
    with nogil:
        status = ad_tape_call(trace.tape, &call.c, n, &read, m + call.c.outcome, known, &first)
    if call.c.outcome:
        call.recording = False
    check(status)
    if call.c.linear != NULL:
        for n in range(m):
            if is_nonfinite(trace.tape.value[first + n]):
                set_float_noted(1)
    if call.c.outcome:
        trace.note_guards()
        trace.note_compared(call.expected)
        check(ad_tape_guard(trace.tape, first + <ad_node> m, 1))
    return row_of_nodes(trace, first, m)


def record_outcome(rule, tuple arguments, error):
    """Record as a guard that a rule without results raises this exception at these arrays, or that
    it returns (error is None)."""
    record_call(Called(rule, None, True, type_and_text(error)), arguments, 0, ())


def guarded_call(Trace trace not None, size_t guard):
    """The Called whose outcome a guard checks; None for guards of comparisons."""
    cdef ad_tape *tape = trace.root().tape
    cdef const ad_run *run
    cdef called *c
    if tape.guard[guard].count != 1:
        return None
    run = ad_tape_run_of(tape, tape.guard[guard].first)
    if run == NULL or run.form != AD_FORM_BLOCK or run.op != AD_BLOCK_CALL:
        return None
    c = <called *> tape.rule[tape.block[run.a].rule]
    last = run.node + tape.block[run.a].count - 1
    return <Called> c.object if c.outcome and last == tape.guard[guard].first else None


def untraced(function, *arguments):
    """Call a function as if no trace ran: NumPy's creation functions return plain arrays."""
    running = ad_current
    refusal = None
    set_current(NULL)
    try:
        return function(*arguments)
    except NotDifferentiable as error:
        refusal = error
        raise
    finally:
        set_current(running)
        if refusal is not None:
            remember(refusal)


def called_rules(Trace trace not None):
    """The rules that a recording calls."""
    cdef ad_tape *tape = trace.root().tape
    return [rule_of(tape.rule[k]) for k in range(tape.rules)]


cdef cnp.ndarray call_operands(const ad_tape *tape, const ad_block *block):
    cdef cnp.npy_intp dims[1]
    dims[0] = block.extent[1].count
    cdef cnp.ndarray nodes = cnp.PyArray_EMPTY(1, dims, cnp.NPY_UINT32, 0)
    ad_call_nodes(tape, block, <ad_node *> cnp.PyArray_DATA(nodes))
    return nodes


cdef bint may_be_undetermined(const ad_tape *tape) noexcept:
    cdef size_t k
    for k in range(tape.rules):
        if (<called *> tape.rule[k]).undetermined:
            return True
    return False


def undetermined_calls(Trace trace not None):
    """(rule, operand nodes, nodes of the rule's own results) of the calls whose results are, at
    some points, not determined by their arguments."""
    cdef const ad_tape *tape = trace.root().tape
    cdef const ad_run *run
    cdef const ad_block *block
    cdef const called *c
    cdef size_t k
    found = []
    for k in range(tape.runs if may_be_undetermined(tape) else 0):
        run = &tape.run[k]
        if run.form != AD_FORM_BLOCK or run.op != AD_BLOCK_CALL:
            continue
        block = &tape.block[run.a]
        c = <const called *> tape.rule[block.rule]
        if c.undetermined:
            results = np.arange(run.node, run.node + block.count - c.outcome, dtype=np.uint32)
            found.append((rule_of(<void *> c), call_operands(tape, block), results))
    return found


def undetermined_met(Trace trace not None):
    """How often such calls have been evaluated, so far, at points where their results were not
    determined."""
    cdef const ad_tape *tape = trace.root().tape
    cdef size_t k, count = 0
    for k in range(tape.rules):
        count += (<called *> tape.rule[k]).met
    return count
