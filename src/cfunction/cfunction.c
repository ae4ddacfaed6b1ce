/* SPDX-License-Identifier: Apache-2.0 */
#include "cfunction/cfunction.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/atomic.h"
#include "program/batch.h"

#define BLOCK 1024   /* points whose guards are noted at a time */

/* What `self` points to.  Work memory begins with a head, which tells whose it is, followed by the
 * arenas of the program and of the strict program for single points, the arena for batches, and the
 * guards that were missed at each point of a block. */
typedef struct cfunction {
    ad_core_function head;
    ad_cfunction_spec spec;
    size_t strict_at, batch_at, missed_at; /* offsets in work, in doubles */
    int freed;
    struct cfunction *next; /* that was made before */
} cfunction;

static cfunction *last_made; /* functions stay reachable for tools that search for lost memory */

typedef struct work_head {
    const cfunction *owner;
    size_t guard, point; /* what guard() tells */
} work_head;

#define HEAD 8 /* doubles of a work_head, which end a cache line */
#define SLACK 8 /* doubles that are needed to begin at a cache line */

static size_t lines(size_t doubles) { return (doubles + 7) / 8 * 8; }

/* The first cache line of the caller's memory. */
static double *aligned(double *work) {
    uintptr_t past = (uintptr_t)work % AD_LINE;
    return past == 0 ? work : (double *)(void *)((char *)work + (AD_LINE - past));
}

/* The head of work memory that belongs to this function, or NULL. */
static work_head *head_of(const cfunction *f, double *work) {
    if (work == NULL || (uintptr_t)work % sizeof *work != 0) return NULL;
    work_head *head = (work_head *)(void *)aligned(work);
    return head->owner == f ? head : NULL;
}

static void fill_nan(size_t n, double *y) {
    for (size_t k = 0; k < n; k++) y[k] = NAN;
}

/* The batch of n points, without arguments. */
static ad_batch batch_of(const cfunction *f, size_t n) {
    ad_batch b = {.program = f->spec.program, .strict = f->spec.strict, .lanes = f->spec.lanes};
    b.ndim = 1;
    b.shape[0] = b.points = n;
    return b;
}

static int begin(const void *self, double *work) {
    const cfunction *f = self;
    if (AD_LOAD_ACQUIRE(&f->freed)) return AD_CORE_FREED;
    if (work == NULL || (uintptr_t)work % sizeof *work != 0) return AD_CORE_BAD_WORK;
    double *arena = aligned(work);
    ad_batch b = batch_of(f, 1);
    memset(arena, 0, HEAD * sizeof *arena);
    ad_point_begin(f->spec.program, arena + HEAD);
    if (f->spec.strict != NULL) ad_point_begin(f->spec.strict, arena + f->strict_at);
    ad_batch_begin(&b, arena + f->batch_at);
    ((work_head *)(void *)arena)->owner = f;
    return AD_CORE_OK;
}

static void load(const cfunction *f, const double *x, double *arena) {
    for (size_t k = 0; k < f->spec.parts; k++) {
        const ad_cfunction_part *part = &f->spec.part[k];
        if (part->count > 0) memcpy(arena + part->first, x, part->count * sizeof *x);
        x += part->count;
    }
}

static int eval_at(const cfunction *f, const double *x, double *y, work_head *head) {
    const ad_program *p = f->spec.program;
    double *arena = (double *)(void *)head + HEAD;
    load(f, x, arena);
    if (ad_point_run(p, arena) != AD_OK) {
        fill_nan(p->outputs, y);
        return AD_CORE_CALL_FAILED;
    }
    if (p->guards > 0) {
        size_t guard = ad_point_guard(p, arena);
        if (guard < p->guards) {
            head->guard = guard;
            head->point = 0;
            fill_nan(p->outputs, y);
            return AD_CORE_BRANCH_CHANGED;
        }
    }
    if (ad_point_store(p, arena, 0, p->outputs, 0, y) && f->spec.strict != NULL) {
        arena = (double *)(void *)head + f->strict_at;
        load(f, x, arena);
        if (ad_point_run(f->spec.strict, arena) != AD_OK) {
            fill_nan(p->outputs, y);
            return AD_CORE_CALL_FAILED;
        }
        ad_point_store(f->spec.strict, arena, 0, p->outputs, 0, y);
    }
    return AD_CORE_OK;
}

static int eval(const void *self, const double *x, double *y, double *work) {
    const cfunction *f = self;
    if (AD_LOAD_ACQUIRE(&f->freed)) return AD_CORE_FREED;
    work_head *head = head_of(f, work);
    return head == NULL ? AD_CORE_BAD_WORK : eval_at(f, x, y, head);
}

/* Give NaN to the points of a block with another branch.  Returns whether there are any; the first
 * one is noted in the head. */
static int note_missed(const cfunction *f, const uint32_t *missed, size_t n, double *y,
                       work_head *head) {
    size_t first = n;
    for (size_t e = n; e-- > 0;) {
        if (missed[e] == 0) continue;
        fill_nan(f->head.n_out, y + e * f->head.n_out);
        first = e;
    }
    if (first == n) return 0;
    head->guard = missed[first] - 1;
    head->point = first;
    return 1;
}

