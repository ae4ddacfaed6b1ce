/* SPDX-License-Identifier: Apache-2.0 */
/* Whole programs, at one point and on lanes, against evaluation in the naive order. */
#include "ad_test.h"
#include "base/alloc.h"
#include "isa/select.h"
#include "model.h"
#include "ops/expr.h"
#include "program/eval.h"

#include <string.h>

#define NONE AD_NO_TERM
#define D 24
#define MOST 4000

static const char *const isas[] = {"base", "avx2", "avx512"};

/* A random graph and the program of `outputs` terms of it. */
typedef struct example {
    ad_graph g;
    ad_term output[MOST];
    size_t outputs;
    ad_program p;
} example;

static int begin(example *e, model_kind kind, size_t n, uint32_t seed, int strict) {
    double x[D];
    ad_term pool[MOST];
    model_numbers(D, x, &seed);
    if (!CHECK(ad_graph_init(&e->g, D, MOST) == AD_OK)) return 0;
    size_t pooled = model_graph(&e->g, kind, n, x, &seed, MOST, pool);
    e->outputs = 1 + model_random(&seed, 120);
    for (size_t k = 0; k < e->outputs; k++) {
        e->output[k] = model_random(&seed, 6) ? pool[model_random(&seed, (uint32_t)pooled)] : NONE;
    }
    const ad_wanted wanted = {.outputs = e->outputs, .checked = e->outputs, .output = e->output};
    return CHECK(e->g.status == AD_OK && ad_program_make(&e->g, &wanted, strict, &e->p) == AD_OK &&
                 ad_program_make_lanes(&e->p) == AD_OK);
}

static void end(example *e) {
    ad_program_free(&e->p);
    ad_graph_free(&e->g);
}

/* Output k as the graph computes it. */
static double wanted(const example *e, const double *value, size_t k) {
    return e->output[k] == NONE ? 0 : value[e->output[k]];
}

/* Arenas of exactly the required size, so that ASan detects accesses beyond them. */
static void run_point(const ad_program *p, const double *x, double *out) {
    double *arena = ad_alloc(ad_point_room(p), sizeof *arena);
    ad_point_begin(p, arena);
    memcpy(arena, x, p->inputs * sizeof *x);
    ad_point_run(p, arena);
    ad_point_outputs(p, arena, 0, p->outputs, 0, out);
    ad_free(arena);
}

/* x: D numbers per point; out: the outputs of each point. */
static void run_lanes(const ad_program *p, const double *x, double *out) {
    double *arena = ad_alloc(ad_lane_room(p), sizeof *arena);
    ad_lane_begin(p, arena);
    for (int again = 0; again < 2; again++) { /* a block does not influence the next one */
        for (size_t d = 0; d < p->inputs; d++) {
            for (size_t e = 0; e < AD_LANE_POINTS && p->lane_input[d] != NONE; e++) {
                arena[p->lane_input[d] + e] = again ? x[e * D + d] : 100 + (double)e;
            }
        }
        ad_lane_run_all(p, AD_LANE_POINTS, arena);
    }
    for (size_t k = 0; k < p->outputs; k++) {
        for (size_t e = 0; e < AD_LANE_POINTS; e++) {
            uint32_t at = p->lane_output[k];
            out[e * p->outputs + k] = at == NONE ? 0 : arena[at + e];
        }
    }
    ad_free(arena);
}

static void compare(example *e, uint32_t seed, double tolerance) {
    static double value[MOST], want[AD_LANE_POINTS * 121], lanes[AD_LANE_POINTS * 121],
        point[AD_LANE_POINTS * 121];
    double x[AD_LANE_POINTS * D];
    size_t n = AD_LANE_POINTS * e->outputs, wrong = 0;
    model_numbers(AD_LANE_POINTS * D, x, &seed);
    x[3] = NAN, x[D + 5] = INFINITY, x[2 * D + 1] = 0, x[2 * D + 2] = -0.0;
    for (size_t at = 0; at < AD_LANE_POINTS; at++) {
        model_values(&e->g, x + at * D, value);
        for (size_t k = 0; k < e->outputs; k++) want[at * e->outputs + k] = wanted(e, value, k);
        run_point(&e->p, x + at * D, point + at * e->outputs);
    }
    run_lanes(&e->p, x, lanes);
    if (tolerance > 0) {
        CHECK(model_distance(n, point, want) <= tolerance);
        CHECK(model_distance(n, lanes, point) <= tolerance);
        return;
    }
    for (size_t k = 0; k < n; k++) {
        wrong += model_ulps(point[k], want[k]) != 0 && !(point[k] == 0 && want[k] == 0);
        wrong += model_ulps(lanes[k], want[k]) != 0 && !(lanes[k] == 0 && want[k] == 0);
    }
    if (!CHECK(wrong == 0)) printf("    %s, %zu of %zu\n", ad_lanes()->isa, wrong, 2 * n);
}

