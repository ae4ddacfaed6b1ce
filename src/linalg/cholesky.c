/* SPDX-License-Identifier: Apache-2.0 */
/* The Cholesky factor.  Its derivatives are computed by halves of the matrix, so that most of the
 * work is products of matrices: with l = (l11, 0; s, l22),
 *     s = a21 l11^-T,  a22 - s s^T = l22 l22^T. */
#include <string.h>

#include "base/alloc.h"
#include "linalg/lapack.h"

/* Matrices up to this size are differentiated row by row, larger ones recursively by halves. */
#define FEW_ROWS 32

/* Write zeros above the diagonal. */
static void clear_above(size_t n, double *a, size_t ld) {
    for (size_t i = 0; i < n; i++) memset(a + i * (ld + 1) + 1, 0, (n - i - 1) * sizeof *a);
}

static ad_status cholesky_value(const ad_linear *l, ad_linear_room *r, const double *x, double *y) {
    size_t n = l->n, square = n * n;
    ad_int size = (ad_int)n, info = 0;
    for (size_t b = 0; b < l->batch; b++) {
        ad_transpose(n, n, x + b * square, r->work);
        ad_lapack_get()->potrf("L", &size, r->work, &size, &info);
        if (info != 0) return AD_CALL_FAILED;
        ad_transpose(n, n, r->work, y + b * square);
        clear_above(n, y + b * square, n);
    }
    return AD_OK;
}

/* Turns the tangents or adjoints t (n x n, in rows of ld doubles) of one lower triangle into those
 * of another one, in place; l is the factor. */
typedef void (*by_halves_fn)(size_t n, const double *l, double *t, size_t ld, double *room);

/* Turn those of each matrix of a stack. */
static void turn(const ad_linear *l, ad_linear_room *r, by_halves_fn by_halves, const double *y,
                 const double *seed, double *out) {
    size_t n = l->n, square = n * n;
    memcpy(out, seed, l->batch * square * sizeof *out);
    for (size_t b = 0; b < l->batch * square; b += square) {
        by_halves(n, y + b, out + b, n, r->work);
        clear_above(n, out + b, n);
    }
}

/* ------------------------------------------------------------------------------- tangents */

/* Turn the tangent t of the matrix's lower triangle into that of the factor's, in place, column by
 * column. */
static void push_by_columns(size_t n, const double *l, double *t, size_t ld) {
    double c[FEW_ROWS], dc[FEW_ROWS];
    for (size_t j = 0; j < n; j++) {
        const double d = l[j * (ld + 1)], dd = t[j * (ld + 1)] / (2 * d);
        t[j * (ld + 1)] = dd;
        for (size_t i = j + 1; i < n; i++) {
            c[i] = l[i * ld + j];
            dc[i] = (t[i * ld + j] - c[i] * dd) / d;
            t[i * ld + j] = dc[i];
            for (size_t k = j + 1; k <= i; k++) t[i * ld + k] -= dc[i] * c[k] + c[i] * dc[k];
        }
    }
}

/* The same by halves.  `room` holds one matrix of the size of the lower half.  Elements above the
 * diagonal of t are arbitrary, before and after. */
static void push_by_halves(size_t n, const double *l, double *t, size_t ld, double *room) {
    if (n <= FEW_ROWS) {
        push_by_columns(n, l, t, ld);
        return;
    }
    size_t h = n / 2, m = n - h;
    const double *side = l + h * ld;
    double *lower = t + h * ld + h, *left = t + h * ld;
    push_by_halves(h, l, t, ld, room);
    clear_above(h, t, ld);
    ad_product(m, h, h, -1, (ad_dense){side, ld, 0}, (ad_dense){t, ld, 1}, 1, left, ld);
    ad_triangle(AD_LINEAR_LOWER | AD_LINEAR_TRANSPOSED, 1, m, h, l, ld, left, ld);
    ad_product(m, m, h, 1, (ad_dense){left, ld, 0}, (ad_dense){side, ld, 1}, 0, room, m);
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j <= i; j++) lower[i * ld + j] -= room[i * m + j] + room[j * m + i];
    }
    push_by_halves(m, side + h, lower, ld, room);
}

