/* SPDX-License-Identifier: Apache-2.0 */
#include "ad_test.h"
#include "base/alloc.h"
#include "graph/lower.h"
#include "model.h"
#include "program/eval.h"

#include <string.h>

#define NONE AD_NO_TERM
#define D 40
#define MOST 4000

static ad_graph inputs(size_t n) {
    ad_graph g;
    CHECK(ad_graph_init(&g, n, 1 << 20) == AD_OK);
    return g;
}

static ad_program made(ad_graph *g, size_t n, const ad_term *output, int strict) {
    const ad_wanted wanted = {.outputs = n, .checked = n, .output = output};
    ad_program p;
    CHECK(ad_program_make(g, &wanted, strict, &p) == AD_OK);
    CHECK(ad_program_make_lanes(&p) == AD_OK);
    return p;
}

/* The number of elements of an operation in a program, in runs of one form or of any. */
static size_t elements(const ad_program *p, unsigned op, int form) {
    size_t count = 0;
    for (size_t r = 0; r < p->runs; r++) {
        if (p->run[r].op == op && (form < 0 || p->run[r].form == form)) count += p->run[r].count;
    }
    return count;
}

/* ------------------------------------------------------------------------------ structure */

/* Checks that lists are within the program's array, padded to whole vectors with valid slots. */
static int lists_are_padded(const ad_program *p) {
    for (size_t r = 0; r < p->runs; r++) {
        const ad_program_run *run = &p->run[r];
        size_t padded = ad_run_reduces(run->op) ? run->count : (run->count + 7) / 8 * 8;
        if (run->form != AD_RUN_LISTED) continue;
        if (run->first + padded * run->arity > p->lists) return 0;
        for (size_t k = 0; k < padded * run->arity; k++) {
            if (p->list[run->first + k] >= run->out) return 0;
        }
    }
    return 1;
}

/* Follow which slot each lane holds, from the inputs through all records.  Checks that an operand
 * is in the recorded lane, and that a value stays there until its last reader. */
static int lanes_hold(const ad_program *p) {
    uint32_t holds[MOST];
    size_t at = 0;
    if (p->lane_slots > MOST || p->lane_slots > p->slots) return 0;
    memset(holds, 0xFF, sizeof holds);
    for (size_t d = 0; d < p->inputs; d++) {
        if (p->lane_input[d] != NONE) holds[p->lane_input[d] / p->lane_points] = (uint32_t)d;
    }
    for (size_t c = 0; c < p->constants; c++) {
        holds[p->lane_constant[c] / p->lane_points] = (uint32_t)(p->inputs + c);
    }
    for (size_t r = 0; r < p->runs; r++) {
        const ad_program_run *run = &p->run[r];
        const ad_lane_run *lanes = &p->lane_run[r];
        if (lanes->op != run->op || lanes->count != run->count || lanes->arity != run->arity ||
            lanes->first != at) {
            return 0;
        }
        for (size_t k = 0; k < run->count; k++, at += 1 + run->arity) {
            const uint32_t *record = p->record + at;
            for (size_t j = 0; j < run->arity; j++) {
                if (record[1 + j] % p->lane_points != 0) return 0;
                if (holds[record[1 + j] / p->lane_points] != ad_run_operand(p, run, k, j)) return 0;
                /* a reduction may write before it has read all operands */
                if (ad_run_reduces(run->op) && record[1 + j] == record[0]) return 0;
            }
            if (record[0] / p->lane_points >= p->lane_slots) return 0;
            holds[record[0] / p->lane_points] = (uint32_t)(run->out + k);
        }
    }
    for (size_t c = 0; c < p->constants; c++) {
        if (holds[p->lane_constant[c] / p->lane_points] != p->inputs + c) return 0;
    }
    for (size_t k = 0; k < p->places; k++) {
        if (holds[p->lane_place[k] / p->lane_points] != p->place[k].slot) return 0;
        if (p->lane_output[p->place[k].position] != p->lane_place[k]) return 0;
    }
    for (size_t k = 0; k < p->guards; k++) {
        if (holds[p->lane_guard[k] / p->lane_points] != p->guard[k].slot) return 0;
    }
    return at == p->records;
}

