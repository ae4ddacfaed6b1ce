/* SPDX-License-Identifier: Apache-2.0 */
#include "sparse/sparsity.h"

#include <string.h>

#include "base/alloc.h"
#include "ops/expr.h"
#include "sparse/calls.h"
#include "sparse/sets.h"
#include "tape/block.h"

#define USES_A 1u
#define USES_ALL 7u

/* The operands that a partial depends on, one bit each; the value depends on all of them. */
typedef uint8_t uses_table[AD_OP_COUNT][AD_MAX_ARITY];

typedef struct pass {
    const ad_tape *tape;
    uint32_t *of; /* the set of each node */
    ad_sets sets;
    uses_table uses;
    int here;        /* only for this point, with the branches taken there */
    ad_node *row;    /* operands of one result */
    uint32_t *lines; /* sets of the lines (rows or columns) of a matrix */
    uint8_t *holes;  /* which lines of the other matrix have zeros */
    ad_pace pace;
    int stopped;
} pass;

/* Add to the work done.  Returns whether the pass has to end. */
static int stops(pass *x, size_t work) {
    x->stopped |= ad_pace_stops(&x->pace, work);
    return x->stopped;
}

/* Whether a partial is a number that comparisons choose; is_number marks those of the stack. */
static int is_choice(const ad_expr *e) {
    int is_number[AD_EXPR_DEPTH], depth = 0;
    for (int k = 0; k < e->steps; k++) {
        const ad_step *step = &e->step[k];
        if (step->kind != AD_STEP_APPLY) {
            is_number[depth++] = step->kind == AD_STEP_NUMBER;
            continue;
        }
        const ad_op_info *op = &ad_op_rows[step->op];
        depth -= op->arity;
        int numbers = 1, steps = 1; /* a selection is chosen by its first operand */
        for (int j = 0; j < op->arity; j++) {
            numbers &= is_number[depth + j] || (j == 0 && op->arity == 3);
            steps &= op->partial_class[j] == AD_PARTIAL_ZERO;
        }
        is_number[depth++] = numbers || steps;
    }
    return depth == 1 && is_number[0] && e->steps > 1;
}

static void find_uses(uses_table uses, int here) {
    memset(uses, 0, sizeof(uses_table));
    for (unsigned op = 0; op < AD_OP_COUNT; op++) {
        for (int j = 0; j < ad_op_rows[op].arity; j++) {
            const ad_expr *e = ad_expr_partial(op, j);
            for (int k = 0; k < e->steps && !(here && is_choice(e)); k++) {
                unsigned kind = e->step[k].kind;
                if (kind <= AD_STEP_C) uses[op][j] |= (uint8_t)(USES_A << kind);
                if (kind == AD_STEP_V) uses[op][j] |= USES_ALL;
            }
        }
    }
}

/* Returns whether a partial is 0 for all values of the operands that are not constant. */
static int vanishes(unsigned uses, unsigned constant, double partial) {
    return partial == 0 && (uses & ~constant) == 0;
}

/* One bit per operand: whether it is fixed at this point, because it depends on no input. */
static unsigned fixed_here(const pass *x, const ad_node *operand, int arity) {
    unsigned fixed = 0;
    for (int i = 0; x->here && i < arity; i++) {
        fixed |= (unsigned)(x->of[operand[i]] == 0) << i;
    }
    return fixed;
}

static void scalar_run(pass *x, const ad_run *run) {
    const double *partial = x->tape->partial + run->partial;
    const uint8_t *uses = x->uses[run->op];
    const ad_node operand[] = {run->a, run->b};
    uint32_t set = 0;
    unsigned fixed;
    switch (run->form) {
    case AD_FORM_RIGHT:
        if (!vanishes(uses[1], USES_A, partial[0])) set = x->of[run->b];
        break;
    case AD_FORM_LEFT:
        if (!vanishes(uses[0], USES_A << 1, partial[0])) set = x->of[run->a];
        break;
    default:
        fixed = fixed_here(x, operand, run->form == AD_FORM_BINARY ? 2 : 1);
        if (!vanishes(uses[0], fixed, partial[0])) set = x->of[run->a];
        if (run->form == AD_FORM_BINARY && !vanishes(uses[1], fixed, partial[1])) {
            set = ad_sets_join(&x->sets, set, x->of[run->b]);
        }
    }
    x->of[run->node] = set;
}

