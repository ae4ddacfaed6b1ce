/* SPDX-License-Identifier: Apache-2.0 */
/* Sweeps through block runs. */
#include <string.h>

#include "base/alloc.h"
#include "base/nonfinite.h"
#include "sweep/parts.h"
#include "tape/block.h"

/* The partials of a stretch of an extreme. */
static void choice_partials(const ad_tape *tape, const ad_run *run, const ad_block *block,
                            const ad_edges *e, double *partial) {
    const ad_block_info *kind = &ad_block_kinds[run->op];
    const double *share = tape->partial + block->partial + e->out;
    const double *best = tape->value + run->node + e->out, *x = tape->value + e->in.base;
    const int in_row = e->in.list == NULL && e->in.stride == 1;
    if (in_row && e->out_stride == 0) {
        const double one_best = *best, one_share = *share;
        for (size_t k = 0; k < e->count; k++) {
            partial[k] = ad_element_partial(kind, x[k], one_best, one_share);
        }
    } else if (in_row) {
        for (size_t k = 0; k < e->count; k++) {
            partial[k] = ad_element_partial(kind, x[k], best[k], share[k]);
        }
    } else {
        for (size_t k = 0; k < e->count; k++) {
            const size_t o = k * (size_t)e->out_stride;
            const double element = tape->value[ad_place_node(e->in, k)];
            partial[k] = ad_element_partial(kind, element, best[o], share[o]);
        }
    }
}

static int sweep_whole_rows(ad_sweep *s, const ad_run *run, const ad_block *block) {
    ad_cursor cursor = {0};
    ad_edges e;
    double partials[AD_CHUNK];
    int chosen = ad_block_kinds[run->op].choice != 0;
    if (!chosen && ad_has_short_lists(block)) return ad_sweep_listed_sums(s, run, block);
    int first = s->backward && ad_sweep_first(s, run, 0) != NULL;
    ad_sweep_clear(s, run);
    while (ad_next_edges(s->tape, block, &cursor, &e)) {
        ad_place own = {(ad_node)(run->node + e.out), e.out_stride, NULL};
        ad_numbers partial = chosen ? (ad_numbers){partials, 1} : ad_sweep_ones;
        if (chosen) choice_partials(s->tape, run, block, &e, partials);
        ad_sweep_propagate(s, e.count, ad_sweep_endpoint(s, e.count, own),
                           ad_sweep_endpoint(s, e.count, e.in), partial, ad_sweep_zeros, first);
        if (ad_pace_stops(&s->pace, e.count * s->p)) return 1;
    }
    return 0;
}

/* In reverse, the adjoint of each node of a running sum is first added to that of its
 * predecessor. */
static void pass_on(const ad_sweep *s, double *array, const ad_run *run, const ad_block *block) {
    size_t row = block->extent[1].count, p = s->p;
    double *own = array + (size_t)run->node * p;
    for (size_t k = block->count; k-- > 0;) {
        if (k % row == 0) continue;
        for (size_t q = 0; q < p; q++) own[(k - 1) * p + q] += own[k * p + q];
    }
}

/* y_r = y_(r-1) + x_r.  Forward, this is the running sum of the tangents.  In reverse, the adjoint
 * of each y_r is first added to that of y_(r-1), from the last to the first, and then to that of
 * x_r. */
static int sweep_running(ad_sweep *s, const ad_run *run, const ad_block *block) {
    size_t row = block->extent[1].count, p = s->p;
    double *own = s->array + (size_t)run->node * p;
    int first = s->backward && ad_sweep_first(s, run, 0) != NULL;
    ad_cursor cursor = {0};
    ad_edges e;
    ad_sweep_clear(s, run);
    if (s->backward) pass_on(s, s->array, run, block);
    if (s->second != NULL) pass_on(s, s->second->adjoint, run, block);
    while (ad_next_edges(s->tape, block, &cursor, &e)) {
        ad_place nodes = {(ad_node)(run->node + e.edge), e.edge_stride, NULL};
        ad_sweep_propagate(s, e.count, ad_sweep_endpoint(s, e.count, nodes),
                           ad_sweep_endpoint(s, e.count, e.in), ad_sweep_ones, ad_sweep_zeros,
                           first);
        if (ad_pace_stops(&s->pace, e.count * p)) return 1;
    }
    for (size_t k = 0; !s->backward && k < block->count; k++) {
        if (k % row == 0) continue;
        for (size_t q = 0; q < p; q++) own[k * p + q] += own[(k - 1) * p + q];
    }
    return 0;
}

