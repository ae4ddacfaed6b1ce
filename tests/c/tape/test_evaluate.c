/* SPDX-License-Identifier: Apache-2.0 */
/* A recording evaluated at other values of its inputs. */
#include "ad_core_math.h"
#include "ad_test.h"
#include "base/alloc.h"
#include "model.h"
#include "tape/evaluate.h"
#include "tape/running.h"

#include <string.h>

#define D 9
#define LONG 2000 /* elements of a fold: several chunks */

static const ad_node inputs[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};

static size_t differing(size_t n, const double *a, const double *b) {
    size_t wrong = 0;
    for (size_t k = 0; k < n; k++) wrong += model_ulps(a[k], b[k]) != 0;
    return wrong;
}

static int is_at(const ad_tape *got, const ad_tape *want) {
    return got->nodes == want->nodes && got->runs == want->runs &&
           differing(want->nodes, got->value, want->value) == 0 &&
           differing(want->partials, got->partial, want->partial) == 0;
}

static void copy(size_t n, const double *from, double *to) {
    for (size_t k = 0; k < n; k++) to[k] = from[k];
}

TEST(evaluation_gives_the_bits_of_a_recording_at_each_point) {
    for (uint32_t seed = 0; seed < 60; seed++) {
        ad_tape from, to;
        double x[D];
        uint32_t numbers = seed;
        ad_tape_init(&from);
        ad_tape_init(&to);
        model_numbers(D, x, &numbers);
        REQUIRE(model_tape(&from, D, x, 10 + seed / 2, seed) == AD_OK);
        double *before = ad_alloc(from.nodes + from.partials, sizeof *before);
        copy(from.nodes, from.value, before);
        copy(from.partials, from.partial, before + from.nodes);
        REQUIRE(ad_tape_share(&to, &from) == AD_OK);
        for (int point = 0; point < 2; point++) {
            ad_tape want;
            ad_tape_init(&want);
            model_numbers(D, x, &numbers);
            REQUIRE(model_tape(&want, D, x, 10 + seed / 2, seed) == AD_OK);
            CHECK(ad_tape_evaluate(&to, &from, D, inputs, want.value, NULL) == AD_OK);
            CHECK(is_at(&to, &want));
            ad_tape_free(&want);
        }
        CHECK(ad_tape_evaluate(&to, &from, D, inputs, before, NULL) == AD_OK && is_at(&to, &from));
        CHECK(ad_tape_first_changed_guard(&to) == to.guards);
        CHECK(differing(from.nodes, from.value, before) == 0);
        CHECK(differing(from.partials, from.partial, before + from.nodes) == 0);
        ad_free(before);
        ad_tape_free(&to);
        ad_tape_free(&from);
    }
}

/* y = exp(a) b c, with leaves between the runs. */
static int record(ad_tape *tape, ad_node leaf[3], ad_node *y) {
    ad_node three = 0;
    ad_tape_init(tape);
    int good = ad_tape_inputs(tape, 1, &leaf[0]) == AD_OK;
    tape->value[leaf[0]] = 0;
    good = good && ad_tape_unary(tape, AD_EXP, leaf[0], y) == AD_OK &&
           ad_tape_inputs(tape, 2, &leaf[1]) == AD_OK;
    leaf[2] = leaf[1] + 1;
    tape->value[leaf[1]] = 7;
    tape->value[leaf[2]] = 5;
    return good && ad_tape_constant(tape, 3, &three) == AD_OK &&
           ad_tape_binary(tape, AD_MULTIPLY, *y, leaf[1], y) == AD_OK &&
           ad_tape_binary(tape, AD_MULTIPLY, *y, leaf[2], y) == AD_OK &&
           ad_tape_binary(tape, AD_MULTIPLY, *y, three, y) == AD_OK;
}

TEST(leaves_that_are_not_given_have_the_values_of_the_recording) {
    ad_tape from, to;
    ad_node leaf[3], y;
    REQUIRE(record(&from, leaf, &y));
    ad_tape_init(&to);
    REQUIRE(ad_tape_share(&to, &from) == AD_OK);
    CHECK(ad_tape_evaluate(&to, &from, 3, leaf, (double[]){0, 2, 9}, NULL) == AD_OK);
    CHECK_EQUAL(to.value[y], 3.0 * 2 * 9);
    CHECK(ad_tape_evaluate(&to, &from, 1, leaf + 1, (double[]){4}, NULL) == AD_OK);
    CHECK_EQUAL(to.value[y], 3.0 * 4 * 5);
    CHECK(ad_tape_evaluate(&to, &from, 0, NULL, NULL, NULL) == AD_OK);
    CHECK_EQUAL(to.value[y], 3.0 * 7 * 5);
    ad_tape_free(&to);
    ad_tape_free(&from);
}

TEST(a_recording_knows_its_own_point) {
    ad_tape from;
    ad_node leaf[3], y;
    REQUIRE(record(&from, leaf, &y));
    CHECK(ad_tape_is_at(&from, 3, leaf, (double[]){0, 7, 5}));
    CHECK(ad_tape_is_at(&from, 2, leaf + 1, (double[]){7, 5}) &&
          ad_tape_is_at(&from, 0, NULL, NULL));
    CHECK(!ad_tape_is_at(&from, 3, leaf, (double[]){-0.0, 7, 5}));
    CHECK(!ad_tape_is_at(&from, 2, leaf + 1, (double[]){7, NAN}));
    ad_tape_free(&from);
}

