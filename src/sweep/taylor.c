/* SPDX-License-Identifier: Apache-2.0 */
#include "sweep/taylor.h"

#include <string.h>

#include "base/alloc.h"
#include "base/nonfinite.h"
#include "sweep/recurrence.h"
#include "tape/block.h"

#define MOST_ELEMENTS 64                      /* elements processed at once */
#define SCRATCH ((size_t)1 << 12)     /* doubles that their series should fit in: 32 KB */

/* In `array`, series are node major, with d + 1 coefficients per node.  In `scratch`, those of an
 * operation are order major, so that the inner loops run over elements. */
typedef struct taylor {
    const ad_tape *tape;
    size_t d, room;
    double *array, *scratch;
    ad_recurrence made[2][AD_OP_COUNT];
    ad_pace pace;
    int nonfinite; /* an infinity or NaN is among the coefficients */
} taylor;

static double *series_of(const taylor *x, ad_node node) {
    return x->array + (size_t)node * (x->d + 1);
}

/* Copy the series of n nodes, order major.  Returns whether none of them moves. */
static int gather_series(const taylor *x, size_t n, const ad_node *nodes, double *to) {
    int still = 1;
    for (size_t e = 0; e < n; e++) {
        const double *from = series_of(x, nodes[e]);
        for (size_t k = 0; k <= x->d; k++) {
            to[k * n + e] = from[k];
            still &= k == 0 || from[k] == 0;
        }
    }
    return still;
}

/* The recurrence for these operands, each with n values at multiples of `width` doubles.  That of a
 * power is different where its base is zero. */
static ad_status value_recurrence(taylor *x, unsigned op, size_t n, const double *operands,
                                  size_t width, ad_recurrence **r) {
    const int base = ad_recurrence_base(op);
    int regular = 1;
    for (size_t e = 0; base >= 0 && e < n; e++) regular &= operands[(size_t)base * width + e] != 0;
    *r = &x->made[regular][op];
    return (*r)->series != NULL ? AD_OK : ad_recurrence_make(op, x->d, regular, 0, *r);
}

/* Compute n elements of an elementwise run, whose nodes begin at `node`. */
static ad_status elements(taylor *x, unsigned op, size_t n, ad_node *const nodes[], ad_node node) {
    const int arity = ad_op_row(op)->arity;
    const size_t width = (x->d + 1) * n;
    unsigned mask = 0;
    ad_recurrence *r;
    ad_status status =
        ad_renew((void **)&x->scratch, &x->room, AD_MAX_ARITY * width, sizeof(double));
    for (int j = 0; j < arity && status == AD_OK; j++) {
        if (gather_series(x, n, nodes[j], x->scratch + (size_t)j * width)) mask |= 1u << j;
    }
    if (status != AD_OK || mask == (1u << arity) - 1) return status; /* the array is zeroed */
    status = value_recurrence(x, op, n, x->scratch, width, &r);
    if (status != AD_OK) return status;
    if (r->count * width > x->room) {
        status = ad_renew((void **)&x->scratch, &x->room, r->count * width, sizeof(double));
        for (int j = 0; j < arity && status == AD_OK; j++) {
            gather_series(x, n, nodes[j], x->scratch + (size_t)j * width);
        }
        if (status != AD_OK) return status;
    }
    double *own = x->scratch + (size_t)r->result * width;
    memcpy(own, x->tape->value + node, n * sizeof *own);
    ad_recurrence_place(r, x->d, n, x->scratch);
    status = ad_recurrence_run(r, mask, x->d, n, &x->nonfinite);
    if (status != AD_OK || r->still[mask][r->result]) return status;
    for (size_t e = 0; e < n; e++) {
        double *to = series_of(x, node + (ad_node)e);
        for (size_t k = 1; k <= x->d; k++) to[k] = own[k * n + e];
    }
    return ad_pace_stops(&x->pace, r->count * width) ? AD_INTERRUPTED : AD_OK;
}

static ad_status elementwise(taylor *x, const ad_run *run) {
    ad_node buffer[AD_MAX_ARITY][MOST_ELEMENTS],
        *nodes[AD_MAX_ARITY] = {buffer[0], buffer[1], buffer[2]};
    if (run->form != AD_FORM_SPAN) {
        buffer[0][0] = run->a;
        buffer[1][0] = run->b;
        return elements(x, run->op, 1, nodes, run->node);
    }
    const ad_span span = x->tape->span[run->a];
    size_t most = SCRATCH / (4 * (x->d + 1)) / 8 * 8;
    most = most < 8 ? 8 : most > MOST_ELEMENTS ? MOST_ELEMENTS : most;
    if (span.lag != 0 && most > span.lag) most = span.lag;
    for (size_t k = 0; k < span.extent.count; k += most) {
        size_t n = span.extent.count - k < most ? span.extent.count - k : most;
        for (int j = 0; j < run->arity; j++) {
            if (span.operand[j].list == AD_AFFINE) {
                ad_view_list(&span.operand[j], &span.extent, k, n, buffer[j]);
            } else {
                memcpy(buffer[j], x->tape->list + span.operand[j].list + k, n * sizeof(ad_node));
            }
        }
        ad_status status = elements(x, run->op, n, nodes, run->node + (ad_node)k);
        if (status != AD_OK) return status;
    }
    return AD_OK;
}

