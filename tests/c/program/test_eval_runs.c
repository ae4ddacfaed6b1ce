/* SPDX-License-Identifier: Apache-2.0 */
/* Each inner loop alone: every operation in every form on every instruction set. */
#include "ad_test.h"
#include "base/alloc.h"
#include "isa/select.h"
#include "model.h"
#include "program/eval.h"

#include <stdlib.h>
#include <string.h>

#define FROM 4    /* start of the operands, */
#define ROOM 256  /* of the results, */
#define TOTAL 512 /* and end of the arena */

static const char *const isas[] = {"base", "avx2", "avx512"};

/* Numbers with all special cases among them. */
static void fill(double *w, size_t n, uint32_t seed) {
    static const double special[] = {0,   -0.0,   1,       -1,    2,      0.5, INFINITY, -INFINITY,
                                     NAN, 5e-324, -1e-310, 1e308, -1e308, 3,   -2.5,     0.2};
    for (size_t k = 0; k < n; k++) {
        uint32_t which = model_random(&seed, 48);
        w[k] = which < 16 ? special[which] : 4 * model_number(&seed);
    }
}

static size_t arity_of(unsigned op) {
    if (op < AD_OP_COUNT) return (size_t)ad_op_rows[op].arity;
    return op == AD_NEGATIVE_PRODUCT ? 2 : 3;
}

static const char *name_of(unsigned op) { return ad_program_name(op); }

/* Returns whether results agree with the expected ones within `most` units in the last place. */
static size_t differing(size_t n, const double *got, const double *want, uint64_t most) {
    size_t wrong = 0;
    for (size_t k = 0; k < n; k++) {
        int same_number = most > 0 && got[k] == want[k];
        wrong += !same_number && model_ulps(got[k], want[k]) > most;
    }
    return wrong;
}

/* One run on an arena.  Checks that other slots do not change. */
static void check_run(const ad_program_run *run, const uint32_t *list, double *w, uint64_t most) {
    static double before[TOTAL], want[TOTAL];
    ad_program p = {.list = (uint32_t *)(uintptr_t)list};
    memcpy(before, w, sizeof before);
    for (size_t k = 0; k < run->count; k++) {
        double x[64];
        for (size_t j = 0; j < run->arity; j++) x[j] = w[ad_run_operand(&p, run, k, j)];
        want[k] = model_operation(run->op, run->arity, x);
    }
    ad_eval_kernels()->point[run->op][run->form](w, run, list);
    size_t touched = ROOM + (run->count + 7) / 8 * 8;
    CHECK(differing(ROOM, w, before, 0) == 0);
    CHECK(differing(TOTAL - touched, w + touched, before + touched, 0) == 0);
    if (!CHECK(differing(run->count, w + ROOM, want, most) == 0)) {
        printf("    %s, %s, form %d, %u of them\n", name_of(run->op), ad_lanes()->isa, run->form,
               run->count);
    }
}

static void check_operation(unsigned op) {
    static const uint32_t counts[] = {1, 2, 7, 8, 9, 16, 21};
    static const int32_t strides[][3] = {{1, 1, 1}, {0, 1, 2}, {-1, 0, 1}, {3, -2, 0}, {1, 5, -1}};
    uint32_t list[3 * 24];
    double w[TOTAL];
    uint64_t most = model_rounds_freely(op) ? 8 : 0;
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        ad_program_run run = {.op = (uint16_t)op, .count = counts[c], .out = ROOM};
        run.arity = (uint32_t)arity_of(op);
        uint32_t seed = op * 100 + counts[c];
        for (size_t s = 0; s < sizeof strides / sizeof *strides; s++) {
            fill(w, TOTAL, seed++);
            run.form = AD_RUN_AFFINE;
            for (int j = 0; j < 3; j++) {
                run.stride[j] = strides[s][j];
                run.base[j] = FROM + 100 + (uint32_t)j;
            }
            check_run(&run, NULL, w, most);
        }
        fill(w, TOTAL, seed);
        run.form = AD_RUN_LISTED;
        size_t padded = (run.count + 7) / 8 * 8 * run.arity, last = (run.count - 1) * run.arity;
        for (size_t k = 0; k < padded; k++) {
            list[k] = k < last + run.arity ? model_random(&seed, ROOM) : list[last + k % run.arity];
        }
        check_run(&run, list, w, most);
    }
}

