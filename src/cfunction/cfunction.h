/* SPDX-License-Identifier: Apache-2.0 */
/* A program as a function that any language calls: the struct of ad_core/include/ad_core.h. */
#ifndef AD_CFUNCTION_H
#define AD_CFUNCTION_H

#include "ad_core.h"
#include "program/program.h"

#define AD_CFUNCTION_PARTS 4 /* maximum number of parts of the inputs */

/* Consecutive inputs of the program: the caller's x has these one after the other. */
typedef struct ad_cfunction_part {
    size_t first, count;
} ad_cfunction_part;

/* What a function is made of.  Everything that it points to must stay as it is until the function
 * is released. */
typedef struct ad_cfunction_spec {
    const ad_program *program; /* with lanes if it has any: `lanes` */
    const ad_program *strict;  /* not NULL if the program is guarded */
    int lanes;
    size_t parts;
    ad_cfunction_part part[AD_CFUNCTION_PARTS];
    const char *const *line; /* of each guard of the program */
    const int32_t *row, *column;
    size_t n_value, n_rows, n_columns;
    const char *name;
} ad_cfunction_spec;

/* Returns the function of a program, or NULL if memory is exhausted. */
const ad_core_function *ad_cfunction_new(const ad_cfunction_spec *spec);

/* Release what a function is made of.  The function itself, some hundred bytes, is never freed, so
 * that those who still call it get AD_CORE_FREED. */
void ad_cfunction_release(const ad_core_function *function);

#endif