TEST(eval_gives_the_same_bits_in_every_form_and_instruction_set) {
    for (uint32_t seed = 0; seed < 60; seed++) {
        example e;
        int strict = seed % 3 == 0;
        if (!begin(&e, MODEL_EXACT, 5 + 3 * seed, seed, strict)) return;
        for (int which = 0; which < 3; which++) {
            if (ad_isa_choose(isas[which])) compare(&e, seed + 1000, 0);
        }
        end(&e);
    }
    CHECK(ad_isa_choose(NULL));
}

TEST(eval_of_functions_and_sums_differs_only_by_rounding) {
    for (uint32_t seed = 0; seed < 60; seed++) {
        example e;
        if (!begin(&e, MODEL_SMOOTH, 5 + seed, seed, 0)) return;
        for (int which = 0; which < 3; which++) {
            if (ad_isa_choose(isas[which])) compare(&e, seed + 2000, 1e-10);
        }
        end(&e);
    }
    CHECK(ad_isa_choose(NULL));
}

/* 1 - 2^-60 equals 1 only if it is rounded. */
TEST(eval_rounds_a_fused_operation_like_two_operations) {
    for (int which = 0; which < 3; which++) {
        if (!ad_isa_choose(isas[which])) continue;
        for (size_t n = 1; n <= 40; n += 13) {
            ad_graph g;
            double x[AD_LANE_POINTS * D] = {0}, out[AD_LANE_POINTS * 160];
            ad_term output[160];
            size_t outputs = 0;
            REQUIRE(ad_graph_init(&g, 3, 2000) == AD_OK);
            for (size_t k = 0; k < n; k++) {
                ad_term c = ad_graph_constant(&g, (double)k + 2);
                ad_term a =
                    ad_graph_push(&g, AD_DIVIDE, ad_graph_push(&g, AD_MULTIPLY, 0, c, 0), c, 0);
                ad_term p = ad_graph_push(&g, AD_MULTIPLY, a, 1, NONE),
                        m = ad_graph_push(&g, AD_NEGATIVE, 2, 0, 0);
                ad_term q = ad_graph_push(&g, AD_MULTIPLY, m, a, NONE);
                output[outputs++] = ad_graph_push(&g, AD_SUBTRACT, p, 2, NONE);
                output[outputs++] = ad_graph_push(&g, AD_ADD, 2, q, NONE);
            }
            const ad_wanted wanted = {.outputs = outputs, .checked = outputs, .output = output};
            ad_program p;
            REQUIRE(g.status == AD_OK && ad_program_make(&g, &wanted, 0, &p) == AD_OK);
            REQUIRE(ad_program_make_lanes(&p) == AD_OK);
            for (int e = 0; e < AD_LANE_POINTS; e++) {
                x[e * D] = 1 + 0x1p-30, x[e * D + 1] = 1 - 0x1p-30, x[e * D + 2] = 1;
            }
            run_point(&p, x, out);
            for (size_t k = 0; k < outputs; k += 2) CHECK_EQUAL(out[k], 0.0);
            run_lanes(&p, x, out);
            for (size_t k = 0; k < AD_LANE_POINTS * outputs; k += 2) CHECK_EQUAL(out[k], 0.0);
            ad_program_free(&p);
            ad_graph_free(&g);
        }
    }
    CHECK(ad_isa_choose(NULL));
}

