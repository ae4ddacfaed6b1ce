/* SPDX-License-Identifier: Apache-2.0 */
/* Correlations, running folds and reductions of groups: values, and arguments that are refused. */
#include "ad_test.h"
#include "tape/block.h"
#include "tape/running.h"

#define N 9
#define M 5

TEST(correlations_have_the_values_of_their_definition) {
    ad_tape tape;
    ad_node a, b, first;
    uint32_t count = 0;
    ad_tape_init(&tape);
    REQUIRE(ad_tape_inputs(&tape, 2 * N, &a) == AD_OK);
    REQUIRE(ad_tape_inputs(&tape, M, &b) == AD_OK);
    for (int k = 0; k < 2 * N; k++) tape.value[a + (ad_node)k] = k * k - 3.0;
    for (int k = 0; k < M; k++) tape.value[b + (ad_node)k] = 1.0 + k;
    for (int64_t shift = -3; shift < N + M; shift++) {
        const int64_t length[2] = {N, M}, step[2] = {2, -1};
        const ad_node last = b + M - 1;
        REQUIRE(ad_tape_correlate(&tape, length, a, last, step, shift, 17, &first) == AD_OK);
        for (int64_t k = 0; k < 17; k++, count++) {
            double sum = 0;
            for (int64_t r = 0; r < M; r++) {
                const int64_t place = k + r - shift;
                if (place < 0 || place >= N) continue;
                sum += tape.value[a + (ad_node)(2 * place)] * tape.value[last - (ad_node)r];
            }
            CHECK(tape.value[first + (ad_node)k] == sum);
        }
    }
    CHECK(count == 17 * (3 + N + M));
    ad_tape_free(&tape);
}

TEST(correlations_refuse_shifts_and_sizes_that_no_operand_has) {
    const int64_t length[2] = {N, M}, step[2] = {1, 1}, wide[2] = {(int64_t)1 << 33, 1};
    ad_tape tape;
    ad_node a, first;
    ad_tape_init(&tape);
    REQUIRE(ad_tape_inputs(&tape, N, &a) == AD_OK);
    CHECK(ad_tape_correlate(&tape, length, a, a, step, 100, 3, &first) == AD_BAD_SHAPE);
    CHECK(ad_tape_correlate(&tape, length, a, a, step, -100, 3, &first) == AD_BAD_SHAPE);
    CHECK(ad_tape_correlate(&tape, wide, a, a, step, 0, 3, &first) == AD_TAPE_FULL);
    CHECK(tape.runs == 0 && tape.nodes == N);
    ad_tape_free(&tape);
}

TEST(a_zero_wins_in_a_guarded_correlation) {
    const double a[3] = {0, INFINITY, 2}, b[2] = {0, 1};
    double c[2];
    CHECK(ad_correlate(3, a, 2, b, 0, 2, c, 0) == 0);
    CHECK(c[0] == INFINITY && c[1] != c[1]);
    CHECK(ad_correlate(3, a, 2, b, 0, 2, c, 1) == 1);
    CHECK(c[0] == INFINITY && c[1] == 2);
}

TEST(running_folds_go_from_the_first_element_to_the_last) {
    const int64_t one[2] = {1, 0};
    ad_tape tape;
    ad_node x, fixed, y;
    ad_tape_init(&tape);
    REQUIRE(ad_tape_inputs(&tape, 4, &x) == AD_OK);
    REQUIRE(ad_tape_constant(&tape, 10, &fixed) == AD_OK);
    for (int k = 0; k < 4; k++) tape.value[x + (ad_node)k] = k + 1.5;
    ad_operand operand = {x, one, NULL};
    REQUIRE(ad_tape_running(&tape, AD_SUBTRACT, 4, 1, &operand, &y) == AD_OK);
    CHECK(tape.runs == 2 && tape.nodes == y + 4);
    CHECK(tape.value[y] == 1.5 && tape.value[y + 1] == -1);
    CHECK(tape.value[y + 2] == -4.5 && tape.value[y + 3] == -9);
    const ad_node mixed[4] = {fixed, fixed, x, fixed};
    operand.nodes = mixed;
    REQUIRE(ad_tape_running(&tape, AD_MULTIPLY, 4, 1, &operand, &y) == AD_OK);
    CHECK(tape.runs == 3 && tape.nodes == y + 4);
    CHECK(ad_is_constant(&tape, y + 1) && tape.value[y + 1] == 100);
    CHECK(!ad_is_constant(&tape, y + 3) && tape.value[y + 3] == 1500);
    CHECK(ad_tape_running(&tape, AD_SIN, 4, 1, &operand, &y) == AD_BAD_OP);
    CHECK(ad_tape_running(&tape, AD_OP_COUNT, 4, 1, &operand, &y) == AD_BAD_OP);
    ad_tape_free(&tape);
}

TEST(groups_of_equal_size_are_one_block) {
    const int64_t place[8] = {3, 0, 3, 1, 0, 3, 4, 1};
    ad_tape tape;
    ad_node x, node[8], sum[6] = {99, 99, 99, 99, 99, 99};
    ad_tape_init(&tape);
    REQUIRE(ad_tape_inputs(&tape, 8, &x) == AD_OK);
    for (int k = 0; k < 8; k++) tape.value[k] = 1 << k;
    for (int k = 0; k < 8; k++) node[k] = x + (ad_node)k;
    REQUIRE(ad_tape_reduce_groups(&tape, AD_BLOCK_SUM, 8, node, place, 6, sum) == AD_OK);
    CHECK(tape.value[sum[0]] == 18 && tape.value[sum[1]] == 136 && tape.value[sum[3]] == 37);
    CHECK(tape.value[sum[4]] == 64 && sum[2] == 99 && sum[5] == 99);
    CHECK(tape.blocks == 3);
    CHECK(ad_tape_reduce_groups(&tape, AD_BLOCK_CUMSUM, 8, node, place, 6, sum) == AD_BAD_OP);
    CHECK(ad_tape_reduce_groups(&tape, AD_BLOCK_CALL, 8, node, place, 6, sum) == AD_BAD_OP);
    ad_tape_free(&tape);
}

TEST(a_running_fold_counts_as_one_operation) {
    const int64_t one[2] = {1, 0};
    ad_node y = 0;
    ad_tape tape;
    ad_tape_init(&tape);
    ad_operand x = {0, one, NULL};
    REQUIRE(ad_tape_inputs(&tape, N, &x.base) == AD_OK);
    for (ad_node k = 0; k < N; k++) tape.value[k] = k;
    REQUIRE(ad_tape_running(&tape, AD_MAXIMUM, N, 1, &x, &y) == AD_OK);
    REQUIRE(ad_tape_unary(&tape, AD_EXP, y + N - 1, &y) == AD_OK);
    CHECK(tape.runs == 3 && ad_scalar_runs(&tape) == 2); /* and a copy of the first element */
    ad_tape_free(&tape);
}
