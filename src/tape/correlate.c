/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of products of a vector with another one that is shifted along it. */
#include "tape/block.h"

#define AT_ONCE 4 /* elements of the second vector that are multiplied in one pass */

/* The elements r of b that result k reads are [low, high). */
static inline void reach(int64_t n, int64_t m, int64_t shift, int64_t k, int64_t *low,
                         int64_t *high) {
    *low = shift > k ? shift - k : 0;
    *high = n + shift - k < m ? n + shift - k : m;
}

/* Add the products with b[r .. r + count) to those results that read all of these elements. */
static void add_products(int64_t results, const double *a, const double *b, int count, double *c) {
    if (count == AT_ONCE) {
        const double b0 = b[0], b1 = b[1], b2 = b[2], b3 = b[3];
        for (int64_t k = 0; k < results; k++) {
            c[k] += (a[k] * b0 + a[k + 1] * b1) + (a[k + 2] * b2 + a[k + 3] * b3);
        }
        return;
    }
    for (int j = 0; j < count; j++) {
        for (int64_t k = 0; k < results; k++) c[k] += a[k + j] * b[j];
    }
}

/* The products of result k with b[r .. r + count) for which an element of a exists. */
static double single_result(int64_t n, const double *a, const double *b, int64_t r, int count,
                            int64_t at) {
    double sum = 0;
    for (int j = 0; j < count; j++) {
        const int64_t place = at + r + j;
        if (place >= 0 && place < n) sum += a[place] * b[r + j];
    }
    return sum;
}

static void plain(int64_t n, const double *a, int64_t m, const double *b, int64_t shift,
                  int64_t count, double *c) {
    for (int64_t k = 0; k < count; k++) c[k] = 0;
    for (int64_t r = 0; r < m; r += AT_ONCE) {
        const int some = m - r < AT_ONCE ? (int)(m - r) : AT_ONCE;
        int64_t low = shift - r, high = n + shift - r - some + 1;
        int64_t first = low - some + 1, last = high + some - 1; /* these read any of them */
        if (low < 0) low = 0;
        if (high > count) high = count;
        if (high < low) high = low;
        if (first < 0) first = 0;
        if (last > count) last = count;
        if (low > last) low = high = last;
        for (int64_t k = first; k < low; k++) c[k] += single_result(n, a, b, r, some, k - shift);
        add_products(high - low, a + low + r - shift, b + r, some, c + low);
        for (int64_t k = high; k < last; k++) c[k] += single_result(n, a, b, r, some, k - shift);
    }
}

/* A zero wins over an infinity or NaN. */
static void guarded_sums(int64_t n, const double *a, int64_t m, const double *b, int64_t shift,
                         int64_t count, double *c) {
    for (int64_t k = 0; k < count; k++) {
        int64_t low, high;
        reach(n, m, shift, k, &low, &high);
        c[k] = 0;
        for (int64_t r = low; r < high; r++) {
            const double x = a[k + r - shift], y = b[r];
            c[k] += x == 0 || y == 0 ? 0 : x * y;
        }
    }
}

int ad_correlate(int64_t n, const double *a, int64_t m, const double *b, int64_t shift,
                 int64_t count, double *c, int guarded) {
    double off = 0; /* x - x is 0 unless x is infinite or NaN */
    plain(n, a, m, b, shift, count, c);
    if (!guarded) return 0;
    for (int64_t k = 0; k < count; k++) off += c[k] - c[k];
    if (off == 0) return 0;
    guarded_sums(n, a, m, b, shift, count, c);
    return 1;
}

ad_inner ad_correlation_part(const ad_block *b, uint32_t k) {
    const int64_t n = b->extent[1].size[0], m = b->extent[1].size[1];
    const ad_view *x = &b->operand[0], *y = &b->operand[1];
    const int64_t shift = x->stride[1];
    int64_t low, high;
    reach(n, m, shift, k, &low, &high);
    if (high <= low) return (ad_inner){0, x->base, x->stride[0], y->base, y->stride[0]};
    return (ad_inner){(uint32_t)(high - low), x->base + (k + low - shift) * x->stride[0],
                      x->stride[0], y->base + low * y->stride[0], y->stride[0]};
}
