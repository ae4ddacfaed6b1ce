/* SPDX-License-Identifier: Apache-2.0 */
#include "ad_test.h"
#include "base/alloc.h"
#include "graph/accumulate.h"
#include "graph/lower.h"
#include "graph/routes.h"
#include "model.h"
#include "sweep/jacobian.h"

#include <string.h>

#define D 9
#define K 7
#define MOST_TERMS ((size_t)1 << 20)

static const ad_node inputs[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
static const ad_workspace no_work = {NULL, 0};

/* A random function: its recording, and its graph. */
typedef struct example {
    ad_tape tape;
    ad_node output[K];
    ad_graph g;
    ad_term out[K], guard[200];
    ad_mapping f;
} example;

static int begin(example *e, uint32_t seed, size_t outputs) {
    double x[D];
    uint32_t numbers = 100 + seed;
    model_numbers(D, x, &numbers);
    ad_tape_init(&e->tape);
    int good = model_tape(&e->tape, D, x, 8 + seed % 24, seed) == AD_OK && e->tape.guards < 100;
    model_outputs(&e->tape, K, e->output, &numbers);
    good &= ad_graph_init(&e->g, D, MOST_TERMS) == AD_OK;
    good &= ad_lower(&e->tape, D, inputs, outputs, e->output, &e->g, e->out, e->guard) == AD_OK;
    e->f = (ad_mapping){&e->g, D, outputs, inputs, e->out};
    return CHECK(good);
}

static void end(example *e) {
    ad_tape_free(&e->tape);
    ad_graph_free(&e->g);
}

static int in_order(const ad_graph *g, const ad_entries *entries, size_t rows, size_t columns) {
    for (size_t k = 0; k < entries->count; k++) {
        const ad_entry *e = &entries->entry[k], *last = k > 0 ? e - 1 : NULL;
        if (e->row >= rows || e->column >= columns || e->term >= g->terms) return 0;
        if (ad_graph_is_zero(g, e->term)) return 0;
        if (last != NULL && last->row == e->row && last->column >= e->column) return 0;
        if (last != NULL && last->row > e->row) return 0;
    }
    return 1;
}

/* The values at x of n terms, and of entries as a dense matrix. */
static void evaluate(const ad_graph *g, const double *x, size_t n, const ad_term *terms,
                     double *out) {
    double *value = ad_alloc(g->terms, sizeof *value);
    model_values(g, x, value);
    for (size_t k = 0; k < n; k++) out[k] = value[terms[k]];
    ad_free(value);
}

static void dense(const ad_graph *g, const double *x, const ad_entries *entries, size_t rows,
                  size_t columns, double *out) {
    double *value = ad_alloc(g->terms, sizeof *value);
    model_values(g, x, value);
    memset(out, 0, rows * columns * sizeof *out);
    for (size_t k = 0; k < entries->count; k++) {
        const ad_entry *e = &entries->entry[k];
        out[e->row * columns + e->column] = value[e->term];
    }
    ad_free(value);
}

TEST(derive_agrees_with_the_sweeps_by_every_route) {
    for (uint32_t seed = 0; seed < 60; seed++) {
        example e;
        double forward[K * D], reverse[K * D], got[K * D];
        if (!begin(&e, seed, K)) return;
        const ad_function f = {&e.tape, D, K, inputs, e.output};
        CHECK(ad_jacobian_forward(&f, 4, forward, no_work, NULL) == AD_OK);
        CHECK(ad_jacobian_reverse(&f, 4, reverse, no_work, NULL) == AD_OK);
        CHECK(model_distance(K * D, reverse, forward) < 1e-11);
        for (unsigned route = 0; route < AD_ROUTES; route++) {
            ad_entries entries = {NULL, 0, 0};
            CHECK(ad_route_jacobian(&e.f, (ad_route)route, &entries) == AD_OK);
            CHECK(e.g.status == AD_OK && in_order(&e.g, &entries, K, D));
            dense(&e.g, e.tape.value, &entries, K, D, got);
            if (!CHECK(model_distance(K * D, got, forward) < 1e-11)) {
                printf("    seed %u, %s\n", seed, ad_route_name(route));
            }
            ad_free(entries.entry);
        }
        end(&e);
    }
}

TEST(derive_pushes_and_pulls_seeds_that_are_inputs) {
    for (uint32_t seed = 0; seed < 40; seed++) {
        example e;
        double x[2 * D + K], J[K * D], got[D + K], want[D + K] = {0};
        ad_term tangent[D], cotangent[K], out[D + K];
        uint32_t numbers = seed;
        if (!begin(&e, seed, K)) return;
        for (int d = 0; d < D; d++) tangent[d] = ad_graph_input(&e.g);
        for (int k = 0; k < K; k++) cotangent[k] = ad_graph_input(&e.g);
        REQUIRE(e.g.status == AD_OK && e.g.inputs == 2 * D + K);
        CHECK(ad_accumulate_push(&e.f, tangent, out) == AD_OK);
        CHECK(ad_accumulate_pull(&e.f, cotangent, out + K) == AD_OK);

        model_numbers(2 * D + K, x, &numbers);
        memcpy(x, e.tape.value, D * sizeof *x);
        const ad_function f = {&e.tape, D, K, inputs, e.output};
        CHECK(ad_jacobian_forward(&f, 4, J, no_work, NULL) == AD_OK);
        for (int k = 0; k < K; k++) {
            for (int d = 0; d < D; d++) {
                want[k] += J[k * D + d] * x[D + d];
                want[K + d] += J[k * D + d] * x[2 * D + k];
            }
        }
        evaluate(&e.g, x, D + K, out, got);
        CHECK(model_distance(K, got, want) < 1e-11);
        CHECK(model_distance(D, got + K, want + K) < 1e-11);
        end(&e);
    }
}

TEST(derive_pushes_structural_zeros_as_such) {
    example e;
    ad_term tangent[D], cotangent[K], out[D];
    if (!begin(&e, 7, K)) return;
    ad_term zero = ad_graph_constant(&e.g, 0);
    for (int d = 0; d < D; d++) tangent[d] = zero;
    for (int k = 0; k < K; k++) cotangent[k] = zero;
    CHECK(ad_accumulate_push(&e.f, tangent, out) == AD_OK);
    for (int k = 0; k < K; k++) CHECK(out[k] == zero);
    CHECK(ad_accumulate_pull(&e.f, cotangent, out) == AD_OK);
    for (int d = 0; d < D; d++) CHECK(out[d] == zero);
    end(&e);
}

static void gradient_at(example *e, const double *x, uint32_t seed, double *gradient) {
    ad_tape tape;
    double moved[D];
    memcpy(moved, x, sizeof moved);
    moved[1] -= 2; /* undo the shift of model_tape */
    ad_tape_init(&tape);
    CHECK(model_tape(&tape, D, moved, 8 + seed % 24, seed) == AD_OK);
    const ad_function f = {&tape, D, 1, inputs, e->output};
    CHECK(ad_jacobian_reverse(&f, 1, gradient, no_work, NULL) == AD_OK);
    ad_tape_free(&tape);
}

/* Hessians by differentiating twice: all pairs of routes agree, the results are symmetric, and they
 * equal differences of the sweeps' gradients. */
TEST(derive_gives_equal_hessians_by_all_pairs_of_routes) {
    const double h = 1e-6;
    for (uint32_t seed = 0; seed < 40; seed++) {
        example e;
        ad_term gradient[D], one;
        double H[AD_ROUTES][D * D], difference[D * D], turned[D * D], x[D];
        if (!begin(&e, seed, 1)) return;
        memcpy(x, e.tape.value, sizeof x);
        one = ad_graph_constant(&e.g, 1);
        REQUIRE(ad_accumulate_pull(&e.f, &one, gradient) == AD_OK);
        const ad_mapping first = {&e.g, D, D, inputs, gradient};
        for (unsigned route = 0; route < AD_ROUTES; route++) {
            ad_entries entries = {NULL, 0, 0};
            CHECK(ad_route_jacobian(&first, (ad_route)route, &entries) == AD_OK);
            CHECK(in_order(&e.g, &entries, D, D));
            dense(&e.g, x, &entries, D, D, H[route]);
            CHECK(model_distance(D * D, H[route], H[0]) < 1e-10);
            ad_free(entries.entry);
        }
        for (int k = 0; k < D * D; k++) turned[k] = H[0][k % D * D + k / D];
        CHECK(model_distance(D * D, turned, H[0]) < 1e-10);
        for (int d = 0; d < D; d++) {
            double up[D], down[D], to[D];
            memcpy(to, x, sizeof to);
            to[d] = x[d] + h;
            gradient_at(&e, to, seed, up);
            to[d] = x[d] - h;
            gradient_at(&e, to, seed, down);
            for (int j = 0; j < D; j++) difference[d * D + j] = (up[j] - down[j]) / (2 * h);
        }
        if (!CHECK(model_distance(D * D, H[0], difference) < 1e-6)) printf("    seed %u\n", seed);
        /* H times a direction */
        ad_term tangent[D], out[D];
        double got[D], want[D] = {0};
        for (int d = 0; d < D; d++) tangent[d] = ad_graph_constant(&e.g, 1 + d);
        CHECK(ad_accumulate_push(&first, tangent, out) == AD_OK);
        for (int k = 0; k < D * D; k++) want[k / D] += H[0][k] * (1 + k % D);
        evaluate(&e.g, x, D, out, got);
        CHECK(model_distance(D, got, want) < 1e-10);
        end(&e);
    }
}

TEST(derive_gives_derivatives_of_high_order) {
    /* d^n/dx^n of sin(2x), and mixed derivatives of exp(x y) */
    ad_graph g;
    REQUIRE(ad_graph_init(&g, 2, 1 << 16) == AD_OK);
    ad_term two = ad_graph_constant(&g, 2), one = ad_graph_constant(&g, 1);
    ad_term y = ad_graph_push(&g, AD_SIN, ad_graph_push(&g, AD_MULTIPLY, 0, two, 0), 0, 0);
    ad_term z = ad_graph_push(&g, AD_EXP, ad_graph_push(&g, AD_MULTIPLY, 0, 1, 0), 0, 0);
    const double x[] = {0.7, -0.4}, s = sin(1.4), c = cos(1.4), e = exp(-0.28);
    const double want[] = {2 * c, -4 * s, -8 * c, 16 * s, 32 * c};
    for (int n = 0; n < 5; n++) {
        const ad_mapping f = {&g, 1, 1, inputs, &y};
        ad_term next;
        double got;
        CHECK((n % 2 ? ad_accumulate_push(&f, &one, &next) : ad_accumulate_pull(&f, &one, &next)) ==
              AD_OK);
        evaluate(&g, x, 1, &next, &got);
        CHECK_NEAR(got, want[n], 1e-13);
        y = next;
    }
    /* d/dy d/dx d/dx exp(xy) = y (2 + x y) exp(xy) */
    ad_term out[2];
    for (int n = 0; n < 3; n++) {
        const ad_mapping f = {&g, 2, 1, inputs, &z};
        CHECK(ad_accumulate_pull(&f, &one, out) == AD_OK);
        z = out[n == 2];
    }
    double got;
    evaluate(&g, x, 1, &z, &got);
    CHECK_NEAR(got, x[1] * (2 + x[0] * x[1]) * e, 1e-13);
    ad_graph_free(&g);
}

/* Inputs that are results of other terms, and outputs that are inputs, constants, or equal. */
TEST(derive_accepts_any_term_as_input_and_as_output) {
    ad_graph g;
    REQUIRE(ad_graph_init(&g, 2, 1 << 16) == AD_OK);
    ad_term u = ad_graph_push(&g, AD_SIN, 0, 0, 0), c = ad_graph_constant(&g, 5);
    ad_term v = ad_graph_push(&g, AD_MULTIPLY, u, u, 0),
            w = ad_graph_push(&g, AD_MULTIPLY, v, 1, 0);
    const ad_term in[] = {u, 1}, out[] = {w, u, c, w, 1, 0};
    const ad_mapping f = {&g, 2, 6, in, out};
    const double x[] = {0.3, 4}, s = sin(0.3);
    const double want[] = {8 * s, s * s, 1, 0, 0, 0, 8 * s, s * s, 0, 1, 0, 0};
    for (unsigned route = 0; route < AD_ROUTES; route++) {
        ad_entries entries = {NULL, 0, 0};
        double got[12];
        CHECK(ad_route_jacobian(&f, (ad_route)route, &entries) == AD_OK);
        CHECK(entries.count == 6 && in_order(&g, &entries, 6, 2));
        dense(&g, x, &entries, 6, 2, got);
        CHECK(model_distance(12, got, want) < 1e-15);
        ad_free(entries.entry);
    }
    const ad_mapping nothing = {&g, 0, 6, in, out}, nowhere = {&g, 2, 0, in, out};
    for (unsigned route = 0; route < AD_ROUTES; route++) {
        ad_entries entries = {NULL, 0, 0};
        CHECK(ad_route_jacobian(&nothing, (ad_route)route, &entries) == AD_OK);
        CHECK(ad_route_jacobian(&nowhere, (ad_route)route, &entries) == AD_OK);
        CHECK(entries.count == 0);
        ad_free(entries.entry);
    }
    ad_graph_free(&g);
}

TEST(derive_leaves_out_what_is_structurally_zero) {
    ad_graph g;
    REQUIRE(ad_graph_init(&g, 3, 1 << 16) == AD_OK);
    ad_term step = ad_graph_push(&g, AD_SIGN, 0, 0, 0), stop = ad_graph_push(&g, AD_STOP, 1, 0, 0);
    ad_term y = ad_graph_push(&g, AD_MULTIPLY, step, stop, 0);
    ad_term tiny = ad_graph_constant(&g, 1e-200); /* its square is 0 */
    ad_term gone =
        ad_graph_push(&g, AD_MULTIPLY, ad_graph_push(&g, AD_MULTIPLY, 2, tiny, 0), tiny, 0);
    const ad_term out[] = {y, gone, 1};
    const ad_mapping f = {&g, 3, 3, (ad_term[]){0, 1, 2}, out};
    for (unsigned route = 0; route < AD_ROUTES; route++) {
        ad_entries entries = {NULL, 0, 0};
        CHECK(ad_route_jacobian(&f, (ad_route)route, &entries) == AD_OK);
        CHECK(entries.count == 1 && entries.entry[0].row == 2 && entries.entry[0].column == 1);
        ad_free(entries.entry);
    }
    ad_graph_free(&g);
}
