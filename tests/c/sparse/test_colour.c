/* SPDX-License-Identifier: Apache-2.0 */
#include "ad_test.h"
#include "base/alloc.h"
#include "model.h"
#include "sparse/colour.h"

#include <stdlib.h>
#include <string.h>

/* A pattern with the values of a matrix in the order of its entries. */
typedef struct matrix {
    ad_pattern p;
    size_t *start;
    uint32_t *index;
    double *value;
} matrix;

typedef int (*rule)(size_t i, size_t j);

static size_t width; /* of bands and grids */

static int is_diagonal(size_t i, size_t j) { return i == j; }
static int is_full(size_t i, size_t j) { return i + j < SIZE_MAX; }
static int is_empty(size_t i, size_t j) { return i + j == SIZE_MAX; }
static int in_band(size_t i, size_t j) { return i <= j + width && j <= i + width; }
static int in_arrow(size_t i, size_t j) { return i == 0 || j == 0 || i == j; }
static int on_grid(size_t i, size_t j) {
    size_t x = i % width, y = i / width, u = j % width, v = j / width;
    return (x == u && y <= v + 1 && v <= y + 1) || (y == v && x <= u + 1 && u <= x + 1);
}
/* Dense rows, a dense column and a diagonal, with an empty row and an empty column. */
static int is_crossed(size_t i, size_t j) {
    if (i == 5 || j == 7) return 0;
    return i == 3 || i == 9 || j == 2 || i == j;
}

static matrix build(size_t rows, size_t columns, rule has) {
    matrix a = {0};
    size_t most = 0, count = 0;
    uint32_t seed = 17;
    a.start = calloc(rows + 1, sizeof *a.start);
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) most += has(i, j) != 0;
    }
    a.index = malloc((most + 1) * sizeof *a.index);
    a.value = malloc((most + 1) * sizeof *a.value);
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) {
            if (has(i, j)) a.index[count++] = (uint32_t)j;
        }
        a.start[i + 1] = count;
    }
    model_numbers(count, a.value, &seed);
    a.p = (ad_pattern){rows, columns, a.start, a.index};
    return a;
}

static void discard(matrix *a) {
    free(a->start);
    free(a->index);
    free(a->value);
}

static uint8_t table[40][40];
static int in_table(size_t i, size_t j) { return table[i][j]; }

static matrix random_matrix(size_t rows, size_t columns, uint32_t percent, int symmetric,
                            uint32_t *seed) {
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) {
            table[i][j] = model_random(seed, 100) < percent;
            if (symmetric && j < i) table[i][j] = table[j][i];
        }
    }
    return build(rows, columns, in_table);
}

static size_t place_of(const matrix *a, size_t i, size_t j) {
    for (size_t k = a->start[i]; k < a->start[i + 1]; k++) {
        if (a->index[k] == j) return k;
    }
    return SIZE_MAX;
}

static int has(const matrix *a, size_t i, size_t j) { return place_of(a, i, j) != SIZE_MAX; }

static void make_symmetric(matrix *a) {
    for (size_t i = 0; i < a->p.rows; i++) {
        for (size_t k = a->start[i]; k < a->start[i + 1]; k++) {
            if (a->index[k] < i) a->value[k] = a->value[place_of(a, a->index[k], i)];
        }
    }
}

/* --------------------------------------------------------------------- validity, by brute force */

/* The number of entries of row i (or column i) that have a colour. */
static size_t times(const matrix *a, int row, size_t i, const uint32_t *colour, uint32_t c) {
    size_t count = 0;
    for (size_t k = 0; k < (row ? a->p.columns : a->p.rows); k++) {
        count += colour[k] == c && has(a, row ? i : k, row ? k : i);
    }
    return count;
}

/* Checks that every entry has a unique column colour in its row, or a unique row colour in its
 * column. */
