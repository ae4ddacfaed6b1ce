/* SPDX-License-Identifier: Apache-2.0 */
/* Batches of any shape, with arguments of any layout, against one point after the other. */
#include "ad_test.h"
#include "base/alloc.h"
#include "isa/select.h"
#include "model.h"
#include "program/batch.h"

#include <string.h>

#define NONE AD_NO_TERM
#define D 30
#define MOST 8192
#define INS 3
#define OUTS 3
#define ROOM 60000 /* bytes of an argument */

typedef struct example {
    ad_graph g;
    ad_program p, strict;
    size_t outputs;
} example;

/* `outputs` random terms of a random graph, which need guarded products. */
static int begin(example *e, size_t outputs, uint32_t seed) {
    double x[D];
    ad_term pool[MOST], *output = ad_alloc(outputs, sizeof *output), guard[2];
    model_numbers(D, x, &seed);
    if (!CHECK(ad_graph_init(&e->g, D, MOST) == AD_OK)) return 0;
    size_t pooled = model_graph(&e->g, MODEL_EXACT, 30, x, &seed, MOST, pool);
    for (size_t k = 0; k < outputs; k++) {
        output[k] = model_random(&seed, 4) ? pool[model_random(&seed, (uint32_t)pooled)] : NONE;
    }
    guard[0] = ad_graph_push(&e->g, AD_LESS, 0, 1, NONE);
    guard[1] = ad_graph_push(&e->g, AD_LESS, 2, 3, NONE);
    const ad_wanted wanted = {outputs, outputs / 2, 2, output, guard, (const uint8_t[]){1, 0}};
    int good = ad_program_make(&e->g, &wanted, 0, &e->p) == AD_OK;
    good &= ad_program_make(&e->g, &wanted, 1, &e->strict) == AD_OK;
    good &= ad_program_make_lanes(&e->p) == AD_OK && ad_program_make_lanes(&e->strict) == AD_OK;
    e->outputs = outputs;
    ad_free(output);
    return CHECK(good);
}

static void end(example *e) {
    ad_program_free(&e->p);
    ad_program_free(&e->strict);
    ad_graph_free(&e->g);
}

/* A batch of a random layout: arguments broadcast along some dimensions, backwards along others,
 * scattered within a point, aligned or not. */
typedef struct layout {
    ad_batch b;
    ad_batch_input in[INS];
    ad_batch_output out[OUTS];
    intptr_t core[D];
    char *data[INS];
    ad_rows rows[INS]; /* for gathered arguments */
    double *numbers[INS];
    double *results; /* with one number before and after each array that must not change */
    size_t length;
    uint32_t *missed;
} layout;

#define FENCE 12345.0

static void lay_out(layout *l, const example *e, int ndim, const size_t *shape, uint32_t seed) {
    size_t cut[4] = {0, model_random(&seed, D), D, D}, at = 0;
    uint32_t unit = model_random(&seed, 2) ? 8 : 1, far = unit == 8 ? 2 : 24;
    memset(l, 0, sizeof *l);
    l->b = (ad_batch){.program = &e->p, .ndim = ndim, .points = 1, .inputs = INS, .outputs = OUTS};
    for (int d = 0; d < ndim; d++) l->b.points *= l->b.shape[d] = shape[d];
    cut[2] = cut[1] + model_random(&seed, D - (uint32_t)cut[1]);
    for (int a = 0; a < INS; a++) {
        ad_batch_input *x = &l->in[a];
        size_t low = 0;
        *x = (ad_batch_input){.first = cut[a], .count = cut[a + 1] - cut[a]};
        for (int d = 0; d < ndim; d++) {
            /* a few bytes or many, sometimes negative */
            x->stride[d] = unit * (model_random(&seed, 3) ? 1 + model_random(&seed, far) : 0);
            if (model_random(&seed, 3) == 0) {
                low += (size_t)x->stride[d] * (shape[d] > 0 ? shape[d] - 1 : 0);
                x->stride[d] = -x->stride[d];
            }
        }
        if (model_random(&seed, 2)) {
            x->core = l->core + cut[a];
            for (size_t k = cut[a]; k < cut[a + 1]; k++) {
                l->core[k] = unit * model_random(&seed, 300 / unit);
            }
        }
        l->data[a] = ad_alloc(ROOM, 1);
        for (size_t k = 0; k + sizeof(double) <= ROOM; k += sizeof(double)) {
            double number = model_number(&seed);
            memcpy(l->data[a] + k, &number, sizeof number);
        }
        x->data = l->data[a] + low;
    }
    size_t split[4] = {0, e->outputs / 3, e->outputs - e->outputs / 4, e->outputs};
    l->length = l->b.points * e->outputs + OUTS + 1;
    l->results = ad_alloc(l->length, sizeof *l->results);
    for (size_t k = 0; k < l->length; k++) l->results[k] = FENCE;
    for (int a = 0; a < OUTS; a++) {
        size_t count = split[a + 1] - split[a];
        at++;
        l->out[a] =
            (ad_batch_output){l->results + at, split[a], count, (int)model_random(&seed, 2)};
        if (l->out[a].zeroed) memset(l->results + at, 0, l->b.points * count * sizeof(double));
        at += l->b.points * count;
    }
    l->missed = ad_alloc(l->b.points, sizeof *l->missed);
    memset(l->missed, 7, l->b.points * sizeof *l->missed);
    l->b.input = l->in;
    l->b.output = l->out;
    l->b.missed = l->missed;
}

