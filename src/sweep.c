/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lanes.h"
#include "numbers.h"
#include "sweep_parts.h"

#define PADDED_MOST ((size_t)1 << 20) /* doubles of a sweep's array where padding pays */
#define POLL_RUNS ((size_t)1 << 16)

static const double one = 1, minus_one = -1;
const ad_numbers ad_sweep_ones = {&one, 0}, ad_sweep_zeros = {NULL, 0};

int ad_sweep_unwanted(const ad_sweep *s, size_t m, ad_place place) {
    if (s->second == NULL) return 0;
    if (place.list == NULL) {
        int64_t last = (int64_t)place.base + (int64_t)(m - 1) * place.stride;
        return place.base < s->leaves && last < (int64_t)s->leaves;
    }
    ad_node high = 0;
    for (size_t e = 0; e < m; e++) high = place.list[e] > high ? place.list[e] : high;
    return high < s->leaves;
}

void ad_sweep_clear(const ad_sweep *s, const ad_run *run) {
    if (!s->backward) {
        memset(s->array + (size_t)run->node * s->p, 0,
               ad_run_count(s->tape, run) * s->p * sizeof(double));
    }
}

void ad_sweep_join(ad_sweep *s, size_t m, ad_place own, ad_place operand, ad_numbers partial,
                   ad_numbers slope, int first) {
    const ad_place to = s->backward ? operand : own, from = s->backward ? own : operand;
    double *w = s->array, *u = s->second != NULL ? s->second->adjoint : NULL;
    if (!ad_sweep_unwanted(s, m, operand)) {
        s->kernel->edges(w, w, m, s->p, to, from, partial.at, partial.step, first);
    }
    if (u != NULL) s->kernel->edges(u, u, m, 1, to, from, partial.at, partial.step, first);
    if (slope.at != NULL) s->kernel->edges(u, w, m, 1, to, from, slope.at, slope.step, 0);
}

const ad_region *ad_sweep_first(const ad_sweep *s, const ad_run *run, int j) {
    return ad_fresh_written(s->fresh, (size_t)(run - s->tape->run), j);
}

/* An array's numbers of m nodes. */
static ad_numbers numbers_at(const double *array, size_t m, ad_place place, double *buffer) {
    if (place.list == NULL) return (ad_numbers){array + place.base, place.stride};
    for (size_t e = 0; e < m; e++) buffer[e] = array[place.list[e]];
    return (ad_numbers){buffer, 1};
}

/* A chunk of a span: elements [k, k + m), their operands' nodes. */
typedef struct chunk {
    const ad_run *run;
    const ad_span *span;
    size_t k, m;
    ad_place own, place[AD_MAX_ARITY];
    ad_node nodes[AD_MAX_ARITY][AD_CHUNK];
    double partials[AD_CHUNK], slopes[AD_CHUNK];
} chunk;

static void place_chunk(const ad_tape *tape, chunk *c) {
    c->m = ad_stretch(&c->span->extent, c->k);
    if (c->m > AD_CHUNK) c->m = AD_CHUNK;
    c->own = (ad_place){(ad_node)(c->run->node + c->k), 1, NULL};
    for (int j = 0; j < c->run->arity; j++) {
        c->place[j] = ad_view_place(&c->span->operand[j], &c->span->extent, c->k, c->m, tape->list,
                                    c->nodes[j]);
    }
}

/* The partials along edge j. */
static ad_numbers partials(const ad_tape *tape, chunk *c, int j) {
    switch (c->span->source[j]) {
    case AD_PARTIAL_ONE:
        return ad_sweep_ones;
    case AD_PARTIAL_MINUS_ONE:
        return (ad_numbers){&minus_one, 0};
    case AD_PARTIAL_V:
        return numbers_at(tape->value, c->m, c->own, NULL);
    case AD_PARTIAL_STORED:
        return (ad_numbers){tape->partial + c->span->partial[j] + c->k, 1};
    default:
        return numbers_at(tape->value, c->m, c->place[c->span->source[j] != AD_PARTIAL_A],
                          c->partials);
    }
}

/* Their tangents; stored[j] of those that are stored.  An operand without edges does not move. */
static ad_numbers slopes(const ad_second *second, chunk *c, int j, const double *const stored[]) {
    const int other = c->span->source[j] != AD_PARTIAL_A;
    switch (c->span->source[j]) {
    case AD_PARTIAL_ONE:
    case AD_PARTIAL_MINUS_ONE:
        return ad_sweep_zeros;
    case AD_PARTIAL_V:
        return numbers_at(second->tangent, c->m, c->own, NULL);
    case AD_PARTIAL_STORED:
        return (ad_numbers){stored[j], 1};
    default:
        if (c->span->source[other] == AD_PARTIAL_ZERO) return ad_sweep_zeros;
        return numbers_at(second->tangent, c->m, c->place[other], c->slopes);
    }
}

