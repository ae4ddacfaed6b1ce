/* SPDX-License-Identifier: Apache-2.0 */
/* From recordings to batches of derivatives, end to end, against sweeps on recordings. */
#include "ad_test.h"
#include "base/alloc.h"
#include "graph/lower.h"
#include "graph/routes.h"
#include "model.h"
#include "program/batch.h"
#include "simd/lanes.h"
#include "sweep/jacobian.h"
#include "tape/replay.h"

#include <string.h>

#define D 9
#define K 8
#define POINTS 21
#define NONE AD_NO_TERM

static const ad_node inputs[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
static const ad_workspace no_work = {NULL, 0};

/* A program of K values and the K x D Jacobian of a recording, by one route. */
static int compile(const ad_tape *tape, const ad_node *output, unsigned route, int strict,
                   ad_program *p) {
    ad_graph g;
    ad_term term[K], *guard = ad_alloc(2 * tape->guards, sizeof *guard), all[K + K * D];
    ad_entries entries = {NULL, 0, 0};
    int good = ad_graph_init(&g, D, 1 << 20) == AD_OK;
    good = good && ad_lower(tape, D, inputs, K, output, &g, term, guard) == AD_OK;
    const ad_mapping f = {&g, D, K, inputs, term};
    size_t operations[AD_ROUTES];
    ad_route taken;
    if (good && route < AD_ROUTES) good = ad_route_jacobian(&f, (ad_route)route, &entries) == AD_OK;
    if (good && route == AD_ROUTES) {
        good = ad_route_cheapest(&f, K, term, 1 << 20, operations, &taken, &entries) == AD_OK;
    }
    memset(all, 0xFF, sizeof all);
    memcpy(all, term, sizeof term);
    for (size_t k = 0; k < entries.count && good; k++) {
        all[K + entries.entry[k].row * D + entries.entry[k].column] = entries.entry[k].term;
    }
    const ad_wanted wanted = {.outputs = K + K * D, .checked = K, .output = all};
    good = good && ad_program_make(&g, &wanted, strict, p) == AD_OK;
    good = good && ad_program_make_lanes(p) == AD_OK;
    ad_graph_free(&g);
    ad_free(guard);
    ad_free(entries.entry);
    return CHECK(good);
}

/* Values and Jacobians at some points, in one batch. */
static void run(const ad_program *p, const ad_program *strict, int lanes, const double *x,
                double *y, double *J) {
    const ad_batch_input in = {.data = (const char *)x, .count = D, .stride = {D * sizeof *x}};
    const ad_batch_output out[] = {{y, 0, K, 0}, {J, K, K * D, 0}};
    ad_batch b = {.program = p,
                  .strict = strict,
                  .lanes = lanes,
                  .ndim = 1,
                  .shape = {POINTS},
                  .points = POINTS,
                  .inputs = 1,
                  .outputs = 2,
                  .input = &in,
                  .output = out};
    double *arena = ad_alloc(ad_batch_room(&b), sizeof *arena);
    ad_batch_begin(&b, arena);
    CHECK(ad_batch_work(&b, arena, NULL) == AD_OK);
    ad_free(arena);
}

/* The same by recording anew at each point and sweeping.  The result is NaN where the two modes are
 * not both finite: it depends on the mode whether infinities of both signs meet before or after a
 * zero removes them. */
static void sweep(const ad_tape *tape, const ad_node *output, const double *x, double *y,
                  double *J) {
    double forward[K * D];
    for (size_t point = 0; point < POINTS; point++) {
        ad_tape at;
        ad_tape_init(&at);
        CHECK(ad_tape_replay(tape, D, inputs, x + point * D, NULL, &at, NULL) == AD_OK);
        for (size_t k = 0; k < K; k++) y[point * K + k] = at.value[output[k]];
        const ad_function f = {&at, D, K, inputs, output};
        CHECK(ad_jacobian_reverse(&f, K, J + point * K * D, no_work, NULL) == AD_OK);
        CHECK(ad_jacobian_forward(&f, K, forward, no_work, NULL) == AD_OK);
        for (size_t k = 0; k < K * D; k++) {
            if (!isfinite(forward[k])) J[point * K * D + k] = NAN;
        }
        ad_tape_free(&at);
    }
}

TEST(pipeline_of_values_and_jacobians_agrees_with_the_sweeps) {
    static double x[POINTS * D], y[2][POINTS * K], J[2][POINTS * K * D];
    for (uint32_t seed = 0; seed < 40; seed++) {
        ad_tape tape;
        ad_node output[K];
        uint32_t numbers = seed;
        ad_program p;
        ad_tape_init(&tape);
        model_numbers(POINTS * D, x, &numbers);
        REQUIRE(model_tape(&tape, D, x, 8 + seed % 24, seed + 500) == AD_OK);
        model_outputs(&tape, K, output, &numbers);
        for (size_t k = 0; k < POINTS; k++) x[k * D + 1] += 2;
        sweep(&tape, output, x, y[0], J[0]);
        if (!compile(&tape, output, seed % (AD_ROUTES + 1), 0, &p)) return;
        for (int lanes = 0; lanes < 2; lanes++) {
            run(&p, NULL, lanes, x, y[1], J[1]);
            CHECK(model_distance(POINTS * K, y[1], y[0]) < 1e-11);
            if (!CHECK(model_distance(POINTS * K * D, J[1], J[0]) < 1e-9)) printf("    %u\n", seed);
        }
        ad_program_free(&p);
        ad_tape_free(&tape);
    }
}

/* Scalar operations with poles and kinks on inputs that are often 0, every other one masked.  All
 * are exact, so that a tie is a tie in every implementation. */
static ad_status singular(ad_tape *tape, uint32_t seed, ad_node *output) {
    static const uint8_t unary[] = {AD_SQRT, AD_RECIPROCAL, AD_ABSOLUTE, AD_SQUARE, AD_NEGATIVE};
    static const uint8_t binary[] = {AD_MULTIPLY, AD_ADD, AD_SUBTRACT, AD_MAXIMUM, AD_DIVIDE};
    ad_node node = 0, zero = 0;
    ad_status status = ad_tape_inputs(tape, D, &node);
    for (ad_node d = 0; d < D && status == AD_OK; d++) tape->value[d] = 1;
    if (status == AD_OK) status = ad_tape_constant(tape, 0, &zero);
    for (int k = 0; k < 24 && status == AD_OK; k++) {
        ad_node nodes = (ad_node)tape->nodes, a = model_random(&seed, nodes),
                b = model_random(&seed, nodes);
        if (model_random(&seed, 2)) a = nodes - 1 - model_random(&seed, 4);
        switch (model_random(&seed, 4)) {
        case 0: { /* one of the two, selected by an input */
            const int64_t still[] = {0};
            const ad_operand x[] = {
                {model_random(&seed, D), still, NULL}, {a, still, NULL}, {b, still, NULL}};
            status = ad_tape_elementwise(tape, AD_SELECT, 1, (const int64_t[]){1}, x, &node);
            break;
        }
        case 1:
            status = ad_tape_unary(tape, unary[model_random(&seed, sizeof unary)], a, &node);
            break;
        default:
            status = ad_tape_binary(tape, binary[model_random(&seed, sizeof binary)], a, b, &node);
            break;
        }
    }
    for (uint32_t k = 0; k < K; k++) output[k] = (ad_node)tape->nodes - 1 - 2 * k;
    return status;
}

/* Where zeros meet infinities, the strict program, and a batch that uses it where needed, are
 * finite where the sweeps are, and then equal to them. */
TEST(pipeline_lets_an_exact_zero_win_as_the_sweeps_do) {
    static double x[POINTS * D], y[2][POINTS * K], J[2][POINTS * K * D];
    size_t nonfinite = 0;
    for (uint32_t seed = 0; seed < 200; seed++) {
        ad_tape tape;
        ad_node output[K];
        uint32_t numbers = seed;
        ad_program p, strict;
        unsigned route = seed % (AD_ROUTES + 1);
        ad_tape_init(&tape);
        REQUIRE(singular(&tape, seed, output) == AD_OK);
        for (size_t k = 0; k < POINTS * D; k++) x[k] = (double)model_random(&numbers, 4) * 0.75;
        sweep(&tape, output, x, y[0], J[0]);
        if (!compile(&tape, output, route, 0, &p) || !compile(&tape, output, route, 1, &strict))
            return;
        for (int lanes = 0; lanes < 2; lanes++) {
            size_t wrong = 0;
            run(&p, &strict, lanes, x, y[1], J[1]);
            for (size_t k = 0; k < POINTS * K * D; k++) {
                double want = J[0][k], got = J[1][k];
                nonfinite += !isfinite(want);
                wrong += isfinite(want) && !(fabs(got - want) <= 1e-9 * (1 + fabs(want)));
            }
            if (!CHECK(wrong == 0)) printf("    seed %u, %s\n", seed, ad_route_name(route));
        }
        ad_program_free(&p);
        ad_program_free(&strict);
        ad_tape_free(&tape);
    }
    CHECK(nonfinite > 1000);
}
