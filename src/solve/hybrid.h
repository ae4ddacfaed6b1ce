/* SPDX-License-Identifier: Apache-2.0 */
/* Powell's hybrid method for n equations f(x) = 0.
 *
 * A step is Newton's, unless it leaves the region in which the linear model is trusted; then it
 * follows the dogleg from the steepest descent of |f| towards Newton's step as far as the region
 * reaches.  Each value updates the model by Broyden's formula, so that the Jacobian itself is
 * computed at the start and after two steps in succession that failed.
 *
 * The caller computes what the method asks for, and calls ad_hybrid_next() until that is nothing.
 * So functions of the caller may fail in any way, and the method may be abandoned between any two
 * calls.  Sources: Powell, A hybrid method for nonlinear equations (1970); Broyden, A class of
 * methods for solving nonlinear simultaneous equations (1965); the tests for the end and for the
 * trusted region are as in More, Garbow and Hillstrom, User guide for MINPACK-1 (1980). */
#ifndef AD_HYBRID_H
#define AD_HYBRID_H

#include <stddef.h>

#include "base/status.h"

typedef enum ad_hybrid_task {
    AD_HYBRID_VALUE,    /* write the value at `point` to `value` */
    AD_HYBRID_JACOBIAN, /* write the Jacobian at `x` to `r`, row major */
    AD_HYBRID_NOTHING,  /* the end is reached */
} ad_hybrid_task;

typedef enum ad_hybrid_end {
    AD_HYBRID_OPEN = 0,
    AD_HYBRID_CONVERGED,   /* the region is at most xtol times |diag x|, or f is zero */
    AD_HYBRID_MOST_VALUES, /* as many values as are allowed */
    AD_HYBRID_XTOL,        /* steps are rounding errors of x, and have not converged */
    AD_HYBRID_JACOBIANS,   /* no progress from the last five Jacobians */
    AD_HYBRID_STEPS,       /* no progress in the last ten steps */
    AD_HYBRID_NOT_FINITE,  /* f or its Jacobian at the start, or f at all points that were tried
                              lately, or a Jacobian, is infinite or NaN */
} ad_hybrid_end;

typedef struct ad_hybrid {
    /* what the caller reads and writes; all vectors have n numbers, matrices n x n */
    double *point, *value;
    double *x, *f;            /* the best point so far, and the value there */
    double *r, *turned;       /* the factors of the last model: R, and Q transposed */
    double *turned_f;         /* Q^T f */
    size_t values, jacobians; /* the numbers that were asked for */
    ad_hybrid_end end;

    /* the method's own */
    int stage;
    size_t n, most_values;
    double xtol, factor;
    int own_diag; /* diag is the caller's */
    double *diag; /* the scale of each unknown */
    double *step, *work, *memory;
    double region, size; /* the trusted |diag step|, and |f| */
    double predicted;    /* |f| after the step by the model */
    double length;       /* |diag step| */
    int fresh;           /* the model has the Jacobian itself, without updates */
    size_t iterations, failures, successes, slow_steps, slow_jacobians;
} ad_hybrid;

/* Begin at x0.  diag (NULL: the norms of the Jacobian's columns) are positive; the first step is at
 * most factor times |diag x0|.  Copies x0 and diag.  Returns AD_NO_MEMORY on failure, with nothing
 * to release. */
ad_status ad_hybrid_begin(ad_hybrid *h, size_t n, const double *x0, const double *diag, double xtol,
                          double factor, size_t most_values);

/* What to compute next; what it asked for before has been written. */
ad_hybrid_task ad_hybrid_next(ad_hybrid *h);

void ad_hybrid_release(ad_hybrid *h);

#endif
