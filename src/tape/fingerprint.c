/* SPDX-License-Identifier: Apache-2.0 */
#include "tape/fingerprint.h"

#include <string.h>

static uint64_t mixed(uint64_t h, uint64_t word) {
    h = (h ^ word) * 0x9E3779B97F4A7C15u; /* 2^64 divided by the golden ratio */
    return h ^ (h >> 32);
}

static uint64_t words(uint64_t h, const void *data, size_t bytes) {
    const char *at = data;
    for (; bytes >= sizeof(uint64_t); bytes -= sizeof(uint64_t), at += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        h = mixed(h, word);
    }
    uint64_t rest = 0;
    if (bytes > 0) memcpy(&rest, at, bytes);
    return mixed(h, rest);
}

static uint64_t extent(uint64_t h, const ad_extent *e) {
    h = mixed(h, (uint64_t)e->ndim << 32 | e->count);
    for (uint32_t d = 0; d < e->ndim && d < AD_DIMS; d++) h = mixed(h, e->size[d]);
    return h;
}

static uint64_t view(uint64_t h, const ad_view *v, const ad_extent *e) {
    if (v->list != AD_AFFINE) return mixed(h, v->list);
    h = mixed(h, v->base);
    for (uint32_t d = 0; d < e->ndim && d < AD_DIMS; d++) h = mixed(h, (uint64_t)v->stride[d]);
    return h;
}

uint64_t ad_tape_fingerprint(const ad_tape *t) {
    uint64_t h = mixed(t->nodes, t->outcomes);
    for (size_t r = 0; r < t->runs; r++) {
        const ad_run *run = &t->run[r];
        h = mixed(h, (uint64_t)run->node << 32 | (uint32_t)run->op << 8 | run->form);
        h = mixed(h, (uint64_t)run->a << 32 | run->b);
    }
    h = words(h, t->list, t->lists * sizeof *t->list);
    for (size_t k = 0; k < t->spans; k++) {
        const ad_span *s = &t->span[k];
        h = mixed(extent(h, &s->extent), s->lag);
        for (int j = 0; j < AD_MAX_ARITY; j++) h = view(h, &s->operand[j], &s->extent);
    }
    for (size_t k = 0; k < t->blocks; k++) {
        const ad_block *b = &t->block[k];
        for (int j = 0; j < 2; j++)
            h = view(extent(h, &b->extent[j]), &b->operand[j], &b->extent[j]);
    }
    for (size_t k = 0; k < t->checks; k++) {
        const ad_check *c = &t->check[k];
        h = extent(mixed(h, c->op), &c->extent);
        for (int j = 0; j < 2; j++) h = view(h, &c->operand[j], &c->extent);
    }
    h = words(h, t->guard, t->guards * sizeof *t->guard);
    h = words(h, t->outcome, t->outcomes / 64 * sizeof *t->outcome);
    size_t rest = t->outcomes % 64;
    return rest == 0 ? h : mixed(h, t->outcome[t->outcomes / 64] << (64 - rest));
}
