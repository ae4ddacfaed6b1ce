/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/nonfinite.h"
#include "sweep/parts.h"

#define PADDED_MOST ((size_t)1 << 20) /* largest array in doubles with padded seeds */
#define POLL_RUNS ((size_t)1 << 16)

static const double minus_one = -1;

/* The numbers of m nodes in an array, gathered into buffer if they are a list. */
static ad_numbers numbers_at(const double *array, size_t m, ad_place place, double *buffer) {
    if (place.list == NULL) return (ad_numbers){array + place.base, place.stride};
    for (size_t e = 0; e < m; e++) buffer[e] = array[place.list[e]];
    return (ad_numbers){buffer, 1};
}

/* A span in a sweep. */
typedef struct member {
    const ad_run *run;
    const ad_span *span;
    int edges, has_slopes;    /* number of operands with edges; second order: partials are stored */
    int first[AD_MAX_ARITY];  /* the operand's edges are the first to reach it */
    int within[AD_MAX_ARITY]; /* the member whose private nodes the operand is, or -1 */
    double *w, *u;            /* private adjoints of the current chunk, or NULL */
} member;

/* Spans of one length that are swept in interleaved chunks: one chunk of each span, then the next
 * chunk of each, so that each span finds in the cache what the previous one has written.  Adjoints
 * that no other run reads are private: they are never written to memory. */
typedef struct group {
    size_t count;
    member member[AD_GROUP_MOST]; /* in the order of the sweep */
} group;

/* Elements [k, k + m) of a span and the nodes of their operands. */
typedef struct chunk {
    size_t k, m;
    ad_place own, place[AD_MAX_ARITY];
    ad_node nodes[AD_MAX_ARITY][AD_CHUNK];
    double partials[AD_CHUNK], slopes[AD_CHUNK];
} chunk;

static void place_chunk(const ad_tape *tape, const member *x, size_t most, chunk *c) {
    c->m = ad_stretch(&x->span->extent, c->k);
    if (c->m > most) c->m = most;
    c->own = (ad_place){(ad_node)(x->run->node + c->k), 1, NULL};
    for (int j = 0; j < x->run->arity; j++) {
        c->place[j] = ad_view_place(&x->span->operand[j], &x->span->extent, c->k, c->m, tape->list,
                                    c->nodes[j]);
    }
}

/* Place the chunk after c, if it and c are rows of a matrix, whose places follow from those of c.
 * Returns whether they are. */
static int place_next_row(const member *x, chunk *c) {
    const ad_extent *extent = &x->span->extent;
    const size_t row = extent->size[1];
    if (extent->ndim != 2 || c->m != row || c->k + 2 * row > extent->count) return 0;
    for (int j = 0; j < x->run->arity; j++) {
        if (c->place[j].list == c->nodes[j]) return 0; /* short rows */
    }
    for (int j = 0; j < x->run->arity; j++) {
        ad_place *place = &c->place[j];
        if (place->list != NULL) {
            place->list += row;
        } else {
            place->base = (ad_node)(place->base + x->span->operand[j].stride[0]);
        }
    }
    c->k += row;
    c->own.base += (ad_node)row;
    return 1;
}

/* The partials along edge j. */
static ad_numbers chunk_partials(const ad_tape *tape, const member *x, chunk *c, int j) {
    const int source = x->span->source[j];
    switch (source) {
    case AD_PARTIAL_ONE:
        return ad_sweep_ones;
    case AD_PARTIAL_MINUS_ONE:
        return (ad_numbers){&minus_one, 0};
    case AD_PARTIAL_V:
        return numbers_at(tape->value, c->m, c->own, NULL);
    case AD_PARTIAL_STORED:
        return (ad_numbers){tape->partial + x->span->partial[j] + c->k, 1};
    default:
        return numbers_at(tape->value, c->m, c->place[source != AD_PARTIAL_A], c->partials);
    }
}

/* The tangents of these partials, where stored[j] holds those of stored partials.  An operand
 * without edges does not move. */
static ad_numbers chunk_slopes(const ad_second *second, const member *x, chunk *c, int j,
                               const double *const stored[]) {
    const int source = x->span->source[j], other = source != AD_PARTIAL_A;
    switch (source) {
    case AD_PARTIAL_ONE:
    case AD_PARTIAL_MINUS_ONE:
        return ad_sweep_zeros;
    case AD_PARTIAL_V:
        return numbers_at(second->tangent, c->m, c->own, NULL);
    case AD_PARTIAL_STORED:
        return (ad_numbers){stored[j], 1};
    default:
        if (x->span->source[other] == AD_PARTIAL_ZERO) return ad_sweep_zeros;
        return numbers_at(second->tangent, c->m, c->place[other], c->slopes);
    }
}