/* The edges of elements [k, k + m) of a span, with the places of their operands. */
typedef struct span_edge {
    const ad_run *run;
    const ad_span *span;
    const ad_place *place;
    size_t k;
} span_edge;

/* Returns whether partials along edge j can vanish, since what they depend on may be constant. */
static int may_vanish(const pass *x, const ad_run *run, const ad_span *span, int j) {
    if (x->here)
        return span->source[j] != AD_PARTIAL_ONE && span->source[j] != AD_PARTIAL_MINUS_ONE;
    if (x->uses[run->op][j] == 0) return 0;
    for (int i = 0; i < run->arity; i++) {
        const ad_view *view = &span->operand[i];
        if (!(x->uses[run->op][j] >> i & 1) || view->list != AD_AFFINE) continue;
        if (!ad_is_constant(x->tape, view->base)) return 0;
    }
    return 1;
}

static int vanishes_at(const pass *x, const span_edge *at, int j, size_t e) {
    const ad_tape *tape = x->tape;
    unsigned constant = 0;
    for (int i = 0; i < at->run->arity; i++) {
        ad_node node = ad_place_node(at->place[i], e);
        constant |= (unsigned)(ad_is_constant(tape, node) || (x->here && x->of[node] == 0)) << i;
    }
    for (int i = at->run->arity; i < AD_MAX_ARITY; i++) constant |= USES_A << i;
    double partial = 1;
    switch (at->span->source[j]) {
    case AD_PARTIAL_STORED:
        partial = tape->partial[at->span->partial[j] + at->k + e];
        break;
    case AD_PARTIAL_A:
    case AD_PARTIAL_B:
        partial =
            tape->value[ad_place_node(at->place[at->span->source[j] == AD_PARTIAL_A ? 0 : 1], e)];
        break;
    case AD_PARTIAL_V:
        partial = tape->value[at->run->node + at->k + e];
        break;
    }
    return vanishes(x->uses[at->run->op][j], constant, partial);
}

static void span_run(pass *x, const ad_run *run) {
    const ad_span *span = &x->tape->span[run->a];
    ad_node buffer[AD_MAX_ARITY][AD_CHUNK];
    ad_place place[AD_MAX_ARITY];
    int carries[AD_MAX_ARITY], looks[AD_MAX_ARITY];
    for (int j = 0; j < run->arity; j++) {
        carries[j] = span->source[j] != AD_PARTIAL_ZERO;
        looks[j] = carries[j] && may_vanish(x, run, span, j);
    }
    for (size_t k = 0; k < span->extent.count;) {
        size_t m = ad_span_stretch(span, k);
        uint32_t *to = x->of + run->node + k;
        span_edge at = {run, span, place, k};
        for (int j = 0; j < run->arity; j++) {
            place[j] =
                ad_view_place(&span->operand[j], &span->extent, k, m, x->tape->list, buffer[j]);
        }
        memset(to, 0, m * sizeof *to);
        for (int j = 0; j < run->arity; j++) {
            if (!carries[j]) continue;
            for (size_t e = 0; e < m; e++) {
                uint32_t set = x->of[ad_place_node(place[j], e)];
                if (set == 0 || (looks[j] && vanishes_at(x, &at, j, e))) continue;
                to[e] = ad_sets_join(&x->sets, to[e], set);
            }
        }
        k += m;
    }
}

static void propagate_REDUCTION(pass *x, const ad_run *run, const ad_block *b) {
    size_t n = b->extent[1].count;
    for (size_t o = 0; o < b->extent[0].count && !stops(x, n); o++) {
        if (n > 0) ad_block_row(x->tape, b, o, x->row);
        if (ad_block_kinds[run->op].running) {
            uint32_t *to = x->of + run->node + o * n;
            for (size_t k = 0; k < n; k++) {
                to[k] = ad_sets_join(&x->sets, k > 0 ? to[k - 1] : 0, x->of[x->row[k]]);
            }
            continue;
        }
        for (size_t k = 0; k < n; k++) {
            ad_sets_gather(&x->sets, x->of[x->row[k]]);
            if (k % AD_CHUNK == 0 && stops(x, AD_CHUNK)) break;
        }
        x->of[run->node + o] = ad_sets_gathered(&x->sets);
    }
}