TEST(eval_runs_every_operation_in_every_form_on_every_instruction_set) {
    for (int which = 0; which < 3; which++) {
        if (!ad_isa_choose(isas[which])) continue;
        for (unsigned op = 0; op < AD_PROGRAM_OPS; op++) {
            if (!ad_run_reduces(op) && op != AD_RUN_CALL) check_operation(op);
        }
    }
    CHECK(ad_isa_choose(NULL));
}

/* An affine operand at the end of the arena: no slots after the padding are accessed. */
TEST(eval_reads_no_further_than_the_padding) {
    for (int which = 0; which < 3; which++) {
        if (!ad_isa_choose(isas[which])) continue;
        for (int32_t stride = -6; stride <= 6; stride++) {
            for (uint32_t count = 1; count <= 20; count++) {
                uint32_t reach = (count - 1) * (uint32_t)abs(stride) + 1, slots = 24 + reach;
                double *w = ad_alloc(slots + AD_SLOT_PADDING, sizeof *w), sum = 0;
                ad_program_run run = {.op = AD_SQUARE, .count = count, .arity = 1};
                run.stride[0] = run.inner[0] = stride;
                run.base[0] = stride < 0 ? slots - 1 : 24;
                for (uint32_t k = 0; k < slots; k++) w[k] = k;
                ad_eval_kernels()->point[AD_SQUARE][AD_RUN_AFFINE](w, &run, NULL);
                for (uint32_t k = 0; k < count; k++) {
                    double x = (double)run.base[0] + (double)stride * k;
                    CHECK_EQUAL(w[k], x * x);
                    sum += x;
                }
                /* as terms of one sum */
                run.op = AD_RUN_SUM;
                run.count = 1;
                run.arity = count;
                ad_eval_kernels()->point[AD_RUN_SUM][AD_RUN_AFFINE](w, &run, NULL);
                CHECK_EQUAL(w[0], sum);
                ad_free(w);
            }
        }
    }
    CHECK(ad_isa_choose(NULL));
}

/* Records of one run for lanes, with scattered operands and one result in the place of an
 * operand. */
static void check_points(unsigned op, size_t arity, size_t points, uint64_t most) {
    enum { COUNT = 9, SLOTS = 48 };
    static double w[SLOTS * AD_LANE_POINTS], want[COUNT][AD_LANE_POINTS];
    uint32_t record[COUNT * 65], seed = op + (uint32_t)arity, *to = record;
    const ad_lane_run run = {.op = (uint16_t)op, .count = COUNT, .arity = (uint32_t)arity};
    fill(w, sizeof w / sizeof *w, seed);
    for (uint32_t k = 0; k < COUNT; k++, to += 1 + arity) {
        to[0] = (30 + k) * AD_LANE_POINTS;
        for (size_t j = 0; j < arity; j++) to[1 + j] = model_random(&seed, 30) * AD_LANE_POINTS;
        if (k == 4 && !ad_run_reduces(op)) to[1] = to[0]; /* in the place of its operand */
        for (size_t e = 0; e < AD_LANE_POINTS; e++) {
            double x[64];
            for (size_t j = 0; j < arity; j++) x[j] = w[to[1 + j] + e];
            want[k][e] = e < points ? model_operation(op, arity, x) : w[to[0] + e];
        }
    }
    ad_eval_kernels()->lane[op](w, &run, record, points);
    for (uint32_t k = 0; k < COUNT; k++) {
        if (!CHECK(differing(AD_LANE_POINTS, w + (30 + k) * AD_LANE_POINTS, want[k], most) == 0)) {
            printf("    %s on lanes, %s\n", name_of(op), ad_lanes()->isa);
        }
    }
}

static void check_lanes(unsigned op, size_t arity, uint64_t most) {
    for (size_t n = AD_LANE_STEP; n <= AD_LANE_POINTS; n += AD_LANE_STEP) {
        check_points(op, arity, n, most);
    }
}

TEST(eval_runs_every_operation_on_lanes_on_every_instruction_set) {
    for (int which = 0; which < 3; which++) {
        if (!ad_isa_choose(isas[which])) continue;
        for (unsigned op = 0; op < AD_PROGRAM_OPS; op++) {
            if (ad_run_reduces(op) || op == AD_RUN_CALL) continue;
            check_lanes(op, arity_of(op), model_rounds_freely(op) ? 8 : 0);
        }
    }
    CHECK(ad_isa_choose(NULL));
}

