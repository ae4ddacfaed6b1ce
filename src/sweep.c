/* SPDX-License-Identifier: Apache-2.0 */
#include "sweep.h"

#include <string.h>

#include "alloc.h"
#include "block.h"
#include "lanes.h"
#include "numbers.h"
#include "sweep_kernels.h"

#define PADDED_MOST ((size_t)1 << 20) /* doubles of a sweep's array where padding pays */
#define POLL_RUNS ((size_t)1 << 16)

typedef struct sweep {
    const ad_tape *tape;
    const ad_sweep_table *kernel;
    double *array; /* tangents or adjoints */
    size_t p;
    int backward;
    double *scratch;
    const ad_fresh *fresh; /* NULL: everything is added to */
    ad_pace pace;          /* edges times seeds */
    ad_status status;      /* why it stops when it does */
} sweep;

/* Edges between a run's own nodes and an operand's, in the sweep's direction; `first` of all
 * that reach them (one seed). */
static void join(sweep *s, size_t m, ad_place own, ad_place operand, const double *partial,
                 int64_t step, int first) {
    s->kernel->edges(s->array, m, s->p, s->backward ? operand : own, s->backward ? own : operand,
                     partial, step, first);
}

/* The partials of m elements from k on along edge j of a span: pointer and step. */
static const double *span_partials(const ad_tape *tape, const ad_span *span, size_t node, int j,
                                   size_t k, size_t m, double *buffer, int64_t *step) {
    static const double one = 1, minus_one = -1;
    ad_node nodes[AD_CHUNK];
    *step = 1;
    switch (span->source[j]) {
    case AD_PARTIAL_ONE:
    case AD_PARTIAL_MINUS_ONE:
        *step = 0;
        return span->source[j] == AD_PARTIAL_ONE ? &one : &minus_one;
    case AD_PARTIAL_V:
        return tape->value + node + k;
    case AD_PARTIAL_STORED:
        return tape->partial + span->partial[j] + k;
    default:
        break;
    }
    const ad_view *view = &span->operand[span->source[j] == AD_PARTIAL_A ? 0 : 1];
    ad_place place = ad_view_place(view, &span->extent, k, m, tape->list, nodes);
    if (place.list == NULL) {
        *step = place.stride;
        return tape->value + place.base;
    }
    for (size_t e = 0; e < m; e++) buffer[e] = tape->value[place.list[e]];
    return buffer;
}

static int span_edges(sweep *s, const ad_run *run) {
    const ad_tape *tape = s->tape;
    int writes[AD_MAX_ARITY];
    const ad_span *span = &tape->span[run->a];
    double partials[AD_CHUNK];
    ad_node nodes[AD_CHUNK];
    for (int j = 0; j < run->arity; j++) {
        writes[j] = ad_fresh_written(s->fresh, (size_t)(run - tape->run), j) != NULL;
    }
    for (size_t k = 0; k < span->extent.count;) {
        size_t m = ad_stretch(&span->extent, k);
        if (m > AD_CHUNK) m = AD_CHUNK;
        ad_place own = {(ad_node)(run->node + k), 1, NULL};
        for (int j = 0; j < run->arity; j++) {
            if (span->source[j] == AD_PARTIAL_ZERO) continue;
            int64_t step;
            const double *partial = span_partials(tape, span, run->node, j, k, m, partials, &step);
            ad_place place =
                ad_view_place(&span->operand[j], &span->extent, k, m, tape->list, nodes);
            join(s, m, own, place, partial, step, writes[j]);
        }
        k += m;
        if (ad_pace_stops(&s->pace, m * s->p)) return 1;
    }
    return 0;
}

static int reduction_edges(sweep *s, const ad_run *run, const ad_block *block) {
    static const double one = 1;
    ad_cursor cursor = {0};
    ad_edges e;
    int stored = run->op == AD_BLOCK_MAX || run->op == AD_BLOCK_MIN;
    const double *share = s->tape->partial + block->partial;
    while (ad_next_edges(s->tape, block, &cursor, &e)) {
        ad_place own = {(ad_node)(run->node + e.out), e.out_stride, NULL};
        join(s, e.count, own, e.in, stored ? share + e.edge : &one, stored ? e.edge_stride : 0, 0);
        if (ad_pace_stops(&s->pace, e.count * s->p)) return 1;
    }
    return 0;
}

