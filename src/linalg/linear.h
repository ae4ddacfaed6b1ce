/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of matrices whose values and derivatives are computed by LAPACK.  They implement rules
 * of calls that need no Python.  Matrices are row major; those of a stack are consecutive.
 *
 * SOLVE       a (n x n), b (n x k)  -> x with a x = b
 * TRIANGULAR  the same with a triangle of a: see the flags
 * INV         a (n x n)             -> its inverse
 * DET         a (n x n)             -> one number
 * SLOGDET     a (n x n)             -> sign and logarithm; all signs of a stack come first
 * CHOLESKY    a (n x n), lower      -> l with l l^T = a, zeros above
 * QR          a (n x k), n >= k     -> q (n x k) and r (k x k); all q of a stack come first
 * EIGH        a (n x n)             -> w (n), ascending, and vectors v (n x n); all w come first;
 *                                      one triangle is read
 *
 * The inputs of SOLVE do not include matrices that are constant (ad_linear_fix()).
 *
 * Formulas: Giles, Collected matrix derivative results for forward and reverse mode AD (2008);
 * CHOLESKY: Murray, Differentiation of the Cholesky decomposition (2016); QR: Roberts and Roberts,
 * QR and LQ decomposition matrix backpropagation algorithms (2020). */
#ifndef AD_LINEAR_H
#define AD_LINEAR_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef enum ad_linear_kind {
#define LINEAR(KIND, NAME, SOURCE, RULE) AD_LINEAR_##KIND,
#include "linalg/linear.def"
    AD_LINEAR_KINDS
} ad_linear_kind;

/* A row of linear.def: the name of a kind, the file of its C function, and its rule in Python. */
typedef struct ad_linear_info {
    const char *name, *source, *rule;
} ad_linear_info;
extern const ad_linear_info ad_linear_table[AD_LINEAR_KINDS];

enum { /* which triangle, whether it is transposed, whether its diagonal is 1 */
       AD_LINEAR_LOWER = 1,
       AD_LINEAR_TRANSPOSED = 2,
       AD_LINEAR_UNIT = 4,
};

/* Integers are passed as pointers to 64 bits, whose first 32 bits are the same number on the
 * little-endian machines that this is for.  So it does not matter how wide the library's integers
 * are, except in arrays. */
typedef int64_t ad_int;

/* The caller's BLAS and LAPACK functions with their Fortran interfaces, set once before the first
 * call. */
typedef struct ad_lapack {
    void (*gemm)(char *, char *, ad_int *, ad_int *, ad_int *, double *, double *, ad_int *,
                 double *, ad_int *, double *, double *, ad_int *);
    void (*trsm)(char *, char *, char *, char *, ad_int *, ad_int *, double *, double *, ad_int *,
                 double *, ad_int *);
    void (*getrf)(ad_int *, ad_int *, double *, ad_int *, ad_int *, ad_int *);
    void (*getrs)(char *, ad_int *, ad_int *, double *, ad_int *, ad_int *, double *, ad_int *,
                  ad_int *);
    void (*getri)(ad_int *, double *, ad_int *, ad_int *, double *, ad_int *, ad_int *);
    void (*potrf)(char *, ad_int *, double *, ad_int *, ad_int *);
    void (*geqrf)(ad_int *, ad_int *, double *, ad_int *, double *, double *, ad_int *, ad_int *);
    void (*orgqr)(ad_int *, ad_int *, ad_int *, double *, ad_int *, double *, double *, ad_int *,
                  ad_int *);
    void (*syevd)(char *, char *, ad_int *, double *, ad_int *, double *, double *, ad_int *,
                  ad_int *, ad_int *, ad_int *);
} ad_lapack;

/* Returns 0, without a change, if the library does not factor a matrix of two rows as it should. */
int ad_lapack_set(const ad_lapack *lapack);

/* One function of `batch` matrices.  It keeps the factors of the last matrices, so that a
 * derivative at the same point needs no second factorisation.  Several threads may share it. */
typedef struct ad_linear ad_linear;

/* Returns NULL if memory is exhausted, if batch or n is 0, or if a size is too large for LAPACK.
 * ad_linear_free() releases it. */
ad_linear *ad_linear_new(ad_linear_kind kind, size_t batch, size_t n, size_t k, unsigned flags);
void ad_linear_free(ad_linear *linear);

/* Make the matrices (batch x n x n) of SOLVE constant; they are copied.  Returns AD_NO_MEMORY on
 * failure. */
ad_status ad_linear_fix(ad_linear *linear, const double *matrices);

/* Return the number of doubles of the inputs, and of the outputs. */
size_t ad_linear_inputs(const ad_linear *linear);
size_t ad_linear_outputs(const ad_linear *linear);

/* Returns whether some of the results y are not functions of the matrices at this point: Q and R of
 * linearly dependent columns, or eigenvectors of equal eigenvalues.  They have no derivatives. */
int ad_linear_undetermined(const ad_linear *linear, const double *y);

/* The same contracts as in ad_callbacks.  AD_CALL_FAILED means that LAPACK cannot factor a matrix,
 * or that the formula does not hold there.  The caller's rule then decides about the result. */
ad_status ad_linear_value(ad_linear *linear, const double *x, double *y);
ad_status ad_linear_push(ad_linear *linear, const double *x, const double *y, size_t p,
                         const double *tangent, double *out);
ad_status ad_linear_pull(ad_linear *linear, const double *x, const double *y, size_t p,
                         const double *adjoint, double *out);

/* The tangent of what ad_linear_pull() returns, if x, the results y and the adjoints w move by dx, dy
 * and dw.  ad_linear_curves() returns whether this is known. */
int ad_linear_curves(const ad_linear *linear);
ad_status ad_linear_curve(ad_linear *linear, const double *x, const double *dx, const double *y,
                          const double *dy, const double *w, const double *dw, double *out);

/* The values and products at many points at once, for small matrices, without LAPACK (small.h):
 * number k of all points is at [k * points].  left[e] becomes 1 for points that the caller must
 * compute one by one, and 0 for others.
 *
 * ad_linear_most_points() returns at how many points values or, with `product`, products should be
 * computed at once, at most; if it returns 1, the function for it must not be called. */
size_t ad_linear_most_points(const ad_linear *linear, int product);
void ad_linear_values_at(const ad_linear *linear, size_t points, const double *x, double *y,
                         unsigned char *left);
void ad_linear_products_at(const ad_linear *linear, int backward, size_t points, size_t p,
                           const double *x, const double *y, const double *seed, double *out,
                           unsigned char *left);

#endif
