/* SPDX-License-Identifier: Apache-2.0 */
#include "sparse/colour.h"

#include <string.h>

#include "base/alloc.h"
#include "sparse/colour_parts.h"

ad_status ad_pattern_check(const ad_pattern *p) {
    if (p->rows >= AD_NO_VERTEX || p->columns >= AD_NO_VERTEX - p->rows) return AD_BAD_INDEX;
    if (p->start[0] != 0) return AD_BAD_INDEX;
    for (size_t i = 0; i < p->rows; i++) {
        if (p->start[i + 1] < p->start[i]) return AD_BAD_INDEX;
        if (p->start[i + 1] - p->start[i] > p->columns) return AD_BAD_INDEX;
    }
    for (size_t i = 0; i < p->rows; i++) {
        for (size_t k = p->start[i]; k < p->start[i + 1]; k++) {
            if (p->index[k] >= p->columns) return AD_BAD_INDEX;
            if (k > p->start[i] && p->index[k] <= p->index[k - 1]) return AD_BAD_INDEX;
        }
    }
    return AD_OK;
}

ad_status ad_pattern_transpose(const ad_pattern *p, ad_pattern *t, size_t *place) {
    size_t entries = p->start[p->rows];
    size_t *start = ad_alloc_zeroed(p->columns + 2, sizeof *start);
    uint32_t *index = ad_alloc(entries, sizeof *index);
    *t = (ad_pattern){p->columns, p->rows, start, index};
    if (start == NULL || index == NULL) {
        ad_pattern_free(t);
        return AD_NO_MEMORY;
    }
    /* start[j + 1] moves from the start of column j to its end. */
    for (size_t k = 0; k < entries; k++) start[p->index[k] + 2]++;
    for (size_t j = 0; j < p->columns; j++) start[j + 2] += start[j + 1];
    for (size_t i = 0; i < p->rows; i++) {
        for (size_t k = p->start[i]; k < p->start[i + 1]; k++) {
            size_t at = start[p->index[k] + 1]++;
            index[at] = (uint32_t)i;
            if (place != NULL) place[at] = k;
        }
    }
    return AD_OK;
}

void ad_pattern_free(ad_pattern *t) {
    ad_free((void *)t->start);
    ad_free((void *)t->index);
    *t = (ad_pattern){0};
}

ad_status ad_pattern_mirror(const ad_pattern *p, size_t *place) {
    if (p->rows != p->columns) return AD_BAD_INDEX;
    size_t *next = ad_alloc(p->rows, sizeof *next);
    if (next == NULL) return AD_NO_MEMORY;
    memcpy(next, p->start, p->rows * sizeof *next);
    ad_status status = AD_OK;
    for (size_t i = 0; i < p->rows && status == AD_OK; i++) {
        for (size_t k = p->start[i]; k < p->start[i + 1] && status == AD_OK; k++) {
            /* Rows ascend, so that the next entry of row j without a partner must be in column
             * i. */
            size_t j = p->index[k], at = next[j]++;
            if (at >= p->start[j + 1] || p->index[at] != i) status = AD_BAD_INDEX;
            if (place != NULL) place[k] = at;
        }
    }
    ad_free(next);
    return status;
}

/* ------------------------------------------------------------------------- greedy colouring */

/* The columns of a long row are all neighbours.  Instead of visiting all of them for each column,
 * the colours used in each long row are kept as bits, with the first free colour. */
typedef struct greedy {
    const ad_side *side;
    uint32_t *colour;
    uint32_t *taken;    /* of a colour: the last column for which it was excluded */
    uint32_t *number;   /* of a row: its number among the long ones, or AD_NO_VERTEX */
    uint32_t *here;     /* numbers of the long rows of the current column */
    uint32_t *free_one; /* of a long row: all colours below are in use */
    uint64_t *bits;
    size_t words;
} greedy;

static ad_status find_long_rows(greedy *g) {
    const ad_side *s = g->side;
    size_t n = s->rows.columns, count = 0;
    g->words = n / 64 + 1;
    for (size_t i = 0; i < s->rows.rows; i++) {
        size_t length = s->rows.start[i + 1] - s->rows.start[i];
        int is_long = length > 64 && length > n / 64 && (s->own == NULL || s->own[i] == length);
        g->number[i] = is_long ? (uint32_t)count++ : AD_NO_VERTEX;
    }
    g->here = ad_alloc(count, sizeof *g->here);
    g->free_one = ad_alloc_zeroed(count, sizeof *g->free_one);
    g->bits = ad_alloc_zeroed(count * g->words, sizeof *g->bits);
    return g->here && g->free_one && g->bits ? AD_OK : AD_NO_MEMORY;
}

