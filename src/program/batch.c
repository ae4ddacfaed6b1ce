/* SPDX-License-Identifier: Apache-2.0 */
#include "program/batch_input.h"

#include <string.h>

#include "base/atomic.h"

#define PIECE 256  /* points that a thread takes at a time */
#define STAGED 8   /* points whose results are written to a stage in the arena first */
#define STAGE 4096 /* maximum number of results per point for which there is a stage */
#define STREAM_FROM ((size_t)1 << 19) /* number of results in all that exceeds the near caches */

/* The size of the stage, which holds results of some points as they are copied to memory.  Its
 * zeros are written only once. */
static size_t stage_of(const ad_program *p) {
    return p->outputs <= STAGE ? STAGED * p->outputs : 0;
}

static size_t lanes_of(const ad_program *p) { return (ad_lane_room(p) + 7) / 8 * 8; }

static size_t program_room(const ad_batch *b, const ad_program *p) {
    size_t room = b->lanes ? lanes_of(p) + stage_of(p) : ad_point_room(p);
    return (room + 7) / 8 * 8;
}

size_t ad_batch_room(const ad_batch *b) {
    return program_room(b, b->program) + (b->strict != NULL ? program_room(b, b->strict) : 0);
}

static void begin_program(const ad_batch *b, const ad_program *p, double *arena) {
    if (b->lanes) {
        ad_lane_begin(p, arena);
        memset(arena + lanes_of(p), 0, stage_of(p) * sizeof *arena);
    } else {
        ad_point_begin(p, arena);
    }
}

void ad_batch_begin(const ad_batch *b, double *arena) {
    begin_program(b, b->program, arena);
    if (b->strict != NULL) begin_program(b, b->strict, arena + program_room(b, b->program));
}

static void store_lanes(const ad_batch *b, const ad_program *p, size_t from, size_t n, int again,
                        double *arena) {
    double *stage = stage_of(p) > 0 ? arena + lanes_of(p) : NULL;
    for (size_t a = 0; a < b->outputs; a++) {
        const ad_batch_output *y = &b->output[a];
        const uint32_t *offset = p->lane_output + y->first;
        double *out = y->data + from * y->count;
        if (stage == NULL) {
            ad_eval_kernels()->rows(arena, offset, n, y->count, y->zeroed && !again, out);
            continue;
        }
        for (size_t e = 0; e < n; e += STAGED) {
            size_t m = n - e < STAGED ? n - e : STAGED;
            ad_eval_kernels()->rows(arena + e, offset, m, y->count, 1, stage);
            if (b->points * p->outputs >= STREAM_FROM) {
                ad_eval_kernels()->stream(out + e * y->count, stage, m * y->count);
            } else {
                memcpy(out + e * y->count, stage, m * y->count * sizeof *out);
            }
        }
        stage += STAGED * y->count;
    }
}

/* Store the results of a point.  Returns whether a result requires the strict program. */
static int store_point(const ad_batch *b, const ad_program *p, size_t point, int again,
                       const double *arena) {
    int nonfinite = 0;
    for (size_t a = 0; a < b->outputs; a++) {
        const ad_batch_output *y = &b->output[a];
        nonfinite |= ad_point_store(p, arena, y->first, y->first + y->count, y->zeroed && !again,
                                    y->data + point * y->count);
    }
    return nonfinite;
}

static void note_guards(const ad_batch *b, size_t from, size_t n, const double *arena) {
    const ad_program *p = b->program;
    if (b->missed == NULL) return;
    uint32_t *missed = b->missed + from;
    memset(missed, 0, n * sizeof *missed);
    for (size_t k = p->guards; k-- > 0;) { /* the first one that differs is written last */
        const double *outcome = arena + p->lane_guard[k];
        int expected = p->guard[k].position != 0;
        for (size_t e = 0; e < n; e++) {
            missed[e] = (outcome[e] != 0) != expected ? (uint32_t)k + 1 : missed[e];
        }
    }
}

/* Returns whether to run the strict program.  If it is required but missing, this is noted in the
 * batch. */
