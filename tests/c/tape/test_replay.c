/* SPDX-License-Identifier: Apache-2.0 */
#include "ad_test.h"
#include "base/alloc.h"
#include "graph/lower.h"
#include "model.h"
#include "sweep/jacobian.h"
#include "tape/inspect.h"
#include "tape/replay.h"

#include <string.h>

#define D 9

static const ad_node inputs[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};

/* ------------------------------------------------------------------- exact repetition */

static size_t differing(size_t n, const double *a, const double *b) {
    size_t wrong = 0;
    for (size_t k = 0; k < n; k++) wrong += model_ulps(a[k], b[k]) != 0;
    return wrong;
}

static int same_extent(const ad_extent *a, const ad_extent *b) {
    if (a->ndim != b->ndim || a->count != b->count) return 0;
    return memcmp(a->size, b->size, a->ndim * sizeof *a->size) == 0;
}

/* Compare `count` nodes.  A replay stores the lists of checks after all others. */
static int same_view(const ad_tape *s, const ad_view *a, const ad_tape *t, const ad_view *b,
                     uint32_t ndim, size_t count) {
    if ((a->list == AD_AFFINE) != (b->list == AD_AFFINE)) return 0;
    if (a->list != AD_AFFINE) {
        return memcmp(s->list + a->list, t->list + b->list, count * sizeof *s->list) == 0;
    }
    return a->base == b->base && memcmp(a->stride, b->stride, ndim * sizeof *a->stride) == 0;
}

static size_t differing_spans(const ad_tape *a, const ad_tape *b) {
    size_t wrong = 0;
    for (size_t k = 0; k < a->runs; k++) {
        const ad_run *run = &a->run[k];
        if (run->form != AD_FORM_SPAN) continue;
        const ad_span *s = &a->span[run->a], *t = &b->span[run->a];
        wrong += !same_extent(&s->extent, &t->extent);
        for (int j = 0; j < run->arity; j++) {
            wrong +=
                !same_view(a, &s->operand[j], b, &t->operand[j], s->extent.ndim, s->extent.count);
            wrong += s->source[j] != t->source[j];
            wrong += s->source[j] == AD_PARTIAL_STORED && s->partial[j] != t->partial[j];
        }
    }
    return wrong;
}

static size_t differing_blocks(const ad_tape *a, const ad_tape *b) {
    size_t wrong = 0;
    for (size_t k = 0; k < a->blocks; k++) {
        const ad_block *s = &a->block[k], *t = &b->block[k];
        wrong += s->count != t->count || s->partial != t->partial;
        wrong += memcmp(s->active, t->active, sizeof s->active) != 0;
        for (int j = 0; j < 2; j++) {
            wrong += !same_extent(&s->extent[j], &t->extent[j]);
            wrong += !same_view(a, &s->operand[j], b, &t->operand[j], s->extent[j].ndim,
                                (size_t)s->extent[0].count * s->extent[1].count);
        }
    }
    return wrong;
}

static size_t differing_guards(const ad_tape *a, const ad_tape *b) {
    size_t wrong = a->checks != b->checks || a->outcomes != b->outcomes;
    for (size_t k = 0; k < a->guards; k++) {
        wrong += a->guard[k].first != b->guard[k].first || a->guard[k].count != b->guard[k].count;
    }
    for (size_t k = 0; k < a->checks && wrong == 0; k++) {
        const ad_check *s = &a->check[k], *t = &b->check[k];
        wrong += s->op != t->op || !same_extent(&s->extent, &t->extent);
        for (int j = 0; j < ad_op_rows[s->op].arity; j++) {
            wrong +=
                !same_view(a, &s->operand[j], b, &t->operand[j], s->extent.ndim, s->extent.count);
        }
    }
    return wrong;
}

static void check_same(const ad_tape *got, const ad_tape *want) {
    REQUIRE(got->nodes == want->nodes && got->partials == want->partials);
    REQUIRE(got->runs == want->runs && got->spans == want->spans && got->blocks == want->blocks);
    REQUIRE(got->lists == want->lists && got->guards == want->guards);
    CHECK(differing(want->nodes, got->value, want->value) == 0);
    CHECK(differing(want->partials, got->partial, want->partial) == 0);
    CHECK(memcmp(got->run, want->run, want->runs * sizeof *want->run) == 0);
    CHECK(memcmp(got->constant, want->constant, (want->nodes + 63) / 64 * 8) == 0);
    CHECK(differing_spans(got, want) == 0 && differing_blocks(got, want) == 0);
    CHECK(differing_guards(got, want) == 0);
}

