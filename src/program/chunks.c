/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of long runs that are evaluated in interleaved chunks, so that each run finds in the cache
 * what the previous ones have written. */
#include "base/alloc.h"
#include "program/schedule.h"

#define LONG 2048 /* elements of a run from which on this pays */
#define NO_RUN UINT32_MAX

/* Slots [low, high). */
typedef struct slots {
    int64_t low, high;
} slots;

/* The slots of the results, with those after the last that vector loops write too. */
static slots results(const ad_program_run *run) {
    const int64_t vectors = ((int64_t)run->count + AD_SLOT_PADDING - 1) / AD_SLOT_PADDING;
    return (slots){run->out, run->out + vectors * AD_SLOT_PADDING};
}

static slots operands(const ad_program_run *run, size_t j) {
    const int64_t base = run->base[j], reach = (int64_t)(run->count - 1) * run->stride[j];
    return (slots){base + (reach < 0 ? reach : 0), base + (reach > 0 ? reach : 0) + 1};
}

static int disjoint(slots x, slots y) { return x.high <= y.low || y.high <= x.low; }

/* Returns whether element k of an operand is element k of the results of `writer`. */
static int reads_elementwise(const ad_program_run *reader, size_t j, const ad_program_run *writer) {
    return reader->base[j] == writer->out && reader->stride[j] == 1;
}

/* Returns whether interleaved chunks of two runs give the same results as one run after the other.
 * A slot that both access must belong to the same element of both. */
static int runs_interleave(const ad_program_run *earlier, const ad_program_run *later) {
    for (size_t j = 0; j < later->arity; j++) {
        if (!reads_elementwise(later, j, earlier) &&
            !disjoint(operands(later, j), results(earlier)))
            return 0;
    }
    for (size_t j = 0; j < earlier->arity; j++) {
        if (!reads_elementwise(earlier, j, later) &&
            !disjoint(operands(earlier, j), results(later)))
            return 0;
    }
    return earlier->out == later->out || disjoint(results(earlier), results(later));
}

static int is_long(const ad_program_run *run) {
    return run->form == AD_RUN_AFFINE && !ad_run_reduces(run->op) && run->count >= LONG;
}

static int fits(const ad_program *p, size_t first, size_t run) {
    int good = run - first < AD_CHUNK_RUNS && is_long(&p->run[run]) &&
               p->run[run].count == p->run[first].count;
    for (size_t k = first; k < run && good; k++) good = runs_interleave(&p->run[k], &p->run[run]);
    return good;
}

static ad_status append_chunk_group(ad_program *p, size_t *groups, size_t *members, size_t first,
                                    size_t end) {
    if (ad_grow((void **)&p->chunk_group, groups, p->chunk_groups + 1, sizeof *p->chunk_group) !=
            AD_OK ||
        ad_grow((void **)&p->member, members, p->members + end - first, sizeof *p->member) !=
            AD_OK) {
        return AD_NO_MEMORY;
    }
    p->chunk_group[p->chunk_groups++] = (ad_chunk_group){first, end, p->members};
    for (size_t k = first; k < end; k++) p->member[p->members++] = (ad_member){p->run[k], 0};
    return AD_OK;
}

static ad_status find_chunk_groups(ad_program *p) {
    size_t groups = 0, members = 0;
    for (size_t k = 0, end; k < p->runs; k = end) {
        end = k + 1;
        while (is_long(&p->run[k]) && end < p->runs && fits(p, k, end)) end++;
        if (end == k + 1) continue;
        if (append_chunk_group(p, &groups, &members, k, end) != AD_OK) return AD_NO_MEMORY;
    }
    return AD_OK;
}

/* last[r] becomes the last run that reads a result of run r; NO_RUN if an output or guard does. */
static void find_readers(const ad_program *p, uint32_t *writer, uint32_t *last) {
    for (size_t k = 0; k < p->slots; k++) writer[k] = NO_RUN;
    for (size_t r = 0; r < p->runs; r++) {
        const ad_program_run *run = &p->run[r];
        for (size_t k = 0; k < ad_run_rows(run); k++) {
            for (size_t j = 0; j < run->arity; j++) {
                uint32_t from = writer[ad_run_operand(p, run, k, j)];
                if (from != NO_RUN) last[from] = (uint32_t)r;
            }
        }
        for (size_t k = 0; k < run->count; k++) writer[run->out + k] = (uint32_t)r;
    }
    for (size_t k = 0; k < p->places + p->guards; k++) {
        uint32_t slot = k < p->places ? p->place[k].slot : p->guard[k - p->places].slot;
        if (writer[slot] != NO_RUN) last[writer[slot]] = NO_RUN;
    }
}

/* The member of a group that operand j of member k reads, or k if the operand is computed before
 * the group. */
static size_t source(const ad_program *p, const ad_chunk_group *group, size_t k, size_t j) {
    for (size_t from = k; from-- > 0;) {
        if (reads_elementwise(&p->run[group->first + k], j, &p->run[group->first + from]))
            return from;
    }
    return k;
}

/* Give results that only the group reads slots of the group.  Later results reuse these slots after
 * the last reader. */
static void keep_results(ad_program *p, const ad_chunk_group *group, const uint32_t *last) {
    ad_member *member = p->member + group->member;
    size_t count = group->end - group->first, taken[AD_CHUNK_RUNS] = {0}; /* the last reader */
    for (size_t k = 0; k < count; k++) {
        ad_program_run *run = &member[k].run;
        const size_t now = group->first + k;
        for (size_t j = 0; j < run->arity; j++) {
            size_t from = source(p, group, k, j);
            if (from == k || !(member[from].stays & 1)) continue;
            run->base[j] = member[from].run.out;
            member[k].stays |= 2u << j;
        }
        if (last[now] >= group->end) continue;
        size_t place = 0;
        while (taken[place] > now) place++;
        taken[place] = last[now];
        run->out = (uint32_t)(ad_chunk_slot(p) + place * AD_CHUNK_ELEMENTS);
        member[k].stays |= 1;
        const size_t room = (place + 1) * AD_CHUNK_ELEMENTS;
        if (room > p->chunk_room) p->chunk_room = room;
    }
}

ad_status ad_program_group_chunks(ad_program *p) {
    ad_status status = find_chunk_groups(p);
    if (status != AD_OK || p->chunk_groups == 0) return status;
    if (ad_chunk_slot(p) + (size_t)AD_CHUNK_RUNS * AD_CHUNK_ELEMENTS > UINT32_MAX) return AD_OK;
    uint32_t *writer = ad_alloc(p->slots, sizeof *writer);
    uint32_t *last = ad_alloc_zeroed(p->runs, sizeof *last);
    status = writer == NULL || last == NULL ? AD_NO_MEMORY : AD_OK;
    if (status == AD_OK) find_readers(p, writer, last);
    for (size_t k = 0; k < p->chunk_groups && status == AD_OK; k++)
        keep_results(p, &p->chunk_group[k], last);
    ad_free(writer);
    ad_free(last);
    return status;
}
