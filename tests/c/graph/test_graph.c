/* SPDX-License-Identifier: Apache-2.0 */
#include "ad_test.h"
#include "base/alloc.h"
#include "model.h"

#include <string.h>

#define NONE AD_NO_TERM

static ad_graph inputs(size_t n) {
    ad_graph g;
    CHECK(ad_graph_init(&g, n, 1 << 20) == AD_OK && g.terms == n && g.inputs == n);
    return g;
}

static ad_term binary(ad_graph *g, unsigned op, ad_term a, ad_term b) {
    return ad_graph_push(g, op, a, b, NONE);
}

static ad_term unary(ad_graph *g, unsigned op, ad_term a) {
    return ad_graph_push(g, op, a, NONE, NONE);
}

static int has_op(const ad_graph *g, ad_term t, unsigned op, ad_term a, ad_term b) {
    const ad_vertex *v = &g->vertex[t];
    return v->op == op && v->x[0] == a && v->x[1] == b;
}

static int is_number(const ad_graph *g, ad_term t, double x) {
    double value = 0;
    return ad_graph_is_constant(g, t, &value) && model_ulps(value, x) == 0;
}

TEST(graph_makes_equal_operations_one_term) {
    ad_graph g = inputs(3);
    ad_term sum = binary(&g, AD_ADD, 0, 1), product = binary(&g, AD_MULTIPLY, 2, sum);
    CHECK(binary(&g, AD_ADD, 0, 1) == sum && binary(&g, AD_ADD, 1, 0) == sum);
    CHECK(binary(&g, AD_MULTIPLY, sum, 2) == product);
    CHECK(binary(&g, AD_GUARDED, 2, 1) == binary(&g, AD_GUARDED, 1, 2));
    CHECK(binary(&g, AD_GUARDED, 2, sum) != product);
    /* operations that do not commute to the last bit stay different */
    CHECK(binary(&g, AD_SUBTRACT, 0, 1) != binary(&g, AD_SUBTRACT, 1, 0));
    CHECK(binary(&g, AD_MAXIMUM, 0, 1) != binary(&g, AD_MAXIMUM, 1, 0));
    CHECK(binary(&g, AD_ADD, sum, 2) != binary(&g, AD_ADD, 0, binary(&g, AD_ADD, 1, 2)));
    CHECK(ad_graph_push(&g, AD_SELECT, 0, 1, 2) == ad_graph_push(&g, AD_SELECT, 0, 1, 2));
    CHECK(ad_graph_push(&g, AD_SELECT, 0, 1, 2) != ad_graph_push(&g, AD_SELECT, 0, 2, 1));
    /* operands beyond the arity are ignored */
    CHECK(ad_graph_push(&g, AD_SIN, 0, 1, 2) == unary(&g, AD_SIN, 0));
    CHECK(ad_graph_arity(&g, sum) == 2 && ad_graph_operand(&g, sum, 1) == 1);
    CHECK(strcmp(ad_graph_name(g.vertex[sum].op), "add") == 0);
    CHECK(strcmp(ad_graph_name(AD_GRAPH_MIN), "min") == 0);
    ad_graph_free(&g);
}

TEST(graph_shares_constants_by_their_bits) {
    ad_graph g = inputs(1);
    CHECK(ad_graph_constant(&g, 1.5) == ad_graph_constant(&g, 1.5));
    CHECK(ad_graph_constant(&g, 0.0) != ad_graph_constant(&g, -0.0));
    CHECK(ad_graph_constant(&g, NAN) == ad_graph_constant(&g, NAN));
    CHECK(ad_graph_is_zero(&g, ad_graph_constant(&g, -0.0)));
    CHECK(!ad_graph_is_zero(&g, 0) && !ad_graph_is_zero(&g, NONE));
    CHECK(!ad_graph_is_zero(&g, ad_graph_constant(&g, NAN)));
    ad_graph_free(&g);
}

