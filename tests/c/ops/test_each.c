/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of elementwise rules, here y_k = x_k^2 x_(k+m): one call for all points, and partials as
 * terms. */
#include "ad_test.h"
#include "base/alloc.h"
#include "graph/accumulate.h"
#include "graph/lower.h"
#include "graph/routes.h"
#include "isa/select.h"
#include "ops/expr.h"
#include "program/batch.h"
#include "tape/block.h"

#include <string.h>

#define M 2
#define N 4
#define POINTS 1500
#define OUTPUTS (M + M * N)

typedef struct each {
    long calls;  /* number of calls of values */
    int unknown; /* the rule does not know its slopes */
    ad_status answers;
} each;

static ad_status values(void *rule, size_t n, size_t m, size_t points, const double *x, double *y) {
    each *r = rule;
    r->calls++;
    for (size_t k = 0; k < m * points; k++) y[k] = x[k] * x[k] * x[k + m * points];
    return n == 2 * m ? r->answers : AD_BAD_SHAPE;
}

static ad_status value(void *rule, size_t n, const double *x, size_t m, double *y) {
    return values(rule, n, m, 1, x, y);
}

/* Tangents (forward) or adjoints, with one seed per column. */
static void product(int backward, size_t m, const double *x, size_t p, const double *seed,
                    double *out) {
    memset(out, 0, (backward ? 2 : 1) * m * p * sizeof *out);
    for (size_t j = 0; j < 2 * m; j++) {
        size_t k = j % m;
        double slope = j < m ? 2 * x[k] * x[k + m] : x[k] * x[k];
        for (size_t q = 0; q < p; q++) {
            out[(backward ? j : k) * p + q] += slope * seed[(backward ? k : j) * p + q];
        }
    }
}

static ad_status push(void *rule, size_t n, const double *x, size_t m, const double *y, size_t p,
                      const double *t, double *out) {
    (void)y, (void)n;
    product(0, m, x, p, t, out);
    return ((each *)rule)->answers;
}

static ad_status pull(void *rule, size_t n, const double *x, size_t m, const double *y, size_t p,
                      const double *w, double *out) {
    (void)y, (void)n;
    product(1, m, x, p, w, out);
    return ((each *)rule)->answers;
}

static ad_status slopes(void *rule, ad_graph *g, size_t n, const uint32_t *x, size_t m, uint32_t y,
                        uint32_t *slope) {
    (void)y;
    if (((each *)rule)->unknown) return AD_CALL_FAILED;
    for (size_t j = 0; j < n; j++) {
        size_t k = j % m;
        ad_term two = ad_graph_constant(g, 2), other = x[j < m ? k + m : k];
        slope[j] = ad_graph_push(g, AD_MULTIPLY, x[k], other, AD_NO_TERM);
        if (j < m) slope[j] = ad_graph_push(g, AD_MULTIPLY, two, slope[j], AD_NO_TERM);
    }
    return g->status;
}

static void keep(void *rule) { (void)rule; }
static int elementwise(void *rule) { return rule != NULL; }

static size_t blocks(void *rule, int results, size_t count, uint32_t *block) {
    (void)rule, (void)results;
    if (block != NULL) memset(block, 0, count * sizeof *block);
    return 1;
}

static size_t most_points(void *rule, ad_call_mode mode) {
    (void)rule;
    return mode == AD_CALL_VALUE ? AD_LANE_CALL_POINTS : 1;
}

static ad_status at_points(void *rule, ad_call_mode mode, size_t n, size_t m, size_t p,
                           size_t points, const double *x, double *out, unsigned char *left) {
    (void)p, (void)left;
    return mode == AD_CALL_VALUE ? values(rule, n, m, points, x, out) : AD_BAD_OP;
}

static const ad_callbacks callbacks = {.value = value,
                                       .push = push,
                                       .pull = pull,
                                       .keep = keep,
                                       .drop = keep,
                                       .elementwise = elementwise,
                                       .blocks = blocks,
                                       .most_points = most_points,
                                       .at_points = at_points,
                                       .slopes = slopes};