static void check_program(ad_graph *g, const ad_wanted *wanted, const double *x, int strict) {
    static double value[MOST], slot[MOST];
    ad_program p;
    size_t wrong = 0, place = 0;
    if (g->terms > MOST) return;
    REQUIRE(ad_program_make(g, wanted, strict, &p) == AD_OK);
    CHECK(ad_program_make_lanes(&p) == AD_OK && ad_program_make_lanes(&p) == AD_OK);
    model_values(g, x, value);
    REQUIRE(model_program(&p, x, slot));
    CHECK(lists_are_padded(&p) && lanes_hold(&p));
    CHECK(p.inputs == g->inputs && p.outputs == wanted->outputs && p.checked == wanted->checked);
    for (size_t k = 0; k < wanted->outputs; k++) {
        if (wanted->output[k] == NONE) {
            wrong += p.lane_output[k] != NONE;
            continue;
        }
        wrong += p.place[place].position != k;
        wrong += model_ulps(slot[p.place[place++].slot], value[wanted->output[k]]) != 0;
    }
    for (size_t k = 0; k < wanted->guards; k++) {
        wrong += p.guard[k].position != wanted->outcome[k];
        wrong += model_ulps(slot[p.guard[k].slot], value[wanted->guard[k]]) != 0;
    }
    CHECK(wrong == 0 && place == p.places && p.guards == wanted->guards);
    CHECK(ad_program_bytes(&p) > 0 || p.runs == 0);
    ad_program_free(&p);
    CHECK(p.run == NULL && p.slots == 0);
}

TEST(program_computes_the_values_of_the_graph_in_a_valid_order) {
    size_t form[AD_RUN_FORMS] = {0};
    for (uint32_t seed = 0; seed < 120; seed++) {
        double x[D];
        ad_term pool[MOST], output[MOST], guard[5];
        uint8_t outcome[5] = {0, 1, 1, 0, 1};
        uint32_t numbers = seed;
        ad_graph g = inputs(1 + seed % D);
        model_numbers(D, x, &numbers);
        size_t n = model_graph(&g, seed % 2 ? MODEL_SMOOTH : MODEL_EXACT, 4 + seed, x, &numbers,
                               MOST, pool);
        REQUIRE(g.status == AD_OK && n > 0);
        size_t outputs = model_random(&numbers, 200);
        for (size_t k = 0; k < outputs; k++) {
            output[k] =
                model_random(&numbers, 5) ? pool[model_random(&numbers, (uint32_t)n)] : NONE;
        }
        if (seed % 3 == 0) { /* all outputs: no operation is left out, and rows stay whole */
            memcpy(output, pool, n * sizeof *pool);
            outputs = n;
        }
        for (int k = 0; k < 5; k++) guard[k] = pool[model_random(&numbers, (uint32_t)n)];
        const ad_wanted wanted = {outputs, outputs / 2, seed % 6, output, guard, outcome};
        check_program(&g, &wanted, x, 0);
        check_program(&g, &wanted, x, 1);
        ad_program p = made(&g, outputs, output, 0);
        for (size_t r = 0; r < p.runs; r++) form[p.run[r].form] += p.run[r].count;
        ad_program_free(&p);
        ad_graph_free(&g);
    }
    CHECK(form[AD_RUN_AFFINE] > 500 && form[AD_RUN_LISTED] > 5000); /* often enough */
}

