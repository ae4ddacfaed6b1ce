/* SPDX-License-Identifier: Apache-2.0 */
#include "ad_test.h"
#include "isa/select.h"
#include "ops/ops.h"

#include <string.h>

/* Points of a domain column, away from where a derivative does not exist. */
static const double *points(const char *domain) {
    static const double real[] = {-2.3, -0.7, 0.4, 1.9}, nonzero[] = {-1.6, -0.3, 0.6, 2.2},
                        positive[] = {0.2, 0.9, 1.7, 3.1}, unit[] = {-0.8, -0.3, 0.25, 0.7},
                        above[] = {1.2, 1.7, 2.5, 4.0}, small[] = {-0.15, -0.05, 0.02, 0.11},
                        truth[] = {0, 1, 0, 1};
    if (strcmp(domain, "NONZERO") == 0) return nonzero;
    if (strcmp(domain, "POSITIVE") == 0) return positive;
    if (strcmp(domain, "UNIT") == 0) return unit;
    if (strcmp(domain, "ABOVE_ONE") == 0) return above;
    if (strcmp(domain, "SMALL") == 0) return small;
    if (strcmp(domain, "TRUTH") == 0) return truth;
    return strcmp(domain, "REAL") == 0 ? real : NULL;
}

#define GRID 64 /* 4 points for each of at most three operands */

/* All combinations of an operation's points: x[j][k] is operand j of combination k. */
static void grid(const ad_op_info *row, double x[AD_MAX_ARITY][GRID]) {
    for (int k = 0; k < GRID; k++) {
        for (int j = 0; j < AD_MAX_ARITY; j++) {
            const double *point = j < row->arity ? points(row->domain[j]) : NULL;
            x[j][k] = point != NULL ? point[k >> (2 * j) & 3] + 0.01 * j * (point[1] != 1) : 0;
        }
    }
}

static double value_of(const ad_op_info *row, const double x[AD_MAX_ARITY]) {
    double unused[AD_MAX_ARITY];
    return row->point(x[0], x[1], x[2], unused);
}

TEST(ops_rows_are_complete) {
    for (unsigned op = 0; op < AD_OP_COUNT; op++) {
        const ad_op_info *row = ad_op_row(op);
        CHECK(row->name != NULL && row->ufunc != NULL && row->value != NULL && row->point != NULL);
        CHECK(row->arity >= 1 && row->arity <= AD_MAX_ARITY);
        for (int j = 0; j < AD_MAX_ARITY; j++) {
            CHECK((row->partial[j] != NULL) == (j < row->arity));
            CHECK((row->domain[j] != NULL) == (j < row->arity));
            if (j < row->arity) CHECK(points(row->domain[j]) != NULL);
        }
        for (unsigned other = 0; other < op; other++) {
            CHECK(strcmp(row->name, ad_op_row(other)->name) != 0);
            CHECK(strcmp(row->ufunc, ad_op_row(other)->ufunc) != 0);
        }
    }
}

/* Sweeps rely on the class of a partial without computing the partial. */
TEST(ops_partial_classes_match_the_partials) {
    for (unsigned op = 0; op < AD_OP_COUNT; op++) {
        const ad_op_info *row = ad_op_row(op);
        double x[AD_MAX_ARITY][GRID];
        grid(row, x);
        for (int k = 0; k < GRID; k++) {
            double p[AD_MAX_ARITY], a = x[0][k], b = x[1][k], v = row->point(a, b, x[2][k], p);
            for (int j = 0; j < row->arity; j++) {
                const double known[] = {p[j], 0, 1, -1, a, b, v};
                CHECK_EQUAL(p[j], known[row->partial_class[j]]);
            }
        }
    }
}

