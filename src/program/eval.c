/* SPDX-License-Identifier: Apache-2.0 */
#include "program/eval.h"

#include <string.h>

#include "base/nonfinite.h"
#include "simd/vmath.h"

static ad_eval_table loops_in_use;

/* Returns whether an expression calls a function of which the platform has a vector version. */
static int has_vector_function(const char *text) {
#define NAME_OF(NAME) #NAME "(",
    static const char *const names[] = {AD_VMATH1(NAME_OF) AD_VMATH2(NAME_OF)};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        if (strstr(text, names[k]) != NULL) return 1;
    }
    return 0;
}

void ad_eval_kernels_use(const ad_eval_table *table) {
    loops_in_use = *table;
    for (unsigned op = 0; op < AD_PROGRAM_OPS; op++) {
        int vector = op < AD_OP_COUNT && has_vector_function(ad_op_rows[op].value);
        if (!vector && ad_eval_scalar[op] != NULL) {
            loops_in_use.point[op][AD_RUN_LISTED] = ad_eval_scalar[op];
        }
    }
}

const ad_eval_table *ad_eval_kernels(void) { return &loops_in_use; }

size_t ad_point_room(const ad_program *p) { return ad_chunk_slot(p) + p->chunk_room; }

size_t ad_lane_room(const ad_program *p) {
    return p->lane_slots * p->lane_points + p->lane_call_room;
}

void ad_point_begin(const ad_program *p, double *arena) {
    memset(arena, 0, ad_point_room(p) * sizeof *arena);
    memcpy(arena + p->inputs, p->constant, p->constants * sizeof *arena);
}

void ad_lane_begin(const ad_program *p, double *arena) {
    memset(arena, 0, ad_lane_room(p) * sizeof *arena);
    for (size_t c = 0; c < p->constants; c++) {
        for (size_t e = 0; e < p->lane_points; e++) {
            arena[p->lane_constant[c] + e] = p->constant[c];
        }
    }
}

/* Call the callback of a rule.  Products with zero seeds are zero without a call. */
static ad_status call_rule(ad_call_rule c, unsigned mode, size_t reads, const double *x,
                           double *out) {
    const ad_callbacks *callbacks = ad_callbacks_get();
    const double *y = x + c.n, *seed = y + c.m;
    size_t p = ad_call_seeds(c, mode, reads), seeds = p * (mode == AD_CALL_PUSH ? c.n : c.m);
    if (mode == AD_CALL_VALUE) return callbacks->value(c.rule, c.n, x, c.m, out);
    if (!ad_any(seeds, seed)) {
        memset(out, 0, ad_call_results(c, mode, p) * sizeof *out);
        return AD_OK;
    }
    if (mode == AD_CALL_PUSH) return callbacks->push(c.rule, c.n, x, c.m, y, p, seed, out);
    return callbacks->pull(c.rule, c.n, x, c.m, y, p, seed, out);
}

static ad_status point_call(const ad_program *p, const ad_program_run *run, double *arena) {
    const uint32_t *list = p->list + run->first;
    double *x = arena + p->slots + AD_SLOT_PADDING;
    for (size_t j = 0; j < run->arity; j++) x[j] = arena[list[j]];
    return call_rule(p->rule[run->base[0]], run->base[1], run->arity, x, arena + run->out);
}

/* Evaluate a chunk group, with runs that advance through their elements. */
static void run_chunks(const ad_member *from, size_t count, double *arena) {
    ad_member member[AD_CHUNK_RUNS];
    const uint32_t elements = from->run.count;
    memcpy(member, from, count * sizeof *member);
    for (uint32_t k = 0, n; k < elements; k += n) {
        n = elements - k < AD_CHUNK_ELEMENTS ? elements - k : AD_CHUNK_ELEMENTS;
        for (ad_member *x = member; x < member + count; x++) {
            ad_program_run *run = &x->run;
            run->count = n;
            loops_in_use.point[run->op][AD_RUN_AFFINE](arena, run, NULL);
            if (!(x->stays & 1)) run->out += n;
            for (uint32_t j = 0; j < run->arity; j++) {
                if (!(x->stays & 2u << j)) run->base[j] += n * (uint32_t)run->stride[j];
            }
        }
    }
}

ad_status ad_point_run(const ad_program *p, double *arena) {
    const ad_chunk_group *group = p->chunk_group, *last = group;
    if (p->chunk_groups > 0) last += p->chunk_groups;
    for (size_t k = 0; k < p->runs; k++) {
        const ad_program_run *run = &p->run[k];
        if (group < last && group->first == k) {
            run_chunks(p->member + group->member, group->end - k, arena);
            k = group++->end - 1;
            continue;
        }
        if (run->op != AD_RUN_CALL) {
            loops_in_use.point[run->op][run->form](arena, run, p->list + run->first);
            continue;
        }
        ad_status status = point_call(p, run, arena);
        if (status != AD_OK) return status;
    }
    return AD_OK;
}

