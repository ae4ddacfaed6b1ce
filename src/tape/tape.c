/* SPDX-License-Identifier: Apache-2.0 */
#include "tape/tape.h"

#include <string.h>

#include "base/alloc.h"

#define NO_NODE UINT32_MAX
#define LARGE_BYTES ((size_t)1 << 22)
#define MAX_ENTRIES 0xFFFFFFF0u /* partials, lists: their offsets have 32 bits */

void ad_tape_init(ad_tape *tape) {
    memset(tape, 0, sizeof *tape);
    memset(tape->recent, 0xFF, sizeof tape->recent);
    tape->limit = AD_MAX_NODES;
}

static void drop_rules(ad_tape *tape) {
    while (tape->rules > 0) ad_callbacks_get()->drop(tape->rule[--tape->rules]);
}

void ad_tape_free(ad_tape *tape) {
    ad_free(tape->value);
    ad_free(tape->partial);
    ad_free(tape->local.bit);
    if (tape->shares) { /* all other arrays are another tape's */
        ad_tape_init(tape);
        return;
    }
    drop_rules(tape);
    ad_free(tape->rule);
    ad_free(tape->list);
    ad_free(tape->run);
    ad_free(tape->span);
    ad_free(tape->block);
    ad_free(tape->guard);
    ad_free(tape->check);
    ad_free(tape->outcome);
    ad_free(tape->constant);
    ad_tape_init(tape);
}

static size_t bytes(size_t nodes, size_t partials, size_t lists, size_t runs, size_t spans,
                    size_t blocks, size_t guards, size_t checks, size_t outcome_words) {
    return (nodes + partials) * sizeof(double) + (nodes + 63) / 64 * 8 + lists * sizeof(ad_node) +
           runs * sizeof(ad_run) + spans * sizeof(ad_span) + blocks * sizeof(ad_block) +
           guards * sizeof(ad_guard) + checks * sizeof(ad_check) + outcome_words * 8;
}

size_t ad_tape_bytes(const ad_tape *t) {
    return bytes(t->nodes, t->partials, t->lists, t->runs, t->spans, t->blocks, t->guards,
                 t->checks, (t->outcomes + 63) / 64);
}

size_t ad_tape_capacity(const ad_tape *t) {
    return bytes(t->room_nodes, t->room_partials, t->room_lists, t->room_runs, t->room_spans,
                 t->room_blocks, t->room_guards, t->room_checks, t->room_outcomes);
}

/* Reallocate an empty array that has grown step by step in one piece, and so in large pages. */
static void renew(void **memory, size_t *room, size_t size) {
    if (*room * size < LARGE_BYTES) return;
    ad_free(*memory);
    *memory = ad_alloc(*room, size);
    if (*memory == NULL) *room = 0;
}

void ad_tape_reset(ad_tape *tape, size_t keep) {
    if (tape->shares || ad_tape_capacity(tape) > keep) {
        ad_tape_free(tape);
        return;
    }
    drop_rules(tape);
    if (tape->nodes != 0) memset(tape->constant, 0, (tape->nodes + 63) / 64 * 8);
    tape->nodes = tape->partials = tape->lists = tape->runs = 0;
    tape->spans = tape->blocks = tape->guards = tape->checks = tape->outcomes = 0;
    memset(tape->recent, 0xFF, sizeof tape->recent);
    tape->limit = AD_MAX_NODES;
    tape->local.nodes = tape->local.runs = tape->roots = 0;
    if (tape->renewed == tape->room_nodes) return;
    renew((void **)&tape->value, &tape->room_nodes, sizeof *tape->value);
    renew((void **)&tape->partial, &tape->room_partials, sizeof *tape->partial);
    tape->renewed = tape->room_nodes;
}

/* The bitmap of constants grows with the values; its new words are zero. */
static ad_status grow_nodes(ad_tape *tape, size_t need) {
    size_t before = (tape->room_nodes + 63) / 64, room = tape->room_nodes;
    ad_status status = ad_grow((void **)&tape->value, &room, need, sizeof(double));
    if (status != AD_OK) return status;
    size_t words = before;
    size_t wanted = (room + 63) / 64;
    status = ad_grow((void **)&tape->constant, &words, wanted, sizeof(uint64_t));
    if (status != AD_OK) return status;
    memset(tape->constant + before, 0, (words - before) * sizeof(uint64_t));
    tape->room_nodes = room;
    return AD_OK;
}

ad_status ad_tape_reserve(ad_tape *t, size_t nodes, size_t partials, size_t lists, size_t runs,
                          size_t spans, size_t blocks) {
    /* The first comparison of each kind prevents overflow: then every term of a sum is below
     * 2^33. */
    if (t->shares || nodes > AD_MAX_NODES || t->nodes + nodes > t->limit ||
        partials > MAX_ENTRIES || t->partials + partials > MAX_ENTRIES || lists > MAX_ENTRIES ||
        t->lists + lists > MAX_ENTRIES || t->runs + runs > MAX_ENTRIES) {
        return AD_TAPE_FULL;
    }
    ad_status status = AD_OK;
#define ROOM(FIELD, ADD)                                                                     \
    if (status == AD_OK && t->FIELD##s + (ADD) > t->room_##FIELD##s) {                       \
        status = ad_grow((void **)&t->FIELD, &t->room_##FIELD##s, t->FIELD##s + (ADD),       \
                         sizeof *t->FIELD);                                                  \
    }
    if (t->nodes + nodes > t->room_nodes) status = grow_nodes(t, t->nodes + nodes);
    ROOM(partial, partials)
    ROOM(list, lists)
    ROOM(run, runs)
    ROOM(span, spans)
    ROOM(block, blocks)
    return status;
}