static const ad_node inputs[N] = {0, 1, 2, 3};
static const ad_term terms[N] = {0, 1, 2, 3};

/* sin(y), with its Jacobian: M values, then M rows of N entries. */
static ad_status make(each *rule, ad_route route, ad_graph *g, ad_program *p) {
    ad_tape tape;
    ad_node x = 0, y = 0, out[M];
    ad_term value_of[M], wanted[OUTPUTS];
    ad_entries entries = {0};
    ad_callbacks_set(&callbacks);
    ad_tape_init(&tape);
    ad_status status = ad_tape_inputs(&tape, N, &x);
    for (int k = 0; k < N && status == AD_OK; k++) tape.value[k] = k + 1;
    const ad_operand read = {.nodes = inputs};
    if (status == AD_OK) status = ad_tape_call(&tape, rule, N, &read, M, NULL, &y);
    for (ad_node k = 0; k < M && status == AD_OK; k++) {
        status = ad_tape_unary(&tape, AD_SIN, y + k, &out[k]);
    }
    if (status == AD_OK) status = ad_graph_init(g, N, 1000);
    if (status == AD_OK) status = ad_lower(&tape, N, inputs, M, out, g, value_of, NULL);
    ad_tape_free(&tape);
    const ad_mapping f = {g, N, M, terms, value_of};
    if (status == AD_OK) status = ad_route_jacobian(&f, route, &entries);
    memset(wanted, 0xFF, sizeof wanted);
    for (size_t k = 0; k < M; k++) wanted[k] = value_of[k];
    for (size_t k = 0; k < entries.count; k++) {
        wanted[M + entries.entry[k].row * N + entries.entry[k].column] = entries.entry[k].term;
    }
    if (status == AD_OK && !rule->unknown) CHECK(entries.count == 2 * M);
    const ad_wanted all = {.outputs = OUTPUTS, .checked = M, .output = wanted};
    if (status == AD_OK) status = ad_program_make(g, &all, 0, p);
    if (status == AD_OK) status = ad_program_make_lanes(p);
    ad_free(entries.entry);
    return status;
}

static void check_point(const double *x, const double *got) {
    for (size_t k = 0; k < M; k++) {
        double a = x[k], b = x[k + M], slope = cos(a * a * b);
        CHECK_NEAR(got[k], sin(a * a * b), 1e-14);
        for (size_t d = 0; d < N; d++) {
            double want = d == k ? 2 * a * b * slope : d == k + M ? a * a * slope : 0;
            CHECK_NEAR(got[M + k * N + d], want, 1e-12);
        }
    }
}

static void run_batch(const ad_program *p, each *rule, size_t points, ad_status expected) {
    static double x[POINTS * N], out[POINTS * OUTPUTS];
    for (size_t k = 0; k < points * N; k++) x[k] = 0.3 + 0.001 * (double)(k % 977);
    const ad_batch_input in = {.data = (const char *)x, .count = N, .stride = {N * sizeof *x}};
    const ad_batch_output result = {.data = out, .count = OUTPUTS};
    ad_batch b = {.program = p,
                  .lanes = 1,
                  .ndim = 1,
                  .shape = {points},
                  .points = points,
                  .inputs = 1,
                  .outputs = 1,
                  .input = &in,
                  .output = &result};
    double *arena = ad_alloc_lines(ad_batch_room(&b), sizeof *arena);
    REQUIRE(arena != NULL);
    ad_batch_begin(&b, arena);
    long before = rule->calls;
    CHECK(ad_batch_work(&b, arena, NULL) == expected);
    if (expected == AD_OK) {
        CHECK(rule->calls ==
              before + (long)((points + AD_LANE_CALL_POINTS - 1) / AD_LANE_CALL_POINTS));
        for (size_t e = 0; e < points; e++) check_point(x + e * N, out + e * OUTPUTS);
    }
    ad_free_lines(arena);
}