static int sweep_REDUCTION(ad_sweep *s, const ad_run *run, const ad_block *block) {
    return ad_block_kinds[run->op].running ? sweep_running(s, run, block)
                                           : sweep_whole_rows(s, run, block);
}

/* A vector of nodes, and a sweep's seed q of it in one of its arrays. */
typedef struct node_vector {
    int64_t base, step, length;
} node_vector;

/* The numbers of a vector, contiguous: in place, or copied.  p is 1 for values. */
static const double *numbers_of(const double *array, size_t p, size_t q, const node_vector *x,
                                double *copy) {
    const double *from = array + (size_t)x->base * p + q;
    const int64_t step = x->step * (int64_t)p;
    if (step == 1) return from;
    for (int64_t k = 0; k < x->length; k++) copy[k] = from[k * step];
    return copy;
}

/* Add numbers to seed q of a vector, or write them if `first` is set. */
static void put_numbers(double *array, size_t p, size_t q, const node_vector *x, int first,
                        const double *from) {
    double *to = array + (size_t)x->base * p + q;
    const int64_t step = x->step * (int64_t)p;
    for (int64_t k = 0; first && k < x->length; k++) to[k * step] = 0;
    ad_add_strided(to, step, from, x->length);
}

/* c = a correlated with b for seed q. */
typedef struct correlation {
    node_vector own, operand[2];
    int64_t shift;
    size_t q;
} correlation;

/* Numbers in an array with p seeds of each. */
typedef struct seeds {
    const double *at;
    size_t p, q;
} seeds;

/* The correlation of x with y, in the sweep's scratch memory. */
static const double *correlated(ad_sweep *s, seeds x, const node_vector *a, seeds y,
                                const node_vector *b, int64_t shift, int64_t count) {
    double *room = s->scratch, *out = room + a->length + b->length;
    const double *left = numbers_of(x.at, x.p, x.q, a, room);
    const double *right = numbers_of(y.at, y.p, y.q, b, room + a->length);
    s->nonfinite |= ad_correlate(a->length, left, b->length, right, shift, count, out, 1);
    return out;
}

/* The adjoints of operand j for adjoints w of the results, if the other operand is `factor`. */
static const double *pulled(ad_sweep *s, const correlation *x, int j, seeds w,
                            const double *factor) {
    const node_vector *a = &x->operand[0], *b = &x->operand[1];
    const node_vector reversed = {b->base + (b->length - 1) * b->step, -b->step, b->length};
    const seeds other = {factor, 1, 0};
    return j == 0 ? correlated(s, w, &x->own, other, &reversed, b->length - 1 - x->shift, a->length)
                  : correlated(s, other, a, w, &x->own, x->shift, b->length);
}

static void push_correlation(ad_sweep *s, const correlation *x, int j, int first) {
    const seeds values = {s->tape->value, 1, 0}, moved = {s->array, s->p, x->q};
    const double *out =
        correlated(s, j == 0 ? moved : values, &x->operand[0], j == 0 ? values : moved,
                   &x->operand[1], x->shift, x->own.length);
    put_numbers(s->array, s->p, x->q, &x->own, first, out);
}

/* As pull_products(). */
static void pull_correlation(ad_sweep *s, const ad_run *run, const correlation *x, int j,
                             int bends) {
    const ad_region *region = ad_sweep_first(s, run, j);
    const double *value = s->tape->value;
    const seeds w = {s->array, s->p, x->q};
    const int first = region != NULL;
    node_vector at = x->operand[j];
    const int64_t end = at.base + (at.step > 0 ? (at.length - 1) * at.step : 0);
    double *to = s->second != NULL ? s->second->adjoint : s->array;
    const seeds u = {to, s->p, x->q};
    if (s->second != NULL && ad_sweep_endpoint(s, 1, (ad_place){(ad_node)end, 0, NULL}).w != NULL) {
        put_numbers(s->array, 1, 0, &at, first, pulled(s, x, j, w, value));
    }
    if (region != NULL && region->result != NULL) {
        to = region->result;
        at.base -= (int64_t)region->first;
    }
    put_numbers(to, s->p, x->q, &at, first, pulled(s, x, j, u, value));
    if (bends) put_numbers(to, 1, 0, &at, 0, pulled(s, x, j, w, s->second->tangent));
}

