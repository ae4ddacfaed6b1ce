/* SPDX-License-Identifier: Apache-2.0 */
#include "hessian.h"

#include <string.h>

#include "alloc.h"
#include "block.h"
#include "numbers.h"
#include "recurrence.h"

typedef struct curving {
    const ad_tape *tape;
    const double *tangent, *adjoint;
    double *second; /* what the adjoints' tangents begin with */
    double *scratch;
    size_t room;
    ad_recurrence made[2][AD_OP_COUNT];
    ad_pace pace;
} curving;

static void copy(size_t n, ad_place place, const double *from, double *to) {
    if (place.list == NULL && place.stride == 1) {
        memcpy(to, from + place.base, n * sizeof *to);
    } else {
        for (size_t e = 0; e < n; e++) to[e] = from[ad_place_node(place, e)];
    }
}

static void add_products(size_t n, ad_place place, const double *a, const double *b, double *to) {
    if (place.list == NULL && place.stride == 1) {
        double *restrict out = to + place.base;
        double wild = 0;
        for (size_t e = 0; e < n; e++) wild += a[e] * b[e] - a[e] * b[e];
        if (wild == 0) { /* all products are finite, so that zeros need not be looked for */
            for (size_t e = 0; e < n; e++) out[e] += a[e] * b[e];
            return;
        }
    }
    for (size_t e = 0; e < n; e++) to[ad_place_node(place, e)] += ad_guarded(a[e], b[e]);
}

/* The recurrence of op's partials for these first operands: a power's differs where one is 0. */
static ad_status recurrence(curving *x, unsigned op, size_t n, ad_place a, ad_recurrence **r) {
    int regular = 1;
    for (size_t e = 0; op == AD_POWER && e < n; e++) {
        regular &= x->tape->value[ad_place_node(a, e)] != 0;
    }
    *r = &x->made[regular][op];
    return (*r)->series != NULL ? AD_OK : ad_recurrence_make(op, 2, regular, 1, *r);
}

/* n elements of an elementwise run, their own nodes from `node` on. */
static ad_status elements(curving *x, unsigned op, size_t n, const ad_place place[], ad_node node) {
    const int arity = ad_op_row(op)->arity;
    const double *w = x->adjoint + node;
    unsigned mask = 0;
    ad_recurrence *r;
    if (!ad_any(n, w)) return AD_OK;
    ad_status status = recurrence(x, op, n, place[0], &r);
    if (status != AD_OK) return status;
    status = ad_renew((void **)&x->scratch, &x->room, 2 * n * r->count, sizeof(double));
    if (status != AD_OK) return status;
    for (int j = 0; j < arity; j++) {
        double *to = x->scratch + 2 * n * (size_t)j;
        copy(n, place[j], x->tape->value, to);
        copy(n, place[j], x->tangent, to + n);
        if (!ad_any(n, to + n)) mask |= 1u << j;
    }
    if (mask == (1u << arity) - 1) return AD_OK;
    memcpy(x->scratch + 2 * n * (size_t)r->result, x->tape->value + node, n * sizeof *w);
    status = ad_recurrence_run(r, mask, 1, n, x->scratch);
    if (status != AD_OK) return status;
    for (int j = 0; j < arity; j++) {
        const int partial = r->series[r->result].partial[j];
        if (partial < 0 || r->still[mask][partial]) continue;
        const double *slope = x->scratch + 2 * n * (size_t)partial + n;
        add_products(n, place[j], slope, w, x->second);
    }
    return ad_pace_stops(&x->pace, 2 * n * r->count) ? AD_INTERRUPTED : AD_OK;
}

/* Whether no partial of a row depends on anything. */
static int is_linear(unsigned op) {
    const ad_op_info *row = ad_op_row(op);
    for (int j = 0; j < row->arity; j++) {
        ad_partial_class class = row->partial_class[j];
        if (class != AD_PARTIAL_ZERO && class != AD_PARTIAL_ONE && class != AD_PARTIAL_MINUS_ONE) {
            return 0;
        }
    }
    return 1;
}

static ad_status elementwise(curving *x, const ad_run *run) {
    ad_node buffer[AD_MAX_ARITY][AD_CHUNK];
    ad_place place[AD_MAX_ARITY] = {{run->a, 0, NULL}, {run->b, 0, NULL}};
    if (is_linear(run->op)) return AD_OK;
    if (run->form != AD_FORM_SPAN) return elements(x, run->op, 1, place, run->node);
    const ad_span *span = &x->tape->span[run->a];
    for (size_t k = 0, n; k < span->extent.count; k += n) {
        n = ad_stretch(&span->extent, k);
        n = n < AD_CHUNK ? n : AD_CHUNK;
        for (int j = 0; j < run->arity; j++) {
            place[j] =
                ad_view_place(&span->operand[j], &span->extent, k, n, x->tape->list, buffer[j]);
        }
        ad_status status = elements(x, run->op, n, place, run->node + (ad_node)k);
        if (status != AD_OK) return status;
    }
    return AD_OK;
}