TEST(each_is_called_once_for_all_points) {
    REQUIRE(ad_expr_prepare() == AD_OK);
    ad_isa_choose(NULL);
    for (unsigned route = 0; route <= AD_ROUTE_REVERSE; route++) {
        each rule = {0, 0, AD_OK};
        ad_graph g = {0};
        ad_program p = {0};
        REQUIRE(make(&rule, (ad_route)route, &g, &p) == AD_OK);
        CHECK(p.lane_points == AD_LANE_CALL_POINTS);
        static const size_t sizes[] = {1, 15, 16, 33, 500, 1024, 1025, POINTS};
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            run_batch(&p, &rule, sizes[k], AD_OK);
        }
        rule.answers = AD_CALL_FAILED;
        run_batch(&p, &rule, 40, AD_CALL_FAILED);
        ad_program_free(&p);
        ad_graph_free(&g);
    }
}

TEST(each_without_known_slopes_is_differentiated_by_products) {
    for (unsigned route = 0; route <= AD_ROUTE_REVERSE; route++) {
        each rule = {0, 1, AD_OK};
        ad_graph g = {0};
        ad_program p = {0};
        const double x[N] = {0.5, -1.5, 2, 0.25};
        double got[OUTPUTS];
        REQUIRE(make(&rule, (ad_route)route, &g, &p) == AD_OK);
        double *arena = ad_alloc(ad_point_room(&p), sizeof *arena);
        ad_point_begin(&p, arena);
        memcpy(arena, x, sizeof x);
        CHECK(ad_point_run(&p, arena) == AD_OK);
        ad_point_outputs(&p, arena, 0, OUTPUTS, 0, got);
        check_point(x, got);
        ad_free(arena);
        ad_program_free(&p);
        ad_graph_free(&g);
    }
}

TEST(each_has_derivatives_of_any_order_in_a_graph) {
    each rule = {0, 0, AD_OK};
    ad_graph g = {0};
    size_t number = 0, same = 1;
    REQUIRE(ad_graph_init(&g, N, 1000) == AD_OK);
    ad_callbacks_set(&callbacks);
    const ad_call_rule called = {&rule, N, M, 1, 1};
    CHECK(ad_graph_rule(&g, called, &number) == AD_OK);
    CHECK(ad_graph_rule(&g, called, &same) == AD_OK && same == number);
    ad_term y = ad_graph_call(&g, number, AD_CALL_VALUE, 0, terms), first[N], second[N];
    ad_term one = ad_graph_constant(&g, 1);
    const ad_mapping f = {&g, N, 1, terms, &y};
    CHECK(ad_accumulate_pull(&f, &one, first) == AD_OK);
    const ad_mapping h = {&g, N, 1, terms, first};
    CHECK(ad_accumulate_pull(&h, &one, second) == AD_OK);
    ad_program p;
    const ad_wanted wanted = {.outputs = N, .output = second};
    REQUIRE(ad_program_make(&g, &wanted, 0, &p) == AD_OK);
    double *arena = ad_alloc(ad_point_room(&p), sizeof *arena), got[N];
    ad_point_begin(&p, arena);
    memcpy(arena, (const double[]){3, 1, 5, 1}, N * sizeof *arena);
    CHECK(ad_point_run(&p, arena) == AD_OK && rule.calls == 0);
    ad_point_outputs(&p, arena, 0, N, 0, got);
    CHECK_EQUAL(got[0], 10.0); /* gradient of 2 x_0 x_2 */
    CHECK_EQUAL(got[2], 6.0);
    CHECK_EQUAL(got[1], 0.0);
    ad_free(arena);
    ad_program_free(&p);
    ad_graph_free(&g);
}

TEST(each_survives_the_failure_of_every_allocation) {
    long fails = 0;
    for (ad_status status = AD_NO_MEMORY; status != AD_OK;) {
        each rule = {0, 0, AD_OK};
        ad_graph g = {0};
        ad_program p = {0};
        ad_alloc_fail_at(++fails);
        status = make(&rule, AD_ROUTE_REVERSE, &g, &p);
        ad_alloc_fail_at(0);
        ad_program_free(&p);
        ad_graph_free(&g);
        CHECK(status == AD_OK || status == AD_NO_MEMORY);
    }
    CHECK(fails > 10);
}
