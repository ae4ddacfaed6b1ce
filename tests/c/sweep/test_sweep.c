/* SPDX-License-Identifier: Apache-2.0 */
#include "ad_test.h"
#include "base/alloc.h"
#include "isa/select.h"
#include "sweep/sweep.h"
#include "tape/block.h"

#include <string.h>

#define INPUTS 24

static double *sweep(const ad_tape *tape, int backward, size_t p, ad_node first, size_t n,
                     const double *seed, const ad_poll *poll, ad_status *status) {
    double *array = ad_alloc_zeroed(tape->nodes * p, sizeof *array);
    double *scratch = ad_alloc(ad_sweep_scratch(tape, p), sizeof *scratch);
    memcpy(array + (size_t)first * p, seed, n * p * sizeof *seed);
    *status = backward ? ad_reverse(tape, array, p, scratch, NULL, poll)
                       : ad_forward(tape, array, p, scratch, poll);
    ad_free(scratch);
    return array;
}

/* The tangents or adjoints of all nodes, p seeds each, from seeds at n nodes from `first` on. */
static double *forward(const ad_tape *tape, size_t p, ad_node first, size_t n, const double *seed) {
    ad_status status;
    double *tangent = sweep(tape, 0, p, first, n, seed, NULL, &status);
    CHECK(status == AD_OK || status == AD_NOT_FINITE);
    return tangent;
}

static double *reverse(const ad_tape *tape, size_t p, ad_node first, size_t n, const double *seed) {
    ad_status status;
    double *adjoint = sweep(tape, 1, p, first, n, seed, NULL, &status);
    CHECK(status == AD_OK || status == AD_NOT_FINITE);
    return adjoint;
}

/* A tape with n inputs from node 0 on. */
static void begin(ad_tape *tape, size_t n, const double *x) {
    ad_node first = 1;
    ad_tape_init(tape);
    CHECK(ad_tape_inputs(tape, n, &first) == AD_OK && first == 0);
    memcpy(tape->value, x, n * sizeof *x);
}

/* f(x1, x2) = x1 x2 + exp(x1 x2) - sin(x2) at (1, 2):
 * df/dx1 = x2 (1 + exp(x1 x2)), df/dx2 = x1 (1 + exp(x1 x2)) - cos(x2). */
static ad_node textbook(ad_tape *tape) {
    ad_node v3 = 0, v4 = 0, v5 = 0, v6 = 0, v7 = 0;
    begin(tape, 2, (const double[]){1, 2});
    CHECK(ad_tape_binary(tape, AD_MULTIPLY, 0, 1, &v3) == AD_OK);
    CHECK(ad_tape_unary(tape, AD_SIN, 1, &v4) == AD_OK);
    CHECK(ad_tape_unary(tape, AD_EXP, v3, &v5) == AD_OK);
    CHECK(ad_tape_binary(tape, AD_SUBTRACT, v3, v4, &v6) == AD_OK);
    CHECK(ad_tape_binary(tape, AD_ADD, v5, v6, &v7) == AD_OK);
    return v7;
}

static double textbook_slope(int input) {
    return input == 0 ? 2 * (1 + exp(2.0)) : 1 + exp(2.0) - cos(2.0);
}

TEST(sweep_forward_does_the_textbook_example) {
    ad_tape tape;
    ad_node y = textbook(&tape);
    /* J e_1, J e_2 and J r in one sweep of three seeds; the seeds of a node are contiguous */
    const double seeds[] = {1, 0, 0.3, 0, 1, -2};
    double *t = forward(&tape, 3, 0, 2, seeds);
    CHECK_NEAR(t[y * 3], textbook_slope(0), 1e-15);
    CHECK_NEAR(t[y * 3 + 1], textbook_slope(1), 1e-15);
    CHECK_NEAR(t[y * 3 + 2], 0.3 * textbook_slope(0) - 2 * textbook_slope(1), 1e-14);
    /* v3 = x1 x2, v4 = sin x2, v5 = exp v3 */
    CHECK_EQUAL(t[2 * 3], 2.0);
    CHECK_EQUAL(t[2 * 3 + 1], 1.0);
    CHECK_EQUAL(t[3 * 3], 0.0);
    CHECK_EQUAL(t[3 * 3 + 1], cos(2.0));
    CHECK_EQUAL(t[4 * 3], 2 * exp(2.0));
    ad_free(t);
    ad_tape_free(&tape);
}

