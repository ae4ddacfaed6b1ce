/* SPDX-License-Identifier: Apache-2.0 */
/* The Cholesky factor of small matrices. */
#include <math.h>
#include <string.h>

#include "linalg/small.h"

#define MATRIX (AD_SMALL * AD_SMALL)

static void load_factor(const ad_small_work *w, size_t b, ad_lane *l) {
    size_t n = w->l->n;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) ad_small_load(w, w->y, b * n * n + i * n + j, l[i * n + j]);
    }
}

static inline void divide(ad_lane a, const ad_lane d) {
    for (size_t e = 0; e < AD_LANE; e++) a[e] /= d[e];
}

static inline void halve(ad_lane a) {
    for (size_t e = 0; e < AD_LANE; e++) a[e] *= 0.5;
}

/* Store a lower triangle with zeros above it, as column q of p. */
static void store_lower(ad_small_work *w, size_t b, size_t p, size_t q, ad_lane *lower) {
    size_t n = w->l->n;
    const ad_lane zero = {0};
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++)
            ad_small_store(w, (b * n * n + i * n + j) * p + q, j > i ? zero : lower[i * n + j]);
    }
}

static void cholesky_value(ad_small_work *w) {
    size_t n = w->l->n;
    ad_lane l[MATRIX], least = {0};
    for (size_t b = 0; b < w->l->batch; b++) {
        for (size_t j = 0; j < n; j++) {
            for (size_t i = j; i < n; i++) {
                double *own = l[i * n + j];
                ad_small_load(w, w->x, b * n * n + i * n + j, own);
                if (i == j) memcpy(least, own, sizeof least);
                for (size_t k = 0; k < j; k++) ad_small_add(own, -1, l[i * n + k], l[j * n + k]);
                if (i > j) {
                    divide(own, l[j * n + j]);
                    continue;
                }
                for (size_t e = 0; e < AD_LANE; e++) {
                    int ordinary = own[e] > ad_small_rounding(n) * least[e];
                    w->good[e] = ordinary ? w->good[e] : 0;
                    own[e] = ordinary ? sqrt(own[e]) : 1;
                }
            }
        }
        store_lower(w, b, 1, 0, l);
    }
}

/* Overwrite a column of a square matrix, or a row if `step` is 1, by the solution of l x = it. */
static void solve_lower(size_t n, ad_lane *l, ad_lane *x, size_t step) {
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++) ad_small_add(x[i * step], -1, l[i * n + k], x[k * step]);
        divide(x[i * step], l[i * n + i]);
    }
}

/* dl = l (lower half of l^-1 da l^-T) */
static void cholesky_push(ad_small_work *w) {
    size_t n = w->l->n, p = w->p;
    ad_lane l[MATRIX], inner[MATRIX], found[MATRIX];
    for (size_t b = 0; b < w->l->batch; b++) {
        load_factor(w, b, l);
        for (size_t q = 0; q < p; q++) {
            for (size_t i = 0; i < n * n; i++) {
                size_t row = i / n, column = i % n;
                size_t from = row > column ? i : column * n + row;
                ad_small_load(w, w->seed, (b * n * n + from) * p + q, inner[i]);
            }
            for (size_t j = 0; j < n; j++) solve_lower(n, l, inner + j, n);
            for (size_t i = 0; i < n; i++) solve_lower(n, l, inner + i * n, 1);
            for (size_t i = 0; i < n; i++) halve(inner[i * (n + 1)]);
            memset(found, 0, n * n * sizeof *found);
            for (size_t i = 0; i < n; i++) {
                for (size_t j = 0; j <= i; j++) {
                    for (size_t k = j; k <= i; k++)
                        ad_small_add(found[i * n + j], 1, l[i * n + k], inner[k * n + j]);
                }
            }
            store_lower(w, b, p, q, found);
        }
    }
}

/* Turn the adjoint a of the factor's lower triangle into that of the matrix's, in place, row by row
 * from the last one (see cholesky.c). */
static void back_by_rows(size_t n, ad_lane *l, ad_lane *a) {
    for (size_t j = n; j-- > 0;) {
        double *own = a[j * n + j];
        for (size_t i = j + 1; i < n; i++) {
            divide(a[i * n + j], l[j * n + j]);
            ad_small_add(own, -1, l[i * n + j], a[i * n + j]);
        }
        divide(own, l[j * n + j]);
        for (size_t k = 0; k < j; k++) {
            ad_small_add(a[j * n + k], -1, own, l[j * n + k]);
            for (size_t i = j + 1; i < n; i++) {
                ad_small_add(a[j * n + k], -1, a[i * n + j], l[i * n + k]);
                ad_small_add(a[i * n + k], -1, a[i * n + j], l[j * n + k]);
            }
        }
        halve(own);
    }
}

static void cholesky_pull(ad_small_work *w) {
    size_t n = w->l->n, p = w->p;
    ad_lane l[MATRIX], adjoint[MATRIX];
    for (size_t b = 0; b < w->l->batch; b++) {
        load_factor(w, b, l);
        for (size_t q = 0; q < p; q++) {
            for (size_t i = 0; i < n; i++) {
                for (size_t j = 0; j <= i; j++)
                    ad_small_load(w, w->seed, (b * n * n + i * n + j) * p + q, adjoint[i * n + j]);
            }
            back_by_rows(n, l, adjoint);
            store_lower(w, b, p, q, adjoint);
        }
    }
}

const ad_small_row ad_small_cholesky = {cholesky_value, cholesky_push, cholesky_pull};
