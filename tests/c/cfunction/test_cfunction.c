/* SPDX-License-Identifier: Apache-2.0 */
/* Programs as functions that other languages call, against the programs themselves. */
#include "ad_test.h"
#include "base/alloc.h"
#include "cfunction/cfunction.h"
#include "model.h"
#include "program/eval.h"

#include <string.h>

#define D 6
#define MOST 400
#define POINTS 1500 /* more than a block */

typedef struct example {
    ad_graph g;
    ad_term output[MOST];
    size_t outputs;
    ad_program p;
    const char *line[2];
    const ad_core_function *f;
    double *memory; /* that work lies in */
    double *work;
} example;

/* A random function of D numbers; with a guard that x[0] is less than x[1] if `guarded`. */
static int begin(example *e, uint32_t seed, int guarded, size_t shift) {
    double x[D];
    ad_term pool[MOST], guard;
    const uint8_t outcome = 1;
    memset(e, 0, sizeof *e);
    model_numbers(D, x, &seed);
    if (!CHECK(ad_graph_init(&e->g, D, MOST) == AD_OK)) return 0;
    size_t pooled = model_graph(&e->g, MODEL_SMOOTH, 40, x, &seed, MOST, pool);
    guard = ad_graph_push(&e->g, AD_LESS, 0, 1, AD_NO_TERM);
    e->outputs = 1 + model_random(&seed, 20);
    for (size_t k = 0; k < e->outputs; k++) {
        e->output[k] = pool[model_random(&seed, (uint32_t)pooled)];
    }
    const ad_wanted wanted = {.outputs = e->outputs,
                              .checked = e->outputs,
                              .output = e->output,
                              .guards = (size_t)guarded,
                              .guard = &guard,
                              .outcome = &outcome};
    if (!CHECK(ad_program_make(&e->g, &wanted, 0, &e->p) == AD_OK)) return 0;
    if (!CHECK(ad_program_make_lanes(&e->p) == AD_OK)) return 0;
    e->line[0] = "f.py:3: if a < b:";
    ad_cfunction_spec spec = {.program = &e->p, .lanes = 1, .line = e->line, .name = "value of f"};
    spec.parts = 2; /* the caller's x has the last inputs first */
    spec.part[0] = (ad_cfunction_part){2, D - 2};
    spec.part[1] = (ad_cfunction_part){0, 2};
    e->f = ad_cfunction_new(&spec);
    if (!CHECK(e->f != NULL)) return 0;
    /* Exactly the required size, at any address for doubles, so that ASan sees what is beyond. */
    e->memory = ad_alloc(e->f->n_work + shift, sizeof(double));
    e->work = e->memory + shift;
    return CHECK(ad_core_begin(e->f, e->work, e->f->n_work) == AD_CORE_OK);
}

static void end(example *e) {
    ad_cfunction_release(e->f);
    ad_program_free(&e->p);
    ad_graph_free(&e->g);
    ad_free(e->memory);
}

/* The results at a point by the program itself; x is in the order of the function's arguments. */
static void by_program(const example *e, const double *x, double *y) {
    double *arena = ad_alloc(ad_point_room(&e->p), sizeof *arena);
    ad_point_begin(&e->p, arena);
    memcpy(arena + 2, x, (D - 2) * sizeof *x);
    memcpy(arena, x + D - 2, 2 * sizeof *x);
    ad_point_run(&e->p, arena);
    ad_point_outputs(&e->p, arena, 0, e->outputs, 0, y);
    ad_free(arena);
}

TEST(a_c_function_gives_what_its_program_gives) {
    static double x[POINTS * D], y[POINTS * 21], want[21];
    for (uint32_t seed = 0; seed < 20; seed++) {
        example e;
        uint32_t numbers = seed + 50;
        if (!begin(&e, seed, 0, seed % 8)) return;
        CHECK(e.f->n_in == D && e.f->n_out == e.outputs && e.f->n_guards == 0);
        CHECK(strcmp(e.f->name, "value of f") == 0 && e.f->row == NULL);
        model_numbers(POINTS * D, x, &numbers);
        x[7] = NAN;
        const size_t counts[] = {0, 1, 3, 5, POINTS};
        for (size_t c = 0; c < 5; c++) {
            memset(y, 0, sizeof y);
            CHECK(e.f->eval_many(e.f->self, counts[c], x, y, e.work) == AD_CORE_OK);
            for (size_t k = 0; k < counts[c]; k++) {
                by_program(&e, x + k * D, want);
                CHECK(model_distance(e.outputs, y + k * e.outputs, want) <= 1e-12);
            }
            CHECK(y[counts[c] * e.outputs] == 0);
        }
        by_program(&e, x + D, want);
        CHECK(e.f->eval(e.f->self, x + D, y, e.work) == AD_CORE_OK);
        CHECK(model_distance(e.outputs, y, want) == 0);
        end(&e);
    }
}

