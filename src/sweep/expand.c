/* SPDX-License-Identifier: Apache-2.0 */
#include "sweep/expand.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "ops/expr.h"
#include "tape/block.h"
#include "tape/kinks.h"

/* An array of nodes over the current extent: an affine rule, or a list outside the tape, which
 * belongs to the function that made it. */
typedef struct item {
    ad_node base;
    int64_t stride[AD_DIMS];
    const ad_node *nodes;
} item;

/* The state of one expansion. */
typedef struct expansion {
    ad_tape *tape;
    ad_node *node; /* tangent or adjoint of each node */
    ad_node zero;  /* the constant 0 */
    ad_node first_node;
    const float *order; /* orders at which the nodes vanish; NULL if the segment has no roots */
    ad_extent extent;   /* of the current run */
} expansion;

/* Elements [first, first + count) of a running fold; of other runs all are processed at once. */
typedef struct stretch {
    size_t first;
    uint32_t count;
} stretch;

static void shape_of(const ad_extent *extent, int64_t shape[AD_DIMS]) {
    for (uint32_t d = 0; d < extent->ndim; d++) shape[d] = extent->size[d];
}

/* Consecutive nodes in C order. */
static item item_of_nodes(const ad_extent *extent, ad_node first) {
    item x = {first, {0}, NULL};
    int64_t step = 1;
    for (int d = (int)extent->ndim - 1; d >= 0; d--) {
        x.stride[d] = step;
        step *= extent->size[d];
    }
    return x;
}

static item repeated(ad_node node) { return (item){node, {0}, NULL}; }

/* A list as an item.  Consecutive nodes become an affine rule if they are all constants or all not,
 * since recording tests only the first node of a rule. */
static item item_of_list(const expansion *x, const ad_extent *extent, const ad_node *nodes) {
    int constant = ad_is_constant(x->tape, nodes[0]);
    for (uint32_t k = 1; k < extent->count; k++) {
        if (nodes[k] != nodes[0] + k || ad_is_constant(x->tape, nodes[k]) != constant) {
            return (item){nodes[0], {0}, nodes};
        }
    }
    return item_of_nodes(extent, nodes[0]);
}

/* Record op on items over the extent.  The result is consecutive. */
static ad_status record(expansion *x, unsigned op, const item *items, item *result) {
    int64_t shape[AD_DIMS];
    ad_operand operands[AD_MAX_ARITY];
    ad_node first;
    shape_of(&x->extent, shape);
    for (int j = 0; j < ad_op_row(op)->arity; j++) {
        operands[j] = (ad_operand){items[j].base, items[j].stride, items[j].nodes};
    }
    ad_status status =
        ad_tape_elementwise(x->tape, op, (int)x->extent.ndim, shape, operands, &first);
    if (status == AD_OK) *result = item_of_nodes(&x->extent, first);
    return status;
}

static void item_list(const item *x, const ad_extent *extent, ad_node *out) {
    if (x->nodes != NULL) {
        if (x->nodes != out) memcpy(out, x->nodes, extent->count * sizeof *out);
        return;
    }
    ad_view view = {x->base, AD_AFFINE, {0}};
    memcpy(view.stride, x->stride, sizeof view.stride);
    ad_view_list(&view, extent, 0, extent->count, out);
}

/* Record the operations of a postfix code on operands[0..2] and the value operands[3]. */
static ad_status record_expression(expansion *x, const ad_expr *expr, const item operands[4],
                                   item *result) {
    item stack[AD_EXPR_DEPTH];
    int top = 0;
    for (int k = 0; k < expr->steps; k++) {
        const ad_step *step = &expr->step[k];
        if (step->kind == AD_STEP_APPLY) {
            top -= ad_op_row(step->op)->arity;
            ad_status status = record(x, step->op, &stack[top], &stack[top]);
            if (status != AD_OK) return status;
            top++;
            continue;
        }
        if (top == AD_EXPR_DEPTH) return AD_BAD_OP;
        if (step->kind == AD_STEP_NUMBER) {
            ad_node node;
            ad_status status = ad_tape_constant(x->tape, step->number, &node);
            if (status != AD_OK) return status;
            stack[top++] = repeated(node);
        } else {
            stack[top++] = operands[step->kind - AD_STEP_A];
        }
    }
    *result = stack[0];
    return AD_OK;
}