/* y_r = y_(r-1) + x_r: forward the running sum of tangents; backward each y_r first
 * passes its adjoint on to y_(r-1), from the last to the first, then to x_r. */
static int cumsum_edges(sweep *s, const ad_run *run, const ad_block *block) {
    static const double one = 1;
    size_t row = block->extent[1].count, p = s->p;
    double *own = s->array + (size_t)run->node * p;
    ad_cursor cursor = {0};
    ad_edges e;
    if (s->backward) {
        for (size_t k = block->count; k-- > 0;) {
            if (k % row == 0) continue;
            for (size_t q = 0; q < p; q++) own[(k - 1) * p + q] += own[k * p + q];
        }
    }
    while (ad_next_edges(s->tape, block, &cursor, &e)) {
        ad_place nodes = {(ad_node)(run->node + e.edge), e.edge_stride, NULL};
        join(s, e.count, nodes, e.in, &one, 0, 0);
        if (ad_pace_stops(&s->pace, e.count * p)) return 1;
    }
    for (size_t k = 0; !s->backward && k < block->count; k++) {
        if (k % row == 0) continue;
        for (size_t q = 0; q < p; q++) own[k * p + q] += own[(k - 1) * p + q];
    }
    return 0;
}

static ad_matrix matrix(double *base, ad_node node, const int64_t stride[3]) {
    return (ad_matrix){base + node, (intptr_t)stride[0], (intptr_t)stride[1], (intptr_t)stride[2]};
}

static ad_matrix transposed(ad_matrix x) { return (ad_matrix){x.at, x.batch, x.column, x.row}; }

/* x += y on n doubles, the first ones `step` apart. */
static void add(double *x, int64_t step, const double *y, int64_t n) {
    if (step == 1) {
        for (int64_t j = 0; j < n; j++) x[j] += y[j];
    } else {
        for (int64_t j = 0; j < n; j++) x[j * step] += y[j];
    }
}

/* Seed q of a rows x columns matrix of nodes, batch and all, as a matrix: in place when
 * there is one seed, copied to x otherwise. */
static ad_matrix seed_matrix(sweep *s, size_t q, ad_node node, const int64_t stride[3],
                             int64_t batch, int64_t rows, int64_t columns, double *x) {
    if (s->p == 1) return matrix(s->array, node, stride);
    const int64_t dense[3] = {rows * columns, columns, 1};
    double *to = x;
    for (int64_t n = 0; n < batch; n++) {
        for (int64_t i = 0; i < rows; i++) {
            int64_t first = (int64_t)node + n * stride[0] + i * stride[1];
            const double *at = s->array + (size_t)first * s->p + q;
            for (int64_t j = 0; j < columns; j++) *to++ = at[j * stride[2] * (int64_t)s->p];
        }
    }
    return matrix(x, 0, dense);
}

/* Add a dense matrix to seed q of a matrix of nodes. */
static void add_matrix(sweep *s, size_t q, ad_node node, const int64_t stride[3], int64_t batch,
                       int64_t rows, int64_t columns, const double *x) {
    for (int64_t n = 0; n < batch; n++) {
        for (int64_t i = 0; i < rows; i++, x += columns) {
            int64_t first = (int64_t)node + n * stride[0] + i * stride[1];
            add(s->array + (size_t)first * s->p + q, stride[2] * (int64_t)s->p, x, columns);
        }
    }
}

