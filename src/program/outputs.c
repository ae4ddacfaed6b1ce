/* SPDX-License-Identifier: Apache-2.0 */
/* The slots from which a program's outputs and guards are read. */
#include <math.h>

#include "base/alloc.h"
#include "program/schedule.h"

#define TILED 256 /* outputs from which on tiles are searched for */
#define WIDEST 16 /* maximum number of outputs in a row of a tile */
#define ROWS 4    /* rows from which on a tile saves work */
#define SPANS 16  /* outputs per span of slots below which the outputs are tested themselves */

/* Append the columns of n outputs from output k on.  `shifted` says that the next row of outputs
 * gives the strides. */
static ad_status append_columns(ad_program *p, size_t *room, size_t k, size_t n, int shifted) {
    if (ad_grow((void **)&p->column, room, p->columns + n, sizeof *p->column) != AD_OK) {
        return AD_NO_MEMORY;
    }
    for (size_t j = k; j < k + n; j++) {
        uint32_t slot = p->place[j].slot, next = shifted ? p->place[j + n].slot : slot;
        p->column[p->columns++] = (ad_tile_column){slot, (int32_t)(next - slot)};
    }
    return AD_OK;
}

static ad_status append_tile(ad_program *p, size_t *room, size_t k, size_t width, size_t rows) {
    if (ad_grow((void **)&p->tile, room, p->tiles + 1, sizeof *p->tile) != AD_OK) {
        return AD_NO_MEMORY;
    }
    p->tile[p->tiles++] =
        (ad_output_tile){(uint32_t)k, (uint32_t)rows, (uint32_t)width, (uint32_t)p->columns};
    return AD_OK;
}

/* Find the spans of slots that hold derivatives.  Finite constants are left out. */
static ad_status find_checked_spans(ad_program *p) {
    uint8_t *holds = ad_alloc_zeroed(p->slots, 1);
    size_t room = 0, end = 0;
    if (holds == NULL) return AD_NO_MEMORY;
    for (size_t k = p->checked; k < p->places; k++) {
        size_t slot = p->place[k].slot, constant = slot - p->inputs;
        int finite =
            slot >= p->inputs && constant < p->constants && isfinite(p->constant[constant]);
        holds[slot] = !finite;
    }
    ad_status status = AD_OK;
    for (size_t slot = 0; slot < p->slots && status == AD_OK; slot++) {
        if (!holds[slot]) continue;
        if (p->checked_spans > 0 && end == slot) {
            p->checked_span[p->checked_spans - 1].count++;
        } else {
            status = ad_grow((void **)&p->checked_span, &room, p->checked_spans + 1,
                             sizeof *p->checked_span);
            if (status == AD_OK)
                p->checked_span[p->checked_spans++] = (ad_slot_span){(uint32_t)slot, 1};
        }
        end = slot + 1;
    }
    ad_free(holds);
    if (p->checked_spans * SPANS > p->places) p->checked_spans = 0;
    return status;
}

/* Find the tiles.  There are none if most outputs follow no rule. */
static ad_status append_tiles(ad_program *p, const uint32_t *slot) {
    size_t tile_room = 0, column_room = 0, single = 0;
    for (size_t k = 0; k < p->places && 2 * single <= p->places;) {
        size_t n = (k < p->checked ? p->checked : p->places) - k, length;
        size_t period = ad_period_of(slot + k, n, 1, WIDEST, ROWS, &length);
        size_t width = period > 0 ? period : 1, rows = period > 0 ? length / period : 1;
        ad_status status = AD_OK;
        if (period == 0 && p->tiles > 0 && p->tile[p->tiles - 1].count == 1) {
            p->tile[p->tiles - 1].width++;
        } else {
            status = append_tile(p, &tile_room, k, width, rows);
        }
        if (status == AD_OK) status = append_columns(p, &column_room, k, width, period > 0);
        if (status != AD_OK) return status;
        single += period == 0;
        k += rows * width;
    }
    if (2 * single > p->places) p->tiles = p->columns = 0;
    return AD_OK;
}

/* Find rules for the entries of a sparse Jacobian, since the rows of a discretised equation are
 * similar.  Outputs between them are tiles of one row.  If these are the majority, gathering all
 * outputs is no slower, and no tiles are kept. */
static ad_status find_tiles(ad_program *p) {
    if (p->places != p->outputs || p->places < TILED || 2 * p->stretches <= p->places) return AD_OK;
    uint32_t *slot = ad_alloc(p->places, sizeof *slot);
    if (slot == NULL) return AD_NO_MEMORY;
    for (size_t k = 0; k < p->places; k++) slot[k] = p->place[k].slot;
    ad_status status = append_tiles(p, slot);
    ad_free(slot);
    return status == AD_OK && p->tiles > 0 ? find_checked_spans(p) : status;
}

ad_status ad_program_write_places(const ad_schedule *s, const ad_wanted *wanted, ad_program *p) {
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
        uint32_t slot = s->slot[ad_resolved(g, wanted->output[k])];
        p->place[places++] = (ad_output_slot){(uint32_t)k, slot};
        ad_output_stretch *last = p->stretches > 0 ? &p->stretch[p->stretches - 1] : NULL;
        if (last != NULL && k != p->checked && last->position + last->count == k &&
            last->slot + last->count == slot) {
            last->count++;
        } else {
            p->stretch[p->stretches++] = (ad_output_stretch){(uint32_t)k, slot, 1};
        }
    }
    for (size_t k = 0; k < p->guards; k++) {
        p->guard[k] =
            (ad_output_slot){wanted->outcome[k], s->slot[ad_resolved(g, wanted->guard[k])]};
    }
    return find_tiles(p);
}
