/* SPDX-License-Identifier: Apache-2.0 */
#include "ad_test.h"
#include "base/alloc.h"
#include "model.h"
#include "sweep/hessian.h"

#include <string.h>

#define D 6
#define K 5

typedef struct example {
    ad_tape tape;
    ad_function f;
    ad_node input[D], output[K];
    double weight[K], left[D], right[D];
} example;

static const ad_workspace no_work = {NULL, 0};

/* A recording with all kinds of operations. */
static void begin(example *e, uint32_t seed) {
    double x[D];
    ad_tape_init(&e->tape);
    model_numbers(D, x, &seed);
    CHECK(model_tape(&e->tape, D, x, 40, seed) == AD_OK);
    model_outputs(&e->tape, K, e->output, &seed);
    for (ad_node j = 0; j < D; j++) e->input[j] = j;
    e->f = (ad_function){&e->tape, D, K, e->input, e->output};
    model_numbers(K, e->weight, &seed);
    model_numbers(D, e->left, &seed);
    model_numbers(D, e->right, &seed);
}

static double inner(const double *x, const double *y) {
    double sum = 0;
    for (int j = 0; j < D; j++) sum += x[j] * y[j];
    return sum;
}

TEST(hessian_products_are_symmetric_and_linear) {
    int curved = 0, nonfinite = 0;
    for (uint32_t seed = 1; seed < 150; seed++) {
        example e;
        double left[D], right[D], sum[D], both[D];
        begin(&e, seed);
        for (int j = 0; j < D; j++) both[j] = e.left[j] + 2 * e.right[j];
        ad_status status = ad_hessian_product(&e.f, e.weight, e.left, left, no_work, NULL);
        if (status == AD_NOT_FINITE) { /* at a kink, where a recorded gradient is needed */
            nonfinite++;
            ad_tape_free(&e.tape);
            continue;
        }
        CHECK(status == AD_OK);
        CHECK(ad_hessian_product(&e.f, e.weight, e.right, right, no_work, NULL) == AD_OK);
        CHECK(ad_hessian_product(&e.f, e.weight, both, sum, no_work, NULL) == AD_OK);
        double size = 1 + fabs(inner(left, left)) + fabs(inner(right, right));
        CHECK(fabs(inner(left, e.right) - inner(right, e.left)) <= 1e-11 * size);
        for (int j = 0; j < D; j++) both[j] = left[j] + 2 * right[j];
        CHECK(model_distance(D, sum, both) < 1e-11);
        curved += inner(left, left) > 0;
        ad_tape_free(&e.tape);
    }
    CHECK(curved > 75 && nonfinite < 30);
}

TEST(hessian_product_in_the_memory_of_the_caller_is_the_same) {
    example e;
    double want[D], got[D], few[1];
    begin(&e, 11);
    size_t need = ad_hessian_need(&e.tape);
    double *memory = ad_alloc(need, sizeof *memory);
    REQUIRE(memory != NULL);
    for (size_t i = 0; i < need; i++) memory[i] = NAN;
    CHECK(ad_hessian_product(&e.f, e.weight, e.left, want, no_work, NULL) == AD_OK);
    const ad_workspace enough = {memory, need}, less = {few, 1};
    CHECK(ad_hessian_product(&e.f, e.weight, e.left, got, enough, NULL) == AD_OK);
    CHECK(memcmp(got, want, sizeof got) == 0);
    CHECK(ad_hessian_product(&e.f, e.weight, e.left, got, less, NULL) == AD_OK);
    CHECK(memcmp(got, want, sizeof got) == 0);
    ad_free(memory);
    ad_tape_free(&e.tape);
}

TEST(hessian_product_survives_the_failure_of_every_allocation) {
    example e;
    double want[D], got[D];
    ad_status status = AD_NO_MEMORY;
    long n = 0;
    begin(&e, 7);
    CHECK(ad_hessian_product(&e.f, e.weight, e.left, want, no_work, NULL) == AD_OK);
    while (status == AD_NO_MEMORY && n < 100000) {
        ad_alloc_fail_at(++n);
        status = ad_hessian_product(&e.f, e.weight, e.left, got, no_work, NULL);
        ad_alloc_fail_at(0);
    }
    CHECK(status == AD_OK && n > 5);
    CHECK(memcmp(got, want, sizeof got) == 0);
    ad_tape_free(&e.tape);
}

static int stop(void *context) { return ++*(int *)context >= 2; }

TEST(hessian_product_stops_when_the_poll_function_says_so) {
    ad_tape tape;
    ad_node node = 0;
    int calls = 0;
    const ad_poll poll = {stop, &calls};
    double one = 1, out;
    ad_tape_init(&tape);
    REQUIRE(ad_tape_inputs(&tape, 1, &node) == AD_OK);
    tape.value[node] = 0.5;
    for (int k = 0; k < 600000; k++) {
        if (ad_tape_unary(&tape, AD_SIN, node, &node) != AD_OK) break;
    }
    ad_function f = {&tape, 1, 1, (const ad_node[]){0}, &node};
    CHECK(ad_hessian_product(&f, &one, &one, &out, no_work, &poll) == AD_INTERRUPTED);
    CHECK(calls == 2);
    ad_tape_free(&tape);
}
