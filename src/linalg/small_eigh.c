/* SPDX-License-Identifier: Apache-2.0 */
/* Eigenvalues and eigenvectors of small symmetric matrices.  A function may depend on the signs of
 * eigenvectors, which are LAPACK's choice.  For two rows this is a formula.  For more rows it depends
 * on the steps of an iteration, so that values are left to LAPACK; their derivatives are not. */
#include <math.h>
#include <string.h>

#include "base/atomic.h"
#include "linalg/small.h"

#define MATRIX (AD_SMALL * AD_SMALL)
/* LAPACK scales numbers outside of these bounds. */
#define TINY 1e-100
#define LARGE 1e100
/* LAPACK drops an element beside the diagonal if its square is about 1e-32 of the product of the
 * elements on the diagonal. */
#define DROPPED 1e-30

/* --------------------------------------------------------------------- values of two rows */

enum { W0, W1, V00, V01, V10, V11, RESULTS };

/* The eigenvalues and vectors of (a b; b c).  Returns whether they are LAPACK's, up to rounding.
 *
 * With root = sqrt((a - c)^2 + 4 b^2), the eigenvalue of larger size is a sum of numbers of one
 * sign, and the other one is the determinant divided by it.  The vectors consist of 2 b and of
 * a - c + root or a - c - root, whichever is larger: nothing cancels. */
static inline int two_rows(double a, double b, double c, double *found) {
    const double size = fmax(fmax(fabs(a), fabs(c)), fabs(b)), gap = a - c, sum = a + c;
    const double twice = 2 * b, root = sqrt(gap * gap + twice * twice);
    const double large = 0.5 * (sum < 0 ? sum - root : sum + root);
    const double most = fabs(a) > fabs(c) ? a : c, least = fabs(a) > fabs(c) ? c : a;
    const double small = most / large * least - b / large * b;
    const double far = fabs(gap) + root, length = sqrt(far * far + twice * twice);
    double x = (gap < 0 ? twice : -twice) / length, y = far / length;
    /* the sign where the gap is lost in rounding; elsewhere y is positive */
    const double turn = fabs(gap) + fabs(twice) == fabs(twice) && x < 0 ? -1 : 1;
    const int same = (gap < 0) == (sum < 0), first = large < small;
    x *= turn, y *= turn;
    double p = same ? -y : x,
           q = same ? x : y; /* (p, q) belongs to `large`, and (-q, p) to `small` */
    double other = -q;
    if (b == 0) p = fabs(p), q = other = fabs(q);
    found[W0] = first ? large : small;
    found[W1] = first ? small : large;
    found[V00] = first ? p : other;
    found[V10] = first ? q : p;
    found[V01] = first ? other : p;
    found[V11] = first ? p : q;
    return size > TINY && size < LARGE && (b == 0 || b * b > DROPPED * fabs(a * c) + DBL_MIN) &&
           found[W1] - found[W0] > ad_small_rounding(2) * size;
}

/* Whether the library chooses the signs of two_rows(), found out at matrices of each case. */
static int compare_signs(void) {
    const double cases[][3] = {{1, 2, 3},  {3, 2, 1},  {1, -2, 3},  {3, -2, 1},  {-1, 2, -3},
                               {-3, 2, 1}, {1, 2, 1},  {1, -2, 1},  {-1, 2, -1}, {-1, -2, -1},
                               {1, 2, -1}, {-1, 2, 1}, {1, -2, -1}, {1, 0, 3},   {3, 0, -1}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const double *at = cases[k];
        double a[4] = {at[0], at[1], at[1], at[2]}, w[2], room[32], mine[RESULTS];
        ad_int n = 2, most = 32, whole = 16, info = 0, pivots[16];
        ad_lapack_get()->syevd("V", "L", &n, a, &n, w, room, &most, pivots, &whole, &info);
        two_rows(at[0], at[1], at[2], mine);
        const double theirs[RESULTS] = {w[0], w[1], a[0], a[2], a[1], a[3]};
        for (size_t i = 0; i < RESULTS; i++) {
            if (info != 0 || !(fabs(mine[i] - theirs[i]) < 1e-14)) return 0;
        }
    }
    return 1;
}

/* Returns whether values may be computed here; the library is asked once. */
static int signs_agree(void) {
    static int known; /* 0: not asked, 1: yes, 2: no */
    int state = AD_LOAD_RELAXED(&known);
    if (state == 0 && ad_lapack_get()->syevd != NULL) {
        state = compare_signs() ? 1 : 2;
        AD_STORE_RELAXED(&known, state);
    }
    return state == 1;
}

static void eigh_value(ad_small_work *w) {
    const size_t n = w->l->n, side = w->l->flags & AD_LINEAR_LOWER ? 2 : 1;
    ad_lane a, b, c, to[RESULTS];
    if (!signs_agree()) {
        memset(w->good, 0, sizeof w->good);
        return;
    }
    for (size_t k = 0; k < w->l->batch; k++) {
        size_t vectors = w->l->batch * n + k * n * n;
        ad_small_load(w, w->x, k * n * n, a);
        if (n == 1) {
            for (size_t e = 0; e < AD_LANE; e++) b[e] = 1;
            ad_small_store(w, k, a);
            ad_small_store(w, vectors, b);
            continue;
        }
        ad_small_load(w, w->x, k * n * n + side, b);
        ad_small_load(w, w->x, k * n * n + 3, c);
        for (size_t e = 0; e < AD_LANE; e++) {
            double found[RESULTS];
            w->good[e] = two_rows(a[e], b[e], c[e], found) ? w->good[e] : 0;
            for (size_t i = 0; i < RESULTS; i++) to[i][e] = found[i];
        }
        for (size_t i = 0; i < n; i++) ad_small_store(w, k * n + i, to[i]);
        for (size_t i = 0; i < n * n; i++) ad_small_store(w, vectors + i, to[n + i]);
    }
}

