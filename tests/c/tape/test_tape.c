/* SPDX-License-Identifier: Apache-2.0 */
#include "ad_test.h"
#include "base/alloc.h"
#include "tape/tape.h"

#include <string.h>

static ad_node input(ad_tape *tape, double value) {
    ad_node node = 0;
    if (CHECK(ad_tape_inputs(tape, 1, &node) == AD_OK)) tape->value[node] = value;
    return node;
}

static ad_node unary(ad_tape *tape, unsigned op, ad_node a) {
    ad_node node = 0;
    CHECK(ad_tape_unary(tape, op, a, &node) == AD_OK);
    return node;
}

static ad_node binary(ad_tape *tape, unsigned op, ad_node a, ad_node b) {
    ad_node node = 0;
    CHECK(ad_tape_binary(tape, op, a, b, &node) == AD_OK);
    return node;
}

static ad_node constant(ad_tape *tape, double value) {
    ad_node node = 0;
    CHECK(ad_tape_constant(tape, value, &node) == AD_OK);
    return node;
}

/* The evaluation trace of f(x1, x2) = x1 x2 + exp(x1 x2) - sin(x2) at (1, 2). */
TEST(tape_records_the_textbook_example) {
    ad_tape tape;
    ad_tape_init(&tape);
    ad_node v1 = input(&tape, 1), v2 = input(&tape, 2);
    ad_node v3 = binary(&tape, AD_MULTIPLY, v1, v2), v4 = unary(&tape, AD_SIN, v2);
    ad_node v5 = unary(&tape, AD_EXP, v3), v6 = binary(&tape, AD_SUBTRACT, v3, v4);
    ad_node v7 = binary(&tape, AD_ADD, v5, v6);

    REQUIRE(tape.nodes == 7 && tape.runs == 5 && tape.partials == 2 + 1 + 1 + 2 + 2);
    CHECK_EQUAL(tape.value[v3], 2.0);
    CHECK_EQUAL(tape.value[v4], sin(2.0));
    CHECK_EQUAL(tape.value[v5], exp(2.0));
    CHECK_NEAR(tape.value[v7], 2 + exp(2.0) - sin(2.0), 1e-15);
    const double partials[] = {2, 1, cos(2.0), exp(2.0), 1, -1, 1, 1};
    for (int e = 0; e < 8; e++) CHECK_EQUAL(tape.partial[e], partials[e]);

    CHECK(ad_tape_run_of(&tape, v1) == NULL);
    CHECK(ad_tape_run_of(&tape, v2) == NULL);
    for (ad_node node = v3; node <= v7; node++) {
        const ad_run *run = ad_tape_run_of(&tape, node);
        REQUIRE(run != NULL);
        CHECK(run->node == node);
        CHECK(run->a < node && run->b < node);
    }
    const ad_run *last = ad_tape_run_of(&tape, v7);
    CHECK(last->op == AD_ADD && last->form == AD_FORM_BINARY && last->a == v5 && last->b == v6);
    CHECK(ad_tape_run_of(&tape, v7 + 1) == NULL);
    ad_tape_free(&tape);
}

TEST(tape_stores_only_partials_of_active_operands) {
    ad_tape tape;
    ad_tape_init(&tape);
    ad_node x = input(&tape, 3), c = constant(&tape, 4);
    ad_node left = binary(&tape, AD_DIVIDE, x, c);
    CHECK(tape.partials == 1);
    CHECK_EQUAL(tape.partial[0], 0.25);
    CHECK(ad_tape_run_of(&tape, left)->form == AD_FORM_LEFT);

    ad_node right = binary(&tape, AD_DIVIDE, c, x);
    CHECK(tape.partials == 2);
    CHECK_NEAR(tape.partial[1], -4.0 / 9, 1e-15);
    CHECK(ad_tape_run_of(&tape, right)->form == AD_FORM_RIGHT);
    CHECK(!ad_is_constant(&tape, x) && ad_is_constant(&tape, c));
    CHECK(!ad_is_constant(&tape, left) && !ad_is_constant(&tape, right));

    size_t runs = tape.runs;
    ad_node folded = binary(&tape, AD_ADD, c, unary(&tape, AD_SQRT, c));
    CHECK(tape.runs == runs);
    CHECK(ad_is_constant(&tape, folded));
    CHECK_EQUAL(tape.value[folded], 6.0);
    ad_tape_free(&tape);
}

