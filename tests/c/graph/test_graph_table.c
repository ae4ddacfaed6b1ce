/* SPDX-License-Identifier: Apache-2.0 */
/* The hash table of the graph against a linear search in a list. */
#include "ad_test.h"
#include "base/alloc.h"
#include "model.h"

#include <string.h>

#define NONE AD_NO_TERM
#define MOST 2000
#define LISTED 6

/* The terms as they were entered: reductions with their terms, others with their operands. */
typedef struct naive {
    struct {
        uint32_t op, n;
        uint32_t x[LISTED];
    } term[MOST];
    size_t terms, lists, inputs;
} naive;

static uint32_t intern(naive *m, uint32_t op, uint32_t n, const uint32_t *x) {
    for (size_t t = 0; t < m->terms; t++) {
        if (m->term[t].op == op && m->term[t].n == n && op != AD_GRAPH_INPUT &&
            memcmp(m->term[t].x, x, n * sizeof *x) == 0) {
            return (uint32_t)t;
        }
    }
    m->term[m->terms].op = op;
    m->term[m->terms].n = n;
    memcpy(m->term[m->terms].x, x, n * sizeof *x);
    m->inputs += op == AD_GRAPH_INPUT;
    m->lists += op >= AD_GRAPH_SUM ? n : 0;
    return (uint32_t)m->terms++;
}

static void forget(naive *m, size_t terms) {
    while (m->terms > terms) {
        m->terms--;
        m->inputs -= m->term[m->terms].op == AD_GRAPH_INPUT;
        m->lists -= m->term[m->terms].op >= AD_GRAPH_SUM ? m->term[m->terms].n : 0;
    }
}

/* Enter one random term into both.  Returns whether they agree on its number. */
static int push_both(ad_graph *g, naive *m, uint32_t *seed) {
    static const uint8_t binary[] = {AD_SUBTRACT, AD_DIVIDE, AD_ADD, AD_MULTIPLY, AD_GUARDED};
    uint32_t x[LISTED] = {0}, range = (uint32_t)m->terms, op, n = 2;
    if (model_random(seed, 2)) range = range < 12 ? range : 12; /* so that many are equal */
    for (int j = 0; j < LISTED; j++) x[j] = model_random(seed, range);
    switch (model_random(seed, 12)) {
    case 0: {
        double number = (double)model_random(seed, 50);
        uint32_t bits[3] = {0};
        memcpy(bits, &number, sizeof number);
        return ad_graph_constant(g, number) == intern(m, AD_GRAPH_CONSTANT, 3, bits);
    }
    case 1:
        return ad_graph_input(g) == intern(m, AD_GRAPH_INPUT, 0, x);
    case 2:
    case 3:
    case 4:
        op = AD_GRAPH_SUM + model_random(seed, 3);
        n = 2 + model_random(seed, LISTED - 1);
        return ad_graph_reduce(g, op, n, x) == intern(m, op, n, x);
    case 5: /* not of a constant: those are folded */
        for (x[0] %= 3; m->term[x[0]].op != AD_GRAPH_INPUT;) return 1;
        return ad_graph_push(g, AD_SELECT, x[0], x[1], x[2]) == intern(m, AD_SELECT, 3, x);
    case 6:
        if (m->term[x[0]].op == AD_GRAPH_CONSTANT) return 1;
        return ad_graph_push(g, AD_SIN, x[0], NONE, NONE) == intern(m, AD_SIN, 1, x);
    default:
        op = binary[model_random(seed, sizeof binary)];
        if (m->term[x[0]].op == AD_GRAPH_CONSTANT && m->term[x[1]].op == AD_GRAPH_CONSTANT)
            return 1;
        uint32_t ordered[2] = {x[0], x[1]};
        if (op != AD_SUBTRACT && op != AD_DIVIDE && x[0] > x[1])
            ordered[0] = x[1], ordered[1] = x[0];
        return ad_graph_push(g, op, x[0], x[1], NONE) == intern(m, op, 2, ordered);
    }
}

