/* SPDX-License-Identifier: Apache-2.0 */
/* Recording an elementwise operation on arrays as one run, with its values and partials. */
#include <string.h>

#include "base/floating.h"
#include "simd/elementwise.h"
#include "tape/local.h"
#include "tape/record.h"

/* What is decided about a recording before anything is written. */
typedef struct plan {
    unsigned op;
    int arity, any_list, any_stored, any_active;
    ad_span span;
    const ad_node *list[AD_MAX_ARITY]; /* lists still to be copied */
    int rule[AD_MAX_ARITY];            /* affine, but with too many dimensions for a view */
    int ndim;
    int64_t shape[AD_ANY_DIMS], stride[AD_MAX_ARITY][AD_ANY_DIMS];
} plan;

static int all_constant(const ad_tape *tape, const ad_operand *x, size_t count) {
    if (x->nodes == NULL) return ad_is_constant(tape, x->base);
    return ad_are_constant(tape, x->nodes, count);
}

/* Merge dimensions, choose views or lists, and determine how the partial of each edge is known. */
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

/* Copy the lists, for which there must be room.  Lists that overlap in the caller's memory (x[1:]
 * and x[:-1], or the same list twice) are stored once: the second view refers to entries of the
 * first. */
static void store_lists(ad_tape *tape, plan *p) {
    size_t count = p->span.extent.count;
    const ad_view *last = NULL;
    uintptr_t from = 0;
    for (int j = 0; j < p->arity; j++) {
        if (p->list[j] == NULL && !p->rule[j]) continue;
        ad_node *to = tape->list + tape->lists;
        uintptr_t apart = ((uintptr_t)p->list[j] - from) / sizeof *to;
        if (last != NULL && (uintptr_t)p->list[j] >= from && apart <= count) {
            p->span.operand[j].list = last->list + (uint32_t)apart;
            memcpy(to, p->list[j] + (count - apart), apart * sizeof *to);
            tape->lists += apart;
        } else {
            p->span.operand[j].list = (uint32_t)tape->lists;
            tape->lists += count;
            if (p->rule[j]) {
                ad_rule_list(p->ndim, p->shape, p->span.operand[j].base, p->stride[j], 0, count,
                             to);
            } else {
                memcpy(to, p->list[j], count * sizeof(ad_node));
            }
        }
        last = p->rule[j] ? NULL : &p->span.operand[j]; /* the next list may overlap its end */
        from = (uintptr_t)p->list[j];
    }
}

/* Operand values of elements [k, k + m) as a pointer and a stride.  They are copied to buffer if
 * the nodes are a list, or if `contiguous` is set and the stride is not 1. */