TEST(eval_writes_any_stretch_of_the_outputs) {
    for (uint32_t seed = 0; seed < 30; seed++) {
        example e;
        double x[D], all[121], out[123], value[MOST];
        if (!begin(&e, MODEL_EXACT, 40, seed, 0)) return;
        model_numbers(D, x, &seed);
        model_values(&e.g, x, value);
        double *arena = ad_alloc(ad_point_room(&e.p), sizeof *arena);
        ad_point_begin(&e.p, arena);
        memcpy(arena, x, sizeof x);
        ad_point_run(&e.p, arena);
        for (size_t k = 0; k < e.outputs; k++) all[k] = wanted(&e, value, k);
        size_t wrong = 0;
        for (size_t first = 0; first <= e.outputs; first += 1 + first / 7) {
            for (size_t last = first; last <= e.outputs; last += 1 + (last - first) / 5) {
                for (int zeroed = 0; zeroed < 2; zeroed++) {
                    for (int k = 0; k < 123; k++) out[k] = zeroed ? 0 : -5;
                    out[0] = out[last - first + 1] = 77;
                    ad_point_outputs(&e.p, arena, first, last, zeroed, out + 1);
                    for (size_t k = first; k < last; k++) {
                        wrong += model_ulps(out[k - first + 1], all[k]) > 1;
                    }
                    wrong += out[0] != 77 || out[last - first + 1] != 77;
                }
            }
        }
        CHECK(wrong == 0);
        ad_free(arena);
        end(&e);
    }
}

/* A few stretches of consecutive outputs among many zeros. */
TEST(eval_writes_zeros_between_stretches) {
    enum { OUTPUTS = 400 };
    ad_graph g;
    ad_program p;
    ad_term output[OUTPUTS];
    double all[OUTPUTS] = {0}, out[OUTPUTS + 2], arena[D + 8];
    REQUIRE(ad_graph_init(&g, D, 100) == AD_OK);
    memset(output, 0xFF, sizeof output);
    for (ad_term k = 0; k < D; k++) {
        output[100 + k] = k;
        output[300 + k] = k % 12;
    }
    const ad_wanted wanted = {.outputs = OUTPUTS, .output = output};
    REQUIRE(ad_program_make(&g, &wanted, 0, &p) == AD_OK && ad_point_room(&p) <= D + 8);
    ad_point_begin(&p, arena);
    for (size_t k = 0; k < D; k++) arena[k] = all[100 + k] = (double)k + 1;
    for (size_t k = 0; k < D; k++) all[300 + k] = (double)(k % 12) + 1;
    size_t wrong = 0;
    for (size_t first = 0; first <= OUTPUTS; first += 1 + first % 6) {
        for (size_t last = first; last <= OUTPUTS; last += 1 + last % 5) {
            for (size_t k = 0; k < OUTPUTS + 2; k++) out[k] = -3;
            ad_point_outputs(&p, arena, first, last, 0, out + 1);
            wrong += memcmp(out + 1, all + first, (last - first) * sizeof *out) != 0;
            wrong += out[0] != -3 || out[last - first + 1] != -3;
        }
    }
    CHECK(wrong == 0);
    ad_program_free(&p);
    ad_graph_free(&g);
}

