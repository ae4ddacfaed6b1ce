/* SPDX-License-Identifier: Apache-2.0 */
/* Recording an elementwise operation on arrays: one run, its values and partials. */
#include <string.h>

#include "tape.h"

/* What is known of a recording before anything is written. */
typedef struct plan {
    unsigned op;
    int arity, any_list, any_stored, any_active;
    ad_span span;
    const ad_node *list[AD_MAX_ARITY]; /* lists still to be copied */
    int rule[AD_MAX_ARITY];            /* affine, but of too many dimensions for a view */
    int ndim;
    int64_t shape[AD_ANY_DIMS], stride[AD_MAX_ARITY][AD_ANY_DIMS];
} plan;

static int all_constant(const ad_tape *tape, const ad_operand *x, size_t count) {
    if (x->nodes == NULL) return ad_is_constant(tape, x->base);
    for (size_t k = 0; k < count; k++) {
        if (!ad_is_constant(tape, x->nodes[k])) return 0;
    }
    return 1;
}

/* Merge dimensions, choose views or lists, and decide each edge's source. */
static void make_plan(const ad_tape *tape, plan *p, size_t count, const ad_operand *x) {
    const ad_op_info *row = ad_op_row(p->op);
    int64_t *walked[AD_MAX_ARITY];
    int affine = 0;
    for (int j = 0; j < p->arity; j++) {
        p->list[j] = x[j].nodes;
        if (x[j].nodes != NULL) continue;
        memcpy(p->stride[j], x[j].stride, (size_t)p->ndim * sizeof(int64_t));
        walked[affine++] = p->stride[j];
    }
    p->ndim = ad_merge_dims(p->ndim, p->shape, affine, walked);
    ad_extent *extent = &p->span.extent;
    int fits = p->ndim <= AD_DIMS;
    extent->count = (uint32_t)count;
    extent->ndim = fits ? (uint32_t)p->ndim : 1;
    for (int d = 0; fits && d < p->ndim; d++) extent->size[d] = (uint32_t)p->shape[d];
    if (!fits) extent->size[0] = (uint32_t)count;
    for (int j = 0; j < p->arity; j++) {
        ad_view *view = &p->span.operand[j];
        p->rule[j] = p->list[j] == NULL && !fits;
        view->base = x[j].base;
        view->list = AD_AFFINE;
        if (p->list[j] == NULL && fits) {
            memcpy(view->stride, p->stride[j], (size_t)p->ndim * sizeof(int64_t));
        } else {
            p->any_list++;
        }
        int active = !all_constant(tape, &x[j], count);
        p->any_active |= active;
        p->span.source[j] = active ? (uint8_t)row->partial_class[j] : AD_PARTIAL_ZERO;
        p->any_stored += p->span.source[j] == AD_PARTIAL_STORED;
    }
}

/* Copy the lists; the room is there. */
static void store_lists(ad_tape *tape, plan *p) {
    size_t count = p->span.extent.count;
    for (int j = 0; j < p->arity; j++) {
        if (p->list[j] == NULL && !p->rule[j]) continue;
        ad_node *to = tape->list + tape->lists;
        if (p->rule[j]) {
            ad_rule_list(p->ndim, p->shape, p->span.operand[j].base, p->stride[j], 0, count, to);
        } else {
            memcpy(to, p->list[j], count * sizeof(ad_node));
        }
        p->span.operand[j].list = (uint32_t)tape->lists;
        tape->lists += count;
    }
}

/* Operand values of elements [k, k + m): a pointer and a stride, through buffer if need be. */
static const double *operand_values(const ad_tape *tape, const ad_span *span, int j, size_t k,
                                    size_t m, int contiguous, double *buffer, intptr_t *stride) {
    ad_node nodes[AD_CHUNK];
    ad_place place = ad_view_place(&span->operand[j], &span->extent, k, m, tape->list, nodes);
    if (place.list != NULL) {
        for (size_t e = 0; e < m; e++) buffer[e] = tape->value[place.list[e]];
    } else if (contiguous && place.stride != 1) {
        const double *from = tape->value + place.base;
        if (place.stride == 0) {
            for (size_t e = 0; e < m; e++) buffer[e] = *from;
        } else {
            for (size_t e = 0; e < m; e++) buffer[e] = from[(int64_t)e * place.stride];
        }
    } else {
        *stride = (intptr_t)place.stride;
        return tape->value + place.base;
    }
    *stride = 1;
    return buffer;
}