TEST(graph_keeps_the_ieee_value_of_what_the_user_wrote) {
    static const double numbers[] = {0, -0.0, 1, -1, 2, INFINITY, NAN};
    static const unsigned ops[] = {AD_ADD,    AD_SUBTRACT, AD_MULTIPLY,
                                   AD_DIVIDE, AD_POWER,    AD_GUARDED};
    ad_graph g = inputs(2);
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
        ad_term c = ad_graph_constant(&g, numbers[k]);
        for (size_t j = 0; j < sizeof ops / sizeof *ops; j++) {
            ad_term left = binary(&g, ops[j], c, 0), right = binary(&g, ops[j], 0, c);
            CHECK(g.vertex[left].op == ops[j] && g.vertex[right].op == ops[j]);
        }
    }
    CHECK(has_op(&g, binary(&g, AD_SUBTRACT, 0, 0), AD_SUBTRACT, 0, 0));
    CHECK(has_op(&g, binary(&g, AD_DIVIDE, 0, 0), AD_DIVIDE, 0, 0));
    ad_term minus = unary(&g, AD_NEGATIVE, 0);
    CHECK(has_op(&g, unary(&g, AD_NEGATIVE, minus), AD_NEGATIVE, minus, NONE));
    CHECK(has_op(&g, binary(&g, AD_ADD, 1, minus), AD_ADD, 1, minus));
    CHECK(g.vertex[ad_graph_push(&g, AD_SELECT, 0, 1, 1)].op == AD_SELECT);
    /* folding that keeps the value: +x, a known choice, operations on constants */
    CHECK(unary(&g, AD_POSITIVE, 1) == 1);
    CHECK(ad_graph_push(&g, AD_SELECT, ad_graph_constant(&g, 0), 0, 1) == 1);
    CHECK(ad_graph_push(&g, AD_SELECT, ad_graph_constant(&g, NAN), 0, 1) == 0);
    ad_term zero = ad_graph_constant(&g, 0), inf = ad_graph_constant(&g, INFINITY);
    CHECK(is_number(&g, binary(&g, AD_MULTIPLY, zero, inf), NAN));
    CHECK(is_number(&g, binary(&g, AD_GUARDED, zero, inf), 0));
    CHECK(is_number(&g, binary(&g, AD_SUBTRACT, zero, zero), 0));
    CHECK(is_number(&g, unary(&g, AD_NEGATIVE, zero), -0.0));
    CHECK(is_number(&g, unary(&g, AD_EXP, zero), 1));
    ad_graph_free(&g);
}

TEST(graph_folds_structural_zeros_ones_and_signs_in_derivatives) {
    ad_graph g = inputs(3);
    ad_term zero = ad_graph_constant(&g, 0), one = ad_graph_constant(&g, 1);
    ad_term two = ad_graph_constant(&g, 2), less = ad_graph_constant(&g, -1);
    ad_term minus = unary(&g, AD_NEGATIVE, 0), inf = ad_graph_constant(&g, INFINITY);
#define DERIVED(OP, A, B) ad_graph_derived(&g, OP, A, B, NONE)
    CHECK(ad_graph_product(&g, 0, zero) == zero && ad_graph_product(&g, zero, inf) == zero);
    CHECK(ad_graph_product(&g, 0, one) == 0 && ad_graph_product(&g, one, 1) == 1);
    CHECK(ad_graph_product(&g, 0, less) == minus && ad_graph_product(&g, less, minus) == 0);
    CHECK(ad_graph_product(&g, minus, unary(&g, AD_NEGATIVE, 1)) == binary(&g, AD_PRODUCT, 0, 1));
    ad_term p = ad_graph_product(&g, minus, 1);
    CHECK(has_op(&g, p, AD_NEGATIVE, binary(&g, AD_PRODUCT, 0, 1), NONE));
    /* a finite constant needs no guard */
    CHECK(ad_graph_product(&g, 0, two) == binary(&g, AD_MULTIPLY, 0, two));
    CHECK(ad_graph_product(&g, 0, inf) == binary(&g, AD_PRODUCT, 0, inf));
    CHECK(DERIVED(AD_ADD, 0, zero) == 0 && DERIVED(AD_ADD, zero, 1) == 1);
    CHECK(DERIVED(AD_ADD, 1, minus) == binary(&g, AD_SUBTRACT, 1, 0));
    CHECK(DERIVED(AD_ADD, minus, 1) == binary(&g, AD_SUBTRACT, 1, 0));
    CHECK(DERIVED(AD_SUBTRACT, 0, zero) == 0 && DERIVED(AD_SUBTRACT, zero, 0) == minus);
    CHECK(DERIVED(AD_SUBTRACT, 1, minus) == binary(&g, AD_ADD, 0, 1));
    CHECK(DERIVED(AD_NEGATIVE, minus, NONE) == 0 && DERIVED(AD_NEGATIVE, zero, NONE) == zero);
    CHECK(DERIVED(AD_DIVIDE, 0, one) == 0);
    CHECK(DERIVED(AD_POWER, 0, zero) == one && DERIVED(AD_POWER, 0, one) == 0);
    CHECK(DERIVED(AD_POWER, 0, two) == unary(&g, AD_SQUARE, 0));
    CHECK(ad_graph_derived(&g, AD_SELECT, 0, 1, 1) == 1);
    CHECK(g.status == AD_OK);
    ad_graph_free(&g);
}

