/* SPDX-License-Identifier: Apache-2.0 */
/* The order of the elements within a run, and the slots of their results. */
#include <string.h>

#include "base/alloc.h"
#include "program/schedule.h"

#define NEAR_SLOTS 4096 /* slots that fit the nearest cache: smaller programs reuse none */
#define LINE (AD_LINE / 8) /* doubles of a cache line and of a vector */
#define HOLES 128      /* maximum number of free ranges that are kept */
#define NEVER SIZE_MAX /* the slots of the group are never free again */

/* ---------------------------------------------------------- the order of a group's elements */

#define WINDOW 512     /* elements by which periods are compared */
#define MOST_PERIOD 64 /* the longest period searched for */
#define LEAST 16       /* least number of elements that are transposed */
#define REPEATS 8      /* least number of repetitions of a period */
#define MOST_OPERANDS 8

/* Loops over points with a few numbers each, as in data fitting and mechanics, become operations
 * that repeat a pattern with a short period P, for example x[n, d] - m[k, d] in the order (n, k,
 * d): the operands move by the same steps from each element to the P-th one after it.  Transposed,
 * with n as the innermost index, the operations follow P affine rules instead of a list. */
typedef struct arrangement {
    ad_schedule *s;
    const uint8_t *output; /* a byte per term: outputs keep the order in which they are copied */
    uint32_t *slot;        /* operands of a group's elements, element by element */
    ad_term *copy;
} arrangement;

size_t ad_periodic_length(const uint32_t *slot, size_t n, size_t arity, size_t period) {
    size_t ahead = period * arity, length = 2 * period;
    for (; length < n; length++) {
        const uint32_t *x = slot + (length - 2 * period) * arity;
        for (size_t j = 0; j < arity; j++, x++) {
            if (x[2 * ahead] - x[ahead] != x[ahead] - x[0]) return length;
        }
    }
    return length;
}

size_t ad_period_of(const uint32_t *slot, size_t n, size_t arity, size_t most, size_t repeats,
                    size_t *length) {
    size_t best = 0;
    *length = 0;
    for (size_t period = 1; period <= most && period * repeats <= n; period++) {
        size_t holds = ad_periodic_length(slot, n, arity, period);
        if (holds <= *length || holds < period * repeats) continue;
        best = period;
        *length = holds;
    }
    return best;
}

/* Transpose rows of `period` elements, unless most of them are outputs, which are copied in this
 * order. */
static void transpose_order(const arrangement *x, ad_term *order, size_t rows, size_t period) {
    size_t outputs = 0;
    for (size_t k = 0; k < rows * period; k++) outputs += x->output[order[k]];
    if (2 * outputs > rows * period) return;
    memcpy(x->copy, order, rows * period * sizeof *order);
    for (size_t q = 0; q < period; q++) {
        for (size_t m = 0; m < rows; m++) order[q * rows + m] = x->copy[m * period + q];
    }
}

static void arrange(arrangement *x, const ad_group *group) {
    ad_term *order = x->s->order + group->first;
    size_t arity = ad_job_arity(x->s, order[0]), n = group->count;
    if (n < LEAST || arity > MOST_OPERANDS) return;
    for (size_t k = 0; k < n; k++) {
        for (size_t j = 0; j < arity; j++) {
            x->slot[k * arity + j] = ad_slot_of(x->s, group->first + k, j);
        }
    }
    for (size_t k = 0; k + LEAST <= n;) {
        const uint32_t *slot = x->slot + k * arity;
        size_t seen = n - k < WINDOW ? n - k : WINDOW, length;
        size_t period = ad_period_of(slot, seen, arity, MOST_PERIOD, REPEATS, &length);
        if (period == 0 || length < LEAST) {
            k += LEAST;
            continue;
        }
        size_t rows = ad_periodic_length(slot, n - k, arity, period) / period;
        if (period > 1) transpose_order(x, order + k, rows, period);
        k += rows * period;
    }
}

/* ------------------------------------------------------------------------------- free slots */

typedef struct hole {
    uint32_t at, size;
} hole;

typedef struct space {
    hole hole[HOLES]; /* ascending, and not adjacent to each other */
    size_t holes;
    size_t end;
} space;