static void evaluate(ad_tape *tape, const plan *p, double *value) {
    const ad_span *span = &p->span;
    double buffer[AD_MAX_ARITY][AD_CHUNK];
    for (size_t k = 0; k < span->extent.count;) {
        size_t m = ad_stretch(&span->extent, k);
        if (m > AD_CHUNK) m = AD_CHUNK;
        const double *x[AD_MAX_ARITY] = {NULL};
        intptr_t stride[AD_MAX_ARITY];
        for (int j = 0; j < p->arity; j++) {
            x[j] = operand_values(tape, span, j, k, m, p->any_stored, buffer[j], &stride[j]);
        }
        ad_op_values(p->op, m, x, stride, value + k);
        for (int j = 0; j < p->arity; j++) {
            if (span->source[j] != AD_PARTIAL_STORED) continue;
            ad_op_partials(p->op, j, m, x[0], x[1], x[2], value + k,
                           tape->partial + span->partial[j] + k);
        }
        k += m;
    }
}

/* A single element is a scalar run. */
static ad_status one_element(ad_tape *tape, unsigned op, const ad_operand *x, ad_node *first) {
    ad_node a = x[0].nodes != NULL ? x[0].nodes[0] : x[0].base;
    if (ad_op_row(op)->arity == 1) return ad_tape_unary(tape, op, a, first);
    ad_node b = x[1].nodes != NULL ? x[1].nodes[0] : x[1].base;
    return ad_tape_binary(tape, op, a, b, first);
}

ad_status ad_tape_elementwise(ad_tape *tape, unsigned op, int ndim, const int64_t *shape,
                              const ad_operand *operands, ad_node *first) {
    if (op >= AD_OP_COUNT) return AD_BAD_OP;
    if (ndim > AD_ANY_DIMS) return AD_BAD_SHAPE;
    plan p = {.op = op, .arity = ad_op_row(op)->arity, .ndim = ndim};
    size_t count = 1;
    for (int d = 0; d < ndim; d++) {
        if (shape[d] < 0) return AD_BAD_SHAPE;
        if (shape[d] != 0 && count > AD_MAX_NODES / (size_t)shape[d]) return AD_TAPE_FULL;
        count *= (size_t)shape[d];
        p.shape[d] = shape[d];
    }
    *first = (ad_node)tape->nodes;
    if (count == 0) return AD_OK;
    if (count == 1 && p.arity <= 2) return one_element(tape, op, operands, first);
    make_plan(tape, &p, count, operands);
    ad_status status = ad_tape_reserve(tape, count, count * (size_t)p.any_stored,
                                       count * (size_t)p.any_list, 1, 1, 0);
    if (status != AD_OK) return status;
    if (!p.any_active) {
        ad_tape_constants(tape, count, first);
    } else {
        tape->nodes += count;
    }
    size_t lists = tape->lists;
    store_lists(tape, &p);
    for (int j = 0; j < p.arity; j++) {
        if (p.span.source[j] != AD_PARTIAL_STORED) continue;
        p.span.partial[j] = (uint32_t)tape->partials;
        tape->partials += count;
    }
    evaluate(tape, &p, tape->value + *first);
    if (!p.any_active) {
        tape->lists = lists; /* constants need no history */
        return AD_OK;
    }
    tape->run[tape->runs++] =
        (ad_run){*first, 0, (uint8_t)op, AD_FORM_SPAN, (uint16_t)p.arity, (uint32_t)tape->spans, 0};
    tape->span[tape->spans++] = p.span;
    return AD_OK;
}