TEST(tape_shares_equal_constants_by_their_bits) {
    ad_tape tape;
    ad_tape_init(&tape);
    CHECK(constant(&tape, 1.5) == constant(&tape, 1.5));
    CHECK(constant(&tape, 0.0) != constant(&tape, -0.0));
    CHECK(signbit(tape.value[constant(&tape, -0.0)]));
    CHECK(constant(&tape, NAN) == constant(&tape, NAN));
    CHECK(tape.nodes == 4);
    ad_tape_free(&tape);
}

TEST(tape_marks_exactly_the_constants) {
    for (size_t before = 0; before < 130; before += 13) {
        for (size_t count = 0; count < 200; count += 7) {
            ad_tape tape;
            ad_tape_init(&tape);
            ad_node first;
            REQUIRE(ad_tape_inputs(&tape, before, &first) == AD_OK);
            REQUIRE(ad_tape_constants(&tape, count, &first) == AD_OK);
            REQUIRE(first == before);
            REQUIRE(ad_tape_inputs(&tape, 70, &first) == AD_OK);
            size_t wrong = 0;
            for (ad_node node = 0; node < tape.nodes; node++)
                wrong += ad_is_constant(&tape, node) != (node >= before && node < before + count);
            CHECK(wrong == 0);
            ad_tape_free(&tape);
        }
    }
}

TEST(tape_takes_at_most_48_bytes_per_scalar_binary_node) {
    ad_tape tape;
    ad_tape_init(&tape);
    ad_node x = input(&tape, 1), y = input(&tape, 1e-9), before = (ad_node)tape.nodes;
    size_t bytes = ad_tape_bytes(&tape);
    for (int k = 0; k < 100000; k++) x = binary(&tape, AD_ADD, x, y);
    CHECK(tape.nodes - before == 100000);
    CHECK((double)(ad_tape_bytes(&tape) - bytes) / 100000 <= 48);
    CHECK(ad_tape_capacity(&tape) >= ad_tape_bytes(&tape));
    CHECK(ad_tape_capacity(&tape) <= 2 * ad_tape_bytes(&tape));
    CHECK_NEAR(tape.value[x], 1.0001, 1e-9);
    ad_tape_free(&tape);
}

/* Growth is geometric: the number of reallocations is the logarithm of the length to base 3/2, so
 * that the amount copied is proportional to the amount recorded. */
TEST(tape_grows_geometrically) {
    ad_tape tape;
    ad_tape_init(&tape);
    ad_node node = input(&tape, 0.5), one = constant(&tape, 1.0000001);
    size_t room[3] = {0}, grown[3] = {0};
    for (int k = 0; k < 200000; k++) {
        node = binary(&tape, AD_MULTIPLY, node, one);
        const size_t now[] = {tape.room_nodes, tape.room_partials, tape.room_runs};
        for (int j = 0; j < 3; j++) grown[j] += now[j] != room[j];
        memcpy(room, now, sizeof room);
    }
    for (int j = 0; j < 3; j++) {
        CHECK(grown[j] > 5 && grown[j] < 30);
        CHECK(room[j] >= 200000 && room[j] < 2 * 200000);
    }
    ad_tape_free(&tape);
}

TEST(tape_is_full_at_its_limit_and_unharmed) {
    ad_tape tape;
    ad_tape_init(&tape);
    tape.limit = 100;
    ad_node x = input(&tape, 1), node = x;
    while (tape.nodes < tape.limit) node = unary(&tape, AD_SIN, node);
    for (int again = 0; again < 3; again++) {
        ad_node untouched = 12345;
        CHECK(ad_tape_unary(&tape, AD_SIN, node, &untouched) == AD_TAPE_FULL);
        CHECK(ad_tape_binary(&tape, AD_ADD, node, x, &untouched) == AD_TAPE_FULL);
        CHECK(ad_tape_inputs(&tape, 1, &untouched) == AD_TAPE_FULL);
        CHECK(ad_tape_constants(&tape, 5, &untouched) == AD_TAPE_FULL);
        CHECK(ad_tape_constant(&tape, 77, &untouched) == AD_TAPE_FULL);
        CHECK(untouched == 12345);
    }
    CHECK(tape.nodes == 100 && tape.runs == 99 && tape.partials == 99);
    ad_tape_free(&tape);
}

