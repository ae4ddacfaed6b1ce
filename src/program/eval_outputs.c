/* SPDX-License-Identifier: Apache-2.0 */
/* The outputs of a program, copied from the arena of one point to the caller's array. */
#include <stddef.h>
#include <string.h>

#include "program/eval.h"

#define SPARSE 32 /* outputs per stretch below which zeros are written everywhere first */
#define CHECK_BLOCK ((size_t)1 << 12) /* outputs that are tested right after they are written */
#define KNOWN 8   /* the widest rows with a specialised loop */

/* The number of items, out of n, whose position is less than `output`.  Each item begins with its
 * position; items are `size` bytes apart. */
static size_t count_before(const void *items, size_t n, size_t size, size_t output) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        uint32_t position;
        memcpy(&position, (const char *)items + middle * size, sizeof position);
        if (position < output) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Gather entries from the arena. */
static void gather_entries(const ad_output_slot *restrict place, size_t n,
                           const double *restrict arena, double *restrict out) {
    for (size_t k = 0; k < n; k++) out[k] = arena[place[k].slot];
}

/* Rows of a width that is known at compile time, so that one pointer and one stride per output stay
 * in registers. */
static inline void known_rows(const ad_tile_column *column, const size_t width, size_t from,
                              size_t count, const double *restrict arena, double *restrict out) {
    const double *x[KNOWN];
    ptrdiff_t stride[KNOWN];
    for (size_t j = 0; j < width; j++) {
        stride[j] = column[j].stride;
        x[j] = arena + column[j].slot + (ptrdiff_t)from * stride[j];
    }
    for (size_t k = 0; k < count; k++, out += width) {
#pragma GCC unroll 8
        for (size_t j = 0; j < width; j++) {
            out[j] = *x[j];
            x[j] += stride[j];
        }
    }
}

#define WIDTHS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)
#define ROWS_OF(WIDTH)                                                                             \
    static void rows_##WIDTH(const ad_tile_column *column, size_t from, size_t count,                \
                             const double *restrict arena, double *restrict out) {                 \
        known_rows(column, WIDTH, from, count, arena, out);                                        \
    }
WIDTHS(ROWS_OF)

/* Write rows [from, from + count) of a tile. */
static void write_rows(const ad_tile_column *column, size_t width, size_t from, size_t count,
                       const double *restrict arena, double *restrict out) {
#define ROWS_NAME(WIDTH) rows_##WIDTH,
    static void (*const known[])(const ad_tile_column *, size_t, size_t, const double *,
                                 double *) = {NULL, WIDTHS(ROWS_NAME)};
    if (width == 1 && column->stride == 1) {
        memcpy(out, arena + column->slot + from, count * sizeof *out);
        return;
    }
    if (width <= KNOWN) {
        known[width](column, from, count, arena, out);
        return;
    }
    for (size_t k = from; k < from + count; k++) {
        for (size_t j = 0; j < width; j++) {
            *out++ = arena[column[j].slot + (ptrdiff_t)k * column[j].stride];
        }
    }
}

/* Write outputs [first, end) of a program with tiles. */
static void tiled_outputs(const ad_program *p, const double *arena, size_t first, size_t end,
                          double *out) {
    size_t low = count_before(p->tile, p->tiles, sizeof *p->tile, first + 1);
    for (size_t k = first; k < end; low++) {
        const ad_output_tile *tile = &p->tile[low - 1];
        size_t width = tile->width, position = tile->position;
        size_t stop = low < p->tiles ? p->tile[low].position : p->outputs;
        if (stop > end) stop = end;
        size_t row = (k - position + width - 1) / width, last = (stop - position) / width;
        if (row < last) {
            gather_entries(p->place + k, position + row * width - k, arena, out + (k - first));
            k = position + row * width;
            write_rows(p->column + tile->first, width, row, last - row, arena, out + (k - first));
            k = position + last * width;
        }
        gather_entries(p->place + k, stop - k, arena, out + (k - first));
        k = stop;
    }
}

/* Write the outputs one by one, where few slots are adjacent. */
static void scattered_outputs(const ad_program *p, const double *arena, size_t first, size_t end,
                              int zeroed, double *out) {
    if (p->places == p->outputs) { /* all have a slot, as in a sparse Jacobian's entries */
        if (p->tiles > 0) {
            tiled_outputs(p, arena, first, end, out);
        } else {
            gather_entries(p->place + first, end - first, arena, out);
        }
        return;
    }
    if (!zeroed) memset(out, 0, (end - first) * sizeof *out);
    size_t k = count_before(p->place, p->places, sizeof *p->place, first);
    for (; k < p->places && p->place[k].position < end; k++) {
        out[p->place[k].position - first] = arena[p->place[k].slot];
    }
}

void ad_point_outputs(const ad_program *p, const double *arena, size_t first, size_t end,
                      int zeroed, double *out) {
    size_t next = first;
    if (2 * p->stretches > p->places) {
        scattered_outputs(p, arena, first, end, zeroed, out);
        return;
    }
    size_t low = count_before(p->stretch, p->stretches, sizeof *p->stretch, first);
    if (low > 0 && p->stretch[low - 1].position + p->stretch[low - 1].count > first) low--;
    if (!zeroed && p->stretches * SPARSE > end - first) { /* one call instead of one per gap */
        memset(out, 0, (end - first) * sizeof *out);
        zeroed = 1;
    }
    for (; low < p->stretches && p->stretch[low].position < end; low++) {
        const ad_output_stretch *s = &p->stretch[low];
        size_t from = s->position > first ? s->position : first;
        size_t stop = s->position + s->count < end ? s->position + s->count : end;
        const double *x = arena + s->slot + (from - s->position);
        if (!zeroed && from > next) memset(out + (next - first), 0, (from - next) * sizeof *out);
        if (stop - from == 1) {
            out[from - first] = *x;
        } else {
            memcpy(out + (from - first), x, (stop - from) * sizeof *out);
        }
        next = stop;
    }
    if (!zeroed && end > next) memset(out + (next - first), 0, (end - next) * sizeof *out);
}

int ad_point_store(const ad_program *p, const double *arena, size_t first, size_t end, int zeroed,
                   double *out) {
    const ad_eval_table *kernels = ad_eval_kernels();
    int nonfinite = 0;
    if (!p->guarded || end <= p->checked || p->checked_spans > 0) {
        ad_point_outputs(p, arena, first, end, zeroed, out);
        if (!p->guarded || end <= p->checked) return 0;
        for (size_t k = 0; k < p->checked_spans && !nonfinite; k++) {
            nonfinite =
                kernels->nonfinite_row(arena + p->checked_span[k].slot, p->checked_span[k].count);
        }
        return nonfinite;
    }
    for (size_t k = first; k < end; k += CHECK_BLOCK) { /* while they are in the caches */
        size_t stop = end - k < CHECK_BLOCK ? end : k + CHECK_BLOCK;
        size_t from = k < p->checked ? p->checked : k;
        ad_point_outputs(p, arena, k, stop, zeroed, out + (k - first));
        if (from < stop) nonfinite |= kernels->nonfinite_row(out + (from - first), stop - from);
    }
    return nonfinite;
}
