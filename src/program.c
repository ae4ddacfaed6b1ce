/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

#define LEAST_AFFINE 16 /* elements from which a piece of a run gets an affine rule */
#define VECTOR 8

/* One term while it is being scheduled. */
typedef struct job {
    ad_term x[AD_MAX_ARITY]; /* operands, aliases resolved */
    uint16_t op;             /* of the program; UINT16_MAX: not an operation of its own */
    uint16_t arity;
} job;

#define NO_JOB UINT16_MAX

typedef struct schedule {
    const ad_graph *g;
    int strict;
    job *job;       /* one a term */
    uint32_t *uses; /* 0: dead, or part of another operation */
    uint32_t *level;
    uint32_t *slot;
    ad_term *order; /* operations in the order of evaluation */
    size_t count;
} schedule;

static const char *const fused_names[] = {
    "sum",
    "max",
    "min",
    "dot",
#define FUSED(NAME, TEXT, ...) TEXT,
#include "fused.def"
};

const char *ad_program_name(unsigned op) {
    return op < AD_OP_COUNT ? ad_op_rows[op].ufunc : fused_names[op - AD_OP_COUNT];
}

/* What a stopped gradient stands for: itself, as far as values go. */
static ad_term resolved(const ad_graph *g, ad_term t) {
    while (g->vertex[t].op == AD_STOP) t = g->vertex[t].x[0];
    return t;
}

/* Operand number j; reductions keep theirs in the graph's list. */
static ad_term operand(const schedule *s, ad_term t, size_t j) {
    const job *it = &s->job[t];
    if (!ad_run_reduces(it->op)) return it->x[j];
    if (it->op != AD_RUN_DOT) return resolved(s->g, ad_graph_operand(s->g, t, j));
    return s->job[resolved(s->g, ad_graph_operand(s->g, t, j / 2))].x[j % 2];
}

static size_t arity_of(const schedule *s, ad_term t) {
    size_t terms = s->g->vertex[t].x[1];
    if (s->job[t].op == AD_RUN_DOT) return 2 * terms;
    return ad_run_reduces(s->job[t].op) ? terms : s->job[t].arity;
}

/* A guarded product of a derivative, for which a plain one stands until a result is wild. */
static int relaxed(const schedule *s, size_t t) {
    return !s->strict && s->g->vertex[t].op == AD_GUARDED && t >= s->g->recorded;
}

/* Operations and how often each is read, from the outputs back. */
static void find_live(schedule *s, const ad_wanted *wanted) {
    const ad_graph *g = s->g;
    for (size_t k = 0; k < wanted->outputs; k++) {
        if (wanted->output[k] != AD_NO_TERM) s->uses[resolved(g, wanted->output[k])]++;
    }
    for (size_t k = 0; k < wanted->guards; k++) s->uses[resolved(g, wanted->guard[k])]++;
    for (size_t t = g->terms; t-- > 0;) {
        const ad_vertex *v = &g->vertex[t];
        job *it = &s->job[t];
        it->op = NO_JOB;
        if (s->uses[t] == 0 || v->op == AD_GRAPH_INPUT || v->op == AD_GRAPH_CONSTANT) continue;
        if (v->op >= AD_GRAPH_SUM) {
            it->op = (uint16_t)(v->op - AD_GRAPH_SUM + AD_RUN_SUM);
        } else {
            it->op = (uint16_t)(relaxed(s, t) ? AD_MULTIPLY : v->op);
            it->arity = (uint16_t)ad_op_rows[v->op].arity;
            for (int j = 0; j < it->arity; j++) it->x[j] = resolved(g, v->x[j]);
        }
        for (size_t j = 0; j < arity_of(s, (ad_term)t); j++) s->uses[operand(s, (ad_term)t, j)]++;
    }
}

/* A product read by nobody else. */
static int may_join(const schedule *s, ad_term t) {
    return s->uses[t] == 1 && s->job[t].op == AD_MULTIPLY;
}

static void join(schedule *s, ad_term t, ad_term product, unsigned op, ad_term other) {
    job *it = &s->job[t], *p = &s->job[product];
    it->op = (uint16_t)op;
    it->arity = other == AD_NO_TERM ? 2 : 3;
    it->x[0] = p->x[0];
    it->x[1] = p->x[1];
    it->x[2] = other;
    p->op = NO_JOB;
    s->uses[product] = 0;
}