static void put_away(layout *l) {
    for (int a = 0; a < INS; a++) {
        ad_free(l->data[a]);
        ad_free(l->numbers[a]);
    }
    ad_free(l->results);
    ad_free(l->missed);
}

/* Number k of the point whose argument begins at `from`. */
static const char *entry(const ad_batch_input *x, const char *from, size_t k) {
    int32_t word;
    int64_t number;
    if (x->rows == NULL) return from + (x->core ? x->core[k] : (intptr_t)(8 * k));
    size_t row = k / x->rows->length;
    if (x->rows->narrow) {
        memcpy(&word, from + 4 * row, sizeof word);
        number = word;
    } else {
        memcpy(&number, from + 8 * row, sizeof number);
    }
    if (number < 0) number += (int64_t)x->rows->count;
    return x->rows->data + number * x->rows->step + 8 * (k % x->rows->length);
}

/* The numbers of one point, by definition. */
static void gather(const layout *l, size_t point, double *x) {
    size_t index[AD_BATCH_DIMS], rest = point;
    for (int d = l->b.ndim - 1; d >= 0; d--) {
        index[d] = rest % l->b.shape[d];
        rest /= l->b.shape[d];
    }
    for (int a = 0; a < INS; a++) {
        for (size_t k = 0; k < l->in[a].count; k++) {
            const char *from = l->in[a].data;
            for (int d = 0; d < l->b.ndim; d++) from += (intptr_t)index[d] * l->in[a].stride[d];
            memcpy(x + l->in[a].first + k, entry(&l->in[a], from, k), sizeof *x);
        }
    }
}

static ad_status work(ad_batch *b, const ad_batch_poll *poll) {
    double *arena = ad_alloc(ad_batch_room(b), sizeof *arena);
    ad_batch_begin(b, arena);
    b->next = 0;
    b->stop = b->nonfinite = 0;
    ad_status status = ad_batch_work(b, arena, poll);
    ad_free(arena);
    return status;
}

/* Results of a batch, computed with a program point by point.  If there is a strict program and the
 * other one gives NaN, either result is accepted, since lanes run the strict program together. */