/* Replace the partials of roots of sums of squares, at kinks, by the middle of the kink.  `list`
 * has room for the extent's nodes; *partial may refer to it afterwards. */
static ad_status root_partial(expansion *x, const ad_node *operand, item own, item *partial,
                              ad_node *list) {
    const uint32_t n = x->extent.count;
    uint32_t kinks = 0;
    item both[2] = {*partial, own}, kinked;
    for (uint32_t k = 0; k < n; k++) {
        kinks += (uint32_t)ad_vanish_is_kink(x->order[own.base + k], x->order[operand[k]]);
    }
    if (kinks == 0) return AD_OK;
    ad_status status = record(x, AD_KINKED, both, &kinked);
    if (status != AD_OK) return status;
    item_list(partial, &x->extent, list);
    for (uint32_t k = 0; k < n; k++) {
        if (!ad_vanish_is_kink(x->order[own.base + k], x->order[operand[k]])) continue;
        list[k] = kinked.base + k;
    }
    *partial = kinks == n ? kinked : item_of_list(x, &x->extent, list);
    return AD_OK;
}

/* Record seed times the partial along edge j, according to the class of the edge.  `list` holds the
 * nodes of the operand. */
static ad_status times_partial(expansion *x, unsigned op, int j, const item operands[4], item seed,
                               const ad_node *list, item *result) {
    ad_partial_class class = ad_op_row(op)->partial_class[j];
    if (class == AD_PARTIAL_ONE) {
        *result = seed;
        return AD_OK;
    }
    if (class == AD_PARTIAL_MINUS_ONE) return record(x, AD_NEGATIVE, &seed, result);
    item factors[2];
    ad_status status = record_expression(x, ad_expr_partial(op, j), operands, &factors[0]);
    ad_node *mixed = NULL;
    if (status == AD_OK && j == 0 && x->order != NULL && ad_vanish_may_have_kink(op)) {
        mixed = ad_alloc(x->extent.count, sizeof *mixed);
        if (mixed == NULL) return AD_NO_MEMORY;
        status = root_partial(x, list, operands[3], &factors[0], mixed);
    }
    factors[1] = seed;
    if (status == AD_OK) status = record(x, AD_PRODUCT, factors, result);
    ad_free(mixed);
    return status;
}

ad_status ad_expand_partial(ad_tape *tape, unsigned op, int edge, const ad_node operand[3],
                            ad_node value, ad_node *node) {
    expansion x = {.tape = tape, .extent = {0, 1, {0}}};
    item items[4] = {repeated(operand[0]), repeated(operand[1]), repeated(operand[2]),
                     repeated(value)},
         result;
    ad_status status = record_expression(&x, ad_expr_partial(op, edge), items, &result);
    if (status == AD_OK) *node = result.base;
    return status;
}

/* The seeds of n nodes as a list, with the zero node for missing ones.  Returns 0 if all are
 * missing. */
static int gather_seeds(const expansion *x, const ad_node *nodes, size_t n, ad_node *seeds) {
    int any = 0;
    for (size_t k = 0; k < n; k++) {
        ad_node seed = x->node[nodes[k]];
        any |= seed != AD_NO_NODE;
        seeds[k] = seed == AD_NO_NODE ? x->zero : seed;
    }
    return any;
}

/* The nodes of one operand's elements [k, k + count) as a list, which the caller frees; NULL if
 * memory is exhausted. */