TEST(graph_sums_keep_negative_terms_apart) {
    ad_graph g = inputs(20);
    ad_term zero = ad_graph_constant(&g, 0), minus[20];
    for (ad_term k = 0; k < 20; k++) minus[k] = unary(&g, AD_NEGATIVE, k);
    CHECK(ad_graph_sum(&g, 0, NULL) == zero);
    CHECK(ad_graph_sum(&g, 3, (ad_term[]){zero, 4, zero}) == 4);
    CHECK(ad_graph_sum(&g, 2, (ad_term[]){zero, minus[3]}) == minus[3]);
    CHECK(ad_graph_sum(&g, 2, (ad_term[]){minus[3], 5}) == binary(&g, AD_SUBTRACT, 5, 3));
    ad_term both = ad_graph_sum(&g, 2, (ad_term[]){minus[3], minus[5]});
    CHECK(has_op(&g, both, AD_NEGATIVE, binary(&g, AD_ADD, 3, 5), NONE));

    /* many terms: the value is right for any shape, and the depth is less than the length */
    for (size_t n = 1; n <= 20; n++) {
        double x[20], value[400], want = 0;
        ad_term terms[20];
        uint32_t seed = (uint32_t)n;
        for (size_t k = 0; k < 20; k++) x[k] = 1 + model_random(&seed, 100);
        for (size_t k = 0; k < n; k++) {
            uint32_t which = model_random(&seed, 4);
            ad_term other = model_random(&seed, 20), t = (ad_term)k;
            terms[k] = which == 0 ? minus[k] : which == 1 ? binary(&g, AD_PRODUCT, t, other) : t;
            want += which == 0 ? -x[k] : which == 1 ? x[k] * x[other] : x[k];
        }
        ad_term sum = ad_graph_sum(&g, n, terms);
        REQUIRE(g.status == AD_OK && g.terms <= 400);
        model_values(&g, x, value);
        CHECK_EQUAL(value[sum], want);
    }
    ad_graph_free(&g);
}

TEST(graph_interns_reductions) {
    ad_graph g = inputs(10);
    const ad_term some[] = {3, 1, 4, 1, 5}, turned[] = {5, 1, 4, 1, 3};
    ad_term sum = ad_graph_reduce(&g, AD_GRAPH_SUM, 5, some);
    CHECK(g.lists == 5 && ad_graph_arity(&g, sum) == 5 && ad_graph_operand(&g, sum, 2) == 4);
    CHECK(ad_graph_reduce(&g, AD_GRAPH_SUM, 5, some) == sum && g.lists == 5);
    ad_term other = ad_graph_reduce(&g, AD_GRAPH_SUM, 5, turned);
    CHECK(other != sum && g.lists == 10);
    CHECK(ad_graph_reduce(&g, AD_GRAPH_MAX, 5, some) != sum);
    CHECK(ad_graph_reduce(&g, AD_GRAPH_SUM, 4, some) != sum);
    CHECK(ad_graph_reduce(&g, AD_GRAPH_SUM, 1, some) == 3 && g.lists == 19);
    CHECK(ad_graph_reduce(&g, AD_GRAPH_SUM, 5, turned) == other);
    ad_graph_free(&g);
}