/* The end of a chunk's edges: the private arrays of member x if it has them. */
static ad_endpoint end_of(const ad_sweep *s, size_t m, const member *x, ad_place place) {
    if (x == NULL || x->w == NULL) return ad_sweep_endpoint(s, m, place);
    return (ad_endpoint){x->w, x->u, {0, 1, NULL}};
}

/* Returns whether the derivative of a partial may be infinite.  This needs a partial that is zero
 * or not finite, as at kinks and poles. */
static int slope_may_be_infinite(double partial) {
    return partial == 0 || !(partial - partial == 0);
}

/* Returns whether a chunk has such partials among the stored ones. */
static int slopes_may_be_infinite(const ad_tape *tape, const member *x, const chunk *c) {
    for (int j = 0; j < x->run->arity; j++) {
        if (x->span->source[j] != AD_PARTIAL_STORED) continue;
        const double *partial = tape->partial + x->span->partial[j] + c->k;
        for (size_t e = 0; e < c->m; e++) {
            if (slope_may_be_infinite(partial[e])) return 1;
        }
    }
    return 0;
}

/* Returns whether the tangents of a chunk's partials matter, and finds those of stored ones; w holds
 * the adjoints of its results.  Returns -1 to stop the sweep. */
static int find_slopes(ad_sweep *s, const member *x, chunk *c, const double *w,
                       const double *stored[]) {
    const ad_second *second = s->second;
    if (second == NULL) return 0;
    if (!ad_any(c->m, w) && !(x->has_slopes && slopes_may_be_infinite(s->tape, x, c))) return 0;
    if (!x->has_slopes) return 1;
    s->status = second->slopes(second->context, x->run, c->k, c->m, c->place, stored);
    if (s->status != AD_OK) return -1;
    s->status = AD_INTERRUPTED;
    return 1;
}

static int chunk_edges(ad_sweep *s, const group *g, const member *x, chunk *c) {
    const double *stored[AD_MAX_ARITY] = {NULL};
    const ad_endpoint own = end_of(s, c->m, x, c->own);
    const int with_slopes = find_slopes(s, x, c, own.w + own.place.base, stored);
    if (with_slopes < 0) return 1;
    for (int j = 0; j < x->run->arity; j++) {
        if (x->span->source[j] == AD_PARTIAL_ZERO) continue;
        const member *within = x->within[j] < 0 ? NULL : &g->member[x->within[j]];
        ad_numbers partial = chunk_partials(s->tape, x, c, j);
        ad_numbers slope = with_slopes ? chunk_slopes(s->second, x, c, j, stored) : ad_sweep_zeros;
        ad_sweep_propagate(s, c->m, own, end_of(s, c->m, within, c->place[j]), partial, slope,
                           x->first[j]);
    }
    return ad_pace_stops(&s->pace, (with_slopes ? 4 : 1) * c->m * s->p);
}

static member member_of(const ad_sweep *s, const ad_run *run) {
    member x = {.run = run, .span = &s->tape->span[run->a]};
    for (int j = 0; j < run->arity; j++) {
        const int source = x.span->source[j];
        x.first[j] = s->backward ? ad_sweep_first(s, run, j) != NULL
                                 : source != AD_PARTIAL_ZERO && x.edges == 0;
        x.within[j] = -1;
        x.edges += source != AD_PARTIAL_ZERO;
        x.has_slopes |= s->second != NULL && source == AD_PARTIAL_STORED;
    }
    return x;
}

/* Returns whether a run can be in a group: it is long, and operands with edges are affine. */
static int can_be_grouped(const ad_sweep *s, const ad_run *run) {
    if (run->form != AD_FORM_SPAN || s->p > 1) return 0;
    const ad_span *span = &s->tape->span[run->a];
    if (span->lag != 0) return 0;
    for (int j = 0; j < run->arity; j++) {
        if (span->source[j] != AD_PARTIAL_ZERO && span->operand[j].list != AD_AFFINE) return 0;
    }
    return span->extent.ndim == 1 && span->extent.count >= 2 * AD_GROUP_CHUNK;
}

/* Returns whether every operand of a groupable span that has edges to nodes [first, first + n)
 * reads node first + k for its element k. */
