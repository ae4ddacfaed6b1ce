/* SPDX-License-Identifier: Apache-2.0 */
#include "sweep/first_write.h"

#include <string.h>

#include "tape/block.h"

#define MOST_RUNS 4096 /* on longer tapes the search costs more than it saves */

/* The nodes of an operand: all are within [low, high].  They are `dense` if they are low, low + 1,
 * ... in order. */
typedef struct node_range {
    size_t low, high;
    int dense;
} node_range;

static node_range range_of_list(const ad_tape *tape, uint32_t list, size_t count) {
    node_range s = {SIZE_MAX, 0, 0};
    for (size_t k = 0; k < count; k++) {
        ad_node node = tape->list[list + k];
        if (node < s.low) s.low = node;
        if (node > s.high) s.high = node;
    }
    return s;
}

static node_range range_of_rule(ad_node base, int ndim, const int64_t *size,
                                const int64_t *stride) {
    int64_t low = base, high = base, step = 1;
    int dense = 1;
    for (int d = ndim - 1; d >= 0; d--) {
        int64_t reach = (size[d] - 1) * stride[d];
        if (reach < 0) low += reach;
        if (reach > 0) high += reach;
        dense = dense && (stride[d] == step || size[d] == 1);
        step *= size[d];
    }
    return (node_range){(size_t)low, (size_t)high, dense};
}

static node_range span_operand(const ad_tape *tape, const ad_span *span, int j) {
    int64_t size[AD_DIMS];
    const ad_view *view = &span->operand[j];
    if (view->list != AD_AFFINE) return range_of_list(tape, view->list, span->extent.count);
    for (uint32_t d = 0; d < span->extent.ndim; d++) size[d] = span->extent.size[d];
    return range_of_rule(view->base, (int)span->extent.ndim, size, view->stride);
}

static node_range operand_REDUCTION(const ad_tape *tape, const ad_block *b, int j) {
    int64_t size[2 * AD_DIMS], stride[2 * AD_DIMS];
    int n = 0;
    (void)j;
    if (b->operand[0].list != AD_AFFINE) {
        return range_of_list(tape, b->operand[0].list,
                             (size_t)b->extent[0].count * b->extent[1].count);
    }
    for (int half = 0; half < 2; half++) {
        for (uint32_t d = 0; d < b->extent[half].ndim; d++, n++) {
            size[n] = b->extent[half].size[d];
            stride[n] = b->operand[half].stride[d];
        }
    }
    return range_of_rule(b->operand[0].base, n, size, stride);
}

static node_range operand_PRODUCT(const ad_tape *tape, const ad_block *b, int j) {
    const uint32_t *e = b->extent[1].size;
    const int64_t size[3] = {b->extent[0].count, e[j], e[j + 1]};
    (void)tape;
    return range_of_rule(b->operand[j].base, 3, size, b->operand[j].stride);
}

static node_range operand_CORRELATION(const ad_tape *tape, const ad_block *b, int j) {
    const int64_t size = b->extent[1].size[j];
    (void)tape;
    return range_of_rule(b->operand[j].base, 1, &size, b->operand[j].stride);
}

static node_range operand_CALL(const ad_tape *tape, const ad_block *b, int j) {
    const int64_t count = b->extent[1].count, one = 1;
    const ad_view *view = &b->operand[0];
    (void)j;
    return view->list == AD_AFFINE ? range_of_rule(view->base, 1, &count, &one)
                                   : range_of_list(tape, view->list, (size_t)count);
}

#define BLOCK(KIND, NAME, FAMILY, ...) operand_##FAMILY,
static node_range (*const block_operand[])(const ad_tape *, const ad_block *, int j) = {
#include "tape/blocks.def"
};

/* Insert [first, end) if it is large and overlaps no other region.  The array stays ascending.
 * `whole` is the initial value, which consumers may change. */
static void enter_region(ad_first_writes *writes, size_t first, size_t end, int whole) {
    size_t at = writes->count;
    if (end - first < AD_FIRST_WRITE_LARGE || at == AD_FIRST_WRITE_MOST) return;
    while (at > 0 && writes->region[at - 1].first >= end) at--;
    if (at > 0 && writes->region[at - 1].end > first) return;
    memmove(&writes->region[at + 1], &writes->region[at], (writes->count - at) * sizeof(ad_region));
    writes->region[at] = (ad_region){first, end, SIZE_MAX, 0, whole, 0, NULL};
    writes->count++;
}

/* Consecutive constants, found by whole words of the tape's bitmap. */
static void enter_constants(const ad_tape *tape, ad_first_writes *writes) {
    size_t first = 0, words = tape->nodes / 64;
    for (size_t k = 0; k <= words; k++) {
        if (k < words && tape->constant[k] == UINT64_MAX) continue;
        if (k > first) enter_region(writes, first * 64, k * 64, 1);
        first = k + 1;
    }
}

