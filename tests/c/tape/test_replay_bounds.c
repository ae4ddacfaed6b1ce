/* SPDX-License-Identifier: Apache-2.0 */
/* What a replay accepts and what it refuses: size, strides, constants. */
#include "ad_test.h"
#include "graph/lower.h"
#include "sweep/jacobian.h"
#include "tape/replay.h"

#include <string.h>

static const ad_node nodes[] = {0, 1, 2, 3, 4, 5, 6, 7};

/* One matrix times many (its batch stride is 0), and a broadcast number.  Such a recording can be
 * repeated at any size. */
TEST(replay_repeats_recordings_with_zero_strides_at_any_size) {
    const int64_t n = 170, batch = 4, e[4] = {batch, n, n, n};
    const int64_t left[3] = {0, n, 1}, right[3] = {n * n, n, 1};
    const int64_t many[] = {5000, 5000}, none[] = {0, 0};
    ad_tape from, to;
    ad_node x = 0, y = 0;
    ad_tape_init(&from);
    ad_tape_init(&to);
    REQUIRE(ad_tape_inputs(&from, (size_t)(n * n * (1 + batch)), &x) == AD_OK);
    memset(from.value, 0, from.nodes * sizeof *from.value);
    REQUIRE(ad_tape_matmul(&from, e, 0, left, (ad_node)(n * n), right, &y) == AD_OK);
    CHECK(ad_tape_replay(&from, 0, NULL, NULL, NULL, &to, NULL) == AD_OK);
    ad_tape_free(&from);
    ad_tape_free(&to);
    REQUIRE(ad_tape_inputs(&from, 1, &x) == AD_OK);
    from.value[0] = 1;
    const ad_operand one = {0, none, NULL};
    REQUIRE(ad_tape_reduce(&from, AD_BLOCK_SUM, 0, 2, many, &one, &y) == AD_OK);
    CHECK(ad_tape_replay(&from, 0, NULL, NULL, NULL, &to, NULL) == AD_OK);
    ad_tape_free(&from);
    ad_tape_free(&to);
}

/* Matrices with an inner size of 0 are not read, but their strides are multiplied. */
TEST(replay_checks_the_strides_of_empty_products) {
    const int64_t e[4] = {3, 1, 0, 1}, still[3] = {0, 0, 0};
    for (int which = 0; which < 6; which++) {
        ad_tape from, to;
        ad_node x = 0, y = 0;
        ad_graph g;
        ad_term term;
        ad_tape_init(&from);
        ad_tape_init(&to);
        REQUIRE(ad_tape_inputs(&from, 1, &x) == AD_OK);
        REQUIRE(ad_tape_matmul(&from, e, 0, still, 0, still, &y) == AD_OK);
        from.block[0].operand[which / 3].stride[which % 3] = INT64_MAX;
        ad_status status =
            ad_tape_replay(&from, 0, NULL, NULL, NULL, &to, NULL); /* checked by UBSan */
        CHECK(status == AD_OK || status == AD_BAD_INDEX);
        if (status == AD_OK) {
            REQUIRE(ad_graph_init(&g, 1, 100) == AD_OK);
            CHECK(ad_lower(&to, 1, nodes, 1, &y, &g, &term, NULL) == AD_OK); /* and here */
            ad_graph_free(&g);
        }
        ad_tape_free(&from);
        ad_tape_free(&to);
    }
}

/* A sweep would silently lose the input's edge of an affine rule over a constant and an input. */
TEST(replay_refuses_an_affine_rule_over_constants_and_variables) {
    const int64_t two[] = {2}, one[] = {1};
    ad_tape from, to;
    ad_node x = 0, y = 0;
    ad_tape_init(&from);
    ad_tape_init(&to);
    REQUIRE(ad_tape_inputs(&from, 3, &x) == AD_OK);
    for (int k = 0; k < 3; k++) from.value[k] = 2;
    const ad_operand a[] = {{0, one, NULL}, {1, one, NULL}};
    REQUIRE(ad_tape_elementwise(&from, AD_MULTIPLY, 1, two, a, &y) == AD_OK);
    from.constant[0] |= 1;
    ad_status status = ad_tape_replay(&from, 0, NULL, NULL, NULL, &to, NULL);
    if (status == AD_OK) {
        const ad_node out[] = {y + 1};
        const ad_function f = {&to, 1, 1, nodes + 1, out};
        double slope;
        CHECK(ad_jacobian_reverse(&f, 1, &slope, (ad_workspace){NULL, 0}, NULL) == AD_OK);
        CHECK_EQUAL(slope, 2.0); /* the slope of x1 x2 along x1 */
    }
    ad_tape_free(&from);
    ad_tape_free(&to);
}