static void cholesky_push(const ad_linear *l, ad_linear_room *r, const double *x, const double *y,
                          const double *t, double *out) {
    (void)x;
    turn(l, r, push_by_halves, y, t, out);
}

/* ------------------------------------------------------------------------------- adjoints */

/* The lower triangle and its mirror image, which share the diagonal. */
static void mirrored_sum(size_t n, const double *lower, size_t ld, double *sum) {
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++) sum[i * n + j] = sum[j * n + i] = lower[i * ld + j];
        sum[i * (n + 1)] = 2 * lower[i * (ld + 1)];
    }
}

/* Turn the adjoint w of the factor's lower triangle into that of the matrix's, in place, row by row
 * from the last one. d is the diagonal element of a row, r the part of the row before it, and c an
 * element below it. */
static void back_by_rows(size_t n, const double *l, double *w, size_t ld) {
    for (size_t j = n; j-- > 0;) {
        const double *r = l + j * ld;
        double d = r[j], *own = w + j * ld;
        for (size_t i = j + 1; i < n; i++) {
            own[j] -= l[i * ld + j] * w[i * ld + j] / d;
            w[i * ld + j] /= d;
        }
        own[j] /= d;
        for (size_t k = 0; k < j; k++) own[k] -= own[j] * r[k];
        for (size_t i = j + 1; i < n; i++) {
            const double c = w[i * ld + j], *below = l + i * ld;
            for (size_t k = 0; k < j; k++) {
                own[k] -= c * below[k];
                w[i * ld + k] -= c * r[k];
            }
        }
        own[j] *= 0.5;
    }
}

/* The same by halves, so that most of the work is products of matrices.  `room` holds one matrix of
 * the size of the lower half.  Elements above the diagonal of w are arbitrary, before and after. */
static void back_by_halves(size_t n, const double *l, double *w, size_t ld, double *room) {
    if (n <= FEW_ROWS) {
        back_by_rows(n, l, w, ld);
        return;
    }
    size_t h = n / 2, m = n - h;
    const double *side = l + h * ld;
    double *lower = w + h * ld + h, *left = w + h * ld;
    back_by_halves(m, side + h, lower, ld, room);
    mirrored_sum(m, lower, ld, room);
    ad_product(m, h, m, -1, (ad_dense){room, m, 0}, (ad_dense){side, ld, 0}, 1, left, ld);
    ad_triangle(AD_LINEAR_LOWER, 1, m, h, l, ld, left, ld);
    ad_product(h, h, m, -1, (ad_dense){left, ld, 1}, (ad_dense){side, ld, 0}, 1, w, ld);
    back_by_halves(h, l, w, ld, room);
}

static void cholesky_pull(const ad_linear *l, ad_linear_room *r, const double *x, const double *y,
                          const double *w, double *out) {
    (void)x;
    turn(l, r, back_by_halves, y, w, out);
}

/* ----------------------------------------------------------------- tangents of the adjoints */

/* A factor l, the adjoint w of its lower triangle, and their tangents, in rows of ld doubles. */
typedef struct moving {
    const double *l, *dl;
    double *w, *dw;
    size_t ld;
} moving;

static moving part_of(const moving *x, size_t row, size_t column) {
    const size_t at = row * x->ld + column;
    return (moving){x->l + at, x->dl + at, x->w + at, x->dw + at, x->ld};
}

/* The steps of one row j of back_by_rows() that change the rows before it, and their tangents: for
 * the element c of row i, own -= c below and w_i -= c r. */
static void bend_row(const moving *x, size_t i, size_t j) {
    const size_t ld = x->ld;
    const double *restrict r = x->l + j * ld, *restrict dr = x->dl + j * ld;
    const double *restrict below = x->l + i * ld, *restrict dbelow = x->dl + i * ld;
    double *restrict own = x->w + j * ld, *restrict down = x->dw + j * ld;
    double *restrict w = x->w + i * ld, *restrict dw = x->dw + i * ld;
    const double c = w[j], dc = dw[j];
    for (size_t k = 0; k < j; k++) {
        own[k] -= c * below[k];
        down[k] -= dc * below[k] + c * dbelow[k];
        w[k] -= c * r[k];
        dw[k] -= dc * r[k] + c * dr[k];
    }
}