static int span_edges(ad_sweep *s, const ad_run *run) {
    const ad_tape *tape = s->tape;
    int first[AD_MAX_ARITY], bends = 0, edges = 0;
    chunk c;
    c.run = run;
    c.span = &tape->span[run->a];
    for (int j = 0; j < run->arity; j++) {
        const int source = c.span->source[j];
        first[j] = s->backward ? ad_sweep_first(s, run, j) != NULL
                               : source != AD_PARTIAL_ZERO && edges == 0;
        edges += source != AD_PARTIAL_ZERO;
        bends |= s->second != NULL && source == AD_PARTIAL_STORED;
    }
    if (edges == 0) ad_sweep_clear(s, run);
    if (edges == 0) return 0;
    for (c.k = 0; c.k < c.span->extent.count; c.k += c.m) {
        const double *stored[AD_MAX_ARITY] = {NULL};
        place_chunk(tape, &c);
        const int moved = s->second != NULL && ad_any(c.m, s->array + c.own.base);
        if (bends && moved) {
            s->status = s->second->slopes(s->second->context, run, c.k, c.m, c.place, stored);
            if (s->status != AD_OK) return 1;
            s->status = AD_INTERRUPTED;
        }
        for (int j = 0; j < run->arity; j++) {
            if (c.span->source[j] == AD_PARTIAL_ZERO) continue;
            ad_numbers partial = partials(tape, &c, j);
            ad_numbers slope = moved ? slopes(s->second, &c, j, stored) : ad_sweep_zeros;
            ad_sweep_join(s, c.m, c.own, c.place[j], partial, slope, first[j]);
        }
        if (ad_pace_stops(&s->pace, (moved ? 4 : 1) * c.m * s->p)) return 1;
    }
    return 0;
}

static int array_run(ad_sweep *s, const ad_run *run) {
    return run->form == AD_FORM_SPAN ? span_edges(s, run) : ad_sweep_block(s, run);
}

/* Second order of the scalar runs [first, end), whose adjoints are complete. */
static int scalars_second(ad_sweep *s, size_t first, size_t end) {
    const ad_second *second = s->second;
    for (size_t k = end; k-- > first;) {
        const ad_run *run = &s->tape->run[k];
        const ad_place place[AD_MAX_ARITY] = {{run->a, 0, NULL}, {run->b, 0, NULL}, {0, 0, NULL}};
        const double *slope[AD_MAX_ARITY] = {NULL}, w = s->array[run->node];
        if (w == 0) continue;
        s->status = second->slopes(second->context, run, 0, 1, place, slope);
        if (s->status != AD_OK) return 1;
        for (int j = 0; j < run->arity; j++) {
            if (slope[j] == NULL) continue;
            second->adjoint[place[j].base] += ad_guarded(*slope[j], w);
        }
    }
    s->status = AD_INTERRUPTED;
    s->kernel->reverse(s->tape, second->adjoint, 1, end, first);
    return ad_pace_stops(&s->pace, 8 * (end - first));
}

void ad_zero_leaves(const ad_tape *tape, double *array, size_t p) {
    size_t node = 0;
    for (size_t k = 0; k < tape->runs; k++) {
        const ad_run *run = &tape->run[k];
        if (run->node > node) memset(array + node * p, 0, (run->node - node) * p * sizeof *array);
        node = run->node + ad_run_count(tape, run);
    }
    if (tape->nodes > node) memset(array + node * p, 0, (tape->nodes - node) * p * sizeof *array);
}

size_t ad_seeds_padded(const ad_tape *tape, size_t p) {
    size_t padded = (p + 3) / 4 * 4;
    return p <= 4 || padded * tape->nodes > PADDED_MOST ? p : padded;
}

static ad_sweep begin(const ad_tape *tape, double *array, size_t p, double *scratch,
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
    ad_sweep s = begin(tape, tangent, p, scratch, poll);
    size_t run = 0;
    while (run < tape->runs) {
        size_t end = run + POLL_RUNS < tape->runs ? run + POLL_RUNS : tape->runs;
        size_t stop = s.kernel->forward(tape, tangent, p, run, end);
        if (ad_pace_stops(&s.pace, (stop - run) * p)) return AD_INTERRUPTED;
        run = stop;
        if (run < end && array_run(&s, &tape->run[run++])) return s.status;
    }
    return AD_OK;
}

static ad_status reverse(ad_sweep *s) {
    const ad_tape *tape = s->tape;
    size_t run = tape->runs;
    s->backward = 1;
    while (run > 0) {
        size_t end = run > POLL_RUNS ? run - POLL_RUNS : 0;
        size_t stop = s->kernel->reverse(tape, s->array, s->p, run, end);
        if (ad_pace_stops(&s->pace, (run - stop) * s->p)) return AD_INTERRUPTED;
        if (s->second != NULL && scalars_second(s, stop, run)) return s->status;
        run = stop;
        if (run > end && array_run(s, &tape->run[--run])) return s->status;
    }
    return AD_OK;
}

ad_status ad_reverse(const ad_tape *tape, double *adjoint, size_t p, double *scratch,
                     const ad_fresh *fresh, const ad_poll *poll) {
    ad_sweep s = begin(tape, adjoint, p, scratch, poll);
    s.fresh = fresh;
    return reverse(&s);
}

ad_status ad_reverse_second(const ad_tape *tape, double *adjoint, const ad_second *second,
                            double *scratch, const ad_fresh *fresh, const ad_poll *poll) {
    ad_sweep s = begin(tape, adjoint, 1, scratch, poll);
    s.fresh = fresh;
    s.second = second;
    s.leaves = tape->runs > 0 ? tape->run[0].node : 0;
    return reverse(&s);
}
