/* SPDX-License-Identifier: Apache-2.0 */
/* The constants and functions that formulas of elementary operations use beyond those of <math.h>.
 * The core compiles them, and C code that Tape.to_c() writes has copies of those that it needs.  Each
 * function is one definition that ends with a brace. */
#ifndef AD_CORE_MATH_H
#define AD_CORE_MATH_H

#include <math.h>

#define AD_PI 3.14159265358979323846
#define AD_PI2 (AD_PI * AD_PI)
#define AD_LN2 0.693147180559945309417
#define AD_LN10 2.30258509299404568402
#define AD_RADIAN (AD_PI / 180)
#define AD_DEGREE (180 / AD_PI)
#define AD_INF HUGE_VAL

/* A product in which an exact zero wins over infinities and NaN.  It multiplies a partial by a
 * tangent or adjoint, where a zero stands for one that is structurally absent. */
static inline double ad_guarded(double a, double b) { return a == 0 || b == 0 ? 0 : a * b; }

/* The value itself.  The partial of its row is 0. */
static inline double ad_stopped(double a) { return a; }

static inline double ad_sign(double a) { return a > 0 ? 1 : a < 0 ? -1 : a == 0 ? 0 : a; }

/* The sign of a as the slope of |a|.  Its own slope at 0 is infinite, whereas that of ad_sign() is
 * 0 everywhere. */
static inline double ad_side(double a) { return ad_sign(a); }

/* a / b, and 0 where b is 0: the partial of hypot at the origin is taken as the middle of its
 * limits. */
static inline double ad_ratio(double a, double b) { return b == 0 ? 0 : a / b; }

/* The partial a of a root whose value is b.  At b = 0, where the root has a kink, it is the middle
 * of the slopes on both sides, which is 0. */
static inline double ad_kinked(double a, double b) { return b == 0 ? 0 : a; }

/* a log b, and 0 where a is 0 and b >= 0: there a is a power of b, which tends to 0 faster than log
 * b grows. */
static inline double ad_times_log(double a, double b) { return a == 0 && b >= 0 ? 0 : a * log(b); }

/* b^c log b, given a = b^c. */
static inline double ad_power_log(double a, double b, double c) {
    (void)c;
    return ad_times_log(a, b);
}

static inline double ad_maximum(double a, double b) { return a >= b || a != a ? a : b; }
static inline double ad_minimum(double a, double b) { return a <= b || a != a ? a : b; }

/* The share that a has in the larger or the smaller one of a and b: a tie is shared. */
static inline double ad_larger(double a, double b) {
    return a > b || a != a ? 1 : a == b ? 0.5 : 0;
}
static inline double ad_smaller(double a, double b) {
    return a < b || a != a ? 1 : a == b ? 0.5 : 0;
}

static inline double ad_heaviside(double a, double b) {
    return a > 0 ? 1 : a < 0 ? 0 : a == 0 ? b : a;
}

static inline double ad_sinc(double a) {
    double y = AD_PI * a;
    return a == 0 ? 1 : sin(y) / y;
}

/* The distance to the next number away from zero. */
static inline double ad_spacing(double a) { return nextafter(a, a < 0 ? -AD_INF : AD_INF) - a; }

/* The share that the first of two exponentials has in their sum, if their logarithms differ by
 * a. */
static inline double ad_logistic(double a) { return 1 / (1 + exp(-a)); }
static inline double ad_logistic2(double a) { return 1 / (1 + exp2(-a)); }

static inline double ad_logaddexp(double a, double b) {
    if (a == b) return a + AD_LN2; /* covers equal infinities too */
    return a > b ? a + log1p(exp(b - a)) : b + log1p(exp(a - b));
}

static inline double ad_logaddexp2(double a, double b) {
    if (a == b) return a + 1;
    return a > b ? a + log1p(exp2(b - a)) / AD_LN2 : b + log1p(exp2(a - b)) / AD_LN2;
}

/* Python's modulus: the result has the divisor's sign. */
static inline double ad_remainder(double a, double b) {
    double r = fmod(a, b);
    if (r != 0 && (b < 0) != (r < 0)) r += b;
    return r == 0 ? copysign(0, b) : r;
}

/* NumPy's floor division: the modulus is subtracted first, so that a quotient by infinity is -1 or
 * 0. */
static inline double ad_floor_divide(double a, double b) {
    if (b == 0) return a / b;
    double mod = fmod(a, b), q = (a - mod) / b;
    if (mod != 0 && (b < 0) != (mod < 0)) q -= 1;
    if (q == 0) return copysign(0, a / b);
    double whole = floor(q);
    return q - whole > 0.5 ? whole + 1 : whole;
}

#endif