static int matches_elementwise(const member *x, size_t first, size_t n) {
    for (int j = 0; j < x->run->arity; j++) {
        const ad_view *view = &x->span->operand[j];
        const int64_t reach = view->stride[0] * (int64_t)(x->span->extent.count - 1);
        const int64_t low = (int64_t)view->base + (reach < 0 ? reach : 0);
        const int64_t high = (int64_t)view->base + (reach > 0 ? reach : 0);
        if (x->span->source[j] == AD_PARTIAL_ZERO) continue;
        if (high < (int64_t)first || low >= (int64_t)(first + n)) continue;
        if (view->base != first || view->stride[0] != 1) return 0;
    }
    return 1;
}

/* Returns whether the chunks of two members may be interleaved.  If one member must finish a node
 * before the other one reads or writes it, both must access these nodes element by element. */
static int members_interleave(const ad_sweep *s, const member *earlier, const member *later) {
    if (!matches_elementwise(later, earlier->run->node, earlier->span->extent.count)) return 0;
    for (int j = 0; s->backward && j < later->run->arity; j++) {
        const ad_region *written = ad_sweep_first(s, later->run, j);
        if (written == NULL) continue;
        if (!matches_elementwise(earlier, written->first, written->end - written->first)) return 0;
    }
    return 1;
}

/* Keep the adjoints of members that only members read out of memory. */
static void make_private(const ad_sweep *s, group *g) {
    const size_t top = (size_t)(g->member[0].run - s->tape->run);
    for (size_t i = 1; i < g->count; i++) {
        member *x = &g->member[i];
        const size_t n = x->span->extent.count;
        if (!ad_first_write_private(s->writes, x->run->node, n, top)) continue;
        x->w = s->scratch + 2 * i * AD_GROUP_CHUNK;
        x->u = x->w + AD_GROUP_CHUNK;
        for (size_t k = 0; k < i; k++) {
            member *reader = &g->member[k];
            for (int j = 0; j < reader->run->arity; j++) {
                if (reader->span->operand[j].base != x->run->node) continue;
                if (reader->span->source[j] != AD_PARTIAL_ZERO) reader->within[j] = (int)i;
            }
        }
    }
}

/* Form the group that begins with run `run` and extends in the direction of the sweep, at most to
 * run `end`. */
static void form_group(const ad_sweep *s, size_t run, size_t end, group *g) {
    const ad_run *runs = s->tape->run;
    g->count = 1;
    g->member[0] = member_of(s, &runs[run]);
    if (!can_be_grouped(s, &runs[run])) return;
    while (g->count < AD_GROUP_MOST) {
        const size_t next = s->backward ? run - g->count : run + g->count;
        if (s->backward ? run < end + g->count : next >= end) break;
        if (!can_be_grouped(s, &runs[next])) break;
        const member x = member_of(s, &runs[next]);
        int fits = x.span->extent.count == g->member[0].span->extent.count;
        for (size_t k = 0; fits && k < g->count; k++) {
            const member *y = &g->member[k];
            fits = members_interleave(s, s->backward ? &x : y, s->backward ? y : &x);
        }
        if (!fits) break;
        g->member[g->count++] = x;
    }
    if (s->backward) make_private(s, g);
}

/* Sweep the group that begins with the span `run`.  Returns the number of its runs, or 0 to
 * stop. */
static size_t sweep_group(ad_sweep *s, size_t run, size_t end) {
    group g;
    chunk c;
    form_group(s, run, end, &g);
    const size_t count = g.member[0].span->extent.count,
                 most = g.count > 1 ? AD_GROUP_CHUNK : AD_CHUNK;
    for (size_t i = 0; i < g.count; i++) {
        if (g.member[i].edges == 0) ad_sweep_clear(s, g.member[i].run);
    }
    for (c.k = 0; c.k < count;) {
        for (size_t i = 0; i < g.count; i++) {
            place_chunk(s->tape, &g.member[i], most, &c);
            if (chunk_edges(s, &g, &g.member[i], &c)) return 0;
        }
        while (g.count == 1 && place_next_row(&g.member[0], &c)) {
            if (chunk_edges(s, &g, &g.member[0], &c)) return 0;
        }
        c.k += c.m;
    }
    return g.count;
}

/* The edges of a chunk of a running fold along its second operand.  In reverse, the adjoints of the
 * chunk's results are complete. */
static void second_operand(ad_sweep *s, const member *x, chunk *c, const double *const stored[],
                           int with_slopes) {
    const ad_endpoint own = ad_sweep_endpoint(s, c->m, c->own);
    if (x->span->source[1] == AD_PARTIAL_ZERO) return;
    ad_numbers partial = chunk_partials(s->tape, x, c, 1);
    ad_numbers slope = with_slopes ? chunk_slopes(s->second, x, c, 1, stored) : ad_sweep_zeros;
    ad_sweep_propagate(s, c->m, own, ad_sweep_endpoint(s, c->m, c->place[1]), partial, slope,
                       s->backward ? x->first[1] : 1);
}