static void check_results(const layout *l, const example *e) {
    double *arena = ad_alloc(ad_point_room(&e->p), sizeof *arena);
    double *strict = ad_alloc(ad_point_room(&e->strict), sizeof *strict);
    double *want = ad_alloc(2 * e->outputs, sizeof *want);
    size_t wrong = 0, missed = 0;
    ad_point_begin(&e->p, arena);
    ad_point_begin(&e->strict, strict);
    for (size_t point = 0; point < l->b.points; point++) {
        gather(l, point, arena);
        memcpy(strict, arena, D * sizeof *arena);
        ad_point_run(&e->p, arena);
        ad_point_run(&e->strict, strict);
        int nonfinite = ad_point_store(&e->p, arena, 0, e->outputs, 0, want);
        if (nonfinite && l->b.strict) ad_point_outputs(&e->strict, strict, 0, e->outputs, 0, want);
        for (int a = 0; a < OUTS; a++) {
            for (size_t k = 0; k < l->out[a].count; k++) {
                double got = l->out[a].data[point * l->out[a].count + k],
                       y = want[l->out[a].first + k];
                wrong += model_ulps(got, y) > 1;
            }
        }
        size_t guard = ad_point_guard(&e->p, arena);
        missed += l->missed[point] != (guard < e->p.guards ? guard + 1 : 0);
    }
    for (int a = 0; a < OUTS; a++) {
        wrong += l->out[a].data[-1] != FENCE;
        wrong += l->out[a].data[l->b.points * l->out[a].count] != FENCE;
    }
    CHECK(wrong == 0);
    CHECK(missed == 0);
    ad_free(arena);
    ad_free(strict);
    ad_free(want);
}

static void check_batch(const example *e, int ndim, const size_t *shape, uint32_t seed) {
    for (int lanes = 0; lanes < 2; lanes++) {
        layout l;
        lay_out(&l, e, ndim, shape, seed);
        l.b.lanes = lanes;
        CHECK(work(&l.b, NULL) == AD_OK);
        check_results(&l, e);
        put_away(&l);
    }
}

TEST(batch_handles_any_shape_and_any_layout_of_arguments) {
    static const size_t shapes[][4] = {
        {0},          {1, 0},       {1, 1},       {1, 15},         {1, 16},      {1, 17},
        {1, 255},     {1, 256},     {1, 257},     {1, 1000},       {2, 3, 0},    {2, 1, 1},
        {2, 4, 4},    {2, 3, 5},    {2, 17, 1},   {2, 20, 50},     {3, 1, 1, 1}, {3, 2, 3, 0},
        {3, 5, 1, 3}, {3, 2, 2, 4}, {3, 3, 7, 9}, {3, 10, 10, 10},
    };
    for (uint32_t seed = 0; seed < 4; seed++) {
        example e;
        if (!begin(&e, 5 + 20 * seed, seed)) return;
        for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
            check_batch(&e, (int)shapes[k][0], shapes[k] + 1, seed + 100 * (uint32_t)k);
        }
        end(&e);
    }
}

static void put_number(const ad_batch_input *x, size_t k, int64_t number) {
    int32_t word = (int32_t)number;
    if (x->rows->narrow) {
        memcpy((char *)x->data + 4 * k, &word, sizeof word);
    } else {
        memcpy((char *)x->data + 8 * k, &number, sizeof number);
    }
}

/* Make argument a gathered from rows of `length` doubles, with the same rows for all points of
 * dimension `along`.  Returns the number of row numbers. */
static size_t gather_from(layout *l, int a, size_t length, int narrow, int along, uint32_t seed) {
    ad_batch_input *x = &l->in[a];
    const size_t rows = 1 + model_random(&seed, 40), far = length + model_random(&seed, 3);
    size_t numbers = x->count / length;
    l->numbers[a] = ad_alloc(rows * far, sizeof(double));
    model_numbers(rows * far, l->numbers[a], &seed);
    l->rows[a] = (ad_rows){(const char *)l->numbers[a], rows, length, (intptr_t)(8 * far), narrow};
    x->rows = &l->rows[a];
    x->core = NULL;
    for (int d = l->b.ndim - 1; d >= 0; d--) {
        x->stride[d] = d == along ? 0 : (intptr_t)numbers * (narrow ? 4 : 8);
        if (d != along) numbers *= l->b.shape[d];
    }
    ad_free(l->data[a]);
    x->data = l->data[a] = ad_alloc(numbers, narrow ? 4 : 8);
    for (size_t k = 0; k < numbers; k++) {
        put_number(x, k, (int64_t)model_random(&seed, (uint32_t)(2 * rows)) - (int64_t)rows);
    }
    return numbers;
}