static ad_node *operand_list(const expansion *x, const ad_view *view, const ad_extent *extent,
                             size_t k, size_t count) {
    ad_node *nodes = ad_alloc(count, sizeof *nodes);
    if (nodes == NULL) return NULL;
    if (view->list == AD_AFFINE) {
        ad_view_list(view, extent, k, count, nodes);
    } else {
        memcpy(nodes, x->tape->list + view->list + k, count * sizeof *nodes);
    }
    return nodes;
}

/* A contribution to one node's adjoint. */
typedef struct term {
    ad_node child, node;
} term;

static int by_child(const void *a, const void *b) {
    const term *x = a, *y = b;
    if (x->child != y->child) return x->child < y->child ? -1 : 1;
    return (x->node > y->node) - (x->node < y->node); /* qsort is not stable */
}

/* Record left[k] + right[k] for n pairs of nodes as one run.  The results are consecutive from
 * *first on. */
static ad_status add_node_lists(expansion *x, size_t n, const ad_node *left, const ad_node *right,
                                ad_node *first) {
    static const int64_t still[1] = {0};
    int64_t shape[1] = {(int64_t)n};
    const ad_operand operands[2] = {{left[0], still, left}, {right[0], still, right}};
    return ad_tape_elementwise(x->tape, AD_ADD, 1, shape, operands, first);
}

/* Record pairwise sums of the terms of equal children, which are sorted by child, until each child
 * occurs once. */
static ad_status combine(expansion *x, term *terms, size_t *n, ad_node *left, ad_node *right) {
    for (;;) {
        size_t pairs = 0, kept = 0;
        for (size_t k = 0; k + 1 < *n; k++) {
            if (terms[k].child != terms[k + 1].child) continue;
            left[pairs] = terms[k].node;
            right[pairs++] = terms[++k].node;
        }
        if (pairs == 0) return AD_OK;
        ad_node sum;
        ad_status status = add_node_lists(x, pairs, left, right, &sum);
        if (status != AD_OK) return status;
        for (size_t k = 0; k < *n; k++) {
            terms[kept] = terms[k];
            if (k + 1 < *n && terms[k].child == terms[k + 1].child) {
                terms[kept].node = sum++;
                k++;
            }
            kept++;
        }
        *n = kept;
    }
}

/* Add node[k] to the adjoint of child[k], for each k < n. */
static ad_status accumulate(expansion *x, size_t n, const ad_node *child, const ad_node *node) {
    term *terms = ad_alloc(n, sizeof *terms);
    ad_node *left = ad_alloc(2 * n, sizeof *left), *right = left + n, sum;
    ad_status status = terms == NULL || left == NULL ? AD_NO_MEMORY : AD_OK;
    size_t kept = 0, both = 0;
    int sorted = 1;
    for (size_t k = 0; status == AD_OK && k < n; k++) {
        if (child[k] < x->first_node || ad_is_constant(x->tape, child[k])) continue;
        if (node[k] == x->zero) continue;
        terms[kept] = (term){child[k], node[k]};
        sorted &= kept == 0 || terms[kept - 1].child <= child[k];
        kept++;
    }
    if (!sorted) qsort(terms, kept, sizeof *terms, by_child);
    if (status == AD_OK) status = combine(x, terms, &kept, left, right);
    for (size_t k = 0; status == AD_OK && k < kept; k++) {
        ad_node *adjoint = &x->node[terms[k].child];
        if (*adjoint == AD_NO_NODE) {
            *adjoint = terms[k].node;
        } else {
            left[both] = *adjoint;
            right[both++] = terms[k].node;
            terms[both - 1] = terms[k];
        }
    }
    if (status == AD_OK && both > 0) {
        status = add_node_lists(x, both, left, right, &sum);
        for (size_t k = 0; status == AD_OK && k < both; k++) {
            x->node[terms[k].child] = sum + (ad_node)k;
        }
    }
    ad_free(terms);
    ad_free(left);
    return status;
}

