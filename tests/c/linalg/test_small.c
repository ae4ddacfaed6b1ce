/* SPDX-License-Identifier: Apache-2.0 */
/* Small matrices at many points, against elimination in long double, differences, and each other:
 * w^T (J t) is (J^T w)^T t.  tests/rules/test_small_matrices.py compares them with LAPACK. */
#include "ad_test.h"
#include "linalg/linear.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define POINTS 13 /* a whole lane and a part of one */
#define MOST 8
#define BATCH 2
#define STEP 1e-6

static const ad_linear_kind kinds[] = {AD_LINEAR_SOLVE, AD_LINEAR_INV, AD_LINEAR_DET,
                                       AD_LINEAR_SLOGDET, AD_LINEAR_CHOLESKY};

static double uniform(void) { return 2.0 * rand() / RAND_MAX - 1.0; }

/* Inputs of a kind at all points: positive definite matrices (whose rows are exchanged for kinds
 * that take any), and right sides. */
static void fill_inputs(const ad_linear *l, size_t n, int definite, double *x) {
    size_t inputs = ad_linear_inputs(l), matrices = BATCH * n * n;
    for (size_t k = 0; k < inputs * POINTS; k++) x[k] = uniform();
    for (size_t i = 0; i < matrices; i++) {
        size_t row = i % (n * n) / n, column = i % n, above = column > row;
        size_t mirror = i - row * n - column + column * n + row;
        for (size_t e = 0; e < POINTS; e++) {
            if (definite && above) x[i * POINTS + e] = x[mirror * POINTS + e];
            if ((definite ? row : (row + 1) % n) == column) x[i * POINTS + e] += (double)n + 1;
        }
    }
}

/* Eliminate with complete pivoting. Returns the determinant; b becomes a^-1 b. */
static long double eliminate(size_t n, long double *a, size_t k, long double *b) {
    long double det = 1;
    for (size_t c = 0; c < n; c++) {
        size_t best = c;
        for (size_t i = c; i < n; i++)
            best = fabsl(a[i * n + c]) > fabsl(a[best * n + c]) ? i : best;
        for (size_t j = 0; j < n; j++) {
            long double t = a[c * n + j];
            a[c * n + j] = a[best * n + j];
            a[best * n + j] = t;
        }
        for (size_t j = 0; j < k; j++) {
            long double t = b[c * k + j];
            b[c * k + j] = b[best * k + j];
            b[best * k + j] = t;
        }
        det *= best == c ? a[c * n + c] : -a[c * n + c];
        for (size_t i = 0; i < n; i++) {
            long double f = i == c ? 0 : a[i * n + c] / a[c * n + c];
            for (size_t j = c; j < n; j++) a[i * n + j] -= f * a[c * n + j];
            for (size_t j = 0; j < k; j++) b[i * k + j] -= f * b[c * k + j];
        }
    }
    for (size_t i = 0; i < n * k; i++) b[i] /= a[i / k * (n + 1)];
    return det;
}

static void check_value(const ad_linear *l, ad_linear_kind kind, size_t n, size_t k,
                        const double *x, const double *y, size_t b, size_t e) {
    long double a[MOST * MOST], side[MOST * MOST] = {0};
    double bound = 100 * DBL_EPSILON;
    (void)l;
    for (size_t i = 0; i < n * n; i++) a[i] = x[(b * n * n + i) * POINTS + e];
    if (kind == AD_LINEAR_CHOLESKY) {
        for (size_t i = 0; i < n * n; i++) {
            long double sum = 0;
            const double *own = y + b * n * n * POINTS + e;
            for (size_t j = 0; j < n; j++)
                sum += (long double)own[(i / n * n + j) * POINTS] * own[(i % n * n + j) * POINTS];
            CHECK(fabsl(sum - a[i]) < bound * (double)(n + 2));
        }
        return;
    }
    size_t columns = kind == AD_LINEAR_SOLVE ? k : n;
    for (size_t i = 0; i < n * columns; i++) {
        side[i] = i / columns == i % columns;
        if (kind == AD_LINEAR_SOLVE) side[i] = x[(BATCH * n * n + b * n * k + i) * POINTS + e];
    }
    long double det = eliminate(n, a, columns, side);
    if (kind == AD_LINEAR_DET) CHECK_NEAR(y[b * POINTS + e], (double)det, bound);
    if (kind == AD_LINEAR_SLOGDET) {
        CHECK_EQUAL(y[b * POINTS + e], det < 0 ? -1.0 : 1.0);
        CHECK(fabsl(y[(BATCH + b) * POINTS + e] - logl(fabsl(det))) < bound);
    }
    for (size_t i = 0; i < n * columns && kind <= AD_LINEAR_INV; i++)
        CHECK(fabsl(y[(b * n * columns + i) * POINTS + e] - side[i]) < bound);
}

