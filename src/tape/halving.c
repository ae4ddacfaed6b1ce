/* SPDX-License-Identifier: Apache-2.0 */
#include "tape/halving.h"

#include <math.h>

int ad_moves_by_halves(size_t count, size_t stride, const double *x) {
    const int enough = 5;
    const double least = 0.4, most = 0.6;
    double last = 0;
    int halved = 0;
    for (size_t k = 1; k < count; k++) {
        double move = fabs(x[k * stride] - x[(k - 1) * stride]);
        halved = least * last < move && move < most * last ? halved + 1 : 0;
        if (halved == enough) return 1;
        last = move;
    }
    return 0;
}
