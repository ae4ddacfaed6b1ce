/* SPDX-License-Identifier: Apache-2.0 */
/* A test harness in one header: TEST(name) { ... } registers itself, CHECK counts a check and
 * reports its failure.  A failed CHECK does not end the test; a failed REQUIRE does. */
#ifndef AD_TEST_H
#define AD_TEST_H

#include <math.h>
#include <stdio.h>

typedef struct ad_test {
    const char *name;
    void (*run)(void);
    struct ad_test *next;
} ad_test;

void ad_test_register(ad_test *test);
/* Count one check, and report it if it fails.  Returns whether it holds. */
int ad_test_check(int holds, const char *text, const char *file, int line);
int ad_test_near(double got, double want, double relative, const char *text, const char *file,
                 int line);

/* The constructor runs before main, so that no list of tests is needed. */
#define TEST(name)                                                   \
    static void name(void);                                          \
    __attribute__((constructor)) static void name##_register(void) { \
        static ad_test test = {#name, name, NULL};                   \
        ad_test_register(&test);                                     \
    }                                                                \
    static void name(void)

#define CHECK(condition) ad_test_check((condition) != 0, #condition, __FILE__, __LINE__)
/* Holds for numbers that are equal up to a relative error, both NaN, or the same infinity. */
#define CHECK_NEAR(got, want, relative) \
    ad_test_near((got), (want), (relative), #got, __FILE__, __LINE__)
#define CHECK_EQUAL(got, want) CHECK_NEAR(got, want, 0.0)
#define REQUIRE(condition)             \
    do {                               \
        if (!CHECK(condition)) return; \
    } while (0)

#endif