/* Forward products against differences, and reverse products against forward ones. */
static void check_products(const ad_linear *l, const double *x, const double *y) {
    size_t in = ad_linear_inputs(l), out = ad_linear_outputs(l), p = 2;
    double *t = malloc(in * p * POINTS * sizeof *t), *w = malloc(out * p * POINTS * sizeof *w);
    double *pushed = malloc(out * p * POINTS * sizeof *t);
    double *pulled = malloc(in * p * POINTS * sizeof *t);
    double *moved = malloc(in * POINTS * sizeof *t), *high = malloc(out * POINTS * sizeof *t);
    unsigned char left[POINTS];
    for (size_t k = 0; k < in * p * POINTS; k++) t[k] = uniform();
    for (size_t k = 0; k < out * p * POINTS; k++) w[k] = uniform();
    ad_linear_products_at(l, 0, POINTS, p, x, y, t, pushed, left);
    ad_linear_products_at(l, 1, POINTS, p, x, y, w, pulled, left);
    for (size_t q = 0; q < p; q++) {
        for (size_t k = 0; k < in * POINTS; k++)
            moved[k] = x[k] + STEP * t[(k / POINTS * p + q) * POINTS + k % POINTS];
        ad_linear_values_at(l, POINTS, moved, high, left);
        for (size_t e = 0; e < POINTS; e++) {
            double one = 0, other = 0;
            for (size_t k = 0; k < out; k++) {
                size_t at = (k * p + q) * POINTS + e;
                double slope = (high[k * POINTS + e] - y[k * POINTS + e]) / STEP;
                CHECK(fabs(pushed[at] - slope) < 1e-3 * (1 + fabs(slope)));
                one += pushed[at] * w[at];
            }
            for (size_t k = 0; k < in; k++) {
                size_t at = (k * p + q) * POINTS + e;
                other += pulled[at] * t[at];
            }
            CHECK(fabs(one - other) < 1e-12 * (1 + fabs(one)));
        }
    }
    free(t), free(w), free(pushed), free(pulled), free(moved), free(high);
}

TEST(small_matrices_agree_with_long_double_and_with_differences) {
    for (size_t c = 0; c < sizeof kinds / sizeof *kinds; c++) {
        for (size_t n = 1; n <= MOST; n++) {
            size_t k = kinds[c] == AD_LINEAR_SOLVE ? 1 + n % 3 : 0;
            ad_linear *l = ad_linear_new(kinds[c], BATCH, n, k, 0);
            REQUIRE(l != NULL && ad_linear_most_points(l, 0) > 1);
            double *x = malloc(ad_linear_inputs(l) * POINTS * sizeof *x);
            double *y = malloc(ad_linear_outputs(l) * POINTS * sizeof *y);
            unsigned char left[POINTS];
            fill_inputs(l, n, kinds[c] == AD_LINEAR_CHOLESKY, x);
            ad_linear_values_at(l, POINTS, x, y, left);
            for (size_t e = 0; e < POINTS; e++) {
                CHECK(!left[e]);
                for (size_t b = 0; b < BATCH; b++) check_value(l, kinds[c], n, k, x, y, b, e);
            }
            check_products(l, x, y);
            free(x), free(y);
            ad_linear_free(l);
        }
    }
}

/* Singular, nonfinite, indefinite and extreme matrices are left, and their neighbours are not. */
TEST(small_matrices_that_need_lapack_are_left) {
    const double diagonal[][3] = {{1, 2, 3},
                                  {1, 0, 3},
                                  {1, 1e-17, 1},
                                  {NAN, 1, 1},
                                  {INFINITY, 1, 1},
                                  {1, 2, 3},
                                  {-1, 2, 3},
                                  {1e-200, 1e-200, 1e-200},
                                  {1e200, 1e200, 1e200}};
    enum { COUNT = sizeof diagonal / sizeof *diagonal };
    const int expected[][COUNT] = {
        [AD_LINEAR_SOLVE] = {0, 1, 1, 1, 1, 0, 0, 0, 0},
        [AD_LINEAR_INV] = {0, 1, 1, 1, 1, 0, 0, 0, 0},
        [AD_LINEAR_DET] = {0, 1, 1, 1, 1, 0, 0, 1, 1},
        [AD_LINEAR_SLOGDET] = {0, 1, 1, 1, 1, 0, 0, 1, 1},
        [AD_LINEAR_CHOLESKY] = {0, 1, 0, 1, 1, 0, 1, 0, 0},
    };
    for (size_t c = 0; c < sizeof kinds / sizeof *kinds; c++) {
        ad_linear *l = ad_linear_new(kinds[c], 1, 3, kinds[c] == AD_LINEAR_SOLVE, 0);
        double x[12 * COUNT] = {0}, y[9 * COUNT];
        unsigned char left[COUNT];
        for (size_t e = 0; e < COUNT; e++) {
            for (size_t i = 0; i < 3; i++) x[4 * i * COUNT + e] = diagonal[e][i];
            for (size_t i = 9; i < 12; i++) x[i * COUNT + e] = 1;
        }
        ad_linear_values_at(l, COUNT, x, y, left);
        for (size_t e = 0; e < COUNT; e++) CHECK(left[e] == expected[kinds[c]][e]);
        ad_linear_free(l);
    }
}