TEST(sweep_reverse_does_the_textbook_example) {
    ad_tape tape;
    ad_node y = textbook(&tape);
    double *w = reverse(&tape, 1, y, 1, (const double[]){1});
    const double adjoints[] = {
        textbook_slope(0), textbook_slope(1), 1 + exp(2.0), -1, 1, 1, 1,
    };
    for (int i = 0; i < 7; i++) CHECK_NEAR(w[i], adjoints[i], 1e-15);
    ad_free(w);
    ad_tape_free(&tape);
}

TEST(sweep_lets_an_exact_zero_win) {
    /* sqrt at 0 has an infinite partial, which has no effect on zero seeds */
    ad_tape tape;
    ad_node root, y;
    begin(&tape, 2, (const double[]){0, 3});
    REQUIRE(ad_tape_unary(&tape, AD_SQRT, 0, &root) == AD_OK);
    REQUIRE(ad_tape_binary(&tape, AD_MULTIPLY, root, 1, &y) == AD_OK);
    CHECK(isinf(tape.partial[0]));
    for (size_t p = 1; p <= 9; p++) {
        double seed[18] = {0};
        for (size_t s = 0; s < p; s++) seed[p + s] = 1; /* along the second input */
        double *t = forward(&tape, p, 0, 2, seed), *w = reverse(&tape, p, root, 1, seed);
        for (size_t s = 0; s < p; s++) {
            CHECK_EQUAL(t[y * p + s], 0.0);
            CHECK_EQUAL(w[s], 0.0);
        }
        ad_free(t);
        ad_free(w);
    }
    ad_tape_free(&tape);
}

/* All kinds of operations on INPUTS inputs; the outputs are the last *n nodes. */
static ad_node everything(ad_tape *tape, const double *x, size_t *n) {
    static const int64_t c[] = {6, 1}, rows[] = {6, 0}, columns[] = {0, 1}, flipped[] = {-6, -1};
    const int64_t matrix[] = {4, 6}, line[] = {INPUTS};
    const int64_t one[] = {1}, dense[] = {24, 6, 1}, turned[] = {24, 1, 6};
    ad_node mul, tan, sum, max, run, product, list[INPUTS], y, k = 0;
    begin(tape, INPUTS, x);
    ad_status s = ad_tape_constant(tape, 0.7, &k);
    const ad_operand outer[] = {{0, rows, NULL}, {0, columns, NULL}};
    s |= ad_tape_elementwise(tape, AD_MULTIPLY, 2, matrix, outer, &mul);
    const ad_operand two[] = {{mul, c, NULL}, {23, flipped, NULL}};
    s |= ad_tape_elementwise(tape, AD_ARCTAN2, 2, matrix, two, &tan);
    const ad_operand first = {tan, c, NULL};
    s |= ad_tape_reduce(tape, AD_BLOCK_SUM, 1, 1, matrix, &first, &sum);
    const int64_t across[] = {1, 6}, tall[] = {6, 4};
    const ad_operand second = {mul, across, NULL};
    s |= ad_tape_reduce(tape, AD_BLOCK_MAX, 1, 1, tall, &second, &max);
    s |= ad_tape_reduce(tape, AD_BLOCK_CUMSUM, 1, 1, matrix, &first, &run);
    s |= ad_tape_matmul(tape, (const int64_t[]){1, 4, 6, 4}, run, dense, mul, turned, &product);
    for (ad_node j = 0; j < INPUTS; j++) list[j] = j * 7 % 4 == 0 ? sum + j % 4 : run + j * 5 % 24;
    const ad_operand gathered[] = {{0, NULL, list}, {k, (const int64_t[]){0}, NULL}};
    s |= ad_tape_elementwise(tape, AD_DIVIDE, 1, line, gathered, &y);
    /* one operand three times, with a scalar run in between */
    s |= ad_tape_binary(tape, AD_HYPOT, max + 2, product + 5, &k);
    const ad_operand last[] = {{y, one, NULL}, {k, (const int64_t[]){0}, NULL}};
    s |= ad_tape_elementwise(tape, AD_SUBTRACT, 1, line, last, &y);
    const ad_operand square[] = {{y, one, NULL}, {y, one, NULL}};
    s |= ad_tape_elementwise(tape, AD_MULTIPLY, 1, line, square, &y);
    CHECK(s == AD_OK);
    *n = INPUTS;
    return y;
}