static void insert(space *x, size_t k, size_t at, size_t size) {
    if (size == 0 || x->holes == HOLES) return;
    memmove(&x->hole[k + 1], &x->hole[k], (x->holes++ - k) * sizeof(hole));
    x->hole[k] = (hole){(uint32_t)at, (uint32_t)size};
}

static size_t rounded(size_t n) { return (n + LINE - 1) / LINE * LINE; }

/* The first place for `size` slots.  It starts at a cache line if they fill one or more. */
static uint32_t take_slots(space *x, size_t size) {
    for (size_t k = 0; k < x->holes; k++) {
        hole h = x->hole[k];
        size_t at = size < LINE ? h.at : rounded(h.at), end = (size_t)h.at + h.size;
        if (at + size > end) continue;
        memmove(&x->hole[k], &x->hole[k + 1], (--x->holes - k) * sizeof(hole));
        insert(x, k, at + size, end - at - size);
        insert(x, k, h.at, at - h.at);
        return (uint32_t)at;
    }
    size_t at = size < LINE ? x->end : rounded(x->end);
    insert(x, x->holes, x->end, at - x->end);
    x->end = at + size;
    return (uint32_t)at;
}

static void return_slots(space *x, uint32_t at, size_t size) {
    size_t k = 0;
    while (k < x->holes && x->hole[k].at < at) k++;
    int before = k > 0 && x->hole[k - 1].at + x->hole[k - 1].size == at;
    int behind = k < x->holes && at + size == x->hole[k].at;
    if (before && behind) {
        x->hole[k - 1].size += (uint32_t)size + x->hole[k].size;
        memmove(&x->hole[k], &x->hole[k + 1], (--x->holes - k) * sizeof(hole));
    } else if (before) {
        x->hole[k - 1].size += (uint32_t)size;
    } else if (behind) {
        x->hole[k] = (hole){at, (uint32_t)size + x->hole[k].size};
    } else {
        insert(x, k, at, size);
    }
}

/* Affine runs write whole vectors, from any element of a group on. */
static size_t result_room(size_t count) { return count < LINE ? count : rounded(count) + LINE; }

/* For each group, find the last group that reads it, or NEVER if it has outputs. */
static void find_last(const ad_schedule *s, const uint8_t *output, uint32_t *group_of,
                      size_t *last) {
    for (size_t k = 0; k < s->groups; k++) {
        const ad_group *group = &s->group[k];
        last[k] = k;
        for (size_t i = group->first; i < group->first + group->count; i++) {
            ad_term t = s->order[i];
            group_of[t] = (uint32_t)k;
            size_t results = ad_job_results(s, t);
            for (size_t e = 1; e <= results && s->job[t].op == AD_RUN_CALL; e++) {
                group_of[t + e] = (uint32_t)k;
                if (output[t + e]) last[k] = NEVER;
            }
            for (size_t j = 0; j < ad_job_arity(s, t); j++) {
                ad_term from = ad_job_operand(s, t, j);
                if (s->g->vertex[from].op == AD_GRAPH_INPUT ||
                    s->g->vertex[from].op == AD_GRAPH_CONSTANT) {
                    continue;
                }
                if (last[group_of[from]] != NEVER) last[group_of[from]] = k;
            }
            if (output[t]) last[k] = NEVER;
        }
    }
}

static void give_slots(ad_schedule *s, const ad_group *group, uint32_t at) {
    ad_term call = s->order[group->first];
    for (size_t i = 0; i < group->count; i++)
        s->slot[s->order[group->first + i]] = at + (uint32_t)i;
    if (s->job[call].op != AD_RUN_CALL) return;
    for (size_t e = 0; e < ad_job_results(s, call); e++) s->slot[call + 1 + e] = at + (uint32_t)e;
}

/* Give slots to one group after the other.  In a program that exceeds the nearest cache they are
 * reused after their last reader. */
