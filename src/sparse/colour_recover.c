/* SPDX-License-Identifier: Apache-2.0 */
/* Every entry is a term of one or two sums, which are numbers in products: one of its column's
 * colour and one of its row's.  A sum with one unknown term determines it.  Sums of one term come
 * first, so that star colourings and direct colourings of both sides need no others.  For a tree of
 * two colours the entries are found from the leaves on.  If some sums keep several unknown terms,
 * the colouring is not valid for the pattern. */
#include <string.h>

#include "base/alloc.h"
#include "sparse/colour_parts.h"

#define NO_SUM SIZE_MAX

/* A term is one appearance of an entry in a sum.  In a symmetric pattern term k is entry k, and its
 * mirror is the transposed entry.  Otherwise term k is entry k in the sum of its column's colour,
 * and term entries + k is the same entry in that of its row's colour. */
typedef struct sum_system {
    const ad_pattern *p;
    int symmetric;
    size_t entries, terms, sums;
    size_t *mirror; /* for a symmetric pattern */
    size_t *sum;    /* of a term, or NO_SUM */
    size_t *from, *left, *unknown, *start;
    size_t *member; /* the terms of sum s, from start[s] on */
    size_t *queue, queued;
} sum_system;

static size_t entry_of(const sum_system *x, size_t term) {
    return term < x->entries ? term : term - x->entries;
}

static size_t mirror_of(const sum_system *x, size_t term) {
    if (x->symmetric) return x->mirror[term];
    return term < x->entries ? term + x->entries : term - x->entries;
}

/* Enter the sums of the products of one side.  The rows of `lines` are the places in a product.
 * `place` holds the term of each entry of `lines`. */
static ad_status add_sums(sum_system *x, const ad_pattern *lines, const uint32_t *colour,
                          size_t colours, const size_t *place, size_t shift, size_t packed) {
    size_t *seen = ad_alloc(colours, sizeof *seen);
    if (seen == NULL) return AD_NO_MEMORY;
    for (size_t i = 0; i < lines->rows; i++) {
        for (size_t k = lines->start[i]; k < lines->start[i + 1]; k++) {
            uint32_t c = colour[lines->index[k]];
            if (c < colours) seen[c] = NO_SUM;
        }
        for (size_t k = lines->start[i]; k < lines->start[i + 1]; k++) {
            size_t term = (place != NULL ? place[k] : k) + shift;
            uint32_t c = colour[lines->index[k]];
            x->sum[term] = NO_SUM;
            if (c == AD_NO_COLOUR) continue;
            if (seen[c] == NO_SUM) {
                seen[c] = x->sums;
                x->from[x->sums++] = packed + c * lines->rows + i;
            }
            x->sum[term] = seen[c];
        }
    }
    ad_free(seen);
    return AD_OK;
}

static ad_status allocate_system(sum_system *x) {
    size_t n = x->terms;
    x->sum = ad_alloc(n, sizeof *x->sum);
    x->from = ad_alloc(n, sizeof *x->from);
    x->left = ad_alloc_zeroed(n, sizeof *x->left);
    x->unknown = ad_alloc_zeroed(n, sizeof *x->unknown);
    x->start = ad_alloc_zeroed(n + 2, sizeof *x->start);
    x->member = ad_alloc(n, sizeof *x->member);
    x->queue = ad_alloc(n, sizeof *x->queue);
    int ready = x->sum && x->from && x->left && x->unknown && x->start && x->member && x->queue;
    return ready ? AD_OK : AD_NO_MEMORY;
}

static void list_members(sum_system *x) {
    for (size_t t = 0; t < x->terms; t++) {
        if (x->sum[t] != NO_SUM) x->start[x->sum[t] + 2]++;
    }
    for (size_t s = 0; s < x->sums; s++) {
        x->left[s] = x->start[s + 2];
        if (x->left[s] == 1) x->queue[x->queued++] = s;
        x->start[s + 2] += x->start[s + 1];
    }
    for (size_t t = 0; t < x->terms; t++) {
        size_t s = x->sum[t];
        if (s == NO_SUM) continue;
        x->unknown[s] ^= t; /* with a single term, the exclusive or is this term */
        x->member[x->start[s + 1]++] = t;
    }
}