TEST(batch_gathers_rows_by_number) {
    static const size_t shapes[][3] = {{1, 1}, {1, 5}, {1, 16}, {1, 300}, {2, 3, 1}, {2, 4, 37}};
    for (uint32_t seed = 0; seed < 12; seed++) {
        example e;
        if (!begin(&e, 20, seed)) return;
        for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
            for (int lanes = 0; lanes < 2; lanes++) {
                layout l;
                lay_out(&l, &e, (int)shapes[k][0], shapes[k] + 1, seed);
                l.b.lanes = lanes;
                for (int a = 0; a < INS; a++) {
                    size_t count = l.in[a].count, length = 1 + (seed + (uint32_t)a) % 4;
                    if (count == 0 || (seed + (uint32_t)a) % 5 == 4) continue; /* ungathered */
                    length = count % length == 0 ? length : count;
                    gather_from(&l, a, length, (int)(seed % 2), (int)(seed % 3), seed + 7);
                }
                CHECK(work(&l.b, NULL) == AD_OK);
                check_results(&l, &e);
                put_away(&l);
            }
        }
        end(&e);
    }
}

TEST(batch_refuses_row_numbers_out_of_range) {
    static const size_t shape[] = {50};
    example e;
    if (!begin(&e, 20, 1)) return;
    for (uint32_t seed = 0; seed < 40; seed++) {
        layout l;
        lay_out(&l, &e, 1, shape, seed);
        l.b.lanes = (int)(seed % 2);
        const int a = l.in[0].count > 0 ? 0 : l.in[1].count > 0 ? 1 : 2;
        size_t count = l.in[a].count, length = seed % 4 < 2 ? 1 : count;
        size_t numbers = gather_from(&l, a, length, (int)(seed / 4 % 2), 1, seed);
        int64_t rows = (int64_t)l.rows[a].count, wide = (int64_t)1 << 62;
        const int64_t wrong[] = {rows, -rows - 1, 1 << 30, -(1 << 30), wide, -wide};
        CHECK(work(&l.b, NULL) == AD_OK);
        put_number(&l.in[a], model_random(&seed, (uint32_t)numbers),
                   wrong[seed % (l.rows[a].narrow ? 4 : 6)]);
        CHECK(work(&l.b, NULL) == AD_BAD_INDEX && l.b.stop);
        l.rows[a].count = 0; /* no rows to gather from */
        CHECK(work(&l.b, NULL) == AD_BAD_INDEX);
        put_away(&l);
    }
    end(&e);
}

TEST(batch_gives_the_same_on_every_instruction_set) {
    static const char *const isas[] = {"base", "avx2", "avx512"};
    static const size_t shape[] = {7, 19};
    example e;
    if (!begin(&e, 33, 9)) return;
    for (int which = 0; which < 3; which++) {
        if (ad_isa_choose(isas[which])) check_batch(&e, 2, shape, 5);
    }
    CHECK(ad_isa_choose(NULL));
    end(&e);
}

TEST(batch_writes_more_results_per_point_than_the_stage_holds) {
    static const size_t sizes[] = {4094, 4095, 4096, 4097, 5000};
    static const size_t shape[] = {35};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        example e;
        if (!begin(&e, sizes[k], 20 + (uint32_t)k)) return;
        check_batch(&e, 1, shape, 3 * (uint32_t)k);
        end(&e);
    }
}

/* So many results that they bypass the caches. */
TEST(batch_streams_results_larger_than_the_caches) {
    static const size_t shape[] = {2053};
    for (uint32_t seed = 0; seed < 3; seed++) {
        example e;
        if (!begin(&e, 257 + seed, 30 + seed)) return;
        for (int which = 0; which < 3; which++) {
            if (ad_isa_choose(which == 0 ? "base" : which == 1 ? "avx2" : "avx512")) {
                check_batch(&e, 1, shape, seed);
            }
        }
        end(&e);
    }
    CHECK(ad_isa_choose(NULL));
}

typedef struct patience {
    size_t calls, last, stop_at;
    int in_order;
} patience;

static int look(void *context, size_t done) {
    patience *p = context;
    p->in_order &= done > p->last;
    p->last = done;
    return ++p->calls == p->stop_at;
}

