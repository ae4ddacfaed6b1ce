/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "isa/select.h"
#include "ops/expr.h"
#include "simd/vmath.h"

/* The initialisation that the binding does at import. */
__attribute__((constructor)) static void prepare(void) {
    ad_expr_prepare();
    ad_isa_choose(NULL);
}

uint32_t model_random(uint32_t *seed, uint32_t below) {
    uint32_t x = *seed += 0x9E3779B9u;
    x = (x ^ x >> 16) * 0x85EBCA6Bu;
    x = (x ^ x >> 13) * 0xC2B2AE35u;
    return (x ^ x >> 16) % below;
}

double model_number(uint32_t *seed) {
    return (double)model_random(seed, 0xFFFFFFFEu) / 0x7FFFFFFFu - 1;
}

void model_numbers(size_t n, double *x, uint32_t *seed) {
    for (size_t k = 0; k < n; k++) x[k] = model_number(seed);
}

uint64_t model_ulps(double a, double b) {
    int64_t x, y;
    if (a != a && b != b) return 0;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    if ((x < 0) != (y < 0)) return a == b ? 1 : UINT64_MAX;
    return x > y ? (uint64_t)x - (uint64_t)y : (uint64_t)y - (uint64_t)x;
}

double model_distance(size_t n, const double *got, const double *want) {
    double most = 0, scale = 1;
    for (size_t k = 0; k < n; k++) {
        double a = got[k], b = want[k];
        if (a == b || (a != a && b != b)) continue;
        if (!isfinite(a) || !isfinite(b)) return INFINITY;
        if (fabs(a - b) > most) most = fabs(a - b);
    }
    for (size_t k = 0; k < n; k++) {
        if (isfinite(want[k]) && 1 + fabs(want[k]) > scale) scale = 1 + fabs(want[k]);
    }
    return most / scale;
}

int model_rounds_freely(unsigned op) {
#define NAME_OF(NAME) #NAME "(",
    static const char *const names[] = {AD_VMATH1(NAME_OF) AD_VMATH2(NAME_OF)};
    if (op >= AD_OP_COUNT) return 0;
    if (op == AD_FMIN || op == AD_FMAX) return 1;
    if (op == AD_LOGISTIC || op == AD_LOGISTIC2) return 1;
    if (op == AD_POWER_LOG || op == AD_TIMES_LOG) return 1;
    const char *text = ad_op_rows[op].value;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        if (strncmp(text, names[k], strlen(names[k])) == 0) return 1;
    }
    return 0;
}

/* Two roundings, even if the compiler could fuse a product and a sum. */
static double product(double a, double b) {
    volatile double rounded = a * b;
    return rounded;
}

double model_operation(unsigned op, size_t arity, const double *x) {
    double partial[AD_MAX_ARITY], y = x[0];
    switch (op) {
    case AD_MULTIPLY_ADD:
        return product(x[0], x[1]) + x[2];
    case AD_MULTIPLY_SUBTRACT:
        return product(x[0], x[1]) - x[2];
    case AD_SUBTRACT_PRODUCT:
        return x[2] - product(x[0], x[1]);
    case AD_NEGATIVE_PRODUCT:
        return -product(x[0], x[1]);
    case AD_RUN_SUM:
        y = 0;
        for (size_t k = 0; k < arity; k++) y += x[k];
        return y;
    case AD_RUN_MAX:
        for (size_t k = 1; k < arity; k++) y = y == y && !(x[k] <= y) ? x[k] : y;
        return y;
    case AD_RUN_MIN:
        for (size_t k = 1; k < arity; k++) y = y == y && !(x[k] >= y) ? x[k] : y;
        return y;
    case AD_RUN_DOT:
        y = 0;
        for (size_t k = 0; k < arity; k += 2) y += product(x[k], x[k + 1]);
        return y;
    default:
        return ad_op_rows[op].point(x[0], arity > 1 ? x[1] : 0, arity > 2 ? x[2] : 0, partial);
    }
}

static double term_value(const ad_graph *g, ad_term t, const double *x, const double *value) {
    enum { MOST = 1024 };
    unsigned op = g->vertex[t].op;
    double number = 0, operand[MOST];
    size_t arity = ad_graph_arity(g, t);
    if (op == AD_GRAPH_INPUT) return x[g->vertex[t].x[0]];
    if (ad_graph_is_constant(g, t, &number)) return number;
    if (arity > MOST) return NAN;
    for (size_t j = 0; j < arity; j++) operand[j] = value[ad_graph_operand(g, t, j)];
    if (op == AD_KINKED) return operand[0];
    return model_operation(op >= AD_GRAPH_SUM ? op - AD_GRAPH_SUM + AD_RUN_SUM : op, arity,
                           operand);
}

void model_values(const ad_graph *g, const double *x, double *value) {
    for (size_t t = 0; t < g->terms; t++) {
        value[t] = term_value(g, (ad_term)t, x, value);
    }
}

/* ------------------------------------------------------------------------- random graphs */

static const uint8_t smooth[] = {
    AD_ADD, AD_ADD, AD_SUBTRACT, AD_SUBTRACT, AD_MULTIPLY, AD_MULTIPLY, AD_MULTIPLY, AD_NEGATIVE,
    AD_SIN, AD_COS, AD_TANH,     AD_ARCTAN,   AD_EXP,      AD_SQUARE,   AD_ARCSINH,  AD_DEG2RAD,
};