/* Sums, running sums and extremes are linear.  The partials of extremes are those that the tape
 * stores. */
static ad_status series_REDUCTION(taylor *x, const ad_run *run, const ad_block *b) {
    const size_t outer = b->extent[0].count, inner = b->extent[1].count, d = x->d;
    const ad_block_info *kind = &ad_block_kinds[run->op];
    const int running = kind->running;
    ad_node *nodes = ad_alloc(inner, sizeof *nodes);
    if (nodes == NULL) return AD_NO_MEMORY;
    for (size_t o = 0; o < outer; o++) {
        double *to = series_of(x, run->node + (ad_node)(running ? o * inner : o));
        ad_block_row(x->tape, b, o, nodes);
        for (size_t r = 0; r < inner; r++) {
            const double *from = series_of(x, nodes[r]);
            double share = 1;
            if (kind->choice != 0) {
                share = ad_element_partial(kind, x->tape->value[nodes[r]],
                                           x->tape->value[run->node + o],
                                           x->tape->partial[b->partial + o]);
            }
            for (size_t k = 1; k <= d; k++) to[k] += ad_guarded(share, from[k]);
            if (!running || r + 1 == inner) continue;
            memcpy(to + d + 2, to + 1, d * sizeof *to);
            to += d + 1;
        }
        if (!ad_pace_stops(&x->pace, inner * (d + 1))) continue;
        ad_free(nodes);
        return AD_INTERRUPTED;
    }
    ad_free(nodes);
    return AD_OK;
}

/* Copy the coefficients of orders 0 to `last` of a matrix of nodes, one dense matrix per order.
 * moving[k] says whether those of order k have nonzero elements. */
static void planes(const taylor *x, const ad_view *v, size_t last, size_t batch, size_t rows,
                   size_t columns, double *to, uint8_t *moving) {
    const size_t size = batch * rows * columns;
    for (size_t k = 0; k <= last; k++) {
        double *at = to + k * size;
        moving[k] = 0;
        for (size_t n = 0; n < batch; n++) {
            for (size_t i = 0; i < rows; i++) {
                for (size_t j = 0; j < columns; j++) {
                    int64_t node = (int64_t)v->base + (int64_t)n * v->stride[0] +
                                   (int64_t)i * v->stride[1] + (int64_t)j * v->stride[2];
                    *at = series_of(x, (ad_node)node)[k];
                    moving[k] |= *at++ != 0;
                }
            }
        }
    }
}

static ad_matrix dense_plane(double *at, size_t rows, size_t columns) {
    return (ad_matrix){at, (intptr_t)(rows * columns), (intptr_t)columns, 1};
}

/* V_k = sum for i = 0 .. k of A_i B_{k-i}. */
static ad_status series_PRODUCT(taylor *x, const ad_run *run, const ad_block *b) {
    const uint32_t *size = b->extent[1].size;
    const size_t batch = b->extent[0].count, M = size[0], K = size[1], N = size[2], d = x->d;
    const size_t left = batch * M * K, right = batch * K * N, own = batch * M * N;
    const size_t last[2] = {b->active[0] ? d : 0, b->active[1] ? d : 0};
    const int64_t extents[4] = {(int64_t)batch, (int64_t)M, (int64_t)K, (int64_t)N};
    ad_status status = ad_renew((void **)&x->scratch, &x->room,
                                (last[0] + 1) * left + (last[1] + 1) * right + own, sizeof(double));
    uint8_t *moving = ad_alloc_zeroed(2 * (d + 1), sizeof *moving);
    if (status != AD_OK || moving == NULL) {
        ad_free(moving);
        return AD_NO_MEMORY;
    }
    double *a = x->scratch, *c = a + (last[0] + 1) * left, *product = c + (last[1] + 1) * right;
    planes(x, &b->operand[0], last[0], batch, M, K, a, moving);
    planes(x, &b->operand[1], last[1], batch, K, N, c, moving + d + 1);
    for (size_t k = 1; k <= d && status == AD_OK; k++) {
        for (size_t i = 0; i <= k && status == AD_OK; i++) {
            if (!moving[i] || !moving[d + 1 + k - i]) continue;
            x->nonfinite |=
                ad_matmul(extents, dense_plane(a + i * left, M, K),
                          dense_plane(c + (k - i) * right, K, N), dense_plane(product, M, N), 1);
            for (size_t e = 0; e < own; e++) series_of(x, run->node + (ad_node)e)[k] += product[e];
            if (ad_pace_stops(&x->pace, left * N / 8 + own)) status = AD_INTERRUPTED;
        }
    }
    ad_free(moving);
    return status;
}