/* The points of a block one by one; the head tells of the first whose branch changed. */
static int eval_each(const cfunction *f, size_t n, const double *x, double *y, work_head *head) {
    int found = AD_CORE_OK;
    size_t guard = 0, point = 0;
    for (size_t e = 0; e < n; e++) {
        int status = eval_at(f, x + e * f->head.n_in, y + e * f->head.n_out, head);
        if (status == AD_CORE_BRANCH_CHANGED && found == AD_CORE_OK) {
            guard = head->guard;
            point = e;
        }
        if (found == AD_CORE_OK || status == AD_CORE_CALL_FAILED) found = status;
    }
    head->guard = guard;
    head->point = point;
    return found;
}

static int eval_block(const cfunction *f, size_t n, const double *x, double *y, work_head *head) {
    if (n < AD_LANES_FROM) return eval_each(f, n, x, y, head);
    ad_batch_input input[AD_CFUNCTION_PARTS] = {0};
    ad_batch_output output = {.data = y, .count = f->head.n_out};
    ad_batch b = batch_of(f, n);
    double *work = (double *)(void *)head;
    size_t at = 0;
    for (size_t k = 0; k < f->spec.parts; k++) {
        input[k].data = (const char *)(x + at);
        input[k].first = f->spec.part[k].first;
        input[k].count = f->spec.part[k].count;
        input[k].stride[0] = (intptr_t)(f->head.n_in * sizeof *x);
        at += input[k].count;
    }
    b.inputs = f->spec.parts;
    b.outputs = 1;
    b.input = input;
    b.output = &output;
    b.missed = f->head.n_guards > 0 ? (uint32_t *)(void *)(work + f->missed_at) : NULL;
    /* A call that fails at one point ends the batch. */
    if (ad_batch_work(&b, work + f->batch_at, NULL) != AD_OK) return eval_each(f, n, x, y, head);
    if (b.missed != NULL && note_missed(f, b.missed, n, y, head)) return AD_CORE_BRANCH_CHANGED;
    return AD_CORE_OK;
}

static int eval_many(const void *self, size_t n, const double *x, double *y, double *work) {
    const cfunction *f = self;
    if (AD_LOAD_ACQUIRE(&f->freed)) return AD_CORE_FREED;
    work_head *head = head_of(f, work);
    if (head == NULL) return AD_CORE_BAD_WORK;
    int found = AD_CORE_OK;
    size_t guard = 0, point = 0;
    for (size_t from = 0, count; from < n; from += count) {
        count = n - from < BLOCK ? n - from : BLOCK;
        int status = eval_block(f, count, x + from * f->head.n_in, y + from * f->head.n_out, head);
        if (status == AD_CORE_BRANCH_CHANGED && found == AD_CORE_OK) {
            guard = head->guard;
            point = from + head->point;
        }
        if (found == AD_CORE_OK || status == AD_CORE_CALL_FAILED) found = status;
    }
    head->guard = guard;
    head->point = point;
    return found;
}

static int guard_of(const void *self, const double *work, size_t *guard, size_t *point) {
    const cfunction *f = self;
    if (AD_LOAD_ACQUIRE(&f->freed)) return AD_CORE_FREED;
    const work_head *head = head_of(f, (double *)(uintptr_t)work);
    if (head == NULL) return AD_CORE_BAD_WORK;
    if (guard != NULL) *guard = head->guard;
    if (point != NULL) *point = head->point;
    return AD_CORE_OK;
}

static const char *line_of(const void *self, size_t guard) {
    const cfunction *f = self;
    if (AD_LOAD_ACQUIRE(&f->freed) || guard >= f->head.n_guards) return "";
    return f->spec.line[guard];
}

const ad_core_function *ad_cfunction_new(const ad_cfunction_spec *spec) {
    cfunction *f = ad_alloc_zeroed(1, sizeof *f);
    if (f == NULL) return NULL;
    f->spec = *spec;
    const ad_program *p = spec->program;
    ad_batch b = batch_of(f, 1);
    size_t guards = p->guards;
    f->strict_at = HEAD + lines(ad_point_room(p));
    f->batch_at = f->strict_at + (spec->strict != NULL ? lines(ad_point_room(spec->strict)) : 0);
    f->missed_at = f->batch_at + lines(ad_batch_room(&b));
    ad_core_function *head = &f->head;
    head->abi = AD_CORE_ABI;
    head->size = sizeof *head;
    for (size_t k = 0; k < spec->parts; k++) head->n_in += spec->part[k].count;
    head->n_out = p->outputs;
    head->n_work = SLACK + f->missed_at;
    if (guards > 0) head->n_work += lines(BLOCK * sizeof(uint32_t) / sizeof(double));
    head->self = f;
    head->begin = begin;
    head->eval = eval;
    head->eval_many = eval_many;
    head->guard = guard_of;
    head->line = line_of;
    head->n_guards = guards;
    head->row = spec->row;
    head->column = spec->column;
    head->n_value = spec->n_value;
    head->n_rows = spec->n_rows;
    head->n_columns = spec->n_columns;
    head->name = spec->name;
    f->next = AD_LOAD_RELAXED(&last_made);
    while (!AD_REPLACE_RELEASE(&last_made, &f->next, f)) {
    }
    return head;
}

void ad_cfunction_release(const ad_core_function *function) {
    cfunction *f = (cfunction *)(uintptr_t)function->self;
    AD_STORE_RELEASE(&f->freed, 1);
    f->head.row = f->head.column = NULL;
    f->head.name = "";
    memset(&f->spec, 0, sizeof f->spec);
}