TEST(replay_records_the_same_at_other_values) {
    for (uint32_t seed = 0; seed < 80; seed++) {
        ad_tape from, want, to;
        double x[D], y[D];
        uint32_t numbers = seed;
        ad_tape_init(&from);
        ad_tape_init(&want);
        model_numbers(D, x, &numbers);
        model_numbers(D, y, &numbers);
        REQUIRE(model_tape(&from, D, x, 10 + seed / 2, seed) == AD_OK);
        REQUIRE(model_tape(&want, D, y, 10 + seed / 2, seed) == AD_OK);
        ad_tape_init(&to);
        CHECK(ad_tape_replay(&from, D, inputs, want.value, NULL, &to, NULL) == AD_OK);
        check_same(&to, &want);
        ad_tape_free(&to);
        /* with its own values the replay is a copy, also from a copy */
        CHECK(ad_tape_replay(&from, 0, NULL, NULL, NULL, &to, NULL) == AD_OK);
        check_same(&to, &from);
        CHECK(from.outcomes == 0 ||
              memcmp(to.outcome, from.outcome, (from.outcomes + 63) / 64 * 8) == 0);
        CHECK(ad_tape_first_changed_guard(&to) == to.guards);
        ad_tape again;
        ad_tape_init(&again);
        CHECK(ad_tape_replay(&to, 2, inputs + 3, (double[]){0.1, 0.2}, NULL, &again, NULL) ==
              AD_OK);
        CHECK_EQUAL(again.value[3], 0.1);
        CHECK_EQUAL(again.value[4], 0.2);
        CHECK_EQUAL(again.value[5], x[5]);
        ad_tape_free(&again);
        ad_tape_free(&to);
        ad_tape_free(&from);
        ad_tape_free(&want);
    }
}

TEST(replay_gives_values_to_leaves_between_runs) {
    ad_tape tape, to;
    ad_node a = 0, b = 0, c = 0, y = 0;
    ad_tape_init(&tape);
    ad_tape_init(&to);
    REQUIRE(ad_tape_inputs(&tape, 1, &a) == AD_OK && ad_tape_unary(&tape, AD_EXP, a, &y) == AD_OK);
    REQUIRE(ad_tape_inputs(&tape, 1, &b) == AD_OK && ad_tape_constant(&tape, 3, &c) == AD_OK);
    tape.value[b] = 7;
    REQUIRE(ad_tape_binary(&tape, AD_MULTIPLY, b, y, &y) == AD_OK);
    REQUIRE(ad_tape_inputs(&tape, 1, &c) == AD_OK);
    tape.value[c] = 5;
    const ad_node some[] = {a, b, c};
    CHECK(ad_tape_replay(&tape, 3, some, (double[]){0, 2, 9}, NULL, &to, NULL) == AD_OK);
    CHECK_EQUAL(to.value[y], 2.0);
    CHECK_EQUAL(to.value[c], 9.0);
    CHECK_EQUAL(to.partial[1], 1.0);
    ad_tape_free(&to);
    CHECK(ad_tape_replay(&tape, 1, some + 1, (double[]){4}, NULL, &to, NULL) == AD_OK);
    CHECK_EQUAL(to.value[y], 4 * tape.value[1]);
    CHECK_EQUAL(to.value[c], 5.0);
    ad_tape_free(&to);
    ad_tape_free(&tape);
    CHECK(ad_tape_replay(&tape, 0, NULL, NULL, NULL, &to, NULL) == AD_OK && to.nodes == 0);
    ad_tape_free(&to);
}

TEST(replay_survives_the_failure_of_every_allocation) {
    ad_tape from, to;
    double x[D] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9};
    long n = 0;
    ad_tape_init(&from);
    REQUIRE(model_tape(&from, D, x, 60, 3) == AD_OK && from.guards > 0 && from.lists > 0);
    for (ad_status status = AD_NO_MEMORY; status != AD_OK;) {
        ad_tape_init(&to);
        ad_alloc_fail_at(++n);
        status = ad_tape_replay(&from, D, inputs, from.value, NULL, &to, NULL);
        ad_alloc_fail_at(0);
        CHECK(status == AD_OK || status == AD_NO_MEMORY);
        ad_tape_free(&to);
    }
    CHECK(n > 15);
    ad_tape_free(&from);
}

/* --------------------------------------------------------------------------- corrupt recordings */

/* A template in arrays of exactly their lengths, so that ASan detects accesses beyond them. */
static void *exact(const void *from, size_t count, size_t size) {
    void *to = ad_alloc(count, size);
    if (count > 0) memcpy(to, from, count * size);
    return to;
}