/* Checks that every term is found again, so that the table holds all of them. */
static size_t lost(ad_graph *g) {
    size_t wrong = 0, terms = g->terms;
    for (ad_term t = 0; t < terms; t++) {
        ad_vertex v = g->vertex[t];
        double number = 0;
        ad_term list[LISTED], again = t;
        if (v.op >= AD_GRAPH_SUM) {
            memcpy(list, g->list + v.x[0], v.x[1] * sizeof *list);
            again = ad_graph_reduce(g, v.op, v.x[1], list);
        } else if (v.op == AD_GRAPH_CONSTANT) {
            ad_graph_is_constant(g, t, &number);
            again = ad_graph_constant(g, number);
        } else if (v.op < AD_OP_COUNT) {
            again = ad_graph_push(g, v.op, v.x[0], v.x[1], v.x[2]);
        }
        wrong += again != t;
    }
    return wrong + (g->terms != terms);
}

TEST(graph_table_agrees_with_a_naive_list_over_many_truncations) {
    naive *m = ad_alloc_zeroed(1, sizeof *m);
    REQUIRE(m != NULL);
    for (uint32_t round = 0; round < 12; round++) {
        uint32_t seed = round;
        ad_graph g;
        size_t wrong = 0, truncations = 0;
        REQUIRE(ad_graph_init(&g, 3, 1 << 20) == AD_OK);
        forget(m, 0);
        for (int k = 0; k < 3; k++) intern(m, AD_GRAPH_INPUT, 0, (const uint32_t[]){0});
        for (int step = 0; step < 150; step++) {
            /* beyond 128, 256, ... terms, where the table is reallocated, and back */
            uint32_t pushes = model_random(&seed, model_random(&seed, 8) ? 30 : 400);
            while (pushes-- > 0 && m->terms < MOST) wrong += !push_both(&g, m, &seed);
            wrong += g.terms != m->terms || g.lists != m->lists || g.inputs != m->inputs;
            if (model_random(&seed, 3)) continue;
            size_t back = 3 + model_random(&seed, (uint32_t)m->terms - 2);
            if (model_random(&seed, 2)) back = m->terms - model_random(&seed, 4) % (m->terms - 2);
            forget(m, back);
            ad_graph_truncate(&g, back, m->lists);
            truncations++;
            wrong += lost(&g) + (g.inputs != m->inputs);
        }
        CHECK(wrong == 0 && g.status == AD_OK);
        CHECK(lost(&g) == 0 && truncations > 20);
        ad_graph_free(&g);
    }
    ad_free(m);
}

/* Append terms such that the arrays of terms and lists and the table grow. */
static ad_status build(ad_graph *g, uint32_t from) {
    ad_term x[LISTED];
    for (uint32_t k = from; k < from + 600; k++) {
        ad_term a = ad_graph_push(g, AD_SIN, k % 4, NONE, NONE);
        ad_term c = ad_graph_constant(g, k), b = ad_graph_push(g, AD_MULTIPLY, a, c, NONE);
        for (uint32_t j = 0; j < LISTED; j++) x[j] = g->status == AD_OK ? (b + j) % 4 : 0;
        x[0] = b;
        ad_graph_reduce(g, AD_GRAPH_SUM, LISTED, x);
    }
    return g->status;
}

TEST(graph_survives_the_failure_of_every_allocation) {
    ad_graph whole;
    REQUIRE(ad_graph_init(&whole, 4, 1 << 20) == AD_OK && build(&whole, 0) == AD_OK);
    long n = 0;
    for (ad_status status = AD_NO_MEMORY; status != AD_OK;) {
        ad_graph g;
        ad_alloc_fail_at(++n);
        status = ad_graph_init(&g, 4, 1 << 20);
        if (status == AD_OK) status = build(&g, 0);
        ad_alloc_fail_at(0);
        CHECK(status == AD_OK || status == AD_NO_MEMORY);
        CHECK(g.status == status);
        /* after the failure is reset, the graph can grow further */
        ad_graph_truncate(&g, g.terms, g.lists);
        while (g.inputs < 4) REQUIRE(ad_graph_input(&g) != NONE);
        CHECK(build(&g, 0) == AD_OK);
        CHECK(g.terms == whole.terms && g.lists == whole.lists);
        CHECK(memcmp(g.vertex, whole.vertex, g.terms * sizeof *g.vertex) == 0);
        ad_graph_free(&g);
    }
    CHECK(n > 15);
    ad_graph_free(&whole);
}
