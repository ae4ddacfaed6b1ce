/* SPDX-License-Identifier: Apache-2.0 */
#include "solve/hybrid.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/nonfinite.h"
#include "solve/qr.h"

/* What h->value or h->r has been computed for. */
enum { START, FIRST_VALUE, JACOBIAN, STEP };

/* Shares of the predicted decrease of |f|^2: steps below the first fail, those above the second are
 * good, and those between the last two are predicted so well that the region is twice the step. */
#define FAILED 0.1
#define GOOD 0.5
#define EXACT 0.1
#define ACCEPTED 1e-4 /* from this share on, the step is taken although the region shrinks */
#define SHRINK 0.5
#define SHRINK_MORE 0.1 /* where the function has no value */
#define SLOW_STEP 1e-3  /* decreases of |f|^2 below these are no progress */
#define SLOW_JACOBIAN 0.1
#define MOST_SLOW_STEPS 10
#define MOST_SLOW_JACOBIANS 5
#define MOST_FAILURES 2

/* ---------------------------------------------------------------------------------- vectors */

/* |scale x|; scale may be NULL for ones.  Numbers whose squares leave the range are divided by the
 * largest. */
static double norm(size_t n, const double *scale, const double *x) {
    double square = 0, largest = 0;
    for (size_t k = 0; k < n; k++) {
        double a = scale == NULL ? x[k] : scale[k] * x[k];
        square += a * a;
    }
    if (square > 1e-280 && square < 1e280) return sqrt(square);
    for (size_t k = 0; k < n; k++)
        largest = fmax(largest, fabs(scale == NULL ? x[k] : scale[k] * x[k]));
    if (largest == 0 || largest - largest != 0) return largest;
    square = 0;
    for (size_t k = 0; k < n; k++) {
        double a = (scale == NULL ? x[k] : scale[k] * x[k]) / largest;
        square += a * a;
    }
    return largest * sqrt(square);
}

/* y = R x */
static void times_upper(size_t n, const double *r, const double *x, double *y) {
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t j = i; j < n; j++) sum += r[i * n + j] * x[j];
        y[i] = sum;
    }
}

/* y = A x */
static void times(size_t n, const double *a, const double *x, double *y) {
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t j = 0; j < n; j++) sum += a[i * n + j] * x[j];
        y[i] = sum;
    }
}

/* ----------------------------------------------------------------------------------- dogleg */

/* Solve R x = b, where a zero on the diagonal is replaced by a rounding error of its column. */
static void solve_upper(size_t n, const double *r, const double *b, double *x) {
    for (size_t i = n; i-- > 0;) {
        double sum = b[i], pivot = r[i * n + i];
        for (size_t j = i + 1; j < n; j++) sum -= r[i * n + j] * x[j];
        if (pivot == 0) {
            for (size_t k = 0; k < i; k++) pivot = fmax(pivot, fabs(r[k * n + i]));
            pivot = pivot == 0 ? DBL_EPSILON : DBL_EPSILON * pivot;
        }
        x[i] = sum / pivot;
    }
}

/* descent = the direction of steepest descent of the model in the unknowns diag x, with
 * |diag descent| = 1.  Returns the slope of |f|^2 / 2 along it; 0: there is none. */
static double steepest_descent(const ad_hybrid *h, double *descent) {
    size_t n = h->n;
    memset(descent, 0, n * sizeof *descent);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i; j < n; j++) descent[j] -= h->r[i * n + j] * h->turned_f[i];
    }
    for (size_t k = 0; k < n; k++) descent[k] /= h->diag[k];
    double slope = norm(n, NULL, descent);
    for (size_t k = 0; k < n && slope > 0; k++) descent[k] /= slope * h->diag[k];
    return slope;
}

/* h->step = the point of the dogleg where it leaves the region, or its end.  Returns whether there
 * is a step. */