/* A sum all of whose terms are products read by nobody else. */
static void join_sum(schedule *s, ad_term t) {
    size_t n = arity_of(s, t);
    for (size_t j = 0; j < n; j++) {
        if (!may_join(s, operand(s, t, j))) return;
    }
    for (size_t j = 0; j < n; j++) {
        ad_term product = operand(s, t, j);
        s->job[product].op = NO_JOB;
        s->uses[product] = 0;
    }
    s->job[t].op = AD_RUN_DOT;
}

static void fuse(schedule *s) {
    for (size_t k = 0; k < s->g->terms; k++) {
        ad_term t = (ad_term)k;
        const job *it = &s->job[t];
        if (it->op == AD_RUN_SUM) join_sum(s, t);
        ad_term a = it->x[0], b = it->x[1];
        if (it->op == AD_ADD && may_join(s, b)) {
            join(s, t, b, AD_MULTIPLY_ADD, a);
        } else if (it->op == AD_ADD && may_join(s, a)) {
            join(s, t, a, AD_MULTIPLY_ADD, b);
        } else if (it->op == AD_SUBTRACT && may_join(s, b)) {
            join(s, t, b, AD_SUBTRACT_PRODUCT, a);
        } else if (it->op == AD_SUBTRACT && may_join(s, a)) {
            join(s, t, a, AD_MULTIPLY_SUBTRACT, b);
        } else if (it->op == AD_NEGATIVE && may_join(s, a)) {
            join(s, t, a, AD_NEGATIVE_PRODUCT, AD_NO_TERM);
        }
    }
}

