/* SPDX-License-Identifier: Apache-2.0 */
/* Newton's method for n equations in n unknowns, with value and Jacobian from ad_core. */
#include <ad_core.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Solve A d = b by elimination with row exchanges; the solution replaces b.  Returns whether A is
 * regular. */
static int eliminate(size_t n, double *A, double *b) {
    for (size_t k = 0; k < n; k++) {
        size_t best = k;
        for (size_t i = k + 1; i < n; i++) {
            if (fabs(A[i * n + k]) > fabs(A[best * n + k])) best = i;
        }
        if (A[best * n + k] == 0) return 0;
        for (size_t j = 0; j <= n; j++) {
            double *x = j < n ? &A[k * n + j] : &b[k], *y = j < n ? &A[best * n + j] : &b[best];
            double kept = *x;
            *x = *y;
            *y = kept;
        }
        for (size_t i = k + 1; i < n; i++) {
            double factor = A[i * n + k] / A[k * n + k];
            for (size_t j = k; j < n; j++) A[i * n + j] -= factor * A[k * n + j];
            b[i] -= factor * b[k];
        }
    }
    for (size_t k = n; k-- > 0;) {
        for (size_t j = k + 1; j < n; j++) b[k] -= A[k * n + j] * b[j];
        b[k] /= A[k * n + k];
    }
    return 1;
}

/* f is a "value_and_jacobian" with n inputs; x is the start and becomes the root.  Returns the
 * number of iterations, or a negative number: minus the status, or -100 without convergence. */
int newton(const ad_core_function *f, double *x, double tolerance) {
    const size_t n = ad_core_check(f) == AD_CORE_OK ? f->n_in : 0;
    double *work = NULL, *y = NULL;
    int status = ad_core_check(f), result = -100;
    if (status == AD_CORE_OK) {
        work = malloc(f->n_work * sizeof *work);
        y = malloc(f->n_out * sizeof *y);
        status = work && y ? ad_core_begin(f, work, f->n_work) : AD_CORE_BAD_WORK;
    }
    for (int k = 0; status == AD_CORE_OK && k < 50 && result < 0; k++) {
        status = f->eval(f->self, x, y, work);
        if (status != AD_CORE_OK) break;
        double norm = 0;
        for (size_t i = 0; i < n; i++) norm = fmax(norm, fabs(y[i]));
        if (norm <= tolerance) result = k;
        if (!eliminate(n, y + n, y)) break;
        for (size_t i = 0; i < n && result < 0; i++) x[i] -= y[i];
    }
    free(work);
    free(y);
    return status == AD_CORE_OK ? result : -status;
}
