/* SPDX-License-Identifier: Apache-2.0 */
/* Guards: truth values of nodes, and tests without nodes. */
#include <math.h>
#include <string.h>

#include "ad_test.h"
#include "base/alloc.h"
#include "graph/lower.h"
#include "tape/block.h"
#include "tape/replay.h"

#define N 1100 /* more than two chunks, and no multiple of a word */

static const int64_t shape[] = {N}, one[] = {1}, none[] = {0};

/* The inputs sin(0), sin(1), ...; then the constant 0. */
static void begin(ad_tape *tape) {
    ad_node first = 0, zero = 0;
    ad_tape_init(tape);
    REQUIRE(ad_tape_inputs(tape, N, &first) == AD_OK);
    for (size_t k = 0; k < N; k++) tape->value[k] = sin((double)k);
    REQUIRE(ad_tape_constant(tape, 0, &zero) == AD_OK && zero == N);
}

static ad_status check_signs(ad_tape *tape, uint8_t *truth) {
    const ad_operand x[] = {{0, one, NULL}, {N, none, NULL}};
    return ad_tape_check(tape, AD_GREATER, 1, shape, x, 0, truth);
}

TEST(guards_of_a_check_store_one_bit_per_element_and_no_node) {
    ad_tape tape;
    uint8_t truth[N];
    begin(&tape);
    REQUIRE(check_signs(&tape, truth) == AD_OK);
    CHECK(tape.nodes == N + 1 && tape.runs == 0 && tape.guards == 1 && tape.checks == 1);
    CHECK(tape.outcomes == N && ad_guard_size(&tape, tape.guard) == N && tape.lists == 0);
    for (size_t k = 0; k < N; k++) {
        CHECK(truth[k] == (sin((double)k) > 0) && ad_outcome(&tape, k) == truth[k]);
    }
    CHECK(ad_tape_first_changed_guard(&tape) == 1);
    ad_tape_free(&tape);
}

TEST(guards_report_the_first_one_with_another_outcome) {
    static const size_t places[] = {0, 1, 63, 64, 511, 512, N - 1};
    ad_tape tape;
    begin(&tape);
    const ad_operand x[] = {{0, one, NULL}, {N, none, NULL}};
    ad_node nodes;
    REQUIRE(ad_tape_elementwise(&tape, AD_GREATER, 1, shape, x, &nodes) == AD_OK);
    REQUIRE(ad_tape_guard(&tape, nodes, 1) == AD_OK);
    REQUIRE(check_signs(&tape, NULL) == AD_OK);
    REQUIRE(ad_tape_guard(&tape, nodes + 1, N - 1) == AD_OK);
    CHECK(tape.guards == 3 && tape.outcomes == 2 * N && ad_tape_first_changed_guard(&tape) == 3);
    for (size_t k = 0; k < sizeof places / sizeof *places; k++) {
        double *value = &tape.value[places[k]], *seen = &tape.value[nodes + places[k]];
        *value = -*value + (*value == 0);
        CHECK(ad_tape_first_changed_guard(&tape) == 1);
        *seen = !*seen;
        CHECK(ad_tape_first_changed_guard(&tape) == (places[k] == 0 ? 0 : 1));
        *value = sin((double)places[k]);
        CHECK(ad_tape_first_changed_guard(&tape) == (places[k] == 0 ? 0 : 2));
        *seen = !*seen;
    }
    ad_tape_free(&tape);
}

TEST(guards_that_are_known_to_hold_are_not_evaluated) {
    ad_tape tape;
    uint8_t truth[N] = {0};
    begin(&tape);
    const ad_operand same[] = {{0, one, NULL}, {0, one, NULL}};
    REQUIRE(ad_tape_check(&tape, AD_EQUAL, 1, shape, same, 1, truth) == AD_OK);
    CHECK(memchr(truth, 0, N) == NULL && ad_tape_first_changed_guard(&tape) == 1);
    for (size_t k = 0; k < N; k++) CHECK(ad_outcome(&tape, k));
    tape.value[N - 1] = NAN;
    CHECK(ad_tape_first_changed_guard(&tape) == 0);
    ad_tape_free(&tape);
}

TEST(guards_are_recorded_only_for_tests_that_may_change) {
    ad_tape tape;
    uint8_t truth[N];
    const int64_t empty[] = {0};
    const ad_operand still[] = {{N, none, NULL}, {N, none, NULL}}, x[] = {{0, one, NULL}};
    begin(&tape);
    REQUIRE(ad_tape_check(&tape, AD_LESS_EQUAL, 1, shape, still, 0, truth) == AD_OK);
    CHECK(memchr(truth, 0, N) == NULL && tape.guards == 0 && tape.outcomes == 0);
    REQUIRE(ad_tape_check(&tape, AD_ISNAN, 1, empty, x, 0, truth) == AD_OK);
    REQUIRE(ad_tape_guard(&tape, 0, 0) == AD_OK);
    CHECK(tape.guards == 0 && tape.checks == 0);
    CHECK(ad_tape_check(&tape, AD_SIN, 1, shape, x, 0, truth) == AD_BAD_OP);
    CHECK(ad_tape_check(&tape, AD_OP_COUNT, 1, shape, x, 0, truth) == AD_BAD_OP);
    ad_tape_free(&tape);
}

