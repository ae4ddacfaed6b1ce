/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/vanish.h"

#include <math.h>

float ad_vanish_constant(double value) { return value >= 0 ? INFINITY : 0; }

float ad_vanish_both(float a, float b) { return a < b ? a : b; }

/* The order of |u| given that of u: at least 1 where u is 0. */
static float magnitude(float order) { return order > 1 ? order : 1; }

static float power(float order, double exponent) {
    const int even = exponent >= 2 && fmod(exponent, 2) == 0;
    if (!(exponent > 0)) return 0;
    return (float)exponent * (even ? magnitude(order) : order);
}

float ad_vanish_order(unsigned op, const float order[AD_MAX_ARITY], int same, double exponent) {
    switch (op) {
    case AD_SQUARE:
        return 2 * magnitude(order[0]);
    case AD_ABSOLUTE:
        return magnitude(order[0]);
    case AD_HYPOT:
        return ad_vanish_both(magnitude(order[0]), magnitude(order[1]));
    case AD_MULTIPLY:
        return same ? 2 * magnitude(order[0]) : ad_vanish_both(order[0], order[1]);
    case AD_ADD:
    case AD_MAXIMUM:
    case AD_MINIMUM:
        return ad_vanish_both(order[0], order[1]);
    case AD_SELECT:
        return ad_vanish_both(order[1], order[2]);
    case AD_DIVIDE:
        return exponent > 0 ? order[0] : 0;
    case AD_POSITIVE:
    case AD_SQUARED_ROOT:
        return order[0];
    case AD_SQRT:
        return order[0] / 2;
    case AD_CBRT:
        return order[0] / 3;
    case AD_POWER:
        return power(order[0], exponent);
    default:
        return 0;
    }
}

int ad_vanish_is_kink(float own, float operand) { return own >= 1 && own < operand; }

int ad_vanish_may_have_kink(unsigned op) {
    return op == AD_SQRT || op == AD_CBRT || op == AD_POWER;
}