static ad_tape template_of(const ad_tape *t) {
    ad_tape copy = *t;
    copy.value = exact(t->value, t->nodes, sizeof *t->value);
    copy.constant = exact(t->constant, (t->nodes + 63) / 64, sizeof *t->constant);
    copy.partial = NULL;
    copy.list = exact(t->list, t->lists, sizeof *t->list);
    copy.run = exact(t->run, t->runs, sizeof *t->run);
    copy.span = exact(t->span, t->spans, sizeof *t->span);
    copy.block = exact(t->block, t->blocks, sizeof *t->block);
    copy.guard = exact(t->guard, t->guards, sizeof *t->guard);
    copy.check = exact(t->check, t->checks, sizeof *t->check);
    copy.outcome = exact(t->outcome, (t->outcomes + 63) / 64, sizeof *t->outcome);
    return copy;
}

/* A wrong value for an index, an extent or a code. */
static uint32_t odd(uint32_t *seed, uint32_t now, uint32_t nodes) {
    switch (model_random(seed, 9)) {
    case 0:
        return now + 1;
    case 1:
        return now - 1;
    case 2:
        return 0;
    case 3:
        return UINT32_MAX - model_random(seed, 2) * 16;
    case 4:
        return nodes - model_random(seed, 3);
    case 5:
        return model_random(seed, 8);
    case 6:
        return model_random(seed, nodes + 5);
    case 7:
        return 0x80000000u >> model_random(seed, 16);
    default:
        return now * 2;
    }
}

static int64_t odd_stride(uint32_t *seed, int64_t now) {
    static const int64_t far[] = {INT64_MAX,           INT64_MIN,  (int64_t)1 << 32,
                                  -((int64_t)1 << 32), UINT32_MAX, (int64_t)1 << 61};
    if (model_random(seed, 2)) return far[model_random(seed, sizeof far / sizeof *far)];
    if (now > UINT32_MAX || now < -(int64_t)UINT32_MAX) return 0;
    return model_random(seed, 2) ? now + 1 : -now - (int64_t)model_random(seed, 3);
}

static void mutate_extent(ad_extent *e, uint32_t *seed, uint32_t nodes) {
    uint32_t *fields[] = {&e->ndim, &e->count, &e->size[0], &e->size[1], &e->size[2], &e->size[3]};
    uint32_t *field = fields[model_random(seed, 6)];
    *field = field == &e->ndim ? model_random(seed, 7) : odd(seed, *field, nodes);
    if (model_random(seed, 3)) return;
    e->count = 1; /* a consistent extent is checked further */
    for (uint32_t d = 0; d < e->ndim && d < AD_DIMS; d++) e->count *= e->size[d];
}

static void mutate_view(ad_view *v, uint32_t *seed, uint32_t nodes) {
    uint32_t d = model_random(seed, AD_DIMS);
    switch (model_random(seed, 3)) {
    case 0:
        v->base = odd(seed, v->base, nodes);
        break;
    case 1:
        v->list = model_random(seed, 3) ? odd(seed, v->list, nodes) : AD_AFFINE;
        break;
    default:
        v->stride[d] = odd_stride(seed, v->stride[d]);
        break;
    }
}

static void mutate_run(ad_run *run, uint32_t *seed, uint32_t nodes) {
    switch (model_random(seed, 7)) {
    case 0:
        run->node = odd(seed, run->node, nodes);
        break;
    case 1:
        run->partial = odd(seed, run->partial, nodes);
        break;
    case 2:
        run->op = (uint8_t)model_random(seed, 256);
        break;
    case 3:
        run->form = (uint8_t)model_random(seed, 8);
        break;
    case 4:
        run->arity = (uint16_t)odd(seed, run->arity, nodes);
        break;
    case 5:
        run->a = odd(seed, run->a, nodes);
        break;
    default:
        run->b = odd(seed, run->b, nodes);
        break;
    }
}

static void mutate_check(ad_check *c, uint32_t *seed, uint32_t nodes) {
    if (model_random(seed, 3) == 0) c->op = odd(seed, c->op, AD_OP_COUNT);
    if (model_random(seed, 2)) mutate_extent(&c->extent, seed, nodes);
    if (model_random(seed, 2)) mutate_view(&c->operand[model_random(seed, 2)], seed, nodes);
}