TEST(program_leaves_out_operations_that_no_output_needs) {
    ad_graph g = inputs(3);
    ad_term c = ad_graph_constant(&g, 4), unused = ad_graph_constant(&g, 5);
    ad_term dead = ad_graph_push(&g, AD_ADD, 0, unused, NONE);
    ad_term y = ad_graph_push(&g, AD_DIVIDE, 1, c, NONE);
    ad_term stop =
        ad_graph_push(&g, AD_STOP, ad_graph_push(&g, AD_STOP, y, NONE, NONE), NONE, NONE);
    ad_term z = ad_graph_push(&g, AD_SIN, stop, NONE, NONE);
    (void)dead;
    const ad_term output[] = {z, stop, NONE, 2, c, y};
    ad_program p = made(&g, 6, output, 0);
    CHECK(p.slots == 3 + 1 + 2 && p.constants == 1 && p.constant[0] == 4 && p.runs == 2);
    CHECK(p.places == 5 && p.place[1].slot == p.place[4].slot && p.place[2].slot == 2);
    CHECK(p.place[2].position == 3 && p.place[3].slot == 3);
    CHECK(p.lane_input[0] == NONE && p.lane_input[1] != NONE && p.lane_input[2] != NONE);
    CHECK(ad_program_operations(&p) == 2 && !p.guarded);
    ad_program_free(&p);
    const ad_wanted nothing = {0};
    CHECK(ad_program_make(&g, &nothing, 0, &p) == AD_OK && ad_program_make_lanes(&p) == AD_OK);
    CHECK(p.runs == 0 && p.slots == 3 && p.lane_slots == 0 && ad_program_operations(&p) == 0);
    ad_program_free(&p);
    ad_graph_free(&g);
}

TEST(program_runs_whole_arrays_by_affine_rules) {
    ad_graph g = inputs(200);
    ad_term u[100], v[100], sum[10], column[10], dot[10], factor[10], output[330];
    for (ad_term k = 0; k < 100; k++) u[k] = ad_graph_push(&g, AD_SUBTRACT, k, 199 - k, NONE);
    for (ad_term k = 0; k < 100; k++) v[k] = ad_graph_push(&g, AD_DIVIDE, u[k], 3, NONE);
    for (ad_term k = 0; k < 10; k++) {
        ad_term row[10], down[10];
        for (ad_term j = 0; j < 10; j++) row[j] = v[10 * k + j], down[j] = v[10 * j + k];
        sum[k] = ad_graph_reduce(&g, AD_GRAPH_SUM, 10, row);
        column[k] = ad_graph_reduce(&g, AD_GRAPH_MAX, 10, down);
        for (ad_term j = 0; j < 10; j++) {
            factor[j] = ad_graph_push(&g, AD_MULTIPLY, 10 * k + j, 100 + j, NONE);
        }
        dot[k] = ad_graph_reduce(&g, AD_GRAPH_SUM, 10, factor);
    }
    memcpy(output, sum, sizeof sum);
    memcpy(output + 10, column, sizeof column);
    memcpy(output + 20, dot, sizeof dot);
    ad_program p = made(&g, 30, output, 0);
    CHECK(p.runs == 5 && p.lists == 0);
    CHECK(elements(&p, AD_SUBTRACT, AD_RUN_AFFINE) == 100);
    CHECK(elements(&p, AD_DIVIDE, AD_RUN_AFFINE) == 100);
    CHECK(elements(&p, AD_RUN_SUM, AD_RUN_AFFINE) == 10);
    CHECK(elements(&p, AD_RUN_MAX, AD_RUN_AFFINE) == 10);
    CHECK(elements(&p, AD_RUN_DOT, AD_RUN_AFFINE) == 10);
    CHECK(ad_program_operations(&p) == 200 + 90 + 90 + 190);
    ad_program_free(&p);

    /* scattered operands are listed, but not the regular ones between them */
    ad_term mixed[60];
    for (uint32_t k = 0, seed = 1; k < 60; k++) {
        ad_term a = k >= 20 && k < 40 ? k : model_random(&seed, 200);
        mixed[k] = ad_graph_push(&g, AD_ARCTAN2, a, 199 - k, NONE);
    }
    p = made(&g, 60, mixed, 0);
    CHECK(elements(&p, AD_ARCTAN2, AD_RUN_LISTED) + elements(&p, AD_ARCTAN2, AD_RUN_AFFINE) == 60);
    CHECK(elements(&p, AD_ARCTAN2, AD_RUN_AFFINE) >= 20 && p.runs == 3);
    ad_program_free(&p);
    double x[200];
    uint32_t seed = 9;
    model_numbers(200, x, &seed);
    const ad_wanted wanted = {.outputs = 60, .checked = 60, .output = mixed};
    check_program(&g, &wanted, x, 0);
    /* alternating reductions of two lengths are two runs */
    for (ad_term k = 0; k < 60; k++) {
        mixed[k] = ad_graph_reduce(&g, AD_GRAPH_SUM, k % 2 ? 5 : 9, u + k);
    }
    p = made(&g, 60, mixed, 0);
    CHECK(p.runs == 3);
    ad_program_free(&p);
    check_program(&g, &wanted, x, 0);
    ad_graph_free(&g);
}

