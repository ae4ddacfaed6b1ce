/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns of Jacobians from tapes, against the Jacobians and against a walk over single edges. */
#include "ad_test.h"
#include "base/alloc.h"
#include "model.h"
#include "ops/expr.h"
#include "sparse/sparsity.h"
#include "tape/inspect.h"

#include <stdlib.h>
#include <string.h>

#define MOST_NODES 4096
#define ROOM ((size_t)1 << 20)

typedef struct pattern {
    ad_status status;
    size_t *start;
    uint32_t *index;
} pattern;

static pattern pattern_of(const ad_function *f, size_t most, size_t room) {
    pattern p = {AD_OK, malloc((f->K + 1) * sizeof(size_t)), NULL};
    ad_expr_prepare();
    p.status = ad_sparsity(f, most, room, p.start, &p.index, NULL);
    return p;
}

static void discard(pattern *p) {
    free(p->start);
    ad_free(p->index);
}

static int holds(const pattern *p, size_t k, size_t d) {
    for (size_t e = p->start[k]; e < p->start[k + 1]; e++) {
        if (p->index[e] == d) return 1;
    }
    return 0;
}

static int is_sorted(const pattern *p, size_t K, size_t D) {
    for (size_t k = 0; k < K; k++) {
        for (size_t e = p->start[k]; e < p->start[k + 1]; e++) {
            if (p->index[e] >= D) return 0;
            if (e > p->start[k] && p->index[e - 1] >= p->index[e]) return 0;
        }
    }
    return p->start[0] == 0;
}

static int same(const pattern *p, const pattern *q, size_t K) {
    return memcmp(p->start, q->start, (K + 1) * sizeof *p->start) == 0 &&
           memcmp(p->index, q->index, p->start[K] * sizeof *p->index) == 0;
}

/* Marks the nodes that depend on input d by edges with any partial. */
static void reach(const ad_tape *tape, ad_node d, uint8_t *reached) {
    static ad_edge edges[MOST_NODES];
    for (size_t i = 0; i < tape->nodes; i++) {
        size_t n = ad_node_edges(tape, (ad_node)i, MOST_NODES, edges);
        reached[i] = i == d;
        for (size_t k = 0; k < n; k++) reached[i] |= reached[edges[k].operand];
    }
}

TEST(sparsity_contains_all_nonzeros_and_nothing_beyond_the_edges) {
    enum { D = 5, K = 7 };
    for (uint32_t seed = 1; seed <= 60; seed++) {
        ad_tape tape;
        ad_node output[K], input[D] = {0, 1, 2, 3, 4};
        double x[D], J[K * D];
        uint32_t random = seed;
        uint8_t reached[MOST_NODES];
        model_numbers(D, x, &random);
        ad_tape_init(&tape);
        REQUIRE(model_tape(&tape, D, x, 30, seed) == AD_OK);
        REQUIRE(tape.nodes <= MOST_NODES);
        model_outputs(&tape, K, output, &random);
        const ad_function f = {&tape, D, K, input, output};
        pattern p = pattern_of(&f, 1000, ROOM);
        REQUIRE(p.status == AD_OK);
        CHECK(is_sorted(&p, K, D));
        REQUIRE(ad_jacobian_forward(&f, D, J, (ad_workspace){NULL, 0}, NULL) == AD_OK);
        for (size_t d = 0; d < D; d++) {
            reach(&tape, input[d], reached);
            for (size_t k = 0; k < K; k++) {
                if (J[k * D + d] != 0) CHECK(holds(&p, k, d));
                if (!reached[output[k]]) CHECK(!holds(&p, k, d));
            }
        }
        discard(&p);
        ad_tape_free(&tape);
    }
}

/* Inputs x and running sums of them: row k has the first k + 1. */
static ad_status running(ad_tape *tape, size_t n, ad_node *y) {
    ad_node x;
    const int64_t shape[1] = {(int64_t)n}, stride[1] = {1};
    ad_status status = ad_tape_inputs(tape, n, &x);
    if (status != AD_OK) return status;
    for (size_t k = 0; k < n; k++) tape->value[x + k] = (double)k;
    const ad_operand operand = {x, stride, NULL};
    return ad_tape_reduce(tape, AD_BLOCK_CUMSUM, 0, 1, shape, &operand, y);
}