/* Terms that differ only in one operand, so many that they collide in the table. */
TEST(graph_distinguishes_terms_that_differ_in_one_operand) {
    enum { N = 1000 };
    ad_graph g = inputs(N);
    size_t wrong = 0;
    for (int again = 0; again < 2; again++) {
        ad_term next = N;
        for (ad_term k = 2; k < N; k++) {
            wrong += ad_graph_push(&g, AD_SELECT, 0, 1, k) != next++;
            wrong += ad_graph_push(&g, AD_SELECT, 0, k, 1) != next++;
            wrong += ad_graph_push(&g, AD_SELECT, k, 0, 1) != next++;
            wrong += ad_graph_reduce(&g, AD_GRAPH_SUM, 3, (ad_term[]){0, 1, k}) != next++;
        }
    }
    CHECK(wrong == 0 && g.lists == 3 * (N - 2));
    ad_graph_free(&g);
}

TEST(graph_refuses_a_term_that_it_does_not_hold) {
    ad_graph g = inputs(2);
    CHECK(binary(&g, AD_ADD, 0, 2) == NONE && g.status == AD_BAD_INDEX);
    CHECK(binary(&g, AD_ADD, 0, 1) == NONE && g.terms == 2); /* the first failure stays */
    ad_graph_truncate(&g, 2, 0);
    CHECK(g.status == AD_OK && binary(&g, AD_ADD, 0, NONE) == NONE);
    CHECK(g.status == AD_BAD_INDEX);
    ad_graph_free(&g);
}

TEST(graph_is_full_at_its_limit_and_unharmed) {
    ad_graph g;
    REQUIRE(ad_graph_init(&g, 2, 5) == AD_OK);
    ad_term sum = binary(&g, AD_ADD, 0, 1), sine = unary(&g, AD_SIN, sum);
    const ad_term both[] = {sum, sine};
    ad_term total = ad_graph_reduce(&g, AD_GRAPH_SUM, 2, both);
    CHECK(binary(&g, AD_ADD, 1, 0) == sum && g.status == AD_OK); /* existing terms are found */
    size_t lists = g.lists;
    for (int which = 0; which < 4; which++) {
        ad_term t = which == 0   ? unary(&g, AD_COS, 0)
                    : which == 1 ? ad_graph_constant(&g, 7)
                    : which == 2 ? ad_graph_input(&g)
                                 : ad_graph_reduce(&g, AD_GRAPH_MAX, 2, both);
        CHECK(t == NONE && g.status == AD_TOO_LARGE && g.terms == 5 && g.inputs == 2);
        CHECK(unary(&g, AD_SIN, sum) == NONE && g.lists == lists);
        ad_graph_truncate(&g, 5, lists);
        CHECK(g.status == AD_OK && unary(&g, AD_SIN, sum) == sine);
        CHECK(ad_graph_reduce(&g, AD_GRAPH_SUM, 2, both) == total);
    }
    ad_graph_free(&g);
    CHECK(ad_graph_init(&g, 6, 5) == AD_TOO_LARGE);
    ad_graph_free(&g);
}

TEST(graph_counts_the_operations_that_outputs_need) {
    ad_graph g = inputs(4);
    const ad_term all[] = {0, 1, 2, 3};
    ad_term c = ad_graph_constant(&g, 3), dead = unary(&g, AD_SIN, 0);
    ad_term sum = ad_graph_reduce(&g, AD_GRAPH_SUM, 4, all), y = binary(&g, AD_ADD, sum, c);
    uint8_t live[8];
    CHECK(ad_graph_live(&g, 3, (ad_term[]){y, NONE, y}, live) == 4);
    CHECK(live[0] && live[3] && live[c] && live[sum] && live[y] && !live[dead]);
    CHECK(ad_graph_live(&g, 1, (ad_term[]){c}, live) == 0 && !live[0] && live[c]);
    CHECK(ad_graph_live(&g, 0, NULL, live) == 0);
    ad_graph_free(&g);
}