static ad_status place_groups(ad_schedule *s, const uint8_t *output, ad_program *p,
                              arrangement *x) {
    size_t n = s->groups, first = p->inputs + p->constants;
    int reuse = first + s->count + s->results > NEAR_SLOTS;
    space places = {.end = first};
    uint32_t *group_of = ad_alloc(s->g->terms, sizeof *group_of);
    size_t *last = ad_alloc(n, sizeof *last);     /* last reader of each group */
    size_t *head = ad_alloc(n, sizeof *head);     /* groups that a group is the last to read */
    size_t *behind = ad_alloc(n, sizeof *behind); /* the next of those */
    uint32_t *at = ad_alloc(n, sizeof *at);
    int ready = group_of != NULL && last != NULL && head != NULL && behind != NULL && at != NULL;
    if (ready) {
        find_last(s, output, group_of, last);
        memset(head, 0xFF, n * sizeof *head);
    }
    for (size_t k = 0; ready && k < n; k++) {
        const ad_group *group = &s->group[k];
        arrange(x, group);
        if (reuse) {
            at[k] = take_slots(&places, result_room(ad_group_results(s, group)));
        } else {
            at[k] = (uint32_t)places.end;
            places.end += ad_group_results(s, group);
        }
        give_slots(s, group, at[k]);
        if (!reuse) continue;
        if (last[k] != NEVER) {
            behind[k] = head[last[k]];
            head[last[k]] = k;
        }
        for (size_t e = head[k]; e != NEVER; e = behind[e]) {
            return_slots(&places, at[e], result_room(ad_group_results(s, &s->group[e])));
        }
    }
    p->slots = places.end;
    ad_free(group_of);
    ad_free(last);
    ad_free(head);
    ad_free(behind);
    ad_free(at);
    return ready ? AD_OK : AD_NO_MEMORY;
}

/* Place the inputs, then the constants in use. */
static ad_status place_leaves(ad_schedule *s, ad_program *p) {
    const ad_graph *g = s->g;
    p->inputs = g->inputs;
    for (size_t t = 0; t < g->terms; t++) {
        p->constants += g->vertex[t].op == AD_GRAPH_CONSTANT && s->uses[t] > 0;
    }
    p->constant = ad_alloc(p->constants, sizeof *p->constant);
    if (p->constant == NULL) return AD_NO_MEMORY;
    size_t constants = 0;
    for (size_t t = 0; t < g->terms; t++) {
        if (g->vertex[t].op == AD_GRAPH_INPUT) s->slot[t] = g->vertex[t].x[0];
        if (g->vertex[t].op != AD_GRAPH_CONSTANT || s->uses[t] == 0) continue;
        ad_graph_is_constant(g, (ad_term)t, &p->constant[constants]);
        s->slot[t] = (uint32_t)(p->inputs + constants++);
    }
    size_t most = p->inputs + p->constants + s->count + s->results + 2 * LINE * (s->groups + 1);
    return most > INT32_MAX / AD_LANE_POINTS ? AD_TOO_LARGE : AD_OK;
}

static size_t largest_group(const ad_schedule *s) {
    size_t most = 0;
    for (size_t k = 0; k < s->groups; k++) {
        if (s->group[k].count > most) most = s->group[k].count;
    }
    return most;
}

ad_status ad_program_give_slots(ad_schedule *s, const ad_wanted *wanted, ad_program *p) {
    size_t most = largest_group(s);
    uint8_t *output = ad_alloc_zeroed(s->g->terms, 1);
    arrangement x = {s, output, ad_alloc(MOST_OPERANDS * most, sizeof *x.slot),
                     ad_alloc(most, sizeof *x.copy)};
    ad_status status = AD_NO_MEMORY;
    if (output != NULL && x.slot != NULL && x.copy != NULL) {
        for (size_t k = 0; k < wanted->outputs; k++) {
            if (wanted->output[k] != AD_NO_TERM) output[ad_resolved(s->g, wanted->output[k])] = 1;
        }
        for (size_t k = 0; k < wanted->guards; k++) {
            output[ad_resolved(s->g, wanted->guard[k])] = 1;
        }
        status = place_leaves(s, p);
        if (status == AD_OK) status = place_groups(s, output, p, &x);
    }
    ad_free(output);
    ad_free(x.slot);
    ad_free(x.copy);
    return status;
}
