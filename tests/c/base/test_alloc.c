/* SPDX-License-Identifier: Apache-2.0 */
#include "ad_test.h"
#include "base/alloc.h"

#include <stdint.h>

TEST(alloc_refuses_a_size_that_overflows) {
    CHECK(ad_alloc(SIZE_MAX, 2) == NULL);
    CHECK(ad_alloc_zeroed(SIZE_MAX / 2 + 1, 2) == NULL);

    void *memory = NULL;
    size_t capacity = 0;
    CHECK(ad_grow(&memory, &capacity, SIZE_MAX / 8 + 1, 8) == AD_NO_MEMORY);
    CHECK(memory == NULL);
    CHECK(capacity == 0);
}

TEST(alloc_of_nothing_is_not_a_failure) {
    void *memory = ad_alloc(0, 8), *zeroed = ad_alloc_zeroed(0, 8);
    CHECK(memory != NULL);
    CHECK(zeroed != NULL);
    ad_free(memory);
    ad_free(zeroed);
    ad_free(NULL);
}

TEST(alloc_zeroed_is_zero) {
    double *memory = ad_alloc_zeroed(100, sizeof *memory);
    REQUIRE(memory != NULL);
    for (int k = 0; k < 100; k++) CHECK_EQUAL(memory[k], 0.0);
    ad_free(memory);
}

TEST(grow_keeps_the_items_and_is_geometric) {
    void *memory = NULL;
    size_t capacity = 0, moves = 0;
    for (size_t n = 0; n < 100000; n++) {
        size_t before = capacity;
        REQUIRE(ad_grow(&memory, &capacity, n + 1, sizeof(size_t)) == AD_OK);
        moves += capacity != before;
        ((size_t *)memory)[n] = n;
    }
    size_t wrong = 0;
    for (size_t n = 0; n < 100000; n++) wrong += ((size_t *)memory)[n] != n;
    CHECK(wrong == 0);
    CHECK(moves < 30);
    ad_free(memory);
}

TEST(alloc_fails_from_the_given_allocation_until_reset) {
    ad_alloc_fail_at(2);
    void *memory = ad_alloc(1, 8);
    CHECK(memory != NULL);
    CHECK(ad_alloc(1, 8) == NULL);
    CHECK(ad_alloc_zeroed(1, 8) == NULL);

    size_t capacity = 1;
    void *same = memory;
    CHECK(ad_grow(&memory, &capacity, 10, 8) == AD_NO_MEMORY);
    CHECK(memory == same);
    CHECK(capacity == 1);

    ad_alloc_fail_at(0);
    CHECK(ad_grow(&memory, &capacity, 10, 8) == AD_OK);
    CHECK(capacity >= 10);
    ad_free(memory);
}