/* The operands of a part of a running fold whose elements do not depend on one another. */
static ad_status operands_of_part(expansion *x, const ad_span *span, const stretch *p,
                                  ad_node *lists[AD_MAX_ARITY], item items[4]) {
    x->extent = (ad_extent){p->count > 1, p->count, {p->count}};
    for (int j = 0; j < 2; j++) {
        lists[j] = operand_list(x, &span->operand[j], &span->extent, p->first, p->count);
        if (lists[j] == NULL) return AD_NO_MEMORY;
        items[j] = item_of_list(x, &x->extent, lists[j]);
    }
    return AD_OK;
}

/* The operands of a part of an elementwise run as lists and items.  The caller frees lists[j]. */
static ad_status operands_of_run(expansion *x, const ad_run *run, const stretch *p,
                                 ad_node *lists[AD_MAX_ARITY], item items[4]) {
    ad_status status = AD_OK;
    if (run->form != AD_FORM_SPAN) {
        ad_node operands[2] = {run->a, run->b};
        x->extent = (ad_extent){0, 1, {0}};
        for (int j = 0; j < run->arity; j++) {
            lists[j] = ad_alloc(1, sizeof **lists);
            if (lists[j] == NULL) return AD_NO_MEMORY;
            lists[j][0] = operands[j];
            items[j] = repeated(operands[j]);
        }
    } else {
        ad_span span = x->tape->span[run->a];
        if (span.lag != 0) status = operands_of_part(x, &span, p, lists, items);
        if (span.lag == 0) x->extent = span.extent;
        for (int j = 0; span.lag == 0 && j < run->arity; j++) {
            lists[j] = operand_list(x, &span.operand[j], &span.extent, 0, span.extent.count);
            if (lists[j] == NULL) return AD_NO_MEMORY;
            items[j] = (item){span.operand[j].base, {0}, NULL};
            memcpy(items[j].stride, span.operand[j].stride, sizeof items[j].stride);
            if (span.operand[j].list != AD_AFFINE) items[j].nodes = lists[j];
        }
    }
    items[3] = item_of_nodes(&x->extent, run->node + (ad_node)p->first);
    return status;
}

static ad_status elementwise_forward(expansion *x, const ad_run *run, const stretch *p) {
    ad_node *lists[AD_MAX_ARITY] = {NULL}, *seeds = NULL;
    item items[4], sum, term;
    int terms = 0;
    ad_status status = operands_of_run(x, run, p, lists, items);
    uint32_t n = x->extent.count;
    if (status == AD_OK && (seeds = ad_alloc(n, sizeof *seeds)) == NULL) status = AD_NO_MEMORY;
    for (int j = 0; j < run->arity && status == AD_OK; j++) {
        if (ad_op_row(run->op)->partial_class[j] == AD_PARTIAL_ZERO) continue;
        if (!gather_seeds(x, lists[j], n, seeds)) continue;
        status = times_partial(x, run->op, j, items, item_of_list(x, &x->extent, seeds), lists[j],
                               &term);
        if (status == AD_OK && term.nodes != NULL) { /* refers to seeds, which is reused */
            status = record(x, AD_POSITIVE, &term, &term);
        }
        if (status != AD_OK) break;
        if (terms++ == 0) {
            sum = term;
        } else {
            item both[2] = {sum, term};
            status = record(x, AD_ADD, both, &sum);
        }
    }
    if (status == AD_OK && terms > 0) item_list(&sum, &x->extent, x->node + run->node + p->first);
    for (int j = 0; j < AD_MAX_ARITY; j++) ad_free(lists[j]);
    ad_free(seeds);
    return status;
}