TEST(batch_reports_progress_and_stops_when_the_poll_function_says_so) {
    static const size_t shape[] = {1000};
    example e;
    layout l;
    if (!begin(&e, 10, 3)) return;
    for (int lanes = 0; lanes < 2; lanes++) {
        lay_out(&l, &e, 1, shape, 1);
        l.b.lanes = lanes;
        patience p = {.in_order = 1};
        const ad_batch_poll poll = {look, &p};
        CHECK(work(&l.b, &poll) == AD_OK);
        CHECK(p.in_order && p.last == 1000 && p.calls >= 4);
        check_results(&l, &e);
        p = (patience){.in_order = 1, .stop_at = 2};
        l.b.missed = NULL;
        CHECK(work(&l.b, &poll) == AD_INTERRUPTED);
        CHECK(p.calls == 2 && p.last < 1000 && l.b.stop);
        put_away(&l);
    }
    end(&e);
}

/* f(x, y) = d/dx (sqrt(x) y) = 0.5 / sqrt(x) * y, and its value; inf * 0 where x = y = 0. */
static int begin_nonfinite(example *e, ad_term *output) {
    if (!CHECK(ad_graph_init(&e->g, D, 100) == AD_OK)) return 0;
    ad_term root = ad_graph_push(&e->g, AD_SQRT, 0, NONE, NONE);
    ad_term slope = ad_graph_push(&e->g, AD_DIVIDE, ad_graph_constant(&e->g, 0.5), root, NONE);
    output[0] = ad_graph_push(&e->g, AD_MULTIPLY, root, 1, NONE);
    output[1] = ad_graph_product(&e->g, slope, 1);
    output[2] = NONE;
    output[3] = ad_graph_push(&e->g, AD_MULTIPLY, 2, slope, NONE); /* an ordinary product */
    const ad_term guard[] = {ad_graph_push(&e->g, AD_LESS, 0, 1, NONE),
                             ad_graph_push(&e->g, AD_LESS, 2, 3, NONE)};
    const ad_wanted wanted = {4, 1, 2, output, guard, (const uint8_t[]){1, 0}};
    e->outputs = 4;
    return CHECK(ad_program_make(&e->g, &wanted, 0, &e->p) == AD_OK &&
                 ad_program_make(&e->g, &wanted, 1, &e->strict) == AD_OK &&
                 ad_program_make_lanes(&e->p) == AD_OK &&
                 ad_program_make_lanes(&e->strict) == AD_OK);
}

TEST(batch_runs_the_strict_program_where_a_derivative_is_nonfinite) {
    static const size_t shape[] = {300};
    ad_term output[4];
    example e;
    if (!begin_nonfinite(&e, output)) return;
    for (int lanes = 0; lanes < 2; lanes++) {
        for (uint32_t seed = 0; seed < 6; seed++) {
            layout l;
            double *x = ad_alloc(300 * D, sizeof *x);
            uint32_t numbers = seed;
            lay_out(&l, &e, 1, shape, seed);
            model_numbers(300 * D, x, &numbers);
            for (size_t k = 0; k < 300; k++) x[k * D] = fabs(x[k * D]) + 0.1;
            l.b.lanes = lanes;
            l.b.inputs = 1;
            l.in[0] = (ad_batch_input){.data = (const char *)x, .count = D, .stride = {D * 8}};
            l.in[1].count = l.in[2].count = 0;
            CHECK(work(&l.b, NULL) == AD_OK && !l.b.nonfinite); /* no nonfinite derivative yet */
            size_t at = model_random(&numbers, 300);
            x[at * D] = x[at * D + 1] = 0;
            x[at * D + 2] = seed % 2;
            CHECK(work(&l.b, NULL) == AD_OK && l.b.nonfinite);
            check_results(&l, &e);
            l.b.strict = &e.strict;
            CHECK(work(&l.b, NULL) == AD_OK && !l.b.nonfinite);
            check_results(&l, &e);
            /* the derivative is 0 there, not NaN, in every layout; an ordinary product stays
             * infinite or NaN */
            for (int a = 0; a < OUTS; a++) {
                for (size_t k = 0; k < l.out[a].count; k++) {
                    double y = l.out[a].data[at * l.out[a].count + k];
                    size_t which = l.out[a].first + k;
                    if (which < 3) CHECK_EQUAL(y, 0.0);
                    if (which == 3) CHECK_EQUAL(y, seed % 2 ? INFINITY : NAN);
                }
            }
            ad_free(x);
            put_away(&l);
        }
    }
    end(&e);
}
