/* SPDX-License-Identifier: Apache-2.0 */
/* Declarations that the matrix functions share: row-major products and triangular solves, and the
 * memory of a call. */
#ifndef AD_LAPACK_H
#define AD_LAPACK_H

#include "linalg/linear.h"

/* The memory of one call.  The memory of the last call is kept for the next one. */
typedef struct ad_linear_room {
    double *seen;   /* the matrices that are factored */
    double *factor; /* n x n each: LU in LAPACK's layout */
    double *inverse;
    double *work;
    double *seed; /* one seed and its result, if there are several seeds */
    int *pivot;   /* and LAPACK's integer workspace */
    int factored, inverted;
} ad_linear_room;

struct ad_linear {
    ad_linear_kind kind;
    size_t batch, n, k;
    unsigned flags;
    double *fixed;        /* the matrices if they are constant, else NULL */
    ad_linear_room *kept; /* memory of the last call; NULL while a call uses it */
};

/* The functions of one kind: value, and derivatives for one seed.  Inputs and outputs are those of
 * the whole stack. */
typedef struct ad_linear_row {
    ad_status (*prepare)(const ad_linear *l, ad_linear_room *r, const double *x, const double *y);
    ad_status (*value)(const ad_linear *l, ad_linear_room *r, const double *x, double *y);
    void (*push)(const ad_linear *l, ad_linear_room *r, const double *x, const double *y,
                 const double *t, double *out);
    void (*pull)(const ad_linear *l, ad_linear_room *r, const double *x, const double *y,
                 const double *w, double *out);
    /* returns whether results are undetermined (linear.h); NULL if they never are */
    int (*undetermined)(const ad_linear *l, const double *y);
} ad_linear_row;

#define LINEAR(KIND, NAME, SOURCE, RULE) extern const ad_linear_row ad_linear_##NAME;
#include "linalg/linear.def"

const ad_lapack *ad_lapack_get(void);

/* ad_product(): c (m x n) = alpha op(a) op(b) + beta c, where k is the inner dimension; ld is the
 * number of doubles from one row to the next. */
typedef struct ad_dense {
    const double *at;
    size_t ld;
    int transposed;
} ad_dense;
void ad_product(size_t m, size_t n, size_t k, double alpha, ad_dense a, ad_dense b, double beta,
                double *c, size_t ld);

/* Solve op(t) x = b or, if `right` is set, x op(t) = b for x (m x n), which overwrites b.  The
 * flags are those of the triangle t. */
void ad_triangle(unsigned flags, int right, size_t m, size_t n, const double *t, size_t ldt,
                 double *b, size_t ldb);

/* Write the transpose of from (m x n) to `to` (n x m). */
void ad_transpose(size_t m, size_t n, const double *from, double *to);

#endif
