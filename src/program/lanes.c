/* SPDX-License-Identifier: Apache-2.0 */
/* The runs of a program again, for batches: every slot is a vector, and is reused after its last
 * reader. */
#include <string.h>

#include "base/alloc.h"
#include "program/program.h"

#define FAR_SLOTS 2048                 /* with more, AD_LANE_POINTS exceed near caches */
#define NEAR_DOUBLES ((size_t)1 << 16) /* of all longer vectors, to fit a cache */
#define CALL_DOUBLES ((size_t)1 << 18) /* the same if calls cost more than cache misses */

typedef struct allocation {
    const ad_program *p;
    uint32_t *in;    /* the value that each slot of the one-point arena holds now */
    uint32_t *uses;  /* remaining readers of each value: inputs, constants, results in order */
    uint32_t *lane;  /* the lane of each value */
    uint32_t *spare; /* free lanes; the last one, still in the caches, is used first */
    size_t spares, lanes;
} allocation;

static void take_lane(allocation *x, uint32_t value) {
    x->lane[value] = x->spares > 0 ? x->spare[--x->spares] : (uint32_t)x->lanes++;
}

static void read(allocation *x, uint32_t value) {
    if (--x->uses[value] == 0) x->spare[x->spares++] = x->lane[value];
}

/* The value that operand j of element k of a run reads. */
static uint32_t operand(const allocation *x, const ad_program_run *run, size_t k, size_t j) {
    return x->in[ad_run_operand(x->p, run, k, j)];
}

/* Place inputs and constants, before the first run.  Returns the number of the first result. */
static uint32_t place_first_values(allocation *x) {
    uint32_t value = 0;
    for (; value < x->p->inputs + x->p->constants; value++) x->in[value] = value;
    return value;
}

static void count_uses(allocation *x) {
    const ad_program *p = x->p;
    uint32_t value = place_first_values(x);
    for (size_t r = 0; r < p->runs; r++) {
        const ad_program_run *run = &p->run[r];
        for (size_t k = 0; k < ad_run_rows(run); k++) {
            for (size_t j = 0; j < run->arity; j++) x->uses[operand(x, run, k, j)]++;
        }
        for (size_t k = 0; k < run->count; k++) x->in[run->out + k] = value++;
    }
    /* constants and outputs have one more reader, so that their lanes are never free */
    for (size_t c = 0; c < p->constants; c++) x->uses[p->inputs + c]++;
    for (size_t k = 0; k < p->places; k++) x->uses[x->in[p->place[k].slot]]++;
    for (size_t k = 0; k < p->guards; k++) x->uses[x->in[p->guard[k].slot]]++;
}

/* Operands, then results.  No result reuses the lane of an operand. */
static uint32_t *write_lane_call(allocation *x, const ad_program_run *run, uint32_t value,
                                 uint32_t *to) {
    for (size_t j = 0; j < run->arity; j++) *to++ = x->lane[operand(x, run, 0, j)];
    for (uint32_t k = 0; k < run->count; k++) {
        take_lane(x, value + k);
        *to++ = x->lane[value + k];
    }
    for (size_t j = 0; j < run->arity; j++) read(x, operand(x, run, 0, j));
    for (uint32_t k = 0; k < run->count; k++) {
        if (x->uses[value + k] == 0) x->spare[x->spares++] = x->lane[value + k];
    }
    return to;
}

static uint32_t *write_lane_run(allocation *x, const ad_program_run *run, uint32_t value,
                                uint32_t *to) {
    if (run->op == AD_RUN_CALL) return write_lane_call(x, run, value, to);
    for (size_t k = 0; k < run->count; k++, to += run->arity + 1) {
        for (size_t j = 0; j < run->arity; j++) to[j + 1] = x->lane[operand(x, run, k, j)];
        /* A result may reuse the lane of an operand, since each element is read before it is
         * written.  A reduction, however, writes before it has read all operands. */
        int reduces = ad_run_reduces(run->op);
        if (reduces) take_lane(x, value + (uint32_t)k);
        for (size_t j = 0; j < run->arity; j++) read(x, operand(x, run, k, j));
        if (!reduces) take_lane(x, value + (uint32_t)k);
        to[0] = x->lane[value + (uint32_t)k];
    }
    return to;
}

/* At how many points one callback evaluates a call; 1 for other runs. */
static size_t most_points(const ad_program *p, const ad_program_run *run) {
    if (run->op != AD_RUN_CALL) return 1;
    return ad_callbacks_get()->most_points(p->rule[run->base[0]].rule, (ad_call_mode)run->base[1]);
}

static void write_records(allocation *x, ad_program *p) {
    uint32_t *to = p->record, value = place_first_values(x);
    for (size_t r = 0; r < p->runs; r++) {
        const ad_program_run *run = &p->run[r];
        p->lane_run[r] = (ad_lane_run){.op = run->op,
                                       .mode = (uint16_t)run->base[1],
                                       .rule = run->base[0],
                                       .at_points = most_points(p, run) > 1,
                                       .count = run->count,
                                       .arity = run->arity,
                                       .first = (size_t)(to - p->record)};
        to = write_lane_run(x, run, value, to);
        for (size_t k = 0; k < run->count; k++) x->in[run->out + k] = value++;
    }
}

static size_t records_of(const ad_program_run *run) {
    if (run->op == AD_RUN_CALL) return (size_t)run->arity + run->count;
    return (size_t)run->count * (run->arity + 1);
}

