/* SPDX-License-Identifier: Apache-2.0 */
/* Sweeps through long arrays: runs in interleaved chunks, adjoints that are never written to
 * memory, and arrays that are written instead of added to. */
#include "ad_test.h"
#include "base/alloc.h"
#include "isa/select.h"
#include "model.h"
#include "sweep/hessian.h"
#include "sweep/taylor.h"
#include "tape/block.h"
#include "tape/replay.h"

#include <string.h>

#define N 4200 /* more than AD_FIRST_WRITE_LARGE */
#define D (N + 7)
#define K 4
#define ROWS 60
#define COLUMNS 70

static const ad_workspace no_work = {NULL, 0};

typedef struct recorder {
    ad_tape *tape;
    uint32_t seed;
    ad_node pool[64]; /* arrays of N nodes */
    uint32_t pooled;
    ad_node scalar, constant;
    ad_node list[N];
    ad_status status;
} recorder;

static void keep(recorder *r, ad_node first) {
    if (r->status == AD_OK && r->pooled < 64) r->pool[r->pooled++] = first;
}

/* N nodes: mostly an array as it is, otherwise a piece of the inputs, reversed, a broadcast scalar,
 * constants or a list. */
static ad_operand operand(recorder *r) {
    static const int64_t one[] = {1}, back[] = {-1}, none[] = {0};
    ad_node array = r->pool[r->pooled - 1 - model_random(&r->seed, r->pooled < 4 ? r->pooled : 4)];
    switch (model_random(&r->seed, 12)) {
    case 0:
        return (ad_operand){model_random(&r->seed, 8), one, NULL};
    case 1:
        return (ad_operand){array + N - 1, back, NULL};
    case 2:
        return (ad_operand){r->scalar, none, NULL};
    case 3:
        return (ad_operand){r->constant, model_random(&r->seed, 2) ? one : none, NULL};
    case 4:
        for (uint32_t k = 0; k < N; k++) {
            r->list[k] = model_random(&r->seed, 3) ? array + k : r->constant + k * 5 % N;
        }
        return (ad_operand){0, NULL, r->list};
    default:
        return (ad_operand){array, one, NULL};
    }
}

static void elementwise(recorder *r) {
    static const uint8_t ops[] = {AD_ADD,    AD_SUBTRACT, AD_MULTIPLY, AD_MULTIPLY,
                                  AD_SIN,    AD_TANH,     AD_SQUARE,   AD_NEGATIVE,
                                  AD_ARCTAN, AD_MAXIMUM,  AD_FLOOR};
    const unsigned op = ops[model_random(&r->seed, sizeof ops)];
    const int64_t shape[] = {N}, one[] = {1};
    ad_operand operands[2] = {operand(r), operand(r)};
    ad_node first = 0;
    if (operands[1].nodes != NULL) operands[1] = (ad_operand){r->pool[0], one, NULL};
    r->status |= ad_tape_elementwise(r->tape, op, 1, shape, operands, &first);
    if (model_random(&r->seed, 3) == 0) { /* keeps numbers small */
        const ad_operand large = {first, one, NULL};
        r->status |= ad_tape_elementwise(r->tape, AD_SIN, 1, shape, &large, &first);
    }
    keep(r, first);
}

/* A shorter operation beside the long ones, on part of an array: the sine of its sum. */
static void shorter(recorder *r) {
    static const int64_t shape[] = {N - 600}, one[] = {1};
    const ad_node array = r->pool[r->pooled - 1];
    const ad_operand part[] = {{array + model_random(&r->seed, 2) * 600, one, NULL},
                               {r->constant, one, NULL}};
    ad_node first = 0, sum = 0;
    r->status |= ad_tape_elementwise(r->tape, AD_MULTIPLY, 1, shape, part, &first);
    const ad_operand x = {first, one, NULL};
    r->status |= ad_tape_elementwise(r->tape, AD_SIN, 1, shape, &x, &first);
    const ad_operand y = {first, one, NULL};
    r->status |= ad_tape_reduce(r->tape, AD_BLOCK_SUM, 0, 1, shape, &y, &sum);
    r->status |= ad_tape_unary(r->tape, AD_SIN, sum, &r->scalar);
}

