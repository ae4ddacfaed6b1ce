/* SPDX-License-Identifier: Apache-2.0 */
/* Many seeds through products of matrices, for every layout of the operands. */
#include "ad_test.h"
#include "base/alloc.h"
#include "sweep/jacobian.h"
#include "tape/block.h"

#include <string.h>

enum { MOST = 1200, WHOLE = 0, TURNED = 1, SHARED = 2, LAYOUTS = 3 };

/* Numbers between -1 and 1, the same in every run. */
static void fill(double *x, size_t n, uint32_t seed) {
    for (size_t k = 0; k < n; k++) {
        seed = seed * 1664525u + 1013904223u;
        x[k] = (double)(seed >> 8) / (1 << 23) - 1;
    }
}

/* The strides of a stack of rows x columns: in rows, in columns, or one matrix for all. */
static void place(int layout, int64_t rows, int64_t columns, int64_t stride[3]) {
    stride[0] = layout == SHARED ? 0 : rows * columns;
    stride[1] = layout == TURNED ? 1 : columns;
    stride[2] = layout == TURNED ? rows : 1;
}

/* n nodes, inputs or constants. */
static ad_status nodes(ad_tape *tape, int inputs, size_t n, uint32_t seed, ad_node *first) {
    ad_status s = inputs ? ad_tape_inputs(tape, n, first) : ad_tape_constants(tape, n, first);
    if (s == AD_OK && n > 0) fill(tape->value + *first, n, seed);
    return s;
}

/* The product of two stacks, of which `active` says as bits which are inputs.  Inputs come first. */
static void record(ad_tape *tape, const int64_t e[4], const int layout[2], int active,
                   ad_function *f, ad_node *numbers) {
    int64_t stride[2][3];
    ad_node operand[2] = {0, 0}, c = 0;
    size_t n = (size_t)(e[0] * e[1] * e[3]);
    ad_tape_init(tape);
    ad_status s = AD_OK;
    for (int j = 0; j < 2; j++) {
        place(layout[j], e[1 + j], e[2 + j], stride[j]);
        size_t size = (size_t)((layout[j] == SHARED ? 1 : e[0]) * e[1 + j] * e[2 + j]);
        s |= nodes(tape, active >> j & 1, size, 3 + (uint32_t)j, &operand[j]);
        for (size_t k = 0; active >> j & 1 && k < size; k++) {
            numbers[f->D++] = operand[j] + (ad_node)k;
        }
    }
    s |= ad_tape_matmul(tape, e, operand[0], stride[0], operand[1], stride[1], &c);
    CHECK(s == AD_OK);
    f->tape = tape;
    f->K = n;
    f->input = numbers;
    f->output = numbers + f->D;
    for (size_t k = 0; k < n; k++) numbers[f->D + k] = c + (ad_node)k;
}

static void agree(const ad_function *f) {
    const ad_workspace none = {NULL, 0};
    const size_t size = f->K * f->D;
    double *one = ad_alloc(size, sizeof *one), *many = ad_alloc(size, sizeof *many);
    REQUIRE(one != NULL && many != NULL);
    CHECK(ad_jacobian_forward(f, 1, one, none, NULL) == AD_OK);
    for (size_t chunk = 2; chunk <= 9; chunk += 7) {
        for (int backward = 0; backward < 2; backward++) {
            memset(many, 0, size * sizeof *many);
            CHECK((backward ? ad_jacobian_reverse : ad_jacobian_forward)(f, chunk, many, none,
                                                                         NULL) == AD_OK);
            for (size_t k = 0; k < size; k++) CHECK(fabs(many[k] - one[k]) <= 1e-13);
        }
    }
    ad_free(one);
    ad_free(many);
}

TEST(many_seeds_of_a_product_are_those_of_single_seeds) {
    /* batch, M, K, N: thin and wide, on either side of the choice of a product */
    static const int64_t extents[][4] = {{1, 1, 1, 1}, {1, 3, 5, 1},  {1, 1, 5, 3}, {3, 2, 4, 3},
                                         {1, 9, 2, 9}, {1, 3, 9, 10}, {2, 9, 8, 3}, {1, 4, 0, 2}};
    ad_node numbers[MOST];
    for (size_t k = 0; k < sizeof extents / sizeof extents[0]; k++) {
        for (int which = 0; which < LAYOUTS * LAYOUTS * 3; which++) {
            const int layout[] = {which % LAYOUTS, which / LAYOUTS % LAYOUTS};
            ad_tape tape;
            ad_function f = {0};
            record(&tape, extents[k], layout, 1 + which / (LAYOUTS * LAYOUTS), &f, numbers);
            agree(&f);
            ad_tape_free(&tape);
        }
    }
}

TEST(an_infinite_factor_meets_no_zero_of_many_seeds) {
    const int64_t extents[] = {1, 9, 9, 9};
    const int whole[] = {WHOLE, WHOLE};
    const ad_workspace none = {NULL, 0};
    ad_node numbers[MOST];
    ad_tape tape;
    ad_function f = {0};
    record(&tape, extents, whole, 2, &f, numbers);
    tape.value[0] = INFINITY; /* entry (0, 0) of the left factor, which is constant */
    double *jacobian = ad_alloc(81 * 81, sizeof *jacobian);
    REQUIRE(jacobian != NULL);
    CHECK(ad_jacobian_forward(&f, 32, jacobian, none, NULL) == AD_OK);
    for (size_t k = 0; k < 81 * 81; k++) {
        const size_t row = k / 81, column = k % 81;
        const int meets = row % 9 == column % 9;
        const double want = meets ? tape.value[row / 9 * 9 + column / 9] : 0;
        CHECK_EQUAL(jacobian[k], want);
    }
    ad_free(jacobian);
    ad_tape_free(&tape);
}

TEST(unread_constants_need_no_numbers_in_a_sweep) {
    /* 64 x 100 constants times a vector: the constants are most of the tape */
    const int64_t extents[] = {1, 64, 100, 1};
    const int whole[] = {WHOLE, WHOLE};
    ad_node numbers[MOST];
    ad_tape tape;
    ad_function f = {0};
    record(&tape, extents, whole, 2, &f, numbers);
    CHECK(ad_seed_chunk(&tape, 100, 1 << 30) == 25);
    CHECK(ad_seed_chunk(&tape, 100, tape.nodes * 64) == 25);
    CHECK(ad_seed_chunk(&tape, 100, tape.nodes) == 1);
    const ad_workspace none = {NULL, 0};
    double *jacobian = ad_alloc(64 * 100, sizeof *jacobian);
    REQUIRE(jacobian != NULL);
    for (int backward = 0; backward < 2; backward++) {
        CHECK((backward ? ad_jacobian_reverse : ad_jacobian_forward)(&f, 32, jacobian, none,
                                                                     NULL) == AD_OK);
        for (size_t k = 0; k < 6400; k++) CHECK_EQUAL(jacobian[k], tape.value[k]);
    }
    /* a constant among the results has the derivative 0 */
    ad_node outputs[] = {17, (ad_node)(tape.nodes - 1)};
    f.output = outputs;
    f.K = 2;
    CHECK(ad_jacobian_forward(&f, 32, jacobian, none, NULL) == AD_OK);
    for (size_t k = 0; k < 100; k++) CHECK_EQUAL(jacobian[k], 0.0);
    ad_free(jacobian);
    ad_tape_free(&tape);
}
