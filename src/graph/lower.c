/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/lower.h"

#include <string.h>

#include "base/alloc.h"
#include "tape/block.h"

#define FEW_PRODUCTS 4 /* most products of an inner product that are added one by one */

typedef struct lowering {
    const ad_tape *tape;
    ad_graph *g;
    uint8_t *need; /* one byte per node */
    ad_term *term; /* of each node, AD_NO_TERM if it has none yet */
    uint32_t *row; /* operands of one reduction: nodes, then terms */
} lowering;

/* The term of a node.  Constants get theirs when they are first needed. */
static ad_term term_of(lowering *x, ad_node node) {
    if (x->term[node] == AD_NO_TERM) {
        if (!ad_is_constant(x->tape, node)) {
            if (x->g->status == AD_OK) x->g->status = AD_BAD_INDEX;
            return AD_NO_TERM;
        }
        x->term[node] = ad_graph_constant(x->g, x->tape->value[node]);
    }
    return x->term[node];
}

/* ---------------------------------------------------------------- nodes that the outputs need */

static void need_span(lowering *x, const ad_run *run) {
    const ad_span *span = &x->tape->span[run->a];
    ad_node buffer[AD_CHUNK];
    for (size_t k = span->extent.count; k > 0;) {
        size_t m = ad_span_stretch_before(span, k);
        k -= m;
        for (int j = 0; j < run->arity; j++) {
            ad_place place =
                ad_view_place(&span->operand[j], &span->extent, k, m, x->tape->list, buffer);
            for (size_t e = 0; e < m; e++) {
                if (x->need[run->node + k + e]) x->need[ad_place_node(place, e)] = 1;
            }
        }
    }
}

static void need_PRODUCT(lowering *x, const ad_run *run, const ad_block *b) {
    for (uint32_t k = 0; k < b->count; k++) {
        if (!x->need[run->node + k]) continue;
        const ad_inner p = ad_inner_product(b, k);
        for (uint32_t r = 0; r < p.count; r++) {
            x->need[p.left + r * p.left_step] = x->need[p.right + r * p.right_step] = 1;
        }
    }
}

#define need_CORRELATION need_PRODUCT

/* The number of elements of row o of a block's operand that its needed results read. */
static size_t needed_of_row(const lowering *x, const ad_run *run, const ad_block *b, size_t o) {
    size_t n = b->extent[1].count;
    if (!ad_block_kinds[run->op].running) return x->need[run->node + o] ? n : 0;
    while (n > 0 && !x->need[run->node + o * b->extent[1].count + n - 1]) n--;
    return n;
}

static void need_REDUCTION(lowering *x, const ad_run *run, const ad_block *b) {
    for (size_t o = 0; o < b->extent[0].count; o++) {
        size_t n = needed_of_row(x, run, b, o);
        if (n == 0) continue;
        ad_block_row(x->tape, b, o, x->row);
        for (size_t k = 0; k < n; k++) x->need[x->row[k]] = 1;
    }
}

static void need_CALL(lowering *x, const ad_run *run, const ad_block *b) {
    (void)run;
    ad_call_nodes(x->tape, b, x->row);
    for (size_t k = 0; k < b->extent[1].count; k++) x->need[x->row[k]] = 1;
}

#define BLOCK(KIND, NAME, FAMILY, ...) need_##FAMILY,
static void (*const need_block[])(lowering *, const ad_run *, const ad_block *) = {
#include "tape/blocks.def"
};

/* Returns whether any result of a block is needed. */
static int is_needed(const lowering *x, const ad_run *run, const ad_block *b) {
    return memchr(x->need + run->node, 1, b->count) != NULL;
}

static void mark_needed(lowering *x) {
    for (size_t k = x->tape->runs; k-- > 0;) {
        const ad_run *run = &x->tape->run[k];
        if (run->form == AD_FORM_SPAN) {
            need_span(x, run);
        } else if (run->form == AD_FORM_BLOCK) {
            const ad_block *b = &x->tape->block[run->a];
            if (is_needed(x, run, b)) need_block[run->op](x, run, b);
        } else if (x->need[run->node]) {
            x->need[run->a] = 1;
            if (run->form != AD_FORM_UNARY) x->need[run->b] = 1;
        }
    }
}

/* ------------------------------------------------------------------------- entering terms */

