/* SPDX-License-Identifier: Apache-2.0 */
/* Orderings by degrees that change as vertices are taken: Coleman and Moré, Estimation of sparse
 * Jacobian matrices and graph coloring problems, SIAM J. Numer. Anal. 20 (1983). */
#include <string.h>

#include "base/alloc.h"
#include "sparse/colour_parts.h"

/* Making neighbours of the columns of a row costs the square of its length.  Longer rows only add a
 * constant to the degrees of their columns, as if none of them were ever taken. */
enum { LONG_ROW = 128 };

static void enter_bucket(ad_buckets *b, uint32_t v) {
    uint32_t first = b->head[b->key[v]];
    b->next[v] = first;
    b->last[v] = AD_NO_VERTEX;
    if (first != AD_NO_VERTEX) b->last[first] = v;
    b->head[b->key[v]] = v;
}

ad_status ad_buckets_init(ad_buckets *b, size_t vertices, size_t keys, const uint32_t *key) {
    *b = (ad_buckets){.keys = keys, .vertices = vertices, .most = keys - 1};
    b->head = ad_alloc(keys, sizeof *b->head);
    b->next = ad_alloc(vertices, sizeof *b->next);
    b->last = ad_alloc(vertices, sizeof *b->last);
    b->key = ad_alloc(vertices, sizeof *b->key);
    if (!b->head || !b->next || !b->last || !b->key) {
        ad_buckets_free(b);
        return AD_NO_MEMORY;
    }
    for (size_t k = 0; k < keys; k++) b->head[k] = AD_NO_VERTEX;
    for (size_t v = vertices; v-- > 0;) {
        b->key[v] = key[v];
        enter_bucket(b, (uint32_t)v);
    }
    return AD_OK;
}

void ad_buckets_free(ad_buckets *b) {
    ad_free(b->head);
    ad_free(b->next);
    ad_free(b->last);
    ad_free(b->key);
    *b = (ad_buckets){0};
}

void ad_buckets_remove(ad_buckets *b, uint32_t v) {
    if (b->last[v] != AD_NO_VERTEX) b->next[b->last[v]] = b->next[v];
    if (b->last[v] == AD_NO_VERTEX) b->head[b->key[v]] = b->next[v];
    if (b->next[v] != AD_NO_VERTEX) b->last[b->next[v]] = b->last[v];
}

void ad_buckets_move(ad_buckets *b, uint32_t v, int by) {
    ad_buckets_remove(b, v);
    b->key[v] += (uint32_t)by;
    if (b->key[v] < b->least) b->least = b->key[v];
    if (b->key[v] > b->most) b->most = b->key[v];
    enter_bucket(b, v);
}

uint32_t ad_buckets_least(ad_buckets *b) {
    while (b->least < b->keys && b->head[b->least] == AD_NO_VERTEX) b->least++;
    return b->least < b->keys ? b->head[b->least] : AD_NO_VERTEX;
}

uint32_t ad_buckets_most(ad_buckets *b) {
    while (b->most > 0 && b->head[b->most] == AD_NO_VERTEX) b->most--;
    return b->keys > 0 ? b->head[b->most] : AD_NO_VERTEX;
}

typedef struct web {
    const ad_pattern *rows, *columns;
    uint32_t *seen;  /* the last vertex that had this one as a neighbour */
    uint32_t *found; /* the neighbours of the current vertex */
} web;

static size_t neighbours(const web *w, uint32_t v) {
    size_t count = 0;
    w->seen[v] = v;
    const ad_pattern *rows = w->rows, *columns = w->columns;
    size_t first = columns != NULL ? columns->start[v] : v;
    size_t end = columns != NULL ? columns->start[v + 1] : (size_t)v + 1;
    for (size_t e = first; e < end; e++) {
        size_t i = columns != NULL ? columns->index[e] : e;
        if (columns != NULL && rows->start[i + 1] - rows->start[i] > LONG_ROW) continue;
        for (size_t k = rows->start[i]; k < rows->start[i + 1]; k++) {
            uint32_t u = rows->index[k];
            if (w->seen[u] == v) continue;
            w->seen[u] = v;
            w->found[count++] = u;
        }
    }
    return count;
}