static const uint8_t exact[] = {
    AD_ADD,      AD_ADD,     AD_SUBTRACT, AD_SUBTRACT, AD_MULTIPLY, AD_MULTIPLY,   AD_DIVIDE,
    AD_NEGATIVE, AD_SQUARE,  AD_GUARDED,  AD_STOP,     AD_SQRT,     AD_ABSOLUTE,   AD_SIGN,
    AD_COPYSIGN, AD_MAXIMUM, AD_MINIMUM,  AD_FLOOR,    AD_RINT,     AD_HEAVISIDE,  AD_LESS,
    AD_EQUAL,    AD_SELECT,  AD_SELECT,   AD_ISNAN,    AD_FMOD,     AD_RECIPROCAL,
};

typedef struct growth {
    ad_graph *g;
    model_kind kind;
    uint32_t *seed;
    const double *x;
    size_t room, pooled;
    ad_term *pool;
} growth;

/* One of the last few terms, or any, so that there are short and long lifetimes. */
static ad_term any_of(growth *w) {
    size_t near = w->pooled < 8 ? w->pooled : 8;
    if (model_random(w->seed, 2)) {
        return w->pool[w->pooled - 1 - model_random(w->seed, (uint32_t)near)];
    }
    return w->pool[model_random(w->seed, (uint32_t)w->pooled)];
}

/* One operation on a row of terms and another row, which may become an affine run or part of
 * one. */
static void grow_row(growth *w) {
    static const uint8_t ops[] = {AD_MULTIPLY, AD_ADD, AD_SUBTRACT, AD_DIVIDE};
    uint32_t n = (uint32_t)w->pooled, a = model_random(w->seed, n), b = model_random(w->seed, n);
    uint32_t step = model_random(w->seed, 3), op = ops[model_random(w->seed, sizeof ops)];
    if (w->kind == MODEL_SMOOTH && op == AD_DIVIDE) op = AD_SUBTRACT;
    if (model_random(w->seed, 2)) a = b = 0; /* inputs are in a row */
    for (uint32_t k = 0; k < 28 && a < n && b < n; k++, a++, b += step) {
        ad_graph_push(w->g, op, w->pool[a], w->pool[b], AD_NO_TERM);
    }
}

static void grow_one(growth *w) {
    const uint8_t *ops = w->kind == MODEL_SMOOTH ? smooth : exact;
    uint32_t n = w->kind == MODEL_SMOOTH ? sizeof smooth : sizeof exact;
    ad_term x[12];
    size_t arity = 2 + model_random(w->seed, 11);
    for (size_t j = 0; j < arity; j++) x[j] = any_of(w);
    switch (model_random(w->seed, 10)) {
    case 0:
        if (w->kind == MODEL_EXACT) break;
        for (size_t j = 0; j < arity && model_random(w->seed, 8); j++) {
            x[j] = ad_graph_push(w->g, AD_MULTIPLY, x[j], any_of(w), AD_NO_TERM);
        }
        ad_graph_reduce(w->g, AD_GRAPH_SUM, arity, x);
        return;
    case 1:
        ad_graph_reduce(w->g, AD_GRAPH_MAX + model_random(w->seed, 2), arity, x);
        return;
    case 2:
        x[1] = ad_graph_constant(w->g, model_number(w->seed));
        break;
    case 3:
        grow_row(w);
        return;
    default:
        break;
    }
    ad_graph_push(w->g, ops[model_random(w->seed, n)], x[0], x[1], x[arity > 2 ? 2 : 1]);
}

size_t model_graph(ad_graph *g, model_kind kind, size_t n, const double *x, uint32_t *seed,
                   size_t room, ad_term *pool) {
    growth w = {g, kind, seed, x, room, 0, pool};
    size_t terms = g->inputs + 40 * n + 1, known = 0;
    double *value = ad_alloc(terms, sizeof *value);
    for (size_t step = 0; value != NULL && step <= n && g->status == AD_OK; step++) {
        if (step > 0) grow_one(&w);
        for (; known < g->terms && known < terms; known++) {
            double v = value[known] = term_value(g, (ad_term)known, x, value);
            double constant;
            int of_use =
                v == v && fabs(v) < 3 && !ad_graph_is_constant(g, (ad_term)known, &constant);
            if (of_use && w.pooled < room) pool[w.pooled++] = (ad_term)known;
        }
    }
    ad_free(value);
    return w.pooled;
}

int model_program(const ad_program *p, const double *x, double *slot) {
    double operand[1024];
    size_t next = p->inputs + p->constants; /* results are in the order of evaluation */
    memcpy(slot, x, p->inputs * sizeof *slot);
    memcpy(slot + p->inputs, p->constant, p->constants * sizeof *slot);
    for (size_t r = 0; r < p->runs; r++) {
        const ad_program_run *run = &p->run[r];
        if (run->out != next || run->arity > 1024 || run->count == 0) return 0;
        for (size_t k = 0; k < run->count; k++) {
            for (size_t j = 0; j < run->arity; j++) {
                uint32_t from = ad_run_operand(p, run, k, j);
                if (from >= run->out) return 0; /* an operand of this run or of a later one */
                operand[j] = slot[from];
            }
            slot[next++] = model_operation(run->op, run->arity, operand);
        }
    }
    return next == p->slots;
}
