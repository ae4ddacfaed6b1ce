/* SPDX-License-Identifier: Apache-2.0 */
#include "sweep/hessian.h"

#include <string.h>

#include "base/alloc.h"
#include "ops/call.h"
#include "sweep/recurrence.h"

/* The state for computing tangents of partials. */
typedef struct curving {
    const ad_tape *tape;
    const double *tangent;
    double *scratch;
    size_t room;
    int nonfinite; /* an infinity or NaN is among the slopes */
    ad_recurrence made[2][AD_OP_COUNT];
} curving;

/* The recurrence of op's partials for these operands.  That of a power is different where a base is
 * 0. */
static ad_status partial_recurrence(curving *x, unsigned op, size_t n, const ad_place operand[],
                                    ad_recurrence **r) {
    const int base = ad_recurrence_base(op);
    int regular = 1;
    for (size_t e = 0; base >= 0 && e < n; e++) {
        regular &= x->tape->value[ad_place_node(operand[base], e)] != 0;
    }
    *r = &x->made[regular][op];
    return (*r)->series != NULL ? AD_OK : ad_recurrence_make(op, 2, regular, 1, *r);
}

/* The numbers of n nodes contiguously: in place, or copied. */
static double *in_row(const double *array, size_t n, ad_place place, double *copy) {
    if (place.list == NULL && (place.stride == 1 || n == 1)) return (double *)array + place.base;
    for (size_t e = 0; e < n; e++) copy[e] = array[ad_place_node(place, e)];
    return copy;
}

/* The operands without edges, whose tangents are zero, as bits. */
static unsigned still_operands(const ad_tape *tape, const ad_run *run) {
    unsigned mask = 0;
    if (run->form == AD_FORM_LEFT) return 2;
    if (run->form == AD_FORM_RIGHT) return 1;
    for (int j = 0; run->form == AD_FORM_SPAN && j < run->arity; j++) {
        if (tape->span[run->a].source[j] == AD_PARTIAL_ZERO) mask |= 1u << j;
    }
    return mask;
}

/* The stored partials along edge j of the elements from k on, or NULL. */
static double *stored(const ad_tape *tape, const ad_run *run, size_t k, int j) {
    if (run->form != AD_FORM_SPAN) return NULL;
    const ad_span *span = &tape->span[run->a];
    return span->source[j] == AD_PARTIAL_STORED ? tape->partial + span->partial[j] + k : NULL;
}

/* The callback `slopes` of ad_second.  Series that are known already are read in place: operands
 * and the result with their tangents, and stored partials. */
static ad_status run_slopes(void *context, const ad_run *run, size_t k, size_t n,
                            const ad_place operand[], const double *slope[]) {
    curving *x = context;
    const ad_tape *tape = x->tape;
    const ad_node own = run->node + (ad_node)k;
    const unsigned mask = still_operands(tape, run);
    ad_recurrence *r;
    ad_status status = partial_recurrence(x, run->op, n, operand, &r);
    if (status != AD_OK) return status;
    status = ad_renew((void **)&x->scratch, &x->room, 2 * n * r->count, sizeof(double));
    if (status != AD_OK) return status;
    ad_recurrence_place(r, 1, n, x->scratch);
    for (int j = 0; j < run->arity; j++) {
        ad_coefficients *at = &r->at[j];
        at->value = in_row(tape->value, n, operand[j], at->value);
        if (!(mask >> j & 1)) at->rest = in_row(x->tangent, n, operand[j], at->rest);
    }
    r->at[r->result] = (ad_coefficients){tape->value + own, (double *)x->tangent + own, 2};
    for (int j = 0; j < run->arity; j++) {
        const int partial = r->series[r->result].partial[j];
        double *value = stored(tape, run, k, j);
        if (value != NULL && partial > r->result) r->at[partial].value = value;
        if (value != NULL && partial > r->result) r->at[partial].known = 1;
    }
    status = ad_recurrence_run(r, mask, 1, n, &x->nonfinite);
    if (status != AD_OK) return status;
    for (int j = 0; j < run->arity; j++) {
        const int partial = r->series[r->result].partial[j];
        slope[j] = partial < 0 || r->still[mask][partial] ? NULL : r->at[partial].rest;
    }
    return AD_OK;
}

size_t ad_hessian_need(const ad_tape *tape) { return 3 * tape->nodes + ad_sweep_scratch(tape, 1); }

/* The two sweeps in an array of ad_hessian_need() doubles. */
static ad_status sweeps(const ad_function *f, curving *x, const double *weight,
                        const double *direction, double *out, double *array, const ad_poll *poll) {
    const ad_tape *tape = f->tape;
    const size_t nodes = tape->nodes;
    double *tangent = array, *adjoint = array + nodes, *scratch = array + 3 * nodes;
    const ad_second second = {array + 2 * nodes, tangent, run_slopes, x};
    ad_first_writes writes;
    *x = (curving){.tape = tape, .tangent = tangent};
    ad_pull_begin(f, out, &writes);
    ad_zero_leaves(tape, &writes, tangent, 1);
    ad_seed(tangent, 1, f->D, f->input, direction);
    ad_status status = ad_forward(tape, tangent, 1, scratch, poll);
    if (status != AD_OK) return status;
    ad_first_write_zero(tape, &writes, adjoint);
    ad_first_write_zero(tape, &writes, second.adjoint);
    ad_seed(adjoint, 1, f->K, f->output, weight);
    status = ad_reverse_second(tape, adjoint, &second, scratch, &writes, poll);
    if (status == AD_OK) ad_pull_end(f, &writes, second.adjoint, out);
    return status == AD_OK && x->nonfinite ? AD_NOT_FINITE : status;
}

ad_status ad_hessian_product(const ad_function *f, const double *weight, const double *direction,
                             double *out, ad_workspace work, const ad_poll *poll) {
    const size_t need = ad_hessian_need(f->tape);
    const int fits = work.memory != NULL && need <= work.room;
    for (size_t k = 0; k < f->tape->rules; k++) {
        if (!ad_callbacks_get()->curves(f->tape->rule[k])) return AD_BAD_OP;
    }
    curving *x = ad_alloc_zeroed(1, sizeof *x);
    double *array = fits ? work.memory : ad_alloc(need, sizeof *array);
    ad_status status = x == NULL || array == NULL ? AD_NO_MEMORY : AD_OK;
    if (status == AD_OK) {
        status = sweeps(f, x, weight, direction, out, array, poll);
        for (unsigned op = 0; op < AD_OP_COUNT; op++) {
            ad_recurrence_free(&x->made[0][op]);
            ad_recurrence_free(&x->made[1][op]);
        }
        ad_free(x->scratch);
    }
    ad_free(x);
    if (!fits) ad_free(array);
    return status;
}