static void mutate(ad_tape *t, uint32_t *seed) {
    uint32_t nodes = (uint32_t)t->nodes, k;
    switch (model_random(seed, 12)) {
    case 0:
        if (t->lists == 0) return;
        k = model_random(seed, (uint32_t)t->lists);
        t->list[k] = odd(seed, t->list[k], nodes);
        return;
    case 1:
        if (t->guards == 0) return;
        k = model_random(seed, (uint32_t)t->guards);
        if (model_random(seed, 2)) t->guard[k].first = odd(seed, t->guard[k].first, nodes);
        if (model_random(seed, 2)) t->guard[k].count = odd(seed, t->guard[k].count, nodes);
        if (model_random(seed, 4) == 0) t->outcomes -= model_random(seed, (uint32_t)t->outcomes);
        return;
    case 2: /* fewer entries: references to the last one are invalid */
        if (model_random(seed, 2) && t->lists > 0)
            t->lists -= 1 + model_random(seed, (uint32_t)t->lists);
        if (model_random(seed, 2) && t->spans > 0) t->spans--;
        if (model_random(seed, 2) && t->blocks > 0) t->blocks--;
        if (model_random(seed, 2) && t->checks > 0) t->checks--;
        return;
    case 3:
        k = model_random(seed, nodes);
        t->constant[k >> 6] ^= (uint64_t)1 << (k & 63);
        return;
    case 4:
        if (t->runs > 0) t->runs -= model_random(seed, (uint32_t)t->runs);
        if (model_random(seed, 2)) t->nodes -= model_random(seed, nodes - 1);
        return;
    case 5:
        if (t->checks > 0)
            mutate_check(&t->check[model_random(seed, (uint32_t)t->checks)], seed, nodes);
        return;
    default:
        break;
    }
    const ad_run *run = t->runs > 0 ? &t->run[model_random(seed, (uint32_t)t->runs)] : NULL;
    if (run == NULL) return;
    if (run->form == AD_FORM_SPAN && run->a < t->spans && model_random(seed, 4)) {
        ad_span *span = &t->span[run->a];
        if (model_random(seed, 2)) mutate_extent(&span->extent, seed, nodes);
        if (model_random(seed, 2)) mutate_view(&span->operand[model_random(seed, 3)], seed, nodes);
    } else if (run->form == AD_FORM_BLOCK && run->a < t->blocks && model_random(seed, 4)) {
        ad_block *block = &t->block[run->a];
        if (model_random(seed, 2))
            mutate_extent(&block->extent[model_random(seed, 2)], seed, nodes);
        if (model_random(seed, 2)) mutate_view(&block->operand[model_random(seed, 2)], seed, nodes);
    } else {
        mutate_run(&t->run[run - t->run], seed, nodes);
    }
}

/* Checks that every edge leads to an earlier node, every code is valid, and every place is inside
 * its array. */
static int consistent(const ad_tape *t) {
    size_t next = 0;
    for (size_t k = 0; k < t->runs; k++) {
        const ad_run *run = &t->run[k];
        size_t count = ad_run_count(t, run);
        if (run->node < next || count == 0 || run->node + count > t->nodes) return 0;
        next = run->node + count;
        int running = (run->form == AD_FORM_BLOCK && run->op == AD_BLOCK_CUMSUM) ||
                      (run->form == AD_FORM_SPAN && t->span[run->a].lag != 0);
        for (ad_node node = run->node; node < next; node++) {
            ad_edge edges[64];
            size_t n = ad_node_edges(t, node, 64, edges);
            for (size_t e = 0; e < n && e < 64; e++) { /* a running sum reads its last result */
                if (edges[e].operand >= (running ? node : run->node)) return 0;
            }
        }
        if (run->form == AD_FORM_BLOCK) {
            if (run->op >= AD_BLOCK_COUNT) return 0;
            continue;
        }
        if (run->op >= AD_OP_COUNT || ad_op_rows[run->op].arity != run->arity) return 0;
        if (run->form == AD_FORM_SPAN) continue;
        /* edges that the form leaves out lead to constants */
        if (run->form == AD_FORM_RIGHT && !ad_is_constant(t, run->a)) return 0;
        if (run->form == AD_FORM_LEFT && !ad_is_constant(t, run->b)) return 0;
        if (run->partial + (run->form == AD_FORM_BINARY) >= t->partials) return 0;
    }
    size_t outcomes = 0, checks = 0;
    for (size_t k = 0; k < t->guards; k++) {
        const ad_guard *guard = &t->guard[k];
        if (guard->count == 0 && guard->first != checks++) return 0;
        if (guard->count != 0 && (size_t)guard->first + guard->count > t->nodes) return 0;
        outcomes += ad_guard_size(t, guard);
    }
    return checks == t->checks && outcomes == t->outcomes &&
           ad_tape_first_changed_guard(t) <= t->guards;
}

