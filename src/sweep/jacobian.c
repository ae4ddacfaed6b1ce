/* SPDX-License-Identifier: Apache-2.0 */
#include "sweep/jacobian.h"

#include <string.h>

#include "base/alloc.h"
#include "ops/call.h"
#include "sweep/careful.h"
#include "tape/block.h"

#define MOST_SEEDS 32     /* more seeds gain nothing in a sweep's inner loop */
#define UNREAD_BUDGETS 4  /* memory of a sweep over its budget, if most of it is never used */

/* The memory of one sweep: an array of nodes * p doubles, followed by scratch memory. */
static double *workspace(const ad_tape *tape, size_t p, ad_workspace given, double **scratch) {
    size_t scratch_size = ad_sweep_scratch(tape, p);
    if (tape->nodes != 0 && p > (SIZE_MAX / 8 - scratch_size) / tape->nodes) return NULL;
    size_t need = tape->nodes * p + scratch_size;
    int fits = given.memory != NULL && need <= given.room;
    double *array = fits ? given.memory : ad_alloc(need, sizeof(double));
    if (array != NULL) *scratch = array + tape->nodes * p;
    return array;
}

static void release(double *array, ad_workspace given) {
    if (array != given.memory) ad_free(array);
}

size_t ad_workspace_need(const ad_tape *tape, size_t p) {
    return tape->nodes * p + ad_sweep_scratch(tape, p);
}

/* Find large arrays of constants, whose tangents and adjoints nothing uses. */
static void find_unread(const ad_function *f, ad_first_writes *unread) {
    unread->count = 0;
    if (f->tape->nodes < AD_FIRST_WRITE_LARGE) return;
    ad_first_write_find(f->tape, f->K, f->output, unread);
}

static size_t count_constants(const ad_tape *tape) {
    size_t count = 0, words = tape->nodes / 64, rest = tape->nodes % 64;
    for (size_t k = 0; k < words; k++) count += (size_t)__builtin_popcountll(tape->constant[k]);
    if (rest == 0) return count;
    return count + (size_t)__builtin_popcountll(tape->constant[words] << (64 - rest));
}

/* The seeds whose numbers for so many nodes fit a budget of bytes. */
static size_t seeds_within(size_t budget, size_t nodes) {
    size_t fits = nodes == 0 ? MOST_SEEDS : budget / (nodes * sizeof(double));
    return fits < 1 ? 1 : fits < MOST_SEEDS ? fits : MOST_SEEDS;
}

size_t ad_seed_chunk(const ad_tape *tape, size_t total, size_t budget) {
    size_t most = seeds_within(budget, tape->nodes);
    if (most < MOST_SEEDS && total > most) {
        size_t used = seeds_within(budget, tape->nodes - count_constants(tape));
        size_t all = seeds_within(UNREAD_BUDGETS * budget, tape->nodes);
        most = used < all ? used : all;
    }
    if (total <= most) return total;
    size_t sweeps = (total + most - 1) / most;
    return (total + sweeps - 1) / sweeps; /* chunks of equal size */
}

/* Those of a call whose rule is elementwise or falls apart into blocks are within its parts. */
static size_t count_call_edges(const ad_tape *tape, const ad_block *b) {
    const ad_callbacks *callbacks = ad_callbacks_get();
    void *rule = tape->rule[b->rule];
    const size_t n = b->extent[1].count;
    if (callbacks->elementwise(rule)) return n;
    return n * b->count / callbacks->blocks(rule, 0, n, NULL);
}

static size_t count_block_edges(const ad_tape *tape, const ad_run *run) {
    const ad_block *b = &tape->block[run->a];
    size_t n = b->extent[1].count;
    if (ad_has_inner_products(run)) {
        return (size_t)b->count * b->extent[1].size[1] * ((size_t)b->active[0] + b->active[1]);
    }
    if (ad_is_family(run, AD_FAMILY_CALL)) return count_call_edges(tape, b);
    if (ad_block_kinds[run->op].running) return 2 * (size_t)b->count;
    return n * b->count;
}