/* A chunk of a fold whose results come before those that are swept already. */
static int fold_backward(ad_sweep *s, const member *x, chunk *c) {
    const double *stored[AD_MAX_ARITY] = {NULL};
    const size_t lag = x->span->lag;
    ad_numbers partial = chunk_partials(s->tape, x, c, 0);
    s->kernel->chain(s->array, c->m, s->p, c->own.base, lag, partial.at, partial.step, 1,
                     &s->nonfinite);
    const int with_slopes = find_slopes(s, x, c, s->array + c->own.base, stored);
    if (with_slopes < 0) return 1;
    if (with_slopes) { /* before the tangents of these adjoints are read */
        const ad_numbers slope = chunk_slopes(s->second, x, c, 0, stored);
        for (size_t k = c->m; slope.at != NULL && k-- > 0;) {
            const double p = slope.at[(int64_t)k * slope.step], w = s->array[c->own.base + k];
            s->nonfinite |= !(p - p == 0);
            s->second->adjoint[c->own.base + k - lag] += ad_guarded(p, w);
        }
    }
    if (s->second != NULL) {
        s->kernel->chain(s->second->adjoint, c->m, 1, c->own.base, lag, partial.at, partial.step, 1,
                         &s->nonfinite);
    }
    second_operand(s, x, c, stored, with_slopes);
    return ad_pace_stops(&s->pace, (with_slopes ? 8 : 2) * c->m * s->p);
}

static int fold_forward(ad_sweep *s, const member *x, chunk *c) {
    const double *const stored[AD_MAX_ARITY] = {NULL};
    ad_numbers partial = chunk_partials(s->tape, x, c, 0);
    second_operand(s, x, c, stored, 0);
    s->kernel->chain(s->array, c->m, s->p, c->own.base, x->span->lag, partial.at, partial.step, 0,
                     &s->nonfinite);
    return ad_pace_stops(&s->pace, 2 * c->m * s->p);
}

/* Sweep a running fold, chunk by chunk in the direction of the sweep.  Returns 0 to stop. */
static size_t sweep_fold(ad_sweep *s, const ad_run *run) {
    const member x = member_of(s, run);
    const size_t count = x.span->extent.count;
    chunk c;
    if (x.span->source[1] == AD_PARTIAL_ZERO) ad_sweep_clear(s, run);
    for (size_t left = count; left > 0; left -= c.m) {
        size_t most = AD_CHUNK;
        if (s->backward) {
            const size_t before = ad_stretch_before(&x.span->extent, left);
            if (before < most) most = before;
        }
        c.k = s->backward ? left - most : count - left;
        place_chunk(s->tape, &x, most, &c);
        c.place[0] = (ad_place){(ad_node)(c.own.base - x.span->lag), 1, NULL};
        if (s->backward ? fold_backward(s, &x, &c) : fold_forward(s, &x, &c)) return 0;
    }
    return 1;
}

/* Sweep the array run `run` and those grouped with it, at most to run `end`.  Returns the number of
 * runs swept, or 0 to stop. */
static size_t array_runs(ad_sweep *s, size_t run, size_t end) {
    const ad_run *at = &s->tape->run[run];
    if (at->form == AD_FORM_BLOCK) return !ad_sweep_block(s, at);
    return s->tape->span[at->a].lag != 0 ? sweep_fold(s, at) : sweep_group(s, run, end);
}

/* Second order of the scalar runs [first, end), whose adjoints are complete. */
static int scalars_second(ad_sweep *s, size_t first, size_t end) {
    const ad_second *second = s->second;
    for (size_t k = end; k-- > first;) {
        const ad_run *run = &s->tape->run[k];
        const ad_place place[AD_MAX_ARITY] = {{run->a, 0, NULL}, {run->b, 0, NULL}, {0, 0, NULL}};
        const double *slope[AD_MAX_ARITY] = {NULL}, w = s->array[run->node];
        const double *partial = s->tape->partial + run->partial;
        const int two = run->form == AD_FORM_BINARY;
        if (w == 0 && !slope_may_be_infinite(partial[0]) &&
            !(two && slope_may_be_infinite(partial[1])))
            continue;
        s->status = second->slopes(second->context, run, 0, 1, place, slope);
        if (s->status != AD_OK) return 1;
        for (int j = 0; j < run->arity; j++) {
            if (slope[j] == NULL) continue;
            s->nonfinite |= !(*slope[j] - *slope[j] == 0);
            second->adjoint[place[j].base] += ad_guarded(*slope[j], w);
        }
    }
    s->status = AD_INTERRUPTED;
    s->kernel->reverse(s->tape, second->adjoint, 1, end, first, &s->nonfinite);
    return ad_pace_stops(&s->pace, 8 * (end - first));
}

