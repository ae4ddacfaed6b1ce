/* SPDX-License-Identifier: Apache-2.0 */
#include "sweep/careful.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "tape/kinks.h"

/* ALIVE: reached by a seed along live edges.  NONFINITE: has a part in w (careful.h). */
enum { ALIVE = 1, NONFINITE = 2 };

static void carry(ad_careful *c, size_t to, size_t from, double partial) {
    c->state[to] |= c->state[from];
    if (partial - partial == 0) {
        c->finite[to] += partial * c->finite[from];
        c->infinite[to] += partial * c->infinite[from];
    } else if (partial != partial) {
        c->finite[to] = partial;
    } else {
        c->infinite[to] += copysign(1, partial) * (c->finite[from] + c->infinite[from]);
        c->state[to] |= NONFINITE;
    }
}

static void carry_row(void *context, const ad_edge_row *row) {
    ad_careful *c = context;
    for (size_t e = 0; e < row->m; e++) {
        const ad_node own = ad_place_node(row->own, e), operand = ad_place_node(row->operand, e);
        const ad_node to = c->backward ? operand : own, from = c->backward ? own : operand;
        double partial = row->partial[e];
        if (row->dead[e] || !(c->state[from] & ALIVE) || ad_is_constant(c->tape, operand)) continue;
        if (c->order != NULL && partial - partial != 0 && c->tape->value[operand] == 0 &&
            ad_vanish_is_kink(c->order[own], c->order[operand])) {
            partial = 0;
        }
        carry(c, to, from, partial);
    }
}

/* The tangent or adjoint of a node after a sweep.  A part in w that cancelled makes it
 * undefined. */
double ad_careful_result(const ad_careful *c, ad_node node) {
    if (!(c->state[node] & ALIVE)) return 0;
    const double x = c->finite[node], w = c->infinite[node];
    if (!(c->state[node] & NONFINITE) || x != x) return x;
    return w == 0 || w != w ? NAN : copysign(INFINITY, w);
}

static void set(ad_careful *c, size_t node, double x) {
    c->finite[node] += x;
    c->state[node] |= ALIVE;
}

/* A call of an elementwise function.  Its slopes are its adjoints for a seed of ones. */
static ad_status carry_each(ad_careful *c, const ad_run *run, const ad_block *b) {
    const size_t n = b->extent[1].count, m = b->count;
    const double *y = c->tape->value + run->node;
    double *room = ad_alloc(2 * n + m, sizeof *room), *slope = room + n, *ones = slope + n;
    if (room == NULL) return AD_NO_MEMORY;
    const double *x = ad_call_values(c->tape, b, room);
    for (size_t k = 0; k < m; k++) ones[k] = 1;
    ad_status status = ad_callbacks_get()->pull(c->tape->rule[b->rule], n, x, m, y, 1, ones, slope);
    for (size_t k = 0; status == AD_OK && k < n; k++) {
        const ad_node operand = ad_call_node(c->tape, b, k), own = run->node + (ad_node)(k % m);
        const ad_node from = c->backward ? own : operand;
        if (!(c->state[from] & ALIVE) || ad_is_constant(c->tape, operand)) continue;
        carry(c, c->backward ? operand : own, from, slope[k]);
    }
    ad_free(room);
    return status;
}

/* A call by its rule.  The callback gets final numbers, without a part in w, and each result
 * depends on all arguments. */
static ad_status carry_call(ad_careful *c, const ad_run *run, const ad_block *b) {
    const size_t n = b->extent[1].count, m = b->count;
    const double *y = c->tape->value + run->node;
    void *rule = c->tape->rule[b->rule];
    double *room = ad_alloc(2 * n + m, sizeof *room), *tangent = room + n, *own = tangent + n;
    int alive = 0;
    if (room == NULL) return AD_NO_MEMORY;
    const double *x = ad_call_values(c->tape, b, room);
    ad_status status = AD_OK;
    if (c->backward) {
        for (size_t k = 0; k < m; k++) {
            alive |= c->state[run->node + k];
            own[k] = ad_careful_result(c, run->node + (ad_node)k);
        }
        if (alive) status = ad_callbacks_get()->pull(rule, n, x, m, y, 1, own, tangent);
        for (size_t k = 0; alive && status == AD_OK && k < n; k++) {
            const ad_node node = ad_call_node(c->tape, b, k);
            if (!ad_is_constant(c->tape, node)) set(c, node, tangent[k]);
        }
    } else {
        for (size_t k = 0; k < n; k++) {
            const ad_node node = ad_call_node(c->tape, b, k);
            alive |= c->state[node];
            tangent[k] = ad_careful_result(c, node);
        }
        if (alive) status = ad_callbacks_get()->push(rule, n, x, m, y, 1, tangent, own);
        for (size_t k = 0; alive && status == AD_OK && k < m; k++) set(c, run->node + k, own[k]);
    }
    ad_free(room);
    return status;
}

static ad_status carry_run(ad_careful *c, const ad_run *run) {
    if (!ad_is_family(run, AD_FAMILY_CALL)) {
        return ad_local_edges(c->tape, &c->local, run, c->backward, carry_row, c);
    }
    const ad_block *b = &c->tape->block[run->a];
    const int each = ad_callbacks_get()->elementwise(c->tape->rule[b->rule]);
    return each ? carry_each(c, run, b) : carry_call(c, run, b);
}

static ad_status sweep(ad_careful *c, const ad_poll *poll) {
    const ad_tape *tape = c->tape;
    ad_pace pace = {poll, 0};
    for (size_t k = 0; k < tape->runs; k++) {
        const ad_run *run = &tape->run[c->backward ? tape->runs - 1 - k : k];
        ad_status status = carry_run(c, run);
        if (status != AD_OK) return status;
        if (ad_pace_stops(&pace, 16 * ad_run_edges(tape, run))) return AD_INTERRUPTED;
    }
    return AD_OK;
}

ad_status ad_careful_begin(const ad_tape *tape, int backward, ad_careful *c) {
    const size_t count = tape->nodes;
    *c = (ad_careful){.tape = tape, .backward = backward};
    ad_status status = ad_local_extend(&c->local, tape);
    if (status != AD_OK) return status;
    c->finite = ad_alloc(2 * count, sizeof *c->finite);
    c->state = ad_alloc(count, 1);
    if (c->finite == NULL || c->state == NULL) return AD_NO_MEMORY;
    c->infinite = c->finite + count;
    if (!ad_tape_may_have_kinks(tape, 0, tape->runs)) return AD_OK;
    c->order = ad_alloc(count, sizeof *c->order);
    return c->order == NULL ? AD_NO_MEMORY : ad_tape_orders(tape, tape->runs, c->order);
}

void ad_careful_end(ad_careful *c) {
    ad_local_free(&c->local);
    ad_free(c->order);
    ad_free(c->finite);
    ad_free(c->state);
}

ad_status ad_careful_sweep(ad_careful *c, size_t n, const ad_node *nodes, const double *seeds,
                           size_t step, const ad_poll *poll) {
    memset(c->finite, 0, 2 * c->tape->nodes * sizeof *c->finite);
    memset(c->state, 0, c->tape->nodes);
    for (size_t k = 0; k < n; k++) {
        if (seeds[k * step] != 0) set(c, nodes[k], seeds[k * step]);
    }
    return sweep(c, poll);
}
