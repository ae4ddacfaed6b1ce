/* SPDX-License-Identifier: Apache-2.0 */
#include "ad_test.h"

#include <string.h>

#include "isa/select.h"

static ad_test *first;
static long checks, failures;

void ad_test_register(ad_test *test) {
    /* Sorted by name, so that the order does not depend on the linker. */
    ad_test **place = &first;
    while (*place != NULL && strcmp((*place)->name, test->name) < 0) place = &(*place)->next;
    test->next = *place;
    *place = test;
}

int ad_test_check(int holds, const char *text, const char *file, int line) {
    checks++;
    if (!holds) {
        failures++;
        printf("%s:%d: does not hold: %s\n", file, line, text);
    }
    return holds;
}

int ad_test_near(double got, double want, double relative, const char *text, const char *file,
                 int line) {
    int same = got == want || (isnan(got) && isnan(want));
    int near = isfinite(got) && isfinite(want) && fabs(got - want) <= relative * fabs(want);
    if (!same && !near) printf("%s:%d: got %.17g, expected %.17g\n", file, line, got, want);
    return ad_test_check(same || near, text, file, line);
}

static int selected(const ad_test *test, int argc, char **argv) {
    for (int k = 1; k < argc; k++)
        if (strstr(test->name, argv[k]) != NULL) return 1;
    return argc == 1;
}

int main(int argc, char **argv) {
    ad_isa_choose("base"); /* tests of other instruction sets choose them */
    long run = 0, failed = 0;
    for (const ad_test *test = first; test != NULL; test = test->next) {
        if (!selected(test, argc, argv)) continue;
        long checks_before = checks, failures_before = failures;
        test->run();
        if (checks == checks_before) ad_test_check(0, "the test checks something", test->name, 0);
        if (failures != failures_before) {
            printf("FAILED %s\n", test->name);
            failed++;
        }
        run++;
    }
    printf("C: %ld tests, %ld checks, %ld tests failed\n", run, checks, failed);
    return run == 0 || failed != 0;
}