static void propagate_CALL(pass *x, const ad_run *run, const ad_block *b) {
    ad_sparsity_call(x->tape, run, b, &x->sets, x->of, x->row);
}

/* One matrix operand as the lines that a product's results read: rows of the left one, columns of
 * the right one, each with `inner` elements. */
typedef struct line_matrix {
    int64_t base, step, along; /* nodes between lines, and between elements of a line */
    uint32_t lines, inner;
} line_matrix;

static line_matrix matrix_of(const ad_block *b, int side, uint32_t batch) {
    const ad_view *v = &b->operand[side];
    const uint32_t *e = b->extent[1].size;
    int64_t base = (int64_t)v->base + (int64_t)batch * v->stride[0];
    return side == 0 ? (line_matrix){base, v->stride[1], v->stride[2], e[0], e[1]}
                     : (line_matrix){base, v->stride[2], v->stride[1], e[2], e[1]};
}

/* The union along a line, without elements that are multiplied by a constant 0 of the other
 * line. */
static uint32_t line_set(pass *x, line_matrix a, uint32_t line, const double *other,
                         int64_t along) {
    const uint32_t *from = x->of + a.base + line * a.step;
    for (int64_t k = 0; k < a.inner; k++) {
        if (other == NULL || other[k * along] != 0) ad_sets_gather(&x->sets, from[k * a.along]);
    }
    stops(x, a.inner);
    return ad_sets_gathered(&x->sets);
}

/* The product with a constant matrix: the lines of `a` on side `side` times those of `other`. */
static void product_with_constant(pass *x, int side, line_matrix a, line_matrix other, uint32_t *to,
                                  uint32_t columns) {
    const double *value = x->tape->value + other.base;
    for (uint32_t q = 0; q < other.lines; q++) {
        x->holes[q] = 0;
        for (int64_t k = 0; k < other.inner; k++) {
            x->holes[q] |= value[q * other.step + k * other.along] == 0;
        }
    }
    for (uint32_t p = 0; p < a.lines; p++) {
        uint32_t whole = line_set(x, a, p, NULL, 0);
        for (uint32_t q = 0; q < other.lines && !x->stopped; q++) {
            size_t at = side == 0 ? (size_t)p * columns + q : (size_t)q * columns + p;
            to[at] = !x->holes[q] ? whole : line_set(x, a, p, value + q * other.step, other.along);
        }
    }
}

/* Returns whether a node is zero at this point for all values of the inputs. */
static int is_zero_here(const pass *x, int64_t node) {
    return x->of[node] == 0 && x->tape->value[node] == 0;
}

/* Only for this point: an element that is multiplied by a fixed zero is left out. */
static void product_here(pass *x, line_matrix left, line_matrix right, uint32_t *to) {
    for (uint32_t i = 0; i < left.lines && !x->stopped; i++) {
        for (uint32_t j = 0; j < right.lines; j++) {
            int64_t a = left.base + i * left.step, b = right.base + j * right.step;
            for (uint32_t k = 0; k < left.inner; k++, a += left.along, b += right.along) {
                if (!is_zero_here(x, b)) ad_sets_gather(&x->sets, x->of[a]);
                if (!is_zero_here(x, a)) ad_sets_gather(&x->sets, x->of[b]);
            }
            to[(size_t)i * right.lines + j] = ad_sets_gathered(&x->sets);
        }
        stops(x, (size_t)right.lines * left.inner);
    }
}

static void propagate_PRODUCT(pass *x, const ad_run *run, const ad_block *b) {
    uint32_t columns = b->extent[1].size[2];
    uint32_t *to = x->of + run->node;
    if (!b->active[0] && !b->active[1]) {
        memset(to, 0, b->count * sizeof *to);
        return;
    }
    for (uint32_t n = 0; n < b->extent[0].count; n++, to += b->count / b->extent[0].count) {
        line_matrix left = matrix_of(b, 0, n), right = matrix_of(b, 1, n);
        if (x->here) {
            product_here(x, left, right, to);
        } else if (!b->active[1]) {
            product_with_constant(x, 0, left, right, to, columns);
        } else if (!b->active[0]) {
            product_with_constant(x, 1, right, left, to, columns);
        } else {
            for (uint32_t j = 0; j < right.lines; j++) {
                x->lines[j] = line_set(x, right, j, NULL, 0);
            }
            for (uint32_t i = 0; i < left.lines; i++) {
                uint32_t row = line_set(x, left, i, NULL, 0);
                for (uint32_t j = 0; j < right.lines && !x->stopped; j++) {
                    to[(size_t)i * columns + j] = ad_sets_join(&x->sets, row, x->lines[j]);
                }
            }
        }
    }
}