/* Store the remaining term of sum s, as an entry read off or as a step. */
static ad_status give_entry(const sum_system *x, size_t s, ad_recovery *r) {
    size_t term = x->unknown[s], entry = entry_of(x, term);
    size_t mirror = x->symmetric ? x->mirror[term] : entry;
    r->from[entry] = r->from[mirror] = x->from[s];
    size_t others = x->start[s + 1] - x->start[s] - 1;
    if (others == 0) return AD_OK;
    ad_status status = ad_grow((void **)&r->step, &r->room_steps, r->steps + 1, sizeof *r->step);
    if (status != AD_OK) return status;
    status = ad_grow((void **)&r->minus, &r->room_minus, r->minuses + others, sizeof *r->minus);
    if (status != AD_OK) return status;
    for (size_t m = x->start[s]; m < x->start[s + 1]; m++) {
        if (x->member[m] != term) r->minus[r->minuses++] = entry_of(x, x->member[m]);
    }
    r->step[r->steps++] = (ad_recovery_step){entry, mirror, r->minuses};
    return AD_OK;
}

static ad_status solve_system(sum_system *x, ad_recovery *r) {
    size_t found = 0;
    for (size_t q = 0; q < x->queued; q++) {
        size_t s = x->queue[q];
        if (x->left[s] == 0) continue; /* its last term was found through another sum */
        size_t term = x->unknown[s], mirror = mirror_of(x, term), other = x->sum[mirror];
        ad_status status = give_entry(x, s, r);
        if (status != AD_OK) return status;
        x->left[s] = 0;
        found += x->symmetric && mirror != term ? 2 : 1;
        if (mirror == term || other == NO_SUM) continue;
        x->unknown[other] ^= mirror;
        if (--x->left[other] == 1) x->queue[x->queued++] = other;
    }
    return found == x->entries ? AD_OK : AD_BAD_INDEX;
}

static int colours_exist(size_t n, const uint32_t *colour, size_t colours) {
    for (size_t v = 0; v < n; v++) {
        if (colour[v] >= colours && colour[v] != AD_NO_COLOUR) return 0;
    }
    return 1;
}

static ad_status finish(sum_system *x, ad_status status, ad_recovery *r) {
    if (status == AD_OK) {
        r->entries = x->entries;
        r->from = ad_alloc(x->entries, sizeof *r->from);
        status = AD_NO_MEMORY;
    }
    if (r->from != NULL) {
        list_members(x);
        status = solve_system(x, r);
    }
    if (status != AD_OK) ad_recovery_free(r);
    ad_free(x->mirror);
    ad_free(x->sum);
    ad_free(x->from);
    ad_free(x->left);
    ad_free(x->unknown);
    ad_free(x->start);
    ad_free(x->member);
    ad_free(x->queue);
    return status;
}

static ad_status make_symmetric(const ad_pattern *p, const uint32_t *colour, size_t colours,
                                ad_recovery *r) {
    sum_system x = {.p = p, .symmetric = 1, .entries = p->start[p->rows]};
    x.terms = x.entries;
    x.mirror = ad_alloc(x.entries, sizeof *x.mirror);
    ad_status status = x.mirror != NULL ? ad_pattern_mirror(p, x.mirror) : AD_NO_MEMORY;
    if (status == AD_OK) status = allocate_system(&x);
    if (status == AD_OK) status = add_sums(&x, p, colour, colours, NULL, 0, 0);
    return finish(&x, status, r);
}

ad_status ad_recovery_make(const ad_pattern *p, ad_colouring kind, const uint32_t *colour,
                           size_t colours, ad_recovery *r) {
    *r = (ad_recovery){0};
    if (kind == AD_COLOUR_COLUMNS) return ad_recovery_make_both(p, colour, colours, NULL, 0, r);
    if (kind == AD_COLOUR_ROWS) return ad_recovery_make_both(p, NULL, 0, colour, colours, r);
    ad_status status = ad_pattern_check(p);
    if (status != AD_OK) return status;
    if (p->rows != p->columns || !colours_exist(p->rows, colour, colours)) return AD_BAD_INDEX;
    status = make_symmetric(p, colour, colours, r);
    r->packed = status == AD_OK ? colours * p->rows : 0;
    if (status != AD_OK || kind == AD_COLOUR_ACYCLIC || r->steps == 0) return status;
    ad_recovery_free(r); /* a star colouring must be direct */
    return AD_BAD_INDEX;
}