static int is_direct(const matrix *a, const uint32_t *column, const uint32_t *row) {
    for (size_t i = 0; i < a->p.rows; i++) {
        for (size_t k = a->start[i]; k < a->start[i + 1]; k++) {
            size_t j = a->index[k];
            int first =
                column && column[j] != AD_NO_COLOUR && times(a, 1, i, column, column[j]) == 1;
            int second = row && row[i] != AD_NO_COLOUR && times(a, 0, j, row, row[i]) == 1;
            if (!first && !second) return 0;
        }
    }
    return 1;
}

static int is_distance_1(const matrix *a, const uint32_t *c) {
    for (size_t i = 0; i < a->p.rows; i++) {
        for (size_t k = a->start[i]; k < a->start[i + 1]; k++) {
            if (a->index[k] != i && c[a->index[k]] == c[i]) return 0;
        }
    }
    return 1;
}

#define EACH_NEIGHBOUR(a, v, w)                                                    \
    for (size_t k##w = (a)->start[v], w = 0; k##w < (a)->start[(v) + 1]; k##w++)   \
        if ((w = (a)->index[k##w]) != (v))

static int is_star(const matrix *a, const uint32_t *c) {
    if (!is_distance_1(a, c)) return 0;
    for (size_t v = 0; v < a->p.rows; v++) {
        EACH_NEIGHBOUR(a, v, w) EACH_NEIGHBOUR(a, w, x) {
            if (x == v || c[x] != c[v]) continue;
            EACH_NEIGHBOUR(a, x, y) if (y != w && y != v && c[y] == c[w]) return 0;
        }
    }
    return 1;
}

static size_t root(size_t *up, size_t v) {
    while (up[v] != v) v = up[v];
    return v;
}

/* Checks that no edge between two colours joins vertices that are connected already by such
 * edges. */
static int is_acyclic(const matrix *a, const uint32_t *c, size_t colours) {
    size_t n = a->p.rows, *up = malloc((n + 1) * sizeof *up);
    int holds = is_distance_1(a, c);
    for (uint32_t p = 0; p < colours; p++) {
        for (uint32_t q = 0; q < p; q++) {
            for (size_t v = 0; v < n; v++) up[v] = v;
            for (size_t v = 0; v < n; v++) {
                if (c[v] != p) continue;
                EACH_NEIGHBOUR(a, v, w) {
                    if (c[w] != q) continue;
                    size_t x = root(up, v), y = root(up, w);
                    holds &= x != y;
                    up[x] = y;
                }
            }
        }
    }
    free(up);
    return holds;
}

static int are_colours(size_t n, const uint32_t *c, size_t colours) {
    size_t most = 0;
    for (size_t v = 0; v < n; v++) most = c[v] + (size_t)1 > most ? c[v] + (size_t)1 : most;
    return most == colours;
}

/* ------------------------------------------------------------------------------------- recovery */

/* Compute the products `count` times, each time with the values doubled. */
static double *products(const matrix *a, size_t count, const uint32_t *column, size_t columns,
                        const uint32_t *row, size_t rows) {
    size_t m = a->p.rows, n = a->p.columns, packed = columns * m + rows * n;
    double *result = calloc(count * packed + 1, sizeof *result), scale = 1;
    for (size_t b = 0; b < count; b++, scale *= 2) {
        double *at = result + b * packed;
        for (size_t i = 0; i < m; i++) {
            for (size_t k = a->start[i]; k < a->start[i + 1]; k++) {
                size_t j = a->index[k];
                double x = scale * a->value[k];
                if (columns > 0 && column[j] != AD_NO_COLOUR) at[column[j] * m + i] += x;
                if (rows > 0 && row[i] != AD_NO_COLOUR) at[columns * m + row[i] * n + j] += x;
            }
        }
    }
    return result;
}

static void check_recovery(const matrix *a, const ad_recovery *r, const double *packed,
                           double tolerance) {
    enum { COUNT = 3 };
    size_t entries = a->start[a->p.rows], wrong = 0;
    double *got = malloc((COUNT * entries + 1) * sizeof *got), scale = 1;
    CHECK(r->entries == entries);
    ad_recover(r, COUNT, packed, got);
    for (size_t b = 0; b < COUNT; b++, scale *= 2) {
        for (size_t k = 0; k < entries; k++) {
            double error = fabs(got[b * entries + k] - scale * a->value[k]);
            wrong += !(error <= tolerance * scale);
        }
    }
    CHECK(wrong == 0);
    free(got);
}

/* Colour a matrix, and check the colouring and its recovery.  Returns the number of colours. */
static size_t checked(matrix *a, ad_colouring kind, int ordering) {
    size_t n = kind == AD_COLOUR_ROWS ? a->p.rows : a->p.columns, count = SIZE_MAX;
    uint32_t *c = malloc((n + 1) * sizeof *c);
    ad_ordering taken;
    int symmetric = kind == AD_COLOUR_STAR || kind == AD_COLOUR_ACYCLIC;
    if (symmetric) make_symmetric(a);
    ad_status status = ordering < 0 ? ad_colour_best(&a->p, kind, c, &count, &taken)
                                    : ad_colour(&a->p, kind, (ad_ordering)ordering, c, &count);
    CHECK(status == AD_OK && are_colours(n, c, count));
    if (kind == AD_COLOUR_COLUMNS) CHECK(is_direct(a, c, NULL));
    if (kind == AD_COLOUR_ROWS) CHECK(is_direct(a, NULL, c));
    if (kind == AD_COLOUR_STAR) CHECK(is_star(a, c));
    if (kind == AD_COLOUR_ACYCLIC) CHECK(is_acyclic(a, c, count));
    ad_recovery r;
    CHECK(ad_recovery_make(&a->p, kind, c, count, &r) == AD_OK);
    CHECK(r.packed == count * (kind == AD_COLOUR_ROWS ? a->p.columns : a->p.rows));
    CHECK(r.steps == 0 || kind == AD_COLOUR_ACYCLIC);
    double *packed = kind == AD_COLOUR_ROWS ? products(a, 3, NULL, 0, c, count)
                                            : products(a, 3, c, count, NULL, 0);
    check_recovery(a, &r, packed, kind == AD_COLOUR_ACYCLIC ? 1e-12 : 0);
    ad_recovery_free(&r);
    free(packed);
    free(c);
    return count;
}

static size_t checked_both(const matrix *a, int substitution, size_t *column_colours) {
    size_t columns = SIZE_MAX, rows = SIZE_MAX;
    uint32_t *c = malloc((a->p.columns + 1) * sizeof *c), *d = malloc((a->p.rows + 1) * sizeof *d);
    CHECK(ad_colour_both(&a->p, substitution, c, &columns, d, &rows) == AD_OK);
    if (!substitution) CHECK(is_direct(a, c, d));
    ad_recovery r;
    CHECK(ad_recovery_make_both(&a->p, c, columns, d, rows, &r) == AD_OK);
    CHECK(r.packed == columns * a->p.rows + rows * a->p.columns);
    CHECK(substitution || r.steps == 0);
    double *packed = products(a, 3, c, columns, d, rows);
    check_recovery(a, &r, packed, substitution ? 1e-12 : 0);
    ad_recovery_free(&r);
    free(packed);
    free(c);
    free(d);
    *column_colours = columns;
    return columns + rows;
}

TEST(colour_random_patterns) {
    uint32_t seed = 1;
    size_t star_more = 0, sum_more = 0;
    for (int trial = 0; trial < 300; trial++) {
        size_t m = model_random(&seed, 16), n = model_random(&seed, 16), columns;
        uint32_t percent = model_random(&seed, 60);
        matrix a = random_matrix(m, n, percent, 0, &seed);
        matrix h = random_matrix(n, n, percent, 1, &seed);
        for (int o = -1; o < AD_ORDERINGS; o++) {
            size_t by_columns = checked(&a, AD_COLOUR_COLUMNS, o);
            size_t by_rows = checked(&a, AD_COLOUR_ROWS, o);
            size_t star = checked(&h, AD_COLOUR_STAR, o);
            size_t acyclic = checked(&h, AD_COLOUR_ACYCLIC, o);
            star_more += acyclic > star;
            if (o >= 0) continue;
            size_t direct = checked_both(&a, 0, &columns);
            size_t later = checked_both(&a, 1, &columns);
            CHECK(direct <= by_columns && direct <= by_rows && later <= direct);
            sum_more += direct < by_columns && direct < by_rows;
        }
        discard(&a);
        discard(&h);
    }
    CHECK(star_more == 0 && sum_more > 10);
}

/* Rows and columns long enough for the colours to be kept as bits. */
TEST(colour_long_rows) {
    size_t columns;
    for (size_t n = 63; n <= 260; n += 67) {
        matrix a = build(n, n + 3, is_crossed);
        CHECK(checked(&a, AD_COLOUR_COLUMNS, -1) >= n + 2);
        CHECK(checked(&a, AD_COLOUR_ROWS, -1) >= n - 1);
        CHECK(checked_both(&a, 0, &columns) <= 6);
        CHECK(checked_both(&a, 1, &columns) <= 5);
        discard(&a);
    }
}

/* ------------------------------------------------------------------------------- known matrices */

TEST(colour_of_tiny_patterns) {
    static const size_t sizes[][2] = {{0, 0}, {1, 1}, {0, 5}, {5, 0}, {4, 4}};
    size_t columns;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        size_t m = sizes[k][0], n = sizes[k][1];
        for (int filled = 0; filled < 2; filled++) {
            matrix a = build(m, n, filled ? is_diagonal : is_empty);
            size_t entries = a.start[m];
            for (int o = -1; o < AD_ORDERINGS; o++) {
                CHECK(checked(&a, AD_COLOUR_COLUMNS, o) == (n > 0));
                CHECK(checked(&a, AD_COLOUR_ROWS, o) == (m > 0));
                if (m != n) continue;
                CHECK(checked(&a, AD_COLOUR_STAR, o) == (n > 0));
                CHECK(checked(&a, AD_COLOUR_ACYCLIC, o) == (n > 0));
            }
            CHECK(checked_both(&a, 0, &columns) == (entries > 0));
            CHECK(checked_both(&a, 1, &columns) == (entries > 0));
            discard(&a);
        }
    }
}

/* Columns need as many colours as the band is wide, and so do stars: an exhaustive search finds no
 * fewer for w <= 3 and at least 3 w + 1 vertices, and 3 for a path.  Acyclic colourings need w + 1:
 * the colour i mod (w + 1) of vertex i is acyclic, and w + 1 vertices are neighbours of one
 * another. */
TEST(colour_bands) {
    size_t columns;
    for (width = 1; width < 6; width++) {
        matrix a = build(60, 60, in_band);
        CHECK(checked(&a, AD_COLOUR_COLUMNS, -1) == 2 * width + 1);
        CHECK(checked(&a, AD_COLOUR_COLUMNS, AD_ORDER_NATURAL) == 2 * width + 1);
        CHECK(checked(&a, AD_COLOUR_ROWS, -1) == 2 * width + 1);
        CHECK(checked(&a, AD_COLOUR_STAR, -1) == 2 * width + 1);
        CHECK(checked(&a, AD_COLOUR_ACYCLIC, -1) == width + 1);
        CHECK(checked_both(&a, 0, &columns) <= 2 * width + 1);
        discard(&a);
    }
    width = 1;
    matrix path = build(3, 3, in_band);
    CHECK(checked(&path, AD_COLOUR_STAR, -1) == 2);
    discard(&path);
}

TEST(colour_arrowheads) {
    size_t columns;
    for (size_t n = 4; n < 300; n += 73) {
        matrix a = build(n, n, in_arrow);
        CHECK(checked(&a, AD_COLOUR_COLUMNS, -1) == n);
        CHECK(checked(&a, AD_COLOUR_ROWS, -1) == n);
        CHECK(checked(&a, AD_COLOUR_STAR, -1) == 2);
        CHECK(checked(&a, AD_COLOUR_ACYCLIC, -1) == 2);
        CHECK(checked_both(&a, 0, &columns) == 3 && columns > 0 && columns < 3);
        CHECK(checked_both(&a, 1, &columns) == 3);
        discard(&a);
    }
}

TEST(colour_dense) {
    size_t columns;
    matrix a = build(70, 70, is_full);
    for (int o = -1; o < AD_ORDERINGS; o++) {
        CHECK(checked(&a, AD_COLOUR_COLUMNS, o) == 70);
        CHECK(checked(&a, AD_COLOUR_ROWS, o) == 70);
        CHECK(checked(&a, AD_COLOUR_STAR, o) == 70);
        CHECK(checked(&a, AD_COLOUR_ACYCLIC, o) == 70);
    }
    CHECK(checked_both(&a, 0, &columns) == 70);
    CHECK(checked_both(&a, 1, &columns) == 70);
    discard(&a);
    a = build(9, 70, is_full);
    CHECK(checked_both(&a, 0, &columns) == 9 && columns == 0);
    discard(&a);
}

/* For the five-point stencil the minimum is 5 for columns (Goldfarb and Toint, Math. Comp. 43,
 * 1984) and stars (Fertin, Raspaud, Reed, J. Graph Theory 47, 2004), and 3 for acyclic colourings
 * (Fertin, Godard, Raspaud, Inf. Process. Lett. 87, 2003). */
TEST(colour_grids) {
    size_t columns;
    for (width = 4; width <= 20; width += 8) {
        matrix a = build(width * width, width * width, on_grid);
        size_t best = checked(&a, AD_COLOUR_COLUMNS, -1);
        CHECK(best >= 5 && best <= 7);
        size_t star = checked(&a, AD_COLOUR_STAR, -1), acyclic = checked(&a, AD_COLOUR_ACYCLIC, -1);
        CHECK(star == 5 && acyclic >= 3 && acyclic <= 4);
        CHECK(checked_both(&a, 0, &columns) <= best && checked_both(&a, 1, &columns) <= best);
        discard(&a);
    }
}

/* -------------------------------------------------------------------------------- failures */

TEST(colour_refuses_invalid_patterns) {
    static const size_t good[] = {0, 1, 2}, falling[] = {0, 2, 1}, late[] = {1, 1, 2};
    static const size_t more[] = {0, 3, 3};
    static const uint32_t eye[] = {0, 1, 1}, twice[] = {0, 0, 1}, beyond[] = {0, 2, 1};
    static const uint32_t upper[] = {0, 1, 1}, turned[] = {1, 0, 1};
    static const size_t three[] = {0, 2, 3};
    const ad_pattern wrong[] = {
        {2, 2, falling, eye},
        {2, 2, late, eye},
        {2, 2, more, eye},
        {2, 2, three, twice},
        {2, 2, good, beyond},
        {2, 2, three, turned},
        {2, AD_NO_COLOUR - 2, good, eye},
    };
    uint32_t c[2] = {7, 7}, d[2] = {7, 7};
    size_t count = 7, other = 7;
    ad_ordering ordering = AD_ORDERINGS;
    ad_recovery r;
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        for (int kind = 0; kind < AD_COLOURINGS; kind++) {
            CHECK(ad_colour(&wrong[k], kind, AD_ORDER_NATURAL, c, &count) == AD_BAD_INDEX);
            CHECK(ad_colour_best(&wrong[k], kind, c, &count, &ordering) == AD_BAD_INDEX);
            CHECK(ad_recovery_make(&wrong[k], kind, c, 8, &r) == AD_BAD_INDEX && !r.from);
        }
        CHECK(ad_colour_both(&wrong[k], 0, c, &count, d, &other) == AD_BAD_INDEX);
    }
    const ad_pattern eye2 = {2, 2, good, eye}, triangle = {2, 2, three, upper},
                     wide = {2, 3, good, eye};
    CHECK(ad_colour(&triangle, AD_COLOUR_STAR, 0, c, &count) == AD_BAD_INDEX);
    CHECK(ad_colour(&wide, AD_COLOUR_ACYCLIC, 0, c, &count) == AD_BAD_INDEX);
    CHECK(ad_colour(&eye2, AD_COLOURINGS, 0, c, &count) == AD_BAD_INDEX);
    CHECK(ad_colour(&eye2, AD_COLOUR_COLUMNS, AD_ORDERINGS, c, &count) == AD_BAD_INDEX);
    CHECK(c[0] == 7 && d[0] == 7 && count == 7 && other == 7 && ordering == AD_ORDERINGS);
}

TEST(colour_recovery_refuses_invalid_colourings) {
    width = 1;
    matrix a = build(4, 4, in_band);
    const uint32_t same[] = {0, 0, 0, 0}, two[] = {0, 1, 0, 1}, far[] = {0, 1, 2, 3};
    const uint32_t none[] = {0, 1, AD_NO_COLOUR, 2};
    ad_recovery r;
    CHECK(ad_recovery_make(&a.p, AD_COLOUR_COLUMNS, two, 2, &r) == AD_BAD_INDEX);
    CHECK(ad_recovery_make(&a.p, AD_COLOUR_ROWS, two, 2, &r) == AD_BAD_INDEX);
    CHECK(ad_recovery_make(&a.p, AD_COLOUR_STAR, two, 2, &r) == AD_BAD_INDEX);
    CHECK(ad_recovery_make(&a.p, AD_COLOUR_ACYCLIC, same, 1, &r) == AD_BAD_INDEX);
    CHECK(ad_recovery_make(&a.p, AD_COLOUR_COLUMNS, far, 3, &r) == AD_BAD_INDEX);
    CHECK(ad_recovery_make(&a.p, AD_COLOUR_STAR, far, 3, &r) == AD_BAD_INDEX);
    CHECK(ad_recovery_make(&a.p, AD_COLOUR_COLUMNS, none, 3, &r) == AD_BAD_INDEX);
    CHECK(ad_recovery_make_both(&a.p, same, 1, same, 1, &r) == AD_BAD_INDEX);
    CHECK(r.from == NULL && r.step == NULL && r.minus == NULL);
    CHECK(ad_recovery_make(&a.p, AD_COLOUR_ACYCLIC, two, 2, &r) == AD_OK && r.steps > 0);
    ad_recovery_free(&r);
    discard(&a);
}

TEST(colour_out_of_memory) {
    uint32_t seed = 5, c[40], d[40], some[40], others[40];
    size_t count, other, colours, more;
    ad_ordering ordering;
    matrix a = random_matrix(40, 40, 30, 1, &seed);
    ad_recovery r;
    CHECK(ad_colour(&a.p, AD_COLOUR_ACYCLIC, AD_ORDER_NATURAL, some, &colours) == AD_OK);
    for (int what = 0; what < AD_COLOURINGS + 4; what++) {
        ad_status status = AD_NO_MEMORY;
        long n = 1;
        for (; n < 1000 && status == AD_NO_MEMORY; n++) {
            memset(c, 0xab, sizeof c);
            memset(d, 0xab, sizeof d);
            count = other = 7;
            ad_alloc_fail_at(n);
            status = what < AD_COLOURINGS ? ad_colour_best(&a.p, what, c, &count, &ordering)
                     : what == AD_COLOURINGS + 2
                         ? ad_recovery_make(&a.p, AD_COLOUR_ACYCLIC, some, colours, &r)
                     : what == AD_COLOURINGS + 3
                         ? ad_recovery_make_both(&a.p, some, colours, others, more, &r)
                         : ad_colour_both(&a.p, what - AD_COLOURINGS, c, &count, d, &other);
            ad_alloc_fail_at(0);
            CHECK(status == AD_OK || status == AD_NO_MEMORY);
            if (status != AD_OK) CHECK(c[0] == 0xabababab && d[39] == 0xabababab && count == 7);
            if (status != AD_OK && what >= AD_COLOURINGS + 2) CHECK(!r.from && !r.step);
        }
        CHECK(status == AD_OK && n > 5);
        if (what >= AD_COLOURINGS + 2) ad_recovery_free(&r);
        if (what == AD_COLOURINGS + 2) { /* needed by the last one */
            CHECK(ad_colour_both(&a.p, 1, some, &colours, others, &more) == AD_OK);
        }
    }
    discard(&a);
}
