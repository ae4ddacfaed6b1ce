/* SPDX-License-Identifier: Apache-2.0 */
/* A function of one result as scipy.integrate.quad calls it, by scipy.LowLevelCallable. */
#include <ad_core.h>

typedef struct integrand_data {
    const ad_core_function *f; /* with one result */
    double *work;
} integrand_data;

double integrand(int n, double *x, void *data) {
    const integrand_data *d = data;
    double y = 0.0 / 0.0;
    if ((size_t)n == d->f->n_in) d->f->eval(d->f->self, x, &y, d->work);
    return y;
}
