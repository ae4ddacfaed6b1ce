/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that exceed the nearest cache: slots are reused, and elements transposed. */
#include "ad_test.h"
#include "base/alloc.h"
#include "isa/select.h"
#include "model.h"
#include "program/eval.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NONE AD_NO_TERM
#define D 40
#define MOST 40000
#define OUTPUTS 200

static const char *const isas[] = {"base", "avx2", "avx512"};

/* Outputs and guards of one point, on an arena of exactly the required size. */
static void run_point(const ad_program *p, const double *x, double *out, double *guard) {
    double *arena = ad_alloc(ad_point_room(p), sizeof *arena);
    ad_point_begin(p, arena);
    for (int again = 0; again < 2; again++) { /* a run does not influence the next one */
        for (size_t d = 0; d < p->inputs; d++) arena[d] = again ? x[d] : 7;
        ad_point_run(p, arena);
    }
    ad_point_outputs(p, arena, 0, p->outputs, 0, out);
    for (size_t k = 0; k < p->guards; k++) guard[k] = arena[p->guard[k].slot];
    ad_free(arena);
}

static void run_lanes(const ad_program *p, const double *x, double *out, double *guard) {
    double *arena = ad_alloc(ad_lane_room(p), sizeof *arena);
    ad_lane_begin(p, arena);
    for (size_t d = 0; d < p->inputs; d++) {
        for (size_t e = 0; e < AD_LANE_POINTS && p->lane_input[d] != NONE; e++) {
            arena[p->lane_input[d] + e] = e == 5 ? x[d] : 0.1 * (double)e;
        }
    }
    ad_lane_run_all(p, AD_LANE_POINTS, arena);
    for (size_t k = 0; k < p->outputs; k++) {
        out[k] = p->lane_output[k] == NONE ? 0 : arena[p->lane_output[k] + 5];
    }
    for (size_t k = 0; k < p->guards; k++) guard[k] = arena[p->lane_guard[k] + 5];
    ad_free(arena);
}

static void check(ad_graph *g, const ad_wanted *wanted, const double *x, size_t *reused) {
    static double value[MOST], out[OUTPUTS], guard[OUTPUTS];
    ad_program p;
    size_t results = 0, wrong = 0;
    REQUIRE(ad_program_make(g, wanted, 0, &p) == AD_OK && ad_program_make_lanes(&p) == AD_OK);
    for (size_t r = 0; r < p.runs; r++) results += p.run[r].count;
    *reused += results > 2 * p.slots;
    model_values(g, x, value);
    for (int lanes = 0; lanes < 2; lanes++) {
        (lanes ? run_lanes : run_point)(&p, x, out, guard);
        for (size_t k = 0; k < wanted->outputs; k++) {
            wrong += model_ulps(out[k], value[wanted->output[k]]) != 0;
        }
        for (size_t k = 0; k < wanted->guards; k++) {
            wrong += model_ulps(guard[k], value[wanted->guard[k]]) != 0;
        }
    }
    if (!CHECK(wrong == 0)) printf("    %zu slots, %zu results\n", p.slots, results);
    ad_program_free(&p);
}

/* Layers of operations on the previous layer, in rows and one by one, so that few values are
 * live. */
static void push_layers(ad_graph *g, size_t layers, uint32_t *seed, ad_term *last, size_t *n) {
    static const uint8_t ops[] = {AD_ADD, AD_SUBTRACT, AD_MAXIMUM, AD_MINIMUM, AD_MULTIPLY};
    for (size_t k = 0; k < D; k++) last[k] = (ad_term)k;
    *n = D;
    for (size_t layer = 0; layer < layers; layer++) {
        ad_term next[120];
        size_t width = 30 + model_random(seed, 80);
        unsigned op = ops[model_random(seed, sizeof ops)];
        for (size_t k = 0; k < width; k++) {
            if (model_random(seed, 8) == 0) op = ops[model_random(seed, sizeof ops)];
            ad_term a = last[k % *n], b = last[(k + layer) % *n];
            next[k] = ad_graph_push(g, a == b ? AD_ABSOLUTE : op, a, b, NONE);
        }
        memcpy(last, next, sizeof next);
        *n = width;
    }
}

