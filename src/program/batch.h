/* SPDX-License-Identifier: Apache-2.0 */
/* A program at many points, by any number of threads, each on an arena of its own. */
#ifndef AD_BATCH_H
#define AD_BATCH_H

#include "program/eval.h"

#define AD_BATCH_DIMS 16

/* The rows that an argument is gathered from, `step` bytes from one to the next, `length` doubles
 * each. */
typedef struct ad_rows {
    const char *data;
    size_t count, length;
    intptr_t step;
    int narrow; /* their numbers are int32_t, not int64_t */
} ad_rows;

/* One argument: entry k of a point lies at data + the point's offset + core[k] bytes (k doubles
 * on where core is NULL); its offset is the sum of its batch index times stride.
 * With `rows`, data holds numbers of rows instead, those of a point side by side (core is NULL),
 * and the point's entries are these rows, one behind the other.  Numbers below zero count from the
 * end; each is looked at before it is used, whatever the program needs of the row. */
typedef struct ad_batch_input {
    const char *data;
    size_t first, count; /* inputs of the program */
    const intptr_t *core;
    const ad_rows *rows; /* or NULL */
    intptr_t stride[AD_BATCH_DIMS];
} ad_batch_input;

/* One result: `count` doubles a point, one after the other. */
typedef struct ad_batch_output {
    double *data;
    size_t first, count; /* outputs of the program */
    int zeroed;          /* data holds zeros */
} ad_batch_output;

typedef struct ad_batch {
    const ad_program *program;
    const ad_program *strict; /* with guarded products; NULL: not made yet */
    int lanes; /* points run side by side (the programs have lanes), not one by one */
    int ndim;
    size_t shape[AD_BATCH_DIMS], points;
    size_t inputs, outputs;
    const ad_batch_input *input;
    const ad_batch_output *output;
    uint8_t *missed; /* a byte a point: a guard does not hold; NULL: no guards */
    /* shared by the threads */
    size_t next;   /* the first point that nobody has taken */
    int stop;      /* somebody was interrupted */
    int nonfinite; /* a derivative is not finite, and strict was not there */
} ad_batch;

/* Called between blocks by the thread that has one; nonzero stops all. */
typedef struct ad_batch_poll {
    int (*stop)(void *context, size_t done);
    void *context;
} ad_batch_poll;

/* Doubles of a thread's arena: the program's and the strict one's. */
size_t ad_batch_room(const ad_batch *b);

/* Pieces that threads take one at a time: more threads than these have nothing to do. */
size_t ad_batch_pieces(const ad_batch *b);

/* Write the constants; once for an arena. */
void ad_batch_begin(const ad_batch *b, double *arena);

/* Take blocks of points until there are none.  Returns AD_OK, AD_INTERRUPTED, AD_BAD_INDEX for the
 * number of a row that there is not, or why a call failed. */
ad_status ad_batch_work(ad_batch *b, double *arena, const ad_batch_poll *poll);

#endif
