/* SPDX-License-Identifier: Apache-2.0 */
/* Long runs in interleaved chunks, against one run after the other. */
#include "ad_test.h"
#include "base/alloc.h"
#include "isa/select.h"
#include "model.h"
#include "program/eval.h"

#include <string.h>

#define NONE AD_NO_TERM
#define ARRAYS 48
#define INPUTS 3
#define LONGEST 5200

/* Arrays of n terms, each an operation on two earlier ones, mostly element by element.  The last
 * few arrays read the same ones. */
typedef struct arrays {
    ad_graph g;
    ad_term *at[ARRAYS];
    size_t length[ARRAYS], n;
} arrays;

static ad_term element(const arrays *x, size_t a, size_t k, uint32_t way) {
    const size_t n = x->length[a];
    switch (way) {
    case 0:
        return x->at[a][k < n ? n - 1 - k : 0]; /* reversed */
    case 1:
        return x->at[a][(k + 1) % n]; /* rotated */
    case 2:
        return x->at[a][n / 2]; /* a single element */
    case 3:
        return x->at[a][k / 2];
    default:
        return x->at[a][k % n];
    }
}

static int begin(arrays *x, size_t n, uint32_t seed) {
    static const unsigned ops[] = {AD_ADD, AD_SUBTRACT, AD_MULTIPLY, AD_DIVIDE,
                                   AD_SIN, AD_SQUARE,   AD_MAXIMUM,  AD_NEGATIVE};
    memset(x, 0, sizeof *x);
    x->n = n;
    if (!CHECK(ad_graph_init(&x->g, INPUTS * n, ARRAYS * LONGEST + 100) == AD_OK)) return 0;
    for (size_t a = 0; a < ARRAYS; a++) {
        x->at[a] = ad_alloc(n, sizeof(ad_term));
        x->length[a] = a < INPUTS || model_random(&seed, 8) ? n : n - 1;
        size_t first = a > 12 ? a - 12 : 0; /* older arrays are not read */
        size_t left = first + model_random(&seed, (uint32_t)(a - first) + (a == 0));
        size_t right = first + model_random(&seed, (uint32_t)(a - first) + (a == 0));
        unsigned op = ops[model_random(&seed, 8)];
        uint32_t ways[] = {model_random(&seed, 40), model_random(&seed, 20)};
        for (size_t k = 0; k < x->length[a]; k++) {
            if (a < INPUTS) {
                x->at[a][k] = (ad_term)(a * n + k);
                continue;
            }
            ad_term y = element(x, right, k, ways[1]);
            if (ad_op_rows[op].arity == 1) y = NONE;
            x->at[a][k] = ad_graph_push(&x->g, op, element(x, left, k, ways[0]), y, NONE);
        }
    }
    return 1;
}

static void end(arrays *x) {
    for (size_t a = 0; a < ARRAYS; a++) ad_free(x->at[a]);
    ad_graph_free(&x->g);
}

/* The outputs are some whole arrays, an element of another one, and the sum of one. */
static ad_status make(arrays *x, uint32_t seed, ad_program *p) {
    ad_term *output = ad_alloc(8 * x->n, sizeof *output);
    size_t count = 0;
    for (size_t a = ARRAYS - 1; a > 0 && count < 4 * x->n; a--) {
        if (a < ARRAYS - 1 && model_random(&seed, 4)) continue;
        memcpy(output + count, x->at[a], x->length[a] * sizeof *output);
        count += x->length[a];
    }
    output[count++] = x->at[ARRAYS / 2 + model_random(&seed, 8)][model_random(&seed, 100)];
    const ad_wanted wanted = {count, 0, 0, output, NULL, NULL};
    ad_status status = ad_program_make(&x->g, &wanted, 0, p);
    ad_free(output);
    return status;
}

