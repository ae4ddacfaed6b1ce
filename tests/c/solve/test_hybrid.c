/* SPDX-License-Identifier: Apache-2.0 */
/* Factors and their updates against products, and roots of equations from far and near, singular,
 * without values, and without a solution. */
#include "ad_test.h"
#include "base/alloc.h"
#include "solve/hybrid.h"
#include "solve/qr.h"

#include <stdlib.h>
#include <string.h>

#define MOST 9

static double uniform(void) { return 2.0 * rand() / RAND_MAX - 1.0; }

/* turned^T r = a, and the rows of turned are orthonormal */
static void check_factors(size_t n, const double *r, const double *turned, const double *a) {
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            double product = 0, inner = 0;
            for (size_t k = 0; k < n; k++) {
                product += turned[k * n + i] * r[k * n + j];
                inner += turned[i * n + k] * turned[j * n + k];
            }
            CHECK(fabs(product - a[i * n + j]) < 1e-13);
            CHECK(fabs(inner - (i == j)) < 1e-14);
            if (j < i) CHECK_EQUAL(r[i * n + j], 0.0);
        }
    }
}

TEST(factors_and_their_updates) {
    double a[MOST * MOST], r[MOST * MOST], turned[MOST * MOST], work[2 * MOST];
    double u[MOST], v[MOST], b[MOST], along[MOST];
    for (size_t n = 1; n <= MOST; n++) {
        for (size_t singular = 0; singular < 2; singular++) {
            for (size_t k = 0; k < n * n; k++) a[k] = singular && k % n == n / 2 ? 0 : uniform();
            memcpy(r, a, sizeof a);
            ad_qr_factor(n, r, turned, work);
            check_factors(n, r, turned, a);
            for (size_t k = 0; k < n; k++) u[k] = uniform(), v[k] = uniform(), b[k] = uniform();
            for (size_t i = 0; i < n; i++) {
                along[i] = 0;
                for (size_t k = 0; k < n; k++) {
                    along[i] += turned[i * n + k] * b[k];
                    for (size_t j = 0; j < n; j++) a[k * n + j] += turned[i * n + k] * u[i] * v[j];
                }
            }
            ad_qr_update(n, r, turned, along, u, v);
            check_factors(n, r, turned, a);
            for (size_t i = 0; i < n; i++) {
                double product = 0;
                for (size_t k = 0; k < n; k++) product += turned[i * n + k] * b[k];
                CHECK(fabs(product - along[i]) < 1e-14);
            }
        }
    }
}

/* ----------------------------------------------------------------------------- equations */

typedef struct equations {
    size_t n;
    void (*value)(const double *x, double *f);
    void (*jacobian)(const double *x, double *j);
} equations;

static void valley_value(const double *x, double *f) {
    f[0] = 10 * (x[1] - x[0] * x[0]);
    f[1] = 1 - x[0];
}

static void valley_jacobian(const double *x, double *j) {
    j[0] = -20 * x[0], j[1] = 10, j[2] = -1, j[3] = 0;
}

/* No value for x <= 0. */
static void log_value(const double *x, double *f) { f[0] = log(x[0]); }
static void log_jacobian(const double *x, double *j) { j[0] = 1 / x[0]; }

/* Without a solution; its Jacobian is singular at 0. */
static void never_value(const double *x, double *f) { f[0] = x[0] * x[0] + 1; }
static void never_jacobian(const double *x, double *j) { j[0] = 2 * x[0]; }

/* The Jacobian is singular at the solution. */
static void double_value(const double *x, double *f) { f[0] = x[0] * x[0]; }
static void double_jacobian(const double *x, double *j) { j[0] = 2 * x[0]; }

/* Not finite: everywhere, except at the start, and as a derivative. */
static void nan_value(const double *x, double *f) { f[0] = x[0] * NAN; }
static void island_value(const double *x, double *f) { f[0] = x[0] == 3 ? 1 : INFINITY; }
static void one_jacobian(const double *x, double *j) { j[0] = 1 + 0 * x[0]; }
static void nan_jacobian(const double *x, double *j) { j[0] = x[0] * NAN; }

static const equations valley = {2, valley_value, valley_jacobian};
static const equations logarithm = {1, log_value, log_jacobian};
static const equations never = {1, never_value, never_jacobian};
static const equations twice = {1, double_value, double_jacobian};
static const equations nowhere = {1, nan_value, one_jacobian};
static const equations island = {1, island_value, one_jacobian};
static const equations no_slope = {1, double_value, nan_jacobian};

