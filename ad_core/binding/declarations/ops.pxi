# SPDX-License-Identifier: Apache-2.0
# Declarations of the C headers in src/ops that the binding uses.

cdef extern from "ops/ops.h" nogil:
    ctypedef enum ad_partial_class:
        AD_PARTIAL_STORED
        AD_PARTIAL_ZERO
    ctypedef struct ad_op_info:
        const char *name
        const char *ufunc
        int arity
        int is_test
        int exact
        const char *domain[3]
        const char *value
        const char *partial[3]
        ad_partial_class partial_class[3]
        double (*point)(double a, double b, double c, double *partial)
    ctypedef struct ad_op_alias:
        const char *ufunc
        int op
    # rows of the table, named as in the C enumeration that is generated from it
    const unsigned op_add "AD_ADD"
    const unsigned op_subtract "AD_SUBTRACT"
    const unsigned op_multiply "AD_MULTIPLY"
    const unsigned op_product "AD_PRODUCT"
    const unsigned op_divide "AD_DIVIDE"
    const unsigned op_floor_divide "AD_FLOOR_DIVIDE"
    const unsigned op_remainder "AD_REMAINDER"
    const unsigned op_power "AD_POWER"
    const unsigned op_negative "AD_NEGATIVE"
    const unsigned op_positive "AD_POSITIVE"
    const unsigned op_absolute "AD_ABSOLUTE"
    const unsigned op_square "AD_SQUARE"
    const unsigned op_sqrt "AD_SQRT"
    const unsigned op_reciprocal "AD_RECIPROCAL"
    const unsigned op_trunc "AD_TRUNC"
    const unsigned op_floor "AD_FLOOR"
    const unsigned op_ceil "AD_CEIL"
    const unsigned op_less "AD_LESS"
    const unsigned op_less_equal "AD_LESS_EQUAL"
    const unsigned op_greater "AD_GREATER"
    const unsigned op_greater_equal "AD_GREATER_EQUAL"
    const unsigned op_equal "AD_EQUAL"
    const unsigned op_not_equal "AD_NOT_EQUAL"
    const unsigned op_sign "AD_SIGN"
    const unsigned op_logical_and "AD_LOGICAL_AND"
    const unsigned op_logical_or "AD_LOGICAL_OR"
    const unsigned op_logical_xor "AD_LOGICAL_XOR"
    const unsigned op_logical_not "AD_LOGICAL_NOT"
    int AD_OP_COUNT
    const ad_op_info *ad_op_row(unsigned op)
    ad_op_info *ad_op_rows
    const ad_op_alias *ad_op_aliases(size_t *n)

cdef extern from "ops/call.h" nogil:
    ctypedef enum ad_call_mode:
        AD_CALL_VALUE
        AD_CALL_PUSH
        AD_CALL_PULL
    ctypedef struct ad_callbacks:
        ad_status (*value)(void *rule, size_t n, const double *x, size_t m,
                           double *y) noexcept nogil
        ad_status (*push)(void *rule, size_t n, const double *x, size_t m, const double *y,
                          size_t p, const double *tangent, double *out) noexcept nogil
        ad_status (*pull)(void *rule, size_t n, const double *x, size_t m, const double *y,
                          size_t p, const double *adjoint, double *out) noexcept nogil
        int (*curves)(void *rule) noexcept nogil
        ad_status (*curve)(void *rule, size_t n, const double *x, const double *dx, size_t m,
                           const double *y, const double *dy, const double *w, const double *dw,
                           double *out) noexcept nogil
        ad_status (*expand)(void *rule, ad_tape *tape, int backward, size_t n,
                            const uint32_t *input, size_t m, uint32_t first,
                            const uint32_t *seed, uint32_t *out) noexcept nogil
        void (*keep)(void *rule) noexcept nogil
        void (*drop)(void *rule) noexcept nogil
        int (*elementwise)(void *rule) noexcept nogil
        size_t (*blocks)(void *rule, int results, size_t count, uint32_t *block) noexcept nogil
        size_t (*most_points)(void *rule, ad_call_mode mode) noexcept nogil
        ad_status (*at_points)(void *rule, ad_call_mode mode, size_t n, size_t m, size_t p,
                               size_t points, const double *x, double *out,
                               unsigned char *left) noexcept nogil
        ad_status (*slopes)(void *rule, ad_graph *graph, size_t n, const uint32_t *x, size_t m,
                            uint32_t y, uint32_t *slope) noexcept nogil
    void ad_callbacks_set(const ad_callbacks *callbacks)
    void ad_count_up(size_t *count)

cdef extern from "ops/expr.h" nogil:
    ad_status ad_expr_prepare()