TEST(guards_with_overlapping_lists_store_the_list_once) {
    ad_tape tape;
    ad_node list[N + 1];
    begin(&tape);
    for (size_t k = 0; k <= N; k++) list[k] = (ad_node)((k * 7) % N);
    const ad_operand x[] = {{0, NULL, list}, {0, NULL, list + 1}};
    REQUIRE(ad_tape_check(&tape, AD_LESS, 1, shape, x, 0, NULL) == AD_OK);
    CHECK(tape.lists == N + 1 && memcmp(tape.list, list, sizeof list) == 0);
    CHECK(tape.check->operand[1].list == tape.check->operand[0].list + 1);
    for (size_t k = 0; k < N; k++) {
        CHECK(ad_outcome(&tape, k) == (sin((double)list[k]) < sin((double)list[k + 1])));
    }
    /* an operation on the same list twice, and on two separate lists */
    ad_node first, other[N];
    const ad_operand twice[] = {x[0], x[0]}, both[] = {x[0], {0, NULL, other}};
    memcpy(other, list, sizeof other);
    REQUIRE(ad_tape_elementwise(&tape, AD_SUBTRACT, 1, shape, twice, &first) == AD_OK);
    CHECK(tape.lists == 2 * N + 1 && tape.value[first + N - 1] == 0);
    REQUIRE(ad_tape_elementwise(&tape, AD_SUBTRACT, 1, shape, both, &first) == AD_OK);
    CHECK(tape.lists == 4 * N + 1 && tape.value[first + N - 1] == 0);
    ad_tape_free(&tape);
}

TEST(guards_move_with_an_appended_tape) {
    for (size_t before = 0; before < 130; before += 13) {
        ad_tape to, from;
        ad_node offset;
        begin(&to);
        begin(&from);
        for (size_t k = 0; k < before; k++) REQUIRE(ad_tape_guard(&to, (ad_node)k, 1) == AD_OK);
        REQUIRE(check_signs(&to, NULL) == AD_OK && check_signs(&from, NULL) == AD_OK);
        REQUIRE(ad_tape_guard(&from, 5, 3) == AD_OK);
        REQUIRE(ad_tape_append(&to, &from, &offset) == AD_OK);
        CHECK(to.guards == before + 3 && to.checks == 2 && to.outcomes == before + 2 * N + 3);
        CHECK(to.guard[before + 1].first == 1 && to.check[1].operand[0].base == offset);
        CHECK(to.guard[before + 2].first == offset + 5 && to.guard[before + 2].count == 3);
        CHECK(ad_tape_first_changed_guard(&to) == to.guards);
        to.value[offset + N - 1] *= -1;
        CHECK(ad_tape_first_changed_guard(&to) == before + 1);
        ad_tape_free(&to);
        ad_tape_free(&from);
    }
}

TEST(guards_survive_the_failure_of_every_allocation) {
    long n = 0;
    for (ad_status status = AD_NO_MEMORY; status != AD_OK;) {
        ad_tape tape;
        begin(&tape);
        ad_alloc_fail_at(++n);
        status = check_signs(&tape, NULL);
        if (status == AD_OK) status = ad_tape_guard(&tape, 0, N);
        ad_alloc_fail_at(0);
        CHECK(status == AD_OK || (status == AD_NO_MEMORY && tape.guards == tape.checks));
        CHECK(ad_tape_first_changed_guard(&tape) == tape.guards);
        ad_tape_free(&tape);
    }
    CHECK(n > 3);
}

TEST(guards_become_one_term_for_false_and_one_for_true_values) {
    ad_tape tape;
    ad_graph g;
    ad_node input[N];
    ad_term guards[2];
    begin(&tape);
    for (ad_node k = 0; k < N; k++) input[k] = k;
    REQUIRE(check_signs(&tape, NULL) == AD_OK);
    REQUIRE(ad_graph_init(&g, N, 1 << 16) == AD_OK);
    REQUIRE(ad_lower(&tape, N, input, 0, NULL, &g, NULL, guards) == AD_OK);
    size_t sizes[2] = {0, 0};
    for (size_t k = 0; k < N; k++) sizes[ad_outcome(&tape, k)]++;
    CHECK(g.vertex[guards[0]].op == AD_GRAPH_MAX && g.vertex[guards[0]].x[1] == sizes[0]);
    CHECK(g.vertex[guards[1]].op == AD_GRAPH_MIN && g.vertex[guards[1]].x[1] == sizes[1]);
    CHECK(ad_lower_size(&tape) == 2 * N + 1);
    ad_graph_free(&g);
    ad_tape_free(&tape);
}
