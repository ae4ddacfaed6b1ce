/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/expr.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Recursive descent: a comparison is made of sums, a sum of products, a product of unary
 * expressions, and these of primary ones. */
typedef struct parser {
    const char *at;
    ad_expr *expr;
    int failed;
} parser;

static void comparison(parser *p);

static void blanks(parser *p) {
    while (*p->at == ' ') p->at++;
}

static int accept(parser *p, const char *token) {
    blanks(p);
    size_t n = strlen(token);
    if (strncmp(p->at, token, n) != 0) return 0;
    p->at += n;
    return 1;
}

static void append_step(parser *p, ad_step_kind kind, unsigned op, double number) {
    if (p->expr->steps == AD_EXPR_STEPS) {
        p->failed = 1;
        return;
    }
    p->expr->step[p->expr->steps++] = (ad_step){(uint8_t)kind, (uint8_t)op, number};
}

/* Apply the row whose value is exactly this text. */
static void apply(parser *p, const char *value) {
    for (unsigned op = 0; op < AD_OP_COUNT; op++) {
        if (strcmp(ad_op_row(op)->value, value) == 0) {
            append_step(p, AD_STEP_APPLY, op, 0);
            return;
        }
    }
    p->failed = 1;
}

static int constant(const char *name, double *value) {
    static const struct {
        const char *name;
        double value;
    } constants[] = {{"AD_PI", AD_PI},     {"AD_PI2", AD_PI2},       {"AD_LN2", AD_LN2},
                     {"AD_LN10", AD_LN10}, {"AD_RADIAN", AD_RADIAN}, {"AD_DEGREE", AD_DEGREE},
                     {"AD_INF", AD_INF}};
    for (size_t k = 0; k < sizeof constants / sizeof *constants; k++) {
        if (strcmp(name, constants[k].name) == 0) {
            *value = constants[k].value;
            return 1;
        }
    }
    return 0;
}

static void call(parser *p, const char *name) {
    int count = 0;
    char value[64];
    do {
        comparison(p);
        count++;
    } while (!p->failed && accept(p, ","));
    if (!accept(p, ")")) p->failed = 1;
    if (strcmp(name, "sel") == 0) {
        apply(p, "sel(a != 0, b, c)");
    } else {
        static const char *const forms[] = {"%s(a)", "%s(a, b)", "%s(a, b, c)"};
        if (count > AD_MAX_ARITY) {
            p->failed = 1;
            return;
        }
        snprintf(value, sizeof value, forms[count - 1], name);
        apply(p, value);
    }
}

/* A decimal number. strtod() would depend on the decimal point of the locale.  The numbers of the
 * table have few digits, so that numerator and denominator are exact and the quotient is correctly
 * rounded. */
static double digits(parser *p) {
    double number = 0, scale = 1;
    while (isdigit((unsigned char)*p->at)) number = number * 10 + (*p->at++ - '0');
    if (*p->at == '.') p->at++;
    while (isdigit((unsigned char)*p->at)) {
        number = number * 10 + (*p->at++ - '0');
        scale *= 10;
    }
    return number / scale;
}

static void primary(parser *p) {
    char name[32];
    size_t n = 0;
    double number;
    blanks(p);
    if (p->failed) return;
    if (accept(p, "(")) {
        comparison(p);
        if (!accept(p, ")")) p->failed = 1;
    } else if (isdigit((unsigned char)*p->at)) {
        append_step(p, AD_STEP_NUMBER, 0, digits(p));
    } else {
        while ((isalnum((unsigned char)*p->at) || *p->at == '_') && n + 1 < sizeof name) {
            name[n++] = *p->at++;
        }
        name[n] = 0;
        if (accept(p, "(")) {
            call(p, name);
        } else if (n == 1 && strchr("abcv", name[0]) != NULL) {
            append_step(p, name[0] == 'v' ? AD_STEP_V : (ad_step_kind)(AD_STEP_A + (name[0] - 'a')),
                        0, 0);
        } else if (constant(name, &number)) {
            append_step(p, AD_STEP_NUMBER, 0, number);
        } else {
            p->failed = 1;
        }
    }
}

static void unary(parser *p) {
    if (accept(p, "-")) {
        unary(p);
        apply(p, "-a");
    } else {
        primary(p);
    }
}

static void parse_product(parser *p) {
    unary(p);
    while (!p->failed) {
        const char *value = accept(p, "*") ? "a * b" : accept(p, "/") ? "a / b" : NULL;
        if (value == NULL) return;
        unary(p);
        apply(p, value);
    }
}

static void parse_sum(parser *p) {
    parse_product(p);
    while (!p->failed) {
        const char *value = accept(p, "+") ? "a + b" : accept(p, "-") ? "a - b" : NULL;
        if (value == NULL) return;
        parse_product(p);
        apply(p, value);
    }
}

static void comparison(parser *p) {
    static const char *const signs[] = {"<=", ">=", "==", "!=", "<", ">"};
    char value[32];
    parse_sum(p);
    for (size_t k = 0; !p->failed && k < sizeof signs / sizeof *signs; k++) {
        if (!accept(p, signs[k])) continue;
        parse_sum(p);
        snprintf(value, sizeof value, "sel(a %s b, 1, 0)", signs[k]);
        apply(p, value);
        return;
    }
}

ad_status ad_expr_parse(const char *text, ad_expr *expr) {
    parser p = {text, expr, 0};
    expr->steps = 0;
    comparison(&p);
    blanks(&p);
    return p.failed || *p.at != 0 ? AD_BAD_OP : AD_OK;
}

static ad_expr partials[AD_OP_COUNT][AD_MAX_ARITY];
static uint8_t piecewise_constant[AD_OP_COUNT][AD_MAX_ARITY];

/* Returns whether every path from an operand to the result passes through a partial that is
 * literally 0. */
static int is_piecewise_constant(const ad_expr *expr) {
    uint8_t stack[AD_EXPR_DEPTH];
    int top = 0;
    for (int k = 0; k < expr->steps; k++) {
        const ad_step *step = &expr->step[k];
        if (step->kind == AD_STEP_APPLY) {
            const ad_op_info *row = ad_op_row(step->op);
            int all = 1;
            top -= row->arity;
            for (int j = 0; j < row->arity; j++) {
                all &= stack[top + j] || row->partial_class[j] == AD_PARTIAL_ZERO;
            }
            stack[top++] = (uint8_t)all;
        } else {
            stack[top++] = step->kind == AD_STEP_NUMBER;
        }
    }
    return stack[0];
}

ad_status ad_expr_prepare(void) {
    for (unsigned op = 0; op < AD_OP_COUNT; op++) {
        for (int j = 0; j < ad_op_rows[op].arity; j++) {
            ad_status status = ad_expr_parse(ad_op_rows[op].partial[j], &partials[op][j]);
            if (status != AD_OK) return status;
            piecewise_constant[op][j] = (uint8_t)is_piecewise_constant(&partials[op][j]);
        }
    }
    return AD_OK;
}

int ad_expr_is_piecewise_constant(unsigned op, int j) { return piecewise_constant[op][j]; }

const ad_expr *ad_expr_partial(unsigned op, int j) { return &partials[op][j]; }
