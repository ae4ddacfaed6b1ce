/* SPDX-License-Identifier: Apache-2.0 */
/* What the matrix functions share: row-major products and triangular solves, and the room in which
 * a call works. */
#ifndef AD_LINEAR_PARTS_H
#define AD_LINEAR_PARTS_H

#include "linalg/linear.h"

/* Memory of one call; the last one's stays with the function. */
typedef struct ad_linear_room {
    double *seen;   /* matrices of which the factors are */
    double *factor; /* n x n each: LU in LAPACK's layout */
    double *inverse;
    double *work;
    double *seed; /* one seed and its result, where there are several */
    int *pivot;   /* and LAPACK's whole numbers */
    int factored, inverted;
} ad_linear_room;

struct ad_linear {
    ad_linear_kind kind;
    size_t batch, n, k;
    unsigned flags;
    double *fixed;        /* the matrices, where they are no variables */
    ad_linear_room *kept; /* taken and put back by whoever works */
};

/* One stack: value, and derivatives for one seed.  Inputs and outputs are whole. */
typedef struct ad_linear_row {
    ad_status (*prepare)(const ad_linear *l, ad_linear_room *r, const double *x, const double *y);
    ad_status (*value)(const ad_linear *l, ad_linear_room *r, const double *x, double *y);
    void (*push)(const ad_linear *l, ad_linear_room *r, const double *x, const double *y,
                 const double *t, double *out);
    void (*pull)(const ad_linear *l, ad_linear_room *r, const double *x, const double *y,
                 const double *w, double *out);
    /* NULL: no result ever is */
    int (*undetermined)(const ad_linear *l, const double *y);
} ad_linear_row;

#define LINEAR(KIND, NAME, SOURCE, RULE) extern const ad_linear_row ad_linear_##NAME;
#include "linalg/linear.def"

const ad_lapack *ad_lapack_get(void);

/* c (m x n) = alpha op(a) op(b) + beta c, over k; ld: numbers from one row to the next. */
typedef struct ad_dense {
    const double *at;
    size_t ld;
    int transposed;
} ad_dense;
void ad_product(size_t m, size_t n, size_t k, double alpha, ad_dense a, ad_dense b, double beta,
                double *c, size_t ld);

/* In place, b (m x n): op(t) x = b, or from the right x op(t) = b; flags are the triangle's. */
void ad_triangle(unsigned flags, int right, size_t m, size_t n, const double *t, size_t ldt,
                 double *b, size_t ldb);

/* to (n x m) = the transpose of from (m x n). */
void ad_transpose(size_t m, size_t n, const double *from, double *to);

#endif
