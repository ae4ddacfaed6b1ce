# SPDX-License-Identifier: Apache-2.0
# Declarations of the C headers in src/sparse that the binding uses.

cdef extern from "sparse/sparsity.h" nogil:
    ad_status ad_sparsity(const ad_function *f, size_t most, size_t room, size_t *start,
                          uint32_t **index, const ad_poll *poll)
    ad_status ad_sparsity_here(const ad_function *f, size_t most, size_t room, size_t *start,
                               uint32_t **index, const ad_poll *poll)

cdef extern from "sparse/colour.h" nogil:
    uint32_t AD_NO_COLOUR
    ctypedef struct ad_pattern:
        size_t rows
        size_t columns
        const size_t *start
        const uint32_t *index
    ctypedef enum ad_colouring:
        AD_COLOUR_COLUMNS
        AD_COLOUR_ROWS
        AD_COLOUR_STAR
        AD_COLOUR_ACYCLIC
    ctypedef enum ad_ordering:
        AD_ORDERINGS
    ctypedef struct ad_recovery:
        size_t entries
        size_t packed
        size_t steps
    ad_status ad_colour(const ad_pattern *p, ad_colouring kind, ad_ordering ordering,
                        uint32_t *colour, size_t *colours)
    ad_status ad_colour_best(const ad_pattern *p, ad_colouring kind, uint32_t *colour,
                             size_t *colours, ad_ordering *ordering)
    ad_status ad_colour_both(const ad_pattern *p, int substitution, uint32_t *column_colour,
                             size_t *column_colours, uint32_t *row_colour, size_t *row_colours)
    ad_status ad_recovery_make(const ad_pattern *p, ad_colouring kind, const uint32_t *colour,
                               size_t colours, ad_recovery *r)
    ad_status ad_recovery_make_both(const ad_pattern *p, const uint32_t *column_colour,
                                    size_t column_colours, const uint32_t *row_colour,
                                    size_t row_colours, ad_recovery *r)
    void ad_recovery_free(ad_recovery *r)
    void ad_recover(const ad_recovery *r, size_t count, const double *packed, double *entry)
