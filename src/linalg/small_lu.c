/* SPDX-License-Identifier: Apache-2.0 */
/* Solutions, inverses and determinants of small matrices, by LU factors with partial pivoting. */
#include <math.h>
#include <string.h>

#include "linalg/small.h"

#define MATRIX (AD_SMALL * AD_SMALL)
#define STEPS (AD_SMALL * (AD_SMALL - 1) / 2)
/* Products of pivots outside of these bounds may have lost digits. */
#define TINY 1e-290
#define LARGE 1e290

/* Step (k, i) for k < i first exchanges rows k and i where `swap` is not 0.  After all of them for
 * one k, `low` times row k is subtracted from row i. */
typedef struct factors {
    ad_lane upper[MATRIX];
    ad_lane swap[STEPS], low[STEPS];
    ad_lane sign; /* of the row exchanges */
} factors;

/* --------------------------------------------------------------------------------- factors */

static inline void exchange(const ad_lane swap, ad_lane a, ad_lane b) {
    for (size_t e = 0; e < AD_LANE; e++) {
        double x = a[e], y = b[e];
        a[e] = swap[e] != 0 ? y : x;
        b[e] = swap[e] != 0 ? x : y;
    }
}

static inline void choose_pivot(factors *f, const ad_lane a, const ad_lane b, ad_lane swap) {
    for (size_t e = 0; e < AD_LANE; e++) {
        swap[e] = fabs(b[e]) > fabs(a[e]) ? 1 : 0;
        f->sign[e] = fabs(b[e]) > fabs(a[e]) ? -f->sign[e] : f->sign[e];
    }
}

/* Factor f->upper. */
static inline void factor_n(size_t n, ad_small_work *w, factors *f) {
    ad_lane *a = f->upper, least;
    for (size_t e = 0; e < AD_LANE; e++) least[e] = 0, f->sign[e] = 1;
    for (size_t k = 0; k < n * n; k++) {
        for (size_t e = 0; e < AD_LANE; e++)
            least[e] = fabs(a[k][e]) > least[e] ? fabs(a[k][e]) : least[e];
    }
    for (size_t e = 0; e < AD_LANE; e++) least[e] *= ad_small_rounding(n);
    for (size_t k = 0, step = 0; k < n; k++) {
        for (size_t i = k + 1, s = step; i < n; i++, s++) {
            choose_pivot(f, a[k * n + k], a[i * n + k], f->swap[s]);
            for (size_t j = k; j < n; j++) exchange(f->swap[s], a[k * n + j], a[i * n + j]);
        }
        for (size_t e = 0; e < AD_LANE; e++)
            w->good[e] = fabs(a[k * n + k][e]) > least[e] ? w->good[e] : 0;
        for (size_t i = k + 1; i < n; i++, step++) {
            for (size_t e = 0; e < AD_LANE; e++)
                f->low[step][e] = a[i * n + k][e] / a[k * n + k][e];
            for (size_t j = k + 1; j < n; j++)
                ad_small_add(a[i * n + j], -1, f->low[step], a[k * n + j]);
        }
    }
}

/* Overwrite the right side b by the solution. */
static inline void solve_n(size_t n, const factors *f, ad_lane *b) {
    for (size_t k = 0, step = 0; k < n; k++) {
        for (size_t i = k + 1, s = step; i < n; i++, s++) exchange(f->swap[s], b[k], b[i]);
        for (size_t i = k + 1; i < n; i++, step++) ad_small_add(b[i], -1, f->low[step], b[k]);
    }
    for (size_t k = n; k-- > 0;) {
        for (size_t j = k + 1; j < n; j++) ad_small_add(b[k], -1, f->upper[k * n + j], b[j]);
        for (size_t e = 0; e < AD_LANE; e++) b[k][e] /= f->upper[k * n + k][e];
    }
}

/* The same with n known to the compiler for the commonest sizes. */
static void factor(ad_small_work *w, factors *f) {
    switch (w->l->n) {
    case 2:
        factor_n(2, w, f);
        break;
    case 3:
        factor_n(3, w, f);
        break;
    case 4:
        factor_n(4, w, f);
        break;
    default:
        factor_n(w->l->n, w, f);
    }
}

static void solve(size_t n, const factors *f, ad_lane *b) {
    switch (n) {
    case 2:
        solve_n(2, f, b);
        break;
    case 3:
        solve_n(3, f, b);
        break;
    case 4:
        solve_n(4, f, b);
        break;
    default:
        solve_n(n, f, b);
    }
}

/* Factor matrix b of the stack, or its transpose. */
static void factor_matrix(ad_small_work *w, size_t b, int transposed, factors *f) {
    size_t n = w->l->n, first = b * n * n;
    for (size_t k = 0; k < n * n; k++) {
        double *to = f->upper[transposed ? k % n * n + k / n : k];
        if (w->l->fixed == NULL) {
            ad_small_load(w, w->x, first + k, to);
        } else {
            for (size_t e = 0; e < AD_LANE; e++) to[e] = w->l->fixed[first + k];
        }
    }
    factor(w, f);
}