/* Integers, whose sums are exact in any order, and sometimes a NaN. */
static void fill_whole(double *w, size_t n, uint32_t seed, int nan) {
    for (size_t k = 0; k < n; k++) w[k] = 1 + model_random(&seed, 1000);
    if (nan) w[100 + model_random(&seed, 80)] = NAN;
}

TEST(eval_reduces_any_number_of_terms_in_every_form_on_every_instruction_set) {
    static const struct {
        int32_t stride, inner;
    } rules[] = {{1, 1}, {1, 0}, {0, 1}, {2, -1}, {-1, 2}, {1, 3}, {3, 1}};
    for (int which = 0; which < 3; which++) {
        if (!ad_isa_choose(isas[which])) continue;
        for (uint32_t n = 2; n <= 40; n++) {
            for (unsigned op = AD_RUN_SUM; op <= AD_RUN_DOT; op++) {
                double w[TOTAL];
                uint32_t list[40 * 20], seed = n, count = 1 + n * 7 % 20;
                ad_program_run run = {.op = (uint16_t)op,
                                      .form = AD_RUN_AFFINE,
                                      .count = count,
                                      .arity = n,
                                      .out = ROOM};
                if (op == AD_RUN_DOT) run.arity = n / 2 * 2;
                for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
                    size_t next = (r + n) % (sizeof rules / sizeof *rules);
                    fill_whole(w, TOTAL, seed, r % 2);
                    run.stride[0] = rules[r].stride, run.inner[0] = rules[r].inner;
                    run.stride[1] = rules[next].stride, run.inner[1] = rules[next].inner;
                    run.base[0] = 80, run.base[1] = 82;
                    check_run(&run, NULL, w, 0);
                }
                fill_whole(w, TOTAL, seed, 1);
                run.form = AD_RUN_LISTED;
                for (size_t k = 0; k < run.arity * count; k++) list[k] = model_random(&seed, ROOM);
                check_run(&run, list, w, 0);
            }
        }
    }
    CHECK(ad_isa_choose(NULL));
}

TEST(eval_reduces_lanes_on_every_instruction_set) {
    for (int which = 0; which < 3; which++) {
        if (!ad_isa_choose(isas[which])) continue;
        for (size_t n = 2; n <= 40; n += 2) {
            for (unsigned op = AD_RUN_SUM; op <= AD_RUN_DOT; op++) check_lanes(op, n, 0);
        }
    }
    CHECK(ad_isa_choose(NULL));
}

/* ------------------------------------------------------------------ rows against lanes */

TEST(eval_writes_rows_of_outputs_and_nothing_else) {
    enum { MOST_COLUMNS = 20 };
    double arena[MOST_COLUMNS * AD_LANE_POINTS], out[AD_LANE_POINTS * MOST_COLUMNS + 2];
    for (size_t k = 0; k < sizeof arena / sizeof *arena; k++) arena[k] = (double)k + 1;
    for (int which = 0; which < 3; which++) {
        if (!ad_isa_choose(isas[which])) continue;
        size_t wrong = 0;
        for (size_t points = 1; points <= AD_LANE_POINTS; points++) {
            for (size_t columns = 1; columns <= MOST_COLUMNS; columns++) {
                uint32_t slot[MOST_COLUMNS];
                int sparse = points % 2; /* hardly any entry among eight */
                for (uint32_t k = 0; k < columns; k++) {
                    int none = (k + points) % 5 == 0 || (sparse && k % 6);
                    slot[k] = none ? AD_NO_TERM : (MOST_COLUMNS - 1 - k) * AD_LANE_POINTS;
                }
                for (int zeroed = 0; zeroed < 2; zeroed++) {
                    for (size_t k = 0; k < sizeof out / sizeof *out; k++) out[k] = zeroed ? 0 : -7;
                    ad_eval_kernels()->rows(arena, slot, points, columns, zeroed, out + 1);
                    for (size_t k = 0; k < points * columns; k++) {
                        size_t e = k / columns, j = k % columns;
                        double want = slot[j] == AD_NO_TERM ? 0 : arena[slot[j] + e];
                        wrong += out[1 + k] != want;
                    }
                    wrong += out[0] != (zeroed ? 0 : -7);
                    wrong += out[1 + points * columns] != (zeroed ? 0 : -7);
                }
            }
        }
        CHECK(wrong == 0);
    }
    CHECK(ad_isa_choose(NULL));
}