static void enter_span(lowering *x, const ad_run *run) {
    const ad_span *span = &x->tape->span[run->a];
    ad_node buffer[AD_MAX_ARITY][AD_CHUNK];
    for (size_t k = 0; k < span->extent.count && x->g->status == AD_OK;) {
        ad_place place[AD_MAX_ARITY];
        size_t m = ad_span_stretch(span, k);
        for (int j = 0; j < run->arity; j++) {
            place[j] =
                ad_view_place(&span->operand[j], &span->extent, k, m, x->tape->list, buffer[j]);
        }
        for (size_t e = 0; e < m; e++) {
            ad_term t[AD_MAX_ARITY] = {AD_NO_TERM, AD_NO_TERM, AD_NO_TERM};
            if (!x->need[run->node + k + e]) continue;
            for (int j = 0; j < run->arity; j++) t[j] = term_of(x, ad_place_node(place[j], e));
            x->term[run->node + k + e] = ad_graph_push(x->g, run->op, t[0], t[1], t[2]);
        }
        k += m;
    }
}

/* The sum of n products in x->row. */
static ad_term sum_of_products(lowering *x, uint32_t n) {
    if (n == 0) return ad_graph_constant(x->g, 0);
    if (n > FEW_PRODUCTS) return ad_graph_reduce(x->g, AD_GRAPH_SUM, n, x->row);
    ad_term sum = x->row[0];
    for (uint32_t k = 1; k < n; k++) {
        sum = ad_graph_push(x->g, AD_ADD, sum, x->row[k], AD_NO_TERM);
    }
    return sum;
}

static void enter_PRODUCT(lowering *x, const ad_run *run, const ad_block *b) {
    for (uint32_t k = 0; k < b->count && x->g->status == AD_OK; k++) {
        if (!x->need[run->node + k]) continue;
        const ad_inner p = ad_inner_product(b, k);
        for (uint32_t r = 0; r < p.count; r++) {
            ad_term u = term_of(x, (ad_node)(p.left + r * p.left_step));
            ad_term v = term_of(x, (ad_node)(p.right + r * p.right_step));
            x->row[r] = ad_graph_push(x->g, AD_MULTIPLY, u, v, AD_NO_TERM);
        }
        x->term[run->node + k] = sum_of_products(x, p.count);
    }
}

#define enter_CORRELATION enter_PRODUCT

static void enter_REDUCTION(lowering *x, const ad_run *run, const ad_block *b) {
    const ad_block_info *kind = &ad_block_kinds[run->op];
    const unsigned reduced = kind->choice == 0  ? AD_GRAPH_SUM
                             : kind->choice > 0 ? AD_GRAPH_MAX
                                                : AD_GRAPH_MIN;
    ad_graph *g = x->g;
    for (size_t o = 0; o < b->extent[0].count && g->status == AD_OK; o++) {
        size_t n = needed_of_row(x, run, b, o);
        ad_term *to = x->term + run->node + o;
        if (n > 0) ad_block_row(x->tape, b, o, x->row);
        for (size_t k = 0; k < n; k++) x->row[k] = term_of(x, x->row[k]);
        if (kind->running) {
            to = x->term + run->node + o * b->extent[1].count;
            for (size_t k = 0; k < n; k++) {
                to[k] =
                    k == 0 ? x->row[0] : ad_graph_push(g, AD_ADD, to[k - 1], x->row[k], AD_NO_TERM);
            }
        } else if (!x->need[run->node + o]) {
            continue;
        } else if (kind->choice == 0 && n < 2) { /* sums start from 0: for x = -0 they are 0 */
            *to = ad_graph_constant(g, 0);
            if (n == 1) *to = ad_graph_push(g, AD_ADD, x->row[0], *to, AD_NO_TERM);
        } else {
            *to = ad_graph_reduce(g, reduced, n, x->row);
        }
    }
}

static void enter_CALL(lowering *x, const ad_run *run, const ad_block *b) {
    size_t n = b->extent[1].count, rule;
    void *given = x->tape->rule[b->rule];
    const ad_callbacks *callbacks = ad_callbacks_get();
    ad_call_rule entry = {given, (uint32_t)n, b->count, callbacks->elementwise(given) != 0,
                          (uint32_t)callbacks->blocks(given, 0, n, NULL)};
    ad_status status = ad_graph_rule(x->g, entry, &rule);
    if (status != AD_OK) x->g->status = status;
    ad_call_nodes(x->tape, b, x->row);
    for (size_t k = 0; k < n; k++) x->row[k] = term_of(x, x->row[k]);
    if (x->g->status != AD_OK) return;
    ad_term first = ad_graph_call(x->g, rule, AD_CALL_VALUE, 0, x->row);
    for (size_t k = 0; k < b->count; k++) x->term[run->node + k] = first + (ad_term)k;
}

#define BLOCK(KIND, NAME, FAMILY, ...) enter_##FAMILY,
static void (*const enter_block[])(lowering *, const ad_run *, const ad_block *) = {
#include "tape/blocks.def"
};

/* ------------------------------------------------------------------------------- guards */