ad_status ad_tape_inputs(ad_tape *tape, size_t n, ad_node *first) {
    ad_status status = ad_tape_reserve(tape, n, 0, 0, 0, 0, 0);
    if (status != AD_OK) return status;
    *first = (ad_node)tape->nodes;
    tape->nodes += n;
    return AD_OK;
}

ad_status ad_tape_constants(ad_tape *tape, size_t n, ad_node *first) {
    ad_status status = ad_tape_inputs(tape, n, first);
    if (status != AD_OK) return status;
    size_t node = *first, end = node + n;
    for (; node < end && (node & 63) != 0; node++) {
        tape->constant[node >> 6] |= (uint64_t)1 << (node & 63);
    }
    for (; node + 64 <= end; node += 64) tape->constant[node >> 6] = ~(uint64_t)0;
    for (; node < end; node++) tape->constant[node >> 6] |= (uint64_t)1 << (node & 63);
    return AD_OK;
}

ad_status ad_tape_constant(ad_tape *tape, double value, ad_node *node) {
    uint64_t pattern;
    memcpy(&pattern, &value, sizeof pattern);
    ad_node *seen = &tape->recent[(pattern * 0x9E3779B97F4A7C15u) >> 58];
    if (*seen != NO_NODE && memcmp(&tape->value[*seen], &value, sizeof value) == 0) {
        *node = *seen;
        return AD_OK;
    }
    ad_status status = ad_tape_constants(tape, 1, node);
    if (status != AD_OK) return status;
    tape->value[*node] = value;
    *seen = *node;
    return AD_OK;
}

int ad_are_constant(const ad_tape *tape, const ad_node *nodes, size_t count) {
    for (size_t k = 0; k < count;) { /* 32 at once, without a branch for each */
        size_t end = count - k < 32 ? count : k + 32;
        int all = 1;
        for (; k < end; k++) all &= ad_is_constant(tape, nodes[k]);
        if (!all) return 0;
    }
    return 1;
}

ad_status ad_tape_reserve_guards(ad_tape *t, size_t guards, size_t checks, size_t outcomes) {
    if (t->shares || guards > MAX_ENTRIES || checks > MAX_ENTRIES ||
        t->checks + checks > MAX_ENTRIES) {
        return AD_TAPE_FULL;
    }
    ad_status status =
        ad_grow((void **)&t->guard, &t->room_guards, t->guards + guards, sizeof *t->guard);
    if (status == AD_OK) {
        status = ad_grow((void **)&t->check, &t->room_checks, t->checks + checks, sizeof *t->check);
    }
    if (status == AD_OK) {
        status = ad_grow((void **)&t->outcome, &t->room_outcomes,
                         (t->outcomes + outcomes + 63) / 64, sizeof *t->outcome);
    }
    return status;
}

/* The truth of n numbers, 1 <= n <= 64, as the lowest bits of a word; all true if value is NULL. */
static uint64_t packed(const double *value, size_t n) {
    uint64_t word = 0;
    size_t e = 0;
    if (value == NULL) return ~(uint64_t)0 >> (64 - n);
    for (; e + 8 <= n; e += 8) {
        unsigned byte = 0;
        for (unsigned b = 0; b < 8; b++) byte |= (unsigned)(value[e + b] != 0) << b;
        word |= (uint64_t)byte << e;
    }
    for (; e < n; e++) word |= (uint64_t)(value[e] != 0) << e;
    return word;
}

void ad_tape_note_outcomes(ad_tape *tape, size_t bit, size_t m, const double *value) {
    for (size_t k = 0, end; k < m; k = end) {
        size_t from = (bit + k) & 63;
        end = k + 64 - from < m ? k + 64 - from : m;
        uint64_t word = packed(value != NULL ? value + k : NULL, end - k) << from;
        uint64_t *to = &tape->outcome[(bit + end - 1) >> 6];
        *to = (from == 0 ? 0 : *to & (((uint64_t)1 << from) - 1)) | word;
    }
}

ad_status ad_tape_guard(ad_tape *tape, ad_node first, size_t count) {
    ad_status status = ad_tape_reserve_guards(tape, 1, 0, count);
    if (status != AD_OK || count == 0) return status;
    ad_tape_note_outcomes(tape, tape->outcomes, count, tape->value + first);
    tape->guard[tape->guards++] = (ad_guard){first, (uint32_t)count};
    tape->outcomes += count;
    return AD_OK;
}

