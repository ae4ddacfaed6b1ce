/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of functions that the core knows only by their rules, here y_k = x_k x_(k+1) of n
 * numbers. */
#include "ad_test.h"
#include "base/alloc.h"
#include "graph/accumulate.h"
#include "graph/lower.h"
#include "graph/routes.h"
#include "isa/select.h"
#include "ops/expr.h"
#include "program/eval.h"
#include "sweep/expand.h"
#include "sweep/jacobian.h"
#include "tape/block.h"
#include "tape/inspect.h"
#include "tape/replay.h"

#include <string.h>

typedef struct product {
    long kept;         /* number of tapes that refer to it */
    long calls;        /* number of calls of value, push and pull */
    ad_status answers; /* what the callbacks return */
} product;

static ad_status value(void *rule, size_t n, const double *x, size_t m, double *y) {
    product *r = rule;
    r->calls++;
    for (size_t k = 0; k < m; k++) y[k] = x[k] * x[(k + 1) % n];
    return r->answers;
}

static ad_status push(void *rule, size_t n, const double *x, size_t m, const double *y, size_t p,
                      const double *t, double *out) {
    product *r = rule;
    (void)y;
    r->calls++;
    for (size_t k = 0; k < m; k++) {
        size_t next = (k + 1) % n;
        for (size_t q = 0; q < p; q++) {
            out[k * p + q] = t[k * p + q] * x[next] + x[k] * t[next * p + q];
        }
    }
    return r->answers;
}

static ad_status pull(void *rule, size_t n, const double *x, size_t m, const double *y, size_t p,
                      const double *w, double *out) {
    product *r = rule;
    (void)y;
    r->calls++;
    memset(out, 0, n * p * sizeof *out);
    for (size_t k = 0; k < m; k++) {
        size_t next = (k + 1) % n;
        for (size_t q = 0; q < p; q++) {
            out[k * p + q] += w[k * p + q] * x[next];
            out[next * p + q] += w[k * p + q] * x[k];
        }
    }
    return r->answers;
}

/* Only the reverse mode, which is all that the test needs. */
static ad_status expand(void *rule, struct ad_tape *tape, int backward, size_t n,
                        const uint32_t *input, size_t m, uint32_t first, const uint32_t *seed,
                        uint32_t *out) {
    product *r = rule;
    (void)first;
    if (!backward) return AD_BAD_OP;
    for (size_t j = 0; j < n; j++) { /* w_j x_(j+1) + w_(j-1) x_(j-1) */
        ad_node a = 0, b = 0;
        size_t before = (j + n - 1) % n;
        ad_status status = ad_tape_binary(tape, AD_MULTIPLY, seed[j], input[(j + 1) % n], &a);
        if (status == AD_OK) {
            status = ad_tape_binary(tape, AD_MULTIPLY, seed[before], input[before], &b);
        }
        if (status == AD_OK) status = ad_tape_binary(tape, AD_ADD, a, b, &out[j]);
        if (status != AD_OK) return status;
    }
    return m == n ? r->answers : AD_BAD_SHAPE;
}

static void keep(void *rule) { ((product *)rule)->kept++; }
static void drop(void *rule) { ((product *)rule)->kept--; }

/* y_k depends on x_(k+1) as well */
static int elementwise(void *rule) { return rule == NULL; }

static int curves(void *rule) { return rule == NULL; }

static size_t blocks(void *rule, int results, size_t count, uint32_t *block) {
    (void)rule, (void)results;
    if (block != NULL) memset(block, 0, count * sizeof *block);
    return 1;
}

static size_t most_points(void *rule, ad_call_mode mode) {
    return rule != NULL && mode < AD_CALL_MODES;
}

static const ad_callbacks callbacks = {.value = value,
                                       .push = push,
                                       .pull = pull,
                                       .curves = curves,
                                       .expand = expand,
                                       .keep = keep,
                                       .drop = drop,
                                       .elementwise = elementwise,
                                       .blocks = blocks,
                                       .most_points = most_points};
static const ad_node inputs[] = {0, 1, 2}, scattered[] = {2, 0, 1};

/* sin of the products of x_2 x_0, x_0 x_1, x_1 x_2. */
static int record(ad_tape *tape, product *rule, ad_node *out) {
    ad_node x = 0, y = 0;
    ad_callbacks_set(&callbacks);
    ad_tape_init(tape);
    if (!CHECK(ad_tape_inputs(tape, 3, &x) == AD_OK)) return 0;
    for (int k = 0; k < 3; k++) tape->value[k] = k + 2;
    if (!CHECK(ad_tape_call(tape, rule, 3, &(ad_operand){.nodes = scattered}, 3, NULL, &y) ==
               AD_OK))
        return 0;
    for (ad_node k = 0; k < 3; k++) {
        if (!CHECK(ad_tape_unary(tape, AD_SIN, y + k, &out[k]) == AD_OK)) return 0;
    }
    return 1;
}