/* A matrix of nodes' numbers, and its transpose. */
static ad_matrix matrix(const double *array, const ad_view *v, int transposed) {
    intptr_t row = (intptr_t)v->stride[1], column = (intptr_t)v->stride[2];
    return (ad_matrix){(double *)array + v->base, (intptr_t)v->stride[0], transposed ? column : row,
                       transposed ? row : column};
}

static void add_matrix(double *array, const ad_view *v, size_t batch, size_t rows, size_t columns,
                       const double *from) {
    for (size_t n = 0; n < batch; n++) {
        for (size_t i = 0; i < rows; i++) {
            for (size_t j = 0; j < columns; j++) {
                int64_t node = (int64_t)v->base + (int64_t)n * v->stride[0] +
                               (int64_t)i * v->stride[1] + (int64_t)j * v->stride[2];
                array[node] += *from++;
            }
        }
    }
}

/* A'' += C' T_B^T and B'' += T_A^T C', C' the adjoints of the product, T tangents. */
static ad_status matmul(curving *x, const ad_run *run, const ad_block *b) {
    const uint32_t *size = b->extent[1].size;
    const size_t batch = b->extent[0].count, M = size[0], K = size[1], N = size[2];
    const ad_view *left = &b->operand[0], *right = &b->operand[1];
    const ad_view own = {run->node, AD_AFFINE, {(int64_t)(M * N), (int64_t)N, 1}};
    const ad_matrix w = matrix(x->adjoint, &own, 0);
    const size_t most = M > N ? M * K : K * N;
    if (!b->active[0] || !b->active[1]) return AD_OK; /* linear */
    ad_status status = ad_renew((void **)&x->scratch, &x->room, batch * most, sizeof(double));
    if (status != AD_OK) return status;
    const int64_t by_left[4] = {(int64_t)batch, (int64_t)M, (int64_t)N, (int64_t)K};
    ad_matrix out = {x->scratch, (intptr_t)(M * K), (intptr_t)K, 1};
    ad_matmul(by_left, w, matrix(x->tangent, right, 1), out, 1);
    add_matrix(x->second, left, batch, M, K, x->scratch);
    const int64_t by_right[4] = {(int64_t)batch, (int64_t)K, (int64_t)M, (int64_t)N};
    out = (ad_matrix){x->scratch, (intptr_t)(K * N), (intptr_t)N, 1};
    ad_matmul(by_right, matrix(x->tangent, left, 1), w, out, 1);
    add_matrix(x->second, right, batch, K, N, x->scratch);
    return ad_pace_stops(&x->pace, batch * M * K * N / 4) ? AD_INTERRUPTED : AD_OK;
}

/* Sums, running sums and extremes, whose shares are held, are linear. */
static ad_status curve(curving *x, const ad_run *run) {
    if (run->form != AD_FORM_BLOCK) return elementwise(x, run);
    if (run->op == AD_BLOCK_CALL) return AD_BAD_OP;
    return run->op == AD_BLOCK_MATMUL ? matmul(x, run, &x->tape->block[run->a]) : AD_OK;
}

size_t ad_hessian_need(const ad_tape *tape) { return 3 * tape->nodes + ad_sweep_scratch(tape); }

ad_status ad_hessian_product(const ad_function *f, const double *weight, const double *direction,
                             double *out, ad_workspace work, const ad_poll *poll) {
    const ad_tape *tape = f->tape;
    const size_t nodes = tape->nodes, need = ad_hessian_need(tape);
    const int lent = work.memory != NULL && need <= work.room;
    curving *x = ad_alloc_zeroed(1, sizeof *x);
    double *array = lent ? work.memory : ad_alloc(need, sizeof *array);
    ad_status status = x == NULL || array == NULL ? AD_NO_MEMORY : AD_OK;
    if (status == AD_OK) {
        double *tangent = array, *adjoint = array + nodes, *second = array + 2 * nodes;
        double *scratch = array + 3 * nodes;
        *x = (curving){.tape = tape, .tangent = tangent, .adjoint = adjoint, .second = second};
        x->pace.poll = poll;
        ad_zero_leaves(tape, tangent, 1);
        memset(adjoint, 0, 2 * nodes * sizeof *adjoint);
        for (size_t i = 0; i < f->D; i++) tangent[f->input[i]] += direction[i];
        for (size_t i = 0; i < f->K; i++) adjoint[f->output[i]] += weight[i];
        status = ad_forward(tape, tangent, 1, scratch, poll);
        if (status == AD_OK) status = ad_reverse(tape, adjoint, 1, scratch, NULL, poll);
        for (size_t k = 0; k < tape->runs && status == AD_OK; k++) status = curve(x, &tape->run[k]);
        if (status == AD_OK) status = ad_reverse(tape, second, 1, scratch, NULL, poll);
        for (size_t i = 0; i < f->D && status == AD_OK; i++) out[i] = second[f->input[i]];
        for (unsigned op = 0; op < AD_OP_COUNT; op++) {
            ad_recurrence_free(&x->made[0][op]);
            ad_recurrence_free(&x->made[1][op]);
        }
        ad_free(x->scratch);
    }
    ad_free(x);
    if (!lent) ad_free(array);
    return status;
}
