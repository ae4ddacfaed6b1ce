/* SPDX-License-Identifier: Apache-2.0 */
/* Colours of columns and rows together: Coleman and Verma, The efficient computation of sparse
 * Jacobian matrices using automatic differentiation, SISC 19 (1998).  A line is a row or a column.
 * The line with the fewest remaining entries is removed until no entries remain.  Entries removed
 * with their row are read off columns, and entries removed with their column off rows.  By
 * substitution, an entry is found after those that its line had lost before. */
#include <string.h>

#include "base/alloc.h"
#include "sparse/colour_parts.h"

typedef struct split {
    uint32_t *row_time, *column_time; /* number of the step that removed each line */
    size_t column_bound, row_bound;   /* lower bounds of the numbers of colours */
} split;

/* Remove a line of p.  Its entries are lines of the transpose, and are removed from those that
 * remain in `others`. */
static void take_line(const ad_pattern *p, uint32_t line, ad_buckets *lines, ad_buckets *others,
                      const uint32_t *time) {
    ad_buckets_remove(lines, line);
    for (size_t k = p->start[line]; k < p->start[line + 1]; k++) {
        uint32_t other = p->index[k];
        if (time[other] == UINT32_MAX) ad_buckets_move(others, other, -1);
    }
}

static ad_status lengths(const ad_pattern *p, ad_buckets *b) {
    uint32_t *key = ad_alloc(p->rows, sizeof *key);
    if (key == NULL) return AD_NO_MEMORY;
    for (size_t i = 0; i < p->rows; i++) key[i] = (uint32_t)(p->start[i + 1] - p->start[i]);
    ad_status status = ad_buckets_init(b, p->rows, p->columns + 1, key);
    ad_free(key);
    return status;
}

/* Choose the lines to remove.  Columns need at least as many colours as the longest row has entries
 * when it is removed, and likewise for rows.  So the line is removed that keeps the sum of both
 * bounds least.  Of equal choices the kind of the previous one is taken, so that the rest of a
 * dense row does not go to the columns. */
static ad_status divide_lines(const ad_pattern *rows, const ad_pattern *columns, int by_rows,
                              split *x) {
    ad_buckets row = {0}, column = {0};
    ad_status status = lengths(rows, &row);
    if (status == AD_OK) status = lengths(columns, &column);
    if (status == AD_OK) {
        memset(x->row_time, 0xff, rows->rows * sizeof *x->row_time);
        memset(x->column_time, 0xff, columns->rows * sizeof *x->column_time);
        uint32_t column_bound = 0, row_bound = 0, time = 0;
        for (;;) {
            uint32_t i = ad_buckets_least(&row), j = ad_buckets_least(&column);
            if (i == AD_NO_VERTEX || j == AD_NO_VERTEX) break; /* no entries remain */
            uint32_t by_row = row.key[i] > column_bound ? row.key[i] - column_bound : 0;
            uint32_t by_column = column.key[j] > row_bound ? column.key[j] - row_bound : 0;
            if (by_row != by_column) by_rows = by_row < by_column;
            if (by_rows) {
                take_line(rows, i, &row, &column, x->column_time);
                x->row_time[i] = time++;
                column_bound += by_row;
            } else {
                take_line(columns, j, &column, &row, x->row_time);
                x->column_time[j] = time++;
                row_bound += by_column;
            }
        }
        x->column_bound = column_bound;
        x->row_bound = row_bound;
    }
    ad_buckets_free(&row);
    ad_buckets_free(&column);
    return status;
}

/* Sort the columns in each row by decreasing time, so that those of entries read off columns are
 * contiguous.  `by_time` holds the columns by increasing time. */
static ad_status sorted_side(const ad_pattern *rows, const ad_pattern *columns,
                             const uint32_t *row_time, const uint32_t *column_time,
                             const uint32_t *by_time, int substitution, ad_side *side) {
    size_t entries = rows->start[rows->rows];
    size_t *own = ad_alloc_zeroed(rows->rows, sizeof *own);
    size_t *next = ad_alloc(rows->rows, sizeof *next);
    uint32_t *index = ad_alloc(entries, sizeof *index);
    *side = (ad_side){*rows, *columns, row_time, column_time, own, substitution};
    side->rows.index = index;
    int ready = own != NULL && next != NULL && index != NULL;
    if (ready) {
        memcpy(next, rows->start, rows->rows * sizeof *next);
        for (size_t c = columns->rows; c-- > 0;) {
            uint32_t j = by_time[c];
            for (size_t k = columns->start[j]; k < columns->start[j + 1]; k++) {
                uint32_t i = columns->index[k];
                index[next[i]++] = j;
                own[i] += row_time[i] < column_time[j];
            }
        }
    }
    ad_free(next);
    return ready ? AD_OK : AD_NO_MEMORY;
}

