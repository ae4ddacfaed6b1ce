# SPDX-License-Identifier: Apache-2.0
# Rules at many points at once, and rules of stacks, whose items do not affect each other.

cdef enum:
    MOST_POINTS = 1024          # of a rule in Python: further ones save little


cdef int set_stack(called *c, rule) except -1:
    """Describe the items of a stack: arrays and results have the stack's shape as leading axes."""
    cdef list shapes = [*rule.inputs, *rule.outputs]
    cdef size_t k, items = 1
    for k in range(<size_t> len(rule.stack)):
        items *= <size_t> rule.stack[k]
    c.item = <size_t *> ad_alloc(len(shapes), sizeof(size_t))
    if c.item == NULL:
        raise MemoryError()
    for k in range(<size_t> len(shapes)):
        c.item[k] = 1
        for size in shapes[k][len(rule.stack):]:
            c.item[k] *= <size_t> size
    c.arrays[0] = <size_t> len(rule.inputs)
    c.arrays[1] = <size_t> len(rule.outputs)
    c.blocks = items
    return 0


cdef size_t rule_blocks(void *c, int results, size_t count, uint32_t *block) noexcept nogil:
    """The items of a stack.  The result for the outcome is in a block of its own."""
    cdef const called *own = <const called *> c
    cdef const size_t *item
    cdef size_t k, b, i, at = 0
    if block == NULL:
        return max(own.blocks, <size_t> 1)
    memset(block, 0, count * sizeof(uint32_t))
    if own.blocks <= 1:
        return 1
    item = own.item + (own.arrays[0] if results else 0)
    for k in range(own.arrays[results]):
        for b in range(own.blocks):
            for i in range(item[k]):
                block[at] = <uint32_t> b
                at += 1
    if at < count:
        block[at] = <uint32_t> own.blocks
    return own.blocks


cdef size_t most_points(void *c, ad_call_mode mode) noexcept nogil:
    cdef const called *own = <const called *> c
    if own.elementwise:
        return MOST_POINTS if mode == AD_CALL_VALUE else 1
    if own.linear != NULL:
        return ad_linear_most_points(own.linear, mode != AD_CALL_VALUE)
    return MOST_POINTS if own.blocks > 0 else 1


cdef ad_status at_points(void *c, ad_call_mode mode, size_t n, size_t m, size_t p, size_t points,
                         const double *x, double *out, unsigned char *left) noexcept nogil:
    cdef called *own = <called *> c
    cdef size_t k, results = m - own.outcome
    cdef const double *y = x + n * points
    cdef const double *outcome = y + results * points
    cdef const double *seed = y + m * points
    cdef ad_status status = AD_OK
    if own.elementwise:
        return each_values(c, n, m, points, x, out)
    if own.linear == NULL:
        status = stack_at_points(own, mode, n, results, p, points, x, seed, out, left)
    elif mode == AD_CALL_VALUE:
        ad_linear_values_at(own.linear, points, x, out, left)
    else:
        ad_linear_products_at(own.linear, mode == AD_CALL_PULL, points, p, x, y, seed, out, left)
    if mode == AD_CALL_VALUE:
        fill(out + results * points, own.outcome * points, 1)
        return status
    if mode == AD_CALL_PUSH:
        fill(out + results * p * points, own.outcome * p * points, 0)
    for k in range(points if own.outcome else 0):
        if outcome[k] == 0:         # the call raised an exception there
            left[k] = 1
    return status


cdef ad_status stack_at_points(called *own, ad_call_mode mode, size_t n, size_t m, size_t p,
                               size_t points, const double *x, const double *seed, double *out,
                               unsigned char *left) noexcept nogil:
    """The rule in Python, called once.  An exception that it raises for one point it raises again
    when it is called for this point."""
    cdef bint back = mode == AD_CALL_PULL
    cdef size_t k
    with gil:
        running = ad_current
        set_current(NULL)
        suppress_errors(1)
        try:
            rule = rule_of(own)
            arrays = new_copy(n, points, x)
            if mode == AD_CALL_VALUE:
                results = rule.value_at_points(arrays)
                take(results, m * points, out)
                if own.undetermined:
                    for missing in rule.missing_at_points(arrays, results):
                        if missing:
                            ad_count_up(&own.met)
            else:
                seeds = new_copy((m if back else n) * p, points, seed)
                results = new_copy(m, points, x + n * points)
                found = rule.product_at_points(arrays, results, seeds, back)
                take(found, (n if back else m) * p * points, out)
            return AD_OK
        except Exception:
            for k in range(points):
                left[k] = 1
            return AD_OK
        except BaseException as error:
            raised.error = error
            return AD_CALL_FAILED
        finally:
            suppress_errors(-1)
            set_current(running)


cdef ad_status zero_items(called *own, bint backward, size_t n, size_t m, size_t p,
                          const double *seed, double *out) noexcept nogil:
    """Write zeros to the products of items of a stack with zero seeds, if the products are not all
    finite: what another item computes does not affect them."""
    cdef size_t given = m if backward else n, found = n if backward else m, k, q
    cdef uint32_t *block
    cdef unsigned char *some
    if own.blocks <= 1 or ad_all_finite(found * p, out):
        return AD_OK
    block = <uint32_t *> ad_alloc(n + m, sizeof(uint32_t))
    some = <unsigned char *> ad_alloc_zeroed((own.blocks + 1) * p, 1)
    if block != NULL and some != NULL:
        rule_blocks(own, backward, given, block)
        for k in range(given):
            for q in range(p):
                if seed[k * p + q] != 0:
                    some[block[k] * p + q] = 1
        rule_blocks(own, not backward, found, block)
        for k in range(found):
            for q in range(p):
                if not some[block[k] * p + q]:
                    out[k * p + q] = 0
    ad_free(block)
    ad_free(some)
    return AD_OK if block != NULL and some != NULL else AD_NO_MEMORY