TEST(tape_refuses_sizes_beyond_the_range_of_an_index) {
    ad_tape tape;
    ad_tape_init(&tape);
    ad_node node;
    CHECK(ad_tape_inputs(&tape, SIZE_MAX, &node) == AD_TAPE_FULL);
    CHECK(ad_tape_inputs(&tape, (size_t)1 << 32, &node) == AD_TAPE_FULL);
    CHECK(ad_tape_reserve(&tape, 0, SIZE_MAX, 0, 0, 0, 0) == AD_TAPE_FULL);
    CHECK(ad_tape_reserve(&tape, 0, 0, SIZE_MAX, 0, 0, 0) == AD_TAPE_FULL);
    CHECK(ad_tape_reserve(&tape, 0, 0, 0, SIZE_MAX, 0, 0) == AD_TAPE_FULL);
    CHECK(tape.nodes == 0 && ad_tape_bytes(&tape) == 0);
    ad_tape_free(&tape);
}

TEST(tape_reset_forgets_nodes_and_keeps_little_memory) {
    ad_tape tape;
    ad_tape_init(&tape);
    constant(&tape, 2.5);
    tape.limit = 1000;
    size_t held = ad_tape_capacity(&tape);
    ad_tape_reset(&tape, held);
    CHECK(tape.nodes == 0 && tape.runs == 0 && tape.limit == AD_MAX_NODES);
    CHECK(ad_tape_capacity(&tape) == held);
    /* A constant of one recording is no constant in the next. */
    ad_node x = input(&tape, 9);
    CHECK(x == 0 && !ad_is_constant(&tape, x));
    CHECK(constant(&tape, 2.5) == 1);

    ad_tape_reset(&tape, 0);
    CHECK(tape.nodes == 0 && ad_tape_capacity(&tape) == 0);
    ad_tape_free(&tape);
}

TEST(tape_append_moves_every_index) {
    ad_tape one, two;
    ad_tape_init(&one);
    ad_tape_init(&two);
    ad_node x = input(&one, 0.5), y = unary(&one, AD_COS, x);
    ad_node a = input(&two, 3), c = constant(&two, 2), b = binary(&two, AD_POWER, a, c);
    REQUIRE(ad_tape_guard(&two, b, 1) == AD_OK);

    ad_node offset = 0;
    REQUIRE(ad_tape_append(&one, &two, &offset) == AD_OK);
    CHECK(offset == y + 1 && one.nodes == 5 && one.runs == 2 && one.guards == 1);
    CHECK(one.guard[0].first == b + offset && one.guard[0].count == 1 && ad_outcome(&one, 0));
    const ad_run *run = ad_tape_run_of(&one, b + offset);
    REQUIRE(run != NULL);
    CHECK(run->a == a + offset && run->b == c + offset);
    CHECK_NEAR(one.partial[run->partial], 6.0, 1e-15);
    CHECK_EQUAL(one.value[b + offset], 9.0);
    CHECK(ad_is_constant(&one, c + offset) && !ad_is_constant(&one, a + offset));
    CHECK(two.nodes == 3 && two.run[0].a == a);
    ad_tape_free(&one);
    ad_tape_free(&two);
}

TEST(tape_append_after_continues_from_the_last_nodes) {
    ad_tape one, two;
    ad_tape_init(&one);
    ad_tape_init(&two);
    ad_node x = input(&one, 0.5), y = unary(&one, AD_POSITIVE, x);
    ad_node a = input(&two, 0.5), c = constant(&two, 2), b = binary(&two, AD_MULTIPLY, a, c);

    ad_node offset = 9;
    REQUIRE(ad_tape_append_after(&one, &two, 1, &offset) == AD_OK);
    CHECK(offset == y && one.nodes == 4 && one.runs == 2);
    const ad_run *run = ad_tape_run_of(&one, b + offset);
    REQUIRE(run != NULL);
    CHECK(run->a == y && run->b == c + offset);
    CHECK_EQUAL(one.value[y], 0.5);
    CHECK_EQUAL(one.value[c + offset], 2.0);
    CHECK_EQUAL(one.value[b + offset], 1.0);
    CHECK(ad_is_constant(&one, c + offset) && !ad_is_constant(&one, y));
    CHECK(ad_tape_run_of(&one, y)->a == x);
    ad_tape_free(&one);
    ad_tape_free(&two);
}

