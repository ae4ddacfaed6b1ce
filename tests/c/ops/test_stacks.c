/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of a rule that falls apart into blocks and takes many points at once.  Block b reads x_2b
 * and x_2b+1, and returns their product and the first one's square. */
#include "ad_test.h"
#include "base/alloc.h"
#include "graph/lower.h"
#include "graph/routes.h"
#include "isa/select.h"
#include "ops/expr.h"
#include "program/batch.h"
#include "sparse/sparsity.h"
#include "sweep/hessian.h"
#include "tape/block.h"

#include <string.h>

#define BLOCKS 5
#define N (2 * BLOCKS)
#define POINTS 77
#define OUTPUTS (N + N * N)

typedef struct stack {
    long points, products; /* calls of at_points(), and of push() and pull() */
    size_t seeds;          /* of the last product */
} stack;

static ad_status value(void *rule, size_t n, const double *x, size_t m, double *y) {
    (void)rule, (void)n;
    for (size_t k = 0; k < m; k += 2) {
        y[k] = x[k] * x[k + 1];
        y[k + 1] = x[k] * x[k];
    }
    return AD_OK;
}

/* Numbers are `step` apart. */
static void product(int backward, size_t p, size_t step, const double *x, const double *seed,
                    double *out) {
    for (size_t k = 0; k < N; k += 2) {
        double a = x[k * step], b = x[(k + 1) * step];
        for (size_t q = 0; q < p; q++) {
            double s = seed[(k * p + q) * step], t = seed[((k + 1) * p + q) * step];
            out[(k * p + q) * step] = backward ? b * s + 2 * a * t : b * s + a * t;
            out[((k + 1) * p + q) * step] = backward ? a * s : 2 * a * s;
        }
    }
}

static ad_status push(void *rule, size_t n, const double *x, size_t m, const double *y, size_t p,
                      const double *t, double *out) {
    (void)y, (void)n, (void)m;
    ((stack *)rule)->products++;
    ((stack *)rule)->seeds = p;
    product(0, p, 1, x, t, out);
    return AD_OK;
}

static ad_status pull(void *rule, size_t n, const double *x, size_t m, const double *y, size_t p,
                      const double *w, double *out) {
    (void)y, (void)n, (void)m;
    ((stack *)rule)->products++;
    ((stack *)rule)->seeds = p;
    product(1, p, 1, x, w, out);
    return AD_OK;
}

static int curves(void *rule) { return rule != NULL; }

static ad_status curve(void *rule, size_t n, const double *x, const double *dx, size_t m,
                       const double *y, const double *dy, const double *w, const double *dw,
                       double *out) {
    (void)rule, (void)n, (void)y, (void)dy;
    for (size_t k = 0; k < m; k += 2) {
        out[k] = dx[k + 1] * w[k] + x[k + 1] * dw[k] + 2 * (dx[k] * w[k + 1] + x[k] * dw[k + 1]);
        out[k + 1] = dx[k] * w[k] + x[k] * dw[k];
    }
    return AD_OK;
}

static void keep(void *rule) { (void)rule; }
static int elementwise(void *rule) { return rule == NULL; }

static size_t blocks(void *rule, int results, size_t count, uint32_t *block) {
    (void)rule, (void)results;
    for (size_t k = 0; k < count && block != NULL; k++) block[k] = (uint32_t)(k / 2);
    return BLOCKS;
}

static size_t most_points(void *rule, ad_call_mode mode) {
    (void)rule, (void)mode;
    return AD_LANE_POINTS;
}

/* Every fifth point is left. */
static ad_status at_points(void *rule, ad_call_mode mode, size_t n, size_t m, size_t p,
                           size_t points, const double *x, double *out, unsigned char *left) {
    (void)n, (void)m;
    ((stack *)rule)->points++;
    for (size_t e = 0; e < points; e++) {
        left[e] = e % 5 == 4;
        for (size_t k = 0; k < N && mode == AD_CALL_VALUE; k += 2) {
            double a = x[k * points + e], b = x[(k + 1) * points + e];
            out[k * points + e] = left[e] ? -1 : a * b;
            out[(k + 1) * points + e] = left[e] ? -1 : a * a;
        }
        if (mode != AD_CALL_VALUE && !left[e])
            product(mode == AD_CALL_PULL, p, points, x + e, x + 2 * N * points + e, out + e);
    }
    return AD_OK;
}

