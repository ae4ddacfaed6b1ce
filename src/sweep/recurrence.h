/* SPDX-License-Identifier: Apache-2.0 */
/* Recurrences for Taylor coefficients, derived from the op table.
 *
 * Along a curve, v = f(a, b, c) obeys v' = sum over operands j of p_j a_j', with the partials p_j
 * of the row.  With the coefficients v = v_0 + v_1 t + v_2 t^2 + ... and those of a_j and p_j,
 *     k v_k = sum over j, sum for i = 1 .. k of  i a_{j,i} p_{j,k-i},
 * in which p_j enters only up to order k - 1.  A partial is an expression of the row's operands and
 * its value (expr.h).  Its coefficients therefore follow in the same way from those of its parts,
 * whose partials are expressions again: sin needs cos, and cos needs sin, which is one of the
 * series already.  A recurrence is this closure, in which each series occurs once.  (Griewank and
 * Walther, Evaluating Derivatives, 2008, section 13.2.)  The coefficients of products and quotients
 * are computed by explicit convolutions, which need no partials and end the closure.
 *
 * A series is called still if its coefficients of all orders above 0 are zero, that is, if it is
 * constant along the curve. */
#ifndef AD_RECURRENCE_H
#define AD_RECURRENCE_H

#include "ops/expr.h"

#define AD_NO_SERIES (-1)
#define AD_STILL_MASKS (1 << AD_MAX_ARITY)

typedef enum ad_series_kind {
    AD_SERIES_OPERAND, /* operand number arg[0] of the row */
    AD_SERIES_NUMBER,
    AD_SERIES_APPLY, /* op applied to the series arg[] */
} ad_series_kind;

/* Which coefficients of a series a result needs. */
typedef enum ad_series_need {
    AD_NEED_NOTHING,
    AD_NEED_VALUE, /* only that of order 0; the others are zero or not needed */
    AD_NEED_ALL,
} ad_series_need;

typedef struct ad_series {
    double number;
    uint8_t kind, op;
    int arg[AD_MAX_ARITY];
    int partial[AD_MAX_ARITY]; /* series of the partials; AD_NO_SERIES: zero, or not needed */
    size_t depth;              /* the highest order needed of it is lower by this */
} ad_series;

/* The coefficients of one series for n elements: n of order 0 at `value`, those of order k > 0 at
 * rest + (k - 1) n.  Those of orders below `known` are given on entry. */
typedef struct ad_coefficients {
    double *value, *rest;
    size_t known;
} ad_coefficients;

/* The series of one row: operands first, then the result, each after its operands.  For each set of
 * still operands (bit j: operand j is still), `need` says which coefficients of each series are
 * needed, and `still` which series are still. */
typedef struct ad_recurrence {
    ad_series *series;
    size_t count, room, order;
    int result, wants_partials;
    ad_coefficients *at; /* of each series; set by the caller of ad_recurrence_run() */
    uint8_t *need[AD_STILL_MASKS], *still[AD_STILL_MASKS];
} ad_recurrence;

/* Make the recurrence of row op up to `order`: of its value or, if wants_partials is set, of its
 * partials up to order - 1 (and of its value where they need it).  `regular` says that the base of
 * a power is not zero.  Its partial is then b v / a, which closes the recurrence, whereas
 * pow(a, b - 1) needs one more series per order.  ad_expr_prepare() must have been called.  Returns
 * AD_NO_MEMORY on failure. */
ad_status ad_recurrence_make(unsigned op, size_t order, int regular, int wants_partials,
                             ad_recurrence *r);
void ad_recurrence_free(ad_recurrence *r);

/* Returns the number of the operand of row op that is the base of a power, whose value determines
 * `regular`; -1 if there is none. */
int ad_recurrence_base(unsigned op);

/* Compute need[mask] and still[mask] unless they exist.  Returns AD_NO_MEMORY on failure. */
ad_status ad_recurrence_prepare(ad_recurrence *r, unsigned mask);

/* Compute the coefficients up to `orders` for n elements, those of series t at at[t].  On entry the
 * coefficients of the operands, which come first, and the values of the result are given; a still
 * operand has only values.  On return all coefficients that are needed have been computed.  A zero
 * of a still series wins over infinities and NaN.  *nonfinite is set if results are infinite or
 * NaN.  Returns AD_NO_MEMORY on failure. */
ad_status ad_recurrence_run(ad_recurrence *r, unsigned mask, size_t orders, size_t n,
                            int *nonfinite);

/* Place the coefficients of all series in one array, order major: series t begins at
 * room + t * (orders + 1) * n. */
void ad_recurrence_place(ad_recurrence *r, size_t orders, size_t n, double *room);

#endif