/* d sin(x_i x_j) is cos(x_i x_j) times the other factor. */
static void check_jacobian(const double J[9], const double x[3]) {
    for (int k = 0; k < 3; k++) {
        size_t i = scattered[k], j = scattered[(k + 1) % 3], o = 3 - i - j;
        CHECK_NEAR(J[3 * k + i], cos(x[i] * x[j]) * x[j], 1e-15);
        CHECK_NEAR(J[3 * k + j], cos(x[i] * x[j]) * x[i], 1e-15);
        CHECK_EQUAL(J[3 * k + o], 0.0);
    }
}

TEST(call_is_swept_both_ways_and_replayed) {
    ad_tape tape, again, joined;
    product rule = {0, 0, AD_OK};
    ad_node out[3], offset = 0;
    double J[9];
    REQUIRE(record(&tape, &rule, out));
    CHECK_EQUAL(tape.value[3], 8.0);
    CHECK(rule.kept == 1);
    const ad_function f = {&tape, 3, 3, inputs, out};
    CHECK(ad_jacobian_forward(&f, 2, J, (ad_workspace){NULL, 0}, NULL) == AD_OK);
    check_jacobian(J, tape.value);
    CHECK(ad_jacobian_reverse(&f, 3, J, (ad_workspace){NULL, 0}, NULL) == AD_OK);
    check_jacobian(J, tape.value);
    ad_edge edges[3];
    CHECK(ad_node_edges(&tape, 3, 3, edges) == 3 && edges[0].operand == 2);
    CHECK_EQUAL(edges[0].partial, tape.value[0]);
    CHECK_EQUAL(edges[2].partial, 0.0);
    /* at other inputs */
    const double x[3] = {0.5, -1, 3};
    ad_tape_init(&again);
    REQUIRE(ad_tape_replay(&tape, 3, inputs, x, NULL, &again, NULL) == AD_OK);
    CHECK(rule.kept == 2);
    const ad_function g = {&again, 3, 3, inputs, out};
    CHECK(ad_jacobian_reverse(&g, 3, J, (ad_workspace){NULL, 0}, NULL) == AD_OK);
    check_jacobian(J, x);
    /* as a part of another tape */
    ad_tape_init(&joined);
    CHECK(ad_tape_append(&joined, &again, &offset) == AD_OK);
    CHECK(ad_tape_append(&joined, &again, &offset) == AD_OK && rule.kept == 4);
    const ad_node there[] = {offset, offset + 1, offset + 2},
                  last[] = {offset + 6, offset + 7, offset + 8};
    const ad_function h = {&joined, 3, 3, there, last};
    CHECK(ad_jacobian_reverse(&h, 3, J, (ad_workspace){NULL, 0}, NULL) == AD_OK);
    check_jacobian(J, x);
    ad_tape_free(&tape);
    ad_tape_reset(&again, SIZE_MAX);
    CHECK(rule.kept == 2);
    ad_tape_free(&again);
    ad_tape_free(&joined);
    CHECK(rule.kept == 0);
}

TEST(call_with_zero_seeds_makes_no_callback) {
    ad_tape tape;
    product rule = {0, 0, AD_OK};
    ad_node out[3], first = 0;
    double t[3] = {0}, w[3] = {0};
    REQUIRE(record(&tape, &rule, out) && ad_tape_constants(&tape, 1, &first) == AD_OK);
    const ad_function f = {&tape, 3, 3, inputs, out};
    long before = rule.calls;
    CHECK(ad_jvp(&f, 1, t, w, (ad_workspace){NULL, 0}, NULL) == AD_OK);
    CHECK(ad_vjp(&f, 1, w, t, (ad_workspace){NULL, 0}, NULL) == AD_OK);
    CHECK(rule.calls == before);
    ad_tape_free(&tape);
}