/* Forward C' += A' B + A B'; backward A' += C' B^T and B' += A^T C'. */
static int matmul_edges(sweep *s, const ad_run *run, const ad_block *b) {
    const uint32_t *size = b->extent[1].size;
    int64_t batch = b->extent[0].count, M = size[0], K = size[1], N = size[2];
    const int64_t own_stride[3] = {M * N, N, 1};
    double *value = s->tape->value, *x = s->scratch, *y;
    for (size_t q = 0; q < s->p; q++) {
        for (int j = 0; j < 2; j++) {
            if (!b->active[j]) continue;
            const ad_view *v = &b->operand[j];
            int64_t rows = j == 0 ? M : K, columns = j == 0 ? K : N;
            const int64_t dense[3] = {rows * columns, columns, 1};
            ad_matrix other = matrix(value, b->operand[1 - j].base, b->operand[1 - j].stride);
            y = x + (s->backward ? batch * M * N : batch * rows * columns);
            if (!s->backward) {
                ad_matrix seed = seed_matrix(s, q, v->base, v->stride, batch, rows, columns, x);
                ad_matrix out = matrix(y, 0, own_stride);
                const int64_t e[4] = {batch, M, K, N};
                ad_matmul(e, j == 0 ? seed : other, j == 0 ? other : seed, out, 1);
                add_matrix(s, q, run->node, own_stride, batch, M, N, y);
            } else {
                ad_matrix seed = seed_matrix(s, q, run->node, own_stride, batch, M, N, x);
                const ad_region *fresh =
                    ad_fresh_written(s->fresh, (size_t)(run - s->tape->run), j);
                ad_matrix out = matrix(y, 0, dense);
                if (fresh != NULL) out = matrix(s->array, v->base, v->stride);
                if (fresh != NULL && fresh->result != NULL) {
                    out.at = fresh->result + (v->base - fresh->first);
                }
                const int64_t left[4] = {batch, M, N, K}, right[4] = {batch, K, M, N};
                if (j == 0) {
                    ad_matmul(left, seed, transposed(other), out, 1);
                } else {
                    ad_matmul(right, transposed(other), seed, out, 1);
                }
                if (fresh == NULL) add_matrix(s, q, v->base, v->stride, batch, rows, columns, y);
            }
            if (ad_pace_stops(&s->pace, (size_t)(batch * M * K * N) / 8)) return 1;
        }
    }
    return 0;
}

/* Whether none of nodes [first, first + n) is a constant. */
static int all_vary(const ad_tape *tape, size_t first, size_t n) {
    for (size_t k = first; k < first + n; k = (k | 63) + 1) {
        uint64_t word = tape->constant[k >> 6] >> (k & 63);
        size_t bits = 64 - (k & 63), left = first + n - k;
        if (left < bits) word &= ((uint64_t)1 << left) - 1;
        if (word != 0) return 0;
    }
    return 1;
}

/* Add n nodes' adjoints to what those of them have that are no constants. */
static void add_adjoints(sweep *s, const ad_block *b, size_t n, const double *y) {
    const ad_view *view = &b->operand[0];
    size_t p = s->p;
    if (view->list == AD_AFFINE && all_vary(s->tape, view->base, n)) {
        add(s->array + view->base * p, 1, y, (int64_t)(n * p));
        return;
    }
    for (size_t k = 0; k < n; k++) {
        ad_node node = ad_call_node(s->tape, b, k);
        if (ad_is_constant(s->tape, node)) continue;
        for (size_t q = 0; q < p; q++) s->array[(size_t)node * p + q] += y[k * p + q];
    }
}

/* The tangents that a call reads, gathered: zeros of constants. */
static void tangents_of(const sweep *s, const ad_block *b, size_t n, double *to) {
    size_t p = s->p;
    for (size_t k = 0; k < n; k++) {
        ad_node node = ad_call_node(s->tape, b, k);
        const double *from = s->array + (size_t)node * p;
        int constant = ad_is_constant(s->tape, node);
        for (size_t q = 0; q < p; q++) to[k * p + q] = constant ? 0 : from[q];
    }
}