/* Solve from x, which becomes the result. */
static ad_hybrid_end solved(const equations *e, double *x, const double *diag, double factor,
                            size_t most, size_t *values) {
    ad_hybrid h;
    ad_hybrid_task task;
    ad_status status = ad_hybrid_begin(&h, e->n, x, diag, 1.5e-8, factor, most);
    CHECK(status == AD_OK);
    if (status != AD_OK) return AD_HYBRID_OPEN;
    while ((task = ad_hybrid_next(&h)) != AD_HYBRID_NOTHING) {
        if (task == AD_HYBRID_VALUE) {
            e->value(h.point, h.value);
        } else {
            e->jacobian(h.x, h.r);
        }
        CHECK(h.values <= most);
    }
    CHECK(ad_hybrid_next(&h) == AD_HYBRID_NOTHING);
    memcpy(x, h.x, e->n * sizeof *x);
    *values = h.values;
    ad_hybrid_end end = h.end;
    ad_hybrid_release(&h);
    return end;
}

TEST(roots_from_far_and_near) {
    const double starts[] = {-1.2, 1, 1, 1, 100, -300, 0, 0, 1e-3, -1e-3};
    const double diag[] = {1, 2};
    size_t values;
    for (size_t k = 0; k < 5; k++) {
        for (size_t scaled = 0; scaled < 2; scaled++) {
            double x[] = {starts[2 * k], starts[2 * k + 1]};
            CHECK(solved(&valley, x, scaled ? diag : NULL, 100, 300, &values) ==
                  AD_HYBRID_CONVERGED);
            CHECK_NEAR(x[0], 1.0, 1e-9);
            CHECK_NEAR(x[1], 1.0, 1e-9);
            CHECK(values < 200);
        }
    }
}

TEST(a_start_at_the_solution_needs_one_value) {
    double x[] = {1, 1};
    size_t values;
    CHECK(solved(&valley, x, NULL, 100, 300, &values) == AD_HYBRID_CONVERGED);
    CHECK(values == 1);
}

TEST(steps_to_where_there_is_no_value_are_too_long) {
    double x = 50;
    size_t values;
    CHECK(solved(&logarithm, &x, NULL, 100, 300, &values) == AD_HYBRID_CONVERGED);
    CHECK_NEAR(x, 1.0, 1e-9);
}

TEST(ends_without_a_root) {
    size_t values;
    double x = 3;
    ad_hybrid_end end = solved(&never, &x, NULL, 100, 300, &values);
    CHECK(end == AD_HYBRID_JACOBIANS || end == AD_HYBRID_STEPS);
    x = 0;
    CHECK(solved(&never, &x, NULL, 100, 300, &values) != AD_HYBRID_OPEN);
    double y[] = {-1.2, 1};
    CHECK(solved(&valley, y, NULL, 100, 3, &values) == AD_HYBRID_MOST_VALUES);
    CHECK(values == 3);
    x = 1;
    solved(&twice, &x, NULL, 100, 300, &values);
    CHECK(fabs(x) < 1e-3);
}

TEST(ends_where_nothing_is_finite) {
    size_t values;
    double x = 3;
    CHECK(solved(&nowhere, &x, NULL, 100, 300, &values) == AD_HYBRID_NOT_FINITE);
    CHECK(values == 1);
    CHECK(solved(&island, &x, NULL, 100, 300, &values) == AD_HYBRID_NOT_FINITE);
    CHECK(values < 30);
    CHECK_EQUAL(x, 3.0);
    CHECK(solved(&no_slope, &x, NULL, 100, 300, &values) == AD_HYBRID_NOT_FINITE);
}

TEST(sizes_that_do_not_fit_into_memory) {
    ad_hybrid h;
    double x = 0;
    CHECK(ad_hybrid_begin(&h, (size_t)1 << 40, &x, NULL, 1e-8, 100, 9) == AD_NO_MEMORY);
    ad_alloc_fail_at(1);
    CHECK(ad_hybrid_begin(&h, 1, &x, NULL, 1e-8, 100, 9) == AD_NO_MEMORY);
    ad_alloc_fail_at(0);
}
