/* SPDX-License-Identifier: Apache-2.0 */
/* Naive models of the core's algorithms, and random data to compare both on.  The same seed gives
 * the same data in every run. */
#ifndef AD_MODEL_H
#define AD_MODEL_H

#include "graph/graph.h"
#include "program/program.h"
#include "tape/block.h"

/* A number below `below`, and one between -1 and 1. */
uint32_t model_random(uint32_t *seed, uint32_t below);
double model_number(uint32_t *seed);
void model_numbers(size_t n, double *x, uint32_t *seed);

/* The number of doubles between a and b; 0 for the same bits, and for any two NaN. */
uint64_t model_ulps(double a, double b);

/* The largest |got - want| of n numbers, divided by 1 + the largest |want|.  It is infinite if only
 * one of two numbers is NaN, or if they are different infinities. */
double model_distance(size_t n, const double *got, const double *want);

/* Returns whether an operation's lanes may differ from libm: they may call the platform's vector
 * functions, which round differently by up to 4 units in the last place, or are fmin and fmax, for
 * which C does not specify the sign of zeros. */
int model_rounds_freely(unsigned op);

/* The value of an operation of programs; reductions go from the first term to the last. */
double model_operation(unsigned op, size_t arity, const double *x);

/* The values of all terms, in their order. */
void model_values(const ad_graph *g, const double *x, double *value);

typedef enum model_kind {
    MODEL_SMOOTH, /* differentiable with moderate derivatives; and reductions */
    MODEL_EXACT,  /* every implementation gives the same bits */
} model_kind;

/* Append about n random operations on terms of moderate size at x, including inputs.  Candidates
 * for operands go to pool (with room for `room` terms).  Returns their number. */
size_t model_graph(ad_graph *g, model_kind kind, size_t n, const double *x, uint32_t *seed,
                   size_t room, ad_term *pool);

/* Compute the values of a program's slots at x, element by element as its runs say.  Returns 0 if
 * an operand is no input, constant or result of an earlier run, or if a slot is written twice or
 * never. */
int model_program(const ad_program *p, const double *x, double *slot);

/* A recording with all kinds of operations: D inputs, which are the first nodes, with these values,
 * and about `steps` operations on arrays and scalars, some on constants.  The structure depends
 * only on the seed.  Returns AD_NO_MEMORY on failure. */
ad_status model_tape(ad_tape *tape, size_t D, const double *x, size_t steps, uint32_t seed);

/* K nodes of a tape, mostly late ones. */
void model_outputs(const ad_tape *tape, size_t K, ad_node *output, uint32_t *seed);

#endif