/* Rows end at the end of their memory, and need not be aligned. */
TEST(eval_reads_rows_of_inputs_and_nothing_else) {
    enum { MOST_COLUMNS = 20 };
    for (int which = 0; which < 3; which++) {
        if (!ad_isa_choose(isas[which])) continue;
        size_t wrong = 0;
        for (size_t m = MOST_COLUMNS; m < 3 * MOST_COLUMNS; m++) {
            const size_t columns = m % MOST_COLUMNS + 1, points = m / MOST_COLUMNS * AD_LANE_STEP;
            char *memory = ad_alloc(points * columns * sizeof(double) + 3, 1);
            double lanes[(MOST_COLUMNS + 1) * AD_LANE_POINTS];
            const char *from[AD_LANE_POINTS];
            uint32_t slot[MOST_COLUMNS];
            for (uint32_t k = 0; k < columns; k++) {
                slot[k] = k % 7 == 3 ? AD_NO_TERM : (MOST_COLUMNS - k) * AD_LANE_POINTS;
            }
            for (size_t e = 0; e < points; e++) {
                from[e] = memory + 3 + (points - 1 - e) * columns * sizeof(double);
                for (size_t k = 0; k < columns; k++) {
                    double x = (double)(100 * e + k);
                    memcpy(memory + (from[e] - memory) + k * sizeof x, &x, sizeof x);
                }
            }
            for (size_t k = 0; k < sizeof lanes / sizeof *lanes; k++) lanes[k] = -7;
            ad_eval_kernels()->columns(from, points, columns, slot, lanes);
            for (size_t k = 0; k < MOST_COLUMNS + 1; k++) {
                size_t column = MOST_COLUMNS - k;
                int filled = k > 0 && column < columns && slot[column] != AD_NO_TERM;
                for (size_t e = 0; e < AD_LANE_POINTS; e++) {
                    double want = filled && e < points ? (double)(100 * e + column) : -7;
                    wrong += lanes[k * AD_LANE_POINTS + e] != want;
                }
            }
            ad_free(memory);
        }
        CHECK(wrong == 0);
    }
    CHECK(ad_isa_choose(NULL));
}

TEST(eval_finds_infinities_and_nan_only_among_existing_points) {
    const uint32_t offset[] = {2 * AD_LANE_POINTS, 0, AD_LANE_POINTS};
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    for (int which = 0; which < 3; which++) {
        if (!ad_isa_choose(isas[which])) continue;
        size_t wrong = 0;
        for (size_t at = 0; at < 3 * AD_LANE_POINTS; at++) {
            double arena[3 * AD_LANE_POINTS];
            for (size_t k = 0; k < 3 * AD_LANE_POINTS; k++) arena[k] = 1e308;
            arena[at] = bad[at % 3];
            for (size_t points = 1; points <= AD_LANE_POINTS; points++) {
                int there = at % AD_LANE_POINTS < points;
                wrong += ad_eval_kernels()->nonfinite(arena, 3, offset, points) != there;
                wrong += ad_eval_kernels()->nonfinite(arena, 0, offset, points) != 0;
                int second = at / AD_LANE_POINTS != 1 && there;
                wrong += ad_eval_kernels()->nonfinite(arena, 2, offset, points) != second;
            }
        }
        CHECK(wrong == 0);
    }
    CHECK(ad_isa_choose(NULL));
}

TEST(eval_streams_any_length_to_any_address) {
    static double from[100], memory[140];
    for (size_t k = 0; k < 100; k++) from[k] = (double)k;
    for (int which = 0; which < 3; which++) {
        if (!ad_isa_choose(isas[which])) continue;
        size_t wrong = 0;
        for (size_t start = 0; start < 9; start++) {
            for (size_t n = 0; n <= 100; n++) {
                for (size_t k = 0; k < 140; k++) memory[k] = -1;
                ad_eval_kernels()->stream(memory + start, from, n);
                for (size_t k = 0; k < 140; k++) {
                    wrong += memory[k] != (k >= start && k < start + n ? from[k - start] : -1);
                }
            }
        }
        CHECK(wrong == 0);
    }
    CHECK(ad_isa_choose(NULL));
}
