/* SPDX-License-Identifier: Apache-2.0 */
#include "tape/local.h"

#include <string.h>

#include "base/alloc.h"
#include "ops/expr.h"

/* The state of a walk over edges, with the partials and flags of one row. */
typedef struct walk {
    const ad_tape *tape;
    const ad_local *local;
    ad_edge_visit visit;
    void *context;
    double partial[AD_CHUNK];
    uint8_t dead[AD_CHUNK];
} walk;

static void visit_edges(walk *x, size_t m, ad_place own, ad_place operand) {
    const ad_edge_row row = {m, own, operand, x->partial, x->dead};
    x->visit(x->context, &row);
}

static int node_stays_zero(const walk *x, ad_node node) {
    return ad_stays_zero(x->local, x->tape, node);
}

/* Returns whether edge j of an elementwise operation is dead, given its operands and its
 * partial. */
static int is_dead(const walk *x, unsigned op, int j, const ad_node nodes[], double partial) {
    switch (ad_op_row(op)->partial_class[j]) {
    case AD_PARTIAL_ZERO:
        return 1;
    case AD_PARTIAL_A:
        return node_stays_zero(x, nodes[0]);
    case AD_PARTIAL_B:
        return node_stays_zero(x, nodes[1]);
    case AD_PARTIAL_STORED:
        if (partial != 0) return 0;
        return ad_expr_is_piecewise_constant(op, j) ||
               (op == AD_DIVIDE && j == 1 && node_stays_zero(x, nodes[0]));
    default:
        return 0;
    }
}

static void visit_scalar(walk *x, const ad_run *run) {
    const ad_node nodes[AD_MAX_ARITY] = {run->a, run->b, 0};
    const double *partial = x->tape->partial + run->partial;
    for (int j = 0; j < run->arity; j++) {
        if (run->form == (j == 0 ? AD_FORM_RIGHT : AD_FORM_LEFT)) continue;
        x->partial[0] = *partial++;
        x->dead[0] = (uint8_t)is_dead(x, run->op, j, nodes, x->partial[0]);
        visit_edges(x, 1, (ad_place){run->node, 0, NULL}, (ad_place){nodes[j], 0, NULL});
    }
}

static void visit_span(walk *x, const ad_run *run, int backward) {
    const ad_span *span = &x->tape->span[run->a];
    ad_node buffer[AD_MAX_ARITY][AD_CHUNK];
    ad_place place[AD_MAX_ARITY];
    for (size_t left = span->extent.count, m; left > 0; left -= m) {
        m = backward ? ad_span_stretch_before(span, left)
                     : ad_span_stretch(span, span->extent.count - left);
        const size_t k = backward ? left - m : span->extent.count - left;
        const ad_place own = {(ad_node)(run->node + k), 1, NULL};
        for (int j = 0; j < run->arity; j++) {
            place[j] =
                ad_view_place(&span->operand[j], &span->extent, k, m, x->tape->list, buffer[j]);
        }
        for (int j = 0; j < run->arity; j++) {
            if (span->source[j] == AD_PARTIAL_ZERO) continue;
            for (size_t e = 0; e < m; e++) {
                ad_node nodes[AD_MAX_ARITY] = {0};
                for (int i = 0; i < run->arity; i++) nodes[i] = ad_place_node(place[i], e);
                x->partial[e] =
                    ad_span_partial(x->tape, span, j, k + e, nodes, (ad_node)(run->node + k + e));
                x->dead[e] = (uint8_t)is_dead(x, run->op, j, nodes, x->partial[e]);
            }
            visit_edges(x, m, own, place[j]);
        }
    }
}

static void visit_whole_rows(walk *x, const ad_run *run, const ad_block *b) {
    const ad_block_info *kind = &ad_block_kinds[run->op];
    const double *share = x->tape->partial + b->partial;
    ad_cursor cursor = {0};
    ad_edges e;
    while (ad_next_edges(x->tape, b, &cursor, &e)) {
        for (size_t k = 0, m; k < e.count; k += m) {
            m = e.count - k < AD_CHUNK ? e.count - k : AD_CHUNK;
            for (size_t i = 0; i < m; i++) {
                const size_t o = e.out + (k + i) * (size_t)e.out_stride;
                const double element = x->tape->value[ad_place_node(e.in, k + i)];
                x->partial[i] = kind->choice == 0
                                    ? 1
                                    : ad_element_partial(kind, element,
                                                         x->tape->value[run->node + o], share[o]);
                x->dead[i] = x->partial[i] == 0;
            }
            const ad_node first = (ad_node)(run->node + e.out + (int64_t)k * e.out_stride);
            const ad_node from = (ad_node)(e.in.base + (int64_t)k * e.in.stride);
            const ad_node *list = e.in.list != NULL ? e.in.list + k : NULL;
            visit_edges(x, m, (ad_place){first, e.out_stride, NULL},
                        (ad_place){from, e.in.stride, list});
        }
    }
}

/* Each node of a running sum reads its predecessor and an element. */
static ad_status visit_running(walk *x, const ad_run *run, const ad_block *b, int backward) {
    const size_t row = b->extent[1].count;
    ad_node *element = ad_alloc(row, sizeof *element);
    if (element == NULL) return AD_NO_MEMORY;
    x->partial[0] = 1;
    x->dead[0] = 0;
    for (size_t o = 0; o < b->extent[0].count; o++) {
        ad_block_row(x->tape, b, o, element);
        for (size_t i = 0; i < row; i++) {
            const size_t r = backward ? row - 1 - i : i;
            const ad_node own = (ad_node)(run->node + o * row + r);
            const ad_place to = {own, 0, NULL};
            visit_edges(x, 1, to, (ad_place){element[r], 0, NULL});
            if (r > 0) visit_edges(x, 1, to, (ad_place){own - 1, 0, NULL});
        }
    }
    ad_free(element);
    return AD_OK;
}