void ad_zero_leaves(const ad_tape *tape, const ad_first_writes *writes, double *array, size_t p) {
    size_t node = 0, at = 0, regions = writes != NULL ? writes->count : 0;
    for (size_t k = 0; k <= tape->runs; k++) {
        const size_t end = k < tape->runs ? tape->run[k].node : tape->nodes;
        for (; at < regions && writes->region[at].end <= end; at++) {
            const ad_region *r = &writes->region[at];
            if (r->first < node || !r->whole || r->run != SIZE_MAX) continue;
            memset(array + node * p, 0, (r->first - node) * p * sizeof *array);
            node = r->end;
        }
        if (end > node) memset(array + node * p, 0, (end - node) * p * sizeof *array);
        if (k < tape->runs) node = end + ad_run_count(tape, &tape->run[k]);
    }
}

void ad_zero_adjoints(const ad_tape *tape, const ad_first_writes *writes, double *array, size_t p) {
    size_t node = 0;
    for (size_t k = 0; k < writes->count; k++) {
        const ad_region *r = &writes->region[k];
        if (!r->whole || r->run != SIZE_MAX) continue;
        memset(array + node * p, 0, (r->first - node) * p * sizeof *array);
        node = r->end;
    }
    memset(array + node * p, 0, (tape->nodes - node) * p * sizeof *array);
}

size_t ad_seeds_padded(const ad_tape *tape, size_t p) {
    size_t padded = (p + 3) / 4 * 4;
    return p <= 4 || padded * tape->nodes > PADDED_MOST ? p : padded;
}

static ad_sweep begin_sweep(const ad_tape *tape, double *array, size_t p, double *scratch,
                            const ad_poll *poll) {
    return (ad_sweep){.tape = tape,
                      .kernel = ad_sweep_kernels(),
                      .array = array,
                      .p = p,
                      .scratch = scratch,
                      .pace = {poll, 0},
                      .status = AD_INTERRUPTED};
}

ad_status ad_forward(const ad_tape *tape, double *tangent, size_t p, double *scratch,
                     const ad_poll *poll) {
    ad_sweep s = begin_sweep(tape, tangent, p, scratch, poll);
    size_t run = 0;
    while (run < tape->runs) {
        size_t end = run + POLL_RUNS < tape->runs ? run + POLL_RUNS : tape->runs;
        size_t stop = s.kernel->forward(tape, tangent, p, run, end, &s.nonfinite);
        if (ad_pace_stops(&s.pace, (stop - run) * p)) return AD_INTERRUPTED;
        run = stop;
        if (run == end) continue;
        size_t runs = array_runs(&s, run, end);
        if (runs == 0) return s.status;
        run += runs;
    }
    return s.nonfinite ? AD_NOT_FINITE : AD_OK;
}

static ad_status reverse_sweep(ad_sweep *s) {
    const ad_tape *tape = s->tape;
    size_t run = tape->runs;
    s->backward = 1;
    while (run > 0) {
        size_t end = run > POLL_RUNS ? run - POLL_RUNS : 0;
        size_t stop = s->kernel->reverse(tape, s->array, s->p, run, end, &s->nonfinite);
        if (ad_pace_stops(&s->pace, (run - stop) * s->p)) return AD_INTERRUPTED;
        if (s->second != NULL && scalars_second(s, stop, run)) return s->status;
        run = stop;
        if (run == end) continue;
        size_t runs = array_runs(s, run - 1, end);
        if (runs == 0) return s->status;
        run -= runs;
    }
    return s->nonfinite ? AD_NOT_FINITE : AD_OK;
}

ad_status ad_reverse(const ad_tape *tape, double *adjoint, size_t p, double *scratch,
                     const ad_first_writes *writes, const ad_poll *poll) {
    ad_sweep s = begin_sweep(tape, adjoint, p, scratch, poll);
    s.writes = writes;
    return reverse_sweep(&s);
}

ad_status ad_reverse_second(const ad_tape *tape, double *adjoint, const ad_second *second,
                            double *scratch, const ad_first_writes *writes, const ad_poll *poll) {
    ad_sweep s = begin_sweep(tape, adjoint, 1, scratch, poll);
    s.writes = writes;
    s.second = second;
    s.leaves = tape->runs > 0 ? tape->run[0].node : 0;
    return reverse_sweep(&s);
}
