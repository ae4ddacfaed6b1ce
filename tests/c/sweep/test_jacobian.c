/* SPDX-License-Identifier: Apache-2.0 */
#include "ad_test.h"
#include "base/alloc.h"
#include "sweep/jacobian.h"

#include <string.h>

#define D 5
#define K 8

/* y_k = x_k x_(k+1) + sin x_0 for k < D, then the inputs themselves, one node twice. */
typedef struct example {
    ad_tape tape;
    ad_function f;
    ad_node input[D], output[K];
} example;

static void begin(example *e) {
    ad_node first = 0, sine = 0, product = 0;
    ad_tape_init(&e->tape);
    CHECK(ad_tape_inputs(&e->tape, D, &first) == AD_OK);
    for (ad_node j = 0; j < D; j++) {
        e->input[j] = first + j;
        e->tape.value[first + j] = 0.5 + j;
    }
    CHECK(ad_tape_unary(&e->tape, AD_SIN, first, &sine) == AD_OK);
    for (ad_node k = 0; k < D; k++) {
        CHECK(ad_tape_binary(&e->tape, AD_MULTIPLY, k, (k + 1) % D, &product) == AD_OK);
        CHECK(ad_tape_binary(&e->tape, AD_ADD, product, sine, &e->output[k]) == AD_OK);
    }
    e->output[5] = e->input[3];
    e->output[6] = e->output[7] = e->output[1];
    e->f = (ad_function){&e->tape, D, K, e->input, e->output};
}

static double entry(int k, int j) {
    if (k == 5) return j == 3;
    if (k > 5) k = 1;
    double x[D];
    for (int i = 0; i < D; i++) x[i] = 0.5 + i;
    return (j == k ? x[(k + 1) % D] : j == (k + 1) % D ? x[k] : 0) + (j == 0 ? cos(0.5) : 0);
}

static const ad_workspace no_work = {NULL, 0};

TEST(jacobian_is_right_in_both_modes_for_every_chunk) {
    example e;
    begin(&e);
    for (size_t chunk = 1; chunk <= 10; chunk++) {
        double forward[K * D], reverse[K * D];
        for (int n = 0; n < K * D; n++) forward[n] = reverse[n] = NAN;
        CHECK(ad_jacobian_forward(&e.f, chunk, forward, no_work, NULL) == AD_OK);
        CHECK(ad_jacobian_reverse(&e.f, chunk, reverse, no_work, NULL) == AD_OK);
        for (int n = 0; n < K * D; n++) {
            CHECK_NEAR(forward[n], entry(n / D, n % D), 1e-15);
            CHECK_NEAR(reverse[n], entry(n / D, n % D), 1e-15);
        }
    }
    ad_tape_free(&e.tape);
}

TEST(products_with_the_jacobian_are_sums_of_its_entries) {
    example e;
    begin(&e);
    for (size_t p = 1; p <= 4; p++) {
        double t[D * 4], Jt[K * 4], w[K * 4], wJ[D * 4];
        for (size_t n = 0; n < D * p; n++) t[n] = 1.0 / (1 + (double)n);
        for (size_t n = 0; n < K * p; n++) w[n] = 2 - 0.3 * (double)n;
        CHECK(ad_jvp(&e.f, p, t, Jt, no_work, NULL) == AD_OK);
        CHECK(ad_vjp(&e.f, p, w, wJ, no_work, NULL) == AD_OK);
        for (size_t s = 0; s < p; s++) {
            for (int k = 0; k < K; k++) {
                double sum = 0;
                for (int j = 0; j < D; j++) sum += entry(k, j) * t[(size_t)j * p + s];
                CHECK_NEAR(Jt[(size_t)k * p + s], sum, 1e-13);
            }
            for (int j = 0; j < D; j++) {
                double sum = 0;
                for (int k = 0; k < K; k++) sum += entry(k, j) * w[(size_t)k * p + s];
                CHECK_NEAR(wJ[(size_t)j * p + s], sum, 1e-13);
            }
        }
    }
    ad_tape_free(&e.tape);
}

TEST(jacobian_of_nothing_is_empty) {
    example e;
    begin(&e);
    double untouched = 7;
    const ad_function no_inputs = {&e.tape, 0, K, e.input, e.output};
    const ad_function no_outputs = {&e.tape, D, 0, e.input, e.output};
    CHECK(ad_jacobian_forward(&no_inputs, 1, &untouched, no_work, NULL) == AD_OK);
    CHECK(ad_jacobian_reverse(&no_inputs, 1, &untouched, no_work, NULL) == AD_OK);
    CHECK(ad_jacobian_forward(&no_outputs, 1, &untouched, no_work, NULL) == AD_OK);
    CHECK(ad_jacobian_reverse(&no_outputs, 1, &untouched, no_work, NULL) == AD_OK);
    CHECK_EQUAL(untouched, 7.0);
    ad_tape_free(&e.tape);
}

