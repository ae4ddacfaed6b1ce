/* SPDX-License-Identifier: Apache-2.0 */
/* Derivatives when memory or terms are exhausted, and the choice of the cheapest route. */
#include "ad_test.h"
#include "base/alloc.h"
#include "graph/accumulate.h"
#include "graph/routes.h"
#include "model.h"

#include <string.h>

#define D 12
#define POOL 400

static const ad_term inputs[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

typedef struct example {
    ad_graph g;
    ad_term pool[POOL], *output;
    ad_mapping f;
} example;

/* A random graph of n operations; its K last terms are the outputs. */
static int begin(example *e, size_t n, size_t K, uint32_t seed) {
    double x[D];
    model_numbers(D, x, &seed);
    if (!CHECK(ad_graph_init(&e->g, D, 1 << 20) == AD_OK)) return 0;
    size_t pooled = model_graph(&e->g, MODEL_SMOOTH, n, x, &seed, POOL, e->pool);
    e->output = e->pool + pooled - K;
    e->f = (ad_mapping){&e->g, D, K, inputs, e->output};
    return CHECK(e->g.status == AD_OK && pooled >= K + D);
}

/* A copy of a graph, to be compared with the graph later. */
typedef struct picture {
    size_t terms, lists, inputs;
    ad_vertex *vertex;
    ad_term *list;
} picture;

static picture taken(const ad_graph *g) {
    picture p = {g->terms, g->lists, g->inputs, ad_alloc(g->terms, sizeof *p.vertex),
                 ad_alloc(g->lists, sizeof *p.list)};
    memcpy(p.vertex, g->vertex, g->terms * sizeof *p.vertex);
    if (g->lists > 0) memcpy(p.list, g->list, g->lists * sizeof *p.list);
    return p;
}

static int unchanged(const ad_graph *g, const picture *p) {
    return g->status == AD_OK && g->terms == p->terms && g->lists == p->lists &&
           g->inputs == p->inputs &&
           memcmp(g->vertex, p->vertex, p->terms * sizeof *p->vertex) == 0 &&
           (p->lists == 0 || memcmp(g->list, p->list, p->lists * sizeof *p->list) == 0);
}

static void forget(picture *p) {
    ad_free(p->vertex);
    ad_free(p->list);
}

/* One derivation of each kind: the routes, then push and pull.  Its terms go to out, and the
 * numbers of entries to count. */
#define KINDS (AD_ROUTES + 2)
static ad_status derive(const ad_mapping *f, unsigned kind, ad_entries *entries, ad_term *out) {
    ad_term seed[D];
    for (size_t k = 0; k < D; k++) seed[k] = f->output[k % f->K];
    if (kind < AD_ROUTES) return ad_route_jacobian(f, (ad_route)kind, entries);
    return kind == AD_ROUTES ? ad_accumulate_push(f, seed, out) : ad_accumulate_pull(f, seed, out);
}

TEST(derive_leaves_the_graph_alone_at_its_limit) {
    for (unsigned kind = 0; kind < KINDS; kind++) {
        example e;
        ad_entries want = {NULL, 0, 0}, entries = {NULL, 0, 0};
        ad_term out[D], wanted[D];
        if (!begin(&e, 80, 6, 30 + kind)) return;
        picture before = taken(&e.g);
        REQUIRE(derive(&e.f, kind, &want, wanted) == AD_OK);
        picture after = taken(&e.g);
        size_t added = after.terms - before.terms, failures = 0;
        CHECK(added > 50);
        ad_graph_truncate(&e.g, before.terms, before.lists);
        ad_entry mine = {77, 88, 99};
        ad_entries *kept = &entries; /* existing entries stay */
        kept->entry = ad_alloc(1, sizeof mine);
        kept->entry[0] = mine;
        kept->count = kept->room = 1;
        for (size_t room = 0; room < added; room += 1 + added / 60) {
            e.g.limit = before.terms + room;
            failures += derive(&e.f, kind, &entries, out) == AD_TOO_LARGE;
            CHECK(unchanged(&e.g, &before));
            CHECK(entries.count == 1 && memcmp(entries.entry, &mine, sizeof mine) == 0);
        }
        CHECK(failures > 20);
        e.g.limit = after.terms;
        CHECK(derive(&e.f, kind, &entries, out) == AD_OK);
        CHECK(unchanged(&e.g, &after) && entries.count == 1 + want.count);
        if (kind < AD_ROUTES) {
            CHECK(memcmp(entries.entry + 1, want.entry, want.count * sizeof mine) == 0);
        } else {
            CHECK(memcmp(out, wanted, (kind == AD_ROUTES ? 6 : D) * sizeof *out) == 0);
        }
        forget(&before);
        forget(&after);
        ad_free(entries.entry);
        ad_free(want.entry);
        ad_graph_free(&e.g);
    }
}

TEST(derive_survives_the_failure_of_every_allocation) {
    for (unsigned kind = 0; kind < KINDS + 1; kind++) {
        long n = 0;
        size_t needed = 0;
        for (ad_status status = AD_NO_MEMORY; status != AD_OK;) {
            example e;
            ad_entries entries = {NULL, 0, 0};
            ad_term out[D];
            size_t operations[AD_ROUTES];
            ad_route route;
            if (!begin(&e, 25, 5, 40)) return;
            picture before = taken(&e.g);
            ad_alloc_fail_at(++n);
            status = kind < KINDS
                         ? derive(&e.f, kind, &entries, out)
                         : ad_route_cheapest(&e.f, 0, NULL, 1 << 20, operations, &route, &entries);
            ad_alloc_fail_at(0);
            CHECK(status == AD_OK || (status == AD_NO_MEMORY && unchanged(&e.g, &before)));
            CHECK(status == AD_OK || entries.count == 0);
            /* the derivation can continue afterwards */
            ad_graph_truncate(&e.g, before.terms, before.lists);
            CHECK(derive(&e.f, kind % KINDS, &entries, out) == AD_OK);
            CHECK(needed == 0 || e.g.terms == needed);
            needed = e.g.terms;
            forget(&before);
            ad_free(entries.entry);
            ad_graph_free(&e.g);
        }
        CHECK(n > 5);
    }
}

/* The number of operations for the entries of one route and some other terms. */
static size_t operations_of(example *e, unsigned route, size_t n, const ad_term *also) {
    ad_entries entries = {NULL, 0, 0};
    size_t terms = e->g.terms, lists = e->g.lists;
    CHECK(ad_route_jacobian(&e->f, (ad_route)route, &entries) == AD_OK);
    ad_term *all = ad_alloc(n + entries.count, sizeof *all);
    uint8_t *live = ad_alloc(e->g.terms, 1);
    for (size_t k = 0; k < n; k++) all[k] = also[k];
    for (size_t k = 0; k < entries.count; k++) all[n + k] = entries.entry[k].term;
    size_t count = ad_graph_live(&e->g, n + entries.count, all, live);
    ad_graph_truncate(&e->g, terms, lists);
    ad_free(all);
    ad_free(live);
    ad_free(entries.entry);
    return count;
}

TEST(derive_cheapest_takes_the_route_with_the_fewest_operations) {
    size_t taken_by[AD_ROUTES] = {0};
    for (uint32_t seed = 0; seed < 40; seed++) {
        example e;
        ad_entries entries = {NULL, 0, 0}, same = {NULL, 0, 0};
        size_t operations[AD_ROUTES], want[AD_ROUTES], best = SIZE_MAX, n = seed % 3;
        ad_route route = AD_ROUTES;
        if (!begin(&e, 20 + seed, 1 + seed % 9, seed)) return;
        const ad_term *also = e.output;
        for (unsigned r = 0; r < AD_ROUTES; r++)
            want[r] = operations_of(&e, r, n % (1 + e.f.K), also);
        picture before = taken(&e.g);
        size_t limit = e.g.limit;
        CHECK(ad_route_cheapest(&e.f, n % (1 + e.f.K), also, 1 << 20, operations, &route,
                                &entries) == AD_OK);
        for (unsigned r = 0; r < AD_ROUTES; r++) {
            CHECK(operations[r] == want[r] || operations[r] == SIZE_MAX);
            if (operations[r] < best) best = operations[r];
        }
        REQUIRE(route < AD_ROUTES);
        CHECK(operations[route] == best && e.g.limit == limit);
        taken_by[route]++;
        /* the same as by this route alone */
        picture after = taken(&e.g);
        ad_graph_truncate(&e.g, before.terms, before.lists);
        CHECK(unchanged(&e.g, &before));
        CHECK(ad_route_jacobian(&e.f, route, &same) == AD_OK && unchanged(&e.g, &after));
        CHECK(same.count == entries.count);
        CHECK(same.count == 0 ||
              memcmp(same.entry, entries.entry, same.count * sizeof *same.entry) == 0);
        forget(&before);
        forget(&after);
        ad_free(entries.entry);
        ad_free(same.entry);
        ad_graph_free(&e.g);
    }
    CHECK(taken_by[0] + taken_by[1] < 40 && taken_by[2] + taken_by[3] < 40);
}

TEST(derive_cheapest_gives_up_candidates_that_are_too_large) {
    example e;
    ad_entries entries = {NULL, 0, 0};
    size_t operations[AD_ROUTES];
    ad_route route;
    if (!begin(&e, 60, 6, 5)) return;
    picture before = taken(&e.g);
    size_t limit = e.g.limit;
    CHECK(ad_route_cheapest(&e.f, 0, NULL, 3, operations, &route, &entries) == AD_TOO_LARGE);
    for (unsigned r = 0; r < AD_ROUTES; r++) CHECK(operations[r] == SIZE_MAX);
    CHECK(unchanged(&e.g, &before) && entries.count == 0 && e.g.limit == limit);
    e.g.limit = before.terms + 3; /* the limit of the graph applies as well */
    CHECK(ad_route_cheapest(&e.f, 0, NULL, 1 << 20, operations, &route, &entries) == AD_TOO_LARGE);
    CHECK(unchanged(&e.g, &before) && e.g.limit == before.terms + 3);
    forget(&before);
    ad_free(entries.entry);
    ad_graph_free(&e.g);
}

TEST(derive_cheapest_counts_the_terms_of_all_candidates) {
    for (uint32_t seed = 0; seed < 10; seed++) {
        example e;
        ad_entries entries = {NULL, 0, 0};
        size_t operations[AD_ROUTES], tried = 0;
        ad_route route = AD_ROUTES;
        if (!begin(&e, 60, 6, seed)) return;
        picture before = taken(&e.g);
        const ad_route first = AD_ROUTE_REVERSE; /* fewer outputs than inputs */
        CHECK(ad_route_jacobian(&e.f, first, &entries) == AD_OK);
        const size_t needed = e.g.terms - before.terms;
        ad_graph_truncate(&e.g, before.terms, before.lists);
        entries.count = 0;
        CHECK(ad_route_cheapest(&e.f, 0, NULL, 2 * needed, operations, &route, &entries) == AD_OK);
        for (unsigned r = 0; r < AD_ROUTES; r++) tried += operations[r] != SIZE_MAX;
        CHECK(route == first && tried == 1 && e.g.terms == before.terms + needed);
        forget(&before);
        ad_free(entries.entry);
        ad_graph_free(&e.g);
    }
}

/* The depth of the stack does not grow with the chain, and the time of the routes is linear in its
 * length. */
TEST(derive_handles_a_long_chain) {
    ad_graph g;
    ad_term y = 0;
    const size_t n = 30000;
    REQUIRE(ad_graph_init(&g, 1, 1 << 20) == AD_OK);
    for (size_t k = 0; k < n; k++) y = ad_graph_push(&g, AD_SIN, y, 0, 0);
    const ad_mapping f = {&g, 1, 1, inputs, &y};
    double *value = ad_alloc(8 * n, sizeof *value), x = 1.2, want = 1;
    for (unsigned route = 0; route < AD_ROUTES; route++) {
        ad_entries entries = {NULL, 0, 0};
        CHECK(ad_route_jacobian(&f, (ad_route)route, &entries) == AD_OK);
        REQUIRE(entries.count == 1 && g.terms < 8 * n);
        model_values(&g, &x, value);
        want = 1;
        for (ad_term t = y; t > 0; t = g.vertex[t].x[0]) want *= cos(value[g.vertex[t].x[0]]);
        CHECK_NEAR(value[entries.entry[0].term], want, 1e-9);
        ad_free(entries.entry);
    }
    ad_free(value);
    ad_graph_free(&g);
}
