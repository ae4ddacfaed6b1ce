/* SPDX-License-Identifier: Apache-2.0 */
#include "linalg/lapack.h"

#include <string.h>

#define TILE 16 /* rows and columns that are transposed together */

static ad_lapack lapack_in_use;

void ad_lapack_set(const ad_lapack *lapack) { lapack_in_use = *lapack; }

const ad_lapack *ad_lapack_get(void) { return &lapack_in_use; }

/* Fortran's columns are our rows, so that BLAS computes the transposed product c^T = op(b)^T
 * op(a)^T. */
void ad_product(size_t m, size_t n, size_t k, double alpha, ad_dense a, ad_dense b, double beta,
                double *c, size_t ld) {
    int rows = (int)m, columns = (int)n, inner = (int)k;
    int lda = (int)a.ld, ldb = (int)b.ld, ldc = (int)ld;
    if (m == 0 || n == 0) return;
    lapack_in_use.gemm(b.transposed ? "T" : "N", a.transposed ? "T" : "N", &columns, &rows, &inner,
                       &alpha, (double *)b.at, &ldb, (double *)a.at, &lda, &beta, c, &ldc);
}

void ad_triangle(unsigned flags, int right, size_t m, size_t n, const double *t, size_t ldt,
                 double *b, size_t ldb) {
    double one = 1;
    int rows = (int)m, columns = (int)n, lda = (int)ldt, ld = (int)ldb;
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