TEST(call_that_fails_ends_the_recording_or_sweep) {
    ad_tape tape, again;
    product rule = {0, 0, AD_OK};
    ad_node out[3], y = 0;
    double J[9];
    REQUIRE(record(&tape, &rule, out));
    const ad_function f = {&tape, 3, 3, inputs, out};
    rule.answers = AD_CALL_FAILED;
    size_t nodes = tape.nodes;
    CHECK(ad_jacobian_forward(&f, 3, J, (ad_workspace){NULL, 0}, NULL) == AD_CALL_FAILED);
    CHECK(ad_jacobian_reverse(&f, 3, J, (ad_workspace){NULL, 0}, NULL) == AD_CALL_FAILED);
    CHECK(ad_tape_call(&tape, &rule, 3, &(ad_operand){.nodes = inputs}, 3, NULL, &y) ==
          AD_CALL_FAILED);
    CHECK(tape.nodes == nodes && rule.kept == 1);
    ad_tape_init(&again);
    CHECK(ad_tape_replay(&tape, 0, NULL, NULL, NULL, &again, NULL) == AD_CALL_FAILED);
    ad_tape_free(&again);
    /* as a corrupt file might be */
    rule.answers = AD_OK;
    tape.block[0].rule = 1;
    CHECK(ad_tape_replay(&tape, 0, NULL, NULL, NULL, &again, NULL) == AD_BAD_OP);
    ad_tape_free(&again);
    tape.block[0].rule = 0;
    tape.block[0].extent[1].count = 4;
    CHECK(ad_tape_replay(&tape, 0, NULL, NULL, NULL, &again, NULL) == AD_BAD_INDEX);
    ad_tape_free(&again);
    ad_tape_free(&tape);
}

TEST(call_is_expanded_by_the_callback_of_its_rule) {
    ad_tape tape;
    product rule = {0, 0, AD_OK};
    ad_node out[3], one = 0, node[64];
    double H[9];
    REQUIRE(record(&tape, &rule, out) && ad_tape_constant(&tape, 1, &one) == AD_OK);
    memset(node, 0xFF, sizeof node);
    for (int k = 0; k < 3; k++) node[out[k]] = one;
    const ad_segment segment = {&tape, 0, tape.runs, 0};
    REQUIRE(ad_expand_reverse(&segment, node) == AD_OK);
    const ad_function gradient = {&tape, 3, 3, inputs, node};
    CHECK(ad_jacobian_reverse(&gradient, 3, H, (ad_workspace){NULL, 0}, NULL) == AD_OK);
    for (int i = 0; i < 3; i++) { /* derivatives of sum_(i<j) sin(x_i x_j) */
        for (int j = 0; j < 3; j++) {
            const double *x = tape.value;
            double want = i == j ? 0 : cos(x[i] * x[j]) - x[i] * x[j] * sin(x[i] * x[j]);
            for (int k = 0; k < 3 && i == j; k++) {
                if (k != i) want -= x[k] * x[k] * sin(x[i] * x[k]);
            }
            CHECK_NEAR(H[3 * i + j], want, 1e-13);
        }
    }
    ad_tape_free(&tape);
    CHECK(rule.kept == 0);
}

TEST(call_survives_the_failure_of_every_allocation) {
    product rule = {0, 0, AD_OK};
    long fails = 0;
    for (ad_status status = AD_NO_MEMORY; status != AD_OK;) {
        ad_tape tape;
        ad_node x = 0, y = 0;
        double J[9];
        ad_callbacks_set(&callbacks);
        ad_tape_init(&tape);
        ad_alloc_fail_at(++fails);
        status = ad_tape_inputs(&tape, 3, &x);
        for (int k = 0; k < 3 && status == AD_OK; k++) tape.value[k] = k;
        if (status == AD_OK)
            status = ad_tape_call(&tape, &rule, 3, &(ad_operand){.nodes = scattered}, 3, NULL, &y);
        const ad_node out[] = {y, y + 1, y + 2};
        const ad_function f = {&tape, 3, 3, inputs, out};
        if (status == AD_OK) {
            status = ad_jacobian_reverse(&f, 3, J, (ad_workspace){NULL, 0}, NULL);
        }
        ad_alloc_fail_at(0);
        ad_tape_free(&tape);
        CHECK((status == AD_OK || status == AD_NO_MEMORY) && rule.kept == 0);
    }
    CHECK(fails > 8);
}

/* Values, then the Jacobian by columns, as one program.  Every step may run out of memory. */
static ad_status make(const ad_tape *tape, const ad_node *out, ad_route route, ad_graph *g,
                      ad_program *p) {
    const ad_term terms[] = {0, 1, 2};
    ad_term value[3], wanted[12];
    ad_entries entries = {0};
    ad_status status = ad_graph_init(g, 3, 1000);
    if (status == AD_OK) status = ad_lower(tape, 3, inputs, 3, out, g, value, NULL);
    const ad_mapping f = {g, 3, 3, terms, value};
    if (status == AD_OK) status = ad_route_jacobian(&f, route, &entries);
    if (status == AD_OK) {
        CHECK(entries.count == 9); /* a rule's Jacobian is dense */
        for (size_t k = 0; k < 12; k++) wanted[k] = k < 3 ? value[k] : entries.entry[k - 3].term;
        const ad_wanted all = {.outputs = 12, .checked = 3, .output = wanted};
        status = ad_program_make(g, &all, 0, p);
        if (status == AD_OK) status = ad_program_make_lanes(p);
        if (status != AD_OK) ad_program_free(p);
    }
    ad_free(entries.entry);
    if (status != AD_OK) ad_graph_free(g);
    return status;
}