static void free_side(ad_side *side) {
    ad_free((void *)side->own);
    ad_free((void *)side->rows.index);
}

/* Lines by increasing time; those never removed are last. */
static ad_status rank(size_t n, size_t lines, const uint32_t *time, uint32_t *by_time) {
    uint32_t *line = ad_alloc(lines, sizeof *line);
    if (line == NULL) return AD_NO_MEMORY;
    memset(line, 0xff, lines * sizeof *line);
    size_t count = 0;
    for (size_t v = 0; v < n; v++) {
        if (time[v] != UINT32_MAX) line[time[v]] = (uint32_t)v;
    }
    for (size_t t = 0; t < lines; t++) {
        if (line[t] != AD_NO_VERTEX) by_time[count++] = line[t];
    }
    for (size_t v = 0; v < n; v++) {
        if (time[v] == UINT32_MAX) by_time[count++] = (uint32_t)v;
    }
    ad_free(line);
    return AD_OK;
}

typedef struct search {
    ad_pattern rows, columns;
    int substitution;
    split split;
    uint32_t *column_orders, *row_orders; /* all orderings, one after the other */
    uint32_t *by_time, *trial;
} search;

/* Colour the columns of one side by the best ordering; the colours go to `best`. */
static ad_status colour_lines(const search *x, const ad_side *side, const uint32_t *orders,
                              size_t bound, uint32_t *best, size_t *fewest) {
    size_t n = side->rows.columns;
    ad_status status = AD_OK;
    *fewest = SIZE_MAX;
    for (unsigned o = 0; o < AD_ORDERINGS && status == AD_OK && *fewest > bound; o++) {
        size_t count = 0;
        status = ad_colour_side(side, orders + o * n, x->trial, &count);
        if (status != AD_OK || count >= *fewest) continue;
        if (n > 0) memcpy(best, x->trial, n * sizeof *best);
        *fewest = count;
    }
    return status;
}

static ad_status colour_divided(const search *x, const ad_pattern *rows, const ad_pattern *columns,
                                const uint32_t *row_time, const uint32_t *column_time,
                                const uint32_t *orders, size_t bound, uint32_t *best,
                                size_t *fewest) {
    ad_side side = {0};
    ad_status status = rank(columns->rows, columns->rows + rows->rows, column_time, x->by_time);
    if (status == AD_OK) {
        status =
            sorted_side(rows, columns, row_time, column_time, x->by_time, x->substitution, &side);
    }
    if (status == AD_OK) status = colour_lines(x, &side, orders, bound, best, fewest);
    free_side(&side);
    return status;
}

typedef struct both {
    uint32_t *column, *row;
    size_t columns, rows;
} both;

/* Colour a division of the entries, unless it cannot have fewer than `most` colours. */
static ad_status mixed(search *x, int by_rows, size_t most, both *it) {
    split *y = &x->split;
    it->columns = it->rows = most;
    ad_status status = divide_lines(&x->rows, &x->columns, by_rows, y);
    if (status != AD_OK || y->column_bound + y->row_bound >= most) return status;
    status = colour_divided(x, &x->rows, &x->columns, y->row_time, y->column_time, x->column_orders,
                            y->column_bound, it->column, &it->columns);
    if (status != AD_OK || it->columns + y->row_bound >= most) return status;
    return colour_divided(x, &x->columns, &x->rows, y->column_time, y->row_time, x->row_orders,
                          y->row_bound, it->row, &it->rows);
}

static size_t longest(const ad_pattern *p) {
    size_t most = 0;
    for (size_t i = 0; i < p->rows; i++) {
        size_t length = p->start[i + 1] - p->start[i];
        if (length > most) most = length;
    }
    return most;
}