TEST(ops_partials_agree_with_differences_of_the_values) {
    const double h = 1e-6;
    for (unsigned op = 0; op < AD_OP_COUNT; op++) {
        const ad_op_info *row = ad_op_row(op);
        /* Partials that do not agree with differences of the values: the first operation multiplies
         * adjoints, not values, the next two hold their operand constant, and the partial of the
         * last one considers what its first operand depends on. */
        if (strcmp(row->name, "GUARDED") == 0 || strcmp(row->name, "SQUARED_ROOT") == 0 ||
            strcmp(row->name, "STOP") == 0 || strcmp(row->name, "POWER_LOG") == 0)
            continue;
        double x[AD_MAX_ARITY][GRID];
        grid(row, x);
        for (int k = 0; k < GRID; k++) {
            const double at[] = {x[0][k], x[1][k], x[2][k]};
            double p[AD_MAX_ARITY], v = row->point(at[0], at[1], at[2], p);
            for (int j = 0; j < row->arity; j++) {
                if (strcmp(row->domain[j], "TRUTH") == 0) continue;
                double up[] = {at[0], at[1], at[2]}, down[] = {at[0], at[1], at[2]};
                up[j] += h;
                down[j] -= h;
                double slope = (value_of(row, up) - value_of(row, down)) / (2 * h);
                if (isnan(v) || isnan(slope)) continue;
                if (!CHECK(fabs(p[j] - slope) <= 1e-7 * (1 + fabs(slope) + fabs(v))))
                    printf("    %s, partial %d at %g, %g\n", row->name, j, at[0], at[1]);
            }
        }
    }
}

/* Vector libraries guarantee errors within four units in the last place. */
static void near_lanes(const ad_op_info *row, const char *isa, const double *got,
                       const double *want) {
    for (int k = 0; k < GRID; k++) {
        if (!CHECK_NEAR(got[k], want[k], 4 * 2.2204460492503131e-16))
            printf("    %s on %s\n", row->name, isa);
    }
}

static void compare_lanes(const char *isa) {
    for (unsigned op = 0; op < AD_OP_COUNT; op++) {
        const ad_op_info *row = ad_op_row(op);
        double x[AD_MAX_ARITY][GRID], value[GRID], partial[AD_MAX_ARITY][GRID], got[GRID];
        grid(row, x);
        for (int k = 0; k < GRID; k++) {
            double p[AD_MAX_ARITY] = {0};
            value[k] = row->point(x[0][k], x[1][k], x[2][k], p);
            for (int j = 0; j < row->arity; j++) partial[j][k] = p[j];
        }
        ad_lanes()->value[op](GRID, x[0], x[1], x[2], value, got);
        near_lanes(row, isa, got, value);
        for (int j = 0; j < row->arity; j++) {
            if (row->partial_class[j] != AD_PARTIAL_STORED) continue;
            ad_op_partials(op, j, GRID, x[0], x[1], x[2], value, got);
            near_lanes(row, isa, got, partial[j]);
        }
    }
}

TEST(lanes_agree_with_scalars_on_every_instruction_set) {
    static const char *const isas[] = {"base", "avx2", "avx512"};
    for (int k = 0; k < 3; k++) {
        if (!ad_isa_choose(isas[k])) continue;
        CHECK(strcmp(ad_lanes()->isa, isas[k]) == 0);
        compare_lanes(isas[k]);
    }
    CHECK(ad_isa_choose(NULL));
}

TEST(lanes_handle_any_length_and_write_nothing_beyond) {
    static const char *const isas[] = {"base", "avx2", "avx512"};
    for (int which = 0; which < 3; which++) {
        if (!ad_isa_choose(isas[which])) continue;
        for (size_t n = 0; n < 3 * AD_LANES; n++) {
            double a[3 * AD_LANES], b[3 * AD_LANES], out[3 * AD_LANES + 1];
            for (size_t k = 0; k <= 3 * AD_LANES; k++) out[k] = -1;
            for (size_t k = 0; k < n; k++) a[k] = (double)k, b[k] = 2;
            ad_lanes()->value[AD_MULTIPLY](n, a, b, NULL, NULL, out);
            for (size_t k = 0; k < n; k++) CHECK_EQUAL(out[k], 2.0 * (double)k);
            for (size_t k = n; k <= 3 * AD_LANES; k++) CHECK_EQUAL(out[k], -1.0);
        }
    }
    CHECK(ad_isa_choose(NULL));
}

TEST(lanes_refuse_an_unknown_instruction_set) {
    const ad_lane_table *before = ad_lanes();
    CHECK(!ad_isa_choose("quantum"));
    CHECK(ad_lanes() == before);
}