/* A lower bound of the number of neighbours through long rows: the length of the longest one. */
static size_t through_long_rows(const web *w, uint32_t v) {
    size_t most = 0;
    if (w->columns == NULL) return 0;
    for (size_t e = w->columns->start[v]; e < w->columns->start[v + 1]; e++) {
        size_t i = w->columns->index[e], length = w->rows->start[i + 1] - w->rows->start[i];
        if (length > LONG_ROW && length > most) most = length;
    }
    return most;
}

static void forget(const web *w) { memset(w->seen, 0xff, w->rows->columns * sizeof *w->seen); }

static ad_status sort(size_t n, const uint32_t *degree, uint32_t *order) {
    size_t *place = ad_alloc_zeroed(2 * n + 2, sizeof *place);
    if (place == NULL) return AD_NO_MEMORY;
    for (size_t v = 0; v < n; v++) place[2 * n - degree[v] + 1]++;
    for (size_t k = 0; k < 2 * n; k++) place[k + 1] += place[k];
    for (size_t v = 0; v < n; v++) order[place[2 * n - degree[v]]++] = (uint32_t)v;
    ad_free(place);
    return AD_OK;
}

/* Take all vertices.  If `last` is set, positions are filled from the end, with the vertex of least
 * degree in the remaining graph; otherwise from the start, with the vertex that has the most
 * neighbours taken. */
static ad_status take_all(const web *w, int last, const uint32_t *key, uint32_t *order) {
    size_t n = w->rows->columns;
    ad_buckets b;
    ad_status status = ad_buckets_init(&b, n, 2 * n + 1, key);
    if (status != AD_OK) return status;
    uint8_t *taken = ad_alloc_zeroed(n, 1);
    for (size_t k = 0; k < n && taken != NULL; k++) {
        uint32_t v = last ? ad_buckets_least(&b) : ad_buckets_most(&b);
        ad_buckets_remove(&b, v);
        taken[v] = 1;
        order[last ? n - 1 - k : k] = v;
        for (size_t count = neighbours(w, v); count-- > 0;) {
            uint32_t u = w->found[count];
            if (!taken[u]) ad_buckets_move(&b, u, last ? -1 : 1);
        }
    }
    status = taken != NULL ? AD_OK : AD_NO_MEMORY;
    ad_free(taken);
    ad_buckets_free(&b);
    return status;
}

ad_status ad_colour_order(const ad_pattern *rows, const ad_pattern *columns, ad_ordering ordering,
                          uint32_t *order) {
    size_t n = rows->columns;
    if (ordering == AD_ORDER_NATURAL) {
        for (size_t v = 0; v < n; v++) order[v] = (uint32_t)v;
        return AD_OK;
    }
    web w = {rows, columns, ad_alloc(n, sizeof *w.seen), ad_alloc(n, sizeof *w.found)};
    uint32_t *key = ad_alloc_zeroed(n, sizeof *key);
    ad_status status = AD_NO_MEMORY;
    if (w.seen != NULL && w.found != NULL && key != NULL) {
        forget(&w);
        for (size_t v = 0; v < n && ordering != AD_ORDER_INCIDENCE; v++) {
            key[v] = (uint32_t)(neighbours(&w, (uint32_t)v) + through_long_rows(&w, (uint32_t)v));
        }
        forget(&w);
        status = ordering == AD_ORDER_LARGEST_FIRST
                     ? sort(n, key, order)
                     : take_all(&w, ordering == AD_ORDER_SMALLEST_LAST, key, order);
    }
    ad_free(w.seen);
    ad_free(w.found);
    ad_free(key);
    return status;
}