static ad_status visit_REDUCTION(walk *x, const ad_run *run, const ad_block *b, int backward) {
    if (ad_block_kinds[run->op].running) return visit_running(x, run, b, backward);
    visit_whole_rows(x, run, b);
    return AD_OK;
}

/* Visit the edges of one inner product to the elements of one of its two vectors. */
static void visit_factors(walk *x, ad_node own, int64_t n, int64_t to, int64_t step, int64_t other,
                          int64_t other_step) {
    for (int64_t k = 0, m; k < n; k += m) {
        m = n - k < AD_CHUNK ? n - k : AD_CHUNK;
        for (int64_t i = 0; i < m; i++) {
            const ad_node factor = (ad_node)(other + (k + i) * other_step);
            x->partial[i] = x->tape->value[factor];
            x->dead[i] = (uint8_t)node_stays_zero(x, factor);
        }
        visit_edges(x, (size_t)m, (ad_place){own, 0, NULL},
                    (ad_place){(ad_node)(to + k * step), step, NULL});
    }
}

static ad_status visit_PRODUCT(walk *x, const ad_run *run, const ad_block *b, int backward) {
    (void)backward;
    for (uint32_t k = 0; k < b->count; k++) {
        const ad_inner p = ad_inner_product(b, k);
        const ad_node own = run->node + k;
        if (b->active[0]) {
            visit_factors(x, own, p.count, p.left, p.left_step, p.right, p.right_step);
        }
        if (b->active[1]) {
            visit_factors(x, own, p.count, p.right, p.right_step, p.left, p.left_step);
        }
    }
    return AD_OK;
}

#define visit_CORRELATION visit_PRODUCT

/* Only the rule of a call knows its edges, so that none are visited. */
static ad_status visit_CALL(walk *x, const ad_run *run, const ad_block *b, int backward) {
    (void)x, (void)run, (void)b, (void)backward;
    return AD_OK;
}

#define BLOCK(KIND, NAME, FAMILY, ...) visit_##FAMILY,
static ad_status (*const visit_block[])(walk *, const ad_run *, const ad_block *, int backward) = {
#include "tape/blocks.def"
};

ad_status ad_local_edges(const ad_tape *tape, const ad_local *local, const ad_run *run,
                         int backward, ad_edge_visit visit, void *context) {
    walk x = {.tape = tape, .local = local, .visit = visit, .context = context};
    if (run->form == AD_FORM_SPAN) {
        visit_span(&x, run, backward);
    } else if (run->form == AD_FORM_BLOCK) {
        return visit_block[run->op](&x, run, &tape->block[run->a], backward);
    } else {
        visit_scalar(&x, run);
    }
    return AD_OK;
}

/* ------------------------------------------------------------------------ classification */

static void set_bits(ad_local *local, size_t first, size_t end) {
    for (size_t k = first; k < end; k++) local->bit[k >> 6] |= (uint64_t)1 << (k & 63);
}

static void clear(ad_local *local, ad_node node) {
    local->bit[node >> 6] &= ~((uint64_t)1 << (node & 63));
}

/* A live edge from an operand that is not local makes the node not local. */
static void reach(void *context, const ad_edge_row *row) {
    ad_local *local = context;
    for (size_t e = 0; e < row->m; e++) {
        if (row->dead[e] || ad_is_local(local, ad_place_node(row->operand, e))) continue;
        clear(local, ad_place_node(row->own, e));
    }
}

static int reads_local(const ad_local *local, const ad_tape *tape, const ad_block *b) {
    for (size_t k = 0; k < b->extent[1].count; k++) {
        if (!ad_is_local(local, ad_call_node(tape, b, k))) return 0;
    }
    return 1;
}

/* Classify the leaves from the first unclassified node up to `end`. */
static void classify_leaves(ad_local *local, const ad_tape *tape, size_t end) {
    for (size_t k = local->nodes; k < end; k++) {
        if (ad_is_constant(tape, (ad_node)k)) {
            set_bits(local, k, k + 1);
        } else {
            clear(local, (ad_node)k);
        }
    }
    if (end > local->nodes) local->nodes = end;
}

static ad_status classify(ad_local *local, const ad_tape *tape, const ad_run *run) {
    const size_t end = run->node + ad_run_count(tape, run);
    set_bits(local, run->node, end);
    local->nodes = end;
    if (ad_is_family(run, AD_FAMILY_CALL)) {
        if (reads_local(local, tape, &tape->block[run->a])) return AD_OK;
        for (size_t k = run->node; k < end; k++) clear(local, (ad_node)k);
        return AD_OK;
    }
    return ad_local_edges(tape, local, run, 0, reach, local);
}

ad_status ad_local_extend(ad_local *local, const ad_tape *tape) {
    ad_status status =
        ad_grow((void **)&local->bit, &local->room, (tape->nodes + 63) / 64, sizeof *local->bit);
    for (; status == AD_OK && local->runs < tape->runs; local->runs++) {
        const ad_run *run = &tape->run[local->runs];
        classify_leaves(local, tape, run->node);
        status = classify(local, tape, run);
        if (status != AD_OK) return status;
    }
    if (status == AD_OK) classify_leaves(local, tape, tape->nodes);
    return status;
}

void ad_local_free(ad_local *local) {
    ad_free(local->bit);
    *local = (ad_local){NULL, 0, 0, 0};
}
