/* SPDX-License-Identifier: Apache-2.0 */
#include "program/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static const char *const fused_names[] = {
    "sum", "max", "min", "dot", "call",
#define FUSED(NAME, TEXT, ...) TEXT,
#include "program/fused.def"
};

static const char *const fused_formulas[] = {
    NULL, NULL, NULL, NULL, NULL,
#define FUSED(NAME, TEXT, ARITY, VALUE) #VALUE,
#include "program/fused.def"
};

const char *ad_program_formula(unsigned op) {
    return op < AD_OP_COUNT ? ad_op_rows[op].value : fused_formulas[op - AD_OP_COUNT];
}

const char *ad_program_name(unsigned op) {
    return op < AD_OP_COUNT ? ad_op_rows[op].ufunc : fused_names[op - AD_OP_COUNT];
}

/* Find the operations that are needed, and the number of readers of each, from the outputs back. */
static void find_live(ad_schedule *s, const ad_wanted *wanted) {
    const ad_graph *g = s->g;
    for (size_t k = 0; k < wanted->outputs; k++) {
        if (wanted->output[k] != AD_NO_TERM) s->uses[ad_resolved(g, wanted->output[k])]++;
    }
    for (size_t k = 0; k < wanted->guards; k++) s->uses[ad_resolved(g, wanted->guard[k])]++;
    for (size_t t = g->terms; t-- > 0;) {
        const ad_vertex *v = &g->vertex[t];
        ad_job *it = &s->job[t];
        it->op = AD_NO_JOB;
        if (s->uses[t] == 0 || v->op == AD_GRAPH_INPUT || v->op == AD_GRAPH_CONSTANT) continue;
        if (v->op == AD_GRAPH_RESULT) {
            s->uses[v->x[0]]++;
            continue;
        }
        if (v->op == AD_GRAPH_CALL) {
            it->op = AD_RUN_CALL;
        } else if (v->op >= AD_GRAPH_SUM) {
            it->op = (uint16_t)(v->op - AD_GRAPH_SUM + AD_RUN_SUM);
        } else {
            it->op = (uint16_t)(v->op == AD_PRODUCT ? AD_MULTIPLY : v->op);
            it->arity = (uint16_t)ad_op_rows[v->op].arity;
            for (int j = 0; j < it->arity; j++) it->x[j] = ad_resolved(g, v->x[j]);
        }
        for (size_t j = 0; j < ad_job_arity(s, (ad_term)t); j++)
            s->uses[ad_job_operand(s, (ad_term)t, j)]++;
    }
}

/* Returns whether a term is a product with a single reader. */
static int may_join(const ad_schedule *s, ad_term t) {
    return s->uses[t] == 1 && s->job[t].op == AD_MULTIPLY;
}

static void join(ad_schedule *s, ad_term t, ad_term product, unsigned op, ad_term other) {
    ad_job *it = &s->job[t], *p = &s->job[product];
    it->op = (uint16_t)op;
    it->arity = other == AD_NO_TERM ? 2 : 3;
    it->x[0] = p->x[0];
    it->x[1] = p->x[1];
    it->x[2] = other;
    p->op = AD_NO_JOB;
    s->uses[product] = 0;
}

/* A sum all of whose terms are products with a single reader becomes inner products. */
static void join_sum(ad_schedule *s, ad_term t) {
    size_t n = ad_job_arity(s, t);
    for (size_t j = 0; j < n; j++) {
        if (!may_join(s, ad_job_operand(s, t, j))) return;
    }
    for (size_t j = 0; j < n; j++) {
        ad_term product = ad_job_operand(s, t, j);
        s->job[product].op = AD_NO_JOB;
        s->uses[product] = 0;
    }
    s->job[t].op = AD_RUN_DOT;
}

