# SPDX-License-Identifier: Apache-2.0
# src/isa as Cython sees it.

cdef extern from "isa/select.h" nogil:
    int ad_isa_choose(const char *isa)