/* The inverse, by columns: element (i, j) is [j n + i]. */
static void invert(size_t n, const factors *f, ad_lane *inverse) {
    memset(inverse, 0, n * n * sizeof *inverse);
    for (size_t j = 0; j < n; j++) {
        for (size_t e = 0; e < AD_LANE; e++) inverse[j * n + j][e] = 1;
        solve(n, f, inverse + j * n);
    }
}

/* ----------------------------------------------------------------------------------- solve */

/* The number of rows of x before the right sides. */
static size_t before_sides(const ad_linear *l) {
    return l->fixed == NULL ? l->batch * l->n * l->n : 0;
}

static void solve_value(ad_small_work *w) {
    size_t n = w->l->n, k = w->l->k, sides = before_sides(w->l);
    factors f;
    for (size_t b = 0; b < w->l->batch; b++) {
        factor_matrix(w, b, 0, &f);
        for (size_t c = 0; c < k; c++) {
            ad_lane x[AD_SMALL];
            size_t at = b * n * k + c;
            for (size_t i = 0; i < n; i++) ad_small_load(w, w->x, sides + at + i * k, x[i]);
            solve(n, &f, x);
            for (size_t i = 0; i < n; i++) ad_small_store(w, at + i * k, x[i]);
        }
    }
}

/* a dx = db - da x */
static void solve_push(ad_small_work *w) {
    size_t n = w->l->n, k = w->l->k, p = w->p, sides = before_sides(w->l);
    factors f;
    for (size_t b = 0; b < w->l->batch; b++) {
        factor_matrix(w, b, 0, &f);
        for (size_t c = 0; c < k * p; c++) {
            ad_lane right[AD_SMALL], t, y;
            size_t q = c % p, at = b * n * k + c / p;
            for (size_t i = 0; i < n; i++) {
                ad_small_load(w, w->seed, (sides + at + i * k) * p + q, right[i]);
                for (size_t j = 0; j < n && sides > 0; j++) {
                    ad_small_load(w, w->seed, (b * n * n + i * n + j) * p + q, t);
                    ad_small_load(w, w->y, at + j * k, y);
                    ad_small_add(right[i], -1, t, y);
                }
            }
            solve(n, &f, right);
            for (size_t i = 0; i < n; i++) ad_small_store(w, (at + i * k) * p + q, right[i]);
        }
    }
}

/* With a^T z = w, z is the adjoint of b, and -z x^T is that of a. */
static void solve_pull(ad_small_work *w) {
    size_t n = w->l->n, k = w->l->k, p = w->p, sides = before_sides(w->l);
    factors f;
    for (size_t b = 0; b < w->l->batch; b++) {
        factor_matrix(w, b, 1, &f);
        for (size_t q = 0; q < p; q++) {
            ad_lane matrix[MATRIX] = {{0}}, z[AD_SMALL], y;
            for (size_t c = 0; c < k; c++) {
                size_t at = b * n * k + c;
                for (size_t i = 0; i < n; i++)
                    ad_small_load(w, w->seed, (at + i * k) * p + q, z[i]);
                solve(n, &f, z);
                for (size_t i = 0; i < n; i++) {
                    ad_small_store(w, (sides + at + i * k) * p + q, z[i]);
                    if (sides == 0) continue;
                    ad_small_load(w, w->y, at + i * k, y);
                    for (size_t j = 0; j < n; j++) ad_small_add(matrix[j * n + i], -1, z[j], y);
                }
            }
            for (size_t i = 0; i < n * n && sides > 0; i++)
                ad_small_store(w, (b * n * n + i) * p + q, matrix[i]);
        }
    }
}

const ad_small_row ad_small_solve = {solve_value, solve_push, solve_pull};

/* --------------------------------------------------------------------------------- inverse */

static void inv_value(ad_small_work *w) {
    size_t n = w->l->n;
    factors f;
    ad_lane inverse[MATRIX];
    for (size_t b = 0; b < w->l->batch; b++) {
        factor_matrix(w, b, 0, &f);
        invert(n, &f, inverse);
        for (size_t i = 0; i < n * n; i++)
            ad_small_store(w, b * n * n + i, inverse[i % n * n + i / n]);
    }
}

