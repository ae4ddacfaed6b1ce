/* SPDX-License-Identifier: Apache-2.0 */
#include "program/batch_input.h"

#include <string.h>

#include "base/alloc.h"

/* Compute the offsets in bytes of points [from, from + n) of an argument. */
static void point_offsets(const ad_batch *b, const ad_batch_input *x, size_t from, size_t n,
                          intptr_t offset[]) {
    if (b->ndim == 1) {
        for (size_t e = 0; e < n; e++) offset[e] = (intptr_t)(from + e) * x->stride[0];
        return;
    }
    for (size_t e = 0; e < n; e++) {
        size_t rest = from + e;
        offset[e] = 0;
        for (int d = b->ndim - 1; d >= 0; d--) {
            offset[e] += (intptr_t)(rest % b->shape[d]) * x->stride[d];
            rest /= b->shape[d];
        }
    }
}

static double number_at(const char *from) {
    double x;
    memcpy(&x, from, sizeof x); /* the caller's numbers may be unaligned */
    return x;
}

/* Prefetch the numbers of the next block, `ahead` bytes further on. */
static void prefetch(const char *const row[AD_LANE_POINTS], size_t points, size_t count,
                     intptr_t ahead) {
    for (size_t e = 0; e < points; e++) {
        const uintptr_t from = (uintptr_t)row[e] + (uintptr_t)ahead;
        for (size_t k = 0; k < count * sizeof(double); k += AD_LINE) {
            __builtin_prefetch((const char *)(from + k));
        }
    }
}

/* Row number k of a list, counted from the first row. */
static inline int64_t row_number(const char *list, size_t k, size_t rows, const int narrow) {
    int32_t word;
    int64_t number;
    if (narrow) {
        memcpy(&word, list + k * sizeof word, sizeof word);
        number = word;
    } else {
        memcpy(&number, list + k * sizeof number, sizeof number);
    }
    return number < 0 ? number + (int64_t)rows : number;
}

/* The row that number k of a list refers to, or NULL if it is out of range. */
static const char *row_of_number(const ad_rows *rows, const char *list, size_t k) {
    int64_t number = row_number(list, k, rows->count, rows->narrow);
    return (uint64_t)number < rows->count ? rows->data + number * rows->step : NULL;
}

static ad_status gather_rows(const ad_batch_input *x, const char *const list[AD_LANE_POINTS],
                             size_t points, const uint32_t *slot, double *arena) {
    const char *row[AD_LANE_POINTS];
    for (size_t k = 0; k * x->rows->length < x->count; k++) {
        for (size_t e = 0; e < points; e++) {
            row[e] = row_of_number(x->rows, list[e], k);
            if (row[e] == NULL) return AD_BAD_INDEX;
        }
        ad_eval_kernels()->columns(row, points, x->rows->length, slot + k * x->rows->length, arena);
    }
    return AD_OK;
}

/* The same for rows of one double, without a call for each. */
static inline ad_status gather_numbers(const ad_rows *rows, size_t count, const int narrow,
                                       const char *const list[AD_LANE_POINTS], size_t points,
                                       const uint32_t *slot, double *arena) {
    double unread[AD_LANE_POINTS];
    for (size_t k = 0; k < count; k++) {
        double *to = slot[k] == AD_NO_TERM ? unread : arena + slot[k];
        for (size_t e = 0; e < points; e++) {
            int64_t number = row_number(list[e], k, rows->count, narrow);
            if ((uint64_t)number >= rows->count) return AD_BAD_INDEX;
            to[e] = number_at(rows->data + number * rows->step);
        }
    }
    return AD_OK;
}

static ad_status gather_input(const ad_batch_input *x, const char *const list[AD_LANE_POINTS],
                              size_t points, const uint32_t *slot, double *arena) {
    if (x->rows->length != 1) return gather_rows(x, list, points, slot, arena);
    return x->rows->narrow ? gather_numbers(x->rows, x->count, 1, list, points, slot, arena)
                           : gather_numbers(x->rows, x->count, 0, list, points, slot, arena);
}

/* Load at most AD_LANE_POINTS points. */
static ad_status load_lanes(const ad_batch *b, const ad_program *p, size_t from, size_t n,
                            double *arena) {
    intptr_t offset[AD_LANE_POINTS];
    const char *row[AD_LANE_POINTS];
    const size_t points = ad_lane_steps(n);
    const size_t most = p->lane_points < AD_LANE_POINTS ? p->lane_points : AD_LANE_POINTS;
    for (size_t a = 0; a < b->inputs; a++) {
        const ad_batch_input *x = &b->input[a];
        const uint32_t *slot = p->lane_input + x->first;
        point_offsets(b, x, from, n, offset);
        for (size_t e = n; e < points; e++) offset[e] = offset[n - 1];
        for (size_t e = 0; e < points; e++) row[e] = x->data + offset[e];
        if (x->rows != NULL) {
            ad_status status = gather_input(x, row, points, slot, arena);
            if (status != AD_OK) return status;
        } else if (x->core == NULL) {
            prefetch(row, points, x->count, (intptr_t)most * (offset[1] - offset[0]));
            ad_eval_kernels()->columns(row, points, x->count, slot, arena);
        } else {
            for (size_t k = 0; k < x->count; k++) {
                if (slot[k] == AD_NO_TERM) continue;
                for (size_t e = 0; e < points; e++) {
                    arena[slot[k] + e] = number_at(row[e] + x->core[k]);
                }
            }
        }
    }
    return AD_OK;
}

ad_status ad_batch_load_lanes(const ad_batch *b, const ad_program *p, size_t from, size_t n,
                              double *arena) {
    ad_status status = AD_OK;
    for (size_t e = 0; e < n && status == AD_OK; e += AD_LANE_POINTS) {
        size_t m = n - e < AD_LANE_POINTS ? n - e : AD_LANE_POINTS;
        status = load_lanes(b, p, from + e, m, arena + e);
    }
    return status;
}

ad_status ad_batch_load_point(const ad_batch *b, size_t point, double *arena) {
    for (size_t a = 0; a < b->inputs; a++) {
        const ad_batch_input *x = &b->input[a];
        double *to = arena + x->first;
        intptr_t offset;
        point_offsets(b, x, point, 1, &offset);
        const char *at = x->data + offset;
        if (x->rows != NULL) {
            const size_t length = x->rows->length;
            for (size_t k = 0; k * length < x->count; k++) {
                const char *row = row_of_number(x->rows, at, k);
                if (row == NULL) return AD_BAD_INDEX;
                memcpy(to + k * length, row, length * sizeof *to);
            }
        } else if (x->core == NULL) {
            memcpy(to, at, x->count * sizeof *to);
        } else {
            for (size_t k = 0; k < x->count; k++) to[k] = number_at(at + x->core[k]);
        }
    }
    return AD_OK;
}
