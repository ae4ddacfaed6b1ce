/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that move by halves are told from others, with any number of them in a step. */
#include "ad_test.h"
#include "tape/halving.h"

#include <math.h>

enum { COUNT = 12 };

static double x[3 * COUNT];

static void fill(double ratio) {
    for (size_t k = 0; k < 3 * COUNT; k++) x[k] = 1.0 / (1.0 + (double)(7 * k % 5));
    for (size_t k = 0; k < COUNT; k++)
        x[3 * k + 1] = 1.0 + pow(ratio, (double)k) * (k % 2 ? -1 : 1);
}

TEST(moves_by_halves) {
    fill(0.5);
    CHECK(ad_moves_by_halves(COUNT, 3, x + 1));
    CHECK(!ad_moves_by_halves(COUNT, 3, x));
    CHECK(!ad_moves_by_halves(3 * COUNT, 1, x));
}

TEST(other_ratios_are_no_halves) {
    const double ratios[] = {0.1, 0.3, 0.7, 1.0, 2.0};
    for (size_t k = 0; k < sizeof ratios / sizeof *ratios; k++) {
        fill(ratios[k]);
        CHECK(!ad_moves_by_halves(COUNT, 3, x + 1));
    }
}

TEST(too_few_or_undefined_numbers) {
    fill(0.5);
    CHECK(ad_moves_by_halves(7, 3, x + 1));
    CHECK(!ad_moves_by_halves(6, 3, x + 1));
    CHECK(!ad_moves_by_halves(0, 3, x + 1));
    x[3 * 5 + 1] = NAN;
    CHECK(!ad_moves_by_halves(COUNT - 2, 3, x + 1));
}