/* Similar rows of entries, of every width, with constants, between others that are not similar. */
TEST(eval_writes_tiles_of_outputs) {
    enum { INPUTS = 2000, OUTPUTS = 1500 };
    static double arena[INPUTS + 64], out[OUTPUTS + 2];
    static ad_term output[OUTPUTS];
    for (uint32_t width = 1; width <= 20; width++) {
        ad_graph g;
        ad_program p;
        REQUIRE(ad_graph_init(&g, INPUTS, INPUTS + 10) == AD_OK);
        ad_term constant = ad_graph_constant(&g, 0.5), nonfinite = ad_graph_constant(&g, INFINITY);
        uint32_t seed = width;
        for (uint32_t k = 0; k < OUTPUTS; k++) {
            uint32_t row = k / width, j = k % width;
            output[k] = j % 3 == 2 ? constant : j % 2 ? 7 + row : 1999 - row - 10 * j;
            if (k % 97 < 5) output[k] = model_random(&seed, INPUTS);
        }
        for (int constants = 0; constants < 2; constants++) {
            if (constants) output[OUTPUTS - 3] = nonfinite;
            const ad_wanted wanted = {.outputs = OUTPUTS, .checked = 11, .output = output};
            ad_status status = AD_NO_MEMORY;
            for (long n = 1; status != AD_OK; n++) {
                ad_alloc_fail_at(n);
                status = ad_program_make(&g, &wanted, 0, &p);
                ad_alloc_fail_at(0);
                REQUIRE(status == AD_OK || status == AD_NO_MEMORY);
            }
            REQUIRE(ad_point_room(&p) <= sizeof arena / sizeof *arena);
            CHECK((p.tiles > 0) == (width <= 16));
            p.guarded = 1;
            ad_point_begin(&p, arena);
            for (size_t k = 0; k < INPUTS; k++) arena[k] = (double)k + 1;
            size_t wrong = 0;
            for (size_t first = 0; first <= OUTPUTS; first += 1 + 3 * first) {
                for (size_t last = first; last <= OUTPUTS; last += 1 + (last - first) / 2) {
                    for (size_t k = 0; k < OUTPUTS + 2; k++) out[k] = -3;
                    ad_point_outputs(&p, arena, first, last, 0, out + 1);
                    for (size_t k = first; k < last; k++) {
                        double want = output[k] == constant ? 0.5 : (double)output[k] + 1;
                        if (output[k] == nonfinite) want = INFINITY;
                        wrong += out[k - first + 1] != want;
                    }
                    wrong += out[0] != -3 || out[last - first + 1] != -3;
                }
            }
            CHECK(wrong == 0);
            CHECK(ad_point_store(&p, arena, 0, OUTPUTS, 0, out) == constants);
            for (size_t k = 0; k < OUTPUTS && !constants; k += 7) {
                if (output[k] == constant) continue;
                arena[output[k]] = k % 2 ? NAN : -INFINITY;
                int derivative = 0;
                for (size_t i = 11; i < OUTPUTS; i++) derivative |= output[i] == output[k];
                CHECK(ad_point_store(&p, arena, 0, OUTPUTS, 0, out) == derivative);
                arena[output[k]] = 1;
            }
            ad_program_free(&p);
        }
        ad_graph_free(&g);
    }
}

TEST(eval_compares_guards_with_their_outcomes) {
    ad_graph g;
    REQUIRE(ad_graph_init(&g, 2, 100) == AD_OK);
    ad_term less = ad_graph_push(&g, AD_LESS, 0, 1, NONE), guard[] = {less, 0};
    for (int outcomes = 0; outcomes < 4; outcomes++) {
        const uint8_t outcome[] = {outcomes & 1, outcomes >> 1};
        const ad_wanted wanted = {.guards = 2, .guard = guard, .outcome = outcome};
        static const double points[][2] = {{1, 2}, {2, 1}, {0, 1}, {0, -1}, {NAN, 0}, {-0.0, 0}};
        ad_program p;
        REQUIRE(ad_program_make(&g, &wanted, 0, &p) == AD_OK);
        for (size_t k = 0; k < sizeof points / sizeof *points; k++) {
            double arena[64];
            ad_point_begin(&p, arena);
            memcpy(arena, points[k], sizeof points[k]);
            ad_point_run(&p, arena);
            int first = points[k][0] < points[k][1], second = points[k][0] != 0;
            size_t expected = first != outcome[0] ? 0 : second != outcome[1] ? 1 : 2;
            CHECK(ad_point_guard(&p, arena) == expected);
        }
        ad_program_free(&p);
    }
    ad_graph_free(&g);
}

TEST(eval_tests_only_derivatives_for_infinities_and_nan) {
    for (size_t outputs = 1; outputs <= 20; outputs += 3) {
        for (size_t checked = 0; checked <= outputs; checked++) {
            ad_graph g;
            ad_program p;
            ad_term output[20];
            REQUIRE(ad_graph_init(&g, 20, 100) == AD_OK);
            for (size_t k = 0; k < outputs; k++) output[k] = k % 4 == 3 ? NONE : (ad_term)k;
            const ad_wanted wanted = {outputs, checked, 0, output, NULL, NULL};
            REQUIRE(ad_program_make(&g, &wanted, 0, &p) == AD_OK);
            double arena[64];
            ad_point_begin(&p, arena);
            for (size_t k = 0; k < 20; k++) arena[k] = 1e308;
            double out[20];
            p.guarded = 1;
            CHECK(!ad_point_store(&p, arena, 0, outputs, 0, out));
            for (size_t k = 0; k < outputs; k++) {
                arena[k] = k % 2 ? NAN : -INFINITY;
                int nonfinite = k >= checked && k % 4 != 3;
                CHECK(ad_point_store(&p, arena, 0, outputs, 0, out) == nonfinite);
                CHECK(ad_point_store(&p, arena, k / 2, outputs, 0, out) == nonfinite); /* a part */
                arena[k] = 1;
            }
            ad_program_free(&p);
            ad_graph_free(&g);
        }
    }
}

