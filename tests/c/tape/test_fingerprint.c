/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings are told apart by their operations, operands and outcomes, and not by values. */
#include "ad_test.h"
#include "base/status.h"
#include "ops/ops.h"
#include "tape/fingerprint.h"

typedef struct choice {
    unsigned op;
    size_t first, second; /* inputs */
    int guarded, array, order;
} choice;

static uint64_t found; /* by record() */

static void record(choice c, double value) {
    ad_tape t;
    ad_node x, y, z;
    ad_tape_init(&t);
    REQUIRE(ad_tape_inputs(&t, 6, &x) == AD_OK);
    for (size_t k = 0; k < 6; k++) t.value[x + k] = value + (double)k;
    const int64_t stride[] = {1}, shape[] = {3};
    const ad_node order[] = {x + 2, x, x + (c.order ? 4 : 1)};
    const ad_operand operands[] = {{x + (ad_node)c.first, stride, NULL}, {0, NULL, order}};
    if (c.array) {
        REQUIRE(ad_tape_elementwise(&t, c.op, 1, shape, operands, &y) == AD_OK);
        if (c.guarded) REQUIRE(ad_tape_guard(&t, y, 3) == AD_OK);
    } else {
        REQUIRE(ad_tape_binary(&t, c.op, x + (ad_node)c.first, x + (ad_node)c.second, &y) == AD_OK);
        REQUIRE(ad_tape_binary(&t, AD_LESS, x, y, &z) == AD_OK);
        if (c.guarded) REQUIRE(ad_tape_guard(&t, z, 1) == AD_OK);
    }
    found = ad_tape_fingerprint(&t);
    ad_tape_free(&t);
}

static uint64_t fingerprint(choice c, double value) {
    found = 0;
    record(c, value);
    return found;
}

TEST(fingerprint_tells_choices_apart) {
    const choice all[] = {
        {AD_ADD, 0, 1, 0, 0, 0}, {AD_MULTIPLY, 0, 1, 0, 0, 0}, {AD_ADD, 0, 2, 0, 0, 0},
        {AD_ADD, 1, 0, 0, 0, 0}, {AD_ADD, 0, 1, 1, 0, 0},      {AD_ADD, 0, 0, 0, 1, 0},
        {AD_ADD, 0, 0, 0, 1, 1}, {AD_ADD, 1, 0, 0, 1, 0},      {AD_ADD, 0, 0, 1, 1, 0},
        {AD_ADD, 3, 5, 0, 0, 0},
    };
    enum { N = sizeof all / sizeof *all };
    for (size_t i = 0; i < N; i++) {
        CHECK(fingerprint(all[i], 1.0) == fingerprint(all[i], 1.5));
        for (size_t j = 0; j < i; j++) CHECK(fingerprint(all[i], 1.0) != fingerprint(all[j], 1.0));
    }
}

TEST(fingerprint_covers_every_outcome) {
    uint64_t before = 0;
    for (size_t n = 1; n <= 130; n++) {
        uint64_t of[2];
        for (int last = 0; last < 2; last++) {
            ad_tape t;
            ad_node x;
            ad_tape_init(&t);
            REQUIRE(ad_tape_inputs(&t, n, &x) == AD_OK);
            for (size_t k = 0; k < n; k++) t.value[x + k] = k + 1 < n || last;
            REQUIRE(ad_tape_guard(&t, x, n) == AD_OK);
            of[last] = ad_tape_fingerprint(&t);
            ad_tape_free(&t);
        }
        CHECK(of[0] != of[1]);
        CHECK(of[1] != before);
        before = of[1];
    }
}
