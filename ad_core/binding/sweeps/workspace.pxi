# SPDX-License-Identifier: Apache-2.0
# Memory that sweeps are lent: touching fresh memory costs as much as a sweep over it.

cdef enum:
    TINY_SWEEP = 1 << 14        # nodes times seeds below which the GIL is kept
    TINY_ROOM = TINY_SWEEP * 2  # doubles that such a sweep needs at most: seeds are padded

    SPARE_ROOM = 1 << 23        # most doubles kept from one large sweep for the next (64 MB)

# Memory of tiny sweeps, which keep the GIL: for one at a time, since a look at signals may run
# Python code, and that may sweep.
cdef double tiny_memory[TINY_ROOM]
cdef bint tiny_lent = False

# Memory of large sweeps, for one of them at a time.
cdef ad_workspace spare
cdef bint spare_lent = False
spare.memory = NULL
spare.room = 0


cdef ad_workspace borrow(size_t need) noexcept:
    """Workspace for a sweep, or none: it then allocates its own."""
    global spare_lent
    cdef ad_workspace none
    none.memory = NULL
    none.room = 0
    if spare_lent or need > SPARE_ROOM:
        return none
    if spare.room < need:
        ad_free(spare.memory)
        spare.memory = <double *> ad_alloc(need, sizeof(double))
        spare.room = need if spare.memory != NULL else 0
        if spare.memory == NULL:
            return none
    spare_lent = True
    return spare


cdef void give_back(ad_workspace work) noexcept:
    global spare_lent
    if work.memory != NULL:
        spare_lent = False