/* ------------------------------------------------------------------------ fused operations */

TEST(program_fuses_a_product_with_its_only_reader) {
    ad_graph g = inputs(4);
    ad_term product = ad_graph_push(&g, AD_MULTIPLY, 0, 1, NONE);
    const struct {
        unsigned op, fused;
        ad_term a, b;
        const char *name;
    } ways[] = {
        {AD_ADD, AD_MULTIPLY_ADD, product, 2, "multiply add"},
        {AD_ADD, AD_MULTIPLY_ADD, 3, product, "multiply add"},
        {AD_SUBTRACT, AD_MULTIPLY_SUBTRACT, product, 2, "multiply subtract"},
        {AD_SUBTRACT, AD_SUBTRACT_PRODUCT, 3, product, "subtract product"},
        {AD_NEGATIVE, AD_NEGATIVE_PRODUCT, product, NONE, "negative product"},
    };
    const double x[] = {1 + 0x1p-30, 1 - 0x1p-30, -1, -1};
    double slot[16], value[16];
    for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
        ad_term y = ad_graph_push(&g, ways[k].op, ways[k].a, ways[k].b, NONE);
        ad_program p = made(&g, 1, &y, 0);
        CHECK(p.runs == 1 && p.run[0].op == ways[k].fused && ad_program_operations(&p) == 2);
        CHECK(strcmp(ad_program_name(p.run[0].op), ways[k].name) == 0);
        /* the product 1 - 2^-60 is rounded to 1 before 1 is subtracted */
        CHECK(model_program(&p, x, slot));
        model_values(&g, x, value);
        CHECK_EQUAL(slot[p.place[0].slot], value[y]);
        CHECK(ways[k].op == AD_NEGATIVE || fabs(value[y]) == 0 || fabs(value[y]) == 2);
        ad_program_free(&p);
        /* not fused if there is another reader: an output, or a second operand */
        const ad_term both[] = {y, product},
                      twice[] = {y, ad_graph_push(&g, AD_SIN, product, 0, 0)};
        p = made(&g, 2, both, 0);
        CHECK(elements(&p, AD_MULTIPLY, -1) == 1 && elements(&p, ways[k].fused, -1) == 0);
        ad_program_free(&p);
        p = made(&g, 2, twice, 0);
        CHECK(elements(&p, AD_MULTIPLY, -1) == 1 && elements(&p, ways[k].fused, -1) == 0);
        ad_program_free(&p);
        const ad_wanted guarded = {1, 1, 1, &y, &product, (const uint8_t[]){1}};
        REQUIRE(ad_program_make(&g, &guarded, 0, &p) == AD_OK);
        CHECK(elements(&p, AD_MULTIPLY, -1) == 1 && elements(&p, ways[k].fused, -1) == 0);
        ad_program_free(&p);
    }
    /* x y + x y reads it twice */
    ad_term y = ad_graph_push(&g, AD_ADD, product, product, NONE);
    ad_program p = made(&g, 1, &y, 0);
    CHECK(elements(&p, AD_MULTIPLY, -1) == 1 && elements(&p, AD_ADD, -1) == 1);
    ad_program_free(&p);
    CHECK(strcmp(ad_program_name(AD_RUN_DOT), "dot") == 0);
    CHECK(strcmp(ad_program_name(AD_SIN), "sin") == 0);
    ad_graph_free(&g);
}