TEST(slots_are_reused_only_after_their_last_reader) {
    size_t reused = 0, checked = 0;
    for (uint32_t seed = 0; seed < 12; seed++) {
        double x[D];
        ad_graph g;
        ad_term last[120], output[OUTPUTS], guard[20];
        uint8_t outcome[20] = {1};
        uint32_t numbers = seed;
        size_t n;
        model_numbers(D, x, &numbers);
        REQUIRE(ad_graph_init(&g, D, MOST) == AD_OK);
        push_layers(&g, 150, &numbers, last, &n);
        REQUIRE(g.status == AD_OK);
        for (size_t k = 0; k < OUTPUTS; k++) output[k] = last[k % n];
        for (size_t k = 0; k < 20; k++) { /* some in between */
            guard[k] = model_random(&numbers, (uint32_t)g.terms);
        }
        const ad_wanted wanted = {OUTPUTS, OUTPUTS, 20, output, guard, outcome};
        for (int which = 0; which < 3; which++) {
            if (!ad_isa_choose(isas[which])) continue;
            check(&g, &wanted, x, &reused);
            checked++;
        }
        ad_graph_free(&g);
    }
    CHECK(ad_isa_choose(NULL));
    CHECK(2 * reused > checked);
}

/* (x[n, d] - m[k, d])^2 in the order (k, n, d), then summed over d, as in data fitting. */
static size_t distances(size_t points, size_t centres, size_t dims, int as_they_come) {
    static double value[MOST];
    double x[1200];
    ad_graph g;
    ad_program p;
    ad_term sums[2000], total;
    size_t n = 0, listed = 0, inputs = (points + centres) * dims;
    uint32_t seed = 3;
    model_numbers(inputs, x, &seed);
    if (!CHECK(ad_graph_init(&g, inputs, MOST) == AD_OK)) return SIZE_MAX;
    for (size_t k = 0; k < centres; k++) {
        for (size_t i = 0; i < points; i++) {
            ad_term part[8];
            for (size_t d = 0; d < dims; d++) {
                ad_term from = (ad_term)(i * dims + d), m = (ad_term)((points + k) * dims + d);
                ad_term difference = ad_graph_push(&g, AD_SUBTRACT, from, m, NONE);
                part[d] = ad_graph_push(&g, AD_SQUARE, difference, NONE, NONE);
            }
            sums[n++] = ad_graph_reduce(&g, AD_GRAPH_SUM, dims, part);
        }
    }
    total = ad_graph_reduce(&g, AD_GRAPH_SUM, n, sums);
    const ad_wanted wanted = {.outputs = as_they_come ? n : 1,
                              .output = as_they_come ? sums : &total};
    if (!CHECK(ad_program_make(&g, &wanted, 0, &p) == AD_OK)) return SIZE_MAX;
    for (size_t r = 0; r < p.runs; r++) {
        listed += p.run[r].form == AD_RUN_LISTED ? p.run[r].count : 0;
    }
    double out[2000], unused[1];
    run_point(&p, x, out, unused);
    model_values(&g, x, value);
    for (size_t k = 0; k < wanted.outputs; k++) {
        CHECK(fabs(out[k] - value[wanted.output[k]]) <= 1e-12 * value[wanted.output[k]]);
    }
    CHECK(!as_they_come || p.stretches == 1);
    ad_program_free(&p);
    ad_graph_free(&g);
    return listed;
}

TEST(slots_make_loops_over_points_affine) {
    CHECK(distances(200, 5, 2, 0) == 0);
    CHECK(distances(100, 3, 7, 0) == 0);
    CHECK(distances(33, 4, 3, 0) < 20);
    CHECK(distances(200, 5, 2, 1) == 0); /* and outputs stay in a row for the caller */
}