/* By the rule; a call all of whose seeds are exact zeros is not asked. */
static int call_edges(sweep *s, const ad_run *run, const ad_block *b) {
    const ad_tape *tape = s->tape;
    const ad_view *view = &b->operand[0];
    size_t n = b->extent[1].count, m = b->count, p = s->p;
    double *own = s->array + (size_t)run->node * p, *y = tape->value + run->node;
    void *rule = tape->rule[b->rule];
    const ad_region *fresh = ad_fresh_written(s->fresh, (size_t)(run - tape->run), 0);
    double *to = fresh == NULL           ? NULL
                 : fresh->result != NULL ? fresh->result + (view->base - fresh->first)
                                         : s->array + view->base;
    size_t gathered = view->list == AD_AFFINE ? 0 : n;
    double *room = ad_alloc(gathered + (to == NULL ? n * p : 0), sizeof *room);
    s->status = AD_NO_MEMORY;
    if (room == NULL) return 1;
    const double *x = ad_call_values(tape, b, room);
    double *at = to == NULL ? room + gathered : to;
    s->status = AD_OK;
    if (!s->backward) {
        tangents_of(s, b, n, at);
        if (ad_any(n * p, at)) s->status = ad_callbacks_get()->push(rule, n, x, m, y, p, at, own);
    } else if (ad_any(m * p, own)) {
        s->status = ad_callbacks_get()->pull(rule, n, x, m, y, p, own, at);
        if (s->status == AD_OK && to == NULL) add_adjoints(s, b, n, at);
    } else if (to != NULL) {
        memset(to, 0, n * sizeof *to);
    }
    ad_free(room);
    if (s->status != AD_OK) return 1;
    s->status = AD_INTERRUPTED;
    return ad_pace_stops(&s->pace, (n + m) * p);
}

static int array_run(sweep *s, const ad_run *run) {
    if (!s->backward) {
        memset(s->array + (size_t)run->node * s->p, 0,
               ad_run_count(s->tape, run) * s->p * sizeof(double));
    }
    if (run->form == AD_FORM_SPAN) return span_edges(s, run);
    const ad_block *block = &s->tape->block[run->a];
    if (run->op == AD_BLOCK_MATMUL) return matmul_edges(s, run, block);
    if (run->op == AD_BLOCK_CALL) return call_edges(s, run, block);
    if (run->op == AD_BLOCK_CUMSUM) return cumsum_edges(s, run, block);
    return reduction_edges(s, run, block);
}

size_t ad_sweep_scratch(const ad_tape *tape) {
    size_t most = 0;
    for (size_t k = 0; k < tape->runs; k++) {
        const ad_run *run = &tape->run[k];
        if (run->form != AD_FORM_BLOCK || run->op != AD_BLOCK_MATMUL) continue;
        const ad_block *b = &tape->block[run->a];
        const uint32_t *e = b->extent[1].size;
        size_t left = (size_t)e[0] * e[1], right = (size_t)e[1] * e[2];
        size_t need = b->extent[0].count * ((size_t)e[0] * e[2] + (left > right ? left : right));
        if (need > most) most = need;
    }
    return most;
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

ad_status ad_forward(const ad_tape *tape, double *tangent, size_t p, double *scratch,
                     const ad_poll *poll) {
    sweep s = {tape, ad_sweep_kernels(), tangent, p, 0, scratch, NULL, {poll, 0}, AD_INTERRUPTED};
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

ad_status ad_reverse(const ad_tape *tape, double *adjoint, size_t p, double *scratch,
                     const ad_fresh *fresh, const ad_poll *poll) {
    sweep s = {tape, ad_sweep_kernels(), adjoint, p, 1, scratch, fresh, {poll, 0}, AD_INTERRUPTED};
    size_t run = tape->runs;
    while (run > 0) {
        size_t end = run > POLL_RUNS ? run - POLL_RUNS : 0;
        size_t stop = s.kernel->reverse(tape, adjoint, p, run, end);
        if (ad_pace_stops(&s.pace, (run - stop) * p)) return AD_INTERRUPTED;
        run = stop;
        if (run > end && array_run(&s, &tape->run[--run])) return s.status;
    }
    return AD_OK;
}