/* ------------------------------------------------------------------------------- products */

/* c = op(a) op(b) for square matrices */
static inline void multiply(size_t n, ad_lane *a, int a_turned, ad_lane *b, int b_turned,
                            ad_lane *c) {
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            double *sum = c[i * n + j];
            memset(sum, 0, sizeof(ad_lane));
            for (size_t k = 0; k < n; k++)
                ad_small_add(sum, 1, a[a_turned ? k * n + i : i * n + k],
                             b[b_turned ? j * n + k : k * n + j]);
        }
    }
}

/* Load the b-th vectors v and the inverse gaps 1 / (w_j - w_i), 0 for i = j.  Points with equal
 * eigenvalues are left: there, the derivatives of the vectors are undetermined. */
static void load_results(ad_small_work *w, size_t b, ad_lane *v, ad_lane *inverse) {
    const size_t n = w->l->n, vectors = w->l->batch * n + b * n * n;
    ad_lane values[AD_SMALL];
    for (size_t i = 0; i < n; i++) ad_small_load(w, w->y, b * n + i, values[i]);
    for (size_t i = 0; i < n * n; i++) ad_small_load(w, w->y, vectors + i, v[i]);
    for (size_t i = 0; i < n; i++) {
        memset(inverse[i * (n + 1)], 0, sizeof(ad_lane));
        for (size_t j = 0; j < i; j++) {
            for (size_t e = 0; e < AD_LANE; e++) {
                double size = fmax(fabs(values[0][e]), fabs(values[n - 1][e]));
                double gap = values[i][e] - values[j][e];
                w->good[e] = gap > (double)n * DBL_EPSILON * size ? w->good[e] : 0;
                inverse[j * n + i][e] = 1 / gap;
                inverse[i * n + j][e] = -inverse[j * n + i][e];
            }
        }
    }
}

/* Where the element (i, j), j <= i, of the triangle that is read is among the numbers of a matrix. */
static inline size_t place(const ad_linear *l, size_t i, size_t j) {
    return l->flags & AD_LINEAR_LOWER ? i * l->n + j : j * l->n + i;
}

static inline void times(ad_lane a, const ad_lane b) {
    for (size_t e = 0; e < AD_LANE; e++) a[e] *= b[e];
}

static inline void plus(ad_lane a, const ad_lane b) {
    for (size_t e = 0; e < AD_LANE; e++) a[e] += b[e];
}

/* With m = V^T da V, dw is the diagonal of m and dV = V (m / gaps). */
static void eigh_push(ad_small_work *w) {
    const size_t n = w->l->n, p = w->p;
    ad_lane v[MATRIX], inverse[MATRIX], a[MATRIX], half[MATRIX];
    for (size_t b = 0; b < w->l->batch; b++) {
        const size_t vectors = w->l->batch * n + b * n * n;
        load_results(w, b, v, inverse);
        for (size_t q = 0; q < p; q++) {
            for (size_t i = 0; i < n; i++) {
                for (size_t j = 0; j <= i; j++) {
                    ad_small_load(w, w->seed, (b * n * n + place(w->l, i, j)) * p + q,
                                  a[i * n + j]);
                    if (j < i) memcpy(a[j * n + i], a[i * n + j], sizeof(ad_lane));
                }
            }
            multiply(n, v, 1, a, 0, half);
            multiply(n, half, 0, v, 0, a);
            for (size_t i = 0; i < n; i++) ad_small_store(w, (b * n + i) * p + q, a[i * (n + 1)]);
            for (size_t i = 0; i < n * n; i++) times(a[i], inverse[i]);
            multiply(n, v, 0, a, 0, half);
            for (size_t i = 0; i < n * n; i++) ad_small_store(w, (vectors + i) * p + q, half[i]);
        }
    }
}

/* The adjoint is V (diagonal w' + (V^T V') / gaps) V^T, folded onto the triangle that is read. */
static void eigh_pull(ad_small_work *w) {
    const size_t n = w->l->n, p = w->p;
    const ad_lane zero = {0};
    ad_lane v[MATRIX], inverse[MATRIX], inner[MATRIX], half[MATRIX];
    for (size_t b = 0; b < w->l->batch; b++) {
        const size_t vectors = w->l->batch * n + b * n * n;
        load_results(w, b, v, inverse);
        for (size_t q = 0; q < p; q++) {
            for (size_t i = 0; i < n * n; i++)
                ad_small_load(w, w->seed, (vectors + i) * p + q, half[i]);
            multiply(n, v, 1, half, 0, inner);
            for (size_t i = 0; i < n * n; i++) times(inner[i], inverse[i]);
            for (size_t i = 0; i < n; i++)
                ad_small_load(w, w->seed, (b * n + i) * p + q, inner[i * (n + 1)]);
            multiply(n, v, 0, inner, 0, half);
            multiply(n, half, 0, v, 1, inner);
            for (size_t i = 0; i < n; i++) {
                for (size_t j = 0; j < i; j++) {
                    const size_t read = place(w->l, i, j), other = place(w->l, j, i);
                    plus(inner[i * n + j], inner[j * n + i]);
                    ad_small_store(w, (b * n * n + read) * p + q, inner[i * n + j]);
                    ad_small_store(w, (b * n * n + other) * p + q, zero);
                }
                ad_small_store(w, (b * n * n + i * (n + 1)) * p + q, inner[i * (n + 1)]);
            }
        }
    }
}

const ad_small_row ad_small_eigh = {eigh_value, eigh_push, eigh_pull};
