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
    double *seed;  /* one seed and its result, if there are several seeds */
    ad_int *pivot; /* and LAPACK's integer workspace */
    int factored, inverted;
} ad_linear_room;

struct ad_linear {
    ad_linear_kind kind;
    size_t batch, n, k;
    unsigned flags;
    double *fixed;        /* the matrices if they are constant, else NULL */
    ad_linear_room *kept; /* memory of the last call; NULL while a call uses it */
};

/* A point (x, results y, adjoints w of the results) and the direction in which it moves. */
typedef struct ad_linear_moving {
    const double *x, *dx, *y, *dy, *w, *dw;
} ad_linear_moving;

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

/* Compute the tangent of what pull returns (curve.c, cholesky.c). */
ad_status ad_curve_solve(const ad_linear *l, ad_linear_room *r, const ad_linear_moving *at,
                         double *out);
ad_status ad_curve_triangular(const ad_linear *l, ad_linear_room *r, const ad_linear_moving *at,
                              double *out);
ad_status ad_curve_inv(const ad_linear *l, ad_linear_room *r, const ad_linear_moving *at,
                       double *out);
ad_status ad_curve_det(const ad_linear *l, ad_linear_room *r, const ad_linear_moving *at,
                       double *out);
ad_status ad_curve_cholesky(const ad_linear *l, ad_linear_room *r, const ad_linear_moving *at,
                            double *out);

/* Solve with the b-th matrix that was factored, or its transpose.  The right sides x (n x k) are
 * overwritten by the solution. */
void ad_linear_solve_by_lu(const ad_linear *l, ad_linear_room *r, size_t b, int transposed,
                           size_t k, double *x);

/* Write zeros outside the flags' triangle of a (n x n), and on a unit diagonal, which is not
 * variable. */
void ad_linear_keep_triangle(const ad_linear *l, double *a);

#define LINEAR(KIND, NAME, SOURCE, RULE) extern const ad_linear_row ad_linear_##NAME;
#include "linalg/linear.def"

/* All functions are NULL if there is no LAPACK. */
const ad_lapack *ad_lapack_get(void);

/* Returns whether the k-th pivot of getrf is not the k-th row itself. */
int ad_lapack_exchanged(const ad_int *pivot, size_t k);

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