static ad_status elementwise_reverse(expansion *x, const ad_run *run, const stretch *p) {
    ad_node *lists[AD_MAX_ARITY] = {NULL}, *seeds = NULL, *terms = NULL, *own = NULL;
    item items[4], term;
    ad_status status = operands_of_run(x, run, p, lists, items);
    uint32_t n = x->extent.count;
    if (status == AD_OK) {
        seeds = ad_alloc(n, sizeof *seeds);
        terms = ad_alloc(n, sizeof *terms);
        own = ad_alloc(n, sizeof *own);
        if (seeds == NULL || terms == NULL || own == NULL) status = AD_NO_MEMORY;
    }
    for (uint32_t k = 0; status == AD_OK && k < n; k++) own[k] = run->node + (ad_node)p->first + k;
    int any = status == AD_OK && gather_seeds(x, own, n, seeds);
    for (int j = 0; j < run->arity && any && status == AD_OK; j++) {
        if (ad_op_row(run->op)->partial_class[j] == AD_PARTIAL_ZERO) continue;
        int wanted = 0;
        for (uint32_t k = 0; k < n && !wanted; k++) {
            wanted = lists[j][k] >= x->first_node && !ad_is_constant(x->tape, lists[j][k]);
        }
        if (!wanted) continue;
        status = times_partial(x, run->op, j, items, item_of_list(x, &x->extent, seeds), lists[j],
                               &term);
        if (status != AD_OK) break;
        item_list(&term, &x->extent, terms);
        status = accumulate(x, n, lists[j], terms);
    }
    for (int j = 0; j < AD_MAX_ARITY; j++) ad_free(lists[j]);
    ad_free(seeds);
    ad_free(terms);
    ad_free(own);
    return status;
}

/* An elementwise run as a whole; a running fold in parts. */
static ad_status elementwise(expansion *x, const ad_run *run, int backward) {
    const ad_span *spans = run->form == AD_FORM_SPAN ? &x->tape->span[run->a] : NULL;
    if (spans == NULL || spans->lag == 0) {
        const stretch all = {0, 0};
        return backward ? elementwise_reverse(x, run, &all) : elementwise_forward(x, run, &all);
    }
    const ad_span span = *spans; /* recording may reallocate the tape's arrays */
    ad_status status = AD_OK;
    for (size_t left = span.extent.count, m; left > 0 && status == AD_OK; left -= m) {
        const size_t done = span.extent.count - left;
        m = backward ? ad_span_stretch_before(&span, left) : ad_span_stretch(&span, done);
        const stretch p = {backward ? left - m : done, (uint32_t)m};
        status = backward ? elementwise_reverse(x, run, &p) : elementwise_forward(x, run, &p);
    }
    return status;
}

#include "sweep/expand_blocks.inc"

static ad_status expand(const ad_segment *s, ad_node *node, int backward) {
    expansion x = {.tape = s->tape, .node = node, .first_node = s->first_node};
    ad_status status = ad_tape_constant(s->tape, 0, &x.zero);
    size_t count = s->last_run - s->first_run;
    float *order = NULL;
    if (status == AD_OK && ad_tape_may_have_kinks(s->tape, s->first_run, s->last_run)) {
        order = ad_alloc(s->tape->nodes, sizeof *order);
        status = order == NULL ? AD_NO_MEMORY : ad_tape_orders(s->tape, s->last_run, order);
        x.order = order;
    }
    for (size_t k = 0; k < count && status == AD_OK; k++) {
        /* A copy, because recording may reallocate the tape's arrays. */
        ad_run run = s->tape->run[backward ? s->last_run - 1 - k : s->first_run + k];
        if (run.form == AD_FORM_BLOCK) {
            const ad_block block = s->tape->block[run.a];
            status = expand_block[run.op](&x, &run, &block, backward);
        } else {
            status = elementwise(&x, &run, backward);
        }
    }
    ad_free(order);
    return status;
}

ad_status ad_expand_forward(const ad_segment *segment, ad_node *node) {
    return expand(segment, node, 0);
}

ad_status ad_expand_reverse(const ad_segment *segment, ad_node *node) {
    return expand(segment, node, 1);
}