static void scale_offsets(uint32_t points, size_t n, uint32_t *lane) {
    for (size_t k = 0; k < n; k++) {
        if (lane[k] != AD_NO_TERM) lane[k] *= points;
    }
}

/* The number of points of a vector.  It is larger if a rule is called that takes more points at
 * once, as long as the vectors stay in a cache. */
static uint32_t points_of(const ad_program *p) {
    uint32_t points = p->lane_slots > FAR_SLOTS ? AD_LANE_STEP : AD_LANE_POINTS;
    size_t wanted = points, room = NEAR_DOUBLES;
    for (size_t r = 0; r < p->runs; r++) {
        size_t most = most_points(p, &p->run[r]);
        if (most > wanted) wanted = most;
        if (most > AD_LANE_POINTS && !p->rule[p->run[r].base[0]].elementwise) room = CALL_DOUBLES;
    }
    if (wanted > AD_LANE_CALL_POINTS) wanted = AD_LANE_CALL_POINTS;
    while (2 * points <= wanted && 2 * points * p->lane_slots <= room) points *= 2;
    return points;
}

/* Convert the numbers of lanes to offsets. */
static void lay_out(ad_program *p) {
    const uint32_t points = points_of(p);
    p->lane_points = points;
    p->lane_call_room = p->call_room;
    for (size_t r = 0; r < p->runs; r++) {
        /* all points, and those one by one that the callback leaves */
        size_t room = ((size_t)p->run[r].arity + p->run[r].count) * (points + 1);
        if (most_points(p, &p->run[r]) > 1 && room > p->lane_call_room) p->lane_call_room = room;
    }
    scale_offsets(points, p->records, p->record);
    scale_offsets(points, p->inputs, p->lane_input);
    scale_offsets(points, p->constants, p->lane_constant);
    scale_offsets(points, p->places, p->lane_place);
    scale_offsets(points, p->outputs, p->lane_output);
    scale_offsets(points, p->guards, p->lane_guard);
}

static ad_status allocate_lanes(allocation *x, ad_program *p) {
    size_t records = 0;
    for (size_t r = 0; r < p->runs; r++) {
        records += records_of(&p->run[r]);
    }
    p->lane_run = ad_alloc(p->runs, sizeof *p->lane_run);
    p->record = ad_alloc(records, sizeof *p->record);
    p->lane_input = ad_alloc(p->inputs, sizeof(uint32_t));
    p->lane_constant = ad_alloc(p->constants, sizeof(uint32_t));
    p->lane_place = ad_alloc(p->places, sizeof(uint32_t));
    p->lane_output = ad_alloc(p->outputs, sizeof(uint32_t));
    p->lane_guard = ad_alloc(p->guards, sizeof(uint32_t));
    if (p->lane_run == NULL || p->record == NULL || p->lane_input == NULL ||
        p->lane_constant == NULL || p->lane_place == NULL || p->lane_output == NULL ||
        p->lane_guard == NULL) {
        return AD_NO_MEMORY;
    }
    count_uses(x);
    for (size_t d = 0; d < p->inputs; d++) {
        if (x->uses[d] > 0) take_lane(x, (uint32_t)d);
        p->lane_input[d] = x->uses[d] > 0 ? x->lane[d] : AD_NO_TERM;
    }
    for (size_t c = 0; c < p->constants; c++) {
        take_lane(x, (uint32_t)(p->inputs + c));
        p->lane_constant[c] = x->lane[p->inputs + c];
    }
    write_records(x, p);
    memset(p->lane_output, 0xFF, p->outputs * sizeof(uint32_t));
    for (size_t k = 0; k < p->places; k++) {
        p->lane_place[k] = x->lane[x->in[p->place[k].slot]];
        p->lane_output[p->place[k].position] = p->lane_place[k];
    }
    for (size_t k = 0; k < p->guards; k++) p->lane_guard[k] = x->lane[x->in[p->guard[k].slot]];
    p->records = records;
    p->lane_slots = x->lanes;
    lay_out(p);
    return AD_OK;
}

ad_status ad_program_make_lanes(ad_program *p) {
    if (p->lane_run != NULL) return AD_OK;
    ad_program made = *p;
    allocation x = {.p = p};
    ad_status status = AD_NO_MEMORY;
    size_t values = p->inputs + p->constants;
    for (size_t r = 0; r < p->runs; r++) values += p->run[r].count;
    x.in = ad_alloc(p->slots, sizeof *x.in);
    x.uses = ad_alloc_zeroed(values, sizeof *x.uses);
    x.lane = ad_alloc(values, sizeof *x.lane);
    x.spare = ad_alloc(values, sizeof *x.spare);
    if (x.in != NULL && x.uses != NULL && x.lane != NULL && x.spare != NULL)
        status = allocate_lanes(&x, &made);
    ad_free(x.in);
    ad_free(x.uses);
    ad_free(x.lane);
    ad_free(x.spare);
    if (status == AD_OK) {
        *p = made;
        return AD_OK;
    }
    ad_program_free_lanes(&made);
    return status;
}

void ad_program_free_lanes(ad_program *p) {
    ad_free(p->lane_run);
    ad_free(p->record);
    ad_free(p->lane_input);
    ad_free(p->lane_constant);
    ad_free(p->lane_place);
    ad_free(p->lane_output);
    ad_free(p->lane_guard);
    p->lane_run = NULL;
    p->record = p->lane_input = p->lane_constant = NULL;
    p->lane_place = p->lane_output = p->lane_guard = NULL;
    p->records = p->lane_slots = p->lane_points = p->lane_call_room = 0;
}
