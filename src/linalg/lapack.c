/* SPDX-License-Identifier: Apache-2.0 */
#include "linalg/lapack.h"

#include "base/atomic.h"

#include <string.h>

#define TILE 16 /* rows and columns that are transposed together */

static ad_lapack lapack_in_use;
static size_t pivot_size; /* of the library's integers */
static int is_set;        /* 1 after both were written: other threads may compute meanwhile */

/* The matrix has zeros on its diagonal, so that both of its pivots are row 2. */
int ad_lapack_set(const ad_lapack *lapack) {
    double a[4] = {0, 4, 3, 0};
    int32_t pivot[4];
    ad_int n = 2, info = 0, found[2] = {0};
    lapack->getrf(&n, &n, a, &n, found, &info);
    memcpy(pivot, found, sizeof pivot);
    if (info != 0 || a[0] != 4 || a[1] != 0 || a[2] != 0 || a[3] != 3) return 0;
    pivot_size = pivot[1] == 2 ? sizeof(int32_t) : sizeof(int64_t);
    if (pivot[0] != 2 || (pivot[1] != 2 && pivot[2] != 2)) return 0;
    lapack_in_use = *lapack;
    AD_STORE_RELEASE(&is_set, 1);
    return 1;
}

int ad_lapack_exchanged(const ad_int *pivot, size_t k) {
    int32_t low;
    memcpy(&low, (const char *)pivot + k * pivot_size, sizeof low);
    return low != (int32_t)k + 1;
}

const ad_lapack *ad_lapack_get(void) {
    static const ad_lapack none;
    return AD_LOAD_ACQUIRE(&is_set) ? &lapack_in_use : &none;
}

/* Fortran's columns are our rows, so that BLAS computes the transposed product c^T = op(b)^T
 * op(a)^T. */
void ad_product(size_t m, size_t n, size_t k, double alpha, ad_dense a, ad_dense b, double beta,
                double *c, size_t ld) {
    ad_int rows = (ad_int)m, columns = (ad_int)n, inner = (ad_int)k;
    ad_int lda = (ad_int)a.ld, ldb = (ad_int)b.ld, ldc = (ad_int)ld;
    if (m == 0 || n == 0) return;
    lapack_in_use.gemm(b.transposed ? "T" : "N", a.transposed ? "T" : "N", &columns, &rows, &inner,
                       &alpha, (double *)b.at, &ldb, (double *)a.at, &lda, &beta, c, &ldc);
}

void ad_triangle(unsigned flags, int right, size_t m, size_t n, const double *t, size_t ldt,
                 double *b, size_t ldb) {
    double one = 1;
    ad_int rows = (ad_int)m, columns = (ad_int)n, lda = (ad_int)ldt, ld = (ad_int)ldb;
    if (m == 0 || n == 0) return;
    lapack_in_use.trsm(right ? "L" : "R", flags & AD_LINEAR_LOWER ? "U" : "L",
                       flags & AD_LINEAR_TRANSPOSED ? "T" : "N", flags & AD_LINEAR_UNIT ? "U" : "N",
                       &columns, &rows, &one, (double *)t, &lda, b, &ld);
}

void ad_transpose(size_t m, size_t n, const double *from, double *to) {
    if (m == 1 || n == 1) {
        memcpy(to, from, m * n * sizeof *to);
        return;
    }
    for (size_t i = 0; i < m; i += TILE) {
        size_t down = m - i < TILE ? m - i : TILE;
        for (size_t j = 0; j < n; j += TILE) {
            size_t across = n - j < TILE ? n - j : TILE;
            for (size_t e = 0; e < across; e++) {
                for (size_t d = 0; d < down; d++)
                    to[(j + e) * m + i + d] = from[(i + d) * n + j + e];
            }
        }
    }
}