static int sweep_CORRELATION(ad_sweep *s, const ad_run *run, const ad_block *b) {
    const int bends = s->second != NULL && b->active[0] && b->active[1];
    correlation x = {{run->node, 1, b->count}, {{0}}, b->operand[0].stride[1], 0};
    for (int j = 0; j < 2; j++) {
        const ad_view *v = &b->operand[j];
        x.operand[j] = (node_vector){v->base, v->stride[0], b->extent[1].size[j]};
    }
    if (s->p > 1 || !(b->active[0] || b->active[1])) ad_sweep_clear(s, run);
    for (; x.q < s->p; x.q++) {
        for (int j = 0; j < 2; j++) {
            if (!b->active[j]) continue;
            if (s->backward) {
                pull_correlation(s, run, &x, j, bends);
            } else {
                push_correlation(s, &x, j, s->p == 1 && (j == 0 || !b->active[0]));
            }
            if (ad_pace_stops(&s->pace, (size_t)b->count * b->extent[1].size[1] / 8)) return 1;
        }
    }
    return 0;
}

/* Returns whether none of the nodes [first, first + n) is a constant. */
static int all_vary(const ad_tape *tape, size_t first, size_t n) {
    for (size_t k = first; k < first + n; k = (k | 63) + 1) {
        uint64_t word = tape->constant[k >> 6] >> (k & 63);
        size_t bits = 64 - (k & 63), left = first + n - k;
        if (left < bits) word &= ((uint64_t)1 << left) - 1;
        if (word != 0) return 0;
    }
    return 1;
}

/* Add y to the adjoints of those of a call's n nodes that are no constants. */
static void add_adjoints(const ad_sweep *s, double *adjoint, const ad_block *b, size_t n,
                         const double *y) {
    const ad_view *view = &b->operand[0];
    size_t p = s->p;
    if (view->list == AD_AFFINE && all_vary(s->tape, view->base, n)) {
        ad_add_strided(adjoint + view->base * p, 1, y, (int64_t)(n * p));
        return;
    }
    for (size_t k = 0; k < n; k++) {
        ad_node node = ad_call_node(s->tape, b, k);
        if (ad_is_constant(s->tape, node)) continue;
        for (size_t q = 0; q < p; q++) adjoint[(size_t)node * p + q] += y[k * p + q];
    }
}

/* The tangents of the nodes that a call reads: in place if the nodes are consecutive, or gathered.
 * Those of constants are zero. */
static const double *tangents_of(const ad_sweep *s, const double *tangent, const ad_block *b,
                                 size_t n, double *to) {
    const ad_view *view = &b->operand[0];
    size_t p = s->p;
    if (view->list == AD_AFFINE && all_vary(s->tape, view->base, n))
        return tangent + view->base * p;
    for (size_t k = 0; k < n; k++) {
        ad_node node = ad_call_node(s->tape, b, k);
        const double *from = tangent + (size_t)node * p;
        int constant = ad_is_constant(s->tape, node);
        for (size_t q = 0; q < p; q++) to[k * p + q] = constant ? 0 : from[q];
    }
    return to;
}

/* The adjoints of a call's operands and, in `u`, their tangents.  `room` holds n numbers. */
static ad_status bend_call(ad_sweep *s, const ad_run *run, const ad_block *b, const double *x,
                           double *room, double *w, double *u) {
    const ad_callbacks *callbacks = ad_callbacks_get();
    size_t n = b->extent[1].count, m = b->count;
    const double *y = s->tape->value + run->node, *dy = s->second->tangent + run->node;
    const double *own = s->array + run->node, *moved = s->second->adjoint + run->node;
    void *rule = s->tape->rule[b->rule];
    memset(w, 0, n * sizeof *w);
    memset(u, 0, n * sizeof *u);
    if (!ad_any(m, own) && !ad_any(m, moved)) return AD_OK;
    const double *dx = tangents_of(s, s->second->tangent, b, n, room);
    ad_status status = callbacks->pull(rule, n, x, m, y, 1, own, w);
    if (status == AD_OK) status = callbacks->curve(rule, n, x, dx, m, y, dy, own, moved, u);
    s->nonfinite |= !ad_all_finite(n, u) || !ad_all_finite(n, w);
    return status;
}