static int says_stop(void *context) { return --*(int *)context == 0; }

/* One number multiplied by itself up to 2^96 times, and 2^26 copies of the same number added up. */
TEST(replay_cost_is_known_before_the_replay) {
    const int64_t e[4] = {1, 1, 1, 1}, still[3] = {0, 0, 0}, many[] = {1 << 13, 1 << 13};
    ad_tape from, to;
    ad_node x = 0, y = 0;
    ad_cost cost;
    size_t at;
    ad_tape_init(&from);
    ad_tape_init(&to);
    REQUIRE(ad_tape_inputs(&from, 1, &x) == AD_OK);
    from.value[0] = 1;
    REQUIRE(ad_tape_matmul(&from, e, 0, still, 0, still, &y) == AD_OK);
    for (uint32_t size = 1u << 31; size > 0; size >>= 4) {
        from.block[0].extent[1].size[1] = size;
        CHECK(ad_replay_cost(&from, &cost, &at) == AD_OK);
        CHECK(cost.nodes == 1 && cost.work >= size && cost.work <= 4 * (uint64_t)size + 4);
        CHECK(cost.memory >= 8 * (uint64_t)size && cost.memory <= 8 * (uint64_t)size + 64);
    }
    for (int d = 0; d < 3; d++) from.block[0].extent[1].size[d] = UINT32_MAX; /* overflows */
    CHECK(ad_replay_cost(&from, &cost, &at) == AD_OK && cost.work == UINT64_MAX);
    from.run[0].a = 7;
    CHECK(ad_replay_cost(&from, &cost, &at) == AD_BAD_INDEX && at == 0);
    ad_tape_free(&from);
    REQUIRE(ad_tape_inputs(&from, 1, &x) == AD_OK);
    from.value[0] = 1;
    const ad_operand a = {0, still, NULL};
    REQUIRE(ad_tape_reduce(&from, AD_BLOCK_SUM, 0, 2, many, &a, &y) == AD_OK);
    CHECK(ad_replay_cost(&from, &cost, &at) == AD_OK);
    CHECK(cost.work > 1 << 26 && cost.work < 1 << 27);
    CHECK(cost.memory >= (uint64_t)8 << 26 && cost.memory < ((uint64_t)8 << 26) + 100);
    from.run[0].op = AD_BLOCK_MAX; /* stores one partial per result */
    CHECK(ad_replay_cost(&from, &cost, &at) == AD_OK && cost.memory > (uint64_t)8 << 26);
    ad_tape_free(&from);
    ad_tape_free(&to);
}

/* The replay stops within one sum, one product, or one walk over an operand, and no run is
 * recorded. */
TEST(replay_stops_when_the_poll_function_says_so) {
    const int64_t still[] = {0, 0, 0}, many[] = {1 << 12, 1 << 12}, turned[] = {1, -1};
    const int64_t wide[4] = {1, 1 << 9, 1 << 9, 1 << 9}, deep[4] = {1 << 9, 1 << 6, 1 << 6, 1 << 6};
    for (int which = 0; which < 5; which++) {
        ad_tape from, to;
        ad_node x = 0, y = 0;
        ad_tape_init(&from);
        ad_tape_init(&to);
        REQUIRE(ad_tape_inputs(&from, 1 << 14, &x) == AD_OK);
        memset(from.value, 0, from.nodes * sizeof *from.value);
        const ad_operand one = {0, still, NULL}, both = {1 << 12, turned, NULL};
        if (which == 0) REQUIRE(ad_tape_reduce(&from, AD_BLOCK_SUM, 0, 2, many, &one, &y) == AD_OK);
        if (which == 1) REQUIRE(ad_tape_reduce(&from, AD_BLOCK_SUM, 1, 1, many, &one, &y) == AD_OK);
        if (which == 2) REQUIRE(ad_tape_matmul(&from, wide, 0, still, 0, still, &y) == AD_OK);
        if (which == 3) REQUIRE(ad_tape_matmul(&from, deep, 0, still, 0, still, &y) == AD_OK);
        if (which == 4) {
            REQUIRE(ad_tape_reduce(&from, AD_BLOCK_SUM, 0, 2, many, &both, &y) == AD_OK);
            from.constant[127] |= (uint64_t)1 << 63; /* a constant in the last row */
        }
        for (int calls = 1; calls < 4; calls++) {
            int left = calls;
            const ad_poll poll = {says_stop, &left};
            ad_status status = ad_tape_replay(&from, 0, NULL, NULL, &poll, &to, NULL);
            CHECK(status == AD_INTERRUPTED && left == 0);
            CHECK(to.runs == 0 && to.nodes == 1 << 14 && to.pace == NULL);
            ad_tape_free(&to);
        }
        ad_tape_free(&from);
    }
}