TEST(a_c_function_tells_of_points_with_another_branch) {
    static double x[POINTS * D], y[POINTS * 21], want[21];
    for (uint32_t seed = 0; seed < 10; seed++) {
        example e;
        uint32_t numbers = seed;
        size_t guard = 9, point = 9;
        if (!begin(&e, seed, 1, 3)) return;
        model_numbers(POINTS * D, x, &numbers);
        for (size_t k = 0; k < POINTS; k++) x[k * D + D - 1] = x[k * D + D - 2] + 1;
        CHECK(e.f->eval_many(e.f->self, POINTS, x, y, e.work) == AD_CORE_OK);
        size_t at = 3 + model_random(&numbers, POINTS - 3);
        x[at * D + D - 1] = x[at * D + D - 2] - 1;
        CHECK(e.f->eval_many(e.f->self, POINTS, x, y, e.work) == AD_CORE_BRANCH_CHANGED);
        CHECK(e.f->guard(e.f->self, e.work, &guard, &point) == AD_CORE_OK);
        CHECK(guard == 0 && point == at);
        CHECK(strcmp(e.f->line(e.f->self, guard), e.line[0]) == 0);
        CHECK(strcmp(e.f->line(e.f->self, 1), "") == 0);
        for (size_t k = 0; k < POINTS; k++) {
            by_program(&e, x + k * D, want);
            for (size_t j = 0; k == at && j < e.outputs; j++) want[j] = NAN;
            CHECK(model_distance(e.outputs, y + k * e.outputs, want) <= 1e-12);
        }
        CHECK(e.f->eval(e.f->self, x + at * D, y, e.work) == AD_CORE_BRANCH_CHANGED);
        CHECK(isnan(y[0]) && isnan(y[e.outputs - 1]));
        CHECK(e.f->eval_many(e.f->self, 2, x, y, e.work) == AD_CORE_OK);
        end(&e);
    }
}

TEST(a_c_function_refuses_memory_that_is_not_its_own) {
    example e, other;
    double x[D] = {0}, y[21];
    if (!begin(&e, 1, 0, 1) || !begin(&other, 2, 0, 1)) return;
    CHECK(ad_core_begin(e.f, e.work, e.f->n_work - 1) == AD_CORE_BAD_WORK);
    CHECK(ad_core_begin(e.f, NULL, e.f->n_work) == AD_CORE_BAD_WORK);
    CHECK(e.f->eval(e.f->self, x, y, other.work) == AD_CORE_BAD_WORK);
    CHECK(e.f->eval_many(e.f->self, 1, x, y, other.work) == AD_CORE_BAD_WORK);
    CHECK(e.f->guard(e.f->self, other.work, NULL, NULL) == AD_CORE_BAD_WORK);
    CHECK(e.f->eval(e.f->self, x, y, NULL) == AD_CORE_BAD_WORK);
    ad_core_function foreign = *e.f;
    foreign.abi++;
    CHECK(ad_core_begin(&foreign, e.work, e.f->n_work) == AD_CORE_BAD_ABI);
    foreign = *e.f;
    foreign.size--;
    CHECK(ad_core_begin(&foreign, e.work, e.f->n_work) == AD_CORE_BAD_ABI);
    CHECK(ad_core_check(NULL) == AD_CORE_BAD_ABI);
    end(&other);
    end(&e);
}

TEST(a_released_c_function_says_so) {
    example e;
    double x[D] = {0}, y[21];
    if (!begin(&e, 1, 1, 0)) return;
    ad_cfunction_release(e.f);
    CHECK(e.f->begin(e.f->self, e.work) == AD_CORE_FREED);
    CHECK(e.f->eval(e.f->self, x, y, e.work) == AD_CORE_FREED);
    CHECK(e.f->eval_many(e.f->self, 1, x, y, e.work) == AD_CORE_FREED);
    CHECK(e.f->guard(e.f->self, e.work, NULL, NULL) == AD_CORE_FREED);
    CHECK(strcmp(e.f->line(e.f->self, 0), "") == 0 && strcmp(e.f->name, "") == 0);
    end(&e);
}

TEST(no_memory_for_a_c_function_is_told) {
    example e;
    if (!begin(&e, 1, 0, 0)) return;
    ad_cfunction_spec spec = {.program = &e.p, .lanes = 1, .name = ""};
    ad_alloc_fail_at(1);
    const ad_core_function *f = ad_cfunction_new(&spec);
    ad_alloc_fail_at(0);
    CHECK(f == NULL);
    end(&e);
}