TEST(a_tape_that_shares_a_structure_is_not_recorded_on) {
    ad_tape from, to;
    ad_node leaf[3], y, node;
    REQUIRE(record(&from, leaf, &y));
    ad_tape_init(&to);
    REQUIRE(ad_tape_share(&to, &from) == AD_OK);
    const size_t nodes = from.nodes, runs = from.runs;
    CHECK(ad_tape_unary(&to, AD_EXP, y, &node) == AD_TAPE_FULL);
    CHECK(ad_tape_inputs(&to, 1, &node) == AD_TAPE_FULL);
    CHECK(ad_tape_guard(&to, y, 1) == AD_TAPE_FULL);
    CHECK(ad_tape_append(&to, &from, &node) == AD_TAPE_FULL);
    CHECK(from.nodes == nodes && from.runs == runs && from.guards == 0);
    ad_tape_reset(&to, SIZE_MAX);
    CHECK(to.nodes == 0 && from.nodes == nodes);
    ad_tape_free(&to);
    ad_tape_free(&from);
}

/* Folds of a vector and of the columns of matrices, from inputs, from a list and from constants,
 * by operations that store partials and by others. */
static int record_folds(ad_tape *tape, const double *x) {
    static const unsigned ops[] = {AD_MAXIMUM, AD_LOGADDEXP, AD_MULTIPLY, AD_SUBTRACT, AD_HYPOT};
    static const size_t rows[] = {1, 3, 40, 400, 600};
    static ad_node list[LONG];
    ad_node first = 0, fixed = 0, y;
    ad_tape_init(tape);
    if (ad_tape_inputs(tape, LONG, &first) != AD_OK) return 0;
    copy(LONG, x, tape->value);
    if (ad_tape_constant(tape, 0.5, &fixed) != AD_OK) return 0;
    for (int j = 0; j < 5; j++) {
        for (int r = 0; r < 5; r++) {
            const int64_t by_row[2] = {(int64_t)rows[r], 1};
            const size_t n = LONG / rows[r];
            ad_operand all = {first, by_row, NULL};
            for (ad_node k = 0; k < LONG; k++) list[k] = k < 2 * rows[r] ? fixed : LONG - 1 - k;
            if (ad_tape_running(tape, ops[j], n, rows[r], &all, &y) != AD_OK) return 0;
            all.nodes = list;
            if (ad_tape_running(tape, ops[j], n, rows[r], &all, &y) != AD_OK) return 0;
        }
    }
    return 1;
}

TEST(running_folds_are_evaluated_as_they_were_recorded) {
    static double x[2][LONG];
    static ad_node input[LONG];
    ad_tape from, want, to;
    uint32_t seed = 5, folds = 0;
    model_numbers(2 * LONG, x[0], &seed);
    x[1][LONG / 2] = NAN;
    for (ad_node k = 0; k < LONG; k++) input[k] = k;
    REQUIRE(record_folds(&from, x[0]) && record_folds(&want, x[1]));
    for (size_t k = 0; k < from.spans; k++) folds += from.span[k].lag != 0;
    CHECK(folds == 45);
    ad_tape_init(&to);
    REQUIRE(ad_tape_share(&to, &from) == AD_OK);
    CHECK(ad_tape_evaluate(&to, &from, LONG, input, x[1], NULL) == AD_OK);
    CHECK(is_at(&to, &want));
    CHECK(ad_tape_evaluate(&to, &from, LONG, input, x[0], NULL) == AD_OK);
    CHECK(is_at(&to, &from));
    ad_tape_free(&to);
    ad_tape_free(&want);
    ad_tape_free(&from);
}

static int stop(void *left) { return --*(int *)left < 0; }

/* Squares of many elements, again and again: 2^21 numbers. */
static int record_long(ad_tape *tape) {
    const int64_t shape[1] = {1 << 18}, one[1] = {1};
    ad_operand x = {0, one, NULL};
    ad_node first = 0;
    ad_tape_init(tape);
    int good = ad_tape_inputs(tape, 1 << 18, &x.base) == AD_OK;
    memset(tape->value, 0, ((size_t)1 << 18) * sizeof(double));
    for (int k = 0; k < 8 && good; k++) {
        good = ad_tape_elementwise(tape, AD_SQUARE, 1, shape, &x, &first) == AD_OK;
        x.base = first;
    }
    return good;
}

TEST(an_evaluation_that_was_stopped_can_be_repeated) {
    ad_tape from, to;
    REQUIRE(record_long(&from));
    ad_tape_init(&to);
    REQUIRE(ad_tape_share(&to, &from) == AD_OK);
    for (int n = 0; n < 2; n++) {
        int left = n;
        const ad_poll poll = {stop, &left};
        CHECK(ad_tape_evaluate(&to, &from, 0, NULL, NULL, &poll) == AD_INTERRUPTED);
        CHECK(ad_tape_evaluate(&to, &from, 0, NULL, NULL, NULL) == AD_OK && is_at(&to, &from));
    }
    ad_tape_free(&to);
    ad_tape_free(&from);
}

TEST(an_evaluation_survives_the_failure_of_every_allocation) {
    ad_tape from, to;
    double x[D] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9};
    long n = 0;
    ad_tape_init(&from);
    REQUIRE(model_tape(&from, D, x, 60, 3) == AD_OK);
    for (ad_status status = AD_NO_MEMORY; status != AD_OK;) {
        ad_tape_init(&to);
        ad_alloc_fail_at(++n);
        status = ad_tape_share(&to, &from);
        if (status == AD_OK) status = ad_tape_evaluate(&to, &from, D, inputs, x, NULL);
        ad_alloc_fail_at(0);
        CHECK(status == AD_OK || status == AD_NO_MEMORY);
        if (to.shares) CHECK(ad_tape_evaluate(&to, &from, D, inputs, x, NULL) == AD_OK);
        ad_tape_free(&to);
    }
    CHECK(n > 2);
    ad_tape_free(&from);
}
