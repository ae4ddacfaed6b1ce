/* SPDX-License-Identifier: Apache-2.0 */
/* Running a program at many points, by any number of threads, each with an arena of its own. */
#ifndef AD_BATCH_H
#define AD_BATCH_H

#include "program/eval.h"

#define AD_BATCH_DIMS 16
#define AD_LANES_FROM 4 /* number of points from which lanes are faster */

/* The rows from which an argument is gathered: `count` rows, `step` bytes apart, of `length`
 * doubles each. */
typedef struct ad_rows {
    const char *data;
    size_t count, length;
    intptr_t step;
    int narrow; /* row numbers are int32_t instead of int64_t */
} ad_rows;

/* One argument.  Entry k of a point is at data + the point's offset + core[k] bytes, or k doubles
 * after the point's offset if core is NULL.  The offset is the sum of the point's batch indices
 * times `stride`, in bytes.
 *
 * With `rows`, data holds row numbers instead, those of a point contiguously (core is NULL), and
 * the entries of a point are these rows, one after the other.  Negative numbers count from the end.
 * Every number is checked, even if the program does not read its row. */
typedef struct ad_batch_input {
    const char *data;
    size_t first, count; /* inputs of the program */
    const intptr_t *core;
    const ad_rows *rows; /* NULL if data holds the entries themselves */
    intptr_t stride[AD_BATCH_DIMS];
} ad_batch_input;

/* One result: `count` doubles per point, contiguous over the points. */
typedef struct ad_batch_output {
    double *data;
    size_t first, count; /* outputs of the program */
    int zeroed;          /* data is filled with zeros */
} ad_batch_output;

typedef struct ad_batch {
    const ad_program *program;
    const ad_program *strict; /* program with strict products; NULL if it has not been made */
    int lanes; /* run vectors of points (the programs have lanes) instead of single points */
    int ndim;
    size_t shape[AD_BATCH_DIMS], points;
    size_t inputs, outputs;
    const ad_batch_input *input;
    const ad_batch_output *output;
    /* For each point 0 if all guards have their recorded outcomes, else one more than the number of
     * the first that has not.  NULL if there are no guards. */
    uint32_t *missed;
    /* shared by the threads */
    size_t next;   /* the first point that no thread has taken */
    int stop;      /* set when a thread fails or is interrupted */
    int nonfinite; /* a derivative is nonfinite, but the strict program is missing */
} ad_batch;

/* Called between blocks by the thread that has one, with the number of points taken so far.  A
 * nonzero result stops all threads. */
typedef struct ad_batch_poll {
    int (*stop)(void *context, size_t done);
    void *context;
} ad_batch_poll;

/* Returns the number of doubles of a thread's arena, which serves the program and the strict
 * program. */
size_t ad_batch_room(const ad_batch *b);

/* Returns the number of pieces that threads take one at a time.  More threads than this have no
 * work. */
size_t ad_batch_pieces(const ad_batch *b);

/* Write the constants; called once per arena. */
void ad_batch_begin(const ad_batch *b, double *arena);

/* Process blocks of points until none is left.  Returns AD_OK, AD_INTERRUPTED, AD_BAD_INDEX for a
 * row number that is out of range, or the status of a rule's callback. */
ad_status ad_batch_work(ad_batch *b, double *arena, const ad_batch_poll *poll);

#endif