static void uncoloured(size_t n, uint32_t *colour) {
    for (size_t v = 0; v < n; v++) colour[v] = AD_NO_COLOUR;
}

/* One of four candidates: columns only, rows only, and two ways to divide the entries. */
static ad_status candidate(search *x, unsigned which, size_t most, both *it) {
    if (which >= 2) return mixed(x, which == 2, most, it);
    const ad_pattern *rows = which == 0 ? &x->rows : &x->columns;
    const ad_side side = {.rows = *rows, .columns = which == 0 ? x->columns : x->rows};
    size_t bound = longest(rows);
    it->columns = it->rows = 0;
    uncoloured(x->rows.columns, it->column);
    uncoloured(x->rows.rows, it->row);
    if (bound >= most) {
        it->columns = most;
        return AD_OK;
    }
    if (which == 0)
        return colour_lines(x, &side, x->column_orders, bound, it->column, &it->columns);
    return colour_lines(x, &side, x->row_orders, bound, it->row, &it->rows);
}

static ad_status order_all(search *x) {
    ad_status status = AD_OK;
    for (unsigned o = 0; o < AD_ORDERINGS && status == AD_OK; o++) {
        status = ad_colour_order(&x->rows, &x->columns, (ad_ordering)o,
                                 x->column_orders + o * x->rows.columns);
        if (status != AD_OK) return status;
        status = ad_colour_order(&x->columns, &x->rows, (ad_ordering)o,
                                 x->row_orders + o * x->rows.rows);
    }
    return status;
}

static ad_status try_all(search *x, uint32_t *column_colour, size_t *column_colours,
                         uint32_t *row_colour, size_t *row_colours) {
    size_t m = x->rows.rows, n = x->rows.columns, most = m > n ? m : n, fewest = SIZE_MAX;
    both trial = {ad_alloc(n, sizeof *trial.column), ad_alloc(m, sizeof *trial.row), 0, 0};
    both best = {ad_alloc(n, sizeof *best.column), ad_alloc(m, sizeof *best.row), 0, 0};
    x->column_orders = ad_alloc(n, AD_ORDERINGS * sizeof *x->column_orders);
    x->row_orders = ad_alloc(m, AD_ORDERINGS * sizeof *x->row_orders);
    x->by_time = ad_alloc(most, sizeof *x->by_time);
    x->trial = ad_alloc(most, sizeof *x->trial);
    x->split.row_time = ad_alloc(m, sizeof *x->split.row_time);
    x->split.column_time = ad_alloc(n, sizeof *x->split.column_time);
    int ready = trial.column && trial.row && best.column && best.row && x->column_orders &&
                x->row_orders && x->by_time && x->trial && x->split.row_time &&
                x->split.column_time;
    ad_status status = ready ? order_all(x) : AD_NO_MEMORY;
    for (unsigned which = 0; which < 4 && status == AD_OK; which++) {
        status = candidate(x, which, fewest, &trial);
        if (status != AD_OK || trial.columns + trial.rows >= fewest) continue;
        both swap = best;
        best = trial;
        trial = swap;
        fewest = best.columns + best.rows;
    }
    if (status == AD_OK) {
        if (n > 0) memcpy(column_colour, best.column, n * sizeof *column_colour);
        if (m > 0) memcpy(row_colour, best.row, m * sizeof *row_colour);
        *column_colours = best.columns;
        *row_colours = best.rows;
    }
    ad_free(trial.column);
    ad_free(trial.row);
    ad_free(best.column);
    ad_free(best.row);
    ad_free(x->column_orders);
    ad_free(x->row_orders);
    ad_free(x->by_time);
    ad_free(x->trial);
    ad_free(x->split.row_time);
    ad_free(x->split.column_time);
    return status;
}

ad_status ad_colour_both(const ad_pattern *p, int substitution, uint32_t *column_colour,
                         size_t *column_colours, uint32_t *row_colour, size_t *row_colours) {
    ad_status status = ad_pattern_check(p);
    if (status != AD_OK) return status;
    search x = {.rows = *p, .substitution = substitution};
    status = ad_pattern_transpose(p, &x.columns, NULL);
    if (status == AD_OK) {
        status = try_all(&x, column_colour, column_colours, row_colour, row_colours);
    }
    ad_pattern_free(&x.columns);
    return status;
}