static void block(recorder *r) {
    static const int64_t one[] = {1}, none[] = {0}, square[] = {ROWS * COLUMNS, COLUMNS, 1};
    static const int64_t turned[] = {ROWS * COLUMNS, 1, COLUMNS}, column[] = {0, 1, 0};
    const ad_node array = r->pool[r->pooled - 1];
    const ad_operand x = {array, one, NULL};
    const int64_t shape[] = {N}, matrix[] = {ROWS, COLUMNS}, across[] = {COLUMNS, 1};
    const ad_operand rows = {array, across, NULL};
    ad_node first = 0, small = 0;
    switch (model_random(&r->seed, 5)) {
    case 0: /* sin of the sum */
        r->status |= ad_tape_reduce(r->tape, AD_BLOCK_SUM, 0, 1, shape, &x, &first);
        r->status |= ad_tape_unary(r->tape, AD_SIN, first, &r->scalar);
        return;
    case 1:
        r->status |= ad_tape_reduce(r->tape, AD_BLOCK_MAX, 1, 1, matrix, &rows, &first);
        r->scalar = first + 3;
        return;
    case 2:
        r->status |= ad_tape_reduce(r->tape, AD_BLOCK_CUMSUM, 1, 1, matrix, &rows, &first);
        break;
    case 3: { /* (A A^T) A: both operands of both products move */
        const int64_t e[] = {1, ROWS, COLUMNS, ROWS}, f[] = {1, ROWS, ROWS, COLUMNS};
        const int64_t dense[] = {ROWS * ROWS, ROWS, 1};
        r->status |= ad_tape_matmul(r->tape, e, array, square, array, turned, &small);
        r->status |= ad_tape_matmul(r->tape, f, small, dense, array, square, &first);
        break;
    }
    default: { /* inputs times a column of the array: an outer product */
        const int64_t e[] = {1, ROWS, 1, COLUMNS}, row[] = {0, 0, 1};
        r->status |= ad_tape_matmul(r->tape, e, 0, column, array, row, &first);
        break;
    }
    }
    const ad_operand y = {first, one, NULL}, scale = {r->scalar, none, NULL};
    const ad_operand both[] = {y, scale};
    r->status |= ad_tape_elementwise(r->tape, AD_MULTIPLY, 1, shape, both, &first);
    const ad_operand z = {first, one, NULL};
    r->status |= ad_tape_elementwise(r->tape, AD_SIN, 1, shape, &z, &first);
    keep(r, first);
}

typedef struct example {
    ad_tape tape;
    ad_function f;
    ad_node input[D], output[K];
    double weight[K], x[D], left[D], right[D];
} example;

static example *begin(uint32_t seed) {
    static const int64_t one[] = {1}, shape[] = {N};
    example *e = ad_alloc(1, sizeof *e);
    recorder *r = ad_alloc_zeroed(1, sizeof *r);
    CHECK(e != NULL && r != NULL);
    if (e == NULL || r == NULL) return NULL;
    ad_node first = 0;
    r->tape = &e->tape;
    r->seed = seed;
    ad_tape_init(&e->tape);
    model_numbers(D, e->x, &r->seed);
    r->status = ad_tape_inputs(&e->tape, D, &first);
    memcpy(e->tape.value, e->x, sizeof e->x);
    r->status |= ad_tape_constants(&e->tape, N, &r->constant);
    for (uint32_t k = 0; k < N; k++) e->tape.value[r->constant + k] = k % 7 * 0.25 - 0.5;
    keep(r, 3);
    r->scalar = 5;
    for (int k = 0; k < 24; k++) {
        if (model_random(&r->seed, 5)) {
            elementwise(r);
        } else if (model_random(&r->seed, 4) == 0) {
            shorter(r);
        } else {
            block(r);
        }
    }
    const ad_operand last = {r->pool[r->pooled - 1], one, NULL};
    r->status |= ad_tape_reduce(&e->tape, AD_BLOCK_SUM, 0, 1, shape, &last, &e->output[0]);
    e->output[1] = r->pool[r->pooled / 2] + model_random(&r->seed, N); /* within an array */
    e->output[2] = model_random(&r->seed, 2) ? r->scalar : e->output[1];
    e->output[3] = model_random(&r->seed, D); /* an input */
    CHECK(r->status == AD_OK);
    for (ad_node j = 0; j < D; j++) e->input[j] = j;
    e->f = (ad_function){&e->tape, D, K, e->input, e->output};
    model_numbers(K, e->weight, &r->seed);
    model_numbers(D, e->left, &r->seed);
    model_numbers(D, e->right, &r->seed);
    ad_free(r);
    return e;
}