TEST(program_makes_inner_products_of_sums_of_products) {
    ad_graph g = inputs(20);
    ad_term product[10], other[10], guarded[10];
    g.recorded = g.terms;
    for (ad_term k = 0; k < 10; k++) {
        product[k] = other[k] =
            ad_graph_push(&g, k % 2 ? AD_MULTIPLY : AD_PRODUCT, k, 19 - k, NONE);
        guarded[k] = k % 2 ? product[k] : ad_graph_push(&g, AD_GUARDED, k, 19 - k, NONE);
    }
    ad_term sum = ad_graph_reduce(&g, AD_GRAPH_SUM, 10, product);
    ad_term kept = ad_graph_reduce(&g, AD_GRAPH_SUM, 10, guarded);
    other[4] = 3;
    ad_term mixed = ad_graph_reduce(&g, AD_GRAPH_SUM, 10, other);
    other[4] = other[5];
    ad_term twice = ad_graph_reduce(&g, AD_GRAPH_SUM, 10, other);
    ad_program p = made(&g, 1, &sum, 0);
    CHECK(p.runs == 1 && p.run[0].op == AD_RUN_DOT && p.run[0].arity == 20 && !p.guarded);
    CHECK(ad_program_operations(&p) == 19);
    ad_program_free(&p);
    /* not with a term that is no product, a repeated product, or guarded products that must stay */
    p = made(&g, 1, &mixed, 0);
    CHECK(elements(&p, AD_RUN_DOT, -1) == 0 && elements(&p, AD_MULTIPLY, -1) == 9);
    ad_program_free(&p);
    p = made(&g, 1, &twice, 0);
    CHECK(elements(&p, AD_RUN_DOT, -1) == 0 && elements(&p, AD_RUN_SUM, -1) == 1);
    ad_program_free(&p);
    p = made(&g, 1, &kept, 1);
    CHECK(elements(&p, AD_GUARDED, -1) == 5 && elements(&p, AD_RUN_SUM, -1) == 1 && !p.guarded);
    ad_program_free(&p);
    ad_graph_free(&g);
}

/* As in the gradient of a sum of squares plus w w: 2 w_j is a repeated term. */
TEST(program_makes_inner_products_beside_a_repeated_product) {
    ad_graph g = inputs(20);
    ad_term terms[12], square = ad_graph_product(&g, 0, 0);
    for (ad_term k = 0; k < 10; k++) terms[k + 2 * (k > 3)] = ad_graph_product(&g, k, 19 - k);
    terms[4] = terms[5] = square;
    ad_term sum = ad_graph_sum(&g, 12, terms);
    ad_program p = made(&g, 1, &sum, 0);
    CHECK(elements(&p, AD_RUN_DOT, -1) == 1 && elements(&p, AD_RUN_SUM, -1) == 0);
    ad_program_free(&p);
    ad_graph_free(&g);
}

/* ---------------------------------------------------------------------------------- lanes */

TEST(program_reuses_a_lane_after_its_last_reader) {
    ad_graph g = inputs(2);
    ad_term y = 0, early = ad_graph_push(&g, AD_COS, 1, NONE, NONE);
    for (int k = 0; k < 3000; k++) y = ad_graph_push(&g, AD_SIN, y, NONE, NONE);
    ad_term z = ad_graph_push(&g, AD_ADD, y, early, NONE); /* is needed until the end */
    ad_program p = made(&g, 1, &z, 0);
    CHECK(p.slots == 3004 && p.lane_slots <= 4 && lanes_hold(&p));
    ad_program_free_lanes(&p);
    CHECK(p.lane_run == NULL && p.lane_slots == 0);
    CHECK(ad_program_make_lanes(&p) == AD_OK && lanes_hold(&p));
    ad_program_free(&p);
    ad_graph_free(&g);
}