/* Copy the coefficients of orders 0 to `last` of n nodes, one vector per order. */
static void vectors(const taylor *x, const ad_view *v, size_t last, size_t n, double *to,
                    uint8_t *moving) {
    for (size_t k = 0; k <= last; k++) {
        moving[k] = 0;
        for (size_t e = 0; e < n; e++) {
            int64_t node = (int64_t)v->base + (int64_t)e * v->stride[0];
            to[k * n + e] = series_of(x, (ad_node)node)[k];
            moving[k] |= to[k * n + e] != 0;
        }
    }
}

/* The same sum for a correlation. */
static ad_status series_CORRELATION(taylor *x, const ad_run *run, const ad_block *b) {
    const size_t n = b->extent[1].size[0], m = b->extent[1].size[1], own = b->count, d = x->d;
    const size_t last[2] = {b->active[0] ? d : 0, b->active[1] ? d : 0};
    ad_status status = ad_renew((void **)&x->scratch, &x->room,
                                (last[0] + 1) * n + (last[1] + 1) * m + own, sizeof(double));
    uint8_t *moving = ad_alloc_zeroed(2 * (d + 1), sizeof *moving);
    if (status != AD_OK || moving == NULL) {
        ad_free(moving);
        return AD_NO_MEMORY;
    }
    double *a = x->scratch, *c = a + (last[0] + 1) * n, *product = c + (last[1] + 1) * m;
    vectors(x, &b->operand[0], last[0], n, a, moving);
    vectors(x, &b->operand[1], last[1], m, c, moving + d + 1);
    for (size_t k = 1; k <= d && status == AD_OK; k++) {
        for (size_t i = 0; i <= k && status == AD_OK; i++) {
            if (!moving[i] || !moving[d + 1 + k - i]) continue;
            x->nonfinite |= ad_correlate((int64_t)n, a + i * n, (int64_t)m, c + (k - i) * m,
                                         b->operand[0].stride[1], (int64_t)own, product, 1);
            for (size_t e = 0; e < own; e++) series_of(x, run->node + (ad_node)e)[k] += product[e];
            if (ad_pace_stops(&x->pace, own * m / 8 + own)) status = AD_INTERRUPTED;
        }
    }
    ad_free(moving);
    return status;
}

/* The rules of calls provide only first derivatives. */
static ad_status series_CALL(taylor *x, const ad_run *run, const ad_block *b) {
    (void)x, (void)run, (void)b;
    return AD_BAD_OP;
}

#define BLOCK(KIND, NAME, FAMILY, ...) series_##FAMILY,
static ad_status (*const block_series[])(taylor *, const ad_run *, const ad_block *) = {
#include "tape/blocks.def"
};

static ad_status run_series(taylor *x, const ad_run *run) {
    if (run->form != AD_FORM_BLOCK) return elementwise(x, run);
    return block_series[run->op](x, run, &x->tape->block[run->a]);
}

ad_status ad_taylor(const ad_function *f, size_t order, const double *series, double *out,
                    const ad_poll *poll) {
    const ad_tape *tape = f->tape;
    if (order >= SIZE_MAX / sizeof(double) / 8 / (tape->nodes + MOST_ELEMENTS)) return AD_NO_MEMORY;
    taylor *x = ad_alloc_zeroed(1, sizeof *x);
    if (x == NULL) return AD_NO_MEMORY;
    *x = (taylor){.tape = tape, .d = order, .pace = {poll, 0}};
    x->array = ad_alloc_zeroed(tape->nodes * (order + 1), sizeof *x->array);
    ad_status status = x->array == NULL ? AD_NO_MEMORY : AD_OK;
    for (size_t i = 0; status == AD_OK && i < tape->nodes; i++) {
        x->array[i * (order + 1)] = tape->value[i];
    }
    for (size_t i = 0; status == AD_OK && i < f->D; i++) {
        memcpy(series_of(x, f->input[i]) + 1, series + i * order, order * sizeof *series);
    }
    for (size_t k = 0; k < tape->runs && status == AD_OK; k++) {
        status = run_series(x, &tape->run[k]);
    }
    for (size_t i = 0; status == AD_OK && i < f->K; i++) {
        memcpy(out + i * order, series_of(x, f->output[i]) + 1, order * sizeof *out);
    }
    if (status == AD_OK && x->nonfinite) status = AD_NOT_FINITE;
    for (int regular = 0; regular < 2; regular++) {
        for (unsigned op = 0; op < AD_OP_COUNT; op++) ad_recurrence_free(&x->made[regular][op]);
    }
    ad_free(x->scratch);
    ad_free(x->array);
    ad_free(x);
    return status;
}