static void bend_by_rows(size_t n, const moving *x) {
    const size_t ld = x->ld;
    for (size_t j = n; j-- > 0;) {
        const double *r = x->l + j * ld, *dr = x->dl + j * ld, d = r[j], dd = dr[j];
        double *own = x->w + j * ld, *down = x->dw + j * ld;
        for (size_t i = j + 1; i < n; i++) {
            const size_t at = i * ld + j;
            x->w[at] /= d;
            x->dw[at] = (x->dw[at] - x->w[at] * dd) / d;
            own[j] -= x->l[at] * x->w[at];
            down[j] -= x->dl[at] * x->w[at] + x->l[at] * x->dw[at];
        }
        own[j] /= d;
        down[j] = (down[j] - own[j] * dd) / d;
        for (size_t k = 0; k < j; k++) {
            own[k] -= own[j] * r[k];
            down[k] -= down[j] * r[k] + own[j] * dr[k];
        }
        for (size_t i = j + 1; i < n; i++) bend_row(x, i, j);
        own[j] *= 0.5;
        down[j] *= 0.5;
    }
}

/* back_by_halves() and its tangent.  `room` holds two matrices of the size of the lower half.  dl is
 * zero above its diagonal. */
static void bend_by_halves(size_t n, const moving *x, double *room) {
    if (n <= FEW_ROWS) {
        bend_by_rows(n, x);
        return;
    }
    const size_t h = n / 2, m = n - h, ld = x->ld;
    const moving left = part_of(x, h, 0), lower = part_of(x, h, h);
    const ad_dense side = {left.l, ld, 0}, dside = {left.dl, ld, 0}, moved = {left.dw, ld, 1};
    double *sum = room, *dsum = room + m * m;
    bend_by_halves(m, &lower, room);
    mirrored_sum(m, lower.w, ld, sum);
    mirrored_sum(m, lower.dw, ld, dsum);
    ad_product(m, h, m, -1, (ad_dense){sum, m, 0}, side, 1, left.w, ld);
    ad_product(m, h, m, -1, (ad_dense){dsum, m, 0}, side, 1, left.dw, ld);
    ad_product(m, h, m, -1, (ad_dense){sum, m, 0}, dside, 1, left.dw, ld);
    ad_triangle(AD_LINEAR_LOWER, 1, m, h, x->l, ld, left.w, ld);
    ad_product(m, h, h, -1, (ad_dense){left.w, ld, 0}, (ad_dense){x->dl, ld, 0}, 1, left.dw, ld);
    ad_triangle(AD_LINEAR_LOWER, 1, m, h, x->l, ld, left.dw, ld);
    ad_product(h, h, m, -1, (ad_dense){left.w, ld, 1}, side, 1, x->w, ld);
    ad_product(h, h, m, -1, moved, side, 1, x->dw, ld);
    ad_product(h, h, m, -1, (ad_dense){left.w, ld, 1}, dside, 1, x->dw, ld);
    bend_by_halves(h, x, room);
}

ad_status ad_curve_cholesky(const ad_linear *l, ad_linear_room *r, const ad_linear_moving *at,
                            double *out) {
    size_t n = l->n, square = n * n;
    double *w = ad_alloc(square, sizeof *w);
    if (w == NULL) return AD_NO_MEMORY;
    memcpy(out, at->dw, l->batch * square * sizeof *out);
    for (size_t b = 0; b < l->batch * square; b += square) {
        const moving x = {at->y + b, at->dy + b, w, out + b, n};
        memcpy(w, at->w + b, square * sizeof *w);
        bend_by_halves(n, &x, r->work);
        clear_above(n, out + b, n);
    }
    ad_free(w);
    return AD_OK;
}

const ad_linear_row ad_linear_cholesky = {NULL, cholesky_value, cholesky_push, cholesky_pull, NULL};