/* Checks that nodes come after their operands, and that offsets are inside their arrays. */
static int consistent(const ad_tape *tape) {
    size_t node = 0;
    for (size_t k = 0; k < tape->runs; k++) {
        const ad_run *run = &tape->run[k];
        if (run->node < node || run->node >= tape->nodes) return 0;
        node = run->node + ad_run_count(tape, run);
        if (node > tape->nodes) return 0;
        if (run->form <= AD_FORM_RIGHT) {
            if (run->partial >= tape->partials || run->a >= run->node) return 0;
            if (run->form != AD_FORM_UNARY && run->b >= run->node) return 0;
        } else if (run->form == AD_FORM_SPAN ? run->a >= tape->spans : run->a >= tape->blocks) {
            return 0;
        }
    }
    return tape->nodes <= tape->room_nodes && tape->partials <= tape->room_partials &&
           tape->lists <= tape->room_lists && tape->runs <= tape->room_runs &&
           tape->spans <= tape->room_spans && tape->blocks <= tape->room_blocks &&
           tape->guards <= tape->room_guards;
}

/* One operation of each kind that can be recorded, each large enough to grow its array. */
static ad_status record(ad_tape *tape) {
    ad_node x, node, c;
    ad_status status = ad_tape_inputs(tape, 100, &x);
    if (status != AD_OK) return status;
    for (ad_node k = 0; k < 100; k++) tape->value[x + k] = 0.01 * k;
    node = x;
    for (ad_node k = 0; k < 200; k++) {
        if ((status = ad_tape_constant(tape, k, &c)) != AD_OK) return status;
        if ((status = ad_tape_binary(tape, AD_MULTIPLY, x + k % 100, c, &node)) != AD_OK)
            return status;
        if ((status = ad_tape_unary(tape, AD_SIN, node, &node)) != AD_OK) return status;
        if ((status = ad_tape_guard(tape, node, 1)) != AD_OK) return status;
    }
    const int64_t shape[] = {10, 10}, rows[] = {10, 1}, broadcast[] = {0, 1};
    ad_node list[100];
    for (ad_node k = 0; k < 100; k++) list[k] = x + 99 - k;
    const ad_operand operands[] = {{x, rows, NULL}, {x, broadcast, NULL}};
    const ad_operand listed[] = {{0, NULL, list}, {node, rows, NULL}};
    if ((status = ad_tape_elementwise(tape, AD_ARCTAN2, 2, shape, operands, &node)) != AD_OK)
        return status;
    return ad_tape_elementwise(tape, AD_EXP, 2, shape, listed, &node);
}

TEST(tape_survives_the_failure_of_every_allocation) {
    long n = 0;
    for (ad_status status = AD_NO_MEMORY; status != AD_OK;) {
        ad_tape tape;
        ad_tape_init(&tape);
        ad_alloc_fail_at(++n);
        status = record(&tape);
        ad_alloc_fail_at(0);
        CHECK(status == AD_OK || status == AD_NO_MEMORY);
        CHECK(consistent(&tape));
        /* Recording can continue afterwards. */
        CHECK(record(&tape) == AD_OK);
        CHECK(consistent(&tape));
        ad_tape_free(&tape);
    }
    CHECK(n > 10);
}

TEST(tape_append_survives_the_failure_of_every_allocation) {
    ad_tape from;
    ad_tape_init(&from);
    REQUIRE(record(&from) == AD_OK);
    long n = 0;
    for (ad_status status = AD_NO_MEMORY; status != AD_OK;) {
        ad_tape to;
        ad_tape_init(&to);
        ad_node offset;
        ad_alloc_fail_at(++n);
        status = ad_tape_append(&to, &from, &offset);
        ad_alloc_fail_at(0);
        CHECK(status == AD_OK || (status == AD_NO_MEMORY && to.nodes == 0 && to.runs == 0));
        CHECK(consistent(&to));
        ad_tape_free(&to);
    }
    CHECK(n > 5);
    ad_tape_free(&from);
}
