# SPDX-License-Identifier: Apache-2.0
# Elementwise functions that are given by rules, such as ufuncs of SciPy.  A rule is called for all
# elements and all points of a batch at once.  It has values(arrays) and slopes(arrays, result), the
# partials, for numbers or arrays of its m elements; values also for arrays of m x points.  Its
# recorded() gives the slopes as a recording.  If the value is a ufunc, its own loop is called from
# the second time on (binding/record/ufunc_loops.pxi).

cdef dict elementwise_ufuncs = {}           # ufunc -> the function of operands that replaces it
cdef object np_float64 = np.float64


def set_elementwise(ufunc, function):
    """Set the function that call_elementwise() calls for a ufunc of traced numbers."""
    elementwise_ufuncs[ufunc] = function


cdef list each_given(size_t n, size_t m, size_t points, const double *x):
    """The n / m operands: numbers, or new arrays that the rule may keep or change."""
    cdef size_t k
    if m * points == 1:
        return [np_float64(x[k]) for k in range(n)]
    return [new_copy(m, 0 if points == 1 else points, x + k * m * points) for k in range(n // m)]


cdef ad_status each_values(void *c, size_t n, size_t m, size_t points, const double *x,
                           double *y) noexcept nogil:
    cdef called *own = <called *> c
    cdef ufunc_loop *loop = <ufunc_loop *> own.loop
    if loop != NULL:
        run_loop(loop, m, points, x, y)
        return AD_OK if own.object == NULL else raised_by_loop()
    if own.object == NULL:
        return AD_CALL_FAILED
    with gil:
        running = ad_current
        set_current(NULL)
        try:
            if not own.loop_known:
                (<Called> own.object).find_loop()
            take(rule_of(c).values(each_given(n, m, points, x)), m * points, y)
            return AD_OK
        except BaseException as error:
            raised.error = error
            return AD_CALL_FAILED
        finally:
            set_current(running)


cdef ad_status each_product(void *c, size_t n, const double *x, size_t m, const double *y, size_t p,
                            const double *seed, double *out, bint backward) noexcept nogil:
    cdef size_t k, at
    with gil:
        running = ad_current
        set_current(NULL)
        try:
            result = np_float64(y[0]) if m == 1 else new_copy(m, 0, y)
            slopes = rule_of(c).slopes(each_given(n, m, 1, x), result)
            if not backward:
                memset(out, 0, m * p * sizeof(double))
            for k in range(n // m):
                at = k * m * p          # the offset of the operand's numbers
                scale_by(slopes[k], m, p, seed + (0 if backward else at),
                         out + (at if backward else 0), not backward)
            return AD_OK
        except BaseException as error:
            raised.error = error
            return AD_CALL_FAILED
        finally:
            set_current(running)


cdef int scale_by(object slope, size_t m, size_t p, const double *seed, double *out,
                  bint add) except -1:
    """Multiply each row of p seeds by its slope and add it to out, or write it.  An exact zero
    times an infinity or NaN is zero."""
    cdef double number = 0, t
    cdef const double *at = &number
    cdef cnp.ndarray dense
    cdef size_t i, q, step = 0
    if PyFloat_Check(slope):
        number = PyFloat_AS_DOUBLE(slope)
    else:
        if type(slope) is not np_ndarray or slope.shape != (m,):
            slope = np.broadcast_to(slope, (m,))
        dense = contiguous(slope, dtype_float)
        at = <double *> cnp.PyArray_DATA(dense)
        step = 1
    for i in range(m):
        for q in range(p):
            t = seed[i * p + q]
            t = 0.0 if t == 0.0 or at[i * step] == 0.0 else at[i * step] * t
            out[i * p + q] = out[i * p + q] + t if add else t
    return 0


cdef ad_status each_slopes(void *c, ad_graph *g, size_t n, const uint32_t *x, size_t m, uint32_t y,
                           uint32_t *slope) noexcept nogil:
    cdef called *own = <called *> c
    cdef ad_status status = AD_CALL_FAILED
    cdef ad_term *given
    cdef size_t k
    if own.tape == NULL:
        return status
    given = <ad_term *> ad_alloc(n + m, sizeof(ad_term))
    if given == NULL:
        return AD_NO_MEMORY
    memcpy(given, x, n * sizeof(ad_term))
    for k in range(m):
        given[n + k] = y + <uint32_t> k
    status = ad_lower_onto(own.tape, n + m, own.read, given, n, own.slope, g, slope)
    ad_free(given)
    return status


cdef bint is_number(object x):
    return PyFloat_CheckExact(x) or type(x) is np_float64 or PyLong_CheckExact(x)


cdef bint is_plain(object x):
    return is_number(x) or type(x) is np_ndarray and (<cnp.ndarray> x).descr.kind != b"O"


def call_elementwise(function, tuple operands):
    """An elementwise function of numbers, some of which may be traced, or of traced arrays of one
    shape and numbers.  Returns NotImplemented for all else, which needs the general path.

    function: has value, of_operands(operands, m), which returns a Called of m elements, and last,
    which is None or (operands of the last call on numbers, its Called), with None in the places of
    traced operands."""
    cdef Trace trace = None
    cdef TracedScalar s
    cdef ad_node nodes[MAXARITY]
    cdef ad_node first
    cdef ad_operand read
    cdef Called call = None
    cdef double result
    cdef size_t n = 0
    cdef list numbers = []
    if len(operands) != len(function.partials):
        return NotImplemented
    if all([is_plain(x) for x in operands]):
        return untraced(function.value, *operands)
    for x in operands:
        if type(x) is TracedScalar:
            s = <TracedScalar> x
            if (n == MAXARITY or s.truth or not is_innermost(s.trace)
                    or ad_is_constant(s.trace.tape, s.node)):
                return NotImplemented
            trace = s.trace
            nodes[n] = s.node
            n += 1
            numbers.append(np_float64(trace.tape.value[s.node]))
        elif is_number(x):
            numbers.append(x)
        elif type(x) is TracedArray and n == 0:
            return elementwise_on_arrays(function, operands)
        else:
            return NotImplemented
    last = function.last
    if last is not None and same_operands(<tuple> last[0], operands):
        call = <Called> last[1]
    else:
        call = <Called> function.of_operands(operands, 1)
    found = untraced(function.value, *numbers)
    if not PyFloat_Check(found) or not is_innermost(trace):
        return NotImplemented
    result = PyFloat_AS_DOUBLE(found)
    read.nodes = nodes
    check(ad_tape_call(trace.tape, &call.c, n, &read, 1, &result, &first))
    return new_scalar(trace, first)


cdef object elementwise_on_arrays(function, tuple operands):
    """The same for traced arrays of one shape in C order, and numbers."""
    cdef TracedArray like = None, x
    cdef cnp.ndarray index, shape_of_index, result
    cdef Trace trace
    cdef Called call
    cdef ad_operand read
    cdef ad_status status
    cdef ad_node first
    cdef size_t m, n
    cdef list indices = [], given = []
    for operand in operands:
        if type(operand) is not TracedArray:
            if not is_number(operand):
                return NotImplemented
            given.append(operand)
            continue
        x = <TracedArray> operand
        if x.truth or x.count or x.spaced or not is_innermost(x.trace) or only_constants(x):
            return NotImplemented
        index = x.indices()
        if not cnp.PyArray_IS_C_CONTIGUOUS(index):
            return NotImplemented
        if like is None:
            like, shape_of_index = x, index
        elif not cnp.PyArray_SAMESHAPE(index, shape_of_index):
            return NotImplemented
        indices.append(index)
        given.append(values_of(x))
    trace = like.trace
    m = <size_t> cnp.PyArray_SIZE(shape_of_index)
    if m == 0 or cnp.PyArray_NDIM(shape_of_index) == 0:
        return NotImplemented
    call = <Called> function.of_operands(operands, m)
    found = untraced(function.value, *given)
    if type(found) is not np_ndarray or not is_innermost(trace):
        return NotImplemented
    result = <cnp.ndarray> found
    if (result.descr.type_num != cnp.NPY_DOUBLE or not cnp.PyArray_IS_C_CONTIGUOUS(result)
            or not cnp.PyArray_SAMESHAPE(result, shape_of_index)):
        return NotImplemented
    if len(indices) == 1:
        index = shape_of_index
    else:
        index = np.concatenate([(<cnp.ndarray> part).ravel() for part in indices])
    n = <size_t> cnp.PyArray_SIZE(index)
    read.nodes = <ad_node *> cnp.PyArray_DATA(index)
    with nogil:
        status = ad_tape_call(trace.tape, &call.c, n, &read, m,
                              <double *> cnp.PyArray_DATA(result), &first)
    check(status)
    return new_array(trace, consecutive(first, cnp.PyArray_NDIM(result), cnp.PyArray_DIMS(result)),
                     False)


cdef bint same_operands(tuple known, tuple operands):
    """Whether the same operands are traced, and the others are the same objects."""
    if len(known) != len(operands):
        return False
    for a, b in zip(known, operands):
        if a is not b and (a is not None or type(b) is not TracedScalar):
            return False
    return True