/* Returns whether an entry is read off its column. */
static int owned(const ad_side *s, size_t i, size_t j) {
    return s->own == NULL || s->row_time[i] < s->column_time[j];
}

static int used(const greedy *g, uint32_t row, size_t c) {
    return g->bits[row * g->words + c / 64] >> (c % 64) & 1;
}

static size_t first_fit(greedy *g, uint32_t j) {
    const ad_side *s = g->side;
    size_t from = 0, longs = 0;
    for (size_t k = s->columns.start[j]; k < s->columns.start[j + 1]; k++) {
        size_t i = s->columns.index[k], begin = s->rows.start[i], end = s->rows.start[i + 1];
        uint32_t row = g->number[i];
        if (row != AD_NO_VERTEX) {
            if (g->free_one[row] > from) from = g->free_one[row];
            g->here[longs++] = row;
            continue;
        }
        if (!owned(s, i, j)) {
            end = s->substitution ? begin : begin + s->own[i];
        } else if (s->substitution && s->own != NULL) {
            end = begin + s->own[i];
        }
        for (size_t e = begin; e < end; e++) {
            uint32_t c = g->colour[s->rows.index[e]];
            if (c != AD_NO_COLOUR) g->taken[c] = j;
        }
    }
    for (size_t k = 0; k < longs || g->taken[from] == j;) {
        int refused = g->taken[from] == j || used(g, g->here[k], from);
        k = refused ? 0 : k + 1;
        from += (size_t)refused;
    }
    for (size_t k = 0; k < longs; k++) {
        uint32_t row = g->here[k];
        g->bits[row * g->words + from / 64] |= (uint64_t)1 << (from % 64);
        while (used(g, row, g->free_one[row])) g->free_one[row]++;
    }
    return from;
}

static int in_a_product(const ad_side *s, uint32_t j) {
    if (s->own == NULL) return 1;
    for (size_t k = s->columns.start[j]; k < s->columns.start[j + 1]; k++) {
        if (owned(s, s->columns.index[k], j)) return 1;
    }
    return 0;
}

ad_status ad_colour_side(const ad_side *side, const uint32_t *order, uint32_t *colour,
                         size_t *colours) {
    size_t n = side->rows.columns, count = 0;
    greedy g = {.side = side, .colour = colour};
    g.taken = ad_alloc(n + 1, sizeof *g.taken);
    g.number = ad_alloc(side->rows.rows, sizeof *g.number);
    ad_status status = AD_NO_MEMORY;
    if (g.taken != NULL && g.number != NULL) status = find_long_rows(&g);
    if (status == AD_OK) {
        memset(g.taken, 0xff, (n + 1) * sizeof *g.taken);
        for (size_t j = 0; j < n; j++) colour[j] = AD_NO_COLOUR;
        for (size_t k = 0; k < n; k++) {
            if (!in_a_product(side, order[k])) continue;
            size_t c = first_fit(&g, order[k]);
            colour[order[k]] = (uint32_t)c;
            if (c + 1 > count) count = c + 1;
        }
        *colours = count;
    }
    ad_free(g.taken);
    ad_free(g.number);
    ad_free(g.here);
    ad_free(g.free_one);
    ad_free(g.bits);
    return status;
}

/* ------------------------------------------------------------------------- orderings */

typedef struct problem {
    ad_colouring kind;
    ad_side side; /* its columns are the vertices; for a symmetric matrix only its rows are used */
    ad_pattern transpose;
} problem;

static ad_status prepare(const ad_pattern *p, ad_colouring kind, problem *x) {
    *x = (problem){.kind = kind};
    ad_status status = (unsigned)kind < AD_COLOURINGS ? ad_pattern_check(p) : AD_BAD_INDEX;
    if (status != AD_OK) return status;
    if (kind == AD_COLOUR_STAR || kind == AD_COLOUR_ACYCLIC) {
        x->side.rows = *p;
        return ad_pattern_mirror(p, NULL);
    }
    status = ad_pattern_transpose(p, &x->transpose, NULL);
    x->side.rows = kind == AD_COLOUR_COLUMNS ? *p : x->transpose;
    x->side.columns = kind == AD_COLOUR_COLUMNS ? x->transpose : *p;
    return status;
}