/* A call in a reverse sweep of second order. */
static int bend_CALL(ad_sweep *s, const ad_run *run, const ad_block *b) {
    const ad_view *view = &b->operand[0];
    size_t n = b->extent[1].count;
    const ad_region *region = ad_sweep_first(s, run, 0);
    double *room = ad_alloc(4 * n, sizeof *room), *w = room + 2 * n, *u = w + n;
    s->status = AD_NO_MEMORY;
    if (room == NULL) return 1;
    s->status = bend_call(s, run, b, ad_call_values(s->tape, b, room), room + n, w, u);
    if (s->status == AD_OK && region == NULL) {
        add_adjoints(s, s->array, b, n, w);
        add_adjoints(s, s->second->adjoint, b, n, u);
    } else if (s->status == AD_OK && region->result != NULL) {
        memcpy(region->result + (view->base - region->first), u, n * sizeof *u);
    } else if (s->status == AD_OK) {
        memcpy(s->array + view->base, w, n * sizeof *w);
        memcpy(s->second->adjoint + view->base, u, n * sizeof *u);
    }
    ad_free(room);
    if (s->status != AD_OK) return 1;
    s->status = AD_INTERRUPTED;
    return ad_pace_stops(&s->pace, n + b->count);
}

/* Calls the rule's callback, unless all seeds are exact zeros. */
static int sweep_CALL(ad_sweep *s, const ad_run *run, const ad_block *b) {
    if (s->second != NULL) return bend_CALL(s, run, b);
    const ad_tape *tape = s->tape;
    const ad_view *view = &b->operand[0];
    size_t n = b->extent[1].count, m = b->count, p = s->p;
    double *own = s->array + (size_t)run->node * p, *y = tape->value + run->node;
    void *rule = tape->rule[b->rule];
    const ad_region *region = ad_sweep_first(s, run, 0);
    double *to = region == NULL           ? NULL
                 : region->result != NULL ? region->result + (view->base - region->first)
                                          : s->array + view->base;
    size_t gathered = view->list == AD_AFFINE ? 0 : n;
    double *room = ad_alloc(gathered + (to == NULL ? n * p : 0), sizeof *room);
    s->status = AD_NO_MEMORY;
    if (room == NULL) return 1;
    const double *x = ad_call_values(tape, b, room);
    double *at = to == NULL ? room + gathered : to;
    ad_sweep_clear(s, run);
    s->status = AD_OK;
    if (!s->backward) {
        const double *t = tangents_of(s, s->array, b, n, at);
        if (ad_any(n * p, t)) s->status = ad_callbacks_get()->push(rule, n, x, m, y, p, t, own);
    } else if (ad_any(m * p, own)) {
        s->status = ad_callbacks_get()->pull(rule, n, x, m, y, p, own, at);
        if (s->status == AD_OK && to == NULL) add_adjoints(s, s->array, b, n, at);
    } else if (to != NULL) {
        memset(to, 0, n * sizeof *to);
    }
    ad_free(room);
    if (s->status != AD_OK) return 1;
    s->status = AD_INTERRUPTED;
    return ad_pace_stops(&s->pace, (n + m) * p);
}

#define sweep_PRODUCT ad_sweep_product
#define BLOCK(KIND, NAME, FAMILY, ...) sweep_##FAMILY,
static int (*const sweep_block[])(ad_sweep *, const ad_run *, const ad_block *) = {
#include "tape/blocks.def"
};

int ad_sweep_block(ad_sweep *s, const ad_run *run) {
    return sweep_block[run->op](s, run, &s->tape->block[run->a]);
}

/* A group needs memory for private adjoints of first and second order. */
size_t ad_sweep_scratch(const ad_tape *tape, size_t p) {
    size_t most = 0;
    for (size_t k = 0; k < tape->runs; k++) {
        const ad_run *run = &tape->run[k];
        size_t need = 0;
        if (run->form == AD_FORM_SPAN && tape->span[run->a].extent.count >= AD_FIRST_WRITE_LARGE) {
            need = 2 * AD_GROUP_MOST * AD_GROUP_CHUNK;
        } else if (ad_is_family(run, AD_FAMILY_PRODUCT)) {
            need = ad_product_scratch(&tape->block[run->a], p);
        } else if (ad_is_family(run, AD_FAMILY_CORRELATION)) {
            const ad_block *b = &tape->block[run->a];
            need = 2 * ((size_t)b->extent[1].size[0] + b->extent[1].size[1] + b->count);
        }
        if (need > most) most = need;
    }
    return most;
}
