/* SPDX-License-Identifier: Apache-2.0 */
#include "linalg/small.h"

#define MOST_POINTS 32 /* more points at a time save nothing */

static const ad_small_row *row_of(const ad_linear *l) {
    static const ad_small_row *const rows[AD_LINEAR_KINDS] = {
        [AD_LINEAR_SOLVE] = &ad_small_solve,       [AD_LINEAR_INV] = &ad_small_inv,
        [AD_LINEAR_DET] = &ad_small_det,           [AD_LINEAR_SLOGDET] = &ad_small_slogdet,
        [AD_LINEAR_CHOLESKY] = &ad_small_cholesky, [AD_LINEAR_EIGH] = &ad_small_eigh,
    };
    return l->n <= AD_SMALL ? rows[l->kind] : NULL;
}

/* Signs of eigenvectors of more than two rows are known to LAPACK alone (small_eigh.c). */
static int by_lapack(const ad_linear *l, int product) {
    return row_of(l) == NULL || (l->kind == AD_LINEAR_EIGH && !product && l->n > 2);
}

size_t ad_linear_most_points(const ad_linear *l, int product) {
    return by_lapack(l, product) ? 1 : MOST_POINTS;
}

static void at_points(void (*compute)(ad_small_work *w), ad_small_work w, size_t points,
                      unsigned char *left) {
    w.step = points;
    for (size_t e = 0; e < points; e += AD_LANE) {
        w.count = points - e < AD_LANE ? points - e : AD_LANE;
        for (size_t d = 0; d < AD_LANE; d++) w.good[d] = 1;
        compute(&w);
        for (size_t d = 0; d < w.count; d++) left[e + d] = w.good[d] == 0;
        w.x += AD_LANE;
        w.y += AD_LANE;
        w.seed += AD_LANE;
        w.out += AD_LANE;
    }
}

void ad_linear_values_at(const ad_linear *l, size_t points, const double *x, double *y,
                         unsigned char *left) {
    at_points(row_of(l)->value,
              (ad_small_work){.l = l, .x = x, .y = x, .seed = x, .out = y, .p = 1}, points, left);
}

void ad_linear_products_at(const ad_linear *l, int backward, size_t points, size_t p,
                           const double *x, const double *y, const double *seed, double *out,
                           unsigned char *left) {
    const ad_small_row *row = row_of(l);
    at_points(backward ? row->pull : row->push,
              (ad_small_work){.l = l, .x = x, .y = y, .seed = seed, .out = out, .p = p}, points,
              left);
}