/* Numbers between -1 and 1, the same in every run. */
static void fill(double *x, size_t n, uint32_t seed) {
    for (size_t k = 0; k < n; k++) {
        seed = seed * 1664525u + 1013904223u;
        x[k] = (double)(seed >> 8) / (1 << 23) - 1;
    }
}

static double dot(const double *a, const double *b, size_t n, size_t stride) {
    double sum = 0;
    for (size_t k = 0; k < n; k++) sum += a[k * stride] * b[k * stride];
    return sum;
}

TEST(sweep_forward_agrees_with_differences) {
    ad_tape tape;
    double x[INPUTS], r[INPUTS], moved[2][INPUTS], y[2][INPUTS];
    const double h = 1e-6;
    size_t n;
    fill(x, INPUTS, 1);
    fill(r, INPUTS, 2);
    for (int side = 0; side < 2; side++) {
        for (int k = 0; k < INPUTS; k++) moved[side][k] = x[k] + (side ? h : -h) * r[k];
        ad_node first = everything(&tape, moved[side], &n);
        memcpy(y[side], tape.value + first, n * sizeof(double));
        ad_tape_free(&tape);
    }
    ad_node first = everything(&tape, x, &n);
    double *t = forward(&tape, 1, 0, INPUTS, r);
    for (size_t k = 0; k < n; k++) CHECK_NEAR(t[first + k], (y[1][k] - y[0][k]) / (2 * h), 1e-6);
    ad_free(t);
    ad_tape_free(&tape);
}

/* w .  (J t) = (J^T w) . t, which is far more accurate than differences. */
static void duality(const ad_tape *tape, ad_node y, size_t n, size_t p) {
    double t[INPUTS * 33], w[INPUTS * 33];
    fill(t, INPUTS * p, 3);
    fill(w, n * p, 4);
    double *tangent = forward(tape, p, 0, INPUTS, t), *adjoint = reverse(tape, p, y, n, w);
    for (size_t s = 0; s < p; s++) {
        double left = dot(w + s, tangent + y * p + s, n, p);
        CHECK_NEAR(dot(adjoint + s, t + s, INPUTS, p), left, 1e-11);
        /* each of many seeds gives the result of a single one */
        double one[INPUTS];
        for (size_t k = 0; k < INPUTS; k++) one[k] = t[k * p + s];
        double *alone = forward(tape, 1, 0, INPUTS, one);
        for (size_t k = 0; k < n; k++)
            CHECK(fabs(alone[y + k] - tangent[(y + k) * p + s]) <=
                  1e-12 * (1 + fabs(alone[y + k])));
        ad_free(alone);
    }
    ad_free(tangent);
    ad_free(adjoint);
}

TEST(sweeps_are_dual_for_any_number_of_seeds_on_every_instruction_set) {
    static const char *const isas[] = {"base", "avx2", "avx512"};
    double x[INPUTS];
    fill(x, INPUTS, 5);
    for (int k = 0; k < 3; k++) {
        if (!ad_isa_choose(isas[k])) continue;
        ad_tape tape;
        size_t n;
        ad_node y = everything(&tape, x, &n);
        for (size_t p = 1; p <= 33; p++) duality(&tape, y, n, p);
        ad_tape_free(&tape);
    }
    CHECK(ad_isa_choose(NULL));
}

