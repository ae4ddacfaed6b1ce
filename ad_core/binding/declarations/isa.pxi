# SPDX-License-Identifier: Apache-2.0
# Declarations of the C headers in src/isa that the binding uses.

cdef extern from "isa/select.h" nogil:
    int ad_isa_choose(const char *isa)