/* -op(y) s op(y) for every matrix, where op transposes if `back` is set */
static void between(ad_small_work *w, int back) {
    size_t n = w->l->n, p = w->p;
    ad_lane y[MATRIX], s, half[MATRIX], sum;
    for (size_t b = 0; b < w->l->batch; b++) {
        for (size_t i = 0; i < n * n; i++)
            ad_small_load(w, w->y, b * n * n + i, y[back ? i % n * n + i / n : i]);
        for (size_t q = 0; q < p; q++) {
            memset(half, 0, n * n * sizeof *half);
            for (size_t i = 0; i < n * n; i++) {
                ad_small_load(w, w->seed, (b * n * n + i) * p + q, s);
                for (size_t r = 0; r < n; r++)
                    ad_small_add(half[r * n + i % n], 1, y[r * n + i / n], s);
            }
            for (size_t i = 0; i < n * n; i++) {
                memset(sum, 0, sizeof sum);
                for (size_t j = 0; j < n; j++)
                    ad_small_add(sum, -1, half[i / n * n + j], y[j * n + i % n]);
                ad_small_store(w, (b * n * n + i) * p + q, sum);
            }
        }
    }
}

static void inv_push(ad_small_work *w) { between(w, 0); }

static void inv_pull(ad_small_work *w) { between(w, 1); }

const ad_small_row ad_small_inv = {inv_value, inv_push, inv_pull};

/* ---------------------------------------------------------------------------- determinants */

/* The determinant of matrix b. */
static void det_of(ad_small_work *w, size_t b, ad_lane det) {
    size_t n = w->l->n;
    factors f;
    factor_matrix(w, b, 0, &f);
    memcpy(det, f.sign, sizeof(ad_lane));
    for (size_t k = 0; k < n; k++) {
        for (size_t e = 0; e < AD_LANE; e++) {
            det[e] *= f.upper[k * (n + 1)][e];
            w->good[e] = fabs(det[e]) > TINY && fabs(det[e]) < LARGE ? w->good[e] : 0;
        }
    }
}

static void det_value(ad_small_work *w) {
    ad_lane det;
    for (size_t b = 0; b < w->l->batch; b++) {
        det_of(w, b, det);
        ad_small_store(w, b, det);
    }
}

static void slogdet_value(ad_small_work *w) {
    ad_lane det, sign;
    for (size_t b = 0; b < w->l->batch; b++) {
        det_of(w, b, det);
        for (size_t e = 0; e < AD_LANE; e++) {
            sign[e] = det[e] < 0 ? -1 : 1;
            det[e] = w->good[e] != 0 ? log(fabs(det[e])) : 0;
        }
        ad_small_store(w, b, sign);
        ad_small_store(w, w->l->batch + b, det);
    }
}

/* The derivative of a determinant, or of its logarithm, by element (i, j) is the weight times the
 * inverse's element (j, i).  The weight is the determinant or 1. */
static void slopes_of(ad_small_work *w, size_t b, ad_lane *slope) {
    size_t n = w->l->n;
    factors f;
    factor_matrix(w, b, 0, &f);
    invert(n, &f, slope);
    if (w->l->kind != AD_LINEAR_DET) return;
    ad_lane det;
    ad_small_load(w, w->y, b, det);
    for (size_t e = 0; e < AD_LANE; e++)
        w->good[e] = fabs(det[e]) > TINY && fabs(det[e]) < LARGE ? w->good[e] : 0;
    for (size_t i = 0; i < n * n; i++) {
        for (size_t e = 0; e < AD_LANE; e++) slope[i][e] *= det[e];
    }
}

/* The place of the b-th determinant or logarithm among the results. */
static size_t place_of(const ad_linear *l, size_t b) {
    return l->kind == AD_LINEAR_DET ? b : l->batch + b;
}

static void det_push(ad_small_work *w) {
    size_t n = w->l->n, p = w->p;
    ad_lane slope[MATRIX], t, sum, zero = {0};
    for (size_t b = 0; b < w->l->batch; b++) {
        slopes_of(w, b, slope);
        for (size_t q = 0; q < p; q++) {
            memset(sum, 0, sizeof sum);
            for (size_t i = 0; i < n * n; i++) {
                ad_small_load(w, w->seed, (b * n * n + i) * p + q, t);
                ad_small_add(sum, 1, slope[i], t);
            }
            ad_small_store(w, place_of(w->l, b) * p + q, sum);
            if (w->l->kind != AD_LINEAR_DET) ad_small_store(w, b * p + q, zero);
        }
    }
}

static void det_pull(ad_small_work *w) {
    size_t n = w->l->n, p = w->p;
    ad_lane slope[MATRIX], weight, found;
    for (size_t b = 0; b < w->l->batch; b++) {
        slopes_of(w, b, slope);
        for (size_t q = 0; q < p; q++) {
            ad_small_load(w, w->seed, place_of(w->l, b) * p + q, weight);
            for (size_t i = 0; i < n * n; i++) {
                for (size_t e = 0; e < AD_LANE; e++) found[e] = weight[e] * slope[i][e];
                ad_small_store(w, (b * n * n + i) * p + q, found);
            }
        }
    }
}

const ad_small_row ad_small_det = {det_value, det_push, det_pull};
const ad_small_row ad_small_slogdet = {slogdet_value, det_push, det_pull};