TEST(other_matrices_are_computed_one_by_one) {
    ad_linear *large = ad_linear_new(AD_LINEAR_SOLVE, 1, MOST + 1, 1, 0);
    ad_linear *other = ad_linear_new(AD_LINEAR_QR, 1, 3, 2, 0);
    CHECK(ad_linear_most_points(large, 0) == 1 && ad_linear_most_points(large, 1) == 1);
    CHECK(ad_linear_most_points(other, 0) == 1 && ad_linear_most_points(other, 1) == 1);
    ad_linear_free(large);
    ad_linear_free(other);
}

/* The matrix whose eigenvalues are w and whose vectors are the columns of v, at one point. */
static void compose(size_t n, const double *w, const double *v, double *a) {
    for (size_t i = 0; i < n * n; i++) {
        a[i] = 0;
        for (size_t k = 0; k < n; k++) a[i] += v[i / n * n + k] * w[k] * v[i % n * n + k];
    }
}

/* A product of rotations that depends smoothly on t. */
static void rotations(size_t n, double t, double *v) {
    for (size_t i = 0; i < n * n; i++) v[i] = i % (n + 1) == 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++) {
            double angle = t * (double)(1 + i + 2 * j) / (double)n, c = cos(angle), s = sin(angle);
            for (size_t k = 0; k < n; k++) {
                double a = v[k * n + i], b = v[k * n + j];
                v[k * n + i] = c * a - s * b;
                v[k * n + j] = s * a + c * b;
            }
        }
    }
}

/* Along a curve of matrices whose eigenvalues and vectors are known, products are their slopes. */
TEST(derivatives_of_eigenvectors_follow_a_known_curve) {
    for (size_t n = 1; n <= MOST; n++) {
        for (unsigned flags = 0; flags <= AD_LINEAR_LOWER; flags++) {
            size_t in = n * n, out = n * n + n;
            double y[MOST * MOST + MOST], slope[MOST * MOST + MOST], x[3][MOST * MOST];
            double v[3][MOST * MOST], w[3][MOST];
            double pushed[MOST * MOST + MOST], seed[MOST * MOST + MOST], pulled[MOST * MOST];
            unsigned char left = 1;
            for (int k = 0; k < 3; k++) {
                double t = 0.7 + (k - 1) * 1e-5;
                for (size_t i = 0; i < n; i++)
                    w[k][i] = 2 * (double)i - 2 + t * t * (double)(i % 3 + 1);
                rotations(n, t, v[k]);
                compose(n, w[k], v[k], x[k]);
            }
            for (size_t i = 0; i < out; i++) {
                y[i] = i < n ? w[1][i] : v[1][i - n];
                slope[i] = (i < n ? w[2][i] - w[0][i] : v[2][i - n] - v[0][i - n]) / 2e-5;
                seed[i] = uniform();
            }
            for (size_t i = 0; i < in; i++) x[2][i] = (x[2][i] - x[0][i]) / 2e-5;
            ad_linear *l = ad_linear_new(AD_LINEAR_EIGH, 1, n, 0, flags);
            REQUIRE(l != NULL && ad_linear_most_points(l, 1) > 1);
            ad_linear_products_at(l, 0, 1, 1, x[1], y, x[2], pushed, &left);
            CHECK(!left);
            ad_linear_products_at(l, 1, 1, 1, x[1], y, seed, pulled, &left);
            CHECK(!left);
            double one = 0, other = 0;
            for (size_t i = 0; i < out; i++) {
                CHECK(fabs(pushed[i] - slope[i]) < 1e-5);
                one += pushed[i] * seed[i];
            }
            for (size_t i = 0; i < in; i++) {
                int read = flags ? i % n <= i / n : i % n >= i / n;
                CHECK(read || pulled[i] == 0);
                other += pulled[i] * x[2][i];
            }
            CHECK(fabs(one - other) < 1e-12 * (1 + fabs(one)));
            ad_linear_free(l);
        }
    }
}

TEST(eigenvectors_of_equal_eigenvalues_and_values_without_lapack_are_left) {
    ad_linear *l = ad_linear_new(AD_LINEAR_EIGH, 1, 2, 0, AD_LINEAR_LOWER);
    const double x[] = {1, 0, 0, 1, 1, 0, 0, 2}, y[] = {1, 1, 1, 0, 0, 1};
    double seed[] = {1, 1, 1, 1, 1, 1}, out[6];
    unsigned char left = 0;
    ad_linear_products_at(l, 0, 1, 1, x, y, seed, out, &left);
    CHECK(left);
    left = 0;
    ad_linear_products_at(l, 1, 1, 1, x, y, seed, out, &left);
    CHECK(left);
    left = 0;
    ad_linear_values_at(l, 1, x + 4, out, &left);
    CHECK(left);
    ad_linear_free(l);
}