static int by_number(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Reductions of one kind go by their numbers of terms. */
static ad_status sort_reductions(const schedule *s, ad_term *order, size_t n) {
    if (n < 2) return AD_OK;
    uint64_t *key = ad_alloc(n, sizeof *key);
    if (key == NULL) return AD_NO_MEMORY;
    for (size_t k = 0; k < n; k++) key[k] = (uint64_t)arity_of(s, order[k]) << 32 | order[k];
    qsort(key, n, sizeof *key, by_number);
    for (size_t k = 0; k < n; k++) order[k] = (ad_term)key[k];
    ad_free(key);
    return AD_OK;
}

/* Levels, then a counting sort by level and within each by operation; both keep the order. */
static ad_status sort_operations(schedule *s) {
    size_t terms = s->g->terms, levels = 1;
    for (size_t t = 0; t < terms; t++) {
        uint32_t level = 0;
        if (s->job[t].op == NO_JOB) continue;
        for (size_t j = 0; j < arity_of(s, (ad_term)t); j++) {
            uint32_t below = s->level[operand(s, (ad_term)t, j)];
            if (below > level) level = below;
        }
        s->level[t] = level + 1;
        if (levels < (size_t)level + 2) levels = (size_t)level + 2;
        s->count++;
    }
    size_t *start = ad_alloc_zeroed(levels + 1, sizeof *start);
    ad_term *row = ad_alloc(s->count, sizeof *row);
    s->order = ad_alloc(s->count, sizeof *s->order);
    if (start == NULL || row == NULL || s->order == NULL) {
        ad_free(start);
        ad_free(row);
        return AD_NO_MEMORY;
    }
    for (size_t t = 0; t < terms; t++) start[s->level[t] + 1] += s->job[t].op != NO_JOB;
    for (size_t k = 0; k < levels; k++) start[k + 1] += start[k];
    for (size_t t = 0; t < terms; t++) {
        if (s->job[t].op != NO_JOB) row[start[s->level[t]]++] = (ad_term)t;
    }
    size_t from = 0;
    ad_status status = AD_OK;
    for (size_t k = 0; k < levels; k++) { /* start[k] is where level k ends by now */
        size_t at[AD_PROGRAM_OPS + 1] = {0};
        for (size_t i = from; i < start[k]; i++) at[s->job[row[i]].op + 1]++;
        for (unsigned op = 0; op < AD_PROGRAM_OPS; op++) at[op + 1] += at[op];
        for (size_t i = from; i < start[k]; i++) {
            s->order[from + at[s->job[row[i]].op]++] = row[i];
        }
        for (unsigned op = AD_RUN_SUM; op <= AD_RUN_DOT; op++) { /* at[op] is its end by now */
            ad_term *first = s->order + from + at[op - 1];
            if (status == AD_OK) status = sort_reductions(s, first, at[op] - at[op - 1]);
        }
        from = start[k];
    }
    ad_free(start);
    ad_free(row);
    return status;
}

/* ------------------------------------------------------------------------ runs of one point */

/* Inputs first, then the constants in use, then the operations as they are evaluated. */
static ad_status give_slots(schedule *s, ad_program *p) {
    const ad_graph *g = s->g;
    p->inputs = g->inputs;
    for (size_t t = 0; t < g->terms; t++) {
        p->constants += g->vertex[t].op == AD_GRAPH_CONSTANT && s->uses[t] > 0;
    }
    p->slots = p->inputs + p->constants + s->count;
    if (p->slots > INT32_MAX / AD_LANE_POINTS) return AD_TOO_LARGE;
    p->constant = ad_alloc(p->constants, sizeof *p->constant);
    if (p->constant == NULL) return AD_NO_MEMORY;
    size_t constants = 0;
    for (size_t t = 0; t < g->terms; t++) {
        if (g->vertex[t].op == AD_GRAPH_INPUT) s->slot[t] = g->vertex[t].x[0];
        if (g->vertex[t].op != AD_GRAPH_CONSTANT || s->uses[t] == 0) continue;
        ad_graph_is_constant(g, (ad_term)t, &p->constant[constants]);
        s->slot[t] = (uint32_t)(p->inputs + constants++);
    }
    for (size_t k = 0; k < s->count; k++) {
        s->slot[s->order[k]] = (uint32_t)(p->inputs + p->constants + k);
    }
    return AD_OK;
}

static uint32_t slot_of(const schedule *s, size_t k, size_t j) {
    return s->slot[operand(s, s->order[k], j)];
}

/* How many elements from k on, below end, follow one affine rule.  For reductions the terms of
 * each must too; none at all if those of the first do not. */
static size_t affine_length(const schedule *s, size_t k, size_t end, ad_program_run *run) {
    size_t arity = run->arity, length = 1;
    if (ad_run_reduces(run->op)) {
        size_t factors = run->op == AD_RUN_DOT ? 2 : 1;
        for (size_t i = 0; i < factors; i++) {
            run->base[i] = slot_of(s, k, i);
            run->inner[i] =
                arity > factors ? (int32_t)(slot_of(s, k, factors + i) - run->base[i]) : 0;
            run->stride[i] = k + 1 < end ? (int32_t)(slot_of(s, k + 1, i) - run->base[i]) : 0;
        }
        for (length = 0; k + length < end; length++) {
            for (size_t j = 0; j < arity; j++) {
                size_t i = j % factors;
                uint32_t slot = run->base[i] + (uint32_t)((int32_t)length * run->stride[i]) +
                                (uint32_t)((int32_t)(j / factors) * run->inner[i]);
                if (slot_of(s, k + length, j) != slot) return length;
            }
        }
        return length;
    }
    for (size_t j = 0; j < arity; j++) {
        run->base[j] = slot_of(s, k, j);
        run->stride[j] = k + 1 < end ? (int32_t)(slot_of(s, k + 1, j) - run->base[j]) : 0;
    }
    for (; k + length < end; length++) {
        for (size_t j = 0; j < arity; j++) {
            if (slot_of(s, k + length, j) !=
                slot_of(s, k + length - 1, j) + (uint32_t)run->stride[j]) {
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

/* Elements [k, k + count) of the order as a list, the last one repeated up to a whole vector
 * (but for reductions, which go one by one). */
static ad_status write_listed(const schedule *s, writer *w, ad_program_run run, size_t k,
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
        for (size_t j = 0; j < run.arity; j++) p->list[p->lists++] = slot_of(s, from, j);
    }
    return write_run(w, &run);
}

/* The elements [k, end), alike in level, operation and arity, as affine and listed pieces. */
static ad_status write_group(const schedule *s, writer *w, size_t k, size_t end) {
    ad_program_run run = {.op = s->job[s->order[k]].op,
                          .arity = (uint32_t)arity_of(s, s->order[k])};
    size_t listed = k;
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

static ad_status write_runs(const schedule *s, ad_program *p) {
    writer w = {p, 0, 0};
    for (size_t k = 0; k < s->count;) {
        ad_term t = s->order[k];
        size_t end = k + 1;
        while (end < s->count && s->level[s->order[end]] == s->level[t] &&
               s->job[s->order[end]].op == s->job[t].op &&
               arity_of(s, s->order[end]) == arity_of(s, t)) {
            end++;
        }
        ad_status status = write_group(s, &w, k, end);
        if (status != AD_OK) return status;
        k = end;
    }
    return AD_OK;
}

static ad_status write_places(const schedule *s, const ad_wanted *wanted, ad_program *p) {
    const ad_graph *g = s->g;
    p->outputs = wanted->outputs;
    p->checked = wanted->checked;
    for (size_t k = 0; k < wanted->outputs; k++) p->places += wanted->output[k] != AD_NO_TERM;
    p->guards = wanted->guards;
    p->place = ad_alloc(p->places, sizeof *p->place);
    p->stretch = ad_alloc(p->places, sizeof *p->stretch);
    p->guard = ad_alloc(p->guards, sizeof *p->guard);
    if (p->place == NULL || p->stretch == NULL || p->guard == NULL) return AD_NO_MEMORY;
    size_t places = 0;
    for (size_t k = 0; k < wanted->outputs; k++) {
        if (wanted->output[k] == AD_NO_TERM) continue;
        uint32_t slot = s->slot[resolved(g, wanted->output[k])];
        p->place[places++] = (ad_place_of){(uint32_t)k, slot};
        ad_stretch_of *last = p->stretches > 0 ? &p->stretch[p->stretches - 1] : NULL;
        if (last != NULL && k != p->checked && last->position + last->count == k &&
            last->slot + last->count == slot) {
            last->count++;
        } else {
            p->stretch[p->stretches++] = (ad_stretch_of){(uint32_t)k, slot, 1};
        }
    }
    for (size_t k = 0; k < p->guards; k++) {
        p->guard[k] = (ad_place_of){wanted->outcome[k], s->slot[resolved(g, wanted->guard[k])]};
    }
    return AD_OK;
}

ad_status ad_program_make(const ad_graph *g, const ad_wanted *wanted, int strict, ad_program *p) {
    size_t n = g->terms;
    schedule s = {.g = g, .strict = strict};
    ad_status status = AD_NO_MEMORY;
    memset(p, 0, sizeof *p);
    s.job = ad_alloc(n, sizeof *s.job);
    s.uses = ad_alloc_zeroed(n, sizeof *s.uses);
    s.level = ad_alloc_zeroed(n, sizeof *s.level);
    s.slot = ad_alloc_zeroed(n, sizeof *s.slot);
    if (s.job != NULL && s.uses != NULL && s.level != NULL && s.slot != NULL) {
        find_live(&s, wanted);
        for (size_t t = 0; t < n && !strict; t++) {
            p->guarded |= s.uses[t] > 0 && relaxed(&s, t);
        }
        fuse(&s);
        status = sort_operations(&s);
        if (status == AD_OK) status = give_slots(&s, p);
        if (status == AD_OK) status = write_runs(&s, p);
        if (status == AD_OK) status = write_places(&s, wanted, p);
    }
    ad_free(s.job);
    ad_free(s.uses);
    ad_free(s.level);
    ad_free(s.slot);
    ad_free(s.order);
    if (status != AD_OK) ad_program_free(p);
    return status;
}

void ad_program_free(ad_program *p) {
    ad_program_free_lanes(p);
    ad_free(p->constant);
    ad_free(p->run);
    ad_free(p->list);
    ad_free(p->place);
    ad_free(p->stretch);
    ad_free(p->guard);
    memset(p, 0, sizeof *p);
}

uint32_t ad_run_operand(const ad_program *p, const ad_program_run *run, size_t k, size_t j) {
    if (run->form == AD_RUN_LISTED) return p->list[run->first + k * run->arity + j];
    if (!ad_run_reduces(run->op)) return run->base[j] + (uint32_t)((int32_t)k * run->stride[j]);
    size_t factors = run->op == AD_RUN_DOT ? 2 : 1, i = j % factors;
    return run->base[i] + (uint32_t)((int32_t)k * run->stride[i]) +
           (uint32_t)((int32_t)(j / factors) * run->inner[i]);
}

size_t ad_program_bytes(const ad_program *p) {
    size_t bytes = p->constants * sizeof *p->constant + p->runs * sizeof *p->run +
                   p->lists * sizeof *p->list + (p->places + p->guards) * sizeof *p->place;
    if (p->lane_run != NULL) {
        bytes += p->runs * sizeof *p->lane_run + p->records * sizeof *p->record;
    }
    return bytes;
}

size_t ad_program_operations(const ad_program *p) {
    size_t count = 0;
    for (size_t k = 0; k < p->runs; k++) {
        const ad_program_run *run = &p->run[k];
        size_t each = run->op >= AD_MULTIPLY_ADD ? 2 : ad_run_reduces(run->op) ? run->arity - 1 : 1;
        count += run->count * each;
    }
    return count;
}