static ad_node *ascending(size_t n, ad_node first) {
    ad_node *nodes = malloc(n * sizeof *nodes);
    for (size_t k = 0; k < n; k++) nodes[k] = first + (ad_node)k;
    return nodes;
}

TEST(sparsity_in_ranges_equals_that_in_one_pass) {
    enum { N = 1000 };
    ad_tape tape;
    ad_node y;
    ad_tape_init(&tape);
    REQUIRE(running(&tape, N, &y) == AD_OK);
    ad_node *input = ascending(N, 0), *output = ascending(N, y);
    const ad_function f = {&tape, N, N, input, output};
    pattern whole = pattern_of(&f, N * N, (size_t)1 << 24);
    REQUIRE(whole.status == AD_OK);
    CHECK(whole.start[N] == N * (N + 1) / 2);
    for (size_t room = 1; room < 1 << 20; room *= 8) {
        pattern parts = pattern_of(&f, N * N, room);
        REQUIRE(parts.status == AD_OK);
        CHECK(same(&parts, &whole, N));
        discard(&parts);
    }
    pattern few = pattern_of(&f, N * (N + 1) / 2 - 1, ROOM);
    CHECK(few.status == AD_TOO_LARGE);
    CHECK(few.index == NULL);
    discard(&few);
    discard(&whole);
    free(input);
    free(output);
    ad_tape_free(&tape);
}

/* Partials that vanish for all inputs: 0 x, a constant mask, zeros of a constant matrix. */
TEST(sparsity_leaves_out_only_structural_zeros) {
    ad_tape tape;
    ad_node x, zero, y = 0, products, mask, chosen;
    const int64_t shape[1] = {2}, one[1] = {1}, extents[4] = {1, 2, 2, 1};
    const int64_t matrix[3] = {4, 2, 1}, column[3] = {2, 1, 1};
    ad_tape_init(&tape);
    REQUIRE(ad_tape_inputs(&tape, 2, &x) == AD_OK);
    tape.value[x] = 0; /* a point at which factors happen to be 0 */
    tape.value[x + 1] = 3;
    REQUIRE(ad_tape_constants(&tape, 4, &mask) == AD_OK);
    const double bits[4] = {1, 0, 0, 1};
    memcpy(tape.value + mask, bits, sizeof bits);
    REQUIRE(ad_tape_constant(&tape, 0, &zero) == AD_OK);
    REQUIRE(ad_tape_scalar(&tape, AD_MULTIPLY, AD_FORM_LEFT, x + 1, zero, &y) == AD_OK);
    REQUIRE(ad_tape_matmul(&tape, extents, mask, matrix, x, column, &products) == AD_OK);
    const ad_operand where[3] = {{mask, one, NULL}, {x, one, NULL}, {products, one, NULL}};
    REQUIRE(ad_tape_elementwise(&tape, AD_SELECT, 1, shape, where, &chosen) == AD_OK);
    ad_node square;
    REQUIRE(ad_tape_binary(&tape, AD_MULTIPLY, x, x + 1, &square) == AD_OK);
    const ad_node input[] = {x, x + 1};
    const ad_node output[] = {y, products, products + 1, chosen, chosen + 1, square, mask};
    const ad_function f = {&tape, 2, 7, input, output};
    pattern p = pattern_of(&f, 100, ROOM);
    REQUIRE(p.status == AD_OK);
    const size_t start[] = {0, 0, 1, 2, 3, 4, 6, 6};
    const uint32_t index[] = {0, 1, 0, 1, 0, 1};
    CHECK(memcmp(p.start, start, sizeof start) == 0);
    CHECK(memcmp(p.index, index, sizeof index) == 0);
    discard(&p);
    ad_tape_free(&tape);
}

/* Operands that were not selected, and partials that are fixed zeros; and an input computed on the
 * tape. */