static void check(const ad_program *p, const double *x, size_t *stays) {
    ad_program plain = *p;
    double *arena[2], *result[2];
    plain.chunk_groups = 0;
    for (int k = 0; k < 2; k++) {
        arena[k] = ad_alloc_lines(ad_point_room(p), sizeof(double));
        result[k] = ad_alloc(p->outputs, sizeof(double));
        ad_point_begin(p, arena[k]);
        memcpy(arena[k], x, p->inputs * sizeof(double));
        CHECK(ad_point_run(k ? &plain : p, arena[k]) == AD_OK);
        ad_point_outputs(p, arena[k], 0, p->outputs, 0, result[k]);
    }
    CHECK(memcmp(result[0], result[1], p->outputs * sizeof(double)) == 0);
    /* again on the same arena, which still holds the first results */
    memcpy(arena[0], x, p->inputs * sizeof(double));
    CHECK(ad_point_run(p, arena[0]) == AD_OK);
    ad_point_outputs(p, arena[0], 0, p->outputs, 0, result[0]);
    CHECK(memcmp(result[0], result[1], p->outputs * sizeof(double)) == 0);
    for (size_t k = 0; k < p->members; k++) *stays += p->member[k].stays != 0;
    for (int k = 0; k < 2; k++) {
        ad_free_lines(arena[k]);
        ad_free(result[k]);
    }
}

/* The names of the instruction sets that this machine supports; base is always among them. */
static uint32_t runnable_isas(const char *name[3]) {
    static const char *const all[] = {"base", "avx2", "avx512"};
    uint32_t n = 0;
    for (int k = 0; k < 3; k++) {
        if (ad_isa_choose(all[k])) name[n++] = all[k];
    }
    return n;
}

TEST(chunk_groups_give_the_same_as_one_run_after_the_other) {
    static const size_t lengths[] = {2047, 2048, 2049, 2500, 2560, LONGEST};
    const char *isas[3];
    size_t groups = 0, stays = 0, of_short_runs = 0;
    const uint32_t runnable = runnable_isas(isas);
    for (uint32_t seed = 0; seed < 36; seed++) {
        const size_t n = lengths[seed % 6];
        arrays x;
        ad_program p;
        double *at = ad_alloc(INPUTS * n, sizeof *at);
        uint32_t numbers = seed;
        if (!CHECK(ad_isa_choose(isas[seed % runnable]))) return;
        if (!begin(&x, n, seed)) return;
        model_numbers(INPUTS * n, at, &numbers);
        if (CHECK(make(&x, seed, &p) == AD_OK)) {
            check(&p, at, &stays);
            groups += p.chunk_groups;
            if (n < 2048) of_short_runs += p.chunk_groups;
            ad_program_free(&p);
        }
        end(&x);
        ad_free(at);
    }
    CHECK(groups > 60 && stays > 60 && of_short_runs == 0);
    CHECK(ad_isa_choose(NULL));
}

/* y = sin x, z = y y, exp z: y and z are in slots of the chunk group. */
TEST(chunk_groups_keep_results_that_only_they_read) {
    enum { N = 4096 };
    ad_graph g;
    ad_program p;
    ad_term *output = ad_alloc(N, sizeof *output);
    if (!CHECK(ad_graph_init(&g, N, 8 * N) == AD_OK)) return;
    for (ad_term k = 0; k < N; k++) {
        ad_term y = ad_graph_push(&g, AD_SIN, k, NONE, NONE);
        ad_term z = ad_graph_push(&g, AD_MULTIPLY, y, y, NONE);
        output[k] = ad_graph_push(&g, AD_EXP, z, NONE, NONE);
    }
    const ad_wanted wanted = {N, 0, 0, output, NULL, NULL};
    if (CHECK(ad_program_make(&g, &wanted, 0, &p) == AD_OK)) {
        CHECK(p.chunk_groups == 1 && p.chunk_group[0].first == 0 && p.chunk_group[0].end == 3);
        CHECK(p.member[0].stays == 1 && p.member[1].stays == 7 && p.member[2].stays == 2);
        CHECK(p.chunk_room == AD_CHUNK_ELEMENTS); /* z takes the slots of y */
        ad_program_free(&p);
    }
    ad_graph_free(&g);
    ad_free(output);
}