/* Programs of derivatives are plain.  A strict program lets a zero win only if it stays zero near
 * the point. */
TEST(eval_of_a_strict_program_distinguishes_kinds_of_zeros) {
    ad_graph g;
    REQUIRE(ad_expr_prepare() == AD_OK && ad_graph_init(&g, 2, 100) == AD_OK);
    ad_term zero = ad_graph_constant(&g, 0), one = ad_graph_constant(&g, 1);
    ad_term root = ad_graph_push(&g, AD_SQRT, 0, NONE, NONE);
    ad_term slope = ad_graph_push(&g, AD_DIVIDE, ad_graph_constant(&g, 0.5), root, NONE);
    ad_term taken = ad_graph_push(&g, AD_GREATER, 1, zero, NONE);
    ad_term mask = ad_graph_push(&g, AD_SELECT, taken, one, zero);
    g.recorded = g.terms;
    const ad_term output[] = {ad_graph_product(&g, slope, 1), ad_graph_product(&g, slope, mask)};
    const ad_wanted wanted = {2, 0, 0, output, NULL, NULL};
    const double origin[D] = {0, 0}, four[D] = {4, 3};
    for (int strict = 0; strict < 2; strict++) {
        ad_program p;
        double out[2], lanes[2 * AD_LANE_POINTS], x[AD_LANE_POINTS * D] = {0};
        REQUIRE(ad_program_make(&g, &wanted, strict, &p) == AD_OK);
        REQUIRE(ad_program_make_lanes(&p) == AD_OK);
        CHECK(p.guarded == !strict);
        run_point(&p, origin, out);
        run_lanes(&p, x, lanes);
        CHECK_EQUAL(out[0], NAN);
        CHECK_EQUAL(out[1], strict ? 0 : NAN);
        CHECK_EQUAL(lanes[1], strict ? 0 : NAN);
        run_point(&p, four, out);
        CHECK_EQUAL(out[0], 0.75);
        CHECK_EQUAL(out[1], 0.25);
        ad_program_free(&p);
    }
    const ad_wanted first = {1, 0, 0, output, NULL, NULL};
    ad_program p;
    REQUIRE(ad_program_make(&g, &first, 0, &p) == AD_OK);
    CHECK(!p.guarded); /* none of its zeros stays zero near the point */
    ad_program_free(&p);
    ad_graph_free(&g);
}

/* The partial of a root is infinite at the kink in a plain program, and 0 in a strict one. */
TEST(eval_of_a_strict_program_takes_the_middle_of_a_kink) {
    ad_graph g;
    ad_term partial;
    REQUIRE(ad_expr_prepare() == AD_OK && ad_graph_init(&g, 2, 100) == AD_OK);
    ad_term square = ad_graph_push(&g, AD_SQUARE, 0, NONE, NONE);
    ad_term root = ad_graph_push(&g, AD_SQRT, square, NONE, NONE);
    ad_graph_partials(&g, root, &partial);
    const ad_term output = ad_graph_product(&g, partial, 1);
    const ad_wanted wanted = {1, 0, 0, &output, NULL, NULL};
    const double origin[D] = {0, 3}, four[D] = {-2, 3};
    for (int strict = 0; strict < 2; strict++) {
        ad_program p;
        double out;
        REQUIRE(ad_program_make(&g, &wanted, strict, &p) == AD_OK);
        CHECK(p.guarded == !strict);
        run_point(&p, origin, &out);
        CHECK_EQUAL(out, strict ? 0 : INFINITY);
        run_point(&p, four, &out);
        CHECK_EQUAL(out, 0.75);
        ad_program_free(&p);
    }
    ad_graph_free(&g);
}
