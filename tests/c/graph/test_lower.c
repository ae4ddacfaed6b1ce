/* SPDX-License-Identifier: Apache-2.0 */
#include "ad_test.h"
#include "base/alloc.h"
#include "graph/lower.h"
#include "model.h"
#include "sweep/jacobian.h"

#include <string.h>

#define D 9
#define NONE AD_NO_TERM

static const ad_node nodes[] = {0, 1, 2, 3, 4, 5, 6, 7};

static const ad_node inputs[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

/* Lower all nodes of a tape and compare their values with the tape's. */
static void compare_all(const ad_tape *tape) {
    ad_graph g;
    size_t K = tape->nodes;
    ad_node *output = ad_alloc(K, sizeof *output);
    ad_term *term = ad_alloc(K, sizeof *term), *guard = ad_alloc(2 * tape->guards, sizeof *guard);
    double *got = ad_alloc(K, sizeof *got);
    for (ad_node k = 0; k < K; k++) output[k] = k;
    CHECK(ad_graph_init(&g, D, 1 << 22) == AD_OK);
    CHECK(ad_lower(tape, D, inputs, K, output, &g, term, guard) == AD_OK);
    double *value = ad_alloc(g.terms, sizeof *value);
    model_values(&g, tape->value, value);
    for (size_t k = 0; k < K; k++) got[k] = value[term[k]];
    CHECK(model_distance(K, got, tape->value) < 1e-12);
    for (size_t k = 0; k < tape->guards; k++) { /* each guard holds at the recorded point */
        CHECK(guard[2 * k] != AD_NO_TERM || guard[2 * k + 1] != AD_NO_TERM);
        CHECK(guard[2 * k] == AD_NO_TERM || value[guard[2 * k]] == 0);
        CHECK(guard[2 * k + 1] == AD_NO_TERM || value[guard[2 * k + 1]] != 0);
    }
    for (ad_term d = 0; d < D; d++) CHECK(term[d] == d);
    ad_graph_free(&g);
    ad_free(output);
    ad_free(term);
    ad_free(guard);
    ad_free(got);
    ad_free(value);
}

TEST(lower_computes_what_the_tape_computed) {
    for (uint32_t seed = 0; seed < 60; seed++) {
        ad_tape tape;
        double x[D];
        uint32_t numbers = seed;
        model_numbers(D, x, &numbers);
        ad_tape_init(&tape);
        REQUIRE(model_tape(&tape, D, x, 5 + seed / 2, seed) == AD_OK);
        compare_all(&tape);
        ad_tape_free(&tape);
    }
}

/* The number of terms after lowering some outputs of a function of n inputs. */
static ad_graph lowered(const ad_tape *tape, size_t n, size_t K, const ad_node *output,
                        ad_term *term, ad_status *status) {
    ad_graph g;
    CHECK(ad_graph_init(&g, n, 1 << 20) == AD_OK);
    *status = ad_lower(tape, n, inputs, K, output, &g, term, NULL);
    return g;
}

static ad_node span(ad_tape *tape, unsigned op, int64_t n, ad_node a) {
    const int64_t shape[] = {n}, one[] = {1};
    const ad_operand x[] = {{a, one, NULL}, {a, one, NULL}};
    ad_node first = 0;
    CHECK(ad_tape_elementwise(tape, op, 1, shape, x, &first) == AD_OK);
    return first;
}

TEST(lower_enters_only_what_is_needed) {
    ad_tape tape;
    ad_node first = 0, c = 0, dead = 0;
    ad_term term[4];
    ad_status status;
    ad_tape_init(&tape);
    REQUIRE(ad_tape_inputs(&tape, 8, &first) == AD_OK && ad_tape_constant(&tape, 3, &c) == AD_OK);
    ad_node sine = span(&tape, AD_SIN, 8, 0), square = span(&tape, AD_MULTIPLY, 8, sine);
    REQUIRE(ad_tape_unary(&tape, AD_EXP, 2, &dead) == AD_OK);
    const ad_node one[] = {square + 5}, leaves[] = {c, 3, c, 3};
    ad_graph g = lowered(&tape, 8, 1, one, term, &status);
    CHECK(status == AD_OK && g.terms == 10 && term[0] == 9);
    CHECK(g.vertex[8].op == AD_SIN && g.vertex[8].x[0] == 5 && g.vertex[9].op == AD_MULTIPLY);
    ad_graph_free(&g);
    g = lowered(&tape, 8, 4, leaves, term, &status);
    CHECK(status == AD_OK && g.terms == 9 && term[0] == 8 && term[1] == 3);
    CHECK(term[2] == 8 && term[3] == 3);
    ad_graph_free(&g);
    g = lowered(&tape, 8, 0, leaves, term, &status);
    CHECK(status == AD_OK && g.terms == 8);
    ad_graph_free(&g);
    ad_tape_free(&tape);
}

TEST(lower_folds_and_shares) {
    ad_tape tape;
    ad_node first = 0;
    ad_term term[16];
    ad_status status;
    ad_tape_init(&tape);
    REQUIRE(ad_tape_inputs(&tape, 4, &first) == AD_OK);
    ad_node a = span(&tape, AD_SIN, 4, 0), b = span(&tape, AD_SIN, 4, 0);
    ad_node output[16];
    for (ad_node k = 0; k < 8; k++) output[k] = k < 4 ? a + k : b + k - 4;
    ad_graph g = lowered(&tape, 4, 8, output, term, &status);
    CHECK(status == AD_OK && g.terms == 8);
    for (int k = 0; k < 4; k++) CHECK(term[k] == term[k + 4]);
    ad_graph_free(&g);
    ad_tape_free(&tape);
}

TEST(lower_refuses_a_needed_leaf_that_is_no_input) {
    ad_tape tape;
    ad_node first = 0, sum = 0;
    ad_term term[2];
    ad_status status;
    ad_tape_init(&tape);
    REQUIRE(ad_tape_inputs(&tape, 8, &first) == AD_OK);
    ad_node sine = span(&tape, AD_SIN, 8, 0);
    const int64_t line[] = {8}, one[] = {1};
    const ad_operand x = {sine, one, NULL};
    REQUIRE(ad_tape_reduce(&tape, AD_BLOCK_SUM, 0, 1, line, &x, &sum) == AD_OK);
    const ad_node known[] = {sine + 2}, unknown[] = {sine + 7}, all[] = {sum}, leaf[] = {6};
    ad_graph g = lowered(&tape, 4, 1, known, term, &status);
    CHECK(status == AD_OK);
    ad_graph_free(&g);
    const ad_node *const bad[] = {unknown, all, leaf};
    for (int k = 0; k < 3; k++) {
        g = lowered(&tape, 4, 1, bad[k], term, &status);
        CHECK(status == AD_BAD_INDEX);
        ad_graph_free(&g);
    }
    ad_tape_free(&tape);
}

/* Products of every inner size: none, a few that are added one by one, many as one sum. */
TEST(lower_makes_inner_products_of_every_length) {
    for (int64_t n = 0; n < 9; n++) {
        ad_tape tape;
        ad_node first = 0, product = 0;
        const int64_t e[] = {2, 2, n, 3}, a[] = {1, 0, 1}, b[] = {0, 1, -1};
        ad_tape_init(&tape);
        REQUIRE(ad_tape_inputs(&tape, 12, &first) == AD_OK);
        for (int k = 0; k < 12; k++) tape.value[k] = 1 + k;
        REQUIRE(ad_tape_matmul(&tape, e, 0, a, 2, b, &product) == AD_OK);
        ad_term term[12];
        ad_node output[12];
        double value[200];
        ad_graph g;
        for (ad_node k = 0; k < 12; k++) output[k] = product + k;
        static const ad_node twelve[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
        REQUIRE(ad_graph_init(&g, 12, 200) == AD_OK);
        CHECK(ad_lower(&tape, 12, twelve, 12, output, &g, term, NULL) == AD_OK);
        model_values(&g, tape.value, value);
        for (int k = 0; k < 12; k++) CHECK_EQUAL(value[term[k]], tape.value[product + (ad_node)k]);
        CHECK((g.lists > 0) == (n > 4));
        CHECK(n > 0 || ad_graph_is_zero(&g, term[0]));
        ad_graph_free(&g);
        ad_tape_free(&tape);
    }
}

TEST(lower_stops_at_the_limit_and_survives_the_failure_of_every_allocation) {
    ad_tape tape;
    double x[D] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9};
    ad_node output[20];
    ad_term term[20], guard[200], want[20];
    uint32_t seed = 4;
    ad_graph g;
    ad_tape_init(&tape);
    REQUIRE(model_tape(&tape, D, x, 40, 11) == AD_OK && tape.guards < 100);
    model_outputs(&tape, 20, output, &seed);
    REQUIRE(ad_graph_init(&g, D, 1 << 20) == AD_OK);
    REQUIRE(ad_lower(&tape, D, inputs, 20, output, &g, want, guard) == AD_OK);
    size_t terms = g.terms;
    ad_graph_free(&g);
    for (size_t limit = D; limit < terms; limit += limit / 8) {
        REQUIRE(ad_graph_init(&g, D, limit) == AD_OK);
        CHECK(ad_lower(&tape, D, inputs, 20, output, &g, term, guard) == AD_TOO_LARGE);
        CHECK(g.terms == limit && g.status == AD_TOO_LARGE);
        ad_graph_free(&g);
    }
    long n = 0;
    for (ad_status status = AD_NO_MEMORY; status != AD_OK;) {
        REQUIRE(ad_graph_init(&g, D, terms) == AD_OK);
        ad_alloc_fail_at(++n);
        status = ad_lower(&tape, D, inputs, 20, output, &g, term, guard);
        ad_alloc_fail_at(0);
        CHECK(status == AD_OK || status == AD_NO_MEMORY);
        ad_graph_truncate(&g, D, 0);
        CHECK(ad_lower(&tape, D, inputs, 20, output, &g, term, guard) == AD_OK);
        CHECK(g.terms == terms && memcmp(term, want, sizeof want) == 0);
        ad_graph_free(&g);
    }
    CHECK(n > 4);
    ad_tape_free(&tape);
}

/* The maximum of numbers with a NaN among them: its derivative is 1 along the NaN. */
TEST(graph_partials_of_a_nan_extreme_equal_those_of_the_tape) {
    const int64_t n[] = {3}, one[] = {1};
    for (unsigned kind = AD_BLOCK_MAX; kind <= AD_BLOCK_MIN; kind++) {
        ad_tape tape;
        ad_graph g;
        ad_node x = 0, y = 0;
        ad_term term, partial[3];
        double J[3], value[1000];
        ad_tape_init(&tape);
        REQUIRE(ad_tape_inputs(&tape, 3, &x) == AD_OK);
        tape.value[0] = 1, tape.value[1] = NAN, tape.value[2] = 2;
        const ad_operand a = {0, one, NULL};
        REQUIRE(ad_tape_reduce(&tape, kind, 0, 1, n, &a, &y) == AD_OK);
        const ad_function f = {&tape, 3, 1, nodes, &y};
        CHECK(ad_jacobian_reverse(&f, 1, J, (ad_workspace){NULL, 0}, NULL) == AD_OK);
        REQUIRE(ad_graph_init(&g, 3, 1000) == AD_OK);
        REQUIRE(ad_lower(&tape, 3, nodes, 1, &y, &g, &term, NULL) == AD_OK);
        ad_graph_partials(&g, term, partial);
        model_values(&g, tape.value, value);
        for (int k = 0; k < 3; k++) CHECK_EQUAL(value[partial[k]], J[k]);
        ad_graph_free(&g);
        ad_tape_free(&tape);
    }
}

/* Sums of rows.  One row has a leaf that is no input, but the other row can be lowered. */
TEST(lower_leaves_out_rows_that_no_output_needs) {
    const int64_t matrix[] = {2, 3}, rows[] = {3, 1}, six[] = {6}, one[] = {1};
    for (unsigned kind = 0; kind < AD_BLOCK_CORRELATE; kind++) {
        ad_tape tape;
        ad_graph g;
        ad_node first = 0, sine = 0, y = 0;
        ad_term term;
        ad_tape_init(&tape);
        REQUIRE(ad_tape_inputs(&tape, 6, &first) == AD_OK);
        const ad_operand leaves = {0, one, NULL};
        REQUIRE(ad_tape_elementwise(&tape, AD_SIN, 1, six, &leaves, &sine) == AD_OK);
        const ad_operand x = {sine, rows, NULL};
        REQUIRE(ad_tape_reduce(&tape, kind, 1, 1, matrix, &x, &y) == AD_OK);
        REQUIRE(ad_graph_init(&g, 3, 1000) == AD_OK);
        CHECK(ad_lower(&tape, 3, nodes, 1, &y, &g, &term, NULL) == AD_OK);
        CHECK(g.terms <= 10);
        ad_graph_free(&g);
        ad_tape_free(&tape);
    }
}

/* The sum of one number has NumPy's sign, also for -0. */
TEST(lower_gives_the_sum_of_one_number_the_same_sign_as_the_tape) {
    const int64_t n[] = {1}, one[] = {1};
    ad_tape tape;
    ad_graph g;
    ad_node x = 0, y = 0;
    ad_term term;
    double value[100];
    ad_tape_init(&tape);
    REQUIRE(ad_tape_inputs(&tape, 1, &x) == AD_OK);
    tape.value[0] = -0.0;
    const ad_operand a = {0, one, NULL};
    REQUIRE(ad_tape_reduce(&tape, AD_BLOCK_SUM, 0, 1, n, &a, &y) == AD_OK);
    REQUIRE(ad_graph_init(&g, 1, 100) == AD_OK);
    REQUIRE(ad_lower(&tape, 1, nodes, 1, &y, &g, &term, NULL) == AD_OK);
    model_values(&g, tape.value, value);
    CHECK(signbit(value[term]) == signbit(tape.value[y]));
    ad_graph_free(&g);
    ad_tape_free(&tape);
}