static int take_dogleg(ad_hybrid *h) {
    size_t n = h->n;
    double *step = h->step, *descent = h->work, *image = h->work + n;
    solve_upper(n, h->r, h->turned_f, step);
    for (size_t k = 0; k < n; k++) step[k] = -step[k];
    int solved = ad_all_finite(n, step);
    double newton = norm(n, h->diag, step);
    if (solved && newton <= h->region) return 1;
    double slope = steepest_descent(h, descent);
    if (slope == 0) {
        for (size_t k = 0; k < n && solved; k++) step[k] *= h->region / newton;
        return solved;
    }
    times_upper(n, h->r, descent, image);
    double bend = norm(n, NULL, image);
    /* the distance at which the model is least along the steepest descent */
    double least = bend == 0 ? h->region : fmin(slope / bend / bend, h->region);
    if (least == h->region || !solved) {
        for (size_t k = 0; k < n; k++) step[k] = least * descent[k];
        return 1;
    }
    /* From there, s, towards Newton's step: |s + t d| = region with t from 0 to 1. */
    double dd = 0, sd = 0;
    for (size_t k = 0; k < n; k++) {
        double s = h->diag[k] * least * descent[k], d = h->diag[k] * step[k] - s;
        dd += d * d;
        sd += s * d;
    }
    double room = (h->region - least) * (h->region + least);
    double root = sqrt(fmax(sd * sd + dd * room, 0));
    double t = sd > 0 ? room / (sd + root) : dd > 0 ? (root - sd) / dd : 0;
    for (size_t k = 0; k < n; k++)
        step[k] = least * descent[k] + t * (step[k] - least * descent[k]);
    return 1;
}

/* ------------------------------------------------------------------------------------ stages */

static ad_hybrid_task ended(ad_hybrid *h, ad_hybrid_end end) {
    h->end = end;
    return AD_HYBRID_NOTHING;
}

static ad_hybrid_task ask_value(ad_hybrid *h, int stage) {
    h->stage = stage;
    h->values++;
    return AD_HYBRID_VALUE;
}

static ad_hybrid_task ask_jacobian(ad_hybrid *h) {
    h->stage = JACOBIAN;
    h->jacobians++;
    return AD_HYBRID_JACOBIAN;
}

static ad_hybrid_task try_step(ad_hybrid *h) {
    size_t n = h->n;
    double *model = h->work + n;
    if (!take_dogleg(h)) return ended(h, AD_HYBRID_JACOBIANS);
    h->length = norm(n, h->diag, h->step);
    if (h->iterations == 0) h->region = fmin(h->region, h->length);
    for (size_t k = 0; k < n; k++) h->point[k] = h->x[k] + h->step[k];
    times_upper(n, h->r, h->step, model);
    for (size_t k = 0; k < n; k++) model[k] += h->turned_f[k];
    h->predicted = norm(n, NULL, model);
    return ask_value(h, STEP);
}

static ad_hybrid_task take_jacobian(ad_hybrid *h) {
    size_t n = h->n;
    if (!ad_all_finite(n * n, h->r)) return ended(h, AD_HYBRID_NOT_FINITE);
    if (!h->own_diag) {
        for (size_t j = 0; j < n; j++) {
            double *column = h->work;
            for (size_t i = 0; i < n; i++) column[i] = h->r[i * n + j];
            double length = norm(n, NULL, column);
            if (h->jacobians == 1) h->diag[j] = length == 0 ? 1 : length;
            h->diag[j] = fmax(h->diag[j], length);
        }
    }
    if (h->jacobians == 1) {
        h->region = h->factor * norm(n, h->diag, h->x);
        if (h->region == 0) h->region = h->factor;
    }
    ad_qr_factor(n, h->r, h->turned, h->work);
    times(n, h->turned, h->f, h->turned_f);
    h->fresh = 1;
    return h->size == 0 ? ended(h, AD_HYBRID_CONVERGED) : try_step(h);
}

/* Broyden's formula: the model becomes exact for the step that was tried. */
static void update_model(ad_hybrid *h, int accepted) {
    size_t n = h->n;
    double *turned_value = h->work, *gain = h->work + n, *direction = h->work + 2 * n;
    times(n, h->turned, h->value, turned_value);
    times_upper(n, h->r, h->step, gain);
    for (size_t k = 0; k < n; k++) {
        gain[k] = (turned_value[k] - h->turned_f[k] - gain[k]) / h->length;
        direction[k] = h->diag[k] * (h->diag[k] * h->step[k] / h->length);
    }
    if (accepted) memcpy(h->turned_f, turned_value, n * sizeof *turned_value);
    ad_qr_update(n, h->r, h->turned, h->turned_f, gain, direction);
    h->fresh = 0;
}

/* Change the region by the share of the predicted decrease that the step has reached. */
static void change_region(ad_hybrid *h, double share) {
    if (share < FAILED) {
        h->successes = 0;
        h->failures++;
        h->region *= SHRINK;
        return;
    }
    h->failures = 0;
    h->successes++;
    if (share >= GOOD || h->successes > 1) h->region = fmax(h->region, h->length / SHRINK);
    if (fabs(share - 1) <= EXACT) h->region = h->length / SHRINK;
}