/* The recovery from the products of one side alone: every entry is a number of a product of its own,
 * if the colouring is valid. */
static ad_status make_one_side(const ad_pattern *p, const uint32_t *colour, size_t colours,
                               int by_rows, ad_recovery *r) {
    const size_t length = by_rows ? p->columns : p->rows, entries = p->start[p->rows];
    uint64_t *taken = ad_alloc_zeroed((colours * length + 63) / 64, sizeof *taken);
    r->from = ad_alloc(entries, sizeof *r->from);
    ad_status status = taken != NULL && r->from != NULL ? AD_OK : AD_NO_MEMORY;
    for (size_t i = 0; i < p->rows && status == AD_OK; i++) {
        for (size_t k = p->start[i]; k < p->start[i + 1]; k++) {
            const uint32_t c = colour[by_rows ? i : p->index[k]];
            const size_t place = c * length + (by_rows ? p->index[k] : i);
            if (c == AD_NO_COLOUR || (taken[place / 64] >> place % 64 & 1)) {
                status = AD_BAD_INDEX;
                break;
            }
            taken[place / 64] |= (uint64_t)1 << place % 64;
            r->from[k] = place;
        }
    }
    ad_free(taken);
    if (status != AD_OK) {
        ad_recovery_free(r);
        return status;
    }
    r->entries = entries;
    r->packed = colours * length;
    return AD_OK;
}

ad_status ad_recovery_make_both(const ad_pattern *p, const uint32_t *column_colour,
                                size_t column_colours, const uint32_t *row_colour,
                                size_t row_colours, ad_recovery *r) {
    *r = (ad_recovery){0};
    ad_status status = ad_pattern_check(p);
    if (status != AD_OK) return status;
    if (column_colour != NULL && !colours_exist(p->columns, column_colour, column_colours)) {
        return AD_BAD_INDEX;
    }
    if (row_colour != NULL && !colours_exist(p->rows, row_colour, row_colours)) {
        return AD_BAD_INDEX;
    }
    if (row_colour == NULL && column_colour != NULL) {
        return make_one_side(p, column_colour, column_colours, 0, r);
    }
    if (column_colour == NULL && row_colour != NULL) {
        return make_one_side(p, row_colour, row_colours, 1, r);
    }
    sum_system x = {.p = p, .entries = p->start[p->rows]};
    x.terms = 2 * x.entries;
    size_t first = column_colours * p->rows, *place = NULL;
    ad_pattern t = {0};
    status = allocate_system(&x);
    if (status == AD_OK && column_colour != NULL) {
        status = add_sums(&x, p, column_colour, column_colours, NULL, 0, 0);
        place = ad_alloc(x.entries, sizeof *place);
        if (status == AD_OK) {
            status = place != NULL ? ad_pattern_transpose(p, &t, place) : AD_NO_MEMORY;
        }
        if (status == AD_OK) {
            status = add_sums(&x, &t, row_colour, row_colours, place, x.entries, first);
        }
    }
    ad_pattern_free(&t);
    ad_free(place);
    status = finish(&x, status, r);
    r->packed = status == AD_OK ? first + row_colours * p->columns : 0;
    return status;
}

void ad_recovery_free(ad_recovery *r) {
    ad_free(r->from);
    ad_free(r->step);
    ad_free(r->minus);
    *r = (ad_recovery){0};
}

void ad_recover(const ad_recovery *r, size_t count, const double *packed, double *entry) {
    for (size_t b = 0; b < count; b++, packed += r->packed, entry += r->entries) {
        for (size_t k = 0; k < r->entries; k++) entry[k] = packed[r->from[k]];
        size_t m = 0;
        for (size_t s = 0; s < r->steps; s++) {
            const ad_recovery_step *step = &r->step[s];
            double x = entry[step->entry];
            for (; m < step->end; m++) x -= entry[r->minus[m]];
            entry[step->entry] = entry[step->mirror] = x;
        }
    }
}