static void fuse(ad_schedule *s) {
    for (size_t k = 0; k < s->g->terms; k++) {
        ad_term t = (ad_term)k;
        const ad_job *it = &s->job[t];
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

/* Sort reductions of one kind by their numbers of terms. */
static ad_status sort_reductions(const ad_schedule *s, ad_term *order, size_t n) {
    if (n < 2) return AD_OK;
    uint64_t *key = ad_alloc(n, sizeof *key);
    if (key == NULL) return AD_NO_MEMORY;
    for (size_t k = 0; k < n; k++) key[k] = (uint64_t)ad_job_arity(s, order[k]) << 32 | order[k];
    qsort(key, n, sizeof *key, by_number);
    for (size_t k = 0; k < n; k++) order[k] = (ad_term)key[k];
    ad_free(key);
    return AD_OK;
}

/* Compute levels, then sort by level and by operation within each level, with counting sorts that
 * keep the order. */
static ad_status sort_operations(ad_schedule *s) {
    size_t terms = s->g->terms, levels = 1;
    for (size_t t = 0; t < terms; t++) {
        uint32_t level = 0;
        if (s->g->vertex[t].op == AD_GRAPH_RESULT) s->level[t] = s->level[s->g->vertex[t].x[0]];
        if (s->job[t].op == AD_NO_JOB) continue;
        for (size_t j = 0; j < ad_job_arity(s, (ad_term)t); j++) {
            uint32_t below = s->level[ad_job_operand(s, (ad_term)t, j)];
            if (below > level) level = below;
        }
        s->level[t] = level + 1;
        if (levels < (size_t)level + 2) levels = (size_t)level + 2;
        s->count++;
        s->results += ad_job_results(s, (ad_term)t) - 1;
    }
    size_t *start = ad_alloc_zeroed(levels + 1, sizeof *start);
    ad_term *row = ad_alloc(s->count, sizeof *row);
    s->order = ad_alloc(s->count, sizeof *s->order);
    if (start == NULL || row == NULL || s->order == NULL) {
        ad_free(start);
        ad_free(row);
        return AD_NO_MEMORY;
    }
    for (size_t t = 0; t < terms; t++) start[s->level[t] + 1] += s->job[t].op != AD_NO_JOB;
    for (size_t k = 0; k < levels; k++) start[k + 1] += start[k];
    for (size_t t = 0; t < terms; t++) {
        if (s->job[t].op != AD_NO_JOB) row[start[s->level[t]]++] = (ad_term)t;
    }
    size_t from = 0;
    ad_status status = AD_OK;
    for (size_t k = 0; k < levels; k++) { /* start[k] is now the end of level k */
        size_t at[AD_PROGRAM_OPS + 1] = {0};
        for (size_t i = from; i < start[k]; i++) at[s->job[row[i]].op + 1]++;
        for (unsigned op = 0; op < AD_PROGRAM_OPS; op++) at[op + 1] += at[op];
        for (size_t i = from; i < start[k]; i++) {
            s->order[from + at[s->job[row[i]].op]++] = row[i];
        }
        for (unsigned op = AD_RUN_SUM; op <= AD_RUN_DOT; op++) { /* at[op] is now the end of op */
            ad_term *first = s->order + from + at[op - 1];
            if (status == AD_OK) status = sort_reductions(s, first, at[op] - at[op - 1]);
        }
        from = start[k];
    }
    ad_free(start);
    ad_free(row);
    return status;
}

static ad_status find_groups(ad_schedule *s) {
    for (size_t k = 0; k < s->count;) {
        ad_term t = s->order[k];
        size_t end = k + 1;
        while (s->job[t].op != AD_RUN_CALL && end < s->count &&
               s->level[s->order[end]] == s->level[t] && s->job[s->order[end]].op == s->job[t].op &&
               ad_job_arity(s, s->order[end]) == ad_job_arity(s, t)) {
            end++;
        }
        if (ad_grow((void **)&s->group, &s->room_groups, s->groups + 1, sizeof *s->group) !=
            AD_OK) {
            return AD_NO_MEMORY;
        }
        s->group[s->groups++] = (ad_group){k, end - k};
        k = end;
    }
    return AD_OK;
}

/* Copy the rules, and find the room that the largest call needs for its operands and results. */
static ad_status copy_rules(const ad_graph *g, ad_program *p) {
    if (g->rules == 0) return AD_OK;
    p->rule = ad_alloc(g->rules, sizeof *p->rule);
    if (p->rule == NULL) return AD_NO_MEMORY;
    memcpy(p->rule, g->rule, g->rules * sizeof *p->rule);
    p->rules = g->rules;
    for (size_t k = 0; k < p->runs; k++) {
        const ad_program_run *run = &p->run[k];
        size_t room = (size_t)run->arity + run->count;
        if (run->op == AD_RUN_CALL && room > p->call_room) p->call_room = room;
    }
    return AD_OK;
}

/* Find whether there are products of derivatives that require a strict program if a result is
 * nonfinite. */
static ad_status find_strict_terms(const ad_graph *g, const ad_wanted *wanted, ad_program *p) {
    uint8_t *strict_terms = ad_alloc(2 * g->terms, 1);
    uint8_t *guards = ad_alloc(g->terms, 1);
    ad_status status = strict_terms == NULL || guards == NULL
                           ? AD_NO_MEMORY
                           : ad_graph_strict_terms(g, strict_terms);
    if (status == AD_OK) {
        uint8_t *live = strict_terms + g->terms;
        ad_graph_live(g, wanted->outputs, wanted->output, live);
        ad_graph_live(g, wanted->guards, wanted->guard, guards);
        for (size_t t = 0; t < g->terms; t++) {
            if (strict_terms[t] && (live[t] || guards[t])) p->guarded = 1;
        }
    }
    ad_free(strict_terms);
    ad_free(guards);
    return status;
}

static ad_status make(const ad_graph *g, const ad_wanted *wanted, int strict, ad_program *p) {
    size_t n = g->terms;
    ad_schedule s = {.g = g};
    ad_status status = AD_NO_MEMORY;
    memset(p, 0, sizeof *p);
    s.job = ad_alloc(n, sizeof *s.job);
    s.uses = ad_alloc_zeroed(n, sizeof *s.uses);
    s.level = ad_alloc_zeroed(n, sizeof *s.level);
    s.slot = ad_alloc_zeroed(n, sizeof *s.slot);
    if (s.job != NULL && s.uses != NULL && s.level != NULL && s.slot != NULL) {
        find_live(&s, wanted);
        status = strict ? AD_OK : find_strict_terms(g, wanted, p);
        fuse(&s);
        if (status == AD_OK) status = sort_operations(&s);
        if (status == AD_OK) status = find_groups(&s);
        if (status == AD_OK) status = ad_program_give_slots(&s, wanted, p);
        if (status == AD_OK) status = ad_program_write_runs(&s, p);
        if (status == AD_OK) status = ad_program_write_places(&s, wanted, p);
        if (status == AD_OK) status = copy_rules(g, p);
        if (status == AD_OK) status = ad_program_group_chunks(p);
    }
    ad_free(s.job);
    ad_free(s.uses);
    ad_free(s.level);
    ad_free(s.slot);
    ad_free(s.order);
    ad_free(s.group);
    if (status != AD_OK) ad_program_free(p);
    return status;
}

/* Make a program of strict terms, which are appended to the graph and removed again. */
static ad_status make_strict(ad_graph *g, const ad_wanted *wanted, ad_program *p) {
    const size_t terms = g->terms, lists = g->lists, n = wanted->outputs, m = wanted->guards;
    ad_wanted forms = *wanted;
    ad_term *outputs = ad_alloc(n + m, sizeof *outputs);
    memset(p, 0, sizeof *p);
    if (outputs == NULL) return AD_NO_MEMORY;
    if (n > 0) memcpy(outputs, wanted->output, n * sizeof *outputs);
    if (m > 0) memcpy(outputs + n, wanted->guard, m * sizeof *outputs);
    ad_status status = ad_graph_strict(g, 0, n + m, outputs);
    forms.output = outputs;
    forms.guard = outputs + n;
    if (status == AD_OK) status = make(g, &forms, 1, p);
    ad_graph_truncate(g, terms, lists);
    ad_free(outputs);
    return status;
}

ad_status ad_program_make(ad_graph *g, const ad_wanted *wanted, int strict, ad_program *p) {
    return strict ? make_strict(g, wanted, p) : make(g, wanted, 0, p);
}

void ad_program_free(ad_program *p) {
    ad_program_free_lanes(p);
    ad_free(p->constant);
    ad_free(p->run);
    ad_free(p->chunk_group);
    ad_free(p->member);
    ad_free(p->list);
    ad_free(p->place);
    ad_free(p->stretch);
    ad_free(p->tile);
    ad_free(p->column);
    ad_free(p->checked_span);
    ad_free(p->guard);
    ad_free(p->rule);
    memset(p, 0, sizeof *p);
}

size_t ad_program_bytes(const ad_program *p) {
    size_t bytes = p->constants * sizeof *p->constant + p->runs * sizeof *p->run +
                   p->chunk_groups * sizeof *p->chunk_group + p->members * sizeof *p->member +
                   p->lists * sizeof *p->list + (p->places + p->guards) * sizeof *p->place +
                   p->stretches * sizeof *p->stretch + p->tiles * sizeof *p->tile +
                   p->columns * sizeof *p->column + p->checked_spans * sizeof *p->checked_span;
    if (p->lane_run != NULL) {
        bytes += p->runs * sizeof *p->lane_run + p->records * sizeof *p->record;
    }
    return bytes;
}

size_t ad_program_operations(const ad_program *p) {
    size_t count = 0;
    for (size_t k = 0; k < p->runs; k++) {
        const ad_program_run *run = &p->run[k];
        if (run->op == AD_RUN_CALL) {
            ad_call_rule c = p->rule[run->base[0]];
            size_t seeds = ad_call_seeds(c, run->base[1], run->arity);
            count += ad_call_operations(c, run->base[1], seeds);
            continue;
        }
        size_t each = run->op >= AD_MULTIPLY_ADD ? 2 : ad_run_reduces(run->op) ? run->arity - 1 : 1;
        count += run->count * each;
    }
    return count;
}