static ad_status attempt(const problem *x, ad_ordering ordering, uint32_t *order, uint32_t *colour,
                         size_t *colours) {
    const ad_pattern *rows = &x->side.rows;
    int symmetric = x->kind == AD_COLOUR_STAR || x->kind == AD_COLOUR_ACYCLIC;
    ad_status status = ad_colour_order(rows, symmetric ? NULL : &x->side.columns, ordering, order);
    if (status != AD_OK) return status;
    if (x->kind == AD_COLOUR_STAR) return ad_colour_star(rows, order, colour, colours);
    if (x->kind == AD_COLOUR_ACYCLIC) return ad_colour_acyclic(rows, order, colour, colours);
    return ad_colour_side(&x->side, order, colour, colours);
}

/* A lower bound of the number of colours.  For columns it is the length of the longest row.  For a
 * graph it follows from the number of edges: between a and b vertices of two colours there are at
 * most a + b - 1 edges, hence (k - 1) n - k (k - 1) / 2 in all for k colours and n vertices. */
static size_t least_colours(const problem *x) {
    const ad_pattern *rows = &x->side.rows;
    size_t most = 0, n = rows->rows, edges = 0;
    if (x->kind == AD_COLOUR_COLUMNS || x->kind == AD_COLOUR_ROWS) {
        for (size_t i = 0; i < n; i++) {
            size_t length = rows->start[i + 1] - rows->start[i];
            if (length > most) most = length;
        }
        return most;
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t k = rows->start[i]; k < rows->start[i + 1]; k++) edges += rows->index[k] < i;
    }
    for (size_t k = 1; k <= n && edges > 0; k++) { /* the k-th colour allows n - k + 1 more */
        most = k;
        if (k > 1) edges -= n - k + 1 < edges ? n - k + 1 : edges;
    }
    return most;
}

/* Colour by each ordering of [first, end) and keep the best result. */
static ad_status search_orderings(const ad_pattern *p, ad_colouring kind, unsigned first,
                                  unsigned end, uint32_t *colour, size_t *colours,
                                  ad_ordering *ordering) {
    problem x;
    ad_status status = prepare(p, kind, &x);
    size_t n = x.side.rows.columns, fewest = SIZE_MAX, bound = 0;
    uint32_t *order = NULL, *trial = NULL;
    if (status == AD_OK) {
        order = ad_alloc(n, sizeof *order);
        trial = ad_alloc(n, sizeof *trial);
        if (order == NULL || trial == NULL) status = AD_NO_MEMORY;
    }
    if (status == AD_OK) bound = least_colours(&x);
    ad_ordering taken = first;
    uint32_t *best = ad_alloc(n, sizeof *best);
    if (best == NULL) status = AD_NO_MEMORY;
    for (unsigned o = first; o < end && status == AD_OK && fewest > bound; o++) {
        size_t count = 0;
        status = attempt(&x, (ad_ordering)o, order, trial, &count);
        if (status != AD_OK || count >= fewest) continue;
        uint32_t *swap = best;
        best = trial;
        trial = swap;
        fewest = count;
        taken = (ad_ordering)o;
    }
    if (status == AD_OK) {
        if (n > 0) memcpy(colour, best, n * sizeof *colour);
        *colours = fewest;
        *ordering = taken;
    }
    ad_free(order);
    ad_free(trial);
    ad_free(best);
    ad_pattern_free(&x.transpose);
    return status;
}

ad_status ad_colour(const ad_pattern *p, ad_colouring kind, ad_ordering ordering, uint32_t *colour,
                    size_t *colours) {
    if ((unsigned)ordering >= AD_ORDERINGS) return AD_BAD_INDEX;
    return search_orderings(p, kind, ordering, (unsigned)ordering + 1, colour, colours, &ordering);
}

ad_status ad_colour_best(const ad_pattern *p, ad_colouring kind, uint32_t *colour, size_t *colours,
                         ad_ordering *ordering) {
    return search_orderings(p, kind, 0, AD_ORDERINGS, colour, colours, ordering);
}