/* An element whose factor is zero, always or only for this point, is left out. */
static void propagate_CORRELATION(pass *x, const ad_run *run, const ad_block *b) {
    const double *value = x->tape->value;
    for (uint32_t k = 0; k < b->count && !stops(x, b->extent[1].size[1]); k++) {
        ad_inner p = ad_inner_product(b, k);
        for (; p.count > 0; p.count--, p.left += p.left_step, p.right += p.right_step) {
            int off[2] = {!b->active[0] && !value[p.left], !b->active[1] && !value[p.right]};
            if (x->here) off[0] = is_zero_here(x, p.left), off[1] = is_zero_here(x, p.right);
            if (!off[1]) ad_sets_gather(&x->sets, x->of[p.left]);
            if (!off[0]) ad_sets_gather(&x->sets, x->of[p.right]);
        }
        x->of[run->node + k] = ad_sets_gathered(&x->sets);
    }
}

#define BLOCK(KIND, NAME, FAMILY, ...) propagate_##FAMILY,
static void (*const propagate_block[])(pass *, const ad_run *, const ad_block *) = {
#include "tape/blocks.def"
};

/* Inputs that a run has computed keep sets of their own.  No input is above `last`. */
static void take_inputs(pass *x, const ad_run *run, size_t count, ad_node last,
                        const ad_function *f, size_t from, size_t to) {
    if (run->node > last) return;
    for (size_t d = from; d < to; d++) {
        if (f->input[d] - run->node < count) {
            x->of[f->input[d]] = ad_sets_single(&x->sets, d - from);
        }
    }
}

/* The sets of all nodes with respect to the inputs [from, to). */
static ad_status propagate(pass *x, const ad_function *f, size_t from, size_t to) {
    const ad_tape *tape = x->tape;
    memset(x->of, 0, tape->nodes * sizeof *x->of);
    ad_sets_clear(&x->sets);
    ad_node last = 0;
    for (size_t d = from; d < to; d++) {
        x->of[f->input[d]] = ad_sets_single(&x->sets, d - from);
        if (f->input[d] > last) last = f->input[d];
    }
    for (size_t k = 0; k < tape->runs && x->sets.status == AD_OK; k++) {
        const ad_run *run = &tape->run[k];
        if (run->form == AD_FORM_SPAN) {
            span_run(x, run);
        } else if (run->form == AD_FORM_BLOCK) {
            propagate_block[run->op](x, run, &tape->block[run->a]);
        } else {
            scalar_run(x, run);
        }
        take_inputs(x, run, ad_run_count(tape, run), last, f, from, to);
        if (stops(x, ad_run_count(tape, run))) return AD_INTERRUPTED;
    }
    return x->sets.status;
}

/* Allocate what the largest blocks need: a row of operands, and lines of a right matrix. */
static ad_status allocate_pass(pass *x) {
    size_t row = 1, lines = 1;
    for (size_t k = 0; k < x->tape->blocks; k++) {
        const ad_block *b = &x->tape->block[k];
        size_t n = b->extent[1].count; /* 0 for a product */
        for (int d = 0; d < 3; d++) {
            if (b->extent[1].size[d] > lines) lines = b->extent[1].size[d];
        }
        if (n > row) row = n;
    }
    x->of = ad_alloc(x->tape->nodes, sizeof *x->of);
    x->row = ad_alloc(row, sizeof *x->row);
    x->lines = ad_alloc(lines, sizeof *x->lines);
    x->holes = ad_alloc(lines, 1);
    return x->of && x->row && x->lines && x->holes ? AD_OK : AD_NO_MEMORY;
}

/* The entries with respect to one range of inputs, row by row. */
typedef struct piece {
    uint32_t *index;
    uint32_t *count; /* of each row */
} piece;

