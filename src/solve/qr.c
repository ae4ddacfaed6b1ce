/* SPDX-License-Identifier: Apache-2.0 */
#include "solve/qr.h"

#include <math.h>
#include <string.h>

static void add_multiple(size_t n, double *restrict y, double a, const double *restrict x) {
    for (size_t k = 0; k < n; k++) y[k] += a * x[k];
}

/* Four sums side by side, since a single one would wait for the latency of each addition. */
static double dot(size_t n, const double *x, const double *y) {
    double sum[4] = {0};
    size_t k = 0;
    for (; k + 4 <= n; k += 4) {
        for (int j = 0; j < 4; j++) sum[j] += x[k + j] * y[k + j];
    }
    for (; k < n; k++) sum[0] += x[k] * y[k];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* ------------------------------------------------------------------------------ reflections */

/* Replace column k of r, from its diagonal down, by the unit vector v of the reflection
 * I - 2 v v^T that makes it a multiple of e_k.  Returns the multiple; if the column is zero, v is
 * zero. */
static double reflect(size_t n, double *r, size_t k) {
    double largest = 0, square = 0;
    for (size_t i = k; i < n; i++) largest = fmax(largest, fabs(r[i * n + k]));
    if (largest == 0) return 0;
    for (size_t i = k; i < n; i++) {
        r[i * n + k] /= largest;
        square += r[i * n + k] * r[i * n + k];
    }
    double norm = copysign(sqrt(square), r[k * n + k]);
    r[k * n + k] += norm;
    /* |v|^2 = 2 norm^2 + 2 norm (the diagonal before) */
    double length = sqrt(2 * norm * r[k * n + k]);
    for (size_t i = k; i < n; i++) r[i * n + k] /= length;
    return -norm * largest;
}

/* Reflect the columns of r after column k, row by row; sums: n doubles. */
static void reflect_columns(size_t n, double *r, size_t k, double *sums) {
    size_t rest = n - k - 1;
    memset(sums, 0, rest * sizeof *sums);
    for (size_t i = k; i < n; i++) add_multiple(rest, sums, 2 * r[i * n + k], r + i * n + k + 1);
    for (size_t i = k; i < n; i++) add_multiple(rest, r + i * n + k + 1, -r[i * n + k], sums);
}

/* turned becomes turned H_{n-1} ... H_0.  The last reflections come first, while the rows and
 * columns before theirs are still those of the unit matrix. */
static void accumulate(size_t n, const double *r, double *turned, double *v) {
    memset(turned, 0, n * n * sizeof *turned);
    for (size_t k = n; k-- > 0;) {
        turned[k * n + k] = 1;
        for (size_t i = k; i < n; i++) v[i - k] = r[i * n + k];
        for (size_t i = k; i < n; i++) {
            double *row = turned + i * n + k;
            add_multiple(n - k, row, -2 * dot(n - k, row, v), v);
        }
    }
}

void ad_qr_factor(size_t n, double *r, double *turned, double *work) {
    double *diagonal = work, *sums = work + n;
    for (size_t k = 0; k < n; k++) {
        diagonal[k] = reflect(n, r, k);
        reflect_columns(n, r, k, sums);
    }
    accumulate(n, r, turned, sums);
    for (size_t i = 0; i < n; i++) {
        memset(r + i * n, 0, i * sizeof *r);
        r[i * n + i] = diagonal[i];
    }
}

/* -------------------------------------------------------------------------------- rotations */

typedef struct rotation {
    double c, s;
} rotation;

/* The rotation that makes the second of two numbers zero. */
static rotation annihilating(double a, double b) {
    if (b == 0) return (rotation){1, 0};
    double length = hypot(a, b);
    return (rotation){a / length, b / length};
}

static void rotate(size_t n, double *restrict x, double *restrict y, rotation g) {
    for (size_t k = 0; k < n; k++) {
        double a = x[k], b = y[k];
        x[k] = g.c * a + g.s * b;
        y[k] = g.c * b - g.s * a;
    }
}

/* Rotate rows k and k + 1 of r from column `first` on, and those of turned and along. */
static void rotate_rows(size_t n, size_t k, size_t first, double *r, double *turned, double *along,
                        rotation g) {
    rotate(n - first, r + k * n + first, r + (k + 1) * n + first, g);
    rotate(n, turned + k * n, turned + (k + 1) * n, g);
    rotate(1, along + k, along + k + 1, g);
}

void ad_qr_update(size_t n, double *r, double *turned, double *along, double *u, const double *v) {
    /* Rotations from the last row up leave a multiple of e_0 of u, and R with one more diagonal. */
    for (size_t k = n - 1; k-- > 0;) {
        rotation g = annihilating(u[k], u[k + 1]);
        rotate(1, u + k, u + k + 1, g);
        rotate_rows(n, k, k, r, turned, along, g);
    }
    add_multiple(n, r, u[0], v);
    for (size_t k = 0; k + 1 < n; k++) {
        rotation g = annihilating(r[k * n + k], r[(k + 1) * n + k]);
        rotate_rows(n, k, k, r, turned, along, g);
        r[(k + 1) * n + k] = 0;
    }
}
