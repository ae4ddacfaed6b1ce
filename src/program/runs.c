/* SPDX-License-Identifier: Apache-2.0 */
/* From a schedule to runs: which elements follow affine rules, and which are listed. */
#include "base/alloc.h"
#include "program/schedule.h"

#define LEAST_AFFINE 16 /* elements from which on a piece of a run gets an affine rule */
#define VECTOR 8

/* The number of elements from k on, below end, that follow one affine rule.  For reductions the
 * terms of each element must follow it too; the number is 0 if those of the first do not. */
static size_t affine_length(const ad_schedule *s, size_t k, size_t end, ad_program_run *run) {
    size_t arity = run->arity, length = 1;
    if (ad_run_reduces(run->op)) {
        size_t factors = run->op == AD_RUN_DOT ? 2 : 1;
        for (size_t i = 0; i < factors; i++) {
            run->base[i] = ad_slot_of(s, k, i);
            run->inner[i] =
                arity > factors ? (int32_t)(ad_slot_of(s, k, factors + i) - run->base[i]) : 0;
            run->stride[i] = k + 1 < end ? (int32_t)(ad_slot_of(s, k + 1, i) - run->base[i]) : 0;
        }
        for (length = 0; k + length < end; length++) {
            for (size_t j = 0; j < arity; j++) {
                size_t i = j % factors;
                uint32_t slot = run->base[i] + (uint32_t)((int32_t)length * run->stride[i]) +
                                (uint32_t)((int32_t)(j / factors) * run->inner[i]);
                if (ad_slot_of(s, k + length, j) != slot) return length;
            }
        }
        return length;
    }
    for (size_t j = 0; j < arity; j++) {
        run->base[j] = ad_slot_of(s, k, j);
        run->stride[j] = k + 1 < end ? (int32_t)(ad_slot_of(s, k + 1, j) - run->base[j]) : 0;
    }
    for (; k + length < end; length++) {
        for (size_t j = 0; j < arity; j++) {
            if (ad_slot_of(s, k + length, j) !=
                ad_slot_of(s, k + length - 1, j) + (uint32_t)run->stride[j]) {
                return length;
            }
        }
    }
    return length;
}

typedef struct writer {
    ad_program *p;
    size_t room_runs, room_lists;
} writer;

static ad_status write_run(writer *w, const ad_program_run *run) {
    ad_program *p = w->p;
    ad_status status = ad_grow((void **)&p->run, &w->room_runs, p->runs + 1, sizeof *p->run);
    if (status == AD_OK) p->run[p->runs++] = *run;
    return status;
}

/* Write elements [k, k + count) of the order as a list.  The last one is repeated up to a whole
 * vector, except in reductions, whose elements are evaluated one by one. */
static ad_status write_listed(const ad_schedule *s, writer *w, ad_program_run run, size_t k,
                              size_t count) {
    ad_program *p = w->p;
    size_t padded = ad_run_reduces(run.op) ? count : (count + VECTOR - 1) / VECTOR * VECTOR;
    ad_status status =
        ad_grow((void **)&p->list, &w->room_lists, p->lists + padded * run.arity, sizeof *p->list);
    if (status != AD_OK) return status;
    run.form = AD_RUN_LISTED;
    run.count = (uint32_t)count;
    run.out = s->slot[s->order[k]];
    run.first = p->lists;
    for (size_t e = 0; e < padded; e++) {
        size_t from = k + (e < count ? e : count - 1);
        for (size_t j = 0; j < run.arity; j++) p->list[p->lists++] = ad_slot_of(s, from, j);
    }
    return write_run(w, &run);
}

/* Write a call, which reads one list for all its results. */
static ad_status write_call(const ad_schedule *s, writer *w, size_t k) {
    ad_program *p = w->p;
    ad_term t = s->order[k];
    size_t arity = ad_job_arity(s, t);
    ad_program_run run = {
        .op = AD_RUN_CALL,
        .form = AD_RUN_LISTED,
        .arity = (uint32_t)arity,
        .count = (uint32_t)ad_job_results(s, t),
        .out = s->slot[t],
        .base = {s->g->vertex[t].x[2] / AD_CALL_MODES, ad_graph_call_mode(s->g, t)},
        .first = p->lists};
    ad_status status =
        ad_grow((void **)&p->list, &w->room_lists, p->lists + arity, sizeof *p->list);
    if (status != AD_OK) return status;
    for (size_t j = 0; j < arity; j++) p->list[p->lists++] = ad_slot_of(s, k, j);
    return write_run(w, &run);
}

/* Write the elements [k, end), which agree in level, operation and arity, as affine and listed
 * runs. */
static ad_status write_group(const ad_schedule *s, writer *w, size_t k, size_t end) {
    ad_program_run run = {.op = s->job[s->order[k]].op,
                          .arity = (uint32_t)ad_job_arity(s, s->order[k])};
    size_t listed = k;
    if (run.op == AD_RUN_CALL) return write_call(s, w, k);
    while (k < end) {
        size_t length = affine_length(s, k, end, &run);
        size_t worth = ad_run_reduces(run.op) ? length * run.arity / 2 : length;
        if (worth < LEAST_AFFINE) { /* the last element may begin the next piece */
            k += length > 1 && k + length < end ? length - 1 : length > 0 ? length : 1;
            continue;
        }
        ad_status status = AD_OK;
        if (k > listed) status = write_listed(s, w, run, listed, k - listed);
        run.form = AD_RUN_AFFINE;
        run.count = (uint32_t)length;
        run.out = s->slot[s->order[k]];
        if (status == AD_OK) status = write_run(w, &run);
        if (status != AD_OK) return status;
        k += length;
        listed = k;
    }
    return k > listed ? write_listed(s, w, run, listed, k - listed) : AD_OK;
}

ad_status ad_program_write_runs(const ad_schedule *s, ad_program *p) {
    writer w = {p, 0, 0};
    ad_status status = ad_grow((void **)&p->list, &w.room_lists, 1, sizeof *p->list);
    for (size_t k = 0; k < s->groups && status == AD_OK; k++) {
        const ad_group *group = &s->group[k];
        status = write_group(s, &w, group->first, group->first + group->count);
    }
    return status;
}

uint32_t ad_run_operand(const ad_program *p, const ad_program_run *run, size_t k, size_t j) {
    if (run->op == AD_RUN_CALL) return p->list[run->first + j];
    if (run->form == AD_RUN_LISTED) return p->list[run->first + k * run->arity + j];
    if (!ad_run_reduces(run->op)) return run->base[j] + (uint32_t)((int32_t)k * run->stride[j]);
    size_t factors = run->op == AD_RUN_DOT ? 2 : 1, i = j % factors;
    return run->base[i] + (uint32_t)((int32_t)k * run->stride[i]) +
           (uint32_t)((int32_t)(j / factors) * run->inner[i]);
}