TEST(sparsity_here_depends_on_the_point) {
    ad_tape tape;
    ad_node x, less, chosen, zero, product, square, sum;
    const int64_t shape[1] = {1}, one[1] = {1};
    ad_tape_init(&tape);
    REQUIRE(ad_tape_inputs(&tape, 3, &x) == AD_OK);
    tape.value[x] = 1;
    tape.value[x + 1] = 2;
    tape.value[x + 2] = 0;
    const ad_operand pair[2] = {{x, one, NULL}, {x + 1, one, NULL}};
    REQUIRE(ad_tape_elementwise(&tape, AD_LESS, 1, shape, pair, &less) == AD_OK);
    const ad_operand where[3] = {{less, one, NULL}, {x, one, NULL}, {x + 1, one, NULL}};
    REQUIRE(ad_tape_elementwise(&tape, AD_SELECT, 1, shape, where, &chosen) == AD_OK);
    REQUIRE(ad_tape_binary(&tape, AD_MULTIPLY, x, x + 2, &product) == AD_OK);
    REQUIRE(ad_tape_binary(&tape, AD_SUBTRACT, less, less, &zero) == AD_OK);
    REQUIRE(ad_tape_binary(&tape, AD_MULTIPLY, x, zero, &square) == AD_OK);
    REQUIRE(ad_tape_binary(&tape, AD_ADD, product, x + 1, &sum) == AD_OK);
    const ad_node input[] = {x, x + 1, x + 2, product};
    const ad_node output[] = {chosen, product, square, sum};
    const ad_function all = {&tape, 4, 4, input, output}, outer = {&tape, 3, 4, input, output};
    size_t start[5];
    uint32_t *index;
    ad_expr_prepare();
    REQUIRE(ad_sparsity_here(&all, 100, ROOM, start, &index, NULL) == AD_OK);
    const size_t starts[] = {0, 1, 2, 2, 4};
    const uint32_t indices[] = {0, 3, 1, 3};
    CHECK(memcmp(start, starts, sizeof starts) == 0);
    CHECK(memcmp(index, indices, sizeof indices) == 0);
    ad_free(index);
    REQUIRE(ad_sparsity_here(&outer, 100, ROOM, start, &index, NULL) == AD_OK);
    CHECK(start[1] == 1 && start[2] == 3 && start[3] == 3);
    ad_free(index);
    REQUIRE(ad_sparsity(&outer, 100, ROOM, start, &index, NULL) == AD_OK);
    CHECK(start[1] == 2 && start[2] == 4 && start[3] == 5);
    ad_free(index);
    ad_tape_free(&tape);
}

TEST(sparsity_of_nothing) {
    ad_tape tape;
    ad_node node;
    ad_tape_init(&tape);
    REQUIRE(ad_tape_constant(&tape, 1, &node) == AD_OK);
    const ad_function none = {&tape, 0, 1, NULL, &node}, empty = {&tape, 0, 0, NULL, NULL};
    pattern p = pattern_of(&none, 0, 0), q = pattern_of(&empty, 0, 0);
    CHECK(p.status == AD_OK && p.start[1] == 0);
    CHECK(q.status == AD_OK && q.start[0] == 0);
    discard(&p);
    discard(&q);
    ad_tape_free(&tape);
}

static int stop(void *context) {
    ++*(int *)context;
    return 1;
}

TEST(sparsity_stops_when_the_poll_function_says_so) {
    enum { STEPS = 1 << 21 };
    ad_tape tape;
    ad_node x, y;
    int polls = 0;
    const ad_poll poll = {stop, &polls};
    ad_tape_init(&tape);
    REQUIRE(ad_tape_inputs(&tape, 1, &x) == AD_OK);
    tape.value[x] = 1;
    y = x;
    ad_status status = AD_OK;
    for (int k = 0; k < STEPS && status == AD_OK; k++) {
        status = ad_tape_unary(&tape, AD_NEGATIVE, y, &y);
    }
    REQUIRE(status == AD_OK);
    size_t start[2];
    uint32_t *index;
    const ad_function f = {&tape, 1, 1, &x, &y};
    ad_expr_prepare();
    CHECK(ad_sparsity(&f, 1, ROOM, start, &index, &poll) == AD_INTERRUPTED);
    CHECK(index == NULL && polls == 1);
    ad_tape_free(&tape);
}