/* --------------------------------------------------------------------- partials of every row */

static const double *points(const char *domain) {
    static const double real[] = {-2.3, 0.4, 1.9}, nonzero[] = {-1.6, 0.6, 2.2},
                        positive[] = {0.2, 0.9, 3.1}, unit[] = {-0.8, 0.15, 0.7},
                        above[] = {1.2, 1.7, 4.0}, truth[] = {0, 1, 1};
    return strcmp(domain, "NONZERO") == 0     ? nonzero
           : strcmp(domain, "POSITIVE") == 0  ? positive
           : strcmp(domain, "UNIT") == 0      ? unit
           : strcmp(domain, "ABOVE_ONE") == 0 ? above
           : strcmp(domain, "TRUTH") == 0     ? truth
                                              : real;
}

TEST(graph_partials_are_those_of_the_rows) {
    for (unsigned op = 0; op < AD_OP_COUNT; op++) {
        const ad_op_info *row = ad_op_row(op);
        ad_graph g = inputs(3);
        ad_term t = ad_graph_push(&g, op, 0, 1, 2), partial[AD_MAX_ARITY];
        if (op == AD_POSITIVE) t = 0; /* is not a separate term */
        if (op != AD_POSITIVE) ad_graph_partials(&g, t, partial);
        REQUIRE(g.status == AD_OK && g.terms < 200);
        for (int k = 0; k < 27 && op != AD_POSITIVE; k++) {
            double x[3] = {0}, value[200], want[AD_MAX_ARITY];
            for (int j = 0, digit = k; j < row->arity; j++, digit /= 3) {
                x[j] = points(row->domain[j])[digit % 3];
            }
            model_values(&g, x, value);
            CHECK_EQUAL(value[t], row->point(x[0], x[1], x[2], want));
            for (int j = 0; j < row->arity; j++) {
                if (!CHECK_NEAR(value[partial[j]], want[j], 1e-14)) printf("    %s\n", row->name);
            }
        }
        ad_graph_free(&g);
    }
}

TEST(graph_partials_of_an_extreme_share_a_tie) {
    ad_graph g = inputs(4);
    const double x[] = {2, 5, 5, -1};
    double value[64];
    ad_term partial[4], most = ad_graph_reduce(&g, AD_GRAPH_MAX, 4, (ad_term[]){0, 1, 2, 3});
    ad_graph_partials(&g, most, partial);
    model_values(&g, x, value);
    const double share[] = {0, 0.5, 0.5, 0};
    for (int k = 0; k < 4; k++) CHECK_EQUAL(value[partial[k]], share[k]);
    ad_term sum = ad_graph_reduce(&g, AD_GRAPH_SUM, 2, (ad_term[]){0, 1});
    ad_graph_partials(&g, sum, partial);
    CHECK(is_number(&g, partial[0], 1) && partial[1] == partial[0]);
    ad_graph_free(&g);
}

TEST(constants_are_found_again_after_others_were_removed) {
    ad_graph g = inputs(1);
    for (int k = 0; k < 100; k++) CHECK(ad_graph_constant(&g, k) == (ad_term)(1 + k));
    for (int k = 99; k >= 0; k--) CHECK(ad_graph_constant(&g, k) == (ad_term)(1 + k));
    CHECK(ad_graph_constant(&g, -0.0) == 101 && ad_graph_constant(&g, 0.0) == 1);
    ad_graph_truncate(&g, 40, 0);
    CHECK(unary(&g, AD_SIN, 0) == 40);
    for (int k = 99; k >= 0; k--) CHECK(is_number(&g, ad_graph_constant(&g, k), k));
    for (ad_term t = 0; t < g.terms; t++) {
        for (ad_term u = t + 1; u < g.terms; u++) {
            CHECK(g.vertex[t].op != AD_GRAPH_CONSTANT || g.vertex[u].op != AD_GRAPH_CONSTANT ||
                  memcmp(g.vertex[t].x, g.vertex[u].x, sizeof(double)) != 0);
        }
    }
    ad_graph_free(&g);
}