TEST(sweep_of_a_long_row_is_the_sum_of_its_elements) {
    /* longer than a chunk, broadcast against a scalar: y_k = a x_k, z = sum y */
    const size_t n = 3 * AD_CHUNK + 5;
    const int64_t shape[] = {(int64_t)n}, one[] = {1}, none[] = {0};
    ad_tape tape;
    ad_node x, a, y, z;
    ad_tape_init(&tape);
    REQUIRE(ad_tape_inputs(&tape, n, &x) == AD_OK && ad_tape_inputs(&tape, 1, &a) == AD_OK);
    for (size_t k = 0; k < n; k++) tape.value[x + k] = (double)k;
    tape.value[a] = 3;
    const ad_operand operands[] = {{a, none, NULL}, {x, one, NULL}}, all = {n + 1, one, NULL};
    REQUIRE(ad_tape_elementwise(&tape, AD_MULTIPLY, 1, shape, operands, &y) == AD_OK);
    REQUIRE(y == n + 1);
    REQUIRE(ad_tape_reduce(&tape, AD_BLOCK_SUM, 0, 1, shape, &all, &z) == AD_OK);
    CHECK_EQUAL(tape.value[z], 3.0 * (double)(n * (n - 1) / 2));
    double *w = reverse(&tape, 1, z, 1, (const double[]){1});
    CHECK_EQUAL(w[a], (double)(n * (n - 1) / 2));
    for (size_t k = 0; k < n; k++) CHECK_EQUAL(w[x + k], 3.0);
    ad_free(w);
    ad_tape_free(&tape);
}

TEST(sweep_shares_the_derivative_of_a_tie) {
    ad_tape tape;
    ad_node y;
    const int64_t shape[] = {5}, one[] = {1};
    begin(&tape, 5, (const double[]){1, 4, -2, 4, 4});
    const ad_operand x = {0, one, NULL};
    REQUIRE(ad_tape_reduce(&tape, AD_BLOCK_MAX, 0, 1, shape, &x, &y) == AD_OK);
    CHECK_EQUAL(tape.value[y], 4.0);
    double *w = reverse(&tape, 1, y, 1, (const double[]){1});
    const double share[] = {0, 1.0 / 3, 0, 1.0 / 3, 1.0 / 3};
    for (int k = 0; k < 5; k++) CHECK_NEAR(w[k], share[k], 1e-15);
    ad_free(w);
    ad_tape_free(&tape);
}

static int stop_at_third(void *context) { return ++*(int *)context >= 3; }

TEST(sweep_stops_when_the_poll_function_says_so) {
    ad_tape tape;
    ad_node node = 0;
    begin(&tape, 1, (const double[]){0.5});
    for (int k = 0; k < 600000; k++)
        if (ad_tape_unary(&tape, AD_SIN, node, &node) != AD_OK) break;
    CHECK(tape.nodes == 600001);
    for (int backward = 0; backward < 2; backward++) {
        int calls = 0;
        ad_status status;
        const ad_poll poll = {stop_at_third, &calls};
        double seed[8] = {1};
        ad_free(sweep(&tape, backward, 8, backward ? node : 0, 1, seed, &poll, &status));
        CHECK(status == AD_INTERRUPTED);
        CHECK(calls == 3);
    }
    ad_tape_free(&tape);
}

TEST(recording_refuses_more_elements_than_an_index_can_address) {
    /* Broadcast views of one node cost nothing to make, for any number of elements. */
    const int64_t huge[] = {(int64_t)1 << 17, (int64_t)1 << 17}, none[] = {0, 0},
                  still[] = {0, 0, 0};
    ad_tape tape;
    ad_node y = 0;
    begin(&tape, 1, (const double[]){1});
    const ad_operand x[] = {{0, none, NULL}, {0, none, NULL}};
    CHECK(ad_tape_elementwise(&tape, AD_ADD, 2, huge, x, &y) == AD_TAPE_FULL);
    CHECK(ad_tape_reduce(&tape, AD_BLOCK_SUM, 0, 2, huge, x, &y) == AD_TAPE_FULL);
    CHECK(ad_tape_reduce(&tape, AD_BLOCK_CUMSUM, 1, 1, huge, x, &y) == AD_TAPE_FULL);
    CHECK(ad_tape_reduce(&tape, AD_BLOCK_MAX, 1, 1, huge, x, &y) == AD_TAPE_FULL);
    const int64_t wide[] = {1, (int64_t)1 << 17, 1, (int64_t)1 << 17};
    CHECK(ad_tape_matmul(&tape, wide, 0, still, 0, still, &y) == AD_TAPE_FULL);
    CHECK(tape.nodes == 1 && tape.runs == 0);
    ad_tape_free(&tape);
}