static ad_hybrid_task judge_lost_step(ad_hybrid *h) {
    h->region = SHRINK_MORE * fmin(h->region, h->length);
    h->failures++;
    h->slow_steps++;
    if (h->values >= h->most_values) return ended(h, AD_HYBRID_MOST_VALUES);
    if (h->slow_steps >= MOST_SLOW_STEPS || h->region <= DBL_EPSILON * norm(h->n, h->diag, h->x))
        return ended(h, AD_HYBRID_NOT_FINITE);
    return h->failures >= MOST_FAILURES && !h->fresh ? ask_jacobian(h) : try_step(h);
}

static ad_hybrid_task judge_step(ad_hybrid *h) {
    size_t n = h->n;
    if (!ad_all_finite(n, h->value)) return judge_lost_step(h);
    double size = norm(n, NULL, h->value);
    double after = size / h->size, model = h->predicted / h->size;
    double decrease = size < h->size ? 1 - after * after : -1;
    double expected = h->predicted < h->size ? 1 - model * model : 0;
    double share = expected > 0 ? decrease / expected : 0;
    int fresh = h->fresh, accepted = share >= ACCEPTED;
    change_region(h, share);
    if (h->length > 0) update_model(h, accepted);
    if (accepted) {
        memcpy(h->x, h->point, n * sizeof *h->x);
        memcpy(h->f, h->value, n * sizeof *h->f);
        h->size = size;
        h->iterations++;
    }
    double place = norm(n, h->diag, h->x);
    h->slow_steps = decrease >= SLOW_STEP ? 0 : h->slow_steps + 1;
    if (fresh) h->slow_jacobians++;
    if (decrease >= SLOW_JACOBIAN) h->slow_jacobians = 0;
    if (h->region <= h->xtol * place || h->size == 0) return ended(h, AD_HYBRID_CONVERGED);
    if (h->values >= h->most_values) return ended(h, AD_HYBRID_MOST_VALUES);
    if (0.1 * fmax(0.1 * h->region, h->length) <= DBL_EPSILON * place)
        return ended(h, AD_HYBRID_XTOL);
    if (h->slow_jacobians >= MOST_SLOW_JACOBIANS) return ended(h, AD_HYBRID_JACOBIANS);
    if (h->slow_steps >= MOST_SLOW_STEPS) return ended(h, AD_HYBRID_STEPS);
    return h->failures == MOST_FAILURES ? ask_jacobian(h) : try_step(h);
}

ad_hybrid_task ad_hybrid_next(ad_hybrid *h) {
    size_t n = h->n;
    if (h->end != AD_HYBRID_OPEN) return AD_HYBRID_NOTHING;
    switch (h->stage) {
    case START:
        memcpy(h->point, h->x, n * sizeof *h->x);
        return ask_value(h, FIRST_VALUE);
    case FIRST_VALUE:
        memcpy(h->f, h->value, n * sizeof *h->f);
        if (!ad_all_finite(n, h->f)) return ended(h, AD_HYBRID_NOT_FINITE);
        h->size = norm(n, NULL, h->f);
        return ask_jacobian(h);
    case JACOBIAN:
        return take_jacobian(h);
    default:
        return judge_step(h);
    }
}

ad_status ad_hybrid_begin(ad_hybrid *h, size_t n, const double *x0, const double *diag, double xtol,
                          double factor, size_t most_values) {
    *h = (ad_hybrid){.n = n, .xtol = xtol, .factor = factor, .most_values = most_values};
    if (n > SIZE_MAX / (2 * n + 10)) return AD_NO_MEMORY;
    double *memory = h->memory = ad_alloc((2 * n + 10) * n, sizeof *memory);
    if (memory == NULL) return AD_NO_MEMORY;
    double **vectors[] = {&h->point, &h->value, &h->x, &h->f, &h->turned_f, &h->diag, &h->step};
    for (size_t k = 0; k < sizeof vectors / sizeof *vectors; k++, memory += n) *vectors[k] = memory;
    h->work = memory;
    h->r = memory + 3 * n;
    h->turned = h->r + n * n;
    memcpy(h->x, x0, n * sizeof *x0);
    if (diag != NULL) memcpy(h->diag, diag, n * sizeof *diag);
    h->own_diag = diag != NULL;
    return AD_OK;
}

void ad_hybrid_release(ad_hybrid *h) {
    ad_free(h->memory);
    h->memory = NULL;
}