TEST(call_is_part_of_programs) {
    ad_tape tape;
    product rule = {0, 0, AD_OK};
    ad_node out[3];
    ad_graph g;
    ad_program p = {0};
    REQUIRE(record(&tape, &rule, out) && ad_expr_prepare() == AD_OK);
    ad_isa_choose(NULL);
    for (unsigned route = 0; route <= AD_ROUTE_REVERSE; route++) {
        REQUIRE(make(&tape, out, (ad_route)route, &g, &p) == AD_OK);
        double *arena = ad_alloc(ad_point_room(&p), sizeof *arena), got[12];
        const double x[3] = {0.5, -1, 3};
        ad_point_begin(&p, arena);
        memcpy(arena, x, sizeof x);
        long before = rule.calls;
        CHECK(ad_point_run(&p, arena) == AD_OK && rule.calls == before + 2);
        ad_point_outputs(&p, arena, 0, 12, 0, got);
        for (int k = 0; k < 3; k++) {
            CHECK_NEAR(got[k], sin(x[scattered[k]] * x[scattered[(k + 1) % 3]]), 1e-15);
        }
        check_jacobian(got + 3, x);
        rule.answers = AD_CALL_FAILED;
        CHECK(ad_point_run(&p, arena) == AD_CALL_FAILED);
        rule.answers = AD_OK;
        ad_free(arena);
        /* three points of a block */
        arena = ad_alloc(ad_lane_room(&p), sizeof *arena);
        ad_lane_begin(&p, arena);
        for (size_t d = 0; d < 3; d++) {
            for (size_t e = 0; e < AD_LANE_POINTS; e++)
                arena[p.lane_input[d] + e] = x[d] + (double)e;
        }
        before = rule.calls;
        CHECK(ad_lane_run_all(&p, 3, arena) == AD_OK && rule.calls == before + 6);
        for (size_t e = 0; e < 3; e++) {
            const double at[3] = {x[0] + (double)e, x[1] + (double)e, x[2] + (double)e};
            for (size_t k = 0; k < 12; k++) got[k] = arena[p.lane_output[k] + e];
            CHECK_NEAR(got[0], sin(at[2] * at[0]), 1e-15);
            check_jacobian(got + 3, at);
        }
        rule.answers = AD_CALL_FAILED;
        CHECK(ad_lane_run_all(&p, 3, arena) == AD_CALL_FAILED);
        rule.answers = AD_OK;
        ad_free(arena);
        ad_program_free(&p);
        ad_graph_free(&g);
    }
    CHECK(make(&tape, out, AD_ROUTE_MARKOWITZ_FIRST, &g, &p) == AD_TOO_LARGE);
    ad_tape_free(&tape);
}

TEST(call_has_no_second_derivative_in_a_graph) {
    ad_tape tape;
    product rule = {0, 0, AD_OK};
    ad_node out[3];
    ad_graph g;
    const ad_term terms[] = {0, 1, 2};
    ad_term value[3], ones[3], slopes[3];
    REQUIRE(record(&tape, &rule, out) && ad_graph_init(&g, 3, 1000) == AD_OK);
    REQUIRE(ad_lower(&tape, 3, inputs, 3, out, &g, value, NULL) == AD_OK);
    for (int k = 0; k < 3; k++) ones[k] = ad_graph_constant(&g, 1);
    const ad_mapping f = {&g, 3, 3, terms, value}, df = {&g, 3, 3, terms, slopes};
    REQUIRE(ad_accumulate_pull(&f, ones, slopes) == AD_OK);
    size_t before = g.terms;
    CHECK(ad_accumulate_push(&df, ones, value) == AD_TOO_LARGE && g.terms == before);
    CHECK(ad_accumulate_pull(&df, ones, value) == AD_TOO_LARGE && g.terms == before);
    ad_graph_free(&g);
    ad_tape_free(&tape);
}

TEST(call_in_a_program_survives_the_failure_of_every_allocation) {
    ad_tape tape;
    product rule = {0, 0, AD_OK};
    ad_node out[3];
    long fails = 0;
    REQUIRE(record(&tape, &rule, out) && ad_expr_prepare() == AD_OK);
    for (ad_status status = AD_NO_MEMORY; status != AD_OK;) {
        ad_graph g;
        ad_program p = {0};
        ad_alloc_fail_at(++fails);
        status = make(&tape, out, AD_ROUTE_REVERSE, &g, &p);
        ad_alloc_fail_at(0);
        CHECK(status == AD_OK || status == AD_NO_MEMORY);
        if (status != AD_OK) continue;
        ad_program_free(&p);
        ad_graph_free(&g);
    }
    CHECK(fails > 20);
    ad_tape_free(&tape);
}