static void end(example *e) {
    ad_tape_free(&e->tape);
    ad_free(e);
}

static double inner(const double *x, const double *y) {
    double sum = 0;
    for (int j = 0; j < D; j++) sum += x[j] * y[j];
    return sum;
}

/* s H s of the weighted sum: twice the second Taylor coefficient along s. */
static double curvature(const example *e, const double *s) {
    static double series[D][2];
    double out[K][2], sum = 0;
    for (int j = 0; j < D; j++) series[j][0] = s[j], series[j][1] = 0;
    CHECK(ad_taylor(&e->f, 2, series[0], out[0], NULL) == AD_OK);
    for (int k = 0; k < K; k++) sum += 2 * e->weight[k] * out[k][1];
    return sum;
}

TEST(hessian_products_along_long_arrays_agree_with_taylor_series) {
    static double product[D], sum[D];
    int curved = 0;
    for (uint32_t seed = 1; seed <= 60; seed++) {
        example *e = begin(seed);
        if (e == NULL) return;
        CHECK(ad_hessian_product(&e->f, e->weight, e->right, product, no_work, NULL) == AD_OK);
        for (int j = 0; j < D; j++) sum[j] = e->left[j] + e->right[j];
        const double both = curvature(e, sum), left = curvature(e, e->left);
        const double right = curvature(e, e->right), got = inner(e->left, product);
        const double size = fabs(both) + fabs(left) + fabs(right) + inner(product, product);
        CHECK(fabs(got - (both - left - right) / 2) <= 1e-10 * (1 + size));
        CHECK(fabs(inner(e->right, product) - right) <= 1e-10 * (1 + size));
        curved += fabs(right) > 1e-3;
        end(e);
    }
    CHECK(curved > 40);
}

TEST(hessian_products_along_long_arrays_do_not_depend_on_the_memory_or_instructions) {
    static const char *const isas[] = {"base", "avx2", "avx512"};
    static double want[D], got[D];
    for (uint32_t seed = 1; seed <= 12; seed++) {
        example *e = begin(seed);
        if (e == NULL) return;
        const size_t need = ad_hessian_need(&e->tape);
        double *memory = ad_alloc(need, sizeof *memory);
        for (size_t i = 0; i < need; i++) memory[i] = NAN;
        CHECK(ad_hessian_product(&e->f, e->weight, e->left, want, no_work, NULL) == AD_OK);
        for (size_t i = 0; i < need; i++) memory[i] = NAN;
        for (int j = 0; j < D; j++) got[j] = NAN;
        const ad_workspace given = {memory, need};
        CHECK(ad_hessian_product(&e->f, e->weight, e->left, got, given, NULL) == AD_OK);
        CHECK(memcmp(got, want, sizeof got) == 0);
        for (int k = 0; k < 3; k++) {
            if (!ad_isa_choose(isas[k])) continue;
            CHECK(ad_hessian_product(&e->f, e->weight, e->left, got, no_work, NULL) == AD_OK);
            CHECK(model_distance(D, got, want) < 1e-11);
        }
        CHECK(ad_isa_choose(NULL));
        ad_free(memory);
        end(e);
    }
}