static int needs_strict(ad_batch *b, int nonfinite) {
    if (!nonfinite) return 0;
    if (b->strict == NULL) AD_STORE_RELAXED(&b->nonfinite, 1);
    return b->strict != NULL;
}

static int lanes_nonfinite(const ad_program *p, const double *arena, size_t n) {
    size_t first = p->places;
    while (first > 0 && p->place[first - 1].position >= p->checked) first--;
    for (size_t e = 0; e < n; e += AD_LANE_POINTS) {
        size_t m = n - e < AD_LANE_POINTS ? n - e : AD_LANE_POINTS;
        if (ad_eval_kernels()->nonfinite(arena + e, p->places - first, p->lane_place + first, m))
            return 1;
    }
    return 0;
}

/* Run the points again with the strict program. */
static ad_status strict_block(const ad_batch *b, size_t from, size_t n, double *arena) {
    const ad_program *p = b->strict;
    ad_status status = AD_OK;
    for (size_t k = 0, m; k < n && status == AD_OK; k += m) {
        m = n - k < p->lane_points ? n - k : p->lane_points;
        status = ad_batch_load_lanes(b, p, from + k, m, arena);
        if (status == AD_OK) status = ad_lane_run_all(p, m, arena);
        if (status == AD_OK) store_lanes(b, p, from + k, m, 1, arena);
    }
    return status;
}

static ad_status lanes_block(ad_batch *b, size_t from, size_t n, double *arena, double *strict) {
    const ad_program *p = b->program;
    ad_status status = ad_batch_load_lanes(b, p, from, n, arena);
    if (status == AD_OK) status = ad_lane_run_all(p, n, arena);
    if (status != AD_OK) return status;
    note_guards(b, from, n, arena);
    store_lanes(b, p, from, n, 0, arena);
    if (p->guarded && needs_strict(b, lanes_nonfinite(p, arena, n))) {
        status = strict_block(b, from, n, strict);
    }
    return status;
}

static ad_status point_block(ad_batch *b, size_t from, size_t n, double *arena, double *strict) {
    const ad_program *p = b->program;
    ad_status status = AD_OK;
    for (size_t k = from; k < from + n && status == AD_OK; k++) {
        status = ad_batch_load_point(b, k, arena);
        if (status == AD_OK) status = ad_point_run(p, arena);
        if (status != AD_OK) return status;
        if (b->missed != NULL) {
            size_t guard = ad_point_guard(p, arena);
            b->missed[k] = guard < p->guards ? (uint32_t)guard + 1 : 0;
        }
        if (needs_strict(b, store_point(b, p, k, 0, arena))) {
            status = ad_batch_load_point(b, k, strict);
            if (status == AD_OK) status = ad_point_run(b->strict, strict);
            if (status == AD_OK) store_point(b, b->strict, k, 1, strict);
        }
    }
    return status;
}

static size_t piece_of(const ad_batch *b) {
    if (!b->lanes) return 1;
    return b->program->lane_points > PIECE ? b->program->lane_points : PIECE;
}

size_t ad_batch_pieces(const ad_batch *b) { return (b->points + piece_of(b) - 1) / piece_of(b); }

ad_status ad_batch_work(ad_batch *b, double *arena, const ad_batch_poll *poll) {
    double *strict = arena + program_room(b, b->program);
    size_t take = piece_of(b), most = b->lanes ? b->program->lane_points : 1;
    for (;;) {
        size_t from = AD_ADD_RELAXED(&b->next, take);
        if (from >= b->points) return AD_OK;
        size_t end = b->points - from < take ? b->points : from + take;
        while (from < end) {
            size_t n = end - from < most ? end - from : most;
            ad_status status = (b->lanes ? lanes_block : point_block)(b, from, n, arena, strict);
            if (status != AD_OK) {
                AD_STORE_RELAXED(&b->stop, 1);
                return status;
            }
            from += n;
        }
        if (poll != NULL && poll->stop(poll->context, end)) {
            AD_STORE_RELAXED(&b->stop, 1);
        }
        if (AD_LOAD_RELAXED(&b->stop)) return AD_INTERRUPTED;
    }
}
