/* SPDX-License-Identifier: Apache-2.0 */
/* Recurrences for Taylor coefficients, made from the op table alone.
 *
 * Along a curve, v = f(a, b, c) obeys v' = sum over operands j of p_j a_j', with the partials p_j
 * of the row.  So with the coefficients v = v_0 + v_1 t + v_2 t^2 + ... and those of a_j and p_j,
 *     k v_k = sum over j, sum for i = 1 .. k of  i a_{j,i} p_{j,k-i},
 * in which p_j enters up to order k - 1 only.  A partial is an expression of the row's operands and
 * its value (expr.h), so its coefficients follow in the same way from those of its parts, whose
 * partials are expressions again: sin needs cos, which needs sin, which is there.  A recurrence is
 * this closure, each series standing once.  (Griewank and Walther, Evaluating Derivatives, 2008,
 * section 13.2.)  Products and quotients have their convolutions written out; they end the
 * closure. */
#ifndef AD_RECURRENCE_H
#define AD_RECURRENCE_H

#include "ops/expr.h"

#define AD_NO_SERIES (-1)
#define AD_STILL_MASKS (1 << AD_MAX_ARITY)

typedef enum ad_series_kind {
    AD_SERIES_OPERAND, /* number arg[0] of the row's */
    AD_SERIES_NUMBER,
    AD_SERIES_APPLY, /* op of the series arg[] */
} ad_series_kind;

/* How much of a series a result needs. */
typedef enum ad_series_need {
    AD_NEED_NOTHING,
    AD_NEED_VALUE, /* the coefficient of order 0; the others are zero or do not matter */
    AD_NEED_ALL,
} ad_series_need;

typedef struct ad_series {
    double number;
    uint8_t kind, op;
    int arg[AD_MAX_ARITY];
    int partial[AD_MAX_ARITY]; /* series of the partials; AD_NO_SERIES: zero, or not asked for */
    size_t depth;              /* it is needed to an order that is lower by this much */
} ad_series;

/* Where the coefficients of one series lie on n elements: n of order 0 at `value`, those of order
 * k > 0 at rest + (k - 1) n.  Those below order `known` are there on entry. */
typedef struct ad_coefficients {
    double *value, *rest;
    size_t known;
} ad_coefficients;

/* The series behind one row, operands first, then its result, each after its operands.  For
 * each set of still operands (bit j: operand j does not move) what is needed of each series,
 * and which ones are still. */
typedef struct ad_recurrence {
    ad_series *series;
    size_t count, room, order;
    int result, wants_partials;
    ad_coefficients *at; /* of each series: whoever runs it says where */
    uint8_t *need[AD_STILL_MASKS], *still[AD_STILL_MASKS];
} ad_recurrence;

/* The recurrence of row op up to `order`: of its value or, if wants_partials, of its partials up to
 * order - 1 (its value's where they need them).  regular: the base of a power is not zero, so that
 * its partial is b v / a, which closes at once; pow(a, b - 1) takes a series more an order.
 * ad_expr_prepare must have run.  AD_NO_MEMORY. */
ad_status ad_recurrence_make(unsigned op, size_t order, int regular, int wants_partials,
                             ad_recurrence *r);
void ad_recurrence_free(ad_recurrence *r);

/* The operand that is the base of a power in row op, -1 where there is none: what `regular`
 * asks. */
int ad_recurrence_base(unsigned op);

/* Fill need[mask] and still[mask] if they are not there yet.  AD_NO_MEMORY. */
ad_status ad_recurrence_prepare(ad_recurrence *r, unsigned mask);

/* Coefficients up to `orders` on n elements, those of series t at at[t].  Those of operands, which
 * come first, and the values of the result are there on entry, those that are needed on return; a
 * still operand has its values alone.  A zero that does not move wins over infinities and
 * NaN; *nonfinite is set where there are some in the end.  AD_NO_MEMORY. */
ad_status ad_recurrence_run(ad_recurrence *r, unsigned mask, size_t orders, size_t n,
                            int *nonfinite);

/* Lay all of them in one array, order major: series t from room + t * (orders + 1) * n on. */
void ad_recurrence_lay(ad_recurrence *r, size_t orders, size_t n, double *room);

#endif