size_t ad_sweep_edges(const ad_tape *tape) {
    size_t edges = 0;
    for (size_t k = 0; k < tape->runs; k++) {
        const ad_run *run = &tape->run[k];
        if (run->form == AD_FORM_BLOCK) {
            edges += count_block_edges(tape, run);
        } else if (run->form != AD_FORM_SPAN) {
            edges += 1 + (run->form == AD_FORM_BINARY);
        } else {
            const ad_span *span = &tape->span[run->a];
            for (int j = 0; j < run->arity; j++) {
                if (span->source[j] != AD_PARTIAL_ZERO) edges += span->extent.count;
            }
        }
    }
    return edges;
}

/* Count the work of a sweep that is too short to poll on its own.  Returns the sweep's status, or
 * AD_INTERRUPTED if the caller now asks to stop. */
static ad_status count_sweep(ad_pace *pace, const ad_tape *tape, size_t p, ad_status status) {
    return status == AD_OK && ad_pace_stops(pace, tape->nodes * p) ? AD_INTERRUPTED : status;
}

/* Columns (or, backward, rows) first to first + n - 1 of the Jacobian, by careful sweeps. */
static ad_status units_carefully(const ad_function *f, int backward, size_t first, size_t n,
                                 double *jacobian, const ad_poll *poll) {
    static const double one = 1;
    const ad_node *from = (backward ? f->output : f->input) + first;
    const ad_node *to = backward ? f->input : f->output;
    const size_t m = backward ? f->D : f->K;
    ad_pace pace = {poll, 0};
    ad_careful c;
    ad_status status = ad_careful_begin(f->tape, backward, &c);
    for (size_t s = 0; s < n && status == AD_OK; s++) {
        status = ad_careful_sweep(&c, 1, &from[s], &one, 1, poll);
        for (size_t k = 0; k < m && status == AD_OK; k++) {
            jacobian[backward ? (first + s) * f->D + k : k * f->D + first + s] =
                ad_careful_result(&c, to[k]);
        }
        status = count_sweep(&pace, f->tape, 16, status);
    }
    ad_careful_end(&c);
    return status;
}

/* A product with p seeds, by careful sweeps. */
static ad_status product_carefully(const ad_function *f, int backward, size_t p,
                                   const double *seeds, double *out, const ad_poll *poll) {
    const ad_node *from = backward ? f->output : f->input, *to = backward ? f->input : f->output;
    const size_t n = backward ? f->K : f->D, m = backward ? f->D : f->K;
    ad_pace pace = {poll, 0};
    ad_careful c;
    ad_status status = ad_careful_begin(f->tape, backward, &c);
    for (size_t s = 0; s < p && status == AD_OK; s++) {
        status = ad_careful_sweep(&c, n, from, seeds + s, p, poll);
        for (size_t k = 0; k < m && status == AD_OK; k++) {
            out[k * p + s] = ad_careful_result(&c, to[k]);
        }
        status = count_sweep(&pace, f->tape, 16, status);
    }
    ad_careful_end(&c);
    return status;
}

/* The tangents or adjoints of all nodes for one seed, by a careful sweep. */
static ad_status nodes_carefully(const ad_function *f, int backward, const double *seeds,
                                 double *array, const ad_poll *poll) {
    const ad_node *from = backward ? f->output : f->input;
    ad_careful c;
    ad_status status = ad_careful_begin(f->tape, backward, &c);
    if (status == AD_OK) {
        status = ad_careful_sweep(&c, backward ? f->K : f->D, from, seeds, 1, poll);
    }
    for (size_t k = 0; k < f->tape->nodes && status == AD_OK; k++) {
        array[k] = ad_careful_result(&c, (ad_node)k);
    }
    ad_careful_end(&c);
    return status;
}