static const ad_callbacks callbacks = {.value = value,
                                       .push = push,
                                       .pull = pull,
                                       .curves = curves,
                                       .curve = curve,
                                       .keep = keep,
                                       .drop = keep,
                                       .elementwise = elementwise,
                                       .blocks = blocks,
                                       .most_points = most_points,
                                       .at_points = at_points};
static ad_node inputs[N], outputs[N];
static ad_term terms[N];

static ad_status record(stack *rule, ad_tape *tape) {
    ad_node x = 0, y = 0;
    ad_callbacks_set(&callbacks);
    ad_tape_init(tape);
    ad_status status = ad_expr_prepare();
    if (status == AD_OK) status = ad_tape_inputs(tape, N, &x);
    for (ad_node k = 0; k < N && status == AD_OK; k++) {
        tape->value[k] = k + 1;
        inputs[k] = terms[k] = k;
    }
    const ad_operand read = {.nodes = inputs};
    if (status == AD_OK) status = ad_tape_call(tape, rule, N, &read, N, NULL, &y);
    for (ad_node k = 0; k < N && status == AD_OK; k++) {
        status = ad_tape_unary(tape, AD_SIN, y + k, &outputs[k]);
    }
    return status;
}

static int is_entry(size_t row, size_t column) {
    return row / 2 == column / 2 && (row % 2 == 0 || column % 2 == 0);
}

static double entry(const double *x, size_t row, size_t column) {
    double a = x[row / 2 * 2], b = x[row / 2 * 2 + 1];
    if (!is_entry(row, column)) return 0;
    if (row % 2) return cos(a * a) * 2 * a;
    return cos(a * b) * (column % 2 ? a : b);
}

TEST(stack_is_block_diagonal_on_the_tape) {
    stack rule = {0};
    ad_tape tape;
    size_t start[N + 1];
    uint32_t *index = NULL;
    REQUIRE(record(&rule, &tape) == AD_OK);
    const ad_function f = {&tape, N, N, inputs, outputs};
    REQUIRE(ad_sparsity(&f, 1000, 1 << 20, start, &index, NULL) == AD_OK);
    CHECK(start[N] == 2 * N);
    for (size_t k = 0; k < start[N]; k++) CHECK(index[k] == k / 4 * 2 + k % 2);
    ad_free(index);
    ad_tape_free(&tape);
}

/* sin(y), with its Jacobian: N values, then N rows of N entries. */
static ad_status make(stack *rule, ad_route route, ad_graph *g, ad_program *p, size_t *entries) {
    ad_tape tape;
    ad_term value_of[N], wanted[OUTPUTS];
    ad_entries found = {0};
    ad_status status = record(rule, &tape);
    if (status == AD_OK) status = ad_graph_init(g, N, 10000);
    if (status == AD_OK) status = ad_lower(&tape, N, inputs, N, outputs, g, value_of, NULL);
    ad_tape_free(&tape);
    const ad_mapping f = {g, N, N, terms, value_of};
    if (status == AD_OK) status = ad_route_jacobian(&f, route, &found);
    memset(wanted, 0xFF, sizeof wanted);
    for (size_t k = 0; k < N && status == AD_OK; k++) wanted[k] = value_of[k];
    for (size_t k = 0; k < found.count; k++) {
        wanted[N + found.entry[k].row * N + found.entry[k].column] = found.entry[k].term;
    }
    *entries = found.count;
    ad_free(found.entry);
    const ad_wanted all = {.outputs = OUTPUTS, .checked = N, .output = wanted};
    if (status == AD_OK) status = ad_program_make(g, &all, 0, p);
    return status == AD_OK ? ad_program_make_lanes(p) : status;
}

