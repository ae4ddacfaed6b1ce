/* SPDX-License-Identifier: Apache-2.0 */
/* One batch shared by several threads. tests/c/run-threads builds this file under ThreadSanitizer
 * as well, with the sources that it needs and one instruction set. */
#include "ad_test.h"
#include "base/alloc.h"
#include "graph/routes.h"
#include "model.h"
#include "program/batch.h"
#include "simd/lanes.h"

#include <pthread.h>
#include <string.h>

#define THREADS 4
#define D 20
#define K 12
#define MOST 4000
#define NONE AD_NO_TERM

/* The values and the Jacobian of a function, guarded or not. */
typedef struct example {
    ad_graph g;
    ad_program p, strict;
    size_t outputs;
} example;

static int begin(example *e, uint32_t seed) {
    double x[D];
    ad_term pool[MOST], input[D], output[K + K * D], *value;
    ad_entries entries = {NULL, 0, 0};
    model_numbers(D, x, &seed);
    if (!CHECK(ad_graph_init(&e->g, D, 1 << 16) == AD_OK)) return 0;
    /* the square root makes infinities and NaN at 0 */
    ad_term root = ad_graph_push(&e->g, AD_SQRT, ad_graph_push(&e->g, AD_ABSOLUTE, 0, 0, 0), 0, 0);
    size_t pooled = model_graph(&e->g, MODEL_SMOOTH, 40, x, &seed, MOST, pool);
    value = pool + pooled - K;
    value[0] = ad_graph_push(&e->g, AD_MULTIPLY, root, ad_graph_push(&e->g, AD_SQUARE, 1, 0, 0), 0);
    for (ad_term d = 0; d < D; d++) input[d] = d;
    const ad_mapping f = {&e->g, D, K, input, value};
    int good = ad_route_jacobian(&f, AD_ROUTE_REVERSE, &entries) == AD_OK;
    e->outputs = K + K * D;
    memset(output, 0xFF, sizeof output);
    memcpy(output, value, K * sizeof *value);
    for (size_t k = 0; k < entries.count && good; k++) {
        const ad_entry *it = &entries.entry[k];
        output[K + it->row * D + it->column] = it->term;
    }
    const ad_term guard = ad_graph_push(&e->g, AD_LESS, 2, 3, NONE);
    const ad_wanted wanted = {e->outputs, K, 1, output, &guard, (const uint8_t[]){1}};
    good &= ad_program_make(&e->g, &wanted, 0, &e->p) == AD_OK;
    good &= ad_program_make(&e->g, &wanted, 1, &e->strict) == AD_OK;
    good &= ad_program_make_lanes(&e->p) == AD_OK && ad_program_make_lanes(&e->strict) == AD_OK;
    ad_free(entries.entry);
    return CHECK(good && e->p.guarded);
}

static void end(example *e) {
    ad_program_free(&e->p);
    ad_program_free(&e->strict);
    ad_graph_free(&e->g);
}

typedef struct worker {
    ad_batch *b;
    const ad_batch_poll *poll;
    double *arena;
    ad_status status;
} worker;

static void *work(void *context) {
    worker *w = context;
    ad_batch_begin(w->b, w->arena);
    w->status = ad_batch_work(w->b, w->arena, w->poll);
    return NULL;
}

/* Run a batch on n threads, of which only the first one polls.  Returns whether all of them
 * finished. */
static int share(ad_batch *b, int n, const ad_batch_poll *poll) {
    pthread_t thread[THREADS];
    worker w[THREADS];
    int good = 1;
    b->next = 0;
    b->stop = b->nonfinite = 0;
    for (int k = 0; k < n; k++) {
        w[k] = (worker){b, k == 0 ? poll : NULL, ad_alloc(ad_batch_room(b), sizeof(double)), AD_OK};
        CHECK(pthread_create(&thread[k], NULL, work, &w[k]) == 0);
    }
    for (int k = 0; k < n; k++) {
        CHECK(pthread_join(thread[k], NULL) == 0);
        good &= w[k].status == AD_OK;
        ad_free(w[k].arena);
    }
    return good;
}

typedef struct batch {
    ad_batch b;
    ad_batch_input in;
    ad_batch_output out[2];
    double *x, *y, *J;
    uint32_t *missed;
} batch;