ad_status ad_jacobian_forward(const ad_function *f, size_t chunk, double *jacobian,
                              ad_workspace work, const ad_poll *poll) {
    double *scratch, *t = workspace(f->tape, ad_seeds_padded(f->tape, chunk), work, &scratch);
    if (t == NULL) return AD_NO_MEMORY;
    ad_status status = AD_OK;
    ad_pace pace = {poll, 0};
    ad_first_writes unread;
    find_unread(f, &unread);
    for (size_t d = 0; d < f->D && status == AD_OK; d += chunk) {
        size_t n = f->D - d < chunk ? f->D - d : chunk, p = ad_seeds_padded(f->tape, n);
        ad_zero_leaves(f->tape, &unread, t, p);
        for (size_t s = 0; s < n; s++) t[(size_t)f->input[d + s] * p + s] = 1;
        status = ad_forward(f->tape, t, p, scratch, poll);
        for (size_t k = 0; k < f->K && status == AD_OK; k++) {
            memcpy(jacobian + k * f->D + d, t + (size_t)f->output[k] * p, n * sizeof(double));
        }
        if (status == AD_NOT_FINITE) status = units_carefully(f, 0, d, n, jacobian, poll);
        status = count_sweep(&pace, f->tape, p, status);
    }
    release(t, work);
    return status;
}

ad_status ad_jacobian_reverse(const ad_function *f, size_t chunk, double *jacobian,
                              ad_workspace work, const ad_poll *poll) {
    double *scratch, *w = workspace(f->tape, ad_seeds_padded(f->tape, chunk), work, &scratch);
    if (w == NULL) return AD_NO_MEMORY;
    ad_status status = AD_OK;
    ad_pace pace = {poll, 0};
    ad_first_writes unread;
    find_unread(f, &unread);
    for (size_t k = 0; k < f->K && status == AD_OK; k += chunk) {
        size_t n = f->K - k < chunk ? f->K - k : chunk, p = ad_seeds_padded(f->tape, n);
        ad_zero_adjoints(f->tape, &unread, w, p);
        for (size_t s = 0; s < n; s++) w[(size_t)f->output[k + s] * p + s] += 1;
        status = ad_reverse(f->tape, w, p, scratch, NULL, poll);
        for (size_t d = 0; d < f->D && status == AD_OK; d++) {
            const double *from = w + (size_t)f->input[d] * p;
            for (size_t s = 0; s < n; s++) jacobian[(k + s) * f->D + d] = from[s];
        }
        if (status == AD_NOT_FINITE) status = units_carefully(f, 1, k, n, jacobian, poll);
        status = count_sweep(&pace, f->tape, p, status);
    }
    release(w, work);
    return status;
}

/* Returns whether the nodes are consecutive, as inputs usually are. */
static int are_consecutive(size_t n, const ad_node *nodes) {
    if (n == 0 || nodes[n - 1] - nodes[0] != n - 1) return 0;
    uint32_t strays = 0;
    for (uint32_t k = 0; k < (uint32_t)n; k++) strays |= nodes[k] ^ (nodes[0] + k);
    return strays == 0;
}

void ad_seed(double *array, size_t p, size_t n, const ad_node *nodes, const double *seeds) {
    if (are_consecutive(n, nodes)) {
        double *to = array + (size_t)nodes[0] * p;
        for (size_t k = 0; k < n * p; k++) to[k] += seeds[k];
        return;
    }
    for (size_t k = 0; k < n; k++) {
        for (size_t s = 0; s < p; s++) array[(size_t)nodes[k] * p + s] += seeds[k * p + s];
    }
}

static void harvest(const double *array, size_t p, size_t n, const ad_node *nodes, double *out) {
    if (are_consecutive(n, nodes)) {
        memcpy(out, array + (size_t)nodes[0] * p, n * p * sizeof(double));
        return;
    }
    for (size_t k = 0; k < n; k++) {
        memcpy(out + k * p, array + (size_t)nodes[k] * p, p * sizeof(double));
    }
}

void ad_pull_begin(const ad_function *f, double *out, ad_first_writes *writes) {
    ad_first_write_find(f->tape, f->K, f->output, writes);
    if (are_consecutive(f->D, f->input)) ad_first_write_redirect(writes, f->input[0], f->D, out);
}