TEST(program_survives_the_failure_of_every_allocation) {
    double x[D];
    ad_term pool[MOST], guard[] = {3};
    uint32_t seed = 8;
    ad_graph g = inputs(D);
    model_numbers(D, x, &seed);
    size_t n = model_graph(&g, MODEL_SMOOTH, 150, x, &seed, MOST, pool);
    const ad_wanted wanted = {n, n / 2, 1, pool, guard, (const uint8_t[]){1}};
    long fails = 0;
    REQUIRE(n > 100);
    for (ad_status status = AD_NO_MEMORY; status != AD_OK;) {
        ad_program p;
        ad_alloc_fail_at(++fails);
        status = ad_program_make(&g, &wanted, 0, &p);
        ad_alloc_fail_at(0);
        CHECK(status == AD_OK || (status == AD_NO_MEMORY && p.run == NULL && p.slots == 0));
        ad_program_free(&p);
    }
    CHECK(fails > 12);
    ad_program p;
    REQUIRE(ad_program_make(&g, &wanted, 0, &p) == AD_OK);
    fails = 0;
    for (ad_status status = AD_NO_MEMORY; status != AD_OK;) {
        ad_program before = p;
        ad_alloc_fail_at(++fails);
        status = ad_program_make_lanes(&p);
        ad_alloc_fail_at(0);
        CHECK(status == AD_OK || status == AD_NO_MEMORY);
        CHECK(status == AD_OK || memcmp(&before, &p, sizeof p) == 0);
    }
    CHECK(fails > 8 && lanes_hold(&p));
    ad_program_free(&p);
    ad_graph_free(&g);
}

/* A product that the user's own nested derivative guards is part of the value: an exact zero wins
 * in the program as on the tape. */
TEST(program_keeps_the_guards_of_the_function_itself) {
    ad_tape tape;
    ad_graph g;
    ad_node x = 0, half = 0, low = 0, y = 0, out[2];
    ad_term term[2];
    ad_program p;
    double arena[64], got[2];
    ad_tape_init(&tape);
    REQUIRE(ad_tape_inputs(&tape, 2, &x) == AD_OK && ad_tape_constant(&tape, 0.5, &half) == AD_OK);
    REQUIRE(ad_tape_constant(&tape, -1, &low) == AD_OK);
    tape.value[0] = tape.value[1] = 0;
    REQUIRE(ad_tape_unary(&tape, AD_SQRT, 0, &y) == AD_OK);
    REQUIRE(ad_tape_binary(&tape, AD_DIVIDE, half, y, &y) == AD_OK);
    REQUIRE(ad_tape_binary(&tape, AD_GUARDED, y, 1, &out[0]) == AD_OK);
    REQUIRE(ad_tape_binary(&tape, AD_FMAX, out[0], low, &out[1]) == AD_OK);
    CHECK_EQUAL(tape.value[out[0]], 0.0);
    CHECK_EQUAL(tape.value[out[1]], 0.0);
    REQUIRE(ad_graph_init(&g, 2, 1000) == AD_OK);
    REQUIRE(ad_lower(&tape, 2, (ad_node[]){0, 1}, 2, out, &g, term, NULL) == AD_OK);
    for (size_t checked = 0; checked <= 2; checked += 2) {
        const ad_wanted wanted = {.outputs = 2, .checked = checked, .output = term};
        REQUIRE(ad_program_make(&g, &wanted, 0, &p) == AD_OK);
        ad_point_begin(&p, arena);
        arena[0] = arena[1] = 0;
        ad_point_run(&p, arena);
        if (!ad_point_store(&p, arena, 0, 2, 0, got)) { /* no strict program is needed */
            CHECK_EQUAL(got[0], 0.0);
            CHECK_EQUAL(got[1], 0.0);
        }
        ad_program_free(&p);
    }
    ad_graph_free(&g);
    ad_tape_free(&tape);
}