static void set_up(batch *s, const example *e, size_t points, int lanes, uint32_t seed) {
    *s = (batch){.x = ad_alloc(points * D, sizeof(double)),
                 .y = ad_alloc(points * K, sizeof(double)),
                 .J = ad_alloc_zeroed(points * K * D, sizeof(double)),
                 .missed = ad_alloc(points, sizeof(uint32_t))};
    model_numbers(points * D, s->x, &seed);
    s->in =
        (ad_batch_input){.data = (const char *)s->x, .count = D, .stride = {D * sizeof(double)}};
    s->out[0] = (ad_batch_output){s->y, 0, K, 0};
    s->out[1] = (ad_batch_output){s->J, K, K * D, 1};
    memset(s->y, 0xFF, points * K * sizeof(double));
    s->b = (ad_batch){.program = &e->p,
                      .lanes = lanes,
                      .ndim = 1,
                      .shape = {points},
                      .points = points,
                      .inputs = 1,
                      .outputs = 2,
                      .input = &s->in,
                      .output = s->out,
                      .missed = s->missed};
}

static void take_down(batch *s) {
    ad_free(s->x);
    ad_free(s->y);
    ad_free(s->J);
    ad_free(s->missed);
}

static int alike(const batch *s, const batch *t) {
    size_t points = s->b.points;
    return memcmp(s->y, t->y, points * K * sizeof(double)) == 0 &&
           memcmp(s->J, t->J, points * K * D * sizeof(double)) == 0 &&
           memcmp(s->missed, t->missed, points * sizeof *s->missed) == 0;
}

TEST(threads_share_a_batch_and_complete_it) {
    static const size_t sizes[] = {1, 255, 256, 1023, 3001};
    example e;
    if (!begin(&e, 1)) return;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        for (int lanes = 0; lanes < 2; lanes++) {
            batch alone, shared;
            set_up(&alone, &e, sizes[k], lanes, 7);
            set_up(&shared, &e, sizes[k], lanes, 7);
            CHECK(share(&alone.b, 1, NULL) && share(&shared.b, THREADS, NULL));
            CHECK(alike(&alone, &shared));
            CHECK(!alone.b.nonfinite && !shared.b.nonfinite);
            take_down(&alone);
            take_down(&shared);
        }
    }
    end(&e);
}

TEST(threads_run_the_strict_program_where_needed) {
    const size_t points = 1500, at[] = {0, 700, 1499};
    example e;
    if (!begin(&e, 2)) return;
    for (int lanes = 0; lanes < 2; lanes++) {
        batch alone, shared;
        set_up(&alone, &e, points, lanes, 9);
        set_up(&shared, &e, points, lanes, 9);
        for (size_t k = 0; k < 3; k++) {
            for (size_t d = 0; d < 2; d++) alone.x[at[k] * D + d] = shared.x[at[k] * D + d] = 0;
        }
        CHECK(share(&shared.b, THREADS, NULL) && shared.b.nonfinite);
        alone.b.strict = shared.b.strict = &e.strict;
        CHECK(share(&alone.b, 1, NULL) && share(&shared.b, THREADS, NULL));
        CHECK(!alone.b.nonfinite && !shared.b.nonfinite && alike(&alone, &shared));
        for (size_t k = 0; k < 3; k++) {
            for (size_t d = 0; d < 2; d++) CHECK_EQUAL(shared.J[at[k] * K * D + d], 0.0);
        }
        take_down(&alone);
        take_down(&shared);
    }
    end(&e);
}

static int stop_at_once(void *context, size_t done) {
    (void)done;
    return ++*(int *)context > 0;
}

TEST(threads_all_stop_when_one_is_interrupted) {
    example e;
    batch s;
    if (!begin(&e, 3)) return;
    for (int lanes = 0; lanes < 2; lanes++) {
        int calls = 0;
        const ad_batch_poll poll = {stop_at_once, &calls};
        set_up(&s, &e, 4000, lanes, 5);
        int finished = share(&s.b, THREADS, &poll);
        CHECK(calls == 0 || (!finished && s.b.stop)); /* the others may have finished before */
        take_down(&s);
    }
    end(&e);
}
