/* SPDX-License-Identifier: Apache-2.0 */
/* Naive models of what the core does cleverly, and random things to compare the two on.  The same
 * seed gives the same things in every run. */
#ifndef AD_MODEL_H
#define AD_MODEL_H

#include "graph/graph.h"
#include "program/program.h"
#include "tape/block.h"

/* A number below `below`; one between -1 and 1. */
uint32_t model_random(uint32_t *seed, uint32_t below);
double model_number(uint32_t *seed);
void model_numbers(size_t n, double *x, uint32_t *seed);

/* Doubles between a and b; 0 for the same bits, and for any two NaN. */
uint64_t model_ulps(double a, double b);

/* The largest |got - want| among n, over 1 + the largest |want|; infinity where only one is NaN
 * or they are different infinities. */
double model_distance(size_t n, const double *got, const double *want);

/* Whether an operation's lanes may call the platform's vector functions, which round by up to 4
 * units otherwise than libm, or are fmin and fmax, of whose zeros C leaves the sign open. */
int model_rounds_freely(unsigned op);

/* Value of an operation of programs (reductions: from the first term to the last). */
double model_operation(unsigned op, size_t arity, const double *x);

/* Values of all terms, in their order. */
void model_values(const ad_graph *g, const double *x, double *value);

typedef enum model_kind {
    MODEL_SMOOTH, /* differentiable, of moderate derivatives; reductions */
    MODEL_EXACT,  /* every implementation gives the same bits */
} model_kind;

/* Push about n random operations on terms that are of moderate size at x, inputs among them.
 * Terms to choose from go to pool (room of them), how many is returned. */
size_t model_graph(ad_graph *g, model_kind kind, size_t n, const double *x, uint32_t *seed,
                   size_t room, ad_term *pool);

/* The values at x of a program's slots, element by element as its runs say; 0 if an operand is
 * not an input, a constant or a result of an earlier run, or a slot is written twice or never. */
int model_program(const ad_program *p, const double *x, double *slot);

/* A recording of everything that can be recorded: D inputs, the first nodes, with these values;
 * about `steps` operations on arrays and scalars, some on constants.  Structure depends on the
 * seed alone.  AD_NO_MEMORY. */
ad_status model_tape(ad_tape *tape, size_t D, const double *x, size_t steps, uint32_t seed);

/* K nodes of a tape, mostly late ones. */
void model_outputs(const ad_tape *tape, size_t K, ad_node *output, uint32_t *seed);

#endif