static void consume(ad_first_writes *writes, size_t run, int operand, node_range s, int product) {
    for (size_t k = 0; k < writes->count; k++) {
        ad_region *r = &writes->region[k];
        int whole = s.dense && s.low == r->first && s.high + 1 == r->end;
        if (s.high < r->first || s.low >= r->end) continue;
        if (r->run == run) {   /* another operand of the same run: each must read it in order, */
            r->whole &= whole; /* as the first one writes and the others add chunk by chunk */
            r->sole = 0;
            continue;
        }
        r->sole = product && r->run == SIZE_MAX;
        r->run = run;
        r->operand = operand;
        r->whole = whole;
    }
}

/* Consume, or enter as regions, the operands of run k that have edges. */
static void visit(const ad_tape *tape, size_t k, ad_first_writes *writes, int entering) {
    const ad_run *run = &tape->run[k];
    if (run->form == AD_FORM_SPAN) {
        const ad_span *span = &tape->span[run->a];
        for (int j = 0; !entering && j < run->arity; j++) {
            if (span->source[j] == AD_PARTIAL_ZERO) continue;
            node_range s = span_operand(tape, span, j);
            if (j == 0 && span->lag != 0) s.dense = 0; /* partly results of the run itself */
            consume(writes, k, j, s, 0);
        }
    } else if (run->form == AD_FORM_BLOCK) {
        for (int j = 0; j < run->arity; j++) {
            const ad_block *b = &tape->block[run->a];
            if (!b->active[j]) continue;
            node_range s = block_operand[run->op](tape, b, j);
            if (!entering) {
                consume(writes, k, j, s, !ad_is_family(run, AD_FAMILY_REDUCTION));
            } else if (s.dense) {
                enter_region(writes, s.low, s.high + 1, 0);
            }
        }
    } else if (!entering) {
        if (run->form != AD_FORM_RIGHT) consume(writes, k, 0, (node_range){run->a, run->a, 0}, 0);
        if (run->form == AD_FORM_RIGHT || run->form == AD_FORM_BINARY) {
            consume(writes, k, 1, (node_range){run->b, run->b, 0}, 0);
        }
    }
}

void ad_first_write_find(const ad_tape *tape, size_t outputs, const ad_node *output,
                         ad_first_writes *writes) {
    writes->count = 0;
    if (tape->runs > MOST_RUNS) return;
    enter_constants(tape, writes);
    for (size_t k = 0; k < tape->runs; k++) {
        const ad_run *run = &tape->run[k];
        enter_region(writes, run->node, run->node + ad_run_count(tape, run), 0);
    }
    for (size_t k = 0; k < tape->runs; k++) visit(tape, k, writes, 1);
    if (writes->count == 0) return;
    for (size_t k = 0; k < tape->runs; k++) visit(tape, k, writes, 0);
    for (size_t k = 0; k < writes->count; k++) {
        ad_region *r = &writes->region[k];
        for (size_t i = 0; i < outputs && r->whole; i++) {
            r->whole = output[i] < r->first || output[i] >= r->end;
        }
    }
}

void ad_first_write_zero(const ad_tape *tape, const ad_first_writes *writes, double *adjoint) {
    size_t node = 0;
    for (size_t k = 0; k < writes->count; k++) {
        const ad_region *r = &writes->region[k];
        if (!r->whole) continue;
        memset(adjoint + node, 0, (r->first - node) * sizeof *adjoint);
        node = r->end;
    }
    memset(adjoint + node, 0, (tape->nodes - node) * sizeof *adjoint);
}

const ad_region *ad_first_write_region(const ad_first_writes *writes, size_t run, int operand) {
    for (size_t k = 0; writes != NULL && k < writes->count; k++) {
        const ad_region *r = &writes->region[k];
        if (r->run == run && r->operand == operand && r->whole) return r;
    }
    return NULL;
}

void ad_first_write_redirect(ad_first_writes *writes, size_t first, size_t n, double *result) {
    for (size_t k = 0; k < writes->count; k++) {
        ad_region *r = &writes->region[k];
        if (!r->whole || !r->sole || r->first < first || r->end > first + n) continue;
        r->result = result + (r->first - first);
    }
}

void ad_first_write_harvest(const ad_first_writes *writes, const double *adjoint, size_t first,
                            size_t n, double *result) {
    size_t node = first, end = first + n;
    for (size_t k = 0; k < writes->count; k++) {
        const ad_region *r = &writes->region[k];
        if (r->result == NULL) continue;
        memcpy(result + (node - first), adjoint + node, (r->first - node) * sizeof *result);
        node = r->end;
    }
    memcpy(result + (node - first), adjoint + node, (end - node) * sizeof *result);
}

int ad_first_write_private(const ad_first_writes *writes, size_t first, size_t n, size_t last) {
    for (size_t k = 0; writes != NULL && k < writes->count; k++) {
        const ad_region *r = &writes->region[k];
        if (r->first == first && r->end == first + n) return r->whole && r->run <= last;
    }
    return 0;
}