/* Evaluate a call at one point of a vector, with room for what it reads and its results. */
static ad_status lane_call_at(const ad_program *p, const ad_lane_run *run, size_t e, double *arena,
                              double *x) {
    const uint32_t *from = p->record + run->first, *to = from + run->arity;
    double *out = x + run->arity;
    for (size_t j = 0; j < run->arity; j++) x[j] = arena[from[j] + e];
    ad_status status = call_rule(p->rule[run->rule], run->mode, run->arity, x, out);
    if (status != AD_OK) return status;
    for (size_t k = 0; k < run->count; k++) arena[to[k] + e] = out[k];
    return AD_OK;
}

/* Set some[e] to whether one of the seeds of point e is not zero.  Returns whether any is. */
static int note_seeds(const double *seed, size_t seeds, size_t n, unsigned char *some) {
    int any = 0;
    memset(some, 0, n);
    for (size_t k = 0; k < seeds; k++) {
        for (size_t e = 0; e < n; e++) some[e] |= seed[k * n + e] != 0;
    }
    for (size_t e = 0; e < n; e++) any |= some[e];
    return any;
}

/* Evaluate a call at all points with one callback, and then at those that the callback left.
 * Products with zero seeds are zero. */
static ad_status lane_call_points(const ad_program *p, const ad_lane_run *run, size_t n,
                                  double *arena) {
    const uint32_t *from = p->record + run->first, *to = from + run->arity;
    const ad_call_rule *c = &p->rule[run->rule];
    unsigned char left[AD_LANE_CALL_POINTS] = {0}, some[AD_LANE_CALL_POINTS];
    double *x = arena + p->lane_slots * p->lane_points, *out = x + run->arity * n;
    size_t seeds = ad_call_seeds(*c, run->mode, run->arity), known = (size_t)c->n + c->m;
    int product = run->mode != AD_CALL_VALUE;
    ad_status status = AD_OK;
    for (size_t j = 0; j < run->arity; j++) memcpy(x + j * n, arena + from[j], n * sizeof *x);
    if (!product || note_seeds(x + known * n, run->arity - known, n, some)) {
        status = ad_callbacks_get()->at_points(c->rule, (ad_call_mode)run->mode, c->n, c->m, seeds,
                                               n, x, out, left);
    } else {
        memset(out, 0, run->count * n * sizeof *out);
    }
    if (status != AD_OK) return status;
    for (size_t e = 0; e < n && product; e++) {
        for (size_t k = 0; k < run->count && !some[e]; k++) out[k * n + e] = 0;
        if (!some[e]) left[e] = 0;
    }
    for (size_t k = 0; k < run->count; k++) memcpy(arena + to[k], out + k * n, n * sizeof *x);
    for (size_t e = 0; e < n && status == AD_OK; e++) {
        if (left[e]) status = lane_call_at(p, run, e, arena, x);
    }
    return status;
}

static ad_status lane_call(const ad_program *p, const ad_lane_run *run, size_t n, double *arena) {
    double *room = arena + p->lane_slots * p->lane_points;
    ad_status status = AD_OK;
    if (run->at_points) return lane_call_points(p, run, n, arena);
    for (size_t e = 0; e < n && status == AD_OK; e++) status = lane_call_at(p, run, e, arena, room);
    return status;
}

/* A run on vectors of any length, AD_LANE_POINTS points at a time. */
static void lane_run(const ad_lane_run *run, const uint32_t *record, size_t points, double *arena) {
    for (size_t e = 0; e < points; e += AD_LANE_POINTS) {
        size_t m = points - e < AD_LANE_POINTS ? points - e : AD_LANE_POINTS;
        loops_in_use.lane[run->op](arena + e, run, record, m);
    }
}

ad_status ad_lane_run_all(const ad_program *p, size_t n, double *arena) {
    const size_t points = ad_lane_steps(n);
    for (size_t k = 0; k < p->runs; k++) {
        const ad_lane_run *run = &p->lane_run[k];
        if (run->op != AD_RUN_CALL) {
            if (points <= AD_LANE_POINTS) {
                loops_in_use.lane[run->op](arena, run, p->record + run->first, points);
            } else {
                lane_run(run, p->record + run->first, points, arena);
            }
            continue;
        }
        ad_status status = lane_call(p, run, n, arena);
        if (status != AD_OK) return status;
    }
    return AD_OK;
}

size_t ad_point_guard(const ad_program *p, const double *arena) {
    size_t k = 0;
    while (k < p->guards && (arena[p->guard[k].slot] != 0) == (p->guard[k].position != 0)) k++;
    return k;
}
