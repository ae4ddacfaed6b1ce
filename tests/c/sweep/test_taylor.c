/* SPDX-License-Identifier: Apache-2.0 */
#include "ad_test.h"
#include "base/alloc.h"
#include "model.h"
#include "sweep/recurrence.h"
#include "sweep/taylor.h"

#include <string.h>

#define D 6
#define K 5
#define MOST 5

typedef struct example {
    ad_tape tape;
    ad_function f;
    ad_node input[D], output[K];
    double series[D * MOST];
} example;

/* A recording with all kinds of operations, and a curve through its inputs. */
static void begin(example *e, uint32_t seed, size_t order) {
    double x[D];
    ad_tape_init(&e->tape);
    model_numbers(D, x, &seed);
    CHECK(model_tape(&e->tape, D, x, 40, seed) == AD_OK);
    model_outputs(&e->tape, K, e->output, &seed);
    for (ad_node j = 0; j < D; j++) e->input[j] = j;
    e->f = (ad_function){&e->tape, D, K, e->input, e->output};
    model_numbers(D * order, e->series, &seed);
}

TEST(taylor_of_order_one_is_a_tangent) {
    for (uint32_t seed = 1; seed < 120; seed++) {
        example e;
        double got[K], want[K];
        begin(&e, seed, 1);
        CHECK(ad_taylor(&e.f, 1, e.series, got, NULL) == AD_OK);
        CHECK(ad_jvp(&e.f, 1, e.series, want, (ad_workspace){NULL, 0}, NULL) == AD_OK);
        CHECK(model_distance(K, got, want) < 1e-12);
        ad_tape_free(&e.tape);
    }
}

TEST(taylor_orders_do_not_depend_on_higher_ones) {
    for (uint32_t seed = 1; seed < 60; seed++) {
        example e;
        double all[K * MOST], some[K * 2], cut[D * 2], first[K * 2];
        begin(&e, seed, MOST);
        for (int j = 0; j < D; j++) memcpy(cut + 2 * j, e.series + MOST * j, 2 * sizeof *cut);
        CHECK(ad_taylor(&e.f, MOST, e.series, all, NULL) == AD_OK);
        CHECK(ad_taylor(&e.f, 2, cut, some, NULL) == AD_OK);
        for (int k = 0; k < K; k++) memcpy(first + 2 * k, all + MOST * k, 2 * sizeof *first);
        CHECK(model_distance(2 * K, first, some) < 1e-12);
        ad_tape_free(&e.tape);
    }
}

TEST(taylor_of_a_rescaled_curve_is_rescaled) {
    for (uint32_t seed = 1; seed < 60; seed++) {
        example e;
        double plain[K * MOST], wide[K * MOST];
        begin(&e, seed, MOST);
        CHECK(ad_taylor(&e.f, MOST, e.series, plain, NULL) == AD_OK);
        for (int j = 0; j < D * MOST; j++) e.series[j] *= ldexp(1, j % MOST + 1); /* t to 2 t */
        CHECK(ad_taylor(&e.f, MOST, e.series, wide, NULL) == AD_OK);
        for (int k = 0; k < K * MOST; k++) wide[k] = ldexp(wide[k], -(k % MOST) - 1);
        CHECK(model_distance(K * MOST, wide, plain) == 0);
        ad_tape_free(&e.tape);
    }
}

TEST(recurrences_do_not_grow_with_the_order) {
    for (unsigned op = 0; op < AD_OP_COUNT; op++) {
        ad_recurrence few, many;
        REQUIRE(ad_recurrence_make(op, 12, 1, 0, &few) == AD_OK);
        REQUIRE(ad_recurrence_make(op, 60, 1, 0, &many) == AD_OK);
        CHECK(few.count == many.count && few.count < 64);
        for (size_t t = 0; t < few.count; t++) {
            for (int j = 0; j < AD_MAX_ARITY; j++) {
                if (few.series[t].kind == AD_SERIES_APPLY) CHECK(few.series[t].arg[j] < (int)t);
                CHECK(few.series[t].partial[j] < (int)few.count);
            }
        }
        ad_recurrence_free(&few);
        ad_recurrence_free(&many);
    }
}

TEST(recurrences_of_powers_of_zero_need_one_power_per_order) {
    ad_recurrence few, many;
    REQUIRE(ad_recurrence_make(AD_POWER, 4, 0, 0, &few) == AD_OK);
    REQUIRE(ad_recurrence_make(AD_POWER, 8, 0, 0, &many) == AD_OK);
    CHECK(many.count > few.count && many.count < 3 * few.count);
    ad_recurrence_free(&few);
    ad_recurrence_free(&many);
}

TEST(taylor_survives_the_failure_of_every_allocation) {
    example e;
    double want[K * 3], got[K * 3];
    ad_status status = AD_NO_MEMORY;
    long n = 0;
    begin(&e, 7, 3);
    CHECK(ad_taylor(&e.f, 3, e.series, want, NULL) == AD_OK);
    while (status == AD_NO_MEMORY && n < 100000) {
        ad_alloc_fail_at(++n);
        status = ad_taylor(&e.f, 3, e.series, got, NULL);
        ad_alloc_fail_at(0);
    }
    CHECK(status == AD_OK && n > 5);
    CHECK(memcmp(got, want, sizeof got) == 0);
    CHECK(ad_taylor(&e.f, SIZE_MAX / 16, e.series, got, NULL) == AD_NO_MEMORY);
    ad_tape_free(&e.tape);
}

static int stop(void *context) { return ++*(int *)context >= 2; }

TEST(taylor_stops_when_the_poll_function_says_so) {
    ad_tape tape;
    ad_node node = 0;
    int calls = 0;
    const ad_poll poll = {stop, &calls};
    double series[64] = {1}, out[64];
    ad_tape_init(&tape);
    REQUIRE(ad_tape_inputs(&tape, 1, &node) == AD_OK);
    tape.value[node] = 0.5;
    for (int k = 0; k < 40000; k++) REQUIRE(ad_tape_unary(&tape, AD_SIN, node, &node) == AD_OK);
    ad_function f = {&tape, 1, 1, (const ad_node[]){0}, &node};
    CHECK(ad_taylor(&f, 64, series, out, &poll) == AD_INTERRUPTED && calls == 2);
    ad_tape_free(&tape);
}