/* Place elements [k, k + returned number) of a check's operands. */
static size_t place_check(const lowering *x, const ad_check *c, size_t k, ad_place place[2],
                          ad_node buffer[2][AD_CHUNK]) {
    size_t m = ad_stretch(&c->extent, k);
    if (m > AD_CHUNK) m = AD_CHUNK;
    for (int j = 0; j < ad_op_row(c->op)->arity; j++) {
        place[j] = ad_view_place(&c->operand[j], &c->extent, k, m, x->tape->list, buffer[j]);
    }
    return m;
}

static void need_guards(lowering *x) {
    ad_place place[2];
    ad_node buffer[2][AD_CHUNK];
    for (size_t g = 0; g < x->tape->guards; g++) {
        const ad_guard *guard = &x->tape->guard[g];
        if (guard->count != 0) {
            memset(x->need + guard->first, 1, guard->count);
            continue;
        }
        const ad_check *c = &x->tape->check[guard->first];
        for (size_t k = 0, m; k < c->extent.count; k += m) {
            m = place_check(x, c, k, place, buffer);
            for (int j = 0; j < ad_op_row(c->op)->arity; j++) {
                for (size_t e = 0; e < m; e++) x->need[ad_place_node(place[j], e)] = 1;
            }
        }
    }
}

/* Write the terms of a guard's truth values to x->row.  Returns their number. */
static size_t truth_terms(lowering *x, const ad_guard *guard) {
    size_t n = 0;
    ad_place place[2];
    ad_node buffer[2][AD_CHUNK];
    for (; n < guard->count; n++) x->row[n] = term_of(x, guard->first + (ad_node)n);
    if (n > 0) return n;
    const ad_check *c = &x->tape->check[guard->first];
    for (size_t m; n < c->extent.count && x->g->status == AD_OK; n += m) {
        m = place_check(x, c, n, place, buffer);
        for (size_t e = 0; e < m; e++) {
            ad_term a = term_of(x, ad_place_node(place[0], e)), b = AD_NO_TERM;
            if (ad_op_row(c->op)->arity == 2) b = term_of(x, ad_place_node(place[1], e));
            x->row[n + e] = ad_graph_push(x->g, c->op, a, b, AD_NO_TERM);
        }
    }
    return n;
}

/* A guard as two terms: the maximum of the truth values that were false, which must be false, and
 * the minimum of those that were true, which must be true. */
static void enter_guard(lowering *x, const ad_guard *guard, size_t bit, ad_term terms[2]) {
    static const unsigned kinds[] = {AD_GRAPH_MAX, AD_GRAPH_MIN};
    size_t n = truth_terms(x, guard), count = 0;
    terms[0] = terms[1] = AD_NO_TERM;
    if (x->g->status != AD_OK) return;
    for (size_t k = 0; k < n; k++) { /* move the false ones to the front */
        if (ad_outcome(x->tape, bit + k)) continue;
        ad_term term = x->row[k];
        x->row[k] = x->row[count];
        x->row[count++] = term;
    }
    const ad_term *part[] = {x->row, x->row + count};
    const size_t size[] = {count, n - count};
    for (int outcome = 0; outcome < 2; outcome++) {
        if (size[outcome] == 0) continue;
        terms[outcome] = ad_graph_reduce(x->g, kinds[outcome], size[outcome], part[outcome]);
    }
}

static size_t longest_row(const ad_tape *tape) {
    size_t most = 1;
    for (size_t k = 0; k < tape->guards; k++) {
        size_t n = ad_guard_size(tape, &tape->guard[k]);
        if (n > most) most = n;
    }
    for (size_t k = 0; k < tape->runs; k++) {
        const ad_run *run = &tape->run[k];
        if (run->form != AD_FORM_BLOCK) continue;
        const ad_extent *inner = &tape->block[run->a].extent[1];
        size_t n = ad_has_inner_products(run) ? inner->size[1] : inner->count;
        if (n > most) most = n;
    }
    return most;
}

static void enter_runs(lowering *x) {
    for (size_t k = 0; k < x->tape->runs && x->g->status == AD_OK; k++) {
        const ad_run *run = &x->tape->run[k];
        if (run->form == AD_FORM_SPAN) {
            enter_span(x, run);
        } else if (run->form == AD_FORM_BLOCK) {
            const ad_block *b = &x->tape->block[run->a];
            if (is_needed(x, run, b)) enter_block[run->op](x, run, b);
        } else if (x->need[run->node]) {
            ad_term a = term_of(x, run->a);
            ad_term b = run->form == AD_FORM_UNARY ? AD_NO_TERM : term_of(x, run->b);
            x->term[run->node] = ad_graph_push(x->g, run->op, a, b, AD_NO_TERM);
        }
    }
}

