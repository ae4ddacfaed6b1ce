# SPDX-License-Identifier: Apache-2.0
# The inner loop of a ufunc that computes the values of an elementwise rule, such as one of SciPy's.
# A program calls it for all its points without Python and without the GIL.

cdef enum:
    MOST_OPERANDS = 8


cdef struct ufunc_loop:
    ad_loop_fn function
    void *data
    size_t operands
    const char *fixed[MOST_OPERANDS]    # the elements of an operand that is not traced, or NULL
    intptr_t step[MOST_OPERANDS]        # the bytes from one to the next; 0 for a number


cdef ufunc_loop *new_loop(rule, list kept) except? NULL:
    """The loop of a rule with a ufunc for its value; NULL if it has none for these operands, or
    several results.  kept: gets the arrays that the loop reads."""
    cdef PyUFuncObject *ufunc
    cdef ufunc_loop *loop
    cdef cnp.ndarray array
    cdef int slot
    cdef size_t k
    function = rule.function.value
    if not isinstance(function, np.ufunc) or function.nout != 1 or function.nin > MOST_OPERANDS:
        return NULL
    given = [dtype_float if x is None else np.asarray(x).dtype for x in rule.fixed]
    try:
        types = function.resolve_dtypes((*given, None))
    except TypeError:
        return NULL
    ufunc = <PyUFuncObject *> function
    slot = loop_of_types(ufunc, types)
    if slot < 0 or types[len(types) - 1] != dtype_float:
        return NULL
    for k in range(<size_t> ufunc.nin):
        kept.append(None if rule.fixed[k] is None else
                    np.array(rule.fixed[k], dtype=types[k], order="C", ndmin=1))
        if rule.fixed[k] is None and types[k] != dtype_float:
            return NULL
    loop = <ufunc_loop *> ad_alloc_zeroed(1, sizeof(ufunc_loop))
    if loop == NULL:
        raise MemoryError()
    loop.function = <ad_loop_fn> ufunc.functions[slot]
    loop.data = ufunc.data[slot]
    loop.operands = <size_t> ufunc.nin
    for k in range(loop.operands):
        if kept[k] is not None:
            array = kept[k]
            loop.fixed[k] = <const char *> cnp.PyArray_DATA(array)
            loop.step[k] = array.descr.itemsize if cnp.PyArray_SIZE(array) > 1 else 0
    return loop


cdef int loop_of_types(PyUFuncObject *ufunc, tuple types) except -2:
    """The number of a ufunc's loop for these types; -1 if there is none."""
    cdef int nargs = ufunc.nin + ufunc.nout, k, j
    for k in range(ufunc.ntypes):
        for j in range(nargs):
            if ufunc.types[k * nargs + j] != <int> types[j].num:
                break
        else:
            return k if ufunc.functions[k] != NULL else -1
    return -1


cdef void run_loop(const ufunc_loop *loop, size_t m, size_t points, const double *x,
                   double *y) noexcept nogil:
    """Compute m results at all points from the traced operands x, each m x points numbers."""
    cdef char *pointers[MOST_OPERANDS + 1]
    cdef intptr_t strides[MOST_OPERANDS + 1]
    cdef intptr_t count = <intptr_t> points
    cdef size_t j, k, at
    cdef bint varies = False    # whether a fixed operand is another one for each result
    for k in range(loop.operands):
        varies = varies or loop.step[k] != 0
    if not varies or points == 1:       # all in one call
        count = <intptr_t> (m * points)
        m = 1 if m else 0
    for j in range(m):
        at = 0
        for k in range(loop.operands):
            if loop.fixed[k] != NULL:
                pointers[k] = <char *> loop.fixed[k] + <intptr_t> j * loop.step[k]
                strides[k] = loop.step[k] if points == 1 else 0
            else:
                pointers[k] = <char *> (x + at + j * points)
                strides[k] = sizeof(double)
                at += <size_t> count if m == 1 else m * points
        pointers[loop.operands] = <char *> (y + j * points)
        strides[loop.operands] = sizeof(double)
        loop.function(pointers, &count, strides, loop.data)


cdef ad_status raised_by_loop() noexcept nogil:
    """The status after run_loop(), whose ufunc may raise if scipy.special.errstate asks for it."""
    ad_float_begin()            # NumPy resets the flags after a loop as well
    with gil:
        try:
            check_raised()
            return AD_OK
        except BaseException as error:
            raised.error = error
            return AD_CALL_FAILED