void ad_pull_end(const ad_function *f, const ad_first_writes *writes, const double *adjoint,
                 double *out) {
    if (are_consecutive(f->D, f->input)) {
        ad_first_write_harvest(writes, adjoint, f->input[0], f->D, out);
    } else {
        harvest(adjoint, 1, f->D, f->input, out);
    }
}

/* One seed, for which large arrays are searched (first_write.h). */
static ad_status pull_back_one(const ad_function *f, const double *seeds, double *out, double *w,
                               double *scratch, const ad_poll *poll) {
    ad_first_writes writes;
    ad_pull_begin(f, out, &writes);
    ad_first_write_zero(f->tape, &writes, w);
    ad_seed(w, 1, f->K, f->output, seeds);
    ad_status status = ad_reverse(f->tape, w, 1, scratch, &writes, poll);
    if (status == AD_OK) ad_pull_end(f, &writes, w, out);
    return status;
}

ad_status ad_jvp(const ad_function *f, size_t p, const double *seeds, double *out,
                 ad_workspace work, const ad_poll *poll) {
    double *scratch, *t = workspace(f->tape, p, work, &scratch);
    ad_first_writes unread;
    if (t == NULL) return AD_NO_MEMORY;
    find_unread(f, &unread);
    ad_zero_leaves(f->tape, &unread, t, p);
    ad_seed(t, p, f->D, f->input, seeds);
    ad_status status = ad_forward(f->tape, t, p, scratch, poll);
    if (status == AD_OK) harvest(t, p, f->K, f->output, out);
    release(t, work);
    if (status == AD_NOT_FINITE) status = product_carefully(f, 0, p, seeds, out, poll);
    return status;
}

ad_status ad_vjp(const ad_function *f, size_t p, const double *seeds, double *out,
                 ad_workspace work, const ad_poll *poll) {
    double *scratch, *w = workspace(f->tape, p, work, &scratch);
    if (w == NULL) return AD_NO_MEMORY;
    ad_status status;
    if (p == 1) {
        status = pull_back_one(f, seeds, out, w, scratch, poll);
    } else {
        ad_first_writes unread;
        find_unread(f, &unread);
        ad_zero_adjoints(f->tape, &unread, w, p);
        ad_seed(w, p, f->K, f->output, seeds);
        status = ad_reverse(f->tape, w, p, scratch, NULL, poll);
        if (status == AD_OK) harvest(w, p, f->D, f->input, out);
    }
    release(w, work);
    if (status == AD_NOT_FINITE) status = product_carefully(f, 1, p, seeds, out, poll);
    return status;
}

ad_status ad_tangents(const ad_function *f, const double *seeds, double *tangent,
                      const ad_poll *poll) {
    double *scratch = ad_alloc(ad_sweep_scratch(f->tape, 1), sizeof(double));
    if (scratch == NULL) return AD_NO_MEMORY;
    ad_zero_leaves(f->tape, NULL, tangent, 1);
    ad_seed(tangent, 1, f->D, f->input, seeds);
    ad_status status = ad_forward(f->tape, tangent, 1, scratch, poll);
    ad_free(scratch);
    return status == AD_NOT_FINITE ? nodes_carefully(f, 0, seeds, tangent, poll) : status;
}

ad_status ad_adjoints(const ad_function *f, const double *seeds, double *adjoint,
                      const ad_poll *poll) {
    double *scratch = ad_alloc(ad_sweep_scratch(f->tape, 1), sizeof(double));
    if (scratch == NULL) return AD_NO_MEMORY;
    memset(adjoint, 0, f->tape->nodes * sizeof(double));
    ad_seed(adjoint, 1, f->K, f->output, seeds);
    ad_status status = ad_reverse(f->tape, adjoint, 1, scratch, NULL, poll);
    ad_free(scratch);
    return status == AD_NOT_FINITE ? nodes_carefully(f, 1, seeds, adjoint, poll) : status;
}