TEST(sparsity_stops_within_a_product) {
    enum { N = 160 };
    ad_tape tape;
    ad_node x, zeros, y;
    int polls = 0;
    const ad_poll poll = {stop, &polls};
    const int64_t extents[4] = {1, N, N, N}, stride[3] = {N * N, N, 1};
    ad_tape_init(&tape);
    REQUIRE(ad_tape_inputs(&tape, N * N, &x) == AD_OK);
    REQUIRE(ad_tape_constants(&tape, N * N, &zeros) == AD_OK);
    memset(tape.value, 0, tape.nodes * sizeof *tape.value);
    REQUIRE(ad_tape_matmul(&tape, extents, x, stride, zeros, stride, &y) == AD_OK);
    ad_node *input = ascending(N * N, x);
    size_t start[2];
    uint32_t *index;
    const ad_function f = {&tape, N * N, 1, input, &y};
    ad_expr_prepare();
    CHECK(ad_sparsity(&f, 1, ROOM, start, &index, &poll) == AD_INTERRUPTED);
    CHECK(polls == 1);
    CHECK(ad_sparsity(&f, 1, ROOM, start, &index, NULL) == AD_OK);
    CHECK(start[1] == 0);
    ad_free(index);
    free(input);
    ad_tape_free(&tape);
}

TEST(sparsity_survives_the_failure_of_every_allocation) {
    enum { N = 200 };
    ad_tape tape;
    ad_node y;
    long fails = 0;
    ad_tape_init(&tape);
    REQUIRE(running(&tape, N, &y) == AD_OK);
    ad_node *input = ascending(N, 0), *output = ascending(N, y);
    const ad_function f = {&tape, N, N, input, output};
    for (ad_status status = AD_NO_MEMORY; status != AD_OK;) {
        size_t start[N + 1];
        uint32_t *index;
        ad_alloc_fail_at(++fails);
        status = ad_sparsity(&f, N * N, 2000, start, &index, NULL);
        ad_alloc_fail_at(0);
        CHECK(status == AD_OK || (status == AD_NO_MEMORY && index == NULL));
        ad_free(index);
    }
    CHECK(fails > 8);
    free(input);
    free(output);
    ad_tape_free(&tape);
}

TEST(edges_of_a_sweep_are_counted) {
    ad_tape tape;
    ad_node x, y, z;
    const int64_t shape[1] = {3}, stride[1] = {1}, extents[4] = {1, 1, 3, 1};
    const int64_t row[3] = {3, 3, 1}, column[3] = {3, 1, 1};
    ad_tape_init(&tape);
    REQUIRE(ad_tape_inputs(&tape, 3, &x) == AD_OK);
    const ad_operand pair[2] = {{x, stride, NULL}, {x, stride, NULL}};
    REQUIRE(ad_tape_elementwise(&tape, AD_MULTIPLY, 1, shape, pair, &y) == AD_OK);
    CHECK(ad_sweep_edges(&tape) == 6);
    const ad_operand sum = {y, stride, NULL};
    REQUIRE(ad_tape_reduce(&tape, AD_BLOCK_SUM, 0, 1, shape, &sum, &z) == AD_OK);
    CHECK(ad_sweep_edges(&tape) == 9);
    REQUIRE(ad_tape_reduce(&tape, AD_BLOCK_CUMSUM, 0, 1, shape, &sum, &z) == AD_OK);
    CHECK(ad_sweep_edges(&tape) == 15);
    REQUIRE(ad_tape_matmul(&tape, extents, x, row, y, column, &z) == AD_OK);
    CHECK(ad_sweep_edges(&tape) == 21);
    REQUIRE(ad_tape_binary(&tape, AD_ADD, z, z, &z) == AD_OK);
    CHECK(ad_sweep_edges(&tape) == 23);
    ad_tape_free(&tape);
}