static const double *operand_values(const ad_tape *tape, const ad_extent *extent,
                                    const ad_view *view, size_t k, size_t m, int contiguous,
                                    double *buffer, intptr_t *stride) {
    ad_node nodes[AD_CHUNK];
    ad_place place = ad_view_place(view, extent, k, m, tape->list, nodes);
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

static void compute_values(ad_tape *tape, unsigned op, const ad_span *span, double *value) {
    const int arity = ad_op_row(op)->arity, is_test = ad_op_row(op)->is_test;
    double buffer[AD_MAX_ARITY][AD_CHUNK];
    int any_stored = 0;
    for (int j = 0; j < arity; j++) any_stored |= span->source[j] == AD_PARTIAL_STORED;
    if (!is_test) ad_float_begin(); /* flags that comparisons raise do not matter */
    for (size_t k = 0; k < span->extent.count;) {
        size_t m = ad_stretch(&span->extent, k);
        if (m > AD_CHUNK) m = AD_CHUNK;
        const double *x[AD_MAX_ARITY] = {NULL};
        intptr_t stride[AD_MAX_ARITY];
        for (int j = 0; j < arity; j++) {
            x[j] = operand_values(tape, &span->extent, &span->operand[j], k, m, any_stored,
                                  buffer[j], &stride[j]);
        }
        if (any_stored && k > 0) ad_float_begin();
        ad_op_values(op, m, x, stride, value + k);
        if (any_stored) ad_float_end();
        for (int j = 0; j < arity; j++) {
            if (span->source[j] != AD_PARTIAL_STORED) continue;
            ad_op_partials(op, j, m, x[0], x[1], x[2], value + k,
                           tape->partial + span->partial[j] + k);
        }
        k += m;
    }
    if (!is_test && !any_stored) ad_float_end();
}

/* The same for a running fold, in which an element depends on the one `lag` places before it. */
static void fold_values(ad_tape *tape, unsigned op, const ad_span *span, double *value) {
    const int is_test = ad_op_row(op)->is_test;
    const size_t lag = span->lag;
    double buffer[AD_CHUNK];
    for (size_t k = 0, m; k < span->extent.count; k += m) {
        m = ad_stretch(&span->extent, k);
        if (m > AD_CHUNK) m = AD_CHUNK;
        if (lag > 1 && m > lag) m = lag;
        intptr_t stride[AD_MAX_ARITY] = {1};
        const double *x[AD_MAX_ARITY] = {value + k - lag};
        x[1] = operand_values(tape, &span->extent, &span->operand[1], k, m, 1, buffer, &stride[1]);
        if (!is_test) ad_float_begin();
        if (lag == 1) {
            ad_op_running(op, m, x[1], 1, value + k);
        } else {
            ad_op_values(op, m, x, stride, value + k);
        }
        if (!is_test) ad_float_end();
        for (int j = 0; j < 2; j++) {
            if (span->source[j] != AD_PARTIAL_STORED) continue;
            ad_op_partials(op, j, m, x[0], x[1], NULL, value + k,
                           tape->partial + span->partial[j] + k);
        }
    }
}

/* Set those of `count` products of derivatives from `first` on to zero that are NaN although one of
 * their factors is zero and stays zero near the point (local.h).  `operand` holds the views of the
 * two factors. */
static ad_status resolve_nans(ad_tape *tape, size_t count, const ad_view *operand,
                              const ad_extent *extent, ad_node first) {
    double *value = tape->value + first;
    ad_node buffer[2][AD_CHUNK];
    for (size_t k = 0, m; k < count; k += m) {
        m = ad_stretch(extent, k);
        if (m > AD_CHUNK) m = AD_CHUNK;
        ad_place place[2];
        size_t e = 0;
        while (e < m && value[k + e] == value[k + e]) e++;
        if (e == m) continue;
        ad_status status = ad_local_extend(&tape->local, tape);
        if (status != AD_OK) return status;
        for (int j = 0; j < 2; j++) {
            place[j] = ad_view_place(&operand[j], extent, k, m, tape->list, buffer[j]);
        }
        for (; e < m; e++) {
            if (value[k + e] == value[k + e]) continue;
            if (ad_stays_zero(&tape->local, tape, ad_place_node(place[0], e)) ||
                ad_stays_zero(&tape->local, tape, ad_place_node(place[1], e))) {
                value[k + e] = 0;
            }
        }
    }
    return AD_OK;
}

ad_status ad_tape_resolve_nan(ad_tape *tape, ad_node a, ad_node b, ad_node node) {
    const ad_view operand[2] = {{a, AD_AFFINE, {0}}, {b, AD_AFFINE, {0}}};
    const ad_extent extent = {0, 1, {0}};
    return resolve_nans(tape, 1, operand, &extent, node);
}

ad_status ad_span_values(ad_tape *tape, unsigned op, const ad_span *span, ad_node first) {
    if (span->lag != 0) {
        fold_values(tape, op, span, tape->value + first);
        return AD_OK;
    }
    compute_values(tape, op, span, tape->value + first);
    if (op != AD_PRODUCT) return AD_OK;
    return resolve_nans(tape, span->extent.count, span->operand, &span->extent, first);
}

/* An operation on constants is recorded as a constant, without a run. */
static ad_status fold(ad_tape *tape, unsigned op, double a, double b, ad_node *node) {
    double partial[AD_MAX_ARITY], value = ad_op_row(op)->point(a, b, 0, partial);
    if (op == AD_PRODUCT && (a == 0 || b == 0)) return ad_tape_constant(tape, 0, node);
    return ad_tape_constant(tape, ad_op_row(op)->exact ? value : ad_op_value(op, a, b, 0), node);
}

ad_status ad_tape_unary(ad_tape *tape, unsigned op, ad_node a, ad_node *node) {
    if (ad_is_constant(tape, a)) return fold(tape, op, tape->value[a], 0, node);
    return ad_tape_scalar(tape, op, AD_FORM_UNARY, a, 0, node);
}

ad_status ad_tape_binary(ad_tape *tape, unsigned op, ad_node a, ad_node b, ad_node *node) {
    static const ad_form forms[] = {AD_FORM_BINARY, AD_FORM_LEFT, AD_FORM_RIGHT};
    int fixed = ad_is_constant(tape, a) << 1 | ad_is_constant(tape, b);
    if (fixed == 3) return fold(tape, op, tape->value[a], tape->value[b], node);
    ad_status status = ad_tape_scalar(tape, op, forms[fixed], a, b, node);
    if (op != AD_PRODUCT || status != AD_OK || tape->value[*node] == tape->value[*node])
        return status;
    return ad_tape_resolve_nan(tape, a, b, *node);
}

/* Remove the nodes from `first` on, which no run computes yet, and list entries. */
static void take_back(ad_tape *tape, ad_node first, size_t lists) {
    for (size_t k = first; k < tape->nodes; k++) {
        tape->constant[k >> 6] &= ~((uint64_t)1 << (k & 63));
    }
    tape->nodes = first;
    tape->lists = lists;
}

/* An operation on a single element is recorded as a scalar run. */
static ad_status one_element(ad_tape *tape, unsigned op, const ad_operand *x, ad_node *first) {
    ad_node a = x[0].nodes != NULL ? x[0].nodes[0] : x[0].base;
    if (ad_op_row(op)->arity == 1) return ad_tape_unary(tape, op, a, first);
    ad_node b = x[1].nodes != NULL ? x[1].nodes[0] : x[1].base;
    return ad_tape_binary(tape, op, a, b, first);
}

static ad_status take_shape(plan *p, int ndim, const int64_t *shape, size_t *count) {
    if (p->op >= AD_OP_COUNT) return AD_BAD_OP;
    if (ndim > AD_ANY_DIMS) return AD_BAD_SHAPE;
    p->arity = ad_op_row(p->op)->arity;
    p->ndim = ndim;
    *count = 1;
    for (int d = 0; d < ndim; d++) {
        if (shape[d] < 0) return AD_BAD_SHAPE;
        if (shape[d] != 0 && *count > AD_MAX_NODES / (size_t)shape[d]) return AD_TAPE_FULL;
        *count *= (size_t)shape[d];
        p->shape[d] = shape[d];
    }
    return AD_OK;
}

/* Number the partials that are stored; there must be room. */
static void place_partials(ad_tape *tape, plan *p) {
    for (int j = 0; j < p->arity; j++) {
        if (p->span.source[j] != AD_PARTIAL_STORED) continue;
        p->span.partial[j] = (uint32_t)tape->partials;
        tape->partials += p->span.extent.count;
    }
}

/* Append the run and its span; there must be room. */
static void append_span(ad_tape *tape, const plan *p, ad_node first) {
    if (ad_has_square_rule(p->op)) tape->roots = tape->nodes;
    tape->run[tape->runs++] = (ad_run){
        first, 0, (uint8_t)p->op, AD_FORM_SPAN, (uint16_t)p->arity, (uint32_t)tape->spans, 0};
    tape->span[tape->spans++] = p->span;
}

/* Append the nodes, list entries and stored partials of a plan, without their values. */
static ad_status append_nodes(ad_tape *tape, plan *p, size_t count, ad_node *first) {
    ad_status status = ad_tape_reserve(tape, count, count * (size_t)p->any_stored,
                                       count * (size_t)p->any_list, 1, 1, 0);
    if (status != AD_OK) return status;
    if (!p->any_active) {
        ad_tape_constants(tape, count, first);
    } else {
        tape->nodes += count;
    }
    store_lists(tape, p);
    place_partials(tape, p);
    return AD_OK;
}

/* Append the run of a plan whose values are known. `lists` is the number of list entries before:
 * constants need neither entries nor a run. */
static void append_run(ad_tape *tape, const plan *p, size_t lists, ad_node first) {
    if (p->any_active) {
        append_span(tape, p, first);
    } else {
        tape->lists = lists;
    }
}

ad_status ad_record_elementwise(ad_tape *tape, unsigned op, int ndim, const int64_t *shape,
                                const ad_operand *operands, ad_node *first) {
    plan p = {.op = op};
    size_t count;
    ad_status status = take_shape(&p, ndim, shape, &count);
    if (status != AD_OK) return status;
    *first = (ad_node)tape->nodes;
    if (count == 0) return AD_OK;
    if (count == 1 && p.arity <= 2) return one_element(tape, op, operands, first);
    make_plan(tape, &p, count, operands);
    const size_t lists = tape->lists;
    status = append_nodes(tape, &p, count, first);
    if (status != AD_OK) return status;
    status = ad_span_values(tape, op, &p.span, *first);
    if (status != AD_OK) {
        take_back(tape, *first, lists);
        return status;
    }
    append_run(tape, &p, lists, *first);
    return AD_OK;
}

/* ------------------------------------------------------------------------- running folds */

/* The first operand, if a fold depends on anything: its results do, whether or not they begin with
 * constants. */
static void let_results_count(plan *p) {
    if (p->span.source[0] != AD_PARTIAL_ZERO) return;
    p->span.source[0] = (uint8_t)ad_op_row(p->op)->partial_class[0];
    p->any_stored += p->span.source[0] == AD_PARTIAL_STORED;
}

ad_status ad_record_fold(ad_tape *tape, unsigned op, size_t lag, int ndim, const int64_t *shape,
                         const ad_operand *x, ad_node *first) {
    plan p = {.op = op};
    int64_t stride[AD_ANY_DIMS], step = 1;
    size_t count;
    ad_status status = take_shape(&p, ndim, shape, &count);
    if (status != AD_OK) return status;
    if (p.arity != 2 || op == AD_PRODUCT) return AD_BAD_OP;
    if (lag == 0 || lag > tape->nodes || count == 0) return AD_BAD_SHAPE;
    for (int d = ndim - 1; d >= 0; d--) {
        stride[d] = step;
        step *= shape[d];
    }
    *first = (ad_node)tape->nodes;
    const ad_operand operand[2] = {{(ad_node)(tape->nodes - lag), stride, NULL}, *x};
    make_plan(tape, &p, count, operand);
    if (p.any_active && count <= lag) {
        return ad_record_elementwise(tape, op, ndim, shape, operand, first);
    }
    if (p.rule[0] || p.rule[1]) return AD_BAD_SHAPE;
    if (p.any_active) let_results_count(&p);
    p.span.lag = (uint32_t)lag;
    const size_t lists = tape->lists;
    status = append_nodes(tape, &p, count, first);
    if (status != AD_OK) return status;
    fold_values(tape, op, &p.span, tape->value + *first);
    append_run(tape, &p, lists, *first);
    return AD_OK;
}

/* ------------------------------------------------------------------- tests without nodes */

/* Evaluate elements [k, k + m) of a test to 0 or 1; m <= AD_CHUNK. */
static void truth_values(const ad_tape *tape, const ad_check *c, size_t k, size_t m, double *out) {
    double buffer[2][AD_CHUNK];
    const double *x[AD_MAX_ARITY] = {NULL};
    intptr_t stride[AD_MAX_ARITY];
    for (int j = 0; j < ad_op_row(c->op)->arity; j++) {
        x[j] = operand_values(tape, &c->extent, &c->operand[j], k, m, 1, buffer[j], &stride[j]);
    }
    ad_op_values(c->op, m, x, stride, out);
}

static size_t chunk_of(const ad_check *c, size_t k) {
    size_t m = ad_stretch(&c->extent, k);
    return m > AD_CHUNK ? AD_CHUNK : m;
}

ad_status ad_tape_check(ad_tape *tape, unsigned op, int ndim, const int64_t *shape,
                        const ad_operand *operands, int how, uint8_t *truth) {
    plan p = {.op = op};
    size_t count;
    int holds = how & AD_CHECK_HOLDS;
    double value[AD_CHUNK];
    ad_status status = take_shape(&p, ndim, shape, &count);
    if (status != AD_OK) return status;
    if (!ad_op_row(op)->is_test) return AD_BAD_OP;
    if (count == 0) return AD_OK;
    make_plan(tape, &p, count, operands);
    status = ad_tape_reserve(tape, 0, 0, count * (size_t)p.any_list, 0, 0, 0);
    if (status == AD_OK) status = ad_tape_reserve_guards(tape, 1, 1, count);
    if (status != AD_OK) return status;
    int kept = p.any_active || (how & AD_CHECK_ALWAYS);
    size_t lists = tape->lists;
    store_lists(tape, &p);
    ad_check *c = &tape->check[tape->checks];
    *c = (ad_check){op, p.span.extent, {p.span.operand[0], p.span.operand[1]}};
    if (holds && truth != NULL) memset(truth, 1, count);
    if (holds && kept) ad_tape_note_outcomes(tape, tape->outcomes, count, NULL);
    for (size_t k = 0, m; !holds && k < count; k += m) {
        m = chunk_of(c, k);
        truth_values(tape, c, k, m, value);
        if (truth != NULL) {
            for (size_t e = 0; e < m; e++) truth[k + e] = value[e] != 0;
        }
        if (kept) ad_tape_note_outcomes(tape, tape->outcomes + k, m, value);
    }
    if (!kept) {
        tape->lists = lists; /* a test of constants keeps no lists */
        return AD_OK;
    }
    tape->guard[tape->guards++] = (ad_guard){(uint32_t)tape->checks++, 0};
    tape->outcomes += count;
    return AD_OK;
}

/* Returns whether m truth values equal the outcomes stored from number `bit` on. */
static int equals_outcomes(const ad_tape *tape, size_t bit, size_t m, const double *value) {
    for (size_t e = 0; e < m; e++) {
        if ((value[e] != 0) != ad_outcome(tape, bit + e)) return 0;
    }
    return 1;
}

static int is_as_recorded(const ad_tape *tape, const ad_guard *guard, size_t bit) {
    double value[AD_CHUNK];
    if (guard->count != 0)
        return equals_outcomes(tape, bit, guard->count, tape->value + guard->first);
    const ad_check *c = &tape->check[guard->first];
    for (size_t k = 0, m; k < c->extent.count; k += m) {
        m = chunk_of(c, k);
        truth_values(tape, c, k, m, value);
        if (!equals_outcomes(tape, bit + k, m, value)) return 0;
    }
    return 1;
}

size_t ad_tape_first_changed_guard(const ad_tape *tape) {
    size_t bit = 0, k = 0;
    for (; k < tape->guards; k++) {
        if (!is_as_recorded(tape, &tape->guard[k], bit)) break;
        bit += ad_guard_size(tape, &tape->guard[k]);
    }
    return k;
}