TEST(gradients_along_long_arrays_agree_with_plain_sweeps) {
    static double got[D], pair[D][2], half[D];
    for (uint32_t seed = 1; seed <= 60; seed++) {
        example *e = begin(seed);
        if (e == NULL) return;
        double seeds[K][2], out[K];
        for (int k = 0; k < K; k++) seeds[k][0] = e->weight[k], seeds[k][1] = 0.5 * k - 1;
        CHECK(ad_vjp(&e->f, 1, e->weight, got, no_work, NULL) == AD_OK);
        CHECK(ad_vjp(&e->f, 2, seeds[0], pair[0], no_work, NULL) == AD_OK);
        for (int j = 0; j < D; j++) half[j] = pair[j][0];
        CHECK(model_distance(D, got, half) < 1e-12);
        CHECK(ad_jvp(&e->f, 1, e->left, out, no_work, NULL) == AD_OK);
        double left = 0, right = inner(got, e->left);
        for (int k = 0; k < K; k++) left += e->weight[k] * out[k];
        CHECK(fabs(left - right) <= 1e-10 * (1 + fabs(left) + sqrt(inner(got, got))));
        end(e);
    }
}

/* sum of sqrt(a) b: where a and b are 0 and a does not move, infinite partials meet zeros.  The
 * sweeps of second order leave these cases to a recorded gradient. */
TEST(infinities_along_long_arrays_are_reported) {
    static const int64_t shape[] = {N}, one[] = {1};
    static double direction[2 * N], out[2 * N];
    static ad_node input[2 * N];
    ad_tape tape;
    ad_node a = 0, root = 0, product = 0, y = 0;
    const double weight = 1;
    ad_tape_init(&tape);
    REQUIRE(ad_tape_inputs(&tape, 2 * N, &a) == AD_OK);
    for (ad_node k = 0; k < N; k++) {
        tape.value[a + k] = k % 3 ? 4 : 0;
        tape.value[a + N + k] = k % 3 ? 1 : 0;
        direction[k] = k % 3 ? 1 : 0;
        direction[N + k] = k % 3 ? 3 : 0;
    }
    for (ad_node k = 0; k < 2 * N; k++) input[k] = k;
    const ad_operand x = {a, one, NULL};
    REQUIRE(ad_tape_elementwise(&tape, AD_SQRT, 1, shape, &x, &root) == AD_OK);
    const ad_operand both[] = {{root, one, NULL}, {a + N, one, NULL}};
    REQUIRE(ad_tape_elementwise(&tape, AD_MULTIPLY, 1, shape, both, &product) == AD_OK);
    const ad_operand all = {product, one, NULL};
    REQUIRE(ad_tape_reduce(&tape, AD_BLOCK_SUM, 0, 1, shape, &all, &y) == AD_OK);
    const ad_function f = {&tape, 2 * N, 1, input, &y};
    CHECK(ad_hessian_product(&f, &weight, direction, out, no_work, NULL) == AD_NOT_FINITE);
    for (ad_node k = 0; k < N; k++) tape.value[a + k] = 4;
    ad_tape again;
    ad_tape_init(&again);
    REQUIRE(ad_tape_replay(&tape, 2 * N, input, tape.value, NULL, &again, NULL) == AD_OK);
    const ad_function smooth = {&again, 2 * N, 1, input, &y};
    CHECK(ad_hessian_product(&smooth, &weight, direction, out, no_work, NULL) == AD_OK);
    for (ad_node k = 0; k < N; k++) {
        /* d/da: b'/(2 sqrt a) - a' b / (4 a sqrt a); d/db: a'/(2 sqrt a) */
        CHECK_NEAR(out[k], k % 3 ? 3.0 / 4 - 1.0 / 32 : 0, 1e-15);
        CHECK_NEAR(out[N + k], k % 3 ? 0.25 : 0, 1e-15);
    }
    ad_tape_free(&again);
    ad_tape_free(&tape);
}