TEST(seed_chunk_is_between_one_and_all) {
    example e;
    begin(&e);
    size_t node = e.tape.nodes * sizeof(double);
    CHECK(ad_seed_chunk(&e.tape, 100, 0) == 1);
    CHECK(ad_seed_chunk(&e.tape, 0, 1000) == 0);
    CHECK(ad_seed_chunk(&e.tape, 3, SIZE_MAX) <= 3);
    CHECK(ad_seed_chunk(&e.tape, 100, 8 * node) <= 8);
    ad_tape_free(&e.tape);
}

TEST(jacobian_survives_the_failure_of_every_allocation) {
    example e;
    begin(&e);
    double J[K * D], t[D] = {1}, w[K] = {1}, out[K], all[64];
    long failures = 0;
    for (int which = 0; which < 6; which++) {
        ad_status status = AD_NO_MEMORY;
        for (long n = 1; status != AD_OK; n++) {
            ad_alloc_fail_at(n);
            status = which == 0   ? ad_jacobian_forward(&e.f, 2, J, no_work, NULL)
                     : which == 1 ? ad_jacobian_reverse(&e.f, 2, J, no_work, NULL)
                     : which == 2 ? ad_jvp(&e.f, 1, t, out, no_work, NULL)
                     : which == 3 ? ad_vjp(&e.f, 1, w, out, no_work, NULL)
                     : which == 4 ? ad_tangents(&e.f, t, all, NULL)
                                  : ad_adjoints(&e.f, w, all, NULL);
            ad_alloc_fail_at(0);
            REQUIRE(status == AD_OK || status == AD_NO_MEMORY);
            failures += status != AD_OK;
        }
    }
    CHECK(failures >= 6);
    ad_tape_free(&e.tape);
}

static int stop_at_once(void *context) { return ++*(int *)context > 0; }

TEST(jacobian_stops_when_the_poll_function_says_so) {
    ad_tape tape;
    ad_node node = 0, input = 0;
    ad_tape_init(&tape);
    REQUIRE(ad_tape_inputs(&tape, 1, &node) == AD_OK);
    tape.value[0] = 0.5;
    for (int k = 0; k < 1100000; k++)
        if (ad_tape_unary(&tape, AD_SIN, node, &node) != AD_OK) break;
    const ad_function f = {&tape, 1, 1, &input, &node};
    double J;
    int calls = 0;
    const ad_poll poll = {stop_at_once, &calls};
    CHECK(ad_jacobian_forward(&f, 1, &J, no_work, &poll) == AD_INTERRUPTED);
    CHECK(ad_jacobian_reverse(&f, 1, &J, no_work, &poll) == AD_INTERRUPTED);
    CHECK(calls == 2);
    ad_tape_free(&tape);
}

/* Square roots at 0, or at 1.  A sweep of one seed covers 4000 nodes, and all sweeps eight
 * million. */
TEST(jacobian_of_many_short_sweeps_stops_when_the_poll_function_says_so) {
    enum { N = 2000 };
    ad_node *input = ad_alloc(2 * N, sizeof *input), *output = input + N;
    double *J = ad_alloc((size_t)N * N, sizeof *J);
    for (int at = 0; at < 2; at++) {
        ad_tape tape;
        ad_tape_init(&tape);
        REQUIRE(ad_tape_inputs(&tape, N, &input[0]) == AD_OK);
        for (ad_node k = 0; k < N; k++) {
            input[k] = k;
            tape.value[k] = at;
        }
        for (int k = 0; k < N; k++)
            CHECK(ad_tape_unary(&tape, AD_SQRT, input[k], &output[k]) == AD_OK);
        const ad_function f = {&tape, N, N, input, output};
        for (size_t chunk = 1; chunk <= 100; chunk += 99) {
            int calls = 0;
            const ad_poll poll = {stop_at_once, &calls};
            CHECK(ad_jacobian_forward(&f, chunk, J, no_work, &poll) == AD_INTERRUPTED);
            CHECK(ad_jacobian_reverse(&f, chunk, J, no_work, &poll) == AD_INTERRUPTED);
            CHECK(calls == 2);
        }
        ad_tape_free(&tape);
    }
    ad_free(input);
    ad_free(J);
}