/* Checks that the replay has the nodes and runs of the template, where runs of constants may have
 * become constants. */
static int alike(const ad_tape *from, const ad_tape *to) {
    size_t next = 0;
    if (from->nodes != to->nodes || from->guards != to->guards) return 0;
    for (size_t k = 0; k < from->runs; k++) {
        const ad_run *r = &from->run[k], *s = &to->run[next];
        if (next < to->runs && r->node == s->node) {
            if (r->op != s->op || r->form != s->form) return 0;
            next++;
        } else if (!ad_is_constant(to, r->node)) {
            return 0;
        }
    }
    return next == to->runs;
}

/* An accepted recording is valid: it can be swept, lowered and replayed. */
static void use(const ad_tape *t, size_t leaves) {
    ad_node output = (ad_node)t->nodes - 1, *input = ad_alloc(leaves, sizeof *input);
    ad_term term, *guard = ad_alloc(2 * t->guards, sizeof *guard);
    double *J = ad_alloc(leaves, sizeof *J);
    for (ad_node k = 0; k < leaves; k++) input[k] = k;
    const ad_function f = {t, leaves, 1, input, &output};
    CHECK(ad_jacobian_reverse(&f, 1, J, (ad_workspace){NULL, 0}, NULL) == AD_OK);
    CHECK(ad_jacobian_forward(&f, leaves, J, (ad_workspace){NULL, 0}, NULL) == AD_OK);
    ad_graph g;
    CHECK(ad_graph_init(&g, leaves, 1 << 16) == AD_OK);
    ad_status status = ad_lower(t, leaves, input, 1, &output, &g, &term, guard);
    CHECK(status == AD_OK || status == AD_BAD_INDEX || status == AD_TOO_LARGE);
    ad_tape again;
    ad_tape_init(&again);
    CHECK(ad_tape_replay(t, 0, NULL, NULL, NULL, &again, NULL) == AD_OK && again.nodes == t->nodes);
    ad_tape_free(&again);
    ad_graph_free(&g);
    ad_free(input);
    ad_free(guard);
    ad_free(J);
}

/* The bytes of a recording other than its numbers. */
static size_t bytes_of_runs(const ad_tape *t) {
    return 200 * (t->runs + t->checks + 1) + 16 * t->guards + t->nodes / 4 + t->outcomes / 4;
}

TEST(replay_of_a_corrupt_recording_fails_or_gives_a_valid_one) {
    size_t refused[8] = {0}, accepted = 0;
    for (uint32_t round = 0; round < 12000; round++) {
        ad_tape made, from, to;
        double x[D];
        uint32_t seed = round, structure = round % 97;
        ad_tape_init(&made);
        model_numbers(D, x, &seed);
        REQUIRE(model_tape(&made, D, x, 2 + structure % 9, structure) == AD_OK);
        from = template_of(&made);
        for (uint32_t k = 1 + model_random(&seed, 3); k > 0; k--) mutate(&from, &seed);
        ad_tape_init(&to);
        ad_cost cost; /* a template may describe gigabytes or hours of work */
        size_t at = SIZE_MAX, end = from.runs + from.guards;
        ad_status status = ad_replay_cost(&from, &cost, &at);
        if (status == AD_OK && (cost.work > 1000000 || cost.memory > 1000000)) {
            status = AD_TOO_LARGE;
        } else {
            const ad_status cost_status = status; /* the replay must fail too */
            status = ad_tape_replay(&from, 0, NULL, NULL, NULL, &to, &at);
            CHECK(cost_status == AD_OK || status != AD_OK);
            CHECK(status == AD_OK || at <= end);
            CHECK(status != AD_OK || ad_tape_bytes(&to) <= cost.memory + bytes_of_runs(&from));
        }
        refused[status]++;
        if (status == AD_OK) {
            accepted++;
            if (CHECK(consistent(&to) && alike(&from, &to)) && accepted % 4 == 0) {
                use(&to, to.nodes < D ? to.nodes : D);
            }
        }
        if (!CHECK(status == AD_OK || status == AD_BAD_INDEX || status == AD_BAD_SHAPE ||
                   status == AD_BAD_OP || status == AD_TAPE_FULL || status == AD_TOO_LARGE)) {
            printf("    round %u: %d\n", round, (int)status);
        }
        ad_tape_free(&made);
        ad_tape_free(&from);
        ad_tape_free(&to);
    }
    CHECK(accepted > 1000 && refused[AD_BAD_INDEX] > 1000 && refused[AD_BAD_SHAPE] > 500);
    CHECK(refused[AD_BAD_OP] > 100 && refused[AD_TOO_LARGE] > 20);
}
