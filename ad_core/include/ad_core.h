/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled functions of ad_core, called from C or C++.
 *
 * Python makes such a function and hands over its address:
 *
 *     function = ad_core.trace(f, x).cfunction("jacobian")
 *     function.capsule        # a PyCapsule named AD_CORE_CAPSULE that holds an ad_core_function *
 *     function.address        # the same pointer as an integer
 *
 * The pointer is valid as long as the Python object or one of its capsules exists.  There is
 * nothing to link, and Python.h is not needed.  The functions below allocate nothing, use no Python
 * and need no GIL.  Any number of threads may call one function, each with work memory of its own.
 *
 *     double x[...], y[...], *work = malloc(f->n_work * sizeof *work);
 *     if (ad_core_begin(f, work, f->n_work) != AD_CORE_OK) ...
 *     if (f->eval(f->self, x, y, work) != AD_CORE_OK) ...
 */
#ifndef AD_CORE_H
#define AD_CORE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AD_CORE_ABI 1 /* changes if fields change their meaning; new fields are only appended */
#define AD_CORE_CAPSULE "ad_core.function"

typedef enum ad_core_status {
    AD_CORE_OK = 0,
    /* A comparison has another outcome than where the function was recorded: guard() tells which.
     * The results of such points are NaN. */
    AD_CORE_BRANCH_CHANGED = 1,
    /* A called routine has no result at this point (a singular matrix), or a result without
     * derivatives (eigenvectors of equal eigenvalues).  The results of such points are NaN. */
    AD_CORE_CALL_FAILED = 2,
    AD_CORE_BAD_WORK = 3, /* the work memory is too small, or was not begun for this function */
    AD_CORE_BAD_ABI = 4,  /* the library has another ABI, or is older than this header */
    AD_CORE_FREED = 5,    /* the Python object and its capsules no longer exist */
} ad_core_status;

/* One method of one recorded function.  x and y are contiguous doubles: x all arguments one after
 * the other, then tangents or cotangents; y the result, matrices by rows. */
typedef struct ad_core_function {
    uint32_t abi;               /* AD_CORE_ABI */
    uint32_t size;              /* sizeof(ad_core_function) of the library */
    size_t n_in, n_out, n_work; /* numbers of doubles: of x and y at one point, and of work */
    const void *self;           /* the first argument of the following functions */

    /* Prepare work memory of n_work doubles, before its first use and after any other use. */
    int (*begin)(const void *self, double *work);
    /* Evaluate the function at one point.  x, y and work must not overlap. */
    int (*eval)(const void *self, const double *x, double *y, double *work);
    /* Evaluate n points: x has n_in doubles for each, y n_out.  They must not overlap either. */
    int (*eval_many)(const void *self, size_t n, const double *x, double *y, double *work);
    /* After AD_CORE_BRANCH_CHANGED: the number of the first comparison whose outcome changed, and
     * the first point of eval_many (else 0) where it did.  Either pointer may be NULL. */
    int (*guard)(const void *self, const double *work, size_t *guard, size_t *point);
    /* The line of the user's code with a comparison, as "file:line: code"; "" if it is not known
     * or there is no such comparison.  It is valid as long as the function. */
    const char *(*line)(const void *self, size_t guard);

    size_t n_guards;
    /* For a sparse matrix: row and column of each of the n_out entries, ascending by rows; else
     * NULL.  With a value before the entries, the n_value first results have none. */
    const int32_t *row, *column;
    size_t n_value;
    size_t n_rows, n_columns; /* of the sparse matrix; else 0 */
    const char *name;         /* such as "jacobian of f", for messages */
} ad_core_function;

/* Returns AD_CORE_OK if a pointer from Python is a function that this header describes. */
static inline int ad_core_check(const ad_core_function *f) {
    if (f == NULL || f->abi != AD_CORE_ABI) return AD_CORE_BAD_ABI;
    return f->size >= sizeof *f ? AD_CORE_OK : AD_CORE_BAD_ABI;
}

/* Check the function and the size of the work memory, in doubles, and prepare the memory. */
static inline int ad_core_begin(const ad_core_function *f, double *work, size_t n_work) {
    int status = ad_core_check(f);
    if (status != AD_CORE_OK) return status;
    if (work == NULL || n_work < f->n_work) return AD_CORE_BAD_WORK;
    return f->begin(f->self, work);
}

#ifdef __cplusplus
}
#endif
#endif