static void run_batch(const ad_program *p, stack *rule) {
    static double x[POINTS * N], out[POINTS * OUTPUTS];
    for (size_t k = 0; k < POINTS * N; k++) x[k] = 0.3 + 0.01 * (double)(k % 97);
    const ad_batch_input in = {.data = (const char *)x, .count = N, .stride = {N * sizeof *x}};
    const ad_batch_output result = {.data = out, .count = OUTPUTS};
    ad_batch b = {.program = p,
                  .lanes = 1,
                  .ndim = 1,
                  .shape = {POINTS},
                  .points = POINTS,
                  .inputs = 1,
                  .outputs = 1,
                  .input = &in,
                  .output = &result};
    double *arena = ad_alloc_lines(ad_batch_room(&b), sizeof *arena);
    REQUIRE(arena != NULL);
    ad_batch_begin(&b, arena);
    CHECK(ad_batch_work(&b, arena, NULL) == AD_OK);
    CHECK(rule->points == 2 * ((POINTS + AD_LANE_POINTS - 1) / AD_LANE_POINTS));
    CHECK(rule->products == 6 + 6 + 2 && rule->seeds == 2);
    for (size_t e = 0; e < POINTS; e++) {
        for (size_t k = 0; k < N * N; k++)
            CHECK_NEAR(out[e * OUTPUTS + N + k], entry(x + e * N, k / N, k % N), 1e-13);
    }
    ad_free_lines(arena);
}

TEST(stack_has_two_seeds_in_programs_and_is_called_for_many_points) {
    ad_isa_choose(NULL);
    for (unsigned route = AD_ROUTE_FORWARD; route <= AD_ROUTE_REVERSE; route++) {
        stack rule = {0};
        ad_graph g = {0};
        ad_program p = {0};
        size_t entries = 0;
        REQUIRE(make(&rule, (ad_route)route, &g, &p, &entries) == AD_OK);
        CHECK(entries == 2 * N);
        run_batch(&p, &rule);
        ad_program_free(&p);
        ad_graph_free(&g);
    }
}

TEST(stack_has_second_derivatives_in_one_sweep) {
    stack rule = {0};
    ad_tape tape;
    double weight[N], direction[N], got[N];
    REQUIRE(record(&rule, &tape) == AD_OK);
    const ad_function f = {&tape, N, N, inputs, outputs};
    for (size_t k = 0; k < N; k++) weight[k] = 1, direction[k] = (double)(k % 3) - 1;
    REQUIRE(ad_hessian_product(&f, weight, direction, got, (ad_workspace){NULL, 0}, NULL) == AD_OK);
    for (size_t k = 0; k < N; k += 2) { /* of sin(a b) + sin(a a) */
        double a = (double)k + 1, b = a + 1, s = direction[k], t = direction[k + 1];
        double mixed = cos(a * b) - a * b * sin(a * b);
        double twice = -b * b * sin(a * b) + 2 * cos(a * a) - 4 * a * a * sin(a * a);
        CHECK_NEAR(got[k], twice * s + mixed * t, 1e-12);
        CHECK_NEAR(got[k + 1], mixed * s - a * a * sin(a * b) * t, 1e-12);
    }
    ad_tape_free(&tape);
}

TEST(stack_survives_the_failure_of_every_allocation) {
    long fails = 0;
    for (ad_status status = AD_NO_MEMORY; status != AD_OK;) {
        stack rule = {0};
        ad_graph g = {0};
        ad_program p = {0};
        size_t entries = 0;
        ad_alloc_fail_at(++fails);
        status = make(&rule, AD_ROUTE_REVERSE, &g, &p, &entries);
        ad_alloc_fail_at(0);
        CHECK(status == AD_OK || status == AD_NO_MEMORY);
        ad_program_free(&p);
        ad_graph_free(&g);
    }
    CHECK(fails > 20);
}