static ad_status take_piece(pass *x, const ad_function *f, size_t from, size_t most, size_t *start,
                            piece *out) {
    size_t total = 0;
    out->count = ad_alloc(f->K, sizeof *out->count);
    if (out->count == NULL) return AD_NO_MEMORY;
    for (size_t k = 0; k < f->K; k++) {
        size_t count = ad_sets_size(&x->sets, x->of[f->output[k]]);
        total += count;
        if (total > most - start[f->K]) return AD_TOO_LARGE;
        out->count[k] = (uint32_t)count;
    }
    start[f->K] += total;
    out->index = ad_alloc(total, sizeof *out->index);
    if (out->index == NULL) return AD_NO_MEMORY;
    uint32_t *to = out->index;
    for (size_t k = 0; k < f->K; k++) {
        ad_sets_list(&x->sets, x->of[f->output[k]], (uint32_t)from, to);
        to += out->count[k];
    }
    return AD_OK;
}

/* Concatenate the pieces of each row.  On entry start[K] is the total. */
static ad_status merge(piece *pieces, size_t n, size_t K, size_t *start, uint32_t **index) {
    size_t total = start[K];
    start[0] = 0;
    for (size_t k = 0; k < K; k++) {
        start[k + 1] = start[k];
        for (size_t j = 0; j < n; j++) start[k + 1] += pieces[j].count[k];
    }
    if (n == 1) {
        *index = pieces[0].index;
        pieces[0].index = NULL;
        return AD_OK;
    }
    *index = ad_alloc(total, sizeof **index);
    if (*index == NULL) return AD_NO_MEMORY;
    const uint32_t **at = ad_alloc(n, sizeof *at);
    for (size_t j = 0; at != NULL && j < n; j++) at[j] = pieces[j].index;
    uint32_t *to = *index;
    for (size_t k = 0; at != NULL && k < K; k++) {
        for (size_t j = 0; j < n; j++) {
            size_t count = pieces[j].count[k];
            if (count > 0) memcpy(to, at[j], count * sizeof *to);
            to += count;
            at[j] += count;
        }
    }
    ad_status status = at != NULL ? AD_OK : AD_NO_MEMORY;
    ad_free(at);
    return status;
}

static ad_status patterns(const ad_function *f, int here, size_t most, size_t room, size_t *start,
                          uint32_t **index, const ad_poll *poll) {
    pass x = {.tape = f->tape, .here = here, .pace = {poll, 0}};
    piece *pieces = NULL;
    size_t n = 0, held = 0, from = 0, step = f->D > 0 ? f->D : 1;
    find_uses(x.uses, here);
    *index = NULL;
    start[f->K] = 0;
    ad_status status = allocate_pass(&x);
    do {
        size_t to = f->D - from < step ? f->D : from + step;
        if (status == AD_OK) status = ad_sets_begin(&x.sets, to - from, room);
        if (status == AD_OK) status = propagate(&x, f, from, to);
        if (status == AD_TOO_LARGE && step > 64) { /* fewer inputs per pass */
            step = step > 256 ? step / 4 / 64 * 64 : 64;
            status = AD_OK;
            continue;
        }
        if (status == AD_OK) status = ad_grow((void **)&pieces, &held, n + 1, sizeof *pieces);
        if (status == AD_OK) {
            pieces[n] = (piece){NULL, NULL};
            status = take_piece(&x, f, from, most, start, &pieces[n++]);
        }
        from = to;
    } while (status == AD_OK && from < f->D);
    if (status == AD_OK) status = merge(pieces, n, f->K, start, index);
    for (size_t j = 0; j < n; j++) {
        ad_free(pieces[j].index);
        ad_free(pieces[j].count);
    }
    if (status != AD_OK) {
        ad_free(*index);
        *index = NULL;
    }
    ad_free(pieces);
    ad_sets_free(&x.sets);
    ad_free(x.of);
    ad_free(x.row);
    ad_free(x.lines);
    ad_free(x.holes);
    return status;
}

ad_status ad_sparsity(const ad_function *f, size_t most, size_t room, size_t *start,
                      uint32_t **index, const ad_poll *poll) {
    return patterns(f, 0, most, room, start, index, poll);
}

ad_status ad_sparsity_here(const ad_function *f, size_t most, size_t room, size_t *start,
                           uint32_t **index, const ad_poll *poll) {
    return patterns(f, 1, most, room, start, index, poll);
}
