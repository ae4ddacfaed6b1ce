/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/routes.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "graph/accumulate.h"
#include "graph/eliminate.h"

const char *ad_route_name(unsigned route) {
    static const char *const names[] = {"forward", "reverse", "Markowitz, first of equals",
                                        "Markowitz, last of equals"};
    return route < AD_ROUTES ? names[route] : "?";
}

static int by_row_and_column(const void *a, const void *b) {
    const ad_entry *x = a, *y = b;
    if (x->row != y->row) return x->row < y->row ? -1 : 1;
    return x->column < y->column ? -1 : x->column > y->column;
}

ad_status ad_route_jacobian(const ad_mapping *f, ad_route route, ad_entries *entries) {
    size_t terms = f->graph->terms, lists = f->graph->lists, before = entries->count;
    ad_status status;
    if (route == AD_ROUTE_FORWARD || route == AD_ROUTE_REVERSE) {
        status = ad_accumulate_jacobian(f, route == AD_ROUTE_REVERSE, entries);
    } else {
        status = ad_eliminate(f, route == AD_ROUTE_MARKOWITZ_LAST, entries);
    }
    if (status != AD_OK) {
        ad_graph_truncate(f->graph, terms, lists);
        entries->count = before;
        return status;
    }
    if (entries->count > before) {
        qsort(entries->entry + before, entries->count - before, sizeof *entries->entry,
              by_row_and_column);
    }
    return AD_OK;
}

/* The number of operations that n terms need; SIZE_MAX if memory is exhausted. */
static size_t count_live(const ad_graph *g, size_t n, const ad_term *term) {
    uint8_t *live = ad_alloc(g->terms, 1);
    const size_t count = live != NULL ? ad_graph_live(g, n, term, live) : SIZE_MAX;
    ad_free(live);
    return count;
}

/* The number of operations that the entries from `before` on and the terms in `also` need. */
static size_t count_operations(const ad_graph *g, size_t n, const ad_term *also,
                               const ad_entries *entries, size_t before) {
    size_t m = entries->count - before, count = SIZE_MAX;
    ad_term *outputs = ad_alloc(n + m, sizeof *outputs);
    if (outputs != NULL) {
        if (n > 0) memcpy(outputs, also, n * sizeof *outputs);
        for (size_t k = 0; k < m; k++) outputs[n + k] = entries->entry[before + k].term;
        count = count_live(g, n + m, outputs);
    }
    ad_free(outputs);
    return count;
}

ad_status ad_route_cheapest(const ad_mapping *f, size_t n, const ad_term *also, size_t most,
                            size_t operations[AD_ROUTES], ad_route *route, ad_entries *entries) {
    /* The most promising route first: another must need fewer operations to be chosen.  On a large
     * graph a second one is tried only if the first was given up.  The terms of all routes count,
     * so that a choice does not take longer than the caller allows. */
    const ad_route order[AD_ROUTES] = {
        f->K <= f->D ? AD_ROUTE_REVERSE : AD_ROUTE_FORWARD,
        f->K <= f->D ? AD_ROUTE_FORWARD : AD_ROUTE_REVERSE,
        AD_ROUTE_MARKOWITZ_FIRST,
        AD_ROUTE_MARKOWITZ_LAST,
    };
    ad_graph *g = f->graph;
    size_t terms = g->terms, lists = g->lists, limit = g->limit, before = entries->count;
    size_t best = SIZE_MAX, least = 0, left = most;
    const size_t own = count_live(g, f->K, f->output);
    int present = 0; /* whether the terms of the best route are still in the graph */
    ad_status status = AD_TOO_LARGE;
    for (unsigned r = 0; r < AD_ROUTES; r++) operations[r] = SIZE_MAX;
    for (unsigned k = 0; k < AD_ROUTES; k++) {
        ad_route r = order[k];
        if (own > AD_ELIMINATE_MOST && (r >= AD_ROUTE_MARKOWITZ_FIRST || status == AD_OK)) break;
        if (status == AD_OK && left < 2 * least) break; /* for another one and the best again */
        ad_graph_truncate(g, terms, lists);
        entries->count = before;
        present = 0;
        g->limit = limit - terms > most ? terms + most : limit;
        ad_status result = ad_route_jacobian(f, r, entries);
        g->limit = limit;
        if (result == AD_OK) {
            operations[r] = count_operations(g, n, also, entries, before);
            /* Terms of a route may be in the graph already, from the derivatives of a method that
             * was built before: they count too, so that the choice does not depend on it. */
            size_t needed = g->terms - terms;
            if (operations[r] != SIZE_MAX && operations[r] > own + needed) {
                needed = operations[r] - own;
            }
            left -= needed < left ? needed : left;
            least = status != AD_OK || needed < least ? needed : least;
            if (operations[r] < best) {
                best = operations[r];
                *route = r;
                status = AD_OK;
                present = 1;
            }
            if (2 * needed < most) most = 2 * needed + 1024; /* give up far more expensive ones */
        } else if (result != AD_TOO_LARGE) {
            status = result;
            break;
        } else if (status == AD_OK) {
            left -= most < left ? most : left;
        }
    }
    if (present && status == AD_OK) return AD_OK;
    ad_graph_truncate(g, terms, lists);
    entries->count = before;
    return status != AD_OK ? status : ad_route_jacobian(f, *route, entries);
}