static ad_status begin_lowering(lowering *x, const ad_tape *tape, ad_graph *g) {
    *x =
        (lowering){tape, g, ad_alloc_zeroed(tape->nodes, 1), ad_alloc(tape->nodes, sizeof(ad_term)),
                   ad_alloc(longest_row(tape), sizeof(ad_term))};
    if (x->need == NULL || x->term == NULL || x->row == NULL) return AD_NO_MEMORY;
    memset(x->term, 0xFF, tape->nodes * sizeof *x->term);
    return AD_OK;
}

static void end_lowering(lowering *x) {
    ad_free(x->need);
    ad_free(x->term);
    ad_free(x->row);
}

/* Enter the terms that the outputs, and the nodes marked already, are made of. */
static void enter_outputs(lowering *x, size_t K, const ad_node *output, ad_term *outputs) {
    for (size_t k = 0; k < K; k++) x->need[output[k]] = 1;
    mark_needed(x);
    enter_runs(x);
    for (size_t k = 0; k < K; k++) outputs[k] = term_of(x, output[k]);
}

/* Products of derivatives that the function computes itself are values.  Comparisons and extremes
 * would hide what an infinity makes of them, so that they are strict in every program. */
static ad_status make_products_strict(ad_graph *g, size_t K, ad_term *outputs, size_t n,
                                      ad_term *guards) {
    uint8_t *strict_terms = ad_alloc(g->terms, 1);
    ad_term *all = ad_alloc(K + n, sizeof *all);
    ad_status status = strict_terms == NULL || all == NULL ? AD_NO_MEMORY : AD_OK;
    if (status == AD_OK) status = ad_graph_strict_terms(g, strict_terms);
    if (status == AD_OK && memchr(strict_terms, 1, g->terms) != NULL) {
        if (K > 0) memcpy(all, outputs, K * sizeof *all);
        if (n > 0) memcpy(all + K, guards, n * sizeof *all);
        status = ad_graph_strict(g, 1, K + n, all);
        if (K > 0) memcpy(outputs, all, K * sizeof *all);
        if (n > 0) memcpy(guards, all + K, n * sizeof *all);
    }
    ad_free(strict_terms);
    ad_free(all);
    return status;
}

ad_status ad_lower(const ad_tape *tape, size_t D, const ad_node *input, size_t K,
                   const ad_node *output, ad_graph *g, ad_term *outputs, ad_term *guards) {
    lowering x;
    ad_status status = begin_lowering(&x, tape, g);
    if (status == AD_OK) {
        for (size_t d = 0; d < D; d++) x.term[input[d]] = (ad_term)d;
        need_guards(&x);
        enter_outputs(&x, K, output, outputs);
        for (size_t k = 0, bit = 0; k < tape->guards; k++) {
            enter_guard(&x, &tape->guard[k], bit, guards + 2 * k);
            bit += ad_guard_size(tape, &tape->guard[k]);
        }
        status = g->status;
        if (status == AD_OK) status = make_products_strict(g, K, outputs, 2 * tape->guards, guards);
        g->recorded = g->terms;
    }
    end_lowering(&x);
    return status;
}

ad_status ad_lower_onto(const ad_tape *tape, size_t D, const ad_node *input, const ad_term *given,
                        size_t K, const ad_node *output, ad_graph *g, ad_term *outputs) {
    lowering x;
    ad_status status = begin_lowering(&x, tape, g);
    if (status == AD_OK) {
        for (size_t d = 0; d < D; d++) x.term[input[d]] = given[d];
        enter_outputs(&x, K, output, outputs);
        status = g->status;
    }
    end_lowering(&x);
    return status;
}

size_t ad_lower_products(const ad_tape *tape) {
    size_t count = 0;
    for (size_t k = 0; k < tape->runs; k++) {
        const ad_run *run = &tape->run[k];
        if (!ad_has_inner_products(run)) continue;
        count += (size_t)tape->block[run->a].count * tape->block[run->a].extent[1].size[1];
    }
    return count;
}

size_t ad_lower_calls(const ad_tape *tape) {
    size_t count = 0;
    for (size_t k = 0; k < tape->runs; k++) {
        if (ad_is_family(&tape->run[k], AD_FAMILY_CALL)) count += ad_run_edges(tape, &tape->run[k]);
    }
    return count;
}

size_t ad_lower_edges(const ad_tape *tape) {
    size_t count = 0;
    for (size_t k = 0; k < tape->runs; k++) {
        const ad_run *run = &tape->run[k];
        if (run->form != AD_FORM_BLOCK || ad_has_inner_products(run)) continue;
        count += ad_run_edges(tape, run);
    }
    return count;
}

size_t ad_lower_size(const ad_tape *tape) {
    size_t tests = 0;
    for (size_t k = 0; k < tape->checks; k++) tests += tape->check[k].extent.count;
    return tape->nodes + tests + 2 * ad_lower_products(tape);
}
