/* SPDX-License-Identifier: Apache-2.0 */
#include "tape/inspect.h"

#include <math.h>

#include "base/alloc.h"
#include "tape/block.h"

static ad_node view_node(const ad_tape *tape, const ad_view *view, const ad_extent *extent,
                         size_t k) {
    ad_node node;
    if (view->list != AD_AFFINE) return tape->list[view->list + k];
    ad_view_list(view, extent, k, 1, &node);
    return node;
}

static size_t put(ad_edge *edges, size_t room, size_t n, ad_node operand, double partial) {
    if (n < room) edges[n] = (ad_edge){operand, partial};
    return n + 1;
}

static size_t scalar_edges(const ad_tape *tape, const ad_run *run, size_t room, ad_edge *edges) {
    const double *partial = tape->partial + run->partial;
    int left = run->form != AD_FORM_RIGHT;
    size_t n = put(edges, room, 0, run->a, left ? *partial++ : 0);
    if (run->arity == 1) return n;
    return put(edges, room, n, run->b, run->form == AD_FORM_LEFT ? 0 : *partial);
}

static size_t edges_PRODUCT(const ad_tape *tape, const ad_run *run, const ad_block *b, size_t k,
                            size_t room, ad_edge *edges) {
    const ad_inner x = ad_inner_product(b, (uint32_t)k);
    size_t n = 0;
    (void)run;
    for (int64_t r = 0; r < x.count; r++) {
        const ad_node left = (ad_node)(x.left + r * x.left_step);
        const ad_node right = (ad_node)(x.right + r * x.right_step);
        n = put(edges, room, n, left, b->active[0] ? tape->value[right] : 0);
        n = put(edges, room, n, right, b->active[1] ? tape->value[left] : 0);
    }
    return n;
}

#define edges_CORRELATION edges_PRODUCT

static size_t edges_REDUCTION(const ad_tape *tape, const ad_run *run, const ad_block *b, size_t k,
                              size_t room, ad_edge *edges) {
    const ad_block_info *kind = &ad_block_kinds[run->op];
    size_t inner = b->extent[1].count, running = kind->running != 0, n = 0;
    size_t result = running ? k / inner : k, first = running ? k % inner : 0;
    size_t last = running ? first + 1 : inner;
    /* As in the sweeps, a running sum is its predecessor plus one element. */
    if (running && first != 0) n = put(edges, room, n, (ad_node)(run->node + k - 1), 1);
    for (size_t r = first; r < last; r++) {
        ad_node node;
        size_t at = result * inner + r;
        if (b->operand[0].list != AD_AFFINE) {
            node = tape->list[b->operand[0].list + at];
        } else {
            ad_view row = b->operand[1];
            ad_view_list(&b->operand[0], &b->extent[0], result, 1, &row.base);
            ad_view_list(&row, &b->extent[1], r, 1, &node);
        }
        double share = kind->choice != 0 ? tape->partial[b->partial + result] : 1;
        n = put(edges, room, n, node,
                ad_element_partial(kind, tape->value[node], tape->value[run->node + k], share));
    }
    return n;
}

/* One row of a call's Jacobian, computed as its pullback of a unit vector; NaN where the rule
 * fails. */
static size_t edges_CALL(const ad_tape *tape, const ad_run *run, const ad_block *b, size_t k,
                         size_t room, ad_edge *edges) {
    size_t n = b->extent[1].count, m = b->count;
    double *x = room > 0 ? ad_alloc_zeroed(2 * n + m, sizeof *x) : NULL;
    ad_status status = AD_NO_MEMORY;
    if (x != NULL) {
        const double *values = ad_call_values(tape, b, x);
        x[n + k] = 1;
        status = ad_callbacks_get()->pull(tape->rule[b->rule], n, values, m,
                                          tape->value + run->node, 1, x + n, x + n + m);
    }
    for (size_t j = 0; j < n; j++) {
        put(edges, room, j, ad_call_node(tape, b, j), status == AD_OK ? x[n + m + j] : NAN);
    }
    ad_free(x);
    return n;
}

#define BLOCK(KIND, NAME, FAMILY, ...) edges_##FAMILY,
static size_t (*const block_edges[])(const ad_tape *, const ad_run *, const ad_block *, size_t k,
                                     size_t room, ad_edge *) = {
#include "tape/blocks.def"
};

size_t ad_node_edges(const ad_tape *tape, ad_node node, size_t room, ad_edge *edges) {
    const ad_run *run = ad_tape_run_of(tape, node);
    if (run == NULL) return 0;
    size_t k = node - run->node;
    if (run->form == AD_FORM_BLOCK) {
        return block_edges[run->op](tape, run, &tape->block[run->a], k, room, edges);
    }
    if (run->form != AD_FORM_SPAN) return scalar_edges(tape, run, room, edges);
    const ad_span *span = &tape->span[run->a];
    ad_node nodes[AD_MAX_ARITY] = {0};
    for (int j = 0; j < run->arity; j++) {
        nodes[j] = view_node(tape, &span->operand[j], &span->extent, k);
    }
    size_t n = 0;
    for (int j = 0; j < run->arity; j++) {
        n = put(edges, room, n, nodes[j], ad_span_partial(tape, span, j, k, nodes, node));
    }
    return n;
}
