/* SPDX-License-Identifier: Apache-2.0 */
/* The factors A = Q R of a square matrix, and their update when a product of two vectors is added.
 * Matrices are row major.  `turned` is the transpose of Q, whose rows are rotated together with
 * those of R.  Sources: Golub and Van Loan, Matrix Computations, sections 5.2.1 and 6.5.1. */
#ifndef AD_QR_H
#define AD_QR_H

#include <stddef.h>

/* Replace the n x n matrix r by its upper triangular factor (with zeros below), and write the
 * orthogonal factor.  work: 2 n doubles. */
void ad_qr_factor(size_t n, double *r, double *turned, double *work);

/* Replace the factors of A by those of A + Q u v^T.  along (n) is multiplied by the same rotations
 * as Q^T, so that Q^T b becomes the product with the new Q^T.  u is overwritten. */
void ad_qr_update(size_t n, double *r, double *turned, double *along, double *u, const double *v);

#endif