size_t ad_scalar_runs(const ad_tape *tape) {
    size_t count = 0;
    for (size_t k = 0; k < tape->runs; k++) count += tape->run[k].form < AD_FORM_SPAN;
    return count;
}

const ad_run *ad_tape_run_of(const ad_tape *tape, ad_node node) {
    size_t low = 0, high = tape->runs;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tape->run[middle].node <= node) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) return NULL;
    const ad_run *run = &tape->run[low - 1];
    return node - run->node < ad_run_count(tape, run) ? run : NULL;
}

static void shift_view(ad_view *view, ad_node nodes, uint32_t lists) {
    if (view->list == AD_AFFINE) {
        view->base += nodes;
    } else {
        view->list += lists;
    }
}

static void shift_run(ad_run *run, ad_node nodes, const ad_tape *to) {
    run->node += nodes;
    run->partial += (uint32_t)to->partials;
    if (run->form == AD_FORM_SPAN) {
        run->a += (uint32_t)to->spans;
    } else if (run->form == AD_FORM_BLOCK) {
        run->a += (uint32_t)to->blocks;
    } else {
        run->a += nodes;
        run->b += nodes;
    }
}

/* Append guards, checks and outcomes; there must be room. */
static void append_guards(ad_tape *to, const ad_tape *from, ad_node base) {
    size_t checks = to->checks;
    for (size_t k = 0; k < from->checks; k++) {
        ad_check *check = &to->check[to->checks++];
        *check = from->check[k];
        for (int j = 0; j < 2; j++) shift_view(&check->operand[j], base, (uint32_t)to->lists);
    }
    for (size_t k = 0; k < from->guards; k++) {
        ad_guard guard = from->guard[k];
        guard.first += guard.count != 0 ? base : (ad_node)checks;
        to->guard[to->guards++] = guard;
    }
    size_t shift = to->outcomes & 63, words = (from->outcomes + 63) / 64;
    for (size_t k = 0; k < words; k++) {
        uint64_t *word = to->outcome + to->outcomes / 64 + k;
        if (shift == 0) {
            word[0] = from->outcome[k];
            continue;
        }
        word[0] = (word[0] & (((uint64_t)1 << shift) - 1)) | from->outcome[k] << shift;
        if (k * 64 + 64 - shift < from->outcomes) word[1] = from->outcome[k] >> (64 - shift);
    }
    to->outcomes += from->outcomes;
}

ad_status ad_tape_append(ad_tape *to, const ad_tape *from, ad_node *offset) {
    return ad_tape_append_after(to, from, 0, offset);
}

ad_status ad_tape_append_after(ad_tape *to, const ad_tape *from, size_t n, ad_node *offset) {
    ad_status status = ad_tape_reserve(to, from->nodes, from->partials, from->lists, from->runs,
                                       from->spans, from->blocks);
    if (status != AD_OK) return status;
    status = ad_tape_reserve_guards(to, from->guards, from->checks, from->outcomes);
    if (status == AD_OK) {
        status =
            ad_grow((void **)&to->rule, &to->room_rules, to->rules + from->rules, sizeof *to->rule);
    }
    if (status != AD_OK) return status;
    ad_node base = *offset = (ad_node)(to->nodes - n);
    size_t added = from->nodes - n;
    if (added != 0) memcpy(to->value + to->nodes, from->value + n, added * sizeof(double));
    if (from->partials != 0) {
        memcpy(to->partial + to->partials, from->partial, from->partials * sizeof(double));
    }
    for (size_t k = n; k < from->nodes; k++) {
        if (ad_is_constant(from, (ad_node)k)) {
            to->constant[(base + k) >> 6] |= (uint64_t)1 << ((base + k) & 63);
        }
    }
    for (size_t k = 0; k < from->lists; k++) to->list[to->lists + k] = from->list[k] + base;
    for (size_t k = 0; k < from->runs; k++) {
        ad_run *run = &to->run[to->runs + k];
        *run = from->run[k];
        shift_run(run, base, to);
    }
    for (size_t k = 0; k < from->spans; k++) {
        ad_span *span = &to->span[to->spans + k];
        *span = from->span[k];
        for (int j = 0; j < AD_MAX_ARITY; j++) {
            span->partial[j] += (uint32_t)to->partials;
            shift_view(&span->operand[j], base, (uint32_t)to->lists);
        }
    }
    for (size_t k = 0; k < from->blocks; k++) {
        ad_block *block = &to->block[to->blocks + k];
        *block = from->block[k];
        block->partial += (uint32_t)to->partials;
        block->rule += (uint32_t)to->rules;
        for (int j = 0; j < 2; j++) shift_view(&block->operand[j], base, (uint32_t)to->lists);
    }
    append_guards(to, from, base);
    for (size_t k = 0; k < from->rules; k++) {
        ad_callbacks_get()->keep(from->rule[k]);
        to->rule[to->rules + k] = from->rule[k];
    }
    if (from->roots > 0) to->roots = base + from->roots;
    to->nodes += added;
    to->rules += from->rules;
    to->partials += from->partials;
    to->lists += from->lists;
    to->runs += from->runs;
    to->spans += from->spans;
    to->blocks += from->blocks;
    return AD_OK;
}
