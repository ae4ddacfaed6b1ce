# SPDX-License-Identifier: Apache-2.0
# Memory that is kept for sweeps, because the first access to new memory takes as long as a sweep
# over it.

cdef enum:
    TINY_SWEEP = 1 << 14        # nodes times seeds below which the GIL is kept
    TINY_ROOM = TINY_SWEEP * 2  # doubles that such a sweep needs at most, since seeds are padded

    SPARE_ROOM = 1 << 23        # most doubles that are kept for the next large sweep (64 MB)

# Memory of tiny sweeps, which keep the GIL.  Only one of them may use it at a time, since a check
# for signals may run Python code that starts another sweep.
cdef double tiny_memory[TINY_ROOM]
cdef ad_shared_int tiny_in_use = False

# Memory of large sweeps, which one of them may use at a time.
cdef ad_workspace spare
cdef ad_shared_int spare_in_use = False
spare.memory = NULL
spare.room = 0


cdef ad_workspace take_workspace(size_t need) noexcept:
    """The workspace for a sweep, or an empty one: the sweep then allocates its own."""
    cdef ad_workspace none
    none.memory = NULL
    none.room = 0
    if need > SPARE_ROOM or not ad_try_take(&spare_in_use):
        return none
    if spare.room < need:
        ad_free(spare.memory)
        spare.memory = <double *> ad_alloc(need, sizeof(double))
        spare.room = need if spare.memory != NULL else 0
        if spare.memory == NULL:
            ad_release(&spare_in_use)
            return none
    return spare


cdef void release_workspace(ad_workspace work) noexcept:
    if work.memory != NULL:
        ad_release(&spare_in_use)
